/*
 * migrate_source.c: what is read: which kind of database it is, and whether somebody writes to it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "migrate.h"

#define CONNECT_TIMEOUT 10
#define PAGE			1000 /* uuids that are kept at once */

/* Every column that is read. */
static const char columns[] =
	"users.uuid,users.name,users.state,user_tokens.uuid,user_tokens.user_uuid,user_tokens.name,"
	"user_tokens.token_hash,user_tokens.created,groups.uuid,groups.name,user_groups.user_uuid,"
	"user_groups.group_uuid,group_policies.uuid,group_policies.group_uuid,group_policies.priority,"
	"group_policies.effect,group_policies.action,group_policies.resource,alerts.uuid,alerts."
	"resource,"
	"alerts.environment,alerts.event,alerts.severity,alerts.status,alerts.service,alerts.tags,"
	"alerts.value,alerts.description,alerts.origin,alerts.created,alerts.timeout,alerts.rawdata,"
	"alerts.duplicate,alerts.previous_severity,alerts.last_receive_time,things.uuid,things.name,"
	"things.type,things.state,things.created_by,things.tags,thing_deps.parent,thing_deps.child,"
	"datasets.uuid,datasets.name,datasets.format,datasets.content,datasets.checksum,datasets.size,"
	"datasets.belongs_to,datasets.created,datasets.updated,datasets.created_by,datasets.updated_by,"
	"datasets.tags,timeseries.uuid,timeseries.thing_uuid,timeseries.name,timeseries.si_unit,"
	"timeseries.lower_bound,timeseries.upper_bound,timeseries.created_by,timeseries.tags,"
	"tsdata.ts_uuid,tsdata.value,tsdata.ts,programs.uuid,programs.name,programs.type,programs."
	"state,"
	"programs.schedule,programs.deadline,programs.language,programs.tags,"
	"program_code_revisions.program_uuid,program_code_revisions.revision,"
	"program_code_revisions.created,program_code_revisions.signed,program_code_revisions.created_"
	"by,"
	"program_code_revisions.signed_by,program_code_revisions.code,program_code_revisions.checksum";

/* Texts come as they are read into the domain; nothing there ends a long transaction. */
static const char begin_script[] =
	"SET default_transaction_read_only = on; SET statement_timeout = 0; SET lock_timeout = 0;"
	"SET idle_in_transaction_session_timeout = 0; SET TimeZone = 'UTC'; SET DateStyle = 'ISO';"
	"SET extra_float_digits = 3; SET bytea_output = 'hex'; SET standard_conforming_strings = on;"
	"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

static const char missing_query[] =
	"SELECT c FROM unnest(string_to_array($1, ',')) AS c WHERE NOT EXISTS ("
	"SELECT FROM pg_catalog.pg_attribute AS a"
	" WHERE a.attrelid = to_regclass(split_part(c, '.', 1)) AND a.attname = split_part(c, '.', 2)"
	" AND a.attnum > 0 AND NOT a.attisdropped) LIMIT 1";

/* Whether a query that has one value says so; *good: it could be asked. */
static char *
ask(ShcPg *pg, const char *query, bool *good)
{
	char *value = NULL;

	*good = *good && shc_pg_value(pg, query, 0, NULL, &value);
	return value;
}

static bool
check_version(ShcPg *pg)
{
	bool good = true;
	char *is_new =
		ask(pg, "SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'selfhost'", &good);
	char *known = ask(pg, "SELECT to_regclass('schema_migrations')", &good);
	char *version = NULL;

	if (good && is_new != NULL)
		shc_error("--from: this is a domain of Self-host for PostgreSQL already: use pg_dump and "
				  "pg_restore to move it");
	else if (good && known == NULL)
		shc_error("--from: this is no database of Self-host: it has no table schema_migrations");
	else if (good)
		version = ask(pg,
					  "SELECT version || CASE WHEN dirty THEN ' (not completely)' ELSE '' END"
					  " FROM schema_migrations",
					  &good);
	good = good && is_new == NULL && known != NULL;
	if (good && (version == NULL || strcmp(version, "12") != 0))
	{
		shc_error(
			"--from: the database has schema version %s, and 12 is needed: bring it there with "
			"the tools of the server that it belongs to",
			version != NULL ? version : "none");
		good = false;
	}
	free(is_new);
	free(known);
	free(version);
	return good;
}

static bool
check_columns(ShcPg *pg)
{
	const char *parameter[] = {columns};
	char *missing = NULL;
	bool good = shc_pg_value(pg, missing_query, 1, parameter, &missing);

	if (good && missing != NULL)
		shc_error("--from: the database says that it has schema version 12, but the column %s is "
				  "missing",
				  missing);
	good = good && missing == NULL;
	free(missing);
	return good;
}

/* Rows written since its statistics began; 0 where they are not known, as on a standby. */
static uint64_t
count_writes(ShcPg *pg)
{
	static const char query[] = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)"
								" FROM pg_catalog.pg_stat_user_tables";
	char *text = NULL;
	uint64_t n = 0;

	if (shc_pg_exec(pg, "SELECT pg_catalog.pg_stat_clear_snapshot()", 0, NULL, NULL, NULL) &&
		shc_pg_value(pg, query, 0, NULL, &text) && text != NULL)
		n = strtoull(text, NULL, 10);
	free(text);
	return n;
}

static uint64_t writes_before;

static bool
warn_of_others(ShcPg *pg)
{
	bool good = true;
	char *n = ask(pg,
				  "SELECT count(*) FROM pg_catalog.pg_stat_activity"
				  " WHERE datname = current_database() AND pid <> pg_backend_pid()"
				  " AND backend_type = 'client backend'",
				  &good);

	if (good && n != NULL && strcmp(n, "0") != 0)
		shc_warning(
			"the source has %s other connection%s: what they write from now on does not come "
			"along; stop them, or migrate again afterwards",
			n, strcmp(n, "1") == 0 ? "" : "s");
	free(n);
	return good;
}

bool
migrate_open_source(Migration *migration, const char *conninfo)
{
	if (!shc_pg_connect(conninfo, CONNECT_TIMEOUT, &migration->source))
	{
		shc_error("--from: see above");
		return false;
	}
	if (!shc_pg_script(migration->source, begin_script) || !check_version(migration->source) ||
		!check_columns(migration->source) || !warn_of_others(migration->source))
		return false;
	writes_before = count_writes(migration->source);
	return true;
}

bool
migrate_source_was_written(Migration *migration)
{
	return count_writes(migration->source) > writes_before;
}

/* ---- all rows of a table ---- */

typedef struct Page
{
	int n;
	char uuid[PAGE][MIGRATE_UUID_SIZE];
} Page;

static bool
take_uuid(void *context, int n, const char *const *value)
{
	Page *page = context;

	(void) n;
	if (page->n < PAGE)
		snprintf(page->uuid[page->n++], MIGRATE_UUID_SIZE, "%s", value[0]);
	return true;
}

/* `table` is a word of ours. */
bool
migrate_each(Migration *migration, const char *table, MigrateVisit visit)
{
	char query[128];
	char last[MIGRATE_UUID_SIZE] = "";
	const char *parameter[] = {last};
	Page *page = malloc(sizeof(Page));
	bool good = page != NULL;

	if (page == NULL)
		shc_error("out of memory");
	snprintf(
		query, sizeof(query),
		"SELECT uuid FROM %s WHERE $1 = '' OR uuid > nullif($1, '')::uuid ORDER BY uuid LIMIT %d",
		table, PAGE);
	while (good)
	{
		page->n = 0;
		good = shc_pg_exec(migration->source, query, 1, parameter, take_uuid, page);
		for (int i = 0; good && i < page->n; i++)
			good = !migrate_is_interrupted() && visit(migration, page->uuid[i]);
		if (page->n < PAGE)
			break;
		memcpy(last, page->uuid[page->n - 1], sizeof(last));
	}
	free(page);
	return good;
}
