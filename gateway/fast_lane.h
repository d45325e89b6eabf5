/*
 * fast_lane.h: one pipelined, read-only connection for short answers. All requests of a loop's turn
 * travel together, with one Sync.
 */
#ifndef SH_GATEWAY_FAST_LANE_H
#define SH_GATEWAY_FAST_LANE_H

#include "lane.h"

/* Most entries of the pipeline at once; more requests wait. */
#define GW_PIPELINE_MAX 1024

/* Tokens that have succeeded on this connection, by the first bytes of their digests. */
#define GW_KNOWN_TOKENS 2048

typedef enum GwPipelineKind
{
	GW_PIPELINE_PREPARE,
	GW_PIPELINE_JOB,
	GW_PIPELINE_SYNC
} GwPipelineKind;

typedef struct GwPipelineEntry
{
	GwPipelineKind kind;
	const GwOperation *operation;
	GwJob *job; /* NULL: answered, or nobody waits for it any more */
} GwPipelineEntry;

typedef struct GwFastLane
{
	ShcLoop *loop;
	const GwConfig *config;
	GwPgSettings settings;
	GwPgConn *conn;
	GwBackoff backoff;
	int64_t last_use;
	GwJobQueue pending;
	GwPipelineEntry entry[GW_PIPELINE_MAX]; /* a ring */
	int first;
	int n;
	uint64_t known[GW_KNOWN_TOKENS];
} GwFastLane;

/*
 * The lane is zeroed memory: its arrays are not touched before they are needed. settings are copied;
 * what they point to outlives the lane.
 */
extern void gw_fast_lane_init(GwFastLane *lane, ShcLoop *loop, const GwConfig *config,
							  const GwPgSettings *settings);
extern void gw_fast_lane_submit(GwFastLane *lane, GwJob *job);
extern void gw_fast_lane_cancel(GwFastLane *lane, GwJob *job);

/* Sends what is pending; once a turn. */
extern void gw_fast_lane_flush(GwFastLane *lane);

/* Enforces the limits of time. */
extern void gw_fast_lane_tick(GwFastLane *lane);

/* Requests that were sent and are not answered. */
extern int gw_fast_lane_running(const GwFastLane *lane);

/* No request waits or runs. */
extern bool gw_fast_lane_is_idle(const GwFastLane *lane);

/* Fails what waits and runs, and closes the connection. */
extern void gw_fast_lane_close(GwFastLane *lane, const GwProblem *problem);

#endif
