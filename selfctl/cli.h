/*
 * cli.h: commands as data. A tree of commands, their options, help texts and functions; the
 * dispatcher, the help, the manual page and the completion of shells all read the same tables.
 */
#ifndef SH_SELFCTL_CLI_H
#define SH_SELFCTL_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "exit_code.h"

#define CLI_LIST_MAX 60

/* Values of an option that may be repeated; they point into argv. */
typedef struct CliList
{
	int n;
	const char *item[CLI_LIST_MAX];
} CliList;

typedef enum CliKind
{
	CLI_FLAG,	/* bool */
	CLI_TEXT,	/* const char * */
	CLI_URI,	/* the same, a connection string: its password is overwritten in argv */
	CLI_NUMBER, /* int, within min and max */
	CLI_LIST	/* CliList */
} CliKind;

typedef struct CliOption
{
	char letter; /* 0: none */
	const char *name;
	const char *argument; /* its name in the help; NULL for a flag */
	const char *help;
	CliKind kind;
	void *value; /* where the value goes */
	int min;
	int max;
} CliOption;

typedef struct CliCommand
{
	const char *name;
	const char *summary;	  /* one line, for the list of commands */
	const char *arguments;	  /* what follows the options in the usage line; NULL: nothing may */
	const char *description;  /* paragraphs, lines of at most 80 columns; may be NULL */
	const char *examples;	  /* lines; those of commands begin with "$ " */
	const CliOption *options; /* ends with a NULL name; may be NULL */
	int (*run)(int argc, char **argv);		  /* the words after the options; NULL: has commands */
	const struct CliCommand *const *commands; /* ends with NULL; NULL: none */
} CliCommand;

/* Finds the command in argv, reads its options and runs it; returns the exit code. */
extern int cli_main(const CliCommand *root, int argc, char **argv);

/* The command that a path of names means, and its full name into `name`; NULL when there is none. */
extern const CliCommand *
cli_find(const CliCommand *root, int argc, char **argv, char *name, size_t size);

/* The help of one command, the manual page and the completion of the whole tree. */
extern void cli_print_help(FILE *out, const CliCommand *command, const char *name);
extern void cli_print_man(FILE *out, const CliCommand *root, const char *version);
extern void cli_print_completion(FILE *out, const CliCommand *root);

#endif
