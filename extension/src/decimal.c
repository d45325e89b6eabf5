/*
 * decimal.c: doubles in text, both ways.
 *
 * Parsing, for a number of w * 10^q with at most 19 digits in w:
 *   W. Clinger, "How to Read Floating Point Numbers Accurately" (PLDI 1990): exact by one operation
 *   while w and the power of ten are doubles;
 *   D. Lemire, "Number Parsing at a Gigabyte per Second" (Software: Practice and Experience 51, 2021),
 *   after M. Eisel: by a product of 128 bits, for q in the range of the table.
 * Everything else goes to strtod(): exponents far out, and digits beyond the nineteenth that matter.
 */
#include "decimal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/shortest_dec.h"

#include "decimal_powers.h"
#include "digits.h"

/* 10^19 - 1 is the largest number of all nines in 64 bits. */
#define MAX_DIGITS 19

/* No double, nor a tie between two, needs more digits than this (767) to be told from its neighbours. */
#define MAX_SIGNIFICANT 800

/* Exponents beyond are all the same: zero or too large. */
#define EXPONENT_LIMIT 100000000

#define MAX_SCALED	   INT64_C(999999999999999)

/* Adding it rounds a double of less than 2^51 to an integer, and leaves that in the low bits. */
#define ROUNDING 6755399441055744.0

static const double powers_of_ten[] = {1e0,	 1e1,  1e2,	 1e3,  1e4,	 1e5,  1e6,	 1e7,
									   1e8,	 1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
									   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static inline uint64_t
bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* ---- parsing ---- */

/* A number as it stands in the text. */
typedef struct Number
{
	bool negative;
	const char *whole; /* digits before and behind the point */
	int whole_len;
	const char *fraction;
	int fraction_len;
	int exponent;	 /* as written */
	uint64_t digits; /* the first 19 significant ones */
	int power;		 /* value is digits * 10^power, but for what was cut off */
	bool cut;		 /* there were more digits, not all zero */
} Number;

/* Clinger's fast path: false where it is not exact. */
static bool
by_one_operation(uint64_t digits, int power, double *value)
{
	if (digits > UINT64_C(1) << 53 || power < -22 || power > 22)
		return false;
	*value = power < 0 ? (double) digits / powers_of_ten[-power]
					   : (double) digits * powers_of_ten[power];
	return true;
}

/*
 * Lemire's method, for digits > 0 and powers of the table: there the result is neither subnormal nor
 * infinite. False where the product does not decide.
 */
static bool
by_product(uint64_t digits, int power, double *value)
{
	const uint64_t *five = powers_of_five[power - SMALLEST_POWER];
	int zeros = __builtin_clzll(digits);
	unsigned __int128 product = (unsigned __int128) (digits << zeros) * five[0];
	uint64_t low = (uint64_t) product;
	uint64_t high = (uint64_t) (product >> 64);
	int top;
	uint64_t mantissa;
	int exponent;
	uint64_t bits;

	/* Nine bits below the mantissa and its rounding bits are left: all ones may hide a carry. */
	if ((high & 0x1ff) == 0x1ff)
	{
		uint64_t more = (uint64_t) (((unsigned __int128) (digits << zeros) * five[1]) >> 64);

		low += more;
		high += low < more;
		if (low == UINT64_MAX && (power < -27 || power > 55))
			return false;
	}
	top = (int) (high >> 63);
	mantissa = high >> (top + 9); /* 54 bits: one for rounding */
	/* floor(power * log2(10)) by a fraction that is good for the range, then the bias. */
	exponent = ((217706 * power) >> 16) + 63 + top - zeros + 1023;

	/* Exactly between two doubles: to the even one. Only small powers make exact products. */
	if (low <= 1 && power >= -4 && power <= 23 && (mantissa & 3) == 1 &&
		mantissa << (top + 9) == high)
		mantissa--;
	mantissa += mantissa & 1;
	mantissa >>= 1;
	if (mantissa >> 53 != 0)
	{
		mantissa >>= 1;
		exponent++;
	}
	bits = (mantissa & ~(UINT64_C(1) << 52)) | (uint64_t) exponent << 52;
	memcpy(value, &bits, sizeof(*value));
	return true;
}

/*
 * The exact way for any number: strtod() on its digits, without a point, which depends on the locale.
 * Digits that no double can depend on are replaced by a single 1.
 */
static double
by_strtod(const Number *number)
{
	char text[MAX_SIGNIFICANT + 32];
	int n = 0;
	bool rest = false;
	int64_t exponent = number->exponent;
	int total = number->whole_len + number->fraction_len;

	for (int i = 0; i < total; i++)
	{
		char c = i < number->whole_len ? number->whole[i] : number->fraction[i - number->whole_len];

		if (n == 0 && c == '0')
			continue;
		if (n < MAX_SIGNIFICANT)
			text[n++] = c;
		else
		{
			rest |= c != '0';
			exponent++;
		}
	}
	exponent -= number->fraction_len;
	if (n == 0)
		return 0;
	if (rest)
	{
		text[n++] = '1';
		exponent--;
	}
	/* Far enough that no number of digits brings it back. */
	if (exponent > EXPONENT_LIMIT)
		exponent = EXPONENT_LIMIT;
	if (exponent < -EXPONENT_LIMIT)
		exponent = -EXPONENT_LIMIT;
	text[n++] = 'e';
	if (exponent < 0)
		text[n++] = '-';
	*sh_decimal_print_scaled(text + n, exponent < 0 ? -exponent : exponent, 0) = '\0';
	return strtod(text, NULL);
}

/* Takes the significant digits of a run of digits into the number. */
static const char *
scan_digits(const char *p, const char *end, Number *number, int *used)
{
	uint64_t digits = number->digits;

	for (; p < end && is_digit(*p); p++)
	{
		if (*used < MAX_DIGITS)
		{
			digits = digits * 10 + (uint64_t) (*p - '0');
			*used += digits != 0;
		}
		else
		{
			number->cut |= *p != '0';
			number->power++;
		}
	}
	number->digits = digits;
	return p;
}

static const char *
scan_exponent(const char *p, const char *end, Number *number)
{
	bool negative = false;
	int exponent = 0;

	if (p < end && (*p == '+' || *p == '-'))
		negative = *p++ == '-';
	if (p == end || !is_digit(*p))
		return NULL;
	for (; p < end && is_digit(*p); p++)
		if (exponent < EXPONENT_LIMIT)
			exponent = exponent * 10 + (*p - '0');
	number->exponent = negative ? -exponent : exponent;
	return p;
}

/* Reads a number by the grammar of JSON; returns its end, NULL when there is none. */
static const char *
scan(const char *p, const char *end, Number *number)
{
	int used = 0;

	number->negative = p < end && *p == '-';
	if (number->negative)
		p++;
	if (p == end || !is_digit(*p))
		return NULL;
	number->whole = p;
	if (*p == '0')
		p++;
	else
		p = scan_digits(p, end, number, &used);
	number->whole_len = (int) (p - number->whole);
	if (p < end && *p == '.')
	{
		p++;
		number->fraction = p;
		p = scan_digits(p, end, number, &used);
		number->fraction_len = (int) (p - number->fraction);
		if (number->fraction_len == 0)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E'))
		p = scan_exponent(p + 1, end, number);
	number->power += number->exponent - number->fraction_len;
	return p;
}

bool
sh_decimal_from_digits(uint64_t digits, int power, double *value)
{
	return by_one_operation(digits, power, value) ||
		   (digits != 0 && power >= SMALLEST_POWER && power <= LARGEST_POWER &&
			by_product(digits, power, value));
}

bool
sh_decimal_parse(const char **p, const char *end, double *value)
{
	Number number = {0};
	const char *behind = scan(*p, end, &number);
	double result;

	if (behind == NULL)
	{
		*value = NAN;
		return false;
	}
	*p = behind;
	if (number.cut || !by_one_operation(number.digits, number.power, &result))
	{
		bool in_table =
			number.digits != 0 && number.power >= SMALLEST_POWER && number.power <= LARGEST_POWER;
		double above;

		/* With digits cut off the value lies between two neighbours: often the same double. */
		if (!in_table || !by_product(number.digits, number.power, &result) ||
			(number.cut &&
			 (!by_product(number.digits + 1, number.power, &above) || above != result)))
			result = by_strtod(&number);
	}
	*value = number.negative ? -result : result;
	return isfinite(result);
}

/* ---- printing ---- */

static inline int
count_digits(uint64_t value)
{
	int n = 1;

	for (; value >= 10000; value /= 10000)
		n += 4;
	return n + (value >= 10) + (value >= 100) + (value >= 1000);
}

/* Prints n digits of a value, with leading zeros. */
static inline void
put_digits(char *p, uint64_t value, int n)
{
	while (n >= 2)
	{
		n -= 2;
		put_two(p + n, (unsigned) (value % 100));
		value /= 100;
	}
	if (n == 1)
		*p = (char) ('0' + value % 10);
}

char *
sh_decimal_print_scaled(char *p, int64_t scaled, int scale)
{
	static const uint32_t powers[] = {1,	  10,	   100,		 1000,		10000,
									  100000, 1000000, 10000000, 100000000, 1000000000};
	uint64_t value = scaled < 0 ? 0 - (uint64_t) scaled : (uint64_t) scaled;
	uint64_t whole;
	int n;

	if (scaled < 0)
		*p++ = '-';
	if (scale == 0)
	{
		n = count_digits(value);
		put_digits(p, value, n);
		return p + n;
	}
	whole = value / powers[scale];
	value -= whole * powers[scale];
	n = count_digits(whole);
	put_digits(p, whole, n);
	p += n;
	if (value == 0)
		return p;
	*p++ = '.';
	put_digits(p, value, scale);
	p += scale;
	while (p[-1] == '0')
		p--;
	return p;
}

/* Whether value is scaled / 10^scale exactly, with few enough digits to be the shortest such text. */
static inline bool
has_scale(double value, int scale, int64_t *scaled)
{
	double rounded = value * powers_of_ten[scale] + ROUNDING;
	double whole = rounded - ROUNDING;

	*scaled = (int64_t) (bits_of(rounded) - bits_of(ROUNDING));
	return fabs(whole) <= (double) MAX_SCALED &&
		   bits_of(whole / powers_of_ten[scale]) == bits_of(value);
}

char *
sh_decimal_print(char *p, double value)
{
	int64_t scaled;

	/* Short decimals, by far the most; fewer digits are found first, but all forms are the same. */
	for (int scale = 0; scale <= 3; scale++)
		if (has_scale(value, scale, &scaled))
			return sh_decimal_print_scaled(p, scaled, scale);
	/* Small numbers that a chunk may hold as scaled integers are printed as those are: 0.00001. */
	if (fabs(value) < 1e-4 && has_scale(value, 9, &scaled))
		return sh_decimal_print_scaled(p, scaled, 9);
	return p + double_to_shortest_decimal_bufn(value, p);
}
