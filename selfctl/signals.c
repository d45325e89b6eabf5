/*
 * signals.c: blocked signals, taken by sigtimedwait.
 */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static int stops;

static void
handled_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGCHLD);
}

void
signals_block(void)
{
	sigset_t set;

	handled_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* The shell may have left SIGINT or SIGHUP ignored; an ignored signal is never pending. */
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
}

void
signals_reset(void)
{
	sigset_t set;

	sigemptyset(&set);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

void
signals_wait(int64_t milliseconds)
{
	int64_t wait = milliseconds > 0 ? milliseconds : 0;
	struct timespec limit = {wait / 1000, wait % 1000 * 1000000};
	sigset_t set;
	int signal_number;

	handled_signals(&set);
	signal_number = sigtimedwait(&set, NULL, &limit);
	if (signal_number == SIGTERM || signal_number == SIGINT || signal_number == SIGHUP)
		stops++;
}

int
signals_stops(void)
{
	return stops;
}

int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
