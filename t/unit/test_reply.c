/*
 * test_reply.c: SQL errors as answers, and the bodies of errors.
 */
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define SECRET "relation \"token\" of role \"postgres\""

/* What an error of PostgreSQL becomes. text NULL: the message itself. */
typedef struct MapCase
{
	const char *sqlstate;
	const char *schema;
	int status;
	int retry_after;
	GwErrorAction action;
	bool log_it;
	const char *text;
} MapCase;

static const MapCase cases[] = {
	/* refusals of the extension */
	{"42501", "selfhost", 403, 0, GW_ERROR_ANSWER, false, NULL},
	{"P0002", "selfhost", 404, 0, GW_ERROR_ANSWER, false, NULL},
	{"23505", "selfhost", 409, 0, GW_ERROR_ANSWER, false, NULL},
	{"22023", "selfhost", 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"22000", "selfhost", 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"23502", "selfhost", 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"23503", "selfhost", 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"23514", "selfhost", 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"54001", "selfhost", 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"54000", "selfhost", 413, 0, GW_ERROR_ANSWER, false, NULL},
	/* PostgreSQL about the client's values */
	{"22P02", NULL, 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"22007", NULL, 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"22008", NULL, 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"22009", "", 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"22021", NULL, 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"22P05", NULL, 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"22003", "public", 400, 0, GW_ERROR_ANSWER, false, NULL},
	{"22023", NULL, 400, 0, GW_ERROR_ANSWER, false, NULL},
	/* PostgreSQL about its own things: the status, but not the words */
	{"22012", NULL, 400, 0, GW_ERROR_ANSWER, false, "the request has an invalid value"},
	{"P0002", NULL, 404, 0, GW_ERROR_ANSWER, false, "not found"},
	{"23505", NULL, 409, 0, GW_ERROR_ANSWER, false, "an object with these values exists already"},
	{"23502", "public", 400, 0, GW_ERROR_ANSWER, false, "a required value is missing"},
	{"23503", NULL, 400, 0, GW_ERROR_ANSWER, false,
	 "the request refers to an object that does not exist"},
	{"23514", NULL, 400, 0, GW_ERROR_ANSWER, false, "the request has an invalid value"},
	{"54001", NULL, 400, 0, GW_ERROR_ANSWER, false, "the request is nested too deeply"},
	{"54000", NULL, 413, 0, GW_ERROR_ANSWER, false, "the request is too large"},
	{"54023", NULL, 413, 0, GW_ERROR_ANSWER, false, "the request is too large"},
	/* a missing grant is a fault of the installation, not of the client */
	{"42501", NULL, 500, 0, GW_ERROR_ANSWER, true, "internal error"},
	{"42501", "pg_catalog", 500, 0, GW_ERROR_ANSWER, true, "internal error"},
	/* to be tried again */
	{"40001", NULL, 503, 1, GW_ERROR_REPEAT, false, "other requests were in the way, try again"},
	{"40P01", NULL, 503, 1, GW_ERROR_REPEAT, false, "other requests were in the way, try again"},
	{"40001", "selfhost", 503, 1, GW_ERROR_REPEAT, false,
	 "other requests were in the way, try again"},
	{"26000", NULL, 500, 0, GW_ERROR_PREPARE, true, "internal error"},
	{"0A000", NULL, 500, 0, GW_ERROR_PREPARE, true, "internal error"},
	/* unavailable */
	{"53100", NULL, 503, 5, GW_ERROR_ANSWER, true, "the service is unavailable, try again later"},
	{"53300", NULL, 503, 5, GW_ERROR_ANSWER, true, "the service is unavailable, try again later"},
	{"55P03", NULL, 503, 1, GW_ERROR_ANSWER, true, "the service is unavailable, try again later"},
	{"57P01", NULL, 503, 1, GW_ERROR_ANSWER, true, "the service is unavailable, try again later"},
	{"57P03", NULL, 503, 1, GW_ERROR_ANSWER, true, "the service is unavailable, try again later"},
	{"08006", NULL, 503, 1, GW_ERROR_ANSWER, true, "the service is unavailable, try again later"},
	{"42883", NULL, 503, 5, GW_ERROR_ANSWER, true, "the service is unavailable, try again later"},
	{NULL, NULL, 503, 1, GW_ERROR_ANSWER, true, "the service is unavailable, try again later"},
	{"57014", NULL, 504, 0, GW_ERROR_ANSWER, false, "the request took too long"},
	/* everything else */
	{"28000", NULL, 500, 0, GW_ERROR_ANSWER, true, "internal error"},
	{"28000", "selfhost", 500, 0, GW_ERROR_ANSWER, true, "internal error"},
	{"25006", NULL, 503, 1, GW_ERROR_ELSEWHERE, true,
	 "the service is unavailable, try again later"},
	{"XX000", NULL, 500, 0, GW_ERROR_ANSWER, true, "internal error"},
	{"XX000", "selfhost", 500, 0, GW_ERROR_ANSWER, true, "internal error"},
	{"P0001", NULL, 500, 0, GW_ERROR_ANSWER, true, "internal error"},
	{"42P01", NULL, 500, 0, GW_ERROR_ANSWER, true, "internal error"},
	{"55000", NULL, 500, 0, GW_ERROR_ANSWER, true, "internal error"},
	{"", NULL, 500, 0, GW_ERROR_ANSWER, true, "internal error"},
	{"2", NULL, 500, 0, GW_ERROR_ANSWER, true, "internal error"},
};

static void
test_map(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const MapCase *c = &cases[i];
		GwProblem problem;
		bool log_it = !c->log_it;
		GwErrorAction action = gw_reply_map(c->sqlstate, SECRET, c->schema, &problem, &log_it);

		if (!ok(problem.status == c->status && problem.retry_after == c->retry_after &&
					action == c->action && log_it == c->log_it &&
					strcmp(problem.text, c->text != NULL ? c->text : SECRET) == 0,
				"SQLSTATE %s, schema %s", c->sqlstate != NULL ? c->sqlstate : "(none)",
				c->schema != NULL ? c->schema : "(none)"))
			printf("# got %d %d %d %d %s\n", problem.status, problem.retry_after, action, log_it,
				   problem.text);
	}
}

static const char *
message_of(const char *message)
{
	static GwProblem problem;
	bool log_it;

	gw_reply_map("22023", message, "selfhost", &problem, &log_it);
	return problem.text;
}

static void
test_messages(void)
{
	char long_message[1000] = "";
	const char *text;

	is_str(message_of("name: must have at least 3 characters"),
		   "name: must have at least 3 characters", "a message is passed on");
	is_str(message_of("one\ntwo"), "one", "only its first line");
	is_str(message_of("one\r\ntwo"), "one", "wherever that ends");
	is_str(message_of("a\tb\x01\x1b[31m\x7f"
					  "c"),
		   "ab[31mc", "without control characters");
	is_str(message_of("gr\xc3\xb6\xc3\x9f"
					  "er"),
		   "gr\xc3\xb6\xc3\x9f"
		   "er",
		   "with other letters");
	is_str(message_of("a\xe0\nb"), "a?", "a broken character does not hide the end of the line");
	is_str(message_of("a\xff\x80 b\xc3"), "a?? b?", "broken characters become question marks");
	is_str(message_of(""), "the request has an invalid value", "an empty message is replaced");
	is_str(message_of("\nx"), "the request has an invalid value", "and one without a first line");
	is_str(message_of(NULL), "the request has an invalid value", "and a missing one");
	for (int i = 0; i < 400; i++)
		strcat(long_message, "\xc3\xa5");
	text = message_of(long_message);
	ok(strlen(text) >= 290 && strlen(text) < sizeof(((GwProblem *) 0)->text) &&
		   strlen(text) % 2 == 0,
	   "a long message is cut between characters");
}

static void
test_bodies(void)
{
	GwProblem problem;
	const char *type;
	char out[2000];
	size_t len;

	gw_problem_set(&problem, 400, "%s: must be \"%s\"", "x", "y");
	is_int(problem.status, 400, "a problem has its status");
	is_int(problem.retry_after, 0, "and no Retry-After");

	len = gw_problem_body(&problem, NULL, "id", out, sizeof(out), &type);
	is_str(out, "x: must be \"y\"\n", "plain text");
	is_int((long long) len, (long long) strlen(out), "of its length");
	is_str(type, "text/plain; charset=utf-8", "and type");

	len =
		gw_problem_body(&problem, "application/problem+json", "4e71\"\\", out, sizeof(out), &type);
	is_str(out,
		   "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
		   "\"detail\":\"x: must be \\\"y\\\"\",\"instance\":\"4e71\\\"\\\\\"}\n",
		   "a problem in JSON");
	is_int((long long) len, (long long) strlen(out), "of its length");
	is_str(type, "application/problem+json", "and type");

	gw_problem_body(&problem, "application/problem+json", NULL, out, sizeof(out), &type);
	ok(strstr(out, "\"instance\":\"\"") != NULL, "without a request id");
	len = gw_problem_body(&problem, "application/problem+json", "id", out, 40, &type);
	is_str(type, "text/plain; charset=utf-8", "text where JSON has no room");
	is_str(out, "x: must be \"y\"\n", "the whole of it");
	len = gw_problem_body(&problem, NULL, "id", out, 5, &type);
	is_str(out, "x: m", "never more than there is room");
	is_int((long long) len, 4, "and of that length");
	is_int((long long) gw_problem_body(&problem, NULL, "id", out, 0, &type), 0,
		   "nothing into nothing");
}

static void
test_accept(void)
{
	static const struct
	{
		const char *accept;
		bool json;
	} accepts[] = {
		{NULL, false},
		{"", false},
		{"*/*", false},
		{"application/*", false},
		{"application/json", false},
		{"application/problem+json", true},
		{"Application/Problem+JSON", true},
		{"text/html, application/problem+json;q=0.5, */*;q=0.1", true},
		{"text/html,application/problem+json", true},
		{"  application/problem+json  ", true},
		{"application/problem+json; q=0", false},
		{"application/problem+json;q=0.000", false},
		{"application/problem+json;q=0.001", true},
		{"application/problem+json;charset=utf-8;q=0", false},
		{"application/problem+json;q=0, application/problem+json", true},
		{"application/problem+jsonx", false},
		{"x application/problem+json", false},
		{"application/problem", false},
		{",,,", false},
		{";", false},
		{"application/problem+json;", true},
		{"application/problem+json;q=", false},
	};
	GwProblem problem;

	gw_problem_set(&problem, 404, "not found");
	for (size_t i = 0; i < sizeof(accepts) / sizeof(accepts[0]); i++)
	{
		const char *type;
		char out[1000];

		gw_problem_body(&problem, accepts[i].accept, "id", out, sizeof(out), &type);
		ok((strcmp(type, "application/problem+json") == 0) == accepts[i].json, "Accept: %s",
		   accepts[i].accept != NULL ? accepts[i].accept : "(none)");
	}
}

/* Random messages and Accept headers: the body stays one line, within its room, and valid text. */
static void
test_random(void)
{
	uint64_t state = tap_seed();
	unsigned seed = (unsigned) tap_random(&state);
	int wrong = 0;

	for (int i = 0; i < 200000; i++)
	{
		char message[600];
		char out[600];
		GwProblem problem;
		const char *type;
		bool log_it;
		size_t len;
		size_t n = seed % sizeof(message);

		for (size_t j = 0; j < n; j++)
		{
			seed = (unsigned) tap_random(&state);
			message[j] = (char) (seed >> 16);
		}
		message[n > 0 ? n - 1 : 0] = '\0';
		seed = (unsigned) tap_random(&state);
		gw_reply_map("22023", message, "selfhost", &problem, &log_it);
		len = gw_problem_body(&problem, i % 2 ? "application/problem+json" : message, "id", out,
							  (seed >> 16) % sizeof(out) + 1, &type);
		wrong += strlen(out) != len || strcspn(out, "\n") + 1 < len;
	}
	is_int(wrong, 0, "random messages stay one line");
}

static void
test_parameter(void)
{
	static const struct
	{
		const char *context;
		int number;
	} cases[] = {
		{NULL, 0},
		{"", 0},
		{"unnamed portal parameter $2", 2},
		{"JSON data, line 1: {\"a\": $3\nunnamed portal parameter $12 = '...'", 12},
		{"unbenanntes Portal Parameter $3", 3},
		{"SQL statement \"SELECT $1::integer\"\nPL/pgSQL function f(text) line 3 at $1", 0},
		{"PL/pgSQL assignment \"x := $1\"", 0},
		{"parameter $0", 0},
		{"costs $99999999999999999999", 0},
	};
	GwProblem problem;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(gw_reply_parameter(cases[i].context), cases[i].number, cases[i].context);
	gw_problem_set(&problem, 400, "is wrong");
	gw_problem_name(&problem, "limit");
	is_str(problem.text, "limit: is wrong", "a problem with the name of its field");
}

int
main(void)
{
	test_map();
	test_messages();
	test_bodies();
	test_accept();
	test_parameter();
	test_random();
	is_str(gw_status_phrase(404), "Not Found", "a phrase");
	is_str(gw_status_phrase(499), "Error", "a phrase for an unknown status");
	return done_testing();
}
