/*
 * diff_compare.c: which lines of two texts differ, after E. Myers, An O(ND) Difference Algorithm and
 * Its Variations (Algorithmica 1, 1986): the middle of a shortest edit path is found by searching from
 * both ends at once, and the two halves are compared in the same way, in linear space.
 *
 * Lines that the other text does not have cannot be kept, so they are out before the search begins.
 * What remains can still be costly (time is the length times the number of differences), so that each
 * search for a middle ends after so many edits, and goes on from the point that got farthest. The
 * result is then not the shortest, but a right one.
 */
#include "diff_internal.h"

#include <string.h>

/* Edits of one search: so many while it is cheap, so many however much was spent. */
#define MOST_EDITS	2048
#define LEAST_EDITS 64

/* Steps (diagonals and equal lines): of one search, and of all, before they count as costly. */
#define COSTLY_SEARCH (1 << 23)
#define COSTLY		  (1 << 26)

/* The lines that both texts have: their classes, and where they stand. */
typedef struct Sequence
{
	int32_t n;
	int32_t *class;
	int32_t *line;
} Sequence;

typedef struct Search
{
	Sequence a;
	Sequence b;
	ShDiffText *text_a;
	ShDiffText *text_b;
	/* How far along a the paths have come on each diagonal x - y, from the beginning and the end. */
	int32_t *forward;
	int32_t *backward;
	int64_t spent; /* steps taken */
} Search;

/* A box of the edit graph: lines [a0, a1) of a, [b0, b1) of b. */
typedef struct Box
{
	int32_t a0;
	int32_t a1;
	int32_t b0;
	int32_t b1;
} Box;

typedef struct Point
{
	int32_t x;
	int32_t y;
} Point;

/* ---- the middle of a path ---- */

/* Has the search, which began when so much was spent, taken long enough? */
static bool
is_enough(const Search *search, int64_t spent_before, int32_t edits)
{
	if (edits < LEAST_EDITS)
		return false;
	return edits >= MOST_EDITS || search->spent > COSTLY ||
		   search->spent - spent_before > COSTLY_SEARCH;
}

/* The diagonals that both searches may visit, and where the two have begun. */
typedef struct Bounds
{
	int32_t lowest;
	int32_t highest;
	int32_t forward_lo;
	int32_t forward_hi;
	int32_t backward_lo;
	int32_t backward_hi;
} Bounds;

/*
 * Widens [lo, hi] by one diagonal on each side within the box; at the edge it narrows instead, so that
 * the diagonals of one step are always every second one. `edge` is what counts as not reached.
 */
static void
widen(int32_t *v, int32_t *lo, int32_t *hi, const Bounds *bounds, int32_t edge)
{
	if (*lo > bounds->lowest)
		v[--*lo - 1] = edge;
	else
		++*lo;
	if (*hi < bounds->highest)
		v[++*hi + 1] = edge;
	else
		--*hi;
}

/* One more edit from the beginning. True: a path from the end is met at *middle. */
static bool
step_forward(Search *search, const Box *box, Bounds *bounds, bool odd, Point *middle)
{
	int32_t *forward = search->forward;

	widen(forward, &bounds->forward_lo, &bounds->forward_hi, bounds, -1);
	for (int32_t d = bounds->forward_hi; d >= bounds->forward_lo; d -= 2)
	{
		int32_t x = forward[d - 1] < forward[d + 1] ? forward[d + 1] : forward[d - 1] + 1;
		int32_t y = x - d;
		int32_t from = x;

		while (x < box->a1 && y < box->b1 && search->a.class[x] == search->b.class[y])
		{
			x++;
			y++;
		}
		forward[d] = x;
		search->spent += 1 + x - from;
		if (odd && d >= bounds->backward_lo && d <= bounds->backward_hi && search->backward[d] <= x)
		{
			*middle = (Point){x, y};
			return true;
		}
	}
	return false;
}

/* One more edit from the end. */
static bool
step_backward(Search *search, const Box *box, Bounds *bounds, bool odd, Point *middle)
{
	int32_t *backward = search->backward;

	widen(backward, &bounds->backward_lo, &bounds->backward_hi, bounds, INT32_MAX);
	for (int32_t d = bounds->backward_hi; d >= bounds->backward_lo; d -= 2)
	{
		int32_t x = backward[d - 1] < backward[d + 1] ? backward[d - 1] : backward[d + 1] - 1;
		int32_t y = x - d;
		int32_t from = x;

		while (x > box->a0 && y > box->b0 && search->a.class[x - 1] == search->b.class[y - 1])
		{
			x--;
			y--;
		}
		backward[d] = x;
		search->spent += 1 + from - x;
		if (!odd && d >= bounds->forward_lo && d <= bounds->forward_hi && x <= search->forward[d])
		{
			*middle = (Point){x, y};
			return true;
		}
	}
	return false;
}

/* The searches have not met in time: the point that is farthest from where its search began. */
static Point
farthest(const Search *search, const Box *box, const Bounds *bounds)
{
	int64_t best = -1;
	Point point = {box->a0, box->b0};

	for (int32_t d = bounds->forward_hi; d >= bounds->forward_lo; d -= 2)
	{
		int32_t x = search->forward[d] < box->a1 ? search->forward[d] : box->a1;
		int32_t y = x - d;

		if (y > box->b1)
		{
			y = box->b1;
			x = y + d;
		}
		if (y >= box->b0 && (int64_t) x + y - box->a0 - box->b0 > best)
		{
			best = (int64_t) x + y - box->a0 - box->b0;
			point = (Point){x, y};
		}
	}
	for (int32_t d = bounds->backward_hi; d >= bounds->backward_lo; d -= 2)
	{
		int32_t x = search->backward[d] > box->a0 ? search->backward[d] : box->a0;
		int32_t y = x - d;

		if (y < box->b0)
		{
			y = box->b0;
			x = y + d;
		}
		if (y <= box->b1 && (int64_t) box->a1 + box->b1 - x - y > best)
		{
			best = (int64_t) box->a1 + box->b1 - x - y;
			point = (Point){x, y};
		}
	}
	/* A path that has left the box may have been put back into a corner, which divides nothing. */
	if ((point.x == box->a0 && point.y == box->b0) || (point.x == box->a1 && point.y == box->b1))
		point = (Point){box->a0 + (box->a1 - box->a0) / 2, box->b0 + (box->b1 - box->b0) / 2};
	return point;
}

/* A point inside of the box that a short path goes through. Neither side of the box is empty. */
static Point
find_middle(Search *search, const Box *box)
{
	int32_t begin = box->a0 - box->b0;
	int32_t end = box->a1 - box->b1;
	bool odd = ((begin - end) & 1) != 0;
	int64_t spent_before = search->spent;
	Bounds bounds = {box->a0 - box->b1, box->a1 - box->b0, begin, begin, end, end};
	Point middle;

	search->forward[begin] = box->a0;
	search->backward[end] = box->a1;
	for (int32_t edits = 1;; edits++)
	{
		if (step_forward(search, box, &bounds, odd, &middle) ||
			step_backward(search, box, &bounds, odd, &middle))
			return middle;
		if (is_enough(search, spent_before, edits))
			return farthest(search, box, &bounds);
	}
}

/* ---- divide and conquer ---- */

static void
mark(bool *changed, const Sequence *sequence, int32_t from, int32_t to)
{
	for (int32_t i = from; i < to; i++)
		changed[sequence->line[i]] = true;
}

/* The longer half is compared by going round, so that the depth stays logarithmic. */
static void
compare(Search *search, Box box)
{
	for (;;)
	{
		Box first;
		Box second;
		Point middle;

		while (box.a0 < box.a1 && box.b0 < box.b1 &&
			   search->a.class[box.a0] == search->b.class[box.b0])
		{
			box.a0++;
			box.b0++;
		}
		while (box.a0 < box.a1 && box.b0 < box.b1 &&
			   search->a.class[box.a1 - 1] == search->b.class[box.b1 - 1])
		{
			box.a1--;
			box.b1--;
		}
		if (box.a0 == box.a1 || box.b0 == box.b1)
		{
			mark(search->text_a->changed, &search->a, box.a0, box.a1);
			mark(search->text_b->changed, &search->b, box.b0, box.b1);
			return;
		}
		middle = find_middle(search, &box);
		first = (Box){box.a0, middle.x, box.b0, middle.y};
		second = (Box){middle.x, box.a1, middle.y, box.b1};
		if ((int64_t) middle.x - box.a0 + middle.y - box.b0 >
			(int64_t) box.a1 - middle.x + box.b1 - middle.y)
		{
			compare(search, second);
			box = first;
		}
		else
		{
			compare(search, first);
			box = second;
		}
	}
}

/* ---- preparation ---- */

/* The lines of the text whose class the other text has, too; the others are marked. */
static bool
keep_common(const ShDiffHost *host, ShDiffText *text, const uint8_t *found, Sequence *out)
{
	out->class = host->allocate(((size_t) text->n + 1) * sizeof(int32_t));
	out->line = host->allocate(((size_t) text->n + 1) * sizeof(int32_t));
	out->n = 0;
	if (out->class == NULL || out->line == NULL)
		return false;
	for (int32_t i = 0; i < text->n; i++)
	{
		text->changed[i] = found[text->class[i]] != 3;
		if (text->changed[i])
			continue;
		out->class[out->n] = text->class[i];
		out->line[out->n++] = i;
	}
	return true;
}

static void
release_search(const ShDiffHost *host, Search *search, int32_t *v, uint8_t *found)
{
	void *all[] = {search->a.class, search->a.line, search->b.class, search->b.line, v, found};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
	{
		if (all[i] != NULL)
			host->release(all[i]);
	}
}

bool
sh_diff_compare(const ShDiffHost *host, ShDiffText *a, ShDiffText *b, int32_t nclasses)
{
	Search search = {.text_a = a, .text_b = b};
	uint8_t *found = host->allocate((size_t) nclasses + 1);
	int32_t *v = NULL;
	size_t ndiagonals;
	bool good = false;

	if (found == NULL)
		return false;
	memset(found, 0, (size_t) nclasses + 1);
	for (int32_t i = 0; i < a->n; i++)
		found[a->class[i]] |= 1;
	for (int32_t i = 0; i < b->n; i++)
		found[b->class[i]] |= 2;
	if (keep_common(host, a, found, &search.a) && keep_common(host, b, found, &search.b))
	{
		/* Diagonals from -n(b) to n(a), and one beyond on each side. */
		ndiagonals = (size_t) search.a.n + (size_t) search.b.n + 3;
		v = host->allocate(2 * ndiagonals * sizeof(int32_t));
		good = v != NULL;
	}
	if (good)
	{
		search.forward = v + search.b.n + 1;
		search.backward = v + ndiagonals + search.b.n + 1;
		compare(&search, (Box){0, search.a.n, 0, search.b.n});
	}
	release_search(host, &search, v, found);
	return good;
}
