/*
 * metrics.h: what one thread counts. Written by that thread alone, read by any: all counters are
 * relaxed atomics, the states of the pools are copied under a lock four times a second.
 */
#ifndef SH_GATEWAY_METRICS_H
#define SH_GATEWAY_METRICS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "buf.h"
#include "pool.h"
#include "route.h"

#define GW_METRICS_STATUSES 24
#define GW_METRICS_BUCKETS	14

typedef _Atomic uint64_t GwCounter;

/* Of one operation; the last one stands for everything that is none. */
typedef struct GwOperationMetrics
{
	GwCounter requests[GW_METRICS_STATUSES];
	GwCounter latency[GW_METRICS_BUCKETS]; /* not cumulative here */
	GwCounter latency_sum_us;
} GwOperationMetrics;

typedef struct GwMetrics
{
	int noperations;
	GwOperationMetrics *operation; /* noperations + 1 */
	GwCounter bytes_received;
	GwCounter bytes_sent;
	GwCounter rate_limited;
	GwCounter auth_failures;
	GwCounter connections_accepted;
	_Atomic int64_t connections;
	_Atomic int64_t active_requests;
	pthread_mutex_t lock; /* of what follows */
	int npools;
	int pools_capacity;
	GwPoolState *pools;
} GwMetrics;

extern GwMetrics *gw_metrics_new(int noperations);
extern void gw_metrics_free(GwMetrics *metrics);

static inline void
gw_count(GwCounter *counter, uint64_t n)
{
	/* One writer: no need for a locked instruction. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
						  memory_order_relaxed);
}

/* A request has ended. operation: its index, or -1. */
extern void gw_metrics_request(GwMetrics *metrics, int operation, int status, int64_t duration_us,
							   uint64_t received, uint64_t sent);

/* Publishes the states of the thread's pools. */
extern void gw_metrics_pools(GwMetrics *metrics, const GwPools *pools);

/* The sums over all threads, as Prometheus' text. */
extern void gw_metrics_print(GwMetrics *const *metrics, int n, const GwRoutes *routes, ShcBuf *out);

#endif
