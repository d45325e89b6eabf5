/*
 * points_in_plain.c: rows of JSON as programs print them, at a few nanoseconds each. Whatever else JSON
 * allows, and every error, is left to the general way, which starts again at the same row.
 *
 * Digits are read eight at a time: D. Lemire, "Number Parsing at a Gigabyte per Second" (Software:
 * Practice and Experience 51, 2021), section 5.
 */
#include "points_in_plain.h"

#include <string.h>

#include "decimal.h"
#include "digits.h"
#include "words.h"

#define SECOND INT64_C(1000000)
#define DAY	   (86400 * SECOND)

/* 0001-01-01, in days from 2000-01-01. */
#define FIRST_DAY (-730119)

/*
 * A row takes less: 8 + 40 + 8 bytes around and in the timestamp, 21 in the number, 3 at the end; and words
 * of eight bytes are read.
 */
#define ROW_ROOM 96

/* Between the quotes; longer ones are for the general way. */
#define TIME_MAX   40

#define MAX_DIGITS 19

/* The second of the day that "HH:MM:SS" is; negative when it is none. */
static inline int
clock_time(const char *text)
{
	/* Each digit becomes its value, each colon 0; anything else gets its highest bit set here or below. */
	uint64_t word = load_u64((const uint8_t *) text) - UINT64_C(0x30303a30303a3030);
	unsigned hour = (unsigned) (word & 0xff) * 10 + (unsigned) (word >> 8 & 0xff);
	unsigned minute = (unsigned) (word >> 24 & 0xff) * 10 + (unsigned) (word >> 32 & 0xff);
	unsigned second = (unsigned) (word >> 48 & 0xff) * 10 + (unsigned) (word >> 56);

	if (((word | (word + UINT64_C(0x76767f76767f7676))) & UINT64_C(0x8080808080808080)) != 0 ||
		hour > 23 || minute > 59 || second > 59)
		return -1;
	return (int) (hour * 3600 + minute * 60 + second);
}

/* A timestamp and its quotes. */
static inline bool
take_time(const char **p, ShDayCache *cache, int64_t *ts)
{
	const char *text = *p + 1;
	const char *close;

	if (**p != '"')
		return false;
	if (text[10] == 'T' && text[19] == 'Z' && text[20] == '"' && cache->valid &&
		memcmp(text, cache->text, sizeof(cache->text)) == 0 && cache->day >= FIRST_DAY)
	{
		int time = clock_time(text + 11);

		*ts = cache->day * DAY + time * SECOND;
		*p = text + 21;
		return time >= 0;
	}
	close = memchr(text, '"', TIME_MAX);
	if (close == NULL || !sh_rfc3339_parse(text, (size_t) (close - text), cache, ts))
		return false;
	*p = close + 1;
	return true;
}

static inline bool
is_eight_digits(uint64_t word)
{
	return ((word & UINT64_C(0xf0f0f0f0f0f0f0f0)) |
			((word + UINT64_C(0x0606060606060606)) & UINT64_C(0xf0f0f0f0f0f0f0f0)) >> 4) ==
		   UINT64_C(0x3333333333333333);
}

/* Neighbours are put together three times: eight digits, four numbers, two numbers, one. */
static inline uint64_t
eight_digits(uint64_t word)
{
	word = (word & UINT64_C(0x0f0f0f0f0f0f0f0f)) * (10 * 256 + 1) >> 8;
	word = (word & UINT64_C(0x00ff00ff00ff00ff)) * (100 * 65536 + 1) >> 16;
	return (word & UINT64_C(0x0000ffff0000ffff)) * (UINT64_C(10000) << 32 | 1) >> 32;
}

/* Reads digits up to a limit of the text. */
static inline const char *
take_digits(const char *p, const char *limit, uint64_t *digits)
{
	while (limit - p >= 8 && is_eight_digits(load_u64((const uint8_t *) p)))
	{
		*digits = *digits * 100000000 + eight_digits(load_u64((const uint8_t *) p));
		p += 8;
	}
	for (; p < limit && is_digit(*p); p++)
		*digits = *digits * 10 + (uint64_t) (*p - '0');
	return p;
}

static inline bool
take_number(const char **p, double *value)
{
	const char *at = *p;
	bool negative = *at == '-';
	const char *start = at += negative;
	/* The point is one more; a digit too many is left unread and ends the attempt below. */
	const char *limit = start + MAX_DIGITS + 1;
	uint64_t digits = 0;
	int fraction = 0;

	if (*at == '0')
		at++;
	else
		for (; at < limit - 1 && is_digit(*at); at++)
			digits = digits * 10 + (uint64_t) (*at - '0');
	if (at == start)
		return false;
	if (*at == '.')
	{
		const char *point = at++;

		at = take_digits(at, limit, &digits);
		fraction = (int) (at - point) - 1;
		if (fraction == 0)
			return false;
	}
	if (is_digit(*at) || *at == '.' || (*at | 0x20) == 'e' ||
		!sh_decimal_from_digits(digits, -fraction, value))
		return false;
	if (negative)
		*value = -*value;
	*p = at;
	return true;
}

static inline void
skip_a_space(const char **p)
{
	*p += **p == ' ';
}

/* "ts": or "v": without the quotes' first, and what may follow. */
static inline bool
take_key(const char **p, const char *rest, int len)
{
	if (memcmp(*p, rest, (size_t) len) != 0)
		return false;
	*p += len;
	skip_a_space(p);
	return true;
}

static inline bool
take_comma(const char **p)
{
	if (**p != ',')
		return false;
	++*p;
	skip_a_space(p);
	return true;
}

/* One row with its comma. */
static inline bool
take_row(const char **p, ShDayCache *cache, int64_t *ts, double *value)
{
	if (**p != '{')
		return false;
	++*p;
	if (take_key(p, "\"ts\":", 5))
	{
		if (!take_time(p, cache, ts) || !take_comma(p) || !take_key(p, "\"v\":", 4) ||
			!take_number(p, value))
			return false;
	}
	else if (!take_key(p, "\"v\":", 4) || !take_number(p, value) || !take_comma(p) ||
			 !take_key(p, "\"ts\":", 5) || !take_time(p, cache, ts))
		return false;
	if (**p != '}')
		return false;
	++*p;
	return take_comma(p);
}

void
sh_points_parse_plain(const char **p, const char *end, ShDayCache *cache, ShPointRows *rows)
{
	const char *at = *p;

	while (end - at >= ROW_ROOM && take_row(&at, cache, &rows->ts[rows->n], &rows->value[rows->n]))
	{
		rows->n++;
		*p = at;
	}
}
