/*
 * fdw_modify.c: INSERT, COPY FROM and DELETE on selfhost.tsdata, and the wrapper's handler.
 *
 * Inserted rows gather in memory and are merged series by series, at the end of the statement or
 * after MAX_BUFFERED rows; rows to delete likewise. An aborted (sub)transaction frees the buffer with the
 * executor's memory. All series of a flush are locked in sorted order.
 */
#include "sh_ext.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#if PG_VERSION_NUM >= 140000
#include "optimizer/appendinfo.h"
#endif
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "access.h"
#include "fdw.h"
#include "store.h"

SH_FUNCTION(tsdata_handler);

/* Rows held back at most: 8 MiB. */
#define MAX_BUFFERED (256 * 1024)

static const char *const column_name[] = {"ts_uuid", "ts", "value"};

typedef struct Row
{
	pg_uuid_t uuid;
	TimestampTz ts;
	double value;
} Row;

typedef struct Modify
{
	MemoryContext cxt;	 /* of the buffer */
	MemoryContext flush; /* of one flush */
	ShConflict conflict;
	Row *row;
	int n;
	int capacity;
	AttrNumber column[3]; /* of rows to delete, in the plan's slot */
	HTAB *deleted;		  /* Point; NULL when there is none */
} Modify;

/* A point to delete; without padding, so that its bytes are a key. */
typedef struct Point
{
	pg_uuid_t uuid;
	TimestampTz ts;
} Point;

/* ---- INSERT and COPY ---- */

static Modify *
new_modify(EState *estate, ResultRelInfo *rinfo)
{
	Modify *modify = MemoryContextAllocZero(estate->es_query_cxt, sizeof(Modify));

	sh_fdw_check_table(rinfo->ri_RelationDesc);
	modify->cxt =
		AllocSetContextCreate(estate->es_query_cxt, "selfhost tsdata rows", ALLOCSET_DEFAULT_SIZES);
	modify->flush =
		AllocSetContextCreate(modify->cxt, "selfhost tsdata flush", ALLOCSET_DEFAULT_SIZES);
	modify->conflict = SH_CONFLICT_ERROR;
	rinfo->ri_FdwState = modify;
	return modify;
}

static int
compare_rows(const void *a, const void *b)
{
	const Row *x = a;
	const Row *y = b;
	int order = memcmp(&x->uuid, &y->uuid, UUID_LEN);

	if (order != 0)
		return order;
	return (x->ts > y->ts) - (x->ts < y->ts);
}

static void
report_unknown_series(const pg_uuid_t *uuid)
{
	char text[SH_UUID_TEXT_SIZE];

	sh_uuid_print(uuid, text);
	ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
					errmsg("ts_uuid: time series %s does not exist", text), sh_refusal()));
}

static void
find_series(const pg_uuid_t *uuid, ShSeries *out)
{
	bool found = sh_series_find(uuid, out);

	sh_access_require_object(SH_CREATE, "timeseries", uuid, "/data",
							 found ? sh_series_owner(out) : NULL);
	if (!found)
		report_unknown_series(uuid);
}

static void
check_bounds(const ShSeries *series, const Row *row)
{
	char text[SH_UUID_TEXT_SIZE];

	if (!(series->has_lower_bound && row->value < series->lower_bound) &&
		!(series->has_upper_bound && row->value > series->upper_bound))
		return;
	sh_uuid_print(&series->uuid, text);
	ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION),
					errmsg("value: %g is out of the bounds of time series %s", row->value, text),
					sh_refusal()));
}

/* Merges rows first..first+n-1, which are all of one series. */
static void
merge_group(const ShSeries *series, const Row *row, int n, ShConflict conflict)
{
	TimestampTz *ts = palloc_extended(sizeof(TimestampTz) * n, MCXT_ALLOC_HUGE);
	double *value = palloc_extended(sizeof(double) * n, MCXT_ALLOC_HUGE);
	ShWriteCounts counts = {0};

	for (int i = 0; i < n; i++)
	{
		check_bounds(series, &row[i]);
		ts[i] = row[i].ts;
		value[i] = row[i].value;
	}
	sh_store_merge(series, ts, value, n, conflict, &counts);
	pfree(ts);
	pfree(value);
}

static void
flush_rows(Modify *modify)
{
	MemoryContext old;
	ShSeries *series;
	int *begin;
	int groups = 0;
	int gone;

	if (modify->n == 0)
		return;
	old = MemoryContextSwitchTo(modify->flush);
	qsort(modify->row, modify->n, sizeof(Row), compare_rows);
	series = palloc_extended(sizeof(ShSeries) * modify->n, MCXT_ALLOC_HUGE);
	begin = palloc_extended(sizeof(int) * (modify->n + 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < modify->n; i++)
	{
		if (i > 0 && memcmp(&modify->row[i].uuid, &modify->row[i - 1].uuid, UUID_LEN) == 0)
			continue;
		find_series(&modify->row[i].uuid, &series[groups]);
		begin[groups++] = i;
	}
	begin[groups] = modify->n;

	if (!sh_store_lock_many(series, groups, &gone))
		report_unknown_series(&series[gone].uuid);
	for (int g = 0; g < groups; g++)
	{
		CHECK_FOR_INTERRUPTS();
		merge_group(&series[g], &modify->row[begin[g]], begin[g + 1] - begin[g], modify->conflict);
	}
	modify->n = 0;
	MemoryContextSwitchTo(old);
	MemoryContextReset(modify->flush);
}

static void
check_row(TupleTableSlot *slot)
{
	double value;

	slot_getallattrs(slot);
	for (int i = 0; i < 3; i++)
	{
		if (slot->tts_isnull[i])
			ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
							errmsg("%s: must not be null", column_name[i]), sh_refusal()));
	}
	value = DatumGetFloat8(slot->tts_values[2]);
	if (isnan(value) || isinf(value))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("value: must be a finite number"), sh_refusal()));
	if (TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(slot->tts_values[1])))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("ts: must be a finite timestamp"), sh_refusal()));
}

static TupleTableSlot *
insert_row(EState *estate, ResultRelInfo *rinfo, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	Modify *modify = rinfo->ri_FdwState;
	Row *row;

	check_row(slot);
	if (modify->n == MAX_BUFFERED)
		flush_rows(modify);
	if (modify->n == modify->capacity)
	{
		modify->capacity = Max(64, modify->capacity * 2);
		modify->row = modify->row == NULL
						  ? MemoryContextAlloc(modify->cxt, sizeof(Row) * modify->capacity)
						  : repalloc_huge(modify->row, sizeof(Row) * modify->capacity);
	}
	row = &modify->row[modify->n++];
	row->uuid = *DatumGetUUIDP(slot->tts_values[0]);
	row->ts = DatumGetTimestampTz(slot->tts_values[1]);
	row->value = DatumGetFloat8(slot->tts_values[2]);
	return slot;
}

static void
begin_insert(ModifyTableState *mtstate, ResultRelInfo *rinfo)
{
	new_modify(mtstate->ps.state, rinfo);
}

static void
end_insert(EState *estate, ResultRelInfo *rinfo)
{
	if (rinfo->ri_FdwState != NULL)
		flush_rows(rinfo->ri_FdwState);
}

/* ---- DELETE of single rows: conditions that ranges cannot say ---- */

static Var *
column_var(Relation relation, Index rtindex, AttrNumber column)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(relation), column - 1);

	return makeVar(rtindex, column, attribute->atttypid, attribute->atttypmod,
				   attribute->attcollation, 0);
}

#if PG_VERSION_NUM >= 140000
static void
add_update_targets(PlannerInfo *root, Index rtindex, RangeTblEntry *rte, Relation relation)
{
	for (int i = 0; i < 3; i++)
		add_row_identity_var(root, column_var(relation, rtindex, i + 1), rtindex, column_name[i]);
}
#else
static void
add_update_targets(Query *query, RangeTblEntry *rte, Relation relation)
{
	for (int i = 0; i < 3; i++)
		query->targetList = lappend(
			query->targetList,
			makeTargetEntry((Expr *) column_var(relation, query->resultRelation, i + 1),
							list_length(query->targetList) + 1, pstrdup(column_name[i]), true));
}
#endif

static void
begin_modify(ModifyTableState *mtstate, ResultRelInfo *rinfo, List *private, int subplan_index,
			 int eflags)
{
	ModifyTable *plan = (ModifyTable *) mtstate->ps.plan;
	Modify *modify;

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	modify = new_modify(mtstate->ps.state, rinfo);
	if (plan->onConflictAction == ONCONFLICT_NOTHING)
		modify->conflict = SH_CONFLICT_SKIP;
	if (mtstate->operation == CMD_DELETE)
	{
		List *targets = sh_modify_subplan(plan, subplan_index)->targetlist;

		for (int i = 0; i < 3; i++)
			modify->column[i] = ExecFindJunkAttributeInTlist(targets, column_name[i]);
	}
}

/* Locks a series for deletion of its points; false when there is none. */
static bool
lock_for_delete(const pg_uuid_t *uuid, ShSeries *series)
{
	if (!sh_series_find(uuid, series))
		return false;
	sh_access_require_object(SH_DELETE, "timeseries", uuid, "/data", sh_series_owner(series));
	return sh_store_lock(series);
}

static int
compare_points(const void *a, const void *b)
{
	const Point *x = a;
	const Point *y = b;
	int order = memcmp(&x->uuid, &y->uuid, UUID_LEN);

	if (order != 0)
		return order;
	return (x->ts > y->ts) - (x->ts < y->ts);
}

/* The points of the buffer in order, in the current context. */
static Point *
sorted_points(HTAB *deleted, int *n)
{
	Point *point = palloc_extended(sizeof(Point) * hash_get_num_entries(deleted), MCXT_ALLOC_HUGE);
	HASH_SEQ_STATUS all;
	const Point *entry;

	*n = 0;
	hash_seq_init(&all, deleted);
	while ((entry = hash_seq_search(&all)) != NULL)
		point[(*n)++] = *entry;
	qsort(point, *n, sizeof(Point), compare_points);
	return point;
}

/* Locks all series that are still there, in sorted order; the others are taken out. Returns how many are left. */
static int
lock_for_deletes(ShSeries *series, int n)
{
	int gone;

	while (n > 0 && !sh_store_lock_many(series, n, &gone))
	{
		n--;
		memmove(&series[gone], &series[gone + 1], (n - gone) * sizeof(ShSeries));
	}
	return n;
}

/* The series of sorted points, each once, if it exists. Errors: 42501. */
static int
series_of_points(const Point *point, int n, ShSeries *series)
{
	int found = 0;

	for (int i = 0; i < n; i++)
	{
		if (i > 0 && memcmp(&point[i].uuid, &point[i - 1].uuid, UUID_LEN) == 0)
			continue;
		if (!sh_series_find(&point[i].uuid, &series[found]))
			continue;
		sh_access_require_object(SH_DELETE, "timeseries", &point[i].uuid, "/data",
								 sh_series_owner(&series[found]));
		found++;
	}
	return found;
}

static void
flush_deletes(Modify *modify)
{
	MemoryContext old;
	Point *point;
	ShSeries *series;
	TimestampTz *ts;
	int n;
	int n_series;
	int at = 0;

	if (modify->deleted == NULL)
		return;
	old = MemoryContextSwitchTo(modify->flush);
	point = sorted_points(modify->deleted, &n);
	series = palloc_extended(sizeof(ShSeries) * n, MCXT_ALLOC_HUGE);
	ts = palloc_extended(sizeof(TimestampTz) * n, MCXT_ALLOC_HUGE);
	n_series = lock_for_deletes(series, series_of_points(point, n, series));
	for (int g = 0; g < n_series; g++)
	{
		int count = 0;

		CHECK_FOR_INTERRUPTS();
		for (; at < n && memcmp(&point[at].uuid, &series[g].uuid, UUID_LEN) <= 0; at++)
		{
			if (memcmp(&point[at].uuid, &series[g].uuid, UUID_LEN) == 0)
				ts[count++] = point[at].ts;
		}
		sh_store_delete_points(&series[g], ts, count);
	}
	hash_destroy(modify->deleted);
	modify->deleted = NULL;
	MemoryContextSwitchTo(old);
	MemoryContextReset(modify->flush);
}

/*
 * Notes a row; the deleted row goes into the slot, for RETURNING. A row that a join finds twice is deleted
 * once. One that somebody else deletes meanwhile is counted all the same.
 */
static TupleTableSlot *
delete_row(EState *estate, ResultRelInfo *rinfo, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	Modify *modify = rinfo->ri_FdwState;
	Point point;
	bool known;

	ExecClearTuple(slot);
	for (int i = 0; i < 3; i++)
		slot->tts_values[i] = slot_getattr(plan_slot, modify->column[i], &slot->tts_isnull[i]);
	point.uuid = *DatumGetUUIDP(slot->tts_values[SH_COL_SERIES - 1]);
	point.ts = DatumGetTimestampTz(slot->tts_values[SH_COL_TS - 1]);
	if (modify->deleted != NULL && hash_get_num_entries(modify->deleted) >= MAX_BUFFERED)
		flush_deletes(modify);
	if (modify->deleted == NULL)
	{
		HASHCTL control = {
			.keysize = sizeof(Point), .entrysize = sizeof(Point), .hcxt = modify->cxt};

		modify->deleted = hash_create("selfhost points to delete", 256, &control,
									  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	hash_search(modify->deleted, &point, HASH_ENTER, &known);
	return known ? NULL : ExecStoreVirtualTuple(slot);
}

static void
end_modify(EState *estate, ResultRelInfo *rinfo)
{
	end_insert(estate, rinfo);
	if (rinfo->ri_FdwState != NULL)
		flush_deletes(rinfo->ri_FdwState);
}

/* ---- DELETE as range deletes ---- */

static void
begin_direct(ForeignScanState *node, int eflags)
{
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	node->fdw_state = sh_fdw_init_conditions(node);
}

static TupleTableSlot *
iterate_direct(ForeignScanState *node)
{
	EState *estate = node->ss.ps.state;
	ShFdwRange range;

	sh_fdw_eval_conditions(node, node->fdw_state, &range);
	if (range.all_series && !range.empty)
		range.uuid = sh_fdw_permitted_series(estate->es_snapshot, SH_DELETE, &range.n);
	for (int i = 0; i < range.n && !range.empty; i++)
	{
		ShSeries series;
		int64 deleted;

		CHECK_FOR_INTERRUPTS();
		if (!lock_for_delete(&range.uuid[i], &series))
			continue;
		deleted = sh_store_delete(&series, range.from, range.to, range.ge, range.le);
		estate->es_processed += deleted;
		if (node->ss.ps.instrument)
			node->ss.ps.instrument->tuplecount += deleted;
	}
	return ExecClearTuple(node->ss.ss_ScanTupleSlot);
}

static void
end_direct(ForeignScanState *node)
{
}

/* ---- handler ---- */

static int
updatable(Relation relation)
{
	return (1 << CMD_INSERT) | (1 << CMD_DELETE);
}

void
sh_fdw_register_modify(FdwRoutine *routine)
{
	routine->AddForeignUpdateTargets = add_update_targets;
	routine->BeginForeignModify = begin_modify;
	routine->ExecForeignInsert = insert_row;
	routine->ExecForeignDelete = delete_row;
	routine->EndForeignModify = end_modify;
	routine->BeginForeignInsert = begin_insert;
	routine->EndForeignInsert = end_insert;
	routine->IsForeignRelUpdatable = updatable;
	routine->PlanDirectModify = sh_fdw_plan_direct_modify;
	routine->BeginDirectModify = begin_direct;
	routine->IterateDirectModify = iterate_direct;
	routine->EndDirectModify = end_direct;
	routine->ExplainDirectModify = sh_fdw_explain_conditions;
}

Datum
tsdata_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = sh_fdw_rel_size;
	routine->GetForeignPaths = sh_fdw_paths;
	routine->GetForeignPlan = sh_fdw_plan;
	routine->BeginForeignScan = sh_fdw_begin_scan;
	routine->IterateForeignScan = sh_fdw_iterate_scan;
	routine->ReScanForeignScan = sh_fdw_rescan;
	routine->EndForeignScan = sh_fdw_end_scan;
	routine->ExplainForeignScan = sh_fdw_explain_scan;
	sh_fdw_register_modify(routine);
	PG_RETURN_POINTER(routine);
}
