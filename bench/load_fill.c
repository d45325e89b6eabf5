/*
 * load_fill.c: fills a dataset in every target with the same points, series by series, in requests
 * of settings.per_request points, and writes the uuids behind settings.list.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "load.h"

#define KINDS 8

static Points kinds[KINDS];
static int n_kinds;
static Uuid *series;

static void
make_points(void)
{
	if (settings.csv_files > 0)
	{
		for (n_kinds = 0; n_kinds < settings.csv_files; n_kinds++)
			points_load(&kinds[n_kinds], settings.csv[n_kinds]);
		return;
	}
	for (n_kinds = 0; n_kinds < KINDS && n_kinds < settings.series; n_kinds++)
		points_make(&kinds[n_kinds], settings.kind, (size_t) settings.points,
					(uint64_t) n_kinds + 1);
}

/* Every n-th series is this thread's. */
static void
create_some(Member *member)
{
	for (long s = member->number; s < settings.series; s += settings.connections)
		member->conn.target->create_series(&member->conn, series[s]);
}

static void
write_some(Member *member)
{
	const Target *target = member->conn.target;
	Body body = {0};

	for (long s = member->number; s < settings.series; s += settings.connections)
	{
		const Points *points = &kinds[s % n_kinds];

		for (size_t i = 0; i < points->n; i += (size_t) settings.per_request)
		{
			size_t n = points->n - i;

			if (n > (size_t) settings.per_request)
				n = (size_t) settings.per_request;
			body_clear(&body);
			target->body(&body, settings.dataset, series[s], points, i, n);
			target->write(&member->conn, settings.dataset, series[s], &body);
		}
	}
	body_free(&body);
}

static void
fill_target(const Target *target)
{
	int n = (int) settings.connections;
	Member *members = calloc((size_t) n, sizeof(*members));
	CrewResult created;
	CrewResult written;
	double points = 0;

	if (members == NULL)
		fail("fill", "out of memory");
	crew_open(members, n, target);
	target->create_dataset(&members[0].conn, settings.dataset, false);
	created = crew_run(members, n, create_some);
	written = crew_run(members, n, write_some);
	for (long s = 0; s < settings.series; s++)
		points += (double) kinds[s % n_kinds].n;
	printf("{\"target\":\"%s\",\"points\":%.0f,\"seconds\":%.3f,\"create_seconds\":%.3f",
		   target->name, points, written.seconds, created.seconds);
	cpu_print(target, written.cpu, points);
	printf("}\n");
	fflush(stdout);
	crew_close(members, n);
	free(members);
}

static void
write_list(void)
{
	FILE *file = fopen(settings.list, "a");

	if (file == NULL)
		fail(settings.list, "cannot be written");
	for (long s = 0; s < settings.series; s++)
		fprintf(file, "%s\n", series[s]);
	if (fclose(file) != 0)
		fail(settings.list, "cannot be written");
}

void
load_fill(void)
{
	const Target *targets[MAX_TARGETS];
	int n = targets_chosen(targets);

	series = calloc((size_t) settings.series, sizeof(*series));
	if (series == NULL || settings.list == NULL)
		fail("fill", "needs series and list");
	for (long s = 0; s < settings.series; s++)
		uuid_make(series[s]);
	make_points();
	for (int i = 0; i < n; i++)
		fill_target(targets[i]);
	write_list();
	for (int i = 0; i < n_kinds; i++)
		points_free(&kinds[i]);
	free(series);
}
