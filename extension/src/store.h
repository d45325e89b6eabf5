/*
 * store.h: chunk rows of a series: scan, merge, delete.
 *
 * Two relations of one row format, (series, t0, t1, n, data): sealed rows in selfhost.chunk and the
 * growing end of each series in selfhost.tail. Reached through sh_store_relation() only. From the
 * first row in tail on, all points of a series are in tail. A point belongs to the row with the
 * greatest t0 <= ts, or to the first row.
 *
 * Timestamps are TimestampTz (microseconds since 2000-01-01 UTC). Nothing here checks rights.
 */
#ifndef SH_STORE_H
#define SH_STORE_H

#include "sh_ext.h"

#include "chunk.h"
#include "series.h"

/* ---- reading: no lock, the snapshot is the caller's ---- */

typedef struct ShScan ShScan;

typedef struct ShChunkRow
{
	TimestampTz t0; /* lower limit of the row's span: first_ts >= t0, but for the first row */
	TimestampTz t1; /* its last point */
	int32 n;
	const uint8_t *data; /* valid until the next call on the scan */
	Size len;
} ShChunkRow;

/*
 * Opens a scan over the rows of a series that may hold points of [from, to], in ascending order; XX001
 * when rows overlap. The
 * snapshot is registered, and memory taken from the current context, for the life of the scan.
 * Must be closed; on error the resource owner cleans up.
 */
extern ShScan *sh_scan_begin(int32 series, TimestampTz from, TimestampTz to, Snapshot snapshot);
extern bool sh_scan_next(ShScan *scan, ShChunkRow *row);
extern void sh_scan_end(ShScan *scan);

/*
 * Decodes a row, or its header only. Errors: XX001, naming series and t0, when the bytes are bad or do
 * not agree with the columns.
 */
extern void sh_chunk_row_decode(int32 series, const ShChunkRow *row, ShPoints *out);
extern void sh_chunk_row_summary(int32 series, const ShChunkRow *row, ShChunkSummary *out);

/* ---- checking ---- */

typedef struct ShCheckCounts
{
	int64 series;
	int64 rows;
	int64 points;
	int64 faults;
} ShCheckCounts;

/* uuid: NULL when there is no such series. The texts are the caller's to copy. */
typedef void (*ShFaultReport)(void *context, const pg_uuid_t *uuid, TimestampTz t0,
							  const char *relation, const char *reason);

/*
 * Looks at all rows of one series, or with `only` NULL of all, under a snapshot: bytes, columns, limits,
 * order and overlap, the series itself. Reports every fault and changes nothing. Rows are found by
 * their key; whether table and index agree is what amcheck tells.
 */
extern void sh_store_check(const int32 *only, Snapshot snapshot, ShFaultReport report,
						   void *context, ShCheckCounts *counts);

/* ---- writing: takes the series' transaction lock, under a snapshot of its own ---- */

typedef enum ShConflict
{
	SH_CONFLICT_ERROR, /* 23505: nothing is written */
	SH_CONFLICT_SKIP,
	SH_CONFLICT_REPLACE
} ShConflict;

typedef struct ShWriteCounts
{
	int64 inserted;
	int64 replaced;
	int64 skipped;
} ShWriteCounts;

/*
 * Checks that this transaction may write (25006, parallel mode), locks the series (many: sorted, see
 * sh_store_lock), and looks it up again: false when it is gone by now; *series is then stale. Must
 * precede sh_store_merge() and sh_store_delete() of that series in each statement.
 */
extern bool sh_store_lock(ShSeries *series);

/* Locks many series at once, in the order that avoids deadlocks; false names the first one gone. */
extern bool sh_store_lock_many(ShSeries *series, int n, int *gone);

/*
 * Merges n points into a series; ts need not be sorted, and may repeat: then `conflict` decides,
 * as it does for points that are stored already. Sorts the arrays in place. Errors: 23505, 40001
 * (REPEATABLE READ and a row changed since), 54000.
 */
extern void sh_store_merge(const ShSeries *series, TimestampTz *ts, double *value, int n,
						   ShConflict conflict, ShWriteCounts *counts);

/*
 * Deletes the points of [from, to] with *ge <= value <= *le (NULL: no limit). Returns how many.
 */
extern int64 sh_store_delete(const ShSeries *series, TimestampTz from, TimestampTz to,
							 const double *ge, const double *le);

/* Deletes the points at n timestamps, ascending; those that are not there are no error. */
extern void sh_store_delete_points(const ShSeries *series, const TimestampTz *ts, int n);

/* Deletes every row of a series, when the series itself is deleted. */
extern void sh_store_drop(int32 series);

/* ---- looking after rows; the caller holds the lock of the series ---- */

/*
 * Takes the lock of a series only if nobody holds it: false when somebody does. What takes the locks of
 * several series in one transaction without sorting them must not wait for them. The caller sees
 * afterwards whether the series is still there.
 */
extern bool sh_store_try_lock(int32 series);

typedef struct ShRepackResult
{
	int rows_read;
	int rewritten; /* so many rows became ... */
	int written;   /* ... so many */
	bool more;	   /* not done: go on with */
	TimestampTz next;
} ShRepackResult;

/*
 * Packs under-filled sealed rows with t0 in [from, to] together with their neighbours, and writes rows of an
 * older format anew. Reads about max_rows rows at most (at least 32). A corrupt row is a warning, and
 * stays. Errors: 40001 as for other writes.
 */
extern void sh_store_repack(int32 series, TimestampTz from, TimestampTz to, int max_rows,
							ShRepackResult *result);

/* The same for what is noted of the series in selfhost.repack_todo, which is then noted as done. */
extern void sh_store_repack_noted(int32 series, int max_rows, ShRepackResult *result);

typedef struct ShExpired
{
	int rows;
	int64 points;
} ShExpired;

/*
 * Deletes up to max_rows rows of a series, from the first on, whose last point is before `limit`. Takes the
 * lock of the series itself, and only if there is something to delete and nobody holds it.
 * Errors: 40001 as for other writes.
 */
extern void sh_store_expire(int32 series, TimestampTz limit, int max_rows, ShExpired *expired);

/* Up to max series >= start of which something is noted, ascending. */
extern int sh_todo_list(int32 start, int32 *series, int max);

#endif
