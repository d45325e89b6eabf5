/*
 * store_internal.h: shared by the files of the chunk store only.
 */
#ifndef SH_STORE_INTERNAL_H
#define SH_STORE_INTERNAL_H

#include "store.h"

#include "access/genam.h"
#include "storage/lockdefs.h"
#include "utils/rel.h"

/* A sealed row that is written with less than this of what it could hold is noted for a repack. */
#define UNDER_FILLED 0.75

/* Most rows of the tail of a series. */
#define TAIL_MAX_ROWS 8

/* The years 0001 to 9999, which is what RFC 3339 can tell, in days from 2000-01-01. */
#define FIRST_TIMESTAMP (-730119 * USECS_PER_DAY)
#define LAST_TIMESTAMP	(2921940 * USECS_PER_DAY - 1)

/* Columns of selfhost.tail and selfhost.chunk. */
enum
{
	SH_ROW_SERIES = 1,
	SH_ROW_T0,
	SH_ROW_T1,
	SH_ROW_N,
	SH_ROW_DATA,
	SH_ROW_COLUMNS = SH_ROW_DATA
};

typedef enum ShStorePart
{
	SH_TAIL,
	SH_CHUNK
} ShStorePart;

/* One of the two relations, with its primary key (series, t0). */
typedef struct ShStoreRelation
{
	Relation heap;
	Relation index;
	LOCKMODE mode;
} ShStoreRelation;

/*
 * A row in memory: stored (tid valid), or about to be. The bytes belong to the memory context of
 * the one who made the row.
 */
typedef struct ShRow
{
	ItemPointerData tid;
	TimestampTz t0;
	TimestampTz t1;
	int32 n;
	int32 len;
	const uint8 *data;
} ShRow;

/* Points of one series; after sh_points_prepare() ascending, each timestamp once. */
typedef struct ShPointList
{
	int64 *ts;
	double *value;
	int n;
} ShPointList;

/*
 * Sorts points by time, in place, and settles repeated timestamps as the conflict rule says. Errors:
 * 23505, 22003 for a value that is not finite, 22008 for a timestamp that is out of range.
 */
extern void sh_points_prepare(ShPointList *points, ShConflict conflict, ShWriteCounts *counts);

/* 23505: "ts: <timestamp> <where>". */
extern void sh_points_report_duplicate(TimestampTz ts, const char *where);

/*
 * The relation that holds this part of a series: the only place that knows it, so that the tables
 * can be split by series.
 */
extern ShStoreRelation sh_store_relation(int32 series, ShStorePart part, LOCKMODE mode);
extern void sh_store_relation_close(ShStoreRelation *relation);

/*
 * A position in one part of a series. Cursors of writers (any mode but AccessShareLock) raise 40001
 * for a row that the transaction's own snapshot does not see, in REPEATABLE READ and above: the
 * transaction would see the points of its old and its new version.
 */
typedef struct ShCursor
{
	ShStoreRelation relation;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	MemoryContext context; /* where the index scan allocates, at any of its steps */
	int32 series;
	ShStorePart part;
	ScanDirection direction;
	bool is_open;
} ShCursor;

extern void
sh_cursor_open(ShCursor *cursor, int32 series, ShStorePart part, LOCKMODE mode, Snapshot snapshot);
extern void sh_cursor_close(ShCursor *cursor);

/* Positions before the rows with t0 >= bound (or >), to be read upwards. */
extern void sh_cursor_seek_from(ShCursor *cursor, TimestampTz bound);
extern void sh_cursor_seek_after(ShCursor *cursor, TimestampTz bound);

/* Positions behind the rows with t0 <= bound, to be read downwards. */
extern void sh_cursor_seek_down(ShCursor *cursor, TimestampTz bound);

/* The row in a slot of one of the relations; its bytes are the slot's. */
extern void sh_row_read(TupleTableSlot *slot, ShRow *row);

/* The next row; its bytes are valid until the next call on the cursor. */
extern bool sh_cursor_next(ShCursor *cursor, ShRow *row);

/* Decodes a row; XX001 when its bytes are bad or do not agree with its columns. */
extern void sh_store_row_decode(int32 series, const ShRow *row, ShPoints *out);

/* The same as an answer; and the message of it, ERROR or WARNING. */
extern bool sh_store_row_is_good(const ShRow *row, ShPoints *out);
extern void sh_store_report_corruption(int level, int32 series, TimestampTz t0);

/*
 * Writes. Each leaves its effect invisible to this command: the caller increments the command counter
 * when it is done with a series. Errors: 40001 when the row was changed by somebody who does not
 * take the lock of the series.
 */
extern void sh_store_row_insert(ShStoreRelation *relation, int32 series, const ShRow *row);
extern void
sh_store_row_update(ShStoreRelation *relation, int32 series, ItemPointer old, const ShRow *row);
extern void sh_store_insert_near(ShStoreRelation *relation, ItemPointer tid);
extern void sh_store_note_space(ShStoreRelation *relation, ItemPointer tid);
extern void sh_store_row_delete(ShStoreRelation *relation, ItemPointer tid);

/*
 * In REPEATABLE READ and above: 40001 when a row with points of [from, to] that the transaction's
 * snapshot sees is not there any more under a fresh one.
 */
extern void
sh_store_check_undisturbed(int32 series, TimestampTz from, TimestampTz to, Snapshot fresh);

/* 40001 when the result of writing a row says that somebody else has changed it. */
extern void sh_store_check_result(TM_Result result);

/* 40001: somebody changed a row of this series since the transaction began. */
extern void sh_store_report_changed(void);

/* Bounds beyond every timestamp. */
#define SH_BEFORE_ALL DT_NOBEGIN
#define SH_AFTER_ALL  DT_NOEND

/*
 * Encodes points as rows of their own, appended to a list: as few as there can be, and where `evenly`
 * is set, of about equal size. t0 of the first row is the given one.
 */
typedef struct ShRowList
{
	ShRow *rows;
	int n;
	int capacity;
} ShRowList;

/* How much of what it could hold a row holds, by bytes or points, 0..1. */
extern double sh_row_fill_of(const ShRow *row);

/* A copy of a row whose bytes outlive the cursor's next step. */
extern ShRow sh_row_copy(const ShRow *row);

extern void sh_rows_add(ShRowList *list, const ShRow *row);
extern bool sh_row_encode(ShRow *row, TimestampTz t0, const int64 *ts, const double *value, int n);
/* The longest prefix of n points that fits into one row; returns how many that is. */
extern int sh_row_fill(ShRow *row, TimestampTz t0, const int64 *ts, const double *value, int n);
extern void sh_rows_encode(ShRowList *list, TimestampTz t0, const int64 *ts, const double *value,
						   int n, bool evenly);

/*
 * Makes the stored rows `before` become `after`, both ascending by t0. A row of `after` with a valid
 * tid is one of `before`, unchanged. Returns whether anything was written.
 */
extern bool sh_rows_write(ShStoreRelation *relation, int32 series, const ShRowList *before,
						  const ShRowList *after);

/*
 * What a repack of a series should look at: sealed rows with t0 in [from, to]; nothing when from > to.
 * A writer gathers with sh_todo_note() what it leaves under-filled, and adds that to the stored span
 * before it increments the command counter, once in each command.
 */
typedef struct ShTodo
{
	int32 series;
	TimestampTz from;
	TimestampTz to;
} ShTodo;

#define SH_TODO_NOTHING(id)                                       \
	{                                                             \
		.series = (id), .from = SH_AFTER_ALL, .to = SH_BEFORE_ALL \
	}

extern void sh_todo_note(ShTodo *todo, const ShRowList *written);
extern void sh_todo_add(const ShTodo *todo);
extern bool sh_todo_get(int32 series, ShTodo *todo);

/* Forgets what is noted before `from`, all of it when that is beyond its end; increments the command counter. */
extern void sh_todo_advance(int32 series, TimestampTz from);

#endif
