/*
 * store_rows.c: from points to rows, and from one set of rows to another.
 */
#include "sh_ext.h"

#include "store_internal.h"

void
sh_rows_add(ShRowList *list, const ShRow *row)
{
	if (list->n == list->capacity)
	{
		list->capacity = list->capacity == 0 ? 16 : 2 * list->capacity;
		list->rows = list->rows == NULL ? palloc(list->capacity * sizeof(ShRow))
										: repalloc_huge(list->rows, list->capacity * sizeof(ShRow));
	}
	list->rows[list->n++] = *row;
}

ShRow
sh_row_copy(const ShRow *row)
{
	ShRow copy = *row;
	uint8 *data = palloc(row->len);

	memcpy(data, row->data, row->len);
	copy.data = data;
	return copy;
}

static void
set_row(ShRow *row, TimestampTz t0, const int64 *ts, int n, const uint8 *data, Size len)
{
	uint8 *copy = palloc(len);

	memcpy(copy, data, len);
	ItemPointerSetInvalid(&row->tid);
	row->t0 = t0;
	row->t1 = ts[n - 1];
	row->n = n;
	row->len = (int32) len;
	row->data = copy;
}

/* Encodes n points as one row; false when they do not fit. */
bool
sh_row_encode(ShRow *row, TimestampTz t0, const int64 *ts, const double *value, int n)
{
	uint8 data[SH_CHUNK_MAX_BYTES];
	Size len;

	if (n > SH_CHUNK_MAX_POINTS)
		return false;
	len = sh_chunk_encode(ts, value, n, data, sizeof(data));
	if (len == 0)
		return false;
	set_row(row, t0, ts, n, data, len);
	return true;
}

/* Encodes the longest prefix that fits into one row; returns its length. */
int
sh_row_fill(ShRow *row, TimestampTz t0, const int64 *ts, const double *value, int n)
{
	uint8 data[SH_CHUNK_MAX_BYTES];
	Size len;
	int taken = sh_chunk_fill(ts, value, Min(n, SH_CHUNK_MAX_POINTS), data, sizeof(data), &len);

	set_row(row, t0, ts, taken, data, len);
	return taken;
}

/* Replaces the rows from `first` on by as many of equal length, unless one of them would not fit. */
static void
even_out(ShRowList *list, int first, TimestampTz t0, const int64 *ts, const double *value, int n)
{
	int parts = list->n - first;
	ShRow *even = palloc(parts * sizeof(ShRow));
	int start = 0;

	for (int i = 0; i < parts; i++)
	{
		int end = (int) ((int64) n * (i + 1) / parts);

		if (!sh_row_encode(&even[i], i == 0 ? t0 : ts[start], ts + start, value + start,
						   end - start))
			return;
		start = end;
	}
	memcpy(list->rows + first, even, parts * sizeof(ShRow));
}

void
sh_rows_encode(ShRowList *list, TimestampTz t0, const int64 *ts, const double *value, int n,
			   bool evenly)
{
	int first = list->n;
	int start = 0;

	while (start < n)
	{
		ShRow row;

		start +=
			sh_row_fill(&row, start == 0 ? t0 : ts[start], ts + start, value + start, n - start);
		sh_rows_add(list, &row);
	}
	if (evenly && list->n - first > 1)
		even_out(list, first, t0, ts, value, n);
}

/*
 * A row whose t0 is not wanted any more: becomes the next new row of which no version is stored, if
 * there is one. The new version of an updated row is put on the same page where there is room, and
 * dead versions there make room at once, whereas an inserted row finds such room only after a vacuum.
 */
static void
replace_or_delete(ShStoreRelation *relation, int32 series, ShRow *old, const ShRow *new)
{
	if (new != NULL)
		sh_store_row_update(relation, series, &old->tid, new);
	else
		sh_store_row_delete(relation, &old->tid);
}

/* The rows of one list whose t0 does not occur in the other; both ascend by t0. */
static ShRowList
rows_without_match(const ShRowList *list, const ShRowList *other)
{
	ShRowList without = {0};
	int j = 0;

	for (int i = 0; i < list->n; i++)
	{
		while (j < other->n && other->rows[j].t0 < list->rows[i].t0)
			j++;
		if (j == other->n || other->rows[j].t0 != list->rows[i].t0)
			sh_rows_add(&without, &list->rows[i]);
	}
	return without;
}

/* Updates the stored rows of which there is a changed version with the same t0. */
static bool
update_matches(ShStoreRelation *relation, int32 series, const ShRowList *before,
			   const ShRowList *after)
{
	bool written = false;
	int j = 0;

	for (int i = 0; i < before->n; i++)
	{
		ShRow *old = &before->rows[i];

		while (j < after->n && after->rows[j].t0 < old->t0)
			j++;
		if (j < after->n && after->rows[j].t0 == old->t0 &&
			!ItemPointerIsValid(&after->rows[j].tid))
		{
			sh_store_row_update(relation, series, &old->tid, &after->rows[j]);
			written = true;
		}
	}
	return written;
}

bool
sh_rows_write(ShStoreRelation *relation, int32 series, const ShRowList *before,
			  const ShRowList *after)
{
	ShRowList gone = rows_without_match(before, after);
	ShRowList added = rows_without_match(after, before);
	bool written = update_matches(relation, series, before, after);

	if (gone.n > 0 || added.n > 0)
		for (int i = 0; i < before->n; i++)
			sh_store_note_space(relation, &before->rows[i].tid);
	for (int i = 0; i < gone.n; i++)
		replace_or_delete(relation, series, &gone.rows[i], i < added.n ? &added.rows[i] : NULL);
	if (before->n > 0 && gone.n < added.n)
		sh_store_insert_near(relation, &before->rows[before->n - 1].tid);
	for (int i = gone.n; i < added.n; i++)
		sh_store_row_insert(relation, series, &added.rows[i]);
	return written || gone.n > 0 || added.n > 0;
}
