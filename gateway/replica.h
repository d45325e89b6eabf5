/*
 * replica.h: reads of a domain on a standby, while that is no more than postgres.max_replica_lag behind.
 * One for each domain and thread; loop thread only, but for the table of writes.
 *
 * Four times a second the primary is asked for its position in the WAL, then the standby for what it has
 * replayed. A standby that has passed a position of the primary's holds all that was committed before the
 * primary was asked: so it is known as of when the standby is up to date, without comparing clocks, and on
 * an idle primary, too. From the same moment a token that has written may read there again.
 *
 * A standby gives only good answers: a refusal or a failure of it is asked of the primary once more.
 */
#ifndef SH_GATEWAY_REPLICA_H
#define SH_GATEWAY_REPLICA_H

#include "fast_lane.h"
#include "heavy_lane.h"

/* Positions of the primary that a standby may still have before it. */
#define GW_POSITIONS_MAX 64

/* One question, on a connection of its own, asked again and again. */
typedef struct GwPosition
{
	GwPgSettings settings;
	GwPgConn *conn; /* NULL: none */
	GwBackoff backoff;
	bool is_asking;
	int64_t asked;
} GwPosition;

typedef struct GwReplica
{
	ShcLoop *loop;
	const GwConfig *config;
	/* Hands a job to the lanes of the primary. */
	void (*to_primary)(void *owner, GwJob *job);
	void *owner;
	ShcPgHosts hosts;	   /* where a standby is looked for */
	ShcPgHosts lane_hosts; /* the same, always at the standby that is looked at */
	GwReturns *returns;
	GwPosition primary;
	GwPosition standby;
	struct
	{
		int64_t asked;
		int64_t lsn;
	} position[GW_POSITIONS_MAX]; /* a ring */
	uint64_t npositions;
	int64_t up_to_date; /* the standby holds what was committed by then; 0: not known */
	int64_t search;		/* the last pause in looking for a standby */
	int64_t last_use;
	GwFastLane fast;
	GwHeavyLane heavy;
} GwReplica;

/* The replica is zeroed memory. settings are those of the primary. False: out of memory. */
extern bool gw_replica_init(GwReplica *replica, ShcLoop *loop, const GwConfig *config,
							const GwPgSettings *settings, int max_connections);

/* Takes a job that only reads, if the standby may answer it. False: it is the primary's. */
extern bool gw_replica_take(GwReplica *replica, GwJob *job);

extern void gw_replica_flush(GwReplica *replica);
extern void gw_replica_tick(GwReplica *replica);
/* May reads without writes before them go to the standby now? */
extern bool gw_replica_is_usable(const GwReplica *replica);
extern int gw_replica_connections(const GwReplica *replica);
extern bool gw_replica_is_idle(const GwReplica *replica);

/* Closes all connections; what runs or waits goes to the primary. */
extern void gw_replica_close(GwReplica *replica);
extern void gw_replica_free(GwReplica *replica);

#endif
