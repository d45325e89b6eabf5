/*
 * child.h: the programs that selfctl starts: each in a session of its own (so that Ctrl-C reaches
 * selfctl alone), as the right user, with its output in a log, ending when selfctl is killed.
 */
#ifndef SH_SELFCTL_CHILD_H
#define SH_SELFCTL_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "account.h"

typedef struct Child
{
	/* Set by the owner, borrowed. */
	const char *name;		/* for messages */
	const Account *account; /* NULL: stay who we are */
	const char *log;		/* standard output and error are appended to it */
	int death_signal;		/* what it gets when selfctl dies */

	pid_t pid;		  /* 0: not running */
	int status;		  /* as of waitpid, once it has ended */
	off_t log_offset; /* where this run's output begins in the log */
} Child;

/* False (logged) when it cannot be started, a missing program included. */
extern bool child_start(Child *child, char *const *argv);

/* Whether it runs no longer; never waits. */
extern bool child_ended(Child *child);

/* Sends a signal unless it is 0, and waits; true when the child has ended in time. */
extern bool child_stop(Child *child, int signal_number, int64_t milliseconds);

/* Starts it and waits for its end; true when it exits with 0, else the log's end is shown. */
extern bool child_run(Child *child, char *const *argv);

/* "exited with code 1", "was killed by signal 9". */
extern void child_describe_end(const Child *child, char *out, size_t size);

/* Prints the last lines of this run's output, and where the log is. */
extern void child_show_log(const Child *child);

/* Runs a program and returns its first line of output (malloc'd), NULL (logged) on failure. */
extern char *child_first_line(char *const *argv);

/* The same of a program that may have nothing to say, or fail: "" then. Its errors are not shown. */
extern char *child_first_line_if_any(char *const *argv);

#endif
