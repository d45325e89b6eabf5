/*
 * migrate_accounts.c: users, groups, memberships, policies and tokens.
 *
 * Built-in rows have the same uuids on both sides. A domain that is as selfhost.init() made it first becomes
 * like the source: what the source's operators have renamed or taken away is not there with more rights
 * than before. A domain with other accounts only gets more.
 */
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "migrate.h"

#define ROOT	 "'00000000-0000-1000-8000-000000000000'"
#define BUILT_IN "::text LIKE '00000000-0000-1000-8000-000000000___'"

/* Of a row r of uuid, whose table has the alias a and whose insertion is `moved`. */
#define OUTCOME                                                                        \
	"CASE WHEN m.uuid IS NOT NULL THEN 'moved' WHEN a.uuid IS NOT NULL THEN 'present'" \
	" ELSE 'left' END"

#define ROWS(columns) \
	"WITH r AS MATERIALIZED (SELECT * FROM json_to_recordset($1::json) AS r (" columns ")), "

/* ---- a fresh domain ---- */

static const char built_in_query[] =
	"SELECT json_build_object('user', (SELECT u.name FROM users AS u WHERE u.uuid = " ROOT
	"),'groups', (SELECT coalesce(json_agg(g), '[]') FROM groups AS g WHERE g.uuid" BUILT_IN
	"),'policies', (SELECT coalesce(json_agg(p), '[]') FROM group_policies AS p"
	" WHERE p.group_uuid" BUILT_IN "))";

/* A function, so that all of it is done in one call; of this session only. */
static const char resemble_function[] =
	"CREATE FUNCTION pg_temp.resemble(source json) RETURNS SETOF text LANGUAGE plpgsql AS $$\n"
	"BEGIN\n"
	"  IF EXISTS (SELECT FROM selfhost.user_account AS u WHERE u.uuid <> " ROOT ")\n"
	"     OR EXISTS (SELECT FROM selfhost.user_group AS g WHERE NOT g.uuid" BUILT_IN ")\n"
	"     OR EXISTS (SELECT FROM selfhost.membership AS m WHERE m.group_uuid <> " ROOT ") THEN\n"
	"    RETURN;\n"
	"  END IF;\n"
	"  CREATE TEMP TABLE source_group ON COMMIT DROP AS\n"
	"    SELECT * FROM json_to_recordset(source -> 'groups') AS g (uuid uuid, name text);\n"
	"  RETURN QUERY\n"
	"    WITH gone AS (\n"
	"      DELETE FROM selfhost.user_group AS g WHERE g.uuid <> " ROOT "\n"
	"        AND g.uuid NOT IN (SELECT s.uuid FROM pg_temp.source_group AS s) RETURNING g.name)\n"
	"    SELECT format('the built-in group \"%s\" is not in the source, and so was taken away', "
	"g.name)\n"
	"    FROM gone AS g ORDER BY 1;\n"
	"  RETURN QUERY\n"
	"    WITH gone AS (\n"
	"      DELETE FROM selfhost.policy AS p WHERE p.group_uuid <> " ROOT " AND p.priority = 0\n"
	"        AND p.effect = 'allow'\n"
	"        AND p.resource IN ('things', 'things/%', 'timeseries', 'timeseries/%', 'tsdata',\n"
	"                           'tsdata/%', 'datasets', 'datasets/%')\n"
	"        AND NOT EXISTS (\n"
	"          SELECT FROM json_to_recordset(source -> 'policies')\n"
	"            AS s (group_uuid uuid, priority integer, effect text, action text, resource "
	"text)\n"
	"          WHERE (s.group_uuid, s.priority, s.effect, s.action, s.resource)\n"
	"            = (p.group_uuid, p.priority, p.effect::text, p.action::text, p.resource))\n"
	"      RETURNING p.*)\n"
	"    SELECT format('%s %s %s of the built-in group \"%s\" is not in the source, and so was "
	"taken away',\n"
	"                  p.effect, p.action, p.resource, g.name)\n"
	"    FROM gone AS p JOIN selfhost.user_group AS g ON g.uuid = p.group_uuid ORDER BY 1;\n"
	/* Names may have been exchanged. */
	"  UPDATE selfhost.user_group AS g SET name = g.uuid::text FROM pg_temp.source_group AS s\n"
	"    WHERE s.uuid = g.uuid AND s.name <> g.name;\n"
	"  UPDATE selfhost.user_group AS g SET name = s.name FROM pg_temp.source_group AS s\n"
	"    WHERE s.uuid = g.uuid AND s.name <> g.name;\n"
	"  UPDATE selfhost.user_account AS u SET name = source ->> 'user'\n"
	"    WHERE u.uuid = " ROOT " AND u.name <> source ->> 'user';\n"
	"END\n"
	"$$";

static bool
take_note(void *context, int n, const char *const *value)
{
	(void) n;
	migrate_report_note(context, value[0]);
	return true;
}

static bool
resemble(Migration *migration)
{
	char *source = NULL;
	const char *parameter[] = {NULL};
	bool good = shc_pg_value(migration->source, built_in_query, 0, NULL, &source);

	parameter[0] = source;
	good = good && shc_pg_exec(migration->target, resemble_function, 0, NULL, NULL, NULL) &&
		   shc_pg_exec(migration->target, "SELECT pg_temp.resemble($1::json)", 1, parameter,
					   take_note, &migration->report);
	free(source);
	return good;
}

/* clang-format off */

/* ---- users ---- */

static const MigrateRows users = {
	.kind = MIGRATE_USER,
	.source =
		"SELECT row_to_json(r)"
		" FROM (SELECT u.uuid, u.name, u.state FROM users AS u ORDER BY u.uuid) AS r",
	.target =
		ROWS("uuid uuid, name text, state text")
		"moved AS ("
		" INSERT INTO selfhost.user_account (uuid, name, state)"
		" SELECT r.uuid, r.name, r.state::selfhost.account_state FROM r"
		" ON CONFLICT DO NOTHING RETURNING uuid)"
		" SELECT r.uuid, r.name, " OUTCOME ", CASE"
		"  WHEN m.uuid IS NULL THEN 'another user of the domain has his name'"
		"  WHEN r.state <> 'active'"
		"   THEN format('is %s: his tokens worked all the same, and do not here', r.state) END"
		" FROM r LEFT JOIN moved AS m USING (uuid)"
		" LEFT JOIN selfhost.user_account AS a USING (uuid) ORDER BY r.uuid",
};

/* ---- groups ---- */

/*
 * Whose personal group it is. The server made it with the user and gave it policies on him that nobody writes
 * otherwise, but did not note that it is his: it has those policies, and his name or the denial of his rate.
 * A group that only has his name is not his: it would go with him.
 */
static const MigrateRows groups = {
	.kind = MIGRATE_GROUP,
	.source =
		"WITH candidate AS ("
		" SELECT u.uuid AS user_uuid, g.uuid AS group_uuid, g.name = u.name AS has_name"
		" FROM users AS u"
		" JOIN group_policies AS p ON p.resource = 'users/' || u.uuid AND p.effect = 'allow'"
		" JOIN groups AS g ON g.uuid = p.group_uuid"
		" WHERE NOT g.uuid" BUILT_IN " AND (g.name = u.name OR EXISTS ("
		"  SELECT FROM group_policies AS d WHERE d.group_uuid = g.uuid AND d.effect = 'deny'"
		"  AND d.action = 'update' AND d.resource = 'users/' || u.uuid || '/rate'))),"
		" of_user AS (SELECT DISTINCT ON (user_uuid) * FROM candidate"
		"  ORDER BY user_uuid, has_name DESC, group_uuid),"
		" personal AS (SELECT DISTINCT ON (group_uuid) * FROM of_user"
		"  ORDER BY group_uuid, has_name DESC, user_uuid)"
		" SELECT row_to_json(r) FROM (SELECT g.uuid, g.name, p.user_uuid AS personal_of"
		"  FROM groups AS g LEFT JOIN personal AS p ON p.group_uuid = g.uuid ORDER BY g.uuid) AS r",
	.target =
		ROWS("uuid uuid, name text, personal_of uuid")
		"moved AS ("
		" INSERT INTO selfhost.user_group (uuid, name, personal_of)"
		" SELECT r.uuid, r.name, u.uuid FROM r LEFT JOIN selfhost.user_account AS u"
		"  ON u.uuid = r.personal_of AND NOT EXISTS ("
		"   SELECT FROM selfhost.user_group AS o WHERE o.personal_of = u.uuid)"
		" ON CONFLICT DO NOTHING RETURNING uuid)"
		" SELECT r.uuid, r.name, " OUTCOME ","
		"  CASE WHEN m.uuid IS NULL THEN 'another group of the domain has its name' END"
		" FROM r LEFT JOIN moved AS m USING (uuid)"
		" LEFT JOIN selfhost.user_group AS a USING (uuid) ORDER BY r.uuid",
};

static const MigrateRows memberships = {
	.kind = MIGRATE_MEMBERSHIP,
	.source =
		"SELECT row_to_json(r) FROM (SELECT m.user_uuid, m.group_uuid FROM user_groups AS m"
		" ORDER BY m.user_uuid, m.group_uuid) AS r",
	.target =
		ROWS("user_uuid uuid, group_uuid uuid")
		"moved AS ("
		" INSERT INTO selfhost.membership (user_uuid, group_uuid)"
		" SELECT u.uuid, g.uuid FROM r JOIN selfhost.user_account AS u ON u.uuid = r.user_uuid"
		"  JOIN selfhost.user_group AS g ON g.uuid = r.group_uuid"
		" ON CONFLICT DO NOTHING RETURNING user_uuid, group_uuid)"
		" SELECT r.user_uuid || ' in ' || r.group_uuid, NULL,"
		"  CASE WHEN m.user_uuid IS NOT NULL THEN 'moved' WHEN a.user_uuid IS NOT NULL THEN 'present'"
		"   ELSE 'left' END,"
		"  CASE WHEN m.user_uuid IS NULL THEN 'the user or the group was left behind' END"
		" FROM r LEFT JOIN moved AS m USING (user_uuid, group_uuid)"
		" LEFT JOIN selfhost.membership AS a USING (user_uuid, group_uuid)"
		" ORDER BY r.user_uuid, r.group_uuid",
};

/* ---- policies ---- */

/*
 * needless: what the creation of objects gave the root group, which may do everything. They grow with the
 * objects, and every session of a member reads them all.
 */
#define POLICIES(condition)                                                             \
	"SELECT row_to_json(r) FROM ("                                                      \
	" SELECT p.uuid, p.group_uuid, p.priority, p.effect, p.action, p.resource,"         \
	"  p.effect = 'allow' AND p.resource ~ '^(things|timeseries|datasets|programs)/"    \
	"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/%$'"                                     \
	"  AND EXISTS (SELECT FROM group_policies AS q WHERE q.group_uuid = p.group_uuid"   \
	"   AND q.effect = 'allow' AND q.action = p.action AND q.resource = '%')" condition \
	"  AS needless"                                                                     \
	" FROM group_policies AS p ORDER BY p.uuid) AS r"

static const char policies_target[] =
	ROWS("uuid uuid, group_uuid uuid, priority integer, effect text, action text, resource text,"
		 " needless boolean")
	"judged AS MATERIALIZED ("
	" SELECT r.*, CASE"
	"  WHEN g.uuid IS NULL THEN 'its group was left behind'"
	"  WHEN r.resource = '' THEN 'its resource is empty, and so matches nothing'"
	"  WHEN length(r.resource) > 500 THEN 'its resource has more than 500 characters'"
	"  WHEN NOT selfhost._pattern_valid(r.resource) THEN 'its resource ends in a backslash that"
	" escapes nothing: it made every check of its group fail'"
	"  WHEN r.effect = 'deny' AND r.group_uuid = " ROOT
	"   THEN 'the root group cannot be denied anything' END AS reason"
	" FROM r LEFT JOIN selfhost.user_group AS g ON g.uuid = r.group_uuid),"
	" moved AS ("
	" INSERT INTO selfhost.policy (uuid, group_uuid, priority, effect, action, resource)"
	" SELECT r.uuid, r.group_uuid, r.priority, r.effect::selfhost.policy_effect,"
	"  r.action::selfhost.policy_action, r.resource FROM judged AS r"
	" WHERE r.reason IS NULL AND NOT r.needless ON CONFLICT DO NOTHING RETURNING uuid)"
	" SELECT r.uuid, format('%s %s %s', r.effect, r.action, left(r.resource, 100)),"
	"  CASE WHEN r.reason IS NOT NULL THEN 'left' WHEN r.needless THEN 'needless'"
	"   WHEN m.uuid IS NOT NULL THEN 'moved' ELSE 'present' END, r.reason"
	" FROM judged AS r LEFT JOIN moved AS m USING (uuid) ORDER BY r.uuid";

/* ---- tokens ---- */

/* Digests as they are, so that secrets stay good; but not that of the secret that everybody knows. */
static const MigrateRows tokens = {
	.kind = MIGRATE_TOKEN,
	.source =
		"SELECT row_to_json(r) FROM ("
		" SELECT t.uuid, t.user_uuid, t.name, t.created::text, encode(t.token_hash, 'hex') AS digest,"
		"  row_number() OVER (PARTITION BY t.token_hash ORDER BY t.created, t.uuid) AS n"
		" FROM user_tokens AS t ORDER BY t.uuid) AS r",
	.target =
		ROWS("uuid uuid, user_uuid uuid, name text, created timestamptz, digest text, n integer")
		"judged AS MATERIALIZED ("
		" SELECT r.*, decode(r.digest, 'hex') AS bytes, CASE"
		"  WHEN u.uuid IS NULL THEN 'its user was left behind'"
		"  WHEN length(r.digest) <> 64 THEN 'its digest is none of SHA-256: nobody can have used it'"
		"  WHEN r.digest = encode(sha256('root'), 'hex')"
		"   THEN 'its secret is \"root\", which everybody knows: give its clients a new token'"
		"  WHEN r.n > 1 OR EXISTS (SELECT FROM selfhost.token AS o"
		"    WHERE o.digest = decode(r.digest, 'hex') AND o.uuid <> r.uuid)"
		"   THEN 'another token has the same secret' END AS reason"
		" FROM r LEFT JOIN selfhost.user_account AS u ON u.uuid = r.user_uuid),"
		" moved AS ("
		" INSERT INTO selfhost.token (uuid, user_uuid, name, created, digest)"
		" SELECT r.uuid, r.user_uuid, r.name,"
		"  CASE WHEN isfinite(r.created) THEN r.created ELSE now() END, r.bytes"
		" FROM judged AS r WHERE r.reason IS NULL ON CONFLICT DO NOTHING RETURNING uuid)"
		" SELECT r.uuid, r.name, CASE WHEN r.reason IS NOT NULL THEN 'left'"
		"   WHEN m.uuid IS NOT NULL THEN 'moved' ELSE 'present' END,"
		"  CASE WHEN r.reason IS NOT NULL THEN r.reason WHEN NOT isfinite(r.created)"
		"   THEN 'was created at no finite time: now it is that of the move' END"
		" FROM judged AS r LEFT JOIN moved AS m USING (uuid) ORDER BY r.uuid",
};

/* clang-format on */

static bool
move_policies(Migration *migration)
{
	const MigrateRows rows = {
		.kind = MIGRATE_POLICY,
		.source = migration->keep_policies ? POLICIES(" AND false") : POLICIES(""),
		.target = policies_target,
	};
	uint64_t needless;
	char text[200];

	if (!migrate_rows(migration, &rows))
		return false;
	needless = migration->report.counts[MIGRATE_POLICY].needless;
	if (needless == 0)
		return true;
	snprintf(text, sizeof(text),
			 "%llu policies for single objects stay behind: their group may do everything anyway "
			 "(--keep-policies takes them along)",
			 (unsigned long long) needless);
	migrate_report_note(&migration->report, text);
	return true;
}

bool
migrate_accounts(Migration *migration)
{
	return resemble(migration) && migrate_rows(migration, &users) &&
		   migrate_rows(migration, &groups) && migrate_rows(migration, &memberships) &&
		   move_policies(migration) && migrate_rows(migration, &tokens);
}
