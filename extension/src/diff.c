/*
 * diff.c: two texts are cut into lines, equal lines get the same number, the numbers are compared
 * (diff_compare.c), and the result is printed (diff_print.c).
 */
#include "diff.h"

#include <string.h>

#include "diff_internal.h"

#define MOST_BYTES ((size_t) 1 << 29)

/* ---- lines ---- */

static bool
cut(const ShDiffHost *host, const char *bytes, size_t len, ShDiffText *text)
{
	int32_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += bytes[i] == '\n' || i == len - 1;
	text->bytes = bytes;
	text->n = n;
	text->start = host->allocate(((size_t) n + 1) * sizeof(uint32_t));
	text->class = host->allocate(((size_t) n + 1) * sizeof(int32_t));
	text->changed = host->allocate((size_t) n + 1);
	if (text->start == NULL || text->class == NULL || text->changed == NULL)
		return false;
	memset(text->changed, 0, (size_t) n + 1);
	text->start[0] = 0;
	n = 0;
	for (size_t i = 0; i < len; i++)
	{
		if (bytes[i] == '\n' || i == len - 1)
			text->start[++n] = (uint32_t) i + 1;
	}
	return true;
}

static void
release_text(const ShDiffHost *host, ShDiffText *text)
{
	if (text->start != NULL)
		host->release(text->start);
	if (text->class != NULL)
		host->release(text->class);
	if (text->changed != NULL)
		host->release(text->changed);
}

/* ---- classes ---- */

static uint64_t
hash_line(uint64_t seed, const char *bytes, size_t len)
{
	uint64_t hash = seed ^ len * UINT64_C(0x9e3779b97f4a7c15);

	for (; len > 0; bytes++, len--)
	{
		hash = (hash ^ (unsigned char) *bytes) * UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 32;
	}
	return hash;
}

/* A place in the hash table: the first line of a class. Lines of the second text follow the first's. */
typedef struct Slot
{
	int32_t line; /* counted from 1; 0: free */
	uint32_t hash;
} Slot;

typedef struct Table
{
	Slot *slots;
	size_t mask;
	const ShDiffText *a;
	const ShDiffText *b;
	int32_t nclasses;
} Table;

static bool
is_same(const Table *table, int32_t line, const ShDiffText *text, int32_t other)
{
	const ShDiffText *of = line < table->a->n ? table->a : table->b;
	size_t len = sh_diff_line_len(text, other);

	if (of == table->b)
		line -= table->a->n;
	return sh_diff_line_len(of, line) == len &&
		   memcmp(of->bytes + of->start[line], text->bytes + text->start[other], len) == 0;
}

static void
classify(const ShDiffHost *host, Table *table, ShDiffText *text)
{
	const ShDiffText *a = table->a;

	for (int32_t i = 0; i < text->n; i++)
	{
		uint64_t hash =
			hash_line(host->seed, text->bytes + text->start[i], sh_diff_line_len(text, i));
		uint32_t high = (uint32_t) (hash >> 32);
		size_t at = (size_t) hash & table->mask;
		Slot *slot = &table->slots[at];

		while (slot->line != 0 && (slot->hash != high || !is_same(table, slot->line - 1, text, i)))
			slot = &table->slots[at = (at + 1) & table->mask];
		if (slot->line == 0)
		{
			*slot = (Slot){(text == a ? 0 : a->n) + i + 1, high};
			text->class[i] = table->nclasses++;
		}
		else if (slot->line <= a->n)
			text->class[i] = a->class[slot->line - 1];
		else
			text->class[i] = table->b->class[slot->line - 1 - a->n];
	}
}

static bool
classify_both(const ShDiffHost *host, ShDiffText *a, ShDiffText *b, int32_t *nclasses)
{
	Table table = {.a = a, .b = b};
	size_t size = 16;

	while (size < 2 * ((size_t) a->n + (size_t) b->n))
		size *= 2;
	table.slots = host->allocate(size * sizeof(Slot));
	if (table.slots == NULL)
		return false;
	memset(table.slots, 0, size * sizeof(Slot));
	table.mask = size - 1;
	classify(host, &table, a);
	classify(host, &table, b);
	host->release(table.slots);
	*nclasses = table.nclasses;
	return true;
}

/* ---- neatness ---- */

/*
 * Lines [from, to) were inserted. Where the first of them is the same as the line behind the last one,
 * the lines one further down may as well be the inserted ones: that is where a reader expects a new
 * block that begins or ends as its neighbours do. `other` is the line of the other text behind them.
 */
static void
slide(ShDiffText *text, int32_t from, int32_t to, const ShDiffText *other_text, int32_t other)
{
	while (to < text->n && !text->changed[to] && !other_text->changed[other] &&
		   text->class[from] == text->class[to])
	{
		text->changed[from++] = false;
		text->changed[to++] = true;
		other++;
		if (to < text->n && text->changed[to])
			return;
	}
}

static void
slide_all(ShDiffText *a, ShDiffText *b)
{
	int32_t i = 0;
	int32_t j = 0;

	while (i < a->n || j < b->n)
	{
		int32_t i1 = i;
		int32_t j1 = j;

		while (i1 < a->n && a->changed[i1])
			i1++;
		while (j1 < b->n && b->changed[j1])
			j1++;
		if (i1 == i && j1 > j && i1 < a->n)
			slide(b, j, j1, a, i1);
		else if (j1 == j && i1 > i && j1 < b->n)
			slide(a, i, i1, b, j1);
		/* Go on behind the next pair, and what has been moved down is looked at as it stands now. */
		while (i < a->n && a->changed[i])
			i++;
		while (j < b->n && b->changed[j])
			j++;
		i += i < a->n;
		j += j < b->n;
	}
}

bool
sh_diff_unified(const ShDiffHost *host, const char *name_a, const char *a, size_t len_a,
				const char *name_b, const char *b, size_t len_b)
{
	ShDiffText text_a = {0};
	ShDiffText text_b = {0};
	int32_t nclasses;
	bool good;

	if (len_a > MOST_BYTES || len_b > MOST_BYTES)
		return false;
	if (len_a == len_b && (len_a == 0 || memcmp(a, b, len_a) == 0))
		return true;
	good = cut(host, a, len_a, &text_a) && cut(host, b, len_b, &text_b) &&
		   classify_both(host, &text_a, &text_b, &nclasses) &&
		   sh_diff_compare(host, &text_a, &text_b, nclasses);
	if (good)
	{
		slide_all(&text_a, &text_b);
		host->write(host->context, "--- ", 4);
		host->write(host->context, name_a, strlen(name_a));
		host->write(host->context, "\n+++ ", 5);
		host->write(host->context, name_b, strlen(name_b));
		host->write(host->context, "\n", 1);
		sh_diff_print(host, &text_a, &text_b);
	}
	release_text(host, &text_a);
	release_text(host, &text_b);
	return good;
}
