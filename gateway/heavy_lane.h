/*
 * heavy_lane.h: ordinary connections with one request at a time on each: writes, which are answered
 * after their commit, and long answers, which are streamed with a bounded buffer.
 */
#ifndef SH_GATEWAY_HEAVY_LANE_H
#define SH_GATEWAY_HEAVY_LANE_H

#include "lane.h"

typedef struct GwHeavyLane
{
	ShcLoop *loop;
	const GwConfig *config;
	GwPgSettings settings;
	GwBackoff backoff;
	GwPgConn *connections;
	int nconnections;
	int nopening;
	int nrunning;
	int max_connections;
	GwJobQueue pending;
} GwHeavyLane;

/* settings are copied; what they point to outlives the lane. */
extern void gw_heavy_lane_init(GwHeavyLane *lane, ShcLoop *loop, const GwConfig *config,
							   const GwPgSettings *settings, int max_connections);
extern void gw_heavy_lane_submit(GwHeavyLane *lane, GwJob *job);

/* Nobody wants the answer any more: a running job costs its connection. */
extern void gw_heavy_lane_cancel(GwHeavyLane *lane, GwJob *job);

/* Starts what can be started, and goes on reading for clients that have caught up; once a turn. */
extern void gw_heavy_lane_flush(GwHeavyLane *lane);

/* Enforces the limits of time, and the lowest rate of a client that reads a stream. */
extern void gw_heavy_lane_tick(GwHeavyLane *lane);
/* Does PostgreSQL send a stream whose client keeps up? */
extern bool gw_heavy_lane_is_streaming(const GwHeavyLane *lane);
extern bool gw_heavy_lane_is_idle(const GwHeavyLane *lane);
extern void gw_heavy_lane_close(GwHeavyLane *lane, const GwProblem *problem);

#endif
