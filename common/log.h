/*
 * log.h: JSON lines on standard error, for the programs. Thread-safe: one write(2) a line.
 *
 *   {"ts":"2026-01-01T00:00:00.123456Z","level":"error","msg":"cannot connect","domain":"test"}
 */
#ifndef SHC_LOG_H
#define SHC_LOG_H

#include <stdbool.h>
#include <stddef.h>

typedef enum ShcLogLevel
{
	SHC_LOG_DEBUG,
	SHC_LOG_INFO,
	SHC_LOG_WARNING,
	SHC_LOG_ERROR
} ShcLogLevel;

/* Lines below the level are dropped. May be called at any time from any thread. */
extern void shc_log_set_level(ShcLogLevel level);
extern bool shc_log_level_parse(const char *text, ShcLogLevel *level);
/* The same by the value of the key log.level; false, and logged, when it is none. */
extern bool shc_log_configure_level(const char *text);
extern bool shc_log_enabled(ShcLogLevel level);

/* Human-readable lines ("selfctl: cannot ...") instead of JSON, for the CLI. */
extern void shc_log_set_plain(const char *program);

/* printf-like; the text is cut at 8 KiB and escaped. Never pass a secret. */
extern void
shc_log(ShcLogLevel level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define shc_debug(...)	 shc_log(SHC_LOG_DEBUG, __VA_ARGS__)
#define shc_info(...)	 shc_log(SHC_LOG_INFO, __VA_ARGS__)
#define shc_warning(...) shc_log(SHC_LOG_WARNING, __VA_ARGS__)
#define shc_error(...)	 shc_log(SHC_LOG_ERROR, __VA_ARGS__)

/*
 * A line with fields, built by the caller in `json` (without the braces), for the access log:
 * shc_log_fields(SHC_LOG_INFO, "\"status\":200,...").
 */
extern void shc_log_fields(ShcLogLevel level, const char *json);

/*
 * For lines that are put together and written many at once. shc_log_prefix() puts the beginning of a
 * line, up to the level and a comma, into out (SHC_LOG_PREFIX bytes) and returns its length; the
 * caller adds the fields, "}" and a line feed, and hands whole lines to shc_log_write().
 */
#define SHC_LOG_PREFIX 80
extern size_t shc_log_prefix(ShcLogLevel level, char *out);
extern void shc_log_write(const char *lines, size_t len);

/* Appends text as the inside of a JSON string to out (size bytes, always terminated). */
extern size_t shc_json_escape(char *out, size_t size, const char *text, size_t len);

#endif
