/*
 * test_points_in.c: the parsers of bodies against a slow, independent one on json-c, on random and on
 * mutated bodies; and the errors that a client may read.
 */
#include "points_in.h"

#include <json-c/json.h>
#include <math.h>
#include <regex.h>

#include "rfc3339.h"
#include "tap.h"

#define MAX_ROWS 64
#define BODY_MAX 16384

static uint64_t state;

typedef struct Parsed
{
	bool good;
	size_t n;
	int64_t ts[BODY_MAX];
	double value[BODY_MAX];
	ShParsedUuid uuid[BODY_MAX];
	ShBodyError error;
} Parsed;

static Parsed parsed;
static Parsed expected;

/* Parses an exact-size copy into arrays of exactly the promised size. */
static bool
parse(bool csv, const char *body, size_t len, bool with_uuid)
{
	size_t capacity = sh_points_capacity(len, with_uuid);
	ShPointRows rows = {.ts = malloc(capacity * sizeof(int64_t)),
						.value = malloc(capacity * sizeof(double)),
						.uuid = with_uuid ? malloc(capacity * sizeof(ShParsedUuid)) : NULL};
	char *copy = malloc(len > 0 ? len : 1);

	memcpy(copy, body, len);
	memset(&parsed.error, 0, sizeof(parsed.error));
	parsed.good = csv ? sh_points_parse_csv(copy, len, &rows, &parsed.error)
					  : sh_points_parse_json(copy, len, &rows, &parsed.error);
	parsed.n = rows.n;
	for (size_t i = 0; i < rows.n && i < BODY_MAX; i++)
	{
		parsed.ts[i] = rows.ts[i];
		parsed.value[i] = rows.value[i];
		if (with_uuid)
			parsed.uuid[i] = rows.uuid[i];
	}
	free(copy);
	free(rows.ts);
	free(rows.value);
	free(rows.uuid);
	return parsed.good;
}

/* ---- errors and oddities, one by one ---- */

#define T	 "\"2019-01-01T00:00:00Z\""
#define ROW	 "{\"v\":1,\"ts\":" T "}"
#define UUID "123e4567-e89b-12d3-a456-426614174000"

/* "n rows", or the error. */
static const char *
outcome(bool csv, const char *body, bool with_uuid)
{
	static char text[256];

	if (parse(csv, body, strlen(body), with_uuid))
		snprintf(text, sizeof(text), "%zu rows", parsed.n);
	else
		snprintf(text, sizeof(text), "%s", parsed.error.message);
	return text;
}

static void
test_json_cases(void)
{
	static const char *const cases[][2] = {
		{"[]", "0 rows"},
		{" [ ] \r\n\t", "0 rows"},
		{"[" ROW "]", "1 rows"},
		{" [ " ROW " , " ROW " ] ", "2 rows"},
		{"[{ \"v\" : -1.5e3 , \"ts\" : " T " }]", "1 rows"},
		{"[{\"ts\":" T ",\"v\":1,\"x\":{\"a\":[1,2,{}],\"b\":[]},\"y\":null,\"z\":\"\\u12aB\\n\"}]",
		 "1 rows"},
		{"[{\"\\u0076\":1,\"\\u0074s\":" T "}]", "1 rows"},
		{"[{\"v\":1,\"ts\":\"2019-01-01T00\\u003a00:00Z\"}]", "1 rows"},
		{"[{\"v\":\"x\",\"v\":2,\"ts\":3,\"ts\":" T "}]", "1 rows"},
		{"[{\"v\":2,\"v\":\"x\",\"ts\":" T "}]", "row 1: v: must be a number"},
		{"[{\"v\":1,\"ts\":" T ",\"uuid\":7}]", "1 rows"},
		{"[{\"x\":1e999,\"v\":1,\"ts\":" T "}]", "1 rows"},
		{"", "must be a JSON array of points"},
		{"{}", "must be a JSON array of points"},
		{"null", "must be a JSON array of points"},
		{"[" ROW "] x", "must end behind the array; there is more at byte 39"},
		{"[" ROW "]]", "must end behind the array; there is more at byte 38"},
		{"[", "row 1: ends where an object is expected"},
		{"[1]", "row 1: must be an object"},
		{"[null]", "row 1: must be an object"},
		{"[[]]", "row 1: must be an object"},
		{"[" ROW ",]", "row 2: must be an object"},
		{"[" ROW " " ROW "]", "row 2: \",\" or \"]\" is expected at byte 38"},
		{"[" ROW, "row 2: ends where \",\" or \"]\" is expected"},
		{"[{}]", "row 1: ts: is missing"},
		{"[{\"v\":1}]", "row 1: ts: is missing"},
		{"[" ROW ",{\"ts\":" T "}]", "row 2: v: is missing"},
		{"[{\"v\":null,\"ts\":" T "}]", "row 1: v: must be a number"},
		{"[{\"v\":\"1\",\"ts\":" T "}]", "row 1: v: must be a number"},
		{"[{\"v\":true,\"ts\":" T "}]", "row 1: v: must be a number"},
		{"[{\"v\":[1],\"ts\":" T "}]", "row 1: v: must be a number"},
		{"[{\"v\":1e309,\"ts\":" T "}]", "row 1: v: is out of range"},
		{"[{\"v\":NaN,\"ts\":" T "}]", "row 1: a value is expected at byte 7"},
		{"[{\"v\":-Infinity,\"ts\":" T "}]", "row 1: a number is expected at byte 7"},
		{"[{\"v\":01,\"ts\":" T "}]", "row 1: \",\" or \"}\" is expected at byte 8"},
		{"[{\"v\":1.,\"ts\":" T "}]", "row 1: a number is expected at byte 7"},
		{"[{\"v\":1,\"ts\":null}]", "row 1: ts: must be an RFC 3339 timestamp"},
		{"[{\"v\":1,\"ts\":1546300800}]", "row 1: ts: must be an RFC 3339 timestamp"},
		{"[{\"v\":1,\"ts\":\"2019-01-01\"}]", "row 1: ts: must be an RFC 3339 timestamp"},
		{"[{\"v\":1,\"ts\":\"2019-01-01T00:00:00Z\\u0000\"}]",
		 "row 1: ts: must be an RFC 3339 timestamp"},
		{"[{\"v\":1,\"ts\":\"2019-01-01T00:00:00Z}]",
		 "row 1: ends where the end of a string is expected"},
		{"[{\"v\":1,\"ts\":\"\n\"}]",
		 "row 1: a string without control characters is expected at byte 15"},
		{"[{\"v\":1,\"x\":\"\\x\"}]", "row 1: a valid escape is expected at byte 16"},
		{"[{\"v\":1,\"x\":\"\\u12g4\"}]", "row 1: a valid escape is expected at byte 18"},
		{"[{\"v\":1,}]", "row 1: a key is expected at byte 9"},
		{"[{\"v\" 1}]", "row 1: \":\" is expected at byte 7"},
		{"[{v:1}]", "row 1: a key is expected at byte 3"},
		{"[{\"v\":1,\"x\":{\"a\"}}]", "row 1: \":\" is expected at byte 17"},
		{"[{\"v\":1,\"x\":{\"a\":1]}]", "row 1: \",\" or \"}\" is expected at byte 19"},
		{"[{\"v\":1,\"x\":[1}]}]", "row 1: \",\" or \"]\" is expected at byte 15"},
		{"[{\"v\":1,\"x\":[1,]}]", "row 1: a value is expected at byte 16"},
		{"[{\"v\":1,\"x\":tru}]", "row 1: a value is expected at byte 13"},
		{"[{\"v\":1,\"ts\":" T "}//]", "row 2: \",\" or \"]\" is expected at byte 37"},
	};

	static const char upper[] =
		"[{\"uuid\":\"123E4567-E89B-12D3-A456-426614174000\",\"v\":-0.0,\"ts\":" T "}]";

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(outcome(false, cases[i][0], false), cases[i][1], cases[i][0]);
	is_str(outcome(false, "[{\"uuid\":\"" UUID "\",\"v\":1,\"ts\":" T "}]", true), "1 rows",
		   "with uuid");
	is_str(outcome(false, "[{\"v\":1,\"ts\":" T "}]", true), "row 1: uuid: is missing",
		   "uuid is missing");
	is_str(outcome(false, "[{\"uuid\":\"123e4567e89b12d3a456426614174000\",\"v\":1,\"ts\":" T "}]",
				   true),
		   "row 1: uuid: must be a UUID", "uuid without dashes");
	is_str(outcome(false, "[{\"uuid\":5,\"v\":1,\"ts\":" T "}]", true),
		   "row 1: uuid: must be a UUID", "uuid is a number");
	parse(false, upper, sizeof(upper) - 1, true);
	ok(parsed.good &&
		   memcmp(parsed.uuid[0].bytes,
				  "\x12\x3e\x45\x67\xe8\x9b\x12\xd3\xa4\x56\x42\x66\x14\x17\x40\x00", 16) == 0,
	   "uuid in upper case");
	ok(parsed.n == 1 && signbit(parsed.value[0]) && parsed.value[0] == 0, "negative zero");
}

static void
test_bytes(void)
{
	char body[] = "[{\"x\":\"\xff\xfe\xc0\",\"v\":1,\"ts\":" T "}]";
	char nul[] = "[{\"x\":\"a\0b\",\"v\":1,\"ts\":" T "}]";
	char deep[400];
	int n;

	ok(parse(false, body, sizeof(body) - 1, false), "invalid UTF-8 in a string that is ignored");
	ok(!parse(false, "\xef\xbb\xbf[]", 5, false), "a byte order mark");
	ok(!parse(false, "[\0]", 3, false), "NUL between values");
	ok(!parse(false, "[]\0", 3, false), "NUL behind the array");
	ok(!parse(false, nul, sizeof(nul) - 1, false), "NUL in a string");
	for (int depth = 64; depth <= 65; depth++)
	{
		n = sprintf(deep, "[{\"v\":1,\"ts\":" T ",\"x\":");
		memset(deep + n, '[', depth);
		deep[n + depth] = '1';
		memset(deep + n + depth + 1, ']', depth);
		n += 2 * depth + 1;
		n += sprintf(deep + n, "}]");
		ok(parse(false, deep, (size_t) n, false) == (depth == 64), "nesting of %d", depth);
	}
}

static void
test_csv_cases(void)
{
	static const char *const cases[][2] = {
		{"", "0 rows"},
		{"ts,v", "0 rows"},
		{"ts,v\n", "0 rows"},
		{"2019-01-01T00:00:00Z,1", "1 rows"},
		{"2019-01-01T00:00:00Z,1\n2019-01-01T00:00:00Z,-2.5e3\n", "2 rows"},
		{"ts,v\r\n2019-01-01T00:00:00Z,1\r\n2019-01-01T00:00:00Z,1\r\n", "2 rows"},
		{"\"ts\",\"v\"\n\"2019-01-01T00:00:00Z\",\"1\"\n", "1 rows"},
		{"2019-01-01T00:00:00Z,1\nts,v\n", "row 2: ts: must be an RFC 3339 timestamp"},
		{"ts,v\nts,v\n", "row 1: ts: must be an RFC 3339 timestamp"},
		{"v,ts\n", "row 1: ts: must be an RFC 3339 timestamp"},
		{"ts,v\n2019-01-01T00:00:00Z\n", "row 1: must have 2 fields"},
		{"ts,v\n2019-01-01T00:00:00Z,1,2\n", "row 1: must have 2 fields"},
		{"ts,v\n\n", "row 1: must have 2 fields"},
		{"2019-01-01T00:00:00Z,\n", "row 1: v: must be a number"},
		{"2019-01-01T00:00:00Z, 1\n", "row 1: v: must be a number"},
		{"2019-01-01T00:00:00Z,1x\n", "row 1: v: must be a number"},
		{"2019-01-01T00:00:00Z,NaN\n", "row 1: v: must be a number"},
		{"2019-01-01T00:00:00Z,1e999\n", "row 1: v: is out of range"},
		{"2019-01-01T00:00:00Z,1e999x\n", "row 1: v: must be a number"},
		{"2019-01-01T00:00:00Z,\"1\"x\n", "row 1: a quoted field must end at its quote"},
		{"2019-01-01T00:00:00Z,\"1", "row 1: a quoted field does not end"},
		{"2019-01-01T00:00:00Z,\"1\"\"\"\n", "row 1: v: must be a number"},
		{"2019-01-01T00:00:00Z,1\r", "row 1: the line must end with a line feed"},
		{"2019-01-01T00:00:00Z,1\r2", "row 1: the line must end with a line feed"},
		{"2019-01-01T00:00:00Z;1\n", "row 1: must have 2 fields"},
		{"2019-01-01T00:00:00,1\n", "row 1: ts: must be an RFC 3339 timestamp"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(outcome(true, cases[i][0], false), cases[i][1], "CSV");
	is_str(outcome(true, "uuid,ts,v\n" UUID ",2019-01-01T00:00:00Z,1\n", true), "1 rows",
		   "CSV with uuid");
	is_str(outcome(true, UUID "x,2019-01-01T00:00:00Z,1\n", true), "row 1: uuid: must be a UUID",
		   "CSV with a bad uuid");
	is_str(outcome(true, "2019-01-01T00:00:00Z,1\n", true), "row 1: must have 3 fields",
		   "CSV without uuid");
	ok(!parse(true, "2019-01-01T00:00:00Z,1\0\n", 24, false), "NUL in CSV");
}

/* ---- the slow parser ---- */

/* What json-c takes but JSON does not have, anywhere outside strings: then there is nothing to compare. */
static bool
is_beyond_json(const char *body, size_t len)
{
	bool in_string = false;

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) body[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (in_string ? c < 0x20 || c >= 0x80
						   : c == 'N' || c == 'I' || c == '\'' || c == '/' || c == '\0')
			return true;
	}
	return false;
}

/* Whether all numbers outside strings are by the grammar: json-c also takes 01, 1. and -.5. */
static bool
has_good_numbers(const char *body, size_t len)
{
	static regex_t grammar;
	static bool compiled;
	bool in_string = false;

	if (!compiled)
		compiled = regcomp(&grammar, "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$",
						   REG_EXTENDED | REG_NOSUB) == 0;
	for (size_t i = 0; i < len; i++)
	{
		char number[512];
		size_t n = 0;

		if (in_string && body[i] == '\\')
			i++;
		else if (body[i] == '"')
			in_string = !in_string;
		if (in_string || body[i] == '\0' || strchr("0123456789-+.", body[i]) == NULL)
			continue;
		while (i < len && n < sizeof(number) - 1 && body[i] != '\0' &&
			   strchr("0123456789-+.eE", body[i]) != NULL)
			number[n++] = body[i++];
		number[n] = '\0';
		i--;
		if (regexec(&grammar, number, 0, NULL, 0) != 0)
			return false;
	}
	return true;
}

/* json-c keeps the text of a double, but not that of an integer or of a number that it has corrected. */
static bool
read_double(json_object *v, double *value)
{
	if (v == NULL ||
		!(json_object_is_type(v, json_type_double) || json_object_is_type(v, json_type_int)))
		return false;
	*value = strtod(json_object_to_json_string(v), NULL);
	return isfinite(*value);
}

static bool
parse_slowly(const char *body, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(70);
	json_object *array;
	bool good = false;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	array = json_tokener_parse_ex(tokener, body, (int) len);
	if (!has_good_numbers(body, len) || json_tokener_get_error(tokener) != json_tokener_success ||
		!json_object_is_type(array, json_type_array))
		goto out;
	for (size_t i = json_tokener_get_parse_end(tokener); i < len; i++)
		if (strchr(" \t\r\n", body[i]) == NULL || body[i] == '\0')
			goto out;
	expected.n = json_object_array_length(array);
	for (size_t i = 0; i < expected.n; i++)
	{
		json_object *row = json_object_array_get_idx(array, i);
		json_object *v;
		json_object *ts;
		ShDayCache cache = {0};

		if (!json_object_is_type(row, json_type_object) ||
			!json_object_object_get_ex(row, "v", &v) ||
			!json_object_object_get_ex(row, "ts", &ts) || !read_double(v, &expected.value[i]) ||
			!json_object_is_type(ts, json_type_string) ||
			!sh_rfc3339_parse(json_object_get_string(ts), (size_t) json_object_get_string_len(ts),
							  &cache, &expected.ts[i]))
			goto out;
	}
	good = true;

out:
	json_object_put(array);
	json_tokener_free(tokener);
	return good;
}

/* ---- random bodies ---- */

static int
below(int n)
{
	return (int) (tap_random(&state) % (uint64_t) n);
}

static size_t
put_space(char *p)
{
	size_t n = below(4) == 0 ? (size_t) below(3) : 0;

	for (size_t i = 0; i < n; i++)
		p[i] = " \t\r\n"[below(4)];
	return n;
}

static size_t
put_number(char *p)
{
	static const char *const some[] = {"0",	  "-0",	   "1e5",	 "1E-5", "-0.0",	"123456789.125",
									   "0.1", "1e308", "1e-320", "20",	 "-7.25e+2"};

	if (below(3) == 0)
		return (size_t) sprintf(p, "%s", some[below(11)]);
	if (below(2))
		return (size_t) sprintf(p, "%.1f", below(4000) / 10.0 - 100);
	return (size_t) sprintf(p, "%.17g", (double) tap_random(&state) / 1e15);
}

static size_t
put_unknown(char *p)
{
	static const char *const some[] = {"null",
									   "true",
									   "false",
									   "\"text\"",
									   "[]",
									   "{}",
									   "[1,[2,{\"v\":3}]]",
									   "{\"ts\":{\"v\":[]}}",
									   "\"\\\"\\\\\\u00e4\"",
									   "-1.5"};

	return (size_t) sprintf(p, "\"k%d\":%s", below(100), some[below(10)]);
}

static size_t
put_row(char *p)
{
	char *start = p;
	int order = below(2);

	*p++ = '{';
	for (int i = 0; i < 2; i++)
	{
		p += put_space(p);
		if (below(6) == 0)
		{
			p += put_unknown(p);
			*p++ = ',';
			p += put_space(p);
		}
		p += sprintf(p, "%s", i == order ? (below(20) ? "\"v\"" : "\"\\u0076\"") : "\"ts\"");
		p += put_space(p);
		*p++ = ':';
		p += put_space(p);
		if (i == order)
			p += put_number(p);
		else
		{
			ShDayCache cache = {0};

			*p++ = '"';
			p = sh_rfc3339_print(p, (int64_t) (tap_random(&state) >> (8 + below(8))),
								 below(3) ? 0 : 3600, &cache);
			*p++ = '"';
		}
		p += put_space(p);
		if (i == 0)
			*p++ = ',';
	}
	*p++ = '}';
	return (size_t) (p - start);
}

static size_t
make_json(char *body)
{
	char *p = body;
	int n = below(8);

	p += put_space(p);
	*p++ = '[';
	for (int i = 0; i < n; i++)
	{
		p += put_space(p);
		p += put_row(p);
		p += put_space(p);
		if (i + 1 < n)
			*p++ = ',';
	}
	*p++ = ']';
	p += put_space(p);
	return (size_t) (p - body);
}

static size_t
mutate(char *body, size_t len)
{
	static const char alphabet[] = "{}[]\",:0123456789.eE+-tsvnulltrue\\ \n\0\x80zTZ";

	for (int n = 1 + below(3); n > 0 && len > 0; n--)
	{
		size_t at = tap_random(&state) % len;

		switch (below(4))
		{
			case 0:
				memmove(body + at, body + at + 1, len - at - 1);
				len--;
				break;
			case 1:
				memmove(body + at + 1, body + at, len - at);
				len++;
				body[at] = alphabet[below(sizeof(alphabet) - 1)];
				break;
			case 2:
				body[at] = alphabet[below(sizeof(alphabet) - 1)];
				break;
			default:
				if (below(10) == 0)
					len = at;
				break;
		}
	}
	return len;
}

/* Equal as numbers: json-c reads -0 as an integer, without its sign. */
static bool
same_values(const double *a, const double *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static bool
agree(const char *body, size_t len)
{
	bool good = parse(false, body, len, false);
	bool slow = parse_slowly(body, len);

	if (good != slow || (good && (parsed.n != expected.n ||
								  memcmp(parsed.ts, expected.ts, parsed.n * sizeof(int64_t)) != 0 ||
								  !same_values(parsed.value, expected.value, parsed.n))))
	{
		printf("# %s, the other parser %s: %s\n# ", good ? "good" : "refused",
			   slow ? "good" : "refused", good ? "" : parsed.error.message);
		for (size_t i = 0; i < len; i++)
			putchar(body[i] < ' ' ? '~' : body[i]);
		putchar('\n');
		return false;
	}
	return good || parsed.error.message[0] != '\0';
}

static void
test_random_json(long rounds)
{
	static char body[BODY_MAX];
	long wrong = 0;
	long good = 0;
	long compared = 0;

	for (long i = 0; i < rounds && wrong < 10; i++)
		wrong += !agree(body, make_json(body)) || !parsed.good;
	ok(wrong == 0, "random bodies");
	wrong = 0;
	for (long i = 0; i < rounds && wrong < 10; i++)
	{
		size_t len = mutate(body, make_json(body));

		if (is_beyond_json(body, len))
		{
			/* json-c is no judge of these; but reading must be safe. */
			parse(false, body, len, i % 2);
			continue;
		}
		compared++;
		wrong += !agree(body, len);
		good += parsed.good;
	}
	ok(wrong == 0, "mutated bodies");
	printf("# %ld of %ld compared are good\n", good, compared);
	ok(good > compared / 50 && good < compared * 9 / 10, "mutations make both good and bad bodies");
}

/* Rows as programs print them, of which most of a body is taken in one go; sizes of all kinds. */
static size_t
make_plain(char *body)
{
	char *p = body;
	int n = 2 + below(12);
	const char *space = below(2) ? " " : "";

	*p++ = '[';
	for (int i = 0; i < n; i++)
	{
		char ts[48];
		char number[64];

		snprintf(ts, sizeof(ts), "2019-0%d-1%dT%02d:%02d:%02d%s", 1 + below(9), below(2),
				 below(24 + !below(50)), below(60), below(60 + !below(50)),
				 below(4)	? "Z"
				 : below(2) ? ".250Z"
							: "+01:30");
		if (below(3) == 0)
			snprintf(number, sizeof(number), "%.17g", (double) (int64_t) tap_random(&state) / 1e18);
		else
			snprintf(number, sizeof(number), "%s%.*f", below(8) ? "" : "-", 1 + below(21),
					 (double) (tap_random(&state) >> below(60)) / 1000);
		if (below(20) == 0)
			snprintf(number, sizeof(number), "%d.%de%d", below(10), below(1000), below(20));
		p += below(4)
				 ? sprintf(p, "{\"ts\":%s\"%s\",%s\"v\":%s%s}", space, ts, space, space, number)
				 : sprintf(p, "{\"v\":%s%s,%s\"ts\":%s\"%s\"}", space, number, space, space, ts);
		p += sprintf(p, "%s", i + 1 < n ? "," : "]");
	}
	return (size_t) (p - body);
}

/* A whole number beyond 64 bits, which json-c makes the largest one that it knows. */
static bool
has_large_integer(const char *body, size_t len)
{
	size_t digits = 0;
	bool fraction = false;

	for (size_t i = 0; i < len; i++)
	{
		bool digit = body[i] >= '0' && body[i] <= '9';

		if (digit && digits == 0)
			fraction = i > 0 && body[i - 1] == '.';
		digits = digit ? digits + 1 : 0;
		if (digits > 18 && !fraction)
			return true;
	}
	return false;
}

static void
test_plain_json(long rounds)
{
	static char body[BODY_MAX];
	long wrong = 0;
	long good = 0;

	for (long i = 0; i < rounds && wrong < 10; i++)
	{
		size_t len = make_plain(body);

		if (i % 2 == 1)
			len = mutate(body, len);
		if (is_beyond_json(body, len) || has_large_integer(body, len))
		{
			parse(false, body, len, false);
			continue;
		}
		wrong += !agree(body, len);
		good += parsed.good;
	}
	ok(wrong == 0, "plain rows, and such with a fault");
	ok(good > rounds / 20, "%ld of %ld are good", good, rounds);
}

/* Numbers as json-c has them are texts of doubles; CSV has the same numbers in another dress. */
static void
test_random_csv(long rounds)
{
	static char body[BODY_MAX];
	static char csv[BODY_MAX];
	long wrong = 0;

	for (long i = 0; i < rounds && wrong < 10; i++)
	{
		size_t len = make_json(body);
		char *p = csv;
		size_t n;
		bool quoted = below(2);
		const char *line_end = below(2) ? "\n" : "\r\n";

		if (!parse(false, body, len, false))
			wrong++;
		n = parsed.n;
		memcpy(expected.ts, parsed.ts, n * sizeof(int64_t));
		memcpy(expected.value, parsed.value, n * sizeof(double));
		if (below(2))
			p += sprintf(p, "ts,v%s", line_end);
		for (size_t j = 0; j < n; j++)
		{
			ShDayCache cache = {0};

			if (quoted)
				*p++ = '"';
			p = sh_rfc3339_print(p, parsed.ts[j], 0, &cache);
			if (quoted)
				*p++ = '"';
			p += sprintf(p, quoted ? ",\"%.17g\"" : ",%.17g", parsed.value[j]);
			if (j + 1 < n || below(2))
				p += sprintf(p, "%s", line_end);
		}
		if (!parse(true, csv, (size_t) (p - csv), false) || parsed.n != n ||
			memcmp(parsed.ts, expected.ts, n * sizeof(int64_t)) != 0 ||
			memcmp(parsed.value, expected.value, n * sizeof(double)) != 0)
		{
			wrong++;
			printf("# %s\n%.*s\n", parsed.error.message, (int) (p - csv), csv);
		}
		len = mutate(csv, (size_t) (p - csv));
		parse(true, csv, len, i % 2);
	}
	ok(wrong == 0, "random bodies as CSV");
}

int
main(void)
{
	long rounds = tap_setting("ROUNDS", 100000);

	state = tap_seed();
	test_json_cases();
	test_bytes();
	test_csv_cases();
	test_random_json(rounds);
	test_plain_json(rounds);
	test_random_csv(rounds);
	return done();
}
