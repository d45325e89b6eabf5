/*
 * cmd_objects.c: selfctl thing, dataset and alert.
 */
#include <limits.h>

#include "commands.h"
#include "noun.h"

static const CliOption print_options[] = {NOUN_WHERE, NOUN_JSON, NOUN_END};
static const CliOption drop_options[] = {NOUN_WHERE, NOUN_YES, NOUN_END};

/* ---- thing ---- */

#define THING_COLUMNS                          \
	"t.name, t.uuid, t.type, t.state, t.tags," \
	" (SELECT u.name FROM selfhost.user_account AS u WHERE u.uuid = t.created_by) AS created_by"
#define THING_HEADING                                         \
	{                                                         \
		"NAME", "UUID", "TYPE", "STATE", "TAGS", "CREATED BY" \
	}

static const NounVerb thing_list = {
	.command = "thing list",
	.act = NOUN_LIST,
	.sql = "SELECT " THING_COLUMNS " FROM selfhost.thing AS t ORDER BY t.name, t.uuid",
	.heading = THING_HEADING,
	.nothing = "There are no things.",
};
NOUN_RUN(thing_list)

static const CliCommand cmd_thing_list = {
	.name = "list",
	.summary = "list things",
	.examples = "$ selfctl thing list\n"
				"$ selfctl thing list --json | jq -r '.[].uuid'\n",
	.options = print_options,
	.run = run_thing_list,
};

static const NounVerb thing_show = {
	.command = "thing show",
	.act = NOUN_SHOW,
	.n_words = 1,
	.word = {OBJECT_THING},
	.sql = "SELECT " THING_COLUMNS " FROM selfhost.thing AS t WHERE t.uuid = $1::uuid",
	.heading = THING_HEADING,
};
NOUN_RUN(thing_show)

static const CliCommand cmd_thing_show = {
	.name = "show",
	.summary = "show a thing",
	.arguments = "THING",
	.description = "THING is a name, if only one has it, or a uuid.\n",
	.examples = "$ selfctl thing show \"boiler room\"\n",
	.options = print_options,
	.run = run_thing_show,
};

static const CliOption thing_create_options[] = {
	NOUN_WHERE, NOUN_TEXT("type", "TYPE", "what kind of thing it is", type), NOUN_TAGS, NOUN_JSON,
	NOUN_END};

static const NounVerb thing_create = {
	.command = "thing create",
	.act = NOUN_CREATE,
	.n_words = 1,
	.has_body = true,
	.needs_user = true,
	.sql = "SELECT q.j->>'uuid', q.j FROM (SELECT selfhost.create_thing("
		   "$2::jsonb || jsonb_build_object('name', $1::text)) AS j) AS q",
};
NOUN_RUN(thing_create)

static const CliCommand cmd_thing_create = {
	.name = "create",
	.summary = "make a thing",
	.arguments = "NAME",
	.description = "Prints its uuid.\n",
	.examples = "$ selfctl thing create \"boiler room\" --type room --tag basement\n",
	.options = thing_create_options,
	.run = run_thing_create,
};

static const CliOption thing_set_options[] = {
	NOUN_WHERE,
	NOUN_TEXT("name", "NAME", "another name", name),
	NOUN_TEXT("type", "TYPE", "what kind of thing it is; \"\": none", type),
	NOUN_TEXT("state", "STATE", "active, inactive, passive or archived", state),
	{0, "tag", "TAG", "a tag instead of those it has; may be repeated; \"\": none", CLI_LIST,
	 &noun_options.tags, 0, 0},
	NOUN_END};

static const NounVerb thing_set = {
	.command = "thing set",
	.act = NOUN_CHANGE,
	.n_words = 1,
	.word = {OBJECT_THING},
	.has_body = true,
	.is_partial = true,
	.sql = "SELECT selfhost.update_thing($1::uuid, $2::jsonb)",
};
NOUN_RUN(thing_set)

static const CliCommand cmd_thing_set = {
	.name = "set",
	.summary = "change a thing",
	.arguments = "THING",
	.description = "What is not given stays as it is.\n",
	.examples = "$ selfctl thing set \"boiler room\" --state active --tag basement --tag heating\n",
	.options = thing_set_options,
	.run = run_thing_set,
};

static const NounVerb thing_drop = {
	.command = "thing drop",
	.act = NOUN_DROP,
	.n_words = 1,
	.word = {OBJECT_THING},
	.sql = "SELECT selfhost.delete_thing($1::uuid)",
	.nothing = "the thing",
};
NOUN_RUN(thing_drop)

static const CliCommand cmd_thing_drop = {
	.name = "drop",
	.summary = "delete a thing",
	.arguments = "THING",
	.description = "Its time series and datasets remain.\n",
	.examples = "$ selfctl thing drop \"boiler room\" --yes\n",
	.options = drop_options,
	.run = run_thing_drop,
};

static const NounVerb thing_timeseries = {
	.command = "thing timeseries",
	.act = NOUN_LIST,
	.n_words = 1,
	.word = {OBJECT_THING},
	.sql = "SELECT s.name, s.uuid, s.si_unit, s.lower_bound, s.upper_bound, s.tags"
		   " FROM selfhost.timeseries AS s WHERE s.thing_uuid = $1::uuid ORDER BY s.name, s.uuid",
	.heading = {"NAME", "UUID", "UNIT", "LOWER", "UPPER", "TAGS"},
	.nothing = "The thing has no time series.",
};
NOUN_RUN(thing_timeseries)

static const CliCommand cmd_thing_timeseries = {
	.name = "timeseries",
	.summary = "list the time series of a thing",
	.arguments = "THING",
	.examples = "$ selfctl thing timeseries \"boiler room\"\n",
	.options = print_options,
	.run = run_thing_timeseries,
};

#define DATASET_COLUMNS                                                                          \
	"d.name, d.uuid, d.format, d.size, encode(d.checksum, 'hex') AS checksum,"                   \
	" (SELECT t.name FROM selfhost.thing AS t WHERE t.uuid = d.thing_uuid) AS thing, d.updated," \
	" d.tags"
#define DATASET_HEADING                                                         \
	{                                                                           \
		"NAME", "UUID", "FORMAT", "SIZE", "SHA-256", "THING", "UPDATED", "TAGS" \
	}

static const NounVerb thing_datasets = {
	.command = "thing datasets",
	.act = NOUN_LIST,
	.n_words = 1,
	.word = {OBJECT_THING},
	.sql = "SELECT " DATASET_COLUMNS
		   " FROM selfhost.dataset AS d WHERE d.thing_uuid = $1::uuid ORDER BY d.name, d.uuid",
	.heading = DATASET_HEADING,
	.nothing = "The thing has no datasets.",
};
NOUN_RUN(thing_datasets)

static const CliCommand cmd_thing_datasets = {
	.name = "datasets",
	.summary = "list the datasets of a thing",
	.arguments = "THING",
	.examples = "$ selfctl thing datasets \"boiler room\"\n",
	.options = print_options,
	.run = run_thing_datasets,
};

static const CliCommand *const thing_commands[] = {
	&cmd_thing_list, &cmd_thing_show,		&cmd_thing_create,	 &cmd_thing_set,
	&cmd_thing_drop, &cmd_thing_timeseries, &cmd_thing_datasets, NULL,
};

const CliCommand cmd_thing = {
	.name = "thing",
	.summary = "things of a domain: what time series and datasets are about",
	.examples = "$ selfctl thing list\n"
				"$ selfctl thing create \"boiler room\" --type room\n",
	.commands = thing_commands,
};

/* ---- dataset ---- */

static const NounVerb dataset_list = {
	.command = "dataset list",
	.act = NOUN_LIST,
	.sql = "SELECT " DATASET_COLUMNS " FROM selfhost.dataset AS d ORDER BY d.name, d.uuid",
	.heading = DATASET_HEADING,
	.nothing = "There are no datasets.",
};
NOUN_RUN(dataset_list)

static const CliCommand cmd_dataset_list = {
	.name = "list",
	.summary = "list datasets",
	.examples = "$ selfctl dataset list --json\n",
	.options = print_options,
	.run = run_dataset_list,
};

static const NounVerb dataset_show = {
	.command = "dataset show",
	.act = NOUN_SHOW,
	.n_words = 1,
	.word = {OBJECT_DATASET},
	.sql = "SELECT " DATASET_COLUMNS " FROM selfhost.dataset AS d WHERE d.uuid = $1::uuid",
	.heading = DATASET_HEADING,
};
NOUN_RUN(dataset_show)

static const CliCommand cmd_dataset_show = {
	.name = "show",
	.summary = "show what is known of a dataset",
	.arguments = "DATASET",
	.description = "DATASET is a name, if only one has it, or a uuid.\n",
	.examples = "$ selfctl dataset show tariffs\n",
	.options = print_options,
	.run = run_dataset_show,
};

static const CliOption dataset_create_options[] = {
	NOUN_WHERE,
	NOUN_TEXT("format", "FORMAT", "csv, ini, json, misc, toml, xml or yaml; required", format),
	NOUN_TEXT("thing", "THING", "what it is about; a name or a uuid", thing),
	NOUN_TAGS,
	NOUN_JSON,
	NOUN_END};

static const NounVerb dataset_create = {
	.command = "dataset create",
	.act = NOUN_CREATE,
	.n_words = 1,
	.has_body = true,
	.needs_user = true,
	.required = {"format"},
	.sql = "SELECT q.j->>'uuid', q.j FROM (SELECT selfhost.create_dataset("
		   "$2::jsonb || jsonb_build_object('name', $1::text, 'content', '')) AS j) AS q",
};
NOUN_RUN(dataset_create)

static const CliCommand cmd_dataset_create = {
	.name = "create",
	.summary = "make a dataset, without content yet",
	.arguments = "NAME",
	.description = "Prints its uuid. \"selfctl dataset put\" gives it content.\n",
	.examples = "$ selfctl dataset create tariffs --format csv\n"
				"$ selfctl dataset put tariffs tariffs.csv\n",
	.options = dataset_create_options,
	.run = run_dataset_create,
};

static const NounVerb dataset_drop = {
	.command = "dataset drop",
	.act = NOUN_DROP,
	.n_words = 1,
	.word = {OBJECT_DATASET},
	.sql = "SELECT selfhost.delete_dataset($1::uuid)",
	.nothing = "the dataset and its content",
};
NOUN_RUN(dataset_drop)

static const CliCommand cmd_dataset_drop = {
	.name = "drop",
	.summary = "delete a dataset and its content",
	.arguments = "DATASET",
	.examples = "$ selfctl dataset drop tariffs --yes\n",
	.options = drop_options,
	.run = run_dataset_drop,
};

static const CliCommand *const dataset_commands[] = {
	&cmd_dataset_list,
	&cmd_dataset_show,
	&cmd_dataset_create,
	&cmd_dataset_get,
	&cmd_dataset_put,
	&cmd_dataset_drop,
	NULL,
};

const CliCommand cmd_dataset = {
	.name = "dataset",
	.summary = "datasets of a domain, and their content",
	.examples = "$ selfctl dataset list\n"
				"$ selfctl dataset get tariffs tariffs.csv\n",
	.commands = dataset_commands,
};

/* ---- alert ---- */

static const CliOption alert_list_options[] = {
	NOUN_WHERE,
	NOUN_TEXT("status", "STATUS", "only those that are open, close, expire, ...", status),
	NOUN_TEXT("severity", "SEVERITY", "only those of this severity", severity), NOUN_JSON,
	NOUN_END};

/* Through the operation, which knows what has expired. */
static const NounVerb alert_list = {
	.command = "alert list",
	.act = NOUN_LIST,
	.has_body = true,
	.sql = "SELECT a.uuid, a.severity, a.status, a.environment, a.resource, a.event, a.origin,"
		   " a.value, a.duplicate, a.created"
		   " FROM selfhost.list_alerts(\"limit\" => 2147483647,"
		   " status => ($1::jsonb->>'status')::selfhost.alert_status,"
		   " severity => ($1::jsonb->>'severity')::selfhost.alert_severity) AS r,"
		   " json_to_recordset(convert_from(r.body, 'UTF8')::json) AS a (uuid uuid, severity text,"
		   " status text, environment text, resource text, event text, origin text, value text,"
		   " duplicate integer, created text)",
	.heading = {"UUID", "SEVERITY", "STATUS", "ENVIRONMENT", "RESOURCE", "EVENT", "ORIGIN", "VALUE",
				"DUPLICATE", "CREATED"},
	.nothing = "There are no alerts.",
};
NOUN_RUN(alert_list)

static const CliCommand cmd_alert_list = {
	.name = "list",
	.summary = "list alerts",
	.examples = "$ selfctl alert list --status open\n"
				"$ selfctl alert list --severity critical --json\n",
	.options = alert_list_options,
	.run = run_alert_list,
};

static const NounVerb alert_show = {
	.command = "alert show",
	.act = NOUN_SHOW,
	.n_words = 1,
	.word = {OBJECT_ALERT},
	.sql = "SELECT a.* FROM selfhost.get_alert($1::uuid) AS r,"
		   " json_to_record(convert_from(r.body, 'UTF8')::json) AS a (uuid uuid, severity text,"
		   " status text, environment text, resource text, event text, origin text, value text,"
		   " description text, duplicate integer, created text, tags text[])",
	.heading = {"UUID", "SEVERITY", "STATUS", "ENVIRONMENT", "RESOURCE", "EVENT", "ORIGIN", "VALUE",
				"DESCRIPTION", "DUPLICATE", "CREATED", "TAGS"},
};
NOUN_RUN(alert_show)

static const CliCommand cmd_alert_show = {
	.name = "show",
	.summary = "show an alert",
	.arguments = "UUID",
	.examples = "$ selfctl alert show 7a1f2f5e-0d0b-4b5e-9d53-0c9d1c1f7c55\n",
	.options = print_options,
	.run = run_alert_show,
};

static const CliOption alert_create_options[] = {
	NOUN_WHERE,
	NOUN_TEXT("resource", "TEXT", "what it is about; required", resource),
	NOUN_TEXT("event", "TEXT", "what has happened; required", event),
	NOUN_TEXT("severity", "SEVERITY",
			  "security, critical, major, minor, warning, informational,\n"
			  "debug, trace or indeterminate; required",
			  severity),
	NOUN_TEXT("environment", "TEXT", "where; default: empty", environment),
	NOUN_TEXT("origin", "TEXT", "who tells; default: selfctl", origin),
	NOUN_TEXT("value", "TEXT", "a value; default: empty", value),
	NOUN_TEXT("description", "TEXT", "a text for people; default: empty", description),
	NOUN_TEXT("status", "STATUS", "open (default), close, shelve, acknowledge, ...", status),
	{0, "service", "TEXT", "what is affected; may be repeated", CLI_LIST, &noun_options.services, 0,
	 0},
	{0, "timeout", "SECONDS", "after which it expires", CLI_NUMBER, &noun_options.timeout, 0,
	 INT_MAX},
	NOUN_TAGS,
	NOUN_JSON,
	NOUN_END};

static const NounVerb alert_create = {
	.command = "alert create",
	.act = NOUN_CREATE,
	.has_body = true,
	.required = {"resource", "event", "severity"},
	.sql = "SELECT q.j->>'uuid', q.j FROM (SELECT selfhost.create_alert('{\"environment\":\"\","
		   "\"origin\":\"selfctl\",\"value\":\"\",\"description\":\"\"}' || $1::jsonb) AS j) AS q",
};
NOUN_RUN(alert_create)

static const CliCommand cmd_alert_create = {
	.name = "create",
	.summary = "report an alert",
	.description =
		"Prints its uuid. A report of the same resource, environment, event and origin as\n"
		"one that is not closed is merged with that.\n",
	.examples = "$ selfctl alert create --resource pump1 --event overheated --severity major \\\n"
				"      --value \"91 C\"\n",
	.options = alert_create_options,
	.run = run_alert_create,
};

static const NounVerb alert_drop = {
	.command = "alert drop",
	.act = NOUN_DROP,
	.n_words = 1,
	.word = {OBJECT_ALERT},
	.sql = "SELECT selfhost.delete_alert($1::uuid)",
	.nothing = "the alert",
};
NOUN_RUN(alert_drop)

static const CliCommand cmd_alert_drop = {
	.name = "drop",
	.summary = "delete an alert",
	.arguments = "UUID",
	.examples = "$ selfctl alert drop 7a1f2f5e-0d0b-4b5e-9d53-0c9d1c1f7c55 --yes\n",
	.options = drop_options,
	.run = run_alert_drop,
};

static const CliCommand *const alert_commands[] = {
	&cmd_alert_list, &cmd_alert_show, &cmd_alert_create, &cmd_alert_drop, NULL,
};

const CliCommand cmd_alert = {
	.name = "alert",
	.summary = "alerts of a domain",
	.examples = "$ selfctl alert list --status open\n",
	.commands = alert_commands,
};
