/*
 * cmd_timeseries_export.c: selfctl timeseries export: the points of a series as CSV or JSON lines.
 *
 * The operation that reads points answers for a year at most, so a long span is asked for year by year;
 * each answer comes as a stream of pieces that end with whole lines or not, and none is kept.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cmd_timeseries.h"
#include "log.h"
#include "object.h"
#include "progress.h"

#define LINE_MAX_BYTES 256

static SessionOptions where;

static struct
{
	const char *start;
	const char *end;
	const char *unit;
	const char *timezone;
	const char *format;
	const char *output;
	bool force;
} options = {.timezone = "UTC"};

static const CliOption export_options[] = {
	SESSION_OPTIONS(where),
	{0, "start", "TIME", "first moment; default: the first point", CLI_TEXT, &options.start, 0, 0},
	{0, "end", "TIME", "last moment; default: the last point", CLI_TEXT, &options.end, 0, 0},
	{0, "unit", "UNIT", "convert the values to it", CLI_TEXT, &options.unit, 0, 0},
	{0, "timezone", "ZONE", "of the timestamps, default UTC", CLI_TEXT, &options.timezone, 0, 0},
	{0, "format", "FORMAT", "csv (default) or jsonl", CLI_TEXT, &options.format, 0, 0},
	{'o', "output", "FILE", "write there instead of to standard output", CLI_TEXT, &options.output,
	 0, 0},
	{0, "force", NULL, "overwrite that file", CLI_FLAG, &options.force, 0, 0},
	{.name = NULL},
};

typedef struct Export
{
	Session *session;
	const char *uuid;
	FILE *out;
	bool is_json;
	bool has_header; /* the header of the CSV was written */
	bool skips_line; /* the header of a further answer is being left out */
	ShcBuf line;	 /* the beginning of a line whose end is in the next piece */
	uint64_t points;
	Progress progress;
} Export;

/* One line without its end: "ts,v". */
static bool
write_json_line(Export *export, const char *line, size_t len)
{
	const char *comma = memchr(line, ',', len);

	return comma != NULL &&
		   fprintf(export->out, "{\"ts\":\"%.*s\",\"v\":%.*s}\n", (int) (comma - line), line,
				   (int) (len - (size_t) (comma - line) - 1), comma + 1) > 0;
}

/* The first line of each answer is the header. */
static bool
write_line(Export *export, const char *line, size_t len)
{
	bool good;

	if (export->skips_line)
	{
		export->skips_line = false;
		if (export->is_json || export->has_header)
			return true;
		export->has_header = true;
		return fprintf(export->out, "%.*s\n", (int) len, line) > 0;
	}
	export->points++;
	if (export->is_json)
		return write_json_line(export, line, len);
	good = fwrite(line, 1, len, export->out) == len;
	return good && fputc('\n', export->out) != EOF;
}

static bool
write_piece(Export *export, const char *text, size_t len)
{
	const char *end;

	while ((end = memchr(text, '\n', len)) != NULL)
	{
		size_t part = (size_t) (end - text);
		bool good;

		if (export->line.len > 0)
		{
			good = shc_buf_append(&export->line, text, part) &&
				   write_line(export, export->line.data, export->line.len);
			shc_buf_reset(&export->line);
		}
		else
			good = write_line(export, text, part);
		if (!good)
			return false;
		len -= part + 1;
		text = end + 1;
	}
	return len == 0 || shc_buf_append(&export->line, text, len);
}

static bool
take_piece(void *context, int n, const char *const *value)
{
	Export *export = context;

	(void) n;
	if (value[0] != NULL && !write_piece(export, value[0], strlen(value[0])))
	{
		shc_error("cannot write: %s", strerror(errno));
		return false;
	}
	progress_show(&export->progress, 0, export->points);
	return true;
}

/* One window, at most a year. */
static bool
export_window(void *context, int n, const char *const *value)
{
	Export *export = context;
	const char *parameter[] = {export->uuid, value[0], value[1], options.unit, options.timezone};

	(void) n;
	export->skips_line = true;
	return shc_pg_stream(export->session->pg,
						 "SELECT convert_from((a.r).body, 'UTF8') FROM (SELECT"
						 " selfhost.get_timeseries_data(uuid => $1::uuid, start => $2::timestamptz,"
						 " \"end\" => $3::timestamptz, unit => $4, timezone => $5,"
						 " accept => 'text/csv') AS r OFFSET 0) AS a",
						 5, parameter, take_piece, export);
}

/*
 * The windows from the first to the last point. Both ends of a window are part of it, so each but the
 * last ends a microsecond early.
 */
static const char windows_query[] =
	"SELECT w, least(w + interval '365 days' - interval '1 microsecond', b.to_ts)"
	" FROM (SELECT coalesce($2::timestamptz, min(d.ts)) AS from_ts,"
	"              coalesce($3::timestamptz, max(d.ts)) AS to_ts"
	"       FROM selfhost.tsdata AS d WHERE d.ts_uuid = $1::uuid) AS b,"
	" LATERAL generate_series(b.from_ts, b.to_ts, interval '365 days') AS w ORDER BY w";

static bool
export_all(Export *export)
{
	const char *parameter[] = {export->uuid, options.start, options.end};

	return shc_pg_exec(export->session->pg, windows_query, 3, parameter, export_window, export);
}

static bool
open_output(Export *export)
{
	if (options.output == NULL)
	{
		export->out = stdout;
		return true;
	}
	export->out = fopen(options.output, options.force ? "w" : "wx");
	if (export->out == NULL && errno == EEXIST)
		shc_error("%s exists already: say --force to overwrite it", options.output);
	else if (export->out == NULL)
		shc_error("cannot write %s: %s", options.output, strerror(errno));
	return export->out != NULL;
}

static bool
run(Session *session, const char *uuid, bool is_json)
{
	Export export = {.session = session, .uuid = uuid, .is_json = is_json};
	bool good;

	if (!open_output(&export))
		return false;
	shc_buf_init(&export.line, LINE_MAX_BYTES);
	progress_begin(&export.progress, "exporting", "points", 0, 0);
	good = export_all(&export);
	progress_end(&export.progress);
	shc_buf_free(&export.line);
	if (fflush(export.out) != 0 || ferror(export.out))
	{
		shc_error("cannot write: %s", strerror(errno));
		good = false;
	}
	if (options.output != NULL)
	{
		good = fclose(export.out) == 0 && good;
		if (good)
			printf("%llu points\n", (unsigned long long) export.points);
	}
	return good;
}

static int
run_export(int argc, char **argv)
{
	char uuid[OBJECT_UUID_SIZE];
	Session session;
	bool is_json;
	bool good;

	if (!object_check_words("timeseries export", argc, 1) ||
		!timeseries_format(options.format, options.output != NULL ? options.output : "", &is_json))
		return EXIT_CODE_USAGE;
	good = session_open(&session, &where) &&
		   object_find(&session, OBJECT_TIMESERIES, argv[0], uuid) && run(&session, uuid, is_json);
	session_close(&session);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const CliCommand cmd_timeseries_export = {
	.name = "export",
	.summary = "print the points of a time series",
	.arguments = "SERIES",
	.description =
		"SERIES is a name or a uuid. Any length is exported with little memory. What is\n"
		"written can be imported again.\n",
	.examples = "$ selfctl timeseries export boiler -o boiler.csv\n"
				"$ selfctl timeseries export boiler --start 2026-01-01T00:00:00Z --format jsonl\n",
	.options = export_options,
	.run = run_export,
};
