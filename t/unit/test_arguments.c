/*
 * test_arguments.c: the parameters of a request: decoding, checks, SQL text; and media types.
 */
#include "arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#ifndef OPENAPI
#define OPENAPI "../../gateway/openapi.yaml"
#endif

#define UUID "123e4567-e89b-12d3-a456-426614174000"
#define BIG	 200000

static const GwConfig config = {.datasets_max_json_size = 16777216,
								.datasets_max_part_size = 16777216,
								.points_max_size = 5242880};

static const char document[] =
	"openapi: 3.0.3\n"
	"paths:\n"
	"  /a/{id}/{name}:\n"
	"    post:\n"
	"      operationId: a\n"
	"      requestBody: {content: {application/json: {}, text/csv: {}}}\n"
	"      responses: {'204': {}}\n"
	"      parameters:\n"
	"        - {name: id, in: path, required: true, schema: {type: string, format: uuid}}\n"
	"        - {name: name, in: path, required: true, schema: {type: string}}\n"
	"        - {name: int, in: query, schema: {type: integer}}\n"
	"        - {name: small, in: query, schema: {type: integer, minimum: 1, maximum: 100}}\n"
	"        - {name: natural, in: query, schema: {type: integer, minimum: 0}}\n"
	"        - {name: number, in: query, schema: {type: number}}\n"
	"        - {name: share, in: query, schema: {type: number, minimum: 0, maximum: 1.5}}\n"
	"        - {name: flag, in: query, schema: {type: boolean}}\n"
	"        - {name: text, in: query, schema: {type: string}}\n"
	"        - {name: short, in: query, schema: {type: string, minLength: 2, maxLength: 4}}\n"
	"        - {name: filled, in: query, schema: {type: string, minLength: 1}}\n"
	"        - {name: color, in: query, schema: {type: string, enum: [red, green]}}\n"
	"        - {name: when, in: query, schema: {type: string, format: date-time}}\n"
	"        - {name: tags, in: query, schema: {type: array, items: {type: string}}}\n"
	"        - {name: ids, in: query, schema: {type: array, maxItems: 3, items: {type: string, "
	"format: uuid}}}\n"
	"        - {name: ints, in: query, schema: {type: array, items: {type: integer}}}\n"
	"        - {name: X-Key, in: header, schema: {type: string, maxLength: 3}}\n"
	"  /required:\n"
	"    get:\n"
	"      operationId: required\n"
	"      responses: {'200': {}}\n"
	"      parameters:\n"
	"        - {name: s, in: query, required: true, schema: {type: string}}\n"
	"        - {name: list, in: query, required: true, schema: {type: array, items: {type: "
	"string}}}\n"
	"        - {name: H, in: header, required: true, schema: {type: string}}\n"
	"  /any:\n"
	"    post:\n"
	"      operationId: any\n"
	"      requestBody: {content: {'*/*': {}}}\n"
	"      responses: {'204': {}}\n";

static const char *
lookup_header(void *context, const char *name)
{
	return strcmp(name, "X-Key") == 0 || strcmp(name, "H") == 0 ? context : NULL;
}

static GwRoutes *
load_document(void)
{
	char path[] = "/tmp/test_arguments.XXXXXX";
	int fd = mkstemp(path);
	GwRoutes *routes = NULL;

	if (fd < 0 || write(fd, document, sizeof(document) - 1) != (ssize_t) sizeof(document) - 1 ||
		!gw_routes_load(path, &config, &routes))
	{
		printf("Bail out! the document of the test cannot be loaded\n");
		exit(1);
	}
	close(fd);
	unlink(path);
	return routes;
}

/*
 * Binds a request and returns the value of one argument, "NULL" when it is absent, or what the
 * refusal says. The text lives until the next call.
 */
static const char *
bind(const GwRoutes *routes, const char *path, const char *query, const char *header,
	 const char *argument)
{
	static char text[BIG];
	const char *value[64];
	GwMatch found;
	GwProblem problem = {0};
	ShcArena *arena = shc_arena_new(16 * BIG);

	gw_routes_match(routes, GW_POST, path, &found);
	if (found.operation == NULL)
		gw_routes_match(routes, GW_GET, path, &found);
	if (found.operation == NULL)
		snprintf(text, sizeof(text), "no operation");
	else if (!gw_arguments_bind(found.operation, path, query, lookup_header, (void *) header, arena,
								value, &problem))
		snprintf(text, sizeof(text), "%d %s", problem.status, problem.text);
	else
	{
		snprintf(text, sizeof(text), "no argument");
		for (int i = 0; i < found.operation->nparameters; i++)
		{
			if (strcmp(found.operation->parameters[i].argument, argument) == 0)
				snprintf(text, sizeof(text), "%s", value[i] != NULL ? value[i] : "NULL");
		}
	}
	shc_arena_free(arena);
	return text;
}

/* {query, argument, expected} */
static const char *const query_cases[][3] = {
	/* how a query is read */
	{NULL, "int", "NULL"},
	{"", "int", "NULL"},
	{"int=5", "int", "5"},
	{"&&int=5&&", "int", "5"},
	{"other=1&int=5&x", "int", "5"},
	{"%69nt=5", "int", "5"},
	{"INT=5", "int", "NULL"},
	{"int%00=5", "int", "400 query: a name has an invalid percent-encoding"},
	{"int=5&int=5", "int", "400 int: must be given only once"},
	{"int=5&i%6et=6", "int", "400 int: must be given only once"},
	{"text=a=b", "text", "a=b"},
	{"text=a;b", "text", "a;b"},
	{"text=a+b%2Bc%20d", "text", "a b+c d"},
	{"text=%C3%A5", "text", "\xc3\xa5"},
	{"text=a,b", "text", "a,b"},
	{"text", "text", ""},
	{"text=", "text", ""},
	{"te%78t", "text", ""},
	{"te%78t&int=7", "int", "7"},
	{"text=%", "text", "400 text: has an invalid percent-encoding"},
	{"text=%4", "text", "400 text: has an invalid percent-encoding"},
	{"text=%4g", "text", "400 text: has an invalid percent-encoding"},
	{"text=%4&int=1", "text", "400 text: has an invalid percent-encoding"},
	{"%zz=1", "text", "400 query: a name has an invalid percent-encoding"},
	{"other=%zz", "text", "400 query: a value has an invalid percent-encoding"},
	{"text=a%00b", "text", "400 text: must be UTF-8 without zero bytes"},
	/* UTF-8 */
	{"text=%ff", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%80", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%C0%80", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%C1%BF", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%C3", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%C3a", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%E0%9F%BF", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%E0%A0%80", "text", "\xe0\xa0\x80"},
	{"text=%ED%9F%BF", "text", "\xed\x9f\xbf"},
	{"text=%ED%A0%80", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%EF%BF%BF", "text", "\xef\xbf\xbf"},
	{"text=%F0%8F%BF%BF", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%F0%90%80%80", "text", "\xf0\x90\x80\x80"},
	{"text=%F4%8F%BF%BF", "text", "\xf4\x8f\xbf\xbf"},
	{"text=%F4%90%80%80", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%F0%90%80", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%F0%90%80a", "text", "400 text: must be UTF-8 without zero bytes"},
	{"text=%F5%80%80%80", "text", "400 text: must be UTF-8 without zero bytes"},
	/* integers */
	{"int=-9223372036854775808", "int", "-9223372036854775808"},
	{"int=9223372036854775807", "int", "9223372036854775807"},
	{"int=9223372036854775808", "int", "400 int: must be an integer"},
	{"int=-9223372036854775809", "int", "400 int: must be an integer"},
	{"int=007", "int", "7"},
	{"int=%2B7", "int", "7"},
	{"int=-0", "int", "0"},
	{"int=+7", "int", "400 int: must be an integer"},
	{"int=", "int", "400 int: must be an integer"},
	{"int=-", "int", "400 int: must be an integer"},
	{"int=1.0", "int", "400 int: must be an integer"},
	{"int=1e3", "int", "400 int: must be an integer"},
	{"int=0x10", "int", "400 int: must be an integer"},
	{"int=1%20", "int", "400 int: must be an integer"},
	{"int=--1", "int", "400 int: must be an integer"},
	{"small=0", "small", "400 small: must be an integer from 1 to 100"},
	{"small=1", "small", "1"},
	{"small=100", "small", "100"},
	{"small=101", "small", "400 small: must be an integer from 1 to 100"},
	{"small=x", "small", "400 small: must be an integer from 1 to 100"},
	{"natural=-1", "natural", "400 natural: must be an integer of at least 0"},
	/* numbers */
	{"number=1", "number", "1"},
	{"number=-1.5e-3", "number", "-0.0015"},
	{"number=.5", "number", "0.5"},
	{"number=5.", "number", "5"},
	{"number=%2B2", "number", "2"},
	{"number=1E2", "number", "100"},
	{"number=0.1", "number", "0.10000000000000001"},
	{"number=1e-999", "number", "0"},
	{"number=4.9e-324", "number", "4.9406564584124654e-324"},
	{"number=1.7976931348623157e308", "number", "1.7976931348623157e+308"},
	{"number=1e309", "number", "400 number: must be a number"},
	{"number=-1e309", "number", "400 number: must be a number"},
	{"number=NaN", "number", "400 number: must be a number"},
	{"number=inf", "number", "400 number: must be a number"},
	{"number=-Infinity", "number", "400 number: must be a number"},
	{"number=0x1p3", "number", "400 number: must be a number"},
	{"number=", "number", "400 number: must be a number"},
	{"number=.", "number", "400 number: must be a number"},
	{"number=1e", "number", "400 number: must be a number"},
	{"number=1,5", "number", "400 number: must be a number"},
	{"share=1.5", "share", "1.5"},
	{"share=1.6", "share", "400 share: must be a number from 0 to 1.5"},
	{"share=-1e-999", "share", "-0"},
	/* booleans */
	{"flag=true", "flag", "true"},
	{"flag=false", "flag", "false"},
	{"flag=TRUE", "flag", "400 flag: must be true or false"},
	{"flag=1", "flag", "400 flag: must be true or false"},
	{"flag", "flag", "400 flag: must be true or false"},
	/* strings */
	{"short=ab", "short", "ab"},
	{"short=a", "short", "400 short: must have at least 2 characters"},
	{"short=", "short", "400 short: must not be empty"},
	{"short=abcde", "short", "400 short: must have at most 4 characters"},
	{"short=%C3%A5%C3%A4%C3%B6%C3%A5", "short", "\xc3\xa5\xc3\xa4\xc3\xb6\xc3\xa5"},
	{"short=%F0%9F%8C%A1", "short", "400 short: must have at least 2 characters"},
	{"filled=", "filled", "400 filled: must not be empty"},
	{"color=green", "color", "green"},
	{"color=Green", "color", "400 color: must be one of red, green"},
	{"color=", "color", "400 color: must be one of red, green"},
	{"color=gree", "color", "400 color: must be one of red, green"},
	/* arrays */
	{"tags=a", "tags", "{\"a\"}"},
	{"tags=a&int=1&tags=b,c", "tags", "{\"a\",\"b,c\"}"},
	{"tags=%22&tags=%5C&tags=%7B%7D&tags=NULL", "tags", "{\"\\\"\",\"\\\\\",\"{}\",\"NULL\"}"},
	{"tags=+", "tags", "{\" \"}"},
	{"tags=", "tags", "400 tags: must not have empty values"},
	{"tags", "tags", "400 tags: must not have empty values"},
	{"tags=a&tags=", "tags", "400 tags: must not have empty values"},
	{"ids=" UUID "&ids=ABCDEF00-0000-1000-8000-00000000000F", "ids",
	 "{\"" UUID "\",\"abcdef00-0000-1000-8000-00000000000f\"}"},
	{"ids=" UUID "," UUID, "ids", "400 ids: must be a UUID, as " UUID},
	{"ids=" UUID "&ids=" UUID "&ids=" UUID "&ids=" UUID, "ids",
	 "400 ids: must have at most 3 values"},
	{"ints=1&ints=02", "ints", "{\"1\",\"2\"}"},
	{"ints=1&ints=x", "ints", "400 ints: must be an integer"},
};

#define BAD_TIME "400 when: must be an RFC 3339 timestamp, as 2024-03-01T12:00:00Z"

/* {text, expected} */
static const char *const time_cases[][2] = {
	{"2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"},
	{"2024-03-01T12:00:00.5Z", "2024-03-01T12:00:00.5Z"},
	{"2024-03-01T12:00:00,123456789Z", "2024-03-01T12:00:00.123456789Z"},
	{"2024-03-01T12:00:00.1234567890123456789012345Z", "2024-03-01T12:00:00.123456789012345678Z"},
	{"2024-03-01T12:00:00%2B01:00", "2024-03-01T12:00:00+01:00"},
	{"2024-03-01T12:00:00-15:59", "2024-03-01T12:00:00-15:59"},
	{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
	{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
	{"2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
	{"2023-02-29T00:00:00Z", BAD_TIME},
	{"1900-02-29T00:00:00Z", BAD_TIME},
	{"2024-02-30T00:00:00Z", BAD_TIME},
	{"2024-04-31T00:00:00Z", BAD_TIME},
	{"2024-00-01T00:00:00Z", BAD_TIME},
	{"2024-13-01T00:00:00Z", BAD_TIME},
	{"2024-01-00T00:00:00Z", BAD_TIME},
	{"0000-01-01T00:00:00Z", BAD_TIME},
	{"2024-03-01T24:00:00Z", BAD_TIME},
	{"2024-03-01T12:60:00Z", BAD_TIME},
	{"2024-03-01T12:00:60Z", BAD_TIME},
	{"2024-03-01", BAD_TIME},
	{"2024-03-01T12:00:00", BAD_TIME},
	{"2024-03-01T12:00Z", BAD_TIME},
	{"2024-03-01t12:00:00Z", BAD_TIME},
	{"2024-03-01T12:00:00z", BAD_TIME},
	{"2024-03-01%2012:00:00Z", BAD_TIME},
	{"2024-03-01T12:00:00.Z", BAD_TIME},
	{"2024-03-01T12:00:00+01:00", BAD_TIME}, /* the plus is a space */
	{"2024-03-01T12:00:00%2B0100", BAD_TIME},
	{"2024-03-01T12:00:00%2B01", BAD_TIME},
	{"2024-03-01T12:00:00%2B16:00", BAD_TIME},
	{"2024-03-01T12:00:00%2B01:60", BAD_TIME},
	{"2024-03-01T12:00:00ZZ", BAD_TIME},
	{"2024-03-01T12:00:00Z%20", BAD_TIME},
	{"2024-3-01T12:00:00Z", BAD_TIME},
	{"+2024-03-01T12:00:00Z", BAD_TIME},
	{"20240301T120000Z", BAD_TIME},
	{"today", BAD_TIME},
	{"now", BAD_TIME},
	{"infinity", BAD_TIME},
	{"1709294400", BAD_TIME},
	{"", BAD_TIME},
};

static void
test_queries(const GwRoutes *routes)
{
	char name[300];

	for (size_t i = 0; i < sizeof(query_cases) / sizeof(query_cases[0]); i++)
	{
		const char *query = query_cases[i][0];

		snprintf(name, sizeof(name), "?%s", query != NULL ? query : "");
		is_str(bind(routes, "/a/" UUID "/n", query, NULL, query_cases[i][1]), query_cases[i][2],
			   name);
	}
	for (size_t i = 0; i < sizeof(time_cases) / sizeof(time_cases[0]); i++)
	{
		snprintf(name, sizeof(name), "when=%s", time_cases[i][0]);
		is_str(bind(routes, "/a/" UUID "/n", name, NULL, "when"), time_cases[i][1], name);
	}
}

static void
test_paths(const GwRoutes *routes)
{
	is_str(bind(routes, "//a/123E4567-E89B-12D3-A456-426614174000//x/", NULL, NULL, "id"), UUID,
		   "a UUID in a path is lower-cased");
	is_str(bind(routes,
				"/a/%31"
				"23e4567-e89b-12d3-a456-426614174000/x",
				NULL, NULL, "id"),
		   UUID, "and percent-decoded");
	is_str(bind(routes, "/a/123e4567e89b12d3a456426614174000/x", NULL, NULL, "id"),
		   "400 id: must be a UUID, as " UUID, "no UUID without dashes");
	is_str(bind(routes, "/a/%7B" UUID "%7D/x", NULL, NULL, "id"),
		   "400 id: must be a UUID, as " UUID, "no UUID in braces");
	is_str(bind(routes, "/a/urn:uuid:" UUID "/x", NULL, NULL, "id"),
		   "400 id: must be a UUID, as " UUID, "no URN");
	is_str(bind(routes, "/a/123e4567-e89b-12d3-a456-42661417400g/x", NULL, NULL, "id"),
		   "400 id: must be a UUID, as " UUID, "no other digits");
	is_str(bind(routes, "/a/" UUID "/a+b%2Fc%20d", NULL, NULL, "name"), "a+b/c d",
		   "a plus in a path is a plus, an encoded slash part of the segment");
	is_str(bind(routes, "/a/" UUID "/%zz", NULL, NULL, "name"),
		   "400 name: has an invalid percent-encoding", "bad encoding in a path");
	is_str(bind(routes, "/a/" UUID "/a%00", NULL, NULL, "name"),
		   "400 name: must be UTF-8 without zero bytes", "a zero byte in a path");
	is_str(bind(routes, "/a/" UUID "/%ff", NULL, NULL, "name"),
		   "400 name: must be UTF-8 without zero bytes", "bad UTF-8 in a path");
}

static void
test_headers(const GwRoutes *routes)
{
	static const char path[] = "/a/" UUID "/n";

	is_str(bind(routes, path, NULL, NULL, "x_key"), "NULL", "an absent header");
	is_str(bind(routes, path, NULL, " abc\t", "x_key"), "abc", "a header is trimmed");
	is_str(bind(routes, path, NULL, "%41", "x_key"), "%41", "but not decoded");
	is_str(bind(routes, path, NULL, "abcd", "x_key"), "400 X-Key: must have at most 3 characters",
		   "and checked");
	is_str(bind(routes, path, NULL, "\xff", "x_key"), "400 X-Key: must be UTF-8", "and UTF-8");
}

static void
test_required(const GwRoutes *routes)
{
	is_str(bind(routes, "/required", "list=1", "h", "s"), "400 s: is required", "an absent scalar");
	is_str(bind(routes, "/required", "s=&list=1", "h", "s"), "400 s: must not be empty",
		   "an empty scalar");
	is_str(bind(routes, "/required", "s=1", "h", "s"), "400 list: is required", "an absent array");
	is_str(bind(routes, "/required", "s=1&list=1", NULL, "s"), "400 H: is required",
		   "an absent header");
	is_str(bind(routes, "/required", "s=1&list=1", " ", "s"), "400 H: must not be empty",
		   "an empty header");
	is_str(bind(routes, "/required", "s=1&list=1", "h", "list"), "{\"1\"}", "all there");
}

/* Large queries are bounded by the arena, and by maxItems before anything is built. */
static void
test_limits(const GwRoutes *routes)
{
	char *query = malloc(BIG);
	const char *value[64];
	GwMatch found;
	GwProblem problem = {0};
	ShcArena *arena = shc_arena_new(4096);
	size_t len = 0;

	while (len + 100 < BIG)
		len += (size_t) snprintf(query + len, BIG - len, "tags=%%22&");
	gw_routes_match(routes, GW_POST, "/a/" UUID "/n", &found);
	ok(!gw_arguments_bind(found.operation, "/a/" UUID "/n", query, lookup_header, NULL, arena,
						  value, &problem),
	   "a query that does not fit the arena is refused");
	is_int(problem.status, 413, "as too large");
	shc_arena_free(arena);
	ok(strncmp(bind(routes, "/a/" UUID "/n", query, NULL, "tags"), "{\"\\\"\",\"\\\"\",", 11) == 0,
	   "it is read where there is room");
	free(query);
}

static void
test_media_types(const GwRoutes *routes)
{
	static const struct
	{
		const char *content_type;
		bool accepted;
	} cases[] = {
		{"application/json", true},
		{"Application/JSON", true},
		{" application/json ; charset=utf-8", true},
		{"application/json;charset=ISO-8859-1", true},
		{"application/json; foo=bar", true},
		{"text/csv", true},
		{"text/csv; charset=UTF-8", true},
		{"text/csv;header=present;Charset=\"utf8\"", true},
		{"text/csv; charset=us-ascii", true},
		{"text/csv; charset=iso-8859-1", false},
		{"text/csv; charset=", false},
		{"text/csv; charset=utf-16", false},
		{"application/jsonp", false},
		{"application/jso", false},
		{"application", false},
		{"text/plain", false},
		{"application/json, text/csv", false},
		{"*/*", false},
		{"", false},
		{NULL, false},
	};
	GwMatch found;

	gw_routes_match(routes, GW_POST, "/a/" UUID "/n", &found);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(gw_media_type_accepted(found.operation, cases[i].content_type) == cases[i].accepted,
		   "Content-Type: %s", cases[i].content_type != NULL ? cases[i].content_type : "(none)");
	gw_routes_match(routes, GW_POST, "/any", &found);
	ok(gw_media_type_accepted(found.operation, "image/png"), "*/* accepts everything");
	gw_routes_match(routes, GW_GET, "/required", &found);
	ok(!gw_media_type_accepted(found.operation, "application/json"),
	   "an operation without a body accepts nothing");
}

/* Random queries to the real operations: what is bound has the form that PostgreSQL is to get. */
static void
test_random(void)
{
	static const char *const pieces[] = {"limit",
										 "offset",
										 "tags",
										 "uuids",
										 "start",
										 "end",
										 "unit",
										 "ge",
										 "le",
										 "precision",
										 "timezone",
										 "=",
										 "=",
										 "=",
										 "=",
										 "&",
										 "&",
										 "&",
										 "1",
										 "0",
										 "-",
										 ".",
										 "e",
										 "9",
										 "hour",
										 UUID,
										 "2024-03-01T12:00:00Z",
										 "2024-03-01T12:00:00",
										 "%2B01:00",
										 "%",
										 "%00",
										 "%ff",
										 "%C3%A5",
										 "+",
										 "\"",
										 "\\",
										 "{",
										 "}",
										 ",",
										 "\xc3",
										 "%22"};
	GwRoutes *routes;
	uint64_t state = tap_seed();
	unsigned seed = (unsigned) tap_random(&state);
	int bound = 0;
	int wrong = 0;

	if (!gw_routes_load(OPENAPI, &config, &routes))
	{
		ok(false, "%s is loaded", OPENAPI);
		return;
	}
	for (int i = 0; i < 200000; i++)
	{
		const GwOperation *operation = gw_routes_get(routes, i % gw_routes_count(routes));
		const char *value[64];
		char query[1000] = "";
		GwProblem problem = {0};
		ShcArena *arena = shc_arena_new(65536);

		for (unsigned j = 0; j < seed % 23; j++)
		{
			seed = (unsigned) tap_random(&state);
			strncat(query, pieces[(seed >> 16) % (sizeof(pieces) / sizeof(pieces[0]))],
					sizeof(query) - strlen(query) - 1);
		}
		seed = (unsigned) tap_random(&state);
		if (gw_arguments_bind(operation, "/v2/x/" UUID "/y/" UUID, query, lookup_header, NULL,
							  arena, value, &problem))
		{
			bound++;
			for (int j = 0; j < operation->nparameters; j++)
			{
				const GwParameter *parameter = &operation->parameters[j];

				if (value[j] == NULL)
					wrong += parameter->required;
				else if (parameter->array)
					wrong += value[j][0] != '{' || value[j][strlen(value[j]) - 1] != '}';
				else if (parameter->type == GW_TYPE_INTEGER)
					wrong += value[j][strspn(value[j], "-0123456789")] != '\0';
			}
		}
		else
			wrong += problem.status != 400 || strlen(problem.text) < 5;
		shc_arena_free(arena);
	}
	gw_routes_free(routes);
	is_int(wrong, 0, "random queries are bound or refused as they should");
	ok(bound > 1000, "%d of 200000 are bound", bound);
}

int
main(void)
{
	GwRoutes *routes = load_document();

	test_queries(routes);
	test_paths(routes);
	test_headers(routes);
	test_required(routes);
	test_limits(routes);
	test_media_types(routes);
	gw_routes_free(routes);
	test_random();
	return done_testing();
}
