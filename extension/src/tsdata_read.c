/*
 * tsdata_read.c: the operations that read points: get_timeseries_data() and query_timeseries().
 *
 * Both return their answer in pieces, one row each (value-per-call, in the target list). Rights, the
 * values of arguments and the existence of the series are checked at the first call; later calls need
 * no acting user. What is open at that time is closed by a callback of the executor's when the
 * statement stops early, and by the resource owner on an error.
 *
 * Nothing here runs SQL, hence these functions are neither SECURITY DEFINER nor do they set anything.
 */
#include "sh_ext.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/snapmgr.h"

#include "access.h"
#include "series.h"
#include "tsdata_read.h"
#include "tsdata_read_accept.h"

/* Longest window: 366 days and a second, in microseconds. */
#define WINDOW_MAX_SECONDS 31622401
#define WINDOW_MAX		   ((uint64) WINDOW_MAX_SECONDS * USECS_PER_SEC)

/* Most series of one query. */
#define SERIES_MAX 100

/* Columns of selfhost.http_response. */
enum
{
	RESPONSE_STATUS,
	RESPONSE_CONTENT_TYPE,
	RESPONSE_HEADERS,
	RESPONSE_BODY,
	RESPONSE_COLUMNS
};

/* Arguments of both operations; the first one is a uuid, or an array of them. */
enum
{
	ARGUMENT_UUIDS,
	ARGUMENT_START,
	ARGUMENT_END,
	ARGUMENT_UNIT,
	ARGUMENT_GE,
	ARGUMENT_LE,
	ARGUMENT_PRECISION,
	ARGUMENT_AGGREGATE,
	ARGUMENT_TIMEZONE,
	ARGUMENT_ACCEPT
};

/* One call of an operation, over all its rows. */
typedef struct Answer
{
	ShReader *reader;
	ShFormat format;
	bool has_begun;
	bytea *piece;
} Answer;

SH_FUNCTION(sh_get_timeseries_data);
SH_FUNCTION(sh_query_timeseries);

/* ---- arguments ---- */

static const char *
text_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

static void
check_given(FunctionCallInfo fcinfo, int i, const char *name)
{
	if (PG_ARGISNULL(i))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s: must be given", name),
						sh_refusal()));
}

static bool
number_argument(FunctionCallInfo fcinfo, int i, const char *name, double *value)
{
	if (PG_ARGISNULL(i))
		return false;
	*value = PG_GETARG_FLOAT8(i);
	if (isnan(*value))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s: must be a number", name), sh_refusal()));
	return true;
}

static void
window_arguments(FunctionCallInfo fcinfo, ShReadRequest *request)
{
	check_given(fcinfo, ARGUMENT_START, "start");
	check_given(fcinfo, ARGUMENT_END, "end");
	request->start = PG_GETARG_TIMESTAMPTZ(ARGUMENT_START);
	request->end = PG_GETARG_TIMESTAMPTZ(ARGUMENT_END);
	/* In unsigned arithmetic the distance of any two timestamps is exact. */
	if (request->end > request->start &&
		(uint64) request->end - (uint64) request->start > WINDOW_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("end: must be at most %d s after start", WINDOW_MAX_SECONDS),
						sh_refusal()));
}

static void
aggregate_arguments(FunctionCallInfo fcinfo, ShReadRequest *request)
{
	static const char *const names[] = {[SH_AVG] = "avg",
										[SH_MIN] = "min",
										[SH_MAX] = "max",
										[SH_SUM] = "sum",
										[SH_COUNT] = "count"};
	const char *precision = text_argument(fcinfo, ARGUMENT_PRECISION);
	const char *aggregate = text_argument(fcinfo, ARGUMENT_AGGREGATE);
	int kind = SH_AVG;

	request->precision = SH_PRECISION_NONE;
	if (precision != NULL && !sh_precision_find(precision, &request->precision))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("precision: must be microseconds, milliseconds, second, minute, "
							   "minute5, minute10, minute15, minute20, minute30, hour, day, week, "
							   "month, year, decade, century or millennia"),
						sh_refusal()));
	while (aggregate != NULL && kind <= SH_COUNT && strcmp(aggregate, names[kind]) != 0)
		kind++;
	if (kind > SH_COUNT)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("aggregate: must be avg, min, max, sum or count"), sh_refusal()));
	request->aggregate = (ShAggregateKind) kind;
	sh_zone_open(&request->zone, text_argument(fcinfo, ARGUMENT_TIMEZONE));
}

/* Everything but the series and the unit. */
static void
read_arguments(FunctionCallInfo fcinfo, ShReadRequest *request)
{
	window_arguments(fcinfo, request);
	request->has_ge = number_argument(fcinfo, ARGUMENT_GE, "ge", &request->ge);
	request->has_le = number_argument(fcinfo, ARGUMENT_LE, "le", &request->le);
	aggregate_arguments(fcinfo, request);
	request->format =
		sh_accepts_csv(text_argument(fcinfo, ARGUMENT_ACCEPT)) ? SH_FORMAT_CSV : SH_FORMAT_JSON;
}

/* ---- series ---- */

static ShConversion
conversion_of(const ShSeries *series, const char *unit)
{
	if (unit == NULL)
		return (ShConversion){1, 0};
	if (series->unit_too_long)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit: the unit of the time series cannot be converted"), sh_refusal()));
	return sh_units_conversion(series->unit, unit);
}

static void
report_unknown_series(const pg_uuid_t *uuid)
{
	char text[SH_UUID_TEXT_SIZE];

	sh_uuid_print(uuid, text);
	ereport(ERROR, (errcode(ERRCODE_NO_DATA_FOUND), errmsg("time series %s does not exist", text),
					sh_refusal()));
}

/* Checks the right on the data of a series that may not exist: then policies alone decide. */
static bool
find_with_right(const pg_uuid_t *uuid, ShSeries *series)
{
	bool found = sh_series_find(uuid, series);

	sh_access_require_object(SH_READ, "timeseries", uuid, "/data",
							 found ? sh_series_owner(series) : NULL);
	series->uuid = *uuid;
	return found;
}

/* The last of the checks: existence, and units. */
static ShReadSeries *
readable_series(const ShSeries *series, const bool *found, int n, const char *unit)
{
	ShReadSeries *out = palloc(Max(n, 1) * sizeof(ShReadSeries));

	for (int i = 0; i < n; i++)
	{
		if (!found[i])
			report_unknown_series(&series[i].uuid);
	}
	for (int i = 0; i < n; i++)
	{
		out[i].uuid = series[i].uuid;
		out[i].id = series[i].id;
		out[i].conversion = conversion_of(&series[i], unit);
	}
	return out;
}

/* The elements of the array that have a right, each once. Errors: 42501, 22004. */
static int
find_all_with_right(ArrayType *uuids, ShSeries **series, bool **found)
{
	Datum *value;
	bool *isnull;
	int n;
	int kept = 0;

	deconstruct_array(uuids, UUIDOID, UUID_LEN, false, 'c', &value, &isnull, &n);
	*series = palloc(Max(n, 1) * sizeof(ShSeries));
	*found = palloc(Max(n, 1) * sizeof(bool));
	for (int i = 0; i < n; i++)
	{
		if (isnull[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("uuids: must not be null"), sh_refusal()));
		(*found)[kept] = find_with_right(DatumGetUUIDP(value[i]), &(*series)[kept]);
		kept++;
		for (int j = 0; j < kept - 1 && n <= SERIES_MAX; j++)
		{
			if (memcmp(&(*series)[j].uuid, &(*series)[kept - 1].uuid, UUID_LEN) == 0)
			{
				kept--;
				break;
			}
		}
	}
	if (n > SERIES_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("uuids: must be at most %d", SERIES_MAX), sh_refusal()));
	return kept;
}

/* ---- answers ---- */

static void
end_answer(Datum argument)
{
	sh_reader_end(((Answer *) DatumGetPointer(argument))->reader);
}

static void
begin_answer(FunctionCallInfo fcinfo, FuncCallContext *context, const ShReadRequest *request)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Answer *answer = palloc0(sizeof(Answer));
	TupleDesc descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE ||
		descriptor->natts != RESPONSE_COLUMNS)
		elog(ERROR, "return type must be selfhost.http_response");
	context->tuple_desc = BlessTupleDesc(descriptor);
	context->user_fctx = answer;
	answer->format = request->format;
	answer->piece = palloc(VARHDRSZ + SH_PIECE_SIZE);
	answer->reader = sh_reader_begin(request, GetActiveSnapshot());
	RegisterExprContextCallback(result->econtext, end_answer, PointerGetDatum(answer));
}

/* The head: status, media type, and that the answer depends on what the client accepts. */
static void
set_head(const Answer *answer, Datum *values, bool *isnull)
{
	Datum vary = CStringGetTextDatum("Vary: Accept");

	values[RESPONSE_STATUS] = Int32GetDatum(200);
	values[RESPONSE_CONTENT_TYPE] = CStringGetTextDatum(
		answer->format == SH_FORMAT_CSV ? "text/csv; charset=utf-8" : "application/json");
	values[RESPONSE_HEADERS] =
		PointerGetDatum(construct_array(&vary, 1, TEXTOID, -1, false, TYPALIGN_INT));
	for (int i = 0; i < RESPONSE_BODY; i++)
		isnull[i] = false;
}

/* The next row of an answer that has begun; or its end. */
static Datum
next_row(FunctionCallInfo fcinfo)
{
	FuncCallContext *context = SRF_PERCALL_SETUP();
	Answer *answer = context->user_fctx;
	MemoryContext caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
	Size len = sh_reader_fill(answer->reader, VARDATA(answer->piece));
	Datum values[RESPONSE_COLUMNS] = {0};
	bool isnull[RESPONSE_COLUMNS] = {true, true, true, false};

	MemoryContextSwitchTo(caller);
	if (len == 0)
	{
		ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

		UnregisterExprContextCallback(result->econtext, end_answer, PointerGetDatum(answer));
		sh_reader_end(answer->reader);
		SRF_RETURN_DONE(context);
	}
	if (!answer->has_begun)
		set_head(answer, values, isnull);
	answer->has_begun = true;
	SET_VARSIZE(answer->piece, VARHDRSZ + len);
	values[RESPONSE_BODY] = PointerGetDatum(answer->piece);
	SRF_RETURN_NEXT(context,
					HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, isnull)));
}

/*
 * get_timeseries_data(uuid, "start", "end", unit, ge, le, "precision", aggregate, timezone, accept)
 * -> setof http_response. The order of the checks: right (403), values (400), existence (404).
 */
Datum
sh_get_timeseries_data(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
	{
		FuncCallContext *context = SRF_FIRSTCALL_INIT();
		MemoryContext caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		ShReadRequest request = {.n = 1};
		ShSeries series;
		bool found;

		check_given(fcinfo, ARGUMENT_UUIDS, "uuid");
		found = find_with_right(PG_GETARG_UUID_P(ARGUMENT_UUIDS), &series);
		read_arguments(fcinfo, &request);
		request.series = readable_series(&series, &found, 1, text_argument(fcinfo, ARGUMENT_UNIT));
		begin_answer(fcinfo, context, &request);
		MemoryContextSwitchTo(caller);
	}
	return next_row(fcinfo);
}

/*
 * query_timeseries(uuids, …) -> setof http_response, with the same further arguments. Series come in
 * the order asked for, each once.
 */
Datum
sh_query_timeseries(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
	{
		FuncCallContext *context = SRF_FIRSTCALL_INIT();
		MemoryContext caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		ShReadRequest request = {.many = true};
		ShSeries *series;
		bool *found;

		sh_access_require(SH_READ, "tsquery", NULL);
		check_given(fcinfo, ARGUMENT_UUIDS, "uuids");
		request.n = find_all_with_right(PG_GETARG_ARRAYTYPE_P(ARGUMENT_UUIDS), &series, &found);
		read_arguments(fcinfo, &request);
		request.series =
			readable_series(series, found, request.n, text_argument(fcinfo, ARGUMENT_UNIT));
		begin_answer(fcinfo, context, &request);
		MemoryContextSwitchTo(caller);
	}
	return next_row(fcinfo);
}
