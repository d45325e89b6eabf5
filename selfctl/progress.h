/*
 * progress.h: how far a long command is, on one line of a terminal. Says nothing where standard error
 * is none.
 */
#ifndef SH_SELFCTL_PROGRESS_H
#define SH_SELFCTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Progress
{
	const char *what;	/* "importing" */
	const char *things; /* what is counted: "points" */
	uint64_t size;		/* of the whole, in any unit; 0: not known */
	bool is_shown;
	double began;
	double shown; /* when last */
	uint64_t done_before;
} Progress;

/* done: of size, done already when the command begins. */
extern void progress_begin(Progress *progress, const char *what, const char *things, uint64_t size,
						   uint64_t done);

/* done: of size. count: of things, so far. Draws at most ten times a second. */
extern void progress_show(Progress *progress, uint64_t done, uint64_t count);

/* Clears the line. */
extern void progress_end(Progress *progress);

#endif
