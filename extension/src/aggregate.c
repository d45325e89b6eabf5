/*
 * aggregate.c: aggregates over runs of points.
 */
#include "aggregate.h"

#include <math.h>

/* Exponent of the unit of sums that have left the range of a double. */
#define SCALE 64

void
sh_aggregate_reset(ShAggregate *aggregate)
{
	aggregate->n = 0;
	aggregate->sum = 0;
	aggregate->is_scaled = false;
	aggregate->extreme = 0;
}

static double
sum_of(const double *value, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += value[i];
	return sum;
}

static double
scaled_sum_of(const double *value, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += ldexp(value[i], -SCALE);
	return sum;
}

/* Adds a sum of some of the points; false when the total would leave the range of a double. */
static bool
add_sum(ShAggregate *aggregate, double sum)
{
	double total;

	if (!isfinite(sum))
		return false;
	if (aggregate->is_scaled)
	{
		aggregate->sum += ldexp(sum, -SCALE);
		return true;
	}
	total = aggregate->n == 0 ? sum : aggregate->sum + sum;
	if (!isfinite(total))
		return false;
	aggregate->sum = total;
	return true;
}

static void
add_scaled(ShAggregate *aggregate, double sum)
{
	if (!aggregate->is_scaled)
		aggregate->sum = ldexp(aggregate->sum, -SCALE);
	aggregate->is_scaled = true;
	aggregate->sum += sum;
}

static void
add_extreme(ShAggregate *aggregate, double value)
{
	if (aggregate->n == 0 ||
		(aggregate->kind == SH_MIN ? value < aggregate->extreme : value > aggregate->extreme))
		aggregate->extreme = value;
}

static double
least_of(const double *value, int n)
{
	double least = value[0];

	for (int i = 1; i < n; i++)
		least = value[i] < least ? value[i] : least;
	return least;
}

static double
greatest_of(const double *value, int n)
{
	double greatest = value[0];

	for (int i = 1; i < n; i++)
		greatest = value[i] > greatest ? value[i] : greatest;
	return greatest;
}

void
sh_aggregate_add(ShAggregate *aggregate, const double *value, int n)
{
	if (n < 1)
		return;
	switch (aggregate->kind)
	{
		case SH_AVG:
		case SH_SUM:
			if (!add_sum(aggregate, sum_of(value, n)))
				add_scaled(aggregate, scaled_sum_of(value, n));
			break;
		case SH_MIN:
			add_extreme(aggregate, least_of(value, n));
			break;
		case SH_MAX:
			add_extreme(aggregate, greatest_of(value, n));
			break;
		case SH_COUNT:
			break;
	}
	aggregate->n += n;
}

bool
sh_aggregate_add_summary(ShAggregate *aggregate, const ShChunkSummary *summary)
{
	switch (aggregate->kind)
	{
		case SH_AVG:
		case SH_SUM:
			if (!add_sum(aggregate, summary->sum))
				return false;
			break;
		case SH_MIN:
		case SH_MAX:
			if (isnan(summary->min))
				return false;
			add_extreme(aggregate, aggregate->kind == SH_MIN ? summary->min : summary->max);
			break;
		case SH_COUNT:
			break;
	}
	aggregate->n += summary->n;
	return true;
}

double
sh_aggregate_result(const ShAggregate *aggregate, double factor, double offset)
{
	double n = (double) aggregate->n;
	int scale = aggregate->is_scaled ? SCALE : 0;

	switch (aggregate->kind)
	{
		case SH_AVG:
			return ldexp(aggregate->sum / n * factor, scale) + offset;
		case SH_SUM:
			return ldexp(aggregate->sum * factor, scale) + n * offset;
		case SH_MIN:
		case SH_MAX:
			return aggregate->extreme * factor + offset;
		case SH_COUNT:
			break;
	}
	return n;
}
