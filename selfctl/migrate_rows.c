/*
 * migrate_rows.c: rows as JSON out of the source and, some hundred at once, into one statement of the domain.
 */
#include <string.h>

#include "buf.h"
#include "log.h"
#include "migrate.h"

/* What goes into one statement; a single row may be larger. */
#define BATCH_ROWS	500
#define BATCH_BYTES ((size_t) 1024 * 1024)
#define ROW_MAX		((size_t) 900 * 1024 * 1024)

typedef struct Pipe
{
	Migration *migration;
	const MigrateRows *rows;
	ShcBuf batch; /* "[row,row" */
	int n;
} Pipe;

/* Of the domain's answer: id, name, what became of it, why. */
static bool
take_outcome(void *context, int n, const char *const *value)
{
	Pipe *pipe = context;
	MigrateReport *report = &pipe->migration->report;
	MigrateKind kind = pipe->rows->kind;
	MigrateCounts *counts = &report->counts[kind];

	(void) n;
	if (strcmp(value[2], "needless") == 0)
	{
		counts->needless++;
		migrate_report_count(report, kind, MIGRATE_LEFT, 1);
	}
	else if (strcmp(value[2], "left") == 0)
	{
		migrate_report_count(report, kind, MIGRATE_LEFT, 1);
		migrate_report_row(report, kind, "left behind", value[0], value[1], value[3]);
	}
	else if (strcmp(value[2], "present") == 0)
		migrate_report_count(report, kind, MIGRATE_PRESENT, 1);
	else
	{
		migrate_report_count(report, kind, MIGRATE_MOVED, 1);
		if (value[3] == NULL)
			return true;
		counts->changed++;
		migrate_report_row(report, kind, "changed", value[0], value[1], value[3]);
	}
	return true;
}

static bool
flush(Pipe *pipe)
{
	const char *parameter[] = {NULL};
	bool good;

	if (pipe->n == 0)
		return true;
	shc_buf_puts(&pipe->batch, "]");
	if (pipe->batch.failed)
	{
		shc_error("a row of the source is too large");
		return false;
	}
	parameter[0] = pipe->batch.data;
	good =
		shc_pg_exec(pipe->migration->target, pipe->rows->target, 1, parameter, take_outcome, pipe);
	shc_buf_reset(&pipe->batch);
	pipe->n = 0;
	return good;
}

static bool
take_row(void *context, int n, const char *const *value)
{
	Pipe *pipe = context;

	(void) n;
	if (migrate_is_interrupted())
		return false;
	shc_buf_puts(&pipe->batch, pipe->n == 0 ? "[" : ",");
	shc_buf_puts(&pipe->batch, value[0]);
	pipe->n++;
	return (pipe->n < BATCH_ROWS && pipe->batch.len < BATCH_BYTES) || flush(pipe);
}

bool
migrate_rows(Migration *migration, const MigrateRows *rows)
{
	Pipe pipe = {.migration = migration, .rows = rows};
	bool good;

	shc_buf_init(&pipe.batch, ROW_MAX);
	good = shc_pg_stream(migration->source, rows->source, 0, NULL, take_row, &pipe) && flush(&pipe);
	shc_buf_free(&pipe.batch);
	return good;
}
