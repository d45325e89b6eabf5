/*
 * test_decimal.c: numbers in text against strtod() and the C library's printing.
 *
 * ROUNDS: how many random numbers (default 1,000,000).
 */
#include "decimal.h"

#include <ctype.h>
#include <math.h>

#include "tap.h"

static uint64_t state;

static uint64_t
bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static double
double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Parses a text that is a number as a whole; from an exact-size copy, so that reading on is seen. */
static bool
parses(const char *text, double *value)
{
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);
	const char *p = copy;
	bool good;

	memcpy(copy, text, len);
	good = sh_decimal_parse(&p, copy + len, value) && p == copy + len;
	free(copy);
	return good;
}

static bool
same_as_strtod(const char *text)
{
	double got = 0;
	double expected = strtod(text, NULL);
	bool good = parses(text, &got);

	if (good != (bool) isfinite(expected) || (good && bits_of(got) != bits_of(expected)))
	{
		printf("# %.60s: %s %a, expected %a\n", text, good ? "got" : "refused", got, expected);
		return false;
	}
	return true;
}

static void
test_fixed(void)
{
	static const char *const good[] = {
		"0",
		"-0",
		"0.0",
		"-0.0e5",
		"1",
		"-1",
		"21.5",
		"0.1",
		"1e22",
		"1e23",
		"123456789012345678",
		"9007199254740993",
		"9007199254740993.0000000000000000000000000000000000000000001",
		"9007199254740992.999999999999999999999999999999999",
		"1.7976931348623157e308",
		"1.7976931348623158e308",
		"2.2250738585072011e-308",
		"2.2250738585072014e-308",
		"4.9e-324",
		"2.4703282292062327208e-324",
		"2.4703282292062328e-324",
		"1e-400",
		"0e999999999999999999",
		"1e-999999999999999999",
		"0.000000000000000000000000000000000001e36",
		"100000000000000000000000000000000000000000000000000e-50",
		"1E+2",
		"1E-2",
		"1.5e+000000003",
		"18446744073709551615",
		"18446744073709551616",
		"9999999999999999999",
		"99999999999999999999",
		"7.2057594037927933e16",
		"3.0e-60",
		"8.9e60",
		"8.9e61",
		"1e60",
		"1e-60",
		"6929495644600919.5",
		"0.500000000000000166533453693773481063544750213623046875",
		"4503599627370497.5",
		"4503599627370496.5",
		"4503599627370497.50000000000000000000000000000000000000001"};
	static const char *const refused[] = {
		"",	  "-",	 "+1",	 ".5",	  "5.",		  "1.e5",	   "1e",	 "1e+",
		"01", "-01", "0x10", "NaN",	  "Infinity", "-Infinity", "inf",	 "1_000",
		" 1", "1 ",	 "--1",	 "1e5.5", "1,5",	  "1e309",	   "-1e309", "1e99999999999"};
	char *many = malloc(2100000);

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(same_as_strtod(good[i]), "%.40s", good[i]);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
	{
		double value;

		ok(!parses(refused[i], &value), "\"%s\" is refused", refused[i]);
	}

	memset(many, '3', 2000000);
	memcpy(many, "0.", 2);
	strncpy(many + 2000000, "e5", 3);
	ok(same_as_strtod(many), "two million digits");
	memset(many + 2, '0', 1999998);
	strncpy(many + 2000000, "17e2000001", 11);
	ok(same_as_strtod(many), "two million zeros and the exponent that takes them back");
	memset(many, '0', 2000000);
	many[0] = '4';
	strncpy(many + 2000000, "e-1999995", 10);
	ok(same_as_strtod(many), "a long whole number with a negative exponent");
	free(many);
}

/* What is told apart by *value and *p when the result is false. */
static void
test_failures(void)
{
	const char *text = "1e999,";
	const char *p = text;
	double value = 0;

	ok(!sh_decimal_parse(&p, text + 6, &value) && isinf(value) && p == text + 5,
	   "out of range: infinite, and behind the number");
	text = p = "x";
	ok(!sh_decimal_parse(&p, text + 1, &value) && isnan(value) && p == text,
	   "no number: NaN, and not moved");
}

/* A number as a text, of one of many shapes. */
static void
random_text(char *text, size_t size)
{
	double value = double_of(tap_random(&state));
	int exponent = (int) (tap_random(&state) % 130) - 65;

	if (!isfinite(value))
		value = 1;
	switch (tap_random(&state) % 8)
	{
		case 0:
			snprintf(text, size, "%.17g", value);
			break;
		case 1:
			snprintf(text, size, "%.*e", (int) (tap_random(&state) % 25), value);
			break;
		case 2:
			snprintf(text, size, "%llu.%llue%d", (unsigned long long) (tap_random(&state) >> 20),
					 (unsigned long long) tap_random(&state), exponent);
			break;
		case 3:
			snprintf(text, size, "%llue%d", (unsigned long long) tap_random(&state), exponent);
			break;
		case 4:
			snprintf(text, size, "%.*f", (int) (tap_random(&state) % 20),
					 (double) (tap_random(&state) >> 11) / 9007199254740992.0 * 1000);
			break;
		case 5:
			/* Right between two doubles, and next to that. */
			snprintf(text, size, "%llu%s%s",
					 (unsigned long long) ((tap_random(&state) >> 10) | UINT64_C(1) << 53 | 1),
					 tap_random(&state) % 2 ? ".0" : ".00000000000000000000000000000001", "e0");
			break;
		case 6:
			snprintf(text, size, "%llu.5",
					 (unsigned long long) ((tap_random(&state) >> 12) | UINT64_C(1) << 52));
			break;
		default:
			snprintf(text, size, "%lld.%02d", (long long) (tap_random(&state) >> 50) - 8000,
					 (int) (tap_random(&state) % 100));
			break;
	}
}

static void
test_random(long rounds)
{
	long wrong = 0;
	char text[512];

	for (long i = 0; i < rounds && wrong < 20; i++)
	{
		random_text(text, sizeof(text));
		wrong += !same_as_strtod(text);
	}
	ok(wrong == 0, "%ld random numbers as strtod() reads them", rounds);
}

/* ---- printing ---- */

/* How many significant digits a text has. */
static int
count_digits(const char *text)
{
	int n = 0;
	int zeros = 0;

	for (; *text != '\0' && *text != 'e'; text++)
	{
		if (*text == '0' && n > 0)
			zeros++;
		else if (isdigit((unsigned char) *text) && *text != '0')
		{
			n += zeros + 1;
			zeros = 0;
		}
	}
	return n;
}

/*
 * The text reads back as the same double, and one digit less does not. Beyond 2^53 a shorter text can
 * lie exactly between two doubles: PostgreSQL's routine avoids those on purpose.
 */
static bool
prints_well(double value)
{
	char text[SH_DECIMAL_MAX + 1];
	char shorter[64];
	double again = 0;
	int digits;

	memset(text, 'x', sizeof(text));
	*sh_decimal_print(text, value) = '\0';
	digits = count_digits(text);
	snprintf(shorter, sizeof(shorter), "%.*e", digits > 2 ? digits - 2 : 0, value);
	if (!parses(text, &again) || bits_of(again) != bits_of(value) ||
		(digits > 1 && fabs(value) < 9007199254740992.0 && strtod(shorter, NULL) == value))
	{
		printf("# %a is printed as %s\n", value, text);
		return false;
	}
	return true;
}

static bool
prints_scaled(int64_t scaled, int scale)
{
	char text[SH_DECIMAL_MAX + 1];
	char same[SH_DECIMAL_MAX + 1];
	double value = (double) scaled / pow(10, scale);

	*sh_decimal_print_scaled(text, scaled, scale) = '\0';
	*sh_decimal_print(same, value) = '\0';
	if (strtod(text, NULL) != value || strcmp(text, same) != 0)
	{
		printf("# %lld / 10^%d: %s, as a double %s\n", (long long) scaled, scale, text, same);
		return false;
	}
	return true;
}

static void
test_printing(long rounds)
{
	long wrong = 0;
	char text[SH_DECIMAL_MAX + 1];
	static const double value[] = {0,
								   -0.0,
								   1,
								   -1,
								   21.5,
								   0.1,
								   1e15,
								   999999999999999,
								   1e-5,
								   1e-9,
								   1e-10,
								   5e-324,
								   1.7976931348623157e308,
								   -123.456,
								   0.001,
								   100,
								   74.93588199999998};
	static const char *const expected[] = {"0",
										   "-0",
										   "1",
										   "-1",
										   "21.5",
										   "0.1",
										   "1e+15",
										   "999999999999999",
										   "0.00001",
										   "0.000000001",
										   "1e-10",
										   "5e-324",
										   "1.7976931348623157e+308",
										   "-123.456",
										   "0.001",
										   "100",
										   "74.93588199999998"};

	for (size_t i = 0; i < sizeof(value) / sizeof(value[0]); i++)
	{
		*sh_decimal_print(text, value[i]) = '\0';
		is_str(text, expected[i], "a number is printed");
	}
	for (long i = 0; i < rounds && wrong < 20; i++)
	{
		double v = double_of(tap_random(&state));

		if (i % 2 == 0)
			v = round((double) (int64_t) (tap_random(&state) >> (10 + i % 50)) / 3) /
				pow(10, (double) (i % 12));
		if (isfinite(v))
			wrong += !prints_well(v);
	}
	ok(wrong == 0, "what is printed reads back, and a digit less does not");
	wrong = 0;
	for (long i = 0; i < rounds && wrong < 20; i++)
	{
		int64_t scaled = (int64_t) (tap_random(&state) % UINT64_C(1000000000000000)) >> (i % 50);

		wrong += !prints_scaled(i % 3 == 0 ? -scaled : scaled, (int) (i % 10));
	}
	wrong += !prints_scaled(999999999999999, 9) || !prints_scaled(-999999999999999, 0);
	ok(wrong == 0, "scaled integers are printed as their doubles are");
}

int
main(void)
{
	long rounds = tap_setting("ROUNDS", 1000000);

	state = tap_seed();
	test_fixed();
	test_failures();
	test_random(rounds);
	test_printing(rounds / 5);
	return done();
}
