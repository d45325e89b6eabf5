/*
 * files.c: replacing, reading, making and removing files and folders.
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

#define MAX_FILE	 65536
#define MAX_LOG_SIZE (10 * 1024 * 1024)

/* ---- paths ---- */

const char *
files_absolute(ShcArena *arena, const char *path)
{
	char cwd[PATH_MAX];
	char resolved[PATH_MAX];
	char *whole;
	char *slash;

	if (path[0] != '/' && getcwd(cwd, sizeof(cwd)) == NULL)
	{
		shc_error("cannot tell the current folder: %s", strerror(errno));
		return NULL;
	}
	whole = path[0] == '/' ? shc_arena_printf(arena, "%s", path)
						   : shc_arena_printf(arena, "%s/%s", cwd, path);
	for (size_t len = strlen(whole); len > 1 && whole[len - 1] == '/'; len--)
		whole[len - 1] = '\0';
	if (realpath(whole, resolved) != NULL)
		return shc_arena_printf(arena, "%s", resolved);
	/* Not there yet: resolve what is above it. */
	slash = strrchr(whole, '/');
	if (errno == ENOENT && slash != whole && strcmp(slash, "/..") != 0 && strcmp(slash, "/.") != 0)
	{
		const char *parent;

		*slash = '\0';
		parent = files_absolute(arena, whole);
		return parent == NULL ? NULL
							  : shc_arena_printf(arena, "%s/%s",
												 strcmp(parent, "/") == 0 ? "" : parent, slash + 1);
	}
	if (errno == ENOENT && slash == whole)
		return whole;
	shc_error("cannot reach %s: %s", whole, strerror(errno));
	return NULL;
}

const char *
files_program_dir(ShcArena *arena)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (len <= 0)
		return NULL;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL || slash == path)
		return NULL;
	*slash = '\0';
	return shc_arena_printf(arena, "%s", path);
}

bool
files_exist(const char *path)
{
	return access(path, F_OK) == 0;
}

/* ---- files ---- */

static bool
write_all(int fd, const char *text, size_t len)
{
	while (len > 0)
	{
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t) n;
	}
	return true;
}

/* The rename is durable only once the folder is. */
static void
sync_folder_of(const char *path)
{
	char folder[PATH_MAX];
	char *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		return;
	*slash = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void) fsync(fd);
	close(fd);
}

/* A new file beside path, ready to be written; -1 on failure. */
static int
open_new(const char *new_path, mode_t mode, gid_t group)
{
	int fd;

	unlink(new_path);
	fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 &&
		((group != (gid_t) -1 && fchown(fd, (uid_t) -1, group) != 0) || fchmod(fd, mode) != 0))
	{
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Puts the new file in the place of the old one, or removes it. */
static bool
finish_new(int fd, const char *new_path, const char *path, bool ok)
{
	ok = ok && fsync(fd) == 0;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(new_path, path) == 0;
	if (ok)
	{
		sync_folder_of(path);
		return true;
	}
	shc_error("cannot write %s: %s", path, strerror(errno));
	unlink(new_path);
	return false;
}

bool
files_replace(const char *path, const char *text, size_t len, mode_t mode, gid_t group)
{
	char new_path[PATH_MAX];
	int fd;

	snprintf(new_path, sizeof(new_path), "%s.new", path);
	fd = open_new(new_path, mode, group);
	return finish_new(fd, new_path, path, fd >= 0 && write_all(fd, text, len));
}

bool
files_copy(const char *from, const char *to, mode_t mode, gid_t group)
{
	char new_path[PATH_MAX];
	char block[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	bool ok = true;
	int out;

	if (in < 0)
	{
		shc_error("cannot read %s: %s", from, strerror(errno));
		return false;
	}
	snprintf(new_path, sizeof(new_path), "%s.new", to);
	out = open_new(new_path, mode, group);
	while (out >= 0 && ok && (n = read(in, block, sizeof(block))) > 0)
		ok = write_all(out, block, (size_t) n);
	close(in);
	return finish_new(out, new_path, to, out >= 0 && ok && n == 0);
}

char *
files_read(ShcArena *arena, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : shc_arena_alloc(arena, MAX_FILE + 1);
	size_t len = 0;
	ssize_t n = 0;

	while (text != NULL && len < MAX_FILE && (n = read(fd, text + len, MAX_FILE - len)) > 0)
		len += (size_t) n;
	if (fd >= 0)
		close(fd);
	if (text == NULL || n < 0)
		return NULL;
	text[len] = '\0';
	return text;
}

/* Whether the log is large; then old_path is where it goes. */
static bool
is_large(const char *path, char *old_path, size_t size, struct stat *status)
{
	if (stat(path, status) != 0 || status->st_size <= MAX_LOG_SIZE)
		return false;
	snprintf(old_path, size, "%s.1", path);
	return true;
}

void
files_rotate(const char *path)
{
	char old_path[PATH_MAX];
	struct stat status;

	if (is_large(path, old_path, sizeof(old_path), &status) && rename(path, old_path) != 0)
		shc_warning("cannot rename %s: %s", path, strerror(errno));
}

void
files_bound_log(const char *path)
{
	char old_path[PATH_MAX];
	struct stat status;

	/* Whoever writes it appends, so it goes on at the new end. */
	if (is_large(path, old_path, sizeof(old_path), &status) &&
		files_copy(path, old_path, status.st_mode & 0777, status.st_gid) && truncate(path, 0) != 0)
		shc_warning("cannot empty %s: %s", path, strerror(errno));
}

/* ---- folders ---- */

bool
files_make_dirs(const char *path, mode_t parent_mode, mode_t mode)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
	{
		*slash = '\0';
		if (mkdir(copy, parent_mode) == 0)
			(void) chmod(copy, parent_mode);
		else if (errno != EEXIST)
		{
			shc_error("cannot make the folder %s: %s", copy, strerror(errno));
			return false;
		}
		*slash = '/';
	}
	if ((mkdir(copy, mode) == 0 && chmod(copy, mode) == 0) || errno == EEXIST)
		return true;
	shc_error("cannot make the folder %s: %s", copy, strerror(errno));
	return false;
}

bool
files_dir_holds_only(const char *path, const char *const *names)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	bool ok = true;

	if (dir == NULL)
		return errno == ENOENT;
	while (ok && (entry = readdir(dir)) != NULL)
	{
		ok = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
		for (const char *const *name = names; !ok && *name != NULL; name++)
			ok = strcmp(entry->d_name, *name) == 0;
	}
	closedir(dir);
	return ok;
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void) status;
	(void) type;
	(void) ftw;
	return remove(path);
}

bool
files_remove_tree(const char *path)
{
	return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0 || errno == ENOENT;
}
