/*
 * load_ingest.c: settings.requests requests of settings.points points on each of
 * settings.connections connections, the targets in turn. Bodies are made before the clock starts,
 * each series gets its points in the order of time, and all series are new.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "load.h"

/* One thread's: request i goes to the series of its number. */
typedef struct Batches
{
	Body *bodies;
	Uuid *series;
	size_t *series_of;
} Batches;

static Points year;

static void
prepare(Member *member)
{
	const Target *target = member->conn.target;
	size_t requests = (size_t) settings.requests;
	size_t n = (size_t) settings.points;
	size_t per_series = year.n / n;
	size_t n_series = (requests + per_series - 1) / per_series;
	Batches *batches = calloc(1, sizeof(*batches));

	if (batches == NULL || per_series == 0)
		fail("ingest", "out of memory, or too many points a request");
	batches->bodies = calloc(requests, sizeof(*batches->bodies));
	batches->series = calloc(n_series, sizeof(*batches->series));
	batches->series_of = calloc(requests, sizeof(*batches->series_of));
	if (batches->bodies == NULL || batches->series == NULL || batches->series_of == NULL)
		fail("ingest", "out of memory");
	for (size_t s = 0; s < n_series; s++)
	{
		uuid_make(batches->series[s]);
		target->create_series(&member->conn, batches->series[s]);
	}
	for (size_t i = 0; i < requests; i++)
	{
		batches->series_of[i] = i / per_series;
		target->body(&batches->bodies[i], settings.dataset, batches->series[i / per_series], &year,
					 i % per_series * n, n);
	}
	member->work = batches;
}

static void
send_all(Member *member)
{
	Batches *batches = member->work;

	for (size_t i = 0; i < (size_t) settings.requests; i++)
	{
		double begin = now_us();

		member->conn.target->write(&member->conn, settings.dataset,
								   batches->series[batches->series_of[i]], &batches->bodies[i]);
		crew_count(member, now_us() - begin);
	}
}

static void
release(Member *member)
{
	Batches *batches = member->work;

	for (long i = 0; i < settings.requests; i++)
		body_free(&batches->bodies[i]);
	free(batches->bodies);
	free(batches->series);
	free(batches->series_of);
	free(batches);
}

/* The first series has all the points that were sent to it. */
static void
verify(Member *member)
{
	const Target *target = member->conn.target;
	Batches *batches = member->work;
	Query query = {.dataset = settings.dataset,
				   .series = batches->series,
				   .n_series = 1,
				   .start = YEAR_START,
				   .end = YEAR_START + (int64_t) YEAR_POINTS * STEP};
	char *request = target->request(&query);
	size_t per_series = year.n / (size_t) settings.points;
	size_t expected = (size_t) settings.points;
	size_t points;

	expected *= (size_t) settings.requests < per_series ? (size_t) settings.requests : per_series;
	/* What VictoriaMetrics has taken cannot be read at once. */
	if (target != &target_victoria)
	{
		target->read(&member->conn, &query, request, &points);
		if (points != expected)
			fail(target->name, "has not stored all points");
	}
	free(request);
}

static void
ingest_once(const Target *target, long repetition)
{
	int n = (int) settings.connections;
	Member *members = calloc((size_t) n, sizeof(*members));
	CrewResult result;

	if (members == NULL)
		fail("ingest", "out of memory");
	crew_open(members, n, target);
	target->create_dataset(&members[0].conn, settings.dataset, repetition == 0);
	for (int i = 0; i < n; i++)
		prepare(&members[i]);
	cpu_wait_for_peers();
	result = crew_run(members, n, send_all);
	printf("{\"repetition\":%ld,\"target\":\"%s\",\"seconds\":%.6f,\"requests\":%zu,\"points\":%zu,"
		   "\"p50_us\":%.1f,\"p99_us\":%.1f",
		   repetition, target->name, result.seconds, result.requests,
		   result.requests * (size_t) settings.points, result.p50_us, result.p99_us);
	cpu_print(target, result.cpu, (double) result.requests);
	printf("}\n");
	fflush(stdout);
	if (repetition == 0)
		verify(&members[0]);
	for (int i = 0; i < n; i++)
		release(&members[i]);
	crew_close(members, n);
	free(members);
}

void
load_ingest(void)
{
	const Target *targets[MAX_TARGETS];
	int n = targets_chosen(targets);

	points_make(&year, "walk", YEAR_POINTS, 42);
	for (long r = settings.first_repetition; r < settings.first_repetition + settings.repetitions;
		 r++)
	{
		for (int i = 0; i < n; i++)
			ingest_once(targets[(i + r) % n], r);
	}
	points_free(&year);
}
