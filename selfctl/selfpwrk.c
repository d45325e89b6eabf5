/*
 * selfpwrk.c: finding, starting and stopping selfpwrk.
 */
#include "selfpwrk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "files.h"
#include "program_path.h"
#include "signals.h"

#define STOP_MS		  20000
#define MAX_ARGUMENTS (2 * CLI_LIST_MAX + 8)

bool
selfpwrk_check_settings(const CliList *settings)
{
	for (int i = 0; i < settings->n; i++)
	{
		const char *equals = strchr(settings->item[i], '=');

		if (equals == NULL || equals == settings->item[i])
		{
			fprintf(stderr, "selfctl up: --worker-set %s: must be section.key=value\n",
					settings->item[i]);
			return false;
		}
		if (strncasecmp(settings->item[i], "domainfile=", strlen("domainfile=")) == 0)
		{
			fprintf(stderr, "selfctl up: domainfile belongs to selfctl and cannot be set\n");
			return false;
		}
	}
	return true;
}

bool
selfpwrk_find(const Stack *stack, const Account *account, const char **program)
{
	const char *dir = shc_arena_printf(stack->arena, "%s/program", stack->dir);
	const char *copy = shc_arena_printf(stack->arena, "%s/selfpwrk", dir);
	char *closed;

	*program = program_path(stack->arena, "worker", "selfpwrk");
	if (*program == NULL)
		return false;
	if (account_reaches(account, *program, X_OK, &closed))
		return true;
	free(closed);
	if (!files_make_dirs(dir, 0755, 0755) || !files_copy(*program, copy, 0750, account->gid))
		return false;
	*program = copy;
	return true;
}

static void
put_arguments(const Stack *stack, const char *program, const CliList *settings, const char *further,
			  char **argv)
{
	int n = 0;

	argv[n++] = (char *) program;
	argv[n++] = "--config";
	argv[n++] = (char *) stack->selfpwrk_conf;
	for (int i = 0; i < settings->n; i++)
	{
		argv[n++] = "--set";
		argv[n++] = (char *) settings->item[i];
	}
	if (further != NULL)
		argv[n++] = (char *) further;
	argv[n] = NULL;
}

bool
selfpwrk_check(const Stack *stack, const Child *like, const char *program, const CliList *settings)
{
	Child child = {.name = like->name, .account = like->account, .log = like->log};
	char *argv[MAX_ARGUMENTS];

	put_arguments(stack, program, settings, "--check-config", argv);
	return child_run(&child, argv);
}

bool
selfpwrk_start(const Stack *stack, Child *child, const char *program, const CliList *settings)
{
	char *argv[MAX_ARGUMENTS];

	put_arguments(stack, program, settings, NULL, argv);
	return child_start(child, argv);
}

void
selfpwrk_stop(Child *child)
{
	int stops = signals_stops();
	int64_t end = now_ms() + STOP_MS;

	if (child_stop(child, SIGTERM, 0))
		return;
	/* It ends what runs too long; a second Ctrl-C does not wait for that. */
	while (!child_ended(child) && now_ms() < end && signals_stops() == stops)
		signals_wait(50);
	child_stop(child, SIGKILL, 5000);
}
