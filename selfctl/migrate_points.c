/*
 * migrate_points.c: the points, series by series.
 *
 * The points of both sides are read in order, batch by batch, and compared; what the domain has not goes there
 * in batches. So a second run reads both sides and writes nothing, and one that was broken off goes on by
 * itself. While a batch is being written, the next one is read. After a series was written, what it should
 * have now is known, and is compared with what it has: number, sum, and a digest of all of them in order.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "migrate.h"

#define BATCH	   50000
#define POINT_SIZE 16 /* as _restore_points() takes them */

#define SECOND	   INT64_C(1000000)
#define DAY		   (86400 * SECOND)
#define FIRST_TIME (-730119 * DAY)	   /* 0001-01-01T00:00:00Z, from 2000 on */
#define LAST_TIME  (2921940 * DAY - 1) /* 9999-12-31T23:59:59.999999Z */

typedef struct Point
{
	int64_t ts;		/* microseconds since 2000-01-01 */
	uint64_t value; /* the bits of a double */
} Point;

/* One side of a series, read in order from `next` on. */
typedef struct Reader
{
	ShcPg *pg;
	const char *query;
	const char *uuid;
	int64_t next;
	bool is_asked; /* an answer is under way */
	bool at_end;   /* nothing is left to ask for */
	int n;
	int i;
	Point point[BATCH];
} Reader;

/* Why points are left behind, with the first and the last of them. */
typedef struct Leftover
{
	const char *reason;
	uint64_t n;
	int64_t first;
	int64_t last;
} Leftover;

enum
{
	LEFT_VALUE,
	LEFT_TIME,
	LEFT_OTHER,
	LEFT_KINDS
};

typedef struct Digest
{
	uint64_t n;
	double sum;
	uint64_t hash;
} Digest;

typedef struct Series
{
	Migration *migration;
	const char *uuid;
	bool can_write;
	Reader *source;
	Reader *target;
	unsigned char *packed; /* points that go to the domain */
	size_t packed_len;
	bool is_writing;
	uint64_t written;
	uint64_t missing;
	Digest expected;
	Leftover left[LEFT_KINDS];
} Series;

/* What is kept from series to series. */
static struct
{
	Reader source;
	Reader target;
	unsigned char packed[(size_t) BATCH * POINT_SIZE];
	Progress progress;
	uint64_t done;
} state;

/* ---- bytes ---- */

static uint64_t
read_integer(const void *data)
{
	const unsigned char *p = data;
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | p[i];
	return value;
}

static void
write_integer(unsigned char *p, uint64_t value)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		p[i] = (unsigned char) value;
}

static double
double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static void
add_to_digest(Digest *digest, const Point *point)
{
	digest->n++;
	digest->sum += double_of(point->value);
	digest->hash = (digest->hash ^ (uint64_t) point->ts) * UINT64_C(0x9e3779b97f4a7c15);
	digest->hash ^= digest->hash >> 32;
	digest->hash = (digest->hash ^ point->value) * UINT64_C(0x9e3779b97f4a7c15);
	digest->hash ^= digest->hash >> 29;
}

/* A sum may be no number: of infinities, it is none on both sides. */
static bool
digests_agree(const Digest *a, const Digest *b)
{
	return a->n == b->n && a->hash == b->hash &&
		   (a->sum == b->sum || (isnan(a->sum) && isnan(b->sum)));
}

/* ---- reading ---- */

#define READ(table)                                                                          \
	"SELECT p.ts, p.value FROM " table " AS p WHERE p.ts_uuid = $1::text::uuid AND p.ts >= " \
	"$2::timestamptz ORDER BY p.ts LIMIT 50000"

static void
reader_begin(Reader *reader, ShcPg *pg, const char *query, const char *uuid)
{
	reader->pg = pg;
	reader->query = query;
	reader->uuid = uuid;
	reader->next = INT64_MIN; /* -infinity */
	reader->is_asked = reader->at_end = false;
	reader->n = reader->i = 0;
}

static bool
reader_ask(Reader *reader)
{
	unsigned char next[8];
	const ShcPgBytes parameter[] = {{reader->uuid, strlen(reader->uuid)}, {next, sizeof(next)}};

	write_integer(next, (uint64_t) reader->next);
	reader->is_asked = true;
	return shc_pg_send(reader->pg, reader->query, 2, parameter);
}

static bool
take_point(void *context, int n, const ShcPgBytes *value)
{
	Reader *reader = context;
	Point *point = &reader->point[reader->n++];

	(void) n;
	point->ts = (int64_t) read_integer(value[0].data);
	point->value = read_integer(value[1].data);
	return true;
}

static bool
reader_take(Reader *reader)
{
	reader->n = reader->i = 0;
	reader->is_asked = false;
	if (!shc_pg_receive(reader->pg, take_point, reader))
		return false;
	if (reader->n < BATCH || reader->point[reader->n - 1].ts == INT64_MAX)
		reader->at_end = true;
	else
		reader->next = reader->point[reader->n - 1].ts + 1;
	return true;
}

/* The point that is next, or NULL behind the last; after reader_fill(). */
static const Point *
reader_point(const Reader *reader)
{
	return reader->i < reader->n ? &reader->point[reader->i] : NULL;
}

/* ---- writing ---- */

static bool
write_end(Series *series)
{
	if (!series->is_writing)
		return true;
	series->is_writing = false;
	return shc_pg_receive(series->target->pg, NULL, NULL);
}

static bool
write_begin(Series *series)
{
	static const char query[] = "SELECT selfhost._restore_points($1::text::uuid, $2::bytea)";
	const ShcPgBytes parameter[] = {{series->uuid, strlen(series->uuid)},
									{series->packed, series->packed_len}};

	if (series->packed_len == 0)
		return true;
	if (!write_end(series) || !shc_pg_send(series->target->pg, query, 2, parameter))
		return false;
	series->is_writing = true;
	series->written += series->packed_len / POINT_SIZE;
	series->packed_len = 0;
	return true;
}

static bool
add_missing(Series *series, const Point *point)
{
	series->missing++;
	if (!series->can_write)
		return true;
	write_integer(series->packed + series->packed_len, (uint64_t) point->ts);
	write_integer(series->packed + series->packed_len + 8, point->value);
	series->packed_len += POINT_SIZE;
	return series->packed_len < sizeof(state.packed) || write_begin(series);
}

/* ---- comparing ---- */

/* Both sides have a point to look at, or are at their ends. What is written goes first: one connection. */
static bool
fill(Series *series)
{
	if (series->target->i == series->target->n && !series->target->at_end &&
		!(write_begin(series) && write_end(series) && reader_ask(series->target) &&
		  reader_take(series->target)))
		return false;
	if (series->source->i < series->source->n || series->source->at_end)
		return true;
	if (migrate_is_interrupted() || (!series->source->is_asked && !reader_ask(series->source)) ||
		!reader_take(series->source))
		return false;
	state.done += (uint64_t) series->source->n;
	progress_show(&state.progress, state.done, state.done);
	/* The source looks for the next ones while these are dealt with. */
	return series->source->at_end || reader_ask(series->source);
}

static void
leave(Series *series, int kind, const Point *point)
{
	Leftover *left = &series->left[kind];

	if (left->n++ == 0)
		left->first = point->ts;
	left->last = point->ts;
}

/* Whether the domain can have it; else it is left. */
static bool
is_fit(Series *series, const Point *point)
{
	if (!isfinite(double_of(point->value)))
		leave(series, LEFT_VALUE, point);
	else if (point->ts < FIRST_TIME || point->ts > LAST_TIME)
		leave(series, LEFT_TIME, point);
	else
		return true;
	return false;
}

/* Goes on by a point, of either side or of both. */
static bool
step(Series *series, const Point *source, const Point *target)
{
	if (source != NULL && (target == NULL || source->ts < target->ts))
	{
		series->source->i++;
		if (!is_fit(series, source))
			return true;
		add_to_digest(&series->expected, source);
		return add_missing(series, source);
	}
	series->target->i++;
	add_to_digest(&series->expected, target);
	if (source == NULL || source->ts > target->ts)
		return true; /* the domain's own */
	series->source->i++;
	if (!is_fit(series, source))
		return true;
	if (source->value != target->value)
		leave(series, LEFT_OTHER, source);
	else
		migrate_report_count(&series->migration->report, MIGRATE_POINT, MIGRATE_PRESENT, 1);
	return true;
}

static bool
compare(Series *series)
{
	while (fill(series))
	{
		const Point *source = reader_point(series->source);
		const Point *target = reader_point(series->target);

		if (source == NULL && target == NULL)
			return write_begin(series) && write_end(series);
		if (!step(series, source, target))
			return false;
	}
	return false;
}

/* ---- one series ---- */

static const char source_query[] = READ("tsdata");
static const char target_query[] = READ("selfhost.tsdata");

static void
begin_series(Series *series, Migration *migration, const char *uuid, bool can_write)
{
	*series = (Series){
		.migration = migration,
		.uuid = uuid,
		.can_write = can_write,
		.source = &state.source,
		.target = &state.target,
		.packed = state.packed,
		.left = {[LEFT_VALUE] = {.reason = "the value is no finite number"},
				 [LEFT_TIME] = {.reason = "the time is not in the years 0001 to 9999"},
				 [LEFT_OTHER] = {.reason = "the domain has another value at that time"}},
	};
	reader_begin(series->source, migration->source, source_query, uuid);
	reader_begin(series->target, migration->target, target_query, uuid);
}

/* ISO 8601, whose year 0000 is 1 BC. */
static void
print_time(int64_t ts, char *out, size_t size)
{
	bool is_finite = ts != INT64_MIN && ts != INT64_MAX;
	int64_t in_second = is_finite ? ((ts % SECOND) + SECOND) % SECOND : 0;
	time_t seconds = is_finite ? (time_t) ((ts - in_second) / SECOND + 946684800) : 0;
	struct tm tm;

	if (!is_finite || gmtime_r(&seconds, &tm) == NULL)
		snprintf(out, size, "%sinfinity", ts < 0 ? "-" : "");
	else
		snprintf(out, size, "%s%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year < -1900 ? "-" : "",
				 abs(tm.tm_year + 1900), tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
				 tm.tm_sec, (int) in_second);
}

static void
report_left(Series *series)
{
	MigrateReport *report = &series->migration->report;

	for (int i = 0; i < LEFT_KINDS; i++)
	{
		const Leftover *left = &series->left[i];
		char text[300];
		char first[64];
		char last[64];

		if (left->n == 0)
			continue;
		print_time(left->first, first, sizeof(first));
		print_time(left->last, last, sizeof(last));
		if (left->n == 1)
			snprintf(text, sizeof(text), "that at %s: %s", first, left->reason);
		else
			snprintf(text, sizeof(text), "%" PRIu64 " of them, from %s to %s: %s", left->n, first,
					 last, left->reason);
		migrate_report_count(report, MIGRATE_POINT, MIGRATE_LEFT, left->n);
		migrate_report_row(report, MIGRATE_POINT, "left behind", series->uuid, NULL, text);
	}
}

/* All points that the domain has of the series. */
static bool
read_digest(const Series *series, Digest *digest)
{
	Reader *reader = series->target;

	*digest = (Digest){0};
	reader_begin(reader, series->migration->target, target_query, series->uuid);
	while (!reader->at_end)
	{
		if (migrate_is_interrupted() || !reader_ask(reader) || !reader_take(reader))
			return false;
		for (int i = 0; i < reader->n; i++)
			add_to_digest(digest, &reader->point[i]);
	}
	return true;
}

/*
 * Whether the domain has now what it should have. If not, somebody may have written to it meanwhile: then
 * every point of the source must be there all the same.
 */
static bool
verify(Series *series, bool *is_good)
{
	Migration *migration = series->migration;
	MigrateReport kept = migration->report;
	Digest digest;
	Series again;
	bool good;

	*is_good = series->missing == 0;
	if (series->written == 0)
		return true;
	if (!read_digest(series, &digest))
		return false;
	*is_good = digests_agree(&digest, &series->expected);
	if (*is_good)
		return true;
	begin_series(&again, migration, series->uuid, false);
	good = compare(&again);
	migration->report = kept;
	*is_good = again.missing == 0 && again.left[LEFT_OTHER].n == series->left[LEFT_OTHER].n;
	return good;
}

static bool
move_series(Migration *migration, const char *uuid)
{
	MigrateReport *report = &migration->report;
	bool is_good = false;
	Series series;

	begin_series(&series, migration, uuid, !migration->dry_run);
	if (!compare(&series))
		return false;
	report->series++;
	migrate_report_count(report, MIGRATE_POINT, MIGRATE_MOVED,
						 migration->dry_run ? series.missing : series.written);
	report_left(&series);
	if (!migration->dry_run && !verify(&series, &is_good))
		return false;
	if (is_good)
		report->series_verified++;
	else if (!migration->dry_run)
		migrate_report_row(report, MIGRATE_TIMESERIES, "differs", uuid, NULL,
						   "the points in the domain are not those of the source");
	return true;
}

/* About how many points there are. */
static uint64_t
estimate(ShcPg *source)
{
	static const char query[] =
		"SELECT sum(CASE WHEN c.reltuples > 0 THEN c.reltuples ELSE pg_relation_size(c.oid) / 76 "
		"END)::bigint"
		" FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid"
		" WHERE i.inhparent = 'tsdata'::regclass";
	char *text = NULL;
	uint64_t n = 0;

	if (shc_pg_value(source, query, 0, NULL, &text) && text != NULL)
		n = strtoull(text, NULL, 10);
	free(text);
	return n;
}

bool
migrate_points(Migration *migration)
{
	bool good;

	progress_begin(&state.progress, migration->dry_run ? "comparing" : "migrating", "points",
				   estimate(migration->source), 0);
	migration->report.progress = &state.progress;
	good = migrate_each(migration, "timeseries", move_series);
	migration->report.progress = NULL;
	progress_end(&state.progress);
	return good;
}
