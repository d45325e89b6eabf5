/*
 * json_check.h: whether a body is JSON, and where it is not.
 */
#ifndef SH_GATEWAY_JSON_CHECK_H
#define SH_GATEWAY_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* Deepest nesting of arrays and objects. PostgreSQL's stack holds some thousands, too. */
#define GW_JSON_MAX_DEPTH 5000

typedef struct GwJsonError
{
	size_t line;   /* from 1 */
	size_t column; /* in bytes, from 1 */
	const char *reason;
} GwJsonError;

/*
 * Is the text one JSON value by RFC 8259, and one that PostgreSQL's jsonb can hold: no \u0000, no half
 * of a surrogate pair? False: *error tells where and why. Looks at the form only: UTF-8 is the caller's
 * business, and so is the size of numbers.
 */
extern bool gw_json_check(const char *text, size_t len, GwJsonError *error);

#endif
