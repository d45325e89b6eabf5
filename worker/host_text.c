/*
 * host_text.c: the text module: its table, comparing and searching.
 */
#include "host_text.h"

#include <string.h>

#include "host_unicode.h"

typedef struct Pair
{
	const char *a;
	size_t a_len;
	const char *b;
	size_t b_len;
} Pair;

static bool
two_texts(WkHostCall *call, Pair *out)
{
	return wk_arg_text(call, 0, &out->a, &out->a_len) && wk_arg_text(call, 1, &out->b, &out->b_len);
}

const char *
wk_find(const char *data, size_t len, const char *what, size_t what_len)
{
	return what_len == 0 ? data : memmem(data, len, what, what_len);
}

static const char *
find_last(const Pair *t)
{
	if (t->b_len > t->a_len)
		return NULL;
	for (const char *p = t->a + (t->a_len - t->b_len);; p--)
	{
		if (memcmp(p, t->b, t->b_len) == 0)
			return p;
		if (p == t->a)
			return NULL;
	}
}

/* Whether the code point is one of the set's. */
static bool
is_in_set(int32_t c, const char *set, size_t len)
{
	size_t n;

	for (const char *p = set; p < set + len; p += n)
		if (wk_decode(p, set + len, &n) == c)
			return true;
	return false;
}

static const char *
find_any(const Pair *t, bool last)
{
	const char *found = NULL;
	size_t n;

	for (const char *p = t->a; p < t->a + t->a_len; p += n)
	{
		if (!is_in_set(wk_decode(p, t->a + t->a_len, &n), t->b, t->b_len))
			continue;
		found = p;
		if (!last)
			break;
	}
	return found;
}

static bool
return_offset(WkHostCall *call, const Pair *t, const char *found)
{
	return wk_return_int(call, found != NULL ? found - t->a : -1);
}

static bool
text_compare(WkHostCall *call)
{
	Pair t;
	int order;

	if (!two_texts(call, &t))
		return false;
	order = memcmp(t.a, t.b, t.a_len < t.b_len ? t.a_len : t.b_len);
	if (order == 0)
		order = t.a_len < t.b_len ? -1 : t.a_len > t.b_len;
	return wk_return_int(call, order < 0 ? -1 : order > 0);
}

static bool
text_contains(WkHostCall *call)
{
	Pair t;

	return two_texts(call, &t) && wk_return_bool(call, wk_find(t.a, t.a_len, t.b, t.b_len) != NULL);
}

static bool
text_contains_any(WkHostCall *call)
{
	Pair t;

	return two_texts(call, &t) && wk_return_bool(call, find_any(&t, false) != NULL);
}

static bool
text_count(WkHostCall *call)
{
	Pair t;
	int64_t n = 0;
	const char *p;

	if (!two_texts(call, &t))
		return false;
	if (t.b_len == 0)
		return wk_return_int(call, (int64_t) wk_count_code_points(t.a, t.a_len) + 1);
	for (p = t.a; (p = memmem(p, (size_t) (t.a + t.a_len - p), t.b, t.b_len)) != NULL; n++)
		p += t.b_len;
	return wk_return_int(call, n);
}

static bool
text_has_prefix(WkHostCall *call)
{
	Pair t;

	return two_texts(call, &t) &&
		   wk_return_bool(call, t.b_len <= t.a_len && memcmp(t.a, t.b, t.b_len) == 0);
}

static bool
text_has_suffix(WkHostCall *call)
{
	Pair t;

	return two_texts(call, &t) &&
		   wk_return_bool(call,
						  t.b_len <= t.a_len && memcmp(t.a + t.a_len - t.b_len, t.b, t.b_len) == 0);
}

static bool
text_index(WkHostCall *call)
{
	Pair t;

	return two_texts(call, &t) && return_offset(call, &t, wk_find(t.a, t.a_len, t.b, t.b_len));
}

static bool
text_index_any(WkHostCall *call)
{
	Pair t;

	return two_texts(call, &t) && return_offset(call, &t, find_any(&t, false));
}

static bool
text_last_index(WkHostCall *call)
{
	Pair t;

	return two_texts(call, &t) && return_offset(call, &t, find_last(&t));
}

static bool
text_last_index_any(WkHostCall *call)
{
	Pair t;

	return two_texts(call, &t) && return_offset(call, &t, find_any(&t, true));
}

#define MEMBER(name_text, function_name, least, most)                                   \
	{                                                                                   \
		.name = (name_text), .function = (function_name), .min = (least), .max = (most) \
	}

const WkMember wk_text_members[] = {
	MEMBER("re_match", wk_text_re_match, 2, 2),
	MEMBER("re_find", wk_text_re_find, 2, 3),
	MEMBER("re_replace", wk_text_re_replace, 3, 3),
	MEMBER("re_split", wk_text_re_split, 2, 3),
	MEMBER("re_compile", wk_text_re_compile, 1, 1),
	MEMBER("compare", text_compare, 2, 2),
	MEMBER("contains", text_contains, 2, 2),
	MEMBER("contains_any", text_contains_any, 2, 2),
	MEMBER("count", text_count, 2, 2),
	MEMBER("equal_fold", wk_text_equal_fold, 2, 2),
	MEMBER("fields", wk_text_fields, 1, 1),
	MEMBER("has_prefix", text_has_prefix, 2, 2),
	MEMBER("has_suffix", text_has_suffix, 2, 2),
	MEMBER("index", text_index, 2, 2),
	MEMBER("index_any", text_index_any, 2, 2),
	MEMBER("join", wk_text_join, 2, 2),
	MEMBER("last_index", text_last_index, 2, 2),
	MEMBER("last_index_any", text_last_index_any, 2, 2),
	MEMBER("repeat", wk_text_repeat, 2, 2),
	MEMBER("replace", wk_text_replace, 4, 4),
	MEMBER("substr", wk_text_substr, 2, 3),
	MEMBER("split", wk_text_split, 2, 2),
	MEMBER("split_after", wk_text_split_after, 2, 2),
	MEMBER("split_after_n", wk_text_split_after_n, 3, 3),
	MEMBER("split_n", wk_text_split_n, 3, 3),
	MEMBER("title", wk_text_title, 1, 1),
	MEMBER("to_lower", wk_text_to_lower, 1, 1),
	MEMBER("to_title", wk_text_to_title, 1, 1),
	MEMBER("to_upper", wk_text_to_upper, 1, 1),
	MEMBER("pad_left", wk_text_pad_left, 2, 3),
	MEMBER("pad_right", wk_text_pad_right, 2, 3),
	MEMBER("trim", wk_text_trim, 2, 2),
	MEMBER("trim_left", wk_text_trim_left, 2, 2),
	MEMBER("trim_prefix", wk_text_trim_prefix, 2, 2),
	MEMBER("trim_right", wk_text_trim_right, 2, 2),
	MEMBER("trim_space", wk_text_trim_space, 1, 1),
	MEMBER("trim_suffix", wk_text_trim_suffix, 2, 2),
	MEMBER("atoi", wk_text_atoi, 1, 1),
	MEMBER("format_bool", wk_text_format_bool, 1, 1),
	MEMBER("format_float", wk_text_format_float, 4, 4),
	MEMBER("format_int", wk_text_format_int, 2, 2),
	MEMBER("itoa", wk_text_itoa, 1, 1),
	MEMBER("parse_bool", wk_text_parse_bool, 1, 1),
	MEMBER("parse_float", wk_text_parse_float, 2, 2),
	MEMBER("parse_int", wk_text_parse_int, 3, 3),
	MEMBER("quote", wk_text_quote, 1, 1),
	MEMBER("unquote", wk_text_unquote, 1, 1),
	{.name = NULL},
};
