/*
 * host_time_layout.c: layouts: taken apart, and times written by them.
 */
#include <stdlib.h>
#include <string.h>

#include "host_time.h"

typedef struct Entry
{
	const char *text;
	WkElement element;
	int parts;
} Entry;

/* Of elements with one beginning the longer one comes first. */
static const Entry entries[] = {
	{"January", WK_MONTH_LONG, 0},
	{"Jan", WK_MONTH_SHORT, 0},
	{"Monday", WK_WEEKDAY_LONG, 0},
	{"Mon", WK_WEEKDAY_SHORT, 0},
	{"MST", WK_ZONE_NAME, 0},
	{"002", WK_YEAR_DAY_ZERO, 0},
	{"01", WK_MONTH_ZERO, 0},
	{"02", WK_DAY_ZERO, 0},
	{"03", WK_HOUR_12_ZERO, 0},
	{"04", WK_MINUTE_ZERO, 0},
	{"05", WK_SECOND_ZERO, 0},
	{"06", WK_YEAR_SHORT, 0},
	{"15", WK_HOUR, 0},
	{"1", WK_MONTH_NUMBER, 0},
	{"2006", WK_YEAR_LONG, 0},
	{"2", WK_DAY, 0},
	{"__2", WK_YEAR_DAY_SPACE, 0},
	{"_2", WK_DAY_SPACE, 0},
	{"3", WK_HOUR_12, 0},
	{"4", WK_MINUTE, 0},
	{"5", WK_SECOND, 0},
	{"PM", WK_PM_UPPER, 0},
	{"pm", WK_PM_LOWER, 0},
	{"-07:00:00", WK_OFFSET, 3},
	{"-070000", WK_OFFSET, 3},
	{"-07:00", WK_OFFSET, 2},
	{"-0700", WK_OFFSET, 2},
	{"-07", WK_OFFSET, 1},
	{"Z07:00:00", WK_OFFSET, 3},
	{"Z070000", WK_OFFSET, 3},
	{"Z07:00", WK_OFFSET, 2},
	{"Z0700", WK_OFFSET, 2},
	{"Z07", WK_OFFSET, 1},
};

/* A point or comma and a run of zeros or nines that no digit follows; else 0. */
static size_t
fraction_len(const char *p, size_t len)
{
	size_t n = 1;

	if (len < 2 || (*p != '.' && *p != ',') || (p[1] != '0' && p[1] != '9'))
		return 0;
	while (n < len && p[n] == p[1])
		n++;
	return n < len && p[n] >= '0' && p[n] <= '9' ? 0 : n;
}

static const Entry *
entry_at(const char *p, size_t len)
{
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
	{
		const Entry *entry = &entries[i];
		size_t n = strlen(entry->text);

		if (n > len || memcmp(entry->text, p, n) != 0)
			continue;
		/* The beginning of a longer word is no month and no day. */
		if ((entry->element == WK_MONTH_SHORT || entry->element == WK_WEEKDAY_SHORT) && n < len &&
			p[n] >= 'a' && p[n] <= 'z')
			continue;
		/* An underscore and a year. */
		if (entry->element == WK_DAY_SPACE && len >= 5 && memcmp(p + 1, "2006", 4) == 0)
			continue;
		return entry;
	}
	return NULL;
}

WkPiece
wk_layout_next(const char *layout, size_t len)
{
	WkPiece piece = {.element = WK_LITERAL, .text = layout + len, .before = len};

	for (size_t i = 0; i < len; i++)
	{
		const char *p = layout + i;
		size_t n = fraction_len(p, len - i);
		const Entry *entry = n == 0 ? entry_at(p, len - i) : NULL;

		if (n == 0 && entry == NULL)
			continue;
		piece.text = p;
		piece.before = i;
		if (n > 0)
		{
			piece.element = p[1] == '0' ? WK_FRACTION_0 : WK_FRACTION_9;
			piece.len = n;
		}
		else
		{
			piece.element = entry->element;
			piece.len = strlen(entry->text);
			piece.has_z = *p == 'Z';
			piece.has_colon = memchr(p, ':', piece.len) != NULL;
			piece.parts = entry->parts;
		}
		break;
	}
	return piece;
}

/* ---- writing ---- */

static const char *
weekday_name(int day)
{
	static const char *const names[] = {"Sunday",	"Monday", "Tuesday", "Wednesday",
										"Thursday", "Friday", "Saturday"};

	return names[day];
}

static void
append_offset(ShcBuf *out, const WkPiece *piece, int32_t offset)
{
	int size = abs(offset);
	const char *colon = piece->has_colon ? ":" : "";

	if (piece->has_z && offset == 0)
	{
		shc_buf_append(out, "Z", 1);
		return;
	}
	shc_buf_printf(out, "%c%02d", offset < 0 ? '-' : '+', size / 3600);
	if (piece->parts > 1)
		shc_buf_printf(out, "%s%02d", colon, size / 60 % 60);
	if (piece->parts > 2)
		shc_buf_printf(out, "%s%02d", colon, size % 60);
}

static void
append_fraction(ShcBuf *out, const WkPiece *piece, int32_t nanoseconds)
{
	char digits[10];
	size_t n = piece->len - 1;

	for (int i = 8; i >= 0; i--, nanoseconds /= 10)
		digits[i] = (char) ('0' + nanoseconds % 10);
	if (n > 9)
		n = 9;
	if (piece->element == WK_FRACTION_9)
		while (n > 0 && digits[n - 1] == '0')
			n--;
	if (n == 0)
		return;
	shc_buf_append(out, piece->text, 1);
	shc_buf_append(out, digits, n);
	/* More digits than there are. */
	if (piece->element == WK_FRACTION_0)
		for (n = 9; n < piece->len - 1 && !out->failed; n++)
			shc_buf_append(out, "0", 1);
}

static void
append_zone_name(ShcBuf *out, const WkCivil *civil)
{
	int size = abs(civil->offset);

	if (civil->abbreviation[0] != '\0')
	{
		shc_buf_puts(out, civil->abbreviation);
		return;
	}
	shc_buf_printf(out, "%c%02d%02d", civil->offset < 0 ? '-' : '+', size / 3600, size / 60 % 60);
}

static void
append_year(ShcBuf *out, int64_t year)
{
	shc_buf_printf(out, "%s%04lld", year < 0 ? "-" : "", llabs((long long) year));
}

static void
append_number(ShcBuf *out, const WkPiece *piece, const WkCivil *civil)
{
	int hour_12 = civil->hour % 12 == 0 ? 12 : civil->hour % 12;

	switch (piece->element)
	{
		case WK_MONTH_NUMBER:
			shc_buf_printf(out, "%d", civil->month);
			break;
		case WK_MONTH_ZERO:
			shc_buf_printf(out, "%02d", civil->month);
			break;
		case WK_DAY:
			shc_buf_printf(out, "%d", civil->day);
			break;
		case WK_DAY_SPACE:
			shc_buf_printf(out, "%2d", civil->day);
			break;
		case WK_DAY_ZERO:
			shc_buf_printf(out, "%02d", civil->day);
			break;
		case WK_YEAR_DAY_SPACE:
			shc_buf_printf(out, "%3d", civil->year_day);
			break;
		case WK_YEAR_DAY_ZERO:
			shc_buf_printf(out, "%03d", civil->year_day);
			break;
		case WK_HOUR:
			shc_buf_printf(out, "%02d", civil->hour);
			break;
		case WK_HOUR_12:
			shc_buf_printf(out, "%d", hour_12);
			break;
		case WK_HOUR_12_ZERO:
			shc_buf_printf(out, "%02d", hour_12);
			break;
		case WK_MINUTE:
			shc_buf_printf(out, "%d", civil->minute);
			break;
		case WK_MINUTE_ZERO:
			shc_buf_printf(out, "%02d", civil->minute);
			break;
		case WK_SECOND:
			shc_buf_printf(out, "%d", civil->second);
			break;
		case WK_SECOND_ZERO:
			shc_buf_printf(out, "%02d", civil->second);
			break;
		case WK_YEAR_SHORT:
			shc_buf_printf(out, "%02d", abs((int) (civil->year % 100)));
			break;
		default:
			break;
	}
}

static void
append_piece(ShcBuf *out, const WkPiece *piece, const WkTime *time, const WkCivil *civil)
{
	switch (piece->element)
	{
		case WK_LITERAL:
			break;
		case WK_MONTH_LONG:
			shc_buf_puts(out, wk_month_name(civil->month));
			break;
		case WK_MONTH_SHORT:
			shc_buf_append(out, wk_month_name(civil->month), 3);
			break;
		case WK_WEEKDAY_LONG:
			shc_buf_puts(out, weekday_name(civil->weekday));
			break;
		case WK_WEEKDAY_SHORT:
			shc_buf_append(out, weekday_name(civil->weekday), 3);
			break;
		case WK_YEAR_LONG:
			append_year(out, civil->year);
			break;
		case WK_PM_UPPER:
			shc_buf_puts(out, civil->hour >= 12 ? "PM" : "AM");
			break;
		case WK_PM_LOWER:
			shc_buf_puts(out, civil->hour >= 12 ? "pm" : "am");
			break;
		case WK_ZONE_NAME:
			append_zone_name(out, civil);
			break;
		case WK_OFFSET:
			append_offset(out, piece, civil->offset);
			break;
		case WK_FRACTION_0:
		case WK_FRACTION_9:
			append_fraction(out, piece, time->nanoseconds);
			break;
		default:
			append_number(out, piece, civil);
			break;
	}
}

void
wk_time_append_layout(ShcBuf *out, const WkTime *time, const char *layout, size_t len)
{
	WkCivil civil;

	wk_time_civil(time, &civil);
	while (len > 0 && !out->failed)
	{
		WkPiece piece = wk_layout_next(layout, len);

		shc_buf_append(out, layout, piece.before);
		append_piece(out, &piece, time, &civil);
		layout += piece.before + piece.len;
		len -= piece.before + piece.len;
	}
}
