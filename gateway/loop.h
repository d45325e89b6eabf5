/*
 * loop.h: one event loop per thread: descriptors by epoll, a periodic tick, a wake-up from outside.
 *
 * Everything here belongs to the loop's thread but gw_loop_wake(), which any thread may call.
 */
#ifndef SH_GATEWAY_LOOP_H
#define SH_GATEWAY_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* How often sweeps for time limits run. */
#define GW_TICK_US INT64_C(250000)

typedef struct GwWatch GwWatch;

/* A watched descriptor; the owner embeds it. events: EPOLLIN, EPOLLOUT, ... */
struct GwWatch
{
	int fd; /* -1: not watched */
	uint32_t events;
	void (*ready)(GwWatch *watch, uint32_t events);
};

/* Memory to be released when no event of this turn can refer to it any more. */
typedef struct GwGarbage
{
	struct GwGarbage *next;
	void (*release)(struct GwGarbage *garbage);
} GwGarbage;

typedef struct GwLoop
{
	int epoll_fd;
	int wake_fd;
	int64_t now; /* microseconds, monotonic; taken once a turn */
	GwGarbage *garbage;
} GwLoop;

extern bool gw_loop_init(GwLoop *loop);
extern void gw_loop_close(GwLoop *loop);

/* Watches a descriptor, or changes what it is watched for. False (logged) on failure. */
extern bool gw_loop_watch(GwLoop *loop, GwWatch *watch, int fd, uint32_t events);
extern void gw_loop_unwatch(GwLoop *loop, GwWatch *watch);

/*
 * Waits for events until `until` (monotonic microseconds) at most and dispatches them. expects_soon:
 * one will come within some dozens of microseconds, as a rule.
 */
extern void gw_loop_turn(GwLoop *loop, int64_t until, bool expects_soon);

/* Ends the wait of another thread's loop. */
extern void gw_loop_wake(GwLoop *loop);

/* Calls release(garbage) at the end of the turn. */
extern void gw_loop_discard(GwLoop *loop, GwGarbage *garbage);
extern void gw_loop_collect(GwLoop *loop);

extern int64_t gw_monotonic_us(void);

#endif
