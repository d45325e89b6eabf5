/*
 * rfc3339.c: timestamps in text, both ways.
 *
 * Calendar arithmetic on eras of 400 years that begin on 1 March, so that the leap day comes last:
 * Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013).
 */
#include "rfc3339.h"

#include <string.h>

#include "digits.h"

#define SECOND	   INT64_C(1000000)
#define DAY		   (86400 * SECOND)
#define FIRST_TIME (-730119 * DAY)	   /* 0001-01-01T00:00:00Z */
#define LAST_TIME  (2921940 * DAY - 1) /* 9999-12-31T23:59:59.999999Z */
#define FIRST_DAY  (-730485)		   /* 0000-01-01 */
#define LAST_DAY   2921939			   /* 9999-12-31 */

/* Days from 0000-03-01 to 2000-01-01, and in 400 years. */
#define EPOCH_SHIFT 730425
#define ERA_DAYS	146097

/* ---- parsing ---- */

/* The number that two digits are; 100 or more when they are not digits. */
static inline unsigned
two(const char *p)
{
	unsigned high = (unsigned char) (p[0] - '0');
	unsigned low = (unsigned char) (p[1] - '0');

	return high < 10 && low < 10 ? high * 10 + low : 100;
}

static int32_t
day_of_date(int year, int month, int day)
{
	int shifted = month > 2 ? year : year - 1;
	int era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int year_of_era = shifted - era * 400;
	int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * ERA_DAYS + day_of_era - EPOCH_SHIFT;
}

static bool
parse_date(const char *text, ShDayCache *cache)
{
	static const unsigned char month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned century = two(text);
	unsigned year = century * 100 + two(text + 2);
	unsigned month = two(text + 5);
	unsigned day = two(text + 8);
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (century >= 100 || two(text + 2) >= 100 || text[4] != '-' || month < 1 || month > 12 ||
		text[7] != '-' || day < 1 || day > month_days[month - 1] + (unsigned) (month == 2 && leap))
		return false;
	cache->valid = true;
	cache->day = day_of_date((int) year, (int) month, (int) day);
	memcpy(cache->text, text, sizeof(cache->text));
	return true;
}

/* Digits of a fraction, rounded half up to microseconds (which may come to a whole second). */
static const char *
parse_fraction(const char *p, const char *end, int64_t *microseconds)
{
	int64_t value = 0;
	int digits = 0;

	for (; p < end && is_digit(*p); p++, digits++)
	{
		if (digits < 6)
			value = value * 10 + (*p - '0');
		else if (digits == 6)
			value += *p >= '5';
	}
	if (digits == 0)
		return NULL;
	for (; digits < 6; digits++)
		value *= 10;
	*microseconds = value;
	return p;
}

/* Z or an offset; the rest of the text. */
static bool
parse_zone(const char *p, const char *end, int *offset)
{
	unsigned hours;
	unsigned minutes;

	*offset = 0;
	if (end - p == 1)
		return *p == 'Z';
	if (end - p != 6 || (*p != '+' && *p != '-') || p[3] != ':')
		return false;
	hours = two(p + 1);
	minutes = two(p + 4);
	if (hours > 15 || minutes > 59)
		return false;
	*offset = (int) (hours * 60 + minutes) * (*p == '-' ? -60 : 60);
	return true;
}

bool
sh_rfc3339_parse(const char *text, size_t len, ShDayCache *cache, int64_t *ts)
{
	const char *p = text + 19;
	const char *end = text + len;
	unsigned hour;
	unsigned minute;
	unsigned second;
	int64_t microseconds = 0;
	int64_t time;
	int offset;

	if (len < 20)
		return false;
	if ((!cache->valid || memcmp(cache->text, text, sizeof(cache->text)) != 0) &&
		!parse_date(text, cache))
		return false;
	/* The year 0000, which may be printed for a local time. */
	if (cache->day < FIRST_TIME / DAY)
		return false;
	hour = two(text + 11);
	minute = two(text + 14);
	second = two(text + 17);
	if (text[10] != 'T' || hour > 23 || text[13] != ':' || minute > 59 || text[16] != ':' ||
		second > 59)
		return false;
	if (*p == '.' || *p == ',')
	{
		p = parse_fraction(p + 1, end, &microseconds);
		if (p == NULL)
			return false;
	}
	if (!parse_zone(p, end, &offset))
		return false;
	time = cache->day * DAY + ((int) (hour * 3600 + minute * 60 + second) - offset) * SECOND +
		   microseconds;
	if (time < FIRST_TIME || time > LAST_TIME)
		return false;
	*ts = time;
	return true;
}

/* ---- printing ---- */

/* Years 0000 to 9999. */
static void
print_date(int32_t days, ShDayCache *cache)
{
	int shifted = days + EPOCH_SHIFT;
	int era = (shifted >= 0 ? shifted : shifted - (ERA_DAYS - 1)) / ERA_DAYS;
	int day_of_era = shifted - era * ERA_DAYS;
	int year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int shifted_month = (5 * day_of_year + 2) / 153;
	int month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
	int year = year_of_era + era * 400 + (month <= 2);
	char *p = cache->text;

	cache->valid = true;
	cache->day = days;
	p = put_two(p, (unsigned) year / 100);
	p = put_two(p, (unsigned) year % 100);
	*p++ = '-';
	p = put_two(p, (unsigned) month);
	*p++ = '-';
	put_two(p, (unsigned) (day_of_year - (153 * shifted_month + 2) / 5 + 1));
}

static char *
print_fraction(char *p, unsigned microseconds)
{
	*p++ = '.';
	p = put_two(p, microseconds / 10000);
	p = put_two(p, microseconds / 100 % 100);
	p = put_two(p, microseconds % 100);
	while (p[-1] == '0')
		p--;
	return p;
}

static char *
print_zone(char *p, int minutes)
{
	unsigned size = (unsigned) (minutes < 0 ? -minutes : minutes);

	if (minutes == 0)
	{
		*p++ = 'Z';
		return p;
	}
	*p++ = minutes < 0 ? '-' : '+';
	p = put_two(p, size / 60 % 100);
	*p++ = ':';
	return put_two(p, size % 60);
}

char *
sh_rfc3339_print(char *p, int64_t ts, int32_t offset, ShDayCache *cache)
{
	int minutes = offset / 60;
	int64_t local;
	int32_t day;
	uint64_t in_day;
	unsigned second;

	/* Timestamps outside are never stored; whatever comes here, the text stays one of our length. */
	ts = ts < FIRST_TIME ? FIRST_TIME : ts > LAST_TIME ? LAST_TIME : ts;
	local = ts + minutes * 60 * SECOND - FIRST_DAY * DAY;
	/* A local date beyond the four digits of a year: then the same instant in UTC. */
	if (local < 0 || local >= (LAST_DAY - FIRST_DAY + 1) * DAY)
	{
		minutes = 0;
		local = ts - FIRST_DAY * DAY;
	}
	day = (int32_t) (local / DAY) + FIRST_DAY;
	in_day = (uint64_t) (local % DAY);
	second = (unsigned) (in_day / SECOND);

	if (!cache->valid || cache->day != day)
		print_date(day, cache);
	memcpy(p, cache->text, sizeof(cache->text));
	p[10] = 'T';
	put_two(p + 11, second / 3600);
	p[13] = ':';
	put_two(p + 14, second / 60 % 60);
	p[16] = ':';
	put_two(p + 17, second % 60);
	p += 19;
	if (in_day % SECOND != 0)
		p = print_fraction(p, (unsigned) (in_day % SECOND));
	return print_zone(p, minutes);
}
