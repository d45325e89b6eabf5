/*
 * host_http.h: HTTP for programs, with libcurl, over sockets that the run's host connects.
 */
#ifndef SH_WORKER_HOST_HTTP_H
#define SH_WORKER_HOST_HTTP_H

#include <stdbool.h>

/* Once, while files may still be opened: loads libcurl and the certificates. False: logged. */
extern bool wk_http_prepare(void);

#endif
