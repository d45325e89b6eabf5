/*
 * domain.c: creates the database, the extension and root's token, all of it only where missing, so
 * that a start that was broken off goes on where it stopped.
 */
#include "domain.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pgx.h"

#define CONNECT_TIMEOUT 10

bool
domain_name_is_valid(const char *name)
{
	/* Names of databases that are there, and words that pg_hba.conf reads differently. */
	static const char *const taken[] = {"postgres",	   "template0", "template1", "all",
										"replication", "sameuser",	"samerole",	 "samegroup"};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
	{
		if (strcmp(name, taken[i]) == 0)
			return false;
	}
	return len >= 1 && len <= 63 && strchr("-._", name[0]) == NULL &&
		   strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == len;
}

/* The first value of the answer, into the arena; NULL when there is no row. */
static bool
get_text(const Stack *stack, ShcPg *pg, const char *sql, const char **out)
{
	char *value;

	if (!shc_pg_value(pg, sql, 0, NULL, &value))
		return false;
	*out = value == NULL ? NULL : shc_arena_printf(stack->arena, "%s", value);
	free(value);
	return true;
}

static bool
database_exists(ShcPg *pg, const char *name, bool *exists)
{
	char *found;

	if (!shc_pg_value(pg, "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", 1, &name,
					  &found))
		return false;
	*exists = found != NULL;
	free(found);
	return true;
}

/* The name has no character that needs quoting within "". */
static bool
create_database(Stack *stack, ShcPg *pg, const char *name)
{
	shc_info("creating the domain %s", name);
	return shc_pg_exec(pg, shc_arena_printf(stack->arena, "CREATE DATABASE \"%s\"", name), 0, NULL,
					   NULL, NULL);
}

/* A newer version of the extension may have been installed; only its owner says when to change. */
static bool
check_extension(Stack *stack, ShcPg *pg)
{
	const char *available;

	if (!get_text(stack, pg,
				  "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'selfhost'",
				  &stack->extension_version) ||
		!get_text(stack, pg,
				  "SELECT default_version FROM pg_catalog.pg_available_extensions"
				  " WHERE name = 'selfhost'",
				  &available))
		return false;
	if (available != NULL && stack->extension_version != NULL &&
		strcmp(available, stack->extension_version) != 0)
		shc_warning("version %s of the extension is installed, the domain %s has %s: to change, "
					"run ALTER EXTENSION selfhost UPDATE in its database",
					available, stack->domain, stack->extension_version);
	return true;
}

static bool
prepare_database(Stack *stack, ShcPg *pg, const char **token)
{
	static const char script[] = "CREATE EXTENSION IF NOT EXISTS selfhost;"
								 "ALTER ROLE selfhost_gateway LOGIN;"
								 "ALTER ROLE selfhost_worker LOGIN";
	/* Initialised without a known token: the start before this was broken off, or the file is lost. */
	static const char make_token[] = "SELECT CASE WHEN EXISTS (SELECT FROM selfhost.user_account)"
									 " THEN selfhost.reset_root_token() ELSE selfhost.init() END";

	if (!shc_pg_script(pg, script) || !check_extension(stack, pg))
		return false;
	return token == NULL || (get_text(stack, pg, make_token, token) && *token != NULL);
}

/* Connects to a database of the stack, does the work there, closes. */
static bool
with_database(Stack *stack, const char *database, const char **token,
			  bool (*work)(Stack *stack, ShcPg *pg, const char **token))
{
	ShcPg *pg;
	bool ok;

	if (!shc_pg_connect(stack_conninfo(stack, database), CONNECT_TIMEOUT, &pg))
		return false;
	ok = work(stack, pg, token);
	shc_pg_close(pg);
	return ok;
}

static bool
prepare_cluster(Stack *stack, ShcPg *pg, const char **token)
{
	bool exists;

	(void) token;
	return database_exists(pg, stack->domain, &exists) &&
		   (exists || create_database(stack, pg, stack->domain)) &&
		   get_text(stack, pg,
					"SELECT pg_catalog.split_part(pg_catalog.current_setting('server_version'),"
					" ' ', 1)",
					&stack->postgres_version);
}

bool
domain_prepare(Stack *stack, const char **token)
{
	return with_database(stack, "postgres", NULL, prepare_cluster) &&
		   with_database(stack, stack->domain, token, prepare_database);
}

/* ---- further domains ---- */

/* With the cluster's own database, which is nobody's domain. */
static ShcPg *
connect_cluster(const Stack *stack)
{
	ShcPg *pg;

	return shc_pg_connect(stack_conninfo(stack, "postgres"), CONNECT_TIMEOUT, &pg) ? pg : NULL;
}

static bool
init_domain(Stack *stack, ShcPg *pg, const char **token)
{
	return shc_pg_script(pg, "CREATE EXTENSION selfhost") &&
		   get_text(stack, pg, "SELECT selfhost.init()", token) && *token != NULL;
}

static bool
drop_database(const Stack *stack, ShcPg *pg, const char *name)
{
	/* WITH (FORCE) is of PostgreSQL 13. */
	return shc_pg_exec(pg,
					   shc_arena_printf(stack->arena, "DROP DATABASE \"%s\"%s", name,
										shc_pg_server_version(pg) >= 130000 ? " WITH (FORCE)" : ""),
					   0, NULL, NULL, NULL);
}

bool
domain_create(Stack *stack, const char *name, const char **token)
{
	ShcPg *pg = connect_cluster(stack);
	bool exists = true;
	bool made = false;
	bool good = false;

	if (pg != NULL && database_exists(pg, name, &exists) && exists)
		shc_error("a database has the name %s already", name);
	if (!exists)
		made = create_database(stack, pg, name);
	good = made && with_database(stack, name, token, init_domain);
	/* Nothing half-made stays. */
	if (made && !good)
		drop_database(stack, pg, name);
	shc_pg_close(pg);
	return good;
}

bool
domain_drop(Stack *stack, const char *name)
{
	ShcPg *pg = connect_cluster(stack);
	bool good = pg != NULL && drop_database(stack, pg, name);

	shc_pg_close(pg);
	return good;
}

static bool
rotate_token(Stack *stack, ShcPg *pg, const char **token)
{
	return get_text(stack, pg, "SELECT selfhost.reset_root_token()", token) && *token != NULL;
}

bool
domain_rotate_token(Stack *stack, const char *name, const char **token)
{
	return with_database(stack, name, token, rotate_token);
}
