/*
 * checks.c: the checks, each a statement of one row: ok, warning or problem; what was found; what to do.
 */
#include "checks.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "version.h"

typedef struct Check
{
	const char *name;
	CheckScope scope;
	bool takes_seconds; /* $1: of a long transaction */
	const char *query;
} Check;

/* clang-format off */

/* The first condition that holds decides. */
#define JUDGE(problem, warning) \
	"CASE WHEN " problem " THEN 'problem' WHEN " warning " THEN 'warning' ELSE 'ok' END"

#define SETTING(name) "pg_catalog.current_setting('" name "')"

/* Who can log in as a role: itself, or others that are members of it. */
#define WHO_LOGS_IN(role) \
	"CASE WHEN r.name IS NULL THEN 'the role " role " is missing'" \
	"  WHEN r.rolsuper THEN '" role " is a superuser'" \
	"  WHEN r.names IS NULL THEN 'nobody can log in as " role "' ELSE 'can log in: ' || r.names END," \
	" CASE WHEN r.name IS NULL THEN 'the extension was not installed completely: restore it'" \
	"  WHEN r.rolsuper THEN 'run ALTER ROLE " role " NOSUPERUSER'" \
	"  WHEN r.names IS NULL THEN 'run ALTER ROLE " role " LOGIN, or give it to a role that can' END" \
	" FROM (SELECT g.rolname AS name, g.rolsuper, (SELECT string_agg(m.rolname, ', ' ORDER BY m.rolname)" \
	"   FROM pg_catalog.pg_roles AS m WHERE m.rolcanlogin AND NOT m.rolsuper" \
	"    AND pg_catalog.pg_has_role(m.oid, g.oid, 'MEMBER')) AS names" \
	"  FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_roles AS g ON g.rolname = '" role "') AS r"

/* Of roles and sessions that the connection may not see, there is nothing to tell. */
static const Check checks[] = {
	/* ---- versions, settings ---- */

	{"postgresql", CHECK_SERVER, false,
	 "SELECT " JUDGE("v.n < 120000", "v.n < 140000") ","
	 " 'PostgreSQL ' || " SETTING("server_version") ", CASE WHEN v.n < 140000"
	 "  THEN 'its makers do not look after this version any more: plan for a newer one' END"
	 " FROM (SELECT " SETTING("server_version_num") "::integer AS n) AS v"},

	{"version", CHECK_DOMAIN, false,
	 "SELECT " JUDGE("e.extversion IS NULL", "e.extversion <> coalesce(a.default_version, e.extversion)"
	 "  OR e.extversion <> '" SH_VERSION "'") ","
	 " format('extension %s, installed %s, selfctl %s', coalesce(e.extversion, 'missing'),"
	 "  coalesce(a.default_version, 'out of sight'), '" SH_VERSION "'),"
	 " CASE WHEN e.extversion IS NULL THEN 'run CREATE EXTENSION selfhost, then SELECT selfhost.init()'"
	 "  WHEN e.extversion <> a.default_version THEN 'run ALTER EXTENSION selfhost UPDATE'"
	 "  WHEN e.extversion <> '" SH_VERSION "' THEN 'use programs and extension of one version' END"
	 " FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_extension AS e ON e.extname = 'selfhost'"
	 " LEFT JOIN pg_catalog.pg_available_extensions AS a ON a.name = 'selfhost'"},

	{"durability", CHECK_SERVER, false,
	 "SELECT " JUDGE("s.fsync = 'off' OR s.pages = 'off'", "s.commit IN ('off', 'local')") ","
	 " format('fsync %s, full_page_writes %s, synchronous_commit %s', s.fsync, s.pages, s.commit), CASE"
	 "  WHEN s.fsync = 'off' OR s.pages = 'off' THEN 'set it to on: a power failure destroys the cluster'"
	 "  WHEN s.commit IN ('off', 'local') THEN 'set it to on, unless points that were acknowledged may be lost' END"
	 " FROM (SELECT " SETTING("fsync") " AS fsync, " SETTING("full_page_writes") " AS pages,"
	 "  " SETTING("synchronous_commit") " AS commit) AS s"},

	{"checksums", CHECK_SERVER, false,
	 "SELECT CASE s.sums WHEN 'on' THEN 'ok' ELSE 'warning' END, 'data_checksums ' || s.sums,"
	 " CASE WHEN s.sums <> 'on' THEN 'stop the server and run pg_checksums --enable: then pages that a disk has"
	 " spoilt are noticed' END"
	 " FROM (SELECT " SETTING("data_checksums") " AS sums) AS s"},

	{"encoding", CHECK_SERVER, false,
	 "SELECT CASE s.name WHEN 'UTF8' THEN 'ok' ELSE 'problem' END, 'the database is ' || s.name,"
	 " CASE WHEN s.name <> 'UTF8' THEN 'make a new one with ENCODING UTF8, and restore a dump there' END"
	 " FROM (SELECT " SETTING("server_encoding") " AS name) AS s"},

	{"time zone", CHECK_SERVER, false,
	 "SELECT CASE WHEN s.known THEN 'ok' ELSE 'warning' END,"
	 " 'schedules without a zone of their own are in ' || s.zone,"
	 " CASE WHEN NOT s.known THEN 'set timezone, or selfhost.schedule_timezone, to a name like Europe/Stockholm:"
	 " this one knows no daylight saving time of a place' END"
	 " FROM (SELECT z.zone, EXISTS (SELECT FROM pg_catalog.pg_timezone_names AS n WHERE n.name = z.zone) AS known"
	 "  FROM (SELECT coalesce(nullif(current_setting('selfhost.schedule_timezone', true), ''),"
	 "   " SETTING("timezone") ") AS zone) AS z) AS s"},

	/* ---- roles ---- */

	{"gateway role", CHECK_DOMAIN, false,
	 "SELECT CASE WHEN r.name IS NOT NULL AND NOT r.rolsuper AND r.names IS NOT NULL THEN 'ok' ELSE 'problem' END, "
	 WHO_LOGS_IN("selfhost_gateway")},

	{"worker role", CHECK_SERVER, false,
	 "SELECT " JUDGE("r.rolsuper", "r.name IS NULL OR r.names IS NULL") ", " WHO_LOGS_IN("selfhost_worker")},

	{"gateway grants", CHECK_DOMAIN, false,
	 "SELECT CASE g.n WHEN 0 THEN 'ok' ELSE 'problem' END,"
	 " format('tables that selfhost_gateway may read: %s', g.n),"
	 " CASE WHEN g.n > 0 THEN 'the role must have no rights on tables: revoke them' END"
	 " FROM (SELECT count(*) AS n FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_roles AS r"
	 "   ON r.rolname = 'selfhost_gateway' AND NOT r.rolsuper"
	 "  WHERE c.relnamespace = 'selfhost'::pg_catalog.regnamespace AND c.relkind IN ('r', 'v', 'f')"
	 "   AND pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT')) AS g"},

	{"public grants", CHECK_DOMAIN, false,
	 "SELECT CASE g.n WHEN 0 THEN 'ok' ELSE 'problem' END,"
	 " format('functions that everybody may execute: %s', g.n),"
	 " CASE WHEN g.n > 0 THEN 'run REVOKE ALL ON ALL ROUTINES IN SCHEMA selfhost FROM PUBLIC' END"
	 " FROM (SELECT count(*) AS n FROM pg_catalog.pg_proc AS p"
	 "  WHERE p.pronamespace = 'selfhost'::pg_catalog.regnamespace AND (p.proacl IS NULL OR EXISTS ("
	 "   SELECT FROM pg_catalog.aclexplode(p.proacl) AS a WHERE a.grantee = 0))) AS g"},

	/* ---- the domain ---- */

	{"initialised", CHECK_DOMAIN, false,
	 "SELECT CASE WHEN u.n > 0 THEN 'ok' ELSE 'problem' END, format('users: %s', u.n),"
	 " CASE WHEN u.n = 0 THEN 'run SELECT selfhost.init()' END"
	 " FROM (SELECT count(*) AS n FROM selfhost.user_account) AS u"},

	{"root", CHECK_DOMAIN, false,
	 "SELECT CASE r.strength WHEN 3 THEN 'ok' ELSE 'problem' END, CASE r.strength"
	 "  WHEN 3 THEN 'somebody of the root group can log in' WHEN 2 THEN 'nobody of the root group has a token"
	 " that is good' WHEN 1 THEN 'nobody of the root group is active' ELSE 'the root group has no members' END,"
	 " CASE WHEN r.strength < 3 THEN 'run SELECT selfhost.reset_root_token(), or selfctl domain rotate-token' END"
	 " FROM (SELECT selfhost._root_strength() AS strength) AS r"},

	{"tokens", CHECK_DOMAIN, false,
	 "SELECT CASE WHEN t.known > 0 THEN 'problem' ELSE 'ok' END,"
	 " format('tokens: %s, expired: %s', t.n, t.expired) ||"
	 "  CASE WHEN t.known > 0 THEN '; one with a secret that everybody knows' ELSE '' END,"
	 " CASE WHEN t.known > 0 THEN 'delete the token whose secret is root' END"
	 " FROM (SELECT count(*) AS n, count(*) FILTER (WHERE k.expires < now()) AS expired,"
	 "  count(*) FILTER (WHERE k.digest = pg_catalog.sha256('root')) AS known FROM selfhost.token AS k) AS t"},

	/* pg_restore --disable-triggers changes that, and then a revoked right may stay. */
	{"triggers", CHECK_DOMAIN, false,
	 "SELECT CASE t.n WHEN 0 THEN 'ok' ELSE 'problem' END,"
	 " format('triggers that do not always fire: %s', t.n), CASE WHEN t.n > 0"
	 "  THEN 'run ALTER TABLE ... ENABLE ALWAYS TRIGGER invalidate and invalidate_truncated' END"
	 " FROM (SELECT count(*) AS n FROM pg_catalog.pg_trigger AS g"
	 "  WHERE g.tgname IN ('invalidate', 'invalidate_truncated') AND g.tgenabled <> 'A') AS t"},

	{"indexes", CHECK_DOMAIN, false,
	 "SELECT CASE WHEN i.bad IS NULL THEN 'ok' ELSE 'problem' END,"
	 " coalesce('not valid: ' || i.bad, 'all are valid'),"
	 " CASE WHEN i.bad IS NOT NULL THEN 'run REINDEX INDEX of each' END"
	 " FROM (SELECT string_agg(x.indexrelid::pg_catalog.regclass::text, ', ') AS bad FROM pg_catalog.pg_index AS x"
	 "  JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid"
	 "  WHERE c.relnamespace = 'selfhost'::pg_catalog.regnamespace"
	 "   AND NOT (x.indisvalid AND x.indisready AND x.indislive)) AS i"},

	{"points", CHECK_POINTS, false,
	 "SELECT CASE p.n WHEN 0 THEN 'ok' ELSE 'problem' END, format('damaged rows of points: %s', p.n),"
	 " CASE WHEN p.n > 0 THEN 'SELECT * FROM selfhost.check_chunks() names them: restore them from a backup' END"
	 " FROM (SELECT count(*) AS n FROM selfhost.check_chunks()) AS p"},

	/* ---- programs ---- */

	/* Where the library is not loaded, selfpwrk --manager does its work: then nothing is overdue. */
	{"program manager", CHECK_DOMAIN, false,
	 "SELECT " JUDGE("m.overdue OR m.failures > 2", "NOT m.works") ", CASE"
	 "  WHEN m.overdue THEN 'routines are due, and nobody looks'"
	 "  WHEN m.works AND m.launcher_pid IS NULL THEN 'on a standby there is nothing to do'"
	 "  WHEN NOT m.loaded THEN 'the library is not preloaded'"
	 "  WHEN NOT m.enabled THEN 'selfhost.manager is off'"
	 "  WHEN m.launcher_pid IS NULL THEN 'selfpmgr does not run'"
	 "  WHEN m.failures > 2 THEN format('its last %s visits to this database have failed', m.failures)"
	 "  ELSE 'selfpmgr runs' END,"
	 " CASE WHEN m.works AND NOT m.overdue AND m.failures <= 2 THEN NULL WHEN NOT m.loaded THEN 'add selfhost to shared_preload_libraries, or run selfpwrk --manager'"
	 "  WHEN NOT m.enabled THEN 'set selfhost.manager to on, or run selfpwrk --manager'"
	 "  WHEN m.overdue OR m.failures > 2 OR NOT m.works THEN 'look into the log of the server' END"
	 " FROM (SELECT s.loaded, s.enabled, s.launcher_pid, coalesce(s.failures, 0) AS failures,"
	 "  pg_catalog.pg_is_in_recovery()"
	 "   OR coalesce(s.loaded AND s.enabled AND s.launcher_pid IS NOT NULL, false) AS works,"
	 "  NOT pg_catalog.pg_is_in_recovery() AND EXISTS (SELECT FROM selfhost.program_schedule AS p"
	 "   WHERE coalesce(p.due, p.since) < pg_catalog.clock_timestamp() - interval '3 min') AS overdue"
	 "  FROM selfhost.manager_status AS s) AS m"},

	{"workers", CHECK_SERVER, false,
	 "SELECT CASE WHEN w.needed IS NULL THEN 'ok' ELSE 'problem' END,"
	 " format('workers that listen: %s', w.n) || coalesce('; none for programs in ' || w.needed, ''),"
	 " CASE WHEN w.needed IS NOT NULL THEN 'start selfpwrk with this domain in its domain file' END"
	 " FROM (SELECT (SELECT count(*) FROM selfhost.program_worker AS a WHERE selfhost._worker_alive(a)) AS n,"
	 "  (SELECT string_agg(DISTINCT p.language::text, ', ') FROM selfhost.program AS p"
	 "   WHERE p.state = 'active' AND p.type <> 'module' AND EXISTS (SELECT FROM selfhost.program_revision AS v"
	 "     WHERE v.program_uuid = p.uuid AND v.signed IS NOT NULL AND v.code IS NOT NULL)"
	 "   AND NOT EXISTS (SELECT FROM selfhost.program_worker AS a"
	 "     WHERE selfhost._worker_alive(a) AND p.language::text = ANY (a.languages))) AS needed) AS w"},

	{"programs", CHECK_SERVER, false,
	 "SELECT CASE p.n WHEN 0 THEN 'ok' ELSE 'warning' END, format('programs in state failed: %s', p.n)"
	 " || coalesce(' (' || p.names || ')', ''), CASE WHEN p.n > 0"
	 "  THEN '\"selfctl program logs\" tells why; set them active to try again' END"
	 " FROM (SELECT count(*) AS n, string_agg(f.name, ', ' ORDER BY f.name) FILTER (WHERE f.i <= 5) AS names"
	 "  FROM (SELECT o.name, row_number() OVER (ORDER BY o.name) AS i FROM selfhost.program AS o"
	 "   WHERE o.state = 'failed') AS f) AS p"},

	/* ---- the server's own housekeeping ---- */

	{"autovacuum", CHECK_SERVER, false,
	 "SELECT " JUDGE("s.auto = 'off' OR s.track = 'off'", "d.name IS NOT NULL") ", CASE"
	 "  WHEN s.auto = 'off' THEN 'autovacuum is off' WHEN s.track = 'off' THEN 'track_counts is off'"
	 "  WHEN d.name IS NOT NULL THEN format('%s has %s dead rows', d.name, d.n_dead_tup) ELSE 'it keeps up' END,"
	 " CASE WHEN s.auto = 'off' OR s.track = 'off' THEN 'set autovacuum and track_counts to on'"
	 "  WHEN d.name IS NOT NULL THEN 'look for old transactions, then run VACUUM' END"
	 " FROM (SELECT " SETTING("autovacuum") " AS auto, " SETTING("track_counts") " AS track) AS s"
	 " LEFT JOIN (SELECT t.relid::pg_catalog.regclass::text AS name, t.n_dead_tup"
	 "  FROM pg_catalog.pg_stat_user_tables AS t WHERE t.n_dead_tup > 100000 AND t.n_dead_tup > t.n_live_tup"
	 "  ORDER BY t.n_dead_tup DESC LIMIT 1) AS d ON true"},

	{"wraparound", CHECK_SERVER, false,
	 "SELECT " JUDGE("a.age > 1500000000", "a.age > 2 * a.freeze") ","
	 " format('the oldest transaction number is %s back', a.age),"
	 " CASE WHEN a.age > 2 * a.freeze THEN format('run VACUUM FREEZE in the database %s; at 2147483648 the server"
	 " stops', a.datname) END"
	 " FROM (SELECT d.datname, greatest(pg_catalog.age(d.datfrozenxid), pg_catalog.mxid_age(d.datminmxid))::bigint AS age,"
	 "  " SETTING("autovacuum_freeze_max_age") "::bigint AS freeze FROM pg_catalog.pg_database AS d"
	 "  ORDER BY 2 DESC LIMIT 1) AS a"},

	{"transactions", CHECK_SERVER, true,
	 "SELECT CASE WHEN t.n = 0 AND h.n = 0 THEN 'ok' ELSE 'warning' END, CASE"
	 "  WHEN t.n > 0 THEN format('older than %s s: %s, the oldest for %s s (%s)', $1::integer, t.n, t.age, t.who)"
	 "  WHEN h.n > 0 THEN format('sessions that cannot be seen: %s', h.n) ELSE 'none is long' END,"
	 " CASE WHEN t.n > 0 THEN 'end them: meanwhile nothing that was deleted since can be cleaned up'"
	 "  WHEN h.n > 0 THEN format('run GRANT pg_read_all_stats TO %I', current_user) END"
	 " FROM (SELECT count(*) AS n, max(x.age)::bigint AS age, (array_agg(x.who ORDER BY x.age DESC))[1] AS who FROM ("
	 "  SELECT extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start) AS age,"
	 "   format('process %s, %s', a.pid, coalesce(a.usename, a.backend_type)) AS who"
	 "  FROM pg_catalog.pg_stat_activity AS a"
	 "  WHERE a.pid <> pg_catalog.pg_backend_pid() AND a.xact_start IS NOT NULL"
	 "   AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL) AND a.backend_type <> 'walsender'"
	 "  UNION ALL SELECT extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared),"
	 "   'prepared as ' || p.gid FROM pg_catalog.pg_prepared_xacts AS p) AS x WHERE x.age >= $1::integer) AS t,"
	 " (SELECT count(*) AS n FROM pg_catalog.pg_stat_activity AS a WHERE a.query = '<insufficient privilege>') AS h"},

	{"connections", CHECK_SERVER, false,
	 "SELECT " JUDGE("c.used >= 0.95 * c.most OR c.here >= c.limited", "c.used > 0.8 * c.most") ","
	 " format('%s of %s are in use', c.used, c.most) || CASE WHEN c.limited < 2147483647"
	 "  THEN format(', %s of %s in this database', c.here, c.limited) ELSE '' END,"
	 " CASE WHEN c.here >= c.limited THEN 'raise the limit: ALTER DATABASE ... CONNECTION LIMIT'"
	 "  WHEN c.used > 0.8 * c.most THEN 'raise max_connections, or let the gateways have fewer of them' END"
	 " FROM (SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity AS a"
	 "    WHERE a.backend_type = 'client backend') AS used,"
	 "  (SELECT count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.datname = current_database()"
	 "    AND a.backend_type = 'client backend') AS here,"
	 "  " SETTING("max_connections") "::integer - " SETTING("superuser_reserved_connections") "::integer AS most,"
	 "  (SELECT CASE WHEN d.datconnlimit < 0 THEN 2147483647 ELSE d.datconnlimit END"
	 "   FROM pg_catalog.pg_database AS d WHERE d.datname = current_database()) AS limited) AS c"},

	/* ---- replication ---- */

	{"standby", CHECK_SERVER, false,
	 "SELECT " JUDGE("s.is_standby AND NOT s.receives", "s.is_standby AND s.behind > 60") ", CASE"
	 "  WHEN NOT s.is_standby THEN 'this is the primary'"
	 "  WHEN NOT s.receives THEN 'this is a standby, and nothing comes from its primary'"
	 "  ELSE format('this is a standby, %s s behind', s.behind) END,"
	 " CASE WHEN s.is_standby AND NOT s.receives THEN 'see whether the primary runs, and primary_conninfo'"
	 "  WHEN s.is_standby AND s.behind > 60 THEN 'look for long queries here, and for a slow network' END"
	 " FROM (SELECT pg_catalog.pg_is_in_recovery() AS is_standby,"
	 "  EXISTS (SELECT FROM pg_catalog.pg_stat_get_wal_receiver() AS r WHERE r.pid IS NOT NULL) AS receives,"
	 "  CASE WHEN pg_catalog.pg_is_in_recovery()"
	 "    AND pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0"
	 "   ELSE coalesce(extract(epoch FROM now() - pg_catalog.pg_last_xact_replay_timestamp())::bigint, 0) END"
	 "   AS behind) AS s"},

	{"replication", CHECK_SERVER, false,
	 "SELECT " JUDGE("r.names <> '' AND r.synchronous = 0 AND NOT r.is_standby", "r.slow > 0") ","
	 " format('standbys: %s, synchronous: %s', r.n, r.synchronous) || CASE WHEN r.slow > 0"
	 "  THEN format(', more than 64 MB or 10 s behind: %s', r.slow) ELSE '' END,"
	 " CASE WHEN r.names <> '' AND r.synchronous = 0 AND NOT r.is_standby THEN 'no synchronous standby is there:"
	 " every commit waits; start it, or change synchronous_standby_names'"
	 "  WHEN r.slow > 0 THEN 'look for a slow network or disk of the standby' END"
	 " FROM (SELECT count(*) AS n, count(*) FILTER (WHERE a.sync_state IN ('sync', 'quorum')) AS synchronous,"
	 "  count(*) FILTER (WHERE a.replay_lag > interval '10 s' OR CASE WHEN pg_catalog.pg_is_in_recovery() THEN false"
	 "   ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), a.replay_lsn) > 67108864 END) AS slow,"
	 "  " SETTING("synchronous_standby_names") " AS names, pg_catalog.pg_is_in_recovery() AS is_standby"
	 "  FROM pg_catalog.pg_stat_replication AS a) AS r"},

	{"slots", CHECK_SERVER, false,
	 "SELECT CASE s.n WHEN 0 THEN 'ok' ELSE 'warning' END,"
	 " coalesce('nobody uses ' || s.names, 'every replication slot is in use'),"
	 " CASE WHEN s.n > 0 THEN 'start its standby, or run SELECT pg_drop_replication_slot(...): until then the"
	 " server keeps all WAL' END"
	 " FROM (SELECT count(*) AS n, string_agg(r.slot_name::text, ', ' ORDER BY r.slot_name) AS names"
	 "  FROM pg_catalog.pg_replication_slots AS r WHERE NOT r.active AND NOT r.temporary) AS s"},
};

/* clang-format on */

#define N_CHECKS (sizeof(checks) / sizeof(checks[0]))

const char *
check_result_name(CheckResult result)
{
	static const char *const names[] = {
		[CHECK_OK] = "ok", [CHECK_WARNING] = "warning", [CHECK_PROBLEM] = "problem"};

	return names[result];
}

typedef struct Run
{
	const Check *check;
	CheckReport report;
	void *context;
	bool is_reported;
} Run;

static bool
take_finding(void *context, int n, const char *const *value)
{
	Run *run = context;
	Finding finding = {.check = run->check->name, .what = value[1], .advice = value[2]};

	(void) n;
	if (value[0] == NULL || strcmp(value[0], "problem") == 0)
		finding.result = CHECK_PROBLEM;
	else if (strcmp(value[0], "warning") == 0)
		finding.result = CHECK_WARNING;
	run->is_reported = true;
	run->report(run->context, &finding);
	return true;
}

static bool
run_check(Session *session, const CheckOptions *options, Run *run)
{
	char seconds[16];
	char what[1100];
	const char *parameter[] = {seconds};
	const Finding finding = {
		.check = run->check->name,
		.result = CHECK_PROBLEM,
		.what = what,
		.advice = "connect as the owner of the extension, or as a superuser",
	};

	snprintf(seconds, sizeof(seconds), "%d", options->transaction_seconds);
	if (shc_pg_exec(session->pg, run->check->query, run->check->takes_seconds ? 1 : 0, parameter,
					take_finding, run) &&
		run->is_reported)
		return true;
	if (strncmp(shc_pg_sqlstate(session->pg), "08", 2) == 0 ||
		shc_pg_message(session->pg)[0] == '\0')
		return false;
	snprintf(what, sizeof(what), "it could not be looked at: %s", shc_pg_message(session->pg));
	run->report(run->context, &finding);
	return true;
}

static bool
is_wanted(const Check *check, const CheckOptions *options)
{
	if (check->scope == CHECK_POINTS)
		return options->points;
	return check->scope == CHECK_DOMAIN || !options->domain_only;
}

bool
checks_run(Session *session, const CheckOptions *options, CheckReport report, void *context)
{
	bool good = true;

	shc_pg_set_quiet(session->pg, true);
	for (size_t i = 0; good && i < N_CHECKS; i++)
	{
		Run run = {.check = &checks[i], .report = report, .context = context};

		if (is_wanted(&checks[i], options))
			good = run_check(session, options, &run);
	}
	shc_pg_set_quiet(session->pg, false);
	return good;
}
