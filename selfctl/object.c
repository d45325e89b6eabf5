/*
 * object.c: from a word to a uuid.
 */
#include "object.h"

#include <stdio.h>

#include "log.h"

#define FIND(table)                                                                 \
	"SELECT uuid FROM selfhost." table " WHERE uuid::text = lower($1) OR name = $1" \
	" ORDER BY uuid::text = lower($1) DESC LIMIT 2"

static const struct
{
	const char *noun;
	const char *list; /* the command that lists them */
	const char *query;
} kinds[] = {
	[OBJECT_PROGRAM] = {"program", "program list", FIND("program")},
	[OBJECT_TIMESERIES] = {"time series", "timeseries list", FIND("timeseries")},
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

bool
object_find(Session *session, ObjectKind kind, const char *word, char uuid[OBJECT_UUID_SIZE])
{
	Found found = {.uuid = uuid};

	if (!shc_pg_exec(session->pg, kinds[kind].query, 1, &word, take_found, &found))
		return false;
	if (found.n == 0)
		shc_error("there is no %s \"%s\": \"selfctl %s\" has them all", kinds[kind].noun, word,
				  kinds[kind].list);
	else if (found.n > 1)
		shc_error("several %s are called \"%s\": name one by its uuid",
				  kind == OBJECT_PROGRAM ? "programs" : "time series", word);
	return found.n == 1;
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
