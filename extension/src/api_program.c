/*
 * api_program.c: what the operations on programs need that is not SQL: schedules and diffs.
 *
 * Nothing here runs SQL, hence neither SECURITY DEFINER nor SET.
 */
#include "sh_ext.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/guc.h"

#include "bucket.h"
#include "diff.h"
#include "guc.h"
#include "schedule.h"

/* Of one call of schedule_next(). */
#define MOST_INSTANTS 100000

#define UNIX_EPOCH	  ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

SH_FUNCTION(sh_check_schedule);
SH_FUNCTION(sh_schedule_next_sql);
SH_FUNCTION(sh_schedule_advance);
SH_FUNCTION(sh_unified_diff);

/* ---- schedules ---- */

/* A schedule with its zone. */
typedef struct Timetable
{
	ShSchedule schedule;
	ShZone zone;
	int64 after; /* seconds since 1970 */
	int32 left;	 /* how many are still wanted */
} Timetable;

/* What is due behind the last timestamp is of no use: the last offset goes on there. */
static int32_t
zone_offset(void *context, int64_t instant, int64_t *until)
{
	ShZone *zone = context;
	int64 seconds = Min(instant - UNIX_EPOCH, END_TIMESTAMP / USECS_PER_SEC - 1);
	int32 offset = sh_zone_offset(zone, seconds * USECS_PER_SEC);

	*until = zone->to >= END_TIMESTAMP ? INT64_MAX : zone->to / USECS_PER_SEC + UNIX_EPOCH;
	return offset;
}

/*
 * The zone of schedules that name none. The database's is what the session has started with, whatever
 * it has set since.
 */
static void
open_default_zone(ShZone *zone)
{
	const char *name = GetConfigOptionResetString("TimeZone");

	if (sh_guc_schedule_timezone[0] != '\0')
	{
		sh_zone_open(zone, sh_guc_schedule_timezone);
		return;
	}
	zone->from = zone->to = 0;
	zone->offset = 0;
	zone->tz = name != NULL ? pg_tzset(name) : NULL;
	if (zone->tz == NULL)
		zone->tz = session_timezone;
}

static void
open_timetable(Timetable *timetable, text *text)
{
	const char *reason;

	if (!sh_schedule_parse(VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text), &timetable->schedule,
						   &reason))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("schedule: %s", reason),
						sh_refusal()));
	if (timetable->schedule.zone[0] == '\0')
		open_default_zone(&timetable->zone);
	else if (!sh_zone_find(&timetable->zone, timetable->schedule.zone))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("schedule: there is no such time zone"), sh_refusal()));
}

/* _check_schedule(text): refuses one that cannot be understood. */
Datum
sh_check_schedule(PG_FUNCTION_ARGS)
{
	Timetable timetable;

	open_timetable(&timetable, PG_GETARG_TEXT_PP(0));
	PG_RETURN_VOID();
}

/* The next instant; false: there is none, or no timestamp can tell it. */
static bool
advance(Timetable *timetable, TimestampTz *ts)
{
	ShScheduleZone zone = {zone_offset, &timetable->zone};
	int64 next;

	if (!sh_schedule_next(&timetable->schedule, &zone, timetable->after, &next) ||
		next > END_TIMESTAMP / USECS_PER_SEC + UNIX_EPOCH - 1)
		return false;
	timetable->after = next;
	*ts = (next - UNIX_EPOCH) * USECS_PER_SEC;
	return true;
}

/* Whole seconds since 1970, rounded down. */
static int64
seconds_of(TimestampTz ts)
{
	int64 seconds = ts / USECS_PER_SEC;

	return seconds - (seconds * USECS_PER_SEC > ts) + UNIX_EPOCH;
}

/*
 * schedule_next(schedule, after, count): the next instants at which a schedule is due, at most
 * `count`.
 */
Datum
sh_schedule_next_sql(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	Timetable *timetable;
	TimestampTz ts;

	if (SRF_IS_FIRSTCALL())
	{
		context = SRF_FIRSTCALL_INIT();
		timetable = MemoryContextAlloc(context->multi_call_memory_ctx, sizeof(*timetable));
		context->user_fctx = timetable;
		open_timetable(timetable, PG_GETARG_TEXT_PP(0));
		ts = PG_GETARG_TIMESTAMPTZ(1);
		timetable->left = PG_GETARG_INT32(2);
		if (timetable->left > MOST_INSTANTS)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("count: must be at most %d", MOST_INSTANTS), sh_refusal()));
		if (TIMESTAMP_NOT_FINITE(ts))
			timetable->left = 0;
		else
			timetable->after = seconds_of(ts);
	}
	context = SRF_PERCALL_SETUP();
	timetable = context->user_fctx;
	CHECK_FOR_INTERRUPTS();
	if (timetable->left <= 0 || !advance(timetable, &ts))
		SRF_RETURN_DONE(context);
	timetable->left--;
	SRF_RETURN_NEXT(context, TimestampTzGetDatum(ts));
}

/* What comes before until - RECENT is not counted one by one behind MOST_INSTANTS. */
#define RECENT (5 * 60)

/* Counts the instants behind timetable->after up to until; leaves the last in timetable->after. */
static int64
pass(Timetable *timetable, int64 until)
{
	ShScheduleZone zone = {zone_offset, &timetable->zone};
	int64 every = timetable->schedule.every;
	int64 passed = 0;
	int64 next;

	if (every > 0)
	{
		if (until > timetable->after)
			passed = (until - timetable->after) / every;
		timetable->after += passed * every;
		return passed;
	}
	while (sh_schedule_next(&timetable->schedule, &zone, timetable->after, &next) && next <= until)
	{
		CHECK_FOR_INTERRUPTS();
		timetable->after = next;
		/* Whatever lies between is missed all the same. */
		if (++passed == MOST_INSTANTS && next < until - RECENT)
			timetable->after = until - RECENT;
	}
	return passed;
}

/*
 * _schedule_advance(schedule text, due timestamptz, until timestamptz) -> (last, passed, next): see
 * ddl/49_manager.sql. due is an instant of the schedule, and not after until.
 */
Datum
sh_schedule_advance(PG_FUNCTION_ARGS)
{
	TimestampTz due = PG_GETARG_TIMESTAMPTZ(1);
	TimestampTz until = PG_GETARG_TIMESTAMPTZ(2);
	Timetable timetable;
	TupleDesc descriptor;
	TimestampTz ts = 0;
	Datum values[3];
	bool isnull[3] = {false, false, false};

	if (TIMESTAMP_NOT_FINITE(due) || TIMESTAMP_NOT_FINITE(until) || due > until)
		elog(ERROR, "not an instant of the past");
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row");
	open_timetable(&timetable, PG_GETARG_TEXT_PP(0));
	timetable.after = seconds_of(due);
	values[1] = Int64GetDatum(pass(&timetable, seconds_of(until)) + 1);
	values[0] = TimestampTzGetDatum((timetable.after - UNIX_EPOCH) * USECS_PER_SEC);
	isnull[2] = !advance(&timetable, &ts);
	values[2] = TimestampTzGetDatum(ts);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, isnull));
}

/* ---- diffs ---- */

static void *
allocate(size_t size)
{
	return palloc(size);
}

static void
append(void *context, const char *text, size_t len)
{
	appendBinaryStringInfo(context, text, (int) len);
}

/* _unified_diff(name_a, a, name_b, b) -> bytea: empty where a and b are equal. */
Datum
sh_unified_diff(PG_FUNCTION_ARGS)
{
	bytea *a = PG_GETARG_BYTEA_PP(1);
	bytea *b = PG_GETARG_BYTEA_PP(3);
	StringInfoData out;
	ShDiffHost host = {allocate, pfree, append, &out, 0};

	if (!pg_strong_random(&host.seed, sizeof(host.seed)))
		host.seed = (uint64) GetCurrentTimestamp();
	initStringInfo(&out);
	/* Room for the length of the answer, a bytea. */
	appendStringInfoSpaces(&out, VARHDRSZ);
	if (!sh_diff_unified(&host, text_to_cstring(PG_GETARG_TEXT_PP(0)), VARDATA_ANY(a),
						 VARSIZE_ANY_EXHDR(a), text_to_cstring(PG_GETARG_TEXT_PP(2)),
						 VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b)))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("the texts are too large to compare"), sh_refusal()));
	SET_VARSIZE(out.data, out.len);
	PG_RETURN_BYTEA_P(out.data);
}
