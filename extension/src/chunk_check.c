/*
 * chunk_check.c: what is wrong with the bytes of a chunk, for checks; readers only need to know whether
 * anything is.
 */
#include "chunk_internal.h"

#include <math.h>

/* NaNs are all alike: which of their bits an addition keeps is the processor's choice. */
static bool
same_number(double a, double b)
{
	return bits_of_double(a) == bits_of_double(b) || (isnan(a) && isnan(b));
}

/* Works out the summary as the encoder does, from left to right. */
static void
summarise(const ShPoints *points, ShChunkSummary *summary)
{
	const double *value = points->value;
	int n = points->n;
	bool is_finite = true;

	summary->n = n;
	summary->first_ts = points->ts[0];
	summary->last_ts = points->ts[n - 1];
	summary->first = summary->min = summary->max = value[0];
	summary->last = value[n - 1];
	summary->sum = value[0];
	for (int i = 0; i < n; i++)
	{
		is_finite &= (bool) isfinite(value[i]);
		summary->sum = i == 0 ? value[0] : summary->sum + value[i];
		summary->min = value[i] < summary->min ? value[i] : summary->min;
		summary->max = value[i] > summary->max ? value[i] : summary->max;
	}
	if (!is_finite)
		summary->min = summary->max = NAN;
}

const char *
sh_chunk_examine(const uint8_t *data, size_t len, ShPoints *out)
{
	ShChunkSummary stored;
	ShChunkSummary computed;

	if (len > SH_CHUNK_MAX_BYTES)
		return "too many bytes";
	if (len <= CHUNK_FIXED_SIZE)
		return "too few bytes";
	if (load_u32(data + CHUNK_CHECKSUM_AT) != chunk_checksum(data, len))
		return "wrong checksum";
	if (sh_chunk_version(data, len) != SH_CHUNK_VERSION)
		return "unknown version";
	if (!sh_chunk_summary(data, len, &stored))
		return "bad header";
	if (!sh_chunk_decode(data, len, out))
		return "bad points";
	summarise(out, &computed);
	if (!same_number(stored.first, computed.first) || !same_number(stored.last, computed.last) ||
		!same_number(stored.min, computed.min) || !same_number(stored.max, computed.max))
		return "first, last, minimum or maximum is not that of the points";
	if (!same_number(stored.sum, computed.sum))
		return "the sum is not that of the points";
	return NULL;
}
