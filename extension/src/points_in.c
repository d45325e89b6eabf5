/*
 * points_in.c: parsers of bodies with points. One pass over the bytes, no allocation; every read is
 * checked against the end, so that a body may hold anything.
 *
 * JSON is read in two speeds: rows as programs print them are taken by points_in_plain.c; everything else
 * that JSON allows takes the general way here.
 */
#include "points_in.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "decimal.h"
#include "points_in_plain.h"
#include "rfc3339.h"

/* Nesting of a member that is ignored. */
#define MAX_DEPTH 64

/* Shortest rows, with their separators: "2019-01-01T00:00:00Z,1", and a UUID before it. */
#define SHORTEST_ROW	  22
#define SHORTEST_UUID_ROW (SHORTEST_ROW + 37)

/* Longest text of a string that can be a field: a timestamp may have any number of decimals. */
#define FIELD_MAX 128

typedef enum Field
{
	FIELD_UUID,
	FIELD_TS,
	FIELD_V,
	FIELD_NONE
} Field;

typedef enum FieldState
{
	MISSING,
	GOOD,
	BAD,
	OUT_OF_RANGE
} FieldState;

typedef struct Parser
{
	const char *start;
	const char *p;
	const char *end;
	ShPointRows *rows;
	ShBodyError *error;
	ShDayCache cache;
	/* the row at hand */
	FieldState state[FIELD_NONE];
	int64_t ts;
	double value;
	ShParsedUuid uuid;
} Parser;

size_t
sh_points_capacity(size_t len, bool with_uuid)
{
	return len / (with_uuid ? SHORTEST_UUID_ROW : SHORTEST_ROW) + 1;
}

/* ---- errors ---- */

/* Always false, so that a parser can return it. */
__attribute__((format(printf, 2, 3), cold, noinline)) static bool
refuse(Parser *parser, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(parser->error->message, sizeof(parser->error->message), format, arguments);
	va_end(arguments);
	return false;
}

__attribute__((cold, noinline)) static bool
refuse_syntax(Parser *parser, const char *expected)
{
	size_t position = (size_t) (parser->p - parser->start);

	if (parser->p == parser->end)
		return refuse(parser, "row %zu: ends where %s is expected", parser->rows->n + 1, expected);
	return refuse(parser, "row %zu: %s is expected at byte %zu", parser->rows->n + 1, expected,
				  position + 1);
}

static bool
refuse_field(Parser *parser, Field field)
{
	static const char *const name[] = {"uuid", "ts", "v"};
	static const char *const kind[] = {"a UUID", "an RFC 3339 timestamp", "a number"};
	size_t row = parser->rows->n + 1;

	if (parser->state[field] == MISSING)
		return refuse(parser, "row %zu: %s: is missing", row, name[field]);
	if (parser->state[field] == OUT_OF_RANGE)
		return refuse(parser, "row %zu: %s: is out of range", row, name[field]);
	return refuse(parser, "row %zu: %s: must be %s", row, name[field], kind[field]);
}

/* ---- fields ---- */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The dashed form only, in any letter case. */
static bool
parse_uuid(const char *text, size_t len, ShParsedUuid *uuid)
{
	const char *p = text;

	if (len != 36)
		return false;
	for (int i = 0; i < 16; i++, p += 2)
	{
		int high;
		int low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *p++ != '-')
			return false;
		high = hex_value(p[0]);
		low = hex_value(p[1]);
		if (high < 0 || low < 0)
			return false;
		uuid->bytes[i] = (uint8_t) (high << 4 | low);
	}
	return true;
}

static void
take_text(Parser *parser, Field field, const char *text, size_t len)
{
	bool good = false;

	if (field == FIELD_TS)
		good = sh_rfc3339_parse(text, len, &parser->cache, &parser->ts);
	else if (field == FIELD_UUID)
		good = parse_uuid(text, len, &parser->uuid);
	parser->state[field] = good ? GOOD : BAD;
}

/* A row is complete. */
static inline bool
add_row(Parser *parser)
{
	ShPointRows *rows = parser->rows;

	for (Field field = rows->uuid != NULL ? FIELD_UUID : FIELD_TS; field < FIELD_NONE; field++)
		if (parser->state[field] != GOOD)
			return refuse_field(parser, field);
	rows->ts[rows->n] = parser->ts;
	rows->value[rows->n] = parser->value;
	if (rows->uuid != NULL)
		rows->uuid[rows->n] = parser->uuid;
	rows->n++;
	return true;
}

static inline void
begin_row(Parser *parser)
{
	parser->state[FIELD_UUID] = parser->state[FIELD_TS] = parser->state[FIELD_V] = MISSING;
}

/* ---- JSON: what has no meaning for us ---- */

static inline void
skip_space(Parser *parser)
{
	while (parser->p < parser->end &&
		   (*parser->p == ' ' || *parser->p == '\n' || *parser->p == '\t' || *parser->p == '\r'))
		parser->p++;
}

/* Skips white space; the next byte, or 0 at the end (a NUL byte is an error wherever this is used). */
static inline char
next(Parser *parser)
{
	if (parser->p<parser->end && * parser->p> ' ')
		return *parser->p;
	skip_space(parser);
	return parser->p < parser->end ? *parser->p : '\0';
}

/* One escape behind its backslash. Its character if that is ASCII, '?' for others; -1: not JSON. */
static int
read_escape(Parser *parser)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	char c;
	int code = 0;

	if (parser->p == parser->end)
		return -1;
	c = *parser->p++;
	if (c == 'u')
	{
		for (int i = 0; i < 4; i++)
		{
			int digit = parser->p < parser->end ? hex_value(*parser->p) : -1;

			if (digit < 0)
				return -1;
			code = code << 4 | digit;
			parser->p++;
		}
		return code < 0x80 ? code : '?';
	}
	found = c != '\0' ? strchr(from, c) : NULL;
	return found != NULL ? to[found - from] : -1;
}

/*
 * Reads a string (p behind its opening quote), its escapes resolved. What does not fit into
 * FIELD_MAX is cut off, with *len beyond that; it is no field then.
 */
static bool
read_string(Parser *parser, char *text, size_t *len)
{
	size_t n = 0;

	while (parser->p < parser->end)
	{
		unsigned char c = (unsigned char) *parser->p;
		int decoded = c;

		if (c < 0x20)
			return refuse_syntax(parser, "a string without control characters");
		parser->p++;
		if (c == '"')
		{
			*len = n;
			return true;
		}
		if (c == '\\')
		{
			decoded = read_escape(parser);
			if (decoded < 0)
				return refuse_syntax(parser, "a valid escape");
		}
		if (n < FIELD_MAX)
			text[n] = (char) decoded;
		n++;
	}
	return refuse_syntax(parser, "the end of a string");
}

static bool
skip_string(Parser *parser)
{
	char text[FIELD_MAX];
	size_t len = 0;

	return read_string(parser, text, &len);
}

static bool
skip_word(Parser *parser, const char *word)
{
	size_t len = strlen(word);

	if ((size_t) (parser->end - parser->p) < len || memcmp(parser->p, word, len) != 0)
		return refuse_syntax(parser, "a value");
	parser->p += len;
	return true;
}

/* A string, number or word; p at its first byte. */
static bool
skip_scalar(Parser *parser)
{
	double ignored;

	switch (next(parser))
	{
		case '"':
			parser->p++;
			return skip_string(parser);
		case 't':
			return skip_word(parser, "true");
		case 'f':
			return skip_word(parser, "false");
		case 'n':
			return skip_word(parser, "null");
		default:
			/* A number beyond the range of a double is still JSON. */
			return sh_decimal_parse(&parser->p, parser->end, &ignored) || isinf(ignored) ||
				   refuse_syntax(parser, "a value");
	}
}

/* "key": of an object that is skipped. */
static bool
skip_key(Parser *parser)
{
	if (next(parser) != '"')
		return refuse_syntax(parser, "a key");
	parser->p++;
	if (!skip_string(parser))
		return false;
	if (next(parser) != ':')
		return refuse_syntax(parser, "\":\"");
	parser->p++;
	return true;
}

/*
 * Skips any value. Bit i of `objects` tells whether level i is an object; on each turn a value is
 * expected, unless what was opened is closed at once.
 */
static bool
skip_value(Parser *parser)
{
	uint64_t objects = 0;
	int depth = 0;

	for (;;)
	{
		char c = next(parser);

		if (c == '{' || c == '[')
		{
			char closing = c == '{' ? '}' : ']';

			if (depth == MAX_DEPTH)
				return refuse_syntax(parser, "less nesting");
			parser->p++;
			if (next(parser) != closing)
			{
				objects = objects << 1 | (c == '{');
				depth++;
				if (c == '{' && !skip_key(parser))
					return false;
				continue;
			}
			parser->p++;
		}
		else if (!skip_scalar(parser))
			return false;

		/* Behind a value: close what ends here. */
		for (;;)
		{
			bool in_object = (objects & 1) != 0;

			if (depth == 0)
				return true;
			c = next(parser);
			if (c == ',')
			{
				parser->p++;
				if (in_object && !skip_key(parser))
					return false;
				break;
			}
			if (c != (in_object ? '}' : ']'))
				return refuse_syntax(parser, in_object ? "\",\" or \"}\"" : "\",\" or \"]\"");
			parser->p++;
			objects >>= 1;
			depth--;
		}
	}
}

/* ---- JSON: rows ---- */

static Field
field_by_name(const Parser *parser, const char *name, size_t len)
{
	if (len == 1 && name[0] == 'v')
		return FIELD_V;
	if (len == 2 && name[0] == 't' && name[1] == 's')
		return FIELD_TS;
	if (len == 4 && parser->rows->uuid != NULL && memcmp(name, "uuid", 4) == 0)
		return FIELD_UUID;
	return FIELD_NONE;
}

/* Reads a key and its colon; p at the opening quote. */
static inline bool
read_key(Parser *parser, Field *field)
{
	const char *p = parser->p;
	char name[FIELD_MAX];
	size_t len = 0;

	if (parser->end - p >= 5 && p[0] == '"')
	{
		if (p[1] == 'v' && p[2] == '"' && p[3] == ':')
		{
			*field = FIELD_V;
			parser->p += 4;
			return true;
		}
		if (p[1] == 't' && p[2] == 's' && p[3] == '"' && p[4] == ':')
		{
			*field = FIELD_TS;
			parser->p += 5;
			return true;
		}
	}
	if (next(parser) != '"')
		return refuse_syntax(parser, "a key");
	parser->p++;
	if (!read_string(parser, name, &len))
		return false;
	*field = field_by_name(parser, name, len);
	if (next(parser) != ':')
		return refuse_syntax(parser, "\":\"");
	parser->p++;
	return true;
}

static inline bool
read_number(Parser *parser)
{
	char c = next(parser);

	if (c != '-' && (unsigned char) (c - '0') >= 10)
	{
		parser->state[FIELD_V] = BAD;
		return skip_value(parser);
	}
	if (sh_decimal_parse(&parser->p, parser->end, &parser->value))
		parser->state[FIELD_V] = GOOD;
	else if (isinf(parser->value))
		parser->state[FIELD_V] = OUT_OF_RANGE;
	else
		return refuse_syntax(parser, "a number");
	return true;
}

/* A member that must be a string. */
static inline bool
read_text(Parser *parser, Field field)
{
	char text[FIELD_MAX];
	size_t len = 0;
	const char *p;

	if (next(parser) != '"')
	{
		parser->state[field] = BAD;
		return skip_value(parser);
	}
	p = ++parser->p;
	while (p < parser->end && *p != '"' && *p != '\\' && (unsigned char) *p >= 0x20)
		p++;
	if (p < parser->end && *p == '"')
	{
		take_text(parser, field, parser->p, (size_t) (p - parser->p));
		parser->p = p + 1;
		return true;
	}
	if (!read_string(parser, text, &len))
		return false;
	if (len > FIELD_MAX)
		parser->state[field] = BAD;
	else
		take_text(parser, field, text, len);
	return true;
}

static bool
read_row(Parser *parser)
{
	if (next(parser) != '{')
	{
		if (parser->p == parser->end)
			return refuse_syntax(parser, "an object");
		return refuse(parser, "row %zu: must be an object", parser->rows->n + 1);
	}
	parser->p++;
	begin_row(parser);
	if (next(parser) == '}')
	{
		parser->p++;
		return add_row(parser);
	}
	for (;;)
	{
		Field field = FIELD_NONE;
		char c;

		next(parser);
		if (!read_key(parser, &field))
			return false;
		if (!(field == FIELD_V		? read_number(parser)
			  : field == FIELD_NONE ? skip_value(parser)
									: read_text(parser, field)))
			return false;
		c = next(parser);
		if (c != ',' && c != '}')
			return refuse_syntax(parser, "\",\" or \"}\"");
		parser->p++;
		if (c == '}')
			return add_row(parser);
	}
}

bool
sh_points_parse_json(const char *body, size_t len, ShPointRows *out, ShBodyError *error)
{
	Parser parser = {.start = body, .p = body, .end = body + len, .rows = out, .error = error};
	char c = ',';

	out->n = 0;
	if (next(&parser) != '[')
		return refuse(&parser, "must be a JSON array of points");
	parser.p++;
	if (next(&parser) == ']')
	{
		parser.p++;
		c = ']';
	}
	while (c == ',')
	{
		next(&parser);
		if (out->uuid == NULL)
			sh_points_parse_plain(&parser.p, parser.end, &parser.cache, out);
		if (!read_row(&parser))
			return false;
		c = next(&parser);
		if (c != ',' && c != ']')
			return refuse_syntax(&parser, "\",\" or \"]\"");
		parser.p++;
	}
	skip_space(&parser);
	if (parser.p != parser.end)
		return refuse(&parser, "must end behind the array; there is more at byte %zu",
					  (size_t) (parser.p - parser.start) + 1);
	return true;
}

/* ---- CSV ---- */

/*
 * Reads a field and moves behind it: to a comma, the end of the line, or the end. Quotes around it are
 * taken off; a doubled quote inside is kept as it is, since no field of ours has one.
 */
static bool
read_csv_field(Parser *parser, const char **text, size_t *len)
{
	const char *p = parser->p;

	if (p < parser->end && *p == '"')
	{
		const char *close = memchr(p + 1, '"', (size_t) (parser->end - p - 1));

		while (close != NULL && close + 1 < parser->end && close[1] == '"')
			close = memchr(close + 2, '"', (size_t) (parser->end - close - 2));
		if (close == NULL)
			return refuse(parser, "row %zu: a quoted field does not end", parser->rows->n + 1);
		*text = p + 1;
		*len = (size_t) (close - p - 1);
		p = close + 1;
		if (p < parser->end && *p != ',' && *p != '\n' && *p != '\r')
			return refuse(parser, "row %zu: a quoted field must end at its quote",
						  parser->rows->n + 1);
	}
	else
	{
		*text = p;
		while (p < parser->end && *p != ',' && *p != '\n' && *p != '\r')
			p++;
		*len = (size_t) (p - *text);
	}
	parser->p = p;
	return true;
}

static bool
read_csv_line_end(Parser *parser)
{
	if (parser->p < parser->end && *parser->p == '\r')
		parser->p++;
	if (parser->p == parser->end && (parser->p == parser->start || parser->p[-1] != '\r'))
		return true;
	if (parser->p == parser->end || *parser->p != '\n')
		return refuse(parser, "row %zu: the line must end with a line feed", parser->rows->n + 1);
	parser->p++;
	return true;
}

static void
take_csv_number(Parser *parser, const char *text, size_t len)
{
	const char *p = text;

	if (sh_decimal_parse(&p, text + len, &parser->value))
		parser->state[FIELD_V] = p == text + len ? GOOD : BAD;
	else
		parser->state[FIELD_V] = isinf(parser->value) && p == text + len ? OUT_OF_RANGE : BAD;
}

/* Splits a line into the fields from `first` to the last one. */
static bool
read_csv_line(Parser *parser, Field first, const char **text, size_t *len)
{
	for (Field field = first; field < FIELD_NONE; field++)
	{
		if (field > first)
		{
			if (parser->p == parser->end || *parser->p != ',')
				return refuse(parser, "row %zu: must have %d fields", parser->rows->n + 1,
							  FIELD_NONE - first);
			parser->p++;
		}
		if (!read_csv_field(parser, &text[field], &len[field]))
			return false;
	}
	if (parser->p < parser->end && *parser->p == ',')
		return refuse(parser, "row %zu: must have %d fields", parser->rows->n + 1,
					  FIELD_NONE - first);
	return read_csv_line_end(parser);
}

static bool
is_csv_header(const Parser *parser, Field first, const char **text, const size_t *len)
{
	for (Field field = first; field < FIELD_NONE; field++)
		if (field_by_name(parser, text[field], len[field]) != field)
			return false;
	return true;
}

bool
sh_points_parse_csv(const char *body, size_t len, ShPointRows *out, ShBodyError *error)
{
	Parser parser = {.start = body, .p = body, .end = body + len, .rows = out, .error = error};
	Field first = out->uuid != NULL ? FIELD_UUID : FIELD_TS;
	bool first_line = true;

	out->n = 0;
	while (parser.p < parser.end)
	{
		const char *field_text[FIELD_NONE] = {NULL};
		size_t field_len[FIELD_NONE] = {0};

		if (!read_csv_line(&parser, first, field_text, field_len))
			return false;
		if (!first_line || !is_csv_header(&parser, first, field_text, field_len))
		{
			begin_row(&parser);
			for (Field field = first; field < FIELD_V; field++)
				take_text(&parser, field, field_text[field], field_len[field]);
			take_csv_number(&parser, field_text[FIELD_V], field_len[FIELD_V]);
			if (!add_row(&parser))
				return false;
		}
		first_line = false;
	}
	return true;
}
