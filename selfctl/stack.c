/*
 * stack.c: paths, lock and written state of a local Self-host.
 *
 * The lock is a record lock of fcntl(2), not flock(2): the kernel names the process that holds it,
 * so a stale or reused process id is never believed, and children do not inherit it. Closing any
 * descriptor of the file would release it: once locked, the file is not opened again.
 */
#include "stack.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "files.h"
#include "log.h"

#define ARENA_LIMIT ((size_t) 16 * 1024 * 1024)

/* ---- paths ---- */

/* Can the user who will run PostgreSQL enter the current folder? Not if root's home is above it. */
static bool
here_is_open(ShcArena *arena)
{
	Account account;
	char *closed = NULL;
	bool is_open;

	if (!account_find(&account))
		return true; /* the start will tell */
	is_open = account_reaches(&account, files_absolute(arena, ".selfhost"), 0, &closed);
	free(closed);
	account_free(&account);
	return is_open;
}

const char *
stack_standard_dir(ShcArena *arena)
{
	const char *program_dir = files_program_dir(arena);
	const char *data_home = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");

	if (program_dir != NULL &&
		files_exist(shc_arena_printf(arena, "%s/../extension/selfhost.control", program_dir)))
		return geteuid() != 0 || here_is_open(arena) ? ".selfhost" : "/var/lib/selfhost";
	if (data_home != NULL && data_home[0] == '/')
		return shc_arena_printf(arena, "%s/selfhost", data_home);
	/* Root's home is closed to the user that runs PostgreSQL. */
	if (geteuid() == 0 || home == NULL || home[0] != '/')
		return "/var/lib/selfhost";
	return shc_arena_printf(arena, "%s/.local/share/selfhost", home);
}

static const char *
path_in(const Stack *stack, const char *name)
{
	return shc_arena_printf(stack->arena, "%s/%s", stack->dir, name);
}

bool
stack_open(Stack *stack, const char *dir)
{
	*stack = (Stack){.lock_fd = -1};
	stack->arena = shc_arena_new(ARENA_LIMIT);
	if (stack->arena == NULL)
	{
		shc_error("out of memory");
		return false;
	}
	stack->dir = files_absolute(stack->arena, dir != NULL ? dir : stack_standard_dir(stack->arena));
	if (stack->dir == NULL)
		return false;
	stack->data = path_in(stack, "data");
	stack->new_data = path_in(stack, "data.new");
	stack->log_dir = path_in(stack, "log");
	stack->postgres_log = path_in(stack, "log/postgres.log");
	stack->selfserv_log = path_in(stack, "log/selfserv.log");
	stack->selfpwrk_log = path_in(stack, "log/selfpwrk.log");
	stack->selfctl_log = path_in(stack, "log/selfctl.log");
	stack->lock_file = path_in(stack, "selfctl.lock");
	stack->state_file = path_in(stack, "stack.json");
	stack->credentials_file = path_in(stack, "credentials.json");
	stack->postgresql_conf = path_in(stack, "postgresql.conf");
	stack->hba_file = path_in(stack, "pg_hba.conf");
	stack->ident_file = path_in(stack, "pg_ident.conf");
	stack->domain_file = path_in(stack, "domains.yaml");
	stack->selfserv_conf = path_in(stack, "selfserv.conf.yaml");
	stack->selfpwrk_conf = path_in(stack, "selfpwrk.conf.yaml");
	return true;
}

void
stack_close(Stack *stack)
{
	if (stack->lock_fd >= 0)
		close(stack->lock_fd);
	shc_arena_free(stack->arena);
	*stack = (Stack){.lock_fd = -1};
}

/* ---- lock ---- */

static struct flock
whole_file(void)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

pid_t
stack_holder(const Stack *stack)
{
	struct flock lock = whole_file();
	int fd = open(stack->lock_file, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	ok = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0;
	if (!ok)
		shc_error("cannot read %s: %s", stack->lock_file, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (!ok)
		return -1;
	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

StackLock
stack_lock(Stack *stack)
{
	struct flock lock = whole_file();
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", (long) getpid());
	int fd = open(stack->lock_file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool held;

	if (fd < 0 || fcntl(fd, F_SETLK, &lock) != 0)
	{
		held = fd >= 0 && (errno == EACCES || errno == EAGAIN);
		if (held)
			shc_error("another selfctl is starting or running the stack in %s", stack->dir);
		else
			shc_error("cannot lock %s: %s", stack->lock_file, strerror(errno));
		if (fd >= 0)
			close(fd);
		return held ? STACK_HELD : STACK_LOCK_FAILED;
	}
	stack->lock_fd = fd;
	/* For people only: programs ask the kernel. */
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t) len, 0) == len)
		return STACK_LOCKED;
	shc_error("cannot write %s: %s", stack->lock_file, strerror(errno));
	return STACK_LOCK_FAILED;
}

/* ---- stack.json and credentials.json ---- */

/* The member's text in the arena, NULL when it is absent or no text. */
static const char *
get_text(const Stack *stack, json_object *object, const char *name)
{
	json_object *value;

	if (!json_object_object_get_ex(object, name, &value) ||
		!json_object_is_type(value, json_type_string))
		return NULL;
	return shc_arena_printf(stack->arena, "%s", json_object_get_string(value));
}

static pid_t
get_pid(json_object *object, const char *name)
{
	json_object *value;

	if (!json_object_object_get_ex(object, name, &value))
		return 0;
	return (pid_t) json_object_get_int64(value);
}

/* An empty object when the file is missing or damaged. */
static json_object *
read_json(const Stack *stack, const char *path)
{
	const char *text = files_read(stack->arena, path);
	json_object *object = text == NULL ? NULL : json_tokener_parse(text);

	if (object != NULL && json_object_is_type(object, json_type_object))
		return object;
	json_object_put(object);
	return json_object_new_object();
}

static void
add_text(json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, text != NULL ? json_object_new_string(text) : NULL);
}

static void
add_pid(json_object *object, const char *name, pid_t pid)
{
	json_object_object_add(object, name, pid != 0 ? json_object_new_int64(pid) : NULL);
}

/* Writes and releases the object. */
static bool
write_json(const Stack *stack, const char *path, json_object *object)
{
	const char *json = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
																  JSON_C_TO_STRING_NOSLASHESCAPE);
	const char *text = json == NULL ? NULL : shc_arena_printf(stack->arena, "%s\n", json);
	bool ok = text != NULL && files_replace(path, text, strlen(text), 0600, (gid_t) -1);

	json_object_put(object);
	return ok;
}

void
stack_read_state(Stack *stack)
{
	json_object *object = read_json(stack, stack->state_file);
	json_object *ready;

	stack->sockets = get_text(stack, object, "sockets");
	stack->domain = get_text(stack, object, "domain");
	stack->url = get_text(stack, object, "url");
	stack->postgres_version = get_text(stack, object, "postgres_version");
	stack->extension_version = get_text(stack, object, "extension_version");
	stack->is_ready =
		json_object_object_get_ex(object, "ready", &ready) && json_object_get_boolean(ready);
	stack->selfctl_pid = get_pid(object, "selfctl");
	stack->postgres_pid = get_pid(object, "postgres");
	stack->selfserv_pid = get_pid(object, "selfserv");
	stack->selfpwrk_pid = get_pid(object, "selfpwrk");
	json_object_put(object);
}

bool
stack_write_state(const Stack *stack)
{
	json_object *object = json_object_new_object();

	add_text(object, "sockets", stack->sockets);
	add_text(object, "domain", stack->domain);
	add_text(object, "url", stack->url);
	add_text(object, "postgres_version", stack->postgres_version);
	add_text(object, "extension_version", stack->extension_version);
	json_object_object_add(object, "ready", json_object_new_boolean(stack->is_ready));
	add_pid(object, "selfctl", stack->selfctl_pid);
	add_pid(object, "postgres", stack->postgres_pid);
	add_pid(object, "selfserv", stack->selfserv_pid);
	add_pid(object, "selfpwrk", stack->selfpwrk_pid);
	return write_json(stack, stack->state_file, object);
}

bool
stack_read_credentials(const Stack *stack, Credentials *credentials)
{
	json_object *object = read_json(stack, stack->credentials_file);

	credentials->url = get_text(stack, object, "url");
	credentials->domain = get_text(stack, object, "domain");
	credentials->token = get_text(stack, object, "token");
	json_object_put(object);
	return credentials->url != NULL && credentials->domain != NULL && credentials->token != NULL;
}

bool
stack_write_credentials(const Stack *stack, const Credentials *credentials)
{
	json_object *object = json_object_new_object();

	add_text(object, "url", credentials->url);
	add_text(object, "domain", credentials->domain);
	add_text(object, "token", credentials->token);
	return write_json(stack, stack->credentials_file, object);
}

const char *
stack_conninfo(const Stack *stack, const char *database)
{
	/* The folder's name was chosen so that it needs no quoting. */
	return shc_arena_printf(stack->arena, "host=%s port=%d dbname=%s user=%s", stack->sockets,
							STACK_POSTGRES_PORT, database, STACK_OWNER);
}
