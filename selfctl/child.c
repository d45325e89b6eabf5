/*
 * child.c: fork and exec, and all that a child needs between the two.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "signals.h"

#define SHOWN_LOG_BYTES 2000
#define POLL_MS			50

/* ---- start ---- */

static bool
redirect(int log_fd)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0)
		return false;
	return dup2(log_fd, STDOUT_FILENO) >= 0 && dup2(log_fd, STDERR_FILENO) >= 0;
}

/* In the child. Returns only when something failed, with errno. */
static void
become_program(const Child *child, char *const *argv, int log_fd, pid_t parent)
{
	signals_reset();
	setsid();
	if (!redirect(log_fd) || (child->account != NULL && !account_become(child->account)))
		return;
	/* The folder that selfctl was called in may be closed to the new user. */
	if (chdir("/") != 0)
		return;
	/* A change of user clears this, so it comes after; selfctl may have died before it. */
	if (child->death_signal != 0)
		prctl(PR_SET_PDEATHSIG, child->death_signal);
	if (getppid() != parent)
		_exit(1);
	execv(argv[0], argv);
}

/* Forks; the pipe closes at exec, or brings the errno that prevented it. */
static bool
spawn(Child *child, char *const *argv, int log_fd)
{
	pid_t parent = getpid();
	int fds[2];
	int error = 0;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return false;
	child->pid = fork();
	if (child->pid == 0)
	{
		become_program(child, argv, log_fd, parent);
		error = errno;
		_exit(write(fds[1], &error, sizeof(error)) < 0 ? 126 : 127);
	}
	close(fds[1]);
	if (child->pid > 0 && read(fds[0], &error, sizeof(error)) == (ssize_t) sizeof(error))
		waitpid(child->pid, &child->status, 0);
	else
		error = child->pid < 0 ? errno : 0;
	close(fds[0]);
	if (error != 0)
		child->pid = 0;
	errno = error;
	return error == 0;
}

bool
child_start(Child *child, char *const *argv)
{
	int log_fd = open(child->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	bool ok;

	child->status = 0;
	if (log_fd < 0)
	{
		shc_error("cannot write %s: %s", child->log, strerror(errno));
		return false;
	}
	child->log_offset = lseek(log_fd, 0, SEEK_END);
	ok = spawn(child, argv, log_fd);
	if (!ok)
		shc_error("cannot run %s: %s", argv[0], strerror(errno));
	close(log_fd);
	return ok;
}

/* ---- end ---- */

bool
child_ended(Child *child)
{
	if (child->pid != 0 && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
		child->pid = 0;
	return child->pid == 0;
}

bool
child_stop(Child *child, int signal_number, int64_t milliseconds)
{
	int64_t end = now_ms() + milliseconds;

	if (child_ended(child))
		return true;
	if (signal_number != 0)
		kill(child->pid, signal_number);
	while (!child_ended(child) && now_ms() < end)
		signals_wait(POLL_MS);
	return child->pid == 0;
}

bool
child_run(Child *child, char *const *argv)
{
	char how[64];

	if (!child_start(child, argv))
		return false;
	while (!child_ended(child))
	{
		if (signals_stops() > 0)
		{
			child_stop(child, SIGTERM, 5000);
			child_stop(child, SIGKILL, 5000);
			shc_error("interrupted");
			return false;
		}
		signals_wait(POLL_MS);
	}
	if (child->status == 0)
		return true;
	child_describe_end(child, how, sizeof(how));
	shc_error("%s %s", child->name, how);
	child_show_log(child);
	return false;
}

void
child_describe_end(const Child *child, char *out, size_t size)
{
	if (WIFSIGNALED(child->status))
		snprintf(out, size, "was killed by signal %d", WTERMSIG(child->status));
	else
		snprintf(out, size, "exited with code %d", WEXITSTATUS(child->status));
}

/* ---- output ---- */

void
child_show_log(const Child *child)
{
	char text[SHOWN_LOG_BYTES + 1];
	int fd = open(child->log, O_RDONLY | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	/* The log may have been emptied meanwhile. */
	off_t first = child->log_offset <= end ? child->log_offset : 0;
	off_t start = end - SHOWN_LOG_BYTES > first ? end - SHOWN_LOG_BYTES : first;
	ssize_t n = fd < 0 ? -1 : pread(fd, text, SHOWN_LOG_BYTES, start);
	char *line = text;

	if (fd >= 0)
		close(fd);
	if (n > 0)
	{
		text[n] = '\0';
		/* From the middle of the log: not with half a line. */
		if (start > first && strchr(text, '\n') != NULL)
			line = strchr(text, '\n') + 1;
		for (char *next; *line != '\0'; line = next)
		{
			next = line + strcspn(line, "\n");
			fprintf(stderr, "  | %.*s\n", (int) (next - line), line);
			next += *next == '\n';
		}
	}
	shc_error("the log of %s is %s", child->name, child->log);
}

/* Runs a program; its first line of output goes to line. Returns whether it has succeeded. */
static bool
read_first_line(char *const *argv, bool quiet, char *line, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fds[2];
	int status = 0;
	pid_t pid;

	line[0] = '\0';
	if (pipe2(fds, O_CLOEXEC) != 0)
		return false;
	pid = fork();
	if (pid == 0)
	{
		int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

		signals_reset();
		if ((!quiet || dup2(null_fd, STDERR_FILENO) >= 0) && dup2(fds[1], STDOUT_FILENO) >= 0)
			execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	while (pid > 0 && len < size - 1 && (n = read(fds[0], line + len, size - 1 - len)) > 0)
		len += (size_t) n;
	close(fds[0]);
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

char *
child_first_line(char *const *argv)
{
	char line[1024];

	if (read_first_line(argv, false, line, sizeof(line)) && line[0] != '\0')
		return strdup(line);
	shc_error("cannot run %s", argv[0]);
	return NULL;
}

char *
child_first_line_if_any(char *const *argv)
{
	char line[1024];

	return strdup(read_first_line(argv, true, line, sizeof(line)) ? line : "");
}
