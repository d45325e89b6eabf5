/*
 * request_parts.h: the whole query and all headers of a request as JSON, for operations whose functions
 * take them (x-arguments). Knows no HTTP library.
 */
#ifndef SH_GATEWAY_REQUEST_PARTS_H
#define SH_GATEWAY_REQUEST_PARTS_H

#include <stdbool.h>

#include "arena.h"
#include "reply.h"

/* Most parameters of a query, and most headers, that are passed on. */
#define GW_MAX_PARTS 1000

/* Calls take(taker, name, value) for each header of a request, in their order. */
typedef void (*GwHeaderTaker)(void *taker, const char *name, const char *value);
typedef void (*GwHeaderWalk)(void *context, GwHeaderTaker take, void *taker);

/*
 * A raw query as a JSON object: each name with its value, or with an array of its values where it comes
 * several times; a parameter without "=" has the value "". NULL: *problem is set.
 */
extern const char *gw_query_json(const char *raw_query, ShcArena *arena, GwProblem *problem);

/*
 * The headers as a JSON object: canonical names (X-Probe) with their values, those of headers that come
 * several times joined by ", ". Without credentials, and without what concerns the connection only. Bytes
 * that are not UTF-8 become U+FFFD. NULL: *problem is set.
 */
extern const char *
gw_headers_json(GwHeaderWalk walk, void *context, ShcArena *arena, GwProblem *problem);

/* Is this header, of `len` bytes, about one connection and not about what is sent over it? RFC 9110, 7.6.1. */
extern bool gw_is_hop_by_hop(const char *name, size_t len);

#endif
