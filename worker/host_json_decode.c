/*
 * host_json_decode.c: the reading half of the json module: one pass, recursion of bounded depth.
 *
 * The elements of the containers that are open lie on one stack; a closed one is copied to the arena.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_json.h"
#include "host_number.h"
#include "host_quote.h"
#include "host_unicode.h"

typedef struct Decoder
{
	ShcArena *arena;
	const char *p;
	const char *end;
	WkEntry *stack; /* malloc'd; elements of arrays have no key */
	size_t n;
	size_t capacity;
	int depth;
	WkJsonResult result;
	char *error;
} Decoder;

static bool decode_value(Decoder *d, WkValue *out);

/* ---- errors; always false ---- */

static bool
fail(Decoder *d, WkJsonResult result)
{
	if (d->result == WK_JSON_OK)
		d->result = result;
	return false;
}

static bool
fail_at_end(Decoder *d)
{
	snprintf(d->error, 160, "unexpected end of JSON input");
	return fail(d, WK_JSON_BAD);
}

/* The character at p, or a space where the input ends inside of a word, does not belong there. */
static bool
fail_character(Decoder *d, const char *context)
{
	char text[16];
	unsigned char c = d->p < d->end ? (unsigned char) *d->p : ' ';
	ShcBuf buf;

	shc_buf_init(&buf, 32);
	wk_append_quoted_char(&buf, c, false);
	snprintf(text, sizeof(text), "%s", buf.data);
	shc_buf_free(&buf);
	snprintf(d->error, 160, "invalid character %s %s", c == '"' ? "'\"'" : text, context);
	return fail(d, WK_JSON_BAD);
}

/* ---- pieces ---- */

static void
skip_space(Decoder *d)
{
	while (d->p < d->end && (*d->p == ' ' || *d->p == '\t' || *d->p == '\n' || *d->p == '\r'))
		d->p++;
}

static bool
push(Decoder *d, const WkEntry *entry)
{
	if (d->n == d->capacity)
	{
		size_t capacity = d->capacity > 0 ? d->capacity * 2 : 64;
		WkEntry *stack = realloc(d->stack, capacity * sizeof(WkEntry));

		if (stack == NULL)
			return fail(d, WK_JSON_MEMORY);
		d->stack = stack;
		d->capacity = capacity;
	}
	d->stack[d->n++] = *entry;
	return true;
}

static bool
decode_word(Decoder *d, const char *word, WkValue value, WkValue *out)
{
	char context[64];

	for (size_t i = 1; word[i] != '\0'; i++)
	{
		d->p++;
		if (d->p >= d->end || *d->p != word[i])
		{
			snprintf(context, sizeof(context), "in literal %s (expecting '%c')", word, word[i]);
			return fail_character(d, context);
		}
	}
	d->p++;
	*out = value;
	return true;
}

static bool
is_digit_at(const Decoder *d)
{
	return d->p < d->end && *d->p >= '0' && *d->p <= '9';
}

static void
skip_digits(Decoder *d)
{
	while (is_digit_at(d))
		d->p++;
}

/* Too large a number becomes the nearest one that there is. */
static bool
number_value(const char *start, const char *end, bool is_float, WkValue *out)
{
	if (is_float)
	{
		*out = (WkValue){.kind = WK_FLOAT};
		return wk_parse_float(start, (size_t) (end - start), 64, &out->number) != WK_NUMBER_SYNTAX;
	}
	*out = (WkValue){.kind = WK_INT};
	return wk_parse_int(start, (size_t) (end - start), 10, 64, &out->integer) != WK_NUMBER_SYNTAX;
}

static bool
decode_number(Decoder *d, WkValue *out)
{
	const char *start = d->p;
	bool is_float = false;

	if (*d->p == '-')
		d->p++;
	if (!is_digit_at(d))
		return fail_character(d, "in numeric literal");
	if (*d->p == '0')
		d->p++;
	else
		skip_digits(d);
	if (d->p < d->end && *d->p == '.')
	{
		is_float = true;
		d->p++;
		if (!is_digit_at(d))
			return fail_character(d, "after decimal point in numeric literal");
		skip_digits(d);
	}
	if (d->p < d->end && (*d->p == 'e' || *d->p == 'E'))
	{
		is_float = true;
		d->p++;
		if (d->p < d->end && (*d->p == '+' || *d->p == '-'))
			d->p++;
		if (!is_digit_at(d))
			return fail_character(d, "in exponent of numeric literal");
		skip_digits(d);
	}
	if (number_value(start, d->p, is_float, out))
		return true;
	snprintf(d->error, 160, "a number is too long");
	return fail(d, WK_JSON_BAD);
}

/* ---- strings ---- */

/* Four hexadecimal digits at p; -1: there are none. */
static int32_t
peek_hex(const char *p, const char *end)
{
	int64_t value;

	if (end - p < 4 || *p == '-' || *p == '+' || wk_parse_int(p, 4, 16, 64, &value) != WK_NUMBER_OK)
		return -1;
	return (int32_t) value;
}

/* Behind "\u". Appends to *to. */
static void
decode_unicode(Decoder *d, char **to)
{
	int32_t c = peek_hex(d->p, d->end);
	int32_t low = -1;

	d->p += 4;
	if (c >= 0xd800 && c < 0xdc00 && d->end - d->p >= 6 && d->p[0] == '\\' && d->p[1] == 'u')
		low = peek_hex(d->p + 2, d->end);
	if (low >= 0xdc00 && low < 0xe000)
	{
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		d->p += 6;
	}
	/* A surrogate without its other half has no text. */
	*to += wk_encode(c, *to);
}

/* Finds the end of the string whose inside begins at p; *plain: it has nothing to be decoded. */
static const char *
scan_string(Decoder *d, bool *plain)
{
	const char *inside = d->p;

	*plain = true;
	while (d->p < d->end && *d->p != '"')
	{
		unsigned char c = (unsigned char) *d->p;

		if (c < ' ')
		{
			fail_character(d, "in string literal");
			return NULL;
		}
		if (c >= 0x80)
			*plain = false;
		d->p++;
		if (c != '\\')
			continue;
		*plain = false;
		if (d->p >= d->end || strchr("\"\\/bfnrtu", *d->p) == NULL || *d->p == '\0')
		{
			fail_character(d, "in string escape code");
			return NULL;
		}
		if (*d->p++ != 'u')
			continue;
		for (int i = 0; i < 4; i++, d->p++)
		{
			if (d->p >= d->end || strchr("0123456789abcdefABCDEF", *d->p) == NULL || *d->p == '\0')
			{
				fail_character(d, "in \\u hexadecimal character escape");
				return NULL;
			}
		}
	}
	if (d->p >= d->end)
	{
		fail_at_end(d);
		return NULL;
	}
	return inside;
}

/* At the first quote. */
static bool
decode_string(Decoder *d, const char **data, size_t *len)
{
	static const char letters[] = "b\bf\fn\nr\rt\t";
	const char *inside;
	const char *stop;
	bool plain;
	char *copy;
	char *to;
	size_t n;

	d->p++;
	inside = scan_string(d, &plain);
	if (inside == NULL)
		return false;
	stop = d->p;
	if (plain)
	{
		*data = inside;
		*len = (size_t) (stop - inside);
		d->p = stop + 1;
		return true;
	}
	/* One byte that is no UTF-8 becomes three. */
	copy = shc_arena_alloc(d->arena, (size_t) (stop - inside) * 3 + 1);
	if (copy == NULL)
		return fail(d, WK_JSON_MEMORY);
	to = copy;
	for (d->p = inside; d->p < stop;)
	{
		if (*d->p != '\\')
		{
			int32_t c = wk_decode(d->p, stop, &n);

			to += wk_encode(c, to);
			d->p += n;
			continue;
		}
		d->p += 2;
		if (d->p[-1] == 'u')
			decode_unicode(d, &to);
		else
		{
			const char *letter = strchr(letters, d->p[-1]);

			*to++ = letter != NULL && (letter - letters) % 2 == 0 ? letter[1] : d->p[-1];
		}
	}
	d->p = stop + 1;
	*data = copy;
	*len = (size_t) (to - copy);
	return true;
}

/* ---- containers ---- */

/* After an element: 1: another follows; 0: the container has ended; -1: failed. */
static int
after_element(Decoder *d, char close, const char *context)
{
	skip_space(d);
	if (d->p >= d->end)
	{
		fail_at_end(d);
		return -1;
	}
	if (*d->p == ',')
	{
		d->p++;
		return 1;
	}
	if (*d->p == close)
	{
		d->p++;
		return 0;
	}
	fail_character(d, context);
	return -1;
}

static bool
close_array(Decoder *d, size_t from, WkValue *out)
{
	size_t n = d->n - from;
	WkValue *items = shc_arena_alloc(d->arena, (n > 0 ? n : 1) * sizeof(WkValue));

	if (items == NULL)
		return fail(d, WK_JSON_MEMORY);
	for (size_t i = 0; i < n; i++)
		items[i] = d->stack[from + i].value;
	d->n = from;
	*out = (WkValue){.kind = WK_ARRAY};
	out->array.items = items;
	out->array.n = n;
	return true;
}

static bool
decode_array(Decoder *d, WkValue *out)
{
	size_t from = d->n;
	int more = 1;

	d->p++;
	skip_space(d);
	if (d->p < d->end && *d->p == ']')
	{
		d->p++;
		more = 0;
	}
	while (more > 0)
	{
		WkEntry entry = {.key = NULL};

		if (!decode_value(d, &entry.value) || !push(d, &entry))
			return false;
		more = after_element(d, ']', "after array element");
	}
	return more == 0 && close_array(d, from, out);
}

static int
compare_keys(const void *a, const void *b)
{
	const WkEntry *x = *(const WkEntry *const *) a;
	const WkEntry *y = *(const WkEntry *const *) b;
	size_t len = x->key_len < y->key_len ? x->key_len : y->key_len;
	int order = memcmp(x->key, y->key, len);

	if (order == 0 && x->key_len != y->key_len)
		order = x->key_len < y->key_len ? -1 : 1;
	/* Equal keys stay in their order. */
	return order != 0 ? order : x < y ? -1 : 1;
}

static bool
same_key(const WkEntry *a, const WkEntry *b)
{
	return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

/* Of entries with one key the last one stays. */
static bool
close_map(Decoder *d, size_t from, WkValue *out)
{
	size_t n = d->n - from;
	WkEntry *entries = shc_arena_alloc(d->arena, (n > 0 ? n : 1) * sizeof(WkEntry));
	const WkEntry **sorted = malloc((n > 0 ? n : 1) * sizeof(*sorted));
	size_t kept = 0;

	if (entries == NULL || sorted == NULL)
	{
		free(sorted);
		return fail(d, WK_JSON_MEMORY);
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = &d->stack[from + i];
	qsort(sorted, n, sizeof(*sorted), compare_keys);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || !same_key(sorted[i], sorted[i + 1]))
			entries[kept++] = *sorted[i];
	free(sorted);
	d->n = from;
	*out = (WkValue){.kind = WK_MAP};
	out->map.entries = entries;
	out->map.n = kept;
	return true;
}

static bool
decode_entry(Decoder *d)
{
	WkEntry entry;

	skip_space(d);
	if (d->p >= d->end)
		return fail_at_end(d);
	if (*d->p != '"')
		return fail_character(d, "looking for beginning of object key string");
	if (!decode_string(d, &entry.key, &entry.key_len))
		return false;
	skip_space(d);
	if (d->p >= d->end)
		return fail_at_end(d);
	if (*d->p != ':')
		return fail_character(d, "after object key");
	d->p++;
	return decode_value(d, &entry.value) && push(d, &entry);
}

static bool
decode_map(Decoder *d, WkValue *out)
{
	size_t from = d->n;
	int more = 1;

	d->p++;
	skip_space(d);
	if (d->p < d->end && *d->p == '}')
	{
		d->p++;
		more = 0;
	}
	while (more > 0)
	{
		if (!decode_entry(d))
			return false;
		more = after_element(d, '}', "after object key:value pair");
	}
	return more == 0 && close_map(d, from, out);
}

static bool
decode_value(Decoder *d, WkValue *out)
{
	bool good;

	skip_space(d);
	if (d->p >= d->end)
		return fail_at_end(d);
	switch (*d->p)
	{
		case '{':
		case '[':
			if (++d->depth > WK_DEPTH_MAX)
				return fail(d, WK_JSON_DEPTH);
			good = *d->p == '{' ? decode_map(d, out) : decode_array(d, out);
			d->depth--;
			return good;
		case '"':
			*out = (WkValue){.kind = WK_STRING};
			return decode_string(d, &out->text.data, &out->text.len);
		case 't':
			return decode_word(d, "true", (WkValue){.kind = WK_BOOL, .boolean = true}, out);
		case 'f':
			return decode_word(d, "false", (WkValue){.kind = WK_BOOL}, out);
		case 'n':
			return decode_word(d, "null", (WkValue){.kind = WK_UNDEFINED}, out);
		default:
			if (*d->p == '-' || is_digit_at(d))
				return decode_number(d, out);
			return fail_character(d, "looking for beginning of value");
	}
}

WkJsonResult
wk_json_decode(ShcArena *arena, const char *data, size_t len, WkValue *out, char error[160])
{
	Decoder d = {.arena = arena, .p = data, .end = data + len, .error = error};

	error[0] = '\0';
	*out = (WkValue){.kind = WK_UNDEFINED};
	if (decode_value(&d, out))
	{
		skip_space(&d);
		if (d.p < d.end)
			fail_character(&d, "after top-level value");
	}
	free(d.stack);
	return d.result;
}
