/*
 * selfapi.c: which operations a program may call, and as which statements.
 *
 * Only names out of the table come into the text of a statement; what the program gives are values of
 * parameters, each with the type that the table names.
 */
#include "selfapi.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_tail.h"

#define MAX_ARGUMENTS 14

/* Most bytes of all values together, and of one statement's text. */
#define VALUES_MAX ((size_t) 1024 * 1024)
#define SQL_MAX	   4096

typedef enum Returns
{
	RETURNS_TEXT, /* json or jsonb */
	RETURNS_VOID,
	RETURNS_RESPONSE /* http_response, one or many */
} Returns;

typedef enum Body
{
	BODY_NONE,
	BODY_JSON,
	BODY_RAW /* bytes, and their media type */
} Body;

typedef struct Argument
{
	const char *name; /* as the program and the function call it */
	const char *type; /* of SQL */
} Argument;

struct WkOperation
{
	const char *name; /* of the function, too */
	int status;		  /* of success, where the function does not say */
	Returns returns;
	Body body;
	Argument argument[MAX_ARGUMENTS];
};

/* clang-format off */
#define UUID	{"uuid", "uuid"}
#define PAGE	{"limit", "integer"}, {"offset", "integer"}, {"tags", "text[]"}, {"count", "boolean"}
#define WINDOW	{"start", "timestamptz"}, {"end", "timestamptz"}, {"unit", "text"}, {"ge", "double precision"}, \
				{"le", "double precision"}, {"precision", "text"}, {"aggregate", "text"}, {"timezone", "text"}, {"accept", "text"}
#define WRITE	{"unit", "text"}, {"conflict", "text"}, {"content_type", "text"}

static const WkOperation operations[] = {
	{"add_points", 201, RETURNS_RESPONSE, BODY_RAW, {WRITE}},
	{"add_timeseries_data", 201, RETURNS_RESPONSE, BODY_RAW, {UUID, WRITE}},
	{"create_alert", 201, RETURNS_TEXT, BODY_JSON, {{NULL, NULL}}},
	{"create_dataset", 201, RETURNS_TEXT, BODY_JSON, {{NULL, NULL}}},
	{"delete_timeseries_data", 204, RETURNS_VOID, BODY_NONE,
		{UUID, {"start", "timestamptz"}, {"end", "timestamptz"}, {"ge", "double precision"}, {"le", "double precision"}}},
	{"get_alert", 200, RETURNS_RESPONSE, BODY_NONE, {UUID, {"if_none_match", "text"}}},
	{"get_dataset", 200, RETURNS_TEXT, BODY_NONE, {UUID}},
	{"get_dataset_raw", 200, RETURNS_RESPONSE, BODY_NONE, {UUID, {"if_none_match", "text"}, {"range", "text"}, {"if_range", "text"}}},
	{"get_timeseries", 200, RETURNS_TEXT, BODY_NONE, {UUID}},
	{"get_timeseries_data", 200, RETURNS_RESPONSE, BODY_NONE, {UUID, WINDOW}},
	{"list_alerts", 200, RETURNS_RESPONSE, BODY_NONE,
		{PAGE, {"resource", "text"}, {"environment", "text"}, {"event", "text"}, {"origin", "text"}, {"service", "text[]"},
		 {"status", "selfhost.alert_status"}, {"severity", "selfhost.alert_severity"},
		 {"severity_le", "selfhost.alert_severity"}, {"severity_ge", "selfhost.alert_severity"}}},
	{"list_datasets", 200, RETURNS_RESPONSE, BODY_NONE, {PAGE}},
	{"list_timeseries", 200, RETURNS_RESPONSE, BODY_NONE, {PAGE}},
	{"query_timeseries", 200, RETURNS_RESPONSE, BODY_NONE, {{"uuids", "uuid[]"}, WINDOW}},
	{"update_alert", 204, RETURNS_VOID, BODY_JSON, {UUID}},
	{"update_dataset", 204, RETURNS_VOID, BODY_JSON, {UUID}},
};
/* clang-format on */

static const WkOperation *
find_operation(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

/* ---- values ---- */

/* Starts a value; its place is known when all are complete. */
static size_t
begin_value(const WkCall *call)
{
	return call->values.len;
}

/* For now the place is kept as an offset, in len. */
static void
end_value(WkCall *call, size_t begun)
{
	shc_buf_append(&call->values, "", 1);
	call->parameter[call->n++] = (WkPgValue){.len = begun};
}

/* An element of an array of PostgreSQL, in quotes. */
static void
put_element(ShcBuf *out, const char *text)
{
	shc_buf_puts(out, "\"");
	for (const char *p = text; *p != '\0'; p++)
	{
		if (*p == '"' || *p == '\\')
			shc_buf_append(out, "\\", 1);
		shc_buf_append(out, p, 1);
	}
	shc_buf_puts(out, "\"");
}

static void
put_value(WkCall *call, const char *type, json_object *value)
{
	ShcBuf *out = &call->values;
	size_t begun = begin_value(call);
	size_t len = strlen(type);

	if (strcmp(type + len - 2, "[]") != 0)
		shc_buf_puts(out, json_object_get_string(value));
	else
	{
		bool is_array = json_object_is_type(value, json_type_array);
		size_t n = is_array ? json_object_array_length(value) : 1;

		shc_buf_puts(out, "{");
		for (size_t i = 0; i < n; i++)
		{
			json_object *item = is_array ? json_object_array_get_idx(value, i) : value;

			shc_buf_puts(out, i > 0 ? "," : "");
			put_element(out, item != NULL ? json_object_get_string(item) : "");
		}
		shc_buf_puts(out, "}");
	}
	end_value(call, begun);
}

static void
put_text(WkCall *call, const char *text)
{
	size_t begun = begin_value(call);

	shc_buf_puts(&call->values, text);
	end_value(call, begun);
}

/* ---- the statement ---- */

static const Argument *
find_argument(const WkOperation *operation, const char *name)
{
	for (int i = 0; i < MAX_ARGUMENTS && operation->argument[i].name != NULL; i++)
		if (strcmp(operation->argument[i].name, name) == 0)
			return &operation->argument[i];
	return NULL;
}

static void
append_argument(WkCall *call, bool first, const char *name, const char *type)
{
	shc_buf_printf(&call->sql, "%s\"%s\" => $%d::%s", first ? "" : ", ", name, call->n, type);
}

/* A null counts as left out. False: an argument that there is not; problem names it. */
static bool
append_arguments(WkCall *call, json_object *arguments, char problem[256])
{
	bool first = true;

	json_object_object_foreach(arguments, name, value)
	{
		const Argument *argument = find_argument(call->operation, name);

		if (argument == NULL)
		{
			snprintf(problem, 256, "%s has no parameter \"%.64s\"", call->operation->name, name);
			return false;
		}
		if (value == NULL)
			continue;
		put_value(call, argument->type, value);
		append_argument(call, first, argument->name, argument->type);
		first = false;
	}
	if (call->operation->body == BODY_NONE || call->body == NULL)
		return true;
	if (call->operation->body == BODY_RAW &&
		!json_object_object_get_ex(arguments, "content_type", NULL))
	{
		put_text(call, "application/json");
		append_argument(call, first, "content_type", "text");
		first = false;
	}
	call->parameter[call->n++] = (WkPgValue){.data = call->body};
	append_argument(call, first, "body", call->operation->body == BODY_RAW ? "bytea" : "jsonb");
	return true;
}

/* Values may have moved while they grew. */
static void
place_values(WkCall *call, size_t body_len)
{
	for (int i = 0; i < call->n; i++)
	{
		WkPgValue *value = &call->parameter[i];

		if (value->data != NULL)
		{
			value->len = body_len;
			value->is_bytes = call->operation->body == BODY_RAW;
			continue;
		}
		value->data = call->values.data + value->len;
		value->len = strlen(value->data);
	}
}

static bool
append_statement(WkCall *call, json_object *arguments, char problem[256])
{
	static const char *const head[] = {[RETURNS_TEXT] = "SELECT NULL, s.r::text FROM (SELECT ",
									   [RETURNS_VOID] = "SELECT NULL, NULL FROM (SELECT ",
									   [RETURNS_RESPONSE] =
										   "SELECT (s.r).status, (s.r).body FROM (SELECT "};

	shc_buf_puts(&call->sql, head[call->operation->returns]);
	shc_buf_printf(&call->sql, "selfhost.\"%s\"(", call->operation->name);
	if (!append_arguments(call, arguments, problem))
		return false;
	/* Without OFFSET 0 the function could be evaluated once for each column. */
	shc_buf_puts(&call->sql,
				 ") AS r FROM selfhost.authenticate_run($1::uuid, $2::bigint) OFFSET 0) s");
	return true;
}

WkCallKind
wk_call_make(WkCall *call, const char *worker, const char *run_id, const char *operation,
			 const char *arguments, const char *body, size_t body_len, char problem[256])
{
	json_object *parsed = NULL;
	WkCallKind kind = WK_CALL_REFUSED;

	*call = (WkCall){.operation = find_operation(operation)};
	shc_buf_init(&call->sql, SQL_MAX);
	shc_buf_init(&call->values, VALUES_MAX);
	if (call->operation == NULL)
		return WK_CALL_UNKNOWN;
	if (body != NULL)
	{
		call->body = malloc(body_len + 1);
		if (call->body != NULL)
		{
			memcpy(call->body, body, body_len);
			call->body[body_len] = '\0';
		}
	}
	parsed = json_tokener_parse(arguments);
	put_text(call, worker);
	put_text(call, run_id);
	snprintf(problem, 256, "the arguments are too large");
	if (!json_object_is_type(parsed, json_type_object))
		snprintf(problem, 256, "the arguments are no object");
	else if (body != NULL && call->body == NULL)
		snprintf(problem, 256, "out of memory");
	else if (append_statement(call, parsed, problem) && !call->sql.failed && !call->values.failed)
		kind = WK_CALL_READY;
	json_object_put(parsed);
	if (kind == WK_CALL_READY)
		place_values(call, body_len);
	return kind;
}

void
wk_call_free(WkCall *call)
{
	shc_buf_free(&call->sql);
	shc_buf_free(&call->values);
	free(call->body);
	*call = (WkCall){0};
}

/* ---- the answer ---- */

/* The statuses that the REST API answers errors with; particular ones stand before their class. */
static int
status_of(const WkPgResult *result)
{
	static const struct
	{
		const char *sqlstate;
		int status;
	} rules[] = {{"P0002", 404}, {"23505", 409}, {"23", 400},	 {"22", 400},	 {"54001", 400},
				 {"54", 413},	 {"40", 503},	 {"53", 503},	 {"55P03", 503}, {"57014", 504},
				 {"57", 503},	 {"08", 503},	 {"42883", 503}, {"", 500}};
	const char *sqlstate = wk_pg_sqlstate(result);
	size_t i = 0;

	if (strcmp(sqlstate, "42501") == 0)
		return wk_pg_is_marked(result) ? 403 : 500;
	while (strncmp(sqlstate, rules[i].sqlstate, strlen(rules[i].sqlstate)) != 0)
		i++;
	return rules[i].status;
}

void
wk_call_row(const WkCall *call, const WkPgResult *row, int *status, ShcBuf *out)
{
	const char *text = wk_pg_text(row, 0, 0, NULL);
	size_t len;
	char *piece;

	/* Of further rows of a response only the body counts. */
	if (*status == 0)
		*status = text != NULL ? (int) strtol(text, NULL, 10) : call->operation->status;
	if (call->operation->returns != RETURNS_RESPONSE)
	{
		text = wk_pg_text(row, 0, 1, &len);
		shc_buf_append(out, text, len);
		return;
	}
	piece = wk_pg_bytes(row, 0, 1, &len);
	shc_buf_append(out, piece, len);
	free(piece);
}

bool
wk_call_end(const WkPgResult *end, bool any_row, int *status, ShcBuf *out)
{
	bool is_shown;

	if (wk_pg_good(end))
		return any_row;
	shc_buf_reset(out);
	is_shown = wk_pg_is_marked(end) || strncmp(wk_pg_sqlstate(end), "22", 2) == 0;
	*status = status_of(end);
	shc_buf_puts(out, *status < 500 && is_shown ? wk_pg_message(end)
					  : *status < 500			? "the request cannot be done"
					  : *status == 504			? "the request took too long"
												: "the domain cannot answer now");
	return true;
}
