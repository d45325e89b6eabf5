/*
 * object.h: things of a domain that the command line names by uuid or by name.
 */
#ifndef SH_SELFCTL_OBJECT_H
#define SH_SELFCTL_OBJECT_H

#include "session.h"

#define OBJECT_UUID_SIZE 37

typedef enum ObjectKind
{
	OBJECT_NONE, /* a word that names nothing that is there */
	OBJECT_PROGRAM,
	OBJECT_TIMESERIES,
	OBJECT_USER,
	OBJECT_GROUP,
	OBJECT_POLICY,
	OBJECT_THING,
	OBJECT_DATASET,
	OBJECT_ALERT,
	OBJECT_TOKEN /* of a user: see object_find_token() */
} ObjectKind;

/*
 * The object that a word of the command line means: its uuid, or its name if only one has it. False,
 * and logged, when there is none or several.
 */
extern bool
object_find(Session *session, ObjectKind kind, const char *word, char uuid[OBJECT_UUID_SIZE]);

/* The same for a token of the user. */
extern bool object_find_token(Session *session, const char *user, const char *word,
							  char uuid[OBJECT_UUID_SIZE]);

/* Whether n words stand behind the options; else says so. command: as in "program show". */
extern bool object_check_words(const char *command, int argc, int n);

#endif
