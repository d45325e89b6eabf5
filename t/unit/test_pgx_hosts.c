/*
 * test_pgx_hosts.c: which hosts a URI has, and how one of them is connected to. Needs no server.
 */
#include "pgx_hosts.h"

#include <libpq-fe.h>
#include <string.h>

#include "tap.h"

static void
test_lists(void)
{
	ShcPgHosts hosts;

	ok(shc_pg_hosts_init(&hosts, "host=a dbname=x") && hosts.n == 1, "one host is libpq's affair");
	shc_pg_hosts_free(&hosts);
	ok(shc_pg_hosts_init(&hosts, "no connection string") && hosts.n == 1, "so is what is none");
	shc_pg_hosts_free(&hosts);
	ok(shc_pg_hosts_init(&hosts, "postgresql://u:s@a:1,b,[::1]:3/x") && hosts.n == 3,
	   "a URI of three hosts");
	ok(strcmp(hosts.host[0].name, "a") == 0 && strcmp(hosts.host[0].port, "1") == 0, "the first");
	ok(strcmp(hosts.host[1].name, "b") == 0 && hosts.host[1].port[0] == '\0',
	   "the second, without a port");
	ok(strcmp(hosts.host[2].name, "::1") == 0 && strcmp(hosts.host[2].port, "3") == 0, "the third");
	shc_pg_hosts_free(&hosts);
	ok(shc_pg_hosts_init(&hosts, "hostaddr=127.0.0.1,127.0.0.2 port=7") && hosts.n == 2 &&
		   strcmp(hosts.host[1].address, "127.0.0.2") == 0 && hosts.host[1].name[0] == '\0' &&
		   strcmp(hosts.host[1].port, "7") == 0,
	   "addresses, with one port for all");
	shc_pg_hosts_free(&hosts);
	ok(shc_pg_hosts_init(&hosts, "host=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17") && hosts.n == 1,
	   "of too many hosts libpq takes care");
	shc_pg_hosts_free(&hosts);
}

static void
test_order_and_time(void)
{
	ShcPgHosts hosts;

	shc_pg_hosts_init(&hosts, "host=a,b,c");
	shc_pg_hosts_avoid(&hosts, 1);
	ok(hosts.preferred == 0, "who avoids another host stays");
	shc_pg_hosts_avoid(&hosts, 0);
	ok(hosts.preferred == 1, "the next one is preferred");
	shc_pg_hosts_avoid(&hosts, 1);
	shc_pg_hosts_avoid(&hosts, 2);
	ok(hosts.preferred == 0, "and after the last the first");
	ok(shc_pg_hosts_timeout(&hosts, 30000000) == 2000000, "two seconds for each host");
	ok(shc_pg_hosts_timeout(&hosts, 3000000) == 1000000, "or its part of less");
	shc_pg_hosts_free(&hosts);
	shc_pg_hosts_init(&hosts, "host=a,b connect_timeout=4");
	ok(shc_pg_hosts_timeout(&hosts, 30000000) == 4000000, "or what the URI says");
	ok(shc_pg_hosts_timeout(&hosts, 6000000) == 3000000, "but never more than its part");
	shc_pg_hosts_free(&hosts);
	shc_pg_hosts_init(&hosts, "host=a");
	ok(shc_pg_hosts_timeout(&hosts, 30000000) == 30000000, "one host has all the time");
	shc_pg_hosts_free(&hosts);
}

/* An option of a connection that was started, as libpq has it; "" where it has none. */
static const char *
started(const char *conninfo, int host, bool any, const char *keyword)
{
	static char value[200];
	const ShcPgTarget target = {
		.conninfo = conninfo, .application = "test", .user = "who", .any_server = any};
	ShcPgHosts hosts;
	PGconn *pg;
	PQconninfoOption *options;

	shc_pg_hosts_init(&hosts, conninfo);
	pg = shc_pg_hosts_start(&hosts, host, &target);
	options = pg != NULL ? PQconninfo(pg) : NULL;
	value[0] = '\0';
	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
	{
		if (strcmp(o->keyword, keyword) == 0 && o->val != NULL)
			snprintf(value, sizeof(value), "%s", o->val);
	}
	PQconninfoFree(options);
	PQfinish(pg);
	shc_pg_hosts_free(&hosts);
	return value;
}

static void
test_start(void)
{
	static const char two[] = "host=/nowhere/a,/nowhere/b port=1,2 user=me dbname=x";
	static const char own[] =
		"host=/nowhere/a,/nowhere/b target_session_attrs=primary tcp_user_timeout=1";

	ok(strcmp(started(two, 1, false, "host"), "/nowhere/b") == 0, "one host of two");
	ok(strcmp(started(two, 1, false, "port"), "2") == 0, "with its port");
	ok(strcmp(started(two, 0, false, "dbname"), "x") == 0, "and the rest of the URI");
	ok(strcmp(started(two, 0, false, "user"), "who") == 0, "but for the user");
	ok(strcmp(started(two, 0, false, "target_session_attrs"), "read-write") == 0,
	   "one that takes writes");
	ok(strcmp(started(own, 0, false, "target_session_attrs"), "primary") == 0,
	   "unless the URI says otherwise");
	ok(strcmp(started(own, 0, true, "target_session_attrs"), "any") == 0, "or any will do");
	ok(strcmp(started(two, 0, false, "tcp_user_timeout"), "10000") == 0,
	   "a host that vanishes is noticed");
	ok(strcmp(started(own, 0, false, "tcp_user_timeout"), "1") == 0, "when the URI says");
	ok(strcmp(started("host=/nowhere/a", 0, false, "target_session_attrs"), "any") == 0,
	   "one host is taken as it is");
}

int
main(void)
{
	test_lists();
	test_order_and_time();
	test_start();
	return done_testing();
}
