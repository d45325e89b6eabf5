/*
 * pool.c: the domains of one thread, and which lane a request takes.
 */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deferred.h"
#include "fast_lane.h"
#include "heavy_lane.h"
#include "log.h"
#include "replica.h"
#include "token_use.h"

struct GwPool
{
	GwPool *next;
	GwPools *owner;
	char *name;
	char *uri;
	ShcPgHosts hosts;
	bool is_retired;
	int holders; /* requests that have found it */
	GwReturns *returns;
	GwFastLane fast;
	GwHeavyLane heavy;
	GwDeferred deferred;
	GwReplica *replica; /* NULL: all goes to the primary */
	GwOperation token_operation;
	GwTokenUse tokens;
};

void
gw_pools_init(GwPools *pools, ShcLoop *loop, const GwConfig *config, const GwRoutes *routes,
			  int nthreads)
{
	*pools = (GwPools){.loop = loop, .config = config, .routes = routes, .nthreads = nthreads};
}

/* This thread's part of a limit for the process. */
static int
share(const GwPools *pools, int64_t limit)
{
	int64_t part = (limit + pools->nthreads - 1) / pools->nthreads;

	return part < 1 ? 1 : (int) part;
}

static void
free_pool(GwPool *pool)
{
	free(pool->name);
	free(pool->uri);
	free(pool->returns);
	shc_pg_hosts_free(&pool->hosts);
	if (pool->replica != NULL)
		gw_replica_free(pool->replica);
	gw_token_use_free(&pool->tokens);
	free(pool);
}

void
gw_pool_hold(GwPool *pool)
{
	pool->holders++;
}

void
gw_pool_release(GwPool *pool)
{
	pool->holders--;
}

static void
submit_to_primary(void *owner, GwJob *job)
{
	GwPool *pool = owner;

	if (job->operation->lane == GW_LANE_FAST)
		gw_fast_lane_submit(&pool->fast, job);
	else
		gw_heavy_lane_submit(&pool->heavy, job);
}

/* Without memory for it, everything goes to the primary. */
static void
add_replica(GwPool *pool, const GwPgSettings *settings)
{
	const GwConfig *config = pool->owner->config;

	if (config->pg_max_replica_lag == 0 || pool->hosts.n < 2 || config->pg_pooler)
		return;
	pool->replica = calloc(1, sizeof(GwReplica));
	if (pool->replica == NULL)
		return;
	if (!gw_replica_init(pool->replica, pool->owner->loop, config, settings,
						 share(pool->owner, config->pg_connections)))
	{
		gw_replica_free(pool->replica);
		pool->replica = NULL;
		return;
	}
	pool->replica->to_primary = submit_to_primary;
	pool->replica->owner = pool;
}

static GwPool *
new_pool(GwPools *pools, const ShcDomain *domain)
{
	GwPool *pool = calloc(1, sizeof(GwPool));
	GwPgSettings settings = {0};

	if (pool == NULL)
		return NULL;
	pool->owner = pools;
	pool->name = strdup(domain->name);
	pool->uri = strdup(domain->uri);
	pool->returns = calloc((size_t) gw_routes_count_all(pools->routes) + 1, sizeof(GwReturns));
	if (pool->name == NULL || pool->uri == NULL || pool->returns == NULL ||
		!shc_pg_hosts_init(&pool->hosts, pool->uri))
	{
		free_pool(pool);
		return NULL;
	}
	settings.conninfo = pool->uri;
	settings.hosts = &pool->hosts;
	settings.domain = pool->name;
	settings.is_pooled = pools->config->pg_pooler;
	settings.routes = pools->routes;
	settings.returns = pool->returns;
	gw_fast_lane_init(&pool->fast, pools->loop, pools->config, &settings);
	gw_heavy_lane_init(&pool->heavy, pools->loop, pools->config, &settings,
					   share(pools, pools->config->pg_connections));
	gw_deferred_init(&pool->deferred, pools->loop, pools->config, &settings, &pool->heavy,
					 share(pools, pools->config->max_deferred));
	add_replica(pool, &settings);
	pool->token_operation = gw_token_use_operation(gw_routes_count_all(pools->routes));
	pool->tokens.last_report = pools->loop->now;
	pool->next = pools->pools;
	pools->pools = pool;
	return pool;
}

GwPool *
gw_pools_find(const GwPools *pools, const char *name)
{
	int low = 0;
	int high = pools->n;

	while (low < high)
	{
		int middle = (low + high) / 2;
		int order = strcmp(name, pools->by_name[middle]->name);

		if (order == 0)
			return pools->by_name[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

void
gw_pools_update(GwPools *pools, const GwDomainSet *set)
{
	size_t size = (size_t) set->domains.n + 1;
	GwPool **by_name = calloc(size, sizeof(GwPool *));
	int n = 0;

	if (by_name == NULL)
	{
		shc_error("out of memory: the old domains stay");
		return;
	}
	for (int i = 0; i < set->domains.n; i++)
	{
		const ShcDomain *domain = &set->domains.item[i];
		GwPool *pool = gw_pools_find(pools, domain->name);

		if (pool == NULL || strcmp(pool->uri, domain->uri) != 0)
			pool = new_pool(pools, domain);
		if (pool == NULL)
			shc_error("domain %s: out of memory", domain->name);
		else
			by_name[n++] = pool;
	}
	for (GwPool *pool = pools->pools; pool != NULL; pool = pool->next)
		pool->is_retired = true;
	for (int i = 0; i < n; i++)
		by_name[i]->is_retired = false;
	free(pools->by_name);
	pools->by_name = by_name;
	pools->n = n;
	pools->are_known = set->is_known;
}

static int
waiting(const GwPool *pool)
{
	int n = pool->fast.pending.n + pool->heavy.pending.n;

	if (pool->replica != NULL)
		n += pool->replica->fast.pending.n + pool->replica->heavy.pending.n;
	return n;
}

void
gw_pool_submit(GwPool *pool, GwJob *job)
{
	GwProblem problem;

	job->state = GW_JOB_NEW;
	if (waiting(pool) >= share(pool->owner, pool->owner->config->max_queue))
	{
		gw_lane_unavailable(&problem);
		gw_job_fail(job, &problem);
	}
	else if (pool->replica != NULL && gw_replica_take(pool->replica, job))
		return;
	else if (job->operation->deferred != NULL)
		gw_deferred_submit(&pool->deferred, job);
	else
		submit_to_primary(pool, job);
}

void
gw_pool_cancel(GwPool *pool, GwJob *job)
{
	if (job->state == GW_JOB_PARKED)
		gw_deferred_cancel(&pool->deferred, job);
	if (job->state != GW_JOB_WAITING && job->state != GW_JOB_RUNNING)
		return;
	if (job->lane == &pool->fast || (pool->replica != NULL && job->lane == &pool->replica->fast))
		gw_fast_lane_cancel(job->lane, job);
	else
		gw_heavy_lane_cancel(job->lane, job);
}

void
gw_pools_flush(GwPools *pools)
{
	for (GwPool *pool = pools->pools; pool != NULL; pool = pool->next)
	{
		/* First, as what it cannot do is the primary's in the same turn. */
		if (pool->replica != NULL)
			gw_replica_flush(pool->replica);
		gw_fast_lane_flush(&pool->fast);
		gw_deferred_flush(&pool->deferred);
		gw_heavy_lane_flush(&pool->heavy);
	}
}

static bool
pool_is_idle(const GwPool *pool)
{
	return pool->holders == 0 && gw_fast_lane_is_idle(&pool->fast) &&
		   gw_heavy_lane_is_idle(&pool->heavy) && gw_deferred_is_idle(&pool->deferred) &&
		   (pool->replica == NULL || gw_replica_is_idle(pool->replica));
}

int
gw_pools_describe(const GwPools *pools, GwPoolState *out, int max)
{
	int n = pools->n < max ? pools->n : max;

	for (int i = 0; i < n; i++)
	{
		const GwPool *pool = pools->by_name[i];

		out[i].connections =
			pool->heavy.nconnections + (pool->fast.conn != NULL) + (pool->deferred.conn != NULL);
		out[i].running = pool->heavy.nrunning + gw_fast_lane_running(&pool->fast);
		out[i].deferred = pool->deferred.parked.n;
		out[i].waiting = waiting(pool);
		out[i].standby = 0;
		if (pool->replica != NULL)
		{
			out[i].connections += gw_replica_connections(pool->replica);
			out[i].running +=
				pool->replica->heavy.nrunning + gw_fast_lane_running(&pool->replica->fast);
			out[i].standby = gw_replica_is_usable(pool->replica);
		}
		out[i].failing = pool->heavy.backoff.wait > 0 || pool->fast.backoff.wait > 0;
		snprintf(out[i].domain, sizeof(out[i].domain), "%s", pool->name);
	}
	return n;
}

static void
close_pool(GwPool *pool)
{
	GwProblem problem;

	gw_lane_unavailable(&problem);
	/* Before the lanes of the primary, which take what it had. */
	if (pool->replica != NULL)
		gw_replica_close(pool->replica);
	gw_fast_lane_close(&pool->fast, &problem);
	gw_deferred_close(&pool->deferred, &problem);
	gw_heavy_lane_close(&pool->heavy, &problem);
}

void
gw_pool_note_token(GwPool *pool, const GwJob *job)
{
	gw_token_use_note(&pool->tokens, job);
}

static void
report_tokens(GwPool *pool)
{
	GwJob *job = gw_token_use_report(&pool->tokens, &pool->token_operation, pool->owner->loop->now);

	if (job != NULL)
		gw_heavy_lane_submit(&pool->heavy, job);
}

void
gw_pools_tick(GwPools *pools)
{
	GwPool **link = &pools->pools;

	while (*link != NULL)
	{
		GwPool *pool = *link;

		if (pool->replica != NULL)
			gw_replica_tick(pool->replica);
		gw_fast_lane_tick(&pool->fast);
		gw_deferred_tick(&pool->deferred);
		gw_heavy_lane_tick(&pool->heavy);
		report_tokens(pool);
		if (pool->is_retired && pool_is_idle(pool))
		{
			/* Its closed connections refer to it no more: only their memory is left. */
			close_pool(pool);
			*link = pool->next;
			free_pool(pool);
		}
		else
			link = &pool->next;
	}
}

/*
 * Up to so many messages in a pipeline an answer is worth looking for. A long batch keeps PostgreSQL
 * busy for longer than to sleep costs, and needs the processor itself (measured with 64 connections on 2
 * processors: half of the requests a second when it is looked for).
 */
#define MAX_POLLED 16

bool
gw_pools_expect_soon(const GwPools *pools)
{
	for (int i = 0; i < pools->n; i++)
	{
		int fast = pools->by_name[i]->fast.n;

		if ((fast > 0 && fast <= MAX_POLLED) ||
			gw_heavy_lane_is_streaming(&pools->by_name[i]->heavy))
			return true;
		if (pools->by_name[i]->replica != NULL && pools->by_name[i]->replica->fast.n > 0 &&
			pools->by_name[i]->replica->fast.n <= MAX_POLLED)
			return true;
	}
	return false;
}

void
gw_pools_fail(GwPools *pools)
{
	for (GwPool *pool = pools->pools; pool != NULL; pool = pool->next)
		close_pool(pool);
}

void
gw_pools_free(GwPools *pools)
{
	while (pools->pools != NULL)
	{
		GwPool *pool = pools->pools;

		pools->pools = pool->next;
		close_pool(pool);
		free_pool(pool);
	}
	free(pools->by_name);
	pools->by_name = NULL;
	pools->n = 0;
}
