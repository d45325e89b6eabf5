/*
 * micro.c: what the codec, the parser and the printer cost, without a server: nanoseconds a point, and
 * the bytes a point of whole chunks. "bench/micro [file.csv]": the file is a series of a real sensor,
 * "YYYY-MM-DD HH:MM:SS,value" with a line of names before it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chunk.h"
#include "points_in.h"
#include "points_out.h"

/* As JSON that is 4.5 MB, nearly the most that a body may have. */
#define POINTS	 100000
#define ROUNDS	 21
#define SECOND	 INT64_C(1000000)
#define YEAR2019 (INT64_C(599616000) * SECOND)

typedef struct Chunk
{
	uint8_t data[SH_CHUNK_MAX_BYTES];
	size_t len;
} Chunk;

static int64_t ts[POINTS];
static double value[POINTS];
static Chunk *chunks;
static int n_chunks;
static ShPoints points;
static char *text;
static size_t text_len;
static int64_t *parsed_ts;
static double *parsed_value;

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static void
fail(const char *what)
{
	fprintf(stderr, "micro: %s\n", what);
	exit(1);
}

static void
encode(int n)
{
	n_chunks = 0;
	for (int i = 0; i < n;)
	{
		Chunk *chunk = &chunks[n_chunks++];

		i += sh_chunk_fill(ts + i, value + i, n - i, chunk->data, sizeof(chunk->data), &chunk->len);
	}
}

static void
decode(int n)
{
	int count = 0;

	for (int i = 0; i < n_chunks; i++)
	{
		if (!sh_chunk_decode(chunks[i].data, chunks[i].len, &points))
			fail("a chunk is corrupt");
		count += points.n;
	}
	if (count != n)
		fail("points are missing");
}

static void
decode_and_print(int n)
{
	ShDayCache cache = {0};
	char *p = text;

	(void) n;
	*p++ = '[';
	for (int i = 0; i < n_chunks; i++)
	{
		if (!sh_chunk_decode(chunks[i].data, chunks[i].len, &points))
			fail("a chunk is corrupt");
		for (int j = 0; j < points.n; j++)
		{
			p = sh_row_print_point(p, SH_FORMAT_JSON, &points, j, 0, &cache);
			*p++ = ',';
		}
	}
	p[-1] = ']';
	text_len = (size_t) (p - text);
}

static void
parse(int n)
{
	ShPointRows rows = {.ts = parsed_ts, .value = parsed_value};
	ShBodyError error;

	if (!sh_points_parse_json(text, text_len, &rows, &error))
		fail(error.message);
	if (rows.n != (size_t) n)
		fail("not all points were parsed");
}

static void
compare_parsed(int n)
{
	if (memcmp(parsed_value, value, n * sizeof(*value)) != 0 ||
		memcmp(parsed_ts, ts, n * sizeof(*ts)) != 0)
		fail("what was parsed is not what was printed");
}

static void
summarise(int n)
{
	ShChunkSummary summary;

	(void) n;
	for (int i = 0; i < n_chunks; i++)
		if (!sh_chunk_summary(chunks[i].data, chunks[i].len, &summary))
			fail("a chunk is corrupt");
}

/* Appends of single points: the tail of up to 128 points is decoded and encoded each time. */
static void
append(int n)
{
	uint8_t data[SH_CHUNK_MAX_BYTES];

	for (int i = 0; i < n; i++)
		if (sh_chunk_encode(ts + i - i % 128, value + i - i % 128, i % 128 + 1, data,
							sizeof(data)) == 0)
			fail("a tail does not fit");
}

/* The least of some rounds: the machine's other work only ever adds. */
static double
measure(void (*what)(int), int n)
{
	double best = INFINITY;

	for (int round = 0; round < ROUNDS; round++)
	{
		double start = now_ns();

		what(n);
		best = fmin(best, (now_ns() - start) / n);
	}
	return best;
}

typedef struct Cost
{
	double encode;
	double print; /* decoding included */
	double parse;
} Cost;

static Cost
report(const char *name, int n)
{
	Cost cost = {.encode = measure(encode, n)};
	size_t bytes = 0;

	for (int i = 0; i < n_chunks; i++)
		bytes += chunks[i].len;
	printf("%-26s %8.3f %7.0f", name, (double) bytes / n, (double) n / n_chunks);
	printf(" %8.2f %8.2f", cost.encode, measure(decode, n));
	printf(" %8.3f", measure(summarise, n));
	printf(" %8.1f", measure(append, n < 100000 ? n : 100000));
	cost.print = measure(decode_and_print, n);
	cost.parse = measure(parse, n);
	compare_parsed(n);
	printf(" %8.1f %8.1f\n", cost.print, cost.parse);
	fflush(stdout);
	return cost;
}

static void
compare(const char *what, double ns, double goal)
{
	printf("%-50s %6.1f ns a point, goal %2.0f: %s\n", what, ns, goal,
		   ns <= goal ? "met" : "NOT MET");
}

static double
uniform(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double) (*state >> 33) / 2147483648.0;
}

static void
make(int64_t step, int64_t jitter, int kind)
{
	uint64_t state = 1;
	double level = 0;

	for (int i = 0; i < POINTS; i++)
	{
		ts[i] = YEAR2019 + i * step + (int64_t) (uniform(&state) * (double) jitter);
		level += (uniform(&state) - 0.5) * 0.4;
		if (kind == 0)
			value[i] =
				round((20.0 + level + 3.0 * sin(i * 600 / 86400.0 * 2.0 * M_PI)) * 10.0) / 10.0;
		else if (kind == 1)
			value[i] = (uniform(&state) + uniform(&state) / 2147483648.0) * 1000.0;
		else if (kind == 2)
			value[i] = 21.5;
		else
			value[i] = (double) (float) (20.0 + level);
	}
}

static int
load(const char *name)
{
	FILE *file = fopen(name, "r");
	char line[256];
	int n = 0;

	if (file == NULL)
		fail(name);
	while (n < POINTS && fgets(line, sizeof(line), file) != NULL)
	{
		struct tm tm = {0};
		char *comma = strchr(line, ',');

		if (comma == NULL || strptime(line, "%Y-%m-%d %H:%M:%S", &tm) == NULL)
			continue;
		ts[n] = ((int64_t) timegm(&tm) - 946684800) * SECOND;
		value[n] = strtod(comma + 1, NULL);
		if (n == 0 || ts[n] > ts[n - 1])
			n++;
	}
	fclose(file);
	return n;
}

int
main(int argc, char **argv)
{
	Cost walk;
	Cost digits;
	size_t room = (size_t) POINTS * SH_ROW_MAX + 2;

	chunks = malloc(sizeof(Chunk) * (POINTS / 100));
	text = malloc(room);
	parsed_ts = malloc(sh_points_capacity(room, false) * sizeof(*parsed_ts));
	parsed_value = malloc(sh_points_capacity(room, false) * sizeof(*parsed_value));
	if (chunks == NULL || text == NULL || parsed_ts == NULL || parsed_value == NULL)
		fail("out of memory");

	printf("%-26s %8s %7s %8s %8s %8s %8s %8s %8s\n", "", "bytes", "points", "encode", "decode",
		   "summary", "append", "print", "parse");
	printf("%-26s %8s %7s %8s %8s %8s %8s %8s %8s\n", "", "a point", "a chunk", "ns", "ns", "ns",
		   "ns", "ns", "ns");
	make(600 * SECOND, 0, 0);
	walk = report("walk", POINTS);
	make(600 * SECOND, 2000, 0);
	report("walk, 2 ms of jitter", POINTS);
	make(600 * SECOND, 0, 1);
	digits = report("random", POINTS);
	make(600 * SECOND, 0, 3);
	report("walk of floats", POINTS);
	make(600 * SECOND, 0, 2);
	report("constant", POINTS);
	for (int i = 1; i < argc; i++)
	{
		const char *slash = strrchr(argv[i], '/');

		report(slash != NULL ? slash + 1 : argv[i], load(argv[i]));
	}
	printf("\n");
	compare("decode and print as JSON, short decimals", walk.print, 25);
	compare("decode and print as JSON, 17 digits", digits.print, 60);
	compare("parse JSON and encode, short decimals", walk.parse + walk.encode, 35);
	compare("parse JSON and encode, 17 digits", digits.parse + digits.encode, 60);
	return 0;
}
