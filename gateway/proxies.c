/*
 * proxies.c: who a request really comes from.
 */
#include "proxies.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* Most addresses of one header that are looked at; of more, the header is ignored. */
#define MAX_HOPS 32

/* IPv4 as in IPv6 (::ffff:a.b.c.d), so that there is one kind of address. */
typedef struct Network
{
	uint8_t address[16];
	int bits;
} Network;

struct GwProxies
{
	int n;
	Network network[];
};

static bool
parse_address(const char *text, uint8_t out[16], bool *is_v4)
{
	static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	*is_v4 = inet_pton(AF_INET, text, out + 12) == 1;
	if (!*is_v4)
		return inet_pton(AF_INET6, text, out) == 1;
	memcpy(out, prefix, sizeof(prefix));
	return true;
}

static bool
parse_network(const char *text, Network *out)
{
	char address[GW_ADDRESS_SIZE];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t) (slash - text) : strlen(text);
	bool is_v4;
	char *end;
	long bits;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!parse_address(address, out->address, &is_v4))
		return false;
	out->bits = 128;
	if (slash == NULL)
		return true;
	bits = strtol(slash + 1, &end, 10);
	if (end == slash + 1 || *end != '\0' || bits < 0 || bits > (is_v4 ? 32 : 128))
		return false;
	out->bits = (int) bits + (is_v4 ? 96 : 0);
	return true;
}

GwProxies *
gw_proxies_new(const ShcConfList *list)
{
	GwProxies *proxies = calloc(1, sizeof(GwProxies) + (size_t) list->n * sizeof(Network));

	if (proxies == NULL)
		return NULL;
	for (int i = 0; i < list->n; i++)
	{
		if (parse_network(list->item[i], &proxies->network[proxies->n++]))
			continue;
		shc_error("listen.trusted_proxies: \"%s\" is no address and no network", list->item[i]);
		free(proxies);
		return NULL;
	}
	return proxies;
}

void
gw_proxies_free(GwProxies *proxies)
{
	free(proxies);
}

static bool
is_trusted(const GwProxies *proxies, const uint8_t address[16])
{
	for (int i = 0; i < proxies->n; i++)
	{
		const Network *network = &proxies->network[i];
		int whole = network->bits / 8;
		int rest = network->bits % 8;

		if (memcmp(address, network->address, (size_t) whole) == 0 &&
			(rest == 0 || ((address[whole] ^ network->address[whole]) >> (8 - rest)) == 0))
			return true;
	}
	return false;
}

/* One element of the header, without the white space around it. */
static bool
copy_element(const char *start, const char *end, char out[GW_ADDRESS_SIZE])
{
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (end == start || end - start >= GW_ADDRESS_SIZE)
		return false;
	memcpy(out, start, (size_t) (end - start));
	out[end - start] = '\0';
	return true;
}

void
gw_proxies_client(const GwProxies *proxies, const char *socket_address, const char *forwarded_for,
				  char out[GW_ADDRESS_SIZE])
{
	char candidate[GW_ADDRESS_SIZE];
	uint8_t address[16];
	bool is_v4;
	const char *end;

	snprintf(out, GW_ADDRESS_SIZE, "%s", socket_address);
	if (proxies->n == 0 || forwarded_for == NULL ||
		!parse_address(socket_address, address, &is_v4) || !is_trusted(proxies, address))
		return;
	end = forwarded_for + strlen(forwarded_for);
	for (int hop = 0; hop < MAX_HOPS; hop++)
	{
		const char *start = end;

		while (start > forwarded_for && start[-1] != ',')
			start--;
		if (!copy_element(start, end, candidate) || !parse_address(candidate, address, &is_v4))
			return;
		if (!is_trusted(proxies, address) || start == forwarded_for)
		{
			memcpy(out, candidate, GW_ADDRESS_SIZE);
			return;
		}
		end = start - 1;
	}
}
