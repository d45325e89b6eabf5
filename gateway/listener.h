/*
 * listener.h: listening sockets, our own and those of the service manager (sd_listen_fds(3), spoken
 * without its library).
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

#endif
