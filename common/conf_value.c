/*
 * conf_value.c: the texts of numbers, sizes, durations and truth values, and their limits.
 *
 * Numbers are computed as double: exact up to 2^53, which is 8 PiB or 285 years, and nothing beyond
 * is accepted.
 */
#include "conf_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LARGEST 9007199254740992.0

typedef struct Unit
{
	const char *name;
	double factor;
} Unit;

/* Kilo is 1024 here, whatever the spelling. */
static const Unit size_unit[] = {
	{"", 1},
	{"b", 1},
	{"k", 1024.0},
	{"kb", 1024.0},
	{"kib", 1024.0},
	{"m", 1048576.0},
	{"mb", 1048576.0},
	{"mib", 1048576.0},
	{"g", 1073741824.0},
	{"gb", 1073741824.0},
	{"gib", 1073741824.0},
	{"t", 1099511627776.0},
	{"tb", 1099511627776.0},
	{"tib", 1099511627776.0},
	{NULL, 0},
};

/* In microseconds. */
static const Unit duration_unit[] = {
	{"ns", 1e-3}, {"us", 1},	   {"\xc2\xb5s", 1},  {"\xce\xbcs", 1},	  {"ms", 1e3},
	{"s", 1e6},	  {"m", 60 * 1e6}, {"h", 3600 * 1e6}, {"d", 86400 * 1e6}, {NULL, 0},
};

/* Reads digits with at most one decimal point; NULL when there is no number at p. */
static const char *
read_decimal(const char *p, double *number)
{
	size_t whole = strspn(p, "0123456789");
	size_t fraction = p[whole] == '.' ? strspn(p + whole + 1, "0123456789") : 0;
	char text[64];
	size_t len = whole + (p[whole] == '.' ? 1 + fraction : 0);

	if (whole + fraction == 0 || len >= sizeof(text))
		return NULL;
	memcpy(text, p, len);
	text[len] = '\0';
	*number = strtod(text, NULL);
	return p + len;
}

static const Unit *
find_unit(const Unit *unit, const char *name, size_t len)
{
	for (; unit->name != NULL; unit++)
		if (strlen(unit->name) == len && strncasecmp(unit->name, name, len) == 0)
			return unit;
	return NULL;
}

static bool
parse_size(const char *text, double *bytes)
{
	const char *p = read_decimal(text, bytes);
	const Unit *unit;

	if (p == NULL)
		return false;
	p += strspn(p, " ");
	unit = find_unit(size_unit, p, strlen(p));
	if (unit == NULL)
		return false;
	*bytes *= unit->factor;
	return *bytes > LARGEST || *bytes == (double) (int64_t) *bytes;
}

/* To a whole number; without the library of mathematics, which programs need not be linked with. */
static double
rounded(double number)
{
	return number > LARGEST ? number : (double) (int64_t) (number + 0.5);
}

static bool
parse_duration(const char *text, double *microseconds)
{
	const char *p = read_decimal(text, microseconds);

	if (p == NULL)
		return false;
	if (*p == '\0')
	{
		*microseconds = rounded(*microseconds * 1e6);
		return true;
	}
	*microseconds = 0;
	for (p = text; *p != '\0';)
	{
		double number;
		const Unit *unit;
		size_t len;

		p = read_decimal(p, &number);
		if (p == NULL)
			return false;
		len = strcspn(p, ".0123456789");
		unit = find_unit(duration_unit, p, len);
		if (unit == NULL)
			return false;
		*microseconds += number * unit->factor;
		p += len;
	}
	*microseconds = rounded(*microseconds);
	return true;
}

/* Signed decimal numbers; no hexadecimal, infinity or NaN, which strtod() reads too. */
static bool
parse_number(const char *text, bool whole, double *number)
{
	const char *digits = text + (*text == '-' || *text == '+');
	char *end;

	if (*digits == '\0' || digits[strspn(digits, whole ? "0123456789" : "0123456789.eE+-")] != '\0')
		return false;
	*number = strtod(text, &end);
	return *end == '\0' && isfinite(*number);
}

/* Writes a limit as it would be written in the file. */
static void
format_limit(ShcConfType type, double limit, char *out, size_t size)
{
	static const Unit sizes[] = {{"TiB", 1099511627776.0},
								 {"GiB", 1073741824.0},
								 {"MiB", 1048576.0},
								 {"kiB", 1024.0},
								 {"", 1}};
	static const Unit durations[] = {{"d", 86400e6}, {"h", 3600e6}, {"m", 60e6},
									 {"s", 1e6},	 {"ms", 1e3},	{"us", 1}};
	const Unit *unit = type == SHC_CONF_SIZE ? sizes : durations;

	if ((type != SHC_CONF_SIZE && type != SHC_CONF_DURATION) || fabs(limit) >= LARGEST)
	{
		snprintf(out, size, "%.15g", limit);
		return;
	}
	if (limit == 0)
	{
		snprintf(out, size, "0");
		return;
	}
	while (unit->factor > 1 && (int64_t) limit % (int64_t) unit->factor != 0)
		unit++;
	snprintf(out, size, "%.15g%s", limit / unit->factor, unit->name);
}

/* A key with both limits 0 has none. */
static bool
check_limits(const ShcConfKey *key, double number, char reason[SHC_REASON_SIZE])
{
	char min[40];
	char max[40];

	if ((key->min == 0 && key->max == 0) || (number >= key->min && number <= key->max))
		return true;
	format_limit(key->type, key->min, min, sizeof(min));
	format_limit(key->type, key->max, max, sizeof(max));
	if (key->max >= LARGEST)
		snprintf(reason, SHC_REASON_SIZE, "must be at least %s", min);
	else if (key->min <= -LARGEST)
		snprintf(reason, SHC_REASON_SIZE, "must be at most %s", max);
	else
		snprintf(reason, SHC_REASON_SIZE, "must be between %s and %s", min, max);
	return false;
}

bool
shc_conf_number(const ShcConfKey *key, const char *text, double *number,
				char reason[SHC_REASON_SIZE])
{
	const char *expected;
	bool good;

	switch (key->type)
	{
		case SHC_CONF_INT:
			good = parse_number(text, true, number);
			expected = "must be a whole number";
			break;
		case SHC_CONF_DOUBLE:
			good = parse_number(text, false, number);
			expected = "must be a number";
			break;
		case SHC_CONF_SIZE:
			good = parse_size(text, number);
			expected = "must be a size, such as 65536, 64kB or 5MiB";
			break;
		default:
			good = parse_duration(text, number);
			expected = "must be a duration, such as 250ms, 10s, 3m or 1h30m";
			break;
	}
	if (!good)
		snprintf(reason, SHC_REASON_SIZE, "%s", expected);
	else if (key->type != SHC_CONF_DOUBLE && fabs(*number) > LARGEST)
	{
		snprintf(reason, SHC_REASON_SIZE, "is too large");
		good = false;
	}
	return good && check_limits(key, *number, reason);
}

bool
shc_conf_bool(const char *text, bool *value)
{
	static const char *const word[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
	{
		if (strcasecmp(text, word[i]) == 0)
		{
			*value = i % 2 == 1;
			return true;
		}
	}
	return false;
}
