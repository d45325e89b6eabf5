/*
 * maintenance.c: what the owner of the extension, and the housekeeping that runs as him, call to look
 * after the rows of points: check_chunks(), repack(), repack_some(); and what apply_retention() is made of.
 *
 * None of it is granted to anybody, and nothing here checks rights.
 */
#include "sh_ext.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "store.h"

/* Most series that a call of repack_some() locks. */
#define REPACK_SERIES 64

SH_FUNCTION(sh_check_chunks);
SH_FUNCTION(sh_repack);
SH_FUNCTION(sh_repack_some);
SH_FUNCTION(sh_delete_expired);

/* Begins an answer of many rows; the caller puts them into result->setResult. */
static ReturnSetInfo *
begin_rows(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext outer;

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("a set of rows cannot be returned here")));
	outer = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	result->returnMode = SFRM_Materialize;
	result->setResult = tuplestore_begin_heap(false, false, work_mem);
	result->setDesc = CreateTupleDescCopy(result->expectedDesc);
	MemoryContextSwitchTo(outer);
	return result;
}

static void
report_unknown_series(const pg_uuid_t *uuid)
{
	ereport(ERROR, (errcode(ERRCODE_NO_DATA_FOUND),
					errmsg("time series %s does not exist",
						   DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(uuid)))),
					sh_refusal()));
}

/* Looks up a series that a call names. Errors: P0002. */
static ShSeries
find_series(const pg_uuid_t *uuid)
{
	ShSeries series;

	if (!sh_series_find(uuid, &series))
		report_unknown_series(uuid);
	return series;
}

/* ---- check_chunks ---- */

static void
add_fault(void *context, const pg_uuid_t *uuid, TimestampTz t0, const char *relation,
		  const char *reason)
{
	ReturnSetInfo *result = context;
	Datum values[4] = {UUIDPGetDatum(uuid), TimestampTzGetDatum(t0),
					   PointerGetDatum(cstring_to_text(relation)),
					   PointerGetDatum(cstring_to_text(reason))};
	bool isnull[4] = {uuid == NULL, false, false, false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
}

/* check_chunks(uuid uuid) -> setof (series uuid, t0 timestamptz, relation text, reason text) */
Datum
sh_check_chunks(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = begin_rows(fcinfo);
	ShCheckCounts counts;
	int32 only = 0;

	if (!PG_ARGISNULL(0))
		only = find_series(PG_GETARG_UUID_P(0)).id;
	sh_store_check(PG_ARGISNULL(0) ? NULL : &only, GetActiveSnapshot(), add_fault, result, &counts);
	ereport(NOTICE, (errmsg("checked " INT64_FORMAT " rows with " INT64_FORMAT
							" points of " INT64_FORMAT " time series: " INT64_FORMAT " faults",
							counts.rows, counts.points, counts.series, counts.faults)));
	return (Datum) 0;
}

/* ---- repack ---- */

/* A composite answer, by the function's declared columns. */
static Datum
form_answer(FunctionCallInfo fcinfo, Datum *values, bool *isnull)
{
	TupleDesc descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, isnull));
}

/* A limit of work. Errors: 22023. */
static int
limit_argument(FunctionCallInfo fcinfo, int i, const char *name)
{
	if (PG_ARGISNULL(i) || PG_GETARG_INT32(i) < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s: must be at least 1", name), sh_refusal()));
	return PG_GETARG_INT32(i);
}

/*
 * repack(uuid uuid, after timestamptz, max_rows int) -> (rewritten int, written int, next timestamptz)
 * Locks the series for the rest of the transaction. Errors: P0002, 40001.
 */
Datum
sh_repack(PG_FUNCTION_ARGS)
{
	TimestampTz from = PG_ARGISNULL(1) ? DT_NOBEGIN : PG_GETARG_TIMESTAMPTZ(1);
	int max_rows = limit_argument(fcinfo, 2, "max_rows");
	ShRepackResult result;
	ShSeries series;
	Datum values[3];
	bool isnull[3] = {false, false, false};

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("uuid: must be given"),
						sh_refusal()));
	series = find_series(PG_GETARG_UUID_P(0));
	if (!sh_store_lock(&series))
		report_unknown_series(PG_GETARG_UUID_P(0));
	sh_store_repack(series.id, from, DT_NOEND, max_rows, &result);
	values[0] = Int32GetDatum(result.rewritten);
	values[1] = Int32GetDatum(result.written);
	values[2] = TimestampTzGetDatum(result.next);
	isnull[2] = !result.more;
	return form_answer(fcinfo, values, isnull);
}

/*
 * Where a call begins among the noted series: somewhere else each time, so that series that are noted
 * again and again do not keep the others waiting.
 */
static int32
random_start(void)
{
	int32 series;
	int32 last = 0;

	/* The greatest id given so far is not known here: double until there is none beyond. */
	for (int32 start = 1; start < INT_MAX / 2 && sh_todo_list(start, &series, 1) > 0;
		 start = 2 * Max(start, series))
		last = series;
	/* Microseconds are random enough. */
	return (int32) (GetCurrentTimestamp() % ((int64) last + 1));
}

typedef struct Budget
{
	int left;
	int series;
	int rewritten;
	int written;
	bool more;
} Budget;

/* Repacks what is noted of one series, unless somebody is writing to it. */
static void
repack_series(int32 series, Budget *budget)
{
	ShRepackResult result;

	if (budget->left <= 0)
	{
		budget->more = true;
		return;
	}
	if (!sh_store_try_lock(series))
		return;
	sh_store_repack_noted(series, budget->left, &result);
	budget->left -= Max(result.rows_read, 1);
	budget->series++;
	budget->rewritten += result.rewritten;
	budget->written += result.written;
	budget->more |= result.more;
}

/*
 * repack_some(budget int) -> (series int, rewritten int, written int, more boolean)
 * Locks at most REPACK_SERIES series for the rest of the transaction, and waits for none.
 */
Datum
sh_repack_some(PG_FUNCTION_ARGS)
{
	Budget budget = {.left = limit_argument(fcinfo, 0, "budget")};
	int32 start = random_start();
	int32 series[REPACK_SERIES];
	int n = sh_todo_list(start, series, REPACK_SERIES);
	Datum values[4];
	bool isnull[4] = {false, false, false, false};

	if (n < REPACK_SERIES && start > 0)
	{
		int32 first[REPACK_SERIES];
		int more = sh_todo_list(0, first, REPACK_SERIES - n);

		for (int i = 0; i < more && first[i] < start; i++)
			series[n++] = first[i];
	}
	for (int i = 0; i < n; i++)
		repack_series(series[i], &budget);
	values[0] = Int32GetDatum(budget.series);
	values[1] = Int32GetDatum(budget.rewritten);
	values[2] = Int32GetDatum(budget.written);
	values[3] = BoolGetDatum(budget.more || n == REPACK_SERIES);
	return form_answer(fcinfo, values, isnull);
}

/* ---- retention ---- */

/* _delete_expired(id int, before timestamptz, max_rows int) -> (deleted_rows int, deleted_points bigint) */
Datum
sh_delete_expired(PG_FUNCTION_ARGS)
{
	ShExpired expired;
	Datum values[2];
	bool isnull[2] = {false, false};

	sh_store_expire(PG_GETARG_INT32(0), PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_INT32(2), &expired);
	values[0] = Int32GetDatum(expired.rows);
	values[1] = Int64GetDatum(expired.points);
	return form_answer(fcinfo, values, isnull);
}
