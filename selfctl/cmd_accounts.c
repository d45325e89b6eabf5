/*
 * cmd_accounts.c: selfctl user, group and token: who may log in, and what he belongs to.
 */
#include "commands.h"
#include "noun.h"

#define USER_WORD  "USER"
#define GROUP_WORD "GROUP"

static const CliOption print_options[] = {NOUN_WHERE, NOUN_JSON, NOUN_END};
static const CliOption change_options[] = {NOUN_WHERE, NOUN_END};
static const CliOption drop_options[] = {NOUN_WHERE, NOUN_YES, NOUN_END};

/* ---- user ---- */

#define USER_COLUMNS                                                                             \
	"u.name, u.uuid, u.state, u.rate,"                                                           \
	" ARRAY(SELECT g.name FROM selfhost.membership AS m JOIN selfhost.user_group AS g"           \
	" ON g.uuid = m.group_uuid WHERE m.user_uuid = u.uuid AND g.personal_of IS NULL ORDER BY 1)" \
	" AS groups"
#define USER_HEADING                              \
	{                                             \
		"NAME", "UUID", "STATE", "RATE", "GROUPS" \
	}

static const NounVerb user_list = {
	.command = "user list",
	.act = NOUN_LIST,
	.sql = "SELECT " USER_COLUMNS " FROM selfhost.user_account AS u ORDER BY u.name, u.uuid",
	.heading = USER_HEADING,
	.nothing = "There are no users.",
};
NOUN_RUN(user_list)

static const CliCommand cmd_user_list = {
	.name = "list",
	.summary = "list users",
	.description = "RATE is the requests per hour of a user who has a rate of his own.\n",
	.examples = "$ selfctl user list\n"
				"$ selfctl user list --json | jq -r '.[].name'\n",
	.options = print_options,
	.run = run_user_list,
};

static const NounVerb user_show = {
	.command = "user show",
	.act = NOUN_SHOW,
	.n_words = 1,
	.word = {OBJECT_USER},
	.sql = "SELECT " USER_COLUMNS " FROM selfhost.user_account AS u WHERE u.uuid = $1::uuid",
	.heading = USER_HEADING,
};
NOUN_RUN(user_show)

static const CliCommand cmd_user_show = {
	.name = "show",
	.summary = "show a user",
	.arguments = USER_WORD,
	.description = "USER is a name or a uuid.\n",
	.examples = "$ selfctl user show anna\n",
	.options = print_options,
	.run = run_user_show,
};

static const NounVerb user_create = {
	.command = "user create",
	.act = NOUN_CREATE,
	.n_words = 1,
	.sql = "SELECT q.j->>'uuid', q.j FROM (SELECT selfhost.create_user(jsonb_build_object("
		   "'name', $1::text)) AS j) AS q",
};
NOUN_RUN(user_create)

static const CliCommand cmd_user_create = {
	.name = "create",
	.summary = "make a user",
	.arguments = "NAME",
	.description = "Prints his uuid. He can do nothing yet: \"selfctl group add-user\" gives him\n"
				   "rights, \"selfctl token create\" a token.\n",
	.examples = "$ selfctl user create anna\n"
				"$ selfctl group add-user things anna\n"
				"$ selfctl token create anna --name dashboard\n",
	.options = print_options,
	.run = run_user_create,
};

static const NounVerb user_rename = {
	.command = "user rename",
	.act = NOUN_CHANGE,
	.n_words = 2,
	.word = {OBJECT_USER},
	.sql = "SELECT selfhost.update_user($1::uuid, jsonb_build_object('name', $2::text))",
};
NOUN_RUN(user_rename)

static const CliCommand cmd_user_rename = {
	.name = "rename",
	.summary = "give a user another name",
	.arguments = USER_WORD " NAME",
	.examples = "$ selfctl user rename anna anna.berg\n",
	.options = change_options,
	.run = run_user_rename,
};

static const CliOption user_set_options[] = {
	NOUN_WHERE, NOUN_TEXT("state", "STATE", "active, inactive or archived", state), NOUN_END};

static const NounVerb user_set = {
	.command = "user set",
	.act = NOUN_CHANGE,
	.n_words = 1,
	.word = {OBJECT_USER},
	.has_body = true,
	.is_partial = true,
	.sql = "SELECT selfhost.update_user($1::uuid, $2::jsonb)",
};
NOUN_RUN(user_set)

static const CliCommand cmd_user_set = {
	.name = "set",
	.summary = "change the state of a user",
	.arguments = USER_WORD,
	.description = "The tokens of a user who is not active are not good.\n",
	.examples = "$ selfctl user set anna --state inactive\n",
	.options = user_set_options,
	.run = run_user_set,
};

static const NounVerb user_drop = {
	.command = "user drop",
	.act = NOUN_DROP,
	.n_words = 1,
	.word = {OBJECT_USER},
	.sql = "SELECT selfhost.delete_user($1::uuid)",
	.nothing = "the user and his tokens",
};
NOUN_RUN(user_drop)

static const CliCommand cmd_user_drop = {
	.name = "drop",
	.summary = "delete a user and his tokens",
	.arguments = USER_WORD,
	.description = "What he has made remains.\n",
	.examples = "$ selfctl user drop anna --yes\n",
	.options = drop_options,
	.run = run_user_drop,
};

static const NounVerb user_groups = {
	.command = "user groups",
	.act = NOUN_LIST,
	.n_words = 1,
	.word = {OBJECT_USER},
	.sql = "SELECT g.name, g.uuid, g.personal_of IS NOT NULL AS personal"
		   " FROM selfhost.membership AS m JOIN selfhost.user_group AS g ON g.uuid = m.group_uuid"
		   " WHERE m.user_uuid = $1::uuid ORDER BY g.name, g.uuid",
	.heading = {"NAME", "UUID", "PERSONAL"},
	.nothing = "The user is in no group.",
};
NOUN_RUN(user_groups)

static const CliCommand cmd_user_groups = {
	.name = "groups",
	.summary = "list the groups of a user",
	.arguments = USER_WORD,
	.examples = "$ selfctl user groups anna\n",
	.options = print_options,
	.run = run_user_groups,
};

static const CliCommand *const user_commands[] = {
	&cmd_user_list, &cmd_user_show, &cmd_user_create, &cmd_user_rename,
	&cmd_user_set,	&cmd_user_drop, &cmd_user_groups, NULL,
};

const CliCommand cmd_user = {
	.name = "user",
	.summary = "users of a domain",
	.examples = "$ selfctl user list\n"
				"$ selfctl user create anna\n",
	.commands = user_commands,
};

/* ---- group ---- */

#define GROUP_COLUMNS                                                                        \
	"g.name, g.uuid, (SELECT u.name FROM selfhost.user_account AS u WHERE u.uuid ="          \
	" g.personal_of) AS personal_of,"                                                        \
	" (SELECT count(*) FROM selfhost.membership AS m WHERE m.group_uuid = g.uuid) AS users," \
	" (SELECT count(*) FROM selfhost.policy AS p WHERE p.group_uuid = g.uuid) AS policies"
#define GROUP_HEADING                                      \
	{                                                      \
		"NAME", "UUID", "PERSONAL OF", "USERS", "POLICIES" \
	}

static const NounVerb group_list = {
	.command = "group list",
	.act = NOUN_LIST,
	.sql = "SELECT " GROUP_COLUMNS " FROM selfhost.user_group AS g ORDER BY g.name, g.uuid",
	.heading = GROUP_HEADING,
	.nothing = "There are no groups.",
};
NOUN_RUN(group_list)

static const CliCommand cmd_group_list = {
	.name = "list",
	.summary = "list groups",
	.examples = "$ selfctl group list --json\n",
	.options = print_options,
	.run = run_group_list,
};

static const NounVerb group_show = {
	.command = "group show",
	.act = NOUN_SHOW,
	.n_words = 1,
	.word = {OBJECT_GROUP},
	.sql = "SELECT " GROUP_COLUMNS " FROM selfhost.user_group AS g WHERE g.uuid = $1::uuid",
	.heading = GROUP_HEADING,
};
NOUN_RUN(group_show)

static const CliCommand cmd_group_show = {
	.name = "show",
	.summary = "show a group",
	.arguments = GROUP_WORD,
	.description = "GROUP is a name or a uuid.\n",
	.examples = "$ selfctl group show technicians\n",
	.options = print_options,
	.run = run_group_show,
};

static const NounVerb group_create = {
	.command = "group create",
	.act = NOUN_CREATE,
	.n_words = 1,
	.sql = "SELECT q.j->>'uuid', q.j FROM (SELECT selfhost.create_group(jsonb_build_object("
		   "'name', $1::text)) AS j) AS q",
};
NOUN_RUN(group_create)

static const CliCommand cmd_group_create = {
	.name = "create",
	.summary = "make a group",
	.arguments = "NAME",
	.description = "Prints its uuid. \"selfctl policy create\" says what its users may do.\n",
	.examples = "$ selfctl group create technicians\n",
	.options = print_options,
	.run = run_group_create,
};

static const NounVerb group_rename = {
	.command = "group rename",
	.act = NOUN_CHANGE,
	.n_words = 2,
	.word = {OBJECT_GROUP},
	.sql = "SELECT selfhost.update_group($1::uuid, jsonb_build_object('name', $2::text))",
};
NOUN_RUN(group_rename)

static const CliCommand cmd_group_rename = {
	.name = "rename",
	.summary = "give a group another name",
	.arguments = GROUP_WORD " NAME",
	.examples = "$ selfctl group rename technicians fitters\n",
	.options = change_options,
	.run = run_group_rename,
};

static const NounVerb group_drop = {
	.command = "group drop",
	.act = NOUN_DROP,
	.n_words = 1,
	.word = {OBJECT_GROUP},
	.sql = "SELECT selfhost.delete_group($1::uuid)",
	.nothing = "the group and its policies",
};
NOUN_RUN(group_drop)

static const CliCommand cmd_group_drop = {
	.name = "drop",
	.summary = "delete a group and its policies",
	.arguments = GROUP_WORD,
	.examples = "$ selfctl group drop technicians --yes\n",
	.options = drop_options,
	.run = run_group_drop,
};

static const NounVerb group_users = {
	.command = "group users",
	.act = NOUN_LIST,
	.n_words = 1,
	.word = {OBJECT_GROUP},
	.sql = "SELECT u.name, u.uuid, u.state"
		   " FROM selfhost.membership AS m JOIN selfhost.user_account AS u ON u.uuid = m.user_uuid"
		   " WHERE m.group_uuid = $1::uuid ORDER BY u.name, u.uuid",
	.heading = {"NAME", "UUID", "STATE"},
	.nothing = "Nobody is in the group.",
};
NOUN_RUN(group_users)

static const CliCommand cmd_group_users = {
	.name = "users",
	.summary = "list the users of a group",
	.arguments = GROUP_WORD,
	.examples = "$ selfctl group users root\n",
	.options = print_options,
	.run = run_group_users,
};

static const NounVerb group_policies = {
	.command = "group policies",
	.act = NOUN_LIST,
	.n_words = 1,
	.word = {OBJECT_GROUP},
	.sql = "SELECT p.uuid, p.priority, p.effect, p.action, p.resource FROM selfhost.policy AS p"
		   " WHERE p.group_uuid = $1::uuid ORDER BY p.priority, p.resource, p.action, p.effect",
	.heading = {"UUID", "PRIORITY", "EFFECT", "ACTION", "RESOURCE"},
	.nothing = "The group has no policies.",
};
NOUN_RUN(group_policies)

static const CliCommand cmd_group_policies = {
	.name = "policies",
	.summary = "list the policies of a group",
	.arguments = GROUP_WORD,
	.examples = "$ selfctl group policies things\n",
	.options = print_options,
	.run = run_group_policies,
};

static const NounVerb group_add_user = {
	.command = "group add-user",
	.act = NOUN_CHANGE,
	.n_words = 2,
	.word = {OBJECT_GROUP, OBJECT_USER},
	.sql = "SELECT selfhost.update_user($2::uuid,"
		   " jsonb_build_object('groups_add', jsonb_build_array($1::uuid)))",
};
NOUN_RUN(group_add_user)

static const CliCommand cmd_group_add_user = {
	.name = "add-user",
	.summary = "make a user a member of a group",
	.arguments = GROUP_WORD " " USER_WORD,
	.description = "Who is a member already remains one.\n",
	.examples = "$ selfctl group add-user technicians anna\n",
	.options = change_options,
	.run = run_group_add_user,
};

static const NounVerb group_remove_user = {
	.command = "group remove-user",
	.act = NOUN_CHANGE,
	.n_words = 2,
	.word = {OBJECT_GROUP, OBJECT_USER},
	.sql = "SELECT selfhost.update_user($2::uuid,"
		   " jsonb_build_object('groups_remove', jsonb_build_array($1::uuid)))",
};
NOUN_RUN(group_remove_user)

static const CliCommand cmd_group_remove_user = {
	.name = "remove-user",
	.summary = "take a user out of a group",
	.arguments = GROUP_WORD " " USER_WORD,
	.examples = "$ selfctl group remove-user technicians anna\n",
	.options = change_options,
	.run = run_group_remove_user,
};

static const CliCommand *const group_commands[] = {
	&cmd_group_list,		&cmd_group_show,
	&cmd_group_create,		&cmd_group_rename,
	&cmd_group_drop,		&cmd_group_users,
	&cmd_group_policies,	&cmd_group_add_user,
	&cmd_group_remove_user, NULL,
};

const CliCommand cmd_group = {
	.name = "group",
	.summary = "groups of users of a domain",
	.examples = "$ selfctl group list\n"
				"$ selfctl group create technicians\n"
				"$ selfctl group add-user technicians anna\n",
	.commands = group_commands,
};

/* ---- token ---- */

static const NounVerb token_list = {
	.command = "token list",
	.act = NOUN_LIST,
	.n_words = 1,
	.word = {OBJECT_USER},
	.sql = "SELECT t.name, t.uuid, t.created, t.expires, t.last_used"
		   " FROM json_to_recordset(selfhost.list_user_tokens($1::uuid))"
		   " AS t (name text, uuid uuid, created text, expires text, last_used text)",
	.heading = {"NAME", "UUID", "CREATED", "EXPIRES", "LAST USED"},
	.nothing = "The user has no tokens.",
};
NOUN_RUN(token_list)

static const CliCommand cmd_token_list = {
	.name = "list",
	.summary = "list the tokens of a user",
	.arguments = USER_WORD,
	.description = "Without their secrets, which nobody keeps but the user.\n",
	.examples = "$ selfctl token list anna\n",
	.options = print_options,
	.run = run_token_list,
};

static const CliOption token_create_options[] = {
	NOUN_WHERE, NOUN_TEXT("name", "NAME", "what it is for; default: selfctl", name),
	NOUN_TEXT("expires", "TIME", "until when it is good, as RFC 3339; default: for ever", expires),
	NOUN_JSON, NOUN_END};

static const NounVerb token_create = {
	.command = "token create",
	.act = NOUN_CREATE,
	.n_words = 1,
	.word = {OBJECT_USER},
	.has_body = true,
	.sql = "SELECT q.j->>'secret', q.j FROM (SELECT selfhost.create_user_token($1::uuid,"
		   " '{\"name\":\"selfctl\"}' || $2::jsonb) AS j) AS q",
};
NOUN_RUN(token_create)

static const CliCommand cmd_token_create = {
	.name = "create",
	.summary = "make a token for a user",
	.arguments = USER_WORD,
	.description = "Prints its secret, which is shown this once; with --json also its uuid.\n",
	.examples = "$ selfctl token create anna --name dashboard\n"
				"$ selfctl token create anna --name visit --expires 2027-01-01T00:00:00Z --json\n",
	.options = token_create_options,
	.run = run_token_create,
};

static const NounVerb token_drop = {
	.command = "token drop",
	.act = NOUN_DROP,
	.n_words = 2,
	.word = {OBJECT_USER, OBJECT_TOKEN},
	.sql = "SELECT selfhost.delete_user_token($1::uuid, $2::uuid)",
	.nothing = "the token",
};
NOUN_RUN(token_drop)

static const CliCommand cmd_token_drop = {
	.name = "drop",
	.summary = "take a token away",
	.arguments = USER_WORD " TOKEN",
	.description = "TOKEN is its name or its uuid, not its secret.\n",
	.examples = "$ selfctl token drop anna dashboard --yes\n",
	.options = drop_options,
	.run = run_token_drop,
};

static const CliCommand *const token_commands[] = {
	&cmd_token_list,
	&cmd_token_create,
	&cmd_token_drop,
	NULL,
};

const CliCommand cmd_token = {
	.name = "token",
	.summary = "tokens of users, with which they log in",
	.examples = "$ selfctl token list anna\n"
				"$ selfctl token create anna --name dashboard\n",
	.commands = token_commands,
};
