/*
 * test_host_json.c: the json, base64 and hex modules.
 */
#include <math.h>

#include "host_call.h"

#include "host_base64.h"

/* clang-format off */
/* The argument is a JSON text in a JSON string. */
static const HostCase decoding[] = {
	{"json.decode", "[\" {\\\"a\\\" : [1, -2.5e3, true, null, \\\"x\\\"] } \"]", "{\"a\":[1,-2500,true,null,\"x\"]}"},
	{"json.decode", "[\"-0\"]", "0"}, {"json.decode", "[\"1e999\"]", "not JSON: unsupported float value"},
	{"json.decode", "[\"99999999999999999999\"]", "9223372036854775807"}, {"json.decode", "[\"-99999999999999999999\"]", "-9223372036854775808"},
	{"json.decode", "[\"\\\"\\\\u00fc\\\\ud83d\\\\ude00\\\\ud800x\\\\/\\\"\"]", "\"ü😀\357\277\275x/\""},
	{"json.decode", "[\"{\\\"a\\\":1,\\\"b\\\":2,\\\"a\\\":3}\"]", "{\"a\":3,\"b\":2}"},
	{"json.decode", "[\"\"]", "error: unexpected end of JSON input"}, {"json.decode", "[\"[\"]", "error: unexpected end of JSON input"},
	{"json.decode", "[\"[1,\"]", "error: unexpected end of JSON input"}, {"json.decode", "[\"\\\"abc\"]", "error: unexpected end of JSON input"},
	{"json.decode", "[\"tru\"]", "error: invalid character ' ' in literal true (expecting 'e')"},
	{"json.decode", "[\"1.\"]", "error: invalid character ' ' after decimal point in numeric literal"},
	{"json.decode", "[\"-\"]", "error: invalid character ' ' in numeric literal"}, {"json.decode", "[\"1e\"]", "error: invalid character ' ' in exponent of numeric literal"},
	{"json.decode", "[\"01\"]", "error: invalid character '1' after top-level value"}, {"json.decode", "[\"+1\"]", "error: invalid character '+' looking for beginning of value"},
	{"json.decode", "[\"[1 2]\"]", "error: invalid character '2' after array element"}, {"json.decode", "[\"{1:2}\"]", "error: invalid character '1' looking for beginning of object key string"},
	{"json.decode", "[\"{\\\"a\\\" 1}\"]", "error: invalid character '1' after object key"}, {"json.decode", "[\"{\\\"a\\\":1 2}\"]", "error: invalid character '2' after object key:value pair"},
	{"json.decode", "[\"[1,]\"]", "error: invalid character ']' looking for beginning of value"}, {"json.decode", "[\"{\\\"a\\\":1,}\"]", "error: invalid character '}' looking for beginning of object key string"},
	{"json.decode", "[\"\\\"a\\tb\\\"\"]", "error: invalid character '\\t' in string literal"}, {"json.decode", "[\"\\\"\\\\x\\\"\"]", "error: invalid character 'x' in string escape code"},
	{"json.decode", "[\"\\\"\\\\u00g0\\\"\"]", "error: invalid character 'g' in \\u hexadecimal character escape"}, {"json.decode", "[\"'a'\"]", "error: invalid character '\\'' looking for beginning of value"},
	{"json.decode", "[1]", "raised: argument 1: bytes"}, {"json.decode", "[\"1 // c\"]", "error: invalid character '/' after top-level value"},
};

static const HostCase encoding[] = {
	{"json.encode", "[{\"a\":[1,2.5,\"x\\n<\"],\"b\":{}}]", "\"{\\\"a\\\":[1,2.5,\\\"x\\\\n<\\\"],\\\"b\\\":{}}\""},
	{"json.encode", "[1e21]", "\"1e+21\""}, {"json.encode", "[1e-7]", "\"1e-7\""}, {"json.encode", "[1.0]", "\"1\""}, {"json.encode", "[0.1]", "\"0.1\""},
	{"json.encode", "[{\"$time\":\"2026-01-02T03:04:05.5+01:00\"}]", "\"\\\"2026-01-02T03:04:05.5+01:00\\\"\""},
	{"json.indent", "[\"{\\\"a\\\":[1,2],\\\"b\\\":{},\\\"c\\\":\\\"x:,y\\\"}\",\"> \",\"  \"]", "\"{\\n>   \\\"a\\\": [\\n>     1,\\n>     2\\n>   ],\\n>   \\\"b\\\": {},\\n>   \\\"c\\\": \\\"x:,y\\\"\\n> }\""},
	{"json.indent", "[\"{\",\"\",\"\"]", "error: unexpected end of JSON input"}, {"json.indent", "[\" [ ] \",\"\",\" \"]", "\"[]\""},
	{"json.html_escape", "[\"<a&b>\\u2028\\u2029ü\"]", "\"\\\\u003ca\\\\u0026b\\\\u003e\\\\u2028\\\\u2029ü\""},
	{"base64.encode", "[\"hello\"]", "\"aGVsbG8=\""}, {"base64.encode", "[\"\"]", "\"\""}, {"base64.raw_encode", "[\"a\"]", "\"YQ\""}, {"base64.url_encode", "[\"\?\?>\"]", "\"Pz8-\""}, {"base64.raw_url_encode", "[\"\?\?>a\"]", "\"Pz8-YQ\""},
	{"base64.decode", "[\"aGVs\\nbG8=\"]", "\"hello\""}, {"base64.raw_decode", "[\"YQ\"]", "\"a\""}, {"base64.url_decode", "[\"Pz8-\"]", "\"\?\?>\""}, {"base64.raw_url_decode", "[\"Pz8-YQ\"]", "\"\?\?>a\""}, {"base64.decode", "[\"\"]", "\"\""},
	{"base64.decode", "[\"aG!s\"]", "error: illegal base64 data at input byte 2"}, {"base64.decode", "[\"aGVsbG8\"]", "error: illegal base64 data at input byte 4"}, {"base64.decode", "[\"a===\"]", "error: illegal base64 data at input byte 1"},
	{"base64.decode", "[\"YQ=\"]", "error: illegal base64 data at input byte 3"}, {"base64.decode", "[\"YQ=x\"]", "error: illegal base64 data at input byte 3"}, {"base64.decode", "[\"YQ==YQ==\"]", "error: illegal base64 data at input byte 4"},
	{"base64.raw_decode", "[\"YQ==\"]", "error: illegal base64 data at input byte 2"}, {"base64.raw_decode", "[\"Y\"]", "error: illegal base64 data at input byte 0"}, {"base64.encode", "[1]", "raised: argument 1: bytes"},
	{"hex.encode", "[\"a\\u0001ÿ\"]", "\"6101c3bf\""}, {"hex.decode", "[\"6162\"]", "\"ab\""}, {"hex.decode", "[\"4A4b\"]", "\"JK\""},
	{"hex.decode", "[\"6g\"]", "error: encoding/hex: invalid byte: U+0067 'g'"}, {"hex.decode", "[\"616\"]", "error: encoding/hex: odd length hex string"},
};
/* clang-format on */

static void
test_depth(void)
{
	char text[4 * WK_DEPTH_MAX];
	WkValue value;
	char error[160];

	wk_host_reset(&host_state);
	memset(text, '[', sizeof(text));
	memset(text + WK_DEPTH_MAX, ']', WK_DEPTH_MAX);
	ok(wk_json_decode(host_state.arena, text, (size_t) 2 * WK_DEPTH_MAX, &value, error) ==
		   WK_JSON_OK,
	   "%d containers in each other", WK_DEPTH_MAX);
	text[WK_DEPTH_MAX] = '[';
	ok(wk_json_decode(host_state.arena, text, (size_t) 2 * WK_DEPTH_MAX, &value, error) ==
		   WK_JSON_DEPTH,
	   "not one more");
}

/* ---- what is written reads the same ---- */

static WkValue
random_value(uint64_t *seed, int depth)
{
	WkValue value = {.kind = WK_UNDEFINED};
	uint64_t kind = tap_random(seed) % (depth > 0 ? 8 : 6);
	size_t n = tap_random(seed) % 5;
	union
	{
		uint64_t bits;
		double number;
	} any = {.bits = tap_random(seed)};
	char *text;

	switch (kind)
	{
		case 0:
			break;
		case 1:
			value = (WkValue){.kind = WK_BOOL, .boolean = n % 2};
			break;
		case 2:
			value = (WkValue){.kind = WK_INT, .integer = (int64_t) any.bits >> (any.bits % 64)};
			break;
		case 3:
			/* A float that is whole, and is written so, reads as an integer. */
			value = (WkValue){.kind = WK_FLOAT, .number = any.number};
			if (!isfinite(any.number) ||
				(any.number == trunc(any.number) && fabs(any.number) < 1e21))
				value.number = 0.5;
			break;
		case 4:
		case 5:
			text = shc_arena_alloc(host_state.arena, 32);
			for (size_t i = 0; i < 8; i++)
				text[i] = (char) (tap_random(seed) % 127 + 1);
			value = wk_string_value(text, n);
			break;
		case 6:
			value = (WkValue){.kind = WK_ARRAY};
			value.array.items = shc_arena_alloc(host_state.arena, 5 * sizeof(WkValue));
			for (; value.array.n < n; value.array.n++)
				value.array.items[value.array.n] = random_value(seed, depth - 1);
			break;
		default:
			value = (WkValue){.kind = WK_MAP};
			value.map.entries = shc_arena_alloc(host_state.arena, 5 * sizeof(WkEntry));
			for (; value.map.n < n; value.map.n++)
			{
				WkEntry *entry = &value.map.entries[value.map.n];

				entry->key = shc_arena_printf(host_state.arena, "k%zu", value.map.n);
				entry->key_len = strlen(entry->key);
				entry->value = random_value(seed, depth - 1);
			}
	}
	return value;
}

static void
test_round_trips(void)
{
	uint64_t seed = tap_seed();
	long rounds = tap_setting("ROUNDS", 20000);
	char error[160];
	ShcBuf first;
	ShcBuf second;
	int wrong = 0;

	shc_buf_init(&first, 1 << 20);
	shc_buf_init(&second, 1 << 20);
	for (long i = 0; i < rounds; i++)
	{
		WkValue value;
		WkValue again;

		wk_host_reset(&host_state);
		shc_buf_reset(&first);
		shc_buf_reset(&second);
		value = random_value(&seed, 4);
		wrong += !wk_json_encode(&first, &value, error);
		wrong +=
			wk_json_decode(host_state.arena, first.data, first.len, &again, error) != WK_JSON_OK;
		wrong += !wk_json_encode(&second, &again, error);
		wrong += first.len != second.len || memcmp(first.data, second.data, first.len) != 0;
		if (wrong > 0)
		{
			printf("# %s\n# %s\n", first.data, second.data);
			break;
		}
	}
	is_int(wrong, 0, "random values: JSON of JSON is the same");
	shc_buf_free(&first);
	shc_buf_free(&second);
}

static void
test_base64_round_trips(void)
{
	uint64_t seed = tap_seed();
	const WkMember *decode[] = {host_member("base64.decode"), host_member("base64.raw_decode"),
								host_member("base64.url_decode"),
								host_member("base64.raw_url_decode")};
	int wrong = 0;

	for (int i = 0; i < 4000; i++)
	{
		unsigned form = (unsigned) (tap_random(&seed) % 4);
		char data[40];
		size_t len = tap_random(&seed) % sizeof(data);
		ShcBuf text;
		WkValue argument;
		WkHostCall call;

		for (size_t k = 0; k < sizeof(data); k++)
			data[k] = (char) tap_random(&seed);
		shc_buf_init(&text, 100);
		wk_base64_append(&text, data, len, form >= 2, form % 2 == 0);
		argument = wk_string_value(text.data, text.len);
		wk_host_reset(&host_state);
		wk_call_begin(&call, &host_state, decode[form], NULL, &argument, 1);
		wrong += !decode[form]->function(&call) || call.result.kind != WK_BYTES ||
				 call.result.text.len != len || memcmp(call.result.text.data, data, len) != 0;
		shc_buf_free(&text);
	}
	is_int(wrong, 0, "random bytes through base64");
}

int
main(void)
{
	WkHost host = {.context = NULL};
	WkTask task = {.host = &host, .memory = 32 * 1024 * 1024, .deadline = INT64_MAX};

	host_begin(&task);
	HOST_CASES(decoding);
	HOST_CASES(encoding);
	test_depth();
	test_round_trips();
	test_base64_round_trips();
	return host_end();
}
