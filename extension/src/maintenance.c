/*
 * maintenance.c: what the owner of the extension, and the housekeeping that runs as him, call to look
 * after the rows of points: check_chunks().
 *
 * None of it is granted to anybody, and nothing here checks rights.
 */
#include "sh_ext.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "store.h"

SH_FUNCTION(sh_check_chunks);

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

/* Looks up a series that a call names. Errors: P0002. */
static ShSeries
find_series(const pg_uuid_t *uuid)
{
	ShSeries series;

	if (!sh_series_find(uuid, &series))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("time series %s does not exist",
						DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(uuid)))),
				 sh_refusal()));
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
