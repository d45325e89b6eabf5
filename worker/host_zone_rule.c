/*
 * host_zone_rule.c: rules of time zones.
 */
#include "host_zone_rule.h"

#include <stdio.h>
#include <string.h>

#include "host_time.h"

typedef struct Reader
{
	const char *p;
	const char *end;
	bool bad;
} Reader;

/* When a part of the year begins. */
typedef struct Moment
{
	char kind; /* 'M': month, week, day; 'J': day 1..365 without leap days; 'n': day 0..365 */
	int month;
	int week;
	int day;
	int32_t time; /* seconds after midnight, local */
} Moment;

static char
peek(const Reader *r)
{
	return r->p < r->end ? *r->p : '\0';
}

static void
read_name(Reader *r, char name[14])
{
	const char *start = r->p;
	const char *stop;

	if (peek(r) == '<')
	{
		start++;
		stop = memchr(start, '>', (size_t) (r->end - start));
		r->p = stop != NULL ? stop + 1 : r->end;
	}
	else
	{
		while ((peek(r) >= 'a' && peek(r) <= 'z') || (peek(r) >= 'A' && peek(r) <= 'Z'))
			r->p++;
		stop = r->p;
	}
	if (stop == NULL || stop == start || stop - start > 13)
	{
		r->bad = true;
		return;
	}
	snprintf(name, 14, "%.*s", (int) (stop - start), start);
}

static int
read_number(Reader *r)
{
	int number = 0;

	if (peek(r) < '0' || peek(r) > '9')
		r->bad = true;
	for (; peek(r) >= '0' && peek(r) <= '9' && number < 10000; r->p++)
		number = number * 10 + (*r->p - '0');
	return number;
}

/* [+-]hh[:mm[:ss]] */
static int32_t
read_time(Reader *r)
{
	bool is_negative = peek(r) == '-';
	int32_t time;

	if (peek(r) == '-' || peek(r) == '+')
		r->p++;
	time = read_number(r) * 3600;
	for (int unit = 60; unit > 0 && peek(r) == ':'; unit /= 60)
	{
		r->p++;
		time += read_number(r) * unit;
	}
	return is_negative ? -time : time;
}

static Moment
read_moment(Reader *r)
{
	Moment moment = {.kind = 'n', .time = 7200};

	if (peek(r) != ',')
		r->bad = true;
	r->p++;
	if (peek(r) == 'M')
	{
		r->p++;
		moment.kind = 'M';
		moment.month = read_number(r);
		r->bad |= peek(r) != '.';
		r->p++;
		moment.week = read_number(r);
		r->bad |= peek(r) != '.';
		r->p++;
		moment.day = read_number(r);
		r->bad |= moment.month < 1 || moment.month > 12 || moment.week < 1 || moment.week > 5 ||
				  moment.day > 6;
	}
	else
	{
		if (peek(r) == 'J')
		{
			moment.kind = 'J';
			r->p++;
		}
		moment.day = read_number(r);
	}
	if (peek(r) == '/')
	{
		r->p++;
		moment.time = read_time(r);
	}
	return moment;
}

/* Local seconds since 1970 when the moment comes in a year. */
static int64_t
moment_in(const Moment *moment, int64_t year)
{
	int64_t day;

	if (moment->kind == 'M')
	{
		int first = wk_weekday(wk_days(year, moment->month, 1));
		int shift = (moment->day - first + 7) % 7 + (moment->week - 1) * 7;

		while (shift >= wk_days_in_month(year, moment->month))
			shift -= 7;
		day = wk_days(year, moment->month, 1) + shift;
	}
	else
	{
		day = wk_days(year, 1, 1) + moment->day - (moment->kind == 'J' ? 1 : 0);
		if (moment->kind == 'J' && moment->day >= 60 && wk_days_in_month(year, 2) == 29)
			day++;
	}
	return day * 86400 + moment->time;
}

bool
wk_zone_rule(const char *text, size_t len, int64_t seconds, int32_t *offset, char abbreviation[14])
{
	Reader r = {.p = text, .end = text + len};
	char summer_name[14] = "";
	char name[14] = "";
	int32_t standard;
	int32_t summer;
	Moment start;
	Moment stop;
	int64_t year;
	int64_t begins;
	int64_t ends;
	bool is_summer;

	read_name(&r, name);
	standard = -read_time(&r);
	if (r.bad)
		return false;
	*offset = standard;
	snprintf(abbreviation, 14, "%s", name);
	if (r.p >= r.end)
		return true;
	read_name(&r, summer_name);
	summer = peek(&r) == ',' ? standard + 3600 : -read_time(&r);
	start = read_moment(&r);
	stop = read_moment(&r);
	if (r.bad)
		return false;
	year = wk_year_of(seconds + standard);
	begins = moment_in(&start, year) - standard;
	ends = moment_in(&stop, year) - summer;
	is_summer =
		begins < ends ? seconds >= begins && seconds < ends : seconds >= begins || seconds < ends;
	if (is_summer)
	{
		*offset = summer;
		snprintf(abbreviation, 14, "%s", summer_name);
	}
	return true;
}
