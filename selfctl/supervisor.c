/*
 * supervisor.c: the life of a stack, from the locked folder to the last child's end.
 */
#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster.h"
#include "daemon.h"
#include "domain.h"
#include "files.h"
#include "leftover.h"
#include "log.h"
#include "settings.h"
#include "signals.h"

/* selfserv may fail five times within a minute, each time a little later. */
#define MAX_FAILURES	  5
#define FAILURE_WINDOW_MS 60000
#define FIRST_RESTART_MS  100
#define LOOK_MS			  60000

/* Longer than their own time-outs for what they finish. */
#define SELFSERV_STOP_MS 15000
#define SELFPWRK_STOP_MS 20000

/* selfpwrk is tried again and again, later and later: without it all but programs works. */
#define LAST_RESTART_MS 60000

/* ---- the folder ---- */

static bool
check_folder_is_ours(const Stack *stack)
{
	static const char *const harmless[] = {"lost+found", NULL};
	struct stat status;

	if (stat(stack->dir, &status) != 0)
		return true;
	if (!S_ISDIR(status.st_mode))
		shc_error("%s is not a folder", stack->dir);
	else if (status.st_uid != geteuid())
		shc_error("the folder %s belongs to another user: run selfctl as that user, or choose "
				  "another folder by --dir",
				  stack->dir);
	else if (!files_exist(stack->lock_file) && !files_dir_holds_only(stack->dir, harmless))
		shc_error("the folder %s is not empty, and no Self-host is in it: choose another by --dir",
				  stack->dir);
	else
		return true;
	return false;
}

/* The account must reach the data; the folder itself can be opened to it, those above cannot. */
static bool
open_folder_to(const Account *account, const Stack *stack)
{
	struct stat status;

	return !account->is_other ||
		   (chown(stack->dir, (uid_t) -1, account->gid) == 0 && stat(stack->dir, &status) == 0 &&
			chmod(stack->dir, (status.st_mode & 07777) | 0050) == 0 &&
			chown(stack->log_dir, (uid_t) -1, account->gid) == 0);
}

static bool
prepare_folder(const Stack *stack, const Account *account)
{
	char *closed;

	if (!check_folder_is_ours(stack))
		return false;
	if (!account_reaches(account, stack->dir, 0, &closed))
	{
		shc_error(
			"PostgreSQL will run as the user %s, who cannot enter %s: choose a folder that this "
			"user can reach, as in: selfctl up --dir /var/lib/selfhost\n"
			"(or: make run UP=\"--dir /var/lib/selfhost\")",
			account->name, closed);
		free(closed);
		return false;
	}
	if (!files_make_dirs(stack->dir, account->is_other ? 0755 : 0700, 0700) ||
		!files_make_dirs(stack->log_dir, 0700, 0750))
		return false;
	if (open_folder_to(account, stack))
		return true;
	shc_error("cannot open %s to the user %s: %s", stack->dir, account->name, strerror(errno));
	return false;
}

/* ---- start ---- */

/* A stack has one domain, named when it was made. */
static bool
choose_domain(Stack *stack, const UpOptions *options)
{
	Credentials credentials;
	const char *made = stack->domain;
	const char *wanted;

	if (made == NULL && stack_read_credentials(stack, &credentials))
		made = credentials.domain;
	if (!files_exist(stack->data))
		made = NULL;
	wanted = options->domain != NULL ? options->domain : made;
	if (made != NULL && strcmp(made, wanted) != 0)
	{
		shc_error("the domain of the stack in %s is \"%s\", not \"%s\"", stack->dir, made, wanted);
		return false;
	}
	stack->domain = wanted != NULL ? wanted : STACK_STANDARD_DOMAIN;
	return true;
}

static bool
take_folder(Supervisor *s)
{
	Stack *stack = s->stack;
	StackLock lock;
	bool found;

	if (!prepare_folder(stack, &s->account))
		return false;
	lock = stack_lock(stack);
	if (lock == STACK_HELD)
		s->failure = EXIT_CODE_ALREADY_RUNNING;
	if (lock != STACK_LOCKED)
		return false;
	stack_read_state(stack);
	if (!choose_domain(stack, s->options) || !leftover_stop(stack, &found))
		return false;
	cluster_remove_sockets(stack, &s->account);
	stack->sockets = NULL;
	stack->is_ready = false;
	stack->selfctl_pid = getpid();
	stack->postgres_pid = stack->selfserv_pid = stack->selfpwrk_pid = 0;
	files_rotate(stack->postgres_log);
	files_rotate(stack->selfserv_log);
	files_rotate(stack->selfpwrk_log);
	return stack_write_state(stack);
}

static bool
write_settings(Supervisor *s)
{
	Stack *stack = s->stack;

	if (!selfserv_find(stack, &s->account, &s->selfserv) ||
		!selfpwrk_find(stack, &s->account, &s->selfpwrk) ||
		!selfserv_choose_port(stack, &s->selfserv, &s->options->set, s->options->port) ||
		!cluster_make_sockets(stack, &s->account))
		return false;
	stack->url = selfserv_url(stack, &s->selfserv);
	return settings_write_postgres(stack, &s->account) &&
		   settings_write_selfserv(stack, &s->account, s->selfserv.port, s->selfserv.openapi,
								   s->selfserv.page) &&
		   settings_write_selfpwrk(stack, &s->account) && stack_write_state(stack) &&
		   daemon_check(&s->selfserv_child, s->selfserv.program, stack->selfserv_conf,
						&s->options->set) &&
		   daemon_check(&s->selfpwrk_child, s->selfpwrk, stack->selfpwrk_conf,
						&s->options->worker_set);
}

static bool
start_postgres(Supervisor *s, bool *created)
{
	Stack *stack = s->stack;

	if (!cluster_create(stack, &s->account, s->bindir, created))
		return false;
	shc_info("starting PostgreSQL");
	if (!cluster_start(stack, &s->postgres_child, s->bindir, &s->options->postgres_set))
		return false;
	stack->postgres_pid = s->postgres_child.pid;
	return stack_write_state(stack);
}

/* The token is written down before anything else can fail. */
static bool
prepare_domain(Supervisor *s, bool created)
{
	Stack *stack = s->stack;
	Credentials *credentials = &s->credentials;
	bool known = stack_read_credentials(stack, credentials) && !created &&
				 strcmp(credentials->domain, stack->domain) == 0;

	if (!domain_prepare(stack, known ? NULL : &credentials->token))
		return false;
	credentials->domain = stack->domain;
	credentials->url = stack->url;
	return stack_write_credentials(stack, credentials);
}

static bool
start_selfserv(Supervisor *s)
{
	if (!daemon_start(&s->selfserv_child, s->selfserv.program, s->stack->selfserv_conf,
					  &s->options->set))
		return false;
	s->stack->selfserv_pid = s->selfserv_child.pid;
	return stack_write_state(s->stack);
}

static bool
start_selfpwrk(Supervisor *s)
{
	if (!daemon_start(&s->selfpwrk_child, s->selfpwrk, s->stack->selfpwrk_conf,
					  &s->options->worker_set))
		return false;
	s->selfpwrk_since = now_ms();
	s->stack->selfpwrk_pid = s->selfpwrk_child.pid;
	return stack_write_state(s->stack);
}

static void
stop_everything(Supervisor *s)
{
	Stack *stack = s->stack;

	/* Whoever waits for a program over HTTP still gets its answer. */
	daemon_stop(&s->selfserv_child, SELFSERV_STOP_MS);
	daemon_stop(&s->selfpwrk_child, SELFPWRK_STOP_MS);
	cluster_stop(&s->postgres_child);
	/* Unless the folder was taken, everything written there is another one's. */
	if (stack->lock_fd < 0 || stack->selfctl_pid != getpid())
		return;
	cluster_remove_sockets(stack, &s->account);
	stack->sockets = NULL;
	stack->is_ready = false;
	stack->selfctl_pid = stack->postgres_pid = stack->selfserv_pid = stack->selfpwrk_pid = 0;
	(void) stack_write_state(stack);
}

static void
forget_environment(void)
{
	extern char **environ;

	/* libpq and PostgreSQL read many variables PG…; none of the caller's may change the stack. */
	for (char **variable = environ; *variable != NULL;)
	{
		char name[128];
		size_t len = strcspn(*variable, "=");

		if (strncmp(*variable, "PG", 2) != 0 || len >= sizeof(name))
		{
			variable++;
			continue;
		}
		memcpy(name, *variable, len);
		name[len] = '\0';
		unsetenv(name);
		variable = environ;
	}
}

ExitCode
supervisor_start(Supervisor *s)
{
	Stack *stack = s->stack;
	bool created;

	umask(027);
	s->failure = EXIT_CODE_FAILED;
	s->postgres_child = (Child){.name = "PostgreSQL",
								.account = &s->account,
								.log = stack->postgres_log,
								.death_signal = SIGINT};
	s->selfserv_child = (Child){.name = "selfserv",
								.account = &s->account,
								.log = stack->selfserv_log,
								.death_signal = SIGTERM};
	s->selfpwrk_child = (Child){.name = "selfpwrk",
								.account = &s->account,
								.log = stack->selfpwrk_log,
								.death_signal = SIGTERM};
	s->selfpwrk_delay = FIRST_RESTART_MS;
	s->bindir = cluster_bindir(stack, s->options->bindir);
	forget_environment();
	if (s->bindir != NULL && account_find(&s->account) && cluster_check_version(stack, s->bindir) &&
		take_folder(s) && write_settings(s) && start_postgres(s, &created) &&
		prepare_domain(s, created) && start_selfserv(s) &&
		selfserv_wait(&s->selfserv_child, &s->selfserv) && start_selfpwrk(s))
	{
		stack->is_ready = true;
		if (stack_write_state(stack))
			return EXIT_CODE_OK;
	}
	if (s->failure == EXIT_CODE_FAILED)
		shc_error("Self-host did not start");
	stop_everything(s);
	account_free(&s->account);
	return s->failure;
}

/* ---- running ---- */

static void
bound_logs(const Stack *stack, bool detached)
{
	files_bound_log(stack->postgres_log);
	files_bound_log(stack->selfserv_log);
	files_bound_log(stack->selfpwrk_log);
	if (detached)
		files_bound_log(stack->selfctl_log);
}

/* Notes that selfserv has ended and when it is to be started again; false: too often. */
static bool
plan_restart(Supervisor *s)
{
	int64_t now = now_ms();
	int64_t delay = FIRST_RESTART_MS;
	int recent = 0;
	char how[64];

	s->failures[s->nfailures++ % (MAX_FAILURES + 1)] = now;
	for (int i = 0; i < MAX_FAILURES + 1 && i < s->nfailures; i++)
		recent += now - s->failures[i] < FAILURE_WINDOW_MS;
	child_describe_end(&s->selfserv_child, how, sizeof(how));
	s->stack->selfserv_pid = 0;
	(void) stack_write_state(s->stack);
	if (recent > MAX_FAILURES)
	{
		shc_error("selfserv %s, more than %d times within a minute: giving up", how, MAX_FAILURES);
		child_show_log(&s->selfserv_child);
		return false;
	}
	for (int i = 1; i < recent; i++)
		delay *= 2;
	shc_warning("selfserv %s: starting it again in %d ms", how, (int) delay);
	s->restart_at = now + delay;
	return true;
}

static bool
check_selfserv(Supervisor *s)
{
	if (s->restart_at == 0)
		return !child_ended(&s->selfserv_child) || plan_restart(s);
	if (now_ms() < s->restart_at)
		return true;
	s->restart_at = 0;
	return start_selfserv(s);
}

static bool
check_selfpwrk(Supervisor *s)
{
	char how[64];

	if (s->selfpwrk_at == 0 ? !child_ended(&s->selfpwrk_child) : now_ms() < s->selfpwrk_at)
		return true;
	if (s->selfpwrk_at != 0)
	{
		s->selfpwrk_at = 0;
		return start_selfpwrk(s);
	}
	/* After a minute without failure it begins anew. */
	if (now_ms() - s->selfpwrk_since > FAILURE_WINDOW_MS)
		s->selfpwrk_delay = FIRST_RESTART_MS;
	child_describe_end(&s->selfpwrk_child, how, sizeof(how));
	shc_warning("selfpwrk %s: starting it again in %d ms", how, (int) s->selfpwrk_delay);
	s->selfpwrk_at = now_ms() + s->selfpwrk_delay;
	s->selfpwrk_delay *= 2;
	if (s->selfpwrk_delay > LAST_RESTART_MS)
		s->selfpwrk_delay = LAST_RESTART_MS;
	s->stack->selfpwrk_pid = 0;
	return stack_write_state(s->stack);
}

/* Until a child is to be started again, or all is to be looked at. */
static int64_t
next_look(const Supervisor *s)
{
	int64_t now = now_ms();
	int64_t wait = s->restart_at == 0 ? LOOK_MS : s->restart_at - now;

	if (s->selfpwrk_at != 0 && s->selfpwrk_at - now < wait)
		wait = s->selfpwrk_at - now;
	return wait > 0 ? wait : 0;
}

ExitCode
supervisor_run(Supervisor *s)
{
	ExitCode code = EXIT_CODE_OK;
	char how[64];

	while (code == EXIT_CODE_OK && signals_stops() == 0)
	{
		if (child_ended(&s->postgres_child))
		{
			child_describe_end(&s->postgres_child, how, sizeof(how));
			shc_error("PostgreSQL %s: stopping everything", how);
			child_show_log(&s->postgres_child);
			code = EXIT_CODE_CHILD;
		}
		else if (!check_selfserv(s) || !check_selfpwrk(s))
			code = EXIT_CODE_CHILD;
		else
		{
			bound_logs(s->stack, s->options->detach);
			signals_wait(next_look(s));
		}
	}
	if (code == EXIT_CODE_OK)
		shc_info("stopping");
	stop_everything(s);
	if (code == EXIT_CODE_OK)
		shc_info("stopped");
	account_free(&s->account);
	return code;
}
