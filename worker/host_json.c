/*
 * host_json.c: the json module's writing half and its members.
 */
#include "host_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host_base64.h"
#include "host_number.h"
#include "host_time.h"

/* ---- encode ---- */

static void
encode_string(ShcBuf *out, const char *data, size_t len)
{
	const char *p = data;
	const char *end = data + len;

	shc_buf_append(out, "\"", 1);
	while (p < end && !out->failed)
	{
		const char *start = p;

		while (p < end && (unsigned char) *p >= ' ' && *p != '"' && *p != '\\')
			p++;
		shc_buf_append(out, start, (size_t) (p - start));
		if (p == end)
			break;
		switch (*p)
		{
			case '"':
			case '\\':
				shc_buf_printf(out, "\\%c", *p);
				break;
			case '\n':
				shc_buf_append(out, "\\n", 2);
				break;
			case '\r':
				shc_buf_append(out, "\\r", 2);
				break;
			case '\t':
				shc_buf_append(out, "\\t", 2);
				break;
			default:
				shc_buf_printf(out, "\\u%04x", (unsigned) (unsigned char) *p);
		}
		p++;
	}
	shc_buf_append(out, "\"", 1);
}

static bool
encode_float(ShcBuf *out, double value, char error[160])
{
	double size = fabs(value);
	size_t start = out->len;

	if (!isfinite(value))
	{
		snprintf(error, 160, "unsupported float value");
		return false;
	}
	if (size != 0 && (size < 1e-6 || size >= 1e21))
	{
		wk_append_float(out, value, 'e', -1, 64);
		/* e-09 becomes e-9 */
		if (!out->failed && out->len - start > 4 && out->data[out->len - 4] == 'e' &&
			out->data[out->len - 3] == '-' && out->data[out->len - 2] == '0')
		{
			out->data[out->len - 2] = out->data[out->len - 1];
			out->len--;
			out->data[out->len] = '\0';
		}
	}
	else
		wk_append_float(out, value, 'f', -1, 64);
	return true;
}

static bool encode(ShcBuf *out, const WkValue *value, char error[160]);

static bool
encode_array(ShcBuf *out, const WkValue *value, char error[160])
{
	shc_buf_append(out, "[", 1);
	for (size_t i = 0; i < value->array.n && !out->failed; i++)
	{
		if (i > 0)
			shc_buf_append(out, ",", 1);
		if (!encode(out, &value->array.items[i], error))
			return false;
	}
	shc_buf_append(out, "]", 1);
	return true;
}

static bool
encode_map(ShcBuf *out, const WkValue *value, char error[160])
{
	shc_buf_append(out, "{", 1);
	for (size_t i = 0; i < value->map.n && !out->failed; i++)
	{
		const WkEntry *entry = &value->map.entries[i];

		if (i > 0)
			shc_buf_append(out, ",", 1);
		encode_string(out, entry->key, entry->key_len);
		shc_buf_append(out, ":", 1);
		if (!encode(out, &entry->value, error))
			return false;
	}
	shc_buf_append(out, "}", 1);
	return true;
}

/* Values are as deep as WK_DEPTH_MAX at most. */
static bool
encode(ShcBuf *out, const WkValue *value, char error[160])
{
	switch (value->kind)
	{
		case WK_UNDEFINED:
			shc_buf_append(out, "null", 4);
			return true;
		case WK_BOOL:
			shc_buf_puts(out, value->boolean ? "true" : "false");
			return true;
		case WK_INT:
		case WK_CHAR:
			shc_buf_printf(out, "%lld", (long long) value->integer);
			return true;
		case WK_FLOAT:
			return encode_float(out, value->number, error);
		case WK_STRING:
			encode_string(out, value->text.data, value->text.len);
			return true;
		case WK_BYTES:
			shc_buf_append(out, "\"", 1);
			wk_base64_append(out, value->text.data, value->text.len, false, true);
			shc_buf_append(out, "\"", 1);
			return true;
		case WK_ARRAY:
			return encode_array(out, value, error);
		case WK_MAP:
			return encode_map(out, value, error);
		case WK_TIME:
			shc_buf_append(out, "\"", 1);
			wk_time_append_layout(out, &value->time, WK_RFC3339_NANO, strlen(WK_RFC3339_NANO));
			shc_buf_append(out, "\"", 1);
			return true;
		case WK_ERROR:
		case WK_OBJECT:
		case WK_OTHER:
			break;
	}
	snprintf(error, 160, "unsupported type: %s",
			 value->kind == WK_OTHER	? value->type
			 : value->kind == WK_OBJECT ? value->object->type->name
										: "error");
	return false;
}

bool
wk_json_encode(ShcBuf *out, const WkValue *value, char error[160])
{
	error[0] = '\0';
	return encode(out, value, error) && !out->failed;
}

/* ---- members ---- */

/* The end of a call whose text could not be decoded. */
static bool
end_undecoded(WkHostCall *call, WkJsonResult result, const char *error)
{
	if (result == WK_JSON_MEMORY)
		return wk_raise_memory(call);
	if (result == WK_JSON_DEPTH)
		return wk_return_error(call, "exceeded the depth of %d", WK_DEPTH_MAX);
	return wk_return_error(call, "%s", error);
}

static bool
json_decode(WkHostCall *call)
{
	const char *data;
	size_t len;
	char error[160];
	WkJsonResult result;

	if (!wk_arg_bytes(call, 0, &data, &len))
		return false;
	result = wk_json_decode(call->arena, data, len, &call->result, error);
	return result == WK_JSON_OK || end_undecoded(call, result, error);
}

static bool
json_encode(WkHostCall *call)
{
	char error[160];

	if (wk_json_encode(call->out, &call->args[0], error))
		return wk_return_out(call, WK_BYTES);
	if (call->out->failed)
		return wk_raise_memory(call);
	return wk_return_error(call, "%s", error);
}

typedef struct Indenter
{
	ShcBuf *out;
	const char *prefix;
	size_t prefix_len;
	const char *indent;
	size_t indent_len;
} Indenter;

static void
new_line(const Indenter *to, int depth)
{
	shc_buf_append(to->out, "\n", 1);
	shc_buf_append(to->out, to->prefix, to->prefix_len);
	for (int i = 0; i < depth && !to->out->failed; i++)
		shc_buf_append(to->out, to->indent, to->indent_len);
}

/* data is valid JSON. */
static void
append_indented(const Indenter *to, const char *data, size_t len)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len && !to->out->failed; i++)
	{
		char c = data[i];

		if (in_string)
		{
			shc_buf_append(to->out, &c, 1);
			if (c == '\\')
				shc_buf_append(to->out, &data[++i], 1);
			else
				in_string = c != '"';
			continue;
		}
		if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			continue;
		if (c == '}' || c == ']')
		{
			char before = to->out->data[to->out->len - 1];

			depth--;
			if (before != '{' && before != '[')
				new_line(to, depth);
			shc_buf_append(to->out, &c, 1);
			continue;
		}
		if (to->out->len > 0 &&
			(to->out->data[to->out->len - 1] == '{' || to->out->data[to->out->len - 1] == '['))
			new_line(to, depth);
		shc_buf_append(to->out, &c, 1);
		in_string = c == '"';
		if (c == '{' || c == '[')
			depth++;
		else if (c == ',')
			new_line(to, depth);
		else if (c == ':')
			shc_buf_append(to->out, " ", 1);
	}
}

static bool
json_indent(WkHostCall *call)
{
	Indenter to = {.out = call->out};
	const char *data;
	size_t len;
	WkValue value;
	char error[160];
	WkJsonResult result;

	if (!wk_arg_bytes(call, 0, &data, &len) || !wk_arg_text(call, 1, &to.prefix, &to.prefix_len) ||
		!wk_arg_text(call, 2, &to.indent, &to.indent_len))
		return false;
	result = wk_json_decode(call->arena, data, len, &value, error);
	if (result != WK_JSON_OK)
		return end_undecoded(call, result, error);
	append_indented(&to, data, len);
	return wk_return_out(call, WK_BYTES);
}

static bool
json_html_escape(WkHostCall *call)
{
	const char *data;
	size_t len;

	if (!wk_arg_bytes(call, 0, &data, &len))
		return false;
	for (size_t i = 0; i < len && !call->out->failed; i++)
	{
		unsigned char c = (unsigned char) data[i];

		if (c == '<' || c == '>' || c == '&')
			shc_buf_printf(call->out, "\\u%04x", c);
		else if (c == 0xe2 && len - i >= 3 && (unsigned char) data[i + 1] == 0x80 &&
				 ((unsigned char) data[i + 2] & 0xfe) == 0xa8)
		{
			shc_buf_printf(call->out, "\\u202%d", data[i + 2] & 15);
			i += 2;
		}
		else
			shc_buf_append(call->out, data + i, 1);
	}
	return wk_return_out(call, WK_BYTES);
}

const WkMember wk_json_members[] = {
	{.name = "decode", .function = json_decode, .min = 1, .max = 1, .is_null = true},
	{.name = "encode", .function = json_encode, .min = 1, .max = 1},
	{.name = "indent", .function = json_indent, .min = 3, .max = 3},
	{.name = "html_escape", .function = json_html_escape, .min = 1, .max = 1},
	{.name = NULL},
};
