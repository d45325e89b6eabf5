/*
 * load_mixed.c: reads and writes in random order for settings.milliseconds on settings.connections
 * connections: reads of one day of a random series of the dataset, writes of settings.points points
 * behind the newest ones of a series of the connection's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "load.h"

#define DAY 86400

typedef struct Mix
{
	uint64_t random;
	Uuid own;
	size_t next; /* point to be written to it */
	Body body;
	char dataset[64];
} Mix;

static Points year;
static Uuid *series;
static int n_series;
static double end_us;

static void
write_next(Member *member)
{
	Mix *mix = member->work;
	const Target *target = member->conn.target;

	if (mix->next + (size_t) settings.points > year.n)
	{
		uuid_make(mix->own);
		target->create_series(&member->conn, mix->own);
		mix->next = 0;
	}
	body_clear(&mix->body);
	target->body(&mix->body, mix->dataset, mix->own, &year, mix->next, (size_t) settings.points);
	target->write(&member->conn, mix->dataset, mix->own, &mix->body);
	mix->next += (size_t) settings.points;
}

static void
read_day(Member *member)
{
	Mix *mix = member->work;
	const Target *target = member->conn.target;
	int64_t start = YEAR_START + (int64_t) (random_next(&mix->random) % 365) * DAY;
	Query query = {.dataset = settings.dataset,
				   .series =
					   (const Uuid *) series + random_next(&mix->random) % (uint64_t) n_series,
				   .n_series = 1,
				   .start = start,
				   .end = start + DAY - 1};
	char *request = target->request(&query);

	target->read(&member->conn, &query, request, NULL);
	free(request);
}

static void
mix_until_end(Member *member)
{
	Mix *mix = member->work;
	double now = now_us();

	while (now < end_us)
	{
		double begin = now;

		if ((long) (random_next(&mix->random) % 100) < settings.write_percent)
			write_next(member);
		else
			read_day(member);
		now = now_us();
		crew_count(member, now - begin);
	}
}

static void
prepare(Member *member)
{
	Mix *mix = calloc(1, sizeof(*mix));

	if (mix == NULL)
		fail("mixed", "out of memory");
	mix->random = (uint64_t) member->number + 1;
	snprintf(mix->dataset, sizeof(mix->dataset), "%s_mixed", settings.dataset);
	uuid_make(mix->own);
	member->conn.target->create_series(&member->conn, mix->own);
	member->work = mix;
}

static void
mix_once(const Target *target, long repetition)
{
	int n = (int) settings.connections;
	Member *members = calloc((size_t) n, sizeof(*members));
	CrewResult result;

	if (members == NULL)
		fail("mixed", "out of memory");
	crew_open(members, n, target);
	for (int i = 0; i < n; i++)
		prepare(&members[i]);
	target->create_dataset(&members[0].conn, ((Mix *) members[0].work)->dataset, repetition == 0);
	cpu_wait_for_peers();
	end_us = now_us() + (double) settings.milliseconds * 1e3;
	result = crew_run(members, n, mix_until_end);
	printf(
		"{\"repetition\":%ld,\"target\":\"%s\",\"seconds\":%.3f,\"requests\":%zu,\"p50_us\":%.1f,"
		"\"p99_us\":%.1f",
		repetition, target->name, result.seconds, result.requests, result.p50_us, result.p99_us);
	cpu_print(target, result.cpu, (double) result.requests);
	printf("}\n");
	fflush(stdout);
	for (int i = 0; i < n; i++)
	{
		body_free(&((Mix *) members[i].work)->body);
		free(members[i].work);
	}
	crew_close(members, n);
	free(members);
}

void
load_mixed(void)
{
	const Target *targets[MAX_TARGETS];
	int n = targets_chosen(targets);

	series = series_read(&n_series);
	if (settings.series > 0 && settings.series < n_series)
		n_series = (int) settings.series;
	points_make(&year, "walk", YEAR_POINTS, 43);
	for (long r = 0; r < settings.repetitions; r++)
	{
		for (int i = 0; i < n; i++)
			mix_once(targets[(i + r) % n], r);
	}
	points_free(&year);
	free(series);
}
