/*
 * fuzz_chunk.c: any bytes as a chunk, with a right checksum, so that what lies behind it is reached;
 * and any bytes as points, which must come back as they were.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "chunk_internal.h"
#include "points_out.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ShPoints points;
static int64_t ts[SH_CHUNK_MAX_POINTS];
static double value[SH_CHUNK_MAX_POINTS];

/* Decoded points hold what chunk.h promises, and can be printed and encoded again. */
static void
check_points(void)
{
	static char text[SH_ROW_MAX];
	ShDayCache cache = {0};
	uint8_t out[SH_CHUNK_MAX_BYTES];
	size_t len;

	if (points.n < 1 || points.n > SH_CHUNK_MAX_POINTS)
		abort();
	for (int i = 0; i < points.n; i++)
	{
		if (i > 0 && points.ts[i] <= points.ts[i - 1])
			abort();
		if (points.scale != SH_SCALE_NONE && ((points.exception[i / 64] >> (i % 64)) & 1) == 0 &&
			(double) points.scaled[i] / chunk_power[points.scale] != points.value[i])
			abort();
		if (sh_row_print_point(text, SH_FORMAT_JSON, &points, i, 0, &cache) > text + SH_ROW_MAX)
			abort();
	}
	if (sh_chunk_fill(points.ts, points.value, points.n, out, sizeof(out), &len) < 1 ||
		len > sizeof(out))
		abort();
}

static void
decode_bytes(const uint8_t *data, size_t size)
{
	/* A copy of its own, so that reading behind the end is seen. */
	uint8_t *chunk = malloc(size > 0 ? size : 1);
	ShChunkSummary summary;

	memcpy(chunk, data, size);
	if (size > CHUNK_FIXED_SIZE)
		store_u32(chunk + CHUNK_CHECKSUM_AT, chunk_checksum(chunk, size));
	sh_chunk_summary(chunk, size, &summary);
	if (sh_chunk_examine(chunk, size, &points) == NULL && !sh_chunk_decode(chunk, size, &points))
		abort();
	if (sh_chunk_decode(chunk, size, &points))
		check_points();
	free(chunk);
}

/* The bytes as a list of steps and values; a first byte tells the limit. */
static void
encode_points(const uint8_t *data, size_t size)
{
	uint8_t out[SH_CHUNK_MAX_BYTES];
	size_t cap;
	size_t len;
	int n = 0;
	int taken;

	if (size < 17)
		return;
	cap = 64 + (size_t) data[0] * (SH_CHUNK_MAX_BYTES - 64) / 255;
	for (data++, size--; size >= 16 && n < SH_CHUNK_MAX_POINTS; data += 16, size -= 16, n++)
	{
		int64_t step = (int64_t) (load_u64(data) >> (data[7] % 64)) & INT64_C(0xffffffffffff);

		ts[n] = n == 0 ? (int64_t) load_u64(data) / 4 : ts[n - 1] + 1 + step;
		memcpy(&value[n], data + 8, 8);
		if (data[15] % 4 == 0)
			value[n] = (double) (int16_t) load_u64(data + 8) / chunk_power[data[14] % 10];
	}
	taken = sh_chunk_fill(ts, value, n, out, cap, &len);
	if (taken < 1 || taken > n || len > cap || sh_chunk_examine(out, len, &points) != NULL ||
		!sh_chunk_decode(out, len, &points) || points.n != taken ||
		memcmp(points.ts, ts, taken * sizeof(*ts)) != 0 ||
		memcmp(points.value, value, taken * sizeof(*value)) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode_bytes(data, size);
	encode_points(data, size);
	return 0;
}
