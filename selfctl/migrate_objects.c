/*
 * migrate_objects.c: things, time series without their points, programs with their revisions, alerts.
 *
 * What the columns of the source allow and the domain does not is changed to what comes nearest, and told.
 * Elements of arrays that are NULL go; no client could read them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "migrate.h"

/* clang-format off */

#define ROWS(columns) \
	"WITH r AS MATERIALIZED (SELECT * FROM json_to_recordset($1::json) AS r (" columns ")), "

/* Of the source: an array, flat and without NULL; and whether it was so already. */
#define ARRAY_OF(column) \
	"ARRAY(SELECT e FROM unnest(" column ") WITH ORDINALITY AS u (e, o) WHERE e IS NOT NULL ORDER BY o)"
#define TAGS(alias) \
	ARRAY_OF(alias ".tags") " AS tags," \
	" cardinality(" ARRAY_OF(alias ".tags") ") = cardinality(" alias ".tags)" \
	" AND coalesce(array_ndims(" alias ".tags), 1) = 1 AS whole"

/* Of the domain: somebody, unless he was left behind. */
#define USER(column) "(SELECT u.uuid FROM selfhost.user_account AS u WHERE u.uuid = " column ")"

#define OUTCOME \
	"CASE WHEN m.uuid IS NOT NULL THEN 'moved' WHEN a.uuid IS NOT NULL THEN 'present'" \
	" ELSE 'left' END"

/* Changes, one after the other; NULL: none. */
#define NOTES(list) "nullif(concat_ws('; ', " list "), '')"
#define NOTE_TAGS \
	"CASE WHEN NOT r.whole THEN 'NULLs and dimensions among its tags were taken out' END"
#define NOTE_CREATOR \
	"CASE WHEN r.created_by IS NOT NULL AND " USER("r.created_by") " IS NULL" \
	" THEN 'its creator was left behind' END"

#define FINITE(column) "CASE WHEN isfinite(" column ") THEN " column " ELSE now() END"
#define NOTE_FINITE(column, what) \
	"CASE WHEN NOT isfinite(" column ")" \
	" THEN 'was " what " at no finite time: now it is that of the move' END"

/* ---- things ---- */

static const MigrateRows things = {
	.kind = MIGRATE_THING,
	.source =
		"SELECT row_to_json(r) FROM ("
		" SELECT t.uuid, t.name, t.type, t.state, t.created_by, " TAGS("t")
		" FROM things AS t ORDER BY t.uuid) AS r",
	.target =
		ROWS("uuid uuid, name text, type text, state text, created_by uuid, tags text[], whole boolean")
		"moved AS ("
		" INSERT INTO selfhost.thing (uuid, name, type, state, created_by, tags)"
		" SELECT r.uuid, r.name, r.type, r.state::selfhost.thing_state, " USER("r.created_by") ", r.tags"
		" FROM r ON CONFLICT DO NOTHING RETURNING uuid)"
		" SELECT r.uuid, r.name, " OUTCOME ", " NOTES(NOTE_TAGS ", " NOTE_CREATOR)
		" FROM r LEFT JOIN moved AS m USING (uuid) LEFT JOIN selfhost.thing AS a USING (uuid)"
		" ORDER BY r.uuid",
};

static const MigrateRows dependencies = {
	.kind = MIGRATE_DEPENDENCY,
	.source =
		"SELECT row_to_json(r)"
		" FROM (SELECT d.parent, d.child FROM thing_deps AS d ORDER BY d.parent, d.child) AS r",
	.target =
		"SELECT r.child || ' of ' || r.parent, NULL, 'left', 'things have no dependencies here'"
		" FROM json_to_recordset($1::json) AS r (parent uuid, child uuid) ORDER BY r.parent, r.child",
};

/* ---- time series ---- */

#define BOUND(column) \
	"CASE WHEN " column "::text NOT IN ('NaN', 'Infinity', '-Infinity') THEN " column " END"
#define NOTE_BOUND(column, what) \
	"CASE WHEN " column "::text IN ('NaN', 'Infinity', '-Infinity')" \
	" THEN format('its " what " bound was %s: it has none now', " column ") END"

static const MigrateRows timeseries = {
	.kind = MIGRATE_TIMESERIES,
	.source =
		"SELECT row_to_json(r) FROM ("
		" SELECT s.uuid, s.thing_uuid, s.name, s.si_unit, s.lower_bound::text, s.upper_bound::text,"
		"  s.created_by, " TAGS("s")
		" FROM timeseries AS s ORDER BY s.uuid) AS r",
	.target =
		ROWS("uuid uuid, thing_uuid uuid, name text, si_unit text, lower_bound double precision,"
			 " upper_bound double precision, created_by uuid, tags text[], whole boolean")
		"moved AS ("
		" INSERT INTO selfhost.timeseries (uuid, thing_uuid, name, si_unit, lower_bound, upper_bound,"
		"  created_by, tags)"
		" SELECT r.uuid, (SELECT t.uuid FROM selfhost.thing AS t WHERE t.uuid = r.thing_uuid), r.name,"
		"  r.si_unit, " BOUND("r.lower_bound") ", " BOUND("r.upper_bound") ", "
		USER("r.created_by") ", r.tags"
		" FROM r ON CONFLICT DO NOTHING RETURNING uuid)"
		" SELECT r.uuid, r.name, " OUTCOME ", "
		NOTES(NOTE_BOUND("r.lower_bound", "lower") ", " NOTE_BOUND("r.upper_bound", "upper") ", "
			  NOTE_TAGS ", " NOTE_CREATOR)
		" FROM r LEFT JOIN moved AS m USING (uuid) LEFT JOIN selfhost.timeseries AS a USING (uuid)"
		" ORDER BY r.uuid",
};

/* ---- programs ---- */

static const char schedule_function[] =
	"CREATE FUNCTION pg_temp.schedule_is_good(schedule text) RETURNS boolean LANGUAGE plpgsql AS $$\n"
	"BEGIN\n"
	"  PERFORM selfhost._check_schedule(schedule);\n"
	"  RETURN length(schedule) <= 2000;\n"
	"EXCEPTION WHEN data_exception THEN\n"
	"  RETURN false;\n"
	"END\n"
	"$$";

/*
 * A program had no creator, and the rights of nobody. Here it has an owner, whose rights its runs have as
 * far as the signer has them, too: who wrote its first revision, or else who signed the first.
 */
#define FIRST(column) \
	"(SELECT v." column " FROM program_code_revisions AS v" \
	" WHERE v.program_uuid = p.uuid AND v." column " IS NOT NULL ORDER BY v.revision LIMIT 1)"
#define PROGRAMS(state) \
	"SELECT row_to_json(r) FROM (" \
	" SELECT p.uuid, p.name, p.type, " state " AS state, p.schedule, p.deadline, p.language," \
	"  coalesce(" FIRST("created_by") ", " FIRST("signed_by") ") AS created_by," \
	"  EXISTS (SELECT FROM program_code_revisions AS v WHERE v.program_uuid = p.uuid) AS has_code, " \
	TAGS("p") \
	" FROM programs AS p ORDER BY p.uuid) AS r"

/* The schedule of one that had none is good, and never comes. */
static const char programs_target[] =
	ROWS("uuid uuid, name text, type text, state text, schedule text, deadline integer, language text,"
		 " created_by uuid, has_code boolean, tags text[], whole boolean")
	"judged AS MATERIALIZED ("
	" SELECT r.*, " USER("r.created_by") " AS owner,"
	"  r.type IN ('module', 'routine', 'webhook') AS has_type,"
	"  r.state IN ('active', 'inactive', 'failed') AS has_state,"
	"  pg_temp.schedule_is_good(r.schedule) AS has_schedule,"
	"  r.language IN ('tengo', 'lua') AS has_language,"
	"  CASE WHEN r.deadline < 1 THEN 1000 ELSE least(r.deadline, 3600000) END AS limited"
	" FROM r),"
	" moved AS ("
	" INSERT INTO selfhost.program (uuid, name, type, state, schedule, deadline, language, created_by, tags)"
	" SELECT r.uuid, r.name, CASE WHEN r.has_type THEN r.type ELSE 'routine' END::selfhost.program_type,"
	"  CASE WHEN r.has_type AND r.has_state THEN r.state ELSE 'inactive' END::selfhost.program_state,"
	"  CASE WHEN r.has_schedule THEN r.schedule ELSE '0 0 0 31 2 *' END, r.limited,"
	"  r.language::selfhost.program_language, r.owner, r.tags"
	" FROM judged AS r WHERE r.has_language ON CONFLICT DO NOTHING RETURNING uuid)"
	" SELECT r.uuid, r.name, " OUTCOME ", CASE"
	"  WHEN NOT r.has_language THEN format('its language is %s; here are tengo and lua', r.language)"
	"  ELSE "
	NOTES("CASE WHEN NOT r.has_type THEN"
		  "  format('its type was %s: it is an inactive routine now', r.type) END,"
		  " CASE WHEN NOT r.has_state THEN format('its state was %s: it is inactive now', r.state) END,"
		  " CASE WHEN NOT r.has_schedule THEN"
		  "  format('its schedule was \"%s\", which is none: it is never due now', r.schedule) END,"
		  " CASE WHEN r.limited <> r.deadline THEN"
		  "  format('its deadline was %s ms: it is %s ms now', r.deadline, r.limited) END,"
		  " CASE WHEN r.owner IS NULL AND r.has_code THEN"
		  "  'nobody is known who wrote it: it has no owner, and so does not run' END, " NOTE_TAGS)
	" END"
	" FROM judged AS r LEFT JOIN moved AS m USING (uuid) LEFT JOIN selfhost.program AS a USING (uuid)"
	" ORDER BY r.uuid";

static const MigrateRows revisions = {
	.kind = MIGRATE_REVISION,
	.source =
		"SELECT row_to_json(r) FROM ("
		" SELECT v.program_uuid, v.revision, v.created::text, v.created_by, v.signed::text, v.signed_by,"
		"  encode(v.code, 'hex') AS code, encode(v.checksum, 'hex') AS checksum"
		" FROM program_code_revisions AS v ORDER BY v.program_uuid, v.revision) AS r",
	.target =
		ROWS("program_uuid uuid, revision integer, created timestamptz, created_by uuid,"
			 " signed timestamptz, signed_by uuid, code text, checksum text")
		"judged AS MATERIALIZED ("
		" SELECT r.*, decode(r.code, 'hex') AS bytes, CASE"
		"  WHEN p.uuid IS NULL THEN 'its program was left behind'"
		"  WHEN r.revision < 0 OR r.revision = 2147483647 THEN 'its number is out of range'"
		"  WHEN r.code IS NULL AND r.signed IS NULL THEN 'it has no code, and nobody has signed it'"
		"  WHEN a.code <> decode(coalesce(r.code, ''), 'hex')"
		"   THEN 'the domain has another revision of this number' END AS reason"
		" FROM r LEFT JOIN selfhost.program AS p ON p.uuid = r.program_uuid"
		" LEFT JOIN selfhost.program_revision AS a"
		"  ON (a.program_uuid, a.revision) = (r.program_uuid, r.revision)),"
		" moved AS ("
		" INSERT INTO selfhost.program_revision (program_uuid, revision, created, created_by, signed,"
		"  signed_by, checksum, code, deleted)"
		" SELECT r.program_uuid, r.revision, " FINITE("r.created") ", " USER("r.created_by") ","
		"  CASE WHEN r.signed IS NOT NULL THEN " FINITE("r.signed") " END, " USER("r.signed_by") ","
		"  coalesce(sha256(r.bytes), decode(r.checksum, 'hex'), ''), r.bytes,"
		"  CASE WHEN r.code IS NULL THEN now() END"
		" FROM judged AS r WHERE r.reason IS NULL"
		" ON CONFLICT DO NOTHING RETURNING program_uuid, revision),"
		" numbered AS ("
		" UPDATE selfhost.program AS p SET next_revision = n.next"
		" FROM (SELECT r.program_uuid, max(r.revision) + 1 AS next FROM judged AS r"
		"  WHERE r.reason IS NULL GROUP BY r.program_uuid) AS n"
		" WHERE n.program_uuid = p.uuid AND n.next > p.next_revision)"
		" SELECT r.program_uuid || '@' || r.revision, NULL, CASE WHEN r.reason IS NOT NULL THEN 'left'"
		"   WHEN m.revision IS NOT NULL THEN 'moved' ELSE 'present' END,"
		"  CASE WHEN r.reason IS NOT NULL THEN r.reason ELSE "
		NOTES("CASE WHEN r.code IS NULL THEN 'it has no code: it is a deleted revision now' END,"
			  " CASE WHEN r.checksum <> encode(sha256(r.bytes), 'hex') THEN 'its checksum was wrong' END, "
			  NOTE_FINITE("r.created", "created") ", " NOTE_FINITE("r.signed", "signed") ","
			  " CASE WHEN r.created_by IS NOT NULL AND " USER("r.created_by") " IS NULL"
			  "  OR r.signed_by IS NOT NULL AND " USER("r.signed_by") " IS NULL"
			  "  THEN 'who wrote or signed it was left behind' END")
		" END"
		" FROM judged AS r LEFT JOIN moved AS m USING (program_uuid, revision)"
		" ORDER BY r.program_uuid, r.revision",
};

/* ---- alerts ---- */

static const MigrateRows alerts = {
	.kind = MIGRATE_ALERT,
	.source =
		"SELECT row_to_json(r) FROM ("
		" SELECT a.uuid, a.resource, a.environment, a.event, a.severity, a.status, "
		ARRAY_OF("a.service") " AS service, a.value, a.description, a.origin, " TAGS("a") ","
		"  a.created::text, a.timeout, encode(a.rawdata, 'hex') AS rawdata, a.duplicate,"
		"  a.previous_severity, a.last_receive_time::text,"
		"  cardinality(" ARRAY_OF("a.service") ") = cardinality(a.service) AS service_whole"
		" FROM alerts AS a ORDER BY a.uuid) AS r",
	.target =
		ROWS("uuid uuid, resource text, environment text, event text, severity text, status text,"
			 " service text[], value text, description text, origin text, tags text[], whole boolean,"
			 " created timestamptz, timeout integer, rawdata text, duplicate integer,"
			 " previous_severity text, last_receive_time timestamptz, service_whole boolean")
		"moved AS ("
		" INSERT INTO selfhost.alert (uuid, resource, environment, event, severity, status, service, value,"
		"  description, origin, tags, created, timeout, rawdata, duplicate, previous_severity,"
		"  last_receive_time)"
		" SELECT r.uuid, r.resource, r.environment, r.event, r.severity::selfhost.alert_severity,"
		"  r.status::selfhost.alert_status, r.service, r.value, r.description, r.origin, r.tags,"
		"  " FINITE("r.created") ", r.timeout, decode(r.rawdata, 'hex'), r.duplicate,"
		"  r.previous_severity::selfhost.alert_severity,"
		"  CASE WHEN isfinite(r.last_receive_time) THEN r.last_receive_time END"
		" FROM r ON CONFLICT DO NOTHING RETURNING uuid)"
		" SELECT r.uuid, r.event, " OUTCOME ", "
		NOTES(NOTE_FINITE("r.created", "created") ","
			  " CASE WHEN NOT isfinite(r.last_receive_time)"
			  "  THEN 'was received last at no finite time: it has none now' END,"
			  " CASE WHEN NOT r.service_whole THEN 'NULLs among its services were taken out' END, "
			  NOTE_TAGS)
		" FROM r LEFT JOIN moved AS m USING (uuid) LEFT JOIN selfhost.alert AS a USING (uuid)"
		" ORDER BY r.uuid",
};

/* clang-format on */

bool
migrate_objects(Migration *migration)
{
	const MigrateRows programs = {
		.kind = MIGRATE_PROGRAM,
		.source = migration->inactive
					  ? PROGRAMS("CASE p.state WHEN 'active' THEN 'inactive' ELSE p.state END")
					  : PROGRAMS("p.state"),
		.target = programs_target,
	};

	return migrate_rows(migration, &things) && migrate_rows(migration, &dependencies) &&
		   migrate_rows(migration, &timeseries) &&
		   shc_pg_exec(migration->target, schedule_function, 0, NULL, NULL, NULL) &&
		   migrate_rows(migration, &programs) && migrate_rows(migration, &revisions) &&
		   migrate_rows(migration, &alerts);
}
