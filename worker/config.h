/*
 * config.h: the configuration of selfpwrk.
 */
#ifndef SH_WORKER_CONFIG_H
#define SH_WORKER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "primus_conf.h"

/* Times in microseconds, sizes in bytes. Members in the order of their keys. */
typedef struct WkConfig
{
	char *domainfile;
	ShcConfList denied_networks;
	char *log_level;
	bool log_runs;
	bool manager;
	int64_t pg_connect_timeout;
	int64_t pg_connections;
	int64_t pg_idle_timeout;
	char *pg_user;
	ShcPrimusConf primus;
	int64_t shutdown_timeout;
	char *user;
	int64_t max_children;
	int64_t max_children_per_domain;
	int64_t memory;
	char *name;
} WkConfig;

extern const ShcConfKey wk_config_keys[];

/* The two bounds that depend on the machine, or on each other. */
extern int wk_config_children(const WkConfig *config);
extern int wk_config_children_per_domain(const WkConfig *config);

#endif
