/*
 * json_check.c: whether a body is JSON, and where it is not.
 *
 * PostgreSQL would find it out, too, but its words name neither the field nor the place, and a wrong
 * body must be told in the same words whether the domain exists or not. Nothing is kept of the value.
 */
#include "json_check.h"

#include <stdint.h>
#include <string.h>

/* What may come next. */
typedef enum Expected
{
	VALUE,
	VALUE_OR_END, /* behind [ */
	NAME,
	NAME_OR_END, /* behind { */
	COLON,
	COMMA_OR_END, /* behind a member or an element */
	NOTHING		  /* behind the whole value */
} Expected;

typedef struct Scanner
{
	const char *text;
	const char *p;
	const char *end;
	const char *reason;
	int depth;
	/* One bit for each open array or object: is it an object? */
	uint8_t is_object[GW_JSON_MAX_DEPTH / 8 + 1];
} Scanner;

static bool
refuse(Scanner *scanner, const char *reason)
{
	scanner->reason = reason;
	return false;
}

static bool
in_object(const Scanner *scanner)
{
	int bit = scanner->depth - 1;

	return (scanner->is_object[bit / 8] >> bit % 8 & 1) != 0;
}

static bool
open_container(Scanner *scanner, bool is_object)
{
	int bit = scanner->depth;

	if (scanner->depth == GW_JSON_MAX_DEPTH)
		return refuse(scanner, "arrays and objects are nested too deeply");
	scanner->is_object[bit / 8] &= (uint8_t) ~(1 << bit % 8);
	if (is_object)
		scanner->is_object[bit / 8] |= (uint8_t) (1 << bit % 8);
	scanner->depth++;
	scanner->p++;
	return true;
}

/* ---- scalars ---- */

/* Four hexadecimal digits; -1: they are not. */
static long
hex4(const Scanner *scanner, const char *p)
{
	long value = 0;

	if (scanner->end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		char c = p[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/* p is at the backslash; a surrogate pair is one escape. */
static bool
skip_escape(Scanner *scanner)
{
	const char *p = scanner->p;
	long code;

	if (scanner->end - p >= 2 && p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL)
	{
		scanner->p += 2;
		return true;
	}
	if (scanner->end - p < 2 || p[1] != 'u' || (code = hex4(scanner, p + 2)) < 0)
		return refuse(scanner, "the escape sequence is invalid");
	if (code == 0)
		return refuse(scanner, "\\u0000 cannot be stored");
	if (code >= 0xDC00 && code <= 0xDFFF)
		return refuse(scanner, "a low surrogate must follow a high one");
	scanner->p += 6;
	if (code < 0xD800 || code > 0xDBFF)
		return true;
	p = scanner->p;
	if (scanner->end - p >= 2 && p[0] == '\\' && p[1] == 'u' &&
		(code = hex4(scanner, p + 2)) >= 0xDC00 && code <= 0xDFFF)
	{
		scanner->p += 6;
		return true;
	}
	return refuse(scanner, "a high surrogate must be followed by a low one");
}

static bool
skip_string(Scanner *scanner)
{
	scanner->p++;
	while (scanner->p < scanner->end)
	{
		unsigned char c = (unsigned char) *scanner->p;

		if (c == '"')
		{
			scanner->p++;
			return true;
		}
		if (c < 0x20)
			return refuse(scanner, "a control character must be escaped");
		if (c != '\\')
			scanner->p++;
		else if (!skip_escape(scanner))
			return false;
	}
	return refuse(scanner, "the string does not end");
}

static size_t
skip_digits(Scanner *scanner)
{
	const char *first = scanner->p;

	while (scanner->p < scanner->end && *scanner->p >= '0' && *scanner->p <= '9')
		scanner->p++;
	return (size_t) (scanner->p - first);
}

static bool
is_at(const Scanner *scanner, const char *characters)
{
	return scanner->p < scanner->end && *scanner->p != '\0' &&
		   strchr(characters, *scanner->p) != NULL;
}

static bool
skip_number(Scanner *scanner)
{
	const char *first;
	size_t n;

	if (*scanner->p == '-')
		scanner->p++;
	first = scanner->p;
	n = skip_digits(scanner);
	if (n == 0 || (n > 1 && *first == '0'))
		return refuse(scanner, "the number is invalid");
	if (is_at(scanner, "."))
	{
		scanner->p++;
		if (skip_digits(scanner) == 0)
			return refuse(scanner, "the number is invalid");
	}
	if (is_at(scanner, "eE"))
	{
		scanner->p++;
		if (is_at(scanner, "+-"))
			scanner->p++;
		if (skip_digits(scanner) == 0)
			return refuse(scanner, "the number is invalid");
	}
	/* 1x and the like are one wrong word, not a number with something behind it. */
	if (is_at(scanner, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_."))
		return refuse(scanner, "the number is invalid");
	return true;
}

static bool
skip_word(Scanner *scanner)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
	{
		size_t len = strlen(words[i]);

		if ((size_t) (scanner->end - scanner->p) >= len && memcmp(scanner->p, words[i], len) == 0)
		{
			scanner->p += len;
			return true;
		}
	}
	return refuse(scanner, "a value is expected");
}

static bool
skip_scalar(Scanner *scanner)
{
	if (*scanner->p == '"')
		return skip_string(scanner);
	if (*scanner->p == '-' || (*scanner->p >= '0' && *scanner->p <= '9'))
		return skip_number(scanner);
	return skip_word(scanner);
}

/* ---- structure ---- */

static Expected
behind_value(const Scanner *scanner)
{
	return scanner->depth == 0 ? NOTHING : COMMA_OR_END;
}

static bool
close_container(Scanner *scanner, Expected *expected)
{
	scanner->depth--;
	scanner->p++;
	*expected = behind_value(scanner);
	return true;
}

static bool
take_value(Scanner *scanner, Expected *expected)
{
	bool is_object = *scanner->p == '{';

	if (is_object || *scanner->p == '[')
	{
		*expected = is_object ? NAME_OR_END : VALUE_OR_END;
		return open_container(scanner, is_object);
	}
	*expected = behind_value(scanner);
	return skip_scalar(scanner);
}

/* Takes the token at the scanner, which is no white space. */
static bool
take_token(Scanner *scanner, Expected *expected)
{
	char c = *scanner->p;

	switch (*expected)
	{
		case VALUE_OR_END:
			if (c == ']')
				return close_container(scanner, expected);
			return take_value(scanner, expected);
		case VALUE:
			return take_value(scanner, expected);
		case NAME_OR_END:
			if (c == '}')
				return close_container(scanner, expected);
			/* fall through */
		case NAME:
			*expected = COLON;
			return c == '"' ? skip_string(scanner) : refuse(scanner, "a name is expected");
		case COLON:
			if (c != ':')
				return refuse(scanner, "a colon is expected");
			*expected = VALUE;
			scanner->p++;
			return true;
		case COMMA_OR_END:
			if (c == (in_object(scanner) ? '}' : ']'))
				return close_container(scanner, expected);
			if (c != ',')
				return refuse(scanner, in_object(scanner) ? "a comma or } is expected"
														  : "a comma or ] is expected");
			*expected = in_object(scanner) ? NAME : VALUE;
			scanner->p++;
			return true;
		default:
			return refuse(scanner, "the end is expected");
	}
}

static void
locate(const Scanner *scanner, GwJsonError *error)
{
	const char *line = scanner->text;

	error->line = 1;
	error->reason = scanner->reason;
	for (const char *p = scanner->text; p < scanner->p; p++)
	{
		if (*p == '\n')
		{
			error->line++;
			line = p + 1;
		}
	}
	error->column = (size_t) (scanner->p - line) + 1;
}

bool
gw_json_check(const char *text, size_t len, GwJsonError *error)
{
	Scanner scanner = {.text = text, .p = text, .end = text + len};
	Expected expected = VALUE;

	while (scanner.p < scanner.end)
	{
		char c = *scanner.p;

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			scanner.p++;
		else if (!take_token(&scanner, &expected))
			goto refused;
	}
	if (expected == NOTHING)
		return true;
	scanner.reason = "it ends too early";

refused:
	locate(&scanner, error);
	return false;
}
