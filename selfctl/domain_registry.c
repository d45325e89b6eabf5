/*
 * domain_registry.c: making, listing, moving and dropping of domains that are in Primus.
 */
#include "domain_registry.h"

#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "domain.h"
#include "domain_server.h"
#include "exit_code.h"
#include "listing.h"
#include "log.h"
#include "pgx_conninfo.h"

#define URI_MAX	   4096

#define JSON_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* ---- what is shown ---- */

/* Without secrets; malloc'd. */
static char *
shown_uri(const char *uri)
{
	const ShcPgEdit edit = {.keep = SHC_PG_KEEP_SHOWN};

	return shc_pg_conninfo_edit(uri, &edit);
}

static json_object *
domain_object(const char *name, const char *uri)
{
	json_object *object = json_object_new_object();
	char *shown = shown_uri(uri);

	json_object_object_add(object, "domain", json_object_new_string(name));
	json_object_object_add(object, "uri", shown != NULL ? json_object_new_string(shown) : NULL);
	free(shown);
	return object;
}

/* What is in a table of somebody's own must not steer a terminal. */
static void __attribute__((format(printf, 1, 0)))
print_pair(const char *format, const char *name, const char *uri)
{
	ShcBuf buf;

	shc_buf_init(&buf, 2 * URI_MAX);
	shc_buf_printf(&buf, format, name, uri != NULL ? uri : "-");
	if (!buf.failed)
		listing_print_text(buf.data);
	shc_buf_free(&buf);
}

static void
print_object(json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_FLAGS));
	json_object_put(object);
}

static void
print_token(const char *name, const char *uri, const char *token, bool json)
{
	json_object *object;

	if (!json)
	{
		char *shown = shown_uri(uri);

		printf("Domain %s\n\n  uri    %s\n  token  %s\n\nKeep the token: it is not shown again.\n",
			   name, shown != NULL ? shown : "-", token);
		free(shown);
		return;
	}
	object = domain_object(name, uri);
	json_object_object_add(object, "token", json_object_new_string(token));
	print_object(object);
}

/* ---- list, show ---- */

static bool
open_and_read(Registry *registry, const RegistryOptions *options, ShcDomains *domains)
{
	*domains = (ShcDomains){.n = 0};
	return registry_open(registry, options) && registry_read(registry, domains);
}

static int
done(Registry *registry, ShcDomains *domains, bool good)
{
	shc_domains_free(domains);
	registry_close(registry);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const ShcDomain *
find(const ShcDomains *domains, const char *name)
{
	const ShcDomain *domain = registry_find(domains, name);

	if (domain == NULL)
		shc_error("there is no domain \"%s\" in Primus", name);
	return domain;
}

int
domain_registry_list(const RegistryOptions *options, bool json)
{
	Registry registry;
	ShcDomains domains;
	bool good = open_and_read(&registry, options, &domains);
	json_object *all = json_object_new_array();

	if (good && !json)
		printf("%-24s %s\n", "DOMAIN", "URI");
	for (int i = 0; good && i < domains.n; i++)
	{
		char *shown = json ? NULL : shown_uri(domains.item[i].uri);

		if (json)
			json_object_array_add(all, domain_object(domains.item[i].name, domains.item[i].uri));
		else
			print_pair("%-24s %s\n", domains.item[i].name, shown);
		free(shown);
	}
	if (good && json)
		puts(json_object_to_json_string_ext(all, JSON_FLAGS));
	json_object_put(all);
	return done(&registry, &domains, good);
}

int
domain_registry_show(const RegistryOptions *options, const char *name, bool json)
{
	Registry registry;
	ShcDomains domains;
	const ShcDomain *domain =
		open_and_read(&registry, options, &domains) ? find(&domains, name) : NULL;
	char *shown = domain != NULL && !json ? shown_uri(domain->uri) : NULL;

	if (domain != NULL && json)
		print_object(domain_object(name, domain->uri));
	else if (domain != NULL)
		print_pair("domain  %s\nuri     %s\n", name, shown);
	free(shown);
	return done(&registry, &domains, domain != NULL);
}

/* ---- create ---- */

static bool
check_name(const char *name)
{
	if (domain_name_is_valid(name))
		return true;
	shc_error(
		"this is no name of a domain: 1 to 63 of a-z, 0-9, - . and _, beginning with a letter "
		"or digit, and no name of PostgreSQL's own");
	return false;
}

/* Between the database and its place in Primus nothing may come. */
static void
hold_signals(bool hold)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static bool
make_domain(Registry *registry, ShcPg *pg, const RegistryOptions *options, const char *name,
			bool json)
{
	char *uri = domain_server_gateway(pg, options->server, options->gateway, name);
	char *token = NULL;
	bool good = false;

	hold_signals(true);
	if (uri != NULL && domain_server_create(pg, options->server, name, &token))
	{
		good = registry_create(registry, name, uri);
		if (good)
			print_token(name, uri, token, json);
		else
			domain_server_drop_made(pg, name);
	}
	hold_signals(false);
	free(uri);
	free(token);
	return good;
}

int
domain_registry_create(const RegistryOptions *options, const char *name, bool json)
{
	Registry registry = {.pg = NULL};
	ShcDomains domains = {.n = 0};
	ShcPg *pg = NULL;
	bool good = false;

	if (options->server == NULL)
		shc_error("--server: on which server is the domain to be made?");
	else if (check_name(name) && open_and_read(&registry, options, &domains))
	{
		if (registry_find(&domains, name) != NULL)
			shc_error("there is a domain %s already", name);
		else
			pg = domain_server_open(options->server);
		good = pg != NULL && make_domain(&registry, pg, options, name, json);
	}
	shc_pg_close(pg);
	return done(&registry, &domains, good);
}

/* ---- set ---- */

/* The first line of a file, or of standard input. malloc'd. */
static char *
read_uri(const char *file)
{
	FILE *stream;
	char *text = NULL;
	ShcBuf buf;

	shc_buf_init(&buf, URI_MAX);
	errno = 0;
	stream = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	if (stream != NULL && shc_buf_read(&buf, stream) && buf.len > 0)
	{
		buf.data[strcspn(buf.data, "\r\n")] = '\0';
		text = buf.data;
	}
	else
	{
		shc_error("--uri-file: cannot read a URI: %s",
				  errno != 0 ? strerror(errno) : "it is empty");
		shc_buf_free(&buf);
	}
	if (stream != NULL && stream != stdin)
		fclose(stream);
	return text;
}

int
domain_registry_set(const RegistryOptions *options, const char *name, const char *uri,
					const char *file)
{
	Registry registry = {.pg = NULL};
	ShcDomains domains = {.n = 0};
	char *text = file != NULL ? read_uri(file) : NULL;
	bool good = false;

	uri = file != NULL ? text : uri;
	if (uri != NULL && (uri[0] == '\0' || !shc_pg_conninfo_is_valid(uri)))
		shc_error("the URI is not valid (special characters of a password are written as %%XX)");
	else if (uri != NULL)
		good = registry_open(&registry, options) && registry_update(&registry, name, uri);
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
	return done(&registry, &domains, good);
}

/* ---- drop ---- */

/* The database of a domain; one with a URI that leads elsewhere is not to be dropped here. malloc'd. */
static char *
database_of(const ShcDomain *domain, ShcPg *pg)
{
	char *database = shc_pg_conninfo_part(domain->uri, "dbname");
	char *host = shc_pg_conninfo_part(domain->uri, "host");
	char *port = shc_pg_conninfo_part(domain->uri, "port");
	bool is_here = database != NULL && host != NULL && strcmp(host, shc_pg_host(pg)) == 0 &&
				   strcmp(port != NULL ? port : "5432", shc_pg_port(pg)) == 0;

	if (!is_here)
	{
		shc_error(
			"the URI of the domain %s does not lead to this server: drop it without --server, "
			"which leaves the database, or name the server as the URI does",
			domain->name);
		free(database);
		database = NULL;
	}
	free(host);
	free(port);
	return database;
}

static bool
drop_domain(Registry *registry, const RegistryOptions *options, const ShcDomain *domain)
{
	ShcPg *pg = options->server != NULL ? domain_server_open(options->server) : NULL;
	char *database = pg != NULL ? database_of(domain, pg) : NULL;
	bool good =
		(options->server == NULL || database != NULL) && registry_delete(registry, domain->name);

	if (good && database != NULL && !domain_server_drop(pg, options->server, database))
	{
		shc_error("the domain %s is served no more, but its database %s is there still",
				  domain->name, database);
		good = false;
	}
	free(database);
	shc_pg_close(pg);
	return good;
}

int
domain_registry_drop(const RegistryOptions *options, const char *name)
{
	Registry registry;
	ShcDomains domains;
	const ShcDomain *domain =
		open_and_read(&registry, options, &domains) ? find(&domains, name) : NULL;

	return done(&registry, &domains, domain != NULL && drop_domain(&registry, options, domain));
}
