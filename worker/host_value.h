/*
 * host_value.h: values and calls between a language and the modules that every language has.
 *
 * A language turns its arguments into WkValues, calls the member's function and turns the result
 * back. What a value points to is borrowed: from the language for arguments, from the call's arena or
 * its buffer for results, or static; it lives until the call's result has been taken.
 *
 * A member fails in two ways. It raises (returns false): a mistake in the program. Or it returns a
 * value of kind WK_ERROR: something that a program may want to look at; in Lua that is nil and a
 * message.
 */
#ifndef SH_WORKER_HOST_VALUE_H
#define SH_WORKER_HOST_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "language.h"

typedef enum WkKind
{
	WK_UNDEFINED,
	WK_BOOL,
	WK_INT,
	WK_FLOAT,
	WK_CHAR, /* of languages that have such values */
	WK_STRING,
	WK_BYTES,
	WK_ARRAY,
	WK_MAP,
	WK_TIME,
	WK_ERROR,
	WK_OBJECT, /* of a module: has members of its own */
	WK_OTHER   /* of the language: a function, ... */
} WkKind;

/* A point in time and the zone that it is shown in. */
typedef struct WkTime
{
	int64_t seconds;	   /* since 1970-01-01T00:00:00Z */
	int32_t nanoseconds;   /* 0..999999999 */
	int32_t offset;		   /* seconds east of UTC, where zone is WK_ZONE_FIXED */
	int16_t zone;		   /* index as of host_zones.h, or WK_ZONE_UTC, WK_ZONE_FIXED */
	char abbreviation[14]; /* of a fixed zone; empty: none */
} WkTime;

#define WK_ZONE_UTC	  (-1)
#define WK_ZONE_FIXED (-2)

typedef struct WkObject WkObject;
typedef struct WkValue WkValue;

struct WkValue
{
	WkKind kind;
	union
	{
		bool boolean;
		int64_t integer; /* of a WK_CHAR: the code point */
		double number;
		struct
		{
			const char *data; /* not terminated; also the text of a WK_ERROR */
			size_t len;
		} text;
		struct
		{
			WkValue *items;
			size_t n;
		} array;
		struct
		{
			struct WkEntry *entries; /* keys are unique */
			size_t n;
		} map;
		WkTime time;
		WkObject *object;
		const char *type; /* of a WK_OTHER: its type's name */
	};
};

typedef struct WkEntry
{
	const char *key;
	size_t key_len;
	WkValue value;
} WkEntry;

/* How a language speaks of values. */
typedef struct WkTraits
{
	const char *(*type_name)(const WkValue *value);
	bool is_container_text; /* arrays and maps are accepted where a text is wanted */
	const char *client;		/* User-Agent of its HTTP requests */
} WkTraits;

typedef struct WkMemory
{
	size_t used;
	size_t limit;
} WkMemory;

/* What the modules keep for one run. */
typedef struct WkHostState
{
	const WkTask *task;
	const WkTraits *traits;
	WkMemory memory; /* of the run: the language's values and those objects */
	ShcArena *arena; /* emptied before each call */
	ShcBuf out;		 /* likewise */
	WkObject *objects;
	uint64_t random[4]; /* see host_rand.c */
	bool is_random_seeded;
	WkObject *patterns[8]; /* see host_regex.c: the last ones used */
	unsigned next_pattern;
	void *http; /* see host_http.c */
} WkHostState;

/* task NULL: for tests of modules that ask nothing of a run. False: no memory. */
extern bool wk_host_open(WkHostState *state, const WkTask *task, const WkTraits *traits);
extern void wk_host_close(WkHostState *state);

typedef struct WkMember WkMember;

typedef enum WkFailure
{
	WK_FAILURE_TEXT,  /* text says it all */
	WK_FAILURE_TYPE,  /* argument has another type than `expected` */
	WK_FAILURE_MEMORY /* the result is too large, or there is no memory */
} WkFailure;

typedef struct WkHostCall
{
	WkHostState *state;
	ShcArena *arena; /* those of the state */
	ShcBuf *out;
	const WkMember *member;
	WkObject *object; /* whose member is called; NULL: a module's */
	const WkValue *args;
	int n;
	WkValue result;
	/* When the function returned false. */
	WkFailure failure;
	int argument; /* from 0 */
	const char *expected;
	char text[512];
} WkHostCall;

typedef bool (*WkFunction)(WkHostCall *call);

/* Empties arena and buffer: before the arguments of a call are put together. */
extern void wk_host_reset(WkHostState *state);
extern void wk_call_begin(WkHostCall *call, WkHostState *state, const WkMember *member,
						  WkObject *object, const WkValue *args, int n);

struct WkMember
{
	const char *name;
	WkFunction function; /* NULL: a constant, or a group of members */
	int min;			 /* arguments */
	int max;			 /* -1: any number */
	const void *data;	 /* for the function */
	bool is_null;		 /* undefined as its result is the value null */
	WkValue constant;
	const WkMember *members; /* of a group, as cgi.request; ends with a name of NULL */
};

typedef struct WkHostModule
{
	const char *name;
	const WkMember *members; /* ends with a name of NULL */
} WkHostModule;

/* NULL: there is no such module. */
extern const WkHostModule *wk_host_module(const char *name);

/* ---- objects: allocated by a module, counted, freed by wk_object_free() or with the state ---- */

typedef struct WkObjectType
{
	const char *name;
	const WkMember *members;
	void (*destroy)(WkObject *object); /* what it holds, not itself; NULL: nothing */
} WkObjectType;

struct WkObject
{
	const WkObjectType *type;
	WkObject *next;
	WkObject *previous;
	size_t size; /* with what it holds */
};

/* `size` with the header, zeroed; `held`: what it will point to. NULL: not enough memory. */
extern WkObject *
wk_object_new(WkHostState *state, const WkObjectType *type, size_t size, size_t held);
extern void wk_object_free(WkHostState *state, WkObject *object);

/* ---- arguments; raise where they cannot be had ---- */

extern bool wk_arg_text(WkHostCall *call, int i, const char **data, size_t *len);
extern bool wk_arg_bytes(WkHostCall *call, int i, const char **data, size_t *len);
extern bool wk_arg_int(WkHostCall *call, int i, int64_t *out);
extern bool wk_arg_float(WkHostCall *call, int i, double *out);
extern bool wk_arg_bool(WkHostCall *call, int i, bool *out);
extern bool wk_arg_time(WkHostCall *call, int i, WkTime *out);
extern bool wk_arg_array(WkHostCall *call, int i, const WkValue **out);
extern bool wk_arg_map(WkHostCall *call, int i, const WkValue **out);

/* Whether argument i was given, and is not undefined. */
extern bool wk_arg_given(const WkHostCall *call, int i);

/* ---- results ---- */

extern bool wk_return_undefined(WkHostCall *call);
extern bool wk_return_bool(WkHostCall *call, bool value);
extern bool wk_return_int(WkHostCall *call, int64_t value);
extern bool wk_return_float(WkHostCall *call, double value);
extern bool wk_return_string(WkHostCall *call, const char *data, size_t len);
extern bool wk_return_bytes(WkHostCall *call, const char *data, size_t len);
extern bool wk_return_time(WkHostCall *call, WkTime time);
extern bool wk_return_array(WkHostCall *call, WkValue *items, size_t n);

/* What the call's buffer holds. */
extern bool wk_return_out(WkHostCall *call, WkKind kind);

/* An error value; the text is put together in the arena. */
extern bool
wk_return_error(WkHostCall *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Always false. */
extern bool
wk_raise(WkHostCall *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern bool wk_raise_type(WkHostCall *call, int argument, const char *expected);
extern bool wk_raise_memory(WkHostCall *call);

/* ---- values ---- */

extern WkValue wk_string_value(const char *data, size_t len);

/* NULL: no such key. */
extern const WkValue *wk_map_get(const WkValue *map, const char *key);

/* A value as it stands inside of a container: texts in quotes. */
extern void wk_append_inner(ShcBuf *out, const WkValue *value);

/* As a text: strings as they are. */
extern void wk_append_text(ShcBuf *out, const WkValue *value);

/* What converts to a whole number, or a number, does; false: it does not. */
extern bool wk_value_int(const WkValue *value, int64_t *out);
extern bool wk_value_float(const WkValue *value, double *out);

/* How deep containers may lie in each other. */
#define WK_DEPTH_MAX 128

#endif
