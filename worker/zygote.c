/*
 * zygote.c: the process that all runs' children are forked from.
 *
 * It has one thread and holds no secret. When the worker goes away, its socket ends, and with the
 * zygote all children end (PR_SET_PDEATHSIG).
 */
#include "zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "languages.h"
#include "log.h"
#include "sandbox.h"

typedef struct Forked
{
	pid_t pid; /* 0: free */
	int64_t serial;
} Forked;

static Forked forked[WK_MAX_CHILDREN];

/* ---- the child, until it is in the sandbox ---- */

/* Standard descriptors lead nowhere, the run's socket becomes WK_CHILD_FD, all others are closed. */
static bool
keep_only(int fd)
{
	int nothing = open("/dev/null", O_RDWR);

	if (nothing < 0 || dup2(fd, WK_CHILD_FD) < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 ||
		dup2(nothing, 2) < 0)
		return false;
	return close_range(WK_CHILD_FD + 1, ~0U, 0) == 0;
}

static _Noreturn void
become_child(const WkZygoteMessage *request, int fd, pid_t zygote)
{
	sigset_t none;

	sigemptyset(&none);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != zygote || setsid() < 0 ||
		signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_SETMASK, &none, NULL) != 0 ||
		!keep_only(fd) || !wk_sandbox_enter(request->memory, request->cpu_seconds))
		_exit(WK_CHILD_NO_SANDBOX);
	wk_child_main();
}

/* ---- requests ---- */

static void
answer(WkZygoteKind kind, const WkZygoteMessage *more, int fd)
{
	WkZygoteMessage message = *more;

	message.kind = kind;
	if (!wk_zygote_send(WK_ZYGOTE_FD, &message, fd))
		exit(0); /* nobody is there to work for */
}

static Forked *
free_place(void)
{
	for (size_t i = 0; i < WK_MAX_CHILDREN; i++)
		if (forked[i].pid == 0)
			return &forked[i];
	return NULL;
}

static void
fork_child(const WkZygoteMessage *request, int fd)
{
	WkZygoteMessage message = {.serial = request->serial};
	Forked *place = free_place();
	pid_t zygote = getpid();
	pid_t pid = -1;
	int pidfd;

	errno = EAGAIN;
	if (place != NULL && fd >= 0)
		pid = fork();
	if (pid == 0)
		become_child(request, fd, zygote);
	message.error = errno;
	if (fd >= 0)
		close(fd);
	if (pid < 0)
	{
		answer(WK_ZYGOTE_FAILED, &message, -1);
		return;
	}
	/* It cannot have been reaped yet, so the number is still this child's. */
	pidfd = (int) syscall(SYS_pidfd_open, pid, 0);
	*place = (Forked){.pid = pid, .serial = request->serial};
	message.error = 0;
	message.pid = pid;
	answer(WK_ZYGOTE_STARTED, &message, pidfd);
	if (pidfd >= 0)
		close(pidfd);
	else
		kill(pid, SIGKILL); /* nobody could end it */
}

static void
reap(void)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0)
	{
		for (size_t i = 0; i < WK_MAX_CHILDREN; i++)
		{
			WkZygoteMessage message = {.serial = forked[i].serial, .pid = pid, .status = status};

			if (forked[i].pid != pid)
				continue;
			forked[i].pid = 0;
			message.max_rss = (int64_t) usage.ru_maxrss * 1024;
			message.cpu_us = (int64_t) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
							 usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
			answer(WK_ZYGOTE_ENDED, &message, -1);
			break;
		}
	}
}

static void
serve(int signal_fd)
{
	struct pollfd entry[] = {{.fd = WK_ZYGOTE_FD, .events = POLLIN},
							 {.fd = signal_fd, .events = POLLIN}};
	struct signalfd_siginfo info;
	WkZygoteMessage request;
	int fd;

	for (;;)
	{
		if (poll(entry, 2, -1) < 0 && errno != EINTR)
			return;
		if ((entry[1].revents & POLLIN) != 0 && read(signal_fd, &info, sizeof(info)) > 0)
			reap();
		if (entry[0].revents == 0)
			continue;
		if (wk_zygote_receive(WK_ZYGOTE_FD, &request, &fd) <= 0)
			return;
		if (request.kind == WK_ZYGOTE_FORK)
			fork_child(&request, fd);
	}
}

/* ---- start ---- */

static int
open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	/* Ctrl-C reaches the whole group; the worker decides when the zygote ends. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

int
wk_zygote_main(void)
{
	WkZygoteMessage setup;
	int signal_fd = open_signals();
	int fd;

	if (signal_fd < 0 || fcntl(WK_ZYGOTE_FD, F_SETFD, FD_CLOEXEC) != 0 ||
		wk_zygote_receive(WK_ZYGOTE_FD, &setup, &fd) <= 0 || setup.kind != WK_ZYGOTE_SETUP)
	{
		shc_error(WK_ZYGOTE_ARGUMENT " is for selfpwrk's own use");
		return 2;
	}
	if (setup.uid >= 0 && !wk_sandbox_become((uid_t) setup.uid, (gid_t) setup.gid))
		return 1;
	/* Behind the change of the user, which would undo it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (!wk_languages_prepare() || !wk_sandbox_prepare())
		return 1;
	answer(WK_ZYGOTE_READY, &(WkZygoteMessage){0}, -1);
	serve(signal_fd);
	return 0;
}
