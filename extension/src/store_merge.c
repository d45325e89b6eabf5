/*
 * store_merge.c: merging points into the rows of a series.
 *
 * Writes merge at once; there is no second store for late points. The caller holds the lock of the
 * series, so that only somebody who writes to the tables by hand can interfere, and everything is
 * read under a snapshot taken after the lock.
 *
 * The tail of a series is a few rows, at most TAIL_MAX_ROWS: pieces and, last, the growing row of up to
 * GROWING_MAX_POINTS points and GROWING_MAX_BYTES, which appends rewrite. When there are too many pieces, or a full
 * row's worth has gathered, they are gathered: full rows are sealed by one insert each into the other
 * relation, and what is left stays in the tail as one piece. ShPointList before the tail go into the
 * sealed rows.
 *
 * A row's t0 changes only for points before the first row of the series.
 */
#include "sh_ext.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "store_internal.h"

#define GROWING_MAX_POINTS 128
#define GROWING_MAX_BYTES  176

/* Pieces of the tail up to this length are short. */
#define SHORT_PIECE_BYTES 512

/* So many points or more, behind a row up to so many times longer than they are, are put into it. */
#define WORTHY_POINTS 32
#define PIECE_WORTH	  4

/* A batch of more points than this is put into full rows at once, with what the tail holds. */
#define PIECE_MAX_POINTS 512

/* What a row's bytes hold besides points, about. */
#define ROW_HEADER_BYTES 60

/* A row that is left behind with more than this is sealed although points might still fit. */
#define NEARLY_FULL_BYTES (SH_CHUNK_MAX_BYTES - SH_CHUNK_MAX_BYTES / 32)

typedef struct Merge
{
	int32 series;
	ShConflict conflict;
	ShWriteCounts *counts;
	Snapshot snapshot;
	ShCursor tail;
	ShCursor chunk; /* opened when needed */
	bool written;
	ShTodo todo; /* sealed rows that are left under-filled */
} Merge;

/* One row is decoded at a time. 100 kB, hence not on the stack and not allocated in each append. */
static ShPoints decoded;

/* ---- points ---- */

/* The first n points of the rest. */
static ShPointList
take_points(ShPointList *rest, int n)
{
	ShPointList taken = {rest->ts, rest->value, n};

	rest->ts += n;
	rest->value += n;
	rest->n -= n;
	return taken;
}

/* Adds points behind others, whose arrays have room for them. */
static void
add_points(ShPointList *to, const ShPointList *more)
{
	for (int i = 0; i < more->n; i++)
	{
		to->ts[to->n] = more->ts[i];
		to->value[to->n++] = more->value[i];
	}
}

/* How many points lie before a timestamp. */
static int
count_before(const ShPointList *points, TimestampTz ts)
{
	int low = 0;
	int high = points->n;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (points->ts[middle] < ts)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- one row ---- */

/*
 * Merges points with those in `decoded` into new arrays. False when nothing would change.
 */
static bool
merge_decoded(Merge *merge, const ShPointList *points, ShPointList *out)
{
	bool changed = false;
	int i = 0;
	int j = 0;
	int n = 0;

	out->ts = palloc((decoded.n + points->n) * sizeof(int64));
	out->value = palloc((decoded.n + points->n) * sizeof(double));
	while (i < decoded.n || j < points->n)
	{
		if (j == points->n || (i < decoded.n && decoded.ts[i] < points->ts[j]))
		{
			out->ts[n] = decoded.ts[i];
			out->value[n++] = decoded.value[i++];
			continue;
		}
		out->ts[n] = points->ts[j];
		if (i == decoded.n || points->ts[j] < decoded.ts[i])
		{
			out->value[n++] = points->value[j++];
			merge->counts->inserted++;
			changed = true;
			continue;
		}
		if (merge->conflict == SH_CONFLICT_ERROR)
			sh_points_report_duplicate(points->ts[j], "is stored already");
		if (merge->conflict == SH_CONFLICT_SKIP)
		{
			out->value[n++] = decoded.value[i];
			merge->counts->skipped++;
		}
		else
		{
			/* By bits: -0 is not 0. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
			changed |= memcmp(&points->value[j], &decoded.value[i], sizeof(double)) != 0;
			out->value[n++] = points->value[j];
			merge->counts->replaced++;
		}
		i++;
		j++;
	}
	out->n = n;
	return changed;
}

/*
 * Merges points into a row and appends to the list what becomes of it: the row itself, when nothing
 * changed; one row; or, when they do not fit into one, several. ShPointList in front of a row that has no
 * room get rows of their own, points behind it fill it up first, and otherwise it is split evenly.
 */
static void
merge_into_row(Merge *merge, const ShRow *row, ShPointList points, ShRowList *out)
{
	ShPointList merged;
	ShRow whole;
	int in_front;

	sh_store_row_decode(merge->series, row, &decoded);
	in_front = count_before(&points, row->t0);
	if (in_front > 0 && (int64) row->n + points.n > SH_CHUNK_MAX_POINTS)
	{
		ShPointList front = take_points(&points, in_front);

		sh_rows_encode(out, front.ts[0], front.ts, front.value, front.n, false);
		merge->counts->inserted += in_front;
		in_front = 0;
	}
	if (!merge_decoded(merge, &points, &merged))
		sh_rows_add(out, row);
	else if (sh_row_encode(&whole, Min(row->t0, merged.ts[0]), merged.ts, merged.value, merged.n))
		sh_rows_add(out, &whole);
	else if (in_front > 0)
	{
		sh_rows_encode(out, merged.ts[0], merged.ts, merged.value, in_front, false);
		if (in_front == points.n)
			sh_rows_add(out, row);
		else
			sh_rows_encode(out, row->t0, merged.ts + in_front, merged.value + in_front,
						   merged.n - in_front, true);
	}
	else
		sh_rows_encode(out, row->t0, merged.ts, merged.value, merged.n, points.ts[0] < row->t1);
}

/* ---- sealed rows ---- */

static ShCursor *
chunk_cursor(Merge *merge)
{
	if (!merge->chunk.is_open)
		sh_cursor_open(&merge->chunk, merge->series, SH_CHUNK, RowExclusiveLock, merge->snapshot);
	return &merge->chunk;
}

/* The sealed row that a point belongs to: the greatest t0 <= ts, else the first. */
static bool
find_covering(Merge *merge, TimestampTz ts, ShRow *row)
{
	ShCursor *chunk = chunk_cursor(merge);

	sh_cursor_seek_down(chunk, ts);
	if (!sh_cursor_next(chunk, row))
	{
		sh_cursor_seek_from(chunk, ts);
		if (!sh_cursor_next(chunk, row))
			return false;
	}
	*row = sh_row_copy(row);
	return true;
}

/* Merges points that belong to sealed rows, of which there is at least one. */
static void
merge_sealed(Merge *merge, ShPointList points)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext group_context =
		AllocSetContextCreate(outer, "selfhost merge of a row", ALLOCSET_DEFAULT_SIZES);

	while (points.n > 0)
	{
		ShRowList before = {0};
		ShRowList after = {0};
		ShRow row;
		ShRow next;
		int n = points.n;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(group_context);
		MemoryContextSwitchTo(group_context);
		if (!find_covering(merge, points.ts[0], &row))
			elog(ERROR, "no sealed row of time series %d", merge->series);
		sh_cursor_seek_after(&merge->chunk, row.t0);
		if (sh_cursor_next(&merge->chunk, &next))
			n = count_before(&points, next.t0);
		sh_rows_add(&before, &row);
		merge_into_row(merge, &row, take_points(&points, n), &after);
		merge->written |= sh_rows_write(&merge->chunk.relation, merge->series, &before, &after);
		sh_todo_note(&merge->todo, &after);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(group_context);
}

/* ---- the tail ---- */

static void
read_tail(Merge *merge, ShRowList *rows)
{
	ShRow row;

	sh_cursor_seek_from(&merge->tail, SH_BEFORE_ALL);
	while (sh_cursor_next(&merge->tail, &row))
	{
		row = sh_row_copy(&row);
		sh_rows_add(rows, &row);
	}
}

/* Merges points up to the end of the last row of the tail into the tail's rows. */
static void
merge_late(Merge *merge, const ShRowList *before, ShPointList points, ShRowList *after)
{
	for (int i = 0; i < before->n; i++)
	{
		bool last = i == before->n - 1;
		int n = last ? points.n : count_before(&points, before->rows[i + 1].t0);

		if (n == 0)
			sh_rows_add(after, &before->rows[i]);
		else
			merge_into_row(merge, &before->rows[i], take_points(&points, n), after);
	}
}

/* All points of the rows, decoded one by one, with room for `more` behind them. */
static ShPointList
decode_rows(Merge *merge, const ShRow *rows, int n, int more)
{
	ShPointList all = {0};
	int64 total = more;

	for (int i = 0; i < n; i++)
		total += rows[i].n;
	all.ts = MemoryContextAllocHuge(CurrentMemoryContext, total * sizeof(int64));
	all.value = MemoryContextAllocHuge(CurrentMemoryContext, total * sizeof(double));
	for (int i = 0; i < n; i++)
	{
		sh_store_row_decode(merge->series, &rows[i], &decoded);
		memcpy(all.ts + all.n, decoded.ts, decoded.n * sizeof(int64));
		memcpy(all.value + all.n, decoded.value, decoded.n * sizeof(double));
		all.n += decoded.n;
	}
	return all;
}

/* May so many points still be put into the last row of the tail? */
static bool
is_growing(const ShRow *row, int more)
{
	return row->n + (int64) more <= GROWING_MAX_POINTS && row->len <= GROWING_MAX_BYTES;
}

static bool
is_short(const ShRow *row)
{
	return row->len <= SHORT_PIECE_BYTES;
}

/* Puts row i of the tail into the one before it; false when both do not fit into one. */
static bool
fold(Merge *merge, ShRowList *rows, int i)
{
	ShRow row;
	ShPointList both = decode_rows(merge, &rows->rows[i - 1], 2, 0);

	if (!sh_row_encode(&row, rows->rows[i - 1].t0, both.ts, both.value, both.n))
		return false;
	rows->rows[i - 1] = row;
	rows->n--;
	memmove(&rows->rows[i], &rows->rows[i + 1], (rows->n - i) * sizeof(ShRow));
	return true;
}

/*
 * Before another row comes behind the last one: folds one of the tail's rows into its neighbour, so that
 * their number stays the same. Rows of a kind are put together, short pieces and long ones: so a point is
 * written anew few times, a series has three rows at most (a long piece, a short one, and the
 * growing row), and what becomes of them are updates, which mostly stay on their page. Rows that come and
 * go would leave space behind that only a vacuum finds.
 */
static void
make_room(Merge *merge, ShRowList *rows)
{
	int last = rows->n - 1;

	if (last >= 1 && is_short(&rows->rows[last - 1]) == is_short(&rows->rows[last]) &&
		fold(merge, rows, last))
		return;
	if (last >= 2 && is_short(&rows->rows[last - 2]) == is_short(&rows->rows[last - 1]))
		fold(merge, rows, last - 1);
}

/* Appends points to the last row of the tail; false when they do not fit into it. */
static bool
append_to_last(Merge *merge, ShRowList *rows, const ShPointList *points)
{
	ShRow *last = &rows->rows[rows->n - 1];
	ShPointList both = decode_rows(merge, last, 1, points->n);
	ShRow row;

	add_points(&both, points);
	if (!sh_row_encode(&row, last->t0, both.ts, both.value, both.n))
		return false;
	*last = row;
	return true;
}

/*
 * Adds points behind the tail's last row: into it while it is growing, or when there are so many that
 * they are worth writing it anew; else as a row of their own.
 */
static void
append_new(Merge *merge, ShRowList *rows, ShPointList points)
{
	ShRow row;

	merge->counts->inserted += points.n;
	if (rows->n > 0)
	{
		const ShRow *last = &rows->rows[rows->n - 1];

		if (is_growing(last, points.n) && append_to_last(merge, rows, &points))
			return;
		if (points.n >= WORTHY_POINTS &&
			sh_row_encode(&row, points.ts[0], points.ts, points.value, points.n) &&
			last->len <= PIECE_WORTH * row.len && append_to_last(merge, rows, &points))
			return;
		make_room(merge, rows);
	}
	sh_rows_encode(rows, points.ts[0], points.ts, points.value, points.n, false);
}

/* Has a full row's worth gathered? Each row spends ROW_HEADER_BYTES that one row spends once. */
static bool
tail_is_full(const ShRowList *rows)
{
	int64 bytes = 0;
	int64 points = 0;

	if (rows->n > TAIL_MAX_ROWS)
		return true;
	for (int i = 0; i < rows->n; i++)
	{
		bytes += rows->rows[i].len;
		points += rows->rows[i].n;
	}
	bytes -= (rows->n - 1) * ROW_HEADER_BYTES;
	return rows->n > 1 && (bytes >= SH_CHUNK_MAX_BYTES || points >= SH_CHUNK_MAX_POINTS);
}

/*
 * Puts the points of the tail's rows, and new ones behind them, into as few rows as there can be:
 * seals the full ones, and leaves the remainder in the tail in one piece.
 */
static void
gather(Merge *merge, ShRowList *rows, ShPointList new)
{
	ShPointList all = decode_rows(merge, rows->rows, rows->n, new.n);
	/* There is a row or a point. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	TimestampTz t0 = rows->n > 0 ? rows->rows[0].t0 : new.ts[0];

	add_points(&all, &new);
	merge->counts->inserted += new.n;

	rows->n = 0;
	while (all.n > 0)
	{
		ShRow row;
		int n;

		CHECK_FOR_INTERRUPTS();
		n = sh_row_fill(&row, t0, all.ts, all.value, all.n);
		if (n == all.n && n < SH_CHUNK_MAX_POINTS && row.len < NEARLY_FULL_BYTES)
		{
			sh_rows_add(rows, &row);
			return;
		}
		chunk_cursor(merge);
		sh_store_row_insert(&merge->chunk.relation, merge->series, &row);
		merge->written = true;
		take_points(&all, n);
		if (all.n > 0)
			t0 = all.ts[0];
	}
}

/* Merges points that belong to the tail, or start it. */
static void
merge_tail(Merge *merge, const ShRowList *before, ShPointList points)
{
	static const ShPointList none = {0};
	ShRowList after = {0};
	int late = 0;

	if (before->n > 0)
	{
		late = count_before(&points, before->rows[before->n - 1].t1 + 1);
		merge_late(merge, before, take_points(&points, late), &after);
	}
	if (points.n > PIECE_MAX_POINTS)
		gather(merge, &after, points);
	else
	{
		if (points.n > 0)
			append_new(merge, &after, points);
		if (tail_is_full(&after))
			gather(merge, &after, none);
	}
	merge->written |= sh_rows_write(&merge->tail.relation, merge->series, before, &after);
}

/* ---- the whole ---- */

/*
 * The common case: all points lie behind the growing row and find room in it. One index look-up, one
 * update.
 */
static bool
append_to_growing_row(Merge *merge, const ShPointList *points)
{
	ShRow last;
	ShRow row;
	int n;
	int64 ts[GROWING_MAX_POINTS];
	double value[GROWING_MAX_POINTS];

	sh_cursor_seek_down(&merge->tail, SH_AFTER_ALL);
	if (!sh_cursor_next(&merge->tail, &last) || last.t1 >= points->ts[0] ||
		!is_growing(&last, points->n))
		return false;
	sh_store_row_decode(merge->series, &last, &decoded);
	n = decoded.n;
	memcpy(ts, decoded.ts, n * sizeof(int64));
	memcpy(value, decoded.value, n * sizeof(double));
	memcpy(ts + n, points->ts, points->n * sizeof(int64));
	memcpy(value + n, points->value, points->n * sizeof(double));
	if (!sh_row_encode(&row, last.t0, ts, value, n + points->n))
		return false;
	sh_store_row_update(&merge->tail.relation, merge->series, &last.tid, &row);
	merge->counts->inserted += points->n;
	merge->written = true;
	return true;
}

/* How many of the points belong to sealed rows. */
static int
count_sealed(Merge *merge, const ShRowList *tail, const ShPointList *points)
{
	ShRow last;

	if (tail->n > 0 && points->ts[0] >= tail->rows[0].t0)
		return 0;
	sh_cursor_seek_down(chunk_cursor(merge), SH_AFTER_ALL);
	if (!sh_cursor_next(&merge->chunk, &last))
		return 0;
	return count_before(points, tail->n > 0 ? tail->rows[0].t0 : last.t1 + 1);
}

static void
merge_general(Merge *merge, ShPointList points)
{
	ShRowList tail = {0};
	int sealed;

	read_tail(merge, &tail);
	sealed = count_sealed(merge, &tail, &points);
	if (sealed > 0)
		merge_sealed(merge, take_points(&points, sealed));
	if (points.n > 0)
		merge_tail(merge, &tail, points);
}

void
sh_store_merge(const ShSeries *series, TimestampTz *ts, double *value, int n, ShConflict conflict,
			   ShWriteCounts *counts)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext work;
	Merge merge = {.series = series->id,
				   .conflict = conflict,
				   .counts = counts,
				   .todo = SH_TODO_NOTHING(series->id)};
	ShPointList points = {ts, value, n};

	if (n == 0)
		return;
	work = AllocSetContextCreate(outer, "selfhost merge", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(work);
	sh_points_prepare(&points, conflict, counts);

	merge.snapshot = RegisterSnapshot(GetLatestSnapshot());
	sh_store_check_undisturbed(series->id, points.ts[0], points.ts[points.n - 1], merge.snapshot);
	sh_cursor_open(&merge.tail, series->id, SH_TAIL, RowExclusiveLock, merge.snapshot);
	if (!append_to_growing_row(&merge, &points))
		merge_general(&merge, points);
	sh_cursor_close(&merge.chunk);
	sh_cursor_close(&merge.tail);
	sh_todo_add(&merge.todo);
	UnregisterSnapshot(merge.snapshot);

	MemoryContextSwitchTo(outer);
	MemoryContextDelete(work);
	if (merge.written)
		CommandCounterIncrement();
}
