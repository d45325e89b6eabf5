/*
 * host_quote.c: literals.
 */
#include "host_quote.h"

#include <string.h>

#include "host_unicode.h"

/* Each character with an escape of one letter, followed by that letter. */
static const char letters[] = "\aa\bb\ff\nn\rr\tt\vv\\\\";

void
wk_append_code_point(ShcBuf *out, int64_t code_point)
{
	char text[4];

	shc_buf_append(out, text, wk_encode(code_point, text));
}

static void
append_escaped(ShcBuf *out, int32_t c, char quote, bool is_ascii)
{
	if (c == quote)
	{
		shc_buf_printf(out, "\\%c", quote);
		return;
	}
	for (size_t i = 0; i < sizeof(letters) - 1; i += 2)
	{
		if (letters[i] == c)
		{
			shc_buf_printf(out, "\\%c", letters[i + 1]);
			return;
		}
	}
	if (wk_is_printable(c) && (c < 0x80 || !is_ascii))
		wk_append_code_point(out, c);
	else if (c < 0x80)
		shc_buf_printf(out, "\\x%02x", (unsigned) c);
	else if (c < 0x10000)
		shc_buf_printf(out, "\\u%04x", (unsigned) c);
	else
		shc_buf_printf(out, "\\U%08x", (unsigned) c);
}

void
wk_append_quoted(ShcBuf *out, const char *data, size_t len, char quote, bool is_ascii)
{
	const char *end = data + len;
	size_t n;

	shc_buf_append(out, &quote, 1);
	for (const char *p = data; p < end && !out->failed; p += n)
	{
		int32_t c = wk_decode(p, end, &n);

		if (c == WK_REPLACEMENT && n == 1)
			shc_buf_printf(out, "\\x%02x", (unsigned) (unsigned char) *p);
		else
			append_escaped(out, c, quote, is_ascii);
	}
	shc_buf_append(out, &quote, 1);
}

void
wk_append_quoted_char(ShcBuf *out, int64_t code_point, bool is_ascii)
{
	char text[4];
	size_t len;

	shc_buf_append(out, "'", 1);
	append_escaped(out, wk_decode(text, text + wk_encode(code_point, text), &len), '\'', is_ascii);
	shc_buf_append(out, "'", 1);
}

/* ---- the other way ---- */

/* The value of `n` digits in the base at *p, which moves behind them; -1: there are not so many. */
static int64_t
digits_value(const char **p, const char *end, int n, int base)
{
	int64_t value = 0;

	if (end - *p < n)
		return -1;
	for (int i = 0; i < n; i++, (*p)++)
	{
		char c = **p;
		int digit = c >= '0' && c <= '9'   ? c - '0'
					: c >= 'a' && c <= 'f' ? c - 'a' + 10
					: c >= 'A' && c <= 'F' ? c - 'A' + 10
										   : 99;

		if (digit >= base)
			return -1;
		value = value * base + digit;
	}
	return value;
}

/* The escape behind a backslash at *p, which moves behind it. */
static bool
append_escape(ShcBuf *out, const char **p, const char *end, char quote)
{
	char kind = *p < end ? *(*p)++ : '\0';
	int64_t value = -1;

	for (size_t i = 0; i < sizeof(letters) - 1; i += 2)
		if (letters[i + 1] == kind)
			return shc_buf_append(out, &letters[i], 1);
	if (kind == quote)
		return shc_buf_append(out, &kind, 1);
	if (kind == 'x')
		value = digits_value(p, end, 2, 16);
	else if (kind >= '0' && kind <= '7')
	{
		(*p)--;
		value = digits_value(p, end, 3, 8);
		if (value > 255)
			return false;
	}
	else if (kind == 'u' || kind == 'U')
	{
		value = digits_value(p, end, kind == 'u' ? 4 : 8, 16);
		if (value < 0 || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
			return false;
		wk_append_code_point(out, value);
		return !out->failed;
	}
	if (value < 0)
		return false;
	return shc_buf_append(out, &(char){(char) value}, 1);
}

static bool
append_raw(ShcBuf *out, const char *data, size_t len)
{
	if (memchr(data, '`', len) != NULL)
		return false;
	for (size_t i = 0; i < len; i++)
		if (data[i] != '\r')
			shc_buf_append(out, data + i, 1);
	return !out->failed;
}

bool
wk_append_unquoted(ShcBuf *out, const char *data, size_t len)
{
	const char *p = data + 1;
	const char *end = data + len - 1;
	size_t characters = 0;
	char quote;

	if (len < 2 || data[0] != *end)
		return false;
	quote = data[0];
	if (quote == '`')
		return append_raw(out, p, len - 2);
	if (quote != '"' && quote != '\'')
		return false;
	while (p < end)
	{
		size_t n;

		characters++;
		if (*p == quote || *p == '\n')
			return false;
		if (*p == '\\')
		{
			p++;
			if (!append_escape(out, &p, end, quote))
				return false;
			continue;
		}
		wk_decode(p, end, &n);
		if (!shc_buf_append(out, p, n))
			return false;
		p += n;
	}
	return quote == '"' || characters == 1;
}
