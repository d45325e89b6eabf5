/*
 * cmd_timeseries.c: selfctl timeseries: time series and their points.
 */
#include "cmd_timeseries.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "import.h"
#include "listing.h"
#include "log.h"
#include "object.h"

#define BATCH_MAX 50000

static SessionOptions where;

static struct
{
	bool json;
	const char *format;
} options;

/* ---- list ---- */

static const CliOption list_options[] = {
	SESSION_OPTIONS(where),
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

static const char list_query[] =
	"SELECT s.name, s.uuid, s.si_unit, s.lower_bound, s.upper_bound,"
	" (SELECT t.name FROM selfhost.thing AS t WHERE t.uuid = s.thing_uuid) AS thing"
	" FROM selfhost.timeseries AS s ORDER BY s.name, s.uuid";

static int
run_list(int argc, char **argv)
{
	const Listing listing = {
		.query = list_query,
		.heading = {"NAME", "UUID", "UNIT", "LOWER", "UPPER", "THING"},
		.nothing = "There are no time series.",
	};

	(void) argc;
	(void) argv;
	return listing_run(&where, &listing, options.json);
}

static const CliCommand cmd_timeseries_list = {
	.name = "list",
	.summary = "list time series",
	.examples = "$ selfctl timeseries list\n"
				"$ selfctl timeseries list --json | jq -r '.[].uuid'\n",
	.options = list_options,
	.run = run_list,
};

/* ---- import ---- */

static char reject_file[PATH_MAX];

static ImportOptions import = {.conflict = "skip", .batch = 10000};

static const CliOption import_options[] = {
	SESSION_OPTIONS(where),
	{0, "format", "FORMAT",
	 "csv (ts,v) or jsonl ({\"ts\":..,\"v\":..}), with a uuid in front\n"
	 "where the file has many series; default: by the name of the file",
	 CLI_TEXT, &options.format, 0, 0},
	{0, "conflict", "WHAT",
	 "of a timestamp that has a point already: skip (default) keeps\n"
	 "that, replace takes the new one, error rejects the line",
	 CLI_TEXT, &import.conflict, 0, 0},
	{0, "unit", "UNIT", "unit of the values; default: that of the series", CLI_TEXT, &import.unit,
	 0, 0},
	{0, "reject", "FILE", "where bad lines go; default: FILE.rejected", CLI_TEXT, &import.reject, 0,
	 0},
	{0, "batch", "N", "lines for each transaction, default 10000", CLI_NUMBER, &import.batch, 1,
	 BATCH_MAX},
	{0, "resume", NULL, "go on where an import of this file was broken off", CLI_FLAG,
	 &import.resume, 0, 0},
	{0, "restart", NULL, "begin with the first line all the same", CLI_FLAG, &import.restart, 0, 0},
	{0, "json", NULL, "print the counts as JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);

	return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

bool
timeseries_format(const char *format, const char *file, bool *is_json)
{
	*is_json = format != NULL ? strcmp(format, "jsonl") == 0
							  : ends_with(file, ".jsonl") || ends_with(file, ".ndjson");
	if (format == NULL || *is_json || strcmp(format, "csv") == 0)
		return true;
	fprintf(stderr, "selfctl timeseries: --format must be csv or jsonl\n");
	return false;
}

static void
print_counts(const ImportCounts *counts)
{
	const char *format = options.json ? "{\"lines\":%" PRIu64 ",\"inserted\":%" PRIu64
										",\"replaced\":%" PRIu64 ",\"skipped\":%" PRIu64
										",\"out_of_bounds\":%" PRIu64 ",\"rejected\":%" PRIu64 "}\n"
									  : "%" PRIu64 " lines: %" PRIu64 " points inserted, %" PRIu64
										" replaced, %" PRIu64 " skipped, %" PRIu64
										" out of bounds, %" PRIu64 " rejected\n";

	/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): one of the two above */
	printf(format, counts->lines, counts->inserted, counts->replaced, counts->skipped,
		   counts->out_of_bounds, counts->rejected);
}

static bool
check_import(int argc, char **argv)
{
	bool is_json;

	if (argc != 1 && !object_check_words("timeseries import", argc, 2))
		return false;
	import.file = argv[argc - 1];
	if (!timeseries_format(options.format, import.file, &is_json))
		return false;
	import.format = is_json ? IMPORT_JSON_LINES : IMPORT_CSV;
	if (import.reject == NULL)
	{
		snprintf(reject_file, sizeof(reject_file), "%s.rejected",
				 strcmp(import.file, "-") == 0 ? "stdin" : import.file);
		import.reject = reject_file;
	}
	if (strcmp(import.conflict, "skip") != 0 && strcmp(import.conflict, "replace") != 0 &&
		strcmp(import.conflict, "error") != 0)
	{
		fprintf(stderr, "selfctl timeseries import: --conflict must be skip, replace or error\n");
		return false;
	}
	if (import.resume && import.restart)
	{
		fprintf(stderr, "selfctl timeseries import: either --resume or --restart\n");
		return false;
	}
	return true;
}

static int
run_import(int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	ImportCounts counts;
	Session session;
	bool good;

	if (!check_import(argc, argv))
		return EXIT_CODE_USAGE;
	good = session_open(&session, &where);
	if (good && argc == 2)
	{
		good = object_find(&session, OBJECT_TIMESERIES, argv[0], uuid);
		import.uuid = uuid;
	}
	good = good && import_run(&session, &import, &counts);
	if (good)
		print_counts(&counts);
	if (good && counts.rejected > 0)
		shc_warning("%" PRIu64 " lines were rejected: %s has them with the reasons",
					counts.rejected, import.reject);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliCommand cmd_timeseries_import = {
	.name = "import",
	.summary = "write the points of a file into a time series",
	.arguments = "[SERIES] FILE",
	.description =
		"SERIES is a name or a uuid; without it each line names the uuid of its series.\n"
		"FILE may be - for standard input. Timestamps are RFC 3339 with a zone. Each batch\n"
		"is a transaction; what is done is noted in FILE.import, so that an import that is\n"
		"broken off goes on with --resume. Bad lines go to the reject file with their\n"
		"numbers and the reason, and do not hold up the others.\n",
	.examples = "$ selfctl timeseries import \"outdoor temperature\" readings.csv\n"
				"$ zcat all.jsonl.gz | selfctl timeseries import --format jsonl -\n"
				"$ selfctl timeseries import boiler readings.csv --resume\n",
	.options = import_options,
	.run = run_import,
};

static const CliCommand *const commands[] = {
	&cmd_timeseries_list,
	&cmd_timeseries_import,
	&cmd_timeseries_export,
	&cmd_timeseries_retention,
	NULL,
};

const CliCommand cmd_timeseries = {
	.name = "timeseries",
	.summary = "time series of a domain, and their points",
	.examples = "$ selfctl timeseries list\n"
				"$ selfctl timeseries import boiler readings.csv\n"
				"$ selfctl timeseries export boiler > readings.csv\n"
				"$ selfctl timeseries retention boiler \"2 years\"\n",
	.commands = commands,
};
