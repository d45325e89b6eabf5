/*
 * config.c: the keys of selfpwrk's configuration, in the order of their names.
 */
#include "config.h"

#include <unistd.h>

#include "zygote.h"

#define SECONDS 1e6
#define MIB		1048576.0

#define KEY(key, kind, member, value, low, high, text)                                            \
	{                                                                                             \
		.name = (key), .type = (kind), .offset = offsetof(WkConfig, member), .standard = (value), \
		.min = (low), .max = (high), .help = (text)                                               \
	}

/* Of the programs that selfpwrk stands for; the database is where they met now. */
#define OLD(key)                                                                    \
	{                                                                               \
		.name = (key), .type = SHC_CONF_IGNORED, .help = "accepted, without effect" \
	}

/* clang-format off */
const ShcConfKey wk_config_keys[] = {
	OLD("cache.library_timeout"),
	OLD("cache.program_timeout"),
	KEY("domainfile", SHC_CONF_STRING, domainfile, "", 0, 0, "file that maps domains to PostgreSQL URIs; watched"),
	KEY("http.deny_networks", SHC_CONF_LIST, denied_networks, "[0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 100.100.100.200, '::', '::1', 'fe80::/10', 'fd00:ec2::254']", 0, 0, "addresses and networks that programs may not connect to"),
	OLD("listen.host"),
	OLD("listen.port"),
	KEY("log.level", SHC_CONF_STRING, log_level, "info", 0, 0, "debug, info, warning or error"),
	KEY("log.runs", SHC_CONF_BOOL, log_runs, "true", 0, 0, "one line for each run"),
	KEY("manager", SHC_CONF_BOOL, manager, "false", 0, 0, "also do the work of the background manager, for servers that cannot load it (--manager)"),
	OLD("module_library.authority"),
	OLD("module_library.scheme"),
	KEY("postgres.connect_timeout", SHC_CONF_DURATION, pg_connect_timeout, "10s", 0.1 * SECONDS, 3600 * SECONDS, "time to connect to PostgreSQL"),
	KEY("postgres.connections", SHC_CONF_INT, pg_connections, "4", 1, 1000, "connections to each domain for what programs ask of it, beside the one that waits for work"),
	KEY("postgres.idle_timeout", SHC_CONF_DURATION, pg_idle_timeout, "60s", 1 * SECONDS, 86400 * SECONDS, "an unused one of them is closed"),
	KEY("postgres.user", SHC_CONF_STRING, pg_user, "", 0, 0, "role to connect as, in place of the one in the domain's URI"),
	SHC_PRIMUS_KEYS(WkConfig, primus),
	OLD("program_manager.authority"),
	OLD("program_manager.scheme"),
	KEY("shutdown_timeout", SHC_CONF_DURATION, shutdown_timeout, "10s", 0, 3600 * SECONDS, "how long runs may take to finish after a signal to stop"),
	KEY("user", SHC_CONF_STRING, user, "nobody", 0, 0, "system user that programs run as when selfpwrk is started by root"),
	OLD("worker.timeout"),
	KEY("workers.max_children", SHC_CONF_INT, max_children, "0", 0, WK_MAX_CHILDREN, "runs at once; 0: two for each processor, at least 8"),
	KEY("workers.max_children_per_domain", SHC_CONF_INT, max_children_per_domain, "0", 0, WK_MAX_CHILDREN, "of them, for one domain; 0: three quarters"),
	KEY("workers.memory", SHC_CONF_SIZE, memory, "256MiB", 16 * MIB, 65536 * MIB, "memory that one run may take"),
	KEY("workers.name", SHC_CONF_STRING, name, "", 0, 0, "what the worker is called in the list of runs; empty: the host's name"),
	{.name = NULL},
};
/* clang-format on */

int
wk_config_children(const WkConfig *config)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (config->max_children > 0)
		return (int) config->max_children;
	return processors <= 4					  ? 8
		   : processors < WK_MAX_CHILDREN / 2 ? (int) processors * 2
											  : WK_MAX_CHILDREN;
}

int
wk_config_children_per_domain(const WkConfig *config)
{
	int all = wk_config_children(config);

	if (config->max_children_per_domain > 0 && config->max_children_per_domain < all)
		return (int) config->max_children_per_domain;
	return config->max_children_per_domain > 0 || all < 4 ? all : all * 3 / 4;
}
