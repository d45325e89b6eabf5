/*
 * progress.c: a bar, the rate and the time left.
 */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define REDRAW	  0.1 /* seconds */

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static bool
is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

void
progress_begin(Progress *progress, const char *what, const char *things, uint64_t size,
			   uint64_t done)
{
	*progress = (Progress){
		.what = what,
		.things = things,
		.size = size,
		.is_shown = is_terminal(),
		.began = now(),
		.done_before = done,
	};
}

static void
draw_bar(const Progress *progress, uint64_t done, double seconds)
{
	double part = (double) done / (double) progress->size;
	double speed = seconds > 0 ? (double) (done - progress->done_before) / seconds : 0;
	int filled;

	part = part > 1 ? 1 : part;
	filled = (int) (part * BAR_WIDTH);
	fprintf(stderr, " [%.*s%*s] %3d %%", filled, "##############################",
			BAR_WIDTH - filled, "", (int) (part * 100));
	if (speed > 0 && done < progress->size)
	{
		long left = (long) ((double) (progress->size - done) / speed + 0.5);

		if (left >= 3600)
			fprintf(stderr, ", %ld:%02ld:%02ld left", left / 3600, left / 60 % 60, left % 60);
		else
			fprintf(stderr, ", %ld:%02ld left", left / 60, left % 60);
	}
}

void
progress_show(Progress *progress, uint64_t done, uint64_t count)
{
	double time = now();
	double seconds = time - progress->began;

	if (!progress->is_shown || time - progress->shown < REDRAW)
		return;
	progress->shown = time;
	fprintf(stderr, "\r%s", progress->what);
	if (progress->size > 0)
		draw_bar(progress, done, seconds);
	fprintf(stderr, "  %llu %s", (unsigned long long) count, progress->things);
	if (seconds >= 1)
		fprintf(stderr, ", %.0f/s", (double) count / seconds);
	fputs("\033[K", stderr);
}

void
progress_end(Progress *progress)
{
	if (progress->is_shown && progress->shown > 0)
		fputs("\r\033[K", stderr);
}
