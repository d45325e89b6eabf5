/*
 * test_log_tail.c: of a run's log the end is kept, from the beginning of a line on, as valid text.
 */
#include "log_tail.h"

#include "tap.h"

/* Without the time, which is 25 bytes. */
static const char *
copied(const WkLogTail *tail, ShcBuf *out)
{
	shc_buf_init(out, (size_t) 2 * WK_LOG_TAIL);
	ok(wk_log_tail_copy(tail, out), "the log is copied");
	return out->len > 25 ? out->data + 25 : out->data;
}

static void
test_lines(void)
{
	WkLogTail tail = {0};
	ShcBuf out;

	is_str(copied(&tail, &out), "", "an empty log");
	shc_buf_free(&out);
	wk_log_tail_add(&tail, "info", "a\nb\r\xff\0c\td\xc3\xa5", 11);
	is_str(copied(&tail, &out), "info a b???c\td\xc3\xa5\n", "one line of valid text");
	shc_buf_free(&out);
	wk_log_tail_free(&tail);
}

static void
test_tail(void)
{
	WkLogTail tail = {0};
	char text[2000];
	ShcBuf out;
	const char *end;

	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 10000; i++)
		wk_log_tail_add(&tail, "info", text, (size_t) i % sizeof(text));
	wk_log_tail_add(&tail, "error", "the last", 8);
	copied(&tail, &out);
	ok(out.len <= WK_LOG_TAIL, "no more than is kept: %zu", out.len);
	ok(out.len > WK_LOG_TAIL - 4096, "but not much less");
	ok(out.data[0] == '(', "it says what is missing");
	ok(strstr(out.data, ")\n20") != NULL, "and begins with a line");
	end = out.data + out.len - strlen("error the last\n");
	is_str(end, "error the last\n", "up to the last one");
	shc_buf_free(&out);
	wk_log_tail_free(&tail);
}

static void
test_long_line(void)
{
	WkLogTail tail = {0};
	char *text = malloc(WK_LOG_LINE_MAX + 1);
	ShcBuf out;

	memset(text, 'x', WK_LOG_LINE_MAX + 1);
	wk_log_tail_add(&tail, "info", text, WK_LOG_LINE_MAX + 1);
	copied(&tail, &out);
	is_int((long long) out.len, 25 + 5 + WK_LOG_LINE_MAX + 4, "a long line is cut");
	is_str(out.data + out.len - 4, "...\n", "which its end says");
	shc_buf_free(&out);
	free(text);
	wk_log_tail_free(&tail);
}

int
main(void)
{
	test_lines();
	test_tail();
	test_long_line();
	return done();
}
