/*
 * aggregate.h: avg, min, max, sum and count of the points of a bucket. Plain C, no PostgreSQL.
 */
#ifndef SH_AGGREGATE_H
#define SH_AGGREGATE_H

#include <stdbool.h>
#include <stdint.h>

#include "chunk.h"

typedef enum ShAggregateKind
{
	SH_AVG,
	SH_MIN,
	SH_MAX,
	SH_SUM,
	SH_COUNT
} ShAggregateKind;

/*
 * Sums are plain sums of doubles, from left to right within a chunk and then of chunks, so that the
 * layout of chunks shows in the last digits at most. A sum that leaves the range of a double goes on
 * in units of 2^64: an average never overflows.
 */
typedef struct ShAggregate
{
	ShAggregateKind kind;
	int64_t n;
	double sum; /* in units of 2^64 where is_scaled */
	bool is_scaled;
	double extreme;
} ShAggregate;

/* Forgets all points. */
extern void sh_aggregate_reset(ShAggregate *aggregate);

extern void sh_aggregate_add(ShAggregate *aggregate, const double *value, int n);

/* Adds a whole chunk by what its header says; false when only the points can tell. */
extern bool sh_aggregate_add_summary(ShAggregate *aggregate, const ShChunkSummary *summary);

/*
 * The result over the values factor * v + offset, of at least one point (an extreme is the one of v).
 * A count stays a count. Infinite when it is beyond the range of a double.
 */
extern double sh_aggregate_result(const ShAggregate *aggregate, double factor, double offset);

#endif
