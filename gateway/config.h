/*
 * config.h: the configuration of selfserv.
 */
#ifndef SH_GATEWAY_CONFIG_H
#define SH_GATEWAY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "primus_conf.h"

/* How often sweeps for limits of time run. */
#define GW_TICK_US INT64_C(250000)

/* Times in microseconds, sizes in bytes. Members in the order of their keys. */
typedef struct GwConfig
{
	char *admin_host;
	int64_t admin_port;
	int64_t auth_failures_burst;
	int64_t auth_failures_per_minute;
	bool cors_credentials;
	ShcConfList cors_headers;
	ShcConfList cors_methods;
	ShcConfList cors_origins;
	ShcConfList cors_exposed;
	int64_t cors_max_age;
	int64_t datasets_max_json_size;
	int64_t datasets_max_part_size;
	char *domainfile;
	int64_t gzip_level;
	int64_t gzip_min_size;
	int64_t max_connections;
	int64_t max_connections_per_address;
	int64_t max_deferred;
	int64_t max_headers;
	int64_t max_queue;
	char *listen_certificate;
	char *listen_host;
	char *listen_key;
	int64_t listen_port;
	ShcConfList trusted_proxies;
	bool log_access;
	char *log_level;
	char *openapi;
	int64_t pg_connect_timeout;
	int64_t pg_connections;
	int64_t pg_domain_idle;
	int64_t pg_idle_timeout;
	int64_t pg_max_replica_lag;
	bool pg_pooler;
	ShcPrimusConf primus;
	int64_t rate_cleanup;
	int64_t rate_burst;
	int64_t rate_per_hour;
	int64_t shutdown_timeout;
	char *static_dir;
	int64_t stream_buffer;
	int64_t stream_max_time;
	int64_t stream_min_rate;
	int64_t threads;
	int64_t answer_timeout;
	int64_t body_timeout;
	int64_t header_timeout;
	int64_t idle_timeout;
	int64_t queue_timeout;
	int64_t request_timeout;
	int64_t points_max_size;
} GwConfig;

extern const ShcConfKey gw_config_keys[];

/* The value of a key that is a size. False: there is no such key. */
extern bool gw_config_size(const GwConfig *config, const char *name, int64_t *bytes);

#endif
