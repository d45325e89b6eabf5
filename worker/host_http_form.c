/*
 * host_http_form.c: queries and forms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "host_http.h"

/* Of equal keys, those of the URL come first. */
#define ADDED ((size_t) 1 << 32)

typedef struct Field
{
	const char *key;
	size_t key_len;
	const char *value;
	size_t value_len;
	size_t order;
} Field;

typedef struct Fields
{
	Field *item;
	size_t n;
} Fields;

void
wk_form_append_escaped(ShcBuf *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len && !out->failed; i++)
	{
		unsigned char c = (unsigned char) data[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '_' || c == '.' || c == '~')
			shc_buf_append(out, data + i, 1);
		else if (c == ' ')
			shc_buf_append(out, "+", 1);
		else
			shc_buf_printf(out, "%%%02X", c);
	}
}

/* ---- fields of an argument ---- */

static bool
fields_of_list(WkHostCall *call, int argument, const WkValue *list, Fields *out)
{
	for (size_t i = 0; i < list->array.n; i++)
	{
		const WkValue *item = &list->array.items[i];
		const char *equals =
			item->kind == WK_STRING ? memchr(item->text.data, '=', item->text.len) : NULL;

		if (equals == NULL)
			return wk_raise(call, "argument %d: element %zu must be a text \"key=value\"",
							argument + 1, i + 1);
		out->item[out->n] = (Field){.key = item->text.data,
									.key_len = (size_t) (equals - item->text.data),
									.value = equals + 1,
									.order = ADDED + out->n};
		out->item[out->n].value_len = item->text.len - out->item[out->n].key_len - 1;
		out->n++;
	}
	return true;
}

/* A map of texts, numbers, truth values is understood, too. */
static bool
fields_of_map(WkHostCall *call, const WkValue *map, Fields *out)
{
	for (size_t i = 0; i < map->map.n; i++)
	{
		const WkEntry *entry = &map->map.entries[i];
		ShcBuf text;
		char *copy;

		shc_buf_init(&text, call->state->memory.limit);
		wk_append_text(&text, &entry->value);
		copy = text.failed ? NULL : shc_arena_strndup(call->arena, text.data, text.len);
		out->item[out->n] = (Field){.key = entry->key,
									.key_len = entry->key_len,
									.value = copy,
									.value_len = text.len,
									.order = ADDED + out->n};
		out->n++;
		shc_buf_free(&text);
		if (copy == NULL)
			return wk_raise_memory(call);
	}
	return true;
}

/* more: how many further fields there must be room for. */
static bool
fields_of_argument(WkHostCall *call, int argument, size_t more, Fields *out)
{
	const WkValue *value = wk_arg_given(call, argument) ? &call->args[argument] : NULL;
	size_t n = value == NULL			 ? 0
			   : value->kind == WK_ARRAY ? value->array.n
			   : value->kind == WK_MAP	 ? value->map.n
										 : 0;

	out->n = 0;
	if (value != NULL && value->kind != WK_ARRAY && value->kind != WK_MAP)
		return wk_raise_type(call, argument, "array");
	out->item = shc_arena_alloc(call->arena, (n + more + 1) * sizeof(Field));
	if (out->item == NULL)
		return wk_raise_memory(call);
	if (value == NULL)
		return true;
	return value->kind == WK_ARRAY ? fields_of_list(call, argument, value, out)
								   : fields_of_map(call, value, out);
}

static int
compare_fields(const void *a, const void *b)
{
	const Field *x = a;
	const Field *y = b;
	int order = memcmp(x->key, y->key, x->key_len < y->key_len ? x->key_len : y->key_len);

	if (order == 0 && x->key_len != y->key_len)
		return x->key_len < y->key_len ? -1 : 1;
	return order != 0 ? order : x->order < y->order ? -1 : 1;
}

static bool
same_key(const Field *a, const Field *b)
{
	return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

static void
append_fields(ShcBuf *out, Fields *fields, bool last_wins)
{
	size_t start = out->len;

	if (fields->n > 1)
		qsort(fields->item, fields->n, sizeof(Field), compare_fields);
	for (size_t i = 0; i < fields->n && !out->failed; i++)
	{
		const Field *field = &fields->item[i];

		if (last_wins && i + 1 < fields->n && same_key(field, field + 1))
			continue;
		if (out->len > start)
			shc_buf_append(out, "&", 1);
		wk_form_append_escaped(out, field->key, field->key_len);
		shc_buf_append(out, "=", 1);
		wk_form_append_escaped(out, field->value, field->value_len);
	}
}

bool
wk_form_append(WkHostCall *call, ShcBuf *out, int argument)
{
	Fields fields = {.item = NULL};

	if (!fields_of_argument(call, argument, 0, &fields))
		return false;
	append_fields(out, &fields, true);
	return !out->failed || wk_raise_memory(call);
}

/* ---- a URL's own query ---- */

static char *
unescape(WkHostCall *call, const char *data, size_t len, size_t *out_len)
{
	char *copy = shc_arena_alloc(call->arena, len + 1);
	size_t n = 0;

	for (size_t i = 0; copy != NULL && i < len; i++)
	{
		char digits[3] = {0};
		char *end;
		long byte;

		copy[n] = data[i] == '+' ? ' ' : data[i];
		if (data[i] == '%' && len - i > 2)
		{
			memcpy(digits, data + i + 1, 2);
			byte = strtol(digits, &end, 16);
			if (*end == '\0' && digits[0] != '-' && digits[0] != '+' && digits[0] != ' ')
			{
				copy[n] = (char) byte;
				i += 2;
			}
		}
		n++;
	}
	*out_len = n;
	return copy;
}

static size_t
count_parts(const char *query)
{
	size_t n = 1;

	for (; *query != '\0'; query++)
		n += *query == '&';
	return n;
}

static bool
add_own_fields(WkHostCall *call, const char *query, Fields *fields)
{
	while (*query != '\0')
	{
		size_t len = strcspn(query, "&");
		const char *equals = memchr(query, '=', len);
		size_t key_len = equals != NULL ? (size_t) (equals - query) : len;
		Field *field = &fields->item[fields->n];

		if (len > 0)
		{
			*field = (Field){.order = fields->n};
			field->key = unescape(call, query, key_len, &field->key_len);
			field->value = equals == NULL
							   ? ""
							   : unescape(call, equals + 1, len - key_len - 1, &field->value_len);
			if (field->key == NULL || field->value == NULL)
				return wk_raise_memory(call);
			fields->n++;
		}
		query += len + (query[len] == '&' ? 1 : 0);
	}
	return true;
}

/* The URL up to its query, the new query, the rest. */
static bool
replace_query(WkHostCall *call, const char *url, Fields *fields, const char **out)
{
	size_t before = strcspn(url, "?#");
	const char *fragment = strchr(url, '#');
	ShcBuf text;
	char *copy;

	shc_buf_init(&text, 64 * 1024);
	shc_buf_append(&text, url, before);
	if (fields->n > 0)
		shc_buf_append(&text, "?", 1);
	append_fields(&text, fields, false);
	if (fragment != NULL)
		shc_buf_puts(&text, fragment);
	copy = text.failed ? NULL : shc_arena_strndup(call->arena, text.data, text.len);
	*out = copy;
	if (text.failed)
		wk_raise(call, "the URL is longer than 64 KiB");
	else if (copy == NULL)
		wk_raise_memory(call);
	shc_buf_free(&text);
	return copy != NULL;
}

bool
wk_url_with_query(WkHostCall *call, int url, int query, const char **out)
{
	const char *data;
	size_t len;
	char *copy;
	char *own;
	char *fragment;
	Fields fields = {.item = NULL};

	if (!wk_arg_text(call, url, &data, &len))
		return false;
	if (memchr(data, '\0', len) != NULL)
		return wk_raise(call, "the URL has a zero byte");
	copy = shc_arena_strndup(call->arena, data, len);
	if (copy == NULL)
		return wk_raise_memory(call);
	*out = copy;
	if (!wk_arg_given(call, query))
		return true;
	own = strchr(copy, '?');
	fragment = strchr(copy, '#');
	if (own != NULL && (fragment == NULL || own < fragment))
	{
		own = shc_arena_strndup(call->arena, own + 1,
								fragment != NULL ? (size_t) (fragment - own - 1) : strlen(own + 1));
		if (own == NULL)
			return wk_raise_memory(call);
	}
	else
		own = NULL;
	return fields_of_argument(call, query, own != NULL ? count_parts(own) : 0, &fields) &&
		   (own == NULL || add_own_fields(call, own, &fields)) &&
		   replace_query(call, copy, &fields, out);
}

static bool
part_equal(CURLU *a, CURLU *b, CURLUPart part, unsigned flags)
{
	char *x = NULL;
	char *y = NULL;
	bool same = curl_url_get(a, part, &x, flags) == CURLUE_OK &&
				curl_url_get(b, part, &y, flags) == CURLUE_OK && strcasecmp(x, y) == 0;

	curl_free(x);
	curl_free(y);
	return same;
}

bool
wk_url_same_host(const char *a, const char *b)
{
	CURLU *x = curl_url();
	CURLU *y = curl_url();
	bool same = x != NULL && y != NULL && curl_url_set(x, CURLUPART_URL, a, 0) == CURLUE_OK &&
				curl_url_set(y, CURLUPART_URL, b, 0) == CURLUE_OK &&
				part_equal(x, y, CURLUPART_HOST, 0) &&
				part_equal(x, y, CURLUPART_PORT, CURLU_DEFAULT_PORT);

	curl_url_cleanup(x);
	curl_url_cleanup(y);
	return same;
}
