/*
 * tls.h: the certificate that HTTPS connections show. The library's callback has no context of the
 * caller's, so there is one certificate for the process.
 */
#ifndef SH_GATEWAY_TLS_H
#define SH_GATEWAY_TLS_H

#include <stdbool.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

/*
 * Reads certificate chain and key, both PEM, for connections from now on; those that are open keep
 * what they have. Main thread only. False (logged): what was there before stays.
 */
extern bool gw_tls_load(const char *certificate_file, const char *key_file);
extern void gw_tls_unload(void);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. Any thread. */
extern int
gw_tls_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int nauthorities,
				   const gnutls_pk_algorithm_t *algorithms, int nalgorithms,
				   gnutls_pcert_st **chain, unsigned *length, gnutls_privkey_t *key);

#endif
