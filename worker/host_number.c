/*
 * host_number.c: numbers and their texts.
 *
 * The shortest text of a float is found by printing it with more and more digits until it reads as the
 * same value: 15, 16 and 17 digits (6 to 9 of single precision), where the first drops trailing zeros. Numbers near zero
 * have fewer digits.
 */
#include "host_number.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A double of 17 digits with sign, point and exponent, and more than enough. */
#define SHORT_TEXT 40

/* Longest text of a number that is read. */
#define NUMBER_TEXT_MAX 2000

int64_t
wk_float_to_int(double value)
{
	if (isnan(value) || value < -9223372036854775808.0 || value >= 9223372036854775808.0)
		return INT64_MIN;
	return (int64_t) value;
}

/* ---- text to number ---- */

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return 99;
}

/* Copies digits at *p; underscores between digits are dropped. False: one is not between digits. */
static bool
copy_digits(const char **p, const char *end, int base, char *out, size_t *len, size_t *digits)
{
	bool after_digit = false;

	for (; *p < end; (*p)++)
	{
		if (**p == '_')
		{
			if (!after_digit || *p + 1 == end || digit_of((*p)[1]) >= base)
				return false;
			after_digit = false;
			continue;
		}
		if (digit_of(**p) >= base)
			break;
		out[(*len)++] = **p;
		(*digits)++;
		after_digit = true;
	}
	return true;
}

/* A number's text as strtod() takes it, without underscores, when the grammar allows it. */
static bool
clean_float(const char *p, const char *end, char *out)
{
	size_t len = 0;
	size_t digits = 0;
	int base = 10;
	bool has_exponent = false;

	if (p < end && (*p == '+' || *p == '-'))
		out[len++] = *p++;
	if (end - p >= 2 && p[0] == '0' && (p[1] | 0x20) == 'x')
	{
		base = 16;
		out[len++] = *p++;
		out[len++] = *p++;
		if (p < end && *p == '_')
			p++;
	}
	if (!copy_digits(&p, end, base, out, &len, &digits))
		return false;
	if (p < end && *p == '.')
	{
		out[len++] = *p++;
		if (!copy_digits(&p, end, base, out, &len, &digits))
			return false;
	}
	if (digits == 0)
		return false;
	if (p < end && (*p | 0x20) == (base == 16 ? 'p' : 'e'))
	{
		has_exponent = true;
		digits = 0;
		out[len++] = *p++;
		if (p < end && (*p == '+' || *p == '-'))
			out[len++] = *p++;
		if (!copy_digits(&p, end, 10, out, &len, &digits) || digits == 0)
			return false;
	}
	out[len] = '\0';
	return p == end && (base == 10 || has_exponent);
}

static bool
parse_special(const char *data, size_t len, double *out)
{
	bool is_signed = len > 0 && (data[0] == '+' || data[0] == '-');
	const char *word = is_signed ? data + 1 : data;
	size_t n = is_signed ? len - 1 : len;

	if ((n == 3 && strncasecmp(word, "inf", 3) == 0) ||
		(n == 8 && strncasecmp(word, "infinity", 8) == 0))
		*out = data[0] == '-' ? -INFINITY : INFINITY;
	else if (n == 3 && strncasecmp(word, "nan", 3) == 0)
		*out = NAN;
	else
		return false;
	return true;
}

WkNumberResult
wk_parse_float(const char *data, size_t len, int bits, double *out)
{
	char text[NUMBER_TEXT_MAX + 1];

	if (parse_special(data, len, out))
		return WK_NUMBER_OK;
	if (len == 0 || len > NUMBER_TEXT_MAX || !clean_float(data, data + len, text))
		return WK_NUMBER_SYNTAX;
	*out = bits == 32 ? (double) strtof(text, NULL) : strtod(text, NULL);
	return isinf(*out) ? WK_NUMBER_RANGE : WK_NUMBER_OK;
}

/* The base that a prefix at *p names; *p moves behind it. */
static int
base_of_prefix(const char **p, const char *end)
{
	if (end - *p >= 2 && **p == '0')
	{
		char kind = (char) ((*p)[1] | 0x20);

		if (kind == 'x' || kind == 'o' || kind == 'b')
		{
			*p += 2;
			return kind == 'x' ? 16 : kind == 'o' ? 8 : 2;
		}
		return 8;
	}
	return 10;
}

static WkNumberResult
parse_digits(const char *p, const char *end, int base, bool underscores, uint64_t most,
			 uint64_t *out)
{
	bool is_over = false;
	bool after_digit = underscores && p < end && *p == '_'; /* behind a prefix */
	size_t digits = 0;

	*out = 0;
	for (; p < end; p++)
	{
		int digit = digit_of(*p);

		if (*p == '_' && underscores)
		{
			if (!after_digit || p + 1 == end)
				return WK_NUMBER_SYNTAX;
			after_digit = false;
			continue;
		}
		if (digit >= base)
			return WK_NUMBER_SYNTAX;
		after_digit = true;
		digits++;
		if (*out > most / (uint64_t) base || *out * (uint64_t) base > most - (uint64_t) digit)
			is_over = true;
		else
			*out = *out * (uint64_t) base + (uint64_t) digit;
	}
	if (digits == 0)
		return WK_NUMBER_SYNTAX;
	if (is_over)
		*out = most;
	return is_over ? WK_NUMBER_RANGE : WK_NUMBER_OK;
}

WkNumberResult
wk_parse_int(const char *data, size_t len, int base, int bits, int64_t *out)
{
	const char *p = data;
	const char *end = data + len;
	bool is_negative = len > 0 && *p == '-';
	bool underscores = base == 0;
	bool by_prefix;
	uint64_t most;
	uint64_t value;
	WkNumberResult result;

	if (len > 0 && (*p == '-' || *p == '+'))
		p++;
	if (p == end)
		return WK_NUMBER_SYNTAX;
	if (base != 0 && (base < 2 || base > 36))
		return WK_NUMBER_BASE;
	if (bits < 0 || bits > 64)
		return WK_NUMBER_BITS;
	by_prefix = base == 0;
	if (by_prefix)
		base = base_of_prefix(&p, end);
	/* An underscore may stand behind a prefix, not at the beginning of a plain number. */
	if (by_prefix && base == 10 && p < end && *p == '_')
		return WK_NUMBER_SYNTAX;
	most = (UINT64_C(1) << ((bits == 0 ? 64 : bits) - 1)) - (is_negative ? 0 : 1);
	result = parse_digits(p, end, base, underscores, most, &value);
	*out = (int64_t) (is_negative ? 0 - value : value);
	return result;
}

/* ---- number to text ---- */

void
wk_append_int(ShcBuf *out, int64_t value, int base)
{
	char text[66];
	char *p = text + sizeof(text);
	uint64_t rest = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;

	do
	{
		*--p = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % (uint64_t) base];
		rest /= (uint64_t) base;
	} while (rest != 0);
	if (value < 0)
		*--p = '-';
	shc_buf_append(out, p, (size_t) (text + sizeof(text) - p));
}

/*
 * The digits of a finite, positive value, without point or trailing zeros, and the exponent of the
 * first: d.ddd * 10^exponent.
 */
static void
shortest_digits(double value, int bits, char digits[SHORT_TEXT], int *exponent)
{
	bool is_denormal = value < (bits == 32 ? (double) FLT_MIN : DBL_MIN);
	int first = is_denormal ? 1 : bits == 32 ? 6 : 15;
	int last = bits == 32 ? 9 : 17;
	char text[SHORT_TEXT] = "0e0";
	size_t n = 0;
	char *e;

	for (int count = first; count <= last; count++)
	{
		snprintf(text, sizeof(text), "%.*e", count - 1, value);
		if (bits == 32 ? strtof(text, NULL) == (float) value : strtod(text, NULL) == value)
			break;
	}
	e = strchr(text, 'e');
	*exponent = (int) strtol(e + 1, NULL, 10);
	for (char *p = text; p < e; p++)
		if (*p != '.')
			digits[n++] = *p;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
}

static void
append_zeros(ShcBuf *out, int n)
{
	for (int i = 0; i < n; i++)
		shc_buf_append(out, "0", 1);
}

static void
append_shortest_f(ShcBuf *out, const char *digits, int exponent)
{
	int n = (int) strlen(digits);

	if (exponent < 0)
	{
		shc_buf_append(out, "0.", 2);
		append_zeros(out, -exponent - 1);
		shc_buf_puts(out, digits);
	}
	else if (exponent >= n - 1)
	{
		shc_buf_puts(out, digits);
		append_zeros(out, exponent - n + 1);
	}
	else
		shc_buf_printf(out, "%.*s.%s", exponent + 1, digits, digits + exponent + 1);
}

static void
append_shortest_e(ShcBuf *out, const char *digits, int exponent, char letter)
{
	shc_buf_append(out, digits, 1);
	if (digits[1] != '\0')
		shc_buf_printf(out, ".%s", digits + 1);
	shc_buf_printf(out, "%c%c%02d", letter, exponent < 0 ? '-' : '+', abs(exponent));
}

static void
append_shortest(ShcBuf *out, double value, char format, int bits)
{
	char digits[SHORT_TEXT] = "0";
	int exponent;

	shortest_digits(value, bits, digits, &exponent);
	if (format == 'e' || format == 'E')
		append_shortest_e(out, digits, exponent, format);
	else if ((format == 'g' || format == 'G') && (exponent < -4 || exponent >= 6))
		append_shortest_e(out, digits, exponent, format == 'g' ? 'e' : 'E');
	else
		append_shortest_f(out, digits, exponent);
}

/* mantissa * 2^exponent, as mantissa p exponent */
static void
append_binary(ShcBuf *out, double value, int bits)
{
	int mantissa_bits = bits == 32 ? 24 : 53;
	int least = bits == 32 ? -149 : -1074;
	int exponent;
	double fraction = frexp(value, &exponent);
	uint64_t mantissa;

	exponent -= mantissa_bits;
	if (value == 0 || exponent < least)
	{
		mantissa = (uint64_t) ldexp(fraction, mantissa_bits - (value == 0 ? 0 : least - exponent));
		exponent = least;
	}
	else
		mantissa = (uint64_t) ldexp(fraction, mantissa_bits);
	shc_buf_printf(out, "%llup%+d", (unsigned long long) mantissa, exponent);
}

static void
append_hexadecimal(ShcBuf *out, double value, char format, int precision)
{
	int exponent = 0;
	double fraction = value == 0 ? 0 : frexp(value, &exponent) * 2;
	ShcBuf text;
	char *p;

	exponent = value == 0 ? 0 : exponent - 1;
	shc_buf_init(&text, out->max);
	if (precision < 0)
		shc_buf_printf(&text, "%a", fraction);
	else
		shc_buf_printf(&text, "%.*a", precision, fraction);
	p = text.failed ? NULL : strchr(text.data, 'p');
	if (p == NULL)
		out->failed = true;
	else
	{
		/* Rounded up to the next power of two. */
		if (text.data[2] == '2')
		{
			text.data[2] = '1';
			exponent++;
		}
		*p = '\0';
		if (format == 'X')
			for (char *c = text.data; *c != '\0'; c++)
				*c = (char) (*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
		shc_buf_printf(out, "%s%c%c%02d", text.data, format == 'x' ? 'p' : 'P',
					   exponent < 0 ? '-' : '+', abs(exponent));
	}
	shc_buf_free(&text);
}

static void
append_precise(ShcBuf *out, double value, char format, int precision)
{
	char pattern[] = "%.*_";

	if (precision > WK_PRECISION_MAX)
		precision = WK_PRECISION_MAX;
	pattern[3] = format;
	/* The pattern is one of %.*e %.*E %.*f %.*F %.*g %.*G. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	shc_buf_printf(out, pattern, precision, value);
#pragma GCC diagnostic pop
}

void
wk_append_float(ShcBuf *out, double value, char format, int precision, int bits)
{
	if (isnan(value))
	{
		shc_buf_puts(out, "NaN");
		return;
	}
	if (isinf(value))
	{
		shc_buf_puts(out, value < 0 ? "-Inf" : "+Inf");
		return;
	}
	if (signbit(value))
		shc_buf_append(out, "-", 1);
	value = fabs(value);
	if (format == 'b')
		append_binary(out, value, bits);
	else if (format == 'x' || format == 'X')
		append_hexadecimal(out, value, format, precision);
	else if (precision < 0)
		append_shortest(out, value, format, bits);
	else
		append_precise(out, value, format, precision);
}
