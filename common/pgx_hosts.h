/*
 * pgx_hosts.h: the hosts of a PostgreSQL URI, one after the other, for connections that do not block.
 * One thread at a time.
 */
#ifndef SHC_PGX_HOSTS_H
#define SHC_PGX_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#define SHC_MAX_HOSTS 16

/* Of one host only nothing is known here: libpq reads the URI itself. */
typedef struct ShcPgHosts
{
	int n;
	int preferred;	 /* where to try first: set it when a connection has come about */
	int64_t timeout; /* for each, in microseconds */
	struct
	{
		char *name;
		char *address;
		char *port;
	} host[SHC_MAX_HOSTS];
} ShcPgHosts;

/* False: out of memory. */
extern bool shc_pg_hosts_init(ShcPgHosts *hosts, const char *conninfo);
extern void shc_pg_hosts_free(ShcPgHosts *hosts);

/* This host was of no use: the next connection tries another one first. */
extern void shc_pg_hosts_avoid(ShcPgHosts *hosts, int host);

/* How long to wait for one host, when there is so much time for all of them. */
extern int64_t shc_pg_hosts_timeout(const ShcPgHosts *hosts, int64_t limit);

struct pg_conn;

typedef struct ShcPgTarget
{
	const char *conninfo;
	const char *application;
	const char *user; /* NULL or "": as conninfo says */
	bool
		any_server; /* of several hosts, any; else one that writes, unless conninfo says otherwise */
} ShcPgTarget;

/*
 * libpq's last message as one line, for the log: without line ends, cut where it is too long. It holds no password
 * of a connection string that was found valid.
 */
#define SHC_PG_LINE_MAX 512
extern void shc_pg_error_line(const struct pg_conn *pg, char line[SHC_PG_LINE_MAX]);

/* Starts to connect to one of the hosts, as PQconnectStart() does; notices are dropped. NULL: out of memory. */
extern struct pg_conn *
shc_pg_hosts_start(const ShcPgHosts *hosts, int host, const ShcPgTarget *target);

#endif
