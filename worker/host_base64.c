/*
 * host_base64.c: the base64 and hex modules.
 */
#include "host_base64.h"

#include <string.h>

#include "host_number.h"
#include "host_quote.h"

static const char standard_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
wk_base64_append(ShcBuf *out, const char *data, size_t len, bool is_url, bool is_padded)
{
	const char *digits = is_url ? url_digits : standard_digits;

	for (size_t i = 0; i < len && !out->failed; i += 3)
	{
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t) (unsigned char) data[i] << 16;
		char text[4];

		if (n > 1)
			bits |= (uint32_t) (unsigned char) data[i + 1] << 8;
		if (n > 2)
			bits |= (unsigned char) data[i + 2];
		for (size_t k = 0; k < 4; k++)
			text[k] = k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=';
		shc_buf_append(out, text, is_padded ? 4 : n + 1);
	}
}

/* The value of a digit, -1: it is none. */
static int
digit_value(char c, const char *digits)
{
	const char *found = c != '\0' ? memchr(digits, c, 64) : NULL;

	return found != NULL ? (int) (found - digits) : -1;
}

typedef struct Base64Reader
{
	ShcBuf *out;
	const char *data;
	size_t len;
	size_t at;
	size_t bad; /* where it goes wrong */
	const char *digits;
	bool is_padded;
} Base64Reader;

/* The next character that is no line feed or carriage return; -1 at the end. */
static int
next_character(Base64Reader *r)
{
	while (r->at < r->len && (r->data[r->at] == '\n' || r->data[r->at] == '\r'))
		r->at++;
	return r->at < r->len ? (unsigned char) r->data[r->at++] : -1;
}

/* After n digits of a quantum came the first '='. */
static bool
read_padding(Base64Reader *r, size_t n)
{
	r->bad = r->at - 1;
	if (!r->is_padded || n < 2)
		return false;
	if (n == 2)
	{
		int c = next_character(r);

		r->bad = c < 0 ? r->len : r->at - 1;
		if (c != '=')
			return false;
	}
	if (next_character(r) >= 0)
	{
		r->bad = r->at - 1;
		return false;
	}
	return true;
}

static void
append_quantum(ShcBuf *out, uint32_t bits, size_t n)
{
	char bytes[3];

	bits <<= 6 * (4 - n);
	bytes[0] = (char) (bits >> 16);
	bytes[1] = (char) (bits >> 8);
	bytes[2] = (char) bits;
	if (n > 1)
		shc_buf_append(out, bytes, n - 1);
}

static bool
read_base64(Base64Reader *r)
{
	while (!r->out->failed)
	{
		uint32_t bits = 0;
		size_t n = 0;
		size_t start = r->len;
		int c = 0;

		for (; n < 4; n++)
		{
			int value;

			c = next_character(r);
			if (c < 0 || c == '=')
				break;
			if (n == 0)
				start = r->at - 1;
			value = digit_value((char) c, r->digits);
			if (value < 0)
			{
				r->bad = r->at - 1;
				return false;
			}
			bits = bits << 6 | (uint32_t) value;
		}
		if (c < 0 && n == 0)
			return true;
		if (c == '=' && !read_padding(r, n))
			return false;
		if (c < 0 && (n == 1 || r->is_padded))
		{
			r->bad = start;
			return false;
		}
		append_quantum(r->out, bits, n);
		if (c < 0 || c == '=')
			return true;
	}
	return true;
}

static bool
encode(WkHostCall *call, bool is_url, bool is_padded)
{
	const char *data;
	size_t len;

	if (!wk_arg_bytes(call, 0, &data, &len))
		return false;
	wk_base64_append(call->out, data, len, is_url, is_padded);
	return wk_return_out(call, WK_STRING);
}

static bool
decode(WkHostCall *call, bool is_url, bool is_padded)
{
	Base64Reader r = {
		.out = call->out, .digits = is_url ? url_digits : standard_digits, .is_padded = is_padded};

	if (!wk_arg_text(call, 0, &r.data, &r.len))
		return false;
	if (!read_base64(&r))
		return wk_return_error(call, "illegal base64 data at input byte %zu", r.bad);
	return wk_return_out(call, WK_BYTES);
}

static bool
base64_encode(WkHostCall *call)
{
	return encode(call, false, true);
}

static bool
base64_decode(WkHostCall *call)
{
	return decode(call, false, true);
}

static bool
base64_raw_encode(WkHostCall *call)
{
	return encode(call, false, false);
}

static bool
base64_raw_decode(WkHostCall *call)
{
	return decode(call, false, false);
}

static bool
base64_url_encode(WkHostCall *call)
{
	return encode(call, true, true);
}

static bool
base64_url_decode(WkHostCall *call)
{
	return decode(call, true, true);
}

static bool
base64_raw_url_encode(WkHostCall *call)
{
	return encode(call, true, false);
}

static bool
base64_raw_url_decode(WkHostCall *call)
{
	return decode(call, true, false);
}

const WkMember wk_base64_members[] = {
	{.name = "encode", .function = base64_encode, .min = 1, .max = 1},
	{.name = "decode", .function = base64_decode, .min = 1, .max = 1},
	{.name = "raw_encode", .function = base64_raw_encode, .min = 1, .max = 1},
	{.name = "raw_decode", .function = base64_raw_decode, .min = 1, .max = 1},
	{.name = "url_encode", .function = base64_url_encode, .min = 1, .max = 1},
	{.name = "url_decode", .function = base64_url_decode, .min = 1, .max = 1},
	{.name = "raw_url_encode", .function = base64_raw_url_encode, .min = 1, .max = 1},
	{.name = "raw_url_decode", .function = base64_raw_url_decode, .min = 1, .max = 1},
	{.name = NULL},
};

/* ---- hexadecimal ---- */

static bool
hex_encode(WkHostCall *call)
{
	static const char digits[] = "0123456789abcdef";
	const char *data;
	size_t len;

	if (!wk_arg_bytes(call, 0, &data, &len))
		return false;
	for (size_t i = 0; i < len && !call->out->failed; i++)
	{
		unsigned char c = (unsigned char) data[i];

		shc_buf_append(call->out, (char[2]){digits[c >> 4], digits[c & 15]}, 2);
	}
	return wk_return_out(call, WK_STRING);
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9'	  ? c - '0'
		   : c >= 'a' && c <= 'f' ? c - 'a' + 10
		   : c >= 'A' && c <= 'F' ? c - 'A' + 10
								  : -1;
}

static bool
bad_hex(WkHostCall *call, char c)
{
	ShcBuf quoted;
	bool done;

	shc_buf_init(&quoted, 32);
	wk_append_quoted_char(&quoted, (unsigned char) c, false);
	done = wk_return_error(call, "encoding/hex: invalid byte: U+%04X %s",
						   (unsigned) (unsigned char) c, quoted.data);
	shc_buf_free(&quoted);
	return done;
}

static bool
hex_decode(WkHostCall *call)
{
	const char *data;
	size_t len;

	if (!wk_arg_text(call, 0, &data, &len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (hex_digit(data[i]) < 0)
			return bad_hex(call, data[i]);
	if (len % 2 != 0)
		return wk_return_error(call, "encoding/hex: odd length hex string");
	for (size_t i = 0; i < len && !call->out->failed; i += 2)
	{
		char c = (char) (hex_digit(data[i]) << 4 | hex_digit(data[i + 1]));

		shc_buf_append(call->out, &c, 1);
	}
	return wk_return_out(call, WK_BYTES);
}

const WkMember wk_hex_members[] = {
	{.name = "encode", .function = hex_encode, .min = 1, .max = 1},
	{.name = "decode", .function = hex_decode, .min = 1, .max = 1},
	{.name = NULL},
};
