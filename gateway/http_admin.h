/*
 * http_admin.h: what operators and their tools ask, on an address of its own: /healthz, /readyz,
 * /metrics. One thread of libmicrohttpd's; no credentials.
 */
#ifndef SH_GATEWAY_HTTP_ADMIN_H
#define SH_GATEWAY_HTTP_ADMIN_H

#include "domains.h"
#include "metrics.h"

typedef struct GwAdmin GwAdmin;

/*
 * listen_fd becomes the admin's. metrics: one for each thread; all outlive it. NULL: logged, and
 * listen_fd is closed.
 */
extern GwAdmin *gw_admin_start(int listen_fd, GwMetrics *const *metrics, int nthreads,
							   const GwRoutes *routes, GwDomainSet *domains);

/* The domains that /readyz looks at. Any thread. */
extern void gw_admin_set_domains(GwAdmin *admin, GwDomainSet *domains);

/* From now on /readyz says no. */
extern void gw_admin_stopping(GwAdmin *admin);
extern void gw_admin_stop(GwAdmin *admin);

#endif
