/*
 * load_read.c: reads of one connection, the targets in turn. In each turn a target is asked several
 * times in a row and the median counts, so that none is measured with the caches that another has
 * left. The series alternate. The first answer of each target is checked for its number of points.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "load.h"

#define DAY			86400
#define TURN_US		1200000 /* a slow target is asked less often in a turn, */
#define LEAST_ASKED 3		/* but at least so often */
#define MOST_ASKED	1000

typedef struct Read
{
	const char *name;
	int n_series;
	int64_t start;
	int64_t end;
	const char *precision;
	size_t points; /* expected for each series */
	bool buckets_as_json;
} Read;

static const Read reads[] = {
	{"day", 1, YEAR_START + 151 * DAY, YEAR_START + 152 * DAY - 1, NULL, 144, false},
	{"month", 1, YEAR_START, YEAR_START + 31 * DAY - 1, NULL, 4464, false},
	{"year", 1, YEAR_START, YEAR_START + 365 * DAY, NULL, YEAR_POINTS, false},
	{"year of 3 series", 3, YEAR_START, YEAR_START + 365 * DAY, NULL, YEAR_POINTS, false},
	{"month of 100 series", 100, YEAR_START, YEAR_START + 31 * DAY - 1, NULL, 4464, false},
	{"hours of a year", 1, YEAR_START, YEAR_START + 365 * DAY, "hour", 8761, false},
	{"hours of a year as JSON", 1, YEAR_START, YEAR_START + 365 * DAY, "hour", 8761, true},
	{"days of a year", 1, YEAR_START, YEAR_START + 365 * DAY, "day", 366, false},
	{"months of a year", 1, YEAR_START, YEAR_START + 365 * DAY, "month", 13, false},
	{"1000 points of a random series", 1, YEAR_START, YEAR_START + 31 * DAY - 1, NULL, 1000, false},
};

static Uuid *series;
static int n_series;

static const Read *
find_read(void)
{
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
	{
		if (settings.what != NULL && strcmp(reads[i].name, settings.what) == 0)
			return &reads[i];
	}
	fail("unknown read", settings.what != NULL ? settings.what : "(none)");
}

/* The first series are those of a year: "series" of them. */
static Query
make_query(const Read *read, uint64_t number)
{
	uint64_t choices = settings.series > 0 ? (uint64_t) settings.series : (uint64_t) n_series;
	uint64_t first = choices > (uint64_t) read->n_series
						 ? random_next(&number) % (choices - (uint64_t) read->n_series + 1)
						 : 0;

	if (n_series < read->n_series)
		fail(settings.list, "has too few series");
	return (Query){.dataset = settings.dataset,
				   .series = (const Uuid *) series + first,
				   .n_series = read->n_series,
				   .start = read->start,
				   .end = read->end,
				   .precision = read->precision,
				   .buckets_as_json = read->buckets_as_json};
}

/*
 * One request; returns its time. VictoriaMetrics counts the bucket of a moment from the points before
 * it, which may be one bucket more or less.
 */
static double
ask(Conn *conn, const Read *read, uint64_t number, bool check, size_t *bytes)
{
	Query query = make_query(read, number);
	char *request = conn->target->request(&query);
	size_t expected = read->points * (size_t) read->n_series;
	size_t points = expected;
	double begin = now_us();
	double us;

	*bytes = conn->target->read(conn, &query, request, check ? &points : NULL);
	us = now_us() - begin;
	free(request);
	if (points != expected && !(conn->target == &target_victoria && read->precision != NULL &&
								points + 1 >= expected && points <= expected + 1))
	{
		char text[128];

		snprintf(text, sizeof(text), "%s: %zu points instead of %zu", conn->target->name, points,
				 expected);
		fail(read->name, text);
	}
	return us;
}

/* The connection has done this before, but the points of the next request are not in memory. */
static void
ask_elsewhere(Conn *conn, const Read *read)
{
	Query query = make_query(read, 0);
	char *request;

	query.series = (const Uuid *) series + n_series - query.n_series;
	query.start = YEAR_START - 3650 * (int64_t) DAY;
	query.end = query.start + DAY;
	request = conn->target->request(&query);
	conn->target->read(conn, &query, request, NULL);
	free(request);
}

static void
turn(Conn *conn, const Read *read, long repetition)
{
	double times[MOST_ASKED];
	long most = settings.in_a_row < MOST_ASKED ? settings.in_a_row : MOST_ASKED;
	size_t bytes = 0;
	size_t n = 0;
	double total = 0;
	CpuTimes before = cpu_now();
	CpuTimes used;

	while ((long) n < most && (total < TURN_US || n < LEAST_ASKED))
	{
		times[n] = ask(conn, read, (uint64_t) (repetition * most) + n, false, &bytes);
		total += times[n++];
	}
	used = cpu_between(before, cpu_now());
	printf("{\"repetition\":%ld,\"target\":\"%s\",\"us\":%.1f,\"bytes\":%zu,\"asked\":%zu",
		   repetition, conn->target->name, quantile(times, n, 0.5), bytes, n);
	cpu_print(conn->target, used, (double) n);
	printf("}\n");
	fflush(stdout);
}

void
load_read(void)
{
	const Target *targets[MAX_TARGETS];
	Conn conns[MAX_TARGETS] = {0};
	const Read *read = find_read();
	int n = targets_chosen(targets);
	int used = 0;

	series = series_read(&n_series);
	for (int i = 0; i < n; i++)
	{
		Query query = make_query(read, 0);
		char *request = targets[i]->request(&query);
		size_t bytes;

		if (request == NULL)
			continue;
		free(request);
		conns[used].target = targets[i];
		targets[i]->open(&conns[used]);
		if (settings.in_a_row > 1)
			ask(&conns[used], read, 0, true, &bytes);
		else
			ask_elsewhere(&conns[used], read);
		used++;
	}
	for (long r = settings.first_repetition; r < settings.first_repetition + settings.repetitions;
		 r++)
	{
		for (int i = 0; i < used; i++)
			turn(&conns[(i + r) % used], read, r);
	}
	for (int i = 0; i < used; i++)
		conns[i].target->close(&conns[i]);
	free(series);
}
