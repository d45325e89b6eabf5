/*
 * cli.c: walks the tree of commands, reads options by getopt_long into the variables of their
 * tables, and runs the command that was named.
 */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "conninfo.h"

#define MAX_OPTIONS 32
#define HELP_LETTER 'h'

static int
usage_error(const char *name)
{
	fprintf(stderr, "Try \"%s --help\".\n", name);
	return EXIT_CODE_USAGE;
}

static const CliCommand *
find_child(const CliCommand *command, const char *name)
{
	for (const CliCommand *const *c = command->commands; c != NULL && *c != NULL; c++)
	{
		if (strcmp((*c)->name, name) == 0)
			return *c;
	}
	return NULL;
}

/* getopt's two descriptions of the options; the value of each long one is its index + 256. */
static void
describe_options(const CliCommand *command, struct option *long_options, char *letters)
{
	int n = 0;

	/* Words of a group are commands with options of their own: stop at the first. */
	if (command->run == NULL)
		*letters++ = '+';
	*letters++ = HELP_LETTER;
	long_options[n++] = (struct option){"help", no_argument, NULL, HELP_LETTER};
	for (const CliOption *o = command->options; o != NULL && o->name != NULL; o++)
	{
		int has_argument = o->argument != NULL ? required_argument : no_argument;

		if (n > MAX_OPTIONS)
			abort();
		long_options[n++] =
			(struct option){o->name, has_argument, NULL, 256 + (int) (o - command->options)};
		if (o->letter == 0)
			continue;
		*letters++ = o->letter;
		if (has_argument == required_argument)
			*letters++ = ':';
	}
	long_options[n] = (struct option){0};
	*letters = '\0';
}

static const CliOption *
option_of(const CliCommand *command, int key)
{
	if (key >= 256)
		return &command->options[key - 256];
	for (const CliOption *o = command->options; o != NULL && o->name != NULL; o++)
	{
		if (o->letter == key)
			return o;
	}
	return NULL;
}

static bool
store_number(const CliOption *option, const char *value)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || number < option->min || number > option->max)
		return false;
	*(int *) option->value = (int) number;
	return true;
}

static bool
store_option(const CliOption *option, char *value, const char *name)
{
	CliList *list;

	switch (option->kind)
	{
		case CLI_FLAG:
			*(bool *) option->value = true;
			return true;
		case CLI_TEXT:
			*(const char **) option->value = value;
			return true;
		case CLI_URI:
			*(const char **) option->value = shc_conninfo_take(value);
			return *(const char **) option->value != NULL;
		case CLI_NUMBER:
			if (store_number(option, value))
				return true;
			fprintf(stderr, "%s: --%s must be a number from %d to %d\n", name, option->name,
					option->min, option->max);
			return false;
		case CLI_LIST:
			list = option->value;
			if (list->n < CLI_LIST_MAX)
			{
				list->item[list->n++] = value;
				return true;
			}
			fprintf(stderr, "%s: too many times --%s\n", name, option->name);
			return false;
	}
	return false;
}

/* Reads the options; returns -1 to go on, else the exit code. */
static int
read_options(const CliCommand *command, const char *name, int argc, char **argv)
{
	struct option long_options[MAX_OPTIONS + 2];
	char letters[2 * MAX_OPTIONS + 4];
	int key;

	describe_options(command, long_options, letters);
	optind = 0; /* GNU: start again, another tree level may have used it */
	while ((key = getopt_long(argc, argv, letters, long_options, NULL)) != -1)
	{
		const CliOption *option;

		if (key == HELP_LETTER)
		{
			cli_print_help(stdout, command, name);
			return EXIT_CODE_OK;
		}
		option = key == '?' ? NULL : option_of(command, key);
		if (option == NULL || !store_option(option, optarg, name))
			return usage_error(name);
	}
	return -1;
}

/* Runs one level of the tree; argv[0] is the command itself. */
static int
run_command(const CliCommand *command, char *name, size_t size, int argc, char **argv)
{
	const CliCommand *child;
	size_t len = strlen(name);
	int code;

	argv[0] = name; /* getopt's messages begin with it */
	code = read_options(command, name, argc, argv);
	if (code >= 0)
		return code;
	argc -= optind;
	argv += optind;
	if (command->run != NULL)
	{
		if (argc == 0 || command->arguments != NULL)
			return command->run(argc, argv);
		fprintf(stderr, "%s: unexpected argument \"%s\"\n", name, argv[0]);
		return usage_error(name);
	}
	if (argc == 0)
	{
		cli_print_help(stderr, command, name);
		return EXIT_CODE_USAGE;
	}
	child = find_child(command, argv[0]);
	if (child == NULL)
	{
		fprintf(stderr, "%s: there is no command \"%s\"\n", name, argv[0]);
		return usage_error(name);
	}
	snprintf(name + len, size - len, " %s", child->name);
	return run_command(child, name, size, argc, argv);
}

int
cli_main(const CliCommand *root, int argc, char **argv)
{
	char name[256];

	snprintf(name, sizeof(name), "%s", root->name);
	return run_command(root, name, sizeof(name), argc, argv);
}

const CliCommand *
cli_find(const CliCommand *root, int argc, char **argv, char *name, size_t size)
{
	const CliCommand *command = root;
	size_t len = (size_t) snprintf(name, size, "%s", root->name);

	for (int i = 0; i < argc && command != NULL && len < size; i++)
	{
		command = find_child(command, argv[i]);
		if (command != NULL)
			len += (size_t) snprintf(name + len, size - len, " %s", command->name);
	}
	return command;
}
