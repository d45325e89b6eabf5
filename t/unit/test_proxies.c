/*
 * test_proxies.c: who a request really comes from.
 */
#include "proxies.h"

#include "tap.h"

static GwProxies *
make(int n, ...)
{
	char *item[8];
	ShcConfList list = {n, item};
	va_list arguments;

	va_start(arguments, n);
	for (int i = 0; i < n; i++)
		item[i] = va_arg(arguments, char *);
	va_end(arguments);
	return gw_proxies_new(&list);
}

static void
client_is(const GwProxies *proxies, const char *socket, const char *header, const char *expected)
{
	char out[GW_ADDRESS_SIZE];

	gw_proxies_client(proxies, socket, header, out);
	is_str(out, expected, header != NULL ? header : "without a header");
}

int
main(void)
{
	static const char *const bad[] = {"",		   "x",			  "10.0.0.0/33", "10.0.0.0/-1",
									  "10.0.0.0/", "10.0.0.0/8x", "::1/129",	 "10.0.0"};
	GwProxies *none = make(0);
	GwProxies *some = make(3, "10.0.0.0/8", "192.0.2.7", "2001:db8::/33");
	char many[2000] = "198.51.100.1";

	client_is(none, "192.0.2.7", "198.51.100.1", "192.0.2.7");
	client_is(some, "192.0.2.7", NULL, "192.0.2.7");
	client_is(some, "192.0.2.8", "198.51.100.1", "192.0.2.8");
	client_is(some, "192.0.2.7", "198.51.100.1", "198.51.100.1");
	client_is(some, "192.0.2.7", "203.0.113.9, 198.51.100.1", "198.51.100.1");
	client_is(some, "192.0.2.7", "198.51.100.1,10.1.2.3 ,\t10.255.0.1", "198.51.100.1");
	client_is(some, "192.0.2.7", "10.1.2.3, 10.1.2.4", "10.1.2.3");
	client_is(some, "10.200.0.1", "2001:db8:8000::1", "2001:db8:8000::1");
	client_is(some, "10.200.0.1", "2001:db8:8000::1, 2001:db8:7fff::1", "2001:db8:8000::1");
	client_is(some, "::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1");
	client_is(some, "11.0.0.1", "198.51.100.1", "11.0.0.1");
	client_is(some, "192.0.2.7", "198.51.100.1, evil", "192.0.2.7");
	client_is(some, "192.0.2.7", "evil, 10.0.0.1", "192.0.2.7");
	client_is(some, "192.0.2.7", "", "192.0.2.7");
	client_is(some, "192.0.2.7", ",", "192.0.2.7");
	client_is(some, "192.0.2.7", "198.51.100.1:80", "192.0.2.7");
	for (int i = 0; i < 100; i++)
		strcat(many, ",10.0.0.1");
	client_is(some, "192.0.2.7", many, "192.0.2.7");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(make(1, bad[i]) == NULL, "refused: %s", bad[i]);
	gw_proxies_free(none);
	gw_proxies_free(some);
	return done();
}
