/*
 * http.c: libmicrohttpd in external-epoll mode: the life of requests.
 *
 * What must be kept in mind with this library (0.9.75):
 * - A response queued in the first call of the handler, before the body, closes the connection: it is
 *   queued in the last call, or after the connection was suspended and resumed.
 * - A suspended connection neither times out nor notices that the client went away; stopping the
 *   daemon with one aborts the process.
 * - MHD_run() must follow every resumption, or the connection stays stuck.
 * - Its own time-outs are not used: one list of clients is swept instead (http_client.c), which knows
 *   more states.
 */
#include "http_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "gzip.h"
#include "log.h"
#include "tls.h"

/*
 * The library's memory for a connection: the request line and the headers, and beside them a table of
 * the headers (56 bytes each) and the head of the answer. It must never fill up, or requests end without
 * an answer of ours; but all of it is cleared for each request: each 32 kB cost a short one a microsecond.
 * What idle connections hold of it is given back (http_client.c).
 */
#define CONNECTION_MEMORY_LEAST ((size_t) 32 * 1024)

/*
 * A short answer is waited for without suspending the connection: that would take it out of the
 * library's epoll set and put it back, and have it read once in vain. The library asks the handler
 * again in each run, so only few may wait like that, and not for long.
 */
#define MAX_WATCHED 64
#define WATCH_TIME	INT64_C(1000)

/* How often the library is run in one turn: an answer is queued in one run and sent in the next. */
#define MAX_RUNS 2

/* Requests kept for reuse. */
#define MAX_SPARE 256

/* ---- the life of a request ---- */

/* Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (SplitMix64). */
static uint64_t
next_id(GwHttp *http)
{
	uint64_t z = (http->ids += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void
park(GwHttp *http, GwRequest *request)
{
	request->is_parked = true;
	request->next = NULL;
	request->previous = http->parked_last;
	if (http->parked_last != NULL)
		http->parked_last->next = request;
	else
		http->parked = request;
	http->parked_last = request;
}

static void
suspend(GwRequest *request)
{
	request->is_suspended = true;
	MHD_suspend_connection(request->connection);
}

/* Has the handler called again: that of a connection which is not suspended is called in each run. */
static void
resume(GwHttp *http, GwRequest *request)
{
	gw_client_unwatch(http, request->client);
	http->needs_run = true;
	if (!request->is_suspended)
		return;
	request->is_suspended = false;
	MHD_resume_connection(request->connection);
}

static void
watch(GwHttp *http, GwRequest *request)
{
	request->is_watched = true;
	if (http->nwatched++ == 0)
		http->watch_end = http->loop->now + WATCH_TIME;
}

static void
unwatch(GwHttp *http, GwRequest *request)
{
	if (!request->is_watched)
		return;
	request->is_watched = false;
	http->nwatched--;
}

static void
unpark(GwHttp *http, GwRequest *request)
{
	if (request->previous != NULL)
		request->previous->next = request->next;
	else
		http->parked = request->next;
	if (request->next != NULL)
		request->next->previous = request->previous;
	else
		http->parked_last = request->previous;
	request->is_parked = false;
	resume(http, request);
}

static GwCaller
caller_of(const GwRequest *request)
{
	return (GwCaller){request->domain, request->job.digest, request->address};
}

/* It is known now whether the token is good: a 401 says that it is not, a user that it is. */
static void
settle(GwHttp *http, GwRequest *request)
{
	const GwJob *job = &request->job;
	GwCaller caller = caller_of(request);

	request->is_settled = true;
	if (job->is_problem && job->problem.status == 401)
	{
		gw_count(&http->metrics->auth_failures, 1);
		gw_rate_limit_failed(http->rate_limit, &caller, http->loop->now);
	}
	else if (!job->is_problem && job->has_user)
	{
		gw_pool_note_token(request->pool, job);
		gw_rate_limit_succeeded(http->rate_limit, &caller, job->user_uuid, job->rate,
								http->loop->now);
	}
}

/*
 * The pool has news of a job. A connection that waits goes on; one that is in the middle of a broken
 * answer is cut.
 */
static void
job_changed(GwJob *job)
{
	GwRequest *request = job->context;
	GwHttp *http = request->owner;
	const GwClient *client = request->client;

	if (job->state == GW_JOB_PARKED)
	{
		gw_request_drop_body(request);
		gw_client_watch(http, request);
		return;
	}
	if (job->has_head && !request->is_settled)
		settle(http, request);
	if (job->is_problem && job->problem.status == 401 && !request->is_parked)
		park(http, request);
	else if (request->is_suspended || request->is_watched)
		resume(http, request);
	else if (job->is_broken && client->fd >= 0)
		shutdown(client->fd, SHUT_RDWR);
}

static GwRequest *
take_request(GwHttp *http)
{
	GwRequest *request = http->spare;

	if (request == NULL)
		return gw_request_new();
	http->spare = request->next;
	http->nspare--;
	request->next = NULL;
	return request;
}

static void
give_back(GwHttp *http, GwRequest *request)
{
	if (http->nspare >= MAX_SPARE)
	{
		gw_request_free(request);
		return;
	}
	gw_request_reset(request);
	request->next = http->spare;
	http->spare = request;
	http->nspare++;
}

/*
 * Empties the query in the library's own buffer, when it has been copied: it would take it apart,
 * which nobody needs, and with some hundreds of parameters run out of the connection's memory and hang.
 */
static void
hide_query(const char *target)
{
	char *query = strchr((char *) target, '?');

	if (query != NULL && query[1] != '\0')
		query[1] = '\0';
}

/* The request line is there; the handler is called when the headers are, too. */
static void *
request_began(void *context, const char *target, struct MHD_Connection *connection)
{
	GwHttp *http = context;
	GwRequest *request = take_request(http);
	GwClient *client = gw_http_client(connection);

	if (request == NULL)
		return NULL;
	request->owner = http;
	request->connection = connection;
	request->client = client;
	http->nactive++;
	if (!gw_request_begin(request, target, next_id(http), http->loop->now))
	{
		request->has_problem = true;
		gw_problem_set(&request->problem, 414, "the request target is too long");
	}
	hide_query(target);
	if (client != NULL)
		client->is_new = false;
	gw_client_enter(http, client, GW_CLIENT_HEADERS);
	return request;
}

static void
request_completed(void *context, struct MHD_Connection *connection, void **request_context,
				  enum MHD_RequestTerminationCode code)
{
	GwHttp *http = context;
	GwRequest *request = *request_context;
	int64_t now;

	(void) connection;
	if (request == NULL)
		return;
	*request_context = NULL;
	http->nactive--;
	/* The next request may have come with this one. */
	http->needs_run = true;
	unwatch(http, request);
	gw_client_unwatch(http, request->client);
	if (request->is_parked)
	{
		request->is_suspended = false;
		unpark(http, request);
	}
	gw_gzip_free(request->gzip);
	request->gzip = NULL;
	if (request->pool != NULL)
		gw_pool_cancel(request->pool, &request->job);
	now = shc_monotonic_us();
	if (request->head_seen)
		gw_metrics_request(http->metrics,
						   request->operation != NULL ? request->operation->index : -1,
						   request->status, now - request->began,
						   request->body_len + request->discarded, request->bytes);
	if (http->config->log_access && request->head_seen && shc_log_enabled(SHC_LOG_INFO))
		gw_access_log_add(&http->log, request, request->address,
						  code == MHD_REQUEST_TERMINATED_COMPLETED_OK, now);
	gw_client_enter(http, request->client, GW_CLIENT_IDLE);
	give_back(http, request);
}

static enum MHD_Result
take_body(GwHttp *http, GwRequest *request, const char *data, size_t *len)
{
	bool go_on = gw_request_body(request, data, *len);

	*len = 0;
	http->needs_run = true; /* more of it may have been received */
	/* While a refused body is thrown away, the clock is not set back. */
	if (!request->has_problem)
		gw_client_enter(http, request->client, GW_CLIENT_BODY);
	return go_on ? MHD_YES : MHD_NO;
}

/* Has the caller asked too often? Then that is the answer. */
static bool
is_over_rate(GwHttp *http, GwRequest *request)
{
	GwCaller caller = caller_of(request);
	GwRateRefusal refusal;

	if (gw_rate_limit_admit(http->rate_limit, &caller, http->loop->now, &refusal))
		return false;
	gw_count(&http->metrics->rate_limited, 1);
	request->has_problem = true;
	gw_problem_set(&request->problem, 429, "too many requests, try again in %d second%s",
				   refusal.retry_after, refusal.retry_after == 1 ? "" : "s");
	request->problem.retry_after = refusal.retry_after;
	request->problem.rate_per_hour = refusal.rate_per_hour;
	return true;
}

/* The request is whole: the question goes out, or the answer is known already. */
static enum MHD_Result
take_end(GwHttp *http, struct MHD_Connection *connection, GwRequest *request)
{
	gw_request_check_body(request);
	if (request->has_problem || request->kind != GW_REQUEST_OPERATION ||
		is_over_rate(http, request))
		return gw_http_answer(http, connection, request);
	gw_client_enter(http, request->client, GW_CLIENT_WORKING);
	request->submitted = http->loop->now;
	if (request->operation->lane == GW_LANE_FAST && http->nwatched < MAX_WATCHED)
		watch(http, request);
	else
		suspend(request);
	request->job.changed = job_changed;
	request->job.context = request;
	gw_request_submit(request, http->config, http->loop->now);
	return MHD_YES;
}

/* The request is with the database, and the connection not suspended. */
static enum MHD_Result
take_answer(GwHttp *http, struct MHD_Connection *connection, GwRequest *request)
{
	bool is_late = http->loop->now - request->submitted >= WATCH_TIME;

	if (request->job.has_head && !request->is_parked)
	{
		unwatch(http, request);
		return gw_http_answer(http, connection, request);
	}
	if (request->is_parked || is_late)
	{
		unwatch(http, request);
		suspend(request);
	}
	return MHD_YES;
}

static enum MHD_Result
handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
	   const char *version, const char *data, size_t *len, void **request_context)
{
	GwHttp *http = context;
	GwRequest *request = *request_context;

	(void) url;
	(void) version;
	if (request == NULL || request->client == NULL)
		return MHD_NO;
	if (!request->head_seen)
		return gw_http_take_head(http, connection, request, method);
	if (*len > 0)
		return take_body(http, request, data, len);
	if (request->submitted != 0)
		return take_answer(http, connection, request);
	return take_end(http, connection, request);
}

/* ---- running ---- */

void
gw_http_tick(GwHttp *http)
{
	http->metrics->active_requests = http->nactive;
	gw_metrics_pools(http->metrics, http->pools);
	gw_access_log_flush(&http->log);
	gw_clients_tick(http);
}

static void
daemon_ready(ShcWatch *watch, uint32_t events)
{
	GwHttp *http = (GwHttp *) ((char *) watch - offsetof(GwHttp, watch));

	(void) events;
	http->needs_run = true;
}

void
gw_http_unpark(GwHttp *http)
{
	while (http->parked != NULL)
		unpark(http, http->parked);
}

int64_t
gw_http_run(GwHttp *http)
{
	int64_t until = INT64_MAX;
	MHD_UNSIGNED_LONG_LONG wait;

	while (http->parked != NULL && http->loop->now - http->parked->began >= GW_REFUSAL_DELAY)
		unpark(http, http->parked);
	if (http->nwatched > 0 && http->loop->now >= http->watch_end)
	{
		http->needs_run = true;
		http->watch_end = http->loop->now + WATCH_TIME;
	}
	for (int i = 0; i < MAX_RUNS && http->needs_run; i++)
	{
		http->needs_run = false;
		MHD_run(http->daemon);
	}
	if (http->needs_run)
		return 0;
	/* The library would be run at once for what is watched. */
	if (http->nwatched > 0)
		until = http->watch_end;
	else if (MHD_get_timeout(http->daemon, &wait) == MHD_YES)
	{
		http->needs_run = true;
		until = http->loop->now + (int64_t) wait * 1000;
	}
	if (http->parked != NULL && http->parked->began + GW_REFUSAL_DELAY < until)
		until = http->parked->began + GW_REFUSAL_DELAY;
	return until;
}

bool
gw_http_is_due(const GwHttp *http)
{
	return http->needs_run;
}

/* ---- starting and stopping ---- */

static void
log_library(void *context, const char *format, va_list arguments)
{
	char text[512];

	(void) context;
	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	/* Mostly clients that go away: not a fault of ours. */
	shc_debug("libmicrohttpd: %s", text);
}

static struct MHD_Daemon *
start_daemon(GwHttp *http, int listen_fd, int nthreads)
{
	const GwConfig *config = http->config;
	bool is_tls = config->listen_certificate[0] != '\0';
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	int64_t per_address = (config->max_connections_per_address + nthreads - 1) / nthreads;
	size_t headers = (size_t) config->max_headers;
	size_t memory = headers / 2 > CONNECTION_MEMORY_LEAST ? headers / 2 : CONNECTION_MEMORY_LEAST;

	http->connection_memory = headers + memory;
	/* The last option is an end of the list where it is not for HTTPS. */
	return MHD_start_daemon(
		flags | (is_tls ? MHD_USE_TLS : 0), 0, NULL, NULL, handle, http, MHD_OPTION_EXTERNAL_LOGGER,
		log_library, NULL, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_URI_LOG_CALLBACK,
		request_began, http, MHD_OPTION_NOTIFY_COMPLETED, request_completed, http,
		MHD_OPTION_NOTIFY_CONNECTION, gw_client_changed, http, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		http->connection_memory, MHD_OPTION_CONNECTION_LIMIT, (unsigned int) http->max_connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned int) per_address,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		is_tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, gw_tls_certificate,
		MHD_OPTION_END);
}

GwHttp *
gw_http_start(ShcLoop *loop, const GwConfig *config, const GwRoutes *routes,
			  const GwStaticFiles *static_files, GwPools *pools, GwRateLimit *rate_limit,
			  GwMetrics *metrics, int listen_fd, int nthreads)
{
	GwHttp *http = calloc(1, sizeof(GwHttp));
	const union MHD_DaemonInfo *info;

	if (http == NULL || getrandom(&http->ids, sizeof(http->ids), 0) != sizeof(http->ids))
	{
		shc_error("cannot start the HTTP server");
		free(http);
		return NULL;
	}
	http->loop = loop;
	http->config = config;
	http->routes = routes;
	http->static_files = static_files;
	http->pools = pools;
	http->rate_limit = rate_limit;
	http->metrics = metrics;
	http->proxies = gw_proxies_new(&config->trusted_proxies);
	http->watch = (ShcWatch){.fd = -1, .ready = daemon_ready};
	http->max_connections = (config->max_connections + nthreads - 1) / nthreads;
	http->needs_run = true;
	http->daemon = http->proxies != NULL ? start_daemon(http, listen_fd, nthreads) : NULL;
	info =
		http->daemon != NULL ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (info == NULL || !shc_loop_watch(loop, &http->watch, info->epoll_fd, EPOLLIN))
	{
		shc_error("cannot start the HTTP server");
		gw_proxies_free(http->proxies);
		if (http->daemon != NULL)
		{
			MHD_quiesce_daemon(http->daemon);
			MHD_stop_daemon(http->daemon);
		}
		free(http);
		return NULL;
	}
	return http;
}

void
gw_http_quiesce(GwHttp *http)
{
	http->is_stopping = true;
	http->needs_run = true;
	MHD_quiesce_daemon(http->daemon);
}

int
gw_http_active(const GwHttp *http)
{
	return http->nactive;
}

void
gw_http_stop(GwHttp *http)
{
	shc_loop_unwatch(http->loop, &http->watch);
	MHD_stop_daemon(http->daemon);
	gw_proxies_free(http->proxies);
	gw_access_log_flush(&http->log);
	while (http->spare != NULL)
	{
		GwRequest *request = http->spare;

		http->spare = request->next;
		gw_request_free(request);
	}
	free(http);
}
