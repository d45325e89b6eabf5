/*
 * host_time.h: times, calendars, layouts and durations. Layouts show how the time
 * Mon Jan 2 15:04:05 MST 2006 would look.
 */
#ifndef SH_WORKER_HOST_TIME_H
#define SH_WORKER_HOST_TIME_H

#include "host_value.h"

#define WK_RFC3339_NANO "2006-01-02T15:04:05.999999999Z07:00"

/* 0001-01-01T00:00:00Z: the time that is_zero() means. */
#define WK_ZERO_SECONDS INT64_C(-62135596800)

/* Years that times are made from; more are refused. */
#define WK_YEAR_MAX 1000000

typedef struct WkCivil
{
	int64_t year;
	int month; /* 1..12 */
	int day;
	int hour;
	int minute;
	int second;
	int weekday;  /* 0: Sunday */
	int year_day; /* 1..366 */
	int32_t offset;
	char abbreviation[14]; /* empty: none */
} WkCivil;

/* ---- the calendar (proleptic Gregorian) ---- */

/* Days since 1970-01-01; month 1..12. */
extern int64_t wk_days(int64_t year, int month, int day);
extern int64_t wk_year_of(int64_t seconds);
extern int wk_weekday(int64_t days);
extern int wk_days_in_month(int64_t year, int month);
extern const char *wk_month_name(int month); /* 1..12 */

/* ---- times ---- */

extern WkTime wk_time_now(void);
extern void wk_time_civil(const WkTime *time, WkCivil *out);

/*
 * The time of a date and an hour in zone's (an index, or WK_ZONE_UTC) local time. Month, day and the
 * rest may be beyond their bounds; false: a year is beyond WK_YEAR_MAX.
 */
extern bool wk_time_make(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute,
						 int64_t second, int64_t nanosecond, int zone, WkTime *out);

/* Nanoseconds on top; stops at the ends of what there is. */
extern WkTime wk_time_add(WkTime time, int64_t nanoseconds);
extern int64_t wk_time_difference(const WkTime *a, const WkTime *b);
extern int wk_time_compare(const WkTime *a, const WkTime *b);

/* ---- texts ---- */

extern void wk_time_append_layout(ShcBuf *out, const WkTime *time, const char *layout, size_t len);

/* 2006-01-02 15:04:05.999999999 -0700 MST */
extern void wk_time_append_string(ShcBuf *out, const WkTime *time);

/* False: why is in error. */
extern bool wk_time_parse(const char *layout, size_t layout_len, const char *value, size_t len,
						  WkTime *out, ShcBuf *error);

/* 1h2m3.5s */
extern void wk_duration_append(ShcBuf *out, int64_t nanoseconds);
extern bool wk_duration_parse(const char *data, size_t len, int64_t *out, ShcBuf *error);

/* ---- what layouts consist of, for host_time_layout.c and host_time_parse.c ---- */

typedef enum WkElement
{
	WK_LITERAL,
	WK_MONTH_LONG,
	WK_MONTH_SHORT,
	WK_MONTH_NUMBER,
	WK_MONTH_ZERO,
	WK_WEEKDAY_LONG,
	WK_WEEKDAY_SHORT,
	WK_DAY,
	WK_DAY_SPACE,
	WK_DAY_ZERO,
	WK_YEAR_DAY_SPACE,
	WK_YEAR_DAY_ZERO,
	WK_HOUR,
	WK_HOUR_12,
	WK_HOUR_12_ZERO,
	WK_MINUTE,
	WK_MINUTE_ZERO,
	WK_SECOND,
	WK_SECOND_ZERO,
	WK_YEAR_LONG,
	WK_YEAR_SHORT,
	WK_PM_UPPER,
	WK_PM_LOWER,
	WK_ZONE_NAME,
	WK_OFFSET,	   /* -0700 and others; see WkPiece */
	WK_FRACTION_0, /* .000 */
	WK_FRACTION_9  /* .999 */
} WkElement;

typedef struct WkPiece
{
	WkElement element;
	const char *text;
	size_t len;
	size_t before; /* literal bytes before it */
	/* Of an offset: */
	bool has_z; /* Z for UTC */
	bool has_colon;
	int parts; /* hours; and minutes; and seconds */
} WkPiece;

/* The first element of a layout, and what stands before it; WK_LITERAL: there is none. */
extern WkPiece wk_layout_next(const char *layout, size_t len);

#endif
