/*
 * http_admin.c: /healthz, /readyz, /metrics.
 *
 * /readyz connects to each domain and asks for the version of its extension; the answer is kept for
 * some seconds, so that a load balancer that asks often costs little.
 */
#include "http_admin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "log.h"
#include "loop.h"
#include "pgx.h"

#define MAX_TEXT	  ((size_t) 8 * 1024 * 1024)
#define READY_AGE	  INT64_C(5000000)
#define PROBE_SECONDS 3

/* Extensions that this program works with: of this major version. */
#define SUPPORTED_VERSION "1."

struct GwAdmin
{
	struct MHD_Daemon *daemon;
	GwMetrics *const *metrics;
	int nthreads;
	const GwRoutes *routes;
	atomic_bool is_stopping;
	pthread_mutex_t lock; /* of domains and their number */
	GwDomainSet *domains;
	unsigned domains_number; /* how many sets there have been */
	/* the daemon's thread only: what /readyz said last, about which set */
	int64_t ready_at;
	unsigned ready_number;
	bool is_ready;
	ShcBuf ready_text;
};

/* ---- readiness ---- */

static GwDomainSet *
hold_domains(GwAdmin *admin, unsigned *number)
{
	GwDomainSet *set;

	pthread_mutex_lock(&admin->lock);
	set = admin->domains;
	*number = admin->domains_number;
	gw_domain_set_hold(set);
	pthread_mutex_unlock(&admin->lock);
	return set;
}

/* One line: "domain: ok", or what is wrong. */
static bool
probe(const ShcDomain *domain, ShcBuf *out)
{
	ShcPg *pg = NULL;
	char *version = NULL;
	const char *verdict = "cannot be reached";
	bool good = false;

	if (shc_pg_connect(domain->uri, PROBE_SECONDS, &pg))
	{
		if (!shc_pg_value(
				pg, "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'selfhost'", 0,
				NULL, &version))
			verdict = "does not answer";
		else if (version == NULL)
			verdict = "has no extension selfhost";
		else if (strncmp(version, SUPPORTED_VERSION, strlen(SUPPORTED_VERSION)) != 0)
			verdict = "has an unsupported version of the extension";
		else
		{
			good = true;
			verdict = "ok";
		}
		free(version);
		shc_pg_close(pg);
	}
	shc_buf_printf(out, "%s: %s\n", domain->name, verdict);
	return good;
}

static void
check_readiness(GwAdmin *admin)
{
	unsigned number;
	GwDomainSet *set = hold_domains(admin, &number);

	if (admin->ready_at != 0 && number == admin->ready_number &&
		shc_monotonic_us() - admin->ready_at < READY_AGE)
	{
		gw_domain_set_release(set);
		return;
	}
	shc_buf_reset(&admin->ready_text);
	admin->is_ready = set->is_known;
	for (int i = 0; i < set->domains.n; i++)
		admin->is_ready = probe(&set->domains.item[i], &admin->ready_text) && admin->is_ready;
	gw_domain_set_release(set);
	admin->ready_at = shc_monotonic_us();
	admin->ready_number = number;
}

/* ---- answers ---- */

static enum MHD_Result
answer(struct MHD_Connection *connection, unsigned status, const char *type, const char *text,
	   size_t len)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, (void *) text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", type);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
answer_ready(GwAdmin *admin, struct MHD_Connection *connection)
{
	if (atomic_load(&admin->is_stopping))
		return answer(connection, 503, "text/plain", "stopping\n", 9);
	check_readiness(admin);
	if (admin->ready_text.len == 0)
		return admin->is_ready
				   ? answer(connection, 200, "text/plain", "no domains\n", 11)
				   : answer(connection, 503, "text/plain", "primus: not read yet\n", 21);
	return answer(connection, admin->is_ready ? 200 : 503, "text/plain", admin->ready_text.data,
				  admin->ready_text.len);
}

static enum MHD_Result
answer_metrics(GwAdmin *admin, struct MHD_Connection *connection)
{
	enum MHD_Result result = MHD_NO;
	ShcBuf text;

	shc_buf_init(&text, MAX_TEXT);
	gw_metrics_print(admin->metrics, admin->nthreads, admin->routes, &text);
	if (!text.failed)
		result = answer(connection, 200, "text/plain; version=0.0.4", text.data, text.len);
	shc_buf_free(&text);
	return result;
}

static enum MHD_Result
handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
	   const char *version, const char *data, size_t *len, void **request_context)
{
	static int seen;
	GwAdmin *admin = context;

	(void) version;
	(void) data;
	/* An answer in the first call would close the connection. */
	if (*request_context == NULL)
	{
		*request_context = &seen;
		return MHD_YES;
	}
	if (*len > 0)
	{
		*len = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer(connection, 405, "text/plain", "only GET\n", 9);
	if (strcmp(url, "/healthz") == 0)
		return answer(connection, 200, "text/plain", "ok\n", 3);
	if (strcmp(url, "/readyz") == 0)
		return answer_ready(admin, connection);
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(admin, connection);
	return answer(connection, 404, "text/plain", "not found\n", 10);
}

GwAdmin *
gw_admin_start(int listen_fd, GwMetrics *const *metrics, int nthreads, const GwRoutes *routes,
			   GwDomainSet *domains)
{
	GwAdmin *admin = calloc(1, sizeof(GwAdmin));

	if (admin != NULL)
	{
		admin->metrics = metrics;
		admin->nthreads = nthreads;
		admin->routes = routes;
		admin->domains = domains;
		gw_domain_set_hold(domains);
		pthread_mutex_init(&admin->lock, NULL);
		shc_buf_init(&admin->ready_text, MAX_TEXT);
		admin->daemon =
			MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, admin,
							 MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT, 64U,
							 MHD_OPTION_CONNECTION_TIMEOUT, 30U, MHD_OPTION_END);
		if (admin->daemon != NULL)
			return admin;
		gw_domain_set_release(domains);
		free(admin);
	}
	close(listen_fd);
	shc_error("cannot start the server of /healthz, /readyz and /metrics");
	return NULL;
}

void
gw_admin_set_domains(GwAdmin *admin, GwDomainSet *domains)
{
	GwDomainSet *old;

	gw_domain_set_hold(domains);
	pthread_mutex_lock(&admin->lock);
	old = admin->domains;
	admin->domains = domains;
	admin->domains_number++;
	pthread_mutex_unlock(&admin->lock);
	gw_domain_set_release(old);
}

void
gw_admin_stopping(GwAdmin *admin)
{
	atomic_store(&admin->is_stopping, true);
}

void
gw_admin_stop(GwAdmin *admin)
{
	if (admin == NULL)
		return;
	MHD_stop_daemon(admin->daemon);
	gw_domain_set_release(admin->domains);
	shc_buf_free(&admin->ready_text);
	pthread_mutex_destroy(&admin->lock);
	free(admin);
}
