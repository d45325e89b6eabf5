/*
 * schedule_parse.c: the text of a schedule: six fields, a descriptor, or @every and a duration, with
 * or without a time zone before it.
 */
#include "schedule.h"

#include <string.h>
#include <strings.h>

#define NANOSECONDS INT64_C(1000000000)
#define MOST_NS		(UINT64_C(1) << 63)

/* What is left of the text. Nothing behind `end` is read. */
typedef struct Reader
{
	const char *p;
	const char *end;
	const char *reason;
} Reader;

typedef struct Field
{
	int min;
	int max;
	const char *names; /* of three letters each, for min, min + 1, ... */
} Field;

enum
{
	SECOND,
	MINUTE,
	HOUR,
	DAY,
	MONTH,
	WEEKDAY,
	NFIELDS
};

static const Field fields[NFIELDS] = {
	[SECOND] = {0, 59, ""},
	[MINUTE] = {0, 59, ""},
	[HOUR] = {0, 23, ""},
	[DAY] = {1, 31, ""},
	[MONTH] = {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
	[WEEKDAY] = {0, 6, "sunmontuewedthufrisat"},
};

static bool
refuse(Reader *reader, const char *reason)
{
	reader->reason = reason;
	return false;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
skip_spaces(Reader *reader)
{
	while (reader->p < reader->end && is_space(*reader->p))
		reader->p++;
}

static bool
skip_prefix(Reader *reader, const char *prefix)
{
	size_t len = strlen(prefix);

	if ((size_t) (reader->end - reader->p) < len || memcmp(reader->p, prefix, len) != 0)
		return false;
	reader->p += len;
	return true;
}

/* ---- fields ---- */

/* A number, which may be too large for any field but not for an int. */
static bool
read_number(Reader *reader, int *value)
{
	const char *start = reader->p;

	*value = 0;
	for (; reader->p < reader->end && *reader->p >= '0' && *reader->p <= '9'; reader->p++)
	{
		if (*value < 100000000)
			*value = *value * 10 + (*reader->p - '0');
	}
	return reader->p > start;
}

static bool
read_value(Reader *reader, const Field *field, int *value)
{
	size_t nnames = strlen(field->names) / 3;

	if (read_number(reader, value))
		return true;
	for (size_t i = 0; i < nnames && reader->end - reader->p >= 3; i++)
	{
		if (strncasecmp(reader->p, field->names + 3 * i, 3) == 0)
		{
			reader->p += 3;
			*value = field->min + (int) i;
			return true;
		}
	}
	return refuse(reader, "a field has something that is not a value of it");
}

/* One element of a list: a star, a value or a range, with or without a step. */
static bool
read_element(Reader *reader, const Field *field, uint64_t *set, bool *star)
{
	int first = field->min;
	int last = field->max;
	int step = 1;
	bool single = false;
	bool is_star = *reader->p == '*' || *reader->p == '?';

	if (is_star)
		reader->p++;
	else
	{
		if (!read_value(reader, field, &first))
			return false;
		single = reader->p == reader->end || *reader->p != '-';
		last = first;
		if (!single)
		{
			reader->p++;
			if (!read_value(reader, field, &last))
				return false;
		}
	}
	if (reader->p < reader->end && *reader->p == '/')
	{
		reader->p++;
		if (!read_number(reader, &step))
			return refuse(reader, "a step is not a number");
		if (single)
			last = field->max;
	}
	if (reader->p < reader->end && *reader->p != ',')
		return refuse(reader, "a field has something that is not a value of it");
	if (first < field->min || first > field->max || last > field->max)
		return refuse(reader, "a value is out of the range of its field");
	if (first > last)
		return refuse(reader, "a range begins behind its end");
	if (step < 1)
		return refuse(reader, "a step must be at least 1");
	for (; first <= last; first += step)
		*set |= UINT64_C(1) << first;
	if (is_star && step == 1)
		*star = true;
	return true;
}

/* A comma list up to the next space. Empty elements do not count. */
static bool
read_field(Reader *reader, const Field *field, uint64_t *set, bool *star)
{
	Reader list = *reader;

	*set = 0;
	*star = false;
	while (reader->p < reader->end && !is_space(*reader->p))
		reader->p++;
	list.end = reader->p;
	while (list.p < list.end)
	{
		if (*list.p == ',')
			list.p++;
		else if (!read_element(&list, field, set, star))
			return refuse(reader, list.reason);
	}
	return *set != 0 ? true : refuse(reader, "a field has no value");
}

static bool
read_fields(Reader *reader, ShSchedule *schedule)
{
	uint64_t set[NFIELDS];
	bool star[NFIELDS];

	for (int i = 0; i < NFIELDS; i++)
	{
		skip_spaces(reader);
		if (reader->p == reader->end)
			return refuse(reader, "must have six fields: second minute hour day month weekday");
		if (!read_field(reader, &fields[i], &set[i], &star[i]))
			return false;
	}
	skip_spaces(reader);
	if (reader->p < reader->end)
		return refuse(reader, "must have six fields: second minute hour day month weekday");
	schedule->seconds = set[SECOND];
	schedule->minutes = set[MINUTE];
	schedule->hours = (uint32_t) set[HOUR];
	schedule->days = (uint32_t) set[DAY];
	schedule->months = (uint32_t) set[MONTH];
	schedule->weekdays = (uint32_t) set[WEEKDAY];
	schedule->any_day = star[DAY];
	schedule->any_weekday = star[WEEKDAY];
	return true;
}

/* ---- @every ---- */

static bool
read_unit(Reader *reader, uint64_t *nanoseconds)
{
	/* Those of two letters first: "ms" begins as "m" does. The micro sign has two code points. */
	static const struct
	{
		const char *name;
		uint64_t nanoseconds;
	} units[] = {
		{"ns", 1},		 {"us", 1000},		 {"\xc2\xb5s", 1000},	  {"\xce\xbcs", 1000},
		{"ms", 1000000}, {"s", NANOSECONDS}, {"m", 60 * NANOSECONDS}, {"h", 3600 * NANOSECONDS},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
	{
		if (skip_prefix(reader, units[i].name))
		{
			*nanoseconds = units[i].nanoseconds;
			return true;
		}
	}
	return false;
}

/* Digits as an integer of at most 2^63; what does not fit sets *overflow. */
static int
read_digits(Reader *reader, uint64_t *value, bool *overflow)
{
	int n = 0;

	for (*value = 0; reader->p < reader->end && *reader->p >= '0' && *reader->p <= '9'; reader->p++)
	{
		n++;
		if (*value > (MOST_NS - 9) / 10)
			*overflow = true;
		else
			*value = *value * 10 + (uint64_t) (*reader->p - '0');
	}
	return n;
}

/* The digits behind a point; those beyond the 18th are less than a nanosecond of any unit. */
static int
read_fraction(Reader *reader, double *fraction)
{
	uint64_t value = 0;
	double scale = 1;
	int n = 0;

	for (; reader->p < reader->end && *reader->p >= '0' && *reader->p <= '9'; reader->p++)
	{
		if (n++ >= 18)
			continue;
		scale *= 10;
		value = value * 10 + (uint64_t) (*reader->p - '0');
	}
	*fraction = (double) value / scale;
	return n;
}

/* "1h30m", "1.5h", "90s"; whole seconds of it, at least one. */
static bool
read_duration(Reader *reader, int64_t *seconds)
{
	uint64_t total = 0;
	bool overflow = false;
	bool negative = reader->p < reader->end && *reader->p == '-';

	if (negative || (reader->p < reader->end && *reader->p == '+'))
		reader->p++;
	if (reader->end - reader->p == 1 && *reader->p == '0')
		reader->p++;
	else if (reader->p == reader->end)
		return refuse(reader, "@every needs a duration, as 1h30m");
	while (reader->p < reader->end)
	{
		uint64_t value;
		uint64_t unit;
		double fraction = 0;
		int ndigits = read_digits(reader, &value, &overflow);

		if (skip_prefix(reader, "."))
			ndigits += read_fraction(reader, &fraction);
		if (ndigits == 0 || !read_unit(reader, &unit))
			return refuse(reader, "@every needs a duration, as 1h30m");
		if (value > MOST_NS / unit || value * unit > MOST_NS - total)
			overflow = true;
		if (overflow)
			continue;
		total += value * unit + (uint64_t) (fraction * (double) unit);
		if (total > MOST_NS)
			overflow = true;
	}
	if (overflow || (total == MOST_NS && !negative))
		return refuse(reader, "@every is longer than 2^63 nanoseconds");
	*seconds = negative ? 0 : (int64_t) (total / NANOSECONDS);
	if (*seconds < 1)
		*seconds = 1;
	return true;
}

/* ---- the whole ---- */

static bool
read_descriptor(Reader *reader, ShSchedule *schedule)
{
	static const char *const descriptors[][2] = {
		{"@yearly", "0 0 0 1 1 *"}, {"@annually", "0 0 0 1 1 *"}, {"@monthly", "0 0 0 1 * *"},
		{"@weekly", "0 0 0 * * 0"}, {"@daily", "0 0 0 * * *"},	  {"@midnight", "0 0 0 * * *"},
		{"@hourly", "0 0 * * * *"},
	};

	if (skip_prefix(reader, "@every "))
		return read_duration(reader, &schedule->every);
	for (size_t i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++)
	{
		size_t len = strlen(descriptors[i][0]);

		if ((size_t) (reader->end - reader->p) == len &&
			memcmp(reader->p, descriptors[i][0], len) == 0)
		{
			const char *text = descriptors[i][1];
			Reader meant = {.p = text, .end = text + strlen(text)};

			return read_fields(&meant, schedule);
		}
	}
	return refuse(reader, "no such descriptor");
}

/* "TZ=Europe/Stockholm ", and the spaces behind it and at the end of the text. */
static bool
read_zone(Reader *reader, ShSchedule *schedule)
{
	const char *start;
	size_t len;

	if (!skip_prefix(reader, "TZ=") && !skip_prefix(reader, "CRON_TZ="))
		return true;
	start = reader->p;
	while (reader->p < reader->end && *reader->p != ' ')
		reader->p++;
	len = (size_t) (reader->p - start);
	if (len == 0)
		return refuse(reader, "the time zone has no name");
	if (len >= sizeof(schedule->zone) || memchr(start, '\0', len) != NULL)
		return refuse(reader, "there is no such time zone");
	memcpy(schedule->zone, start, len);
	skip_spaces(reader);
	while (reader->end > reader->p && is_space(reader->end[-1]))
		reader->end--;
	if (reader->p == reader->end)
		return refuse(reader, "nothing follows the time zone");
	return true;
}

bool
sh_schedule_parse(const char *text, size_t len, ShSchedule *schedule, const char **reason)
{
	Reader reader = {.p = text, .end = text + len};
	bool good;

	memset(schedule, 0, sizeof(*schedule));
	if (len == 0)
		good = refuse(&reader, "must not be empty");
	else if (!read_zone(&reader, schedule))
		good = false;
	else if (*reader.p == '@')
		good = read_descriptor(&reader, schedule);
	else
		good = read_fields(&reader, schedule);
	*reason = reader.reason;
	return good;
}
