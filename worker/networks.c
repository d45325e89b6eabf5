/*
 * networks.c: which addresses programs may not connect to.
 *
 * All is compared as IPv6. An address of IPv4 can be written in several ways in IPv6, and a system
 * with a translator would pass it on, so each of these ways is looked through:
 * ::ffff:0:0/96 mapped, ::/96 compatible (RFC 4291), 64:ff9b::/96 NAT64 (RFC 6052), 2002::/16 6to4
 * (RFC 3056), 2001::/32 Teredo (RFC 4380; the client's address is inverted there).
 */
#include "networks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define MAPPED_BITS 96

static void
map_ipv4(const uint8_t ipv4[4], uint8_t out[16])
{
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	memcpy(out + 12, ipv4, 4);
}

static bool
read_network(const char *text, WkNetwork *out)
{
	const char *slash = strchr(text, '/');
	char address[64];
	uint8_t ipv4[4];
	int offset = 0;
	int most = 128;
	char *end;
	long bits;

	if ((slash != NULL ? (size_t) (slash - text) : strlen(text)) >= sizeof(address))
		return false;
	snprintf(address, sizeof(address), "%.*s",
			 slash != NULL ? (int) (slash - text) : (int) strlen(text), text);
	if (inet_pton(AF_INET, address, ipv4) == 1)
	{
		map_ipv4(ipv4, out->address);
		offset = MAPPED_BITS;
		most = 32;
	}
	else if (inet_pton(AF_INET6, address, out->address) != 1)
		return false;
	out->bits = offset + most;
	if (slash == NULL)
		return true;
	if (slash[1] < '0' || slash[1] > '9')
		return false;
	bits = strtol(slash + 1, &end, 10);
	if (*end != '\0' || bits > most)
		return false;
	out->bits = offset + (int) bits;
	return true;
}

bool
wk_networks_read(const ShcConfList *texts, WkNetworks *out)
{
	WkNetworks networks = {.item = calloc((size_t) texts->n + 1, sizeof(WkNetwork))};

	if (networks.item == NULL)
	{
		shc_error("out of memory");
		return false;
	}
	for (; networks.n < texts->n; networks.n++)
	{
		if (!read_network(texts->item[networks.n], &networks.item[networks.n]))
		{
			shc_error("http.deny_networks: \"%s\" is no address and no network",
					  texts->item[networks.n]);
			wk_networks_free(&networks);
			return false;
		}
	}
	*out = networks;
	return true;
}

void
wk_networks_free(WkNetworks *networks)
{
	free(networks->item);
	*networks = (WkNetworks){0};
}

static bool
is_in(const WkNetwork *network, const uint8_t address[16])
{
	int bytes = network->bits / 8;
	int rest = network->bits % 8;

	if (memcmp(network->address, address, (size_t) bytes) != 0)
		return false;
	return rest == 0 || (network->address[bytes] ^ address[bytes]) >> (8 - rest) == 0;
}

static bool
contains(const WkNetworks *networks, const uint8_t address[16])
{
	for (int i = 0; i < networks->n; i++)
		if (is_in(&networks->item[i], address))
			return true;
	return false;
}

static bool
contains_ipv4(const WkNetworks *networks, const uint8_t ipv4[4])
{
	static const uint8_t unspecified[4] = {0, 0, 0, 0};
	static const uint8_t loopback[4] = {127, 0, 0, 1};
	uint8_t mapped[16];

	map_ipv4(ipv4, mapped);
	if (contains(networks, mapped))
		return true;
	if (memcmp(ipv4, unspecified, 4) != 0)
		return false;
	map_ipv4(loopback, mapped);
	return contains(networks, mapped);
}

static bool
contains_ipv6(const WkNetworks *networks, const uint8_t address[16])
{
	static const uint8_t zero[12];
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
	static const uint8_t teredo[4] = {0x20, 0x01, 0, 0};
	static const uint8_t sixtofour[2] = {0x20, 0x02};
	struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
	uint8_t inverted[4];

	if (contains(networks, address))
		return true;
	if (memcmp(address, loopback.s6_addr, 16) == 0)
		return false;
	if (memcmp(address, zero, 12) == 0)
	{
		bool unspecified = memcmp(address + 12, zero, 4) == 0;

		return (unspecified && contains(networks, loopback.s6_addr)) ||
			   contains_ipv4(networks, address + 12);
	}
	if (memcmp(address, mapped, 12) == 0 || memcmp(address, nat64, 12) == 0)
		return contains_ipv4(networks, address + 12);
	if (memcmp(address, sixtofour, 2) == 0)
		return contains_ipv4(networks, address + 2);
	if (memcmp(address, teredo, 4) != 0)
		return false;
	for (int i = 0; i < 4; i++)
		inverted[i] = (uint8_t) ~address[12 + i];
	return contains_ipv4(networks, address + 4) || contains_ipv4(networks, inverted);
}

bool
wk_networks_contain(const WkNetworks *networks, const struct sockaddr *address)
{
	uint8_t bytes[16];

	if (address->sa_family == AF_INET)
	{
		memcpy(bytes, &((const struct sockaddr_in *) (const void *) address)->sin_addr, 4);
		return contains_ipv4(networks, bytes);
	}
	if (address->sa_family != AF_INET6)
		return true;
	memcpy(bytes, &((const struct sockaddr_in6 *) (const void *) address)->sin6_addr, 16);
	return contains_ipv6(networks, bytes);
}
