/*
 * registry.c: the table of domains that the command line names.
 */
#include "registry.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pgx_primus.h"

#define CONNECT_TIMEOUT 10

/* An error of the server that quotes so much of a URI is not shown. */
#define QUOTED 20

static const ShcConfKey keys[] = {
	SHC_PRIMUS_KEYS(Registry, conf),
	{.name = NULL},
};

bool
registry_is_named(const RegistryOptions *options)
{
	return options->primus != NULL || options->config != NULL || options->server != NULL;
}

/* The keys that are of the program's own are no concern here. */
static bool
read_file(Registry *registry, const char *name)
{
	char *path = shc_conf_find(name);
	bool good;

	if (path == NULL)
		return false;
	shc_log_set_level(SHC_LOG_ERROR);
	good = shc_conf_read(keys, registry, path);
	shc_log_set_level(SHC_LOG_INFO);
	free(path);
	if (good && registry->conf.uri[0] == '\0')
	{
		shc_error("--config: the configuration has no primus.uri");
		good = false;
	}
	return good;
}

static bool
read_options(Registry *registry, const RegistryOptions *options)
{
	if ((options->primus != NULL) == (options->config != NULL))
	{
		shc_error(options->primus != NULL ? "--primus and --config: only one of them"
										  : "--primus or --config: which table of domains?");
		return false;
	}
	if (options->config != NULL)
		return read_file(registry, options->config);
	free(registry->conf.uri);
	registry->conf.uri = strdup(options->primus);
	return registry->conf.uri != NULL;
}

bool
registry_open(Registry *registry, const RegistryOptions *options)
{
	*registry = (Registry){.pg = NULL};
	if (!shc_conf_defaults(keys, registry) || !read_options(registry, options) ||
		!shc_pg_connect(registry->conf.uri, CONNECT_TIMEOUT, &registry->pg))
		return false;
	shc_pg_set_quiet(registry->pg, true);
	return true;
}

void
registry_close(Registry *registry)
{
	shc_pg_close(registry->pg);
	shc_conf_free(keys, registry);
}

bool
registry_read(Registry *registry, ShcDomains *out)
{
	return shc_primus_read(&registry->conf, "selfctl", (int64_t) CONNECT_TIMEOUT * 1000000, out);
}

const ShcDomain *
registry_find(const ShcDomains *domains, const char *name)
{
	for (int i = 0; i < domains->n; i++)
	{
		if (strcmp(domains->item[i].name, name) == 0)
			return &domains->item[i];
	}
	return NULL;
}

/* What the server says may quote what it was given. */
static void
log_refusal(const Registry *registry, const char *key, const char *uri)
{
	const char *message = shc_pg_message(registry->pg);
	char quoted[QUOTED + 1] = "";

	if (uri != NULL)
		strncat(quoted, uri, QUOTED);
	if (shc_pg_sqlstate(registry->pg)[0] == '\0' || message[0] == '\0')
		return; /* it was said */
	shc_error("%s: %s (SQLSTATE %s)", key,
			  quoted[0] != '\0' && strstr(message, quoted) != NULL ? "refused" : message,
			  shc_pg_sqlstate(registry->pg));
}

/* One row or nothing at all changes. */
static bool
change(Registry *registry, const char *key, const char *sql, const char *name, const char *uri)
{
	const char *parameter[] = {name, uri};
	char *kept = NULL;
	int rows = 0;
	bool good = shc_pg_script(registry->pg, "BEGIN") &&
				shc_pg_named_value(registry->pg, key, sql, uri != NULL ? 2 : 1, parameter, "domain",
								   &rows, &kept);

	if (!good)
		log_refusal(registry, key, uri);
	else if (rows != 1)
	{
		shc_error(rows == 0 ? "%s: there is no domain %s" : "%s: there are several domains %s", key,
				  name);
		good = false;
	}
	free(kept);
	return shc_pg_script(registry->pg, good ? "COMMIT" : "ROLLBACK") && good;
}

bool
registry_create(Registry *registry, const char *name, const char *uri)
{
	return change(registry, "primus.statement.create", registry->conf.create, name, uri);
}

bool
registry_update(Registry *registry, const char *name, const char *uri)
{
	return change(registry, "primus.statement.update", registry->conf.update, name, uri);
}

bool
registry_delete(Registry *registry, const char *name)
{
	return change(registry, "primus.statement.delete", registry->conf.delete, name, NULL);
}
