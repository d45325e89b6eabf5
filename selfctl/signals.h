/*
 * signals.h: signals as events. They stay blocked and are taken one by one while waiting, so that
 * no handler runs and nothing is interrupted half-way.
 */
#ifndef SH_SELFCTL_SIGNALS_H
#define SH_SELFCTL_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* Blocks SIGTERM, SIGINT, SIGHUP and SIGCHLD, and ignores SIGPIPE. */
extern void signals_block(void);

/* For a new child, before exec: everything as a program expects it. */
extern void signals_reset(void);

/* Waits until a signal comes, at most so many milliseconds; 0 or less: only looks. */
extern void signals_wait(int64_t milliseconds);

/* How many requests to stop have come so far. */
extern int signals_stops(void);

/* Monotonic, in milliseconds. */
extern int64_t now_ms(void);

#endif
