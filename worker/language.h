/*
 * language.h: what a language of programs is to the worker, and what a running program may ask of the
 * world outside its process.
 *
 *   zygote, before the sandbox   wk_languages_prepare() once
 *   child                        wk_language_find(), then check() or run(), once; then it exits
 *
 * Nothing behind this opens a file or a socket, resolves a name, starts a process or a thread: what a
 * program needs of the world, it asks of its WkHost, whose functions block until the answer is there.
 * One thread.
 */
#ifndef SH_WORKER_LANGUAGE_H
#define SH_WORKER_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* The most that a program's answer to a webhook, and its log line, may have. */
#define WK_RESPONSE_BODY_MAX	((size_t) 1024 * 1024)
#define WK_RESPONSE_HEADERS_MAX 32
#define WK_LOG_TEXT_MAX			4096

/* When a program has no limit of its own. */
#define WK_DEFAULT_MEMORY ((size_t) 64 * 1024 * 1024)

typedef enum WkLogLevel
{
	WK_LOG_INFO,
	WK_LOG_WARNING,
	WK_LOG_ERROR
} WkLogLevel;

/* Why something failed. The text is UTF-8 as far as the program's own is, and names the place. */
typedef struct WkError
{
	char text[2048]; /* "name:12: attempt to call a nil value" */
	int line;		 /* from 1; 0: not known */
	int column;		 /* from 1; 0: not known, or the language has none */
} WkError;

typedef struct WkSource
{
	const char *name; /* of the program or module, for messages */
	int64_t revision;
	const char *code;
	size_t len;
} WkSource;

/* A signed revision of a module program. The receiver frees code. */
typedef struct WkModule
{
	char identity[64]; /* the program's UUID: modules are kept by (identity, revision) */
	int64_t revision;
	char *code; /* malloc'd */
	size_t len;
} WkModule;

/* The answer of an operation. The receiver frees body. */
typedef struct WkReply
{
	int status; /* as of HTTP: 200, 404, ... */
	char *body; /* malloc'd, with a zero byte behind it; NULL: none */
	size_t len;
} WkReply;

/*
 * What a program may ask of the outside. Each function but log gives up at the run's deadline by
 * itself. On false (or -1) the error's text says why, in words for the program's author.
 */
typedef struct WkHost
{
	void *context; /* the first argument of each */

	/* At most WK_LOG_TEXT_MAX bytes, one line. */
	void (*log)(void *context, WkLogLevel level, const char *text, size_t len);

	/* revision -1: the newest signed one. */
	bool (*module)(void *context, const char *name, int64_t revision, WkModule *out,
				   WkError *error);

	/*
	 * Calls an operation of the REST API by its operationId, with the run's rights. arguments: a
	 * JSON object with the values of its parameters by their names. body: what would be the request's
	 * body, NULL for none. A refusal by the operation (403, 404, ...) is a reply, not a failure.
	 */
	bool (*call)(void *context, const char *operation, const char *arguments, size_t len,
				 const char *body, size_t body_len, WkReply *out, WkError *error);

	/*
	 * A connected stream socket, which the receiver closes; -1 when there is none, or when the
	 * address is not allowed. host: a name or an address; deadline: monotonic microseconds.
	 */
	int (*connect)(void *context, const char *host, int port, int64_t deadline, WkError *error);
} WkHost;

typedef struct WkPair
{
	const char *name;
	const char *value;
} WkPair;

/* What a webhook was called with. All borrowed. */
typedef struct WkRequest
{
	const char *method;
	const WkPair *query; /* in their order; a name may stand there more than once */
	size_t n_query;
	const WkPair *headers; /* names in canonical form: X-Probe */
	size_t n_headers;
	const char *body;
	size_t body_len;
} WkRequest;

/* A webhook's answer, as the program has put it together. */
typedef struct WkResponse
{
	int status; /* 200 unless the program said otherwise */
	size_t n_headers;
	struct
	{
		char *name; /* malloc'd */
		char *value;
	} headers[WK_RESPONSE_HEADERS_MAX];
	ShcBuf body;
} WkResponse;

extern void wk_response_init(WkResponse *response);
extern void wk_response_free(WkResponse *response);

/* One execution of a program. All borrowed. */
typedef struct WkTask
{
	WkSource source;
	const WkHost *host;
	const WkRequest *request; /* NULL: not called as a webhook */
	WkResponse *response;	  /* initialised; NULL: not called as a webhook */
	int64_t deadline;		  /* monotonic microseconds */
	size_t memory;			  /* bytes that the program's values may take */
} WkTask;

typedef struct WkLanguage
{
	const char *name; /* as programs name it: "lua" */

	/* Whether it compiles; runs nothing, and does not look for the modules that it names. */
	bool (*check)(const WkSource *source, size_t memory, WkError *error);

	/* Compiles and runs. False: failed; the error says why (the deadline included). */
	bool (*run)(const WkTask *task, WkError *error);
} WkLanguage;

/*
 * Once for the process, while it may still open files: loads certificates, time zones and the
 * libraries. False: logged.
 */
extern bool wk_languages_prepare(void);

/* NULL: there is no such language. */
extern const WkLanguage *wk_language_find(const char *name);

/* One after the other, i from 0; NULL after the last. */
extern const WkLanguage *wk_language_at(size_t i);

/* Whether the monotonic clock has reached it. */
extern bool wk_deadline_over(int64_t deadline);

#endif
