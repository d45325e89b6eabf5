/*
 * main.c: selfserv: arguments, configuration, the listening socket, signals. The work is done by the
 * threads of server.c; the main thread watches the domain file and waits for signals.
 *
 * Exit codes: 0 stopped as asked, 1 could not start, 2 wrong arguments.
 */
#include <errno.h>
#include <libgen.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "domains.h"
#include "log.h"
#include "route.h"
#include "server.h"
#include "version.h"

#ifndef SELFHOST_DATADIR
#define SELFHOST_DATADIR "/usr/local/share/selfhost"
#endif

#define MAX_ASSIGNMENTS 64
#define LISTEN_BACKLOG	1024

/* How often the domain file is looked at. */
#define DOMAIN_POLL_MS 1000

typedef struct Arguments
{
	const char *config;
	const char *set[MAX_ASSIGNMENTS];
	int nset;
	bool check_only;
} Arguments;

static const char usage[] =
	"selfserv serves the REST API of Self-host domains that live in PostgreSQL.\n"
	"\n"
	"Usage: selfserv [--config FILE] [--set KEY=VALUE]... [--check-config]\n"
	"\n"
	"  --config FILE     configuration; default: $CONFIG_FILENAME, else selfserv.conf.yaml, "
	"searched\n"
	"                    in /etc/selfhost, /etc/xdg/selfhost, ~/.config/selfhost and here\n"
	"  --set KEY=VALUE   overrides one key of the configuration; may be repeated\n"
	"  --check-config    only read configuration, domains and API description, and say what is "
	"wrong\n"
	"  --keys            list all keys with their defaults\n"
	"  --version, --help\n"
	"\n"
	"Examples:\n"
	"  selfserv --config /etc/selfhost/selfserv.conf.yaml\n"
	"  selfserv --config ./selfserv.conf.yaml --set listen.port=9000 --set log.level=debug\n"
	"\n"
	"Stops on TERM, INT and QUIT after finishing the requests in hand.\n";

static void
print_keys(void)
{
	for (const ShcConfKey *key = gw_config_keys; key->name != NULL; key++)
	{
		const char *standard = key->standard[0] != '\0' ? key->standard : "\"\"";

		printf("%-32s %-8s %s\n", key->name, key->type == SHC_CONF_IGNORED ? "-" : standard,
			   key->help);
	}
}

/* Returns an exit code, or -1 to go on. */
static int
parse_arguments(int argc, char **argv, Arguments *out)
{
	for (int i = 1; i < argc; i++)
	{
		const char *name = argv[i];

		if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
			return fputs(usage, stdout) < 0;
		if (strcmp(name, "--version") == 0)
			return printf("selfserv %s\n", SH_VERSION) < 0;
		if (strcmp(name, "--keys") == 0)
		{
			print_keys();
			return 0;
		}
		if (strcmp(name, "--check-config") == 0)
			out->check_only = true;
		else if (strcmp(name, "--config") == 0 && i + 1 < argc)
			out->config = argv[++i];
		else if (strcmp(name, "--set") == 0 && i + 1 < argc && out->nset < MAX_ASSIGNMENTS)
			out->set[out->nset++] = argv[++i];
		else
		{
			fprintf(stderr, "selfserv: unexpected argument \"%s\"\nTry \"selfserv --help\".\n",
					name);
			return 2;
		}
	}
	return -1;
}

static bool
read_config(const Arguments *arguments, GwConfig *config)
{
	const char *name = arguments->config;
	ShcLogLevel level;
	char *file;
	bool good;

	if (name == NULL)
		name = getenv("CONFIG_FILENAME");
	file = shc_conf_find(name != NULL && name[0] != '\0' ? name : "selfserv.conf.yaml");
	if (file == NULL || !shc_conf_defaults(gw_config_keys, config))
	{
		free(file);
		return false;
	}
	good = shc_conf_read(gw_config_keys, config, file);
	free(file);
	for (int i = 0; i < arguments->nset; i++)
		good = shc_conf_assign(gw_config_keys, config, arguments->set[i]) && good;
	if (!good)
		return false;
	if (!shc_log_level_parse(config->log_level, &level))
	{
		shc_error("log.level: must be debug, info, warning or error");
		return false;
	}
	shc_log_set_level(level);
	return true;
}

/* The description of the API: as configured, beside the program, or where it is installed. */
static bool
load_routes(const GwConfig *config, GwRoutes **routes)
{
	char self[4096];
	char file[4200];
	ssize_t len;

	if (config->openapi[0] != '\0')
		return gw_routes_load(config->openapi, routes);
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len > 0)
	{
		self[len] = '\0';
		snprintf(file, sizeof(file), "%s/openapi.yaml", dirname(self));
		if (access(file, R_OK) == 0)
			return gw_routes_load(file, routes);
	}
	return gw_routes_load(SELFHOST_DATADIR "/openapi.yaml", routes);
}

/* ---- the listening socket ---- */

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
open_listener(const GwConfig *config)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found;
	const char *host = config->listen_host[0] != '\0' ? config->listen_host : NULL;
	char port[16];
	int error;
	int fd = -1;

	snprintf(port, sizeof(port), "%d", (int) config->listen_port);
	error = getaddrinfo(host, port, &hints, &found);
	if (error != 0)
	{
		shc_error("listen.host: %s: %s", config->listen_host, gai_strerror(error));
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
log_listening(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[128] = "";
	char port[16] = "";

	if (getsockname(fd, (struct sockaddr *) &address, &len) == 0)
		getnameinfo((struct sockaddr *) &address, len, host, sizeof(host), port, sizeof(port),
					NI_NUMERICHOST | NI_NUMERICSERV);
	shc_info("selfserv %s listens on %s port %s", SH_VERSION, host, port);
}

/* ---- running ---- */

static void
raise_descriptor_limit(const GwConfig *config)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t) config->max_connections + 4096;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur =
		limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= wanted ? wanted : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted)
		shc_warning("only %llu file descriptors are allowed: limits.connections may not be reached",
					(unsigned long long) limit.rlim_cur);
}

/* Waits for a signal to stop, and passes on changes of the domain file. */
static void
wait_for_signal(GwServer *server, GwDomainFile *file, int signal_fd)
{
	struct pollfd poll_fd = {.fd = signal_fd, .events = POLLIN};
	struct signalfd_siginfo info;

	for (;;)
	{
		GwDomainSet *set;

		if (poll(&poll_fd, 1, DOMAIN_POLL_MS) > 0 &&
			read(signal_fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo != SIGHUP)
		{
			shc_info("stopping on signal %d", (int) info.ssi_signo);
			return;
		}
		set = gw_domain_file_poll(file);
		if (set != NULL)
		{
			gw_server_set_domains(server, set);
			gw_domain_set_release(set);
		}
	}
}

static int
serve(const GwConfig *config, const GwRoutes *routes, GwDomainFile *file, GwDomainSet *domains)
{
	sigset_t signals;
	int signal_fd;
	int listen_fd;
	GwServer *server = NULL;
	int broken_off;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGQUIT);
	sigaddset(&signals, SIGHUP);
	/* Blocked in every thread: the threads inherit the mask. */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit(config);

	signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	listen_fd = open_listener(config);
	if (listen_fd >= 0)
	{
		log_listening(listen_fd);
		server = gw_server_start(config, routes, listen_fd, domains);
	}
	if (server == NULL || signal_fd < 0)
	{
		if (server != NULL)
			gw_server_stop(server, listen_fd);
		if (signal_fd >= 0)
			close(signal_fd);
		return 1;
	}
	wait_for_signal(server, file, signal_fd);
	broken_off = gw_server_stop(server, listen_fd);
	close(signal_fd);
	if (broken_off > 0)
		shc_warning("stopped; %d requests were broken off", broken_off);
	else
		shc_info("stopped");
	return 0;
}

int
main(int argc, char **argv)
{
	Arguments arguments = {0};
	GwConfig config = {0};
	GwRoutes *routes = NULL;
	GwDomainFile file = {.is_missing = false};
	GwDomainSet *domains = NULL;
	int code = parse_arguments(argc, argv, &arguments);

	if (code >= 0)
		return code;
	code = 1;
	if (!read_config(&arguments, &config) || !load_routes(&config, &routes))
		goto out;
	if (config.domainfile[0] == '\0')
		shc_warning("domainfile is not set: no domain is served");
	else if ((file.path = shc_conf_find(config.domainfile)) == NULL)
		goto out;
	domains = gw_domain_file_poll(&file);
	if (domains == NULL && file.path != NULL)
		goto out;
	if (domains == NULL)
		domains = gw_domain_set_empty();
	if (domains == NULL)
		goto out;
	code = arguments.check_only ? 0 : serve(&config, routes, &file, domains);
	if (arguments.check_only)
		printf("configuration is good: %d operations, %d domains\n", gw_routes_count(routes),
			   domains->domains.n);

out:
	gw_domain_set_release(domains);
	free(file.path);
	gw_routes_free(routes);
	shc_conf_free(gw_config_keys, &config);
	return code;
}
