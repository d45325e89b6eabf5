/*
 * cmd_help.c: selfctl help, selfctl version.
 */
#include "commands.h"
#include "version.h"

static struct
{
	bool man;
	bool completion;
} options;

static const CliOption help_options[] = {
	{0, "man", NULL, "print the manual page of all commands, as troff", CLI_FLAG, &options.man, 0,
	 0},
	{0, "completion", NULL, "print the completion for bash", CLI_FLAG, &options.completion, 0, 0},
	{.name = NULL},
};

static int
run_help(int argc, char **argv)
{
	char name[256];
	const CliCommand *command;

	if (options.man)
		cli_print_man(stdout, &selfctl_root, SH_VERSION);
	else if (options.completion)
		cli_print_completion(stdout, &selfctl_root);
	if (options.man || options.completion)
		return EXIT_CODE_OK;
	command = cli_find(&selfctl_root, argc, argv, name, sizeof(name));
	if (command == NULL)
	{
		fprintf(stderr, "selfctl help: there is no such command\nTry \"selfctl --help\".\n");
		return EXIT_CODE_USAGE;
	}
	cli_print_help(stdout, command, name);
	return EXIT_CODE_OK;
}

static int
run_version(int argc, char **argv)
{
	(void) argc;
	(void) argv;
	printf("selfctl %s\n", SH_VERSION);
	return EXIT_CODE_OK;
}

const CliCommand cmd_help = {
	.name = "help",
	.summary = "explain a command",
	.arguments = "[COMMAND...]",
	.examples = "$ selfctl help up\n"
				"$ selfctl help --man | man -l -\n"
				"    read the manual page\n"
				"$ source <(selfctl help --completion)\n"
				"    complete commands and options in this shell\n",
	.options = help_options,
	.run = run_help,
};

const CliCommand cmd_version = {
	.name = "version",
	.summary = "print the version",
	.examples = "$ selfctl version\n",
	.run = run_version,
};
