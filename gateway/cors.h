/*
 * cors.h: which pages of other origins may use the API (the Fetch standard's CORS protocol).
 */
#ifndef SH_GATEWAY_CORS_H
#define SH_GATEWAY_CORS_H

#include <stdbool.h>

#include "arena.h"
#include "config.h"

/* The value of Access-Control-Allow-Origin for an origin; NULL: not allowed. */
extern const char *gw_cors_allowed_origin(const GwConfig *config, const char *origin);

/* Does a preflight for this method and these headers ("a, b"; NULL: none) pass? */
extern bool gw_cors_allows(const GwConfig *config, const char *method, const char *headers);

/* "a, b, c"; NULL when there is no memory. */
extern const char *gw_cors_join(const ShcConfList *list, ShcArena *arena);

#endif
