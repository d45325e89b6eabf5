/*
 * chunk.c: the format of a chunk, and its header. chunk_encode.c and chunk_decode.c do the rest,
 * with the blocks of chunk_block.c.
 *
 * Version 1. Words are little-endian; varint: seven bits a byte, low ones first; zigzag: the sign in
 * bit 0. Everything but what is marked is always there.
 *
 * Header:
 *   byte 0     version in the low four bits, decimal scale e (0..9, else 0) in the high ones
 *   byte 1     bits 0-1: values scaled, XOR, raw; 2-3: time constant step, steps, step changes;
 *              4-5: unit 1 s, 1 ms, 1 us; 6: some value is not finite; 7: scaled with exceptions
 *   4 bytes    CRC-32C of all other bytes
 *   varint     n, 1..4096
 *   zigzag     first timestamp in units
 *   varint     (n > 1) the step in units, or last minus first timestamp in units
 *   values     first; (n > 1) last; (n > 2 and all finite) min, max; (n > 2) sum.
 *              The sum and all values of XOR and raw chunks are 8 bytes. The others of scaled chunks
 *              are a zigzag varint k, relative to that of the first but for the first itself; and,
 *              with exceptions, a zigzag varint d: the bits of the value are those of k / 10^e, plus d.
 *
 * Then, in blocks of up to 64 points from the second point on (the header describes the first), one
 * after the other:
 *   times      steps: ts[i] - ts[i - 1] in units, or step changes: the differences of the steps (from
 *              an initial step of 0); nothing with a constant step
 *   values     scaled: k[i] - k[i - 1]; XOR: bits[i] ^ bits[i - 1], with shift; raw: 8 bytes each
 *   lists      with exceptions only: for each block a list of the zigzagged d of its exceptions
 * An exception is a value that is not exactly k / 10^e. Real sensors produce many that miss it by
 * few units in the last place (74.93588199999998): those cost a byte or two.
 *
 * Whoever changes the format raises SH_CHUNK_VERSION and keeps reading what was written before; selfhost.repack()
 * writes rows of a lower version anew.
 *
 * Decimal scaling and the choice of a scale for a whole run of values follow the idea of storing
 * doubles as integers with a common decimal exponent; XOR of neighbours follows T. Pelkonen et al.,
 * "Gorilla: A Fast, Scalable, In-Memory Time Series Database" (VLDB 2015), but packed by blocks.
 */
#include "chunk_internal.h"

#include <math.h>

const int64_t chunk_unit_length[3] = {1000000, 1000, 1};
const double chunk_power[CHUNK_MAX_SCALE + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

/* ---- values of the header ---- */

static size_t
number_size(const ChunkHeader *header, const ChunkNumber *number, int64_t reference)
{
	return varint_size(zigzag(number->scaled - reference)) +
		   (header->has_exceptions ? varint_size(zigzag(number->difference)) : 0);
}

static uint8_t *
number_put(uint8_t *p, const ChunkHeader *header, const ChunkNumber *number, int64_t reference)
{
	p = put_varint(p, zigzag(number->scaled - reference));
	if (header->has_exceptions)
		p = put_varint(p, zigzag(number->difference));
	return p;
}

/* Also works out the value itself. */
static const uint8_t *
number_get(const uint8_t *p, const uint8_t *end, const ChunkHeader *header, int64_t reference,
		   ChunkNumber *number, double *value)
{
	uint64_t word;

	p = get_varint(p, end, &word);
	if (p == NULL)
		return NULL;
	number->scaled = (int64_t) ((uint64_t) unzigzag(word) + (uint64_t) reference);
	number->difference = 0;
	if (number->scaled > CHUNK_MAX_SCALED || number->scaled < -CHUNK_MAX_SCALED)
		return NULL;
	if (header->has_exceptions)
	{
		p = get_varint(p, end, &word);
		if (p == NULL)
			return NULL;
		number->difference = unzigzag(word);
	}
	*value = double_of_bits(bits_of_double((double) number->scaled / chunk_power[header->scale]) +
							(uint64_t) number->difference);
	return p;
}

static uint8_t *
double_put(uint8_t *p, double value)
{
	store_u64(p, bits_of_double(value));
	return p + 8;
}

static const uint8_t *
double_get(const uint8_t *p, const uint8_t *end, double *value)
{
	if (end - p < 8)
		return NULL;
	*value = double_of_bits(load_u64(p));
	return p + 8;
}

/* How many values the header has: first, last, min and max, without the sum. */
static int
value_count(const ChunkHeader *header)
{
	if (header->summary.n <= 2)
		return header->summary.n;
	return header->is_finite ? 4 : 2;
}

/* ---- writing ---- */

static uint64_t
time_word(const ChunkHeader *header)
{
	const ShChunkSummary *summary = &header->summary;
	uint64_t span = ((uint64_t) summary->last_ts - (uint64_t) summary->first_ts) /
					(uint64_t) chunk_unit_length[header->unit];

	return header->time == CHUNK_CONSTANT_STEP ? span / (uint64_t) (summary->n - 1) : span;
}

size_t
chunk_header_size(const ChunkHeader *header)
{
	const ShChunkSummary *summary = &header->summary;
	int count = value_count(header);
	int64_t reference = header->first.scaled;
	size_t size = CHUNK_FIXED_SIZE + varint_size((uint64_t) summary->n) +
				  varint_size(zigzag(summary->first_ts / chunk_unit_length[header->unit]));

	if (summary->n > 1)
		size += varint_size(time_word(header));
	if (summary->n > 2)
		size += 8;
	if (header->method != CHUNK_SCALED)
		return size + 8 * count;
	size += number_size(header, &header->first, 0);
	if (count > 1)
		size += number_size(header, &header->last, reference);
	if (count > 2)
		size += number_size(header, &header->min, reference) +
				number_size(header, &header->max, reference);
	return size;
}

uint8_t *
chunk_header_put(uint8_t *p, const ChunkHeader *header)
{
	const ShChunkSummary *summary = &header->summary;
	int count = value_count(header);
	int64_t reference = header->first.scaled;

	p[0] = (uint8_t) (SH_CHUNK_VERSION | (header->method == CHUNK_SCALED ? header->scale << 4 : 0));
	p[1] = (uint8_t) ((int) header->method | (int) header->time << CHUNK_TIME_SHIFT |
					  (int) header->unit << CHUNK_UNIT_SHIFT |
					  (header->is_finite ? 0 : CHUNK_NOT_FINITE) |
					  (header->has_exceptions ? CHUNK_EXCEPTIONS : 0));
	p = put_varint(p + CHUNK_FIXED_SIZE, (uint64_t) summary->n);
	p = put_varint(p, zigzag(summary->first_ts / chunk_unit_length[header->unit]));
	if (summary->n > 1)
		p = put_varint(p, time_word(header));
	if (header->method == CHUNK_SCALED)
	{
		p = number_put(p, header, &header->first, 0);
		if (count > 1)
			p = number_put(p, header, &header->last, reference);
		if (count > 2)
		{
			p = number_put(p, header, &header->min, reference);
			p = number_put(p, header, &header->max, reference);
		}
	}
	else
	{
		p = double_put(p, summary->first);
		if (count > 1)
			p = double_put(p, summary->last);
		if (count > 2)
		{
			p = double_put(p, summary->min);
			p = double_put(p, summary->max);
		}
	}
	return summary->n > 2 ? double_put(p, summary->sum) : p;
}

/* ---- reading ---- */

static bool
flags_get(const uint8_t *data, ChunkHeader *header)
{
	int flags = data[1];

	header->scale = data[0] >> 4;
	header->method = flags & CHUNK_METHOD_MASK;
	header->time = (flags >> CHUNK_TIME_SHIFT) & CHUNK_TIME_MASK;
	header->unit = (flags >> CHUNK_UNIT_SHIFT) & CHUNK_UNIT_MASK;
	header->is_finite = (flags & CHUNK_NOT_FINITE) == 0;
	header->has_exceptions = (flags & CHUNK_EXCEPTIONS) != 0;
	return (data[0] & CHUNK_VERSION_MASK) == SH_CHUNK_VERSION && header->scale <= CHUNK_MAX_SCALE &&
		   header->method <= CHUNK_RAW && header->time <= CHUNK_STEP_CHANGES &&
		   header->unit <= CHUNK_MICROSECOND &&
		   (header->method == CHUNK_SCALED || (header->scale == 0 && !header->has_exceptions));
}

static const uint8_t *
times_get(const uint8_t *p, const uint8_t *end, ChunkHeader *header)
{
	ShChunkSummary *summary = &header->summary;
	int64_t unit = chunk_unit_length[header->unit];
	uint64_t word;
	uint64_t span;

	p = get_varint(p, end, &word);
	if (p == NULL || __builtin_mul_overflow(unzigzag(word), unit, &summary->first_ts))
		return NULL;
	summary->last_ts = summary->first_ts;
	if (summary->n == 1)
		return p;
	p = get_varint(p, end, &word);
	if (p == NULL || __builtin_mul_overflow(word, (uint64_t) unit, &span))
		return NULL;
	if (header->time == CHUNK_CONSTANT_STEP &&
		__builtin_mul_overflow(span, (uint64_t) (summary->n - 1), &span))
		return NULL;
	summary->last_ts = (int64_t) ((uint64_t) summary->first_ts + span);
	/* Also false when the sum has overflowed: a span is less than 2^64. */
	return summary->last_ts > summary->first_ts ? p : NULL;
}

static const uint8_t *
values_get(const uint8_t *p, const uint8_t *end, ChunkHeader *header)
{
	double *value[4] = {&header->summary.first, &header->summary.last, &header->summary.min,
						&header->summary.max};
	ChunkNumber *number[4] = {&header->first, &header->last, &header->min, &header->max};
	int count = value_count(header);

	for (int i = 0; i < count && p != NULL; i++)
	{
		if (header->method == CHUNK_SCALED)
			p = number_get(p, end, header, i == 0 ? 0 : header->first.scaled, number[i], value[i]);
		else
			p = double_get(p, end, value[i]);
	}
	if (p != NULL && header->summary.n > 2)
		p = double_get(p, end, &header->summary.sum);
	return p;
}

/* What the header of a chunk of one or two points leaves out. */
static void
complete_summary(ChunkHeader *header)
{
	ShChunkSummary *summary = &header->summary;

	if (summary->n == 1)
	{
		summary->last = summary->min = summary->max = summary->sum = summary->first;
		header->last = header->first;
	}
	else if (summary->n == 2)
	{
		summary->sum = summary->first + summary->last;
		summary->min = summary->last < summary->first ? summary->last : summary->first;
		summary->max = summary->last > summary->first ? summary->last : summary->first;
	}
	if (!header->is_finite)
		summary->min = summary->max = NAN;
}

const uint8_t *
chunk_header_get(const uint8_t *data, size_t len, ChunkHeader *header)
{
	const uint8_t *end = data + len;
	const uint8_t *p;
	uint64_t n;

	if (len <= CHUNK_FIXED_SIZE || len > SH_CHUNK_MAX_BYTES || !flags_get(data, header) ||
		load_u32(data + CHUNK_CHECKSUM_AT) != chunk_checksum(data, len))
		return NULL;
	p = get_varint(data + CHUNK_FIXED_SIZE, end, &n);
	if (p == NULL || n < 1 || n > SH_CHUNK_MAX_POINTS)
		return NULL;
	header->summary.n = (int32_t) n;
	p = times_get(p, end, header);
	if (p != NULL)
		p = values_get(p, end, header);
	if (p != NULL)
		complete_summary(header);
	return p;
}

int
sh_chunk_version(const uint8_t *data, size_t len)
{
	return len == 0 ? 0 : data[0] & CHUNK_VERSION_MASK;
}

bool
sh_chunk_summary(const uint8_t *data, size_t len, ShChunkSummary *out)
{
	ChunkHeader header;

	if (chunk_header_get(data, len, &header) == NULL)
		return false;
	*out = header.summary;
	return true;
}
