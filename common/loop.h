/*
 * loop.h: an event loop of one thread: descriptors by epoll, a wake-up from outside.
 *
 * Everything here belongs to the loop's thread but shc_loop_wake(), which any thread may call.
 */
#ifndef SHC_LOOP_H
#define SHC_LOOP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ShcWatch ShcWatch;

/* A watched descriptor; the owner embeds it. events: EPOLLIN, EPOLLOUT, ... */
struct ShcWatch
{
	int fd; /* -1: not watched */
	uint32_t events;
	void (*ready)(ShcWatch *watch, uint32_t events);
};

/* Memory to be released when no event of this turn can refer to it any more; the owner embeds it. */
typedef struct ShcGarbage
{
	struct ShcGarbage *next;
	void (*release)(struct ShcGarbage *garbage);
} ShcGarbage;

typedef struct ShcLoop
{
	int epoll_fd;
	int wake_fd;
	int64_t now; /* microseconds, monotonic; taken once a turn */
	ShcGarbage *garbage;
} ShcLoop;

extern bool shc_loop_init(ShcLoop *loop);
extern void shc_loop_close(ShcLoop *loop);

/* Watches a descriptor, or changes what it is watched for. False (logged) on failure. */
extern bool shc_loop_watch(ShcLoop *loop, ShcWatch *watch, int fd, uint32_t events);
extern void shc_loop_unwatch(ShcLoop *loop, ShcWatch *watch);

/*
 * Waits for events until `until` (monotonic microseconds) at most, and dispatches them. expects_soon:
 * one will come within some dozens of microseconds, as a rule.
 */
extern void shc_loop_turn(ShcLoop *loop, int64_t until, bool expects_soon);

/* Ends the wait of another thread's loop. */
extern void shc_loop_wake(ShcLoop *loop);

/* Calls release(garbage) at the end of the turn. */
extern void shc_loop_discard(ShcLoop *loop, ShcGarbage *garbage);

extern int64_t shc_monotonic_us(void);

#endif
