/*
 * spawner.c: the worker's end of the zygote.
 *
 * The zygote is always executed, never only forked: so a second one, started when URIs have been
 * read long since, has none of them either.
 */
#include "spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

/* To load everything, or to end. */
#define START_LIMIT_US INT64_C(30000000)

/* To answer: a fork takes less than a millisecond. */
#define ANSWER_LIMIT_US INT64_C(10000000)

/* From one start that fails to the next. */
#define FIRST_DELAY_US INT64_C(100000)
#define MOST_DELAY_US  INT64_C(30000000)

/* The variables that the zygote may have; a password could be among the others. */
static const char *const kept_variables[] = {"PATH",		  "TZ",			  "LANG",
											 "SSL_CERT_FILE", "SSL_CERT_DIR", "ASAN_OPTIONS",
											 "UBSAN_OPTIONS", "LSAN_OPTIONS"};

#define NKEPT (sizeof(kept_variables) / sizeof(kept_variables[0]))

static void
free_environment(char **environment)
{
	for (size_t i = 0; i < NKEPT; i++)
		free(environment[i]);
}

/* Without a gap: what is not set is left out. */
static bool
make_environment(char *environment[NKEPT + 1])
{
	size_t n = 0;

	memset(environment, 0, (NKEPT + 1) * sizeof(char *));
	for (size_t i = 0; i < NKEPT; i++)
	{
		const char *value = getenv(kept_variables[i]);

		if (value != NULL && asprintf(&environment[n++], "%s=%s", kept_variables[i], value) < 0)
		{
			environment[n - 1] = NULL;
			free_environment(environment);
			return false;
		}
	}
	return true;
}

/* Executes this program again, with `socket` as descriptor 3 and nothing else. 0 or an errno. */
static int
execute(int socket, pid_t *pid)
{
	char *argv[] = {"selfpwrk", WK_ZYGOTE_ARGUMENT, NULL};
	char *environment[NKEPT + 1];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	if (!make_environment(environment))
		return ENOMEM;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_adddup2(&actions, socket, WK_ZYGOTE_FD);
	posix_spawn_file_actions_addclosefrom_np(&actions, WK_ZYGOTE_FD + 1);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	error = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free_environment(environment);
	return error;
}

/* A descriptor that is 3 already would keep its close-on-exec mark in the new program. */
static int
above_zygote_fd(int fd)
{
	int moved;

	if (fd < 0 || fd > WK_ZYGOTE_FD)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, WK_ZYGOTE_FD + 1);
	close(fd);
	return moved;
}

static void
plan_restart(WkSpawner *spawner)
{
	spawner->restart_at = shc_monotonic_us() + spawner->delay;
	spawner->delay = spawner->delay * 2 > MOST_DELAY_US ? MOST_DELAY_US : spawner->delay * 2;
}

/* Kills what is left of it and reaps it. */
static void
end_zygote(WkSpawner *spawner)
{
	int fd = spawner->watch.fd;

	shc_loop_unwatch(spawner->loop, &spawner->watch);
	if (fd >= 0)
		close(fd);
	if (spawner->pid > 0)
	{
		kill(spawner->pid, SIGKILL);
		while (waitpid(spawner->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	spawner->pid = 0;
	spawner->is_ready = false;
	spawner->unanswered = 0;
}

static void
lose(WkSpawner *spawner, const char *why)
{
	shc_error("the zygote %s: starting another; what ran has failed", why);
	end_zygote(spawner);
	plan_restart(spawner);
	spawner->events->lost(spawner->owner);
}

static void
count_answer(WkSpawner *spawner)
{
	if (spawner->unanswered > 0)
		spawner->unanswered--;
	spawner->asked_at = shc_monotonic_us();
}

static void
take_message(WkSpawner *spawner, const WkZygoteMessage *message, int fd)
{
	if (message->kind == WK_ZYGOTE_STARTED || message->kind == WK_ZYGOTE_FAILED)
		count_answer(spawner);
	switch (message->kind)
	{
		case WK_ZYGOTE_READY:
			spawner->is_ready = true;
			spawner->delay = FIRST_DELAY_US;
			spawner->events->ready(spawner->owner);
			return;
		case WK_ZYGOTE_STARTED:
			spawner->events->started(spawner->owner, message->serial, fd);
			return;
		case WK_ZYGOTE_FAILED:
			spawner->events->failed(spawner->owner, message->serial, message->error);
			return;
		case WK_ZYGOTE_ENDED:
			spawner->events->ended(spawner->owner, message);
			return;
		default:
			return;
	}
}

static void
socket_ready(ShcWatch *watch, uint32_t events)
{
	WkSpawner *spawner = (WkSpawner *) ((char *) watch - offsetof(WkSpawner, watch));
	WkZygoteMessage message;
	int fd;

	(void) events;
	while (watch->fd >= 0)
	{
		int got = wk_zygote_receive(watch->fd, &message, &fd);

		if (got > 0)
			take_message(spawner, &message, fd);
		else if (got < 0 && errno == EAGAIN)
			return;
		else
			lose(spawner, "has ended");
	}
}

static bool
launch(WkSpawner *spawner)
{
	WkZygoteMessage setup = {.kind = WK_ZYGOTE_SETUP, .uid = spawner->uid, .gid = spawner->gid};
	int pair[2] = {-1, -1};
	int error = 0;

	spawner->since = shc_monotonic_us();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		error = errno;
	pair[1] = above_zygote_fd(pair[1]);
	if (error == 0)
		error = pair[1] < 0 ? errno : execute(pair[1], &spawner->pid);
	if (pair[1] >= 0)
		close(pair[1]);
	if (error == 0 && wk_zygote_send(pair[0], &setup, -1) &&
		fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 &&
		shc_loop_watch(spawner->loop, &spawner->watch, pair[0], EPOLLIN))
		return true;
	shc_error("cannot start the zygote: %s", strerror(error != 0 ? error : errno));
	if (pair[0] >= 0)
		close(pair[0]);
	end_zygote(spawner);
	return false;
}

bool
wk_spawner_start(WkSpawner *spawner, ShcLoop *loop, int64_t uid, int64_t gid,
				 const WkSpawnerEvents *events, void *owner)
{
	*spawner = (WkSpawner){.watch = {.fd = -1, .ready = socket_ready},
						   .loop = loop,
						   .events = events,
						   .owner = owner,
						   .uid = uid,
						   .gid = gid,
						   .delay = FIRST_DELAY_US};
	return launch(spawner);
}

bool
wk_spawner_fork(WkSpawner *spawner, int64_t serial, int fd, int64_t memory, int64_t cpu_seconds)
{
	WkZygoteMessage request = {
		.kind = WK_ZYGOTE_FORK, .serial = serial, .memory = memory, .cpu_seconds = cpu_seconds};

	if (!spawner->is_ready || !wk_zygote_send(spawner->watch.fd, &request, fd))
		return false;
	if (spawner->unanswered++ == 0)
		spawner->asked_at = shc_monotonic_us();
	return true;
}

int64_t
wk_spawner_tick(WkSpawner *spawner)
{
	int64_t now = shc_monotonic_us();
	int64_t end;

	if (spawner->pid == 0 && now >= spawner->restart_at && !launch(spawner))
		plan_restart(spawner);
	if (spawner->pid == 0)
		return spawner->restart_at;
	if (spawner->is_ready && spawner->unanswered == 0)
		return INT64_MAX;
	end = spawner->is_ready ? spawner->asked_at + ANSWER_LIMIT_US : spawner->since + START_LIMIT_US;
	if (now < end)
		return end;
	lose(spawner, spawner->is_ready ? "does not answer" : "does not become ready");
	return spawner->restart_at;
}

void
wk_spawner_stop(WkSpawner *spawner)
{
	end_zygote(spawner);
}
