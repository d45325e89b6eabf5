/*
 * domain_fleet.c: what goes into the databases of the domains that Primus has, one after the other; one that fails
 * does not hold up the others.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "domain_registry.h"
#include "exit_code.h"
#include "log.h"
#include "pgx_conninfo.h"

#define CONNECT_TIMEOUT 10

#define JSON_FLAGS		(JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

typedef struct Fleet
{
	Registry registry;
	ShcDomains domains;
	const char *user;
	json_object *rows;
	bool json;
	bool good;
} Fleet;

static bool
open_fleet(Fleet *fleet, const RegistryOptions *options, bool json)
{
	const char *user = getenv("PGUSER");

	*fleet = (Fleet){.json = json, .user = options->user != NULL ? options->user : user};
	fleet->rows = json_object_new_array();
	fleet->good = registry_open(&fleet->registry, options) &&
				  registry_read(&fleet->registry, &fleet->domains);
	return fleet->good;
}

static int
close_fleet(Fleet *fleet)
{
	if (fleet->good || json_object_array_length(fleet->rows) > 0)
	{
		if (fleet->json)
			puts(json_object_to_json_string_ext(fleet->rows, JSON_FLAGS));
	}
	json_object_put(fleet->rows);
	shc_domains_free(&fleet->domains);
	registry_close(&fleet->registry);
	return fleet->good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

/* As an administrator: the URI is that of the gateway, whose password is of no use here. */
static bool
connect_domain(const Fleet *fleet, const ShcDomain *domain, ShcPg **out)
{
	const ShcPgEdit place = {.keep = SHC_PG_KEEP_PLACE, .user = fleet->user};
	char *service = shc_pg_conninfo_part(domain->uri, "service");
	const ShcPgEdit shown = {.keep = SHC_PG_KEEP_SHOWN, .user = fleet->user};
	char *conninfo = shc_pg_conninfo_edit(domain->uri, service != NULL ? &shown : &place);
	bool good = conninfo != NULL && shc_pg_connect(conninfo, CONNECT_TIMEOUT, out);

	free(service);
	free(conninfo);
	return good;
}

static void
add_text(json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, text != NULL ? json_object_new_string(text) : NULL);
}

/* ---- rotate-token ---- */

int
domain_registry_rotate(const RegistryOptions *options, const char *name, bool json)
{
	Fleet fleet;
	ShcPg *pg = NULL;
	char *token = NULL;
	const ShcDomain *domain =
		open_fleet(&fleet, options, json) ? registry_find(&fleet.domains, name) : NULL;

	if (fleet.good && domain == NULL)
		shc_error("there is no domain \"%s\" in Primus", name);
	fleet.good = domain != NULL && connect_domain(&fleet, domain, &pg) &&
				 shc_pg_value(pg, "SELECT selfhost.reset_root_token()", 0, NULL, &token) &&
				 token != NULL;
	if (fleet.good && json)
	{
		json_object *object = json_object_new_object();

		add_text(object, "domain", name);
		add_text(object, "token", token);
		puts(json_object_to_json_string_ext(object, JSON_FLAGS));
		json_object_put(object);
	}
	else if (fleet.good)
		printf("Domain %s\n\n  token  %s\n\nKeep the token: it is not shown again.\n", name, token);
	fleet.json = false;
	free(token);
	shc_pg_close(pg);
	return close_fleet(&fleet);
}

/* ---- upgrade ---- */

static void
upgrade_one(Fleet *fleet, const ShcDomain *domain)
{
	static const char version[] =
		"SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'selfhost'";
	json_object *row = json_object_new_object();
	char *from = NULL;
	char *to = NULL;
	const char *error = NULL;
	ShcPg *pg = NULL;

	if (!connect_domain(fleet, domain, &pg))
		error = "cannot be reached";
	else if (!shc_pg_value(pg, version, 0, NULL, &from) || from == NULL)
		error = "has not the extension selfhost";
	else if (!shc_pg_script(pg, "ALTER EXTENSION selfhost UPDATE") ||
			 !shc_pg_value(pg, version, 0, NULL, &to))
		error = shc_pg_message(pg);
	add_text(row, "domain", domain->name);
	add_text(row, "from", from);
	add_text(row, "to", to);
	add_text(row, "error", error);
	json_object_array_add(fleet->rows, row);
	if (!fleet->json)
		printf("%-24s %-8s %-8s %s\n", domain->name, from != NULL ? from : "-",
			   to != NULL ? to : "-", error != NULL ? error : "");
	fleet->good = fleet->good && error == NULL;
	free(from);
	free(to);
	shc_pg_close(pg);
}

int
domain_registry_upgrade(const RegistryOptions *options, bool json)
{
	Fleet fleet;

	if (open_fleet(&fleet, options, json))
	{
		if (!json)
			printf("%-24s %-8s %-8s %s\n", "DOMAIN", "FROM", "TO", "ERROR");
		for (int i = 0; i < fleet.domains.n; i++)
			upgrade_one(&fleet, &fleet.domains.item[i]);
	}
	return close_fleet(&fleet);
}

/* ---- check ---- */

typedef struct DomainReport
{
	Fleet *fleet;
	const char *domain;
} DomainReport;

static void
take_finding(void *context, const Finding *finding)
{
	const DomainReport *report = context;
	json_object *row = json_object_new_object();

	add_text(row, "domain", report->domain);
	add_text(row, "check", finding->check);
	add_text(row, "result", check_result_name(finding->result));
	add_text(row, "what", finding->what);
	add_text(row, "advice", finding->advice);
	json_object_array_add(report->fleet->rows, row);
	if (!report->fleet->json)
		printf("%-24s %-16s %-8s %s\n", report->domain, finding->check,
			   check_result_name(finding->result), finding->advice != NULL ? finding->advice : "");
	report->fleet->good = report->fleet->good && finding->result != CHECK_PROBLEM;
}

static bool
is_same_part(const ShcDomain *a, const ShcDomain *b, const char *keyword)
{
	char *one = shc_pg_conninfo_part(a->uri, keyword);
	char *other = shc_pg_conninfo_part(b->uri, keyword);
	bool same = one != NULL && other != NULL ? strcmp(one, other) == 0 : one == other;

	free(one);
	free(other);
	return same;
}

/* Two names for one database let the tokens of one into the other. */
static const ShcDomain *
find_twin(const Fleet *fleet, const ShcDomain *domain)
{
	for (int i = 0; i < fleet->domains.n; i++)
	{
		const ShcDomain *other = &fleet->domains.item[i];

		if (other != domain && is_same_part(domain, other, "host") &&
			is_same_part(domain, other, "hostaddr") && is_same_part(domain, other, "port") &&
			is_same_part(domain, other, "dbname") && is_same_part(domain, other, "service"))
			return other;
	}
	return NULL;
}

static void
check_one(Fleet *fleet, const ShcDomain *domain)
{
	static const CheckOptions domain_only = {.domain_only = true};
	DomainReport report = {.fleet = fleet, .domain = domain->name};
	const ShcDomain *twin = find_twin(fleet, domain);
	Session session = {.pg = NULL};
	char what[100];
	Finding once = {.check = "registered once", .what = "no other domain has its database"};
	Finding reached = {.check = "reachable", .what = "the database answers"};

	if (twin != NULL)
	{
		snprintf(what, sizeof(what), "the domain %s has the same database", twin->name);
		once.result = CHECK_PROBLEM;
		once.what = what;
		once.advice = "drop one of the two, or give it another URI with \"selfctl domain set\"";
	}
	take_finding(&report, &once);
	if (!connect_domain(fleet, domain, &session.pg))
	{
		reached.result = CHECK_PROBLEM;
		reached.what = "it cannot be connected to";
		reached.advice = "see whether its server runs, and --user";
	}
	take_finding(&report, &reached);
	if (session.pg != NULL && !checks_run(&session, &domain_only, take_finding, &report))
		fleet->good = false;
	shc_pg_close(session.pg);
}

int
domain_registry_check(const RegistryOptions *options, const char *name, bool json)
{
	Fleet fleet;

	if (open_fleet(&fleet, options, json))
	{
		if (name != NULL && registry_find(&fleet.domains, name) == NULL)
		{
			shc_error("there is no domain \"%s\" in Primus", name);
			fleet.good = false;
		}
		else if (!json)
			printf("%-24s %-16s %-8s %s\n", "DOMAIN", "CHECK", "RESULT", "WHAT TO DO");
		for (int i = 0; i < fleet.domains.n; i++)
		{
			if (name == NULL || strcmp(fleet.domains.item[i].name, name) == 0)
				check_one(&fleet, &fleet.domains.item[i]);
		}
	}
	return close_fleet(&fleet);
}
