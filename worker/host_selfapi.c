/*
 * host_selfapi.c: the selfapi module: operations of the domain's REST API, called with the run's
 * rights, by the names of their parameters.
 *
 * What differs between the members is data: the operation, and for each argument a letter:
 *   u  the parameter uuid           U  the parameter uuids, one text or an array of them
 *   s  the parameter start          e  the parameter end: a time, or a text (RFC 3339)
 *   b  the body: a value as JSON    p  the body: points as JSON, or a text that is CSV
 *   o  further parameters, a map; may be left out
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_json.h"
#include "host_run.h"

/* The most of parameters and of a body. */
#define ARGUMENTS_MAX ((size_t) 256 * 1024)
#define BODY_MAX	  ((size_t) 5 * 1024 * 1024)

typedef struct Operation
{
	const char *name;
	const char *arguments;
	bool is_raw; /* the answer is not JSON */
} Operation;

typedef struct Question
{
	ShcBuf arguments;
	ShcBuf body;
	bool has_body;
	bool is_csv;
} Question;

static bool
add_parameter(WkHostCall *call, Question *q, const char *name, size_t name_len,
			  const WkValue *value)
{
	char error[160];

	shc_buf_append(&q->arguments, q->arguments.len > 1 ? "," : "", q->arguments.len > 1 ? 1 : 0);
	shc_buf_json_string(&q->arguments, name, name_len);
	shc_buf_append(&q->arguments, ":", 1);
	if (wk_json_encode(&q->arguments, value, error))
		return true;
	return wk_raise(call, "parameter %.*s: %s", (int) (name_len < 100 ? name_len : 100), name,
					q->arguments.failed ? "the parameters are too large" : error);
}

static bool
add_options(WkHostCall *call, Question *q, int i)
{
	const WkValue *options;

	if (!wk_arg_given(call, i))
		return true;
	if (!wk_arg_map(call, i, &options))
		return false;
	for (size_t k = 0; k < options->map.n; k++)
	{
		const WkEntry *entry = &options->map.entries[k];

		if (!add_parameter(call, q, entry->key, entry->key_len, &entry->value))
			return false;
	}
	return true;
}

static bool
add_body(WkHostCall *call, Question *q, int i, bool may_be_csv)
{
	const WkValue *value = &call->args[i];
	char error[160];

	q->has_body = true;
	if (may_be_csv && (value->kind == WK_STRING || value->kind == WK_BYTES))
	{
		q->is_csv = true;
		shc_buf_append(&q->body, value->text.data, value->text.len);
	}
	/* No point at all is an empty list. */
	else if (may_be_csv && value->kind == WK_MAP && value->map.n == 0)
		shc_buf_puts(&q->body, "[]");
	else if (!wk_json_encode(&q->body, value, error) && !q->body.failed)
		return wk_raise(call, "argument %d: %s", i + 1, error);
	return !q->body.failed || wk_raise(call, "argument %d: larger than %zu bytes", i + 1, BODY_MAX);
}

static bool
add_argument(WkHostCall *call, Question *q, char letter, int i)
{
	static const WkValue undefined = {.kind = WK_UNDEFINED};
	const WkValue *value = i < call->n ? &call->args[i] : &undefined;

	if (letter == 'o')
		return add_options(call, q, i);
	if (value->kind == WK_UNDEFINED)
		return wk_raise_type(call, i, letter == 'b' || letter == 'p' ? "map" : "string");
	switch (letter)
	{
		case 'u':
			if (value->kind != WK_STRING)
				return wk_raise_type(call, i, "string");
			return add_parameter(call, q, "uuid", 4, value);
		case 'U':
			if (value->kind != WK_STRING && value->kind != WK_ARRAY)
				return wk_raise_type(call, i, "array");
			return add_parameter(call, q, "uuids", 5, value);
		case 's':
		case 'e':
			if (value->kind != WK_STRING && value->kind != WK_TIME)
				return wk_raise_type(call, i, "time");
			return add_parameter(call, q, letter == 's' ? "start" : "end", letter == 's' ? 5 : 3,
								 value);
		default:
			return add_body(call, q, i, letter == 'p');
	}
}

/* ---- the answer ---- */

static bool
return_json(WkHostCall *call, const WkReply *reply)
{
	char error[160];
	/* The value may point into the text, which goes before the value does. */
	char *text = shc_arena_strndup(call->arena, reply->body, reply->len);

	if (text == NULL)
		return wk_raise_memory(call);
	switch (wk_json_decode(call->arena, text, reply->len, &call->result, error))
	{
		case WK_JSON_OK:
			return true;
		case WK_JSON_MEMORY:
			return wk_raise_memory(call);
		case WK_JSON_DEPTH:
		case WK_JSON_BAD:
			break;
	}
	return wk_return_error(call, "the answer is no JSON");
}

static bool
return_reply(WkHostCall *call, const Operation *operation, const WkReply *reply)
{
	if (reply->status < 200 || reply->status > 299)
		return wk_return_error(call, "%d: %.*s", reply->status,
							   (int) (reply->len < 900 ? reply->len : 900),
							   reply->body != NULL ? reply->body : "");
	if (reply->body == NULL || reply->len == 0)
		return operation->is_raw ? wk_return_bytes(call, "", 0) : wk_return_bool(call, true);
	if (!operation->is_raw)
		return return_json(call, reply);
	return shc_buf_append(call->out, reply->body, reply->len) ? wk_return_out(call, WK_BYTES)
															  : wk_raise_memory(call);
}

static bool
ask(WkHostCall *call, const Operation *operation, Question *q)
{
	const WkTask *task = call->state->task;
	WkReply reply = {.body = NULL};
	WkError error = {.text = ""};
	bool good;

	shc_buf_append(&q->arguments, "}", 1);
	if (task == NULL || task->host->call == NULL)
		return wk_return_error(call, "there is no domain here");
	if (!task->host->call(task->host->context, operation->name, q->arguments.data, q->arguments.len,
						  q->has_body ? q->body.data : NULL, q->body.len, &reply, &error))
		return wk_return_error(call, "%s: %.500s", operation->name, error.text);
	good = return_reply(call, operation, &reply);
	free(reply.body);
	return good;
}

static bool
call_operation(WkHostCall *call)
{
	static const char csv[] = "text/csv";
	const Operation *operation = call->member->data;
	WkValue media_type = wk_string_value(csv, sizeof(csv) - 1);
	Question q = {.has_body = false};
	bool good = true;

	shc_buf_init(&q.arguments, ARGUMENTS_MAX);
	shc_buf_init(&q.body, BODY_MAX);
	shc_buf_append(&q.arguments, "{", 1);
	for (int i = 0; good && operation->arguments[i] != '\0'; i++)
		good = add_argument(call, &q, operation->arguments[i], i);
	if (good && q.is_csv)
		good = add_parameter(call, &q, "content_type", 12, &media_type);
	if (good)
		good = ask(call, operation, &q);
	shc_buf_free(&q.arguments);
	shc_buf_free(&q.body);
	return good;
}

#define MEMBER(name_text, operation_name, letters, least, raw)                \
	{                                                                         \
		.name = (name_text), .function = call_operation, .min = (least),      \
		.max = (int) sizeof(letters) - 1, .data = &(const Operation)          \
		{                                                                     \
			.name = (operation_name), .arguments = (letters), .is_raw = (raw) \
		}                                                                     \
	}

static const WkMember timeseries_members[] = {
	MEMBER("list", "list_timeseries", "o", 0, false),
	MEMBER("get", "get_timeseries", "u", 1, false),
	MEMBER("data", "get_timeseries_data", "useo", 3, false),
	MEMBER("add", "add_timeseries_data", "upo", 2, false),
	MEMBER("add_rows", "add_points", "po", 1, false),
	MEMBER("delete_data", "delete_timeseries_data", "useo", 3, false),
	MEMBER("query", "query_timeseries", "Useo", 3, false),
	{.name = NULL},
};

static const WkMember dataset_members[] = {
	MEMBER("list", "list_datasets", "o", 0, false),
	MEMBER("get", "get_dataset", "u", 1, false),
	MEMBER("raw", "get_dataset_raw", "uo", 1, true),
	MEMBER("create", "create_dataset", "b", 1, false),
	MEMBER("update", "update_dataset", "ub", 2, false),
	{.name = NULL},
};

static const WkMember alert_members[] = {
	MEMBER("list", "list_alerts", "o", 0, false),
	MEMBER("get", "get_alert", "u", 1, false),
	MEMBER("create", "create_alert", "b", 1, false),
	MEMBER("update", "update_alert", "ub", 2, false),
	{.name = NULL},
};

const WkMember wk_selfapi_members[] = {
	{.name = "timeseries", .members = timeseries_members},
	{.name = "datasets", .members = dataset_members},
	{.name = "alerts", .members = alert_members},
	{.name = NULL},
};
