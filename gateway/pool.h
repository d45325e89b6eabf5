/*
 * pool.h: one domain on one thread: its two lanes, and the set of all domains of a thread.
 *
 * A domain that is changed or removed is retired: it takes no new requests, finishes what runs, and
 * closes its connections.
 */
#ifndef SH_GATEWAY_POOL_H
#define SH_GATEWAY_POOL_H

#include "config.h"
#include "domains.h"
#include "job.h"
#include "loop.h"
#include "route.h"

typedef struct GwPool GwPool;

/* All domains of one thread. */
typedef struct GwPools
{
	ShcLoop *loop;
	const GwConfig *config;
	const GwRoutes *routes;
	int nthreads;	  /* that share the limits of a domain */
	GwPool *pools;	  /* linked, retired ones among them */
	GwPool **by_name; /* those in service, sorted */
	int n;
	bool are_known; /* false: what is not here may be a domain all the same */
} GwPools;

extern void gw_pools_init(GwPools *pools, ShcLoop *loop, const GwConfig *config,
						  const GwRoutes *routes, int nthreads);

/* Makes the domains in service those of the set. */
extern void gw_pools_update(GwPools *pools, const GwDomainSet *set);

/* The pool of a domain by its exact name, or NULL. */
extern GwPool *gw_pools_find(const GwPools *pools, const char *name);

/* A pool that is held is not freed, whatever becomes of its domain; one that was found is to be held. */
extern void gw_pool_hold(GwPool *pool);
extern void gw_pool_release(GwPool *pool);

/* Hands a job over. It may fail at once, by its changed(). */
extern void gw_pool_submit(GwPool *pool, GwJob *job);

/* Nobody waits for a job any more; it is the caller's again. Nothing for one that has ended. */
extern void gw_pool_cancel(GwPool *pool, GwJob *job);

/* A job has succeeded: its token was used. */
extern void gw_pool_note_token(GwPool *pool, const GwJob *job);

/* Once a turn: sends what has come together. Every GW_TICK_US: limits of time. */
extern void gw_pools_flush(GwPools *pools);
extern void gw_pools_tick(GwPools *pools);
/* Is a short answer of PostgreSQL under way, or the next piece of a long one? */
extern bool gw_pools_expect_soon(const GwPools *pools);

/* The state of a domain on this thread. */
typedef struct GwPoolState
{
	char domain[128];
	int connections;
	int running;
	int waiting;
	int deferred; /* have a ticket */
	int failing;  /* 1: the last attempt to connect failed */
	int standby;  /* 1: reads may go to a standby */
} GwPoolState;

/* Fills out with the domains in service, in the order of their names; returns how many. */
extern int gw_pools_describe(const GwPools *pools, GwPoolState *out, int max);

/* Fails all that runs or waits, with 503. */
extern void gw_pools_fail(GwPools *pools);
extern void gw_pools_free(GwPools *pools);

#endif
