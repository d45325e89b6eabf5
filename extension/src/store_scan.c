/*
 * store_scan.c: reading the rows of a series in the order of time.
 *
 * A cursor walks one relation; a scan, which is what readers use, walks both. No lock but those of
 * the relations. A scan reads both relations under one snapshot, so that a row that is sealed
 * meanwhile is seen in exactly one of them. It opens the tail first: where the tail's first row
 * begins before the window, no row of the other relation can matter, and reads of the latest points
 * touch the small table only.
 */
#include "sh_ext.h"

#include "access/stratnum.h"
#include "access/xact.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "store_internal.h"

struct ShScan
{
	TimestampTz from;
	TimestampTz to;
	Snapshot snapshot;
	ShCursor chunk;
	ShCursor tail;
	int32 series;
	bool any;		   /* a row has been delivered, ... */
	TimestampTz last;  /* ... whose last point this is */
	ShCursor *current; /* where the last row came from */
	bool tail_pending; /* first_of_tail is read, and not delivered yet */
	ShRow first_of_tail;
};

void
sh_cursor_open(ShCursor *cursor, int32 series, ShStorePart part, LOCKMODE mode, Snapshot snapshot)
{
	cursor->relation = sh_store_relation(series, part, mode);
	cursor->slot = table_slot_create(cursor->relation.heap, NULL);
	cursor->scan =
		sh_index_beginscan(cursor->relation.heap, cursor->relation.index, snapshot, 2, 0);
	cursor->context = CurrentMemoryContext;
	cursor->series = series;
	cursor->part = part;
	cursor->direction = ForwardScanDirection;
	cursor->is_open = true;
}

void
sh_cursor_close(ShCursor *cursor)
{
	if (!cursor->is_open)
		return;
	index_endscan(cursor->scan);
	ExecDropSingleTupleTableSlot(cursor->slot);
	sh_store_relation_close(&cursor->relation);
	cursor->is_open = false;
}

static void
seek(ShCursor *cursor, StrategyNumber strategy, RegProcedure comparison, TimestampTz bound)
{
	ScanKeyData keys[2];
	MemoryContext caller = MemoryContextSwitchTo(cursor->context);

	ScanKeyInit(&keys[0], SH_ROW_SERIES, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(cursor->series));
	ScanKeyInit(&keys[1], SH_ROW_T0, strategy, comparison, TimestampTzGetDatum(bound));
	index_rescan(cursor->scan, keys, 2, NULL, 0);
	MemoryContextSwitchTo(caller);
}

void
sh_cursor_seek_from(ShCursor *cursor, TimestampTz bound)
{
	seek(cursor, BTGreaterEqualStrategyNumber, F_TIMESTAMPTZ_GE, bound);
	cursor->direction = ForwardScanDirection;
}

void
sh_cursor_seek_after(ShCursor *cursor, TimestampTz bound)
{
	seek(cursor, BTGreaterStrategyNumber, F_TIMESTAMPTZ_GT, bound);
	cursor->direction = ForwardScanDirection;
}

void
sh_cursor_seek_down(ShCursor *cursor, TimestampTz bound)
{
	seek(cursor, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, bound);
	cursor->direction = BackwardScanDirection;
}

void
sh_row_read(TupleTableSlot *slot, ShRow *row)
{
	bytea *data;

	slot_getsomeattrs(slot, SH_ROW_COLUMNS);
	row->tid = slot->tts_tid;
	row->t0 = DatumGetTimestampTz(slot->tts_values[SH_ROW_T0 - 1]);
	row->t1 = DatumGetTimestampTz(slot->tts_values[SH_ROW_T1 - 1]);
	row->n = DatumGetInt32(slot->tts_values[SH_ROW_N - 1]);
	/* Rows of ours are never compressed nor moved out of line; then this copies nothing. */
	data = DatumGetByteaPP(slot->tts_values[SH_ROW_DATA - 1]);
	row->data = (const uint8 *) VARDATA_ANY(data);
	row->len = VARSIZE_ANY_EXHDR(data);
}

bool
sh_cursor_next(ShCursor *cursor, ShRow *row)
{
	MemoryContext caller = MemoryContextSwitchTo(cursor->context);
	bool found = index_getnext_slot(cursor->scan, cursor->direction, cursor->slot);

	MemoryContextSwitchTo(caller);
	if (!found)
		return false;
	if (cursor->relation.mode != AccessShareLock && IsolationUsesXactSnapshot() &&
		!table_tuple_satisfies_snapshot(cursor->relation.heap, cursor->slot,
										GetTransactionSnapshot()))
		sh_store_report_changed();
	sh_row_read(cursor->slot, row);
	return true;
}

/* Positions at the row with the greatest t0 <= from, which may reach into the window. */
static void
begin_chunk(ShScan *scan, int32 series)
{
	ShRow covering;
	TimestampTz start = scan->from;

	sh_cursor_open(&scan->chunk, series, SH_CHUNK, AccessShareLock, scan->snapshot);
	sh_cursor_seek_down(&scan->chunk, scan->from);
	if (sh_cursor_next(&scan->chunk, &covering))
		start = covering.t0;
	sh_cursor_seek_from(&scan->chunk, start);
}

ShScan *
sh_scan_begin(int32 series, TimestampTz from, TimestampTz to, Snapshot snapshot)
{
	ShScan *scan = palloc0(sizeof(ShScan));

	scan->series = series;
	scan->from = from;
	scan->to = to;
	scan->snapshot = RegisterSnapshot(snapshot);
	sh_cursor_open(&scan->tail, series, SH_TAIL, AccessShareLock, scan->snapshot);
	sh_cursor_seek_from(&scan->tail, SH_BEFORE_ALL);
	scan->tail_pending = sh_cursor_next(&scan->tail, &scan->first_of_tail);
	if (!scan->tail_pending || scan->first_of_tail.t0 > from)
		begin_chunk(scan, series);
	return scan;
}

/* Rows of one relation up to the window's end; those that end before its start are passed over. */
static bool
next_of(ShScan *scan, ShCursor *cursor, ShRow *row)
{
	while (cursor->is_open)
	{
		if (cursor == &scan->tail && scan->tail_pending)
		{
			*row = scan->first_of_tail;
			scan->tail_pending = false;
		}
		else if (!sh_cursor_next(cursor, row))
		{
			sh_cursor_close(cursor);
			break;
		}
		if (row->t0 > scan->to)
		{
			sh_cursor_close(cursor);
			break;
		}
		if (row->t1 >= scan->from)
		{
			scan->current = cursor;
			return true;
		}
	}
	return false;
}

bool
sh_scan_next(ShScan *scan, ShChunkRow *row)
{
	ShRow stored;

	if (!next_of(scan, &scan->chunk, &stored) && !next_of(scan, &scan->tail, &stored))
		return false;
	/* Else points would be read twice, or not in the order of time. */
	if (scan->any && stored.t0 <= scan->last)
		sh_store_report_corruption(ERROR, scan->series, stored.t0);
	scan->any = true;
	scan->last = stored.t1;
	row->t0 = stored.t0;
	row->t1 = stored.t1;
	row->n = stored.n;
	row->data = stored.data;
	row->len = stored.len;
	return true;
}

void
sh_scan_end(ShScan *scan)
{
	sh_cursor_close(&scan->chunk);
	sh_cursor_close(&scan->tail);
	UnregisterSnapshot(scan->snapshot);
	pfree(scan);
}

/*
 * The other half of what cursors of writers check: a row that the transaction's own snapshot sees
 * must still be there.
 */
void
sh_store_check_undisturbed(int32 series, TimestampTz from, TimestampTz to, Snapshot fresh)
{
	ShScan *scan;
	ShChunkRow row;

	if (!IsolationUsesXactSnapshot())
		return;
	scan = sh_scan_begin(series, from, to, GetTransactionSnapshot());
	while (sh_scan_next(scan, &row))
	{
		if (!table_tuple_satisfies_snapshot(scan->current->relation.heap, scan->current->slot,
											fresh))
			sh_store_report_changed();
	}
	sh_scan_end(scan);
}
