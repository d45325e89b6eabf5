/*
 * cmd_policy_test.c: selfctl policy test: whether a user may do something, and which policies decide it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "noun.h"

static const CliOption test_options[] = {NOUN_WHERE, NOUN_JSON, NOUN_END};

static const NounVerb policy_test = {
	.command = "policy test",
	.n_words = 3,
	.word = {OBJECT_USER, OBJECT_NONE, OBJECT_NONE},
};

/* The users' names are shown as they may be: without control characters. */
#define EXPLAIN "selfhost.explain_access($1::uuid, $2, $3)"
#define VERDICT                                                                                 \
	"SELECT CASE WHEN (q.j->>'allowed')::boolean THEN 'allowed: ' ELSE 'not allowed: ' END || " \
	"(q.j->>'reason') FROM (SELECT " EXPLAIN " AS j) AS q"

static bool
print_line(void *context, int n, const char *const *value)
{
	(void) context;
	(void) n;
	return puts(value[0]) >= 0;
}

static bool
explain(Session *session, char **argv)
{
	char uuid[NOUN_WORDS_MAX][OBJECT_UUID_SIZE];
	const char *parameter[NOUN_WORDS_MAX];
	Listing listing = {
		.query = "SELECT CASE WHEN (p->>'decides')::boolean THEN 'yes' ELSE 'no' END AS decides, "
				 "p->>'effect' AS effect, p->>'group' AS \"group\", p->>'action' AS action, "
				 "p->>'resource' AS resource, p->>'uuid' AS uuid "
				 "FROM jsonb_array_elements(" EXPLAIN "->'policies') WITH ORDINALITY AS e (p, n) "
				 "ORDER BY n",
		.n = 3,
		.parameter = parameter,
		.heading = {"DECIDES", "EFFECT", "GROUP", "ACTION", "RESOURCE", "UUID"},
		.nothing = "No policy of the user's groups concerns it.",
	};

	if (!noun_find_words(session, &policy_test, argv, uuid, parameter))
		return false;
	if (noun_options.json)
		return shc_pg_exec(session->pg, "SELECT jsonb_pretty(" EXPLAIN ")", 3, parameter,
						   print_line, NULL);
	return shc_pg_exec(session->pg, VERDICT, 3, parameter, print_line, NULL) &&
		   listing_print(session, &listing, false);
}

static int
run_test(int argc, char **argv)
{
	Session session;
	bool good;

	if (!noun_check(&policy_test, argc))
		return EXIT_CODE_USAGE;
	/* It is for who administers the database, whatever the rights of a token are. */
	noun_options.where.as_owner = true;
	good = session_open(&session, &noun_options.where) && explain(&session, argv);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const CliCommand cmd_policy_test = {
	.name = "test",
	.summary = "whether a user may do something, and which policies decide it",
	.arguments = "USER ACTION RESOURCE",
	.description =
		"ACTION is create, read, update or delete; RESOURCE one that a request asks for, as\n"
		"things, timeseries/UUID/data or programs/UUID/code: x-scope in the description of the "
		"API.\n"
		"Lists all policies of the user's groups that concern it. Denials outweigh the rest.\n"
		"Exits with 0 whatever the answer is; scripts look at \"allowed\" of --json.\n",
	.examples =
		"$ selfctl policy test ann read timeseries/2c9a6868-f1f3-47e4-9b51-622ee69724af/data\n"
		"$ selfctl policy test ann create things --json | jq .allowed\n",
	.options = test_options,
	.run = run_test,
};
