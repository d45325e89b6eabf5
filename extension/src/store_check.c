/*
 * store_check.c: looks at the rows of points for whatever can be wrong with them.
 *
 * Walks each relation once, in the order of its key, under one snapshot and without any lock but
 * those of readers; holds one row at a time. Nothing here raises an error for bad bytes.
 */
#include "sh_ext.h"

#include <math.h>

#include "access/stratnum.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#include "store_internal.h"

typedef struct Check
{
	Snapshot snapshot;
	ShFaultReport report;
	void *context;
	ShCheckCounts *counts;
	ShStorePart part;

	/* the series of the row before */
	bool any;
	int32 series;
	bool exists;
	pg_uuid_t uuid;
	TimestampTz end; /* its last point */
	int rows;
} Check;

static const char *const relation_names[] = {"tail", "chunk"};

/* 100 kB, hence not on the stack. */
static ShPoints decoded;

static void
fault(Check *check, const ShRow *row, const char *reason)
{
	check->counts->faults++;
	check->report(check->context, check->exists ? &check->uuid : NULL, row->t0,
				  relation_names[check->part], reason);
}

/* ---- one row ---- */

static bool
all_finite(const ShPoints *points)
{
	for (int i = 0; i < points->n; i++)
	{
		if (!isfinite(points->value[i]))
			return false;
	}
	return true;
}

static void
check_bytes(Check *check, const ShRow *row)
{
	const char *wrong = sh_chunk_examine(row->data, row->len, &decoded);

	if (wrong != NULL)
	{
		fault(check, row, wrong);
		return;
	}
	check->counts->points += decoded.n;
	if (decoded.n != row->n)
		fault(check, row, psprintf("n is %d, and there are %d points", row->n, decoded.n));
	if (decoded.ts[0] < row->t0)
		fault(check, row, "a point lies before t0");
	if (decoded.ts[decoded.n - 1] != row->t1)
		fault(check, row, "t1 is not the last point");
	if (decoded.ts[0] < FIRST_TIMESTAMP || decoded.ts[decoded.n - 1] > LAST_TIMESTAMP)
		fault(check, row, "a point lies outside of the years 0001 to 9999");
	if (!all_finite(&decoded))
		fault(check, row, "a value is not finite");
}

/* Rows are never compressed nor moved out of line: then a read would cost more than one page. */
static void
check_storage(Check *check, TupleTableSlot *slot, const ShRow *row)
{
	struct varlena *stored = (struct varlena *) DatumGetPointer(slot->tts_values[SH_ROW_DATA - 1]);

	if (VARATT_IS_EXTENDED(stored) && !VARATT_IS_SHORT(stored))
		fault(check, row, "compressed or moved out of line");
}

/* ---- a row and those before it ---- */

/* The last point of the sealed rows, by their columns. */
static bool
end_of_sealed(Check *check, int32 series, TimestampTz *end)
{
	ShCursor cursor;
	ShRow row;
	bool found;

	sh_cursor_open(&cursor, series, SH_CHUNK, AccessShareLock, check->snapshot);
	sh_cursor_seek_down(&cursor, SH_AFTER_ALL);
	found = sh_cursor_next(&cursor, &row);
	if (found)
		*end = row.t1;
	sh_cursor_close(&cursor);
	return found;
}

static void
begin_series(Check *check, int32 series, const ShRow *row)
{
	TimestampTz end;

	check->any = true;
	check->series = series;
	check->rows = 0;
	check->counts->series++;
	check->exists = sh_series_uuid_of(series, check->snapshot, &check->uuid);
	if (!check->exists)
		fault(check, row, psprintf("there is no time series with the id %d", series));
	if (check->part != SH_TAIL || !end_of_sealed(check, series, &end))
		return;
	/* It has been counted with its sealed rows. */
	check->counts->series--;
	if (row->t0 <= end)
		fault(check, row, "begins before the end of the sealed rows");
}

static void
check_order(Check *check, const ShRow *row)
{
	if (row->t1 < row->t0)
		fault(check, row, "ends before it begins");
	if (check->rows > 0 && row->t0 <= check->end)
		fault(check, row, "overlaps the row before it");
	check->rows++;
	if (check->part == SH_TAIL && check->rows == TAIL_MAX_ROWS + 1)
		fault(check, row, psprintf("is one more than the %d rows of a tail", TAIL_MAX_ROWS));
	check->end = row->t1;
}

/* ---- one relation ---- */

static void
check_row(Check *check, TupleTableSlot *slot)
{
	ShRow row;
	int32 series;

	sh_row_read(slot, &row);
	series = DatumGetInt32(slot->tts_values[SH_ROW_SERIES - 1]);
	if (!check->any || series != check->series)
		begin_series(check, series, &row);
	check->counts->rows++;
	check_order(check, &row);
	check_storage(check, slot, &row);
	check_bytes(check, &row);
}

static void
check_part(Check *check, const int32 *only)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext row_context =
		AllocSetContextCreate(outer, "selfhost check of a row", ALLOCSET_DEFAULT_SIZES);
	ShStoreRelation relation =
		sh_store_relation(only != NULL ? *only : 0, check->part, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(relation.heap, NULL);
	int n_keys = only != NULL ? 1 : 0;
	IndexScanDesc scan =
		sh_index_beginscan(relation.heap, relation.index, check->snapshot, n_keys, 0);
	ScanKeyData key;

	check->any = false;
	if (only != NULL)
		ScanKeyInit(&key, SH_ROW_SERIES, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(*only));
	index_rescan(scan, only != NULL ? &key : NULL, n_keys, NULL, 0);
	while (index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(row_context);
		check_row(check, slot);
		MemoryContextSwitchTo(outer);
		MemoryContextReset(row_context);
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	sh_store_relation_close(&relation);
	MemoryContextDelete(row_context);
}

void
sh_store_check(const int32 *only, Snapshot snapshot, ShFaultReport report, void *context,
			   ShCheckCounts *counts)
{
	Check check = {.snapshot = snapshot, .report = report, .context = context, .counts = counts};

	memset(counts, 0, sizeof(*counts));
	for (check.part = SH_CHUNK;; check.part = SH_TAIL)
	{
		check_part(&check, only);
		if (check.part == SH_TAIL)
			break;
	}
}
