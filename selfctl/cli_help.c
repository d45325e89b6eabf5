/*
 * cli_help.c: prints the tables of commands: as help, as a manual page, as completion for bash.
 */
#include "cli.h"

#include <string.h>

typedef struct ExitCodeText
{
	ExitCode code;
	const char *meaning;
} ExitCodeText;

static const ExitCodeText exit_codes[] = {
	{EXIT_CODE_OK, "done; up: stopped on request; down: nothing runs any more"},
	{EXIT_CODE_FAILED, "failed; standard error says what, and which log tells more"},
	{EXIT_CODE_USAGE, "wrong command, option or value"},
	{EXIT_CODE_NOT_RUNNING, "status: the stack is not running"},
	{EXIT_CODE_ALREADY_RUNNING, "up: the stack of this folder is running already"},
	{EXIT_CODE_TIMEOUT, "down: the stack has not stopped in time"},
	{EXIT_CODE_CHILD, "up: PostgreSQL or selfserv ended for good, so everything was stopped"},
	{EXIT_CODE_LEFT_BEHIND, "migrate: done, but rows stay behind; each was told"},
	{EXIT_CODE_PROBLEM, "doctor: found a problem"},
};

#define N_EXIT_CODES (sizeof(exit_codes) / sizeof(exit_codes[0]))

static const CliOption help_option = {'h', "help", NULL, "show this help", CLI_FLAG, NULL, 0, 0};

/* ---- help ---- */

static void
print_option(FILE *out, const CliOption *option)
{
	char left[64];
	char letter[8] = "    ";

	if (option->letter != 0)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name,
			 option->argument != NULL ? " " : "", option->argument != NULL ? option->argument : "");
	fprintf(out, "  %-32s  ", left);
	/* Further lines of the text stand below the first. */
	for (const char *p = option->help; *p != '\0'; p++)
	{
		fputc(*p, out);
		if (*p == '\n')
			fprintf(out, "%36s", "");
	}
	fputc('\n', out);
}

static void
print_indented(FILE *out, const char *text)
{
	bool at_start = true;

	for (const char *p = text; *p != '\0'; p++)
	{
		if (at_start && *p != '\n')
			fputs("  ", out);
		at_start = *p == '\n';
		fputc(*p, out);
	}
}

void
cli_print_help(FILE *out, const CliCommand *command, const char *name)
{
	fprintf(out, "%s: %s\n\nUsage: %s%s%s%s\n", name, command->summary, name,
			command->commands != NULL ? " COMMAND" : " [OPTIONS]",
			command->arguments != NULL ? " " : "",
			command->arguments != NULL ? command->arguments : "");
	if (command->description != NULL)
		fprintf(out, "\n%s", command->description);
	if (command->commands != NULL)
	{
		fputs("\nCommands:\n", out);
		for (const CliCommand *const *c = command->commands; *c != NULL; c++)
			fprintf(out, "  %-11s  %s\n", (*c)->name, (*c)->summary);
		fprintf(out, "\n\"%s COMMAND --help\" tells more about one.\n", name);
	}
	fputs("\nOptions:\n", out);
	for (const CliOption *o = command->options; o != NULL && o->name != NULL; o++)
		print_option(out, o);
	print_option(out, &help_option);
	if (command->examples != NULL)
	{
		fputs("\nExamples:\n", out);
		print_indented(out, command->examples);
	}
	fputs("\nExit codes:\n", out);
	for (size_t i = 0; i < N_EXIT_CODES; i++)
		fprintf(out, "  %d  %s\n", (int) exit_codes[i].code, exit_codes[i].meaning);
}

/* ---- the manual page ---- */

static void
print_troff(FILE *out, const char *text)
{
	bool at_start = true;

	for (const char *p = text; *p != '\0'; p++)
	{
		/* A blank line is a new paragraph; a line may not begin with a control character. */
		if (at_start && *p == '\n')
		{
			fputs(".PP\n", out);
			continue;
		}
		if (at_start && (*p == '.' || *p == '\''))
			fputs("\\&", out);
		if (*p == '-' || *p == '\\')
			fputs(*p == '-' ? "\\-" : "\\e", out);
		else
			fputc(*p, out);
		at_start = *p == '\n';
	}
}

static void
print_troff_option(FILE *out, const CliOption *option)
{
	fputs(".TP\n.B ", out);
	if (option->letter != 0)
		fprintf(out, "\\-%c, ", option->letter);
	fputs("\\-\\-", out);
	print_troff(out, option->name);
	if (option->argument != NULL)
	{
		fputs(" \\fI", out);
		print_troff(out, option->argument);
		fputs("\\fR", out);
	}
	fputc('\n', out);
	print_troff(out, option->help);
	fputc('\n', out);
}

static void
print_troff_command(FILE *out, const CliCommand *command, const char *name)
{
	fprintf(out, ".SS %s%s%s%s\n", name, command->options != NULL ? " [OPTIONS]" : "",
			command->arguments != NULL ? " " : "",
			command->arguments != NULL ? command->arguments : "");
	print_troff(out, command->description != NULL ? command->description : command->summary);
	fputc('\n', out);
	for (const CliOption *o = command->options; o != NULL && o->name != NULL; o++)
		print_troff_option(out, o);
	if (command->examples != NULL)
	{
		fputs(".PP\nExamples:\n.PP\n.nf\n.RS\n", out);
		print_troff(out, command->examples);
		fputs(".RE\n.fi\n", out);
	}
}

static void
print_troff_tree(FILE *out, const CliCommand *parent, const char *parent_name)
{
	char name[256];

	for (const CliCommand *const *c = parent->commands; c != NULL && *c != NULL; c++)
	{
		snprintf(name, sizeof(name), "%s %s", parent_name, (*c)->name);
		print_troff_command(out, *c, name);
		print_troff_tree(out, *c, name);
	}
}

void
cli_print_man(FILE *out, const CliCommand *root, const char *version)
{
	fprintf(out, ".TH SELFCTL 1 \"\" \"Self-host %s\" \"Self-host for PostgreSQL\"\n", version);
	fprintf(out, ".SH NAME\n%s \\- ", root->name);
	print_troff(out, root->summary);
	fprintf(out, "\n.SH SYNOPSIS\n.B %s\n.I COMMAND\n[OPTIONS]\n.SH DESCRIPTION\n", root->name);
	if (root->description != NULL)
		print_troff(out, root->description);
	fputs(".SH COMMANDS\n", out);
	print_troff_tree(out, root, root->name);
	fputs(".SH EXIT STATUS\n", out);
	for (size_t i = 0; i < N_EXIT_CODES; i++)
	{
		fprintf(out, ".TP\n.B %d\n", (int) exit_codes[i].code);
		print_troff(out, exit_codes[i].meaning);
		fputc('\n', out);
	}
}

/* ---- completion ---- */

static void
print_completion_case(FILE *out, const CliCommand *command, const char *name)
{
	char child_name[256];

	fprintf(out, "\t\"%s\") words=\"--help", name);
	for (const CliCommand *const *c = command->commands; c != NULL && *c != NULL; c++)
		fprintf(out, " %s", (*c)->name);
	for (const CliOption *o = command->options; o != NULL && o->name != NULL; o++)
		fprintf(out, " --%s", o->name);
	fputs("\" ;;\n", out);
	for (const CliCommand *const *c = command->commands; c != NULL && *c != NULL; c++)
	{
		snprintf(child_name, sizeof(child_name), "%s %s", name, (*c)->name);
		print_completion_case(out, *c, child_name);
	}
}

/* Options whose argument is a file or folder complete to such. */
static void
print_completion_paths(FILE *out, const CliCommand *command)
{
	for (const CliOption *o = command->options; o != NULL && o->name != NULL; o++)
	{
		if (o->argument != NULL && strcmp(o->argument, "DIR") == 0)
			fprintf(out, " --%s", o->name);
	}
	for (const CliCommand *const *c = command->commands; c != NULL && *c != NULL; c++)
		print_completion_paths(out, *c);
}

void
cli_print_completion(FILE *out, const CliCommand *root)
{
	fprintf(out, "# Completion of %s for bash.\n_%s()\n{\n", root->name, root->name);
	fputs("\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
		  "\tlocal command=${COMP_WORDS[0]##*/} words=\"\" i\n"
		  "\tcase \" ",
		  out);
	print_completion_paths(out, root);
	fputs(" \" in\n\t*\" $previous \"*)\n\t\tCOMPREPLY=($(compgen -d -- \"$current\"))\n"
		  "\t\treturn\n\t\t;;\n\tesac\n"
		  "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		  "\t\t[[ ${COMP_WORDS[i]} == -* ]] && break\n"
		  "\t\tcommand+=\" ${COMP_WORDS[i]}\"\n"
		  "\tdone\n\tcase $command in\n",
		  out);
	print_completion_case(out, root, root->name);
	fprintf(out,
			"\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}\n"
			"complete -F _%s %s\n",
			root->name, root->name);
}
