/*
 * chunk.h: the codec: points of one series <-> the bytes of one chunk row. Plain C, no PostgreSQL.
 *
 * Timestamps are microseconds since 2000-01-01 00:00:00 UTC (PostgreSQL's epoch), strictly
 * ascending inside a chunk. Values are any 64-bit pattern of a double; what comes out is bit for bit
 * what went in.
 *
 * Layout of the bytes (little-endian, version 1): described at the top of chunk.c.
 */
#ifndef SH_CHUNK_H
#define SH_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most points of one chunk, and most bytes of one, so that its row stays inline (four a page). */
#define SH_CHUNK_MAX_POINTS 4096
#define SH_CHUNK_MAX_BYTES	1960

/* The version that is written. What was released before is read for ever. */
#define SH_CHUNK_VERSION 1

/* How a decoded value was stored; tells the emitter which digits to print. */
#define SH_SCALE_NONE 255

typedef struct ShChunkSummary
{
	int32_t n;
	int64_t first_ts;
	int64_t last_ts;
	double first;
	double last;
	double min; /* NaN when any value is not finite; then ask the points */
	double max;
	double sum; /* plain left-to-right sum of doubles; infinite when it overflows */
} ShChunkSummary;

/*
 * Decoded points. value[i] is always filled. Where scale is not SH_SCALE_NONE and bit i of
 * exception[] is clear, value[i] == (double) scaled[i] / 10^scale exactly and its shortest decimal is
 * that of the integer.
 */
typedef struct ShPoints
{
	int32_t n;
	uint8_t scale; /* 0..9 or SH_SCALE_NONE */
	bool any_exception;
	int64_t ts[SH_CHUNK_MAX_POINTS];
	double value[SH_CHUNK_MAX_POINTS];
	int64_t scaled[SH_CHUNK_MAX_POINTS];
	uint64_t exception[SH_CHUNK_MAX_POINTS / 64];
} ShPoints;

/*
 * Encodes the longest prefix of n points (n >= 1, ts strictly ascending) that fits into cap bytes
 * (cap >= 64, at most SH_CHUNK_MAX_BYTES) and SH_CHUNK_MAX_POINTS. Returns the number of points
 * encoded, at least 1, and stores the number of bytes in *len.
 */
extern int
sh_chunk_fill(const int64_t *ts, const double *value, int n, uint8_t *out, size_t cap, size_t *len);

/*
 * Encodes exactly n points (1..SH_CHUNK_MAX_POINTS). Returns the number of bytes, or 0 when they do
 * not fit into cap.
 */
extern size_t
sh_chunk_encode(const int64_t *ts, const double *value, int n, uint8_t *out, size_t cap);

/* The version of the format that the bytes say they are in; 0 when there are none. */
extern int sh_chunk_version(const uint8_t *data, size_t len);

/* Reads the header only. False: the bytes are not a chunk of a version we know. */
extern bool sh_chunk_summary(const uint8_t *data, size_t len, ShChunkSummary *out);

/*
 * Decodes all points. False: the bytes are corrupt (checksum, lengths, ranges); *out is then
 * undefined. Never reads outside data[0..len-1], whatever the bytes are.
 */
extern bool sh_chunk_decode(const uint8_t *data, size_t len, ShPoints *out);

/*
 * Decodes all points and looks for whatever else can be wrong: is the summary that of the points?
 * Returns NULL when nothing is, else what, in few words; *out is then undefined.
 */
extern const char *sh_chunk_examine(const uint8_t *data, size_t len, ShPoints *out);

#endif
