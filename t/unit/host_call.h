/*
 * host_call.h: calls members of the modules of programs without a language: arguments and results are
 * JSON. A result that is an error value reads "error: ...", one that was raised "raised: ...".
 */
#ifndef HOST_CALL_H
#define HOST_CALL_H

#include "host_json.h"
#include "host_unicode.h"
#include "host_value.h"
#include "host_zones.h"

#include "tap.h"

static WkHostState host_state;
static char host_result[65536];

static const char *
host_type_name(const WkValue *value)
{
	static const char *const names[] = {"undefined", "bool",   "int",	"float", "char",
										"string",	 "bytes",  "array", "map",	 "time",
										"error",	 "object", "other"};

	return names[value->kind];
}

static const WkTraits host_traits = {.type_name = host_type_name, .client = "test/1"};

static inline void
host_begin(const WkTask *task)
{
	wk_unicode_prepare();
	wk_zones_load(WK_ZONES_FOLDER);
	if (!wk_host_open(&host_state, task, &host_traits))
		abort();
}

/* "text.split", "cgi.request.body" */
static inline const WkMember *
host_member(const char *path)
{
	char name[64];
	const char *dot = strchr(path, '.');
	const WkMember *m;

	snprintf(name, sizeof(name), "%.*s", (int) (dot - path), path);
	m = wk_host_module(name)->members;
	for (;;)
	{
		const char *next = strchr(dot + 1, '.');
		size_t len = next != NULL ? (size_t) (next - dot - 1) : strlen(dot + 1);

		while (m->name != NULL && (strlen(m->name) != len || memcmp(m->name, dot + 1, len) != 0))
			m++;
		if (m->name == NULL)
		{
			printf("# there is no %s\n", path);
			abort();
		}
		if (next == NULL)
			return m;
		m = m->members;
		dot = next;
	}
}

static inline void
host_describe(const WkHostCall *call, bool good)
{
	ShcBuf text;
	char error[160];
	WkValue value = call->result;

	shc_buf_init(&text, sizeof(host_result) - 1);
	if (!good && call->failure == WK_FAILURE_TYPE)
		shc_buf_printf(&text, "raised: argument %d: %s", call->argument + 1, call->expected);
	else if (!good)
		shc_buf_printf(&text, "raised: %s",
					   call->failure == WK_FAILURE_MEMORY ? "memory" : call->text);
	else if (value.kind == WK_ERROR)
		shc_buf_printf(&text, "error: %.*s", (int) value.text.len, value.text.data);
	else
	{
		if (value.kind == WK_BYTES)
			value.kind = WK_STRING;
		for (size_t i = 0; value.kind == WK_MAP && i < value.map.n; i++)
			if (value.map.entries[i].value.kind == WK_BYTES)
				value.map.entries[i].value.kind = WK_STRING;
		if (!wk_json_encode(&text, &value, error))
			shc_buf_printf(&text, "not JSON: %s", error);
	}
	snprintf(host_result, sizeof(host_result), "%s", text.failed ? "too long" : text.data);
	shc_buf_free(&text);
}

/* An argument {"$time": "2026-01-01T00:00:00Z"} is a time. */
static inline void
host_times(WkValue *args, size_t n)
{
	const WkMember *parse = host_member("times.parse");
	WkValue pair[2];
	WkHostCall call;

	for (size_t i = 0; i < n; i++)
	{
		const WkValue *text = args[i].kind == WK_MAP ? wk_map_get(&args[i], "$time") : NULL;

		if (text == NULL)
			continue;
		pair[0] = wk_string_value("2006-01-02T15:04:05.999999999Z07:00", 35);
		pair[1] = *text;
		wk_call_begin(&call, &host_state, parse, NULL, pair, 2);
		if (!parse->function(&call))
			abort();
		args[i] = call.result;
	}
}

static inline const char *
host_call(const char *path, const char *arguments)
{
	const WkMember *member = host_member(path);
	WkHostCall call;
	WkValue args;
	char error[160];
	bool good;

	wk_host_reset(&host_state);
	if (wk_json_decode(host_state.arena, arguments, strlen(arguments), &args, error) != WK_JSON_OK)
	{
		printf("# arguments %s: %s\n", arguments, error);
		abort();
	}
	host_times(args.array.items, args.array.n);
	wk_call_begin(&call, &host_state, member, NULL, args.array.items, (int) args.array.n);
	good = member->function(&call);
	host_describe(&call, good);
	return host_result;
}

typedef struct HostCase
{
	const char *path;
	const char *arguments;
	const char *expected;
} HostCase;

static inline void
host_cases(const HostCase *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		char name[190];

		snprintf(name, sizeof(name), "%s%.150s", cases[i].path, cases[i].arguments);
		is_str(host_call(cases[i].path, cases[i].arguments), cases[i].expected, name);
	}
}

#define HOST_CASES(cases) host_cases(cases, sizeof(cases) / sizeof((cases)[0]))

static inline int
host_end(void)
{
	wk_host_close(&host_state);
	wk_zones_free();
	return done_testing();
}

#endif
