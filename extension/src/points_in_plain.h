/*
 * points_in_plain.h: rows of JSON as programs print them, for points_in.c only.
 */
#ifndef SH_POINTS_IN_PLAIN_H
#define SH_POINTS_IN_PLAIN_H

#include "points_in.h"
#include "rfc3339.h"

/*
 * Takes rows from *p on, each with the comma behind it, while they are plain:
 * {"ts":"2019-01-01T00:00:00Z","v":21.5}, or with v first, with a space or none behind colons and commas;
 * any RFC 3339 timestamp, and a number of at most 19 digits without exponent. Leaves *p at the first
 * row that is not, and at the last ones of the body. rows must have room for all, and no uuid.
 */
extern void
sh_points_parse_plain(const char **p, const char *end, ShDayCache *cache, ShPointRows *rows);

#endif
