/*
 * digits.h: decimal digits, for parsers, and the two of each number below 100, for printers. Plain C.
 */
#ifndef SH_DIGITS_H
#define SH_DIGITS_H

#include <stdbool.h>
#include <string.h>

static inline bool
is_digit(char c)
{
	return (unsigned char) (c - '0') < 10;
}

static const char sh_two_digits[] = "00010203040506070809101112131415161718192021222324"
									"25262728293031323334353637383940414243444546474849"
									"50515253545556575859606162636465666768697071727374"
									"75767778798081828384858687888990919293949596979899";

/* Prints value, 0 to 99, with a leading zero; returns the end. */
static inline char *
put_two(char *p, unsigned value)
{
	memcpy(p, sh_two_digits + 2 * value, 2);
	return p + 2;
}

#endif
