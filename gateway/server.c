/*
 * server.c: the threads of selfserv.
 *
 * The main thread talks to a thread through its mailbox: atomic members, and a wake-up of its loop.
 */
#include "server.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http.h"
#include "log.h"
#include "loop.h"
#include "pool.h"

/* How long clients may take to fetch the refusals at the end. */
#define LAST_WORDS INT64_C(1000000)

typedef struct GwThread
{
	GwServer *server;
	pthread_t thread;
	ShcLoop loop;
	GwPools pools;
	GwHttp *http;
	int broken_off;
	int64_t last_tick;
	/* the mailbox */
	_Atomic(GwDomainSet *) new_domains;
	atomic_bool must_stop;
} GwThread;

struct GwServer
{
	const GwConfig *config;
	const GwRoutes *routes;
	const GwStaticFiles *static_files;
	int nthreads;
	GwThread *threads;
	GwRateLimit *rate_limit;
	GwMetrics **metrics; /* one for each thread */
	sem_t quiesced;		 /* counts the threads that accept no more */
};

static void
take_domains(GwThread *thread)
{
	GwDomainSet *set = atomic_exchange(&thread->new_domains, NULL);

	if (set == NULL)
		return;
	gw_pools_update(&thread->pools, set);
	gw_domain_set_release(set);
}

/* One turn: events, HTTP, then everything for PostgreSQL that has come together. */
static void
turn(GwThread *thread)
{
	ShcLoop *loop = &thread->loop;
	int64_t until = gw_http_run(thread->http);

	gw_pools_flush(&thread->pools);
	/* Requests that were refused at once have their answers already. */
	if (gw_http_is_due(thread->http))
		until = 0;
	if (until > thread->last_tick + GW_TICK_US)
		until = thread->last_tick + GW_TICK_US;
	shc_loop_turn(loop, until, gw_pools_expect_soon(&thread->pools));
	take_domains(thread);
	if (loop->now - thread->last_tick >= GW_TICK_US)
	{
		thread->last_tick = loop->now;
		gw_pools_tick(&thread->pools);
		gw_http_tick(thread->http);
	}
}

/* Finishes what runs; then what still runs is refused, and gets a moment to be told so. */
static void
drain(GwThread *thread)
{
	int64_t end = thread->loop.now + thread->server->config->shutdown_timeout;

	gw_http_quiesce(thread->http);
	sem_post(&thread->server->quiesced);
	while (gw_http_active(thread->http) > 0 && thread->loop.now < end)
		turn(thread);
	thread->broken_off = gw_http_active(thread->http);
	gw_pools_fail(&thread->pools);
	gw_http_unpark(thread->http);
	end = thread->loop.now + LAST_WORDS;
	do
		turn(thread);
	while (gw_http_active(thread->http) > 0 && thread->loop.now < end);
	/* Whatever was asked in that moment: no connection may be left suspended. */
	gw_pools_fail(&thread->pools);
	gw_http_unpark(thread->http);
	gw_http_run(thread->http);
	gw_http_stop(thread->http);
	gw_pools_free(&thread->pools);
}

static void *
run_thread(void *context)
{
	GwThread *thread = context;

	take_domains(thread);
	while (!atomic_load(&thread->must_stop))
		turn(thread);
	drain(thread);
	return NULL;
}

static bool
start_thread(GwServer *server, GwThread *thread, int listen_fd, GwDomainSet *domains)
{
	thread->server = server;
	gw_domain_set_hold(domains);
	atomic_init(&thread->new_domains, domains);
	atomic_init(&thread->must_stop, false);
	if (!shc_loop_init(&thread->loop))
		return false;
	thread->last_tick = thread->loop.now;
	gw_pools_init(&thread->pools, &thread->loop, server->config, server->routes, server->nthreads);
	thread->http = gw_http_start(
		&thread->loop, server->config, server->routes, server->static_files, &thread->pools,
		server->rate_limit, server->metrics[thread - server->threads], listen_fd, server->nthreads);
	if (thread->http == NULL)
		return false;
	if (pthread_create(&thread->thread, NULL, run_thread, thread) != 0)
	{
		shc_error("cannot start a thread");
		gw_http_quiesce(thread->http);
		gw_http_stop(thread->http);
		return false;
	}
	return true;
}

static bool
make_metrics(GwServer *server)
{
	server->metrics = calloc((size_t) server->nthreads, sizeof(GwMetrics *));
	for (int i = 0; server->metrics != NULL && i < server->nthreads; i++)
	{
		server->metrics[i] = gw_metrics_new(gw_routes_count(server->routes));
		if (server->metrics[i] == NULL)
			return false;
	}
	return server->metrics != NULL;
}

void
gw_server_free(GwServer *server)
{
	for (int i = 0; server->metrics != NULL && i < server->nthreads; i++)
		gw_metrics_free(server->metrics[i]);
	free(server->metrics);
	sem_destroy(&server->quiesced);
	gw_rate_limit_free(server->rate_limit);
	free(server->threads);
	free(server);
}

GwMetrics *const *
gw_server_metrics(const GwServer *server, int *n)
{
	*n = server->nthreads;
	return server->metrics;
}

GwServer *
gw_server_start(const GwConfig *config, const GwRoutes *routes, const GwStaticFiles *static_files,
				int listen_fd, GwDomainSet *domains)
{
	GwServer *server = calloc(1, sizeof(GwServer));
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (server == NULL)
	{
		close(listen_fd);
		return NULL;
	}
	server->config = config;
	server->routes = routes;
	server->static_files = static_files;
	server->nthreads =
		config->threads > 0 ? (int) config->threads : (int) (processors > 0 ? processors : 1);
	server->threads = calloc((size_t) server->nthreads, sizeof(GwThread));
	sem_init(&server->quiesced, 0, 0);
	server->rate_limit = gw_rate_limit_new(config);
	if (server->threads == NULL || server->rate_limit == NULL || !make_metrics(server))
	{
		gw_server_free(server);
		close(listen_fd);
		return NULL;
	}
	for (int i = 0; i < server->nthreads; i++)
	{
		if (start_thread(server, &server->threads[i], listen_fd, domains))
			continue;
		server->nthreads = i;
		gw_server_drain(server, listen_fd);
		gw_server_free(server);
		return NULL;
	}
	return server;
}

void
gw_server_set_rates(GwServer *server, const GwConfig *config)
{
	gw_rate_limit_configure(server->rate_limit, config);
}

void
gw_server_set_domains(GwServer *server, GwDomainSet *domains)
{
	for (int i = 0; i < server->nthreads; i++)
	{
		GwThread *thread = &server->threads[i];

		gw_domain_set_hold(domains);
		gw_domain_set_release(atomic_exchange(&thread->new_domains, domains));
		shc_loop_wake(&thread->loop);
	}
}

int
gw_server_drain(GwServer *server, int listen_fd)
{
	int broken_off = 0;

	for (int i = 0; i < server->nthreads; i++)
	{
		atomic_store(&server->threads[i].must_stop, true);
		shc_loop_wake(&server->threads[i].loop);
	}
	/* The library takes the socket out of its epoll sets: it must be open until then. */
	for (int i = 0; i < server->nthreads; i++)
	{
		while (sem_wait(&server->quiesced) != 0)
			;
	}
	close(listen_fd);
	for (int i = 0; i < server->nthreads; i++)
	{
		GwThread *thread = &server->threads[i];

		pthread_join(thread->thread, NULL);
		shc_loop_close(&thread->loop);
		gw_domain_set_release(atomic_load(&thread->new_domains));
		broken_off += thread->broken_off;
	}
	return broken_off;
}
