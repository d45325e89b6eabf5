/*
 * fdw_scan.c: reading selfhost.tsdata. Rights are checked series by series when a scan starts, as row
 * security would: the points of a series that the acting user may not read are not there for him.
 *
 * A scan takes no lock. It reads under the statement's snapshot.
 */
#include "sh_ext.h"

#include <math.h>

#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/explain.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"

#include "access.h"
#include "fdw.h"
#include "store.h"

typedef struct ShFdwScan
{
	List *conditions;  /* ExprState of each condition's argument */
	MemoryContext cxt; /* of one (re)scan; reset by the next */
	bool started;
	ShFdwRange range;
	int next;		/* index into range.uuid */
	pg_uuid_t uuid; /* the series being read */
	int32 series;
	ShScan *scan; /* NULL between two series */
	ShPoints *points;
	int i; /* next of points; points->n when used up */
	int64 chunks;
} ShFdwScan;

void
sh_fdw_check_table(Relation relation)
{
	TupleDesc desc = RelationGetDescr(relation);

	if (desc->natts != 3 || TupleDescAttr(desc, 0)->atttypid != UUIDOID ||
		TupleDescAttr(desc, 1)->atttypid != TIMESTAMPTZOID ||
		TupleDescAttr(desc, 2)->atttypid != FLOAT8OID)
		ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_COLUMN_NAME),
						errmsg("foreign table \"%s\" must have the columns (ts_uuid uuid, ts "
							   "timestamptz, value double precision)",
							   RelationGetRelationName(relation))));
}

/* ---- conditions ---- */

static Expr *
argument_of(Expr *clause)
{
	if (IsA(clause, OpExpr))
		return lsecond(((OpExpr *) clause)->args);
	return lsecond(castNode(ScalarArrayOpExpr, clause)->args);
}

List *
sh_fdw_init_conditions(ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	List *states = NIL;
	ListCell *cell;

	foreach (cell, plan->fdw_exprs)
		states = lappend(states, ExecInitExpr(argument_of(lfirst(cell)), &node->ss.ps));
	return states;
}

static int
compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

static void
set_series_of_array(ShFdwRange *range, ArrayType *array)
{
	Datum *value;
	bool *isnull;
	int n;

	deconstruct_array(array, UUIDOID, UUID_LEN, false, 'c', &value, &isnull, &n);
	range->uuid = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	range->n = 0;
	for (int i = 0; i < n; i++)
	{
		if (!isnull[i])
			range->uuid[range->n++] = *DatumGetUUIDP(value[i]);
	}
	qsort(range->uuid, range->n, sizeof(pg_uuid_t), compare_uuids);
	n = range->n;
	range->n = 0;
	for (int i = 0; i < n; i++)
	{
		if (i == 0 || compare_uuids(&range->uuid[i], &range->uuid[i - 1]) != 0)
			range->uuid[range->n++] = range->uuid[i];
	}
}

static double *
copy_double(Datum value)
{
	double *copy = palloc(sizeof(double));

	*copy = DatumGetFloat8(value);
	return copy;
}

static void
narrow(ShFdwRange *range, ShCondKind kind, Datum value)
{
	switch (kind)
	{
		case SH_COND_SERIES:
		case SH_COND_SERIES_ANY:
			if (!range->all_series)
				break; /* the plan's quals check the further ones */
			range->all_series = false;
			if (kind == SH_COND_SERIES_ANY)
				set_series_of_array(range, DatumGetArrayTypeP(value));
			else
			{
				range->uuid = palloc(sizeof(pg_uuid_t));
				range->uuid[0] = *DatumGetUUIDP(value);
				range->n = 1;
			}
			break;
		case SH_COND_TS_EQ:
			range->from = Max(range->from, DatumGetTimestampTz(value));
			range->to = Min(range->to, DatumGetTimestampTz(value));
			break;
		case SH_COND_TS_GE:
			range->from = Max(range->from, DatumGetTimestampTz(value));
			break;
		case SH_COND_TS_LE:
			range->to = Min(range->to, DatumGetTimestampTz(value));
			break;
		case SH_COND_TS_GT:
			if (DatumGetTimestampTz(value) == DT_NOEND)
				range->empty = true;
			else
				range->from = Max(range->from, DatumGetTimestampTz(value) + 1);
			break;
		case SH_COND_TS_LT:
			if (DatumGetTimestampTz(value) == DT_NOBEGIN)
				range->empty = true;
			else
				range->to = Min(range->to, DatumGetTimestampTz(value) - 1);
			break;
		/* To SQL, NaN is greater than every number; none is stored. */
		case SH_COND_VALUE_GE:
			if (isnan(DatumGetFloat8(value)))
				range->empty = true;
			else if (range->ge == NULL || *range->ge < DatumGetFloat8(value))
				range->ge = copy_double(value);
			break;
		case SH_COND_VALUE_LE:
			if (isnan(DatumGetFloat8(value)))
				break;
			if (range->le == NULL || *range->le > DatumGetFloat8(value))
				range->le = copy_double(value);
			break;
	}
}

/* Evaluates the conditions; memory is taken from the current context. */
void
sh_fdw_eval_conditions(ForeignScanState *node, List *states, ShFdwRange *range)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	List *kinds = linitial(plan->fdw_private);
	ListCell *state;
	ListCell *kind;

	memset(range, 0, sizeof(*range));
	range->all_series = true;
	range->from = DT_NOBEGIN;
	range->to = DT_NOEND;
	forboth (state, states, kind, kinds)
	{
		bool isnull;
		Datum value =
			ExecEvalExpr((ExprState *) lfirst(state), node->ss.ps.ps_ExprContext, &isnull);

		if (isnull)
			range->empty = true;
		else
			narrow(range, (ShCondKind) lfirst_int(kind), value);
	}
	if (range->from > range->to)
		range->empty = true;
}

void
sh_fdw_explain_conditions(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	Expr *all = plan->fdw_exprs != NIL ? make_ands_explicit(plan->fdw_exprs) : NULL;
	List *context;

	if (all == NULL)
		return;
#if PG_VERSION_NUM >= 130000
	context = set_deparse_context_plan(es->deparse_cxt, &plan->scan.plan, NIL);
#else
	context = set_deparse_context_planstate(es->deparse_cxt, (Node *) node, NIL);
#endif
	ExplainPropertyText("Chunk Cond", deparse_expression((Node *) all, context, false, false), es);
}

/* ---- the series of a scan ---- */

pg_uuid_t *
sh_fdw_permitted_series(Snapshot snapshot, int action, int *n)
{
	Oid table = get_relname_relid("timeseries", get_namespace_oid(SH_SCHEMA, false));
	Relation relation = table_open(table, AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, snapshot, 0, NULL);
	TupleDesc desc = RelationGetDescr(relation);
	AttrNumber uuid_column = get_attnum(table, "uuid");
	AttrNumber owner_column = get_attnum(table, "created_by");
	int capacity = 64;
	pg_uuid_t *uuid = palloc(sizeof(pg_uuid_t) * capacity);
	HeapTuple tuple;

	*n = 0;
	while ((tuple = systable_getnext(scan)) != NULL)
	{
		bool isnull;
		bool no_owner;
		pg_uuid_t *found = DatumGetUUIDP(heap_getattr(tuple, uuid_column, desc, &isnull));
		Datum owner = heap_getattr(tuple, owner_column, desc, &no_owner);

		CHECK_FOR_INTERRUPTS();
		if (!sh_access_allowed_object((ShAction) action, "timeseries", found, "/data",
									  no_owner ? NULL : DatumGetUUIDP(owner)))
			continue;
		if (*n == capacity)
		{
			capacity *= 2;
			uuid = repalloc_huge(uuid, sizeof(pg_uuid_t) * capacity);
		}
		uuid[(*n)++] = *found;
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return uuid;
}

/* Opens the scan of the next series; false when there is none. */
static bool
next_series(ForeignScanState *node, ShFdwScan *state)
{
	while (state->next < state->range.n)
	{
		pg_uuid_t *uuid = &state->range.uuid[state->next++];
		ShSeries series;
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		if (!sh_series_find(uuid, &series))
			continue;
		/* Without a condition on the series, only permitted ones are in the list. */
		if (!state->range.all_series &&
			!sh_access_allowed_object(SH_READ, "timeseries", uuid, "/data",
									  sh_series_owner(&series)))
			continue;
		state->uuid = *uuid;
		state->series = series.id;
		old = MemoryContextSwitchTo(state->cxt);
		state->scan = sh_scan_begin(series.id, state->range.from, state->range.to,
									node->ss.ps.state->es_snapshot);
		MemoryContextSwitchTo(old);
		return true;
	}
	return false;
}

/* Decodes the next row of chunks into state->points; false at the end of all series. */
static bool
next_points(ForeignScanState *node, ShFdwScan *state)
{
	for (;;)
	{
		ShChunkRow row;

		if (state->scan == NULL && !next_series(node, state))
			return false;
		CHECK_FOR_INTERRUPTS();
		if (sh_scan_next(state->scan, &row))
		{
			sh_chunk_row_decode(state->series, &row, state->points);
			state->chunks++;
			state->i = 0;
			return true;
		}
		sh_scan_end(state->scan);
		state->scan = NULL;
	}
}

/* ---- the executor's calls ---- */

static void
start(ForeignScanState *node, ShFdwScan *state)
{
	MemoryContext old;

	MemoryContextReset(state->cxt);
	old = MemoryContextSwitchTo(state->cxt);
	sh_fdw_eval_conditions(node, state->conditions, &state->range);
	if (state->range.empty)
		state->range.n = 0;
	else if (state->range.all_series)
		state->range.uuid =
			sh_fdw_permitted_series(node->ss.ps.state->es_snapshot, SH_READ, &state->range.n);
	MemoryContextSwitchTo(old);
	if (state->points == NULL)
		state->points = MemoryContextAlloc(node->ss.ps.state->es_query_cxt, sizeof(ShPoints));
	state->points->n = 0;
	state->i = 0;
	state->next = 0;
	state->started = true;
}

void
sh_fdw_begin_scan(ForeignScanState *node, int eflags)
{
	ShFdwScan *state = palloc0(sizeof(ShFdwScan));

	sh_fdw_check_table(node->ss.ss_currentRelation);
	node->fdw_state = state;
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	state->conditions = sh_fdw_init_conditions(node);
	state->cxt = AllocSetContextCreate(node->ss.ps.state->es_query_cxt, "selfhost tsdata scan",
									   ALLOCSET_DEFAULT_SIZES);
}

TupleTableSlot *
sh_fdw_iterate_scan(ForeignScanState *node)
{
	ShFdwScan *state = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	ShPoints *points;

	if (!state->started)
		start(node, state);
	points = state->points;
	for (;;)
	{
		while (state->i < points->n && points->ts[state->i] < state->range.from)
			state->i++;
		if (state->i < points->n && points->ts[state->i] <= state->range.to)
			break;
		if (!next_points(node, state))
			return ExecClearTuple(slot);
	}

	ExecClearTuple(slot);
	slot->tts_values[0] = UUIDPGetDatum(&state->uuid);
	slot->tts_values[1] = TimestampTzGetDatum(points->ts[state->i]);
	slot->tts_values[2] = Float8GetDatum(points->value[state->i]);
	memset(slot->tts_isnull, 0, 3 * sizeof(bool));
	state->i++;
	return ExecStoreVirtualTuple(slot);
}

static void
close_scan(ShFdwScan *state)
{
	if (state->scan != NULL)
		sh_scan_end(state->scan);
	state->scan = NULL;
	state->started = false;
}

void
sh_fdw_rescan(ForeignScanState *node)
{
	close_scan(node->fdw_state);
}

void
sh_fdw_end_scan(ForeignScanState *node)
{
	if (node->fdw_state != NULL)
		close_scan(node->fdw_state);
}

void
sh_fdw_explain_scan(ForeignScanState *node, ExplainState *es)
{
	ShFdwScan *state = node->fdw_state;

	sh_fdw_explain_conditions(node, es);
	if (es->analyze && state != NULL)
		ExplainPropertyInteger("Chunks Read", NULL, state->chunks, es);
}
