/*
 * cmd_domain.c: selfctl domain: the domains of a stack.
 *
 * The domain file of the stack is the list of them. selfserv and selfpwrk watch it, so that a domain is
 * served as soon as it stands there, and no longer once it does not.
 */
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "checks.h"
#include "commands.h"
#include "conf.h"
#include "domain.h"
#include "domain_registry.h"
#include "log.h"
#include "object.h"
#include "selfserv.h"
#include "session.h"
#include "settings.h"

static SessionOptions where;
static RegistryOptions registry;

static struct
{
	bool json;
	bool yes;
} options;

#define DIR_AND_JSON                                                                        \
	DIR_OPTION(&where.dir), {0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0}, \
	{                                                                                       \
		.name = NULL                                                                        \
	}

/* ---- the stack ---- */

/* A running stack, and who runs its programs. */
typedef struct Place
{
	Stack stack;
	Account account;
	bool has_account;
	ShcDomains domains;
} Place;

static bool
open_place(Place *place)
{
	*place = (Place){.stack.lock_fd = -1};
	if (!stack_open(&place->stack, where.dir) || !session_find_stack(&place->stack))
		return false;
	place->has_account = account_find(&place->account);
	return place->has_account && shc_domains_read(place->stack.domain_file, &place->domains);
}

static void
close_place(Place *place)
{
	if (place->has_account)
		account_free(&place->account);
	shc_domains_free(&place->domains);
	stack_close(&place->stack);
}

static bool
has_domain(const Place *place, const char *name)
{
	for (int i = 0; i < place->domains.n; i++)
	{
		if (strcmp(place->domains.item[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Whether the stack has the domain that the command line names; else it is said. */
static bool
find_domain(const Place *place, const char *name)
{
	if (has_domain(place, name))
		return true;
	shc_error("there is no domain \"%s\": \"selfctl domain list\" has them all", name);
	return false;
}

/* ---- list, show ---- */

static const char domain_query[] =
	"SELECT json_build_object('domain', current_database(), 'version',"
	" (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'selfhost'),"
	" 'bytes', pg_catalog.pg_database_size(current_database()),"
	" 'users', (SELECT count(*) FROM selfhost.user_account),"
	" 'things', (SELECT count(*) FROM selfhost.thing),"
	" 'timeseries', (SELECT count(*) FROM selfhost.timeseries),"
	" 'programs', (SELECT count(*) FROM selfhost.program))";

static const char *const domain_members[] = {"domain", "version",	 "bytes",	"users",
											 "things", "timeseries", "programs"};

/* What the database of a domain tells about it; NULL, and logged, when it cannot be asked. */
static json_object *
ask_domain(const Place *place, const char *name)
{
	json_object *answer = NULL;
	char *text = NULL;
	ShcPg *pg;

	if (!shc_pg_connect(stack_conninfo(&place->stack, name), 10, &pg))
		return NULL;
	if (shc_pg_value(pg, domain_query, 0, NULL, &text) && text != NULL)
		answer = json_tokener_parse(text);
	free(text);
	shc_pg_close(pg);
	return answer;
}

static const char *
member_of(json_object *object, const char *name)
{
	json_object *value = NULL;

	json_object_object_get_ex(object, name, &value);
	return value != NULL ? json_object_get_string(value) : "-";
}

static void
print_domain(json_object *domain)
{
	static const int width[] = {-20, -8, 14, 8, 8, 11, 9};

	for (size_t i = 0; i < sizeof(width) / sizeof(width[0]); i++)
		printf("%*s%s", width[i], member_of(domain, domain_members[i]),
			   i + 1 < sizeof(width) / sizeof(width[0]) ? " " : "\n");
}

static bool
list(const Place *place)
{
	json_object *all = json_object_new_array();
	bool good = true;

	for (int i = 0; i < place->domains.n; i++)
	{
		json_object *domain = ask_domain(place, place->domains.item[i].name);

		good = good && domain != NULL;
		if (domain != NULL)
			json_object_array_add(all, domain);
	}
	if (options.json)
		puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY));
	else
		printf("%-20s %-8s %14s %8s %8s %11s %9s\n", "DOMAIN", "VERSION", "BYTES", "USERS",
			   "THINGS", "TIMESERIES", "PROGRAMS");
	for (size_t i = 0; !options.json && i < json_object_array_length(all); i++)
		print_domain(json_object_array_get_idx(all, i));
	json_object_put(all);
	return good;
}

static const CliOption list_options[] = {REGISTRY_OPTIONS(registry), DIR_AND_JSON};

static int
run_list(int argc, char **argv)
{
	Place place;
	bool good;

	(void) argc;
	(void) argv;
	if (registry_is_named(&registry))
		return domain_registry_list(&registry, options.json);
	good = open_place(&place) && list(&place);
	close_place(&place);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliCommand cmd_domain_list = {
	.name = "list",
	.summary = "list the domains of a stack, or of Primus",
	.examples = "$ selfctl domain list\n"
				"$ selfctl domain list --primus service=primus\n"
				"$ selfctl domain list --json | jq -r '.[].domain'\n",
	.options = list_options,
	.run = run_list,
};

/* ---- create ---- */

/* It would look at the file by itself, but only once a second. */
static void
tell_selfserv(const Place *place)
{
	if (place->stack.selfserv_pid > 0)
		kill(place->stack.selfserv_pid, SIGHUP);
}

/* The token is shown here once, and nowhere again. */
static void
print_token(const Place *place, const char *name, const char *token)
{
	if (!options.json)
	{
		printf("Domain %s at %s\n\n  token  %s\n\nKeep the token: it is not shown again.\n", name,
			   place->stack.url, token);
		return;
	}
	json_object *object = json_object_new_object();

	json_object_object_add(object, "domain", json_object_new_string(name));
	json_object_object_add(object, "token", json_object_new_string(token));
	json_object_object_add(object, "uri",
						   json_object_new_string(stack_conninfo(&place->stack, name)));
	puts(json_object_to_json_string_ext(object,
										JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static bool
create(Place *place, const char *name)
{
	const char *token = NULL;

	if (!domain_name_is_valid(name))
	{
		shc_error("\"%s\" is no name of a domain: 1 to 63 of a-z, 0-9, - . and _, beginning with a "
				  "letter or digit, and no name of PostgreSQL's own",
				  name);
		return false;
	}
	if (has_domain(place, name))
	{
		shc_error("there is a domain %s already", name);
		return false;
	}
	if (!domain_create(&place->stack, name, &token))
		return false;
	print_token(place, name, token);
	if (!settings_write_domains(&place->stack, &place->account, name, NULL))
		return false;
	tell_selfserv(place);
	if (!selfserv_serves(&place->stack, name, token))
		shc_warning("selfserv does not serve the domain yet: %s tells why",
					place->stack.selfserv_log);
	return true;
}

static const CliOption create_options[] = {
	REGISTRY_SERVER_OPTION(registry),
	REGISTRY_OPTIONS(registry),
	{0, "gateway-uri", "URI",
	 "what Primus gets, with {domain} for its name; default: the server,\n"
	 "the database and the role selfhost_gateway",
	 CLI_URI, &registry.gateway, 0, 0},
	DIR_AND_JSON};

static int
run_create(int argc, char **argv)
{
	Place place;
	bool good;

	if (!object_check_words("domain create", argc, 1))
		return EXIT_CODE_USAGE;
	if (registry_is_named(&registry))
		return domain_registry_create(&registry, argv[0], options.json);
	good = open_place(&place) && create(&place, argv[0]);
	close_place(&place);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliCommand cmd_domain_create = {
	.name = "create",
	.summary = "make a further domain in a stack, or on a server",
	.arguments = "NAME",
	.description =
		"A domain is a database of its own, with its own users and tokens. Prints the token\n"
		"of its root user, once. The running selfserv serves it at once. With --json:\n"
		"{\"domain\", \"token\", \"uri\"}. With --server: makes database, extension and roles "
		"there,\n"
		"and adds the domain to Primus; when any of it fails, nothing of it stays.\n",
	.examples = "$ selfctl domain create plant2\n"
				"$ selfctl domain create plant4 --server service=db1 --primus service=primus\n"
				"$ selfctl domain create plant5 --server service=db1 --primus service=primus \\\n"
				"      --gateway-uri 'host=db1 dbname={domain} user=selfhost_gateway "
				"passfile=/etc/pgpass'\n"
				"$ selfctl domain create plant3 --json | jq -r .token\n",
	.options = create_options,
	.run = run_create,
};

/* ---- drop ---- */

static bool
drop(Place *place, const char *name)
{
	if (!find_domain(place, name))
		return false;
	if (strcmp(name, place->stack.domain) == 0)
	{
		shc_error("%s is the stack's own domain: it goes with the folder", name);
		return false;
	}
	if (!settings_write_domains(&place->stack, &place->account, NULL, name))
		return false;
	tell_selfserv(place);
	return domain_drop(&place->stack, name);
}

static const CliOption drop_options[] = {
	REGISTRY_SERVER_OPTION(registry),
	REGISTRY_OPTIONS(registry),
	DIR_OPTION(&where.dir),
	{'y', "yes", NULL, "do not ask: everything in the domain is gone for good", CLI_FLAG,
	 &options.yes, 0, 0},
	{.name = NULL},
};

/* Only somebody at a terminal is asked. */
static bool
ask(const char *name)
{
	char answer[8] = "";

	if (options.yes)
		return true;
	fprintf(stderr, "Drop the domain \"%s\": everything in it will be gone for good. Do it? [y/N] ",
			name);
	if (fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	shc_error("nothing was dropped");
	return false;
}

static int
run_drop(int argc, char **argv)
{
	Place place;
	bool good;

	if (!object_check_words("domain drop", argc, 1))
		return EXIT_CODE_USAGE;
	if (!options.yes && !(isatty(STDIN_FILENO) && isatty(STDERR_FILENO)))
	{
		fprintf(
			stderr,
			"selfctl domain drop: say --yes; everything in the domain %s will be gone for good\n",
			argv[0]);
		return EXIT_CODE_USAGE;
	}
	if (!ask(argv[0]))
		return EXIT_CODE_FAILED;
	if (registry_is_named(&registry))
		return domain_registry_drop(&registry, argv[0]);
	good = open_place(&place) && drop(&place, argv[0]);
	close_place(&place);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliCommand cmd_domain_drop = {
	.name = "drop",
	.summary = "delete a domain with everything in it",
	.arguments = "NAME",
	.description =
		"selfserv stops serving it first. The stack's own domain cannot be dropped. Out of Primus\n"
		"without --server: the database stays.\n",
	.examples = "$ selfctl domain drop plant2 --yes\n"
				"$ selfctl domain drop plant4 --server service=db1 --primus service=primus --yes\n",
	.options = drop_options,
	.run = run_drop,
};

/* ---- rotate-token ---- */

static bool
rotate(Place *place, const char *name)
{
	const char *token = NULL;
	Credentials credentials = {.url = place->stack.url, .domain = name};

	if (!find_domain(place, name) || !domain_rotate_token(&place->stack, name, &token))
		return false;
	print_token(place, name, token);
	credentials.token = token;
	return strcmp(name, place->stack.domain) != 0 ||
		   stack_write_credentials(&place->stack, &credentials);
}

static const CliOption rotate_options[] = {REGISTRY_OPTIONS(registry),
										   REGISTRY_USER_OPTION(registry), DIR_AND_JSON};

static int
run_rotate(int argc, char **argv)
{
	Place place;
	bool good;

	if (!object_check_words("domain rotate-token", argc, 1))
		return EXIT_CODE_USAGE;
	if (registry_is_named(&registry))
		return domain_registry_rotate(&registry, argv[0], options.json);
	good = open_place(&place) && rotate(&place, argv[0]);
	close_place(&place);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliCommand cmd_domain_rotate = {
	.name = "rotate-token",
	.summary = "give the root user of a domain a new token",
	.arguments = "NAME",
	.description =
		"All his other tokens are void at once. That of the stack's own domain is written to\n"
		"credentials.json, too.\n",
	.examples = "$ selfctl domain rotate-token plant2\n"
				"$ selfctl domain rotate-token plant4 --primus service=primus --user postgres\n",
	.options = rotate_options,
	.run = run_rotate,
};

/* ---- check ---- */

typedef struct DomainCheck
{
	json_object *tests;
	bool is_sound;
} DomainCheck;

static void
add_text(json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, text != NULL ? json_object_new_string(text) : NULL);
}

static void
take_finding(void *context, const Finding *finding)
{
	DomainCheck *check = context;
	json_object *test = json_object_new_object();

	add_text(test, "check", finding->check);
	add_text(test, "result",
			 finding->result == CHECK_PROBLEM ? "FAULT" : check_result_name(finding->result));
	add_text(test, "advice", finding->advice);
	json_object_array_add(check->tests, test);
	check->is_sound = check->is_sound && finding->result != CHECK_PROBLEM;
}

static void
print_tests(json_object *tests)
{
	if (options.json)
		puts(json_object_to_json_string_ext(tests, JSON_C_TO_STRING_PRETTY |
													   JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		printf("%-16s %-7s %s\n", "CHECK", "RESULT", "WHAT TO DO");
	for (size_t i = 0; !options.json && i < json_object_array_length(tests); i++)
	{
		json_object *test = json_object_array_get_idx(tests, i);

		printf("%-16s %-7s %s\n", member_of(test, "check"), member_of(test, "result"),
			   member_of(test, "advice"));
	}
}

static const CliOption check_options[] = {
	SESSION_OPTIONS(where),
	REGISTRY_OPTIONS(registry),
	REGISTRY_USER_OPTION(registry),
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

static int
run_check(int argc, char **argv)
{
	static const CheckOptions check_all = {.domain_only = true, .points = true};
	DomainCheck check = {.is_sound = true};
	Session session;
	bool good;

	if (argc <= 1 && registry_is_named(&registry))
		return domain_registry_check(&registry, argc == 1 ? argv[0] : where.domain, options.json);
	if (argc == 1 && where.domain == NULL)
		where.domain = argv[0];
	else if (!object_check_words("domain check", argc, 0))
		return EXIT_CODE_USAGE;
	where.as_owner = true;
	check.tests = json_object_new_array();
	good = session_open(&session, &where) && checks_run(&session, &check_all, take_finding, &check);
	session_close(&session);
	if (good)
		print_tests(check.tests);
	json_object_put(check.tests);
	return good && check.is_sound ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliCommand cmd_domain_check = {
	.name = "check",
	.summary = "look for what is wrong with a domain",
	.arguments = "[NAME]",
	.description =
		"Reads all points, some hundred million a second. Exit code 1 when something is\n"
		"wrong. \"selfctl doctor\" looks at the server, too. Of Primus: all domains, or one; "
		"whether\n"
		"they can be reached, are registered once, and are sound, but for the points.\n",
	.examples = "$ selfctl domain check\n"
				"$ selfctl domain check plant2\n"
				"$ selfctl domain check --uri service=plant2 --json\n"
				"$ selfctl domain check --primus service=primus --user postgres\n",
	.options = check_options,
	.run = run_check,
};

/* ---- upgrade ---- */

static bool
upgrade_one(const Place *place, const char *name)
{
	char *before = NULL;
	char *after = NULL;
	ShcPg *pg = NULL;
	static const char version[] =
		"SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'selfhost'";
	bool good = shc_pg_connect(stack_conninfo(&place->stack, name), 10, &pg) &&
				shc_pg_value(pg, version, 0, NULL, &before) &&
				shc_pg_script(pg, "ALTER EXTENSION selfhost UPDATE") &&
				shc_pg_value(pg, version, 0, NULL, &after);

	if (!good)
		printf("%-20s failed\n", name);
	else if (strcmp(before, after) == 0)
		printf("%-20s %s already\n", name, after);
	else
		printf("%-20s %s -> %s\n", name, before, after);
	free(before);
	free(after);
	shc_pg_close(pg);
	return good;
}

static const CliOption upgrade_options[] = {
	REGISTRY_OPTIONS(registry),
	REGISTRY_USER_OPTION(registry),
	DIR_OPTION(&where.dir),
	{0, "json", NULL, "print JSON; only of Primus", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

static int
run_upgrade(int argc, char **argv)
{
	Place place;
	bool good;

	(void) argc;
	(void) argv;
	if (registry_is_named(&registry))
		return domain_registry_upgrade(&registry, options.json);
	good = open_place(&place);
	/* One that fails does not hold up the others. */
	for (int i = 0; i < place.domains.n; i++)
		good = upgrade_one(&place, place.domains.item[i].name) && good;
	close_place(&place);
	return good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const CliCommand cmd_domain_upgrade = {
	.name = "upgrade",
	.summary = "bring the extension of all domains to the version that is installed",
	.examples = "$ selfctl domain upgrade\n"
				"$ selfctl domain upgrade --primus service=primus --user postgres --json\n",
	.options = upgrade_options,
	.run = run_upgrade,
};

static const CliCommand *const commands[] = {
	&cmd_domain_list,	 &cmd_domain_show,	&cmd_domain_set,
	&cmd_domain_create,	 &cmd_domain_drop,	&cmd_domain_rotate,
	&cmd_domain_upgrade, &cmd_domain_check, NULL,
};

const CliCommand cmd_domain = {
	.name = "domain",
	.summary = "domains of a stack or of Primus: databases of their own, with their own users",
	.examples = "$ selfctl domain create plant2\n"
				"$ selfctl domain list\n"
				"$ selfctl timeseries list --domain plant2\n"
				"$ selfctl domain drop plant2 --yes\n",
	.commands = commands,
};
