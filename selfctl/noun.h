/*
 * noun.h: commands on the objects of a domain, as data: what their words and options mean, and the
 * statement that does it. Used by the tables in cmd_accounts.c and cmd_objects.c.
 */
#ifndef SH_SELFCTL_NOUN_H
#define SH_SELFCTL_NOUN_H

#include "cli.h"
#include "listing.h"
#include "object.h"
#include "session.h"

#define NOUN_WORDS_MAX	  3
#define NOUN_REQUIRED_MAX 8
#define NOUN_CONTENT_MAX  (64 * 1024 * 1024)

/* Of all commands: only one runs. Numbers are -1 while they are not given. */
typedef struct NounOptions
{
	SessionOptions where;
	bool json;
	bool yes;
	/* Members of the body; see the table of them in noun.c. */
	const char *name;
	const char *type;
	const char *state;
	const char *group;
	const char *thing;
	const char *effect;
	const char *action;
	const char *resource;
	const char *format;
	const char *environment;
	const char *event;
	const char *severity;
	const char *status;
	const char *value;
	const char *description;
	const char *origin;
	const char *expires;
	CliList tags;
	CliList services;
	int priority;
	int timeout;
} NounOptions;

extern NounOptions noun_options;

typedef enum NounAct
{
	NOUN_LIST,	 /* prints all rows */
	NOUN_SHOW,	 /* prints the one row */
	NOUN_CREATE, /* prints the first column, or with --json the second, which is JSON */
	NOUN_CHANGE, /* prints nothing */
	NOUN_DROP	 /* the same, after --yes or a question */
} NounAct;

/*
 * The parameters of the statement are the words, in order, each as the uuid of what it means or as it
 * stands there; then, with has_body, the body that the options make, as JSON.
 */
typedef struct NounVerb
{
	const char *command; /* as in "user list" */
	NounAct act;
	int n_words;
	ObjectKind word[NOUN_WORDS_MAX];
	bool has_body;
	bool is_partial;							 /* an empty body is refused */
	bool needs_user;							 /* what is made has a maker */
	const char *required[NOUN_REQUIRED_MAX + 1]; /* options; ends with NULL */
	const char *sql;
	const char *heading[LISTING_COLUMNS_MAX + 1];
	const char *nothing; /* instead of an empty table; what is lost by a drop */
} NounVerb;

/* Does what the table says; returns the exit code. */
extern int noun_run(const NounVerb *verb, int argc, char **argv);

/* The words as parameters: uuids are looked up into `uuid`. False when that is logged. */
extern bool noun_find_words(Session *session, const NounVerb *verb, char **argv,
							char uuid[NOUN_WORDS_MAX][OBJECT_UUID_SIZE], const char **parameter);

/* Whether the words and options of the command line suffice; else says what does not. */
extern bool noun_check(const NounVerb *verb, int argc);

/* selfctl policy test */
extern const CliCommand cmd_policy_test;

/* selfctl dataset get, put */
extern const CliCommand cmd_dataset_get;
extern const CliCommand cmd_dataset_put;

/* The function of a command, which knows its verb. */
#define NOUN_RUN(verb)                           \
	static int run_##verb(int argc, char **argv) \
	{                                            \
		return noun_run(&(verb), argc, argv);    \
	}

#define NOUN_WHERE SESSION_OPTIONS(noun_options.where)
#define NOUN_TEXT(option, argument, help, member)                       \
	{                                                                   \
		0, option, argument, help, CLI_TEXT, &noun_options.member, 0, 0 \
	}
#define NOUN_TAGS                                                                     \
	{                                                                                 \
		0, "tag", "TAG", "a tag; may be repeated", CLI_LIST, &noun_options.tags, 0, 0 \
	}
#define NOUN_JSON                                                         \
	{                                                                     \
		0, "json", NULL, "print JSON", CLI_FLAG, &noun_options.json, 0, 0 \
	}
#define NOUN_YES                                                          \
	{                                                                     \
		'y', "yes", NULL, "do not ask", CLI_FLAG, &noun_options.yes, 0, 0 \
	}
#define NOUN_END     \
	{                \
		.name = NULL \
	}

#endif
