/*
 * tsdata_write.c: the operations that write points: add_timeseries_data(), add_points(),
 * delete_timeseries_data(); and the few internal functions around them.
 *
 * Nothing here runs SQL, hence these functions are neither SECURITY DEFINER nor do they set
 * anything; each checks the right of the acting user itself. The order of the checks: right (403),
 * values (400), existence (404).
 */
#include "sh_ext.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "access.h"
#include "points_in.h"
#include "store.h"
#include "units.h"

/* Longest window of a deletion: 366 days and a second, in microseconds. */
#define WINDOW_MAX_SECONDS 31622401
#define WINDOW_MAX		   ((uint64) WINDOW_MAX_SECONDS * USECS_PER_SEC)

/* Columns of selfhost.http_response. */
enum
{
	RESPONSE_STATUS,
	RESPONSE_CONTENT_TYPE,
	RESPONSE_HEADERS,
	RESPONSE_BODY,
	RESPONSE_COLUMNS
};

typedef struct WriteTotals
{
	ShWriteCounts merged;
	int64 out_of_bounds;
	int64 within_bounds;
} WriteTotals;

SH_FUNCTION(sh_add_timeseries_data);
SH_FUNCTION(sh_add_points);
SH_FUNCTION(sh_delete_timeseries_data);
SH_FUNCTION(sh_lock_series);
SH_FUNCTION(sh_drop_points);
SH_FUNCTION(sh_points);
SH_FUNCTION(sh_timeseries_before_delete);

/* ---- arguments ---- */

static const pg_uuid_t *
uuid_argument(FunctionCallInfo fcinfo, int i)
{
	if (PG_ARGISNULL(i))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("uuid: must be given"),
						sh_refusal()));
	return PG_GETARG_UUID_P(i);
}

static const char *
text_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

static TimestampTz
timestamp_argument(FunctionCallInfo fcinfo, int i, const char *name)
{
	if (PG_ARGISNULL(i))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s: must be given", name),
						sh_refusal()));
	return PG_GETARG_TIMESTAMPTZ(i);
}

static ShConflict
conflict_argument(FunctionCallInfo fcinfo, int i)
{
	const char *name = text_argument(fcinfo, i);

	if (name == NULL || strcmp(name, "error") == 0)
		return SH_CONFLICT_ERROR;
	if (strcmp(name, "skip") == 0)
		return SH_CONFLICT_SKIP;
	if (strcmp(name, "replace") == 0)
		return SH_CONFLICT_REPLACE;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("conflict: must be error, skip or replace"), sh_refusal()));
}

static void
report_unknown_series(const pg_uuid_t *uuid)
{
	char text[SH_UUID_TEXT_SIZE];

	sh_uuid_print(uuid, text);
	ereport(ERROR, (errcode(ERRCODE_NO_DATA_FOUND), errmsg("time series %s does not exist", text),
					sh_refusal()));
}

/* The same inside a body. */
static void
report_unknown_reference(const pg_uuid_t *uuid)
{
	char text[SH_UUID_TEXT_SIZE];

	sh_uuid_print(uuid, text);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("uuid: time series %s does not exist", text), sh_refusal()));
}

/*
 * Checks a right on the data of a series that may not exist: then policies alone decide. Returns
 * whether it exists.
 */
static bool
find_with_right(ShAction action, const pg_uuid_t *uuid, ShSeries *series)
{
	bool found = sh_series_find(uuid, series);

	sh_access_require_object(action, "timeseries", uuid, "/data",
							 found ? sh_series_owner(series) : NULL);
	return found;
}

/* ---- bodies ---- */

/* Is the body of that media type CSV? NULL: it is JSON, as everything else. */
static bool
is_csv(const char *media_type)
{
	return media_type != NULL &&
		   pg_strncasecmp(media_type + strspn(media_type, " \t"), "text/csv", 8) == 0;
}

/*
 * Parses a body, argument i; its media type is the one behind it. Arrays are in the current context.
 * Errors: 22P02, 22023 when there is no row.
 */
static void
parse_body(FunctionCallInfo fcinfo, int i, bool with_uuid, ShPointRows *rows)
{
	const char *media_type = text_argument(fcinfo, i + 1);
	MemoryContext context = CurrentMemoryContext;
	bytea *body = PG_ARGISNULL(i) ? NULL : PG_GETARG_BYTEA_PP(i);
	Size len = body == NULL ? 0 : VARSIZE_ANY_EXHDR(body);
	size_t capacity = Max(sh_points_capacity(len, with_uuid), 1);
	ShBodyError error;

	rows->n = 0;
	rows->ts = MemoryContextAllocHuge(context, capacity * sizeof(int64));
	rows->value = MemoryContextAllocHuge(context, capacity * sizeof(double));
	rows->uuid =
		with_uuid ? MemoryContextAllocHuge(context, capacity * sizeof(ShParsedUuid)) : NULL;
	if (body != NULL &&
		!(is_csv(media_type) ? sh_points_parse_csv(VARDATA_ANY(body), len, rows, &error)
							 : sh_points_parse_json(VARDATA_ANY(body), len, rows, &error)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("body: %s", error.message), sh_refusal()));
	if (rows->n == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("body: must hold at least one point"), sh_refusal()));
	if (rows->n > INT_MAX / 2)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("body: holds too many points"), sh_refusal()));
}

/* Converts values from `unit` (NULL: none) to the series' own unit. */
static void
convert_values(const ShSeries *series, const char *unit, double *value, int n)
{
	ShConversion conversion;

	if (unit == NULL)
		return;
	if (series->unit_too_long)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit: the unit of the time series cannot be converted to"), sh_refusal()));
	if (strcmp(unit, series->unit) == 0)
		return;
	conversion = sh_units_conversion(unit, series->unit);
	for (int i = 0; i < n; i++)
	{
		value[i] = conversion.factor * value[i] + conversion.offset;
		if (!isfinite(value[i]))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("v: is out of range when converted"), sh_refusal()));
	}
}

/* Removes the points outside the bounds of the series; returns how many are left. */
static int
apply_bounds(const ShSeries *series, TimestampTz *ts, double *value, int n)
{
	double lower = series->has_lower_bound ? series->lower_bound : -INFINITY;
	double upper = series->has_upper_bound ? series->upper_bound : INFINITY;
	int kept = 0;

	if (!series->has_lower_bound && !series->has_upper_bound)
		return n;
	for (int i = 0; i < n; i++)
	{
		if (value[i] < lower || value[i] > upper)
			continue;
		ts[kept] = ts[i];
		value[kept++] = value[i];
	}
	return kept;
}

/* Converts, bounds and merges the points of one series that is locked. */
static void
write_points(const ShSeries *series, const char *unit, ShConflict conflict, TimestampTz *ts,
			 double *value, int n, WriteTotals *totals)
{
	int kept;

	convert_values(series, unit, value, n);
	kept = apply_bounds(series, ts, value, n);
	totals->out_of_bounds += n - kept;
	totals->within_bounds += kept;
	sh_store_merge(series, ts, value, kept, conflict, &totals->merged);
}

/* ---- answers ---- */

static Datum
count_header(const char *name, int64 count)
{
	return PointerGetDatum(cstring_to_text(psprintf("%s: " INT64_FORMAT, name, count)));
}

/* An answer without a body: 204 when every point was out of bounds, else 201. */
static Datum
write_response(FunctionCallInfo fcinfo, const WriteTotals *totals)
{
	TupleDesc descriptor;
	Datum values[RESPONSE_COLUMNS] = {0};
	bool isnull[RESPONSE_COLUMNS] = {[RESPONSE_CONTENT_TYPE] = true, [RESPONSE_BODY] = true};
	Datum headers[] = {
		count_header("X-Points-Inserted", totals->merged.inserted),
		count_header("X-Points-Replaced", totals->merged.replaced),
		count_header("X-Points-Skipped", totals->merged.skipped),
		count_header("X-Points-Out-Of-Bounds", totals->out_of_bounds),
	};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE ||
		descriptor->natts != RESPONSE_COLUMNS)
		elog(ERROR, "return type must be selfhost.http_response");
	values[RESPONSE_STATUS] = Int32GetDatum(totals->within_bounds == 0 ? 204 : 201);
	values[RESPONSE_HEADERS] = PointerGetDatum(
		construct_array(headers, lengthof(headers), TEXTOID, -1, false, TYPALIGN_INT));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, isnull));
}

/* ---- one series ---- */

/* add_timeseries_data(uuid uuid, unit text, conflict text, body bytea) -> http_response */
Datum
sh_add_timeseries_data(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *uuid = uuid_argument(fcinfo, 0);
	const char *unit = text_argument(fcinfo, 1);
	WriteTotals totals = {0};
	ShPointRows rows;
	ShConflict conflict;
	ShSeries series;
	bool found = find_with_right(SH_CREATE, uuid, &series);

	conflict = conflict_argument(fcinfo, 2);
	parse_body(fcinfo, 3, false, &rows);
	if (!found || !sh_store_lock(&series))
		report_unknown_series(uuid);
	write_points(&series, unit, conflict, rows.ts, rows.value, (int) rows.n, &totals);
	return write_response(fcinfo, &totals);
}

/* ---- many series ---- */

/* Rows of a body by series: the rows of group g are start[g] .. start[g + 1] - 1. */
typedef struct Groups
{
	int n;
	int capacity;
	ShSeries *series;
	bool *found;
	int *start;
	TimestampTz *ts;
	double *value;
} Groups;

typedef struct GroupEntry
{
	pg_uuid_t uuid; /* key: must be first */
	int group;
} GroupEntry;

static int
add_group(Groups *groups, const pg_uuid_t *uuid)
{
	if (groups->n == groups->capacity)
	{
		groups->capacity = groups->capacity == 0 ? 64 : 2 * groups->capacity;
		groups->series = groups->series == NULL
							 ? palloc(groups->capacity * sizeof(ShSeries))
							 : repalloc_huge(groups->series, groups->capacity * sizeof(ShSeries));
		groups->found = groups->found == NULL
							? palloc(groups->capacity * sizeof(bool))
							: repalloc(groups->found, groups->capacity * sizeof(bool));
	}
	groups->found[groups->n] = find_with_right(SH_CREATE, uuid, &groups->series[groups->n]);
	groups->series[groups->n].uuid = *uuid;
	return groups->n++;
}

/* The group of each row. Errors: 42501 for the first series without the right. */
static int *
assign_groups(const ShPointRows *rows, Groups *groups)
{
	HASHCTL control = {.keysize = sizeof(pg_uuid_t),
					   .entrysize = sizeof(GroupEntry),
					   .hcxt = CurrentMemoryContext};
	HTAB *known = hash_create("selfhost series of a body", 256, &control,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	int *group = MemoryContextAllocHuge(CurrentMemoryContext, rows->n * sizeof(int));

	for (size_t i = 0; i < rows->n; i++)
	{
		GroupEntry *entry;
		bool is_known;

		if (i > 0 && memcmp(&rows->uuid[i], &rows->uuid[i - 1], sizeof(pg_uuid_t)) == 0)
		{
			group[i] = group[i - 1];
			continue;
		}
		entry = hash_search(known, &rows->uuid[i], HASH_ENTER, &is_known);
		if (!is_known)
			entry->group = add_group(groups, &entry->uuid);
		group[i] = entry->group;
	}
	hash_destroy(known);
	return group;
}

/* Brings the rows of each series together, in the order of the body. */
static void
scatter_rows(const ShPointRows *rows, const int *group, Groups *groups)
{
	int *next = palloc0((groups->n + 1) * sizeof(int));

	groups->start = palloc0((groups->n + 1) * sizeof(int));
	groups->ts = MemoryContextAllocHuge(CurrentMemoryContext, rows->n * sizeof(TimestampTz));
	groups->value = MemoryContextAllocHuge(CurrentMemoryContext, rows->n * sizeof(double));
	for (size_t i = 0; i < rows->n; i++)
		groups->start[group[i] + 1]++;
	for (int g = 0; g < groups->n; g++)
	{
		groups->start[g + 1] += groups->start[g];
		next[g] = groups->start[g];
	}
	for (size_t i = 0; i < rows->n; i++)
	{
		int to = next[group[i]]++;

		groups->ts[to] = rows->ts[i];
		groups->value[to] = rows->value[i];
	}
}

static void
lock_groups(Groups *groups)
{
	int gone;

	for (int g = 0; g < groups->n; g++)
	{
		if (!groups->found[g])
			report_unknown_reference(&groups->series[g].uuid);
	}
	if (!sh_store_lock_many(groups->series, groups->n, &gone))
		report_unknown_reference(&groups->series[gone].uuid);
}

/* add_points(unit text, conflict text, body bytea, content_type text) -> http_response */
Datum
sh_add_points(PG_FUNCTION_ARGS)
{
	const char *unit = text_argument(fcinfo, 0);
	WriteTotals totals = {0};
	Groups groups = {0};
	ShPointRows rows;
	ShConflict conflict;
	int *group;

	parse_body(fcinfo, 2, true, &rows);
	group = assign_groups(&rows, &groups);
	conflict = conflict_argument(fcinfo, 1);
	lock_groups(&groups);
	scatter_rows(&rows, group, &groups);
	for (int g = 0; g < groups.n; g++)
	{
		int start = groups.start[g];

		CHECK_FOR_INTERRUPTS();
		write_points(&groups.series[g], unit, conflict, groups.ts + start, groups.value + start,
					 groups.start[g + 1] - start, &totals);
	}
	return write_response(fcinfo, &totals);
}

/* ---- deletion ---- */

/* delete_timeseries_data(uuid, "start", "end" timestamptz, ge, le float8) -> void */
Datum
sh_delete_timeseries_data(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *uuid = uuid_argument(fcinfo, 0);
	ShSeries series;
	bool found = find_with_right(SH_DELETE, uuid, &series);
	TimestampTz start = timestamp_argument(fcinfo, 1, "start");
	TimestampTz end = timestamp_argument(fcinfo, 2, "end");
	double ge = PG_ARGISNULL(3) ? 0 : PG_GETARG_FLOAT8(3);
	double le = PG_ARGISNULL(4) ? 0 : PG_GETARG_FLOAT8(4);

	/* In unsigned arithmetic the distance of any two timestamps is exact. */
	if (end > start && (uint64) end - (uint64) start > WINDOW_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("end: must be at most %d s after start", WINDOW_MAX_SECONDS),
						sh_refusal()));
	if (!found || !sh_store_lock(&series))
		report_unknown_series(uuid);
	sh_store_delete(&series, start, end, PG_ARGISNULL(3) ? NULL : &ge,
					PG_ARGISNULL(4) ? NULL : &le);
	PG_RETURN_VOID();
}

/* _lock_series(uuid) -> int: locks a series for writing; its id, or NULL when there is none. */
Datum
sh_lock_series(PG_FUNCTION_ARGS)
{
	ShSeries series;

	if (PG_ARGISNULL(0) || !sh_series_find(PG_GETARG_UUID_P(0), &series) || !sh_store_lock(&series))
		PG_RETURN_NULL();
	PG_RETURN_INT32(series.id);
}

/* _drop_points(id int) -> void: deletes all points of a series that is locked. */
Datum
sh_drop_points(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("delete of time series points");
	PreventCommandIfParallelMode("delete of time series points");
	if (!PG_ARGISNULL(0))
		sh_store_drop(PG_GETARG_INT32(0));
	PG_RETURN_VOID();
}

static Datum
trigger_column(const TriggerData *trigger, int column)
{
	bool isnull;
	Datum value = heap_getattr(trigger->tg_trigtuple, column,
							   RelationGetDescr(trigger->tg_relation), &isnull);

	if (isnull)
		elog(ERROR, "column %d of a deleted time series is null", column);
	return value;
}

/*
 * Row trigger, before the deletion of a time series by whatever statement: takes the lock that
 * writers take, and deletes the points. A writer that waits for the lock finds the series gone.
 */
Datum
sh_timeseries_before_delete(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ShSeries series = {0};

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || !TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("must be a row trigger before DELETE")));
	series.uuid = *DatumGetUUIDP(trigger_column(trigger, SH_SERIES_UUID));
	series.id = DatumGetInt32(trigger_column(trigger, SH_SERIES_ID));
	(void) sh_store_lock(&series);
	sh_store_drop(series.id);
	return PointerGetDatum(trigger->tg_trigtuple);
}

/* ---- for checks ---- */

/*
 * _points(uuid) -> setof (ts, value): all points of a series as the statement's snapshot has them.
 * Errors: XX001 when a row's bytes do not agree with its columns.
 */
Datum
sh_points(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const pg_uuid_t *uuid = uuid_argument(fcinfo, 0);
	MemoryContext outer;
	ShSeries series;
	ShScan *scan;
	ShChunkRow row;
	ShPoints *points = palloc(sizeof(ShPoints));

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("a set of rows cannot be returned here")));
	if (!sh_series_find(uuid, &series))
		report_unknown_series(uuid);

	outer = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	result->returnMode = SFRM_Materialize;
	result->setResult = tuplestore_begin_heap(false, false, work_mem);
	result->setDesc = CreateTupleDescCopy(result->expectedDesc);
	MemoryContextSwitchTo(outer);

	scan = sh_scan_begin(series.id, PG_INT64_MIN, PG_INT64_MAX, GetActiveSnapshot());
	while (sh_scan_next(scan, &row))
	{
		CHECK_FOR_INTERRUPTS();
		sh_chunk_row_decode(series.id, &row, points);
		for (int i = 0; i < points->n; i++)
		{
			Datum values[2] = {TimestampTzGetDatum(points->ts[i]),
							   Float8GetDatum(points->value[i])};
			bool isnull[2] = {false, false};

			tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
		}
	}
	sh_scan_end(scan);
	return (Datum) 0;
}
