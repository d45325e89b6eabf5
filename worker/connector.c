/*
 * connector.c: connections for programs.
 *
 * A connection is in one list of the connector's until it is told or cancelled: `waiting` for a
 * resolver, with a resolver (in none; `orphan` when cancelled meanwhile), `resolved` (on the way back
 * to the loop), `connecting`. The mutex guards `waiting`, `resolved`, `nthreads`, `nidle` and
 * `stopping`; threads see nothing of a connection but its request and its addresses.
 */
#include "connector.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"

#define MAX_THREADS	 8
#define MAX_WAITING	 256
#define THREAD_STACK ((size_t) 256 * 1024)

struct WkConnection
{
	ShcGarbage garbage; /* first */
	ShcWatch watch;
	WkConnector *connector;
	WkConnection *next;
	WkConnected done; /* NULL: cancelled or told */
	void *context;
	int64_t until;
	bool is_connecting;
	/* the resolver's */
	char host[256];
	char port[8];
	struct addrinfo *addresses;
	int error; /* of getaddrinfo */
	/* the loop's again */
	const struct addrinfo *at; /* being tried */
	const char *problem;	   /* of those that have been tried */
};

struct WkConnector
{
	ShcWatch watch; /* an eventfd: something has been resolved */
	ShcLoop *loop;
	const WkNetworks *denied;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	WkConnection *waiting; /* oldest first */
	WkConnection *resolved;
	int nwaiting;
	int nthreads;
	int nidle;
	bool stopping;
	int references; /* the owner's, and one for each thread */
	WkConnection *connecting;
};

static void connecting_ready(ShcWatch *watch, uint32_t events);

static void
release(ShcGarbage *garbage)
{
	WkConnection *connection = (WkConnection *) garbage;

	if (connection->addresses != NULL)
		freeaddrinfo(connection->addresses);
	free(connection);
}

/* ---- the threads ---- */

static void
drop_reference(WkConnector *connector)
{
	bool last;

	pthread_mutex_lock(&connector->mutex);
	last = --connector->references == 0;
	pthread_mutex_unlock(&connector->mutex);
	if (!last)
		return;
	pthread_mutex_destroy(&connector->mutex);
	pthread_cond_destroy(&connector->wake);
	free(connector);
}

static void
resolve(WkConnection *connection, int flags)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
							 .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG | flags};

	connection->error =
		getaddrinfo(connection->host, connection->port, &hints, &connection->addresses);
}

/* Takes the oldest that waits; NULL: stop. */
static WkConnection *
next_waiting(WkConnector *connector)
{
	WkConnection *connection;

	pthread_mutex_lock(&connector->mutex);
	connector->nidle++;
	while (connector->waiting == NULL && !connector->stopping)
		pthread_cond_wait(&connector->wake, &connector->mutex);
	connector->nidle--;
	connection = connector->stopping ? NULL : connector->waiting;
	if (connection != NULL)
	{
		connector->waiting = connection->next;
		connector->nwaiting--;
	}
	pthread_mutex_unlock(&connector->mutex);
	return connection;
}

static void *
resolver_main(void *argument)
{
	WkConnector *connector = argument;
	WkConnection *connection;

	while ((connection = next_waiting(connector)) != NULL)
	{
		uint64_t one = 1;
		bool stopping;

		resolve(connection, 0);
		pthread_mutex_lock(&connector->mutex);
		stopping = connector->stopping;
		if (!stopping)
		{
			connection->next = connector->resolved;
			connector->resolved = connection;
			if (write(connector->watch.fd, &one, sizeof(one)) < 0)
				shc_error("cannot wake the loop: %s", strerror(errno));
		}
		pthread_mutex_unlock(&connector->mutex);
		if (stopping)
			release(&connection->garbage);
	}
	drop_reference(connector);
	return NULL;
}

/* With the mutex held. */
static void
start_thread(WkConnector *connector)
{
	pthread_attr_t attributes;
	pthread_t thread;

	if (pthread_attr_init(&attributes) != 0)
		return;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	connector->references++;
	connector->nthreads++;
	if (pthread_create(&thread, &attributes, resolver_main, connector) != 0)
	{
		connector->references--;
		connector->nthreads--;
		shc_error("cannot start a thread to resolve names");
	}
	pthread_attr_destroy(&attributes);
}

/* ---- connecting ---- */

static void
leave_connecting(WkConnection *connection)
{
	WkConnection **link = &connection->connector->connecting;

	while (*link != NULL && *link != connection)
		link = &(*link)->next;
	if (*link != NULL)
		*link = connection->next;
}

/* Tells the outcome and forgets the connection. */
static void
tell(WkConnection *connection, int fd, const char *problem)
{
	WkConnected done = connection->done;

	leave_connecting(connection);
	connection->done = NULL;
	shc_loop_discard(connection->connector->loop, &connection->garbage);
	done(connection->context, fd, problem);
}

static void
close_attempt(WkConnection *connection)
{
	int fd = connection->watch.fd;

	shc_loop_unwatch(connection->connector->loop, &connection->watch);
	if (fd >= 0)
		close(fd);
}

/* Tries one address. False: it cannot be reached; problem says why. */
static bool
try_address(WkConnection *connection)
{
	const struct addrinfo *address = connection->at;
	int one = 1;
	int fd;

	if (wk_networks_contain(connection->connector->denied, address->ai_addr))
	{
		connection->problem = "the address is in a network that programs may not connect to";
		return false;
	}
	fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fd >= 0 &&
		(connect(fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS) &&
		shc_loop_watch(connection->connector->loop, &connection->watch, fd, EPOLLOUT))
		return true;
	connection->problem = "cannot connect";
	if (fd >= 0)
		close(fd);
	return false;
}

/* Tries addresses from connection->at on. */
static void
try_next(WkConnection *connection)
{
	for (; connection->at != NULL; connection->at = connection->at->ai_next)
		if (try_address(connection))
			return;
	tell(connection, -1, connection->problem);
}

static void
connecting_ready(ShcWatch *watch, uint32_t events)
{
	WkConnection *connection = (WkConnection *) ((char *) watch - offsetof(WkConnection, watch));
	int fd = watch->fd;
	socklen_t len = sizeof(int);
	int error = 0;

	(void) events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == EINPROGRESS)
		return;
	if (error == 0)
	{
		shc_loop_unwatch(connection->connector->loop, watch);
		tell(connection, fd, NULL);
		return;
	}
	connection->problem = error == ECONNREFUSED ? "the connection was refused"
						  : error == ETIMEDOUT	? "the connection timed out"
												: "cannot connect";
	close_attempt(connection);
	connection->at = connection->at->ai_next;
	try_next(connection);
}

static void
begin_connecting(WkConnection *connection)
{
	if (connection->done == NULL)
	{
		release(&connection->garbage);
		return;
	}
	connection->is_connecting = true;
	connection->next = connection->connector->connecting;
	connection->connector->connecting = connection;
	if (connection->error != 0)
	{
		tell(connection, -1, "the host's name cannot be resolved");
		return;
	}
	connection->at = connection->addresses;
	connection->problem = "the host has no address";
	try_next(connection);
}

static void
resolved_ready(ShcWatch *watch, uint32_t events)
{
	WkConnector *connector = (WkConnector *) ((char *) watch - offsetof(WkConnector, watch));
	WkConnection *connection;
	uint64_t count;

	(void) events;
	if (read(watch->fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&connector->mutex);
	connection = connector->resolved;
	connector->resolved = NULL;
	pthread_mutex_unlock(&connector->mutex);
	while (connection != NULL)
	{
		WkConnection *next = connection->next;

		begin_connecting(connection);
		connection = next;
	}
}

/* ---- from outside ---- */

WkConnector *
wk_connector_new(ShcLoop *loop, const WkNetworks *denied)
{
	WkConnector *connector = calloc(1, sizeof(WkConnector));
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (connector != NULL && fd >= 0)
	{
		*connector = (WkConnector){.watch = {.fd = -1, .ready = resolved_ready},
								   .loop = loop,
								   .denied = denied,
								   .references = 1};
		pthread_mutex_init(&connector->mutex, NULL);
		pthread_cond_init(&connector->wake, NULL);
		if (shc_loop_watch(loop, &connector->watch, fd, EPOLLIN))
			return connector;
	}
	shc_error("cannot make a connector: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	free(connector);
	return NULL;
}

/* Hands a name to the threads. False: too many wait. */
static bool
queue(WkConnector *connector, WkConnection *connection)
{
	WkConnection **link = &connector->waiting;
	bool good;

	pthread_mutex_lock(&connector->mutex);
	good = connector->nwaiting < MAX_WAITING;
	if (good && connector->nidle <= connector->nwaiting && connector->nthreads < MAX_THREADS)
		start_thread(connector);
	good = good && connector->nthreads > 0;
	if (good)
	{
		while (*link != NULL)
			link = &(*link)->next;
		*link = connection;
		connector->nwaiting++;
		pthread_cond_signal(&connector->wake);
	}
	pthread_mutex_unlock(&connector->mutex);
	return good;
}

/* Hands over what needs no resolver, so that `done` is called from the loop here, too. */
static void
queue_resolved(WkConnector *connector, WkConnection *connection)
{
	uint64_t one = 1;

	pthread_mutex_lock(&connector->mutex);
	connection->next = connector->resolved;
	connector->resolved = connection;
	pthread_mutex_unlock(&connector->mutex);
	if (write(connector->watch.fd, &one, sizeof(one)) < 0)
		shc_error("cannot wake the loop: %s", strerror(errno));
}

WkConnection *
wk_connect(WkConnector *connector, const char *host, int port, int64_t until, WkConnected done,
		   void *context)
{
	WkConnection *connection = calloc(1, sizeof(WkConnection));

	if (connection == NULL)
		return NULL;
	*connection = (WkConnection){.garbage = {.release = release},
								 .watch = {.fd = -1, .ready = connecting_ready},
								 .connector = connector,
								 .done = done,
								 .context = context,
								 .until = until};
	snprintf(connection->port, sizeof(connection->port), "%d", port);
	if (strlen(host) >= sizeof(connection->host))
	{
		connection->error = EAI_NONAME;
		queue_resolved(connector, connection);
		return connection;
	}
	memcpy(connection->host, host, strlen(host) + 1);
	resolve(connection, AI_NUMERICHOST);
	if (connection->error == 0)
		queue_resolved(connector, connection);
	else if (!queue(connector, connection))
	{
		free(connection);
		return NULL;
	}
	return connection;
}

void
wk_connect_cancel(WkConnection *connection)
{
	connection->done = NULL;
	/* With a resolver, or before it: whoever has it next sees that nobody waits. */
	if (!connection->is_connecting)
		return;
	close_attempt(connection);
	leave_connecting(connection);
	shc_loop_discard(connection->connector->loop, &connection->garbage);
}

int64_t
wk_connector_tick(WkConnector *connector)
{
	int64_t now = shc_monotonic_us();
	int64_t next = INT64_MAX;
	WkConnection *connection = connector->connecting;

	while (connection != NULL)
	{
		WkConnection *after = connection->next;

		if (now >= connection->until)
		{
			close_attempt(connection);
			tell(connection, -1, "the connection timed out");
		}
		else if (connection->until < next)
			next = connection->until;
		connection = after;
	}
	return next;
}

static void
free_list(WkConnection *connection)
{
	while (connection != NULL)
	{
		WkConnection *next = connection->next;

		release(&connection->garbage);
		connection = next;
	}
}

void
wk_connector_free(WkConnector *connector)
{
	int fd;

	if (connector == NULL)
		return;
	pthread_mutex_lock(&connector->mutex);
	connector->stopping = true;
	free_list(connector->waiting);
	free_list(connector->resolved);
	connector->waiting = connector->resolved = NULL;
	fd = connector->watch.fd;
	shc_loop_unwatch(connector->loop, &connector->watch);
	close(fd);
	pthread_cond_broadcast(&connector->wake);
	pthread_mutex_unlock(&connector->mutex);
	drop_reference(connector);
}
