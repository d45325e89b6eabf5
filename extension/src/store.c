/*
 * store.c: the two relations of chunk rows, their locks, and writing single rows.
 *
 * Rows are read and written by table and index access routines, without SPI: an append to a tail
 * costs a third of what three SQL statements cost. What SQL would do besides is done here by hand
 * or known not to be needed: the relations have no triggers, no foreign keys, no checks and no
 * row-level security, and rights are checked by the callers.
 *
 * Locking. A writer of a series takes a transaction lock of the advisory kind, with class 3, which
 * pg_advisory_lock() cannot reach. Series share 4096 such locks, so that no transaction can fill the
 * lock table. Several are taken in ascending order. After the lock the series is looked up
 * again, since its deletion takes the same lock, and rows are read under a snapshot taken after it.
 * Readers take no lock.
 */
#include "sh_ext.h"

#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "storage/bufmgr.h"
#include "storage/freespace.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "store_internal.h"

/* Class of our advisory locks; 1 and 2 belong to pg_advisory_lock(). */
#define LOCK_CLASS 3
#define LOCK_KEYS  4096

static const char *const table_names[] = {"tail", "chunk"};
static const char *const index_names[] = {"tail_pkey", "chunk_pkey"};

static Oid
find_relation(Oid schema, const char *name)
{
	Oid relation = get_relname_relid(name, schema);

	if (!OidIsValid(relation))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation \"%s.%s\" does not exist", SH_SCHEMA, name)));
	return relation;
}

ShStoreRelation
sh_store_relation(int32 series, ShStorePart part, LOCKMODE mode)
{
	ShStoreRelation relation;
	Oid schema = get_namespace_oid(SH_SCHEMA, false);

	relation.mode = mode;
	relation.heap = table_open(find_relation(schema, table_names[part]), mode);
	relation.index = index_open(find_relation(schema, index_names[part]), mode);
	return relation;
}

/* Releases the lock of readers; writers keep theirs until the end of the transaction. */
void
sh_store_relation_close(ShStoreRelation *relation)
{
	LOCKMODE mode = relation->mode == AccessShareLock ? AccessShareLock : NoLock;

	index_close(relation->index, mode);
	table_close(relation->heap, mode);
}

/* The name of a series for messages: its uuid, or its id when it is gone. */
static char *
series_name(int32 series)
{
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	pg_uuid_t uuid;
	char *name = sh_series_uuid_of(series, snapshot, &uuid)
					 ? DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&uuid)))
					 : psprintf("%d", series);

	UnregisterSnapshot(snapshot);
	return name;
}

void
sh_store_report_corruption(int level, int32 series, TimestampTz t0)
{
	ereport(level, (errcode(ERRCODE_DATA_CORRUPTED),
					errmsg("points of time series %s in the row starting at %s are corrupted",
						   series_name(series), timestamptz_to_str(t0)),
					errhint("selfhost.check_chunks() tells what is wrong with which rows.")));
}

bool
sh_store_row_is_good(const ShRow *row, ShPoints *out)
{
	return sh_chunk_decode(row->data, row->len, out) && out->n == row->n && out->n >= 1 &&
		   out->ts[0] >= row->t0 && out->ts[out->n - 1] == row->t1;
}

void
sh_store_row_decode(int32 series, const ShRow *row, ShPoints *out)
{
	if (!sh_store_row_is_good(row, out))
		sh_store_report_corruption(ERROR, series, row->t0);
}

void
sh_chunk_row_decode(int32 series, const ShChunkRow *row, ShPoints *out)
{
	ShRow stored = {
		.t0 = row->t0, .t1 = row->t1, .n = row->n, .len = (int32) row->len, .data = row->data};

	sh_store_row_decode(series, &stored, out);
}

void
sh_chunk_row_summary(int32 series, const ShChunkRow *row, ShChunkSummary *out)
{
	if (!sh_chunk_summary(row->data, row->len, out) || out->n != row->n ||
		out->first_ts < row->t0 || out->last_ts != row->t1)
		sh_store_report_corruption(ERROR, series, row->t0);
}

void
sh_store_report_changed(void)
{
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("could not serialize access due to concurrent update")));
}

/* A slot that holds the row in the table's own form. The caller drops it. */
static TupleTableSlot *
form_row(ShStoreRelation *relation, int32 series, const ShRow *row)
{
	TupleTableSlot *slot = table_slot_create(relation->heap, NULL);
	bytea *data = palloc(VARHDRSZ + row->len);

	SET_VARSIZE(data, VARHDRSZ + row->len);
	memcpy(VARDATA(data), row->data, row->len);
	slot->tts_values[SH_ROW_SERIES - 1] = Int32GetDatum(series);
	slot->tts_values[SH_ROW_T0 - 1] = TimestampTzGetDatum(row->t0);
	slot->tts_values[SH_ROW_T1 - 1] = TimestampTzGetDatum(row->t1);
	slot->tts_values[SH_ROW_N - 1] = Int32GetDatum(row->n);
	slot->tts_values[SH_ROW_DATA - 1] = PointerGetDatum(data);
	memset(slot->tts_isnull, 0, SH_ROW_COLUMNS * sizeof(bool));
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
	pfree(data);
	return slot;
}

static void
insert_index_entry(ShStoreRelation *relation, int32 series, TimestampTz t0, ItemPointer tid)
{
	IndexInfo *info = BuildIndexInfo(relation->index);
	Datum values[2] = {Int32GetDatum(series), TimestampTzGetDatum(t0)};
	bool isnull[2] = {false, false};

	sh_index_insert(relation->index, values, isnull, tid, relation->heap, UNIQUE_CHECK_YES, info);
	pfree(info);
}

void
sh_store_row_insert(ShStoreRelation *relation, int32 series, const ShRow *row)
{
	TupleTableSlot *slot = form_row(relation, series, row);

	table_tuple_insert(relation->heap, slot, GetCurrentCommandId(true), 0, NULL);
	insert_index_entry(relation, series, row->t0, &slot->tts_tid);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * Rows inserted next go to the page of another one, if there is room by the fill factor, else to one that
 * sh_store_note_space() has told of nearby.
 */
void
sh_store_insert_near(ShStoreRelation *relation, ItemPointer tid)
{
	RelationSetTargetBlock(relation->heap, ItemPointerGetBlockNumber(tid));
}

/*
 * Tells the free space map of the room on the page of a row. The dead versions of rows that have left a
 * page are removed by the next one who reads there, but without this only a vacuum would let
 * other rows know.
 */
void
sh_store_note_space(ShStoreRelation *relation, ItemPointer tid)
{
	BlockNumber block = ItemPointerGetBlockNumber(tid);
	Buffer buffer = ReadBuffer(relation->heap, block);
	Size space;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	space = PageGetHeapFreeSpace(BufferGetPage(buffer));
	UnlockReleaseBuffer(buffer);
	RecordPageWithFreeSpace(relation->heap, block, space);
}

void
sh_store_check_result(TM_Result result)
{
	switch (result)
	{
		case TM_Ok:
			return;
		case TM_Updated:
		case TM_Deleted:
			sh_store_report_changed();
			break;
		default:
			elog(ERROR, "unexpected result %d of writing a chunk row", (int) result);
	}
}

/* A new version that keeps t0 stays HOT while its page has room. */
void
sh_store_row_update(ShStoreRelation *relation, int32 series, ItemPointer old, const ShRow *row)
{
	TupleTableSlot *slot = form_row(relation, series, row);
	TM_FailureData failure;
	LockTupleMode lock_mode;
	ShUpdateIndexes update_indexes;

	sh_store_check_result(table_tuple_update(relation->heap, old, slot, GetCurrentCommandId(true),
											 InvalidSnapshot, InvalidSnapshot, true, &failure,
											 &lock_mode, &update_indexes));
	if (update_indexes)
		insert_index_entry(relation, series, row->t0, &slot->tts_tid);
	ExecDropSingleTupleTableSlot(slot);
}

void
sh_store_row_delete(ShStoreRelation *relation, ItemPointer tid)
{
	TM_FailureData failure;

	sh_store_check_result(table_tuple_delete(relation->heap, tid, GetCurrentCommandId(true),
											 InvalidSnapshot, InvalidSnapshot, true, &failure,
											 false));
}

static void
require_writable(void)
{
	PreventCommandIfReadOnly("write of time series points");
	PreventCommandIfParallelMode("write of time series points");
}

static uint32
lock_key(int32 series)
{
	return (uint32) series % LOCK_KEYS;
}

static void
lock_series(uint32 key)
{
	LOCKTAG tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, key, 0, LOCK_CLASS);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

bool
sh_store_try_lock(int32 series)
{
	LOCKTAG tag;

	require_writable();
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, lock_key(series), 0, LOCK_CLASS);
	if (LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	AcceptInvalidationMessages();
	return true;
}

/* Looks a locked series up again; the deletion of a series takes the same lock. */
static bool
still_there(ShSeries *series)
{
	ShSeries now;

	if (!sh_series_find(&series->uuid, &now) || now.id != series->id)
		return false;
	*series = now;
	return true;
}

bool
sh_store_lock(ShSeries *series)
{
	require_writable();
	lock_series(lock_key(series->id));
	AcceptInvalidationMessages();
	return still_there(series);
}

bool
sh_store_lock_many(ShSeries *series, int n, int *gone)
{
	bool wanted[LOCK_KEYS] = {false};

	require_writable();
	for (int i = 0; i < n; i++)
		wanted[lock_key(series[i].id)] = true;
	for (uint32 key = 0; key < LOCK_KEYS; key++)
	{
		if (wanted[key])
			lock_series(key);
	}
	AcceptInvalidationMessages();
	for (int i = 0; i < n; i++)
	{
		if (!still_there(&series[i]))
		{
			*gone = i;
			return false;
		}
	}
	return true;
}
