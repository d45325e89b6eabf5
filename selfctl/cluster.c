/*
 * cluster.c: initdb, start and stop of PostgreSQL.
 *
 * What belongs to one start (folder of the socket, paths, --postgres-set) goes onto the command
 * line, where it wins over postgresql.conf and ALTER SYSTEM; nothing is written into data/, which
 * is of another user when selfctl runs as root.
 */
#include "cluster.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "files.h"
#include "log.h"
#include "signals.h"

#define LIBRARY			  "selfhost"

#define START_LIMIT_MS	  (10 * 60 * 1000) /* recovery after a crash may take its time */
#define PROGRESS_MS		  10000
#define STOP_FAST_MS	  60000
#define STOP_IMMEDIATE_MS 10000

/* ---- programs ---- */

const char *
cluster_bindir(const Stack *stack, const char *option)
{
	const char *pg_config = getenv("PG_CONFIG");
	const char *bindir = SELFCTL_PG_BINDIR;
	char *line;

	if (option != NULL)
		bindir = files_absolute(stack->arena, option);
	else if (pg_config != NULL && pg_config[0] != '\0')
	{
		char *argv[] = {(char *) pg_config, "--bindir", NULL};

		line = child_first_line(argv);
		bindir = line == NULL ? NULL : shc_arena_printf(stack->arena, "%s", line);
		free(line);
	}
	if (bindir == NULL)
		return NULL;
	if (files_exist(shc_arena_printf(stack->arena, "%s/postgres", bindir)) &&
		files_exist(shc_arena_printf(stack->arena, "%s/initdb", bindir)))
		return bindir;
	shc_error("PostgreSQL's programs postgres and initdb are not in %s: name their folder by "
			  "--bindir",
			  bindir);
	return NULL;
}

bool
cluster_check_version(const Stack *stack, const char *bindir)
{
	const char *path = shc_arena_printf(stack->arena, "%s/PG_VERSION", stack->data);
	char *argv[] = {shc_arena_printf(stack->arena, "%s/postgres", bindir), "--version", NULL};
	const char *data_version = files_read(stack->arena, path);
	const char *number;
	char *line;
	int len;
	bool ok;

	if (data_version == NULL && errno == EACCES)
	{
		shc_error("cannot read %s: run selfctl as the user who made this stack", path);
		return false;
	}
	line = child_first_line(argv);
	if (line == NULL)
		return false;
	/* "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)" */
	number = strstr(line, ") ");
	number = number == NULL ? "" : number + 2;
	len = (int) strspn(number, "0123456789");
	ok = data_version == NULL || (len > 0 && (int) strspn(data_version, "0123456789") == len &&
								  strncmp(data_version, number, (size_t) len) == 0);
	if (!ok)
		shc_error("the data in %s was made by PostgreSQL %.*s, but %s holds version %.*s: start it "
				  "with --bindir of the old version, or bring the data over by pg_upgrade",
				  stack->data, (int) strcspn(data_version, "\n"), data_version, bindir, len,
				  number);
	free(line);
	return ok;
}

/* ---- the folder of the socket ---- */

/* Short enough for a socket, and without characters that lists, conninfo and YAML would quote. */
static bool
is_usable_socket_dir(const char *path)
{
	char name[32];
	int len = snprintf(name, sizeof(name), "/.s.PGSQL.%d", STACK_POSTGRES_PORT);

	return strlen(path) + (size_t) len < sizeof(((struct sockaddr_un *) 0)->sun_path) &&
		   strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+") ==
			   strlen(path);
}

static bool
make_private(const char *path, const Account *account)
{
	if ((!account->is_other || lchown(path, account->uid, account->gid) == 0) &&
		chmod(path, 0700) == 0)
		return true;
	shc_error("cannot give %s to the user %s: %s", path, account->name, strerror(errno));
	return false;
}

bool
cluster_make_sockets(Stack *stack, const Account *account)
{
	const char *runtime_dir = account->is_other ? NULL : getenv("XDG_RUNTIME_DIR");
	char *path = shc_arena_printf(stack->arena, "%s/run", stack->dir);

	if (is_usable_socket_dir(path))
	{
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
		{
			shc_error("cannot make the folder %s: %s", path, strerror(errno));
			return false;
		}
		stack->sockets = path;
		return make_private(path, account);
	}
	if (runtime_dir == NULL || !is_usable_socket_dir(runtime_dir) || access(runtime_dir, W_OK) != 0)
		runtime_dir = "/tmp";
	path = shc_arena_printf(stack->arena, "%s/selfhost-XXXXXX", runtime_dir);
	if (!is_usable_socket_dir(path) || mkdtemp(path) == NULL)
	{
		shc_error("cannot make a folder for the socket in %s: %s", runtime_dir, strerror(errno));
		return false;
	}
	stack->sockets = path;
	return make_private(path, account);
}

void
cluster_remove_sockets(const Stack *stack, const Account *account)
{
	struct stat status;

	/* One in /tmp, of a run that was killed, may be somebody else's by now. */
	if (stack->sockets == NULL || lstat(stack->sockets, &status) != 0 || !S_ISDIR(status.st_mode) ||
		status.st_uid != account->uid)
		return;
	/* After an orderly stop they are gone already. */
	unlink(shc_arena_printf(stack->arena, "%s/.s.PGSQL.%d", stack->sockets, STACK_POSTGRES_PORT));
	unlink(
		shc_arena_printf(stack->arena, "%s/.s.PGSQL.%d.lock", stack->sockets, STACK_POSTGRES_PORT));
	rmdir(stack->sockets);
}

/* ---- creation ---- */

/* The folder above is ours, what is within is the account's: each removes its own. */
static bool
remove_unfinished(const Stack *stack, const Account *account)
{
	Child rm = {.name = "rm", .account = account, .log = stack->postgres_log};
	char *argv[] = {"/bin/rm", "-rf", "--", (char *) stack->new_data, NULL};

	if (!files_exist(stack->new_data))
		return true;
	if (!account->is_other)
		return files_remove_tree(stack->new_data);
	/* It cannot remove the folder itself, which is what rm then complains about. */
	if (child_start(&rm, argv))
		child_stop(&rm, 0, 60000);
	if (rmdir(stack->new_data) == 0)
		return true;
	shc_error("cannot remove %s: %s", stack->new_data, strerror(errno));
	return false;
}

bool
cluster_create(const Stack *stack, const Account *account, const char *bindir, bool *created)
{
	Child initdb = {.name = "initdb", .account = account, .log = stack->postgres_log};
	bool has_utf8 = setlocale(LC_ALL, "C.UTF-8") != NULL;
	char *argv[] = {
		shc_arena_printf(stack->arena, "%s/initdb", bindir),
		"-D",
		(char *) stack->new_data,
		"-U",
		STACK_OWNER,
		"--encoding=UTF8",
		has_utf8 ? "--locale=C.UTF-8" : "--locale=C",
		"--data-checksums",
		"--auth=peer",
		NULL,
	};

	setlocale(LC_ALL, "C");
	*created = false;
	if (!remove_unfinished(stack, account))
		return false;
	if (files_exist(stack->data))
		return true;
	shc_info("creating the PostgreSQL cluster in %s", stack->data);
	if (mkdir(stack->new_data, 0700) != 0)
	{
		shc_error("cannot make the folder %s: %s", stack->new_data, strerror(errno));
		return false;
	}
	if (!make_private(stack->new_data, account) || !child_run(&initdb, argv))
	{
		remove_unfinished(stack, account);
		return false;
	}
	*created = rename(stack->new_data, stack->data) == 0;
	if (!*created)
		shc_error("cannot rename %s: %s", stack->new_data, strerror(errno));
	return *created;
}

/* ---- running ---- */

static char *
setting(const Stack *stack, const char *name, const char *value)
{
	return shc_arena_printf(stack->arena, "%s=%s", name, value);
}

/* In line 8 of postmaster.pid the server tells how far it is. */
static bool
is_ready(const char *pid_file, const Child *child)
{
	char text[4096];
	FILE *file = fopen(pid_file, "re");
	char *line = text;
	size_t len;

	if (file == NULL)
		return false;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	if (strtol(text, NULL, 10) != child->pid)
		return false;
	for (int i = 1; i < 8 && line != NULL; i++)
	{
		line = strchr(line, '\n');
		line = line == NULL ? NULL : line + 1;
	}
	return line != NULL && strncmp(line, "ready", 5) == 0;
}

static bool
wait_until_ready(const Stack *stack, Child *child)
{
	const char *pid_file = shc_arena_printf(stack->arena, "%s/postmaster.pid", stack->data);
	int64_t start = now_ms();
	int64_t told = start;
	char how[64];

	while (signals_stops() == 0)
	{
		if (child_ended(child))
		{
			child_describe_end(child, how, sizeof(how));
			shc_error("PostgreSQL did not start: it %s", how);
			child_show_log(child);
			return false;
		}
		if (is_ready(pid_file, child))
			return true;
		if (now_ms() - start > START_LIMIT_MS)
		{
			shc_error("PostgreSQL takes no connections after ten minutes");
			child_show_log(child);
			return false;
		}
		if (now_ms() - told > PROGRESS_MS)
		{
			shc_info("PostgreSQL is still starting (its log is %s)", child->log);
			told = now_ms();
		}
		signals_wait(20);
	}
	shc_error("interrupted");
	return false;
}

/* Is this library one of a list, "one, two"? */
static bool
lists_library(const char *list, const char *library)
{
	size_t len = strlen(library);

	for (const char *at = list; (at = strstr(at, library)) != NULL; at += len)
	{
		if ((at == list || strchr(", '\"/", at[-1]) != NULL) &&
			(at[len] == '\0' || strchr(", '\".", at[len]) != NULL))
			return true;
	}
	return false;
}

/* The manager of programs runs in PostgreSQL: its library comes to those that the settings name. */
static char *
libraries(const Stack *stack, const char *bindir, const CliList *settings)
{
	char *argv[2 * CLI_LIST_MAX + 8];
	int n = 0;
	char *line;
	char *list;

	argv[n++] = shc_arena_printf(stack->arena, "%s/postgres", bindir);
	argv[n++] = "-C";
	argv[n++] = "shared_preload_libraries";
	argv[n++] = "-D";
	argv[n++] = (char *) stack->data;
	for (int i = 0; i < settings->n; i++)
	{
		argv[n++] = "-c";
		argv[n++] = (char *) settings->item[i];
	}
	argv[n++] = "-c";
	argv[n++] = setting(stack, "config_file", stack->postgresql_conf);
	argv[n] = NULL;
	/* A setting that is wrong is told by the server itself, when it starts. */
	line = child_first_line_if_any(argv);
	if (line == NULL || line[0] == '\0')
		list = LIBRARY;
	else if (lists_library(line, LIBRARY))
		list = shc_arena_printf(stack->arena, "%s", line);
	else
		list = shc_arena_printf(stack->arena, "%s, %s", line, LIBRARY);
	free(line);
	return list;
}

bool
cluster_start(const Stack *stack, Child *child, const char *bindir, const CliList *settings)
{
	char *argv[2 * CLI_LIST_MAX + 32];
	int n = 0;
	char *const fixed[] = {
		setting(stack, "config_file", stack->postgresql_conf),
		setting(stack, "hba_file", stack->hba_file),
		setting(stack, "ident_file", stack->ident_file),
		setting(stack, "unix_socket_directories", stack->sockets),
		setting(stack, "unix_socket_permissions", "0700"),
		setting(stack, "listen_addresses", ""),
		shc_arena_printf(stack->arena, "port=%d", STACK_POSTGRES_PORT),
		setting(stack, "logging_collector", "off"),
		setting(stack, "log_destination", "stderr"),
		setting(stack, "shared_preload_libraries", libraries(stack, bindir, settings)),
	};

	argv[n++] = shc_arena_printf(stack->arena, "%s/postgres", bindir);
	argv[n++] = "-D";
	argv[n++] = (char *) stack->data;
	for (int i = 0; i < settings->n; i++)
	{
		argv[n++] = "-c";
		argv[n++] = (char *) settings->item[i];
	}
	/* After the user's, so that these win. */
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
	{
		argv[n++] = "-c";
		argv[n++] = fixed[i];
	}
	argv[n] = NULL;
	return child_start(child, argv) && wait_until_ready(stack, child);
}

void
cluster_stop(Child *child)
{
	if (child_stop(child, SIGINT, STOP_FAST_MS))
		return;
	shc_warning("PostgreSQL takes long to stop: stopping it at once");
	if (child_stop(child, SIGQUIT, STOP_IMMEDIATE_MS) || child_stop(child, SIGKILL, 5000))
		return;
	shc_error("PostgreSQL does not end (process %ld)", (long) child->pid);
}
