/*
 * fuzz_host.c: what the modules of programs read: JSON, layouts and times, durations, formats,
 * numbers, literals, expressions. The first byte says which.
 */
#include <stdlib.h>
#include <string.h>

#include "host_format.h"
#include "host_json.h"
#include "host_number.h"
#include "host_quote.h"
#include "host_time.h"
#include "host_unicode.h"
#include "host_zone_rule.h"
#include "host_zones.h"

extern int LLVMFuzzerInitialize(int *argc, char ***argv);
extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
type_name(const WkValue *value)
{
	(void) value;
	return "type";
}

static const WkTraits traits = {.type_name = type_name, .client = "fuzz"};
static const WkHost host;
static const WkTask task = {
	.host = &host, .memory = (size_t) 8 * 1024 * 1024, .deadline = INT64_MAX};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	return wk_unicode_prepare() && wk_zones_load(WK_ZONES_FOLDER) ? 0 : 1;
}

/* What was read can be written, and reads the same. */
static void
fuzz_json(WkHostState *state, const char *data, size_t size)
{
	WkValue value;
	WkValue again;
	char error[160];
	ShcBuf text;
	ShcBuf second;

	if (wk_json_decode(state->arena, data, size, &value, error) != WK_JSON_OK)
		return;
	shc_buf_init(&text, (size_t) 1 << 20);
	shc_buf_init(&second, (size_t) 1 << 20);
	if (wk_json_encode(&text, &value, error))
	{
		if (wk_json_decode(state->arena, text.data, text.len, &again, error) != WK_JSON_OK ||
			!wk_json_encode(&second, &again, error))
			abort();
	}
	shc_buf_free(&text);
	shc_buf_free(&second);
}

/* Two parts: up to the first zero byte, and the rest. */
static void
split(const char *data, size_t size, size_t *first, const char **rest, size_t *rest_len)
{
	const char *zero = memchr(data, '\0', size);

	*first = zero != NULL ? (size_t) (zero - data) : size;
	*rest = zero != NULL ? zero + 1 : data + size;
	*rest_len = (size_t) (data + size - *rest);
}

static void
fuzz_time(const char *data, size_t size)
{
	size_t layout_len;
	const char *value;
	size_t len;
	WkTime time;
	ShcBuf text;

	split(data, size, &layout_len, &value, &len);
	shc_buf_init(&text, (size_t) 1 << 20);
	if (wk_time_parse(data, layout_len, value, len, &time, &text))
	{
		if (time.nanoseconds < 0 || time.nanoseconds > 999999999)
			abort();
		wk_time_append_layout(&text, &time, data, layout_len);
	}
	shc_buf_free(&text);
}

static void
fuzz_duration(const char *data, size_t size)
{
	int64_t duration;
	int64_t again;
	int32_t offset;
	char name[14];
	ShcBuf text;

	shc_buf_init(&text, (size_t) 1 << 20);
	if (wk_duration_parse(data, size, &duration, &text))
	{
		shc_buf_reset(&text);
		wk_duration_append(&text, duration);
		if (!wk_duration_parse(text.data, text.len, &again, &text) || again != duration)
			abort();
	}
	shc_buf_free(&text);
	wk_zone_rule(data, size, 1700000000, &offset, name);
}

static void
fuzz_format(const char *data, size_t size)
{
	WkValue args[4] = {{.kind = WK_INT, .integer = -42},
					   {.kind = WK_FLOAT, .number = 1.5},
					   wk_string_value("\xff\xc3\xbcx", 4),
					   {.kind = WK_UNDEFINED}};
	ShcBuf text;

	shc_buf_init(&text, (size_t) 1 << 20);
	wk_format(&text, &traits, data, size, args, 4);
	shc_buf_free(&text);
}

static void
fuzz_number(const char *data, size_t size)
{
	int64_t integer;
	double number;
	ShcBuf text;

	wk_parse_int(data, size, 0, 64, &integer);
	shc_buf_init(&text, (size_t) 1 << 20);
	wk_append_unquoted(&text, data, size);
	shc_buf_reset(&text);
	wk_append_quoted(&text, data, size, '"', true);
	shc_buf_reset(&text);
	if (wk_parse_float(data, size, 64, &number) == WK_NUMBER_OK)
		wk_append_float(&text, number, 'x', -1, 64);
	shc_buf_free(&text);
}

static void
fuzz_expression(WkHostState *state, const char *data, size_t size)
{
	size_t pattern_len;
	const char *subject;
	size_t len;
	WkValue args[3];
	WkHostCall call;

	split(data, size, &pattern_len, &subject, &len);
	args[0] = wk_string_value(data, pattern_len);
	args[1] = wk_string_value(subject, len);
	args[2] = wk_string_value("<$0${x}$1>", 10);
	for (const WkMember *m = wk_host_module("text")->members; m->name != NULL; m++)
	{
		int n = strcmp(m->name, "re_replace") == 0 ? 3 : strcmp(m->name, "re_compile") == 0 ? 1 : 2;

		if (strncmp(m->name, "re_", 3) != 0)
			continue;
		wk_host_reset(state);
		wk_call_begin(&call, state, m, NULL, args, n);
		m->function(&call);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WkHostState state;
	char *text;

	if (size == 0 || !wk_host_open(&state, &task, &traits))
		return 0;
	/* Of its exact size, so that reading beyond it is seen. */
	text = malloc(size > 1 ? size - 1 : 1);
	if (text == NULL)
		abort();
	memcpy(text, data + 1, size - 1);
	switch (data[0] % 6)
	{
		case 0:
			fuzz_json(&state, text, size - 1);
			break;
		case 1:
			fuzz_time(text, size - 1);
			break;
		case 2:
			fuzz_duration(text, size - 1);
			break;
		case 3:
			fuzz_format(text, size - 1);
			break;
		case 4:
			fuzz_number(text, size - 1);
			break;
		default:
			fuzz_expression(&state, text, size - 1);
			break;
	}
	free(text);
	wk_host_close(&state);
	return 0;
}
