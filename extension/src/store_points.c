/*
 * store_points.c: what a writer does to points before they meet the rows: check, sort, and settle
 * timestamps that stand twice.
 */
#include "sh_ext.h"

#include <math.h>

#include "utils/memutils.h"

#include "rfc3339.h"
#include "store_internal.h"

void
sh_points_report_duplicate(TimestampTz ts, const char *where)
{
	char text[SH_RFC3339_MAX + 1];
	ShDayCache cache = {0};

	*sh_rfc3339_print(text, ts, 0, &cache) = '\0';
	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION), errmsg("ts: %s %s", text, where), sh_refusal()));
}

static void
check_values(const double *value, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (unlikely(!isfinite(value[i])))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("v: must be a finite number"), sh_refusal()));
	}
}

/* Merges two sorted runs; equal timestamps keep their order. */
static void
merge_runs(const ShPointList *from, int left, int middle, int right, ShPointList *to)
{
	int i = left;
	int j = middle;

	for (int k = left; k < right; k++)
	{
		int take = i < middle && (j >= right || from->ts[i] <= from->ts[j]) ? i++ : j++;

		to->ts[k] = from->ts[take];
		to->value[k] = from->value[take];
	}
}

/* Stable bottom-up merge sort by time. The two arrays move together, so qsort() would not do. */
static void
sort_points(ShPointList *points)
{
	int n = points->n;
	ShPointList from = *points;
	ShPointList to;

	to.ts = MemoryContextAllocHuge(CurrentMemoryContext, n * sizeof(int64));
	to.value = MemoryContextAllocHuge(CurrentMemoryContext, n * sizeof(double));
	for (int64 width = 1; width < n; width *= 2)
	{
		ShPointList swap = from;

		for (int64 left = 0; left < n; left += 2 * width)
			merge_runs(&from, (int) left, (int) Min(left + width, n),
					   (int) Min(left + 2 * width, n), &to);
		from = to;
		to = swap;
	}
	if (from.ts != points->ts)
	{
		memcpy(points->ts, from.ts, n * sizeof(int64));
		memcpy(points->value, from.value, n * sizeof(double));
	}
}

/* Removes repeated timestamps of sorted points, as the conflict rule says. */
static void
remove_repeated(ShPointList *points, ShConflict conflict, ShWriteCounts *counts)
{
	int kept = 0;

	for (int i = 1; i < points->n; i++)
	{
		if (points->ts[i] != points->ts[kept])
		{
			kept++;
			points->ts[kept] = points->ts[i];
			points->value[kept] = points->value[i];
			continue;
		}
		switch (conflict)
		{
			case SH_CONFLICT_ERROR:
				sh_points_report_duplicate(points->ts[i], "stands twice in the body");
				break;
			case SH_CONFLICT_SKIP:
				counts->skipped++;
				break;
			case SH_CONFLICT_REPLACE:
				counts->replaced++;
				points->value[kept] = points->value[i];
				break;
		}
	}
	points->n = kept + 1;
}

void
sh_points_prepare(ShPointList *points, ShConflict conflict, ShWriteCounts *counts)
{
	bool sorted = true;
	bool repeated = false;

	check_values(points->value, points->n);
	for (int i = 1; i < points->n; i++)
	{
		sorted &= points->ts[i - 1] <= points->ts[i];
		repeated |= points->ts[i - 1] == points->ts[i];
	}
	if (!sorted)
		sort_points(points);
	if (points->ts[0] < FIRST_TIMESTAMP || points->ts[points->n - 1] > LAST_TIMESTAMP)
		ereport(ERROR, (errcode(ERRCODE_DATETIME_FIELD_OVERFLOW),
						errmsg("ts: must be in the years 0001 to 9999"), sh_refusal()));
	if (!sorted || repeated)
		remove_repeated(points, conflict, counts);
}
