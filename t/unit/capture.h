/*
 * capture.h: what a function writes to standard error, for tests of logs. Not for threads.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int capture_saved = -1;
static char capture_text[65536];

static inline void
capture_start(void)
{
	int fd = memfd_create("stderr", 0);

	capture_saved = dup(STDERR_FILENO);
	/* As a shell's >> does: threads may share the place to write at otherwise. */
	if (fd < 0 || capture_saved < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0 ||
		dup2(fd, STDERR_FILENO) < 0)
		abort();
	close(fd);
}

/* The text since capture_start(), valid until the next one. */
static inline const char *
capture_stop(void)
{
	ssize_t len = pread(STDERR_FILENO, capture_text, sizeof(capture_text) - 1, 0);

	capture_text[len > 0 ? len : 0] = '\0';
	dup2(capture_saved, STDERR_FILENO);
	close(capture_saved);
	return capture_text;
}

#endif
