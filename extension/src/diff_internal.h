/*
 * diff_internal.h: between the parts of the diff: texts cut into lines, and which lines changed.
 */
#ifndef SH_DIFF_INTERNAL_H
#define SH_DIFF_INTERNAL_H

#include "diff.h"

/* One text. Lines with the same bytes, in either text, are of the same class. */
typedef struct ShDiffText
{
	const char *bytes;
	int32_t n;		 /* lines */
	uint32_t *start; /* of each line, and behind the last one */
	int32_t *class;
	bool *changed; /* not in the other text, or not at its place there */
} ShDiffText;

static inline size_t
sh_diff_line_len(const ShDiffText *text, int32_t line)
{
	return text->start[line + 1] - text->start[line];
}

/*
 * Marks the fewest lines as changed that leave the same sequence in both texts, or not many more than
 * these. False: out of memory.
 */
extern bool sh_diff_compare(const ShDiffHost *host, ShDiffText *a, ShDiffText *b, int32_t nclasses);

/* Writes the hunks. */
extern void sh_diff_print(const ShDiffHost *host, const ShDiffText *a, const ShDiffText *b);

#endif
