/*
 * cmd_policy.c: selfctl policy: what the users of groups may do.
 */
#include <limits.h>

#include "commands.h"
#include "noun.h"

static const CliOption print_options[] = {NOUN_WHERE, NOUN_JSON, NOUN_END};
static const CliOption drop_options[] = {NOUN_WHERE, NOUN_YES, NOUN_END};

#define POLICY_COLUMNS                                                                     \
	"p.uuid, (SELECT g.name FROM selfhost.user_group AS g WHERE g.uuid = p.group_uuid) AS" \
	" \"group\", p.priority, p.effect, p.action, p.resource"
#define POLICY_HEADING                                              \
	{                                                               \
		"UUID", "GROUP", "PRIORITY", "EFFECT", "ACTION", "RESOURCE" \
	}

static const NounVerb policy_list = {
	.command = "policy list",
	.act = NOUN_LIST,
	.sql = "SELECT " POLICY_COLUMNS
		   " FROM selfhost.policy AS p ORDER BY 2, p.priority, p.resource, p.action, p.effect",
	.heading = POLICY_HEADING,
	.nothing = "There are no policies.",
};
NOUN_RUN(policy_list)

static const CliCommand cmd_policy_list = {
	.name = "list",
	.summary = "list policies",
	.description = "Those of one group: \"selfctl group policies\".\n",
	.examples = "$ selfctl policy list\n",
	.options = print_options,
	.run = run_policy_list,
};

static const NounVerb policy_show = {
	.command = "policy show",
	.act = NOUN_SHOW,
	.n_words = 1,
	.word = {OBJECT_POLICY},
	.sql = "SELECT " POLICY_COLUMNS " FROM selfhost.policy AS p WHERE p.uuid = $1::uuid",
	.heading = POLICY_HEADING,
};
NOUN_RUN(policy_show)

static const CliCommand cmd_policy_show = {
	.name = "show",
	.summary = "show a policy",
	.arguments = "UUID",
	.examples = "$ selfctl policy show 7a1f2f5e-0d0b-4b5e-9d53-0c9d1c1f7c55\n",
	.options = print_options,
	.run = run_policy_show,
};

#define POLICY_OPTIONS                                                                     \
	NOUN_TEXT("group", "GROUP", "whose users it is about; a name or a uuid", group),       \
		{0, "priority", "N", "0 or more", CLI_NUMBER, &noun_options.priority, 0, INT_MAX}, \
		NOUN_TEXT("effect", "EFFECT", "allow or deny", effect),                            \
		NOUN_TEXT("action", "ACTION", "create, read, update or delete", action),           \
		NOUN_TEXT("resource", "PATTERN",                                                   \
				  "as things or things/%: % is any text, _ any character,\n"               \
				  "a backslash takes the next one as it is",                               \
				  resource)

static const CliOption create_options[] = {NOUN_WHERE, POLICY_OPTIONS, NOUN_JSON, NOUN_END};
static const CliOption set_options[] = {NOUN_WHERE, POLICY_OPTIONS, NOUN_END};

static const NounVerb policy_create = {
	.command = "policy create",
	.act = NOUN_CREATE,
	.has_body = true,
	.required = {"group", "effect", "action", "resource"},
	.sql = "SELECT q.j->>'uuid', q.j FROM (SELECT selfhost.create_policy("
		   "'{\"priority\":0}' || $1::jsonb) AS j) AS q",
};
NOUN_RUN(policy_create)

static const CliCommand cmd_policy_create = {
	.name = "create",
	.summary = "make a policy",
	.description =
		"Prints its uuid. All options are required but --priority, by default 0. A user may do\n"
		"what a policy of his groups allows and none denies, and all with what he has made\n"
		"himself unless a policy denies it. Priorities do not decide.\n",
	.examples = "$ selfctl policy create --group technicians --effect allow --action read \\\n"
				"      --resource 'timeseries/%'\n",
	.options = create_options,
	.run = run_policy_create,
};

static const NounVerb policy_set = {
	.command = "policy set",
	.act = NOUN_CHANGE,
	.n_words = 1,
	.word = {OBJECT_POLICY},
	.has_body = true,
	.is_partial = true,
	.sql = "SELECT selfhost.update_policy($1::uuid, $2::jsonb)",
};
NOUN_RUN(policy_set)

static const CliCommand cmd_policy_set = {
	.name = "set",
	.summary = "change a policy",
	.arguments = "UUID",
	.examples = "$ selfctl policy set 7a1f2f5e-0d0b-4b5e-9d53-0c9d1c1f7c55 --effect deny\n",
	.options = set_options,
	.run = run_policy_set,
};

static const NounVerb policy_drop = {
	.command = "policy drop",
	.act = NOUN_DROP,
	.n_words = 1,
	.word = {OBJECT_POLICY},
	.sql = "SELECT selfhost.delete_policy($1::uuid)",
	.nothing = "the policy",
};
NOUN_RUN(policy_drop)

static const CliCommand cmd_policy_drop = {
	.name = "drop",
	.summary = "delete a policy",
	.arguments = "UUID",
	.examples = "$ selfctl policy drop 7a1f2f5e-0d0b-4b5e-9d53-0c9d1c1f7c55 --yes\n",
	.options = drop_options,
	.run = run_policy_drop,
};

static const CliCommand *const policy_commands[] = {
	&cmd_policy_list,
	&cmd_policy_show,
	&cmd_policy_create,
	&cmd_policy_set,
	&cmd_policy_drop,
	&cmd_policy_test,
	NULL,
};

const CliCommand cmd_policy = {
	.name = "policy",
	.summary = "policies: what the users of groups may do",
	.examples = "$ selfctl policy list\n"
				"$ selfctl policy create --group technicians --effect allow --action read \\\n"
				"      --resource 'timeseries/%'\n"
				"$ selfctl policy test ann read things\n",
	.commands = policy_commands,
};
