/*
 * server.h: the threads of selfserv: each an event loop with its own HTTP daemon and its own
 * connections to PostgreSQL. Nothing is shared but the routes, the configuration and the sets of
 * domains, all of them read-only.
 */
#ifndef SH_GATEWAY_SERVER_H
#define SH_GATEWAY_SERVER_H

#include "config.h"
#include "domains.h"
#include "metrics.h"
#include "route.h"
#include "static_files.h"

typedef struct GwServer GwServer;

/* Starts the threads. NULL: logged, nothing runs, and listen_fd is closed. */
extern GwServer *
gw_server_start(const GwConfig *config, const GwRoutes *routes, const GwStaticFiles *static_files,
				int listen_fd, GwDomainSet *domains);

/* What the threads count: one for each, n of them; they live as long as the server. */
extern GwMetrics *const *gw_server_metrics(const GwServer *server, int *n);

/* Takes the rates of another configuration. */
extern void gw_server_set_rates(GwServer *server, const GwConfig *config);

/* Hands a new set of domains to every thread. */
extern void gw_server_set_domains(GwServer *server, GwDomainSet *domains);

/*
 * Stops accepting and closes listen_fd, lets what runs finish for up to the configured time, and ends
 * the threads. The number of requests that had to be broken off is returned.
 */
extern int gw_server_drain(GwServer *server, int listen_fd);
extern void gw_server_free(GwServer *server);

#endif
