/*
 * proxies.h: who a request really comes from, when it came through proxies that are trusted.
 */
#ifndef SH_GATEWAY_PROXIES_H
#define SH_GATEWAY_PROXIES_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

#define GW_ADDRESS_SIZE 48

typedef struct GwProxies GwProxies;

/* From addresses and networks ("10.0.0.0/8", "::1"). NULL: one of them is neither (logged). */
extern GwProxies *gw_proxies_new(const ShcConfList *list);
extern void gw_proxies_free(GwProxies *proxies);

/*
 * The client's address: that of the socket, or, when that is a trusted proxy, the right-most address
 * of X-Forwarded-For (NULL: absent) that is none. A header with anything else in it is ignored.
 */
extern void gw_proxies_client(const GwProxies *proxies, const char *socket_address,
							  const char *forwarded_for, char out[GW_ADDRESS_SIZE]);

#endif
