/*
 * cmd_program_run.c: selfctl program runs, logs: what ran in a domain; run, compile: here, without any.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_program.h"
#include "listing.h"
#include "log.h"
#include "program_path.h"

#define MAX_ARGUMENTS 14

static SessionOptions where;

static struct
{
	bool json;
	int limit;
	const char *run;
	const char *language;
	int deadline;
	const char *filename;
	const char *request;
} options = {.limit = 20};

/* ---- runs ---- */

static const CliOption runs_options[] = {
	SESSION_OPTIONS(where),
	{'n', "limit", "N", "at most so many, the newest first; default 20", CLI_NUMBER, &options.limit,
	 1, 100000},
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

static const char runs_query[] =
	"SELECT r.id AS run, r.kind, r.state, r.revision, r.due, r.started,"
	" round(extract(epoch FROM r.finished - r.started)::numeric * 1000)::bigint AS duration_ms,"
	" r.worker_name AS worker, r.error"
	" FROM selfhost.program_run AS r WHERE r.program_uuid = $1::uuid ORDER BY r.id DESC"
	" LIMIT $2::integer";

static int
run_runs(int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	char limit[16];
	const char *parameter[] = {uuid, limit};
	const Listing listing = {
		.query = runs_query,
		.n = 2,
		.parameter = parameter,
		.heading = {"RUN", "KIND", "STATE", "REVISION", "DUE", "STARTED", "MS", "WORKER", "ERROR"},
		.nothing = "It has not run yet.",
	};
	Session session;
	bool good;

	if (!object_check_words("program runs", argc, 1))
		return EXIT_CODE_USAGE;
	snprintf(limit, sizeof(limit), "%d", options.limit);
	good = session_open(&session, &where) && object_find(&session, OBJECT_PROGRAM, argv[0], uuid) &&
		   listing_print(&session, &listing, options.json);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const CliCommand cmd_program_runs = {
	.name = "runs",
	.summary = "list the runs of a program, the newest first",
	.arguments = PROGRAM_ARGUMENT,
	.description =
		"States: queued, running, succeeded, failed, timeout (killed at the deadline), lost\n"
		"(its worker went away), expired (no worker took it in time), cancelled.\n",
	.examples = "$ selfctl program runs heartbeat\n"
				"$ selfctl program runs heartbeat -n 1 --json | jq -r '.[0].state'\n",
	.options = runs_options,
	.run = run_runs,
};

/* ---- logs ---- */

static const CliOption logs_options[] = {
	SESSION_OPTIONS(where),
	{0, "run", "ID", "only that run", CLI_TEXT, &options.run, 0, 0},
	{'n', "limit", "N", "of at most so many runs, the newest last; default 20", CLI_NUMBER,
	 &options.limit, 1, 100000},
	{.name = NULL},
};

static bool
print_log(void *context, int n, const char *const *value)
{
	bool *any = context;

	(void) n;
	*any = true;
	printf("==> run %s, revision %s, %s: %s\n", value[0], value[1] != NULL ? value[1] : "-",
		   value[2] != NULL ? value[2] : "not started", value[3]);
	listing_print_text(value[5] != NULL ? value[5] : "");
	listing_print_text(value[4] != NULL ? value[4] : "");
	return true;
}

static int
run_logs(int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	char limit[16];
	const char *parameter[] = {uuid, options.run, limit};
	bool any = false;
	Session session;
	bool good;

	if (!object_check_words("program logs", argc, 1))
		return EXIT_CODE_USAGE;
	snprintf(limit, sizeof(limit), "%d", options.limit);
	good = session_open(&session, &where) && object_find(&session, OBJECT_PROGRAM, argv[0], uuid) &&
		   shc_pg_exec(session.pg,
					   "SELECT * FROM (SELECT r.id, r.revision, r.started, r.state, r.error, r.log"
					   " FROM selfhost.program_run AS r WHERE r.program_uuid = $1::uuid"
					   " AND ($2::bigint IS NULL OR r.id = $2::bigint)"
					   " ORDER BY r.id DESC LIMIT $3::integer) AS newest ORDER BY newest.id",
					   3, parameter, print_log, &any);
	if (good && !any)
		puts(options.run != NULL ? "There is no such run." : "It has not run yet.");
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const CliCommand cmd_program_logs = {
	.name = "logs",
	.summary = "print what the runs of a program have logged",
	.arguments = PROGRAM_ARGUMENT,
	.description = "Of each run the last 64 kB of its log are kept, and the error that ended it.\n",
	.examples = "$ selfctl program logs heartbeat -n 1\n"
				"$ selfctl program logs heartbeat --run 4711\n",
	.options = logs_options,
	.run = run_logs,
};

/* ---- run, compile ---- */

/* The file that the words or --filename name; NULL when they name none, or too many. */
static const char *
file_of(const char *command, int argc, char **argv)
{
	if (options.filename != NULL && argc == 0)
		return options.filename;
	return object_check_words(command, argc, 1) ? argv[0] : NULL;
}

/* Becomes the worker's program. against: a domain for modules; NULL: without any server. */
static int
become_worker(const char *command, const char *file, const char *against)
{
	const char *arguments[MAX_ARGUMENTS];
	char deadline[16];
	ShcArena *arena = shc_arena_new((size_t) 1024 * 1024);
	const char *program = arena != NULL ? program_path(arena, "worker", "selfpwrk") : NULL;
	int n = 0;

	if (program != NULL)
	{
		snprintf(deadline, sizeof(deadline), "%d", options.deadline);
		arguments[n++] = program;
		arguments[n++] = command;
		if (options.language != NULL)
		{
			arguments[n++] = "--language";
			arguments[n++] = options.language;
		}
		if (options.deadline > 0)
		{
			arguments[n++] = "--deadline";
			arguments[n++] = deadline;
		}
		if (options.request != NULL)
		{
			arguments[n++] = "--request";
			arguments[n++] = options.request;
		}
		arguments[n++] = file;
		arguments[n] = NULL;
		/* It may have a password in it, and everybody sees arguments. */
		if (against == NULL ? unsetenv("SELFPWRK_AGAINST") == 0
							: setenv("SELFPWRK_AGAINST", against, 1) == 0)
			execv(program, (char **) arguments);
		shc_error("cannot run %s: %s", program, strerror(errno));
	}
	shc_arena_free(arena);
	return EXIT_CODE_FAILED;
}

#define LOCAL_OPTIONS                                                                            \
	{'l',	   "language",		  "LANGUAGE", "of the file; default: by the ending of its name", \
	 CLI_TEXT, &options.language, 0,		  0},                                                \
		{0, "lang", "LANGUAGE", "the same", CLI_TEXT, &options.language, 0, 0},                  \
	{                                                                                            \
		'f', "filename", "FILE", "the file, instead of a word of its own", CLI_TEXT,             \
			&options.filename, 0, 0                                                              \
	}

static const CliOption run_options[] = {
	LOCAL_OPTIONS,
	{0, "deadline", "MS", "milliseconds after which it is killed", CLI_NUMBER, &options.deadline, 1,
	 3600000},
	{0, "request", "FILE|METHOD",
	 "call it as a webhook, with the body in a file, or with GET or\n"
	 "POST alone; the answer goes to standard output",
	 CLI_TEXT, &options.request, 0, 0},
	{0, "against", "DOMAIN",
	 "modules that are not beside FILE are those of that domain;\n"
	 "the same as --domain",
	 CLI_TEXT, &where.domain, 0, 0},
	SESSION_OPTIONS(where),
	{.name = NULL},
};

static int
run_against(const char *file)
{
	Session session;
	int code = EXIT_CODE_FAILED;

	/* The connection only shows that there is one: the worker makes its own. */
	if (session_open(&session, &where))
	{
		shc_pg_close(session.pg);
		session.pg = NULL;
		code = become_worker("run", file, session_conninfo(&session, &where));
	}
	session_close(&session);
	return code;
}

static int
run_run(int argc, char **argv)
{
	const char *file = file_of("program run", argc, argv);

	if (file == NULL)
		return EXIT_CODE_USAGE;
	return where.domain != NULL || where.dir != NULL || where.uri != NULL
			   ? run_against(file)
			   : become_worker("run", file, NULL);
}

const CliCommand cmd_program_run = {
	.name = "run",
	.summary = "run a program out of a file, here, without any server",
	.arguments = "FILE",
	.description =
		"In the same sandbox as the worker's. Its log goes to standard error. Modules are\n"
		"files beside it, and with a domain those of that. There is no selfapi here. Exit\n"
		"codes: 0 succeeded, 1 failed, 2 no such file, 3 past the deadline.\n",
	.examples = "$ selfctl program run heartbeat.lua --deadline 5000\n"
				"$ selfctl program run hook.lua --request body.json\n"
				"$ selfctl program run heartbeat.lua --against test\n",
	.options = run_options,
	.run = run_run,
};

static const CliOption compile_options[] = {
	LOCAL_OPTIONS,
	{.name = NULL},
};

static int
run_compile(int argc, char **argv)
{
	const char *file = file_of("program compile", argc, argv);

	return file != NULL ? become_worker("compile", file, NULL) : EXIT_CODE_USAGE;
}

const CliCommand cmd_program_compile = {
	.name = "compile",
	.summary = "check that a program compiles, without any server",
	.arguments = "FILE",
	.examples = "$ selfctl program compile heartbeat.lua\n",
	.options = compile_options,
	.run = run_compile,
};
