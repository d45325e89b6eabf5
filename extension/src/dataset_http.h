/*
 * dataset_http.h: the request headers that make an answer conditional, or partial (RFC 9110). Plain C,
 * no PostgreSQL. What is malformed is passed over, as if it had not been sent.
 */
#ifndef SH_DATASET_HTTP_H
#define SH_DATASET_HTTP_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ShRangeKind
{
	SH_RANGE_NONE,
	SH_RANGE_GOOD,
	SH_RANGE_UNSATISFIABLE
} ShRangeKind;

/*
 * Does an If-None-Match header name the entity tag? It does by "*", or in a list, quoted, weak or
 * bare. tag: without quotes. header NULL: there is none.
 */
extern bool sh_etag_listed(const char *header, const char *tag);

/* Does an If-Range header name the entity tag, strongly? A date never does. */
extern bool sh_etag_is(const char *header, const char *tag);

/*
 * The bytes first .. last, inclusive, that a Range header asks for out of size. Several ranges are
 * not supported: NONE.
 */
extern ShRangeKind
sh_range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *last);

#endif
