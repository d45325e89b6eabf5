/*
 * import.c: lines, batches, and what becomes of those that the server refuses.
 */
#include "import.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "import_state.h"
#include "log.h"

#define LINE_MAX_BYTES ((size_t) 4096)

/* What the server takes in one body, less room for what is put around it. */
#define BODY_MAX ((size_t) 5 * 1024 * 1024 - 65536)

typedef struct Line
{
	size_t begin; /* in the batch's text */
	size_t len;
	uint64_t number;
} Line;

typedef struct Import
{
	Session *session;
	const ImportOptions *options;
	ImportCounts *counts;
	FILE *in;
	FILE *reject; /* NULL: nothing was refused yet */
	bool is_stdin;
	ImportState state;
	uint64_t offset; /* of what was read */
	uint64_t number; /* of the line that was read last */
	ShcBuf text;	 /* of the batch's lines */
	ShcBuf body;	 /* what is sent */
	Line *line;
	int nlines;
	Progress progress;
} Import;

static volatile sig_atomic_t interrupted;

static void
interrupt(int signal)
{
	(void) signal;
	interrupted = 1;
}

/* ---- bad lines ---- */

/* The server's message about a body of one row, without that. */
static const char *
reason_of(const char *message)
{
	static const char prefix[] = "body: row 1: ";

	return strncmp(message, prefix, sizeof(prefix) - 1) == 0 ? message + sizeof(prefix) - 1
															 : message;
}

static bool
reject(Import *import, const Line *line, const char *reason)
{
	if (import->reject == NULL)
		import->reject = fopen(import->options->reject, import->state.line > 0 ? "a" : "w");
	if (import->reject == NULL ||
		fprintf(import->reject, "# line %" PRIu64 ": %s\n%.*s\n", line->number, reason,
				(int) line->len, import->text.data + line->begin) < 0)
	{
		shc_error("cannot write %s: %s", import->options->reject, strerror(errno));
		return false;
	}
	import->counts->rejected++;
	return true;
}

/* ---- a batch ---- */

static bool
make_body(Import *import, int from, int n)
{
	bool is_json = import->options->format == IMPORT_JSON_LINES;
	ShcBuf *body = &import->body;

	shc_buf_reset(body);
	if (is_json)
		shc_buf_puts(body, "[");
	for (int i = from; i < from + n; i++)
	{
		shc_buf_append(body, import->text.data + import->line[i].begin, import->line[i].len);
		if (!is_json)
			shc_buf_puts(body, "\n");
		else if (i < from + n - 1)
			shc_buf_puts(body, ",");
	}
	if (is_json)
		shc_buf_puts(body, "]");
	if (body->failed)
		shc_error("out of memory");
	return !body->failed;
}

static void
count_header(const char *headers, const char *name, uint64_t *count)
{
	const char *found = strstr(headers, name);

	if (found != NULL)
		*count += strtoull(found + strlen(name), NULL, 10);
}

#define HEADERS_OF(call)                                                                       \
	"SELECT array_to_string((a.r).headers, E'\\n') FROM (SELECT selfhost." call " unit => $3," \
	" conflict => $2, body => convert_to($1, 'UTF8'), content_type => $4) AS r OFFSET 0) AS a"

/* Sends lines in one transaction; false: refused, or lost the connection. */
static bool
send(Import *import, int from, int n)
{
	const ImportOptions *options = import->options;
	const char *parameter[] = {NULL, options->conflict, options->unit,
							   options->format == IMPORT_CSV ? "text/csv" : "application/json",
							   options->uuid};
	char *headers = NULL;
	bool good;

	if (!make_body(import, from, n))
		return false;
	parameter[0] = import->body.data;
	if (options->uuid != NULL)
		good =
			shc_pg_value(import->session->pg, HEADERS_OF("add_timeseries_data(uuid => $5::uuid,"),
						 5, parameter, &headers);
	else
		good = shc_pg_value(import->session->pg, HEADERS_OF("add_points("), 4, parameter, &headers);
	if (good && headers != NULL)
	{
		count_header(headers, "X-Points-Inserted: ", &import->counts->inserted);
		count_header(headers, "X-Points-Replaced: ", &import->counts->replaced);
		count_header(headers, "X-Points-Skipped: ", &import->counts->skipped);
		count_header(headers, "X-Points-Out-Of-Bounds: ", &import->counts->out_of_bounds);
	}
	free(headers);
	return good;
}

/* What one line can be at fault for: its values, a timestamp that has a point, a series. */
static bool
is_fault_of_line(const char *sqlstate)
{
	return strncmp(sqlstate, "22", 2) == 0 || strncmp(sqlstate, "23", 2) == 0 ||
		   strcmp(sqlstate, "P0002") == 0 || strcmp(sqlstate, "42501") == 0;
}

/* Sends lines, and looks for those that the server refuses by halving. */
static bool
send_judged(Import *import, int from, int n)
{
	ShcPg *pg = import->session->pg;

	if (n == 0 || send(import, from, n))
		return true;
	if (!is_fault_of_line(shc_pg_sqlstate(pg)))
	{
		if (shc_pg_message(pg)[0] != '\0')
			shc_error("%s (SQLSTATE %s)", shc_pg_message(pg), shc_pg_sqlstate(pg));
		return false;
	}
	if (n == 1)
		return reject(import, &import->line[from], reason_of(shc_pg_message(pg)));
	return send_judged(import, from, n / 2) && send_judged(import, from + n / 2, n - n / 2);
}

/* ---- reading ---- */

static bool
is_header(const char *text, size_t len)
{
	return (len == 4 && memcmp(text, "ts,v", 4) == 0) ||
		   (len == 9 && memcmp(text, "uuid,ts,v", 9) == 0);
}

/* Takes a line into the batch, unless nothing is in it or it cannot be sent at all. */
static bool
take_line(Import *import, const char *text, size_t len)
{
	Line *line = &import->line[import->nlines];

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	import->number++;
	if (len == 0 ||
		(import->number == 1 && import->options->format == IMPORT_CSV && is_header(text, len)))
		return true;
	*line = (Line){.begin = import->text.len, .len = len, .number = import->number};
	import->counts->lines++;
	if (len > LINE_MAX_BYTES)
	{
		line->len = 80;
		return shc_buf_append(&import->text, text, 80) &&
			   reject(import, line, "the line is too long");
	}
	if (!shc_buf_append(&import->text, text, len))
	{
		shc_error("out of memory");
		return false;
	}
	if (memchr(text, '\0', len) != NULL)
		return reject(import, line, "the line has a zero byte");
	import->nlines++;
	return true;
}

/* Reads a batch. False: an error, which is logged. */
static bool
read_batch(Import *import, char **buffer, size_t *capacity, bool *at_end)
{
	shc_buf_reset(&import->text);
	import->nlines = 0;
	while (import->nlines < import->options->batch &&
		   import->text.len + 2 * (size_t) import->nlines < BODY_MAX - LINE_MAX_BYTES)
	{
		ssize_t len = getline(buffer, capacity, import->in);

		if (len < 0)
		{
			*at_end = feof(import->in) != 0;
			if (!*at_end)
				shc_error("cannot read %s: %s", import->options->file, strerror(errno));
			return *at_end;
		}
		import->offset += (uint64_t) len;
		if (!take_line(import, *buffer, (size_t) len))
			return false;
	}
	return true;
}

/* After each batch: what has gone in stays in. */
static bool
note_batch(Import *import)
{
	import->state.offset = import->offset;
	import->state.line = import->number;
	if (import->reject != NULL && fflush(import->reject) != 0)
	{
		shc_error("cannot write %s: %s", import->options->reject, strerror(errno));
		return false;
	}
	progress_show(&import->progress, import->offset, import->counts->lines);
	return import->is_stdin || import_state_write(&import->state);
}

static bool
run(Import *import)
{
	char *buffer = NULL;
	size_t capacity = 0;
	bool at_end = false;
	bool good = true;

	while (good && !at_end && !interrupted)
		good = read_batch(import, &buffer, &capacity, &at_end) &&
			   send_judged(import, 0, import->nlines) && note_batch(import);
	free(buffer);
	if (good && !at_end)
	{
		shc_error("interrupted after line %" PRIu64, import->number);
		good = false;
	}
	return good;
}

/* ---- beginning and end ---- */

/* Goes on behind what an earlier import has done, if that is wanted. */
static bool
find_beginning(Import *import)
{
	const ImportOptions *options = import->options;
	ImportState found = import->state;
	ImportStateFound is_found = import_state_read(&found);

	if (options->restart)
		return true;
	if (is_found == IMPORT_STATE_NONE && options->resume)
		shc_info("nothing to resume: %s does not exist", found.path);
	if (is_found == IMPORT_STATE_NONE)
		return true;
	if (is_found == IMPORT_STATE_BROKEN || strcmp(found.target, import->state.target) != 0 ||
		found.size > import->state.size || found.offset > import->state.size)
	{
		shc_error("%s is of another import: say --restart to begin with the first line",
				  found.path);
		return false;
	}
	if (!options->resume)
	{
		shc_error("an import of this file was broken off after line %" PRIu64
				  ": say --resume to go on, or --restart to begin with the first line",
				  found.line);
		return false;
	}
	if (fseeko(import->in, (off_t) found.offset, SEEK_SET) != 0)
	{
		shc_error("cannot read %s: %s", options->file, strerror(errno));
		return false;
	}
	import->offset = import->state.offset = found.offset;
	import->number = import->state.line = found.line;
	return true;
}

static bool
open_file(Import *import)
{
	const ImportOptions *options = import->options;
	struct stat status;

	import->is_stdin = strcmp(options->file, "-") == 0;
	if (import->is_stdin && (options->resume || options->restart))
	{
		shc_error("standard input cannot be resumed");
		return false;
	}
	import->in = import->is_stdin ? stdin : fopen(options->file, "r");
	if (import->in == NULL || fstat(fileno(import->in), &status) != 0)
	{
		shc_error("cannot read %s: %s", options->file, strerror(errno));
		return false;
	}
	import->state.size = S_ISREG(status.st_mode) ? (uint64_t) status.st_size : 0;
	return import->is_stdin || find_beginning(import);
}

static void
catch_interrupts(void)
{
	struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void
finish(Import *import, bool good)
{
	progress_end(&import->progress);
	if (good && !import->is_stdin)
		import_state_remove(&import->state);
	else if (!good && !import->is_stdin && import->state.line > 0)
		shc_error("%" PRIu64 " lines are done; say --resume to go on behind them",
				  import->state.line);
	if (import->reject != NULL)
		fclose(import->reject);
	if (import->in != NULL && !import->is_stdin)
		fclose(import->in);
	shc_buf_free(&import->text);
	shc_buf_free(&import->body);
	free(import->line);
}

bool
import_run(Session *session, const ImportOptions *options, ImportCounts *counts)
{
	ShcArena *arena = session->stack.arena;
	bool is_stdin = strcmp(options->file, "-") == 0;
	const char *name = is_stdin ? "stdin" : options->file;
	Import import = {.session = session, .options = options, .counts = counts};
	bool good = false;

	*counts = (ImportCounts){0};
	shc_buf_init(&import.text, BODY_MAX + 2 * LINE_MAX_BYTES);
	shc_buf_init(&import.body, 2 * BODY_MAX);
	import.line = calloc((size_t) options->batch, sizeof(Line));
	import.state.path = shc_arena_printf(arena, "%s.import", name);
	snprintf(import.state.target, sizeof(import.state.target), "%s",
			 options->uuid != NULL ? options->uuid : "many");
	if (import.line == NULL || import.state.path == NULL)
		shc_error("out of memory");
	else if (open_file(&import))
	{
		catch_interrupts();
		shc_pg_set_quiet(session->pg, true);
		progress_begin(&import.progress, "importing", "points", import.state.size, import.offset);
		good = run(&import);
		shc_pg_set_quiet(session->pg, false);
	}
	finish(&import, good);
	return good;
}
