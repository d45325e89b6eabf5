/*
 * host_time_parse.c: times read by a layout.
 */
#include <string.h>
#include <strings.h>

#include "host_quote.h"
#include "host_time.h"

#define SHOWN 200

typedef struct Parser
{
	const char *p;
	const char *end;
	int64_t year;
	int month; /* -1: not given */
	int day;
	int year_day;
	int hour;
	int minute;
	int second;
	int32_t nanosecond;
	bool is_pm;
	bool is_am;
	bool is_utc;
	bool has_offset;
	int32_t offset;
	char zone_name[14];
	const char *range; /* what is out of range */
} Parser;

static bool
is_digit(const Parser *q, ptrdiff_t i)
{
	return q->end - q->p > i && q->p[i] >= '0' && q->p[i] <= '9';
}

/* One or two digits; fixed: two. */
static bool
take_two(Parser *q, bool fixed, int *out)
{
	int n = is_digit(q, 0) ? 1 + is_digit(q, 1) : 0;

	if (n == 0 || (fixed && n == 1))
		return false;
	*out = n == 1 ? q->p[0] - '0' : (q->p[0] - '0') * 10 + (q->p[1] - '0');
	q->p += n;
	return true;
}

/* As many digits as said. */
static bool
take_digits(Parser *q, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++)
	{
		if (!is_digit(q, i))
			return false;
		*out = *out * 10 + (q->p[i] - '0');
	}
	q->p += n;
	return true;
}

static bool
take_ranged(Parser *q, bool fixed, int from, int to, const char *what, int *out)
{
	if (!take_two(q, fixed, out))
		return false;
	if (*out < from || *out > to)
		q->range = what;
	return true;
}

static bool
take_word(Parser *q, const char *word, size_t len)
{
	if ((size_t) (q->end - q->p) < len || strncasecmp(q->p, word, len) != 0)
		return false;
	q->p += len;
	return true;
}

static bool
take_month_name(Parser *q, bool is_long)
{
	for (int i = 1; i <= 12; i++)
	{
		const char *name = wk_month_name(i);

		if (take_word(q, name, is_long ? strlen(name) : 3))
		{
			q->month = i;
			return true;
		}
	}
	return false;
}

static bool
take_weekday_name(Parser *q, bool is_long)
{
	static const char *const names[] = {"Sunday",	"Monday", "Tuesday", "Wednesday",
										"Thursday", "Friday", "Saturday"};

	for (int i = 0; i < 7; i++)
		if (take_word(q, names[i], is_long ? strlen(names[i]) : 3))
			return true;
	return false;
}

static bool
take_year(Parser *q, bool is_long)
{
	int year;

	if (!take_digits(q, is_long ? 4 : 2, &year))
		return false;
	q->year = is_long ? year : year >= 69 ? 1900 + year : 2000 + year;
	return true;
}

static bool
take_year_day(Parser *q, bool is_zero)
{
	int n = 0;

	for (int i = 0; i < 2 && !is_zero && q->p < q->end && *q->p == ' '; i++)
		q->p++;
	while (n < 3 && is_digit(q, n))
		n++;
	if (n == 0 || (is_zero && n != 3))
		return false;
	return take_digits(q, n, &q->year_day);
}

static bool
take_pm(Parser *q, bool is_upper)
{
	if (q->end - q->p < 2)
		return false;
	if (memcmp(q->p, is_upper ? "PM" : "pm", 2) == 0)
		q->is_pm = true;
	else if (memcmp(q->p, is_upper ? "AM" : "am", 2) == 0)
		q->is_am = true;
	else
		return false;
	q->p += 2;
	return true;
}

/* ---- fractions ---- */

/* Takes a point or comma and the digits behind it. */
static void
take_fraction_digits(Parser *q)
{
	int32_t unit = 100000000;

	q->p++;
	q->nanosecond = 0;
	for (; is_digit(q, 0); q->p++, unit /= 10)
		q->nanosecond += (*q->p - '0') * unit;
}

static bool
is_fraction(const Parser *q)
{
	return q->end - q->p >= 2 && (*q->p == '.' || *q->p == ',') && is_digit(q, 1);
}

static bool
take_fraction(Parser *q, const WkPiece *piece)
{
	if (piece->element == WK_FRACTION_9)
	{
		if (is_fraction(q))
			take_fraction_digits(q);
		return true;
	}
	if (!is_fraction(q) || (size_t) (q->end - q->p) < piece->len)
		return false;
	for (size_t i = 1; i < piece->len; i++)
		if (!is_digit(q, (ptrdiff_t) i))
			return false;
	{
		const char *end = q->end;

		q->end = q->p + piece->len;
		take_fraction_digits(q);
		q->end = end;
	}
	return true;
}

/* A fraction behind the seconds is understood where the layout does not name one. */
static bool
take_second(Parser *q, bool fixed, const char *rest, size_t rest_len)
{
	WkPiece next;

	if (!take_ranged(q, fixed, 0, 59, "second", &q->second))
		return false;
	if (!is_fraction(q))
		return true;
	next = wk_layout_next(rest, rest_len);
	if (next.before == 0 && (next.element == WK_FRACTION_0 || next.element == WK_FRACTION_9))
		return true;
	take_fraction_digits(q);
	return true;
}

/* ---- zones ---- */

static bool
take_offset(Parser *q, const WkPiece *piece)
{
	int part[3] = {0, 0, 0};
	bool is_negative;

	if (piece->has_z && q->p < q->end && *q->p == 'Z')
	{
		q->p++;
		q->is_utc = true;
		return true;
	}
	if (q->p >= q->end || (*q->p != '+' && *q->p != '-'))
		return false;
	is_negative = *q->p++ == '-';
	for (int i = 0; i < piece->parts; i++)
	{
		if (i > 0 && piece->has_colon && (q->p >= q->end || *q->p++ != ':'))
			return false;
		if (!take_digits(q, 2, &part[i]))
			return false;
	}
	if (part[0] > 24)
		q->range = "time zone offset hour";
	else if (part[1] > 60)
		q->range = "time zone offset minute";
	else if (part[2] > 60)
		q->range = "time zone offset second";
	q->has_offset = true;
	q->offset = (part[0] * 60 + part[1]) * 60 + part[2];
	if (is_negative)
		q->offset = -q->offset;
	return true;
}

/* A sign and up to two digits, below 24, at p + at; 0: there is none. */
static size_t
hours_len(const Parser *q, size_t at, int *hours)
{
	ptrdiff_t i = (ptrdiff_t) at + 1;
	int n = 0;

	*hours = 0;
	if (q->end - q->p <= (ptrdiff_t) at || (q->p[at] != '+' && q->p[at] != '-'))
		return 0;
	for (; n < 3 && is_digit(q, i); n++, i++)
		*hours = *hours * 10 + (q->p[i] - '0');
	if (n == 0 || *hours > 23)
		return 0;
	if (q->p[at] == '-')
		*hours = -*hours;
	return (size_t) n + 1;
}

/* An abbreviation: UTC, CET, GMT+3, +03; three to five capital letters. */
static bool
take_zone_name(Parser *q)
{
	size_t n = 0;
	int hours;
	size_t extra;

	if (take_word(q, "UTC", 3))
	{
		q->is_utc = true;
		return true;
	}
	extra = hours_len(q, 0, &hours);
	if (extra == 0)
	{
		while (n < 6 && q->end - q->p > (ptrdiff_t) n && q->p[n] >= 'A' && q->p[n] <= 'Z')
			n++;
		if (n < 3 && q->end - q->p >= 4 &&
			(memcmp(q->p, "ChST", 4) == 0 || memcmp(q->p, "MeST", 4) == 0))
			n = 4;
		if (n < 3 || n > 5 || (n == 5 && q->p[4] != 'T') ||
			(n == 4 && q->p[3] != 'T' && memcmp(q->p, "WITA", 4) != 0))
			return false;
		if (n == 3 && memcmp(q->p, "GMT", 3) == 0)
			extra = hours_len(q, 3, &hours);
	}
	memcpy(q->zone_name, q->p, n + extra);
	q->zone_name[n + extra] = '\0';
	if (extra > 0 && !q->has_offset)
	{
		q->has_offset = true;
		q->offset = hours * 3600;
	}
	q->p += n + extra;
	return true;
}

/* ---- the whole ---- */

static bool
take_piece(Parser *q, const WkPiece *piece, const char *rest, size_t rest_len)
{
	switch (piece->element)
	{
		case WK_YEAR_SHORT:
		case WK_YEAR_LONG:
			return take_year(q, piece->element == WK_YEAR_LONG);
		case WK_MONTH_SHORT:
		case WK_MONTH_LONG:
			return take_month_name(q, piece->element == WK_MONTH_LONG);
		case WK_MONTH_NUMBER:
		case WK_MONTH_ZERO:
			return take_ranged(q, piece->element == WK_MONTH_ZERO, 1, 12, "month", &q->month);
		case WK_WEEKDAY_SHORT:
		case WK_WEEKDAY_LONG:
			return take_weekday_name(q, piece->element == WK_WEEKDAY_LONG);
		case WK_DAY:
		case WK_DAY_SPACE:
		case WK_DAY_ZERO:
			if (piece->element == WK_DAY_SPACE && q->p < q->end && *q->p == ' ')
				q->p++;
			return take_two(q, piece->element == WK_DAY_ZERO, &q->day);
		case WK_YEAR_DAY_SPACE:
		case WK_YEAR_DAY_ZERO:
			return take_year_day(q, piece->element == WK_YEAR_DAY_ZERO);
		case WK_HOUR:
			return take_ranged(q, false, 0, 23, "hour", &q->hour);
		case WK_HOUR_12:
		case WK_HOUR_12_ZERO:
			return take_ranged(q, piece->element == WK_HOUR_12_ZERO, 0, 12, "hour", &q->hour);
		case WK_MINUTE:
		case WK_MINUTE_ZERO:
			return take_ranged(q, piece->element == WK_MINUTE_ZERO, 0, 59, "minute", &q->minute);
		case WK_SECOND:
		case WK_SECOND_ZERO:
			return take_second(q, piece->element == WK_SECOND_ZERO, rest, rest_len);
		case WK_PM_UPPER:
		case WK_PM_LOWER:
			return take_pm(q, piece->element == WK_PM_UPPER);
		case WK_OFFSET:
			return take_offset(q, piece);
		case WK_ZONE_NAME:
			return take_zone_name(q);
		case WK_FRACTION_0:
		case WK_FRACTION_9:
			return take_fraction(q, piece);
		case WK_LITERAL:
			break;
	}
	return true;
}

/* Literal text; spaces may be more or fewer. */
static bool
skip_literal(Parser *q, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end)
	{
		if (*text == ' ')
		{
			if (q->p < q->end && *q->p != ' ')
				return false;
			while (text < end && *text == ' ')
				text++;
			while (q->p < q->end && *q->p == ' ')
				q->p++;
			continue;
		}
		if (q->p >= q->end || *q->p != *text)
			return false;
		q->p++;
		text++;
	}
	return true;
}

static void
append_shown(ShcBuf *out, const char *data, size_t len)
{
	wk_append_quoted(out, data, len < SHOWN ? len : SHOWN, '"', false);
}

/* "cannot parse" from where on, as what. Always false. */
static bool
fail_at(ShcBuf *error, const char *layout, size_t layout_len, const char *value, size_t len,
		const char *rest, const char *element, size_t element_len)
{
	shc_buf_puts(error, "parsing time ");
	append_shown(error, value, len);
	shc_buf_puts(error, " as ");
	append_shown(error, layout, layout_len);
	shc_buf_puts(error, ": cannot parse ");
	append_shown(error, rest, (size_t) (value + len - rest));
	shc_buf_puts(error, " as ");
	append_shown(error, element, element_len);
	return false;
}

static bool
fail_range(ShcBuf *error, const char *value, size_t len, const char *what)
{
	shc_buf_puts(error, "parsing time ");
	append_shown(error, value, len);
	shc_buf_printf(error, ": %s out of range", what);
	return false;
}

/* Turns a day of the year into month and day, or compares. NULL: good. */
static const char *
settle_day(Parser *q)
{
	if (q->year_day >= 0)
	{
		int days = wk_days_in_month(q->year, 2) == 29 ? 366 : 365;
		int rest = q->year_day;
		int month = 1;

		if (rest < 1 || rest > days)
			return "day-of-year";
		for (; rest > wk_days_in_month(q->year, month); month++)
			rest -= wk_days_in_month(q->year, month);
		if ((q->month >= 0 && q->month != month) || (q->day >= 0 && q->day != rest))
			return "day-of-year does not match month/day;";
		q->month = month;
		q->day = rest;
	}
	if (q->month < 0)
		q->month = 1;
	if (q->day < 0)
		q->day = 1;
	return q->day < 1 || q->day > wk_days_in_month(q->year, q->month) ? "day" : NULL;
}

static void
make_time(const Parser *q, WkTime *out)
{
	wk_time_make(q->year, q->month, q->day, q->hour, q->minute, q->second, q->nanosecond,
				 WK_ZONE_UTC, out);
	if (q->is_utc)
		return;
	if (q->has_offset)
	{
		out->seconds -= q->offset;
		/* No offset is this process' own zone. */
		if (q->offset == 0 && q->zone_name[0] == '\0')
			return;
		out->offset = q->offset;
	}
	else if (q->zone_name[0] == '\0')
		return;
	out->zone = WK_ZONE_FIXED;
	memcpy(out->abbreviation, q->zone_name, sizeof(out->abbreviation));
}

bool
wk_time_parse(const char *layout, size_t layout_len, const char *value, size_t len, WkTime *out,
			  ShcBuf *error)
{
	Parser q = {.p = value, .end = value + len, .month = -1, .day = -1, .year_day = -1};
	const char *rest = layout;
	size_t rest_len = layout_len;
	const char *range;

	for (;;)
	{
		WkPiece piece = wk_layout_next(rest, rest_len);
		const char *hold = q.p;

		if (!skip_literal(&q, rest, piece.before))
			return fail_at(error, layout, layout_len, value, len, hold, rest, piece.before);
		if (piece.element == WK_LITERAL)
			break;
		rest += piece.before + piece.len;
		rest_len -= piece.before + piece.len;
		hold = q.p;
		if (!take_piece(&q, &piece, rest, rest_len))
			return fail_at(error, layout, layout_len, value, len, hold, piece.text, piece.len);
		if (q.range != NULL)
			return fail_range(error, value, len, q.range);
	}
	if (q.p < q.end)
	{
		shc_buf_puts(error, "parsing time ");
		append_shown(error, value, len);
		shc_buf_puts(error, ": extra text: ");
		append_shown(error, q.p, (size_t) (q.end - q.p));
		return false;
	}
	if (q.is_pm && q.hour < 12)
		q.hour += 12;
	else if (q.is_am && q.hour == 12)
		q.hour = 0;
	range = settle_day(&q);
	if (range != NULL)
		return fail_range(error, value, len, range);
	make_time(&q, out);
	return true;
}
