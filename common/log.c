/*
 * log.c: lines on standard error, JSON or plain.
 *
 * A line is put together on the stack and written by one writev(2), so that lines of several threads
 * do not mix. A line that cannot be written is lost: there is nobody left to tell.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "utf8.h"

#define TEXT_SIZE 8192
/* Where escapes make it longer than this, a text is cut earlier. */
#define ESCAPED_SIZE (2 * TEXT_SIZE)

static const char *const level_name[] = {"debug", "info", "warning", "error"};

static atomic_int least_level = SHC_LOG_INFO;
static _Atomic(const char *) plain_program;

void
shc_log_set_level(ShcLogLevel level)
{
	atomic_store_explicit(&least_level, (int) level, memory_order_relaxed);
}

bool
shc_log_level_parse(const char *text, ShcLogLevel *level)
{
	for (int i = SHC_LOG_DEBUG; i <= SHC_LOG_ERROR; i++)
	{
		if (strcasecmp(text, level_name[i]) == 0)
		{
			*level = (ShcLogLevel) i;
			return true;
		}
	}
	if (strcasecmp(text, "warn") != 0)
		return false;
	*level = SHC_LOG_WARNING;
	return true;
}

bool
shc_log_configure_level(const char *text)
{
	ShcLogLevel level;

	if (!shc_log_level_parse(text, &level))
	{
		shc_error("log.level: must be debug, info, warning or error");
		return false;
	}
	shc_log_set_level(level);
	return true;
}

bool
shc_log_enabled(ShcLogLevel level)
{
	return (int) level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

void
shc_log_set_plain(const char *program)
{
	atomic_store(&plain_program, program);
}

size_t
shc_json_escape(char *out, size_t size, const char *text, size_t len)
{
	const char *p = text;
	const char *end = text + len;
	char escape[SHC_JSON_ESCAPE_MAX];
	size_t used = 0;

	if (size == 0)
		return 0;
	while (p < end)
	{
		size_t room = size - 1 - used;
		/* One character at a time, so that the end never cuts one. */
		size_t n = shc_utf8_len(p, end);

		if (n > 0 && shc_json_plain(p, p + n) == n)
		{
			if (n > room)
				break;
			memcpy(out + used, p, n);
			p += n;
		}
		else
		{
			n = shc_json_escape_byte(*p, escape);
			if (n > room)
				break;
			memcpy(out + used, escape, n);
			p++;
		}
		used += n;
	}
	out[used] = '\0';
	return used;
}

/* Writes all parts in one call, unless the system takes less at a time. Keeps errno. */
static void
write_line(struct iovec *part, int n)
{
	int kept = errno;

	while (n > 0)
	{
		ssize_t written = writev(STDERR_FILENO, part, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			break;
		while (n > 0 && (size_t) written >= part->iov_len)
		{
			written -= (ssize_t) part->iov_len;
			part++;
			n--;
		}
		if (n > 0)
		{
			part->iov_base = (char *) part->iov_base + written;
			part->iov_len -= (size_t) written;
		}
	}
	errno = kept;
}

static size_t
copy_text(char *out, const char *text)
{
	size_t len = strlen(text);

	memcpy(out, text, len);
	return len;
}

/* The beginning of each JSON line, up to the level: at most 60 bytes. */
static size_t
write_prefix(ShcLogLevel level, char out[SHC_LOG_PREFIX])
{
	/* gmtime_r() takes a lock that all threads share, so it runs once a second. */
	static __thread time_t second = -1;
	static __thread char date[sizeof("2026-01-01T00:00:00")];
	struct timespec now;
	char *p = out;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != second)
	{
		struct tm fields;

		gmtime_r(&now.tv_sec, &fields);
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &fields);
		second = now.tv_sec;
	}
	p += copy_text(p, "{\"ts\":\"");
	p += copy_text(p, date);
	*p++ = '.';
	for (long unit = 100000, rest = now.tv_nsec / 1000; unit > 0; rest %= unit, unit /= 10)
		*p++ = (char) ('0' + rest / unit);
	p += copy_text(p, "Z\",\"level\":\"");
	p += copy_text(p, level_name[level]);
	*p++ = '"';
	return (size_t) (p - out);
}

/* For terminals: no control characters but line feeds and tabs. */
static void
write_plain(const char *program, ShcLogLevel level, char *text, size_t len)
{
	const char *kind = level == SHC_LOG_WARNING ? "warning: "
					   : level == SHC_LOG_DEBUG ? "debug: "
												: "";
	struct iovec part[] = {{(char *) program, strlen(program)},
						   {": ", 2},
						   {(char *) kind, strlen(kind)},
						   {text, len},
						   {"\n", 1}};

	for (size_t i = 0; i < len; i++)
		if (((unsigned char) text[i] < ' ' && text[i] != '\n' && text[i] != '\t') ||
			text[i] == 0x7f)
			text[i] = '?';
	write_line(part, 5);
}

static void
write_json(ShcLogLevel level, const char *text, size_t len)
{
	char prefix[SHC_LOG_PREFIX];
	char escaped[ESCAPED_SIZE];
	struct iovec part[] = {{prefix, write_prefix(level, prefix)},
						   {",\"msg\":\"", 8},
						   {escaped, shc_json_escape(escaped, sizeof(escaped), text, len)},
						   {"\"}\n", 3}};

	write_line(part, 4);
}

void
shc_log(ShcLogLevel level, const char *format, ...)
{
	const char *program = atomic_load(&plain_program);
	char text[TEXT_SIZE];
	va_list arguments;
	size_t len;
	int wanted;

	if (!shc_log_enabled(level))
		return;
	va_start(arguments, format);
	wanted = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (wanted < 0)
		return;
	len = (size_t) wanted;
	if (len >= sizeof(text))
	{
		len = sizeof(text) - 1;
		memcpy(text + len - 3, "...", 3);
	}
	/* The messages of some libraries end in a line feed. */
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (program != NULL)
		write_plain(program, level, text, len);
	else
		write_json(level, text, len);
}

void
shc_log_fields(ShcLogLevel level, const char *json)
{
	char prefix[SHC_LOG_PREFIX];
	size_t len = strlen(json);

	if (!shc_log_enabled(level))
		return;
	struct iovec part[] = {
		{prefix, write_prefix(level, prefix)}, {",", len > 0}, {(char *) json, len}, {"}\n", 2}};

	write_line(part, 4);
}

size_t
shc_log_prefix(ShcLogLevel level, char *out)
{
	size_t len = write_prefix(level, out);

	out[len] = ',';
	return len + 1;
}

void
shc_log_write(const char *lines, size_t len)
{
	struct iovec part = {(char *) lines, len};

	write_line(&part, 1);
}
