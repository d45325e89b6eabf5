/*
 * bucket.c: zones and buckets of local time.
 *
 * PostgreSQL's own zone routines are asked once for each interval between two changes of the offset,
 * and from the day on once for each bucket; everything else is arithmetic on integers.
 */
#include "sh_ext.h"

#include "utils/datetime.h"

#include "bucket.h"

#define EPOCH_SECONDS ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* ---- zones ---- */

static int64
floor_divide(int64 a, int64 b)
{
	int64 quotient = a / b;

	return quotient * b > a ? quotient - 1 : quotient;
}

/*
 * Is it a zone of the database? PostgreSQL also takes POSIX descriptions (XYZ+3, Foo/Bar3) for zones:
 * those have digits, and no lower-case letter in the name that PostgreSQL gives them, as few names of
 * the database have.
 */
static bool
is_of_database(pg_tz *tz)
{
	static const char *const with_digits[] = {"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT",
											  "GMT0",	 "GMT+0",	"GMT-0"};
	const char *name = pg_get_timezone_name(tz);

	if (strpbrk(name, "abcdefghijklmnopqrstuvwxyz") != NULL || strpbrk(name, "0123456789") == NULL)
		return true;
	for (int i = 0; i < lengthof(with_digits); i++)
	{
		if (strcmp(name, with_digits[i]) == 0)
			return true;
	}
	return false;
}

bool
sh_zone_find(ShZone *zone, const char *name)
{
	zone->from = zone->to = 0;
	zone->offset = 0;
	zone->tz = pg_tzset(name);
	/* Zones that count leap seconds would shift everything. */
	return zone->tz != NULL && is_of_database(zone->tz) && pg_tz_acceptable(zone->tz);
}

void
sh_zone_open(ShZone *zone, const char *name)
{
	if (name == NULL)
		name = "UTC";
	if (!sh_zone_find(zone, name))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("timezone: \"%s\" is not known", name), sh_refusal()));
}

void
sh_zone_seek(ShZone *zone, TimestampTz ts)
{
	pg_time_t time = floor_divide(ts, USECS_PER_SEC) + EPOCH_SECONDS;
	pg_time_t boundary;
	long before;
	long after;
	int before_dst;
	int after_dst;
	int result =
		pg_next_dst_boundary(&time, &before, &before_dst, &boundary, &after, &after_dst, zone->tz);

	if (result < 0)
		elog(ERROR, "no offset of time zone \"%s\" at " INT64_FORMAT,
			 pg_get_timezone_name(zone->tz), (int64) time);
	zone->from = (time - EPOCH_SECONDS) * USECS_PER_SEC;
	zone->to = result == 0 || boundary > PG_INT64_MAX / USECS_PER_SEC
				   ? PG_INT64_MAX
				   : (boundary - EPOCH_SECONDS) * USECS_PER_SEC;
	zone->offset = (int32) before;
}

/* ---- precisions ---- */

static const struct
{
	const char *name;
	int64 width; /* in microseconds; 0 from the day on */
} precisions[] = {
	[SH_PRECISION_NONE] = {"", 1},
	[SH_MICROSECONDS] = {"microseconds", 1},
	[SH_MILLISECONDS] = {"milliseconds", 1000},
	[SH_SECOND] = {"second", USECS_PER_SEC},
	[SH_MINUTE] = {"minute", USECS_PER_MINUTE},
	[SH_MINUTE5] = {"minute5", 5 * USECS_PER_MINUTE},
	[SH_MINUTE10] = {"minute10", 10 * USECS_PER_MINUTE},
	[SH_MINUTE15] = {"minute15", 15 * USECS_PER_MINUTE},
	[SH_MINUTE20] = {"minute20", 20 * USECS_PER_MINUTE},
	[SH_MINUTE30] = {"minute30", 30 * USECS_PER_MINUTE},
	[SH_HOUR] = {"hour", USECS_PER_HOUR},
	[SH_DAY] = {"day", 0},
	[SH_WEEK] = {"week", 0},
	[SH_MONTH] = {"month", 0},
	[SH_YEAR] = {"year", 0},
	[SH_DECADE] = {"decade", 0},
	[SH_CENTURY] = {"century", 0},
	[SH_MILLENNIA] = {"millennia", 0},
};

bool
sh_precision_find(const char *name, ShPrecision *precision)
{
	for (int i = SH_MICROSECONDS; i < lengthof(precisions); i++)
	{
		if (strcmp(name, precisions[i].name) == 0)
		{
			*precision = (ShPrecision) i;
			return true;
		}
	}
	return false;
}

/* ---- calendar; days are counted from 2000-01-01 ---- */

static int
day_of(int year, int month)
{
	return date2j(year, month, 1) - POSTGRES_EPOCH_JDATE;
}

/* The first year of those that the year is counted with, which begin at `first` modulo n. */
static int
first_year(int year, int n, int first)
{
	return (int) floor_divide(year - first, n) * n + first;
}

/* The first day of the period that the day belongs to, or of the one after it. */
static int
period_start(ShPrecision precision, int day, bool next)
{
	int year;
	int month;
	int day_of_month;

	if (precision == SH_DAY)
		return day + next;
	/* 2000-01-03 was a Monday. */
	if (precision == SH_WEEK)
		return ((int) floor_divide(day - 2, 7) + next) * 7 + 2;
	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &day_of_month);
	switch (precision)
	{
		case SH_MONTH:
			return next && month == 12 ? day_of(year + 1, 1) : day_of(year, month + next);
		case SH_DECADE:
			return day_of(first_year(year, 10, 0) + next * 10, 1);
		case SH_CENTURY:
			return day_of(first_year(year, 100, 1) + next * 100, 1);
		case SH_MILLENNIA:
			return day_of(first_year(year, 1000, 1) + next * 1000, 1);
		default:
			return day_of(year + next, 1);
	}
}

/*
 * The instant at which a local day begins. PostgreSQL's rule where the clock skips its midnight, or
 * shows it twice: the instant of the change; the second one.
 */
static TimestampTz
midnight(const ShZone *zone, int day)
{
	struct pg_tm tm = {0};

	j2date(day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	return (TimestampTz) day * USECS_PER_DAY +
		   DetermineTimeZoneOffset(&tm, zone->tz) * (TimestampTz) USECS_PER_SEC;
}

/* ---- buckets ---- */

void
sh_buckets_begin(ShBuckets *buckets, ShPrecision precision, const ShZone *zone)
{
	buckets->precision = precision;
	buckets->zone = *zone;
	buckets->is_set = false;
}

static void
find_clock_bucket(ShBuckets *buckets, TimestampTz ts, TimestampTz *start, TimestampTz *end)
{
	int64 width = precisions[buckets->precision].width;
	int64 shift = sh_zone_offset(&buckets->zone, ts) * (int64) USECS_PER_SEC;

	*start = floor_divide(ts + shift, width) * width - shift;
	*end = Min(*start + width, buckets->zone.to);
}

static void
find_calendar_bucket(ShBuckets *buckets, TimestampTz ts, TimestampTz *start, TimestampTz *end)
{
	ShZone *zone = &buckets->zone;
	int64 shift = sh_zone_offset(zone, ts) * (int64) USECS_PER_SEC;
	int day = (int) floor_divide(ts + shift, USECS_PER_DAY);
	int first = period_start(buckets->precision, day, false);

	*start = midnight(zone, first);
	*end = midnight(zone, period_start(buckets->precision, day, true));
	/* Before the second showing of a midnight the clock may have been past the first one. */
	if (*start > ts)
	{
		*end = *start;
		*start = midnight(zone, period_start(buckets->precision, first - 1, false));
	}
}

bool
sh_buckets_move(ShBuckets *buckets, TimestampTz ts)
{
	TimestampTz start;
	TimestampTz end;

	if (precisions[buckets->precision].width != 0)
		find_clock_bucket(buckets, ts, &start, &end);
	else
		find_calendar_bucket(buckets, ts, &start, &end);
	/*
	 * A change of the offset in the middle of a bucket: what comes after it may be the same bucket
	 * (clocks changed by whole buckets), or would begin before it. Rows never repeat nor go back.
	 */
	buckets->end = Max(end, ts + 1);
	if (buckets->is_set && start <= buckets->start)
		return false;
	buckets->is_set = true;
	buckets->start = start;
	buckets->offset = buckets->zone.offset;
	if (start < buckets->zone.from || start >= buckets->zone.to)
	{
		ShZone there = buckets->zone;

		buckets->offset = sh_zone_offset(&there, start);
	}
	return true;
}
