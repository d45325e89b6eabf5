/*
 * host_times.c: the times module. The zone of a run, "Local", is UTC.
 */
#include "host_times.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "host_time.h"
#include "host_zones.h"

#define BILLION INT64_C(1000000000)

/* ---- arguments ---- */

/* A zone by its name; raises. */
static bool
arg_zone(WkHostCall *call, int i, int *zone)
{
	const char *name;
	size_t len;

	if (!wk_arg_text(call, i, &name, &len))
		return false;
	*zone = WK_ZONE_UTC;
	if (len == 0 || (len == 3 && memcmp(name, "UTC", 3) == 0) ||
		(len == 5 && memcmp(name, "Local", 5) == 0))
		return true;
	*zone = wk_zone_find(name, len);
	if (*zone < 0)
		return wk_raise(call, "unknown time zone %.*s", (int) (len < 100 ? len : 100), name);
	return true;
}

static bool
arg_civil(WkHostCall *call, WkTime *time, WkCivil *civil)
{
	if (!wk_arg_time(call, 0, time))
		return false;
	wk_time_civil(time, civil);
	return true;
}

/* ---- now, and waiting ---- */

/* sleep(ns): never beyond the run's deadline. */
static bool
times_sleep(WkHostCall *call)
{
	int64_t wait;
	struct timespec until;

	if (!wk_arg_int(call, 0, &wait))
		return false;
	clock_gettime(CLOCK_MONOTONIC, &until);
	if (wait < 0)
		wait = 0;
	if (call->state->task != NULL)
	{
		int64_t now = (int64_t) until.tv_sec * 1000000 + until.tv_nsec / 1000;
		int64_t left = call->state->task->deadline - now;

		if (wait / 1000 > left)
			wait = left > 0 && left < INT64_MAX / 1000 ? left * 1000 : 0;
	}
	until.tv_sec += (time_t) (wait / BILLION);
	until.tv_nsec += (long) (wait % BILLION);
	if (until.tv_nsec >= BILLION)
	{
		until.tv_nsec -= BILLION;
		until.tv_sec++;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	return wk_return_undefined(call);
}

static bool
times_now(WkHostCall *call)
{
	return wk_return_time(call, wk_time_now());
}

static bool
times_since(WkHostCall *call)
{
	WkTime now = wk_time_now();
	WkTime time;

	return wk_arg_time(call, 0, &time) && wk_return_int(call, wk_time_difference(&now, &time));
}

static bool
times_until(WkHostCall *call)
{
	WkTime now = wk_time_now();
	WkTime time;

	return wk_arg_time(call, 0, &time) && wk_return_int(call, wk_time_difference(&time, &now));
}

/* ---- durations ---- */

static bool
times_parse_duration(WkHostCall *call)
{
	const char *data;
	size_t len;
	int64_t duration;

	if (!wk_arg_text(call, 0, &data, &len))
		return false;
	if (!wk_duration_parse(data, len, &duration, call->out))
		return wk_raise(call, "%s", call->out->data);
	return wk_return_int(call, duration);
}

/* Whole units and the rest apart, so that no digit is lost. */
static bool
duration_in(WkHostCall *call, int64_t unit)
{
	int64_t duration;
	double whole;

	if (!wk_arg_int(call, 0, &duration))
		return false;
	whole = (double) (int64_t) (duration / unit);
	return wk_return_float(call, whole + (double) (duration % unit) / (double) unit);
}

static bool
times_duration_hours(WkHostCall *call)
{
	return duration_in(call, BILLION * 3600);
}

static bool
times_duration_minutes(WkHostCall *call)
{
	return duration_in(call, BILLION * 60);
}

static bool
times_duration_seconds(WkHostCall *call)
{
	return duration_in(call, BILLION);
}

static bool
times_duration_nanoseconds(WkHostCall *call)
{
	int64_t duration;

	return wk_arg_int(call, 0, &duration) && wk_return_int(call, duration);
}

static bool
times_duration_string(WkHostCall *call)
{
	int64_t duration;

	if (!wk_arg_int(call, 0, &duration))
		return false;
	wk_duration_append(call->out, duration);
	return wk_return_out(call, WK_STRING);
}

static bool
times_month_string(WkHostCall *call)
{
	int64_t month;

	if (!wk_arg_int(call, 0, &month))
		return false;
	if (month >= 1 && month <= 12)
		shc_buf_puts(call->out, wk_month_name((int) month));
	else
		shc_buf_printf(call->out, "%%!Month(%llu)", (unsigned long long) month);
	return wk_return_out(call, WK_STRING);
}

/* ---- making times ---- */

/* date(year, month, day, hour, minute, second, nanosecond [, zone]) */
static bool
times_date(WkHostCall *call)
{
	int64_t part[7];
	int zone = WK_ZONE_UTC;
	WkTime time;

	for (int i = 0; i < 7; i++)
		if (!wk_arg_int(call, i, &part[i]))
			return false;
	if (wk_arg_given(call, 7) && !arg_zone(call, 7, &zone))
		return false;
	if (!wk_time_make(part[0], part[1], part[2], part[3], part[4], part[5], part[6], zone, &time))
		return wk_raise(call, "date: the year must be at most %d", WK_YEAR_MAX);
	return wk_return_time(call, time);
}

static bool
times_unix(WkHostCall *call)
{
	WkTime time = {.zone = WK_ZONE_UTC};
	int64_t nanoseconds;

	return wk_arg_int(call, 0, &time.seconds) && wk_arg_int(call, 1, &nanoseconds) &&
		   wk_return_time(call, wk_time_add(time, nanoseconds));
}

static bool
times_parse(WkHostCall *call)
{
	const char *layout;
	const char *value;
	size_t layout_len;
	size_t len;
	WkTime time;

	if (!wk_arg_text(call, 0, &layout, &layout_len) || !wk_arg_text(call, 1, &value, &len))
		return false;
	if (!wk_time_parse(layout, layout_len, value, len, &time, call->out))
		return wk_raise(call, "%s", call->out->data);
	return wk_return_time(call, time);
}

/* ---- arithmetic ---- */

static bool
times_add(WkHostCall *call)
{
	WkTime time;
	int64_t duration;

	return wk_arg_time(call, 0, &time) && wk_arg_int(call, 1, &duration) &&
		   wk_return_time(call, wk_time_add(time, duration));
}

/* add_date(time, years, months, days): in the time's own zone, the hour stays. */
static bool
times_add_date(WkHostCall *call)
{
	WkTime time;
	WkTime result;
	WkCivil civil;
	int64_t part[3];

	if (!arg_civil(call, &time, &civil))
		return false;
	for (int i = 0; i < 3; i++)
	{
		if (!wk_arg_int(call, i + 1, &part[i]))
			return false;
		if (part[i] > WK_YEAR_MAX * INT64_C(366) || part[i] < -WK_YEAR_MAX * INT64_C(366))
			return wk_raise(call, "add_date: the year must be at most %d", WK_YEAR_MAX);
	}
	if (civil.year > WK_YEAR_MAX || civil.year < -WK_YEAR_MAX ||
		!wk_time_make(civil.year + part[0], civil.month + part[1], civil.day + part[2], civil.hour,
					  civil.minute, civil.second, time.nanoseconds,
					  time.zone >= 0 ? time.zone : WK_ZONE_UTC, &result))
		return wk_raise(call, "add_date: the year must be at most %d", WK_YEAR_MAX);
	if (time.zone == WK_ZONE_FIXED)
	{
		result.seconds -= time.offset;
		result.zone = WK_ZONE_FIXED;
		result.offset = time.offset;
		memcpy(result.abbreviation, time.abbreviation, sizeof(result.abbreviation));
	}
	return wk_return_time(call, result);
}

static bool
times_sub(WkHostCall *call)
{
	WkTime a;
	WkTime b;

	return wk_arg_time(call, 0, &a) && wk_arg_time(call, 1, &b) &&
		   wk_return_int(call, wk_time_difference(&a, &b));
}

static bool
times_after(WkHostCall *call)
{
	WkTime a;
	WkTime b;

	return wk_arg_time(call, 0, &a) && wk_arg_time(call, 1, &b) &&
		   wk_return_bool(call, wk_time_compare(&a, &b) > 0);
}

static bool
times_before(WkHostCall *call)
{
	WkTime a;
	WkTime b;

	return wk_arg_time(call, 0, &a) && wk_arg_time(call, 1, &b) &&
		   wk_return_bool(call, wk_time_compare(&a, &b) < 0);
}

static bool
times_is_zero(WkHostCall *call)
{
	WkTime time;

	return wk_arg_time(call, 0, &time) &&
		   wk_return_bool(call, time.seconds == WK_ZERO_SECONDS && time.nanoseconds == 0);
}

/* ---- parts ---- */

#define PART(name, expression)                                                    \
	static bool times_time_##name(WkHostCall *call)                               \
	{                                                                             \
		WkTime time;                                                              \
		WkCivil civil;                                                            \
                                                                                  \
		return arg_civil(call, &time, &civil) && wk_return_int(call, expression); \
	}

/* clang-format off */
PART(year, civil.year)
PART(month, civil.month)
PART(day, civil.day)
PART(weekday, civil.weekday)
PART(hour, civil.hour)
PART(minute, civil.minute)
PART(second, civil.second)
PART(nanosecond, time.nanoseconds)
PART(unix, time.seconds)
/* clang-format on */

static bool
times_time_unix_nano(WkHostCall *call)
{
	WkTime time;

	/* Wraps, beyond the years 1678 to 2262. */
	return wk_arg_time(call, 0, &time) &&
		   wk_return_int(call, (int64_t) ((uint64_t) time.seconds * (uint64_t) BILLION +
										  (uint64_t) time.nanoseconds));
}

static bool
times_time_format(WkHostCall *call)
{
	WkTime time;
	const char *layout;
	size_t len;

	if (!wk_arg_time(call, 0, &time) || !wk_arg_text(call, 1, &layout, &len))
		return false;
	wk_time_append_layout(call->out, &time, layout, len);
	return wk_return_out(call, WK_STRING);
}

static bool
times_time_string(WkHostCall *call)
{
	WkTime time;

	if (!wk_arg_time(call, 0, &time))
		return false;
	wk_time_append_string(call->out, &time);
	return wk_return_out(call, WK_STRING);
}

static bool
times_time_location(WkHostCall *call)
{
	WkTime time;

	if (!wk_arg_time(call, 0, &time))
		return false;
	shc_buf_puts(call->out,
				 time.zone == WK_ZONE_FIXED ? time.abbreviation : wk_zone_name(time.zone));
	return wk_return_out(call, WK_STRING);
}

static bool
times_to_utc(WkHostCall *call)
{
	WkTime time;

	if (!wk_arg_time(call, 0, &time))
		return false;
	return wk_return_time(
		call,
		(WkTime){.seconds = time.seconds, .nanoseconds = time.nanoseconds, .zone = WK_ZONE_UTC});
}

static bool
times_in_location(WkHostCall *call)
{
	WkTime time;
	int zone;

	if (!wk_arg_time(call, 0, &time) || !arg_zone(call, 1, &zone))
		return false;
	return wk_return_time(
		call,
		(WkTime){.seconds = time.seconds, .nanoseconds = time.nanoseconds, .zone = (int16_t) zone});
}

/* ---- the table ---- */

#define INT(n, v)                                                  \
	{                                                              \
		.name = (n), .constant = {.kind = WK_INT, .integer = (v) } \
	}
#define TEXT(n, v)                                                                  \
	{                                                                               \
		.name = (n), .constant = {.kind = WK_STRING, .text = {(v), sizeof(v) - 1} } \
	}
#define MEMBER(n, least, most)                                           \
	{                                                                    \
		.name = #n, .function = times_##n, .min = (least), .max = (most) \
	}

const WkMember wk_times_members[] = {
	TEXT("format_ansic", "Mon Jan _2 15:04:05 2006"),
	TEXT("format_unix_date", "Mon Jan _2 15:04:05 MST 2006"),
	TEXT("format_ruby_date", "Mon Jan 02 15:04:05 -0700 2006"),
	TEXT("format_rfc822", "02 Jan 06 15:04 MST"),
	TEXT("format_rfc822z", "02 Jan 06 15:04 -0700"),
	TEXT("format_rfc850", "Monday, 02-Jan-06 15:04:05 MST"),
	TEXT("format_rfc1123", "Mon, 02 Jan 2006 15:04:05 MST"),
	TEXT("format_rfc1123z", "Mon, 02 Jan 2006 15:04:05 -0700"),
	TEXT("format_rfc3339", "2006-01-02T15:04:05Z07:00"),
	TEXT("format_rfc3339_nano", WK_RFC3339_NANO),
	TEXT("format_kitchen", "3:04PM"),
	TEXT("format_stamp", "Jan _2 15:04:05"),
	TEXT("format_stamp_milli", "Jan _2 15:04:05.000"),
	TEXT("format_stamp_micro", "Jan _2 15:04:05.000000"),
	TEXT("format_stamp_nano", "Jan _2 15:04:05.000000000"),
	INT("nanosecond", 1),
	INT("microsecond", 1000),
	INT("millisecond", 1000000),
	INT("second", BILLION),
	INT("minute", BILLION * 60),
	INT("hour", BILLION * 3600),
	INT("january", 1),
	INT("february", 2),
	INT("march", 3),
	INT("april", 4),
	INT("may", 5),
	INT("june", 6),
	INT("july", 7),
	INT("august", 8),
	INT("september", 9),
	INT("october", 10),
	INT("november", 11),
	INT("december", 12),
	MEMBER(sleep, 1, 1),
	MEMBER(parse_duration, 1, 1),
	MEMBER(since, 1, 1),
	MEMBER(until, 1, 1),
	MEMBER(duration_hours, 1, 1),
	MEMBER(duration_minutes, 1, 1),
	MEMBER(duration_nanoseconds, 1, 1),
	MEMBER(duration_seconds, 1, 1),
	MEMBER(duration_string, 1, 1),
	MEMBER(month_string, 1, 1),
	MEMBER(date, 7, 8),
	MEMBER(now, 0, 0),
	MEMBER(parse, 2, 2),
	MEMBER(unix, 2, 2),
	MEMBER(add, 2, 2),
	MEMBER(add_date, 4, 4),
	MEMBER(sub, 2, 2),
	MEMBER(after, 2, 2),
	MEMBER(before, 2, 2),
	MEMBER(time_year, 1, 1),
	MEMBER(time_month, 1, 1),
	MEMBER(time_day, 1, 1),
	MEMBER(time_weekday, 1, 1),
	MEMBER(time_hour, 1, 1),
	MEMBER(time_minute, 1, 1),
	MEMBER(time_second, 1, 1),
	MEMBER(time_nanosecond, 1, 1),
	MEMBER(time_unix, 1, 1),
	MEMBER(time_unix_nano, 1, 1),
	MEMBER(time_format, 2, 2),
	MEMBER(time_location, 1, 1),
	MEMBER(time_string, 1, 1),
	MEMBER(is_zero, 1, 1),
	{.name = "to_local", .function = times_to_utc, .min = 1, .max = 1},
	MEMBER(to_utc, 1, 1),
	MEMBER(in_location, 2, 2),
	{.name = NULL},
};
