/*
 * cmd_domain_set.c: selfctl domain show and set: where Primus has a domain.
 */
#include <stdio.h>

#include "commands.h"
#include "domain_registry.h"
#include "object.h"

static RegistryOptions registry;

static struct
{
	bool json;
	const char *uri;
	const char *uri_file;
} options;

static const CliOption show_options[] = {
	REGISTRY_OPTIONS(registry),
	{0, "json", NULL, "print JSON", CLI_FLAG, &options.json, 0, 0},
	{.name = NULL},
};

static int
run_show(int argc, char **argv)
{
	return object_check_words("domain show", argc, 1)
			   ? domain_registry_show(&registry, argv[0], options.json)
			   : EXIT_CODE_USAGE;
}

const CliCommand cmd_domain_show = {
	.name = "show",
	.summary = "where a domain of Primus is",
	.arguments = "NAME",
	.description = "Without passwords.\n",
	.examples = "$ selfctl domain show plant4 --primus service=primus\n",
	.options = show_options,
	.run = run_show,
};

static const CliOption set_options[] = {
	REGISTRY_OPTIONS(registry),
	{0, "uri", "URI", "its new URI, which selfserv and selfpwrk connect with", CLI_URI,
	 &options.uri, 0, 0},
	{0, "uri-file", "FILE", "the same out of a file; -: standard input", CLI_TEXT,
	 &options.uri_file, 0, 0},
	{.name = NULL},
};

static int
run_set(int argc, char **argv)
{
	if (!object_check_words("domain set", argc, 1))
		return EXIT_CODE_USAGE;
	if ((options.uri != NULL) == (options.uri_file != NULL))
	{
		fprintf(stderr, "selfctl domain set: one of --uri and --uri-file\n"
						"Try \"selfctl domain set --help\".\n");
		return EXIT_CODE_USAGE;
	}
	return domain_registry_set(&registry, argv[0], options.uri, options.uri_file);
}

const CliCommand cmd_domain_set = {
	.name = "set",
	.summary = "give a domain of Primus another URI",
	.arguments = "NAME",
	.description = "Programs go over to it at once, without a restart. Nothing is moved.\n",
	.examples = "$ selfctl domain set plant4 --primus service=primus \\\n"
				"      --uri 'host=db2 dbname=plant4 user=selfhost_gateway'\n"
				"$ selfctl domain set plant4 --primus service=primus --uri-file - < secret\n",
	.options = set_options,
	.run = run_set,
};
