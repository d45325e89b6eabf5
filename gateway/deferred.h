/*
 * deferred.h: answers that come later. The function of an operation with x-deferred may answer with a
 * ticket:
 *
 *   202, "x-selfhost-ticket: N", "x-selfhost-wait-ms: M"
 *
 * The request then waits without a connection to PostgreSQL. When a notification on selfhost_run_done
 * has N as its payload, or M milliseconds are over, the function that x-deferred names is called with the
 * ticket; its answer is the answer, or a ticket again.
 *
 * One for each domain and thread, with one connection that listens: opened with the first ticket, closed
 * when it is idle. Loop thread only.
 */
#ifndef SH_GATEWAY_DEFERRED_H
#define SH_GATEWAY_DEFERRED_H

#include "heavy_lane.h"

/* Notifications that are remembered, for tickets that are still on their way to us. */
#define GW_HEARD_MAX 1024

typedef struct GwDeferred
{
	ShcLoop *loop;
	const GwConfig *config;
	GwPgSettings settings;
	GwHeavyLane *lane; /* runs the statements */
	int max_parked;
	GwPgConn *conn; /* listens; NULL: none */
	GwBackoff backoff;
	int64_t last_use;
	uint32_t listening; /* counts the times that it began to listen; 0: it does not */
	uint32_t times;
	GwJobQueue parked;
	uint64_t nheard; /* notifications, ever; the last of them: */
	int64_t heard[GW_HEARD_MAX];
} GwDeferred;

/* settings are copied; what they point to outlives this. */
extern void gw_deferred_init(GwDeferred *deferred, ShcLoop *loop, const GwConfig *config,
							 const GwPgSettings *settings, GwHeavyLane *lane, int max_parked);

/* Hands a job of an operation with x-deferred over to the lane. It may fail at once. */
extern void gw_deferred_submit(GwDeferred *deferred, GwJob *job);

/* Nobody waits for a parked job any more. */
extern void gw_deferred_cancel(GwDeferred *deferred, GwJob *job);

/* Opens the connection where it is needed; once a turn. */
extern void gw_deferred_flush(GwDeferred *deferred);

/* Enforces the limits of time; asks for those whose wait is over. */
extern void gw_deferred_tick(GwDeferred *deferred);

extern bool gw_deferred_is_idle(const GwDeferred *deferred);

/* Fails what is parked, and closes the connection. */
extern void gw_deferred_close(GwDeferred *deferred, const GwProblem *problem);

#endif
