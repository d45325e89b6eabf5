/*
 * arguments.h: the parameters of one request, checked against openapi.yaml and turned into the text
 * arguments of the prepared statement. Knows neither libmicrohttpd nor libpq.
 */
#ifndef SH_GATEWAY_ARGUMENTS_H
#define SH_GATEWAY_ARGUMENTS_H

#include "arena.h"
#include "reply.h"
#include "route.h"

/* How arguments.c gets at request headers: the value, or NULL. */
typedef const char *(*GwHeaderLookup)(void *context, const char *name);

/*
 * Fills value[0..operation->nparameters-1] (NULL: absent; arrays as PostgreSQL array literals),
 * allocated in the arena. Those that are a whole part of the request stay NULL. UUIDs: dashed form in any letter case, lower-cased. False: *problem is a
 * 400 that names the parameter (or a 413/500 of the arena).
 */
extern bool gw_arguments_bind(const GwOperation *operation, const char *raw_path,
							  const char *raw_query, GwHeaderLookup lookup, void *context,
							  ShcArena *arena, const char **value, GwProblem *problem);

/* Does a Content-Type value name one of the operation's media types? Any spelling and charset. */
extern bool gw_media_type_accepted(const GwOperation *operation, const char *content_type);

#endif
