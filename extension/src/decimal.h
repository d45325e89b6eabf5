/*
 * decimal.h: doubles in text. Plain C but for PostgreSQL's shortest-decimal routine (libpgcommon).
 */
#ifndef SH_DECIMAL_H
#define SH_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SH_DECIMAL_MAX 32

/*
 * Parses a JSON number at *p (not beyond end) to the nearest double. Moves *p behind it. False:
 * no JSON number starts there, or it is beyond the range of a double.
 */
extern bool sh_decimal_parse(const char **p, const char *end, double *value);

/*
 * The double nearest to digits * 10^power, for up to 19 digits. False where this needs to know more
 * than that: then sh_decimal_parse() does.
 */
extern bool sh_decimal_from_digits(uint64_t digits, int power, double *value);

/* Shortest decimal that reads back as the same double; finite values only. Returns the end. */
extern char *sh_decimal_print(char *p, double value);

/* Prints scaled / 10^scale (scale 0..9) without trailing zeros of the fraction. Returns the end. */
extern char *sh_decimal_print_scaled(char *p, int64_t scaled, int scale);

#endif
