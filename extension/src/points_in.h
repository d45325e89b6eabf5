/*
 * points_in.h: one-pass parsers of bodies with points. Plain C, no PostgreSQL, no allocation.
 */
#ifndef SH_POINTS_IN_H
#define SH_POINTS_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ShParsedUuid
{
	uint8_t bytes[16];
} ShParsedUuid;

/*
 * Where parsed rows go. The caller provides arrays of sh_points_capacity(len) elements. uuid is NULL
 * for bodies of one series; then a "uuid" member is an unknown key, and ignored like any other.
 */
typedef struct ShPointRows
{
	int64_t *ts;
	double *value;
	ShParsedUuid *uuid;
	size_t n;
} ShPointRows;

/* What is wrong with a body, ready to show: "row 3: ts: must be an RFC 3339 timestamp". */
typedef struct ShBodyError
{
	char message[200];
} ShBodyError;

/* No body of len bytes holds more rows than this. */
extern size_t sh_points_capacity(size_t len, bool with_uuid);

/*
 * Parses `[{"v": number, "ts": "RFC 3339"}, ...]`, with "uuid" in each row where out->uuid is given.
 * White space, key order, unknown keys (any nested JSON, depth <= 64) and escapes in keys are as in
 * JSON; of repeated keys the last counts. The body may hold arbitrary bytes. An empty array is
 * n = 0 and true. False: *error says which row and field.
 */
extern bool
sh_points_parse_json(const char *body, size_t len, ShPointRows *out, ShBodyError *error);

/* Parses CSV lines `ts,v` (`uuid,ts,v`), header line optional, LF or CRLF, fields may be quoted. */
extern bool sh_points_parse_csv(const char *body, size_t len, ShPointRows *out, ShBodyError *error);

#endif
