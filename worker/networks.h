/*
 * networks.h: which addresses programs may not connect to.
 */
#ifndef SH_WORKER_NETWORKS_H
#define SH_WORKER_NETWORKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "conf.h"

/* As IPv6; networks of IPv4 lie in ::ffff:0:0/96. */
typedef struct WkNetwork
{
	uint8_t address[16];
	int bits;
} WkNetwork;

typedef struct WkNetworks
{
	int n;
	WkNetwork *item;
} WkNetworks;

/* Reads "10.0.0.0/8", "fe80::/10", "192.0.2.1". False (logged, with the text): not a network. */
extern bool wk_networks_read(const ShcConfList *texts, WkNetworks *out);
extern void wk_networks_free(WkNetworks *networks);

/*
 * Whether the address, or an IPv4 address that it stands for (IPv4-mapped and -compatible, NAT64,
 * 6to4, Teredo), lies in one of the networks. The unspecified address means this machine to
 * connect(2), so it is looked for as the loopback, too. An unknown family is contained.
 */
extern bool wk_networks_contain(const WkNetworks *networks, const struct sockaddr *address);

#endif
