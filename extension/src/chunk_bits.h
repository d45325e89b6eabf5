/*
 * chunk_bits.h: zigzag and variable-length integers, for the codec only.
 */
#ifndef SH_CHUNK_BITS_H
#define SH_CHUNK_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "words.h"

/* Longest variable-length integer: 64 bits, seven in a byte. */
#define SH_VARINT_MAX 10

static inline uint64_t
bits_of_double(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline double
double_of_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline uint64_t
zigzag(int64_t value)
{
	return ((uint64_t) value << 1) ^ (uint64_t) (value >> 63);
}

static inline int64_t
unzigzag(uint64_t word)
{
	return (int64_t) (word >> 1) ^ -(int64_t) (word & 1);
}

/* How many bits the value takes: 0 for 0, 64 for the highest. */
static inline int
bit_length(uint64_t word)
{
	return word == 0 ? 0 : 64 - __builtin_clzll(word);
}

static inline int
varint_size(uint64_t word)
{
	return (bit_length(word | 1) + 6) / 7;
}

static inline uint8_t *
put_varint(uint8_t *p, uint64_t word)
{
	while (word >= 0x80)
	{
		*p++ = (uint8_t) (word | 0x80);
		word >>= 7;
	}
	*p++ = (uint8_t) word;
	return p;
}

/* NULL when the integer does not end before `end`, or has more than 64 bits. */
static inline const uint8_t *
get_varint(const uint8_t *p, const uint8_t *end, uint64_t *word)
{
	uint64_t value = 0;

	for (int shift = 0; shift < 70 && p < end; shift += 7)
	{
		uint8_t byte = *p++;

		if (shift == 63 && byte > 1)
			return NULL;
		value |= (uint64_t) (byte & 0x7f) << shift;
		if (byte < 0x80)
		{
			*word = value;
			return p;
		}
	}
	return NULL;
}

/* Writes n values of `width` bits one after the other, the last byte filled up with zeros. */
static inline uint8_t *
put_bits(uint8_t *p, const uint64_t *value, int n, int width)
{
	uint64_t word = 0;
	int filled = 0;

	if (width == 0)
		return p;
	for (int i = 0; i < n; i++)
	{
		word |= value[i] << filled;
		filled += width;
		if (filled >= 64)
		{
			store_u64(p, word);
			p += 8;
			filled -= 64;
			/* What did not fit; a shift by 64 would be undefined. */
			word = filled == 0 ? 0 : value[i] >> (width - filled);
		}
	}
	for (; filled > 0; filled -= 8)
	{
		*p++ = (uint8_t) word;
		word >>= 8;
	}
	return p;
}

static inline size_t
packed_size(int n, int width)
{
	return ((size_t) n * width + 7) / 8;
}

/* Reads value i of those that put_bits() wrote. Reads up to 16 bytes from its first byte on. */
static inline uint64_t
get_bits(const uint8_t *p, int i, int width)
{
	size_t bit = (size_t) i * width;
	int skip = bit & 7;
	uint64_t word = load_u64(p + (bit >> 3)) >> skip;

	if (skip + width > 64)
		word |= (uint64_t) p[(bit >> 3) + 8] << (64 - skip);
	return width == 64 ? word : word & (((uint64_t) 1 << width) - 1);
}

#endif
