/*
 * series.c: backend-local cache of time series, uuid -> ShSeries.
 *
 * No locks. An entry is dropped, with all others, when a relcache invalidation of
 * selfhost.timeseries arrives; a row trigger on that table sends one with each change, and the
 * transaction that makes the change gets it with its own next command, everybody else at its commit.
 *
 * Three rules keep a stale entry from surviving:
 * - a row is read under a snapshot taken after the last invalidation was accepted, never under the
 *   statement's own, which may be older than a change whose invalidation has been consumed already;
 * - if an invalidation arrives while a row is being read, the row is returned but not kept;
 * - a row written by a transaction that is still open (our own) is not kept, so that its rollback
 *   leaves nothing behind.
 * That a series does not exist is never remembered.
 */
#include "sh_ext.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "series.h"

/* Most entries of the cache, about 200 bytes each; when it is full it starts afresh. */
#define CACHE_MAX_ENTRIES 32768

static HTAB *cache = NULL;

/* Counts invalidations, so that a reader notices one that arrived while it was reading. */
static uint64 generation = 0;

/* Looked up by name again after each invalidation: the extension may have been made anew. */
static Oid table_oid = InvalidOid;
static Oid index_oid = InvalidOid;

static void
drop_cache(void)
{
	generation++;
	table_oid = InvalidOid;
	index_oid = InvalidOid;
	if (cache != NULL)
	{
		HTAB *old = cache;

		cache = NULL;
		hash_destroy(old);
	}
}

/* Relcache callback; InvalidOid stands for every relation. */
static void
relation_changed(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == table_oid || relid == index_oid)
		drop_cache();
}

void
sh_series_init(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
}

/*
 * OIDs of selfhost.timeseries and of its primary key. Errors: 42P01 when the extension is not there.
 */
void
sh_series_oids(Oid *table, Oid *primary_key)
{
	if (!OidIsValid(table_oid) || !OidIsValid(index_oid))
	{
		Oid schema = get_namespace_oid(SH_SCHEMA, false);

		table_oid = get_relname_relid("timeseries", schema);
		index_oid = get_relname_relid("timeseries_pkey", schema);
		if (!OidIsValid(table_oid) || !OidIsValid(index_oid))
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
							errmsg("relation \"selfhost.timeseries\" does not exist")));
	}
	*table = table_oid;
	*primary_key = index_oid;
}

static bool
get_float8(TupleTableSlot *slot, AttrNumber column, double *value)
{
	bool isnull;
	Datum datum = slot_getattr(slot, column, &isnull);

	*value = isnull ? 0 : DatumGetFloat8(datum);
	return !isnull;
}

static void
read_row(TupleTableSlot *slot, ShSeries *out)
{
	bool isnull;
	Datum datum;
	text *unit;
	Size unit_len;

	memset(out, 0, sizeof(*out));
	out->uuid = *DatumGetUUIDP(slot_getattr(slot, SH_SERIES_UUID, &isnull));
	out->id = DatumGetInt32(slot_getattr(slot, SH_SERIES_ID, &isnull));
	datum = slot_getattr(slot, SH_SERIES_CREATED_BY, &isnull);
	out->has_owner = !isnull;
	if (!isnull)
		out->owner = *DatumGetUUIDP(datum);
	out->has_lower_bound = get_float8(slot, SH_SERIES_LOWER_BOUND, &out->lower_bound);
	out->has_upper_bound = get_float8(slot, SH_SERIES_UPPER_BOUND, &out->upper_bound);

	unit = DatumGetTextPP(slot_getattr(slot, SH_SERIES_SI_UNIT, &isnull));
	unit_len = VARSIZE_ANY_EXHDR(unit);
	if (unit_len >= sizeof(out->unit))
		out->unit_too_long = true;
	else
		memcpy(out->unit, VARDATA_ANY(unit), unit_len);
}

/*
 * Reads the row of a series under a fresh snapshot. *keep: false when the row must not be cached,
 * because our own transaction wrote it.
 */
static bool
read_series(Relation table, Relation index, const pg_uuid_t *uuid, ShSeries *out, bool *keep)
{
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *slot = table_slot_create(table, NULL);
	IndexScanDesc scan = sh_index_beginscan(table, index, snapshot, 1, 0);
	ScanKeyData key;
	bool found;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(uuid));
	index_rescan(scan, &key, 1, NULL, 0);
	found = index_getnext_slot(scan, ForwardScanDirection, slot);
	if (found)
	{
		bool isnull;
		Datum xmin = slot_getsysattr(slot, MinTransactionIdAttributeNumber, &isnull);

		read_row(slot, out);
		*keep = !TransactionIdIsCurrentTransactionId(DatumGetTransactionId(xmin));
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	return found;
}

static void
keep_series(const ShSeries *series)
{
	ShSeries *entry;

	if (cache != NULL && hash_get_num_entries(cache) >= CACHE_MAX_ENTRIES)
	{
		hash_destroy(cache);
		cache = NULL;
	}
	if (cache == NULL)
	{
		HASHCTL control = {0};

		control.keysize = sizeof(pg_uuid_t);
		control.entrysize = sizeof(ShSeries);
		control.hcxt = CacheMemoryContext;
		cache = hash_create("selfhost time series", 256, &control,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(cache, &series->uuid, HASH_ENTER, NULL);
	*entry = *series;
}

bool
sh_series_find(const pg_uuid_t *uuid, ShSeries *out)
{
	Oid table_id;
	Oid index_id;
	Relation table;
	Relation index;
	uint64 before;
	bool found;
	bool keep = false;

	if (cache != NULL)
	{
		const ShSeries *entry = hash_search(cache, uuid, HASH_FIND, NULL);

		if (entry != NULL)
		{
			*out = *entry;
			return true;
		}
	}

	/* Opening takes locks and with them accepts invalidations: before the snapshot, therefore. */
	sh_series_oids(&table_id, &index_id);
	table = table_open(table_id, AccessShareLock);
	index = index_open(index_id, AccessShareLock);
	sh_series_oids(&table_id, &index_id);
	before = generation;
	found = read_series(table, index, uuid, out, &keep);
	index_close(index, AccessShareLock);
	table_close(table, AccessShareLock);
	if (found && keep && before == generation)
		keep_series(out);
	return found;
}

bool
sh_series_row_open(ShSeriesRow *row, Oid index, RegProcedure equals, Datum key, Snapshot snapshot)
{
	Oid table;
	Oid primary_key;
	ScanKeyData condition;

	sh_series_oids(&table, &primary_key);
	row->table = table_open(table, AccessShareLock);
	row->index = index_open(index, AccessShareLock);
	row->slot = table_slot_create(row->table, NULL);
	row->scan = sh_index_beginscan(row->table, row->index, snapshot, 1, 0);
	ScanKeyInit(&condition, 1, BTEqualStrategyNumber, equals, key);
	index_rescan(row->scan, &condition, 1, NULL, 0);
	return index_getnext_slot(row->scan, ForwardScanDirection, row->slot);
}

void
sh_series_row_close(ShSeriesRow *row)
{
	index_endscan(row->scan);
	ExecDropSingleTupleTableSlot(row->slot);
	index_close(row->index, AccessShareLock);
	table_close(row->table, AccessShareLock);
}

bool
sh_series_uuid_of(int32 id, Snapshot snapshot, pg_uuid_t *uuid)
{
	Oid index = get_relname_relid("timeseries_id_key", get_namespace_oid(SH_SCHEMA, false));
	ShSeriesRow row;
	bool found = sh_series_row_open(&row, index, F_INT4EQ, Int32GetDatum(id), snapshot);

	if (found)
	{
		bool isnull;

		*uuid = *DatumGetUUIDP(slot_getattr(row.slot, SH_SERIES_UUID, &isnull));
	}
	sh_series_row_close(&row);
	return found;
}
