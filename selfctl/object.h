/*
 * object.h: things of a domain that the command line names by uuid or by name.
 */
#ifndef SH_SELFCTL_OBJECT_H
#define SH_SELFCTL_OBJECT_H

#include "session.h"

#define OBJECT_UUID_SIZE 37

typedef enum ObjectKind
{
	OBJECT_PROGRAM,
	OBJECT_TIMESERIES
} ObjectKind;

/*
 * The object that a word of the command line means: its uuid, or its name if only one has it. False,
 * and logged, when there is none or several.
 */
extern bool
object_find(Session *session, ObjectKind kind, const char *word, char uuid[OBJECT_UUID_SIZE]);

/* Whether n words stand behind the options; else says so. command: as in "program show". */
extern bool object_check_words(const char *command, int argc, int n);

#endif
