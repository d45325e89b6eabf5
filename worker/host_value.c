/*
 * host_value.c: values, arguments, results, objects.
 */
#include "host_value.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_http.h"
#include "host_number.h"
#include "host_quote.h"
#include "host_time.h"

/* A buffer that has grown beyond this is given back after the call. */
#define KEPT_BUFFER ((size_t) 1024 * 1024)

/* ---- state and objects ---- */

bool
wk_host_open(WkHostState *state, const WkTask *task, const WkTraits *traits)
{
	*state = (WkHostState){.task = task, .traits = traits};
	state->memory.limit = task != NULL ? task->memory : WK_DEFAULT_MEMORY;
	shc_buf_init(&state->out, state->memory.limit);
	state->arena = shc_arena_new(state->memory.limit);
	return state->arena != NULL;
}

void
wk_host_close(WkHostState *state)
{
	WkObject *next;

	for (WkObject *object = state->objects; object != NULL; object = next)
	{
		next = object->next;
		if (object->type->destroy != NULL)
			object->type->destroy(object);
		free(object);
	}
	state->objects = NULL;
	wk_http_close(state);
	shc_buf_free(&state->out);
	if (state->arena != NULL)
		shc_arena_free(state->arena);
	state->arena = NULL;
}

void
wk_call_begin(WkHostCall *call, WkHostState *state, const WkMember *member, WkObject *object,
			  const WkValue *args, int n)
{
	*call = (WkHostCall){.state = state,
						 .arena = state->arena,
						 .out = &state->out,
						 .member = member,
						 .object = object,
						 .args = args,
						 .n = n};
}

void
wk_host_reset(WkHostState *state)
{
	shc_arena_reset(state->arena);
	if (state->out.capacity > KEPT_BUFFER)
		shc_buf_free(&state->out);
	else
		shc_buf_reset(&state->out);
}

WkObject *
wk_object_new(WkHostState *state, const WkObjectType *type, size_t size, size_t held)
{
	WkMemory *memory = &state->memory;
	WkObject *object;

	if (memory->used > memory->limit || size + held > memory->limit - memory->used)
		return NULL;
	object = calloc(1, size);
	if (object == NULL)
		return NULL;
	object->type = type;
	object->size = size + held;
	object->next = state->objects;
	if (object->next != NULL)
		object->next->previous = object;
	state->objects = object;
	memory->used += object->size;
	return object;
}

void
wk_object_free(WkHostState *state, WkObject *object)
{
	if (object->previous != NULL)
		object->previous->next = object->next;
	else
		state->objects = object->next;
	if (object->next != NULL)
		object->next->previous = object->previous;
	state->memory.used -= object->size;
	if (object->type->destroy != NULL)
		object->type->destroy(object);
	free(object);
}

/* ---- failures ---- */

bool
wk_raise(WkHostCall *call, const char *format, ...)
{
	va_list arguments;

	call->failure = WK_FAILURE_TEXT;
	va_start(arguments, format);
	vsnprintf(call->text, sizeof(call->text), format, arguments);
	va_end(arguments);
	return false;
}

bool
wk_raise_type(WkHostCall *call, int argument, const char *expected)
{
	call->failure = WK_FAILURE_TYPE;
	call->argument = argument;
	call->expected = expected;
	return false;
}

bool
wk_raise_memory(WkHostCall *call)
{
	call->failure = WK_FAILURE_MEMORY;
	return false;
}

/* ---- conversions ---- */

static bool
text_int(const char *data, size_t len, int64_t *out)
{
	bool is_negative = len > 0 && data[0] == '-';
	size_t i = len > 0 && (data[0] == '-' || data[0] == '+') ? 1 : 0;
	uint64_t value = 0;
	uint64_t most = is_negative ? (uint64_t) INT64_MAX + 1 : INT64_MAX;

	if (i == len)
		return false;
	for (; i < len; i++)
	{
		unsigned digit = (unsigned char) data[i] - (unsigned) '0';

		if (digit > 9 || value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = (int64_t) (is_negative ? 0 - value : value);
	return true;
}

bool
wk_value_int(const WkValue *value, int64_t *out)
{
	switch (value->kind)
	{
		case WK_INT:
		case WK_CHAR:
			*out = value->integer;
			return true;
		case WK_FLOAT:
			*out = wk_float_to_int(value->number);
			return true;
		case WK_BOOL:
			*out = value->boolean;
			return true;
		case WK_STRING:
			return text_int(value->text.data, value->text.len, out);
		default:
			return false;
	}
}

bool
wk_value_float(const WkValue *value, double *out)
{
	switch (value->kind)
	{
		case WK_INT:
			*out = (double) value->integer;
			return true;
		case WK_FLOAT:
			*out = value->number;
			return true;
		case WK_STRING:
			return wk_parse_float(value->text.data, value->text.len, 64, out) == WK_NUMBER_OK;
		default:
			return false;
	}
}

static void
append_entries(ShcBuf *out, const WkValue *map)
{
	for (size_t i = 0; i < map->map.n && !out->failed; i++)
	{
		const WkEntry *entry = &map->map.entries[i];

		if (i > 0)
			shc_buf_append(out, ", ", 2);
		shc_buf_append(out, entry->key, entry->key_len);
		shc_buf_append(out, ": ", 2);
		wk_append_inner(out, &entry->value);
	}
}

void
wk_append_text(ShcBuf *out, const WkValue *value)
{
	if (value->kind == WK_STRING)
		shc_buf_append(out, value->text.data, value->text.len);
	else if (value->kind != WK_UNDEFINED)
		wk_append_inner(out, value);
}

void
wk_append_inner(ShcBuf *out, const WkValue *value)
{
	switch (value->kind)
	{
		case WK_UNDEFINED:
			shc_buf_puts(out, "<undefined>");
			break;
		case WK_BOOL:
			shc_buf_puts(out, value->boolean ? "true" : "false");
			break;
		case WK_INT:
			shc_buf_printf(out, "%lld", (long long) value->integer);
			break;
		case WK_FLOAT:
			wk_append_float(out, value->number, 'f', -1, 64);
			break;
		case WK_CHAR:
			wk_append_code_point(out, value->integer);
			break;
		case WK_STRING:
			wk_append_quoted(out, value->text.data, value->text.len, '"', false);
			break;
		case WK_BYTES:
			shc_buf_append(out, value->text.data, value->text.len);
			break;
		case WK_ARRAY:
			shc_buf_append(out, "[", 1);
			for (size_t i = 0; i < value->array.n && !out->failed; i++)
			{
				if (i > 0)
					shc_buf_append(out, ", ", 2);
				wk_append_inner(out, &value->array.items[i]);
			}
			shc_buf_append(out, "]", 1);
			break;
		case WK_MAP:
			shc_buf_append(out, "{", 1);
			append_entries(out, value);
			shc_buf_append(out, "}", 1);
			break;
		case WK_TIME:
			wk_time_append_string(out, &value->time);
			break;
		case WK_ERROR:
			shc_buf_puts(out, "error: ");
			wk_append_quoted(out, value->text.data, value->text.len, '"', false);
			break;
		case WK_OBJECT:
			shc_buf_printf(out, "<%s>", value->object->type->name);
			break;
		case WK_OTHER:
			shc_buf_printf(out, "<%s>", value->type);
			break;
	}
}

/* ---- arguments ---- */

bool
wk_arg_given(const WkHostCall *call, int i)
{
	return i < call->n && call->args[i].kind != WK_UNDEFINED;
}

/* What is no text becomes one, in the arena. */
static bool
converted_text(WkHostCall *call, const WkValue *value, const char **data, size_t *len)
{
	ShcBuf text;
	char *copy;

	shc_buf_init(&text, call->state->memory.limit);
	wk_append_text(&text, value);
	copy = text.failed ? NULL : shc_arena_strndup(call->arena, text.data, text.len);
	*data = copy;
	*len = text.len;
	shc_buf_free(&text);
	return copy != NULL || wk_raise_memory(call);
}

bool
wk_arg_text(WkHostCall *call, int i, const char **data, size_t *len)
{
	static const WkValue missing = {.kind = WK_UNDEFINED};
	const WkValue *value = i < call->n ? &call->args[i] : &missing;

	switch (value->kind)
	{
		case WK_STRING:
		case WK_BYTES:
			*data = value->text.data;
			*len = value->text.len;
			return true;
		case WK_BOOL:
		case WK_INT:
		case WK_FLOAT:
		case WK_CHAR:
		case WK_TIME:
			return converted_text(call, value, data, len);
		case WK_ARRAY:
		case WK_MAP:
		case WK_ERROR:
		case WK_OBJECT:
		case WK_OTHER:
			if (call->state->traits->is_container_text)
				return converted_text(call, value, data, len);
			break;
		case WK_UNDEFINED:
			break;
	}
	return wk_raise_type(call, i, "string");
}

bool
wk_arg_bytes(WkHostCall *call, int i, const char **data, size_t *len)
{
	if (i >= call->n || (call->args[i].kind != WK_STRING && call->args[i].kind != WK_BYTES))
		return wk_raise_type(call, i, "bytes");
	*data = call->args[i].text.data;
	*len = call->args[i].text.len;
	return true;
}

bool
wk_arg_int(WkHostCall *call, int i, int64_t *out)
{
	return (i < call->n && wk_value_int(&call->args[i], out)) || wk_raise_type(call, i, "int");
}

bool
wk_arg_float(WkHostCall *call, int i, double *out)
{
	return (i < call->n && wk_value_float(&call->args[i], out)) || wk_raise_type(call, i, "float");
}

bool
wk_arg_bool(WkHostCall *call, int i, bool *out)
{
	if (i >= call->n || call->args[i].kind != WK_BOOL)
		return wk_raise_type(call, i, "bool");
	*out = call->args[i].boolean;
	return true;
}

bool
wk_arg_time(WkHostCall *call, int i, WkTime *out)
{
	if (i < call->n && call->args[i].kind == WK_TIME)
	{
		*out = call->args[i].time;
		return true;
	}
	if (i >= call->n || (call->args[i].kind != WK_INT && call->args[i].kind != WK_FLOAT))
		return wk_raise_type(call, i, "time");
	*out = (WkTime){.zone = WK_ZONE_UTC};
	return wk_value_int(&call->args[i], &out->seconds);
}

static bool
arg_container(WkHostCall *call, int i, WkKind kind, const WkValue **out)
{
	static const WkValue empty_map = {.kind = WK_MAP};
	static const WkValue empty_array = {.kind = WK_ARRAY};
	const WkValue *value = i < call->n ? &call->args[i] : NULL;

	/* An empty container may be either, where a language has only one kind of them. */
	if (value != NULL && value->kind != kind &&
		((value->kind == WK_ARRAY && value->array.n == 0) ||
		 (value->kind == WK_MAP && value->map.n == 0)))
		value = kind == WK_MAP ? &empty_map : &empty_array;
	if (value == NULL || value->kind != kind)
		return wk_raise_type(call, i, kind == WK_MAP ? "map" : "array");
	*out = value;
	return true;
}

bool
wk_arg_array(WkHostCall *call, int i, const WkValue **out)
{
	return arg_container(call, i, WK_ARRAY, out);
}

bool
wk_arg_map(WkHostCall *call, int i, const WkValue **out)
{
	return arg_container(call, i, WK_MAP, out);
}

const WkValue *
wk_map_get(const WkValue *map, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < map->map.n; i++)
		if (map->map.entries[i].key_len == len && memcmp(map->map.entries[i].key, key, len) == 0)
			return &map->map.entries[i].value;
	return NULL;
}

/* ---- results ---- */

WkValue
wk_string_value(const char *data, size_t len)
{
	WkValue value = {.kind = WK_STRING};

	value.text.data = data;
	value.text.len = len;
	return value;
}

bool
wk_return_undefined(WkHostCall *call)
{
	call->result = (WkValue){.kind = WK_UNDEFINED};
	return true;
}

bool
wk_return_bool(WkHostCall *call, bool value)
{
	call->result = (WkValue){.kind = WK_BOOL, .boolean = value};
	return true;
}

bool
wk_return_int(WkHostCall *call, int64_t value)
{
	call->result = (WkValue){.kind = WK_INT, .integer = value};
	return true;
}

bool
wk_return_float(WkHostCall *call, double value)
{
	call->result = (WkValue){.kind = WK_FLOAT, .number = value};
	return true;
}

bool
wk_return_string(WkHostCall *call, const char *data, size_t len)
{
	call->result = wk_string_value(data, len);
	return true;
}

bool
wk_return_bytes(WkHostCall *call, const char *data, size_t len)
{
	call->result = wk_string_value(data, len);
	call->result.kind = WK_BYTES;
	return true;
}

bool
wk_return_time(WkHostCall *call, WkTime time)
{
	call->result = (WkValue){.kind = WK_TIME, .time = time};
	return true;
}

bool
wk_return_array(WkHostCall *call, WkValue *items, size_t n)
{
	call->result = (WkValue){.kind = WK_ARRAY};
	call->result.array.items = items;
	call->result.array.n = n;
	return true;
}

bool
wk_return_out(WkHostCall *call, WkKind kind)
{
	if (call->out->failed)
		return wk_raise_memory(call);
	call->result = wk_string_value(call->out->data, call->out->len);
	call->result.kind = kind;
	return true;
}

bool
wk_return_error(WkHostCall *call, const char *format, ...)
{
	va_list arguments;
	char text[1024];
	char *copy;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	copy = shc_arena_strndup(call->arena, text, strlen(text));
	if (copy == NULL)
		return wk_raise_memory(call);
	call->result = wk_string_value(copy, strlen(copy));
	call->result.kind = WK_ERROR;
	return true;
}
