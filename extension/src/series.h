/*
 * series.h: what is known of a time series by its uuid; a backend-local cache, dropped by relcache
 * invalidation when a committed change of selfhost.timeseries arrives.
 */
#ifndef SH_SERIES_H
#define SH_SERIES_H

#include "sh_ext.h"

typedef struct ShSeries
{
	pg_uuid_t uuid;
	int32 id; /* the key of chunk rows */
	bool has_owner;
	pg_uuid_t owner; /* created_by */
	bool has_lower_bound;
	bool has_upper_bound;
	double lower_bound;
	double upper_bound;
	char unit[65]; /* si_unit; empty with unit_too_long when it has more than 64 bytes */
	bool unit_too_long;
} ShSeries;

/* Columns of selfhost.timeseries. */
enum
{
	SH_SERIES_UUID = 1,
	SH_SERIES_ID,
	SH_SERIES_THING_UUID,
	SH_SERIES_CREATED_BY,
	SH_SERIES_NAME,
	SH_SERIES_SI_UNIT,
	SH_SERIES_LOWER_BOUND,
	SH_SERIES_UPPER_BOUND,
	SH_SERIES_TAGS,
	SH_SERIES_RETENTION
};

extern void sh_series_init(void);

/* OIDs of selfhost.timeseries and its primary key, cached like the rows. */
extern void sh_series_oids(Oid *table, Oid *primary_key);

/*
 * Looks a series up; false when there is none. *out is a copy. Fills its cache under a fresh
 * snapshot only, and never stores that a series does not exist.
 */
extern bool sh_series_find(const pg_uuid_t *uuid, ShSeries *out);

/* One row of selfhost.timeseries under a snapshot. */
typedef struct ShSeriesRow
{
	struct RelationData *table;
	struct RelationData *index;
	struct IndexScanDescData *scan;
	struct TupleTableSlot *slot; /* has the row until sh_series_row_close() */
} ShSeriesRow;

/*
 * Looks a row up by an index with one column: `equals` is the function of its equality with key. False:
 * there is none. To be closed in either case.
 */
extern bool
sh_series_row_open(ShSeriesRow *row, Oid index, RegProcedure equals, Datum key, Snapshot snapshot);
extern void sh_series_row_close(ShSeriesRow *row);

/* The uuid of the series with an id, as the snapshot has it; false when there is none. Not cached. */
extern bool sh_series_uuid_of(int32 id, Snapshot snapshot, pg_uuid_t *uuid);

/* The creator for access checks: NULL when the series has none. */
#define sh_series_owner(s) ((s)->has_owner ? &(s)->owner : NULL)

#endif
