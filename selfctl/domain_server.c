/*
 * domain_server.c: databases of domains on a server that is no stack.
 */
#include "domain_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "log.h"
#include "pgx_conninfo.h"

#define CONNECT_TIMEOUT 10
#define URI_MAX			4096
#define PLACEHOLDER		"{domain}"

/* "CREATE DATABASE %I" and the like: the server quotes the name. */
static bool
run_with_name(ShcPg *pg, const char *format, const char *name)
{
	const char *parameter[] = {format, name};
	char *sql = NULL;
	bool good = shc_pg_value(pg, "SELECT pg_catalog.format($1, $2::text)", 2, parameter, &sql) &&
				sql != NULL && shc_pg_exec(pg, sql, 0, NULL, NULL, NULL);

	free(sql);
	return good;
}

static bool
database_exists(ShcPg *pg, const char *name, bool *exists)
{
	char *found = NULL;
	bool good = shc_pg_value(pg, "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", 1,
							 &name, &found);

	*exists = found != NULL;
	free(found);
	return good;
}

ShcPg *
domain_server_open(const char *server)
{
	const ShcPgEdit edit = {.keep = SHC_PG_KEEP_ALL, .dbname = "postgres"};
	char *named = shc_pg_conninfo_is_valid(server) ? shc_pg_conninfo_part(server, "dbname") : NULL;
	char *conninfo = named == NULL ? shc_pg_conninfo_edit(server, &edit) : NULL;
	ShcPg *pg = NULL;

	if (named != NULL || conninfo != NULL)
		shc_pg_connect(conninfo != NULL ? conninfo : server, CONNECT_TIMEOUT, &pg);
	free(named);
	free(conninfo);
	return pg;
}

char *
domain_server_conninfo(const char *server, const char *database)
{
	const ShcPgEdit edit = {.keep = SHC_PG_KEEP_ALL, .dbname = database};

	return shc_pg_conninfo_edit(server, &edit);
}

static bool
connect_database(const char *server, const char *database, ShcPg **out)
{
	char *conninfo = domain_server_conninfo(server, database);
	bool good = conninfo != NULL && shc_pg_connect(conninfo, CONNECT_TIMEOUT, out);

	free(conninfo);
	return good;
}

bool
domain_server_database(ShcPg *pg, const char *name, bool *made)
{
	bool exists = false;

	*made = false;
	if (!database_exists(pg, name, &exists))
		return false;
	if (!exists)
		*made = run_with_name(pg, "CREATE DATABASE %I", name);
	return exists || *made;
}

/* ---- create ---- */

static bool
fill_database(const char *server, const char *name, char **token)
{
	/* Roles belong to the whole server: another domain may have made them. */
	static const char script[] =
		"CREATE EXTENSION selfhost;"
		"DO $$ DECLARE r name; BEGIN"
		" FOR r IN SELECT rolname FROM pg_catalog.pg_roles"
		"  WHERE rolname IN ('selfhost_gateway', 'selfhost_worker') AND NOT rolcanlogin"
		" LOOP EXECUTE pg_catalog.format('ALTER ROLE %I LOGIN', r); END LOOP; END $$";
	ShcPg *pg = NULL;
	bool good = connect_database(server, name, &pg) && shc_pg_script(pg, script) &&
				shc_pg_value(pg, "SELECT selfhost.init()", 0, NULL, token) && *token != NULL;

	shc_pg_close(pg);
	return good;
}

bool
domain_server_create(ShcPg *pg, const char *server, const char *name, char **token)
{
	bool exists = true;

	*token = NULL;
	if (!database_exists(pg, name, &exists))
		return false;
	if (exists)
	{
		shc_error("a database has the name %s already", name);
		return false;
	}
	if (!run_with_name(pg, "CREATE DATABASE %I", name))
		return false;
	if (fill_database(server, name, token))
		return true;
	domain_server_drop_made(pg, name);
	return false;
}

/* ---- drop ---- */

/* WITH (FORCE) is of PostgreSQL 13. */
bool
domain_server_drop_made(ShcPg *pg, const char *database)
{
	if (shc_pg_server_version(pg) >= 130000)
		return run_with_name(pg, "DROP DATABASE %I WITH (FORCE)", database);
	return shc_pg_exec(pg,
					   "SELECT pg_catalog.pg_terminate_backend(pid) FROM"
					   " pg_catalog.pg_stat_activity WHERE datname = $1",
					   1, &database, NULL, NULL) &&
		   run_with_name(pg, "DROP DATABASE %I", database);
}

bool
domain_server_drop(ShcPg *pg, const char *server, const char *database)
{
	ShcPg *inside = NULL;
	char *version = NULL;
	bool good =
		connect_database(server, database, &inside) &&
		shc_pg_value(inside,
					 "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'selfhost'", 0,
					 NULL, &version);

	shc_pg_close(inside);
	if (good && version == NULL)
	{
		shc_error("the database %s is none of a domain: it stays", database);
		good = false;
	}
	free(version);
	return good && domain_server_drop_made(pg, database);
}

/* ---- URIs of gateways ---- */

static char *
fill_template(const char *template, const char *name)
{
	const char *at = strstr(template, PLACEHOLDER);
	ShcBuf buf;

	if (at == NULL)
	{
		shc_error("--gateway-uri: " PLACEHOLDER " must stand for the name of the domain");
		return NULL;
	}
	shc_buf_init(&buf, URI_MAX);
	for (const char *p = template; at != NULL;
		 p = at + strlen(PLACEHOLDER), at = strstr(p, PLACEHOLDER))
	{
		shc_buf_append(&buf, p, (size_t) (at - p));
		shc_buf_puts(&buf, name);
		template = at + strlen(PLACEHOLDER);
	}
	shc_buf_puts(&buf, template);
	if (!buf.failed && shc_pg_conninfo_is_valid(buf.data))
		return buf.data;
	shc_error("--gateway-uri: is no connection string that is valid");
	shc_buf_free(&buf);
	return NULL;
}

char *
domain_server_gateway(ShcPg *pg, const char *server, const char *template, const char *name)
{
	const ShcPgEdit edit = {
		.keep = SHC_PG_KEEP_PLACE,
		.dbname = name,
		.user = "selfhost_gateway",
		.host = shc_pg_host(pg),
		.port = shc_pg_port(pg),
	};

	return template != NULL ? fill_template(template, name) : shc_pg_conninfo_edit(server, &edit);
}
