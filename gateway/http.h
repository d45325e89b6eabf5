/*
 * http.h: the HTTP side of one thread: libmicrohttpd's daemon in the thread's event loop. Only
 * http*.c know the library. Loop thread only.
 */
#ifndef SH_GATEWAY_HTTP_H
#define SH_GATEWAY_HTTP_H

#include "config.h"
#include "loop.h"
#include "metrics.h"
#include "pool.h"
#include "rate_limit.h"
#include "route.h"
#include "static_files.h"

typedef struct GwHttp GwHttp;

/* listen_fd is shared by all threads and stays the caller's. NULL: logged. */
extern GwHttp *
gw_http_start(ShcLoop *loop, const GwConfig *config, const GwRoutes *routes,
			  const GwStaticFiles *static_files, GwPools *pools, GwRateLimit *rate_limit,
			  GwMetrics *metrics, int listen_fd, int nthreads);

/* Handles what the loop's turn has brought; returns when the next turn must come at the latest. */
extern int64_t gw_http_run(GwHttp *http);

/* Has something changed since gw_http_run() that it must handle? */
extern bool gw_http_is_due(const GwHttp *http);

/* Enforces the limits of time; every GW_TICK_US. */
extern void gw_http_tick(GwHttp *http);

/* No new connections; answers tell the clients to close. */
extern void gw_http_quiesce(GwHttp *http);

/* Requests whose answer is not sent yet. */
extern int gw_http_active(const GwHttp *http);

/* Held-back refusals go out now. */
extern void gw_http_unpark(GwHttp *http);

/* No request may be suspended. */
extern void gw_http_stop(GwHttp *http);

#endif
