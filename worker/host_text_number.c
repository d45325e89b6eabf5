/*
 * host_text_number.c: the text module: numbers, literals.
 */
#include <string.h>

#include "host_text.h"
#include "host_number.h"
#include "host_quote.h"

/* How much of a text a message shows. */
#define SHOWN 100

static const char *
why(WkNumberResult result)
{
	return result == WK_NUMBER_RANGE ? "value out of range" : "invalid syntax";
}

/* The text in quotes, in the call's buffer. */
static const char *
quoted(WkHostCall *call, const char *data, size_t len)
{
	wk_append_quoted(call->out, data, len < SHOWN ? len : SHOWN, '"', false);
	return call->out->data;
}

static bool
arg_string(WkHostCall *call, int i, const char **data, size_t *len)
{
	if (i >= call->n || call->args[i].kind != WK_STRING)
		return wk_raise_type(call, i, "string");
	return wk_arg_text(call, i, data, len);
}

bool
wk_text_atoi(WkHostCall *call)
{
	const char *data = "";
	size_t len = 0;
	int64_t value;
	WkNumberResult result;

	if (!wk_arg_text(call, 0, &data, &len))
		return false;
	result = wk_parse_int(data, len, 10, 64, &value);
	if (result == WK_NUMBER_OK)
		return wk_return_int(call, value);
	return wk_return_error(call, "strconv.Atoi: parsing %s: %s", quoted(call, data, len),
						   why(result));
}

bool
wk_text_itoa(WkHostCall *call)
{
	int64_t value;

	if (!wk_arg_int(call, 0, &value))
		return false;
	wk_append_int(call->out, value, 10);
	return wk_return_out(call, WK_STRING);
}

bool
wk_text_format_bool(WkHostCall *call)
{
	bool value;

	return wk_arg_bool(call, 0, &value) &&
		   wk_return_string(call, value ? "true" : "false", value ? 4 : 5);
}

bool
wk_text_format_float(WkHostCall *call)
{
	double value;
	const char *format;
	size_t len;
	int64_t precision;
	int64_t bits;

	if (!wk_arg_float(call, 0, &value) || !wk_arg_text(call, 1, &format, &len) ||
		!wk_arg_int(call, 2, &precision) || !wk_arg_int(call, 3, &bits))
		return false;
	if (bits != 32 && bits != 64)
		return wk_raise(call, "format_float: the number of bits must be 32 or 64");
	if (precision > WK_PRECISION_MAX)
		return wk_raise(call, "format_float: the precision must be at most %d", WK_PRECISION_MAX);
	if (len == 0 || strchr("beEfFgGxX", format[0]) == NULL || format[0] == '\0')
		shc_buf_printf(call->out, "%%%.*s", len > 0 ? 1 : 0, format);
	else
		wk_append_float(call->out, bits == 32 ? (double) (float) value : value, format[0],
						precision < 0 ? -1 : (int) precision, (int) bits);
	return wk_return_out(call, WK_STRING);
}

bool
wk_text_format_int(WkHostCall *call)
{
	int64_t value;
	int64_t base;

	if (!wk_arg_int(call, 0, &value) || !wk_arg_int(call, 1, &base))
		return false;
	if (base < 2 || base > 36)
		return wk_raise(call, "format_int: the base must be 2 to 36");
	wk_append_int(call->out, value, (int) base);
	return wk_return_out(call, WK_STRING);
}

static bool
is_one_of(const char *data, size_t len, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strlen(*words) == len && memcmp(*words, data, len) == 0)
			return true;
	return false;
}

bool
wk_text_parse_bool(WkHostCall *call)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True", NULL};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False", NULL};
	const char *data = "";
	size_t len = 0;

	if (!arg_string(call, 0, &data, &len))
		return false;
	if (is_one_of(data, len, yes))
		return wk_return_bool(call, true);
	if (is_one_of(data, len, no))
		return wk_return_bool(call, false);
	return wk_raise(call, "strconv.ParseBool: parsing %s: invalid syntax", quoted(call, data, len));
}

bool
wk_text_parse_float(WkHostCall *call)
{
	const char *data = "";
	size_t len = 0;
	int64_t bits;
	double value;
	WkNumberResult result;

	if (!arg_string(call, 0, &data, &len) || !wk_arg_int(call, 1, &bits))
		return false;
	result = wk_parse_float(data, len, bits == 32 ? 32 : 64, &value);
	if (result == WK_NUMBER_OK)
		return wk_return_float(call, value);
	return wk_raise(call, "strconv.ParseFloat: parsing %s: %s", quoted(call, data, len),
					why(result));
}

bool
wk_text_parse_int(WkHostCall *call)
{
	const char *data = "";
	size_t len = 0;
	int64_t base;
	int64_t bits;
	int64_t value;
	WkNumberResult result;

	if (!arg_string(call, 0, &data, &len) || !wk_arg_int(call, 1, &base) ||
		!wk_arg_int(call, 2, &bits))
		return false;
	result = wk_parse_int(data, len, base < 0 || base > 36 ? 1 : (int) base,
						  bits < 0 || bits > 64 ? -1 : (int) bits, &value);
	if (result == WK_NUMBER_OK)
		return wk_return_int(call, value);
	quoted(call, data, len);
	if (result == WK_NUMBER_BASE)
		return wk_raise(call, "strconv.ParseInt: parsing %s: invalid base %lld", call->out->data,
						(long long) base);
	if (result == WK_NUMBER_BITS)
		return wk_raise(call, "strconv.ParseInt: parsing %s: invalid bit size %lld",
						call->out->data, (long long) bits);
	return wk_raise(call, "strconv.ParseInt: parsing %s: %s", call->out->data, why(result));
}

bool
wk_text_quote(WkHostCall *call)
{
	const char *data = "";
	size_t len = 0;

	if (!wk_arg_text(call, 0, &data, &len))
		return false;
	wk_append_quoted(call->out, data, len, '"', false);
	return wk_return_out(call, WK_STRING);
}

bool
wk_text_unquote(WkHostCall *call)
{
	const char *data = "";
	size_t len = 0;

	if (!wk_arg_text(call, 0, &data, &len))
		return false;
	if (!wk_append_unquoted(call->out, data, len))
		return call->out->failed ? wk_raise_memory(call) : wk_return_error(call, "invalid syntax");
	return wk_return_out(call, WK_STRING);
}
