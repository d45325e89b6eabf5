/*
 * crew.c: see crew.h.
 */
#include "crew.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

typedef struct Start
{
	pthread_barrier_t *barrier;
	Member *member;
	void (*load)(Member *member);
} Start;

void
crew_open(Member *members, int n, const Target *target)
{
	for (int i = 0; i < n; i++)
	{
		members[i] = (Member){.number = i};
		members[i].conn.target = target;
		target->open(&members[i].conn);
	}
}

void
crew_close(Member *members, int n)
{
	for (int i = 0; i < n; i++)
	{
		members[i].conn.target->close(&members[i].conn);
		free(members[i].latency);
	}
}

void
crew_count(Member *member, double us)
{
	if (member->requests == member->capacity)
	{
		member->capacity = member->capacity * 2 + 1024;
		member->latency = realloc(member->latency, member->capacity * sizeof(double));
		if (member->latency == NULL)
			fail("latencies", "out of memory");
	}
	member->latency[member->requests++] = us;
}

static void *
run_member(void *data)
{
	Start *start = data;

	pthread_barrier_wait(start->barrier);
	start->load(start->member);
	return NULL;
}

static void
summarize(CrewResult *result, Member *members, int n)
{
	double *all;
	size_t at = 0;

	for (int i = 0; i < n; i++)
		result->requests += members[i].requests;
	all = malloc((result->requests + 1) * sizeof(double));
	if (all == NULL)
		fail("latencies", "out of memory");
	for (int i = 0; i < n; i++)
	{
		memcpy(all + at, members[i].latency, members[i].requests * sizeof(double));
		at += members[i].requests;
	}
	result->p50_us = quantile(all, at, 0.5);
	result->p99_us = quantile(all, at, 0.99);
	free(all);
}

CrewResult
crew_run(Member *members, int n, void (*load)(Member *member))
{
	CrewResult result = {0};
	pthread_barrier_t barrier;
	pthread_t *threads = calloc((size_t) n, sizeof(*threads));
	Start *starts = calloc((size_t) n, sizeof(*starts));
	CpuTimes before;
	double begin;

	if (threads == NULL || starts == NULL)
		fail("threads", "out of memory");
	pthread_barrier_init(&barrier, NULL, (unsigned) n + 1);
	for (int i = 0; i < n; i++)
	{
		starts[i] = (Start){&barrier, &members[i], load};
		if (pthread_create(&threads[i], NULL, run_member, &starts[i]) != 0)
			fail("threads", "cannot be made");
	}
	before = cpu_now();
	begin = now_us();
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	result.seconds = (now_us() - begin) / 1e6;
	result.cpu = cpu_between(before, cpu_now());
	pthread_barrier_destroy(&barrier);
	summarize(&result, members, n);
	free(threads);
	free(starts);
	return result;
}

Uuid *
series_read(int *n)
{
	FILE *file = settings.list != NULL ? fopen(settings.list, "r") : NULL;
	Uuid *series = NULL;
	char line[64];

	if (file == NULL)
		fail("list of series", "cannot be read");
	*n = 0;
	while (fgets(line, sizeof(line), file) != NULL)
	{
		if (*n % 1024 == 0)
			series = realloc(series, ((size_t) *n + 1024) * sizeof(*series));
		if (series == NULL)
			fail("list of series", "out of memory");
		snprintf(series[(*n)++], sizeof(*series), "%.36s", line);
	}
	fclose(file);
	if (*n == 0)
		fail(settings.list, "is empty");
	return series;
}
