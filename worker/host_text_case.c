/*
 * host_text_case.c: the text module: upper and lower case, what is cut off at the ends.
 */
#include <string.h>

#include "host_text.h"
#include "host_quote.h"
#include "host_unicode.h"

static bool
map_characters(WkHostCall *call, int32_t (*function)(int32_t))
{
	const char *data;
	size_t len;
	size_t n;

	if (!wk_arg_text(call, 0, &data, &len))
		return false;
	for (const char *p = data; p < data + len && !call->out->failed; p += n)
	{
		int32_t c = wk_decode(p, data + len, &n);

		wk_append_code_point(call->out, function(c));
	}
	return wk_return_out(call, WK_STRING);
}

bool
wk_text_to_lower(WkHostCall *call)
{
	return map_characters(call, wk_lower);
}

bool
wk_text_to_upper(WkHostCall *call)
{
	return map_characters(call, wk_upper);
}

bool
wk_text_to_title(WkHostCall *call)
{
	return map_characters(call, wk_title);
}

static bool
is_separator(int32_t c)
{
	if (c < 0x80)
		return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				 c == '_');
	return !wk_is_letter_or_digit(c) && wk_is_space(c);
}

bool
wk_text_title(WkHostCall *call)
{
	int32_t before = ' ';
	const char *data;
	size_t len;
	size_t n;

	if (!wk_arg_text(call, 0, &data, &len))
		return false;
	for (const char *p = data; p < data + len && !call->out->failed; p += n)
	{
		int32_t c = wk_decode(p, data + len, &n);

		wk_append_code_point(call->out, is_separator(before) ? wk_title(c) : c);
		before = c;
	}
	return wk_return_out(call, WK_STRING);
}

bool
wk_text_equal_fold(WkHostCall *call)
{
	const char *a;
	const char *b;
	size_t a_len;
	size_t b_len;
	const char *a_end;
	const char *b_end;

	if (!wk_arg_text(call, 0, &a, &a_len) || !wk_arg_text(call, 1, &b, &b_len))
		return false;
	a_end = a + a_len;
	b_end = b + b_len;
	while (a < a_end && b < b_end)
	{
		size_t a_n;
		size_t b_n;
		int32_t x = wk_decode(a, a_end, &a_n);
		int32_t y = wk_decode(b, b_end, &b_n);

		if (x != y && wk_fold(x) != wk_fold(y))
			return wk_return_bool(call, false);
		a += a_n;
		b += b_n;
	}
	return wk_return_bool(call, a == a_end && b == b_end);
}

/* ---- the ends ---- */

typedef struct Cutter
{
	const char *set; /* NULL: white space */
	size_t len;
} Cutter;

static bool
is_cut(const Cutter *cutter, int32_t c)
{
	size_t n;

	if (cutter->set == NULL)
		return wk_is_space(c);
	for (const char *p = cutter->set; p < cutter->set + cutter->len; p += n)
		if (wk_decode(p, cutter->set + cutter->len, &n) == c)
			return true;
	return false;
}

/* The last character before end, and its length. */
static int32_t
decode_last(const char *data, const char *end, size_t *len)
{
	for (size_t n = 1; n <= 4 && n <= (size_t) (end - data); n++)
	{
		int32_t c = wk_decode(end - n, end, len);

		if (*len == n && (n > 1 || c != WK_REPLACEMENT))
			return c;
	}
	*len = 1;
	return WK_REPLACEMENT;
}

static bool
trim(WkHostCall *call, bool left, bool right, bool space)
{
	Cutter cutter = {.set = NULL};
	const char *p;
	const char *end;
	size_t len;
	size_t n;

	if (!wk_arg_text(call, 0, &p, &len) ||
		(!space && !wk_arg_text(call, 1, &cutter.set, &cutter.len)))
		return false;
	end = p + len;
	while (left && p < end && is_cut(&cutter, wk_decode(p, end, &n)))
		p += n;
	while (right && p < end && is_cut(&cutter, decode_last(p, end, &n)))
		end -= n;
	return wk_return_string(call, p, (size_t) (end - p));
}

bool
wk_text_trim(WkHostCall *call)
{
	return trim(call, true, true, false);
}

bool
wk_text_trim_left(WkHostCall *call)
{
	return trim(call, true, false, false);
}

bool
wk_text_trim_right(WkHostCall *call)
{
	return trim(call, false, true, false);
}

bool
wk_text_trim_space(WkHostCall *call)
{
	return trim(call, true, true, true);
}

bool
wk_text_trim_prefix(WkHostCall *call)
{
	const char *data;
	const char *prefix;
	size_t len;
	size_t n;

	if (!wk_arg_text(call, 0, &data, &len) || !wk_arg_text(call, 1, &prefix, &n))
		return false;
	if (n > len || memcmp(data, prefix, n) != 0)
		n = 0;
	return wk_return_string(call, data + n, len - n);
}

bool
wk_text_trim_suffix(WkHostCall *call)
{
	const char *data;
	const char *suffix;
	size_t len;
	size_t n;

	if (!wk_arg_text(call, 0, &data, &len) || !wk_arg_text(call, 1, &suffix, &n))
		return false;
	if (n > len || memcmp(data + len - n, suffix, n) != 0)
		n = 0;
	return wk_return_string(call, data, len - n);
}
