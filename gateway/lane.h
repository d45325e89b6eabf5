/*
 * lane.h: what the two lanes of a pool share: where they connect to, and when to try again.
 */
#ifndef SH_GATEWAY_LANE_H
#define SH_GATEWAY_LANE_H

#include "config.h"
#include "pgconn.h"

/*
 * After a failure to connect: wait 100 ms, then twice as long each time, 1 s at most. Requests that
 * come in the meantime are refused, unless the next attempt is near.
 */
#define GW_BACKOFF_FIRST INT64_C(100000)
#define GW_BACKOFF_MAX	 INT64_C(1000000)
#define GW_BACKOFF_NEAR	 INT64_C(250000)

typedef struct GwBackoff
{
	int64_t wait; /* 0: the last attempt succeeded */
	int64_t until;
	GwProblem problem; /* what to answer until then */
} GwBackoff;

static inline void
gw_backoff_failed(GwBackoff *backoff, int64_t now, const GwProblem *problem)
{
	backoff->wait = backoff->wait == 0 ? GW_BACKOFF_FIRST : 2 * backoff->wait;
	if (backoff->wait > GW_BACKOFF_MAX)
		backoff->wait = GW_BACKOFF_MAX;
	backoff->until = now + backoff->wait;
	backoff->problem = *problem;
}

/* Should requests be refused now, rather than wait for the next attempt to connect? */
static inline bool
gw_backoff_refuses(const GwBackoff *backoff, int64_t now)
{
	return backoff->until - now > GW_BACKOFF_NEAR;
}

/* The answer to a request that nobody could be asked about in time. */
extern void gw_lane_unavailable(GwProblem *problem);
extern void gw_lane_timed_out(GwProblem *problem);
extern void gw_lane_unauthorized(GwProblem *problem);

/* Ends every job of a queue with the same problem. */
extern void gw_lane_fail_all(GwJobQueue *queue, const GwProblem *problem);

/* Ends the jobs that have waited for longer than `limit`, or whose deadline has passed. */
extern void gw_lane_expire(GwJobQueue *queue, int64_t now, int64_t limit);

#endif
