/*
 * host_number.h: numbers and their texts.
 */
#ifndef SH_WORKER_HOST_NUMBER_H
#define SH_WORKER_HOST_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

typedef enum WkNumberResult
{
	WK_NUMBER_OK,
	WK_NUMBER_SYNTAX,
	WK_NUMBER_RANGE, /* *out is the nearest that there is */
	WK_NUMBER_BASE,
	WK_NUMBER_BITS
} WkNumberResult;

/* Towards zero; what is not a number, or does not fit, is the least integer. */
extern int64_t wk_float_to_int(double value);

/* Decimal or hexadecimal, inf, nan; underscores between digits. bits 32 rounds to single precision. */
extern WkNumberResult wk_parse_float(const char *data, size_t len, int bits, double *out);

/* base 2..36, or 0: by prefix (0x, 0o, 0b, 0), with underscores. bits 0..64; 0 means 64. */
extern WkNumberResult wk_parse_int(const char *data, size_t len, int base, int bits, int64_t *out);

/* base 2..36 */
extern void wk_append_int(ShcBuf *out, int64_t value, int base);

/* The most digits that a precision may ask for. */
#define WK_PRECISION_MAX 1000000

/*
 * format: b e E f F g G x X. precision -1: as many digits as it takes to read the same value again.
 * bits: 32 or 64.
 */
extern void wk_append_float(ShcBuf *out, double value, char format, int precision, int bits);

#endif
