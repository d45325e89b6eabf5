/*
 * store_todo.c: which sealed rows a repack should look at: selfhost.repack_todo.
 *
 * A writer that leaves sealed rows under-filled notes the span of their t0, one row for each series: a
 * look-up when it is noted already. All that touch the row of a series hold the lock of the series, so that
 * nobody changes it under another; it is read under a snapshot taken after the lock, whatever the
 * isolation level: it says nothing about points.
 */
#include "sh_ext.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "store_internal.h"

/* Columns of selfhost.repack_todo. */
enum
{
	TODO_SERIES = 1,
	TODO_FROM,
	TODO_TO,
	TODO_COLUMNS = TODO_TO
};

typedef struct Table
{
	Relation heap;
	Relation index;
	TupleTableSlot *slot;
	LOCKMODE mode;
} Table;

static Table
table_begin(LOCKMODE mode)
{
	Oid schema = get_namespace_oid(SH_SCHEMA, false);
	Oid heap = get_relname_relid("repack_todo", schema);
	Oid index = get_relname_relid("repack_todo_pkey", schema);
	Table table = {.mode = mode};

	if (!OidIsValid(heap) || !OidIsValid(index))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation \"selfhost.repack_todo\" does not exist")));
	table.heap = table_open(heap, mode);
	table.index = index_open(index, mode);
	table.slot = table_slot_create(table.heap, NULL);
	return table;
}

static void
table_end(Table *table)
{
	LOCKMODE mode = table->mode == AccessShareLock ? AccessShareLock : NoLock;

	ExecDropSingleTupleTableSlot(table->slot);
	index_close(table->index, mode);
	table_close(table->heap, mode);
}

/* Scans upwards from a series on; strategy: equal, or greater or equal. */
static IndexScanDesc
begin_scan(Table *table, StrategyNumber strategy, RegProcedure comparison, int32 series,
		   Snapshot snapshot)
{
	IndexScanDesc scan = sh_index_beginscan(table->heap, table->index, snapshot, 1, 0);
	ScanKeyData key;

	ScanKeyInit(&key, TODO_SERIES, strategy, comparison, Int32GetDatum(series));
	index_rescan(scan, &key, 1, NULL, 0);
	return scan;
}

static void
read_todo(TupleTableSlot *slot, ShTodo *todo)
{
	slot_getsomeattrs(slot, TODO_COLUMNS);
	todo->series = DatumGetInt32(slot->tts_values[TODO_SERIES - 1]);
	todo->from = DatumGetTimestampTz(slot->tts_values[TODO_FROM - 1]);
	todo->to = DatumGetTimestampTz(slot->tts_values[TODO_TO - 1]);
}

/* The stored row of a series, which is then in the slot. */
static bool
find(Table *table, int32 series, ShTodo *todo)
{
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	IndexScanDesc scan = begin_scan(table, BTEqualStrategyNumber, F_INT4EQ, series, snapshot);
	bool found = index_getnext_slot(scan, ForwardScanDirection, table->slot);

	if (found)
	{
		ExecMaterializeSlot(table->slot);
		read_todo(table->slot, todo);
	}
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	return found;
}

static void
insert_index_entry(Table *table, int32 series, ItemPointer tid)
{
	IndexInfo *info = BuildIndexInfo(table->index);
	Datum value = Int32GetDatum(series);
	bool isnull = false;

	sh_index_insert(table->index, &value, &isnull, tid, table->heap, UNIQUE_CHECK_YES, info);
	pfree(info);
}

/* Inserts, or replaces the stored version. */
static void
put(Table *table, const ShTodo *todo, ItemPointer old)
{
	TupleTableSlot *slot = table_slot_create(table->heap, NULL);
	TM_FailureData failure;
	LockTupleMode lock_mode;
	ShUpdateIndexes update_indexes;

	slot->tts_values[TODO_SERIES - 1] = Int32GetDatum(todo->series);
	slot->tts_values[TODO_FROM - 1] = TimestampTzGetDatum(todo->from);
	slot->tts_values[TODO_TO - 1] = TimestampTzGetDatum(todo->to);
	memset(slot->tts_isnull, 0, TODO_COLUMNS * sizeof(bool));
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
	if (old == NULL)
	{
		table_tuple_insert(table->heap, slot, GetCurrentCommandId(true), 0, NULL);
		insert_index_entry(table, todo->series, &slot->tts_tid);
	}
	else
	{
		sh_store_check_result(table_tuple_update(table->heap, old, slot, GetCurrentCommandId(true),
												 InvalidSnapshot, InvalidSnapshot, true, &failure,
												 &lock_mode, &update_indexes));
		if (update_indexes)
			insert_index_entry(table, todo->series, &slot->tts_tid);
	}
	ExecDropSingleTupleTableSlot(slot);
}

void
sh_todo_add(const ShTodo *todo)
{
	Table table;
	ShTodo stored;

	if (todo->from > todo->to)
		return;
	table = table_begin(RowExclusiveLock);
	if (!find(&table, todo->series, &stored))
		put(&table, todo, NULL);
	else if (todo->from < stored.from || todo->to > stored.to)
	{
		stored.from = Min(stored.from, todo->from);
		stored.to = Max(stored.to, todo->to);
		put(&table, &stored, &table.slot->tts_tid);
	}
	table_end(&table);
}

bool
sh_todo_get(int32 series, ShTodo *todo)
{
	Table table = table_begin(AccessShareLock);
	bool found = find(&table, series, todo);

	table_end(&table);
	return found;
}

void
sh_todo_advance(int32 series, TimestampTz from)
{
	Table table = table_begin(RowExclusiveLock);
	ShTodo stored;
	TM_FailureData failure;

	if (find(&table, series, &stored))
	{
		stored.from = Max(stored.from, from);
		if (stored.from <= stored.to)
			put(&table, &stored, &table.slot->tts_tid);
		else
			sh_store_check_result(table_tuple_delete(table.heap, &table.slot->tts_tid,
													 GetCurrentCommandId(true), InvalidSnapshot,
													 InvalidSnapshot, true, &failure, false));
		CommandCounterIncrement();
	}
	table_end(&table);
}

int
sh_todo_list(int32 start, int32 *series, int max)
{
	Table table = table_begin(AccessShareLock);
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	IndexScanDesc scan =
		begin_scan(&table, BTGreaterEqualStrategyNumber, F_INT4GE, start, snapshot);
	ShTodo todo;
	int n = 0;

	while (n < max && index_getnext_slot(scan, ForwardScanDirection, table.slot))
	{
		read_todo(table.slot, &todo);
		series[n++] = todo.series;
	}
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_end(&table);
	return n;
}

/* ---- which rows are noted ---- */

void
sh_todo_note(ShTodo *todo, const ShRowList *written)
{
	for (int i = 0; i < written->n; i++)
	{
		const ShRow *row = &written->rows[i];

		if (ItemPointerIsValid(&row->tid) || sh_row_fill_of(row) >= UNDER_FILLED)
			continue;
		todo->from = Min(todo->from, row->t0);
		todo->to = Max(todo->to, row->t0);
	}
}
