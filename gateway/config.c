/*
 * config.c: the keys of selfserv's configuration, in the order of their names.
 */
#include "config.h"

#include <string.h>

#define SECONDS 1e6

#define KEY(key, kind, member, value, low, high, text)                                            \
	{                                                                                             \
		.name = (key), .type = (kind), .offset = offsetof(GwConfig, member), .standard = (value), \
		.min = (low), .max = (high), .help = (text)                                               \
	}

/* clang-format off */
const ShcConfKey gw_config_keys[] = {
	KEY("admin.host", SHC_CONF_STRING, admin_host, "127.0.0.1", 0, 0, "address of /healthz, /readyz and /metrics"),
	KEY("admin.port", SHC_CONF_INT, admin_port, "0", -1, 65535, "their TCP port; 0 picks a free one, -1: none"),
	KEY("auth.failures_burst", SHC_CONF_INT, auth_failures_burst, "200", 1, 1e9, "failed log-ins of one address at once"),
	KEY("auth.failures_per_minute", SHC_CONF_INT, auth_failures_per_minute, "60", 0, 1e9, "failed log-ins of one address in a minute; 0: no limit"),
	KEY("cors.allow_credentials", SHC_CONF_BOOL, cors_credentials, "false", 0, 0, "pages of other origins may send credentials that the browser keeps"),
	KEY("cors.allowed_headers", SHC_CONF_LIST, cors_headers, "[Accept, Authorization, Content-Type, If-None-Match]", 0, 0, "headers that they may send"),
	KEY("cors.allowed_methods", SHC_CONF_LIST, cors_methods, "[POST, GET, PUT, DELETE, OPTIONS]", 0, 0, "methods that they may use"),
	KEY("cors.allowed_origins", SHC_CONF_LIST, cors_origins, "['https://*', 'http://*']", 0, 0, "origins of pages that may use the API; one * in each stands for any text"),
	KEY("cors.exposed_headers", SHC_CONF_LIST, cors_exposed, "[ETag, Link, X-Total-Count, X-Request-Id, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining]", 0, 0, "headers of answers that they may read"),
	KEY("cors.max_age", SHC_CONF_INT, cors_max_age, "300", 0, 86400, "seconds that a browser may remember the answer to a preflight"),
	KEY("datasets.max_json_size", SHC_CONF_SIZE, datasets_max_json_size, "16MiB", 1024, 1024 * 1024 * 1024, "largest body that makes a dataset, content included; a larger one gets 400"),
	KEY("datasets.max_part_size", SHC_CONF_SIZE, datasets_max_part_size, "16MiB", 1024, 1024 * 1024 * 1024, "largest part of an upload of a dataset; a larger one gets 413"),
	KEY("domainfile", SHC_CONF_STRING, domainfile, "", 0, 0, "file that maps domains to PostgreSQL URIs; watched"),
	KEY("gzip.level", SHC_CONF_INT, gzip_level, "1", 0, 9, "compression of answers to clients that accept gzip; 0: none"),
	KEY("gzip.min_size", SHC_CONF_SIZE, gzip_min_size, "1kB", 0, 1e9, "shorter answers are not compressed"),
	KEY("limits.connections", SHC_CONF_INT, max_connections, "10000", 1, 1e6, "client connections at once"),
	KEY("limits.connections_per_address", SHC_CONF_INT, max_connections_per_address, "2000", 1, 1e6, "client connections at once from one address"),
	KEY("limits.deferred", SHC_CONF_INT, max_deferred, "1000", 1, 1e6, "requests of one domain that wait for programs; more get 503"),
	KEY("limits.headers", SHC_CONF_SIZE, max_headers, "64kB", 1024, 1024 * 1024, "request line and headers of one request; a longer line gets 414, more headers 431"),
	KEY("limits.queue", SHC_CONF_INT, max_queue, "1000", 1, 1e6, "requests of one domain that wait for a connection to PostgreSQL; more get 503"),
	KEY("listen.certificate", SHC_CONF_STRING, listen_certificate, "", 0, 0, "PEM file with the certificate and its chain: HTTPS; empty: HTTP"),
	KEY("listen.host", SHC_CONF_STRING, listen_host, "", 0, 0, "address or host name to listen on; empty: all"),
	KEY("listen.key", SHC_CONF_STRING, listen_key, "", 0, 0, "PEM file with the key of the certificate"),
	KEY("listen.port", SHC_CONF_INT, listen_port, "8095", 0, 65535, "TCP port; 0 picks a free one"),
	KEY("listen.trusted_proxies", SHC_CONF_LIST, trusted_proxies, "[]", 0, 0, "addresses and networks of proxies whose X-Forwarded-For is believed"),
	KEY("log.access", SHC_CONF_BOOL, log_access, "true", 0, 0, "one line for each request"),
	KEY("log.level", SHC_CONF_STRING, log_level, "info", 0, 0, "debug, info, warning or error"),
	KEY("openapi", SHC_CONF_STRING, openapi, "", 0, 0, "the description of the REST API; empty: the installed one"),
	KEY("postgres.connect_timeout", SHC_CONF_DURATION, pg_connect_timeout, "10s", 0.1 * SECONDS, 3600 * SECONDS, "time to connect to PostgreSQL"),
	KEY("postgres.connections", SHC_CONF_INT, pg_connections, "32", 1, 10000, "connections to each domain for writes and long answers, over all threads"),
	KEY("postgres.domain_idle", SHC_CONF_DURATION, pg_domain_idle, "5m", 1 * SECONDS, 86400 * SECONDS, "a domain without requests for this long holds no connection"),
	KEY("postgres.idle_timeout", SHC_CONF_DURATION, pg_idle_timeout, "60s", 1 * SECONDS, 86400 * SECONDS, "an unused connection for writes and long answers is closed"),
	KEY("postgres.max_replica_lag", SHC_CONF_DURATION, pg_max_replica_lag, "0", 0, 86400 * SECONDS, "of a domain with several hosts, reads may go to a standby that is no more than this behind; 0: all go to the primary"),
	KEY("postgres.pooler", SHC_CONF_BOOL, pg_pooler, "false", 0, 0, "the domains are reached through a pooler of connections in transaction mode"),
	SHC_PRIMUS_KEYS(GwConfig, primus),
	KEY("rate_control.cleanup", SHC_CONF_DURATION, rate_cleanup, "3m", 1 * SECONDS, 86400 * SECONDS, "a token that was not used for this long may use its whole burst again"),
	KEY("rate_control.maxburst", SHC_CONF_INT, rate_burst, "200", 1, 1e12, "requests of one token, or of one user with a rate of his own, at once"),
	KEY("rate_control.req_per_hour", SHC_CONF_INT, rate_per_hour, "36000", 0, 1e12, "requests of one token in an hour; 0: no limit"),
	KEY("shutdown_timeout", SHC_CONF_DURATION, shutdown_timeout, "10s", 0, 3600 * SECONDS, "how long running requests may take to finish after a signal to stop"),
	KEY("static", SHC_CONF_STRING, static_dir, "", 0, 0, "directory of the documentation page; empty: the installed one"),
	KEY("stream.buffer", SHC_CONF_SIZE, stream_buffer, "256kB", 65536, 1e9, "most bytes of one answer that wait in memory for the client"),
	KEY("stream.max_time", SHC_CONF_DURATION, stream_max_time, "10m", 1 * SECONDS, 86400 * SECONDS, "longest time that one answer may take"),
	KEY("stream.min_rate", SHC_CONF_SIZE, stream_min_rate, "1kB", 0, 1e9, "bytes a second that a client must read at least, over ten seconds"),
	KEY("threads", SHC_CONF_INT, threads, "0", 0, 256, "event loops; 0: one for each processor"),
	KEY("timeouts.answer", SHC_CONF_DURATION, answer_timeout, "60s", 1 * SECONDS, 86400 * SECONDS, "time without progress while an answer is sent"),
	KEY("timeouts.body", SHC_CONF_DURATION, body_timeout, "60s", 1 * SECONDS, 86400 * SECONDS, "time without progress while a body is received"),
	KEY("timeouts.header", SHC_CONF_DURATION, header_timeout, "30s", 1 * SECONDS, 86400 * SECONDS, "time for the request line and all headers"),
	KEY("timeouts.idle", SHC_CONF_DURATION, idle_timeout, "120s", 1 * SECONDS, 86400 * SECONDS, "time between two requests on one connection"),
	KEY("timeouts.queue", SHC_CONF_DURATION, queue_timeout, "10s", 0.1 * SECONDS, 3600 * SECONDS, "time to wait for a connection to PostgreSQL; then 503"),
	KEY("timeouts.request", SHC_CONF_DURATION, request_timeout, "60s", 1 * SECONDS, 86400 * SECONDS, "time until PostgreSQL has answered; then 504"),
	KEY("timeseries.max_data_size", SHC_CONF_SIZE, points_max_size, "5MiB", 1024, 1024 * 1024 * 1024, "largest body of points; a larger one gets 400"),
	{.name = NULL},
};
/* clang-format on */

bool
gw_config_size(const GwConfig *config, const char *name, int64_t *bytes)
{
	for (const ShcConfKey *key = gw_config_keys; key->name != NULL; key++)
	{
		if (key->type != SHC_CONF_SIZE || strcmp(key->name, name) != 0)
			continue;
		memcpy(bytes, (const char *) config + key->offset, sizeof(*bytes));
		return true;
	}
	return false;
}
