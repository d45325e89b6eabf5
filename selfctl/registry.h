/*
 * registry.h: the table of domains (Primus) that the command line names, through the statements of the
 * extension or those of a configuration. URIs are secrets: they are never logged.
 */
#ifndef SH_SELFCTL_REGISTRY_H
#define SH_SELFCTL_REGISTRY_H

#include <stdbool.h>

#include "pgx.h"
#include "primus_conf.h"

typedef struct RegistryOptions
{
	const char *primus;
	const char *config;
	const char *server;	 /* where databases of domains are made and dropped */
	const char *gateway; /* with {domain} in it; NULL: made of server */
	const char *user;	 /* who looks after the domains; NULL: as libpq says */
} RegistryOptions;

#define REGISTRY_OPTIONS(o)                                                   \
	{0,                                                                       \
	 "primus",                                                                \
	 "URI",                                                                   \
	 "database with the table of domains (Primus), instead of a stack;\n"     \
	 "passwords belong into ~/.pgpass or a service file, not here",           \
	 CLI_URI,                                                                 \
	 &(o).primus,                                                             \
	 0,                                                                       \
	 0},                                                                      \
	{                                                                         \
		0, "config", "FILE",                                                  \
			"the same by the primus keys of a configuration of selfserv or\n" \
			"selfpwrk, with its statements",                                  \
			CLI_TEXT, &(o).config, 0, 0                                       \
	}

#define REGISTRY_SERVER_OPTION(o)                                                             \
	{                                                                                         \
		0, "server", "URI", "the server that has the database, as somebody who may make one", \
			CLI_URI, &(o).server, 0, 0                                                        \
	}

#define REGISTRY_USER_OPTION(o)                                                             \
	{                                                                                       \
		0, "user", "ROLE", "who connects to the domains of Primus; default: as libpq says", \
			CLI_TEXT, &(o).user, 0, 0                                                       \
	}

typedef struct Registry
{
	ShcPrimusConf conf;
	ShcPg *pg;
} Registry;

/* Whether the command line names one, and so means no stack. */
extern bool registry_is_named(const RegistryOptions *options);

/* Reads the configuration and connects. False: logged. In each case: registry_close(). */
extern bool registry_open(Registry *registry, const RegistryOptions *options);
extern void registry_close(Registry *registry);

/* All domains that are served. */
extern bool registry_read(Registry *registry, ShcDomains *out);
/* Of a set; NULL: it has none of this name. */
extern const ShcDomain *registry_find(const ShcDomains *domains, const char *name);

/* False: logged; also when there is such a domain already, or none. */
extern bool registry_create(Registry *registry, const char *name, const char *uri);
extern bool registry_update(Registry *registry, const char *name, const char *uri);
extern bool registry_delete(Registry *registry, const char *name);

#endif
