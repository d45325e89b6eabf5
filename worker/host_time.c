/*
 * host_time.c: the calendar, times and their arithmetic, durations.
 */
#include "host_time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host_quote.h"
#include "host_zones.h"

#define BILLION INT64_C(1000000000)

/* ---- the calendar ---- */

static int64_t
floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

/* Years begin in March here, so that a leap day is the last one. */
int64_t
wk_days(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_divide(y, 400);
	int64_t of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}

static void
civil_from_days(int64_t days, WkCivil *out)
{
	int64_t z = days + 719468;
	int64_t era = floor_divide(z, 146097);
	int64_t of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t day_of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * day_of_year + 2) / 153;

	out->day = (int) (day_of_year - (153 * month + 2) / 5 + 1);
	out->month = (int) (month < 10 ? month + 3 : month - 9);
	out->year = year + era * 400 + (out->month <= 2 ? 1 : 0);
	out->year_day = (int) (days - wk_days(out->year, 1, 1) + 1);
	out->weekday = wk_weekday(days);
}

int64_t
wk_year_of(int64_t seconds)
{
	WkCivil civil;

	civil_from_days(floor_divide(seconds, 86400), &civil);
	return civil.year;
}

int
wk_weekday(int64_t days)
{
	int64_t day = (days + 4) % 7;

	return (int) (day < 0 ? day + 7 : day);
}

int
wk_days_in_month(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && is_leap ? 29 : days[month - 1];
}

const char *
wk_month_name(int month)
{
	static const char *const names[] = {"January",	 "February", "March",	 "April",
										"May",		 "June",	 "July",	 "August",
										"September", "October",	 "November", "December"};

	return names[month - 1];
}

/* ---- times ---- */

WkTime
wk_time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (WkTime){
		.seconds = now.tv_sec, .nanoseconds = (int32_t) now.tv_nsec, .zone = WK_ZONE_UTC};
}

static void
zone_of(const WkTime *time, int32_t *offset, char abbreviation[14])
{
	if (time->zone == WK_ZONE_UTC)
	{
		*offset = 0;
		snprintf(abbreviation, 14, "UTC");
	}
	else if (time->zone == WK_ZONE_FIXED)
	{
		*offset = time->offset;
		snprintf(abbreviation, 14, "%s", time->abbreviation);
	}
	else
		wk_zone_at(time->zone, time->seconds, offset, abbreviation);
}

void
wk_time_civil(const WkTime *time, WkCivil *out)
{
	int64_t local;
	int64_t rest;

	zone_of(time, &out->offset, out->abbreviation);
	if (__builtin_add_overflow(time->seconds, (int64_t) out->offset, &local))
		local = time->seconds;
	civil_from_days(floor_divide(local, 86400), out);
	rest = local - floor_divide(local, 86400) * 86400;
	out->hour = (int) (rest / 3600);
	out->minute = (int) (rest / 60 % 60);
	out->second = (int) (rest % 60);
}

static bool
is_large(int64_t n)
{
	return n > INT64_C(1000000000000000) || n < -INT64_C(1000000000000000);
}

bool
wk_time_make(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute, int64_t second,
			 int64_t nanosecond, int zone, WkTime *out)
{
	int64_t years;
	int64_t local;
	int32_t offset;
	char abbreviation[14];

	if (is_large(year) || is_large(month) || is_large(day) || is_large(hour) || is_large(minute) ||
		is_large(second))
		return false;
	years = floor_divide(month - 1, 12);
	year += years;
	month -= years * 12;
	if (year > WK_YEAR_MAX || year < -WK_YEAR_MAX || day > WK_YEAR_MAX * INT64_C(366) ||
		day < -WK_YEAR_MAX * INT64_C(366))
		return false;
	local = (wk_days(year, (int) month, 1) + day - 1) * 86400 + hour * 3600 + minute * 60;
	local += second + floor_divide(nanosecond, BILLION);
	*out = (WkTime){.seconds = local,
					.nanoseconds =
						(int32_t) (nanosecond - floor_divide(nanosecond, BILLION) * BILLION),
					.zone = (int16_t) zone};
	if (zone >= 0)
	{
		/* What holds there at the local time as if it were UTC, then at the time that follows. */
		wk_zone_at(zone, local, &offset, abbreviation);
		wk_zone_at(zone, local - offset, &offset, abbreviation);
		out->seconds = local - offset;
	}
	return true;
}

WkTime
wk_time_add(WkTime time, int64_t nanoseconds)
{
	int64_t seconds = floor_divide(nanoseconds, BILLION);
	int64_t rest = nanoseconds - seconds * BILLION + time.nanoseconds;

	if (rest >= BILLION)
	{
		rest -= BILLION;
		seconds++;
	}
	if (__builtin_add_overflow(time.seconds, seconds, &time.seconds))
		time.seconds = seconds < 0 ? INT64_MIN : INT64_MAX;
	time.nanoseconds = (int32_t) rest;
	return time;
}

int64_t
wk_time_difference(const WkTime *a, const WkTime *b)
{
	__int128 difference =
		((__int128) a->seconds - b->seconds) * BILLION + (a->nanoseconds - b->nanoseconds);

	if (difference > INT64_MAX)
		return INT64_MAX;
	return difference < INT64_MIN ? INT64_MIN : (int64_t) difference;
}

int
wk_time_compare(const WkTime *a, const WkTime *b)
{
	if (a->seconds != b->seconds)
		return a->seconds < b->seconds ? -1 : 1;
	return a->nanoseconds < b->nanoseconds ? -1 : a->nanoseconds > b->nanoseconds;
}

void
wk_time_append_string(ShcBuf *out, const WkTime *time)
{
	static const char layout[] = "2006-01-02 15:04:05.999999999 -0700 MST";

	wk_time_append_layout(out, time, layout, sizeof(layout) - 1);
}

/* ---- durations ---- */

/* value / 10^digits without trailing zeros */
static void
append_decimal(ShcBuf *out, uint64_t value, int digits)
{
	uint64_t unit = 1;
	uint64_t rest;

	for (int i = 0; i < digits; i++)
		unit *= 10;
	shc_buf_printf(out, "%llu", (unsigned long long) (value / unit));
	rest = value % unit;
	if (rest == 0)
		return;
	while (rest % 10 == 0)
	{
		rest /= 10;
		digits--;
	}
	shc_buf_printf(out, ".%0*llu", digits, (unsigned long long) rest);
}

void
wk_duration_append(ShcBuf *out, int64_t nanoseconds)
{
	uint64_t rest = nanoseconds < 0 ? 0 - (uint64_t) nanoseconds : (uint64_t) nanoseconds;
	uint64_t minutes = rest / ((uint64_t) BILLION * 60);

	if (nanoseconds < 0)
		shc_buf_append(out, "-", 1);
	if (rest == 0)
		shc_buf_puts(out, "0s");
	else if (rest < 1000)
		shc_buf_printf(out, "%lluns", (unsigned long long) rest);
	else if (rest < (uint64_t) BILLION)
	{
		bool is_micro = rest < 1000000;

		append_decimal(out, rest, is_micro ? 3 : 6);
		shc_buf_puts(out, is_micro ? "\xc2\xb5s" : "ms");
	}
	else
	{
		if (minutes >= 60)
			shc_buf_printf(out, "%lluh", (unsigned long long) (minutes / 60));
		if (minutes > 0)
			shc_buf_printf(out, "%llum", (unsigned long long) (minutes % 60));
		append_decimal(out, rest % ((uint64_t) BILLION * 60), 9);
		shc_buf_append(out, "s", 1);
	}
}

/* Nanoseconds of the unit at p, which has len bytes; 0: it is none. */
static int64_t
unit_value(const char *p, size_t len)
{
	static const struct
	{
		const char *name;
		int64_t value;
	} units[] = {{"ns", 1},			  {"us", 1000},	  {"\xc2\xb5s", 1000}, /* the micro sign */
				 {"\xce\xbcs", 1000},									   /* the Greek letter */
				 {"ms", 1000000},	  {"s", BILLION}, {"m", BILLION * 60}, {"h", BILLION * 3600}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == len && memcmp(units[i].name, p, len) == 0)
			return units[i].value;
	return 0;
}

/* digits [. digits], in nanoseconds of an unknown unit: whole, fraction / scale */
typedef struct Decimal
{
	uint64_t whole;
	uint64_t fraction;
	double scale;
	bool any;
	bool is_over;
} Decimal;

static Decimal
read_decimal(const char **p, const char *end)
{
	Decimal d = {.scale = 1};

	for (; *p < end && **p >= '0' && **p <= '9'; (*p)++)
	{
		d.any = true;
		d.is_over |= d.whole > (UINT64_C(1) << 63) / 10;
		d.whole = d.whole * 10 + (uint64_t) (**p - '0');
	}
	if (*p < end && **p == '.')
	{
		for ((*p)++; *p < end && **p >= '0' && **p <= '9'; (*p)++)
		{
			d.any = true;
			if (d.scale >= 1e17)
				continue;
			d.fraction = d.fraction * 10 + (uint64_t) (**p - '0');
			d.scale *= 10;
		}
	}
	return d;
}

static bool
duration_error(ShcBuf *error, const char *what, const char *data, size_t len, const char *unit,
			   size_t unit_len)
{
	shc_buf_printf(error, "time: %s ", what);
	if (unit != NULL)
	{
		wk_append_quoted(error, unit, unit_len, '"', false);
		shc_buf_puts(error, " in duration ");
	}
	wk_append_quoted(error, data, len < 100 ? len : 100, '"', false);
	return false;
}

bool
wk_duration_parse(const char *data, size_t len, int64_t *out, ShcBuf *error)
{
	const char *p = data;
	const char *end = data + len;
	bool is_negative = len > 0 && *p == '-';
	uint64_t total = 0;

	if (len > 0 && (*p == '-' || *p == '+'))
		p++;
	*out = 0;
	if (end - p == 1 && *p == '0')
		return true;
	if (p == end)
		return duration_error(error, "invalid duration", data, len, NULL, 0);
	while (p < end)
	{
		Decimal d = read_decimal(&p, end);
		const char *unit = p;
		int64_t value;

		if (!d.any)
			return duration_error(error, "invalid duration", data, len, NULL, 0);
		while (p < end && *p != '.' && (*p < '0' || *p > '9'))
			p++;
		if (p == unit)
			return duration_error(error, "missing unit in duration", data, len, NULL, 0);
		value = unit_value(unit, (size_t) (p - unit));
		if (value == 0)
			return duration_error(error, "unknown unit", data, len, unit, (size_t) (p - unit));
		if (d.is_over || d.whole > (UINT64_C(1) << 63) / (uint64_t) value)
			return duration_error(error, "invalid duration", data, len, NULL, 0);
		total += d.whole * (uint64_t) value +
				 (uint64_t) ((double) d.fraction * ((double) value / d.scale));
		if (total > (UINT64_C(1) << 63))
			return duration_error(error, "invalid duration", data, len, NULL, 0);
	}
	if (!is_negative && total > (uint64_t) INT64_MAX)
		return duration_error(error, "invalid duration", data, len, NULL, 0);
	*out = (int64_t) (is_negative ? 0 - total : total);
	return true;
}
