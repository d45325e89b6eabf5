/*
 * points_out.c: rows of points as JSON or CSV.
 */
#include "points_out.h"

#include <math.h>
#include <string.h>

#include "decimal.h"
#include "digits.h"

static inline char *
put_text(char *p, const char *text, size_t len)
{
	memcpy(p, text, len);
	return p + len;
}

#define put_literal(p, literal) put_text(p, literal, sizeof(literal) - 1)

static inline char *
open_row(char *p, ShFormat format, int64_t ts, int32_t offset, ShDayCache *cache)
{
	if (format == SH_FORMAT_CSV)
	{
		p = sh_rfc3339_print(p, ts, offset, cache);
		*p++ = ',';
		return p;
	}
	p = put_literal(p, "{\"ts\":\"");
	p = sh_rfc3339_print(p, ts, offset, cache);
	return put_literal(p, "\",\"v\":");
}

static inline char *
close_row(char *p, ShFormat format)
{
	*p++ = format == SH_FORMAT_CSV ? '\n' : '}';
	return p;
}

char *
sh_row_print(char *p, ShFormat format, int64_t ts, int32_t offset, double value, ShDayCache *cache)
{
	p = open_row(p, format, ts, offset, cache);
	if (isfinite(value))
		p = sh_decimal_print(p, value);
	else if (format == SH_FORMAT_JSON)
		p = put_literal(p, "null");
	return close_row(p, format);
}

char *
sh_row_print_point(char *p, ShFormat format, const ShPoints *points, int i, int32_t offset,
				   ShDayCache *cache)
{
	if (points->scale == SH_SCALE_NONE || ((points->exception[i / 64] >> (i % 64)) & 1) != 0)
		return sh_row_print(p, format, points->ts[i], offset, points->value[i], cache);
	p = open_row(p, format, points->ts[i], offset, cache);
	p = sh_decimal_print_scaled(p, points->scaled[i], points->scale);
	return close_row(p, format);
}

/* ---- runs of plain rows ---- */

#define SECOND INT64_C(1000000)
#define DAY	   (86400 * SECOND)

/* value without leading zeros */
static inline char *
put_whole(char *p, uint32_t value)
{
	char digits[10];
	int n = sizeof(digits);

	if (value < 10)
	{
		*p = (char) ('0' + value);
		return p + 1;
	}
	if (value < 100)
	{
		put_two(p, value);
		return p + 2;
	}
	for (; value >= 100; value /= 100)
		put_two(digits + (n -= 2), value % 100);
	if (value >= 10)
		put_two(digits + (n -= 2), value);
	else
		digits[--n] = (char) ('0' + value);
	memcpy(p, digits + n, sizeof(digits) - n);
	return p + sizeof(digits) - n;
}

/*
 * scaled / 10^scale, scale >= 1: the digits behind the point, without trailing zeros. The cases are
 * spelt out so that each division is one by a constant.
 */
static inline char *
put_decimal(char *p, uint32_t value, int scale)
{
	uint32_t whole;
	uint32_t rest;

	switch (scale)
	{
		case 1:
			whole = value / 10;
			rest = value - whole * 10;
			p = put_whole(p, whole);
			/* Without a branch: a tenth of all values have no decimal, at random. */
			p[0] = '.';
			p[1] = (char) ('0' + rest);
			return p + 2 * (rest != 0);
		case 2:
			whole = value / 100;
			rest = value % 100;
			p = put_whole(p, whole);
			if (rest == 0)
				return p;
			*p++ = '.';
			put_two(p, rest);
			return p + (p[1] == '0' ? 1 : 2);
		case 3:
			whole = value / 1000;
			rest = value % 1000;
			p = put_whole(p, whole);
			if (rest == 0)
				return p;
			p[0] = '.';
			p[1] = (char) ('0' + rest / 100);
			put_two(p + 2, rest % 100);
			p += 4;
			break;
		default:
			return sh_decimal_print_scaled(p, value, scale);
	}
	while (p[-1] == '0')
		p--;
	return p;
}

/* "HH:MM:" of each minute of a day; filled when it is needed first. */
static char minute_text[1440][8];
static bool has_minutes;

static void
fill_minutes(void)
{
	if (has_minutes)
		return;
	for (uint32_t minute = 0; minute < 1440; minute++)
	{
		put_two(minute_text[minute], minute / 60);
		minute_text[minute][2] = ':';
		put_two(minute_text[minute] + 3, minute % 60);
		minute_text[minute][5] = ':';
	}
	has_minutes = true;
}

/* What stands before and behind the time of day of all rows of one day and one offset. */
typedef struct RowFrame
{
	char before[32];
	char behind[32];
	int before_len;
	int behind_len;
} RowFrame;

static void
make_frame(RowFrame *frame, ShFormat format, int64_t ts, int32_t offset, const ShDayCache *cache)
{
	ShDayCache copy = *cache;
	char text[SH_RFC3339_MAX];
	char *end = sh_rfc3339_print(text, ts, offset, &copy);
	char *p = frame->before;
	int zone_len = (int) (end - text) - 19;

	if (format == SH_FORMAT_JSON)
		p = put_literal(p, ",{\"ts\":\"");
	p = put_text(p, text, 11);
	frame->before_len = (int) (p - frame->before);
	p = put_text(frame->behind, text + 19, zone_len);
	if (format == SH_FORMAT_JSON)
		p = put_literal(p, "\",\"v\":");
	else
		*p++ = ',';
	frame->behind_len = (int) (p - frame->behind);
}

static inline bool
is_exception(const ShPoints *points, int i)
{
	return ((points->exception[i / 64] >> (i % 64)) & 1) != 0;
}

char *
sh_rows_print_plain(char *p, const char *limit, ShFormat format, const ShPoints *points, int *i,
					int last, int64_t until, int32_t offset, const ShDayCache *cache)
{
	int64_t day_begin = cache->day * DAY - (int64_t) (offset / 60) * 60 * SECOND;
	int scale = points->scale;
	char close = format == SH_FORMAT_JSON ? '}' : '\n';
	RowFrame frame;
	int k = *i;

	if (scale == SH_SCALE_NONE || !cache->valid || k == last)
		return p;
	if ((uint64_t) (points->ts[k] - day_begin) >= DAY || points->ts[k] % SECOND != 0)
		return p;
	fill_minutes();
	make_frame(&frame, format, points->ts[k], offset, cache);
	for (; k < last && p <= limit; k++)
	{
		int64_t in_day = points->ts[k] - day_begin;
		int64_t scaled = points->scaled[k];
		uint32_t second = (uint32_t) (in_day / SECOND);
		uint32_t minute = second / 60;
		uint32_t size = (uint32_t) (scaled < 0 ? -scaled : scaled);

		if ((uint64_t) in_day >= DAY || points->ts[k] >= until || in_day != second * SECOND ||
			scaled > UINT32_MAX || scaled < -(int64_t) UINT32_MAX ||
			(points->any_exception && is_exception(points, k)))
			break;
		/* Whole registers instead of exact lengths: the room is there. */
		memcpy(p, frame.before, sizeof(frame.before));
		p += frame.before_len;
		memcpy(p, minute_text[minute], 8);
		put_two(p + 6, second - minute * 60);
		p += 8;
		memcpy(p, frame.behind, sizeof(frame.behind));
		p += frame.behind_len;
		if (scaled < 0)
			*p++ = '-';
		p = scale == 0 ? put_whole(p, size) : put_decimal(p, size, scale);
		*p++ = close;
	}
	*i = k;
	return p;
}
