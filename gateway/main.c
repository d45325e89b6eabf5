/*
 * main.c: selfserv: arguments, configuration, the listening socket, signals. The work is done by the
 * threads of server.c; the main thread hears of changes of the domains and waits for signals.
 *
 * Exit codes: 0 stopped as asked, 1 could not start, 2 wrong arguments.
 */
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "config.h"
#include "conninfo.h"
#include "domains.h"
#include "http_admin.h"
#include "listener.h"
#include "log.h"
#include "notify.h"
#include "route.h"
#include "proxies.h"
#include "server.h"
#include "static_files.h"
#include "tls.h"
#include "version.h"

#ifndef SELFHOST_DATADIR
#define SELFHOST_DATADIR "/usr/local/share/selfhost"
#endif

#define MAX_ASSIGNMENTS 64
#define PAGE_PATH		"/static/swagger-ui/"

/* How often the domain file is looked at when the kernel tells of no change. */
#define DOMAIN_POLL_MS 10000

/* So long a start waits for Primus; then requests are answered that the domains are not known yet. */
#define FIRST_DOMAINS_US INT64_C(2000000)

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
	"TERM, INT and QUIT stop it after the requests in hand; HUP reads domains, rates and the "
	"level\n"
	"of the log again.\n";

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
			shc_conf_print_keys(gw_config_keys);
			return 0;
		}
		if (strcmp(name, "--check-config") == 0)
			out->check_only = true;
		else if (strcmp(name, "--config") == 0 && i + 1 < argc)
			out->config = argv[++i];
		else if (strcmp(name, "--set") == 0 && i + 1 < argc && out->nset < MAX_ASSIGNMENTS)
		{
			out->set[out->nset] = shc_conninfo_take(argv[++i]);
			if (out->set[out->nset++] == NULL)
				return 1;
		}
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
	const ShcConfSource source = {.file = arguments->config,
								  .standard = "selfserv.conf.yaml",
								  .assignment = arguments->set,
								  .nassignments = arguments->nset};

	return shc_conf_load(gw_config_keys, config, &source) &&
		   shc_log_configure_level(config->log_level);
}

/* What belongs to the program: beside it, or where it is installed. False: the name is too long. */
static bool
find_shared(const char *name, char *file, size_t size)
{
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len > 0)
	{
		self[len] = '\0';
		if (snprintf(file, size, "%s/%s", dirname(self), name) < (int) size &&
			access(file, R_OK) == 0)
			return true;
	}
	return snprintf(file, size, "%s/%s", SELFHOST_DATADIR, name) < (int) size;
}

/* The description of the API, as routes and as the file that it is. */
static bool
load_routes(const GwConfig *config, GwRoutes **routes, GwStaticFiles *files)
{
	char found[4200];
	const char *file = config->openapi;

	if (file[0] == '\0' && find_shared("openapi.yaml", found, sizeof(found)))
		file = found;
	return gw_routes_load(file, config, routes) &&
		   gw_static_files_add(files, "/openapi.yaml", "application/yaml", file);
}

/* The documentation page. Nothing else depends on it. */
static void
load_page(const GwConfig *config, GwStaticFiles *files)
{
	char found[4200];
	const char *directory = config->static_dir;

	if (directory[0] == '\0' && find_shared("swagger-ui", found, sizeof(found)))
		directory = found;
	if (!gw_static_files_add_directory(files, PAGE_PATH, directory))
		shc_warning("%s is not served", PAGE_PATH);
}

static bool
check_proxies(const GwConfig *config)
{
	GwProxies *proxies = gw_proxies_new(&config->trusted_proxies);

	gw_proxies_free(proxies);
	return proxies != NULL;
}

static bool
load_certificate(const GwConfig *config)
{
	bool has_certificate = config->listen_certificate[0] != '\0';

	if (has_certificate != (config->listen_key[0] != '\0'))
	{
		shc_error("listen.certificate and listen.key belong together: set both, or neither");
		return false;
	}
	return !has_certificate || gw_tls_load(config->listen_certificate, config->listen_key);
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

/* All that runs, and what a reload needs. */
typedef struct Service
{
	const Arguments *arguments;
	const GwConfig *config;
	const GwRoutes *routes;
	const GwStaticFiles *static_files;
	ShcDomainSource source;
	GwServer *server;
	GwAdmin *admin; /* NULL: none */
} Service;

static void
take_domains(Service *service)
{
	GwDomainSet *set = gw_domain_set_poll(&service->source);

	if (set == NULL)
		return;
	gw_server_set_domains(service->server, set);
	if (service->admin != NULL)
		gw_admin_set_domains(service->admin, set);
	gw_domain_set_release(set);
}

/* SIGHUP: domains, rates and the level of the log. Everything else needs a restart. */
static void
reload(Service *service)
{
	GwConfig config = {0};

	shc_notify_manager("RELOADING=1");
	if (read_config(service->arguments, &config))
	{
		gw_server_set_rates(service->server, &config);
		if (service->config->listen_certificate[0] != '\0' && !load_certificate(&config))
			shc_error("the old certificate stays in use");
		shc_info(
			"configuration read again: domains, rates, log level and certificate are in force");
	}
	else
		shc_error("the configuration is not good: the old one stays in force");
	shc_conf_free(gw_config_keys, &config);
	take_domains(service);
	shc_notify_manager("READY=1");
}

/* Waits for a signal to stop, and passes on changes of the domains. */
static void
wait_for_signal(Service *service, int signal_fd)
{
	struct pollfd fds[2] = {{.fd = signal_fd, .events = POLLIN},
							{.fd = service->source.fd, .events = POLLIN}};
	struct signalfd_siginfo info;

	for (;;)
	{
		if (poll(fds, 2, DOMAIN_POLL_MS) > 0 && fds[0].revents != 0 &&
			read(signal_fd, &info, sizeof(info)) == sizeof(info))
		{
			if (info.ssi_signo != SIGHUP)
			{
				shc_info("stopping on signal %d", (int) info.ssi_signo);
				return;
			}
			reload(service);
		}
		take_domains(service);
	}
}

/* Without it the service runs as well: its port may be another stack's. */
static void
start_admin(Service *service, GwDomainSet *domains)
{
	const GwConfig *config = service->config;
	GwMetrics *const *metrics;
	int nthreads;
	int fd;

	if (config->admin_port < 0)
		return;
	fd = gw_listen("admin", config->admin_host, config->admin_port,
				   "/healthz, /readyz and /metrics");
	if (fd < 0)
		return;
	metrics = gw_server_metrics(service->server, &nthreads);
	service->admin = gw_admin_start(fd, metrics, nthreads, service->routes, domains);
}

static int
serve(Service *service, GwDomainSet *domains)
{
	const GwConfig *config = service->config;
	int signal_fd = shc_signals_open(0);
	int listen_fd = gw_listener_inherited();
	int broken_off;

	raise_descriptor_limit(config);
	if (listen_fd < 0)
		listen_fd = gw_listen("listen", config->listen_host, config->listen_port,
							  "selfserv " SH_VERSION " listens");
	if (listen_fd >= 0 && signal_fd >= 0)
		service->server =
			gw_server_start(config, service->routes, service->static_files, listen_fd, domains);
	if (service->server == NULL)
	{
		if (signal_fd >= 0)
			close(signal_fd);
		return 1;
	}
	start_admin(service, domains);
	shc_notify_manager("READY=1");
	wait_for_signal(service, signal_fd);
	shc_notify_manager("STOPPING=1");
	if (service->admin != NULL)
		gw_admin_stopping(service->admin);
	broken_off = gw_server_drain(service->server, listen_fd);
	gw_admin_stop(service->admin);
	gw_server_free(service->server);
	close(signal_fd);
	if (broken_off > 0)
		shc_warning("stopped; %d requests were broken off", broken_off);
	else
		shc_info("stopped");
	return 0;
}

/* What the configuration says of domains. */
static ShcDomainSourceConf
domain_source_conf(const GwConfig *config)
{
	return (ShcDomainSourceConf){.file = config->domainfile,
								 .primus = &config->primus,
								 .application = "selfserv",
								 .timeout = config->pg_connect_timeout};
}

static int
check(const GwConfig *config, const GwRoutes *routes)
{
	const ShcDomainSourceConf conf = domain_source_conf(config);
	ShcDomains domains;

	if (!shc_domain_source_read(&conf, &domains))
		return 1;
	printf("configuration is good: %d operations, %d domains\n", gw_routes_count(routes),
		   domains.n);
	shc_domains_free(&domains);
	return 0;
}

/* Opens the source of the domains, reads them as far as they can be had now, and serves. */
static int
open_domains_and_serve(Service *service)
{
	const ShcDomainSourceConf conf = domain_source_conf(service->config);
	ShcDomainSource *source = &service->source;
	GwDomainSet *domains = NULL;
	int code = 1;

	if (shc_domain_source_open(source, &conf))
	{
		shc_domain_source_wait(source, FIRST_DOMAINS_US);
		domains = gw_domain_set_poll(source);
		/* A file that is not usable is a mistake; Primus may come later. */
		if (domains == NULL && source->file.path == NULL)
			domains = gw_domain_set_empty(source->is_known);
		if (domains != NULL)
			code = serve(service, domains);
	}
	gw_domain_set_release(domains);
	shc_domain_source_close(source);
	return code;
}

int
main(int argc, char **argv)
{
	Arguments arguments = {0};
	GwConfig config = {0};
	GwRoutes *routes = NULL;
	GwStaticFiles *static_files = gw_static_files_new();
	int code = parse_arguments(argc, argv, &arguments);

	if (code >= 0 || static_files == NULL)
	{
		gw_static_files_free(static_files);
		return code >= 0 ? code : 1;
	}
	code = 1;
	if (read_config(&arguments, &config) && check_proxies(&config) && load_certificate(&config) &&
		load_routes(&config, &routes, static_files))
	{
		Service service = {.arguments = &arguments,
						   .config = &config,
						   .routes = routes,
						   .static_files = static_files};

		load_page(&config, static_files);
		code = arguments.check_only ? check(&config, routes) : open_domains_and_serve(&service);
	}
	gw_tls_unload();
	gw_routes_free(routes);
	gw_static_files_free(static_files);
	shc_conf_free(gw_config_keys, &config);
	return code;
}
