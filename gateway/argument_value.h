/*
 * argument_value.h: one decoded value of a parameter -> the text that PostgreSQL gets. Shared by
 * arguments.c and argument_value.c; the check of UTF-8 also by request.c.
 */
#ifndef SH_GATEWAY_ARGUMENT_VALUE_H
#define SH_GATEWAY_ARGUMENT_VALUE_H

#include "arguments.h"

/* What all steps of binding one request's parameters need. */
typedef struct GwBinding
{
	const GwOperation *operation;
	ShcArena *arena;
	GwProblem *problem;
} GwBinding;

/* Both set the problem and return false: a full arena; "parameter: reason", 400. */
extern bool gw_argument_no_room(GwBinding *binding);
extern bool
gw_argument_refuse(GwBinding *binding, const GwParameter *parameter, const char *reason);

/*
 * Counts the code points of UTF-8. Returns -1 for anything that is not well-formed by RFC 3629
 * (overlong forms, surrogates, beyond U+10FFFF) and for a NUL, which PostgreSQL cannot hold.
 */
extern int64_t gw_utf8_length(const char *text, size_t len);

/*
 * Checks one value (UTF-8) against its parameter. Returns the text for PostgreSQL, in the arena or in
 * place, or NULL after a refusal.
 */
extern const char *
gw_argument_convert(GwBinding *binding, const GwParameter *parameter, char *text);

#endif
