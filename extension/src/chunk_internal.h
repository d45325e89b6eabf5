/*
 * chunk_internal.h: shared by the files of the codec only. The format is described in chunk.c.
 */
#ifndef SH_CHUNK_INTERNAL_H
#define SH_CHUNK_INTERNAL_H

#include "chunk.h"
#include "chunk_bits.h"

#define CHUNK_BLOCK	 64
#define CHUNK_BLOCKS (SH_CHUNK_MAX_POINTS / CHUNK_BLOCK)

/* Greatest decimal scale, and the limit of scaled integers: 15 digits identify a double. */
#define CHUNK_MAX_SCALE	 9
#define CHUNK_MAX_SCALED INT64_C(999999999999999)

/* Byte 0: the version in the low half, the decimal scale in the high one. Byte 1: these fields. */
#define CHUNK_VERSION_MASK 0x0f
#define CHUNK_METHOD_MASK  0x03 /* ChunkMethod */
#define CHUNK_TIME_SHIFT   2	/* ChunkTime */
#define CHUNK_TIME_MASK	   0x03
#define CHUNK_UNIT_SHIFT   4 /* ChunkUnit */
#define CHUNK_UNIT_MASK	   0x03
#define CHUNK_NOT_FINITE   0x40 /* some value is not finite: no minimum, no maximum */
#define CHUNK_EXCEPTIONS   0x80 /* scaled only: lists of exceptions follow the blocks */

/* The checksum stands behind them and covers everything else. */
#define CHUNK_CHECKSUM_AT 2
#define CHUNK_FIXED_SIZE  6

/* Version, checksum, n; three timestamps; five values as integer and difference. */
#define CHUNK_HEADER_MAX (CHUNK_FIXED_SIZE + 3 * SH_VARINT_MAX + 10 * SH_VARINT_MAX)

typedef enum ChunkMethod
{
	CHUNK_SCALED,
	CHUNK_XOR,
	CHUNK_RAW
} ChunkMethod;

typedef enum ChunkTime
{
	CHUNK_CONSTANT_STEP,
	CHUNK_STEPS,
	CHUNK_STEP_CHANGES
} ChunkTime;

typedef enum ChunkUnit
{
	CHUNK_SECOND,
	CHUNK_MILLISECOND,
	CHUNK_MICROSECOND
} ChunkUnit;

/* A value as the header of a scaled chunk has it: the double of scaled / 10^scale, plus a difference
 * of the bit patterns. */
typedef struct ChunkNumber
{
	int64_t scaled;
	int64_t difference;
} ChunkNumber;

/* Everything before the blocks, but for the checksum. */
typedef struct ChunkHeader
{
	int scale;
	ChunkMethod method;
	ChunkTime time;
	ChunkUnit unit;
	bool has_exceptions;
	bool is_finite;
	ShChunkSummary summary;
	/* scaled only */
	ChunkNumber first;
	ChunkNumber last;
	ChunkNumber min;
	ChunkNumber max;
} ChunkHeader;

extern const int64_t chunk_unit_length[3];
extern const double chunk_power[CHUNK_MAX_SCALE + 1];

/* CRC-32C of the bytes of a chunk without its checksum field. */
extern uint32_t chunk_checksum(const uint8_t *data, size_t len);

/* One step of it without the processor's help; for tests beside chunk_checksum(). */
extern uint32_t chunk_crc_by_table(uint32_t crc, const uint8_t *p, size_t len);

extern size_t chunk_header_size(const ChunkHeader *header);
extern uint8_t *chunk_header_put(uint8_t *p, const ChunkHeader *header);

/* Returns the end of the header; NULL when the bytes are not one. */
extern const uint8_t *chunk_header_get(const uint8_t *data, size_t len, ChunkHeader *header);

/*
 * A block of m (1..CHUNK_BLOCK) integers, in two's complement: packed in few bits, outliers apart.
 * chunk_block_put() needs CHUNK_BLOCK_MAX bytes of room and returns the end. with_shift: a byte tells
 * how many low zero bits all values have. *run is the position of a run of zero blocks right before p,
 * NULL when there is none.
 */
#define CHUNK_BLOCK_MAX (24 + 8 * CHUNK_BLOCK + 10 + 8 * CHUNK_BLOCK)
extern uint8_t *
chunk_block_put(uint8_t *p, const uint64_t *value, int m, bool with_shift, uint8_t **run);

/* Where chunk_blocks_get() is. `end` is followed by CHUNK_PADDING readable bytes. */
#define CHUNK_PADDING 16
typedef struct ChunkReader
{
	const uint8_t *p;
	const uint8_t *end;
	int zero_blocks; /* left of a run */
} ChunkReader;

extern bool chunk_block_get(ChunkReader *reader, uint64_t *value, int m, bool with_shift);

/* Exceptions of one block: bit i of `set` for value i, and their differences in that order. */
#define CHUNK_LIST_MAX (2 + 8 + 8 * CHUNK_BLOCK)
extern uint8_t *chunk_list_put(uint8_t *p, uint64_t set, const uint64_t *difference, int m);
extern bool chunk_list_get(ChunkReader *reader, uint64_t *set, uint64_t *difference, int m);

#endif
