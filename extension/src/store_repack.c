/*
 * store_repack.c: packs under-filled sealed rows together, and writes rows of an older format anew.
 *
 * Late points split rows, deletions empty them. A repack walks sealed rows in the order of time with a
 * window of some of them; where the window holds less than its rows could, it is written as fewer. Every
 * rewrite removes at least one row, so that repacks come to an end.
 *
 * The caller holds the lock of the series, and the rows are read under a snapshot taken after it;
 * in REPEATABLE READ and above the rules of writers hold (40001). Readers are not disturbed.
 */
#include "sh_ext.h"

#include <math.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "store_internal.h"

/* Most rows that are written anew at once: 16 rows of 4096 points take a MB. */
#define WINDOW 16

/* A row with more than this is left alone, unless its format is old. */
#define FULL 0.95

/* What rows hold together must come to so much less than what they could: it is an estimate. */
#define MARGIN 1.02

/* What a row's bytes hold besides points, about. */
#define HEADER_BYTES 40

typedef struct Repack
{
	int32 series;
	ShCursor cursor;
	bool at_end;
	ShRow window[WINDOW];
	int n;
	TimestampTz done; /* the last point of the last row that has left the window */
	ShRepackResult *result;
} Repack;

/* 100 kB, hence not on the stack. */
static ShPoints decoded;

double
sh_row_fill_of(const ShRow *row)
{
	double bytes =
		(double) (row->len - HEADER_BYTES) / (double) (SH_CHUNK_MAX_BYTES - HEADER_BYTES);
	double points = (double) row->n / SH_CHUNK_MAX_POINTS;

	return Max(bytes, points);
}

static bool
is_old(const ShRow *row)
{
	return sh_chunk_version(row->data, row->len) < SH_CHUNK_VERSION;
}

/* ---- the window ---- */

static void
free_row(const ShRow *row)
{
	pfree((void *) row->data);
}

/* Reads rows until the window is full, the budget is used up or the series has ended. */
static void
fill_window(Repack *repack, int max_rows)
{
	ShRow row;

	while (repack->n < WINDOW && !repack->at_end && repack->result->rows_read < max_rows)
	{
		if (!sh_cursor_next(&repack->cursor, &row))
		{
			repack->at_end = true;
			return;
		}
		repack->window[repack->n++] = sh_row_copy(&row);
		repack->result->rows_read++;
	}
}

static void
drop_rows(Repack *repack, int n)
{
	for (int i = 0; i < n; i++)
	{
		repack->done = repack->window[i].t1;
		free_row(&repack->window[i]);
	}
	repack->n -= n;
	memmove(repack->window, repack->window + n, repack->n * sizeof(ShRow));
}

/*
 * How many rows from the first of the window on should be written anew: as few as save most; 1 for one of
 * an old format with which nothing is saved; else 0.
 */
static int
rows_to_rewrite(const Repack *repack)
{
	double sum = 0;
	int most = 0;
	int n = 0;

	if (is_old(&repack->window[0]))
		n = 1;
	else if (sh_row_fill_of(&repack->window[0]) > FULL)
		return 0;
	for (int i = 0; i < repack->n; i++)
	{
		int saved;

		sum += sh_row_fill_of(&repack->window[i]);
		saved = i + 1 - (int) ceil(sum * MARGIN);
		if (saved > most)
		{
			most = saved;
			n = i + 1;
		}
	}
	return n;
}

/* ---- writing ---- */

/* All points of the first k rows; false, with a warning, when one is corrupt. */
static bool
decode_rows(const Repack *repack, int k, ShPointList *all)
{
	all->ts = palloc(k * SH_CHUNK_MAX_POINTS * sizeof(int64));
	all->value = palloc(k * SH_CHUNK_MAX_POINTS * sizeof(double));
	all->n = 0;
	for (int i = 0; i < k; i++)
	{
		if (!sh_store_row_is_good(&repack->window[i], &decoded))
		{
			sh_store_report_corruption(WARNING, repack->series, repack->window[i].t0);
			return false;
		}
		memcpy(all->ts + all->n, decoded.ts, decoded.n * sizeof(int64));
		memcpy(all->value + all->n, decoded.value, decoded.n * sizeof(double));
		all->n += decoded.n;
	}
	return true;
}

/* Writes the first k rows of the window anew, if that makes them fewer, or their format newer. */
static void
rewrite(Repack *repack, int k)
{
	ShPointList all;
	ShRowList before = {0};
	ShRowList after = {0};
	bool any_old = false;

	if (!decode_rows(repack, k, &all))
		return;
	for (int i = 0; i < k; i++)
	{
		any_old |= is_old(&repack->window[i]);
		sh_rows_add(&before, &repack->window[i]);
	}
	sh_rows_encode(&after, before.rows[0].t0, all.ts, all.value, all.n, false);
	if (after.n >= k && !any_old)
		return;
	sh_rows_write(&repack->cursor.relation, repack->series, &before, &after);
	repack->result->rewritten += k;
	repack->result->written += after.n;
}

/* ---- the whole ---- */

/* Positions at the row that holds `from`, or one before it, with which it may be packed. */
static void
seek(Repack *repack, TimestampTz from)
{
	ShRow row;
	TimestampTz start = from;

	sh_cursor_seek_down(&repack->cursor, from);
	for (int i = 0; i < 2 && sh_cursor_next(&repack->cursor, &row); i++)
		start = row.t0;
	sh_cursor_seek_from(&repack->cursor, start);
}

static void
walk(Repack *repack, TimestampTz to, int max_rows)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(outer, "selfhost repack", ALLOCSET_DEFAULT_SIZES);

	for (;;)
	{
		int k;

		CHECK_FOR_INTERRUPTS();
		fill_window(repack, max_rows);
		if (repack->n > 0 && repack->window[0].t0 > to)
			break;
		/* The budget is used up, and the window does not hold all that it could: the next call goes on. */
		if (repack->n < WINDOW && !repack->at_end)
		{
			repack->result->next = repack->n > 0 ? repack->window[0].t0 : repack->done + 1;
			repack->result->more = repack->result->next <= to;
			break;
		}
		if (repack->n == 0)
			break;
		k = rows_to_rewrite(repack);
		if (k > 0)
		{
			MemoryContextSwitchTo(work);
			rewrite(repack, k);
			MemoryContextSwitchTo(outer);
			MemoryContextReset(work);
		}
		drop_rows(repack, Max(k, 1));
	}
	drop_rows(repack, repack->n);
	MemoryContextDelete(work);
}

void
sh_store_repack(int32 series, TimestampTz from, TimestampTz to, int max_rows,
				ShRepackResult *result)
{
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	Repack repack = {.series = series, .result = result};

	memset(result, 0, sizeof(*result));
	sh_store_check_undisturbed(series, from, SH_AFTER_ALL, snapshot);
	sh_cursor_open(&repack.cursor, series, SH_CHUNK, RowExclusiveLock, snapshot);
	seek(&repack, from);
	walk(&repack, to, Max(max_rows, 2 * WINDOW));
	sh_cursor_close(&repack.cursor);
	UnregisterSnapshot(snapshot);
	if (result->rewritten > 0)
		CommandCounterIncrement();
}

void
sh_store_repack_noted(int32 series, int max_rows, ShRepackResult *result)
{
	ShTodo todo;

	memset(result, 0, sizeof(*result));
	if (!sh_todo_get(series, &todo))
		return;
	sh_store_repack(series, todo.from, todo.to, max_rows, result);
	sh_todo_advance(series, result->more ? result->next : SH_AFTER_ALL);
}
