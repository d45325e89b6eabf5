/*
 * dataset_content.c: reading the bytes of a content, and their SHA-256.
 *
 * Rows are read in the order of the primary key (content, part, n), by access routines: nothing is
 * held but one row, whatever the size of the content.
 */
#include "sh_ext.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "dataset_content.h"
#include "dataset_digest.h"

/* Columns of the primary key; each scan has a condition on all of them. */
#define KEYS 3

/* How much the digest takes at once. */
#define DIGEST_BLOCK (64 * 1024)

struct ShContent
{
	int64 id;
	MemoryContext context; /* where the index scan allocates, at any of its steps */
	Relation heap;
	Relation index;
	Snapshot snapshot; /* NULL when it is closed */
	TupleTableSlot *slot;
	IndexScanDesc scan;

	/* After a seek only the rows of one part are scanned; 0: those of all parts. */
	int32 part;
	bool at_end;

	/* what is left of the row that the slot holds */
	const char *data;
	Size left;
};

SH_FUNCTION(sh_content_digest);

Oid
sh_content_relation(const char *name)
{
	Oid relation = get_relname_relid(name, get_namespace_oid(SH_SCHEMA, false));

	if (!OidIsValid(relation))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation \"%s.%s\" does not exist", SH_SCHEMA, name)));
	return relation;
}

/* Positions before a row of a part; part 0: before all rows. */
static void
seek_row(ShContent *content, int32 part, int32 n)
{
	ScanKeyData key[KEYS];
	MemoryContext caller = MemoryContextSwitchTo(content->context);

	ScanKeyInit(&key[0], SH_PIECE_CONTENT, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(content->id));
	ScanKeyInit(&key[1], SH_PIECE_PART,
				part != 0 ? BTEqualStrategyNumber : BTGreaterEqualStrategyNumber,
				part != 0 ? F_INT4EQ : F_INT4GE, Int32GetDatum(part));
	ScanKeyInit(&key[2], SH_PIECE_N, BTGreaterEqualStrategyNumber, F_INT4GE, Int32GetDatum(n));
	index_rescan(content->scan, key, KEYS, NULL, 0);
	MemoryContextSwitchTo(caller);
	content->part = part;
	content->at_end = false;
	content->left = 0;
}

ShContent *
sh_content_open(int64 id, Snapshot snapshot)
{
	ShContent *content = palloc0(sizeof(ShContent));

	content->id = id;
	content->context = CurrentMemoryContext;
	content->heap = table_open(sh_content_relation("dataset_piece"), AccessShareLock);
	content->index = index_open(sh_content_relation("dataset_piece_pkey"), AccessShareLock);
	content->snapshot = RegisterSnapshot(snapshot);
	content->slot = table_slot_create(content->heap, NULL);
	content->scan = sh_index_beginscan(content->heap, content->index, content->snapshot, KEYS, 0);
	seek_row(content, 0, 0);
	return content;
}

void
sh_content_close(ShContent *content)
{
	Snapshot snapshot = content->snapshot;

	if (snapshot == NULL)
		return;
	content->snapshot = NULL;
	index_endscan(content->scan);
	ExecDropSingleTupleTableSlot(content->slot);
	UnregisterSnapshot(snapshot);
	index_close(content->index, AccessShareLock);
	table_close(content->heap, AccessShareLock);
}

void
sh_content_report_corrupted(int64 content)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
					errmsg("the content " INT64_FORMAT " of a dataset is corrupted", content)));
}

/* The next row of the scan. An index scan that has ended must not be asked again: it would start over. */
static bool
scan_next(ShContent *content)
{
	if (!content->at_end)
		content->at_end = !index_getnext_slot(content->scan, ForwardScanDirection, content->slot);
	return !content->at_end;
}

/* The next row, of the next part where one has been read to its end. */
static bool
next_row(ShContent *content)
{
	MemoryContext caller = MemoryContextSwitchTo(content->context);
	bool found = scan_next(content);

	if (!found && content->part != 0)
	{
		seek_row(content, content->part + 1, 0);
		found = scan_next(content);
	}
	if (found)
	{
		bool isnull;
		/* Rows of ours are never compressed nor moved out of line; then this copies nothing. */
		bytea *data = DatumGetByteaPP(slot_getattr(content->slot, SH_PIECE_DATA, &isnull));

		content->data = VARDATA_ANY(data);
		content->left = VARSIZE_ANY_EXHDR(data);
	}
	MemoryContextSwitchTo(caller);
	return found;
}

void
sh_content_seek(ShContent *content, int32 part, int64 offset)
{
	Size skip = offset % SH_DATASET_PIECE;

	seek_row(content, part, (int32) (offset / SH_DATASET_PIECE));
	if (!next_row(content) || content->left < skip)
		sh_content_report_corrupted(content->id);
	content->data += skip;
	content->left -= skip;
}

Size
sh_content_read(ShContent *content, char *buffer, Size size)
{
	Size done = 0;

	while (done < size && (content->left > 0 || next_row(content)))
	{
		Size n = Min(size - done, content->left);

		CHECK_FOR_INTERRUPTS();
		memcpy(buffer + done, content->data, n);
		content->data += n;
		content->left -= n;
		done += n;
	}
	return done;
}

/*
 * A part that was put after the snapshot of the transaction was taken is no surprise, but the upload
 * cannot be assembled by it then.
 */
static void
report_size(int64 id)
{
	if (IsolationUsesXactSnapshot())
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize access due to concurrent update")));
	sh_content_report_corrupted(id);
}

/* _content_digest(content, size) -> bytea. Reads what is there now, whatever the transaction sees. */
Datum
sh_content_digest(PG_FUNCTION_ARGS)
{
	int64 id = PG_GETARG_INT64(0);
	int64 size = PG_GETARG_INT64(1);
	ShContent *content = sh_content_open(id, GetLatestSnapshot());
	ShSha256 *sha256 = sh_sha256_begin();
	char *block = palloc(DIGEST_BLOCK);
	bytea *digest = palloc(VARHDRSZ + SH_SHA256_SIZE);
	Size n;

	while ((n = sh_content_read(content, block, DIGEST_BLOCK)) > 0)
	{
		sh_sha256_add(sha256, block, n);
		size -= n;
	}
	if (size != 0)
		report_size(id);
	SET_VARSIZE(digest, VARHDRSZ + SH_SHA256_SIZE);
	sh_sha256_end(sha256, (uint8 *) VARDATA(digest));
	sh_content_close(content);
	PG_RETURN_BYTEA_P(digest);
}
