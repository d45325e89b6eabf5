/*
 * main.c: selfpwrk: arguments and configuration. The work is done by service.c and local.c; as the
 * zygote, the same program is zygote.c.
 *
 * Exit codes: 0 stopped as asked, 1 could not start, 2 wrong arguments; of run and compile see local.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "config.h"
#include "conninfo.h"
#include "local.h"
#include "log.h"
#include "networks.h"
#include "service.h"
#include "version.h"
#include "zygote.h"

#define MAX_ASSIGNMENTS 64
#define STANDARD_CONFIG "selfpwrk.conf.yaml"

/* For run and compile, as a program's deadline may be. */
#define STANDARD_DEADLINE_MS 10000
#define MOST_DEADLINE_MS	 3600000

typedef struct Arguments
{
	const char *config;
	const char *set[MAX_ASSIGNMENTS];
	int nset;
	bool check_only;
	bool manager;
	bool is_local; /* run or compile */
	WkLocal local;
} Arguments;

static const char usage[] =
	"selfpwrk runs the programs of Self-host domains, each in a process of its own that can do\n"
	"nothing but what it was given.\n"
	"\n"
	"Usage: selfpwrk [--config FILE] [--set KEY=VALUE]... [--manager] [--check-config]\n"
	"       selfpwrk run FILE [--deadline MS] [--language NAME] [--request FILE|METHOD]\n"
	"                [--against CONNINFO]\n"
	"       selfpwrk compile FILE [--language NAME]\n"
	"\n"
	"  --config FILE     configuration; default: $CONFIG_FILENAME, else selfpwrk.conf.yaml, "
	"searched\n"
	"                    in /etc/selfhost, /etc/xdg/selfhost, ~/.config/selfhost and here\n"
	"  --set KEY=VALUE   overrides one key of the configuration; may be repeated\n"
	"  --manager         also do the work of the background manager in each domain\n"
	"  --check-config    only read configuration and domains, and say what is wrong\n"
	"  --keys            list all keys with their defaults\n"
	"  --version, --help\n"
	"\n"
	"run and compile need no server and no configuration: modules are files beside FILE, the log\n"
	"goes to standard error.\n"
	"\n"
	"  --deadline MS     how long it may take, 1 to 3600000; default 10000\n"
	"  --language NAME   default: the ending of the file's name\n"
	"  --request WHAT    call it as a webhook, with the body in a file, or with a method alone;\n"
	"                    the answer goes to standard output\n"
	"  --against CONNINFO   modules that are not beside FILE are those of this domain, as for\n"
	"                    psql; passwords belong into ~/.pgpass or a service file. Default:\n"
	"                    $SELFPWRK_AGAINST\n"
	"\n"
	"Examples:\n"
	"  selfpwrk --config /etc/selfhost/selfpwrk.conf.yaml\n"
	"  selfpwrk run ./hello.lua --deadline 2000\n"
	"  selfpwrk run ./hook.lua --request ./body.json\n"
	"\n"
	"TERM, INT and QUIT stop it after the runs in hand, a second one at once; HUP reads domains\n"
	"and the level of the log again. Exit codes of run and compile: 0 done, 1 failed, 2 wrong\n"
	"arguments or no such file, 3 past the deadline.\n";

static int
refuse(const char *argument)
{
	fprintf(stderr, "selfpwrk: unexpected argument \"%s\"\nTry \"selfpwrk --help\".\n", argument);
	return 2;
}

/* What a program that starts this one gives it in place of --against: unlike arguments, nobody else sees it. */
static const char *
take_against(void)
{
	static const char name[] = "SELFPWRK_AGAINST";
	char *value = getenv(name);
	const char *copy;

	if (value == NULL)
		return NULL;
	copy = shc_conninfo_take(value);
	unsetenv(name);
	return copy;
}

/* Those of run and compile, from the third on. Returns an exit code, or -1 to go on. */
static int
parse_local(int argc, char **argv, Arguments *out)
{
	WkLocal *local = &out->local;

	out->is_local = true;
	*local = (WkLocal){.kind = strcmp(argv[1], "run") == 0 ? WK_JOB_ROUTINE : WK_JOB_CHECK,
					   .deadline_ms = STANDARD_DEADLINE_MS,
					   .against = take_against()};
	for (int i = 2; i < argc; i++)
	{
		const char *name = argv[i];
		bool has_value = i + 1 < argc;

		if (strcmp(name, "--set") == 0 && has_value && out->nset < MAX_ASSIGNMENTS)
		{
			out->set[out->nset] = shc_conninfo_take(argv[++i]);
			if (out->set[out->nset++] == NULL)
				return 1;
		}
		else if (strcmp(name, "--language") == 0 && has_value)
			local->language = argv[++i];
		else if (strcmp(name, "--deadline") == 0 && has_value && local->kind == WK_JOB_ROUTINE)
		{
			char *end;

			local->deadline_ms = strtoll(argv[++i], &end, 10);
			if (*end != '\0' || local->deadline_ms < 1 || local->deadline_ms > MOST_DEADLINE_MS)
				return refuse(argv[i]);
		}
		else if (strcmp(name, "--request") == 0 && has_value && local->kind == WK_JOB_ROUTINE)
			local->request = argv[++i];
		else if (strcmp(name, "--against") == 0 && has_value && local->kind == WK_JOB_ROUTINE)
			local->against = shc_conninfo_take(argv[++i]);
		else if (name[0] != '-' && local->file == NULL)
			local->file = name;
		else
			return refuse(name);
	}
	if (local->request != NULL)
		local->kind = WK_JOB_WEBHOOK;
	if (local->file != NULL)
		return -1;
	fprintf(stderr, "selfpwrk %s: which file?\nTry \"selfpwrk --help\".\n", argv[1]);
	return 2;
}

/* Returns an exit code, or -1 to go on. */
static int
parse_arguments(int argc, char **argv, Arguments *out)
{
	if (argc > 1 && (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "compile") == 0))
		return parse_local(argc, argv, out);
	for (int i = 1; i < argc; i++)
	{
		const char *name = argv[i];

		if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
			return fputs(usage, stdout) < 0;
		if (strcmp(name, "--version") == 0)
			return printf("selfpwrk %s\n", SH_VERSION) < 0;
		if (strcmp(name, "--keys") == 0)
		{
			shc_conf_print_keys(wk_config_keys);
			return 0;
		}
		if (strcmp(name, "--check-config") == 0)
			out->check_only = true;
		else if (strcmp(name, "--manager") == 0)
			out->manager = true;
		else if (strcmp(name, "--config") == 0 && i + 1 < argc)
			out->config = argv[++i];
		else if (strcmp(name, "--set") == 0 && i + 1 < argc && out->nset < MAX_ASSIGNMENTS)
		{
			out->set[out->nset] = shc_conninfo_take(argv[++i]);
			if (out->set[out->nset++] == NULL)
				return 1;
		}
		else
			return refuse(name);
	}
	return -1;
}

/* run and compile read no file: only defaults and --set. */
static bool
read_config(const Arguments *arguments, WkConfig *config)
{
	const ShcConfSource source = {.file = arguments->config,
								  .standard = arguments->is_local ? NULL : STANDARD_CONFIG,
								  .assignment = arguments->set,
								  .nassignments = arguments->nset};
	bool good = shc_conf_load(wk_config_keys, config, &source);

	if (arguments->manager)
		config->manager = true;
	return good && shc_log_configure_level(config->log_level);
}

/* Only the log's level can change while the service runs, and the domains, which are looked at anyway. */
static void
reload(void *context)
{
	WkConfig config = {0};

	if (read_config(context, &config))
		shc_info("configuration read again: domains and log level are in force");
	else
		shc_error("the configuration is not good: the old one stays in force");
	shc_conf_free(wk_config_keys, &config);
}

static int
check(const WkConfig *config, const ShcDomainSourceConf *conf)
{
	WkNetworks networks;
	ShcDomains domains;
	int64_t uid;
	int64_t gid;

	if (!wk_account_find(config->user, &uid, &gid) ||
		!wk_networks_read(&config->denied_networks, &networks))
		return 1;
	wk_networks_free(&networks);
	if (!shc_domain_source_read(conf, &domains))
		return 1;
	printf("configuration is good: %d runs at once, %d domains\n", wk_config_children(config),
		   domains.n);
	shc_domains_free(&domains);
	return 0;
}

static int
serve(Arguments *arguments, const WkConfig *config)
{
	const WkServiceEvents events = {.reload = reload, .context = arguments};
	const ShcDomainSourceConf conf = {.file = config->domainfile,
									  .primus = &config->primus,
									  .application = "selfpwrk",
									  .timeout = config->pg_connect_timeout};
	ShcDomainSource source;
	int code = 1;

	if (arguments->check_only)
		return check(config, &conf);
	if (shc_domain_source_open(&source, &conf))
		code = wk_service_main(config, &source, &events);
	shc_domain_source_close(&source);
	return code;
}

int
main(int argc, char **argv)
{
	Arguments arguments = {0};
	WkConfig config = {0};
	int code;

	if (argc == 2 && strcmp(argv[1], WK_ZYGOTE_ARGUMENT) == 0)
		return wk_zygote_main();
	code = parse_arguments(argc, argv, &arguments);
	if (code >= 0)
		return code;
	if (arguments.is_local)
		shc_log_set_plain("selfpwrk");
	code = 1;
	if (read_config(&arguments, &config))
	{
		arguments.local.config = &config;
		code = arguments.is_local ? wk_local_main(&arguments.local) : serve(&arguments, &config);
	}
	shc_conf_free(wk_config_keys, &config);
	return code;
}
