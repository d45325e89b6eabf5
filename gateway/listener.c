/*
 * listener.c: listening sockets, and the protocol of the service manager.
 */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define LISTEN_BACKLOG 1024

/* The first descriptor that a service manager hands over. */
#define FIRST_INHERITED 3

static int
try_listen(const struct addrinfo *address)
{
	int on = 1;
	int off = 0;
	int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
					address->ai_protocol);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* One IPv6 socket for all addresses takes IPv4 as well. */
	if (address->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
open_listener(const char *key, const char *address, int64_t number)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found;
	const char *host = address[0] != '\0' ? address : NULL;
	char port[16];
	int error;
	int fd = -1;

	snprintf(port, sizeof(port), "%d", (int) number);
	error = getaddrinfo(host, port, &hints, &found);
	if (error != 0)
	{
		shc_error("%s.host: %s: %s", key, address, gai_strerror(error));
		return -1;
	}
	/* Without a host, IPv6 first: it covers both. */
	for (int pass = 0; pass < 2 && fd < 0; pass++)
	{
		for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next)
		{
			if (host != NULL || (a->ai_family == AF_INET6) == (pass == 0))
				fd = try_listen(a);
		}
	}
	if (fd < 0)
		shc_error("cannot listen on %s port %s: %s", host != NULL ? host : "*", port,
				  strerror(errno));
	freeaddrinfo(found);
	return fd;
}

static void
log_listening(int fd, const char *what)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[128] = "";
	char port[16] = "";

	if (getsockname(fd, (struct sockaddr *) &address, &len) == 0)
		getnameinfo((struct sockaddr *) &address, len, host, sizeof(host), port, sizeof(port),
					NI_NUMERICHOST | NI_NUMERICSERV);
	shc_info("%s on %s port %s", what, host, port);
}

int
gw_listen(const char *key, const char *address, int64_t port, const char *what)
{
	int fd = open_listener(key, address, port);

	if (fd >= 0)
		log_listening(fd, what);
	return fd;
}

int
gw_listener_inherited(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");
	int flags;

	if (pid == NULL || count == NULL || strtol(pid, NULL, 10) != (long) getpid() ||
		strtol(count, NULL, 10) < 1)
		return -1;
	flags = fcntl(FIRST_INHERITED, F_GETFL);
	if (flags < 0 || fcntl(FIRST_INHERITED, F_SETFL, flags | O_NONBLOCK) != 0 ||
		fcntl(FIRST_INHERITED, F_SETFD, FD_CLOEXEC) != 0)
	{
		shc_error("the socket of the service manager is not usable: %s", strerror(errno));
		return -1;
	}
	log_listening(FIRST_INHERITED, "listening for the service manager");
	return FIRST_INHERITED;
}
