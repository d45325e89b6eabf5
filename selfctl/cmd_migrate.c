/*
 * cmd_migrate.c: selfctl migrate: a domain out of a database of the server before this one.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "log.h"
#include "migrate.h"
#include "session.h"

static SessionOptions where = {.as_owner = true};

static struct
{
	const char *from;
	bool dry_run;
	bool json;
	bool keep_policies;
	bool inactive;
} options;

/* ---- interruptions ---- */

static volatile sig_atomic_t interrupted;

static void
interrupt(int signal)
{
	(void) signal;
	interrupted = 1;
}

static void
catch_interrupts(void)
{
	struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int) SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool
migrate_is_interrupted(void)
{
	if (interrupted == 1)
		shc_error("interrupted: the same command goes on where it was");
	if (interrupted != 0)
		interrupted = 2;
	return interrupted != 0;
}

/* ---- the work ---- */

/* Nothing of a domain's own settings is to end it, and no name means anything else than ours. */
static const char target_script[] =
	"SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET TimeZone = 'UTC';"
	"SET DateStyle = 'ISO'; SET extra_float_digits = 3; SET search_path = pg_catalog, pg_temp";

static bool
check_target(ShcPg *target)
{
	char *text = NULL;
	bool good = shc_pg_script(target, target_script) &&
				shc_pg_value(target, "SELECT to_regclass('selfhost.user_account')", 0, NULL, &text);

	if (good && text == NULL)
		shc_error("--to: this database is no domain: it has not the extension selfhost");
	good = good && text != NULL;
	free(text);
	text = NULL;
	good = good && shc_pg_value(target,
								"SELECT 1 FROM selfhost.user_group"
								" WHERE uuid = '00000000-0000-1000-8000-000000000000'",
								0, NULL, &text);
	if (good && text == NULL)
		shc_error(
			"--to: the domain is not initialised: run SELECT selfhost.init() in its database");
	good = good && text != NULL;
	free(text);
	return good;
}

/* All or nothing; of a rehearsal, nothing. */
static bool
move_rows(Migration *migration)
{
	bool good = shc_pg_script(migration->target, "BEGIN") && migrate_accounts(migration) &&
				migrate_objects(migration);

	return shc_pg_script(migration->target, good && !migration->dry_run ? "COMMIT" : "ROLLBACK") &&
		   good;
}

/* Routines run from now on. */
static bool
plan_programs(Migration *migration)
{
	return migration->dry_run ||
		   shc_pg_exec(migration->target,
					   "SELECT count(selfhost._plan_program(p.uuid)) FROM selfhost.program AS p"
					   " WHERE p.type = 'routine'",
					   0, NULL, NULL, NULL);
}

static bool
migrate(Migration *migration)
{
	migrate_report_begin(&migration->report, options.json);
	if (!move_rows(migration) || !migrate_datasets(migration) || !migrate_points(migration) ||
		!plan_programs(migration))
		return false;
	migration->report.was_written = migrate_source_was_written(migration);
	return true;
}

static int
conclude(Migration *migration, bool good)
{
	MigrateReport *report = &migration->report;
	bool is_verified = migration->dry_run || report->series_verified == report->series;

	migrate_report_end(report, good, migration->dry_run);
	fflush(stdout);
	if (!good)
		shc_error("not finished; the same command goes on");
	else if (!is_verified)
		shc_error("the points of %" PRIu64 " time series differ from those of the source",
				  report->series - report->series_verified);
	else if (report->was_written)
		shc_warning("the source was written to meanwhile: migrate again to get that, too");
	if (!good || !is_verified)
		return EXIT_CODE_FAILED;
	return migrate_report_lost(report) > 0 ? EXIT_CODE_LEFT_BEHIND : EXIT_CODE_OK;
}

static int
run(int argc, char **argv)
{
	Migration migration = {.dry_run = options.dry_run,
						   .keep_policies = options.keep_policies,
						   .inactive = options.inactive};
	int code = EXIT_CODE_FAILED;
	Session session;

	(void) argc;
	(void) argv;
	if (options.from == NULL || (where.domain == NULL && where.uri == NULL))
	{
		fprintf(stderr, "selfctl migrate: %s is missing\nTry \"selfctl migrate --help\".\n",
				options.from == NULL ? "--from" : "--to");
		return EXIT_CODE_USAGE;
	}
	if (session_open(&session, &where) && check_target(session.pg) &&
		migrate_open_source(&migration, options.from))
	{
		migration.target = session.pg;
		catch_interrupts();
		code = conclude(&migration, migrate(&migration));
	}
	shc_pg_close(migration.source);
	session_close(&session);
	return code;
}

static const CliOption migrate_options[] = {
	{0, "from", "URI",
	 "the old database, as for psql; it is only read. Passwords belong\n"
	 "into ~/.pgpass or a service file, not here",
	 CLI_URI, &options.from, 0, 0},
	{0, "to", "DOMAIN", "the domain of the stack that gets everything", CLI_TEXT, &where.domain, 0,
	 0},
	{'d', "dir", "DIR", "folder of the stack; default: see \"selfctl up --help\"", CLI_TEXT,
	 &where.dir, 0, 0},
	{0, "uri", "URI", "database of the domain, instead of --to, as its owner", CLI_URI, &where.uri,
	 0, 0},
	{0, "dry-run", NULL, "only tell what would become of everything", CLI_FLAG, &options.dry_run, 0,
	 0},
	{0, "inactive", NULL, "programs come as inactive ones, for a rehearsal", CLI_FLAG,
	 &options.inactive, 0, 0},
	{0, "keep-policies", NULL,
	 "take along policies for single objects of groups that may do\n"
	 "everything anyway",
	 CLI_FLAG, &options.keep_policies, 0, 0},
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

const CliCommand cmd_migrate = {
	.name = "migrate",
	.summary = "move an old Self-host database (schema version 12) into a domain",
	.description =
		"Moves users, tokens, groups, policies, things, time series with their points, datasets,\n"
		"programs with their revisions, and alerts; uuids, times and secrets stay. What is in\n"
		"the domain already stays as it is: a second run adds what is new and compares all "
		"points,\n"
		"and one that was broken off is begun again by the same command. What cannot be moved is\n"
		"told row by row, and why; then the exit code is 7.\n",
	.examples =
		"$ selfctl domain create plant\n"
		"$ selfctl migrate --from service=old --to plant --dry-run\n"
		"$ selfctl migrate --from service=old --to plant\n"
		"$ selfctl migrate --from postgresql://reader@db1/selfhost --uri service=plant --json\n",
	.options = migrate_options,
	.run = run,
};
