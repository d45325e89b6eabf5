/*
 * leftover.c: finds processes by what the kernel says of them (working folder, command line), never
 * by a process id alone, which another program may have by now.
 */
#include "leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "signals.h"

#define POSTGRES_FAST_MS	  60000
#define POSTGRES_IMMEDIATE_MS 10000
#define SELFSERV_MS			  15000
#define SELFPWRK_MS			  20000
#define KILL_MS				  5000

/* A PostgreSQL server works in its data folder. */
static bool
is_postgres(const Stack *stack, pid_t pid)
{
	char link_path[64];
	char folder[PATH_MAX];
	ssize_t len;

	snprintf(link_path, sizeof(link_path), "/proc/%ld/cwd", (long) pid);
	len = readlink(link_path, folder, sizeof(folder) - 1);
	if (len <= 0)
		return false;
	folder[len] = '\0';
	return strcmp(folder, stack->data) == 0;
}

/* The stack's programs have their configuration among their arguments. */
static bool
is_configured_by(pid_t pid, const char *conf)
{
	char path[64];
	char text[8192];
	size_t wanted = strlen(conf) + 1;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long) pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text));
	close(fd);
	return len > 0 && memmem(text, (size_t) len, conf, wanted) != NULL;
}

static bool
is_selfserv(const Stack *stack, pid_t pid)
{
	return is_configured_by(pid, stack->selfserv_conf);
}

static bool
is_selfpwrk(const Stack *stack, pid_t pid)
{
	return is_configured_by(pid, stack->selfpwrk_conf);
}

typedef bool (*IsOurs)(const Stack *stack, pid_t pid);

/* Signals it and waits until it is gone. */
static bool
stop_process(const Stack *stack, pid_t pid, IsOurs is_ours, int signal_number, int64_t limit)
{
	int64_t end = now_ms() + limit;

	if (is_ours(stack, pid) && kill(pid, signal_number) != 0 && errno == EPERM)
		return false;
	while (is_ours(stack, pid) && now_ms() < end)
		signals_wait(50);
	return !is_ours(stack, pid);
}

static pid_t
postmaster_pid(const Stack *stack)
{
	char text[32] = "";
	FILE *file = fopen(shc_arena_printf(stack->arena, "%s/postmaster.pid", stack->data), "re");

	if (file == NULL)
		return 0;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	fclose(file);
	return (pid_t) strtol(text, NULL, 10);
}

bool
leftover_stop(const Stack *stack, bool *found)
{
	pid_t postgres = postmaster_pid(stack);
	pid_t selfserv = stack->selfserv_pid;
	pid_t selfpwrk = stack->selfpwrk_pid;
	bool ok = true;

	*found = false;
	if (selfserv > 0 && is_selfserv(stack, selfserv))
	{
		*found = true;
		shc_info("stopping a selfserv that was left over (process %ld)", (long) selfserv);
		ok = stop_process(stack, selfserv, is_selfserv, SIGTERM, SELFSERV_MS) ||
			 stop_process(stack, selfserv, is_selfserv, SIGKILL, KILL_MS);
	}
	if (selfpwrk > 0 && is_selfpwrk(stack, selfpwrk))
	{
		*found = true;
		shc_info("stopping a selfpwrk that was left over (process %ld)", (long) selfpwrk);
		ok = (stop_process(stack, selfpwrk, is_selfpwrk, SIGTERM, SELFPWRK_MS) ||
			  stop_process(stack, selfpwrk, is_selfpwrk, SIGKILL, KILL_MS)) &&
			 ok;
	}
	if (postgres > 0 && is_postgres(stack, postgres))
	{
		*found = true;
		shc_info("stopping a PostgreSQL that was left over (process %ld)", (long) postgres);
		ok = (stop_process(stack, postgres, is_postgres, SIGINT, POSTGRES_FAST_MS) ||
			  stop_process(stack, postgres, is_postgres, SIGQUIT, POSTGRES_IMMEDIATE_MS) ||
			  stop_process(stack, postgres, is_postgres, SIGKILL, KILL_MS)) &&
			 ok;
	}
	if (!ok)
		shc_error("cannot stop what an earlier selfctl has left running (processes %ld, %ld, %ld)",
				  (long) selfserv, (long) selfpwrk, (long) postgres);
	return ok;
}
