/*
 * chunk_checksum.c: CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), by the processor where it
 * can, else by tables of eight bytes a step.
 *
 * Slicing by 8: M. Kounavis, F. Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC
 * Generation" (IEEE Transactions on Computers 57, 2008).
 */
#include "chunk_internal.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

static uint32_t table[8][256];

static void
fill_table(void)
{
	for (uint32_t i = 0; i < 256; i++)
	{
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
		table[0][i] = crc;
	}
	/* From the slowest table up, so that table[7][255] is set last and tells that all is there. */
	for (int slice = 1; slice < 8; slice++)
		for (int i = 0; i < 256; i++)
			table[slice][i] = (table[slice - 1][i] >> 8) ^ table[0][table[slice - 1][i] & 0xff];
}

uint32_t
chunk_crc_by_table(uint32_t crc, const uint8_t *p, size_t len)
{
	if (table[7][255] == 0)
		fill_table();
	for (; len >= 8; p += 8, len -= 8)
	{
		uint64_t word = load_u64(p) ^ crc;

		crc = table[7][word & 0xff] ^ table[6][(word >> 8) & 0xff] ^ table[5][(word >> 16) & 0xff] ^
			  table[4][(word >> 24) & 0xff] ^ table[3][(word >> 32) & 0xff] ^
			  table[2][(word >> 40) & 0xff] ^ table[1][(word >> 48) & 0xff] ^ table[0][word >> 56];
	}
	for (; len > 0; p++, len--)
		crc = (crc >> 8) ^ table[0][(crc ^ *p) & 0xff];
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
crc_by_processor(uint32_t crc, const uint8_t *p, size_t len)
{
	uint64_t wide = crc;

	for (; len >= 8; p += 8, len -= 8)
		wide = _mm_crc32_u64(wide, load_u64(p));
	crc = (uint32_t) wide;
	for (; len > 0; p++, len--)
		crc = _mm_crc32_u8(crc, *p);
	return crc;
}
#endif

static uint32_t
crc_continue(uint32_t crc, const uint8_t *p, size_t len)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return crc_by_processor(crc, p, len);
#endif
	return chunk_crc_by_table(crc, p, len);
}

uint32_t
chunk_checksum(const uint8_t *data, size_t len)
{
	uint32_t crc = crc_continue(0xffffffffU, data, CHUNK_CHECKSUM_AT);

	return ~crc_continue(crc, data + CHUNK_FIXED_SIZE, len - CHUNK_FIXED_SIZE);
}
