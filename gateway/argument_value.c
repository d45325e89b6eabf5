/*
 * argument_value.c: one value of a parameter: checked, and written as PostgreSQL is to read it.
 *
 * PostgreSQL would refuse most wrong values, too, but with its own words, after a round trip, and
 * for some spellings not at all ("today" is a timestamp there). What passes here has exactly one
 * meaning.
 */
#include "argument_value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uri.h"

#define MAX_FRACTION   18 /* digits of a second that are passed on; PostgreSQL rounds to 6 */
#define MAX_ZONE_HOURS 15 /* as PostgreSQL */

bool
gw_argument_no_room(GwBinding *binding)
{
	gw_problem_set(binding->problem, 413, "the parameters of the request are too large");
	return false;
}

bool
gw_argument_refuse(GwBinding *binding, const GwParameter *parameter, const char *reason)
{
	gw_problem_set(binding->problem, 400, "%s: %s", parameter->name, reason);
	return false;
}

int64_t
gw_utf8_length(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *) text;
	const unsigned char *end = p + len;
	int64_t n = 0;

	for (; p < end; n++)
	{
		unsigned char c = *p++;
		unsigned char low = 0x80;
		unsigned char high = 0xBF;
		int more = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;

		if (c == 0 || (c >= 0x80 && c < 0xC2) || c > 0xF4)
			return -1;
		if (c < 0x80)
			continue;
		/* The second byte is narrower where it would make an overlong form or a surrogate. */
		if (c == 0xE0)
			low = 0xA0;
		else if (c == 0xED)
			high = 0x9F;
		else if (c == 0xF0)
			low = 0x90;
		else if (c == 0xF4)
			high = 0x8F;
		if (end - p < more || *p < low || *p > high)
			return -1;
		for (p++, more--; more > 0; p++, more--)
		{
			if (*p < 0x80 || *p > 0xBF)
				return -1;
		}
	}
	return n;
}

/* ---- converters: each returns the SQL text, or NULL after a refusal ---- */

/* "must be an integer from 1 to 100", with the limits that there are. */
static const char *
refuse_number(GwBinding *binding, const GwParameter *parameter, const char *what)
{
	if (parameter->has_min && parameter->has_max)
		gw_problem_set(binding->problem, 400, "%s: must be %s from %.17g to %.17g", parameter->name,
					   what, parameter->min, parameter->max);
	else if (parameter->has_min)
		gw_problem_set(binding->problem, 400, "%s: must be %s of at least %.17g", parameter->name,
					   what, parameter->min);
	else if (parameter->has_max)
		gw_problem_set(binding->problem, 400, "%s: must be %s of at most %.17g", parameter->name,
					   what, parameter->max);
	else
		gw_problem_set(binding->problem, 400, "%s: must be %s", parameter->name, what);
	return NULL;
}

static bool
in_range(const GwParameter *parameter, double value)
{
	return (!parameter->has_min || value >= parameter->min) &&
		   (!parameter->has_max || value <= parameter->max);
}

static const char *
copy_or_fail(GwBinding *binding, const char *text)
{
	const char *copy = shc_arena_strndup(binding->arena, text, strlen(text));

	if (copy == NULL)
		gw_argument_no_room(binding);
	return copy;
}

static const char *
convert_integer(GwBinding *binding, const GwParameter *parameter, const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	size_t ndigits = strspn(digits, "0123456789");
	long long value;
	char out[24];

	errno = 0;
	value = strtoll(text, NULL, 10);
	if (ndigits == 0 || digits[ndigits] != '\0' || errno == ERANGE ||
		!in_range(parameter, (double) value))
		return refuse_number(binding, parameter, "an integer");
	snprintf(out, sizeof(out), "%lld", value);
	return copy_or_fail(binding, out);
}

/* Is it a decimal number: digits with at most one point, optional sign and exponent? */
static bool
is_decimal(const char *p)
{
	size_t before;
	size_t after = 0;

	p += *p == '-' || *p == '+';
	before = strspn(p, "0123456789");
	p += before;
	if (*p == '.')
	{
		after = strspn(++p, "0123456789");
		p += after;
	}
	if (before + after == 0)
		return false;
	if (*p == 'e' || *p == 'E')
	{
		size_t exponent;

		p++;
		p += *p == '-' || *p == '+';
		exponent = strspn(p, "0123456789");
		if (exponent == 0)
			return false;
		p += exponent;
	}
	return *p == '\0';
}

/* The programs run in the C locale, so that strtod() and printf() know the decimal point only. */
static const char *
convert_number(GwBinding *binding, const GwParameter *parameter, const char *text)
{
	double value;
	char out[32];

	if (!is_decimal(text))
		return refuse_number(binding, parameter, "a number");
	value = strtod(text, NULL);
	if (!isfinite(value) || !in_range(parameter, value))
		return refuse_number(binding, parameter, "a number");
	/* Not the text itself: PostgreSQL refuses what is too small to be anything but zero. */
	snprintf(out, sizeof(out), "%.17g", value);
	return copy_or_fail(binding, out);
}

static const char *
convert_boolean(GwBinding *binding, const GwParameter *parameter, const char *text)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return text;
	gw_argument_refuse(binding, parameter, "must be true or false");
	return NULL;
}

/* The dashed form in any letter case; lower-cased in place. */
static const char *
convert_uuid(GwBinding *binding, const GwParameter *parameter, char *text)
{
	size_t len = strlen(text);
	bool good = len == 36;

	for (size_t i = 0; good && i < len; i++)
	{
		if (i == 8 || i == 13 || i == 18 || i == 23)
			good = text[i] == '-';
		else
			good = gw_hex_digit(text[i]) >= 0;
		if (text[i] >= 'A' && text[i] <= 'F')
			text[i] += 'a' - 'A';
	}
	if (good)
		return text;
	gw_argument_refuse(binding, parameter,
					   "must be a UUID, as 123e4567-e89b-12d3-a456-426614174000");
	return NULL;
}

/* Two digits, or -1. */
static int
two_digits(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return (p[0] - '0') * 10 + p[1] - '0';
}

static bool
is_calendar_day(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
		   day <= days[month - 1] + (month == 2 && leap);
}

/* YYYY-MM-DDThh:mm:ss at the beginning of the text; at least 19 bytes. */
static bool
is_date_and_time(const char *p)
{
	int century = two_digits(p);
	int year = two_digits(p + 2);
	int hour = two_digits(p + 11);
	int minute = two_digits(p + 14);
	int second = two_digits(p + 17);

	return century >= 0 && year >= 0 && p[4] == '-' && p[7] == '-' && p[10] == 'T' &&
		   p[13] == ':' && p[16] == ':' &&
		   is_calendar_day(century * 100 + year, two_digits(p + 5), two_digits(p + 8)) &&
		   hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59;
}

/* Z or +hh:mm or -hh:mm, and nothing behind it. */
static bool
is_zone(const char *p)
{
	int hours;
	int minutes;

	if (strcmp(p, "Z") == 0)
		return true;
	if ((*p != '+' && *p != '-') || strlen(p) != 6 || p[3] != ':')
		return false;
	hours = two_digits(p + 1);
	minutes = two_digits(p + 4);
	return hours >= 0 && hours <= MAX_ZONE_HOURS && minutes >= 0 && minutes <= 59;
}

/*
 * RFC 3339, strictly: upper-case T and Z, a zone, a second of at most 59, a day of the calendar.
 * The fraction may follow a comma, as ISO 8601 has it; PostgreSQL gets a point.
 */
static const char *
convert_date_time(GwBinding *binding, const GwParameter *parameter, const char *text)
{
	size_t digits = 0;
	const char *zone;
	const char *out;

	if (strlen(text) < 20 || !is_date_and_time(text))
		goto refused;
	zone = text + 19;
	if (*zone == '.' || *zone == ',')
	{
		digits = strspn(text + 20, "0123456789");
		zone = text + 20 + digits;
		if (digits == 0)
			goto refused;
	}
	if (!is_zone(zone))
		goto refused;
	if (digits > MAX_FRACTION)
		digits = MAX_FRACTION;
	out = shc_arena_printf(binding->arena, "%.19s%s%.*s%s", text, digits > 0 ? "." : "",
						   (int) digits, digits > 0 ? text + 20 : "", zone);
	if (out == NULL)
		gw_argument_no_room(binding);
	return out;

refused:
	gw_argument_refuse(binding, parameter,
					   "must be an RFC 3339 timestamp, as 2024-03-01T12:00:00Z");
	return NULL;
}

static const char *
refuse_enumeration(GwBinding *binding, const GwParameter *parameter)
{
	char list[250] = "";
	size_t len = 0;

	for (const char *const *value = parameter->enumeration; *value != NULL; value++)
	{
		int written = snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? ", " : "", *value);

		len += (size_t) written;
		if (len >= sizeof(list))
			break;
	}
	gw_problem_set(binding->problem, 400, "%s: must be one of %s", parameter->name, list);
	return NULL;
}

static const char *
convert_string(GwBinding *binding, const GwParameter *parameter, const char *text)
{
	int64_t min = parameter->min_length;
	int64_t max = parameter->max_length;
	int64_t length = gw_utf8_length(text, strlen(text));

	for (const char *const *value = parameter->enumeration; value != NULL; value++)
	{
		if (*value == NULL)
			return refuse_enumeration(binding, parameter);
		if (strcmp(*value, text) == 0)
			return text;
	}
	if (length == 0 && min > 0)
		gw_argument_refuse(binding, parameter, "must not be empty");
	else if (length < min)
		gw_problem_set(binding->problem, 400, "%s: must have at least %" PRId64 " characters",
					   parameter->name, min);
	else if (max >= 0 && length > max)
		gw_problem_set(binding->problem, 400, "%s: must have at most %" PRId64 " characters",
					   parameter->name, max);
	else
		return text;
	return NULL;
}

const char *
gw_argument_convert(GwBinding *binding, const GwParameter *parameter, char *text)
{
	if (parameter->type == GW_TYPE_INTEGER)
		return convert_integer(binding, parameter, text);
	if (parameter->type == GW_TYPE_NUMBER)
		return convert_number(binding, parameter, text);
	if (parameter->type == GW_TYPE_BOOLEAN)
		return convert_boolean(binding, parameter, text);
	if (parameter->format == GW_FORMAT_UUID)
		return convert_uuid(binding, parameter, text);
	if (parameter->format == GW_FORMAT_DATE_TIME)
		return convert_date_time(binding, parameter, text);
	return convert_string(binding, parameter, text);
}
