/*
 * language_test.c: a language for the tests only, never in the installed program: its one command says
 * what to try, past all that a real language would refuse, so that the sandbox itself is tested. It goes
 * by the name of a real one, because domains know no other names; that one is then not there.
 *
 * The code is the name of a command and its argument, on one line. A command that comes back says
 * what it got: "refused" with the errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "languages.h"

static bool
outcome(const char *what, long result, WkError *error)
{
	if (result >= 0)
		snprintf(error->text, sizeof(error->text), "%s succeeded: %ld", what, result);
	else
		snprintf(error->text, sizeof(error->text), "%s refused: %s", what, strerror(errno));
	return false;
}

static void
say(const WkTask *task, const char *text)
{
	task->host->log(task->host->context, WK_LOG_INFO, text, strlen(text));
}

/* ---- what is tried ---- */

static bool
try_loop(const WkTask *task, const char *argument, WkError *error)
{
	volatile long n = 0;

	(void) task;
	(void) argument;
	while (n >= 0)
		n++;
	return outcome("loop", 0, error);
}

/* With signals that end a process ignored, as far as that is possible. */
static bool
try_sleep(const WkTask *task, const char *argument, WkError *error)
{
	struct timespec hour = {.tv_sec = 3600};

	(void) argument;
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_IGN);
	say(task, "asleep");
	clock_nanosleep(CLOCK_MONOTONIC, 0, &hour, NULL);
	return outcome("sleep", 0, error);
}

static bool
try_memory(const WkTask *task, const char *argument, WkError *error)
{
	size_t piece = (size_t) 1 << 20;
	char text[64];
	char *last = NULL;
	long n = 0;

	(void) argument;
	for (;; n++)
	{
		char **p = malloc(piece);

		if (p == NULL)
			break;
		memset(p, 1, piece);
		*p = last; /* all of it is still in use */
		last = (char *) p;
	}
	while (last != NULL)
	{
		char *before = *(char **) last;

		free(last);
		last = before;
	}
	snprintf(text, sizeof(text), "%ld MiB", n);
	say(task, text);
	errno = ENOMEM;
	return outcome("memory", -1, error);
}

static bool
try_fork(const WkTask *task, const char *argument, WkError *error)
{
	(void) task;
	(void) argument;
	for (;;)
	{
		long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (pid < 0)
			return outcome("fork", -1, error);
	}
}

static bool
try_read(const WkTask *task, const char *argument, WkError *error)
{
	char text[256] = "";
	int fd = open(argument, O_RDONLY);

	if (fd < 0)
		return outcome("open", -1, error);
	if (read(fd, text, sizeof(text) - 1) > 0)
		say(task, text);
	return outcome("open", fd, error);
}

static bool
try_write(const WkTask *task, const char *argument, WkError *error)
{
	(void) task;
	return outcome("open", open(argument, O_WRONLY | O_CREAT, 0600), error);
}

static bool
try_exec(const WkTask *task, const char *argument, WkError *error)
{
	char *argv[] = {(char *) argument, NULL};

	(void) task;
	return outcome("exec", execve(argument, argv, argv), error);
}

static bool
try_socket(const WkTask *task, const char *argument, WkError *error)
{
	(void) task;
	(void) argument;
	return outcome("socket", socket(AF_INET, SOCK_STREAM, 0), error);
}

/* The process that forked it: a parent whose memory might be looked at. */
static bool
try_ptrace(const WkTask *task, const char *argument, WkError *error)
{
	(void) task;
	(void) argument;
	return outcome("ptrace", ptrace(PTRACE_ATTACH, 1, NULL, NULL), error);
}

static bool
try_kill(const WkTask *task, const char *argument, WkError *error)
{
	(void) task;
	(void) argument;
	return outcome("kill", kill(-1, SIGKILL), error);
}

static bool
try_limits(const WkTask *task, const char *argument, WkError *error)
{
	struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

	(void) task;
	(void) argument;
	return outcome("setrlimit", setrlimit(RLIMIT_AS, &none), error);
}

static bool
try_executable(const WkTask *task, const char *argument, WkError *error)
{
	void *p =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void) task;
	(void) argument;
	return outcome("mmap", p == MAP_FAILED ? -1 : 0, error);
}

static bool
try_log(const WkTask *task, const char *argument, WkError *error)
{
	long long left = strtoll(argument, NULL, 10);
	char line[WK_LOG_TEXT_MAX];

	(void) error;
	memset(line, 'x', sizeof(line));
	for (; left > 0; left -= (long long) sizeof(line))
		task->host->log(task->host->context, WK_LOG_INFO, line, sizeof(line));
	say(task, "the last line");
	return true;
}

static bool
try_crash(const WkTask *task, const char *argument, WkError *error)
{
	volatile uintptr_t nowhere = 8;

	(void) task;
	(void) argument;
	*(volatile char *) nowhere = 1;
	return outcome("crash", 0, error);
}

static bool
try_garbage(const WkTask *task, const char *argument, WkError *error)
{
	char junk[4096];

	(void) task;
	(void) argument;
	memset(junk, 0xee, sizeof(junk));
	for (int i = 0; i < 100; i++)
		if (write(3, junk, sizeof(junk)) < 0)
			break;
	return outcome("garbage", 0, error);
}

/* Says nothing and goes. */
static bool
try_exit(const WkTask *task, const char *argument, WkError *error)
{
	(void) task;
	(void) error;
	_exit((int) strtol(argument, NULL, 10));
}

/* "HOST PORT": connects and waits for an answer that may never come. */
static bool
try_connect(const WkTask *task, const char *argument, WkError *error)
{
	char host[128] = "";
	char data[64];
	int port = 0;
	int fd;

	if (sscanf(argument, "%127s %d", host, &port) != 2)
		return outcome("argument", -1, error);
	fd = task->host->connect(task->host->context, host, port, task->deadline, error);
	if (fd < 0)
		return false;
	say(task, "connected");
	if (fcntl(fd, F_SETFL, 0) != 0)
		return outcome("fcntl", -1, error);
	return outcome("read", recv(fd, data, sizeof(data), 0), error);
}

/* "HOST PORT PORT": is given a connection, and tries to lead it to another port of this machine. */
static bool
try_reconnect(const WkTask *task, const char *argument, WkError *error)
{
	struct sockaddr_in other = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in peer = {.sin_family = AF_INET};
	socklen_t len = sizeof(peer);
	char host[128] = "";
	int port = 0;
	int other_port = 0;
	int fd;

	if (sscanf(argument, "%127s %d %d", host, &port, &other_port) != 3)
		return outcome("argument", -1, error);
	fd = task->host->connect(task->host->context, host, port, task->deadline, error);
	if (fd < 0)
		return false;
	other.sin_port = htons((uint16_t) other_port);
	if (connect(fd, (struct sockaddr *) &(struct sockaddr){.sa_family = AF_UNSPEC},
				sizeof(struct sockaddr)) == 0 ||
		connect(fd, (struct sockaddr *) &other, sizeof(other)) == 0 ||
		getpeername(fd, (struct sockaddr *) &peer, &len) != 0)
		return outcome("reconnect", 0, error);
	say(task, peer.sin_port == htons((uint16_t) port) ? "the same peer" : "another peer");
	return true;
}

static bool
try_descriptors(const WkTask *task, const char *argument, WkError *error)
{
	char text[128];
	int n = 0;

	(void) argument;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	snprintf(text, sizeof(text), "%d descriptors", n);
	say(task, text);
	(void) error;
	return true;
}

/* Looks for a text in all memory that it can read: "TEXT". Finds itself at least in the code. */
static bool
try_environment(const WkTask *task, const char *argument, WkError *error)
{
	extern char **environ;

	for (char **p = environ; *p != NULL; p++)
		if (strstr(*p, argument) != NULL)
			return outcome("environment", 0, error);
	say(task, "not in the environment");
	return true;
}

static bool
try_hello(const WkTask *task, const char *argument, WkError *error)
{
	(void) error;
	say(task, argument);
	if (task->response != NULL)
		shc_buf_puts(&task->response->body, argument);
	return true;
}

static bool
try_call(const WkTask *task, const char *argument, WkError *error)
{
	char operation[64] = "";
	int used = 0;
	char text[512];
	WkReply reply;

	if (sscanf(argument, "%63s %n", operation, &used) != 1 ||
		!task->host->call(task->host->context, operation, argument + used, strlen(argument + used),
						  NULL, 0, &reply, error))
		return false;
	snprintf(text, sizeof(text), "%d %.400s", reply.status, reply.body != NULL ? reply.body : "");
	free(reply.body);
	say(task, text);
	return true;
}

static bool
try_module(const WkTask *task, const char *argument, WkError *error)
{
	WkModule module;

	if (!task->host->module(task->host->context, argument, -1, &module, error))
		return false;
	say(task, module.code);
	free(module.code);
	return true;
}

/* ---- the language ---- */

typedef struct Command
{
	const char *name;
	bool (*attempt)(const WkTask *task, const char *argument, WkError *error);
} Command;

static const Command commands[] = {{"call", try_call},
								   {"connect", try_connect},
								   {"crash", try_crash},
								   {"exec", try_exec},
								   {"executable", try_executable},
								   {"exit", try_exit},
								   {"fork", try_fork},
								   {"garbage", try_garbage},
								   {"hello", try_hello},
								   {"kill", try_kill},
								   {"limits", try_limits},
								   {"log", try_log},
								   {"loop", try_loop},
								   {"memory", try_memory},
								   {"module", try_module},
								   {"ptrace", try_ptrace},
								   {"read", try_read},
								   {"reconnect", try_reconnect},
								   {"sleep", try_sleep},
								   {"socket", try_socket},
								   {"write", try_write},
								   {"descriptors", try_descriptors},
								   {"environment", try_environment}};

static const Command *
find_command(const char *code, WkError *error)
{
	size_t len = strcspn(code, " \n");

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strncmp(commands[i].name, code, len) == 0 && commands[i].name[len] == '\0')
			return &commands[i];
	snprintf(error->text, sizeof(error->text), "test:1: no such command");
	error->line = 1;
	return NULL;
}

static bool
test_check(const WkSource *source, size_t memory, WkError *error)
{
	(void) memory;
	return find_command(source->code, error) != NULL;
}

static bool
test_run(const WkTask *task, WkError *error)
{
	const char *code = task->source.code;
	const Command *command = find_command(code, error);
	char argument[1024];
	size_t skip;

	if (command == NULL)
		return false;
	skip = strcspn(code, " \n");
	skip += strspn(code + skip, " ");
	snprintf(argument, sizeof(argument), "%.*s", (int) strcspn(code + skip, "\n"), code + skip);
	return command->attempt(task, argument, error);
}

const WkLanguage wk_test_language = {.name = "tengo", .check = test_check, .run = test_run};
