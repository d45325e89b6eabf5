/*
 * tsdata_read_stream.c: from chunk rows to the text of an answer, in pieces.
 *
 * A reader holds one chunk's points and one bucket, whatever the size of the answer. It stops when
 * less than a row's worth of the piece is left and goes on from there. Points without aggregate and
 * conversion are printed straight from the scaled integers that the chunk holds; a chunk that lies
 * in one bucket is aggregated by its header alone.
 */
#include "sh_ext.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "access.h"
#include "store.h"
#include "tsdata_read.h"

/* What must be free of a piece for one more step: a row, or the text around a series. */
#define STEP_MAX (SH_ROW_MAX + SH_UUID_TEXT_SIZE)

typedef enum ReaderState
{
	READER_BEGIN,
	READER_SERIES, /* between two series */
	READER_ROWS,
	READER_END
} ReaderState;

struct ShReader
{
	ShReadRequest request;
	ReaderState state;
	Snapshot snapshot; /* NULL when it is closed */

	/* the series being read */
	int next; /* index of the one after it */
	const ShReadSeries *series;
	char uuid[SH_UUID_TEXT_SIZE];
	ShScan *scan;
	bool any_row;

	/* the chunk being read: points i .. last - 1 */
	ShPoints *points;
	int i;
	int last;

	/* the bucket being filled */
	ShBuckets buckets;
	ShAggregate aggregate;
	ShDayCache day;

	/* the piece being written */
	char *p;
	char *limit;
};

ShReader *
sh_reader_begin(const ShReadRequest *request, Snapshot snapshot)
{
	ShReader *reader = palloc0(sizeof(ShReader));

	reader->request = *request;
	reader->points = palloc(sizeof(ShPoints));
	reader->snapshot = RegisterSnapshot(snapshot);
	return reader;
}

static void
close_scan(ShReader *reader)
{
	ShScan *scan = reader->scan;

	reader->scan = NULL;
	if (scan != NULL)
		sh_scan_end(scan);
}

void
sh_reader_end(ShReader *reader)
{
	Snapshot snapshot = reader->snapshot;

	close_scan(reader);
	reader->snapshot = NULL;
	if (snapshot != NULL)
		UnregisterSnapshot(snapshot);
}

/* ---- writing ---- */

static void
put(ShReader *reader, const char *text)
{
	Size len = strlen(text);

	memcpy(reader->p, text, len);
	reader->p += len;
}

static inline bool
is_full(const ShReader *reader)
{
	return reader->p > reader->limit;
}

/* Everything of a row but ts and v. */
static inline char *
open_row(ShReader *reader)
{
	char *p = reader->p;

	if (reader->request.format == SH_FORMAT_JSON)
	{
		if (reader->any_row)
			*p++ = ',';
	}
	else if (reader->request.many)
	{
		memcpy(p, reader->uuid, SH_UUID_TEXT_SIZE - 1);
		p += SH_UUID_TEXT_SIZE - 1;
		*p++ = ',';
	}
	reader->any_row = true;
	return p;
}

static inline bool
passes(const ShReadRequest *request, double value)
{
	if (request->has_ge && request->has_le && request->le < request->ge)
		return value >= request->ge || value <= request->le;
	return (!request->has_ge || value >= request->ge) && (!request->has_le || value <= request->le);
}

static void
put_row(ShReader *reader, TimestampTz ts, int32 offset, double value)
{
	if (!passes(&reader->request, value))
		return;
	reader->p =
		sh_row_print(open_row(reader), reader->request.format, ts, offset, value, &reader->day);
}

static void
report_out_of_range(const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("v: %s is beyond the range of a 64-bit number", what), sh_refusal()));
}

/* ---- chunks ---- */

/* The first index of ts[0..n-1] whose timestamp is not less than the bound; n: none. */
static int
lower_bound(const int64 *ts, int n, TimestampTz bound)
{
	int low = 0;
	int high = n;

	while (low < high)
	{
		int middle = (low + high) / 2;

		if (ts[middle] < bound)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
decode(ShReader *reader, const ShChunkRow *row)
{
	ShPoints *points = reader->points;

	sh_chunk_row_decode(reader->series->id, row, points);
	reader->i = lower_bound(points->ts, points->n, reader->request.start);
	reader->last = points->n;
	if (points->ts[points->n - 1] > reader->request.end)
		reader->last = lower_bound(points->ts, points->n, reader->request.end + 1);
}

/* ---- points as they are ---- */

static void
put_stored_points(ShReader *reader)
{
	const ShReadRequest *request = &reader->request;
	const ShPoints *points = reader->points;
	ShZone *zone = &reader->request.zone;
	/* Rows that are nothing but time and value, all of them, go in runs. */
	bool in_runs = !request->has_ge && !request->has_le &&
				   !(request->format == SH_FORMAT_CSV && request->many);
	int i = reader->i;

	for (; i < reader->last && !is_full(reader); i++)
	{
		if (in_runs && reader->any_row)
		{
			int32 offset = sh_zone_offset(zone, points->ts[i]);

			reader->p = sh_rows_print_plain(reader->p, reader->limit, request->format, points, &i,
											reader->last, zone->to, offset, &reader->day);
			if (i == reader->last || is_full(reader))
				break;
		}
		if (!passes(&reader->request, points->value[i]))
			continue;
		reader->p = sh_row_print_point(open_row(reader), reader->request.format, points, i,
									   sh_zone_offset(zone, points->ts[i]), &reader->day);
	}
	reader->i = i;
}

static void
put_converted_points(ShReader *reader)
{
	const ShPoints *points = reader->points;
	ShConversion conversion = reader->series->conversion;
	bool is_count = reader->request.aggregate == SH_COUNT;
	int i = reader->i;

	for (; i < reader->last && !is_full(reader); i++)
	{
		double value = conversion.factor * points->value[i] + conversion.offset;

		if (is_count)
			value = 1;
		else if (!isfinite(value))
			report_out_of_range("a converted value");
		put_row(reader, points->ts[i], sh_zone_offset(&reader->request.zone, points->ts[i]), value);
	}
	reader->i = i;
}

/* Prints points of the series until it ends (false) or the piece is full (true). */
static bool
put_points(ShReader *reader)
{
	const ShConversion *conversion = &reader->series->conversion;
	bool as_stored =
		conversion->factor == 1 && conversion->offset == 0 && reader->request.aggregate != SH_COUNT;
	ShChunkRow row;

	while (!is_full(reader))
	{
		if (reader->i == reader->last)
		{
			CHECK_FOR_INTERRUPTS();
			if (!sh_scan_next(reader->scan, &row))
				return false;
			decode(reader, &row);
		}
		if (as_stored)
			put_stored_points(reader);
		else
			put_converted_points(reader);
	}
	return true;
}

/* ---- buckets ---- */

static void
put_bucket(ShReader *reader, TimestampTz start, int32 offset)
{
	const ShConversion *conversion = &reader->series->conversion;
	double value;

	if (reader->aggregate.n == 0)
		return;
	value = sh_aggregate_result(&reader->aggregate, conversion->factor, conversion->offset);
	if (!isfinite(value))
		report_out_of_range(reader->request.aggregate == SH_SUM ? "a sum" : "a converted value");
	put_row(reader, start, offset, value);
	sh_aggregate_reset(&reader->aggregate);
}

/* Goes to the bucket of ts, and prints the one before when that is done with. */
static inline void
enter_bucket(ShReader *reader, TimestampTz ts)
{
	ShBuckets *buckets = &reader->buckets;
	TimestampTz start = buckets->start;
	int32 offset = buckets->offset;

	if (sh_buckets_seek(buckets, ts))
		put_bucket(reader, start, offset);
}

/* Adds a chunk by its header, when all of it lies in the window and in one bucket. */
static bool
add_whole_chunk(ShReader *reader, const ShChunkRow *row)
{
	ShChunkSummary summary;

	if (row->t1 > reader->request.end)
		return false;
	sh_chunk_row_summary(reader->series->id, row, &summary);
	if (summary.first_ts < reader->request.start)
		return false;
	enter_bucket(reader, summary.first_ts);
	return summary.last_ts < reader->buckets.end &&
		   sh_aggregate_add_summary(&reader->aggregate, &summary);
}

/* Adds the points of the chunk, bucket by bucket. */
static void
add_points(ShReader *reader)
{
	const ShPoints *points = reader->points;

	while (reader->i < reader->last && !is_full(reader))
	{
		int i = reader->i;
		int j = i + 1;

		enter_bucket(reader, points->ts[i]);
		while (j < reader->last && points->ts[j] < reader->buckets.end)
			j++;
		sh_aggregate_add(&reader->aggregate, points->value + i, j - i);
		reader->i = j;
	}
}

/* As put_points(), for the buckets of the series. */
static bool
put_buckets(ShReader *reader)
{
	ShChunkRow row;

	while (!is_full(reader))
	{
		if (reader->i == reader->last)
		{
			CHECK_FOR_INTERRUPTS();
			if (!sh_scan_next(reader->scan, &row))
			{
				put_bucket(reader, reader->buckets.start, reader->buckets.offset);
				return false;
			}
			if (add_whole_chunk(reader, &row))
				continue;
			decode(reader, &row);
		}
		add_points(reader);
	}
	return true;
}

/* ---- series ---- */

static void
open_series(ShReader *reader)
{
	ShReadRequest *request = &reader->request;

	reader->series = &request->series[reader->next];
	reader->i = reader->last = 0;
	reader->any_row = false;
	sh_buckets_begin(&reader->buckets, request->precision, &request->zone);
	sh_aggregate_reset(&reader->aggregate);
	reader->aggregate.kind = request->aggregate;
	/* A unit that counts downwards ("-1 m"): its least is our greatest. */
	if (reader->series->conversion.factor < 0 && request->aggregate == SH_MIN)
		reader->aggregate.kind = SH_MAX;
	else if (reader->series->conversion.factor < 0 && request->aggregate == SH_MAX)
		reader->aggregate.kind = SH_MIN;
	if (request->many)
		sh_uuid_print(&reader->series->uuid, reader->uuid);
	if (request->many && request->format == SH_FORMAT_JSON)
		put(reader, reader->next == 0 ? "{\"data\":[" : ",{\"data\":[");
	reader->next++;
	if (request->start <= request->end)
		reader->scan =
			sh_scan_begin(reader->series->id, request->start, request->end, reader->snapshot);
}

static void
close_series(ShReader *reader)
{
	close_scan(reader);
	if (reader->request.many && reader->request.format == SH_FORMAT_JSON)
	{
		put(reader, "],\"uuid\":\"");
		put(reader, reader->uuid);
		put(reader, "\"}");
	}
}

/* One step, which needs STEP_MAX bytes of the piece at most (rows: until it is full). */
static void
step(ShReader *reader)
{
	const ShReadRequest *request = &reader->request;
	bool more;

	switch (reader->state)
	{
		case READER_BEGIN:
			if (request->format == SH_FORMAT_JSON)
				put(reader, "[");
			else
				put(reader, request->many ? "uuid,ts,v\n" : "ts,v\n");
			reader->state = READER_SERIES;
			break;
		case READER_SERIES:
			if (reader->next < request->n)
			{
				open_series(reader);
				reader->state = READER_ROWS;
				break;
			}
			if (request->format == SH_FORMAT_JSON)
				put(reader, "]\n");
			reader->state = READER_END;
			break;
		case READER_ROWS:
			if (reader->scan == NULL)
				more = false;
			else if (request->precision == SH_PRECISION_NONE)
				more = put_points(reader);
			else
				more = put_buckets(reader);
			if (!more)
			{
				close_series(reader);
				reader->state = READER_SERIES;
			}
			break;
		case READER_END:
			break;
	}
}

Size
sh_reader_fill(ShReader *reader, char *buffer)
{
	reader->p = buffer;
	reader->limit = buffer + SH_PIECE_SIZE - 2 * STEP_MAX;
	while (reader->state != READER_END && !is_full(reader))
		step(reader);
	return (Size) (reader->p - buffer);
}
