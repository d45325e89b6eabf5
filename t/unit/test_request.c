/*
 * test_request.c: a request from its head to the question for the database: which problem is told
 * first, credentials, bodies. The pools are replaced by what is at the end of this file.
 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "credentials.h"
#include "json_check.h"
#include "tap.h"

#define UUID "123e4567-e89b-12d3-a456-426614174000"

/* "test:secret-token.x" */
#define GOOD "Basic dGVzdDpzZWNyZXQtdG9rZW4ueA=="

static const char document[] =
	"openapi: 3.0.3\n"
	"paths:\n"
	"  /v2/things:\n"
	"    get:\n"
	"      operationId: list\n"
	"      responses: {'200': {content: {application/json: {}}}}\n"
	"      parameters:\n"
	"        - {name: limit, in: query, schema: {type: integer, minimum: 1}}\n"
	"    post:\n"
	"      operationId: create\n"
	"      x-max-body: 20\n"
	"      requestBody: {required: true, content: {application/json: {}}}\n"
	"      responses: {'201': {content: {application/json: {}}}}\n"
	"  /v2/raw:\n"
	"    post:\n"
	"      operationId: raw\n"
	"      x-body: raw\n"
	"      x-max-body: 20\n"
	"      x-too-large-status: 400\n"
	"      requestBody: {content: {application/json: {}, text/csv: {}}}\n"
	"      responses: {'204': {}}\n";

static const GwConfig config = {.request_timeout = 60};
static GwRoutes *routes;
static GwRequest *request;
static GwPools pools = {.are_known = true};
static const GwJob *submitted;
static const char *known_domain = "test";
static bool changed;

/* "Name: value" lines, the last one NULL. */
static const char *
lookup(void *context, const char *name)
{
	const char *const *line = context;
	size_t len = strlen(name);

	for (; *line != NULL; line++)
	{
		if (strncasecmp(*line, name, len) == 0 && (*line)[len] == ':')
			return *line + len + 2;
	}
	return NULL;
}

static void
walk(void *context, GwHeaderTaker take, void *taker)
{
	for (const char *const *line = context; *line != NULL; line++)
	{
		const char *colon = strchr(*line, ':');
		char name[100];

		snprintf(name, sizeof(name), "%.*s", (int) (colon - *line), *line);
		take(taker, name, colon + 2);
	}
}

static void
begin(const char *method, const char *target, const char *const *headers)
{
	gw_request_reset(request);
	submitted = NULL;
	changed = false;
	ok(gw_request_begin(request, target, 0xabc, 1), "%s %.60s begins", method, target);
	gw_request_head(request, method, routes, &pools, lookup, walk, (void *) headers);
}

#define HEADERS(...)                    \
	(const char *const[])               \
	{                                   \
		__VA_ARGS__ __VA_OPT__(, ) NULL \
	}

static void
refused(int status, const char *text, const char *name)
{
	ok(request->has_problem, "%s is refused", name);
	is_int(request->problem.status, status, name);
	is_str(request->problem.text, text, name);
}

static void
test_head(void)
{
	begin("GET", "/v2/things?limit=3", HEADERS("Authorization: " GOOD, "Accept: text/plain"));
	ok(!request->has_problem, "a good request");
	is_str(request->id, "0000000000000abc", "its id");
	is_str(request->path, "/v2/things", "its path");
	is_str(request->query, "limit=3", "its query");
	is_str(request->domain, "test", "its domain");
	is_str(request->job.value[0], "3", "its parameter");
	is_str(request->accept, "text/plain", "what it accepts");
	ok(request->pool != NULL, "the domain is known");

	begin("GET", "/nowhere?limit=x", HEADERS());
	refused(404, "not found", "an unknown path comes before credentials");
	begin("DELETE", "/v2/things", HEADERS());
	refused(405, "this path does not have that method", "so does another method");
	is_str(request->allow, "GET, HEAD, POST, OPTIONS", "the others are named");
	begin("OPTIONS", "/v2/things", HEADERS());
	ok(!request->has_problem && request->kind == GW_REQUEST_OPTIONS, "OPTIONS needs nothing");
	begin("GET", "/Status", HEADERS());
	ok(!request->has_problem && request->kind == GW_REQUEST_STATUS, "/status needs nothing");
	begin("HEAD", "/openapi3.json?x", HEADERS());
	ok(!request->has_problem && request->kind == GW_REQUEST_DOCUMENT, "nor does the document");
	begin("POST", "/status", HEADERS());
	refused(404, "not found", "but only with GET");

	begin("GET", "/v2/things?limit=x", HEADERS());
	refused(401, "no valid credentials", "credentials come before parameters");
	begin("GET", "/v2/things?limit=0", HEADERS("Authorization: " GOOD));
	ok(request->has_problem && request->problem.status == 400, "parameters come next");
	begin("POST", "/v2/things", HEADERS("Authorization: " GOOD, "Content-Length: 5"));
	refused(400, "Content-Type: must be application/json", "then the media type");
	begin("POST", "/v2/things",
		  HEADERS("Authorization: " GOOD, "Content-Length: 21", "Content-Type: application/json"));
	refused(413, "the body is larger than 20 bytes", "and the announced length");
	begin("POST", "/v2/raw",
		  HEADERS("Authorization: " GOOD, "Content-Length: 99999999999999999999999999",
				  "Content-Type: text/csv"));
	refused(400, "the body is larger than 20 bytes", "however long it is");
}

static void
test_body(void)
{
	const char *const *json = HEADERS("Authorization: " GOOD, "Content-Type: application/json",
									  "Transfer-Encoding: chunked");
	char block[4096] = {0};
	int n = 0;

	begin("POST", "/v2/things", json);
	ok(gw_request_body(request, "{\"a\":", 5) && gw_request_body(request, "1}", 2), "two pieces");
	gw_request_check_body(request);
	ok(!request->has_problem, "are a body");
	gw_request_submit(request, &config, 1000);
	ok(submitted == &request->job, "the job is handed over");
	is_str(submitted->body, "{\"a\":1}", "with the body");
	is_int((long long) submitted->body_len, 7, "of that length");
	is_int(submitted->deadline, 1060, "and a deadline");

	begin("POST", "/v2/things", json);
	gw_request_check_body(request);
	refused(400, "body: is required", "no body");
	begin("POST", "/v2/raw", json);
	gw_request_check_body(request);
	ok(!request->has_problem, "where it need not be, none is good");

	begin("POST", "/v2/things", json);
	gw_request_body(request, "{}\0", 3);
	gw_request_check_body(request);
	refused(400, "body: must not have zero bytes", "a zero byte in JSON");
	begin("POST", "/v2/raw", json);
	gw_request_body(request, "{}\0", 3);
	gw_request_check_body(request);
	ok(!request->has_problem, "but raw bytes may be anything");

	begin("POST", "/v2/things", json);
	ok(gw_request_body(request, "12345678901234567890", 20), "a body of the greatest length");
	ok(!request->has_problem, "is good");
	ok(gw_request_body(request, "1", 1), "one byte more is taken in");
	refused(413, "the body is larger than 20 bytes", "and refused");
	ok(request->body == NULL, "what was there is dropped");
	while (gw_request_body(request, block, sizeof(block)) && n < 20000)
		n++;
	is_int(n, (32 << 20) / 4096 - 1, "the rest is thrown away up to a limit");
}

static void
test_unknown_domain(void)
{
	/* "other:secret-token.x" */
	begin("GET", "/v2/things", HEADERS("Authorization: Basic b3RoZXI6c2VjcmV0LXRva2VuLng="));
	ok(!request->has_problem && request->pool == NULL, "an unknown domain is told late");
	gw_request_submit(request, &config, 0);
	ok(submitted == NULL && request->job.is_problem, "when everything else is good");
	is_int(request->job.problem.status, 401, "as wrong credentials");

	pools.are_known = false;
	begin("GET", "/v2/things", HEADERS("Authorization: Basic b3RoZXI6c2VjcmV0LXRva2VuLng="));
	ok(request->has_problem, "before the domains are known it is told at once");
	is_int(request->problem.status, 503, "as a server that is not ready");
	begin("GET", "/v2/things", HEADERS("Accept: */*"));
	is_int(request->problem.status, 401, "no credentials are told as ever");
	pools.are_known = true;
}

/* What is wrong with a JSON body, in which place. The same for any domain: it is told before. */
static void
test_json(void)
{
	static const struct
	{
		const char *body;
		const char *problem; /* NULL: good */
	} cases[] = {
		{"{\"a\": 1}", NULL},
		{" [1, null] ", NULL},
		{"\"x\"", NULL},
		{"[-0, 1.5e+3, true]", NULL},
		{"\"\\ud834\\udd1e\\n\"", NULL},
		{"{\"a\": ", "line 1, column 7: it ends too early"},
		{"{} x", "line 1, column 4: the end is expected"},
		{"{'a': 1}", "line 1, column 2: a name is expected"},
		{"{\n  \"a\" 1}", "line 2, column 7: a colon is expected"},
		{"[1 2]", "line 1, column 4: a comma or ] is expected"},
		{"[1,]", "line 1, column 4: a value is expected"},
		{"{\"a\":1,}", "line 1, column 8: a name is expected"},
		{"{\"a\":1]", "line 1, column 7: a comma or } is expected"},
		{"[01]", "line 1, column 4: the number is invalid"},
		{"nul", "line 1, column 1: a value is expected"},
		{"[\"a\tb\"]", "line 1, column 4: a control character must be escaped"},
		{"[\"a", "line 1, column 4: the string does not end"},
		{"\"\\x\"", "line 1, column 2: the escape sequence is invalid"},
		{"\"\\u0000\"", "line 1, column 2: \\u0000 cannot be stored"},
		{"\"\\udd1e\"", "line 1, column 2: a low surrogate must follow a high one"},
		{"\"\\ud834x\"", "line 1, column 8: a high surrogate must be followed by a low one"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char expected[200];

		begin("POST", "/v2/things",
			  HEADERS("Authorization: Basic b3RoZXI6c2VjcmV0LXRva2VuLng=",
					  "Content-Type: application/json", "Transfer-Encoding: chunked"));
		gw_request_body(request, cases[i].body, strlen(cases[i].body));
		gw_request_check_body(request);
		snprintf(expected, sizeof(expected), "body: is not JSON: %s", cases[i].problem);
		if (cases[i].problem != NULL)
			refused(400, expected, cases[i].body);
		else
			ok(!request->has_problem, "%s", cases[i].body);
	}
	begin("POST", "/v2/things",
		  HEADERS("Authorization: " GOOD, "Content-Type: application/json",
				  "Transfer-Encoding: chunked"));
	gw_request_body(request, "\"\xff\"", 3);
	gw_request_check_body(request);
	refused(400, "body: must be UTF-8", "what is not UTF-8");
}

static void
test_json_depth(void)
{
	const size_t n = GW_JSON_MAX_DEPTH;
	char *text = malloc(2 * n + 2);
	GwJsonError error;

	memset(text, '[', n + 1);
	memset(text + n + 1, ']', n + 1);
	ok(gw_json_check(text + 1, 2 * n, &error), "nested as deeply as may be");
	ok(!gw_json_check(text, 2 * n + 2, &error), "more deeply");
	is_int((long long) error.column, GW_JSON_MAX_DEPTH + 1, "where");
	free(text);
}

/* The query and the headers as a whole. */
static void
test_parts(void)
{
	ShcArena *arena = shc_arena_new(1024 * 1024);
	GwProblem problem;
	char many[2 * GW_MAX_PARTS + 3];

	is_str(gw_query_json("", arena, &problem), "{}", "no query");
	is_str(gw_query_json("a=1&&b=&c&a=2&d=%22+%C3%A4&a=%61", arena, &problem),
		   "{\"a\":[\"1\",\"2\",\"a\"],\"b\":\"\",\"c\":\"\",\"d\":\"\\\" \xc3\xa4\"}", "a query");
	is_str(gw_query_json("=x&a=b=c&%3d=1", arena, &problem),
		   "{\"\":\"x\",\"a\":\"b=c\",\"=\":\"1\"}", "equals signs");
	ok(gw_query_json("a=%4", arena, &problem) == NULL && problem.status == 400, "half an escape");
	ok(gw_query_json("%00=1", arena, &problem) == NULL && problem.status == 400, "a zero byte");
	ok(gw_query_json("a=%ff", arena, &problem) == NULL && problem.status == 400, "no UTF-8");
	memset(many, 'a', sizeof(many));
	for (size_t i = 1; i < sizeof(many); i += 2)
		many[i] = '&';
	many[sizeof(many) - 1] = '\0';
	ok(gw_query_json(many, arena, &problem) == NULL && problem.status == 400, "too many");
	many[2 * GW_MAX_PARTS] = '\0';
	ok(gw_query_json(many, arena, &problem) != NULL, "as many as may be");

	is_str(gw_headers_json(walk, (void *) HEADERS("x-PROBE: v", "authorization: Basic x"), arena,
						   &problem),
		   "{\"X-Probe\":\"v\"}", "a header, and no credentials");
	is_str(gw_headers_json(walk,
						   (void *) HEADERS("A: 1", "Cookie: x=1", "a: 2", "cookie: y=2", "B: "),
						   arena, &problem),
		   "{\"A\":\"1, 2\",\"Cookie\":\"x=1; y=2\",\"B\":\"\"}", "some come several times");
	is_str(gw_headers_json(walk,
						   (void *) HEADERS("Connection: x", "Keep-Alive: x", "TE: x", "Te-x: y",
											"Transfer-Encoding: chunked", "Upgrade: x"),
						   arena, &problem),
		   "{\"Te-X\":\"y\"}", "not those of the connection");
	is_str(gw_headers_json(walk, (void *) HEADERS("A: \"\xff\t"), arena, &problem),
		   "{\"A\":\"\\\"\xef\xbf\xbd\\t\"}", "any bytes");
	shc_arena_free(arena);
}

static void
test_credentials(void)
{
	static const char *const bad[] = {NULL,
									  "",
									  "Basic",
									  "Basic ",
									  "BasicdGVzdDp4",
									  "Bearer dGVzdDp4",
									  "Basic dGVzd",
									  "Basic dGVzdA==", /* without a colon */
									  "Basic dGV zdDp4",
									  "Basic dGVzdDp4===",
									  "Basic AHRlc3Q6eA=="}; /* a zero in the domain */
	ShcArena *arena = shc_arena_new(4096);
	unsigned char digest[32];
	unsigned char again[32];
	const char *domain;
	char *big;

	ok(gw_credentials_parse(GOOD, arena, &domain, digest), "good credentials");
	is_str(domain, "test", "the domain is before the colon");
	/* printf secret-token.x | sha256sum */
	is_int(digest[0], 0x5a, "the digest of the token");
	is_int(digest[31], 0x73, "to its end");
	ok(gw_credentials_parse("bAsIc   dGVzdDpzZWNyZXQtdG9rZW4ueA  ", arena, &domain, again),
	   "in another spelling, without padding");
	ok(memcmp(digest, again, sizeof(digest)) == 0, "the token is the same");
	/* "test:a:b" and "test:" */
	ok(gw_credentials_parse("Basic dGVzdDphOmI=", arena, &domain, again), "a colon in the token");
	is_str(domain, "test", "the first colon counts");
	ok(gw_credentials_parse("Basic dGVzdDo=", arena, &domain, again), "an empty token");
	is_int(again[0], 0xe3, "is the digest of nothing");
	is_int(again[31], 0x55, "to its end");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!gw_credentials_parse(bad[i], arena, &domain, again), "refused: %s",
		   bad[i] != NULL ? bad[i] : "nothing");
	big = malloc(100001);
	memset(big, 'A', 100000);
	big[100000] = '\0';
	memcpy(big, "Basic ", 6);
	ok(!gw_credentials_parse(big, arena, &domain, again), "refused: too long");
	free(big);
	shc_arena_free(arena);
}

int
main(void)
{
	char file[] = "/tmp/test_request.XXXXXX";
	int fd = mkstemp(file);

	if (fd < 0 || write(fd, document, sizeof(document) - 1) != sizeof(document) - 1)
		return 1;
	close(fd);
	ok(gw_routes_load(file, &config, &routes), "the routes are read");
	unlink(file);
	request = gw_request_new();
	test_head();
	test_body();
	test_unknown_domain();
	test_json();
	test_json_depth();
	test_parts();
	test_credentials();
	gw_request_free(request);
	gw_routes_free(routes);
	return done();
}

/* ---- in place of the pools ---- */

void
gw_pool_hold(GwPool *pool)
{
	(*(int *) pool)++;
}

void
gw_pool_release(GwPool *pool)
{
	(*(int *) pool)--;
}

GwPool *
gw_pools_find(const GwPools *pools, const char *name)
{
	static int pool;

	(void) pools;
	return strcmp(name, known_domain) == 0 ? (GwPool *) &pool : NULL;
}

static void
note_change(GwJob *job)
{
	(void) job;
	changed = true;
}

void
gw_pool_submit(GwPool *pool, GwJob *job)
{
	(void) pool;
	submitted = job;
}

/* The real one tells the HTTP side. */
void
gw_job_fail(GwJob *job, const GwProblem *problem)
{
	note_change(job);
	job->is_problem = true;
	job->problem = *problem;
}

void
gw_job_drop_pieces(GwJob *job)
{
	(void) job;
}
