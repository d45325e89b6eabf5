/*
 * store_delete.c: deleting points of a series, and all of them.
 *
 * The caller holds the lock of the series. Rows that lie inside the window as a whole are deleted
 * without being decoded; others are written anew with what is left of them, under the same t0.
 */
#include "sh_ext.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "store_internal.h"

typedef struct Window
{
	TimestampTz from;
	TimestampTz to;
	const double *ge;
	const double *le;
	const TimestampTz *only; /* the points at n timestamps, ascending; NULL: all */
	int n;
	ShTodo *todo; /* gathers sealed rows that are left under-filled */
} Window;

/* 100 kB, hence not on the stack. */
static ShPoints decoded;

/* The first of the listed timestamps that is not less; n: none. */
static int
first_listed(const Window *window, TimestampTz ts)
{
	int low = 0;
	int high = window->n;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (window->only[middle] < ts)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_listed(const Window *window, TimestampTz ts)
{
	int at = window->only == NULL ? 0 : first_listed(window, ts);

	return window->only == NULL || (at < window->n && window->only[at] == ts);
}

static bool
is_hit(const Window *window, TimestampTz ts, double value)
{
	return is_listed(window, ts) && ts >= window->from && ts <= window->to &&
		   (window->ge == NULL || value >= *window->ge) &&
		   (window->le == NULL || value <= *window->le);
}

/* Removes the hits from `decoded`; returns how many there were. */
static int
remove_hits(const Window *window)
{
	int kept = 0;
	int n = decoded.n;

	for (int i = 0; i < n; i++)
	{
		if (is_hit(window, decoded.ts[i], decoded.value[i]))
			continue;
		decoded.ts[kept] = decoded.ts[i];
		decoded.value[kept++] = decoded.value[i];
	}
	decoded.n = kept;
	return n - kept;
}

/* Deletes the hits of one row; returns how many there were. Allocates in the current context. */
static int
delete_from_row(ShCursor *cursor, const Window *window, const ShRow *row)
{
	ShRowList before = {0};
	ShRowList after = {0};
	int hits;

	if (window->only != NULL)
	{
		int at = first_listed(window, row->t0);

		if (at == window->n || window->only[at] > row->t1)
			return 0;
	}
	else if (window->ge == NULL && window->le == NULL && row->t0 >= window->from &&
			 row->t1 <= window->to)
	{
		ItemPointerData tid = row->tid;

		sh_store_row_delete(&cursor->relation, &tid);
		return row->n;
	}
	sh_store_row_decode(cursor->series, row, &decoded);
	hits = remove_hits(window);
	if (hits == 0)
		return 0;
	sh_rows_add(&before, row);
	if (decoded.n > 0)
		sh_rows_encode(&after, row->t0, decoded.ts, decoded.value, decoded.n, true);
	sh_rows_write(&cursor->relation, cursor->series, &before, &after);
	if (cursor->part == SH_CHUNK)
		sh_todo_note(window->todo, &after);
	return hits;
}

/* Walks the rows of one relation that may reach into the window. */
static int64
delete_from_part(int32 series, ShStorePart part, const Window *window, Snapshot snapshot)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(outer, "selfhost delete", ALLOCSET_DEFAULT_SIZES);
	ShCursor cursor;
	ShRow row;
	TimestampTz start = window->from;
	int64 hits = 0;

	sh_cursor_open(&cursor, series, part, RowExclusiveLock, snapshot);
	sh_cursor_seek_down(&cursor, window->from);
	if (sh_cursor_next(&cursor, &row))
		start = row.t0;
	sh_cursor_seek_from(&cursor, start);

	MemoryContextSwitchTo(work);
	while (sh_cursor_next(&cursor, &row) && row.t0 <= window->to)
	{
		CHECK_FOR_INTERRUPTS();
		if (row.t1 >= window->from)
			hits += delete_from_row(&cursor, window, &row);
		MemoryContextReset(work);
	}
	MemoryContextSwitchTo(outer);
	sh_cursor_close(&cursor);
	MemoryContextDelete(work);
	return hits;
}

static int64
delete_from_both(int32 series, Window window)
{
	ShTodo todo = SH_TODO_NOTHING(series);
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	int64 hits;

	window.todo = &todo;
	sh_store_check_undisturbed(series, window.from, window.to, snapshot);
	hits = delete_from_part(series, SH_CHUNK, &window, snapshot) +
		   delete_from_part(series, SH_TAIL, &window, snapshot);
	UnregisterSnapshot(snapshot);
	sh_todo_add(&todo);
	if (hits > 0)
		CommandCounterIncrement();
	return hits;
}

int64
sh_store_delete(const ShSeries *series, TimestampTz from, TimestampTz to, const double *ge,
				const double *le)
{
	Window window = {.from = from, .to = to, .ge = ge, .le = le};

	return from > to ? 0 : delete_from_both(series->id, window);
}

void
sh_store_delete_points(const ShSeries *series, const TimestampTz *ts, int n)
{
	Window window = {.only = ts, .n = n};

	if (n == 0)
		return;
	window.from = ts[0];
	window.to = ts[n - 1];
	delete_from_both(series->id, window);
}

/* ---- expiry ---- */

/* Deletes rows of one relation from its first on while they are old; false when one is not. */
static bool
expire_part(int32 series, ShStorePart part, TimestampTz limit, int max_rows, Snapshot snapshot,
			ShExpired *expired)
{
	ShCursor cursor;
	ShRow row;
	bool all_old = true;

	sh_cursor_open(&cursor, series, part, RowExclusiveLock, snapshot);
	sh_cursor_seek_from(&cursor, SH_BEFORE_ALL);
	while (all_old && expired->rows < max_rows && sh_cursor_next(&cursor, &row))
	{
		ItemPointerData tid = row.tid;

		CHECK_FOR_INTERRUPTS();
		all_old = row.t1 < limit;
		if (!all_old)
			break;
		sh_store_row_delete(&cursor.relation, &tid);
		expired->rows++;
		expired->points += row.n;
	}
	sh_cursor_close(&cursor);
	return all_old;
}

/* Does the series begin with a row that is old? By the snapshot, without a lock. */
static bool
begins_old(int32 series, TimestampTz limit, Snapshot snapshot)
{
	ShScan *scan = sh_scan_begin(series, SH_BEFORE_ALL, SH_AFTER_ALL, snapshot);
	ShChunkRow row;
	bool old = sh_scan_next(scan, &row) && row.t1 < limit;

	sh_scan_end(scan);
	return old;
}

void
sh_store_expire(int32 series, TimestampTz limit, int max_rows, ShExpired *expired)
{
	Snapshot snapshot;

	memset(expired, 0, sizeof(*expired));
	if (!begins_old(series, limit, GetActiveSnapshot()) || !sh_store_try_lock(series))
		return;
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	sh_store_check_undisturbed(series, SH_BEFORE_ALL, limit, snapshot);
	if (expire_part(series, SH_CHUNK, limit, max_rows, snapshot, expired))
		expire_part(series, SH_TAIL, limit, max_rows, snapshot, expired);
	UnregisterSnapshot(snapshot);
	if (expired->rows > 0)
		CommandCounterIncrement();
}

void
sh_store_drop(int32 series)
{
	ShSeries whole = {.id = series};

	sh_store_delete(&whole, SH_BEFORE_ALL, SH_AFTER_ALL, NULL, NULL);
	sh_todo_advance(series, SH_AFTER_ALL);
}
