/*
 * listener.h: listening sockets, and what the service manager wants to be told (sd_listen_fds(3),
 * sd_notify(3), spoken without its library).
 */
#ifndef SH_GATEWAY_LISTENER_H
#define SH_GATEWAY_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Opens a non-blocking socket on an address ("": all) and port (0: a free one) and logs where, as
 * "what on ADDRESS port PORT". key: the section of the configuration, for errors. -1: logged.
 */
extern int gw_listen(const char *key, const char *address, int64_t port, const char *what);

/* The first socket that the service manager has opened for us, or -1. */
extern int gw_listener_inherited(void);

/* Tells the service manager a state, such as "READY=1"; nothing when there is none. */
extern void gw_notify_manager(const char *state);

#endif
