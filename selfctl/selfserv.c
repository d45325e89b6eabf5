/*
 * selfserv.c: finding, starting, asking and stopping selfserv.
 */
#include "selfserv.h"

#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "files.h"
#include "log.h"
#include "program_path.h"
#include "signals.h"

#define START_LIMIT_MS	30000
#define ANSWER_LIMIT_MS 2000
#define STANDARD_HOST	"127.0.0.1"

/* ---- the program ---- */

/* What belongs to a program: beside it in the build tree, in share/ when installed. NULL: not there. */
static const char *
find_shared(const Stack *stack, const char *program, const char *name)
{
	int len = (int) (strrchr(program, '/') - program);
	const char *path = shc_arena_printf(stack->arena, "%.*s/%s", len, program, name);

	if (files_exist(path))
		return path;
	path = shc_arena_printf(stack->arena, "%.*s/../share/selfhost/%s", len, program, name);
	return files_exist(path) ? files_absolute(stack->arena, path) : NULL;
}

/* Copies the files of a folder, but no folders in it, nor what is hidden. */
static bool
copy_folder(const Stack *stack, const Account *account, const char *from, const char *to)
{
	DIR *dir = opendir(from);
	const struct dirent *entry;
	bool good = dir != NULL && files_make_dirs(to, 0755, 0755);

	if (dir == NULL)
		shc_error("cannot read %s: %s", from, strerror(errno));
	while (good && (entry = readdir(dir)) != NULL)
	{
		if (entry->d_name[0] != '.' && entry->d_type != DT_DIR)
			good = files_copy(shc_arena_printf(stack->arena, "%s/%s", from, entry->d_name),
							  shc_arena_printf(stack->arena, "%s/%s", to, entry->d_name), 0640,
							  account->gid);
	}
	if (dir != NULL)
		closedir(dir);
	return good;
}

static bool
copy_into_stack(const Stack *stack, const Account *account, Selfserv *selfserv)
{
	const char *dir = shc_arena_printf(stack->arena, "%s/program", stack->dir);
	const char *program = shc_arena_printf(stack->arena, "%s/selfserv", dir);
	const char *openapi = shc_arena_printf(stack->arena, "%s/openapi.yaml", dir);
	const char *page = shc_arena_printf(stack->arena, "%s/swagger-ui", dir);

	if (!files_make_dirs(dir, 0755, 0755) ||
		!files_copy(selfserv->program, program, 0750, account->gid))
		return false;
	selfserv->program = program;
	if (selfserv->openapi != NULL && !files_copy(selfserv->openapi, openapi, 0640, account->gid))
		return false;
	if (selfserv->page != NULL && !copy_folder(stack, account, selfserv->page, page))
		return false;
	selfserv->openapi = selfserv->openapi != NULL ? openapi : NULL;
	selfserv->page = selfserv->page != NULL ? page : NULL;
	return true;
}

bool
selfserv_find(const Stack *stack, const Account *account, Selfserv *selfserv)
{
	selfserv->program = program_path(stack->arena, "gateway", "selfserv");
	if (selfserv->program == NULL)
		return false;
	selfserv->openapi = find_shared(stack, selfserv->program, "openapi.yaml");
	selfserv->page = find_shared(stack, selfserv->program, "swagger-ui");
	if (daemon_reaches(account, selfserv->program, X_OK) &&
		daemon_reaches(account, selfserv->openapi, R_OK) &&
		daemon_reaches(account, selfserv->page, R_OK))
		return true;
	return copy_into_stack(stack, account, selfserv);
}

/* ---- settings ---- */

bool
selfserv_check_settings(const CliList *settings)
{
	if (!daemon_check_settings("--set", settings))
		return false;
	if (daemon_setting(settings, "listen.port") == NULL)
		return true;
	fprintf(stderr, "selfctl up: use --port instead of --set listen.port\n");
	return false;
}

/* ---- the port ---- */

static struct addrinfo *
resolve(const char *host, int port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *result;
	char service[16];
	int error;

	snprintf(service, sizeof(service), "%d", port);
	error = getaddrinfo(host, service, &hints, &result);
	if (error == 0)
		return result;
	shc_error("listen.host: cannot resolve \"%s\": %s", host, gai_strerror(error));
	return NULL;
}

static int
port_of(int fd)
{
	union
	{
		struct sockaddr_storage space;
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	socklen_t len = sizeof(address);

	memset(&address, 0, sizeof(address));
	if (getsockname(fd, &address.any, &len) != 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

bool
selfserv_choose_port(const Stack *stack, Selfserv *selfserv, const CliList *settings, int port)
{
	const char *host = daemon_setting(settings, "listen.host");
	struct addrinfo *address;
	int one = 1;
	int fd;

	/* "All addresses" is asked at the loopback. */
	if (host == NULL || host[0] == '\0' || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
		host = STANDARD_HOST;
	address = resolve(host, port);
	if (address == NULL)
		return false;
	selfserv->host = shc_arena_printf(stack->arena, "%s", host);
	selfserv->port = 0;
	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
		bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 1) == 0)
		selfserv->port = port_of(fd);
	else if (errno == EADDRINUSE)
		shc_error("port %d of %s is in use by another program: choose another with --port (0: any "
				  "free one)",
				  port, host);
	else
		shc_error("cannot listen on %s, port %d: %s", host, port, strerror(errno));
	if (fd >= 0)
		close(fd);
	freeaddrinfo(address);
	return selfserv->port != 0;
}

const char *
selfserv_url(const Stack *stack, const Selfserv *selfserv)
{
	bool is_ipv6 = strchr(selfserv->host, ':') != NULL;

	return shc_arena_printf(stack->arena, "http://%s%s%s:%d", is_ipv6 ? "[" : "", selfserv->host,
							is_ipv6 ? "]" : "", selfserv->port);
}

/* ---- asking ---- */

/* Waits for an event of the socket until the deadline. */
static bool
wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd entry = {.fd = fd, .events = events};
	int64_t left = deadline - now_ms();

	return left > 0 && poll(&entry, 1, (int) left) > 0;
}

/* Sends the request and reads the status line: whether that is 200. */
static bool
ask(int fd, const char *request, int64_t deadline)
{
	char text[16];
	size_t len = strlen(request);

	if (!wait_for(fd, POLLOUT, deadline) || send(fd, request, len, MSG_NOSIGNAL) != (ssize_t) len)
		return false;
	for (len = 0; len < 12 && wait_for(fd, POLLIN, deadline);)
	{
		ssize_t got = recv(fd, text + len, sizeof(text) - 1 - len, 0);

		if (got <= 0)
			break;
		len += (size_t) got;
	}
	text[len] = '\0';
	return strncmp(text, "HTTP/1.1 200", 12) == 0 || strncmp(text, "HTTP/1.0 200", 12) == 0;
}

static bool
ask_at(const char *host, int port, const char *request)
{
	struct addrinfo *address = resolve(host, port);
	int64_t deadline = now_ms() + ANSWER_LIMIT_MS;
	bool ok = false;
	int fd;

	if (address == NULL)
		return false;
	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
	{
		ok = (connect(fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS) &&
			 ask(fd, request, deadline);
		close(fd);
	}
	freeaddrinfo(address);
	return ok;
}

bool
selfserv_answers(const Selfserv *selfserv)
{
	char request[256];

	snprintf(request, sizeof(request),
			 "GET /status HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", selfserv->host);
	return ask_at(selfserv->host, selfserv->port, request);
}

/* RFC 4648 base64 of a text; out: 4 bytes for each 3, and a zero byte. */
static void
put_base64(const char *text, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *) text;

	for (size_t left = strlen(text); left > 0; left -= left < 3 ? left : 3, p += 3)
	{
		unsigned bits = (unsigned) p[0] << 16 | (left > 1 ? (unsigned) p[1] << 8 : 0) |
						(left > 2 ? (unsigned) p[2] : 0);

		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*out++ = left > 2 ? digits[bits & 63] : '=';
	}
	*out = '\0';
}

bool
selfserv_serves(const Stack *stack, const char *domain, const char *token)
{
	char credentials[512];
	char encoded[700];
	char request[1280];
	char host[256];
	int port;
	int64_t end = now_ms() + START_LIMIT_MS;
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

	if (stack->url == NULL || sscanf(stack->url, "%*[a-z]://%255[^:/]:%d", host, &port) != 2)
		return false;
	snprintf(credentials, sizeof(credentials), "%s:%s", domain, token);
	put_base64(credentials, encoded);
	snprintf(request, sizeof(request),
			 "GET /v2/users/me HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic %s\r\n"
			 "Connection: close\r\n\r\n",
			 host, encoded);
	while (!ask_at(host, port, request))
	{
		if (now_ms() >= end)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

bool
selfserv_wait(Child *child, const Selfserv *selfserv)
{
	int64_t end = now_ms() + START_LIMIT_MS;
	char how[64];

	while (now_ms() < end && signals_stops() == 0)
	{
		if (child_ended(child))
		{
			child_describe_end(child, how, sizeof(how));
			shc_error("selfserv did not start: it %s", how);
			child_show_log(child);
			return false;
		}
		if (selfserv_answers(selfserv))
			return true;
		signals_wait(20);
	}
	if (signals_stops() > 0)
		shc_error("interrupted");
	else
	{
		shc_error("selfserv does not answer on port %d", selfserv->port);
		child_show_log(child);
	}
	return false;
}
