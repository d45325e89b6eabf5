/*
 * test_buf.c: buffers grow up to their maximum, fail whole, and write JSON strings.
 */
#include "buf.h"

#include "tap.h"

static void
test_appending(void)
{
	ShcBuf buf;
	size_t len = 0;
	int wrong = 0;

	shc_buf_init(&buf, 100000);
	is_str(buf.data, "", "a new buffer is an empty text");
	for (int i = 0; i < 5000; i++)
	{
		wrong += !shc_buf_printf(&buf, "%d,", i);
		len += (size_t) snprintf(NULL, 0, "%d,", i);
		wrong += buf.len != len || buf.data[len] != '\0';
	}
	is_int(wrong, 0, "it grows and stays terminated");
	ok(strncmp(buf.data, "0,1,2,3,4,", 10) == 0, "in order");
	shc_buf_reset(&buf);
	is_str(buf.data, "", "a reset empties it");
	ok(shc_buf_append(&buf, "a\0b", 3) && buf.len == 3 && memcmp(buf.data, "a\0b", 4) == 0,
	   "zero bytes are bytes");
	ok(shc_buf_append(&buf, NULL, 0) && buf.len == 3, "nothing can be appended");
	shc_buf_free(&buf);
	is_str(buf.data, "", "a freed buffer is an empty text");
	shc_buf_free(&buf);
	ok(shc_buf_puts(&buf, "again"), "and can be used again");
	shc_buf_free(&buf);
}

static void
test_maximum(void)
{
	ShcBuf buf;

	shc_buf_init(&buf, 10);
	ok(shc_buf_puts(&buf, "0123456789"), "the maximum can be reached");
	ok(!shc_buf_puts(&buf, "x") && buf.failed, "not passed");
	is_str(buf.data, "0123456789", "what was there stays");
	shc_buf_reset(&buf);
	ok(shc_buf_puts(&buf, "01234") && !shc_buf_puts(&buf, "567890"), "too much at once");
	ok(!shc_buf_puts(&buf, "5"), "everything after a failure is dropped");
	is_str(buf.data, "01234", "nothing of it is there");
	shc_buf_reset(&buf);
	ok(!shc_buf_printf(&buf, "%011d", 1) && buf.len == 0, "too much formatted");
	shc_buf_reset(&buf);
	ok(shc_buf_printf(&buf, "%010d", 1), "just enough formatted");
	shc_buf_reset(&buf);
	ok(shc_buf_puts(&buf, "a") && !shc_buf_json_string(&buf, "12345678", 8), "a string too long");
	is_str(buf.data, "a", "leaves nothing behind");
	shc_buf_reset(&buf);
	ok(!shc_buf_append(&buf, "", (size_t) -1), "sizes do not wrap");
	shc_buf_free(&buf);

	shc_buf_init(&buf, 0);
	ok(shc_buf_puts(&buf, "") && !shc_buf_puts(&buf, "x"), "a maximum of nothing");
	is_str(buf.data, "", "is an empty text");
	shc_buf_free(&buf);
	shc_buf_init(&buf, (size_t) -1);
	ok(shc_buf_puts(&buf, "x"), "no maximum at all");
	ok(!shc_buf_append(&buf, "", (size_t) -2), "still has an end");
	shc_buf_free(&buf);
}

static void
test_json(void)
{
	static const struct
	{
		const char *text;
		size_t len;
		const char *json;
	} cases[] = {
		{"", 0, "\"\""},
		{"plain /text", 11, "\"plain /text\""},
		{"\"\\", 2, "\"\\\"\\\\\""},
		{"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
		{"\0\x1f\x7f", 3, "\"\\u0000\\u001f\\u007f\""},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"a\xff"
		 "b",
		 3,
		 "\"a\xef\xbf\xbd"
		 "b\""},
		{"\xc3", 1, "\"\xef\xbf\xbd\""},
		{"\xc0\x80", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xe0\x80\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xe2\x82"
		 "a",
		 3,
		 "\"\xef\xbf\xbd\xef\xbf\xbd"
		 "a\""},
	};
	ShcBuf buf;

	shc_buf_init(&buf, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char name[40];

		snprintf(name, sizeof(name), "JSON string %zu", i);
		shc_buf_reset(&buf);
		shc_buf_json_string(&buf, cases[i].text, cases[i].len);
		is_str(buf.data, cases[i].json, name);
	}
	shc_buf_free(&buf);
}

int
main(void)
{
	test_appending();
	test_maximum();
	test_json();
	return done_testing();
}
