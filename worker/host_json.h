/*
 * host_json.h: JSON (RFC 8259) and values.
 */
#ifndef SH_WORKER_HOST_JSON_H
#define SH_WORKER_HOST_JSON_H

#include "host_value.h"

typedef enum WkJsonResult
{
	WK_JSON_OK,
	WK_JSON_BAD,	/* error has the text */
	WK_JSON_MEMORY, /* the arena has no more */
	WK_JSON_DEPTH	/* nested too deeply */
} WkJsonResult;

/*
 * What out points to lies in the arena, or in data. Numbers with a point or an exponent are floats, others whole
 * numbers, clamped to 64 bits; of keys that stand twice the last one counts.
 */
extern WkJsonResult
wk_json_decode(ShcArena *arena, const char *data, size_t len, WkValue *out, char error[160]);

/* False: a value has no JSON form (error says which), or out->failed. */
extern bool wk_json_encode(ShcBuf *out, const WkValue *value, char error[160]);

extern const WkMember wk_json_members[];

#endif
