/*
 * domain_server.h: databases of domains on a server that is no stack.
 */
#ifndef SH_SELFCTL_DOMAIN_SERVER_H
#define SH_SELFCTL_DOMAIN_SERVER_H

#include <stdbool.h>

#include "pgx.h"

/* Connects to the server; its database "postgres", unless the string names one. NULL: logged. */
extern ShcPg *domain_server_open(const char *server);

/* Makes a database, unless it is there. */
extern bool domain_server_database(ShcPg *pg, const char *name, bool *made);

/* A connection string to a database of the server, with what it has of secrets. malloc'd. */
extern char *domain_server_conninfo(const char *server, const char *database);

/*
 * Makes the database of a domain: *token is its root's (malloc'd). False, and logged, also when there is a
 * database of this name. Nothing half-made stays.
 */
extern bool domain_server_create(ShcPg *pg, const char *server, const char *name, char **token);

/* Drops the database, with whoever is connected, if it is one of a domain. */
extern bool domain_server_drop(ShcPg *pg, const char *server, const char *database);
/* Whatever it is. */
extern bool domain_server_drop_made(ShcPg *pg, const char *database);

/* How a gateway connects to the domain: by the template, or made of the server's. malloc'd; NULL: logged. */
extern char *
domain_server_gateway(ShcPg *pg, const char *server, const char *template, const char *name);

#endif
