/*
 * rfc3339.h: timestamps in text. Plain C, no PostgreSQL.
 *
 * All timestamps are microseconds since 2000-01-01 00:00:00 UTC; years 0001..9999.
 */
#ifndef SH_RFC3339_H
#define SH_RFC3339_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest text: 9999-12-31T23:59:59.999999+15:59:59 is not possible; offsets are whole minutes. */
#define SH_RFC3339_MAX 40

/* The civil day that was parsed or printed last; start with { 0 }. Makes runs of one day cheap. */
typedef struct ShDayCache
{
	bool valid;
	int32_t day;   /* days since 2000-01-01 */
	char text[10]; /* YYYY-MM-DD */
} ShDayCache;

/*
 * Parses exactly len bytes: upper-case T, zone mandatory (Z or +hh:mm / -hh:mm, under 16 hours, as
 * PostgreSQL), optional fraction after '.' or ',', rounded half up to microseconds, second <= 59,
 * valid calendar date, year 0001..9999 (in UTC, too). Returns false when the text is anything else.
 */
extern bool sh_rfc3339_parse(const char *text, size_t len, ShDayCache *cache, int64_t *ts);

/*
 * Prints ts with the given offset (seconds east of UTC; seconds of it beyond whole minutes are
 * dropped from the printed offset, as in RFC 3339); offset 0 is "Z". Fraction: up to 6 digits without
 * trailing zeros. Returns the end; writes at most SH_RFC3339_MAX bytes, no terminating zero.
 */
extern char *sh_rfc3339_print(char *p, int64_t ts, int32_t offset, ShDayCache *cache);

#endif
