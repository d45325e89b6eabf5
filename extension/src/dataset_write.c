/*
 * dataset_write.c: writing the bytes of a part as rows of dataset_piece.
 *
 * By access routines: as a parameter of an SQL statement the bytes would be copied several times into
 * its plan. The table has no triggers, foreign keys, checks nor row-level security.
 */
#include "sh_ext.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "dataset_content.h"

SH_FUNCTION(sh_store_pieces);

typedef struct Writer
{
	Relation heap;
	Relation index;
	IndexInfo *index_info;
	TupleTableSlot *slot;
	BulkInsertState bulk;
	CommandId command;
	Datum values[SH_PIECE_COLUMNS];
} Writer;

static void
insert_piece(Writer *writer, int32 n, const char *data, Size len)
{
	static const bool isnull[SH_PIECE_COLUMNS] = {false};
	TupleTableSlot *slot = writer->slot;
	bytea *piece = (bytea *) DatumGetPointer(writer->values[SH_PIECE_DATA - 1]);

	SET_VARSIZE(piece, VARHDRSZ + len);
	memcpy(VARDATA(piece), data, len);
	writer->values[SH_PIECE_N - 1] = Int32GetDatum(n);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, writer->values, sizeof(writer->values));
	memcpy(slot->tts_isnull, isnull, sizeof(isnull));
	ExecStoreVirtualTuple(slot);
	table_tuple_insert(writer->heap, slot, writer->command, 0, writer->bulk);
	sh_index_insert(writer->index, writer->values, (bool *) isnull, &slot->tts_tid, writer->heap,
					UNIQUE_CHECK_YES, writer->index_info);
}

/* _store_pieces(content, part, data) -> integer, the number of rows */
Datum
sh_store_pieces(PG_FUNCTION_ARGS)
{
	bytea *data = PG_GETARG_BYTEA_PP(2);
	const char *p = VARDATA_ANY(data);
	Size left = VARSIZE_ANY_EXHDR(data);
	Writer writer;
	int32 n;

	PreventCommandIfReadOnly("write of a dataset");
	PreventCommandIfParallelMode("write of a dataset");
	writer.heap = table_open(sh_content_relation("dataset_piece"), RowExclusiveLock);
	writer.index = index_open(sh_content_relation("dataset_piece_pkey"), RowExclusiveLock);
	writer.index_info = BuildIndexInfo(writer.index);
	writer.slot = table_slot_create(writer.heap, NULL);
	writer.bulk = GetBulkInsertState();
	writer.command = GetCurrentCommandId(true);
	writer.values[SH_PIECE_CONTENT - 1] = PG_GETARG_DATUM(0);
	writer.values[SH_PIECE_PART - 1] = PG_GETARG_DATUM(1);
	writer.values[SH_PIECE_DATA - 1] = PointerGetDatum(palloc(VARHDRSZ + SH_DATASET_PIECE));
	for (n = 0; left > 0; n++)
	{
		Size len = Min(left, SH_DATASET_PIECE);

		CHECK_FOR_INTERRUPTS();
		insert_piece(&writer, n, p, len);
		p += len;
		left -= len;
	}
	FreeBulkInsertState(writer.bulk);
	ExecDropSingleTupleTableSlot(writer.slot);
	index_close(writer.index, NoLock);
	table_close(writer.heap, NoLock);
	CommandCounterIncrement();
	PG_RETURN_INT32(n);
}
