/*
 * metrics.c: counters of the threads, and their sum as Prometheus' text. Labels are operations,
 * statuses and configured domains: none can be made by a client.
 */
#include "metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "version.h"

/* The last one stands for all others. */
static const int statuses[GW_METRICS_STATUSES] = {200, 201, 204, 206, 301, 304, 400, 401,
												  403, 404, 405, 408, 409, 412, 413, 414,
												  416, 429, 500, 501, 502, 503, 504, 0};

/* Upper limits in microseconds; the last one is none. */
static const int64_t limits[GW_METRICS_BUCKETS] = {500,		1000,	 2500,	   5000,	 10000,
												   25000,	50000,	 100000,   250000,	 500000,
												   1000000, 2500000, 10000000, INT64_MAX};

GwMetrics *
gw_metrics_new(int noperations)
{
	GwMetrics *metrics = calloc(1, sizeof(GwMetrics));

	if (metrics == NULL)
		return NULL;
	metrics->noperations = noperations;
	metrics->operation = calloc((size_t) noperations + 1, sizeof(GwOperationMetrics));
	pthread_mutex_init(&metrics->lock, NULL);
	if (metrics->operation != NULL)
		return metrics;
	gw_metrics_free(metrics);
	return NULL;
}

void
gw_metrics_free(GwMetrics *metrics)
{
	if (metrics == NULL)
		return;
	pthread_mutex_destroy(&metrics->lock);
	free(metrics->operation);
	free(metrics->pools);
	free(metrics);
}

static int
status_index(int status)
{
	int i = 0;

	while (i < GW_METRICS_STATUSES - 1 && statuses[i] != status)
		i++;
	return i;
}

void
gw_metrics_request(GwMetrics *metrics, int operation, int status, int64_t duration_us,
				   uint64_t received, uint64_t sent)
{
	GwOperationMetrics *of = &metrics->operation[operation >= 0 ? operation : metrics->noperations];
	int bucket = 0;

	while (duration_us > limits[bucket])
		bucket++;
	gw_count(&of->requests[status_index(status)], 1);
	gw_count(&of->latency[bucket], 1);
	gw_count(&of->latency_sum_us, duration_us > 0 ? (uint64_t) duration_us : 0);
	gw_count(&metrics->bytes_received, received);
	gw_count(&metrics->bytes_sent, sent);
}

void
gw_metrics_pools(GwMetrics *metrics, const GwPools *pools)
{
	pthread_mutex_lock(&metrics->lock);
	if (metrics->pools_capacity < pools->n)
	{
		free(metrics->pools);
		metrics->pools = calloc((size_t) pools->n, sizeof(GwPoolState));
		metrics->pools_capacity = metrics->pools != NULL ? pools->n : 0;
	}
	metrics->npools = gw_pools_describe(pools, metrics->pools, metrics->pools_capacity);
	pthread_mutex_unlock(&metrics->lock);
}

/* ---- printing ---- */

static void
print_head(ShcBuf *out, const char *name, const char *type, const char *help)
{
	shc_buf_printf(out, "# HELP selfserv_%s %s\n# TYPE selfserv_%s %s\n", name, help, name, type);
}

static uint64_t
sum_counter(GwMetrics *const *metrics, int n, size_t offset)
{
	uint64_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += atomic_load_explicit((GwCounter *) ((char *) metrics[i] + offset),
									memory_order_relaxed);
	return sum;
}

static uint64_t
sum_operation(GwMetrics *const *metrics, int n, int operation, size_t offset)
{
	uint64_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += atomic_load_explicit(
			(GwCounter *) ((char *) &metrics[i]->operation[operation] + offset),
			memory_order_relaxed);
	return sum;
}

static const char *
operation_name(const GwRoutes *routes, int operation)
{
	return operation < gw_routes_count(routes) ? gw_routes_get(routes, operation)->id : "none";
}

static void
print_requests(GwMetrics *const *metrics, int n, const GwRoutes *routes, ShcBuf *out)
{
	print_head(out, "requests_total", "counter", "Requests by operation and status.");
	for (int operation = 0; operation <= gw_routes_count(routes); operation++)
	{
		for (int i = 0; i < GW_METRICS_STATUSES; i++)
		{
			uint64_t count =
				sum_operation(metrics, n, operation,
							  offsetof(GwOperationMetrics, requests) + i * sizeof(GwCounter));

			if (count == 0)
				continue;
			shc_buf_printf(out, "selfserv_requests_total{operation=\"%s\",status=\"",
						   operation_name(routes, operation));
			if (statuses[i] != 0)
				shc_buf_printf(out, "%d", statuses[i]);
			else
				shc_buf_puts(out, "other");
			shc_buf_printf(out, "\"} %" PRIu64 "\n", count);
		}
	}
}

static void
print_latency_of(GwMetrics *const *metrics, int n, const char *name, int operation, ShcBuf *out)
{
	uint64_t count = 0;

	for (int i = 0; i < GW_METRICS_BUCKETS; i++)
	{
		count += sum_operation(metrics, n, operation,
							   offsetof(GwOperationMetrics, latency) + i * sizeof(GwCounter));
		shc_buf_printf(out, "selfserv_request_seconds_bucket{operation=\"%s\",le=\"", name);
		if (limits[i] == INT64_MAX)
			shc_buf_puts(out, "+Inf");
		else
			shc_buf_printf(out, "%g", (double) limits[i] / 1e6);
		shc_buf_printf(out, "\"} %" PRIu64 "\n", count);
	}
	shc_buf_printf(out, "selfserv_request_seconds_sum{operation=\"%s\"} %.6f\n", name,
				   (double) sum_operation(metrics, n, operation,
										  offsetof(GwOperationMetrics, latency_sum_us)) /
					   1e6);
	shc_buf_printf(out, "selfserv_request_seconds_count{operation=\"%s\"} %" PRIu64 "\n", name,
				   count);
}

static void
print_latency(GwMetrics *const *metrics, int n, const GwRoutes *routes, ShcBuf *out)
{
	print_head(out, "request_seconds", "histogram", "Time from the request line to the end.");
	for (int operation = 0; operation <= gw_routes_count(routes); operation++)
	{
		uint64_t count = 0;

		for (int i = 0; i < GW_METRICS_BUCKETS; i++)
			count += sum_operation(metrics, n, operation,
								   offsetof(GwOperationMetrics, latency) + i * sizeof(GwCounter));
		if (count > 0)
			print_latency_of(metrics, n, operation_name(routes, operation), operation, out);
	}
}

/* One gauge of all pools: the sum over the threads, domain by domain. */
static void
print_pool_gauge(GwMetrics *const *metrics, int n, const char *name, const char *help,
				 size_t offset, ShcBuf *out)
{
	print_head(out, name, "gauge", help);
	/* Every thread has the same domains in the same order, but for the moment of a change. */
	for (int p = 0; p < metrics[0]->npools; p++)
	{
		const GwPoolState *first = &metrics[0]->pools[p];
		int64_t sum = 0;

		for (int i = 0; i < n; i++)
		{
			const GwPoolState *state;

			if (p >= metrics[i]->npools)
				continue;
			state = &metrics[i]->pools[p];
			if (strcmp(state->domain, first->domain) == 0)
				sum += *(const int *) ((const char *) state + offset);
		}
		shc_buf_printf(out, "selfserv_%s{domain=", name);
		shc_buf_json_string(out, first->domain, strlen(first->domain));
		shc_buf_printf(out, "} %" PRId64 "\n", sum);
	}
}

static void
print_pools(GwMetrics *const *metrics, int n, ShcBuf *out)
{
	static const struct
	{
		const char *name;
		const char *help;
		size_t offset;
	} gauges[] = {
		{"domain_connections", "Connections to PostgreSQL.", offsetof(GwPoolState, connections)},
		{"domain_running", "Requests on a connection to PostgreSQL.",
		 offsetof(GwPoolState, running)},
		{"domain_waiting", "Requests that wait for a connection.", offsetof(GwPoolState, waiting)},
		{"domain_deferred", "Requests that wait for a program.", offsetof(GwPoolState, deferred)},
		{"domain_failing", "Threads that cannot connect to the domain at the moment.",
		 offsetof(GwPoolState, failing)},
		{"domain_standby", "Threads that may send reads to a standby at the moment.",
		 offsetof(GwPoolState, standby)},
	};

	for (int i = 0; i < n; i++)
		pthread_mutex_lock(&metrics[i]->lock);
	for (size_t g = 0; g < sizeof(gauges) / sizeof(gauges[0]); g++)
		print_pool_gauge(metrics, n, gauges[g].name, gauges[g].help, gauges[g].offset, out);
	for (int i = n - 1; i >= 0; i--)
		pthread_mutex_unlock(&metrics[i]->lock);
}

void
gw_metrics_print(GwMetrics *const *metrics, int n, const GwRoutes *routes, ShcBuf *out)
{
	static const struct
	{
		const char *name;
		const char *type;
		const char *help;
		size_t offset;
	} counters[] = {
		{"received_bytes_total", "counter", "Bytes of request bodies.",
		 offsetof(GwMetrics, bytes_received)},
		{"sent_bytes_total", "counter", "Bytes of answers' bodies.",
		 offsetof(GwMetrics, bytes_sent)},
		{"rate_limited_total", "counter", "Requests refused for their rate.",
		 offsetof(GwMetrics, rate_limited)},
		{"auth_failures_total", "counter", "Requests with wrong credentials.",
		 offsetof(GwMetrics, auth_failures)},
		{"connections_accepted_total", "counter", "Connections of clients.",
		 offsetof(GwMetrics, connections_accepted)},
		{"connections", "gauge", "Connections of clients that are open.",
		 offsetof(GwMetrics, connections)},
		{"active_requests", "gauge", "Requests that are not answered yet.",
		 offsetof(GwMetrics, active_requests)},
	};

	print_head(out, "info", "gauge", "The version of the program.");
	shc_buf_printf(out, "selfserv_info{version=\"%s\"} 1\n", SH_VERSION);
	print_requests(metrics, n, routes, out);
	print_latency(metrics, n, routes, out);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
	{
		print_head(out, counters[i].name, counters[i].type, counters[i].help);
		shc_buf_printf(out, "selfserv_%s %" PRId64 "\n", counters[i].name,
					   (int64_t) sum_counter(metrics, n, counters[i].offset));
	}
	print_pools(metrics, n, out);
}
