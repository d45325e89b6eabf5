/*
 * test_log.c: the lines of the log, their levels, what is cut and escaped, and that lines of several
 * threads do not mix.
 */
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <regex.h>

#include "capture.h"
#include "tap.h"

#define STAMP "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z"

static bool
matches(const char *text, const char *pattern)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	if (!found)
		printf("# got: %.500s\n", text);
	return found;
}

static void
test_lines(void)
{
	capture_start();
	errno = EPERM;
	shc_error("cannot open %s: %d\n", "\"x\"\n", 5);
	is_int(errno, EPERM, "errno is kept");
	ok(matches(capture_stop(), "^\\{\"ts\":\"" STAMP "\",\"level\":\"error\","
							   "\"msg\":\"cannot open \\\\\"x\\\\\"\\\\n: 5\"\\}\n$"),
	   "a line of JSON");
	capture_start();
	shc_log_fields(SHC_LOG_INFO, "\"status\":200");
	ok(matches(capture_stop(), "^\\{\"ts\":\"" STAMP "\",\"level\":\"info\",\"status\":200\\}\n$"),
	   "a line with fields");
	capture_start();
	shc_log_fields(SHC_LOG_WARNING, "");
	ok(matches(capture_stop(), "^\\{\"ts\":\"" STAMP "\",\"level\":\"warning\"\\}\n$"),
	   "a line without fields");
}

static void
test_levels(void)
{
	static const char *const name[] = {"debug", "INFO", "Warning", "warn", "error"};
	static const ShcLogLevel level[] = {SHC_LOG_DEBUG, SHC_LOG_INFO, SHC_LOG_WARNING,
										SHC_LOG_WARNING, SHC_LOG_ERROR};
	ShcLogLevel got;

	for (int i = 0; i < 5; i++)
		ok(shc_log_level_parse(name[i], &got) && got == level[i], "level %s", name[i]);
	ok(!shc_log_level_parse("loud", &got), "no level");
	ok(!shc_log_enabled(SHC_LOG_DEBUG) && shc_log_enabled(SHC_LOG_INFO), "info is the default");
	capture_start();
	shc_debug("hidden");
	shc_log_set_level(SHC_LOG_ERROR);
	shc_warning("hidden");
	shc_log_fields(SHC_LOG_INFO, "\"hidden\":true");
	is_str(capture_stop(), "", "lines below the level are dropped");
	shc_log_set_level(SHC_LOG_DEBUG);
	capture_start();
	shc_debug("shown");
	ok(strstr(capture_stop(), "\"level\":\"debug\",\"msg\":\"shown\"") != NULL, "debug lines");
	shc_log_set_level(SHC_LOG_INFO);
}

static void
test_long_texts(void)
{
	static char text[20001];
	const char *line;
	size_t len;

	memset(text, 'x', sizeof(text) - 1);
	capture_start();
	shc_error("%s", text);
	line = capture_stop();
	len = strlen(line);
	ok(len > 8192 && len < 8192 + 100, "a text is cut at 8 KiB");
	ok(strcmp(line + len - 7, "x...\"}\n") == 0, "and shows it");
	memset(text, '\x01', sizeof(text) - 1);
	capture_start();
	shc_error("%s", text);
	line = capture_stop();
	len = strlen(line);
	ok(strcmp(line + len - 9, "\\u0001\"}\n") == 0, "no escape is cut");
	/* Fields are the caller's, and are never cut. */
	memset(text, 'y', sizeof(text) - 1);
	memcpy(text, "\"a\":\"", 5);
	text[sizeof(text) - 2] = '"';
	capture_start();
	shc_log_fields(SHC_LOG_INFO, text);
	ok(strlen(capture_stop()) > sizeof(text), "long fields");
}

static void
test_escaping(void)
{
	char out[8];

	is_int((long long) shc_json_escape(out, sizeof(out), "a\"b", 3), 4, "the length is returned");
	is_str(out, "a\\\"b", "and the text terminated");
	is_int((long long) shc_json_escape(out, 3, "abc", 3), 2, "what does not fit is left out");
	is_str(out, "ab", "at the end");
	shc_json_escape(out, 5, "a\xf0\x9f\x98\x80", 5);
	is_str(out, "a", "no character is cut");
	shc_json_escape(out, 7, "a\x01", 2);
	is_str(out, "a", "no escape either");
	is_int((long long) shc_json_escape(out, 1, "a", 1), 0, "room for the end only");
	is_int((long long) shc_json_escape(NULL, 0, "a", 1), 0, "no room at all");
}

#define THREADS 4
#define LINES	50

static void *
write_lines(void *text)
{
	for (int i = 0; i < LINES; i++)
		shc_error("%s", (const char *) text);
	return NULL;
}

static void
test_threads(void)
{
	pthread_t thread[THREADS];
	static char text[THREADS][201];
	int lines = 0;
	int wrong = 0;
	const char *p;

	capture_start();
	for (int i = 0; i < THREADS; i++)
	{
		memset(text[i], 'a' + i, sizeof(text[i]) - 1);
		pthread_create(&thread[i], NULL, write_lines, text[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	p = capture_stop();
	while (*p != '\0')
	{
		const char *message = strstr(p, "\"msg\":\"");
		const char *end = strchr(p, '\n');

		lines++;
		if (message == NULL || end == NULL || message > end)
		{
			wrong++;
			break;
		}
		message += 7;
		wrong += strspn(message, (char[]){message[0], '\0'}) != 200 || end - message != 202;
		p = end + 1;
	}
	is_int(lines, THREADS * LINES, "all lines of all threads");
	is_int(wrong, 0, "are whole");
}

static void
test_plain(void)
{
	shc_log_set_plain("selfctl");
	capture_start();
	shc_error("cannot \"connect\"\x1b[1m\tnow\n");
	shc_warning("old");
	shc_info("done");
	is_str(capture_stop(),
		   "selfctl: cannot \"connect\"?[1m\tnow\nselfctl: warning: old\nselfctl: done\n",
		   "plain lines for people");
	shc_log_set_plain(NULL);
}

int
main(void)
{
	test_lines();
	test_levels();
	test_long_texts();
	test_escaping();
	test_threads();
	test_plain();
	return done_testing();
}
