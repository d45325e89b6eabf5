/*
 * cmd_program.c: selfctl program: the records of programs.
 */
#include "cmd_program.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "listing.h"
#include "log.h"

static SessionOptions where;

static struct
{
	bool json;
	bool yes;
	const char *name;
	const char *type;
	const char *state;
	const char *schedule;
	const char *language;
	int deadline;
	CliList tags;
} options;

/* ---- list ---- */

static const CliOption list_options[] = {
	SESSION_OPTIONS(where),
	{0, "type", "TYPE", "only modules, routines or webhooks: module, routine, webhook", CLI_TEXT,
	 &options.type, 0, 0},
	{0, "state", "STATE", "only those: active, inactive, failed", CLI_TEXT, &options.state, 0, 0},
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

static const char list_query[] =
	"SELECT p.name, p.uuid, p.type, p.state, p.language,"
	" (SELECT max(v.revision) FROM selfhost.program_revision AS v"
	"  WHERE v.program_uuid = p.uuid AND v.code IS NOT NULL) AS newest,"
	" (SELECT max(v.revision) FROM selfhost.program_revision AS v"
	"  WHERE v.program_uuid = p.uuid AND v.code IS NOT NULL AND v.signed IS NOT NULL) AS signed,"
	" CASE WHEN p.type = 'routine' THEN p.schedule END AS schedule"
	" FROM selfhost.program AS p"
	" WHERE ($1::text IS NULL OR p.type::text = $1) AND ($2::text IS NULL OR p.state::text = $2)"
	" ORDER BY p.name, p.uuid";

static int
run_list(int argc, char **argv)
{
	const char *parameter[] = {options.type, options.state};
	const Listing listing = {
		.query = list_query,
		.n = 2,
		.parameter = parameter,
		.heading = {"NAME", "UUID", "TYPE", "STATE", "LANGUAGE", "NEWEST", "SIGNED", "SCHEDULE"},
		.nothing = "There are no programs.",
	};

	(void) argc;
	(void) argv;
	return listing_run(&where, &listing, options.json);
}

static const CliCommand cmd_program_list = {
	.name = "list",
	.summary = "list programs",
	.description =
		"NEWEST is the newest revision of the code, SIGNED the newest signed one, which is\n"
		"what runs.\n",
	.examples = "$ selfctl program list --type routine\n"
				"$ selfctl program list --json | jq -r '.[].name'\n",
	.options = list_options,
	.run = run_list,
};

/* ---- show ---- */

static const CliOption show_options[] = {
	SESSION_OPTIONS(where),
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

/* For people the revisions are a table of their own. */
#define SHOW_COLUMNS "p.name, p.uuid, p.type, p.state, p.language, p.schedule, p.deadline, "

static const char show_query[] =
	"SELECT " SHOW_COLUMNS "array_to_string(p.tags, ' ') AS tags,"
	" coalesce((SELECT u.name FROM selfhost.user_account AS u WHERE u.uuid = p.created_by), '-')"
	" AS owner FROM selfhost.program AS p WHERE p.uuid = $1::uuid";

#define REVISION_COLUMNS                                                                          \
	"v.revision, v.created,"                                                                      \
	" (SELECT u.name FROM selfhost.user_account AS u WHERE u.uuid = v.created_by) AS created_by," \
	" v.signed,"                                                                                  \
	" (SELECT u.name FROM selfhost.user_account AS u WHERE u.uuid = v.signed_by) AS signed_by,"   \
	" v.deleted"

static const char show_json_query[] =
	"SELECT " SHOW_COLUMNS "p.tags,"
	" (SELECT u.name FROM selfhost.user_account AS u WHERE u.uuid = p.created_by) AS owner,"
	" (SELECT coalesce(json_agg(r ORDER BY r.revision), '[]') FROM (SELECT " REVISION_COLUMNS
	"  FROM selfhost.program_revision AS v WHERE v.program_uuid = p.uuid) AS r) AS revisions"
	" FROM selfhost.program AS p WHERE p.uuid = $1::uuid";

static const char revisions_query[] =
	"SELECT " REVISION_COLUMNS " FROM selfhost.program_revision AS v"
	" WHERE v.program_uuid = $1::uuid ORDER BY v.revision";

static bool
show(Session *session, const char *uuid)
{
	const Listing program = {
		.query = options.json ? show_json_query : show_query,
		.n = 1,
		.parameter = &uuid,
		.heading = {"name", "uuid", "type", "state", "language", "schedule", "deadline (ms)",
					"tags", "owner"},
	};
	const Listing revisions = {
		.query = revisions_query,
		.n = 1,
		.parameter = &uuid,
		.heading = {"REVISION", "CREATED", "BY", "SIGNED", "BY", "DELETED"},
		.nothing = "It has no code yet: \"selfctl program push\" uploads some.",
	};

	if (!listing_print_one(session, &program, options.json))
		return false;
	if (options.json)
		return true;
	putchar('\n');
	return listing_print(session, &revisions, false);
}

static int
run_show(int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	Session session;
	bool good;

	if (!object_check_words("program show", argc, 1))
		return EXIT_CODE_USAGE;
	good = session_open(&session, &where) && object_find(&session, OBJECT_PROGRAM, argv[0], uuid) &&
		   show(&session, uuid);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliCommand cmd_program_show = {
	.name = "show",
	.summary = "show a program and the revisions of its code",
	.arguments = PROGRAM_ARGUMENT,
	.description = "PROGRAM is its name or its uuid. A signed revision that was deleted is still\n"
				   "listed, without code.\n",
	.examples = "$ selfctl program show \"daily report\"\n",
	.options = show_options,
	.run = run_show,
};

/* ---- create, set, delete ---- */

static void
add_text(json_object *body, const char *name, const char *value)
{
	if (value != NULL)
		json_object_object_add(body, name, json_object_new_string(value));
}

/* What the options say, as the body of a request. */
static json_object *
make_body(void)
{
	json_object *body = json_object_new_object();

	add_text(body, "name", options.name);
	add_text(body, "type", options.type);
	add_text(body, "state", options.state);
	add_text(body, "schedule", options.schedule);
	add_text(body, "language", options.language);
	if (options.deadline > 0)
		json_object_object_add(body, "deadline", json_object_new_int(options.deadline));
	if (options.tags.n > 0)
	{
		json_object *tags = json_object_new_array();

		for (int i = 0; i < options.tags.n; i++)
			json_object_array_add(tags, json_object_new_string(options.tags.item[i]));
		json_object_object_add(body, "tags", tags);
	}
	return body;
}

#define BODY_OPTIONS                                                                              \
	{0,		   "state",		   "STATE", "active (it runs once a revision is signed) or inactive", \
	 CLI_TEXT, &options.state, 0,		0},                                                       \
		{0,			 "schedule",                                                                  \
		 "SCHEDULE", "when a routine runs: six fields, @hourly, @every 90s, ...",                 \
		 CLI_TEXT,	 &options.schedule,                                                           \
		 0,			 0},                                                                          \
		{0,			 "deadline",		"MS", "milliseconds after which a run is killed",         \
		 CLI_NUMBER, &options.deadline, 1,	  3600000},                                           \
		{0, "language", "LANGUAGE", "lua or tengo", CLI_TEXT, &options.language, 0, 0},           \
	{                                                                                             \
		0, "tag", "TAG", "a tag; may be repeated", CLI_LIST, &options.tags, 0, 0                  \
	}

static const CliOption create_options[] = {
	SESSION_OPTIONS(where),
	{0, "type", "TYPE", "module, routine or webhook; required", CLI_TEXT, &options.type, 0, 0},
	BODY_OPTIONS,
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

static bool
create(Session *session, const char *name)
{
	json_object *body;
	const char *text;
	char *uuid = NULL;
	bool good;

	options.name = name;
	if (options.state == NULL)
		options.state = "active";
	if (options.schedule == NULL)
		options.schedule = "@hourly"; /* must be there; says nothing where it is no routine */
	if (options.language == NULL)
		options.language = "lua";
	if (options.deadline == 0)
		options.deadline = 10000;
	body = make_body();
	text = json_object_to_json_string(body);
	good = session_needs_user(session) &&
		   shc_pg_value(session->pg, "SELECT selfhost.create_program($1::jsonb)->>'uuid'", 1, &text,
						&uuid);
	json_object_put(body);
	if (good && options.json)
		printf("{\"uuid\":\"%s\"}\n", uuid);
	else if (good)
		printf("%s\n", uuid);
	free(uuid);
	return good;
}

static int
run_create(int argc, char **argv)
{
	Session session;
	bool good;

	if (!object_check_words("program create", argc, 1))
		return EXIT_CODE_USAGE;
	if (options.type == NULL || (strcmp(options.type, "routine") == 0 && options.schedule == NULL))
	{
		fprintf(stderr, "selfctl program create: %s\nTry \"selfctl program create --help\".\n",
				options.type == NULL ? "--type is required" : "a routine needs --schedule");
		return EXIT_CODE_USAGE;
	}
	good = session_open(&session, &where) && create(&session, argv[0]);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliCommand cmd_program_create = {
	.name = "create",
	.summary = "make a program, without code yet",
	.arguments = "NAME",
	.description = "Prints its uuid. Without the options: active, Lua, a deadline of 10 seconds.\n"
				   "\"selfctl program push --sign\" gives it code.\n",
	.examples = "$ selfctl program create heartbeat --type routine --schedule '0 * * * * *'\n"
				"$ selfctl program create hook --type webhook --deadline 2000\n",
	.options = create_options,
	.run = run_create,
};

static const CliOption set_options[] = {
	SESSION_OPTIONS(where),
	{0, "name", "NAME", "another name", CLI_TEXT, &options.name, 0, 0},
	{0, "type", "TYPE", "module, routine or webhook", CLI_TEXT, &options.type, 0, 0},
	BODY_OPTIONS,
	{.name = NULL},
};

static int
run_set(int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	Session session;
	bool good;

	if (!object_check_words("program set", argc, 1))
		return EXIT_CODE_USAGE;
	good = session_open(&session, &where) && object_find(&session, OBJECT_PROGRAM, argv[0], uuid);
	if (good)
	{
		json_object *body = make_body();
		const char *parameter[] = {uuid, json_object_to_json_string(body)};

		good = shc_pg_exec(session.pg, "SELECT selfhost.update_program($1::uuid, $2::jsonb)", 2,
						   parameter, NULL, NULL);
		json_object_put(body);
	}
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliCommand cmd_program_set = {
	.name = "set",
	.summary = "change a program's record",
	.arguments = PROGRAM_ARGUMENT,
	.description = "What no option names stays as it is. A program that failed too often in a row\n"
				   "gets the state failed; --state active has it tried again.\n",
	.examples = "$ selfctl program set heartbeat --state inactive\n"
				"$ selfctl program set heartbeat --schedule '@every 5m' --deadline 30000\n",
	.options = set_options,
	.run = run_set,
};

static const CliOption delete_options[] = {
	SESSION_OPTIONS(where),
	{'y', "yes", NULL, "do it: code, revisions and runs are gone for good", CLI_FLAG, &options.yes,
	 0, 0},
	{.name = NULL},
};

static int
run_delete(int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	const char *parameter = uuid;
	Session session;
	bool good;

	if (!object_check_words("program delete", argc, 1))
		return EXIT_CODE_USAGE;
	if (!options.yes)
	{
		fprintf(stderr,
				"selfctl program delete: say --yes; its code, revisions and runs will be gone "
				"for good\n");
		return EXIT_CODE_USAGE;
	}
	good = session_open(&session, &where) && object_find(&session, OBJECT_PROGRAM, argv[0], uuid) &&
		   shc_pg_exec(session.pg, "SELECT selfhost.delete_program($1::uuid)", 1, &parameter, NULL,
					   NULL);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliCommand cmd_program_delete = {
	.name = "delete",
	.summary = "delete a program with its code and its runs",
	.arguments = PROGRAM_ARGUMENT,
	.examples = "$ selfctl program delete heartbeat --yes\n",
	.options = delete_options,
	.run = run_delete,
};

static const CliCommand *const commands[] = {
	&cmd_program_list,	  &cmd_program_show,
	&cmd_program_create,  &cmd_program_set,
	&cmd_program_delete,  &cmd_program_push,
	&cmd_program_code,	  &cmd_program_sign,
	&cmd_program_diff,	  &cmd_program_runs,
	&cmd_program_logs,	  &cmd_program_run,
	&cmd_program_compile, NULL,
};

const CliCommand cmd_program = {
	.name = "program",
	.summary = "programs of a domain: records, code, runs; and running them here",
	.description =
		"A program is a routine that runs on a schedule, a webhook that answers HTTP\n"
		"requests, or a module that others import. Its code has numbered revisions; the\n"
		"newest signed one is what runs. \"run\" and \"compile\" need no server.\n",
	.examples = "$ selfctl program create heartbeat --type routine --schedule '0 * * * * *'\n"
				"$ selfctl program run heartbeat.lua\n"
				"    try it here\n"
				"$ selfctl program push heartbeat heartbeat.lua --sign\n"
				"$ selfctl program runs heartbeat\n"
				"$ selfctl program logs heartbeat\n",
	.commands = commands,
};
