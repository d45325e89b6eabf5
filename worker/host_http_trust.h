/*
 * host_http_trust.h: the certificates that programs' HTTPS trusts, read and parsed once, before children
 * are forked: parsing those of a whole machine takes 20 ms, which each connection would pay.
 */
#ifndef SH_WORKER_HOST_HTTP_TRUST_H
#define SH_WORKER_HOST_HTTP_TRUST_H

#include <stdbool.h>

#include <curl/curl.h>

/* Takes the certificates of a file in PEM, in place of those before. False: errno, or 0 when it has none. */
extern bool wk_trust_load(const char *path);

/* Has a transfer trust them. */
extern void wk_trust_use(CURL *easy);

#endif
