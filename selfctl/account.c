/*
 * account.c: finds the user that runs the children, becomes it, and tries what it can reach.
 */
#include "account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

/* Debian and every other distribution name it so. */
#define SERVICE_USER "postgres"

static char *
copy_text(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		abort();
	return copy;
}

bool
account_find(Account *account)
{
	const struct passwd *user = getpwuid(geteuid());

	*account = (Account){0};
	if (user == NULL)
	{
		shc_error("user id %ld has no name in the system's list of users", (long) geteuid());
		return false;
	}
	account->starter = copy_text(user->pw_name);
	if (geteuid() == 0)
	{
		user = getpwnam(SERVICE_USER);
		if (user == NULL || user->pw_uid == 0)
		{
			shc_error(
				"PostgreSQL does not run as root, and there is no user \"%s\": run selfctl as "
				"an ordinary user",
				SERVICE_USER);
			return false;
		}
		account->is_other = true;
	}
	account->name = copy_text(user->pw_name);
	account->home = copy_text(user->pw_dir);
	account->uid = user->pw_uid;
	account->gid = user->pw_gid;
	return true;
}

void
account_free(Account *account)
{
	free(account->name);
	free(account->home);
	free(account->starter);
	*account = (Account){0};
}

bool
account_become(const Account *account)
{
	if (!account->is_other)
		return true;
	if (initgroups(account->name, account->gid) != 0 || setgid(account->gid) != 0 ||
		setuid(account->uid) != 0)
		return false;
	return setenv("HOME", account->home, 1) == 0 && setenv("USER", account->name, 1) == 0 &&
		   setenv("LOGNAME", account->name, 1) == 0;
}

/* The length of the first part of path that is closed to this process; 0 when none is. */
static size_t
first_closed(char *path, int access_mode)
{
	for (char *slash = path; slash != NULL; slash = strchr(slash + 1, '/'))
	{
		size_t len = slash == path ? 1 : (size_t) (slash - path);
		char saved = path[len];
		bool ok;

		path[len] = '\0';
		ok = access(path, X_OK) == 0 || errno == ENOENT;
		path[len] = saved;
		if (!ok)
			return len;
	}
	return access_mode == 0 || access(path, access_mode) == 0 ? 0 : strlen(path);
}

bool
account_reaches(const Account *account, const char *path, int access_mode, char **closed)
{
	char *copy = copy_text(path);
	size_t len = 0;
	int fds[2];
	pid_t pid;

	*closed = NULL;
	if (!account->is_other || pipe(fds) != 0)
	{
		free(copy);
		return true;
	}
	pid = fork();
	if (pid == 0)
	{
		len = account_become(account) ? first_closed(copy, access_mode) : 0;
		_exit(write(fds[1], &len, sizeof(len)) == (ssize_t) sizeof(len) ? 0 : 1);
	}
	close(fds[1]);
	if (pid < 0 || read(fds[0], &len, sizeof(len)) != (ssize_t) sizeof(len))
		len = 0;
	close(fds[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	copy[len] = '\0';
	if (len > 0)
		*closed = copy;
	else
		free(copy);
	return len == 0;
}
