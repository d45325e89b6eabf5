/*
 * daemon.c: settings, start and stop of selfserv and selfpwrk.
 */
#include "daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "files.h"
#include "signals.h"

#define MAX_ARGUMENTS (2 * CLI_LIST_MAX + 8)

const char *
daemon_setting(const CliList *settings, const char *key)
{
	size_t len = strlen(key);

	for (int i = settings->n - 1; i >= 0; i--)
	{
		if (strncasecmp(settings->item[i], key, len) == 0 && settings->item[i][len] == '=')
			return settings->item[i] + len + 1;
	}
	return NULL;
}

bool
daemon_check_settings(const char *option, const CliList *settings)
{
	for (int i = 0; i < settings->n; i++)
	{
		const char *equals = strchr(settings->item[i], '=');

		if (equals == NULL || equals == settings->item[i])
		{
			fprintf(stderr, "selfctl up: %s %s: must be section.key=value\n", option,
					settings->item[i]);
			return false;
		}
	}
	if (daemon_setting(settings, "domainfile") == NULL)
		return true;
	fprintf(stderr, "selfctl up: domainfile belongs to selfctl and cannot be set\n");
	return false;
}

bool
daemon_reaches(const Account *account, const char *path, int access_mode)
{
	char *closed;

	if (path == NULL || account_reaches(account, path, access_mode, &closed))
		return true;
	free(closed);
	return false;
}

/* further: one more argument, or NULL. */
static void
put_arguments(const char *program, const char *config, const CliList *settings, const char *further,
			  char **argv)
{
	int n = 0;

	argv[n++] = (char *) program;
	argv[n++] = "--config";
	argv[n++] = (char *) config;
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
daemon_check(const Child *like, const char *program, const char *config, const CliList *settings)
{
	Child child = {.name = like->name, .account = like->account, .log = like->log};
	char *argv[MAX_ARGUMENTS];

	put_arguments(program, config, settings, "--check-config", argv);
	return child_run(&child, argv);
}

bool
daemon_start(Child *child, const char *program, const char *config, const CliList *settings)
{
	char *argv[MAX_ARGUMENTS];

	put_arguments(program, config, settings, NULL, argv);
	return child_start(child, argv);
}

void
daemon_stop(Child *child, int64_t milliseconds)
{
	int stops = signals_stops();
	int64_t end = now_ms() + milliseconds;

	if (child_stop(child, SIGTERM, 0))
		return;
	while (!child_ended(child) && now_ms() < end && signals_stops() == stops)
		signals_wait(50);
	child_stop(child, SIGKILL, 5000);
}
