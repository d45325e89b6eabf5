/*
 * cmd_primus.c: selfctl primus: the table of domains.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "commands.h"
#include "domain_server.h"
#include "listing.h"
#include "log.h"
#include "pgx_conninfo.h"
#include "registry.h"

static RegistryOptions where;

static struct
{
	const char *database;
	const char *reader;
	bool json;
} options = {.database = "primus", .reader = "primus_reader"};

/* ---- init ---- */

/* No role gets a password here: that is said to the server by who knows it. */
static bool
prepare(ShcPg *pg)
{
	static const char make_role[] =
		"SELECT pg_catalog.format('CREATE ROLE %I LOGIN', $1::text)"
		" WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)";
	static const char grant[] =
		"SELECT pg_catalog.format('GRANT selfhost_primus_reader TO %I', $1::text)";
	char *create = NULL;
	char *member = NULL;
	bool good = shc_pg_script(pg, "CREATE EXTENSION IF NOT EXISTS selfhost_primus") &&
				shc_pg_value(pg, make_role, 1, &options.reader, &create) &&
				(create == NULL || shc_pg_script(pg, create)) &&
				shc_pg_value(pg, grant, 1, &options.reader, &member) && member != NULL &&
				shc_pg_script(pg, member);

	free(create);
	free(member);
	return good;
}

static void
print_made(const char *server, ShcPg *pg)
{
	const ShcPgEdit edit = {.keep = SHC_PG_KEEP_PLACE,
							.dbname = options.database,
							.user = options.reader,
							.host = shc_pg_host(pg),
							.port = shc_pg_port(pg)};
	char *uri = shc_pg_conninfo_edit(server, &edit);

	if (uri != NULL)
		printf("primus:\n  uri: %s\n", uri);
	free(uri);
}

static int
run_init(int argc, char **argv)
{
	ShcPg *server = NULL;
	ShcPg *pg = NULL;
	char *conninfo = NULL;
	bool made = false;
	bool good;

	(void) argc;
	(void) argv;
	if (where.server == NULL)
	{
		fprintf(stderr, "selfctl primus init: --server is missing\nTry \"selfctl primus init "
						"--help\".\n");
		return EXIT_CODE_USAGE;
	}
	server = domain_server_open(where.server);
	good = server != NULL && domain_server_database(server, options.database, &made);
	conninfo = good ? domain_server_conninfo(where.server, options.database) : NULL;
	good = conninfo != NULL && shc_pg_connect(conninfo, 10, &pg) && prepare(pg);
	if (good)
		print_made(where.server, server);
	free(conninfo);
	shc_pg_close(pg);
	if (made && !good)
		domain_server_drop_made(server, options.database);
	shc_pg_close(server);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliOption init_options[] = {
	REGISTRY_SERVER_OPTION(where),
	{0, "database", "NAME", "database of the table; default: primus", CLI_TEXT, &options.database,
	 0, 0},
	{0, "reader", "ROLE",
	 "role of selfserv and selfpwrk, which may read the domains;\n"
	 "default: primus_reader",
	 CLI_TEXT, &options.reader, 0, 0},
	{.name = NULL},
};

static const CliCommand cmd_primus_init = {
	.name = "init",
	.summary = "make the table of domains on a server",
	.description =
		"Makes what is missing: the database, the extension selfhost_primus in it, and a role\n"
		"that may read the domains and nothing else. Prints the lines for the configuration of\n"
		"selfserv and selfpwrk. The role gets no password.\n",
	.examples = "$ selfctl primus init --server 'host=db1 user=postgres'\n"
				"$ selfctl primus init --server service=db1 --database domains --reader gateways\n",
	.options = init_options,
	.run = run_init,
};

/* ---- status ---- */

#define REACH_TIMEOUT 3
#define DOMAINS_MAX	  ((size_t) 64 * 1024 * 1024)

/* Who reads it now. */
static const Listing listeners = {
	.query = "SELECT a.application_name::text AS program, a.usename::text AS role,"
			 " coalesce(a.client_addr::text, 'local') AS address,"
			 " pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SSZ')"
			 " AS since"
			 " FROM pg_catalog.pg_stat_activity AS a WHERE a.datname = current_database()"
			 " AND a.application_name IN ('selfserv', 'selfpwrk') ORDER BY 1, 2, 3, 4",
	.heading = {"PROGRAM", "ROLE", "ADDRESS", "SINCE", NULL},
	.nothing = "Nobody follows it, as far as can be seen.",
};

/* As programs do it, with what the URI says. Why it cannot be reached is logged. */
static bool
is_reachable(const ShcDomain *domain)
{
	ShcPg *pg = NULL;
	bool good = shc_pg_connect(domain->uri, REACH_TIMEOUT, &pg);

	shc_pg_close(pg);
	return good;
}

/* Names are those of a table that may be anybody's: they are escaped for JSON, and shown with care. */
static void
print_domains(const ShcDomains *domains)
{
	ShcBuf buf;

	shc_buf_init(&buf, DOMAINS_MAX);
	if (options.json)
		shc_buf_puts(&buf, "{\"domains\":[");
	else
		shc_buf_printf(&buf, "%-24s %s\n", "DOMAIN", "REACHABLE");
	for (int i = 0; i < domains->n; i++)
	{
		const char *name = domains->item[i].name;
		bool good = is_reachable(&domains->item[i]);

		if (!options.json)
		{
			shc_buf_printf(&buf, "%-24s %s\n", name, good ? "yes" : "no");
			continue;
		}
		shc_buf_puts(&buf, i > 0 ? ",{\"domain\":" : "{\"domain\":");
		shc_buf_json_string(&buf, name, strlen(name));
		shc_buf_printf(&buf, ",\"reachable\":%s}", good ? "true" : "false");
	}
	shc_buf_puts(&buf, options.json ? "],\"followers\":" : "");
	if (options.json)
		fputs(buf.data, stdout);
	else
	{
		listing_print_text(buf.data);
		puts("");
	}
	shc_buf_free(&buf);
}

static int
run_status(int argc, char **argv)
{
	Registry registry;
	ShcDomains domains = {.n = 0};
	Session session = {.stack.lock_fd = -1};
	bool good = registry_open(&registry, &where) && registry_read(&registry, &domains);

	(void) argc;
	(void) argv;
	session.pg = registry.pg;
	if (good)
		print_domains(&domains);
	good = good && listing_print(&session, &listeners, options.json);
	if (good && options.json)
		puts("}");
	shc_domains_free(&domains);
	registry_close(&registry);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliOption status_options[] = {
	REGISTRY_OPTIONS(where),
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

static const CliCommand cmd_primus_status = {
	.name = "status",
	.summary = "which domains there are, whether they can be reached, and who follows them",
	.description = "Connects to each domain from here, as its URI says; standard error tells why "
				   "one cannot be\n"
				   "reached. \"selfctl domain check --primus URI\" looks into them.\n",
	.examples = "$ selfctl primus status --primus service=primus\n"
				"$ selfctl primus status --config /etc/selfhost/selfserv.conf.yaml --json\n",
	.options = status_options,
	.run = run_status,
};

static const CliCommand *const commands[] = {&cmd_primus_init, &cmd_primus_status, NULL};

const CliCommand cmd_primus = {
	.name = "primus",
	.summary = "Primus: the table of domains that selfserv and selfpwrk follow",
	.examples = "$ selfctl primus init --server service=db1\n"
				"$ selfctl domain create plant --server service=db1 --primus service=primus\n"
				"$ selfctl primus status --primus service=primus\n",
	.commands = commands,
};
