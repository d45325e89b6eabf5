/*
 * host_cgi.c: the cgi module: a webhook's request and its answer.
 *
 * A program that runs by its schedule may use it, too: the request is empty then, and what it writes
 * goes nowhere.
 */
#include <stdlib.h>
#include <string.h>

#include "host_run.h"

static const WkRequest *
request_of(const WkHostCall *call)
{
	static const WkRequest none = {.method = ""};
	const WkTask *task = call->state->task;

	return task != NULL && task->request != NULL ? task->request : &none;
}

static WkResponse *
response_of(const WkHostCall *call)
{
	return call->state->task != NULL ? call->state->task->response : NULL;
}

/* ---- the request ---- */

static bool
cgi_method(WkHostCall *call)
{
	const char *method = request_of(call)->method;

	return wk_return_string(call, method != NULL ? method : "",
							method != NULL ? strlen(method) : 0);
}

static bool
cgi_body(WkHostCall *call)
{
	const WkRequest *request = request_of(call);

	return wk_return_bytes(call, request->body != NULL ? request->body : "",
						   request->body != NULL ? request->body_len : 0);
}

static size_t
count_named(const WkPair *pairs, size_t n, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += strcmp(pairs[i].name, name) == 0;
	return count;
}

/* The value of a name; an array of values where it stands there more than once. */
static bool
pair_value(WkHostCall *call, const WkPair *pairs, size_t n, const char *name, WkValue *out)
{
	size_t count = count_named(pairs, n, name);
	WkValue *items = shc_arena_alloc(call->arena, count * sizeof(WkValue));
	size_t k = 0;

	if (items == NULL)
		return wk_raise_memory(call);
	for (size_t i = 0; i < n; i++)
		if (strcmp(pairs[i].name, name) == 0)
			items[k++] = wk_string_value(pairs[i].value, strlen(pairs[i].value));
	*out = items[0];
	if (count > 1)
	{
		*out = (WkValue){.kind = WK_ARRAY};
		out->array.items = items;
		out->array.n = count;
	}
	return true;
}

static bool
return_pairs(WkHostCall *call, const WkPair *pairs, size_t n)
{
	WkEntry *entries = shc_arena_alloc(call->arena, (n + 1) * sizeof(WkEntry));
	size_t kept = 0;

	if (entries == NULL)
		return wk_raise_memory(call);
	for (size_t i = 0; i < n; i++)
	{
		WkEntry *entry = &entries[kept];

		if (count_named(pairs, i, pairs[i].name) > 0)
			continue;
		entry->key = pairs[i].name;
		entry->key_len = strlen(pairs[i].name);
		if (!pair_value(call, pairs, n, pairs[i].name, &entry->value))
			return false;
		kept++;
	}
	call->result = (WkValue){.kind = WK_MAP};
	call->result.map.entries = entries;
	call->result.map.n = kept;
	return true;
}

static bool
cgi_headers(WkHostCall *call)
{
	return return_pairs(call, request_of(call)->headers, request_of(call)->n_headers);
}

static bool
cgi_query(WkHostCall *call)
{
	return return_pairs(call, request_of(call)->query, request_of(call)->n_query);
}

/* ---- the answer ---- */

static bool
cgi_status(WkHostCall *call)
{
	WkResponse *response = response_of(call);
	int64_t status;

	if (!wk_arg_int(call, 0, &status))
		return false;
	if (status < 200 || status > 599)
		return wk_raise(call, "status: must be 200 to 599");
	if (response != NULL)
		response->status = (int) status;
	return wk_return_undefined(call);
}

static bool
is_name(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((data[i] >= 'a' && data[i] <= 'z') || (data[i] >= 'A' && data[i] <= 'Z') ||
			  (data[i] >= '0' && data[i] <= '9') ||
			  (data[i] != '\0' && strchr("!#$%&'*+-.^_`|~", data[i]) != NULL)))
			return false;
	return len > 0;
}

static bool
is_value(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char) data[i] < ' ' && data[i] != '\t') || data[i] == 0x7f)
			return false;
	return true;
}

/* Replaces a header of that name, or adds one. */
static bool
set_header(WkHostCall *call, WkResponse *response, const char *name, size_t name_len,
		   const char *value, size_t value_len)
{
	char *own_value = strndup(value, value_len);
	char *own_name = NULL;

	if (own_value == NULL)
		return wk_raise_memory(call);
	for (size_t i = 0; i < response->n_headers; i++)
	{
		if (strlen(response->headers[i].name) == name_len &&
			strncasecmp(response->headers[i].name, name, name_len) == 0)
		{
			free(response->headers[i].value);
			response->headers[i].value = own_value;
			return wk_return_undefined(call);
		}
	}
	if (response->n_headers == WK_RESPONSE_HEADERS_MAX)
		wk_raise(call, "headers: at most %d", WK_RESPONSE_HEADERS_MAX);
	else if ((own_name = strndup(name, name_len)) == NULL)
		wk_raise_memory(call);
	if (own_name == NULL)
	{
		free(own_value);
		return false;
	}
	response->headers[response->n_headers].name = own_name;
	response->headers[response->n_headers++].value = own_value;
	return wk_return_undefined(call);
}

static bool
cgi_response_headers(WkHostCall *call)
{
	WkResponse *response = response_of(call);

	if (call->args[0].kind != WK_STRING)
		return wk_raise_type(call, 0, "string");
	if (call->args[1].kind != WK_STRING)
		return wk_raise_type(call, 1, "string");
	if (call->args[0].text.len > 256 || !is_name(call->args[0].text.data, call->args[0].text.len))
		return wk_raise(call, "headers: that is no name of a header");
	if (call->args[1].text.len > 8192 || !is_value(call->args[1].text.data, call->args[1].text.len))
		return wk_raise(call, "headers: the value must be one line of at most 8192 bytes");
	if (response == NULL)
		return wk_return_undefined(call);
	return set_header(call, response, call->args[0].text.data, call->args[0].text.len,
					  call->args[1].text.data, call->args[1].text.len);
}

static bool
cgi_write(WkHostCall *call)
{
	WkResponse *response = response_of(call);
	const char *data;
	size_t len;

	if (!wk_arg_bytes(call, 0, &data, &len))
		return false;
	if (response != NULL && !shc_buf_append(&response->body, data, len))
		return wk_raise(call, "write: the answer is larger than %zu bytes", WK_RESPONSE_BODY_MAX);
	return wk_return_int(call, (int64_t) len);
}

static const WkMember request_members[] = {
	{.name = "headers", .function = cgi_headers, .min = 0, .max = 0},
	{.name = "body", .function = cgi_body, .min = 0, .max = 0},
	{.name = "method", .function = cgi_method, .min = 0, .max = 0},
	{.name = "query", .function = cgi_query, .min = 0, .max = 0},
	{.name = NULL},
};

static const WkMember response_members[] = {
	{.name = "status", .function = cgi_status, .min = 1, .max = 1},
	{.name = "headers", .function = cgi_response_headers, .min = 2, .max = 2},
	{.name = "write", .function = cgi_write, .min = 1, .max = 1},
	{.name = NULL},
};

const WkMember wk_cgi_members[] = {
	{.name = "request", .members = request_members},
	{.name = "response", .members = response_members},
	{.name = NULL},
};
