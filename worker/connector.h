/*
 * connector.h: connections for programs: a name is resolved once, its addresses are checked against
 * the networks that are denied, and what was checked is what is connected to.
 *
 * Loop thread only. Names are resolved by threads of the connector's own, since there is no other
 * way with the system's resolver; the loop never waits.
 */
#ifndef SH_WORKER_CONNECTOR_H
#define SH_WORKER_CONNECTOR_H

#include "loop.h"
#include "networks.h"

typedef struct WkConnector WkConnector;
typedef struct WkConnection WkConnection;

/* One of both: a connected, non-blocking socket, which the receiver owns, or why there is none. */
typedef void (*WkConnected)(void *context, int fd, const char *problem);

/* NULL (logged). Borrows the networks. */
extern WkConnector *wk_connector_new(ShcLoop *loop, const WkNetworks *denied);

/*
 * Begins to connect; `done` is called later, at most once, unless it is cancelled. until: monotonic
 * microseconds. NULL: too many names wait, or no memory.
 */
extern WkConnection *wk_connect(WkConnector *connector, const char *host, int port, int64_t until,
								WkConnected done, void *context);

extern void wk_connect_cancel(WkConnection *connection);

/* Looks after time limits. Returns when to be called next. */
extern int64_t wk_connector_tick(WkConnector *connector);

/* Connections in hand must have been cancelled. Names that are being resolved are left behind. */
extern void wk_connector_free(WkConnector *connector);

#endif
