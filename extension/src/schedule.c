/*
 * schedule.c: when a schedule is due next.
 *
 * Between two changes of a zone's offset local time is an instant plus a constant. So the search goes
 * from one such span to the next, and inside of a span it is a search in the calendar, by whole months
 * and days where they do not match.
 */
#include "schedule.h"

#define DAY_SECONDS INT64_C(86400)
/* Two leap years can be eight years apart, and a leap day can be in the past by less than four. */
#define HORIZON (12 * 366 * DAY_SECONDS)
/* Far beyond every timestamp, far within an int64_t. */
#define LAST_INSTANT INT64_C(100000000000000)

static int64_t
floor_divide(int64_t a, int64_t b)
{
	int64_t quotient = a / b;

	return quotient * b > a ? quotient - 1 : quotient;
}

/* ---- the calendar, proleptic Gregorian; days are counted from 1970-01-01 ---- */

typedef struct Date
{
	int64_t year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
} Date;

static int
days_of_month(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/*
 * The date of a day. Years are taken to begin in March, so that the leap day is the last of its year;
 * 146097 days are 400 years, 153 days the five months from March to July.
 */
static Date
date_of(int64_t day)
{
	int64_t shifted = day + 719468; /* from 0000-03-01 */
	int64_t era = floor_divide(shifted, 146097);
	int64_t of_era = shifted - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t march_month = (5 * of_year + 2) / 153;
	Date date;

	date.day = (int) (of_year - (153 * march_month + 2) / 5 + 1);
	date.month = (int) (march_month < 10 ? march_month + 3 : march_month - 9);
	date.year = era * 400 + year + (date.month <= 2);
	return date;
}

/* ---- the search in local time ---- */

/* The lowest bit of the set that is at least `from`; -1: none. */
static int
next_in(uint64_t set, int from)
{
	if (from > 63 || (set >> from) == 0)
		return -1;
	return from + __builtin_ctzll(set >> from);
}

/* The first due second of a day that is at least `from`; -1: none. */
static int
next_time(const ShSchedule *schedule, int from)
{
	int hour = from / 3600;
	int minute = from / 60 % 60;
	int second = from % 60;

	if (next_in(schedule->hours, hour) == hour)
	{
		if (next_in(schedule->minutes, minute) == minute)
		{
			second = next_in(schedule->seconds, second);
			if (second >= 0)
				return hour * 3600 + minute * 60 + second;
		}
		minute = next_in(schedule->minutes, minute + 1);
		if (minute >= 0)
			return hour * 3600 + minute * 60 + next_in(schedule->seconds, 0);
	}
	hour = next_in(schedule->hours, hour + 1);
	if (hour < 0)
		return -1;
	return hour * 3600 + next_in(schedule->minutes, 0) * 60 + next_in(schedule->seconds, 0);
}

/* Of the two fields for days both must match, or, if neither is a star, one. */
static bool
day_matches(const ShSchedule *schedule, int64_t day, int day_of_month)
{
	/* 1970-01-01 was a Thursday. */
	int weekday = (int) (day + 4 - floor_divide(day + 4, 7) * 7);
	bool by_day = (schedule->days >> day_of_month & 1) != 0;
	bool by_weekday = (schedule->weekdays >> weekday & 1) != 0;

	if (schedule->any_day || schedule->any_weekday)
		return by_day && by_weekday;
	return by_day || by_weekday;
}

/* The first matching day from `day` to `last`; false: none. */
static bool
next_day(const ShSchedule *schedule, int64_t day, int64_t last, int64_t *found)
{
	Date date = date_of(day);
	int64_t first_of_month = day - date.day + 1;

	while (day <= last)
	{
		int ndays = days_of_month(date.year, date.month);

		if ((schedule->months >> date.month & 1) != 0)
		{
			for (; date.day <= ndays && day <= last; date.day++, day++)
			{
				if (day_matches(schedule, day, date.day))
				{
					*found = day;
					return true;
				}
			}
		}
		first_of_month += ndays;
		day = first_of_month;
		date.day = 1;
		date.year += date.month == 12;
		date.month = date.month % 12 + 1;
	}
	return false;
}

/* The first due second of local time from `from` to `last`; false: none. */
static bool
next_local(const ShSchedule *schedule, int64_t from, int64_t last, int64_t *found)
{
	int64_t today = floor_divide(from, DAY_SECONDS);
	int64_t day;
	int time;

	if (!next_day(schedule, today, floor_divide(last, DAY_SECONDS), &day))
		return false;
	time = next_time(schedule, day == today ? (int) (from - today * DAY_SECONDS) : 0);
	if (time < 0)
	{
		if (!next_day(schedule, day + 1, floor_divide(last, DAY_SECONDS), &day))
			return false;
		time = next_time(schedule, 0);
	}
	*found = day * DAY_SECONDS + time;
	return *found <= last;
}

/* ---- the search over the spans of the zone ---- */

bool
sh_schedule_next(const ShSchedule *schedule, const ShScheduleZone *zone, int64_t after,
				 int64_t *next)
{
	int64_t from;
	int64_t horizon;

	if (after < -LAST_INSTANT || after > LAST_INSTANT)
		return false;
	if (schedule->every > 0)
	{
		*next = after + schedule->every;
		return *next <= LAST_INSTANT;
	}
	horizon = after + HORIZON;
	for (from = after + 1; from <= horizon;)
	{
		int64_t until;
		int32_t offset = zone->offset(zone->context, from, &until);
		int64_t last = until <= horizon ? until - 1 : horizon;
		int64_t local;

		if (next_local(schedule, from + offset, last + offset, &local))
		{
			*next = local - offset;
			return true;
		}
		if (until <= from || until > horizon)
			return false;
		from = until;
	}
	return false;
}
