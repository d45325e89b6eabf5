/*
 * host_format.c: formats with verbs.
 *
 * The dialect is that of Go, with Tengo's rule that %v prints a value as it stands in a container (so
 * that a text is in quotes).
 */
#include "host_format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_number.h"
#include "host_quote.h"
#include "host_unicode.h"

#define NUMBER_MAX 1000000

/* One verb and what stands before it. */
typedef struct Verb
{
	bool plus;
	bool minus;
	bool sharp;
	bool space;
	bool zero;
	int width;	   /* -1: none */
	int precision; /* -1: none */
	char letter;
} Verb;

typedef struct Formatter
{
	ShcBuf *out;
	const WkTraits *traits;
	const char *p;
	const char *end;
	const WkValue *args;
	int n;
	int next;
	bool is_reordered; /* some verb said which argument it wants */
	bool is_index_bad;
} Formatter;

static void
append_repeated(ShcBuf *out, char c, long n)
{
	char chunk[64];

	memset(chunk, c, sizeof(chunk));
	for (; n > 0 && !out->failed; n -= (long) sizeof(chunk))
		shc_buf_append(out, chunk, n < (long) sizeof(chunk) ? (size_t) n : sizeof(chunk));
}

/* Appends text, filled to the width. */
static void
append_padded(ShcBuf *out, const Verb *verb, const char *text, size_t len)
{
	long missing = verb->width < 0 ? 0 : verb->width - (long) wk_count_code_points(text, len);

	if (!verb->minus)
		append_repeated(out, verb->zero ? '0' : ' ', missing);
	shc_buf_append(out, text, len);
	if (verb->minus)
		append_repeated(out, ' ', missing);
}

/* The length of the first `precision` characters. */
static size_t
cut(const Verb *verb, const char *text, size_t len)
{
	const char *p = text;
	const char *end = text + len;
	size_t n;

	if (verb->precision < 0)
		return len;
	for (int i = 0; i < verb->precision && p < end; i++, p += n)
		wk_decode(p, end, &n);
	return (size_t) (p - text);
}

/* ---- whole numbers ---- */

static const char *
base_prefix(const Verb *verb)
{
	switch (verb->letter)
	{
		case 'b':
			return verb->sharp ? "0b" : "";
		case 'o':
			return verb->sharp ? "0" : "";
		case 'O':
			return "0o";
		case 'x':
			return verb->sharp ? "0x" : "";
		case 'X':
			return verb->sharp ? "0X" : "";
		default:
			return "";
	}
}

static void
append_integer(ShcBuf *out, Verb verb, int64_t value)
{
	int base = verb.letter == 'b'							? 2
			   : verb.letter == 'o' || verb.letter == 'O'	? 8
			   : (verb.letter == 'x' || verb.letter == 'X') ? 16
															: 10;
	uint64_t rest = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;
	const char *sign = value < 0 ? "-" : verb.plus ? "+" : verb.space ? " " : "";
	char digits[66];
	char *p = digits + sizeof(digits);
	long n;
	ShcBuf text;

	if (verb.precision == 0 && value == 0)
	{
		verb.zero = false;
		append_padded(out, &verb, "", 0);
		return;
	}
	for (; rest != 0 || p == digits + sizeof(digits); rest /= (uint64_t) base)
		*--p =
			(verb.letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[rest % (uint64_t) base];
	n = digits + sizeof(digits) - p;
	if (verb.precision < 0 && verb.zero && verb.width >= 0)
		verb.precision = verb.width - (sign[0] != '\0' ? 1 : 0);
	verb.zero = false;
	shc_buf_init(&text, out->max);
	shc_buf_puts(&text, sign);
	/* The 0 of an octal number is one of its digits. */
	if (verb.letter != 'o' || (*p != '0' && verb.precision <= n))
		shc_buf_puts(&text, base_prefix(&verb));
	append_repeated(&text, '0', verb.precision - n);
	shc_buf_append(&text, p, (size_t) n);
	out->failed |= text.failed;
	append_padded(out, &verb, text.data, text.len);
	shc_buf_free(&text);
}

static void
append_unicode(ShcBuf *out, Verb verb, int64_t value)
{
	char text[64];
	size_t len;
	ShcBuf buf;
	int digits = verb.precision > 4 ? verb.precision : 4;

	shc_buf_init(&buf, out->max);
	shc_buf_printf(&buf, "U+%0*llX", digits, (unsigned long long) value);
	if (verb.sharp && value >= 0 && value <= 0x10ffff && wk_is_printable((int32_t) value))
	{
		len = wk_encode(value, text);
		shc_buf_printf(&buf, " '%.*s'", (int) len, text);
	}
	verb.zero = false;
	out->failed |= buf.failed;
	append_padded(out, &verb, buf.data, buf.len);
	shc_buf_free(&buf);
}

/* False: the verb is none for numbers. */
static bool
format_integer(ShcBuf *out, const Verb *verb, int64_t value)
{
	char text[4];

	switch (verb->letter)
	{
		case 'd':
		case 'b':
		case 'o':
		case 'O':
		case 'x':
		case 'X':
			append_integer(out, *verb, value);
			return true;
		case 'c':
			append_padded(out, verb, text, wk_encode(value, text));
			return true;
		case 'q':
			if (value < 0 || value > 0x10ffff)
				return false;
			else
			{
				ShcBuf quoted;

				shc_buf_init(&quoted, 64);
				wk_append_quoted_char(&quoted, value, verb->plus);
				append_padded(out, verb, quoted.data, quoted.len);
				shc_buf_free(&quoted);
			}
			return true;
		case 'U':
			append_unicode(out, *verb, value);
			return true;
		default:
			return false;
	}
}

/* ---- floats ---- */

/* %#e and others: keeps the point and the zeros. */
static void
append_float_sharp(ShcBuf *out, double value, const Verb *verb)
{
	char pattern[] = "%#.*_";

	pattern[4] = verb->letter;
	/* One of %#.*e %#.*E %#.*f %#.*F %#.*g %#.*G. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	shc_buf_printf(out, pattern, verb->precision < 0 ? 6 : verb->precision, value);
#pragma GCC diagnostic pop
}

static void
append_float_padded(ShcBuf *out, Verb verb, double value, ShcBuf *text)
{
	const char *p = text->data;
	size_t len = text->len;
	bool is_special = isnan(value) || isinf(value);

	/* The text begins with a sign; a plus that nobody wants goes. */
	if (is_special)
	{
		verb.zero = false;
		if (isnan(value) && !verb.plus && !verb.space)
		{
			p++;
			len--;
		}
	}
	else if (*p == '+' && !verb.plus)
	{
		p++;
		len--;
	}
	if (verb.zero && !verb.minus && verb.width > (long) len &&
		(*p == '-' || *p == '+' || *p == ' '))
	{
		shc_buf_append(out, p, 1);
		append_repeated(out, '0', verb.width - (long) len);
		shc_buf_append(out, p + 1, len - 1);
		return;
	}
	append_padded(out, &verb, p, len);
}

static bool
format_float(ShcBuf *out, Verb verb, double value)
{
	ShcBuf text;
	int precision = verb.precision;

	if (strchr("beEfFgGxX", verb.letter) == NULL)
		return false;
	shc_buf_init(&text, out->max);
	if (isnan(value) || !signbit(value))
		shc_buf_append(&text, verb.space && !verb.plus ? " " : "+", 1);
	if (precision < 0 && strchr("eEfF", verb.letter) != NULL)
		precision = 6;
	if (verb.sharp && isfinite(value) && strchr("eEfFgG", verb.letter) != NULL)
		append_float_sharp(&text, value, &verb);
	else if (isinf(value) && value > 0)
		shc_buf_puts(&text, "Inf");
	else
		wk_append_float(&text, value, verb.letter, precision, 64);
	out->failed |= text.failed;
	if (!text.failed)
		append_float_padded(out, verb, value, &text);
	shc_buf_free(&text);
	return true;
}

/* ---- texts ---- */

static void
append_hexadecimal(ShcBuf *out, const Verb *verb, const char *data, size_t len)
{
	const char *digits = verb->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	const char *prefix = verb->letter == 'X' ? "0X" : "0x";
	ShcBuf text;

	if (verb->precision >= 0 && (size_t) verb->precision < len)
		len = (size_t) verb->precision;
	shc_buf_init(&text, out->max);
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) data[i];
		char pair[2] = {digits[c >> 4], digits[c & 15]};

		if (verb->space && i > 0)
			shc_buf_append(&text, " ", 1);
		if (verb->sharp && (verb->space || i == 0))
			shc_buf_puts(&text, prefix);
		shc_buf_append(&text, pair, 2);
	}
	out->failed |= text.failed;
	append_padded(out, verb, text.data, text.len);
	shc_buf_free(&text);
}

/* Whether it can stand between backquotes. */
static bool
is_raw(const char *data, size_t len)
{
	size_t n;

	for (const char *p = data; p < data + len; p += n)
	{
		int32_t c = wk_decode(p, data + len, &n);

		if ((c == WK_REPLACEMENT && n == 1) || (c < ' ' && c != '\t') || c == '`' || c == 0x7f ||
			c == 0xfeff)
			return false;
	}
	return true;
}

static void
append_quoted_padded(ShcBuf *out, const Verb *verb, const char *data, size_t len)
{
	ShcBuf text;

	len = cut(verb, data, len);
	shc_buf_init(&text, out->max);
	if (verb->sharp && is_raw(data, len))
	{
		shc_buf_append(&text, "`", 1);
		shc_buf_append(&text, data, len);
		shc_buf_append(&text, "`", 1);
	}
	else
		wk_append_quoted(&text, data, len, '"', verb->plus);
	out->failed |= text.failed;
	append_padded(out, verb, text.data, text.len);
	shc_buf_free(&text);
}

static bool
format_text(ShcBuf *out, const Verb *verb, const char *data, size_t len)
{
	switch (verb->letter)
	{
		case 's':
			append_padded(out, verb, data, cut(verb, data, len));
			return true;
		case 'x':
		case 'X':
			append_hexadecimal(out, verb, data, len);
			return true;
		case 'q':
			append_quoted_padded(out, verb, data, len);
			return true;
		default:
			return false;
	}
}

/* Of bytes, each is a number to %d; what fits nothing prints nothing. */
static void
format_bytes(ShcBuf *out, const Verb *verb, const char *data, size_t len)
{
	if (verb->letter != 'd')
	{
		format_text(out, verb, data, len);
		return;
	}
	shc_buf_append(out, "[", 1);
	for (size_t i = 0; i < len && !out->failed; i++)
	{
		if (i > 0)
			shc_buf_append(out, " ", 1);
		append_integer(out, *verb, (unsigned char) data[i]);
	}
	shc_buf_append(out, "]", 1);
}

/* ---- values ---- */

/* Prints the value as it stands in a container. */
static void
format_inner(Formatter *f, Verb verb, const WkValue *value)
{
	ShcBuf text;

	verb.letter = 's';
	shc_buf_init(&text, f->out->max);
	wk_append_inner(&text, value);
	f->out->failed |= text.failed;
	append_padded(f->out, &verb, text.data, cut(&verb, text.data, text.len));
	shc_buf_free(&text);
}

static void
format_other(Formatter *f, const Verb *verb, const WkValue *value, bool *good)
{
	ShcBuf text;

	shc_buf_init(&text, f->out->max);
	wk_append_inner(&text, value);
	f->out->failed |= text.failed;
	*good = format_text(f->out, verb, text.data, text.len);
	shc_buf_free(&text);
}

static void
format_bad(Formatter *f, const Verb *verb, const WkValue *value)
{
	Verb plain = {.width = -1, .precision = -1, .letter = 's'};

	shc_buf_printf(f->out, "%%!%c(", verb->letter);
	format_inner(f, plain, value);
	shc_buf_append(f->out, "=", 1);
	format_inner(f, *verb, value);
	shc_buf_append(f->out, ")", 1);
}

static void
format_value(Formatter *f, const Verb *verb, const WkValue *value)
{
	bool good = true;

	if (verb->letter == 'v')
	{
		format_inner(f, *verb, value);
		return;
	}
	if (verb->letter == 'T')
	{
		Verb as_text = *verb;
		const char *name = f->traits->type_name(value);

		as_text.letter = 's';
		format_text(f->out, &as_text, name, strlen(name));
		return;
	}
	switch (value->kind)
	{
		case WK_INT:
			good = format_integer(f->out, verb, value->integer);
			break;
		case WK_FLOAT:
			good = format_float(f->out, *verb, value->number);
			break;
		case WK_STRING:
			good = format_text(f->out, verb, value->text.data, value->text.len);
			break;
		case WK_BYTES:
			format_bytes(f->out, verb, value->text.data, value->text.len);
			break;
		case WK_BOOL:
			good = verb->letter == 't';
			if (good)
				append_padded(f->out, verb, value->boolean ? "true" : "false",
							  value->boolean ? 4 : 5);
			break;
		default:
			format_other(f, verb, value, &good);
			break;
	}
	if (!good)
		format_bad(f, verb, value);
}

/* ---- the format ---- */

/* "[3]" at p makes the third argument the next one. */
static void
parse_index(Formatter *f)
{
	const char *close;
	long index = 0;
	bool good = true;

	if (f->p >= f->end || *f->p != '[')
		return;
	f->is_reordered = true;
	close = memchr(f->p, ']', (size_t) (f->end - f->p));
	if (close == NULL)
	{
		f->is_index_bad = true;
		f->p++;
		return;
	}
	for (const char *c = f->p + 1; c < close; c++)
	{
		good &= *c >= '0' && *c <= '9';
		if (good && index <= NUMBER_MAX)
			index = index * 10 + (*c - '0');
	}
	f->p = close + 1;
	if (good && index >= 1 && index <= f->n)
		f->next = (int) index - 1;
	else
		f->is_index_bad = true;
}

/* A number at p, or "*", which takes an argument; -1: there is none. */
static int
parse_number(Formatter *f, bool *is_bad)
{
	int64_t number = 0;
	bool any = false;

	*is_bad = false;
	if (f->p < f->end && *f->p == '*')
	{
		f->p++;
		if (f->next >= f->n || !wk_value_int(&f->args[f->next], &number) || number > NUMBER_MAX ||
			number < -NUMBER_MAX)
		{
			*is_bad = true;
			number = -1;
		}
		if (f->next < f->n)
			f->next++;
		return (int) number;
	}
	for (; f->p < f->end && *f->p >= '0' && *f->p <= '9'; f->p++)
	{
		any = true;
		if (number <= NUMBER_MAX)
			number = number * 10 + (*f->p - '0');
	}
	if (number > NUMBER_MAX)
		return -1;
	return any ? (int) number : -1;
}

static void
parse_flags(Formatter *f, Verb *verb)
{
	for (; f->p < f->end; f->p++)
	{
		switch (*f->p)
		{
			case '+':
				verb->plus = true;
				break;
			case '-':
				verb->minus = true;
				break;
			case '#':
				verb->sharp = true;
				break;
			case ' ':
				verb->space = true;
				break;
			case '0':
				verb->zero = true;
				break;
			default:
				return;
		}
	}
}

static void
parse_sizes(Formatter *f, Verb *verb)
{
	bool is_bad;
	bool is_star;

	parse_index(f);
	is_star = f->p < f->end && *f->p == '*';
	verb->width = parse_number(f, &is_bad);
	if (is_bad)
		shc_buf_puts(f->out, "%!(BADWIDTH)");
	else if (is_star && verb->width < 0)
	{
		verb->minus = true;
		verb->width = -verb->width;
	}
	if (f->p < f->end && *f->p == '.')
	{
		f->p++;
		parse_index(f);
		is_star = f->p < f->end && *f->p == '*';
		verb->precision = parse_number(f, &is_bad);
		if (is_bad || (is_star && verb->precision < 0))
		{
			verb->precision = -1;
			if (is_bad)
				shc_buf_puts(f->out, "%!(BADPREC)");
		}
		else if (verb->precision < 0)
			verb->precision = 0;
	}
	parse_index(f);
	if (verb->minus)
		verb->zero = false;
}

static void
format_verb(Formatter *f)
{
	Verb verb = {.width = -1, .precision = -1};
	size_t len;
	const char *letter;

	f->is_index_bad = false;
	parse_flags(f, &verb);
	parse_sizes(f, &verb);
	if (f->p >= f->end)
	{
		shc_buf_puts(f->out, "%!(NOVERB)");
		return;
	}
	letter = f->p;
	wk_decode(f->p, f->end, &len);
	f->p += len;
	verb.letter = len == 1 ? *letter : '?';
	if (verb.letter == '%')
		shc_buf_append(f->out, "%", 1);
	else if (f->is_index_bad)
		shc_buf_printf(f->out, "%%!%.*s(BADINDEX)", (int) len, letter);
	else if (f->next >= f->n)
		shc_buf_printf(f->out, "%%!%.*s(MISSING)", (int) len, letter);
	else
		format_value(f, &verb, &f->args[f->next++]);
}

static void
append_extra(Formatter *f)
{
	static const Verb plain = {.width = -1, .precision = -1, .letter = 'v'};

	shc_buf_puts(f->out, "%!(EXTRA ");
	for (int i = f->next; i < f->n; i++)
	{
		shc_buf_printf(f->out, "%s%s=", i > f->next ? ", " : "", f->traits->type_name(&f->args[i]));
		format_value(f, &plain, &f->args[i]);
	}
	shc_buf_append(f->out, ")", 1);
}

void
wk_format(ShcBuf *out, const WkTraits *traits, const char *format, size_t len, const WkValue *args,
		  int n)
{
	Formatter f = {
		.out = out, .traits = traits, .p = format, .end = format + len, .args = args, .n = n};

	if (n == 0)
	{
		shc_buf_append(out, format, len);
		return;
	}
	while (f.p < f.end && !out->failed)
	{
		const char *percent = memchr(f.p, '%', (size_t) (f.end - f.p));
		const char *stop = percent != NULL ? percent : f.end;

		shc_buf_append(out, f.p, (size_t) (stop - f.p));
		f.p = stop;
		if (percent != NULL)
		{
			f.p++;
			format_verb(&f);
		}
	}
	if (!f.is_reordered && f.next < n)
		append_extra(&f);
}

bool
wk_format_call(WkHostCall *call)
{
	if (call->n < 1 || call->args[0].kind != WK_STRING)
		return wk_raise_type(call, 0, "string");
	wk_format(call->out, call->state->traits, call->args[0].text.data, call->args[0].text.len,
			  call->args + 1, call->n - 1);
	return !call->out->failed || wk_raise_memory(call);
}
