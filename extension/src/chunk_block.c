/*
 * chunk_block.c: blocks of up to 64 integers, bit-packed, with outliers apart.
 *
 * Patched frame of reference: M. Zukowski, S. Heman, N. Nes, P. Boncz, "Super-Scalar RAM-CPU Cache
 * Compression" (ICDE 2006), with a base and a width for each block and patches in both directions.
 *
 * Block:  head     one byte: the width w of the packed integers (0..64), + 128 with patches;
 *                  or 65: a run of blocks of zeros only, then one byte: how many, less one
 *         shift    one byte, only where blocks have it: how many low zero bits were cut off
 *         base     zigzag varint, in units of 2^max(0, w - 6): it needs few digits only
 *         low      m integers of w bits: the low bits of value - base
 *         patches  a list (below) of the zigzagged remaining bits of value - base
 *
 * List:   count    one byte c, 0..m; nothing more when 0
 *         where    nothing when c = m; c bytes of positions when c < 8; else a word of m bits
 *         width    one byte w, 0..64
 *         values   c integers of w bits
 *
 * All arithmetic is modulo 2^64, so that any 64-bit patterns can be packed.
 */
#include "chunk_internal.h"

#define HEAD_PATCHED 0x80
#define HEAD_RUN	 65

/* How a block is packed. */
typedef struct Packing
{
	uint64_t base;
	int width;
	uint64_t patched; /* bit i: value i has a patch */
} Packing;

static inline int
base_shift(int width)
{
	return width > 6 ? width - 6 : 0;
}

static inline uint64_t
low_mask(int width)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): 0 to 64 */
	return width == 64 ? ~UINT64_C(0) : (UINT64_C(1) << width) - 1;
}

static inline uint64_t
first_bits(int m)
{
	return low_mask(m);
}

/* What is left of a difference from the base above the low bits, as a signed number. */
static inline int64_t
high_part(uint64_t difference, int width)
{
	return width >= 64 ? 0 : (int64_t) difference >> width;
}

/*
 * The narrowest base and width for values between min and max. The base is rounded down to units of
 * 2^(width - 6), which may cost one bit.
 */
static Packing
pack_range(int64_t min, int64_t max)
{
	Packing packing = {.width = bit_length((uint64_t) max - (uint64_t) min)};

	for (;;)
	{
		int shift = base_shift(packing.width);

		packing.base = (uint64_t) (min >> shift) << shift;
		if (packing.width == 64 || (uint64_t) max - packing.base <= low_mask(packing.width))
			return packing;
		packing.width++;
	}
}

static size_t
list_size(int count, int m, int width)
{
	if (count == 0)
		return 1;
	return 2 + (count == m ? 0 : count < 8 ? count : (m + 7) / 8) + packed_size(count, width);
}

/* A value that the others lie about: the median of three. */
static int64_t
middle(const uint64_t *value, int m)
{
	int64_t a = (int64_t) value[m / 4];
	int64_t b = (int64_t) value[m / 2];
	int64_t c = (int64_t) value[m - 1 - m / 4];
	int64_t low = a < b ? a : b;
	int64_t high = a < b ? b : a;

	return c < low ? low : c > high ? high : c;
}

/*
 * Looks for a width at which leaving the outliers to patches is smaller than `all`, the packing
 * without patches.
 */
static Packing
pack_with_patches(const uint64_t *value, int m, const Packing *all)
{
	uint64_t center = (uint64_t) middle(value, m);
	uint8_t length[CHUNK_BLOCK];
	uint8_t count[65] = {0};
	size_t best_size = packed_size(m, all->width);
	int longest = 0;
	int best = -1;
	int outliers = 0;
	int64_t min = INT64_MAX;
	int64_t max = INT64_MIN;
	Packing packing;

	for (int i = 0; i < m; i++)
	{
		length[i] = (uint8_t) bit_length(zigzag((int64_t) (value[i] - center)));
		count[length[i]]++;
		longest = length[i] > longest ? length[i] : longest;
	}
	for (int width = longest - 1; width >= 0; width--)
	{
		size_t size;

		outliers += count[width + 1];
		if (outliers > m / 3)
			break;
		if (width >= all->width)
			continue;
		size = packed_size(m, width) + list_size(outliers, m, longest - width + 1);
		if (size < best_size)
		{
			best_size = size;
			best = width;
		}
	}
	if (best < 0)
		return *all;

	for (int i = 0; i < m; i++)
	{
		int64_t v = (int64_t) value[i];

		if (length[i] <= best)
		{
			min = v < min ? v : min;
			max = v > max ? v : max;
		}
	}
	packing = pack_range(min, max);
	packing.patched = 0;
	for (int i = 0; i < m; i++)
		if (high_part(value[i] - packing.base, packing.width) != 0)
			packing.patched |= UINT64_C(1) << i;
	return packing;
}

uint8_t *
chunk_list_put(uint8_t *p, uint64_t set, const uint64_t *word, int m)
{
	int count = __builtin_popcountll(set);
	uint64_t all = 0;

	*p++ = (uint8_t) count;
	if (count == 0)
		return p;
	if (count < m && count < 8)
	{
		for (uint64_t left = set; left != 0; left &= left - 1)
			*p++ = (uint8_t) __builtin_ctzll(left);
	}
	else if (count < m)
	{
		for (int i = 0; i < (m + 7) / 8; i++)
			*p++ = (uint8_t) (set >> (8 * i));
	}
	/* There are as many words as bits in the set. */
	for (int i = 0; i < count; i++)
		all |= word[i]; /* NOLINT(clang-analyzer-core.uninitialized.Assign) */
	*p++ = (uint8_t) bit_length(all);
	return put_bits(p, word, count, bit_length(all));
}

static uint8_t *
put_packed(uint8_t *p, const uint64_t *value, int m, const Packing *packing, int shift)
{
	uint64_t low[CHUNK_BLOCK];
	uint64_t high[CHUNK_BLOCK];
	uint64_t mask = low_mask(packing->width);
	int patches = 0;

	*p++ = (uint8_t) (packing->width | (packing->patched != 0 ? HEAD_PATCHED : 0));
	if (shift >= 0)
		*p++ = (uint8_t) shift;
	p = put_varint(p, zigzag((int64_t) packing->base >> base_shift(packing->width)));
	for (int i = 0; i < m; i++)
		low[i] = (value[i] - packing->base) & mask;
	p = put_bits(p, low, m, packing->width);
	if (packing->patched == 0)
		return p;
	for (uint64_t left = packing->patched; left != 0; left &= left - 1)
		high[patches++] =
			zigzag(high_part(value[__builtin_ctzll(left)] - packing->base, packing->width));
	return chunk_list_put(p, packing->patched, high, m);
}

uint8_t *
chunk_block_put(uint8_t *p, const uint64_t *value, int m, bool with_shift, uint8_t **run)
{
	uint64_t any = 0;
	uint64_t shifted[CHUNK_BLOCK];
	int64_t min = INT64_MAX;
	int64_t max = INT64_MIN;
	int shift = -1;
	Packing packing;

	for (int i = 0; i < m; i++)
		any |= value[i];
	if (any == 0)
	{
		if (*run != NULL)
		{
			(*run)[1]++;
			return p;
		}
		*run = p;
		*p++ = HEAD_RUN;
		*p++ = 0;
		return p;
	}
	*run = NULL;

	if (with_shift)
	{
		shift = __builtin_ctzll(any);
		for (int i = 0; i < m; i++)
			shifted[i] = value[i] >> shift;
		value = shifted;
	}
	for (int i = 0; i < m; i++)
	{
		int64_t v = (int64_t) value[i];

		min = v < min ? v : min;
		max = v > max ? v : max;
	}
	packing = pack_range(min, max);
	if (packing.width > 2)
		packing = pack_with_patches(value, m, &packing);
	return put_packed(p, value, m, &packing, shift);
}

/* ---- reading ---- */

static inline bool
has_bytes(const ChunkReader *reader, size_t n)
{
	return (size_t) (reader->end - reader->p) >= n;
}

bool
chunk_list_get(ChunkReader *reader, uint64_t *set, uint64_t *word, int m)
{
	uint64_t found = 0;
	int count;
	int width;

	if (!has_bytes(reader, 1))
		return false;
	*set = 0;
	count = *reader->p++;
	if (count == 0)
		return true;
	if (count > m)
		return false;
	if (count == m)
		found = first_bits(m);
	else
	{
		int bytes = count < 8 ? count : (m + 7) / 8;

		if (!has_bytes(reader, bytes))
			return false;
		for (int i = 0; i < bytes; i++)
		{
			uint8_t byte = *reader->p++;

			if (count < 8 && byte >= 64)
				return false;
			found |= count < 8 ? UINT64_C(1) << byte : (uint64_t) byte << (8 * i);
		}
		if ((found & ~first_bits(m)) != 0 || __builtin_popcountll(found) != count)
			return false;
	}
	if (!has_bytes(reader, 1))
		return false;
	width = *reader->p++;
	if (width > 64 || !has_bytes(reader, packed_size(count, width)))
		return false;
	for (int i = 0; i < count; i++)
		word[i] = width == 0 ? 0 : get_bits(reader->p, i, width);
	reader->p += packed_size(count, width);
	*set = found;
	return true;
}

static bool
apply_patches(ChunkReader *reader, uint64_t *value, int m, int width)
{
	uint64_t set;
	uint64_t high[CHUNK_BLOCK];
	int i = 0;

	if (width >= 64 || !chunk_list_get(reader, &set, high, m))
		return false;
	/* There are as many words as bits in the set. */
	for (; set != 0; set &= set - 1)
		/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
		value[__builtin_ctzll(set)] += (uint64_t) unzigzag(high[i++]) << width;
	return true;
}

/* Widths up to 57 need one load for each value; the few wider ones go the long way. */
static void
unpack(const uint8_t *p, uint64_t *value, int m, int width, uint64_t base)
{
	uint64_t mask = low_mask(width);

	if (width == 0)
	{
		for (int i = 0; i < m; i++)
			value[i] = base;
	}
	else if (width <= 57)
	{
		size_t bit = 0;

		for (int i = 0; i < m; i++, bit += width)
			value[i] = ((load_u64(p + (bit >> 3)) >> (bit & 7)) & mask) + base;
	}
	else
	{
		for (int i = 0; i < m; i++)
			value[i] = get_bits(p, i, width) + base;
	}
}

bool
chunk_block_get(ChunkReader *reader, uint64_t *value, int m, bool with_shift)
{
	int head;
	int width;
	int shift = 0;
	uint64_t word;

	if (reader->zero_blocks > 0)
	{
		reader->zero_blocks--;
		memset(value, 0, m * sizeof(*value));
		return true;
	}
	if (!has_bytes(reader, 2))
		return false;
	head = *reader->p++;
	if (head == HEAD_RUN)
	{
		reader->zero_blocks = *reader->p++;
		memset(value, 0, m * sizeof(*value));
		return true;
	}
	width = head & ~HEAD_PATCHED;
	if (width > 64)
		return false;
	if (with_shift)
	{
		shift = *reader->p++;
		if (shift > 63)
			return false;
	}
	reader->p = get_varint(reader->p, reader->end, &word);
	if (reader->p == NULL || !has_bytes(reader, packed_size(m, width)))
		return false;
	unpack(reader->p, value, m, width, (uint64_t) unzigzag(word) << base_shift(width));
	reader->p += packed_size(m, width);
	if ((head & HEAD_PATCHED) != 0 && !apply_patches(reader, value, m, width))
		return false;
	if (shift > 0)
		for (int i = 0; i < m; i++)
			value[i] <<= shift;
	return true;
}
