/*
 * http_client.c: the connections of clients: their list, their limits of time, the memory of idle ones,
 * and whether one is still there while it waits.
 *
 * A client that is too slow has its socket shut down, and the library closes the rest.
 */
#include "http_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

GwClient *
gw_http_client(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

void
gw_client_enter(GwHttp *http, GwClient *client, GwClientState state)
{
	if (client == NULL)
		return;
	client->state = state;
	client->since = http->loop->now;
	client->is_slim = false;
}

/* ---- clients that wait for a program ---- */

void
gw_client_unwatch(GwHttp *http, GwClient *client)
{
	if (client == NULL || client->waiting == NULL)
		return;
	client->waiting = NULL;
	shc_loop_unwatch(http->loop, &client->gone);
}

static void
client_gone(ShcWatch *watch, uint32_t events)
{
	GwClient *client = (GwClient *) ((char *) watch - offsetof(GwClient, gone));
	GwRequest *request = client->waiting;
	GwHttp *http = request->owner;
	GwProblem problem;

	(void) events;
	gw_client_unwatch(http, client);
	/* If it has its answer, or is about to have it, the library finds out itself. */
	if (request->job.state != GW_JOB_PARKED)
		return;
	gw_pool_cancel(request->pool, &request->job);
	gw_problem_set(&problem, 503, "the client has gone away");
	gw_job_fail(&request->job, &problem);
}

void
gw_client_watch(GwHttp *http, GwRequest *request)
{
	GwClient *client = request->client;

	if (client->waiting == NULL &&
		shc_loop_watch(http->loop, &client->gone, client->fd, EPOLLRDHUP))
		client->waiting = request;
}

/* ---- the list ---- */

static void
print_address(struct MHD_Connection *connection, char *out, size_t size)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
	const char *text = NULL;

	if (address != NULL && address->sa_family == AF_INET)
		text = inet_ntop(AF_INET, &((const struct sockaddr_in *) address)->sin_addr, out,
						 (socklen_t) size);
	else if (address != NULL && address->sa_family == AF_INET6)
		text = inet_ntop(AF_INET6, &((const struct sockaddr_in6 *) address)->sin6_addr, out,
						 (socklen_t) size);
	if (text == NULL)
		out[0] = '\0';
	else if (strncmp(out, "::ffff:", 7) == 0 && strchr(out, '.') != NULL)
		memmove(out, out + 7, strlen(out + 7) + 1);
}

void
gw_client_changed(void *context, struct MHD_Connection *connection, void **socket_context,
				  enum MHD_ConnectionNotificationCode code)
{
	GwHttp *http = context;
	GwClient *client = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
	{
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

		client = calloc(1, sizeof(GwClient));
		*socket_context = client;
		if (client == NULL)
			return;
		client->fd = info != NULL ? info->connect_fd : -1;
		client->is_new = true;
		client->gone = (ShcWatch){.fd = -1, .ready = client_gone};
		print_address(connection, client->address, sizeof(client->address));
		gw_client_enter(http, client, GW_CLIENT_IDLE);
		gw_count(&http->metrics->connections_accepted, 1);
		http->metrics->connections++;
		client->next = http->clients;
		if (http->clients != NULL)
			http->clients->previous = client;
		http->clients = client;
	}
	else if (client != NULL)
	{
		if (client->previous != NULL)
			client->previous->next = client->next;
		else
			http->clients = client->next;
		if (client->next != NULL)
			client->next->previous = client->previous;
		free(client);
		/* At its limit the library has stopped to listen, and begins again with its next run only. */
		if (http->metrics->connections-- >= http->max_connections)
			http->needs_run = true;
		*socket_context = NULL;
	}
}

/* ---- memory of idle clients ---- */

/*
 * The library clears all of a connection's memory after each request, and so touches it: 100 kB for a
 * connection that may do nothing for minutes. Pages that hold zeros alone can be given back without
 * anybody seeing it: they read as zeros again. That makes it safe whatever the library has there.
 */

/* An idle connection is slimmed after so long; to fill the pages again costs a request some 10 us. */
#define SLIM_AFTER INT64_C(2000000)

/* More memory than this in pages, that of the largest limits.headers, is left alone. */
#define MAX_CONNECTION_PAGES 384

void
gw_client_learn_memory(GwClient *client, const char *method)
{
	uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);

	/* It is mapped, and the first line of a request is read to its beginning. */
	if (client != NULL && client->memory == NULL && (uintptr_t) method % page == 0)
		client->memory = (char *) method;
}

static bool
is_zero(const char *memory, size_t size)
{
	return memory[0] == 0 && memcmp(memory, memory + 1, size - 1) == 0;
}

static void
slim(const GwHttp *http, GwClient *client)
{
	size_t page = (size_t) sysconf(_SC_PAGESIZE);
	size_t size = http->connection_memory / page * page;
	unsigned char resident[MAX_CONNECTION_PAGES];

	client->is_slim = true;
	if (client->memory == NULL || size == 0 || size / page > MAX_CONNECTION_PAGES)
		return;
	/* Fails where not all of it is mapped: then the guess of where it lies was wrong. */
	if (mincore(client->memory, size, resident) == 0 && is_zero(client->memory, size))
		madvise(client->memory, size, MADV_DONTNEED);
}

/* ---- limits of time ---- */

static bool
client_is_late(const GwHttp *http, const GwClient *client)
{
	const GwConfig *config = http->config;
	int64_t age = http->loop->now - client->since;

	switch (client->state)
	{
		case GW_CLIENT_IDLE:
			return age > (client->is_new ? config->header_timeout : config->idle_timeout);
		case GW_CLIENT_HEADERS:
			return age > config->header_timeout;
		case GW_CLIENT_BODY:
			return age > config->body_timeout;
		case GW_CLIENT_ANSWERING:
			return age > config->answer_timeout;
		default:
			return false;
	}
}

void
gw_clients_tick(const GwHttp *http)
{
	for (GwClient *client = http->clients; client != NULL; client = client->next)
	{
		if (client_is_late(http, client) && client->fd >= 0)
			shutdown(client->fd, SHUT_RDWR);
		else if (!client->is_slim && client->state == GW_CLIENT_IDLE &&
				 http->loop->now - client->since > SLIM_AFTER)
			slim(http, client);
	}
}
