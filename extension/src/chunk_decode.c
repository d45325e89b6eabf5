/*
 * chunk_decode.c: from the bytes of a chunk to its points.
 *
 * The bytes may be anything: what passes the checksum can still be made by hand. Every length is
 * checked against the end before it is used; the loops over bits read a copy with padding behind it.
 */
#include "chunk_internal.h"

static bool
decode_steps(ChunkReader *reader, const ChunkHeader *header, int64_t *ts)
{
	uint64_t unit = (uint64_t) chunk_unit_length[header->unit];
	uint64_t step = 0;
	uint64_t now = (uint64_t) ts[0];
	int n = header->summary.n;
	bool ascending = true;

	for (int i = 1; i < n; i += CHUNK_BLOCK)
	{
		uint64_t word[CHUNK_BLOCK];
		int m = n - i < CHUNK_BLOCK ? n - i : CHUNK_BLOCK;

		if (!chunk_block_get(reader, word, m, false))
			return false;
		for (int j = 0; j < m; j++)
		{
			int64_t before = (int64_t) now;

			step = header->time == CHUNK_STEPS ? word[j] : step + word[j];
			now += step * unit;
			ts[i + j] = (int64_t) now;
			ascending &= before < (int64_t) now;
		}
	}
	reader->zero_blocks = 0;
	return ascending && ts[n - 1] == header->summary.last_ts;
}

static bool
decode_times(ChunkReader *reader, const ChunkHeader *header, int64_t *ts)
{
	int n = header->summary.n;

	ts[0] = header->summary.first_ts;
	if (n == 1)
		return true;
	if (header->time == CHUNK_CONSTANT_STEP)
	{
		uint64_t first = (uint64_t) ts[0];
		uint64_t step = ((uint64_t) header->summary.last_ts - first) / (uint64_t) (n - 1);

		for (int i = 1; i < n; i++)
			ts[i] = (int64_t) (first + (uint64_t) i * step);
		return true;
	}
	return decode_steps(reader, header, ts);
}

/* Replaces the values that are exceptions, and notes which they are. */
static bool
decode_exceptions(ChunkReader *reader, ShPoints *out)
{
	for (int i = 1; i < out->n; i += CHUNK_BLOCK)
	{
		uint64_t set;
		uint64_t difference[CHUNK_BLOCK];
		int m = out->n - i < CHUNK_BLOCK ? out->n - i : CHUNK_BLOCK;
		int j = 0;

		if (!chunk_list_get(reader, &set, difference, m))
			return false;
		for (; set != 0; set &= set - 1)
		{
			int at = i + __builtin_ctzll(set);

			out->value[at] = double_of_bits(bits_of_double(out->value[at]) +
											(uint64_t) unzigzag(difference[j++]));
			out->exception[at / 64] |= UINT64_C(1) << (at % 64);
			out->any_exception = true;
		}
	}
	return true;
}

static bool
decode_scaled(ChunkReader *reader, const ChunkHeader *header, ShPoints *out)
{
	double power = chunk_power[header->scale];
	int n = out->n;
	int64_t k = header->first.scaled;

	out->scale = (uint8_t) header->scale;
	memset(out->exception, 0, (n + 63) / 64 * sizeof(out->exception[0]));
	out->scaled[0] = k;
	out->value[0] = header->summary.first;
	if (header->first.difference != 0)
	{
		out->exception[0] = 1;
		out->any_exception = true;
	}
	for (int i = 1; i < n; i += CHUNK_BLOCK)
	{
		uint64_t word[CHUNK_BLOCK];
		int m = n - i < CHUNK_BLOCK ? n - i : CHUNK_BLOCK;
		int64_t *scaled = out->scaled + i;
		double *value = out->value + i;
		bool too_large = false;

		if (!chunk_block_get(reader, word, m, false))
			return false;
		for (int j = 0; j < m; j++)
		{
			k = (int64_t) ((uint64_t) k + word[j]);
			scaled[j] = k;
		}
		for (int j = 0; j < m; j++)
		{
			too_large |= (uint64_t) scaled[j] + CHUNK_MAX_SCALED > 2 * (uint64_t) CHUNK_MAX_SCALED;
			value[j] = (double) scaled[j] / power;
		}
		if (too_large)
			return false;
	}
	return k == header->last.scaled && (!header->has_exceptions || decode_exceptions(reader, out));
}

static bool
decode_xor(ChunkReader *reader, const ChunkHeader *header, ShPoints *out)
{
	uint64_t bits = bits_of_double(header->summary.first);
	int n = out->n;

	out->value[0] = header->summary.first;
	for (int i = 1; i < n; i += CHUNK_BLOCK)
	{
		uint64_t word[CHUNK_BLOCK];
		int m = n - i < CHUNK_BLOCK ? n - i : CHUNK_BLOCK;

		if (!chunk_block_get(reader, word, m, true))
			return false;
		for (int j = 0; j < m; j++)
		{
			bits ^= word[j];
			out->value[i + j] = double_of_bits(bits);
		}
	}
	return bits == bits_of_double(header->summary.last);
}

static bool
decode_raw(ChunkReader *reader, const ChunkHeader *header, ShPoints *out)
{
	int n = out->n;

	if ((size_t) (reader->end - reader->p) != (size_t) (n - 1) * 8)
		return false;
	out->value[0] = header->summary.first;
	for (int i = 1; i < n; i++, reader->p += 8)
		out->value[i] = double_of_bits(load_u64(reader->p));
	return bits_of_double(out->value[n - 1]) == bits_of_double(header->summary.last);
}

bool
sh_chunk_decode(const uint8_t *data, size_t len, ShPoints *out)
{
	uint8_t copy[SH_CHUNK_MAX_BYTES + CHUNK_PADDING];
	ChunkHeader header;
	ChunkReader reader = {0};
	bool good = false;

	if (len > SH_CHUNK_MAX_BYTES)
		return false;
	memcpy(copy, data, len);
	memset(copy + len, 0, CHUNK_PADDING);
	reader.p = chunk_header_get(copy, len, &header);
	reader.end = copy + len;
	if (reader.p == NULL)
		return false;

	out->n = header.summary.n;
	out->scale = SH_SCALE_NONE;
	out->any_exception = false;
	if (!decode_times(&reader, &header, out->ts))
		return false;
	switch (header.method)
	{
		case CHUNK_SCALED:
			good = decode_scaled(&reader, &header, out);
			break;
		case CHUNK_XOR:
			good = decode_xor(&reader, &header, out);
			break;
		case CHUNK_RAW:
			good = decode_raw(&reader, &header, out);
			break;
	}
	return good && reader.p == reader.end;
}
