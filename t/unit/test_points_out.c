/*
 * test_points_out.c: rows as they are printed; what is printed from a chunk is what is printed from the
 * values, and is read back by the parser.
 */
#include "points_out.h"

#include <math.h>

#include "points_in.h"
#include "tap.h"

#define N 1000

static uint64_t state;
static ShPoints points;

static const char *
row(ShFormat format, int64_t ts, int32_t offset, double value)
{
	static char text[SH_ROW_MAX + 1];
	ShDayCache cache = {0};

	*sh_row_print(text, format, ts, offset, value, &cache) = '\0';
	return text;
}

static void
test_rows(void)
{
	int64_t ts = INT64_C(599616000000000);

	is_str(row(SH_FORMAT_JSON, ts, 0, 21.5), "{\"ts\":\"2019-01-01T00:00:00Z\",\"v\":21.5}",
		   "JSON");
	is_str(row(SH_FORMAT_CSV, ts, 0, 21.5), "2019-01-01T00:00:00Z,21.5\n", "CSV");
	is_str(row(SH_FORMAT_JSON, ts + 5, 3600, -1e300),
		   "{\"ts\":\"2019-01-01T01:00:00.000005+01:00\",\"v\":-1e+300}", "JSON with an offset");
	is_str(row(SH_FORMAT_JSON, ts, 0, NAN), "{\"ts\":\"2019-01-01T00:00:00Z\",\"v\":null}",
		   "JSON of what is not a number");
	is_str(row(SH_FORMAT_CSV, ts, 0, INFINITY), "2019-01-01T00:00:00Z,\n",
		   "CSV of what is not finite");
}

static double
make_value(int kind)
{
	double uniform = (double) (tap_random(&state) >> 11) / 9007199254740992.0;

	switch (kind)
	{
		case 0:
			return round(uniform * 400) / 10 - 20;
		case 1:
			return uniform * 1000;
		case 2:
			return tap_random(&state) % 20 == 0 ? uniform : round(uniform * 1e6) / 1e4;
		case 3:
			return round(uniform * 1e9) / 1e9 / 1e3;
		default:
			return (double) (tap_random(&state) >> (tap_random(&state) % 60)) *
				   (tap_random(&state) % 2 ? 1 : -1);
	}
}

/* Chunks of every kind of value: JSON and CSV from the chunk, from the values, and parsed again. */
static bool
round_trip(int kind, ShFormat format)
{
	static int64_t ts[N];
	static double value[N];
	static char from_chunk[N * SH_ROW_MAX + 2];
	static char from_values[N * SH_ROW_MAX + 2];
	static int64_t parsed_ts[N * SH_ROW_MAX / 20];
	static double parsed_value[N * SH_ROW_MAX / 20];
	ShPointRows rows = {.ts = parsed_ts, .value = parsed_value};
	ShBodyError error;
	ShDayCache a = {0};
	ShDayCache b = {0};
	uint8_t data[SH_CHUNK_MAX_BYTES];
	size_t len;
	int n;
	char *p = from_chunk;
	char *q = from_values;

	for (int i = 0; i < N; i++)
	{
		ts[i] = (i == 0 ? INT64_C(599616000000000) : ts[i - 1]) +
				(kind == 1 ? 600000000 : 1 + (int64_t) (tap_random(&state) >> 34));
		value[i] = make_value(kind);
	}
	n = sh_chunk_fill(ts, value, N, data, sizeof(data), &len);
	if (!sh_chunk_decode(data, len, &points))
		return false;
	for (int i = 0; i < n; i++)
	{
		if (format == SH_FORMAT_JSON)
			*p++ = *q++ = i == 0 ? '[' : ',';
		p = sh_row_print_point(p, format, &points, i, 0, &a);
		q = sh_row_print(q, format, ts[i], 0, value[i], &b);
	}
	if (format == SH_FORMAT_JSON)
		*p++ = *q++ = ']';
	if (p - from_chunk != q - from_values ||
		memcmp(from_chunk, from_values, (size_t) (p - from_chunk)) != 0)
	{
		printf("# from the chunk:  %.200s\n# from the values: %.200s\n", from_chunk, from_values);
		return false;
	}
	if (!(format == SH_FORMAT_JSON
			  ? sh_points_parse_json(from_chunk, (size_t) (p - from_chunk), &rows, &error)
			  : sh_points_parse_csv(from_chunk, (size_t) (p - from_chunk), &rows, &error)))
	{
		printf("# %s\n", error.message);
		return false;
	}
	return rows.n == (size_t) n && memcmp(parsed_ts, ts, n * sizeof(*ts)) == 0 &&
		   memcmp(parsed_value, value, n * sizeof(*value)) == 0;
}

/* ---- runs of plain rows ---- */

static uint64_t
below(uint64_t n)
{
	return tap_random(&state) % n;
}

/* Points with now and then what does not belong into a run. */
static void
make_run(int scale)
{
	static const double powers[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
	/* From year 1 to 9999, by chance near the ends of days. */
	int64_t ts = (int64_t) below(INT64_C(315537000000)) - INT64_C(63082000000);
	int64_t step = (int64_t) below(3) ? (int64_t) below(100000) + 1 : 1;

	ts *= 1000000;
	points.n = N;
	points.scale = (uint8_t) scale;
	points.any_exception = below(2);
	memset(points.exception, 0, sizeof(points.exception));
	for (int i = 0; i < N; i++)
	{
		points.ts[i] = ts + (below(50) == 0);
		points.scaled[i] = (int64_t) below(UINT64_C(1) << below(40)) * (below(2) ? 1 : -1);
		points.value[i] = (double) points.scaled[i] / powers[scale];
		if (points.any_exception && below(20) == 0)
		{
			points.exception[i / 64] |= UINT64_C(1) << (i % 64);
			points.value[i] = make_value(4);
		}
		ts += (step + (int64_t) (below(10) == 0)) * 1000000;
	}
}

/* How many rows went in runs. */
static long plain_rows;

static bool
run_is_the_same(ShFormat format)
{
	static char expected[N * SH_ROW_MAX];
	static char text[N * SH_ROW_MAX + SH_ROW_MAX];
	int32_t offset = (int32_t) (below(64) * 1800) - 16 * 3600;
	int64_t until = points.ts[below(N)];
	ShDayCache cache = {0};
	char *e = expected;
	char *p = text;

	for (int i = 0; i < N; i++)
	{
		if (format == SH_FORMAT_JSON)
			*e++ = ',';
		e = sh_row_print_point(e, format, &points, i, offset, &cache);
	}
	cache.valid = false;
	for (int i = 0; i < N; i++)
	{
		int before = i;

		/* A limit that is met now and then. */
		p = sh_rows_print_plain(p, p + below(2000), format, &points, &i, N,
								i < N / 2 ? until : INT64_MAX, offset, &cache);
		plain_rows += i - before;
		if (i == N)
			break;
		if (format == SH_FORMAT_JSON)
			*p++ = ',';
		p = sh_row_print_point(p, format, &points, i, offset, &cache);
	}
	return p - text == e - expected && memcmp(text, expected, (size_t) (e - expected)) == 0;
}

static void
test_runs(long rounds)
{
	for (int scale = 0; scale <= 9; scale++)
	{
		int bad = 0;

		plain_rows = 0;
		for (long i = 0; i < rounds; i++)
		{
			make_run(scale);
			bad += !run_is_the_same(i % 2 ? SH_FORMAT_JSON : SH_FORMAT_CSV);
		}
		ok(bad == 0, "runs of scale %d are the rows one by one", scale);
		ok(plain_rows > rounds * N / 10, "and %ld rows went in runs", plain_rows);
	}
}

int
main(void)
{
	long rounds = tap_setting("ROUNDS", 100);

	state = tap_seed();
	test_rows();
	for (int kind = 0; kind < 5; kind++)
	{
		int bad = 0;

		for (long i = 0; i < rounds; i++)
			bad += !round_trip(kind, i % 2 ? SH_FORMAT_JSON : SH_FORMAT_CSV);
		ok(bad == 0, "values of kind %d, printed and parsed", kind);
	}
	test_runs(rounds);
	return done();
}
