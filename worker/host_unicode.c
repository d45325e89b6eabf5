/*
 * host_unicode.c: code points. Classes and case come from the C library's locale C.UTF-8.
 */
#include "host_unicode.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <wctype.h>

#include "log.h"
#include "utf8.h"

static locale_t locale;
static wctrans_t title;

bool
wk_unicode_prepare(void)
{
	if (locale != (locale_t) 0)
		return true;
	locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
	if (locale == (locale_t) 0)
	{
		shc_error("cannot load the locale C.UTF-8: %s", strerror(errno));
		return false;
	}
	title = wctrans_l("totitle", locale);
	return true;
}

int32_t
wk_decode(const char *p, const char *end, size_t *len)
{
	static const uint8_t mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t n = shc_utf8_len(p, end);
	int32_t code_point;

	if (n == 0)
	{
		*len = 1;
		return WK_REPLACEMENT;
	}
	code_point = (unsigned char) *p & mask[n];
	for (size_t i = 1; i < n; i++)
		code_point = code_point << 6 | ((unsigned char) p[i] & 0x3f);
	*len = n;
	return code_point;
}

size_t
wk_encode(int64_t code_point, char out[4])
{
	uint32_t c = (uint32_t) code_point;

	if (code_point < 0 || code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff))
		c = WK_REPLACEMENT;
	if (c < 0x80)
	{
		out[0] = (char) c;
		return 1;
	}
	if (c < 0x800)
	{
		out[0] = (char) (0xc0 | c >> 6);
		out[1] = (char) (0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000)
	{
		out[0] = (char) (0xe0 | c >> 12);
		out[1] = (char) (0x80 | (c >> 6 & 0x3f));
		out[2] = (char) (0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char) (0xf0 | c >> 18);
	out[1] = (char) (0x80 | (c >> 12 & 0x3f));
	out[2] = (char) (0x80 | (c >> 6 & 0x3f));
	out[3] = (char) (0x80 | (c & 0x3f));
	return 4;
}

size_t
wk_count_code_points(const char *data, size_t len)
{
	const char *end = data + len;
	size_t count = 0;
	size_t n;

	for (const char *p = data; p < end; p += n, count++)
		wk_decode(p, end, &n);
	return count;
}

int32_t
wk_upper(int32_t code_point)
{
	return (int32_t) towupper_l((wint_t) code_point, locale);
}

int32_t
wk_lower(int32_t code_point)
{
	return (int32_t) towlower_l((wint_t) code_point, locale);
}

int32_t
wk_title(int32_t code_point)
{
	return title != (wctrans_t) 0 ? (int32_t) towctrans_l((wint_t) code_point, title, locale)
								  : wk_upper(code_point);
}

int32_t
wk_fold(int32_t code_point)
{
	return wk_lower(wk_upper(code_point));
}

bool
wk_is_space(int32_t c)
{
	return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
		   (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
		   c == 0x205f || c == 0x3000;
}

bool
wk_is_letter_or_digit(int32_t code_point)
{
	return iswalnum_l((wint_t) code_point, locale) != 0;
}

/* Format characters and private use, which the C library calls printable. */
static bool
is_invisible(int32_t c)
{
	static const int32_t ranges[][2] = {
		{0xad, 0xad},		{0x600, 0x605},		{0x61c, 0x61c},		{0x6dd, 0x6dd},
		{0x70f, 0x70f},		{0x8e2, 0x8e2},		{0x180e, 0x180e},	{0x200b, 0x200f},
		{0x2028, 0x202e},	{0x2060, 0x206f},	{0xd800, 0xf8ff},	{0xfeff, 0xfeff},
		{0xfff9, 0xfffb},	{0x110bd, 0x110bd}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
		{0xe0001, 0xe007f}, {0xf0000, 0x10ffff}};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

bool
wk_is_printable(int32_t c)
{
	if (c < 0x80)
		return c >= ' ' && c < 0x7f;
	return !wk_is_space(c) && !is_invisible(c) && iswprint_l((wint_t) c, locale) != 0;
}
