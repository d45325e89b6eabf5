/*
 * test_route.c: openapi.yaml as a table of routes, and what the loader refuses.
 */
#include "route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#ifndef OPENAPI
#define OPENAPI "../../gateway/openapi.yaml"
#endif

#define UUID "123e4567-e89b-12d3-a456-426614174000"

static char scratch[] = "/tmp/test_route.XXXXXX";

static const GwConfig config = {.datasets_max_json_size = 16777216,
								.datasets_max_part_size = 16777216,
								.points_max_size = 5242880};

/* Loads a document given as text. What is logged meanwhile goes to `log`. */
static GwRoutes *
load_text(const char *text, size_t len, char *log, size_t log_size)
{
	GwRoutes *routes = NULL;
	FILE *file = fopen(scratch, "w");
	FILE *captured = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t n;

	if (file == NULL || captured == NULL || saved < 0)
		abort();
	fwrite(text, 1, len, file);
	fclose(file);
	fflush(stderr);
	dup2(fileno(captured), STDERR_FILENO);
	gw_routes_load(scratch, &config, &routes);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(captured);
	n = fread(log, 1, log_size - 1, captured);
	log[n] = '\0';
	fclose(captured);
	return routes;
}

/* "operation", "405 allow" or "404" for a method and a path. */
static const char *
match(const GwRoutes *routes, const char *method, const char *path)
{
	static char text[100];
	GwMatch found;

	gw_routes_match(routes, gw_method_parse(method), path, &found);
	if (found.operation != NULL)
		snprintf(text, sizeof(text), "%s", found.operation->id);
	else if (found.known_path)
		snprintf(text, sizeof(text), "405 %s", found.allow);
	else
		snprintf(text, sizeof(text), "404");
	return text;
}

/* Each operation is found by its own path, with a UUID for every parameter. */
static void
test_own_paths(const GwRoutes *routes)
{
	static const char *const methods[] = {"GET", "PUT", "POST", "DELETE"};
	int wrong = 0;

	for (int i = 0; i < gw_routes_count(routes); i++)
	{
		const GwOperation *operation = gw_routes_get(routes, i);
		char path[500] = "";
		size_t len = 0;

		for (const char *p = operation->path; *p != '\0'; p++)
		{
			if (*p != '{')
			{
				path[len++] = *p;
				path[len] = '\0';
				continue;
			}
			len += (size_t) snprintf(path + len, sizeof(path) - len, "%s", UUID);
			p = strchr(p, '}');
		}
		if (strcmp(match(routes, methods[operation->method], path), operation->id) != 0 ||
			operation->index != i)
		{
			printf("# %s is not found at %s\n", operation->id, path);
			wrong++;
		}
	}
	is_int(wrong, 0, "every operation is found at its own path");
	ok(gw_routes_count(routes) >= 39, "the document has all operations");
}

static void
test_matching(const GwRoutes *routes)
{
	static const struct
	{
		const char *method;
		const char *path;
		const char *expected;
	} cases[] = {
		{"GET", "/v2/users", "list_users"},
		{"HEAD", "/v2/users", "list_users"},
		{"GET", "/v2/users/", "list_users"},
		{"GET", "//v2///users//", "list_users"},
		{"GET", "/v2/users/me", "get_me"},
		{"GET", "/v2/users/m%65", "get_me"},
		{"GET", "/v2/%75sers/me", "get_me"},
		{"GET", "/v2/users/Me", "get_user"},
		{"GET", "/v2/users/mee", "get_user"},
		{"GET", "/v2/users/m", "get_user"},
		{"GET", "/v2/users/me/tokens", "list_user_tokens"},
		{"GET", "/v2/users/a%2Fb", "get_user"},
		{"DELETE", "/v2/users/a/tokens/b", "delete_user_token"},
		{"PUT", "/v2/users/me", "405 GET, HEAD, OPTIONS"},
		{"GET", "/v2/tsdata", "405 POST, OPTIONS"},
		{"HEAD", "/v2/tsdata", "405 POST, OPTIONS"},
		{"OPTIONS", "/v2/tsdata", "405 POST, OPTIONS"},
		{"PATCH", "/v2/users/x", "405 GET, HEAD, PUT, DELETE, OPTIONS"},
		{"get", "/v2/users", "405 GET, HEAD, POST, OPTIONS"},
		{"GET", "/V2/users", "404"},
		{"GET", "/v2", "404"},
		{"GET", "/", "404"},
		{"GET", "", "404"},
		{"GET", "*", "404"},
		{"OPTIONS", "*", "404"},
		{"GET", "v2/users", "404"},
		{"GET", "/v2/users/a/tokens/b/c", "404"},
		{"GET", "/v2/user", "404"},
		{"GET", "/v2/userss", "404"},
		{"GET", "/v2/%75%zzers", "404"},
		{"GET", "/v2/user%", "404"},
		{"GET", "/v2/user%7", "404"},
		{"GET", "/v2/users%00", "404"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char name[200];

		snprintf(name, sizeof(name), "%s %s", cases[i].method, cases[i].path);
		is_str(match(routes, cases[i].method, cases[i].path), cases[i].expected, name);
	}
}

static const GwOperation *
operation_of(const GwRoutes *routes, const char *id)
{
	for (int i = 0; i < gw_routes_count(routes); i++)
	{
		if (strcmp(gw_routes_get(routes, i)->id, id) == 0)
			return gw_routes_get(routes, i);
	}
	printf("Bail out! no operation %s\n", id);
	exit(1);
}

static void
test_properties(const GwRoutes *routes)
{
	const GwOperation *read = operation_of(routes, "get_timeseries_data");
	const GwOperation *add = operation_of(routes, "add_timeseries_data");
	const GwOperation *create = operation_of(routes, "create_thing");
	const GwOperation *query = operation_of(routes, "query_timeseries");
	const GwOperation *list = operation_of(routes, "list_things");

	is_int(read->lane, GW_LANE_HEAVY, "reading points takes the heavy lane");
	is_int(list->lane, GW_LANE_FAST, "a list takes the fast lane");
	is_int(create->lane, GW_LANE_HEAVY, "a write takes the heavy lane");
	is_int(read->has_body, 0, "a read has no body");

	is_int(add->body_raw, 1, "points are a raw body");
	is_int(add->max_body, 5242880, "of at most 5 MiB");
	is_int(add->too_large_status, 400, "and 400 beyond");
	is_int(create->body_raw, 0, "other bodies are JSON");
	is_int(create->body_required, 1, "required");
	is_int(create->max_body, 1048576, "of at most 1 MiB");
	is_int(create->too_large_status, 413, "and 413 beyond");
	is_str(create->media_types[0], "application/json", "with its media type");
	is_int(create->success_status, 201, "creating answers 201");
	is_str(create->success_media_type, "application/json", "with JSON");
	is_int(operation_of(routes, "delete_thing")->success_status, 204, "deleting answers 204");
	is_str(operation_of(routes, "delete_thing")->success_media_type, NULL, "without a body");

	is_str(read->parameters[0].name, "uuid", "the path parameter is first");
	is_int(read->parameters[0].segment, 2, "at its segment");
	is_int(read->parameters[0].format, GW_FORMAT_UUID, "a UUID");
	is_int(read->parameters[1].required, 1, "start is required");
	is_int(read->parameters[1].format, GW_FORMAT_DATE_TIME, "and a timestamp");
	is_int(query->parameters[0].array, 1, "uuids is an array");
	is_int(query->parameters[0].max_items, 100, "of at most 100");
	is_int(query->parameters[0].format, GW_FORMAT_UUID, "of UUIDs");
	ok(list->parameters[0].has_min && list->parameters[0].min == 1 && list->parameters[0].has_max &&
		   list->parameters[0].max == 100,
	   "limit is from 1 to 100");
}

static void
test_statements(const GwRoutes *routes)
{
	char *sql = gw_operation_statement(operation_of(routes, "delete_user_token"), false);

	is_str(sql,
		   "SELECT selfhost.\"delete_user_token\"(\"uuid\" => $2, \"token_uuid\" => $3) AS r, "
		   "a.user_uuid, a.token_uuid, a.rate FROM selfhost.authenticate($1) a",
		   "the statement of a plain operation");
	free(sql);
	sql = gw_operation_statement(operation_of(routes, "add_points"), true);
	is_str(sql,
		   "SELECT (s.r).*, s.user_uuid, s.token_uuid, s.rate FROM ("
		   "SELECT selfhost.\"add_points\"(\"unit\" => $2, \"conflict\" => $3, \"content_type\" => "
		   "$4, \"body\" => $5) AS r, "
		   "a.user_uuid, a.token_uuid, a.rate FROM selfhost.authenticate($1) a OFFSET 0) s",
		   "the statement of a composite one with a body");
	free(sql);
	sql = gw_operation_statement(operation_of(routes, "get_me"), false);
	is_str(sql,
		   "SELECT selfhost.\"get_me\"() AS r, a.user_uuid, a.token_uuid, a.rate "
		   "FROM selfhost.authenticate($1) a",
		   "the statement without arguments");
	free(sql);
	sql = gw_operation_statement(operation_of(routes, "get_program_webhook"), false);
	is_str(sql,
		   "SELECT selfhost.\"get_program_webhook\"(\"uuid\" => $2, \"method\" => $3, "
		   "\"query\" => $4, \"headers\" => $5) AS r, a.user_uuid, a.token_uuid, a.rate "
		   "FROM selfhost.authenticate($1) a",
		   "the statement with whole parts of the request");
	free(sql);
	sql = gw_operation_statement(operation_of(routes, "get_program_webhook")->deferred, false);
	is_str(sql,
		   "SELECT selfhost.\"program_webhook_answer\"(\"ticket\" => $2) AS r, a.user_uuid, "
		   "a.token_uuid, a.rate FROM selfhost.authenticate($1) a",
		   "the statement that asks for an answer");
	free(sql);
	ok(operation_of(routes, "get_program_webhook")->deferred ==
		   operation_of(routes, "call_program_webhook")->deferred,
	   "is there once");
	is_int(gw_routes_get(routes, gw_routes_count_all(routes) - 1)->index,
		   gw_routes_count_all(routes) - 1, "each statement has its number");
}

/* Random requests: no operation may appear that does not have the path's fixed segments. */
static void
test_random_paths(const GwRoutes *routes)
{
	static const char *const pieces[] = {
		"/",   "//",	  "v2", "users", "me", "things", "data", "%",	 "%2",		 "%2F",
		"%75", "tsquery", "a",	UUID,	 ".",  "tokens", "%00",	 "\xff", "policies", "timeseries"};
	uint64_t state = tap_seed();
	unsigned seed = (unsigned) tap_random(&state);
	int matched = 0;

	for (int i = 0; i < 200000; i++)
	{
		char path[600] = "/v2";
		GwMatch found;
		int n = (int) (seed % 9);

		for (int j = 0; j < n; j++)
		{
			seed = (unsigned) tap_random(&state);
			strncat(path, pieces[(seed >> 16) % (sizeof(pieces) / sizeof(pieces[0]))],
					sizeof(path) - strlen(path) - 1);
		}
		seed = (unsigned) tap_random(&state);
		gw_routes_match(routes, (GwMethod) ((seed >> 16) % (GW_METHOD_OTHER + 1)), path, &found);
		matched += found.operation != NULL;
		if (found.operation != NULL && !found.known_path)
			matched = -1000000;
	}
	ok(matched > 0, "random paths are matched without harm");
}

/* ---- documents ---- */

#define HEAD		"openapi: 3.0.3\npaths:\n"
#define OK_RESPONSE "      responses: {'200': {}}\n"

static void
test_json(void)
{
	static const char text[] =
		"openapi: 3.0.3\n"
		"info: {a: '1', b: 1, c: -1.5e3, d: true, e: 'true', f: null, g: , h: 01, "
		"i: \"x\\\"y\\u0001\"}\n"
		"list: [1, [], {}, a b]\n"
		"text: >-\n  two\n  lines\n"
		"paths:\n"
		"  /a:\n    get:\n      operationId: a\n" OK_RESPONSE;
	char log[4000];
	size_t len;
	GwRoutes *routes = load_text(text, sizeof(text) - 1, log, sizeof(log));

	if (!ok(routes != NULL, "a small document is loaded"))
	{
		printf("# %s\n", log);
		return;
	}
	is_str(gw_routes_json(routes, &len),
		   "{\"openapi\":\"3.0.3\",\"info\":{\"a\":\"1\",\"b\":1,\"c\":-1.5e3,\"d\":true,"
		   "\"e\":\"true\",\"f\":null,\"g\":null,\"h\":\"01\",\"i\":\"x\\\"y\\u0001\"},"
		   "\"list\":[1,[],{},\"a b\"],\"text\":\"two lines\","
		   "\"paths\":{\"/a\":{\"get\":{\"operationId\":\"a\",\"responses\":{\"200\":{}}}}}}",
		   "and rendered as JSON");
	is_int((long long) len, (long long) strlen(gw_routes_json(routes, &len)), "with its length");
	gw_routes_free(routes);
}

static void
test_names(void)
{
	static const char text[] =
		HEAD "  /a/{partNumber}:\n    parameters:\n"
			 "      - {name: partNumber, in: path, required: true, schema: {type: integer}}\n"
			 "    get:\n      operationId: a\n      parameters:\n"
			 "        - {name: If-None-Match, in: header, schema: {type: string}}\n"
			 "        - {name: uploadId, in: query, schema: {$ref: '#/components/schemas/Id'}}\n"
			 "        - {name: Content-MD5, in: header, schema: {type: string}}\n" OK_RESPONSE
			 "components:\n  schemas:\n    Id: {$ref: '#/components/schemas/Text'}\n"
			 "    Text: {type: string, minLength: 2}\n";
	static const char *const arguments[] = {"part_number", "upload_id", "if_none_match",
											"content_md5"};
	char log[4000];
	GwRoutes *routes = load_text(text, sizeof(text) - 1, log, sizeof(log));

	if (!ok(routes != NULL, "a document with many kinds of names is loaded"))
	{
		printf("# %s\n", log);
		return;
	}
	for (int i = 0; i < 4; i++)
		is_str(gw_routes_get(routes, 0)->parameters[i].argument, arguments[i],
			   "names of arguments, in the order path, query, header");
	is_int(gw_routes_get(routes, 0)->parameters[1].min_length, 2,
		   "a chain of references is followed");
	gw_routes_free(routes);
}

#define GET_A	  HEAD "  /a:\n    get:\n      operationId: a\n"
#define PARAMETER GET_A OK_RESPONSE "      parameters:\n        - "

static const struct
{
	const char *text;
	int line; /* 0: not told */
	const char *message;
} violations[] = {
	{"", 0, "not a readable YAML document"},
	{"openapi: [3\n", 0, "not a readable YAML document"},
	{"openapi: 3.0.3\nopenapi: 3.0.3\n", 2, "duplicate key"},
	{"openapi: 3.1.0\npaths: {}\n", 1, "openapi: must be 3.0.x"},
	{"openapi: 3.0.3\npaths: {}\n", 1, "paths: there are no operations"},
	{"openapi: 3.0.3\n", 1, "paths: there are no operations"},
	{HEAD "  /a:\n    get:\n" OK_RESPONSE, 5, "operationId: must be given"},
	{HEAD "  /a:\n    get:\n      operationId: A\n" OK_RESPONSE, 5, "operationId: \"A\" is not"},
	{HEAD "  /a:\n    get:\n      operationId: 1a\n" OK_RESPONSE, 5, "operationId: \"1a\" is not"},
	{HEAD "  /a:\n    get:\n      operationId: a\"b\n" OK_RESPONSE, 5, "is not of the form"},
	{GET_A OK_RESPONSE "    put:\n      operationId: a\n" OK_RESPONSE, 8, "a is used twice"},
	{GET_A, 5, "a: must have one 2xx response"},
	{GET_A "      responses: {'404': {}}\n", 6, "a: must have one 2xx response"},
	{GET_A "      responses: {'200': {}, '201': {}}\n", 6, "a: must have one 2xx response"},
	{GET_A "      responses: {2XX: {}}\n", 6, "a: 2xx must be one status"},
	{GET_A OK_RESPONSE "      x-status: maybe\n", 7, "x-status: must be varies"},
	{GET_A OK_RESPONSE "      x-lane: slow\n", 7, "x-lane: must be fast or heavy"},
	{GET_A OK_RESPONSE "      security: []\n", 5, "a: security cannot differ"},
	{GET_A OK_RESPONSE "      x-body: raw\n", 7, "x-body: the operation has no body"},
	{HEAD "  /a:\n    put:\n      operationId: a\n      x-lane: fast\n" OK_RESPONSE, 6,
	 "x-lane: only GET can take the fast lane"},
	{GET_A OK_RESPONSE "      requestBody: {}\n", 0, "a: the body has no content types"},
	{GET_A OK_RESPONSE "      requestBody: {content: {a/b: {}}}\n      x-body: text\n", 8,
	 "x-body: must be raw or json"},
	{GET_A OK_RESPONSE "      x-max-body: 0\n", 7, "x-max-body: must be from 1"},
	{GET_A OK_RESPONSE "      x-max-body: 1.5\n", 7, "x-max-body: must be a whole number"},
	{GET_A OK_RESPONSE "      x-max-body: '5'\n", 7, "x-max-body: must be a number"},
	{GET_A OK_RESPONSE "      x-max-body: no.such_key\n", 7, "x-max-body: must be a number"},
	{GET_A OK_RESPONSE "      x-max-body: listen.port\n", 7, "x-max-body: must be a number"},
	{GET_A OK_RESPONSE "      x-too-large-status: 500\n", 7,
	 "x-too-large-status: must be 400 or 413"},
	{GET_A OK_RESPONSE "      x-deferred: a b\n", 7, "x-deferred: must name a function"},
	{GET_A OK_RESPONSE "      x-lane: fast\n      x-deferred: b\n", 8,
	 "x-deferred: needs the heavy lane"},
	{GET_A OK_RESPONSE "      x-arguments: [a]\n", 7, "x-arguments: must be a mapping"},
	{GET_A OK_RESPONSE "      x-arguments: {a: cookies}\n", 7, "x-arguments: must be names with"},
	{GET_A OK_RESPONSE "      x-arguments: {A: query}\n", 7, "x-arguments: must be names with"},
	{GET_A OK_RESPONSE "      x-arguments: {x: query, 'x': headers}\n", 7, "duplicate key"},
	{GET_A OK_RESPONSE "    patch: {}\n", 7, "only get, put, post and delete are supported"},
	{HEAD "  a: {get: {operationId: a, responses: {'200': {}}}}\n", 3, "a: not a usable path"},
	{HEAD "  /a/: {get: {operationId: a, responses: {'200': {}}}}\n", 3, "not a usable path"},
	{HEAD "  //a: {get: {operationId: a, responses: {'200': {}}}}\n", 3, "not a usable path"},
	{HEAD "  /a{x}: {get: {operationId: a, responses: {'200': {}}}}\n", 3, "not a usable path"},
	{HEAD "  '/{x}b': {get: {operationId: a, responses: {'200': {}}}}\n", 3, "not a usable path"},
	{HEAD "  '/{}': {get: {operationId: a, responses: {'200': {}}}}\n", 3, "not a usable path"},
	{HEAD "  '/{x}/{x}': {get: {operationId: a, responses: {'200': {}}}}\n", 3,
	 "not a usable path"},
	{HEAD "  /1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17:\n    get: {operationId: a}\n", 3,
	 "not a usable path"},
	{HEAD "  '/b/{x}':\n    get: {operationId: a, responses: {'200': {}}}\n", 4,
	 "a: the path parameter {x} is missing"},
	{HEAD
	 "  '/b/{x}':\n    parameters: [{name: x, in: path, required: true, schema: {type: string}}]\n"
	 "    get: {operationId: a, responses: {'200': {}}}\n"
	 "  '/b/{y}':\n    parameters: [{name: y, in: path, required: true, schema: {type: string}}]\n"
	 "    get: {operationId: b, responses: {'200': {}}}\n",
	 6, "/b/{y}: another path matches the same requests"},
	{PARAMETER "$ref: '#/components/parameters/Nope'\n", 8, "$ref: nothing is found at"},
	{PARAMETER "$ref: 'other.yaml#/x'\n", 8, "$ref: nothing is found at"},
	{PARAMETER
	 "$ref: '#/components/parameters/A'\ncomponents:\n  parameters:\n"
	 "    A: {$ref: '#/components/parameters/B'}\n    B: {$ref: '#/components/parameters/A'}\n",
	 8, "$ref: references lead in a circle"},
	{PARAMETER "{name: x, in: cookie, schema: {type: string}}\n", 8, "in: must be path, query"},
	{PARAMETER "{name: x, schema: {type: string}}\n", 8, "in: must be path, query"},
	{PARAMETER "{in: query, schema: {type: string}}\n", 8, "name: must be given as text"},
	{PARAMETER "{name: 'x y', in: query, schema: {type: string}}\n", 8,
	 "x y: does not make a name"},
	{PARAMETER "{name: x, in: path, required: true, schema: {type: string}}\n", 8,
	 "x: is not part of the path /a"},
	{PARAMETER "{name: x, in: query}\n", 8, "x: a schema is missing"},
	{PARAMETER "{name: x, in: query, schema: {}}\n", 0, "x: the type must be"},
	{PARAMETER "{name: x, in: query, schema: {type: object}}\n", 8, "x: the type must be"},
	{PARAMETER "{name: x, in: query, schema: {type: array}}\n", 8, "x: items are missing"},
	{PARAMETER "{name: x, in: query, explode: false, schema: {type: string}}\n", 8,
	 "x: only style form with explode"},
	{PARAMETER "{name: x, in: query, style: pipeDelimited, schema: {type: string}}\n", 8,
	 "x: only style form with explode"},
	{PARAMETER "{name: x, in: header, schema: {type: array, items: {type: string}}}\n", 8,
	 "x: only query parameters can be arrays"},
	{PARAMETER "{name: x, in: query, schema: {type: integer, enum: [1]}}\n", 8,
	 "x: only strings can have an enum"},
	{PARAMETER "{name: x, in: query, schema: {type: string, enum: a}}\n", 8,
	 "enum: must be a list"},
	{PARAMETER "{name: x, in: query, schema: {type: string, maximum: 3}}\n", 8,
	 "x: only numbers have a minimum or maximum"},
	{PARAMETER "{name: x, in: query, schema: {type: string, pattern: a}}\n", 8,
	 "x: pattern is not supported"},
	{PARAMETER "{name: x, in: query, required: 1, schema: {type: string}}\n", 8,
	 "required: must be true or false"},
	{PARAMETER "{name: xY, in: query, schema: {type: string}}\n"
			   "        - {name: x-y, in: header, schema: {type: string}}\n",
	 5, "a: the argument x_y is given twice"},
	{PARAMETER "{name: body, in: query, schema: {type: string}}\n"
			   "      requestBody: {content: {a/b: {}}}\n",
	 5, "a: a parameter has the name of the argument body"},
	{GET_A OK_RESPONSE "      parameters: {name: x}\n", 7, "parameters: must be a list"},
};

static void
test_violations(void)
{
	for (size_t i = 0; i < sizeof(violations) / sizeof(violations[0]); i++)
	{
		char log[8000];
		char expected[300];
		GwRoutes *routes =
			load_text(violations[i].text, strlen(violations[i].text), log, sizeof(log));

		if (violations[i].line > 0)
			snprintf(expected, sizeof(expected), "%s:%d: ", scratch, violations[i].line);
		else
			snprintf(expected, sizeof(expected), "%s", scratch);
		/* Quotation marks are escaped in the log's JSON. */
		if (strchr(violations[i].message, '"') != NULL)
			expected[0] = '\0';
		if (!ok(routes == NULL && strstr(log, expected) != NULL &&
					(expected[0] == '\0' || strstr(log, violations[i].message) != NULL) &&
					log[0] != '\0',
				"refused: %s", violations[i].message))
			printf("# line %d expected, got: %s\n", violations[i].line, log);
		gw_routes_free(routes);
	}
}

/* Mutated documents are loaded or refused, without harm. */
static void
test_mutated_documents(void)
{
	static const char text[] =
		HEAD "  /a/{x}:\n    get:\n      operationId: a\n      parameters:\n"
			 "        - {name: x, in: path, required: true, schema: {type: string, enum: [a, b]}}\n"
			 "        - {$ref: '#/components/parameters/P'}\n" OK_RESPONSE
			 "components: {parameters: {P: {name: p, in: query, schema: {type: array, items: "
			 "{type: integer, minimum: 1}}}}}\n";
	static const char alphabet[] = "abx{}[]:,'\"$/#- \n10&*|\\";
	uint64_t state = tap_seed();
	unsigned seed = (unsigned) tap_random(&state);
	int loaded = 0;

	for (int i = 0; i < 3000; i++)
	{
		char mutated[sizeof(text)];
		char log[8000];
		GwRoutes *routes;

		memcpy(mutated, text, sizeof(text));
		for (int j = 0; j < 1 + i % 3; j++)
		{
			seed = (unsigned) tap_random(&state);
			mutated[(seed >> 8) % (sizeof(text) - 1)] =
				alphabet[(seed >> 24) % (sizeof(alphabet) - 1)];
		}
		routes = load_text(mutated, sizeof(text) - 1, log, sizeof(log));
		loaded += routes != NULL;
		gw_routes_free(routes);
	}
	ok(loaded > 0 && loaded < 3000, "of 3000 mutated documents %d are loaded", loaded);
}

int
main(void)
{
	GwRoutes *routes;
	int fd = mkstemp(scratch);

	if (fd < 0 || !gw_routes_load(OPENAPI, &config, &routes))
	{
		printf("Bail out! %s cannot be loaded\n", OPENAPI);
		return 1;
	}
	close(fd);
	test_own_paths(routes);
	test_matching(routes);
	test_properties(routes);
	test_statements(routes);
	test_random_paths(routes);
	gw_routes_free(routes);
	test_json();
	test_names();
	test_violations();
	test_mutated_documents();
	unlink(scratch);
	return done_testing();
}
