/*
 * object.c: from a word to a uuid.
 */
#include "object.h"

#include <stdio.h>

#include "log.h"

#define FIND(table)                                                                 \
	"SELECT uuid FROM selfhost." table " WHERE uuid::text = lower($1) OR name = $1" \
	" ORDER BY uuid::text = lower($1) DESC LIMIT 2"

/* Objects without names. */
#define FIND_UUID(table) "SELECT uuid FROM selfhost." table " WHERE uuid::text = lower($1)"

static const struct
{
	const char *noun;
	const char *nouns;
	const char *list; /* the command that lists them */
	const char *query;
} kinds[] = {
	[OBJECT_PROGRAM] = {"program", "programs", "program list", FIND("program")},
	[OBJECT_TIMESERIES] = {"time series", "time series", "timeseries list", FIND("timeseries")},
	[OBJECT_USER] = {"user", "users", "user list", FIND("user_account")},
	[OBJECT_GROUP] = {"group", "groups", "group list", FIND("user_group")},
	[OBJECT_POLICY] = {"policy", "policies", "policy list", FIND_UUID("policy")},
	[OBJECT_THING] = {"thing", "things", "thing list", FIND("thing")},
	[OBJECT_DATASET] = {"dataset", "datasets", "dataset list", FIND("dataset")},
	[OBJECT_ALERT] = {"alert", "alerts", "alert list", FIND_UUID("alert")},
	[OBJECT_TOKEN] = {"token", "tokens", "token list",
					  "SELECT t.uuid FROM json_to_recordset(selfhost.list_user_tokens($2::uuid))"
					  " AS t (uuid uuid, name text)"
					  " WHERE t.uuid::text = lower($1) OR t.name = $1"
					  " ORDER BY t.uuid::text = lower($1) DESC LIMIT 2"},
};

typedef struct Found
{
	char *uuid;
	int n;
} Found;

/* The first is one with that uuid, if there is any. */
static bool
take_found(void *context, int n, const char *const *value)
{
	Found *found = context;

	(void) n;
	if (found->n++ == 0)
		snprintf(found->uuid, OBJECT_UUID_SIZE, "%s", value[0]);
	return true;
}

/* The word is the first of the query's n parameters. */
static bool
find(Session *session, ObjectKind kind, int n, const char *const *parameter,
	 char uuid[OBJECT_UUID_SIZE])
{
	Found found = {.uuid = uuid};

	if (!shc_pg_exec(session->pg, kinds[kind].query, n, parameter, take_found, &found))
		return false;
	if (found.n == 0)
		shc_error("there is no %s \"%s\": \"selfctl %s\" has them all", kinds[kind].noun,
				  parameter[0], kinds[kind].list);
	else if (found.n > 1)
		shc_error("several %s are called \"%s\": name one by its uuid", kinds[kind].nouns,
				  parameter[0]);
	return found.n == 1;
}

bool
object_find(Session *session, ObjectKind kind, const char *word, char uuid[OBJECT_UUID_SIZE])
{
	return find(session, kind, 1, &word, uuid);
}

bool
object_find_token(Session *session, const char *user, const char *word, char uuid[OBJECT_UUID_SIZE])
{
	const char *parameter[] = {word, user};

	return find(session, OBJECT_TOKEN, 2, parameter, uuid);
}

bool
object_check_words(const char *command, int argc, int n)
{
	if (argc == n)
		return true;
	fprintf(stderr, "selfctl %s: %s\nTry \"selfctl %s --help\".\n", command,
			argc < n ? "something is missing" : "too many words", command);
	return false;
}
