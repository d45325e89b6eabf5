/*
 * test_networks.c: which addresses programs may not connect to, in all ways of writing them.
 */
#include "networks.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tap.h"

static WkNetworks
networks_of(int n, const char *const *text)
{
	ShcConfList list = {.n = n, .item = (char **) text};
	WkNetworks networks = {0};

	ok(wk_networks_read(&list, &networks), "the networks are read");
	return networks;
}

static bool
contains(const WkNetworks *networks, const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return wk_networks_contain(networks, (const struct sockaddr *) &v4);
	if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
		ok(false, "%s is no address", text);
	return wk_networks_contain(networks, (const struct sockaddr *) &v6);
}

static void
test_denied(void)
{
	static const char *const text[] = {"127.0.0.0/8", "169.254.0.0/16", "fe80::/10",
									   "::1",		  "10.20.30.40",	"192.0.2.128/25"};
	static const char *const denied[] = {
		"127.0.0.1", "127.255.255.255", "169.254.169.254", "fe80::1", "febf::1", "::1",
		"10.20.30.40", "192.0.2.128", "192.0.2.255",
		/* the same in IPv6 */
		"::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::169.254.169.254",
		"64:ff9b::a9fe:a9fe", "64:ff9b::127.0.0.1", "2002:a9fe:a9fe::1", "2002:7f00:1::",
		/* Teredo: of the server, and of the client, inverted */
		"2001:0:a9fe:a9fe::", "2001::5601:5601",
		/* the unspecified address leads to this machine */
		"0.0.0.0", "::", "::ffff:0.0.0.0"};
	static const char *const open[] = {
		"128.0.0.1",	   "169.253.0.1", "169.255.0.1", "fec0::1",		   "::2:0:0:1",
		"10.20.30.41",	   "192.0.2.127", "192.0.3.0",	 "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
		"2002:808:808::1", "2001:db8::1", "8.8.8.8"};
	WkNetworks networks = networks_of(sizeof(text) / sizeof(text[0]), text);

	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		ok(contains(&networks, denied[i]), "%s is denied", denied[i]);
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		ok(!contains(&networks, open[i]), "%s is not", open[i]);
	ok(wk_networks_contain(&networks, &(struct sockaddr){.sa_family = AF_UNIX}),
	   "another family is denied");
	wk_networks_free(&networks);
}

static void
test_bounds(void)
{
	static const char *const everything[] = {"0.0.0.0/0"};
	static const char *const all[] = {"::/0"};
	WkNetworks networks = networks_of(1, everything);

	ok(contains(&networks, "1.2.3.4") && contains(&networks, "::ffff:1.2.3.4"), "all of IPv4");
	ok(!contains(&networks, "2001:db8::1"), "but not of IPv6");
	ok(!contains(&networks, "::1"), "nor its loopback");
	wk_networks_free(&networks);
	networks = networks_of(1, all);
	ok(contains(&networks, "1.2.3.4") && contains(&networks, "2001:db8::1"), "all of both");
	wk_networks_free(&networks);
	networks = networks_of(0, NULL);
	ok(!contains(&networks, "127.0.0.1") && !contains(&networks, "::"), "nothing is denied");
	wk_networks_free(&networks);
}

static void
test_wrong(void)
{
	static const char *const wrong[] = {
		"",		  "10",		   "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x",
		"::/129", "localhost", "10.0.0.0/ 8", "fe80::1%eth0"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		ShcConfList list = {.n = 1, .item = (char **) &wrong[i]};
		WkNetworks networks = {0};

		ok(!wk_networks_read(&list, &networks), "\"%s\" is no network", wrong[i]);
	}
}

int
main(void)
{
	test_denied();
	test_bounds();
	test_wrong();
	return done();
}
