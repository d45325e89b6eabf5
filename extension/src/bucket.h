/*
 * bucket.h: time zones without a look-up per point, and the buckets of local time that points are
 * gathered in.
 */
#ifndef SH_BUCKET_H
#define SH_BUCKET_H

#include "sh_ext.h"

#include "pgtime.h"

/* A zone, and the interval [from, to) of instants around the last one asked for that has one offset. */
typedef struct ShZone
{
	pg_tz *tz;
	TimestampTz from;
	TimestampTz to;
	int32 offset; /* seconds east of UTC */
} ShZone;

/* Opens a zone by its IANA name, in any case of letters. False: PostgreSQL knows none of that name. */
extern bool sh_zone_find(ShZone *zone, const char *name);

/*
 * Opens a zone by its IANA name, in any case of letters; NULL: UTC. Errors, marked as refusals: 22023
 * when PostgreSQL knows no zone of that name.
 */
extern void sh_zone_open(ShZone *zone, const char *name);

/* Private: makes the interval of the zone one that holds ts. */
extern void sh_zone_seek(ShZone *zone, TimestampTz ts);

/* The offset in force at ts. Cheap while the instants asked for stay in one interval. */
static inline int32
sh_zone_offset(ShZone *zone, TimestampTz ts)
{
	if (ts < zone->from || ts >= zone->to)
		sh_zone_seek(zone, ts);
	return zone->offset;
}

typedef enum ShPrecision
{
	SH_PRECISION_NONE,
	SH_MICROSECONDS,
	SH_MILLISECONDS,
	SH_SECOND,
	SH_MINUTE,
	SH_MINUTE5,
	SH_MINUTE10,
	SH_MINUTE15,
	SH_MINUTE20,
	SH_MINUTE30,
	SH_HOUR,
	SH_DAY,
	SH_WEEK,
	SH_MONTH,
	SH_YEAR,
	SH_DECADE,
	SH_CENTURY,
	SH_MILLENNIA
} ShPrecision;

/* By name; false when there is none of that name. */
extern bool sh_precision_find(const char *name, ShPrecision *precision);

/*
 * The bucket of the last instant asked for. Up to the hour, buckets are those of the local clock with
 * the offset in force: an hour that the clock shows twice makes two buckets. From the day on they
 * reach from one local midnight to another.
 */
typedef struct ShBuckets
{
	ShPrecision precision;
	ShZone zone;
	bool is_set;
	TimestampTz start;
	TimestampTz end; /* exclusive */
	int32 offset;	 /* of the zone at start, for printing */
} ShBuckets;

extern void sh_buckets_begin(ShBuckets *buckets, ShPrecision precision, const ShZone *zone);

/* Private. */
extern bool sh_buckets_move(ShBuckets *buckets, TimestampTz ts);

/*
 * Goes to the bucket of ts, which must not be less than that of the call before. Returns whether it is
 * another one than before.
 */
static inline bool
sh_buckets_seek(ShBuckets *buckets, TimestampTz ts)
{
	if (buckets->is_set && ts < buckets->end)
		return false;
	return sh_buckets_move(buckets, ts);
}

#endif
