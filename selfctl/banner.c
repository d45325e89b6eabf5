/*
 * banner.c: what "selfctl up" prints when the stack is ready. Every line of it can be pasted.
 */
#include "supervisor.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* As the shell takes it: plain when it may be, else in single quotes. */
static void
print_word(const char *word)
{
	if (word[0] != '\0' &&
		strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%") ==
			strlen(word))
	{
		fputs(word, stdout);
		return;
	}
	putchar('\'');
	for (; *word != '\0'; word++)
	{
		if (*word == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*word);
	}
	putchar('\'');
}

/* selfctl itself, if the shell would not find this one by its name alone. */
static void
print_selfctl(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len > 0)
		path[len] = '\0';
	if (len <= 0 || strcmp(path, "/usr/bin/selfctl") == 0 ||
		strcmp(path, "/usr/local/bin/selfctl") == 0)
		fputs("selfctl", stdout);
	else
		print_word(path);
}

void
supervisor_print_banner(const Supervisor *supervisor)
{
	const Stack *stack = supervisor->stack;
	const Credentials *credentials = &supervisor->credentials;

	printf("\nSelf-host is running.\n\n"
		   "  URL     %s\n  domain  %s\n  token   %s\n\n"
		   "Try it:\n\n  curl -u '%s:%s' %s/v2/users/me\n\n",
		   credentials->url, credentials->domain, credentials->token, credentials->domain,
		   credentials->token, credentials->url);
	printf(
		"SQL:\n\n  psql '%s'\n\nData, logs and credentials.json are in %s\n\nTo stop it%s:\n\n  ",
		stack_conninfo(stack, stack->domain), stack->dir,
		supervisor->options->detach ? "" : ", press Ctrl-C, or run");
	print_selfctl();
	fputs(" down --dir ", stdout);
	print_word(stack->dir);
	fputs("\n\n", stdout);
	fflush(stdout);
}
