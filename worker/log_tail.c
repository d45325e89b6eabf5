/*
 * log_tail.c: the log of one run, of which only the end is kept.
 */
#include "log_tail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "utf8.h"

bool
wk_clean_text(ShcBuf *out, const char *text, size_t len, bool keep_lines)
{
	const char *end = text + len;

	for (const char *p = text; p < end && !out->failed;)
	{
		size_t n = shc_utf8_len(p, end);
		unsigned char c = (unsigned char) *p;

		if (n == 0 || (c < ' ' && c != '\t' && c != '\n') || c == 0x7f)
			shc_buf_append(out, "?", 1);
		else if (c == '\n' && !keep_lines)
			shc_buf_append(out, " ", 1);
		else
			shc_buf_append(out, p, n);
		p += n > 0 ? n : 1;
	}
	return !out->failed;
}

static void
put(WkLogTail *tail, const char *text, size_t len)
{
	size_t at = (size_t) (tail->total % WK_LOG_TAIL);
	size_t first = len < WK_LOG_TAIL - at ? len : WK_LOG_TAIL - at;

	memcpy(tail->data + at, text, first);
	memcpy(tail->data, text + first, len - first);
	tail->total += len;
}

void
wk_log_tail_add(WkLogTail *tail, const char *level, const char *text, size_t len)
{
	struct timespec now;
	struct tm fields;
	char date[32];
	ShcBuf line;

	if (tail->data == NULL)
		tail->data = malloc(WK_LOG_TAIL);
	if (tail->data == NULL)
	{
		tail->total += len;
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &fields);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &fields);
	shc_buf_init(&line, (size_t) 2 * WK_LOG_LINE_MAX);
	shc_buf_printf(&line, "%s.%03ldZ %s ", date, now.tv_nsec / 1000000, level);
	wk_clean_text(&line, text, len < WK_LOG_LINE_MAX ? len : WK_LOG_LINE_MAX, false);
	shc_buf_puts(&line, len > WK_LOG_LINE_MAX ? "...\n" : "\n");
	put(tail, line.data, line.len);
	shc_buf_free(&line);
}

bool
wk_log_tail_copy(const WkLogTail *tail, ShcBuf *out)
{
	size_t at = (size_t) (tail->total % WK_LOG_TAIL);
	uint64_t missing = tail->total > WK_LOG_TAIL ? tail->total - WK_LOG_TAIL : 0;
	char *flat;
	const char *from;
	size_t len = WK_LOG_TAIL;

	if (tail->data == NULL)
		return true;
	if (missing == 0)
		return shc_buf_append(out, tail->data, (size_t) tail->total);
	flat = malloc(WK_LOG_TAIL);
	if (flat == NULL)
		return false;
	memcpy(flat, tail->data + at, WK_LOG_TAIL - at);
	memcpy(flat + WK_LOG_TAIL - at, tail->data, at);
	/* A line is shorter than the ring, so one begins in it. The note takes the room of what is cut. */
	from = memchr(flat + 128, '\n', WK_LOG_TAIL - 128);
	from = from != NULL ? from + 1 : flat + WK_LOG_TAIL;
	len -= (size_t) (from - flat);
	missing += (uint64_t) (from - flat);
	shc_buf_printf(out, "(%" PRIu64 " bytes before this were not kept)\n", missing);
	shc_buf_append(out, from, len);
	free(flat);
	return !out->failed;
}

void
wk_log_tail_free(WkLogTail *tail)
{
	free(tail->data);
	*tail = (WkLogTail){0};
}
