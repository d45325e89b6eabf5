/*
 * cmd_up.c: selfctl up, in the foreground or, with --detach, as a daemon that tells the command
 * when it is ready.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "daemon.h"
#include "domain.h"
#include "files.h"
#include "log.h"
#include "signals.h"
#include "supervisor.h"

#define STANDARD_PORT 8095

static UpOptions options = {.port = STANDARD_PORT};

static const CliOption up_options[] = {
	{'d', "dir", "DIR",
	 "folder of the stack; default: ./.selfhost in a source tree\n"
	 "(if the user postgres can enter it, when root),\n"
	 "else $XDG_DATA_HOME/selfhost or ~/.local/share/selfhost,\n"
	 "for root /var/lib/selfhost",
	 CLI_TEXT, &options.dir, 0, 0},
	{'p', "port", "N", "TCP port of the REST API, default 8095; 0 picks a free one", CLI_NUMBER,
	 &options.port, 0, 65535},
	{0, "domain", "NAME", "name of the domain, when the stack is made; default: test", CLI_TEXT,
	 &options.domain, 0, 0},
	{0, "set", "SECTION.KEY=VALUE",
	 "setting of this start's selfserv; may be repeated\n"
	 "(\"selfserv --keys\" lists them)",
	 CLI_LIST, &options.set, 0, 0},
	{0, "worker-set", "SECTION.KEY=VALUE",
	 "setting of this start's selfpwrk; may be repeated\n"
	 "(\"selfpwrk --keys\" lists them)",
	 CLI_LIST, &options.worker_set, 0, 0},
	{0, "postgres-set", "NAME=VALUE", "setting of this start's PostgreSQL; may be repeated",
	 CLI_LIST, &options.postgres_set, 0, 0},
	{0, "bindir", "DIR",
	 "folder of PostgreSQL's programs; default: what $PG_CONFIG\n"
	 "says, else what selfctl was built with",
	 CLI_TEXT, &options.bindir, 0, 0},
	{0, "detach", NULL, "go to the background once the stack is ready", CLI_FLAG, &options.detach,
	 0, 0},
	{.name = NULL},
};

/* ---- as a daemon ---- */

/* The daemon's end of the pipe: first its process id, then the exit code of the command. */
static void
tell_command(int fd, int number)
{
	if (write(fd, &number, sizeof(number)) != (ssize_t) sizeof(number))
		shc_warning("the command that started this is gone");
}

/* From here on there is no terminal: only the log. */
static bool
turn_to_log(const Stack *stack)
{
	int fd;

	files_rotate(stack->selfctl_log);
	fd = open(stack->selfctl_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
	{
		shc_error("cannot write %s: %s", stack->selfctl_log, strerror(errno));
		return false;
	}
	close(fd);
	shc_log_set_plain(NULL);
	shc_info("ready at %s", stack->url);
	return true;
}

static int
run_daemon(Supervisor *supervisor, int pipe_fd)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ExitCode code;

	/* Nothing that the caller had open may stay open as long as the stack runs. */
	if (pipe_fd > 3)
		close_range(3, (unsigned) pipe_fd - 1, 0);
	close_range((unsigned) pipe_fd + 1, ~0U, 0);
	if (null_fd >= 0)
		dup2(null_fd, STDIN_FILENO);
	tell_command(pipe_fd, (int) getpid());
	code = supervisor_start(supervisor);
	if (code != EXIT_CODE_OK)
	{
		tell_command(pipe_fd, (int) code);
		return (int) code;
	}
	supervisor_print_banner(supervisor);
	/* A log that cannot be opened after all the others is no reason to go down. */
	(void) turn_to_log(supervisor->stack);
	tell_command(pipe_fd, EXIT_CODE_OK);
	close(pipe_fd);
	return (int) supervisor_run(supervisor);
}

/* Waits for the daemon's news; an interrupt goes to the daemon, which then reports the end. */
static int
wait_for_daemon(int fd)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};
	int number[2] = {0, EXIT_CODE_FAILED};
	int n = 0;
	bool is_told = false;

	while (n < 2)
	{
		if (poll(&entry, 1, 100) > 0)
		{
			if (read(fd, &number[n], sizeof(number[n])) != (ssize_t) sizeof(number[n]))
			{
				shc_error("the background process has ended before the stack was ready");
				return EXIT_CODE_FAILED;
			}
			n++;
		}
		signals_wait(0);
		if (signals_stops() > 0 && n > 0 && !is_told)
			is_told = kill(number[0], SIGTERM) == 0;
	}
	return number[1];
}

static int
detach(Supervisor *supervisor)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0)
	{
		shc_error("cannot go to the background: %s", strerror(errno));
		return EXIT_CODE_FAILED;
	}
	if (pid == 0)
	{
		close(fds[0]);
		/* The second fork leaves nobody who could get a terminal again. */
		if (setsid() >= 0 && fork() == 0)
			_exit(run_daemon(supervisor, fds[1]));
		_exit(0);
	}
	close(fds[1]);
	waitpid(pid, NULL, 0);
	return wait_for_daemon(fds[0]);
}

/* ---- the command ---- */

static int
run_foreground(Supervisor *supervisor)
{
	ExitCode code = supervisor_start(supervisor);

	if (code != EXIT_CODE_OK)
		return (int) code;
	supervisor_print_banner(supervisor);
	return (int) supervisor_run(supervisor);
}

static bool
check_options(void)
{
	if (options.domain != NULL && !domain_name_is_valid(options.domain))
	{
		fprintf(stderr, "selfctl up: --domain must be 1 to 63 of a-z, 0-9, - and _, beginning with "
						"a letter, and no name of PostgreSQL's own databases\n");
		return false;
	}
	for (int i = 0; i < options.postgres_set.n; i++)
	{
		if (strchr(options.postgres_set.item[i], '=') == NULL)
		{
			fprintf(stderr, "selfctl up: --postgres-set %s: must be name=value\n",
					options.postgres_set.item[i]);
			return false;
		}
	}
	return selfserv_check_settings(&options.set) &&
		   daemon_check_settings("--worker-set", &options.worker_set);
}

/* EXIT_CODE_OK when nobody runs it; else says who. */
static ExitCode
check_not_running(Stack *stack)
{
	pid_t holder = stack_holder(stack);

	if (holder == 0)
		return EXIT_CODE_OK;
	if (holder < 0)
		return EXIT_CODE_FAILED;
	stack_read_state(stack);
	if (stack->is_ready && stack->url != NULL)
		shc_error("the stack in %s is running already at %s (process %ld)", stack->dir, stack->url,
				  (long) holder);
	else
		shc_error("the stack in %s is being started or stopped (process %ld)", stack->dir,
				  (long) holder);
	return EXIT_CODE_ALREADY_RUNNING;
}

static int
run_up(int argc, char **argv)
{
	Stack stack;
	Supervisor supervisor = {.stack = &stack, .options = &options};
	int code = EXIT_CODE_FAILED;

	(void) argc;
	(void) argv;
	if (!check_options())
		return EXIT_CODE_USAGE;
	if (stack_open(&stack, options.dir))
	{
		code = (int) check_not_running(&stack);
		if (code == EXIT_CODE_OK)
		{
			signals_block();
			code = options.detach ? detach(&supervisor) : run_foreground(&supervisor);
		}
	}
	stack_close(&stack);
	return code;
}

const CliCommand cmd_up = {
	.name = "up",
	.summary = "start a complete local Self-host",
	.description =
		"Starts PostgreSQL with a cluster of its own in DIR/data, reachable through a\n"
		"Unix socket only, selfserv on 127.0.0.1 with one domain, and selfpwrk, which runs\n"
		"its programs. At the first start it makes the cluster, the domain and a random\n"
		"token of the root user, which it prints and writes to DIR/credentials.json (mode\n"
		"0600). Later starts take seconds and keep everything.\n"
		"\n"
		"It then watches over them: a selfserv or selfpwrk that ends is started again; when\n"
		"PostgreSQL ends, everything stops. Ctrl-C or the signal TERM stops all in good\n"
		"order. Logs are in DIR/log. Several stacks run side by side in different folders with\n"
		"different ports.\n"
		"\n"
		"Root's stack runs as the user postgres, who must be able to reach DIR.\n",
	.examples =
		"$ selfctl up\n"
		"    start in the foreground; Ctrl-C stops it\n"
		"$ selfctl up --detach --dir /var/lib/selfhost\n"
		"    run in the background, data in /var/lib/selfhost\n"
		"$ selfctl up --port 0 --dir /tmp/second --domain office\n"
		"    one more beside it, on any free port\n"
		"$ selfctl up --set rate_control.maxburst=1000000 --postgres-set shared_buffers=1GB\n"
		"    with settings of selfserv and of PostgreSQL\n",
	.options = up_options,
	.run = run_up,
};
