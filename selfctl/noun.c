/*
 * noun.c: runs the commands that noun.h describes.
 */
#include "noun.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

NounOptions noun_options = {.priority = -1, .timeout = -1};

/* ---- the body ---- */

typedef enum MemberKind
{
	MEMBER_TEXT,
	MEMBER_NULLABLE, /* an empty text stands for null */
	MEMBER_GROUP,	 /* a name or a uuid */
	MEMBER_THING,	 /* the same; empty: null */
	MEMBER_NUMBER,
	MEMBER_LIST /* a single empty text stands for an empty list */
} MemberKind;

/* A member of a body, and the option that gives it. */
typedef struct Member
{
	const char *name;
	const char *option;
	MemberKind kind;
	const void *value;
} Member;

static const Member members[] = {
	{"name", "name", MEMBER_TEXT, &noun_options.name},
	{"type", "type", MEMBER_NULLABLE, &noun_options.type},
	{"state", "state", MEMBER_TEXT, &noun_options.state},
	{"group_uuid", "group", MEMBER_GROUP, &noun_options.group},
	{"thing_uuid", "thing", MEMBER_THING, &noun_options.thing},
	{"effect", "effect", MEMBER_TEXT, &noun_options.effect},
	{"action", "action", MEMBER_TEXT, &noun_options.action},
	{"resource", "resource", MEMBER_TEXT, &noun_options.resource},
	{"format", "format", MEMBER_TEXT, &noun_options.format},
	{"environment", "environment", MEMBER_TEXT, &noun_options.environment},
	{"event", "event", MEMBER_TEXT, &noun_options.event},
	{"severity", "severity", MEMBER_TEXT, &noun_options.severity},
	{"status", "status", MEMBER_TEXT, &noun_options.status},
	{"value", "value", MEMBER_TEXT, &noun_options.value},
	{"description", "description", MEMBER_TEXT, &noun_options.description},
	{"origin", "origin", MEMBER_TEXT, &noun_options.origin},
	{"expires", "expires", MEMBER_TEXT, &noun_options.expires},
	{"tags", "tag", MEMBER_LIST, &noun_options.tags},
	{"service", "service", MEMBER_LIST, &noun_options.services},
	{"priority", "priority", MEMBER_NUMBER, &noun_options.priority},
	{"timeout", "timeout", MEMBER_NUMBER, &noun_options.timeout},
};

#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

static const char *
text_of(const Member *member)
{
	return *(const char *const *) member->value;
}

static bool
is_given(const Member *member)
{
	if (member->kind == MEMBER_NUMBER)
		return *(const int *) member->value >= 0;
	if (member->kind == MEMBER_LIST)
		return ((const CliList *) member->value)->n > 0;
	return text_of(member) != NULL;
}

static json_object *
make_list(const CliList *list)
{
	json_object *array = json_object_new_array();

	for (int i = 0; i < list->n; i++)
	{
		if (list->n > 1 || list->item[i][0] != '\0')
			json_object_array_add(array, json_object_new_string(list->item[i]));
	}
	return array;
}

/* False, and logged, when the option names nothing that is there. */
static bool
make_member(Session *session, const Member *member, json_object **out)
{
	bool may_be_null = member->kind == MEMBER_NULLABLE || member->kind == MEMBER_THING;
	char uuid[OBJECT_UUID_SIZE];

	*out = NULL;
	if (member->kind == MEMBER_NUMBER)
		*out = json_object_new_int(*(const int *) member->value);
	else if (member->kind == MEMBER_LIST)
		*out = make_list(member->value);
	else if (may_be_null && text_of(member)[0] == '\0')
		return true;
	else if (member->kind == MEMBER_GROUP || member->kind == MEMBER_THING)
	{
		if (!object_find(session, member->kind == MEMBER_GROUP ? OBJECT_GROUP : OBJECT_THING,
						 text_of(member), uuid))
			return false;
		*out = json_object_new_string(uuid);
	}
	else
		*out = json_object_new_string(text_of(member));
	return true;
}

/* What the options say, as the body of a request; NULL when that is logged. */
static json_object *
make_body(Session *session)
{
	json_object *body = json_object_new_object();

	for (size_t i = 0; i < N_MEMBERS; i++)
	{
		json_object *value;

		if (!is_given(&members[i]))
			continue;
		if (!make_member(session, &members[i], &value))
		{
			json_object_put(body);
			return NULL;
		}
		json_object_object_add(body, members[i].name, value);
	}
	return body;
}

/* ---- the command line ---- */

static bool
usage_error(const NounVerb *verb, const char *what, const char *option)
{
	fprintf(stderr, "selfctl %s: %s%s%s\nTry \"selfctl %s --help\".\n", verb->command,
			option != NULL ? "--" : "", option != NULL ? option : "", what, verb->command);
	return false;
}

static bool
option_is_given(const char *option)
{
	for (size_t i = 0; i < N_MEMBERS; i++)
	{
		if (strcmp(members[i].option, option) == 0)
			return is_given(&members[i]);
	}
	return false;
}

bool
noun_check(const NounVerb *verb, int argc)
{
	bool any = false;

	if (!object_check_words(verb->command, argc, verb->n_words))
		return false;
	for (int i = 0; verb->required[i] != NULL; i++)
	{
		if (!option_is_given(verb->required[i]))
			return usage_error(verb, " is required", verb->required[i]);
	}
	for (size_t i = 0; i < N_MEMBERS; i++)
		any = any || is_given(&members[i]);
	if (verb->is_partial && !any)
		return usage_error(verb, "nothing is to be changed", NULL);
	return true;
}

/* Nobody is asked but somebody at a terminal. */
static bool
may_ask(const NounVerb *verb)
{
	if (noun_options.yes || (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)))
		return true;
	fprintf(stderr, "selfctl %s: say --yes; %s will be gone for good\n", verb->command,
			verb->nothing);
	return false;
}

static bool
ask(const NounVerb *verb, const char *word)
{
	char answer[8] = "";

	if (noun_options.yes)
		return true;
	fprintf(stderr, "Drop \"%s\": %s will be gone for good. Do it? [y/N] ", word, verb->nothing);
	if (fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	shc_error("nothing was dropped");
	return false;
}

bool
noun_find_words(Session *session, const NounVerb *verb, char **argv,
				char uuid[NOUN_WORDS_MAX][OBJECT_UUID_SIZE], const char **parameter)
{
	for (int i = 0; i < verb->n_words; i++)
	{
		parameter[i] = argv[i];
		if (verb->word[i] == OBJECT_NONE)
			continue;
		if (verb->word[i] == OBJECT_TOKEN
				? !object_find_token(session, parameter[0], argv[i], uuid[i])
				: !object_find(session, verb->word[i], argv[i], uuid[i]))
			return false;
		parameter[i] = uuid[i];
	}
	return true;
}

/* ---- running ---- */

static bool
print_created(void *context, int n, const char *const *value)
{
	json_object *json;

	(void) context;
	if (!noun_options.json)
		return puts(value[0]) >= 0;
	json = n > 1 && value[1] != NULL ? json_tokener_parse(value[1]) : NULL;
	if (json == NULL)
		return false;
	puts(json_object_to_json_string_ext(json,
										JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
	return true;
}

static bool
run_statement(Session *session, const NounVerb *verb, int n, const char *const *parameter)
{
	Listing listing = {
		.query = verb->sql,
		.n = n,
		.parameter = parameter,
		.nothing = verb->nothing,
	};

	memcpy(listing.heading, verb->heading, sizeof(listing.heading));
	switch (verb->act)
	{
		case NOUN_LIST:
			return listing_print(session, &listing, noun_options.json);
		case NOUN_SHOW:
			return listing_print_one(session, &listing, noun_options.json);
		case NOUN_CREATE:
			return shc_pg_exec(session->pg, verb->sql, n, parameter, print_created, NULL);
		case NOUN_CHANGE:
		case NOUN_DROP:
			break;
	}
	return shc_pg_exec(session->pg, verb->sql, n, parameter, NULL, NULL);
}

static bool
run(Session *session, const NounVerb *verb, char **argv)
{
	char uuid[NOUN_WORDS_MAX][OBJECT_UUID_SIZE];
	const char *parameter[NOUN_WORDS_MAX + 1];
	json_object *body = NULL;
	int n = verb->n_words;
	bool good;

	if (verb->needs_user && !session_needs_user(session))
		return false;
	if (!noun_find_words(session, verb, argv, uuid, parameter))
		return false;
	if (verb->act == NOUN_DROP && !ask(verb, argv[verb->n_words - 1]))
		return false;
	if (verb->has_body)
	{
		body = make_body(session);
		if (body == NULL)
			return false;
		parameter[n++] = json_object_to_json_string(body);
	}
	good = run_statement(session, verb, n, parameter);
	json_object_put(body);
	return good;
}

int
noun_run(const NounVerb *verb, int argc, char **argv)
{
	Session session;
	bool good;

	if (!noun_check(verb, argc) || (verb->act == NOUN_DROP && !may_ask(verb)))
		return EXIT_CODE_USAGE;
	good = session_open(&session, &noun_options.where) && run(&session, verb, argv);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}
