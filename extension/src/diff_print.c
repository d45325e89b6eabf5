/*
 * diff_print.c: hunks in the unified format.
 */
#include "diff_internal.h"

#include <stdio.h>

#define CONTEXT 3

/* Lines [a0, a1) of a become [b0, b1) of b; all of them changed. */
typedef struct Change
{
	int32_t a0;
	int32_t a1;
	int32_t b0;
	int32_t b1;
} Change;

/* The first change at or behind line `at_a` of a and `at_b` of b, a pair; false: none. */
static bool
next_change(const ShDiffText *a, const ShDiffText *b, int32_t at_a, int32_t at_b, Change *out)
{
	while (at_a < a->n && at_b < b->n && !a->changed[at_a] && !b->changed[at_b])
	{
		at_a++;
		at_b++;
	}
	*out = (Change){at_a, at_a, at_b, at_b};
	while (out->a1 < a->n && a->changed[out->a1])
		out->a1++;
	while (out->b1 < b->n && b->changed[out->b1])
		out->b1++;
	return out->a1 > out->a0 || out->b1 > out->b0;
}

static void
print_line(const ShDiffHost *host, char sign, const ShDiffText *text, int32_t line)
{
	static const char no_newline[] = "\n\\ No newline at end of file\n";
	const char *bytes = text->bytes + text->start[line];
	size_t len = sh_diff_line_len(text, line);

	host->write(host->context, &sign, 1);
	host->write(host->context, bytes, len);
	if (bytes[len - 1] != '\n')
		host->write(host->context, no_newline, sizeof(no_newline) - 1);
}

/* "-3,5": the first line and how many. The number is left out for one and for none. */
static int
format_range(char *out, size_t size, int32_t from, int32_t to)
{
	if (to - from <= 1)
		return snprintf(out, size, "%d", (int) from + 1);
	return snprintf(out, size, "%d,%d", (int) from + 1, (int) (to - from));
}

static void
print_head(const ShDiffHost *host, int32_t a0, int32_t a1, int32_t b0, int32_t b1)
{
	char range_a[32];
	char range_b[32];
	char head[96];
	int len;

	format_range(range_a, sizeof(range_a), a0, a1);
	format_range(range_b, sizeof(range_b), b0, b1);
	len = snprintf(head, sizeof(head), "@@ -%s +%s @@\n", range_a, range_b);
	host->write(host->context, head, (size_t) len);
}

/* The hunk that begins with this change: it goes on while the next one is near. The last change of it. */
static Change
end_of_hunk(const ShDiffText *a, const ShDiffText *b, Change change)
{
	Change next;

	while (next_change(a, b, change.a1, change.b1, &next) && next.a0 - change.a1 <= 2 * CONTEXT)
		change = next;
	return change;
}

static Change
print_hunk(const ShDiffHost *host, const ShDiffText *a, const ShDiffText *b, Change first)
{
	Change last = end_of_hunk(a, b, first);
	int32_t before = first.a0 < CONTEXT ? first.a0 : CONTEXT;
	int32_t after = a->n - last.a1 < CONTEXT ? a->n - last.a1 : CONTEXT;
	int32_t i = first.a0 - before;
	int32_t j = first.b0 - before;

	print_head(host, i, last.a1 + after, j, last.b1 + after);
	while (i < last.a1 + after || j < last.b1 + after)
	{
		if (i < a->n && a->changed[i])
			print_line(host, '-', a, i++);
		else if (j < b->n && b->changed[j])
			print_line(host, '+', b, j++);
		else
		{
			print_line(host, ' ', a, i++);
			j++;
		}
	}
	return last;
}

void
sh_diff_print(const ShDiffHost *host, const ShDiffText *a, const ShDiffText *b)
{
	Change change = {0, 0, 0, 0};

	while (next_change(a, b, change.a1, change.b1, &change))
		change = print_hunk(host, a, b, change);
}
