/*
 * host_text_split.c: the text module: taking texts apart and putting them together.
 */
#include <stdlib.h>
#include <string.h>

#include "host_text.h"
#include "host_unicode.h"

/* ---- lists that grow ---- */

typedef struct List
{
	ShcArena *arena;
	WkValue *items;
	size_t n;
	size_t capacity;
} List;

/* What it had before stays in the arena, together as much again. */
static bool
list_add(List *list, const char *data, size_t len)
{
	if (list->n == list->capacity)
	{
		size_t capacity = list->capacity > 0 ? list->capacity * 2 : 16;
		WkValue *items = shc_arena_alloc(list->arena, capacity * sizeof(WkValue));

		if (items == NULL)
			return false;
		if (list->n > 0)
			memcpy(items, list->items, list->n * sizeof(WkValue));
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->n++] = wk_string_value(data, len);
	return true;
}

static bool
return_list(WkHostCall *call, const List *list, bool good)
{
	return good ? wk_return_array(call, list->items, list->n) : wk_raise_memory(call);
}

/* ---- apart ---- */

/* most: parts, the last has the rest; below 0: any number. keep: how much of the separator stays. */
static bool
split(WkHostCall *call, int64_t most, bool keep)
{
	List list = {.arena = call->arena};
	const char *p;
	const char *separator;
	size_t len;
	size_t separator_len;
	const char *end;
	bool good = true;

	if (!wk_arg_text(call, 0, &p, &len) || !wk_arg_text(call, 1, &separator, &separator_len))
		return false;
	end = p + len;
	if (most == 0 || (separator_len == 0 && len == 0))
		return wk_return_array(call, NULL, 0);
	while (good && (most < 0 || (int64_t) list.n < most - 1))
	{
		const char *found;
		size_t n;

		if (separator_len == 0)
		{
			wk_decode(p, end, &n);
			if (p + n >= end)
				break;
			good = list_add(&list, p, n);
			p += n;
			continue;
		}
		found = memmem(p, (size_t) (end - p), separator, separator_len);
		if (found == NULL)
			break;
		good = list_add(&list, p, (size_t) (found - p) + (keep ? separator_len : 0));
		p = found + separator_len;
	}
	return return_list(call, &list, good && list_add(&list, p, (size_t) (end - p)));
}

bool
wk_text_split(WkHostCall *call)
{
	return split(call, -1, false);
}

bool
wk_text_split_after(WkHostCall *call)
{
	return split(call, -1, true);
}

bool
wk_text_split_n(WkHostCall *call)
{
	int64_t n;

	return wk_arg_int(call, 2, &n) && split(call, n, false);
}

bool
wk_text_split_after_n(WkHostCall *call)
{
	int64_t n;

	return wk_arg_int(call, 2, &n) && split(call, n, true);
}

bool
wk_text_fields(WkHostCall *call)
{
	List list = {.arena = call->arena};
	const char *start = NULL;
	const char *data;
	size_t len;
	size_t n;
	bool good = true;

	if (!wk_arg_text(call, 0, &data, &len))
		return false;
	for (const char *p = data; p < data + len && good; p += n)
	{
		if (!wk_is_space(wk_decode(p, data + len, &n)))
		{
			if (start == NULL)
				start = p;
		}
		else if (start != NULL)
		{
			good = list_add(&list, start, (size_t) (p - start));
			start = NULL;
		}
	}
	if (start != NULL)
		good = good && list_add(&list, start, (size_t) (data + len - start));
	return return_list(call, &list, good);
}

bool
wk_text_substr(WkHostCall *call)
{
	const char *data;
	size_t len;
	int64_t from;
	int64_t to;

	if (!wk_arg_text(call, 0, &data, &len) || !wk_arg_int(call, 1, &from))
		return false;
	to = (int64_t) len;
	if (wk_arg_given(call, 2) && !wk_arg_int(call, 2, &to))
		return false;
	if (wk_arg_given(call, 2) && from > to)
		return wk_raise(call, "invalid index type");
	from = from < 0 ? 0 : from > (int64_t) len ? (int64_t) len : from;
	to = to < 0 ? 0 : to > (int64_t) len ? (int64_t) len : to;
	return wk_return_string(call, data + from, (size_t) (to > from ? to - from : 0));
}

/* ---- together ---- */

bool
wk_text_join(WkHostCall *call)
{
	const WkValue *array;
	const char *separator;
	size_t len;

	if (!wk_arg_array(call, 0, &array) || !wk_arg_text(call, 1, &separator, &len))
		return false;
	for (size_t i = 0; i < array->array.n && !call->out->failed; i++)
	{
		const WkValue *item = &array->array.items[i];

		if (i > 0)
			shc_buf_append(call->out, separator, len);
		if (item->kind == WK_UNDEFINED || ((item->kind == WK_ARRAY || item->kind == WK_MAP ||
											item->kind == WK_OTHER || item->kind == WK_OBJECT) &&
										   !call->state->traits->is_container_text))
			return wk_raise(call, "join: element %zu is no text", i);
		if (item->kind == WK_BYTES)
			shc_buf_append(call->out, item->text.data, item->text.len);
		else
			wk_append_text(call->out, item);
	}
	return wk_return_out(call, WK_STRING);
}

/* Before each character, and at the end. */
static void
replace_gaps(ShcBuf *out, const char *data, size_t len, const char *new, size_t new_len,
			 int64_t most)
{
	const char *end = data + len;
	size_t n = 0;

	for (const char *p = data; p <= end && !out->failed; p += n)
	{
		if (most != 0)
		{
			shc_buf_append(out, new, new_len);
			most -= most > 0;
		}
		if (p == end)
			break;
		wk_decode(p, end, &n);
		shc_buf_append(out, p, n);
	}
}

bool
wk_text_replace(WkHostCall *call)
{
	const char *p;
	const char *old;
	const char *new;
	const char *end;
	size_t len;
	size_t old_len;
	size_t new_len;
	int64_t most;

	if (!wk_arg_text(call, 0, &p, &len) || !wk_arg_text(call, 1, &old, &old_len) ||
		!wk_arg_text(call, 2, &new, &new_len) || !wk_arg_int(call, 3, &most))
		return false;
	end = p + len;
	if (old_len == 0)
	{
		replace_gaps(call->out, p, len, new, new_len, most);
		return wk_return_out(call, WK_STRING);
	}
	for (; most != 0 && !call->out->failed; most -= most > 0)
	{
		const char *found = memmem(p, (size_t) (end - p), old, old_len);

		if (found == NULL)
			break;
		shc_buf_append(call->out, p, (size_t) (found - p));
		shc_buf_append(call->out, new, new_len);
		p = found + old_len;
	}
	shc_buf_append(call->out, p, (size_t) (end - p));
	return wk_return_out(call, WK_STRING);
}

bool
wk_text_repeat(WkHostCall *call)
{
	const char *data;
	size_t len;
	int64_t n;

	if (!wk_arg_text(call, 0, &data, &len) || !wk_arg_int(call, 1, &n))
		return false;
	if (n < 0)
		return wk_raise(call, "repeat: the count must not be negative");
	if (len == 0)
		return wk_return_string(call, "", 0);
	if ((uint64_t) n > call->out->max / len)
		return wk_raise_memory(call);
	for (; n > 0 && !call->out->failed; n--)
		shc_buf_append(call->out, data, len);
	return wk_return_out(call, WK_STRING);
}

static bool
pad(WkHostCall *call, bool left)
{
	const char *data;
	const char *filler = " ";
	size_t len;
	size_t filler_len = 1;
	int64_t width;
	size_t missing;

	if (!wk_arg_text(call, 0, &data, &len) || !wk_arg_int(call, 1, &width) ||
		(wk_arg_given(call, 2) && !wk_arg_text(call, 2, &filler, &filler_len)))
		return false;
	if (width <= (int64_t) len || filler_len == 0)
		return wk_return_string(call, data, len);
	if ((uint64_t) width > call->out->max)
		return wk_raise_memory(call);
	missing = (size_t) width - len;
	if (!left)
		shc_buf_append(call->out, data, len);
	/* On the left the end of the repeated filler stays, on the right its beginning. */
	for (size_t i = 0; i < missing && !call->out->failed; i++)
	{
		size_t at = left ? (i + filler_len - missing % filler_len) % filler_len : i % filler_len;

		shc_buf_append(call->out, filler + at, 1);
	}
	if (left)
		shc_buf_append(call->out, data, len);
	return wk_return_out(call, WK_STRING);
}

bool
wk_text_pad_left(WkHostCall *call)
{
	return pad(call, true);
}

bool
wk_text_pad_right(WkHostCall *call)
{
	return pad(call, false);
}
