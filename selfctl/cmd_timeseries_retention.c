/*
 * cmd_timeseries_retention.c: selfctl timeseries retention: how long points are kept.
 */
#include <ctype.h>
#include <string.h>

#include "cmd_timeseries.h"
#include "listing.h"
#include "object.h"

static SessionOptions where;

static struct
{
	bool json;
} options;

static const CliOption retention_options[] = {
	SESSION_OPTIONS(where),
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

/* ---- showing ---- */

/* The domain's, and that of each series that has its own. */
static bool
show_all(Session *session)
{
	const Listing listing = {
		.query = options.json
					 ? "SELECT NULL::text AS name, NULL::uuid AS uuid, "
					   "selfhost.get_retention()::text AS retention"
					   " UNION ALL (SELECT s.name, s.uuid, s.retention::text FROM "
					   "selfhost.timeseries AS s"
					   " WHERE s.retention IS NOT NULL ORDER BY s.name, s.uuid)"
					 : "SELECT '(domain)', '', coalesce(selfhost.get_retention()::text, 'for ever')"
					   " UNION ALL (SELECT s.name, s.uuid::text, s.retention::text FROM "
					   "selfhost.timeseries AS s"
					   " WHERE s.retention IS NOT NULL ORDER BY s.name, s.uuid)",
		.heading = {"NAME", "UUID", "RETENTION"},
	};

	return listing_print(session, &listing, options.json);
}

static bool
show_one(Session *session, const char *uuid)
{
	const char *parameter[] = {uuid};
	const Listing listing = {
		.query = options.json
					 ? "SELECT s.name, s.uuid, selfhost.get_retention(s.uuid)::text AS retention,"
					   " s.retention IS NOT NULL AS own FROM selfhost.timeseries AS s WHERE s.uuid "
					   "= $1::uuid"
					 : "SELECT s.name, s.uuid, coalesce(selfhost.get_retention(s.uuid)::text, 'for "
					   "ever')"
					   " || CASE WHEN s.retention IS NULL THEN ' (the domain''s)' ELSE '' END"
					   " FROM selfhost.timeseries AS s WHERE s.uuid = $1::uuid",
		.n = 1,
		.parameter = parameter,
		.heading = {"NAME", "UUID", "RETENTION", "OWN"},
	};

	return listing_print_one(session, &listing, options.json);
}

/* ---- setting ---- */

/* NULL stands for the domain, whose retention is its owner's affair, not that of a user. */
static bool
set(Session *session, const char *uuid, const char *interval)
{
	const char *parameter[] = {uuid, strcmp(interval, "none") == 0 ? NULL : interval};

	if (uuid == NULL && session->has_user &&
		!shc_pg_exec(session->pg, "SELECT selfhost.logout()", 0, NULL, NULL, NULL))
		return false;
	return shc_pg_exec(session->pg, "SELECT selfhost.set_retention($1::uuid, $2::interval)", 2,
					   parameter, NULL, NULL);
}

/* A single word is the domain's interval where it begins like one and is no uuid. */
static bool
is_interval(const char *word)
{
	return strcmp(word, "none") == 0 ||
		   (isdigit((unsigned char) word[0]) && strlen(word) != OBJECT_UUID_SIZE - 1);
}

static bool
run(Session *session, int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	const char *interval = argc == 2 ? argv[1] : NULL;

	if (argc == 0)
		return show_all(session);
	if (argc == 1 && is_interval(argv[0]))
		return set(session, NULL, argv[0]) && show_all(session);
	return object_find(session, OBJECT_TIMESERIES, argv[0], uuid) &&
		   (interval == NULL || set(session, uuid, interval)) && show_one(session, uuid);
}

static int
run_retention(int argc, char **argv)
{
	Session session;
	bool good;

	if (argc > 2)
	{
		object_check_words("timeseries retention", argc, 2);
		return EXIT_CODE_USAGE;
	}
	good = session_open(&session, &where) && run(&session, argc, argv);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const CliCommand cmd_timeseries_retention = {
	.name = "retention",
	.summary = "show or set how long points are kept",
	.arguments = "[SERIES] [INTERVAL|none]",
	.description =
		"SERIES is a name or a uuid. With an INTERVAL, as \"90 days\" or \"2 years 6 months\",\n"
		"points of the series that are older are deleted from time to time, by rows of\n"
		"some thousand; without SERIES this holds for all series that have no retention of\n"
		"their own, and is for the owner of the domain. none: as the domain does, and for\n"
		"the domain for ever. Without INTERVAL it is shown. (A series whose name begins with\n"
		"a digit is shown by its uuid.)\n",
	.examples = "$ selfctl timeseries retention\n"
				"$ selfctl timeseries retention \"2 years\"\n"
				"$ selfctl timeseries retention boiler \"90 days\"\n"
				"$ selfctl timeseries retention boiler none --json\n",
	.options = retention_options,
	.run = run_retention,
};
