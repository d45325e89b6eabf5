/*
 * domain_file.c: the domain file, read again whenever it has changed.
 */
#include "domain_file.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "log.h"

/* ---- watching ---- */

/* Folders are watched, not the file: it may be replaced by another of its name. */
static bool
add_folder_of(int fd, const char *path)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int) sizeof(copy))
	{
		errno = ENAMETOOLONG;
		return false;
	}
	return inotify_add_watch(fd, dirname(copy),
							 IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
								 IN_DELETE) >= 0;
}

void
shc_domain_file_open(ShcDomainFile *file, char *path)
{
	char target[PATH_MAX];
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	*file = (ShcDomainFile){.path = path, .watch_fd = fd};
	if (fd >= 0 && add_folder_of(fd, path))
	{
		if (realpath(path, target) != NULL && strcmp(target, path) != 0)
			(void) add_folder_of(fd, target);
		return;
	}
	shc_warning("cannot watch %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	file->watch_fd = -1;
}

void
shc_domain_file_close(ShcDomainFile *file)
{
	if (file->watch_fd >= 0)
		close(file->watch_fd);
	free(file->path);
	*file = (ShcDomainFile){.watch_fd = -1};
}

/* ---- reading ---- */

static bool
looks_the_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		   a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		   a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* What has happened to whom does not matter: the file is looked at in any case. */
static void
drain(int fd)
{
	char data[4096];

	while (fd >= 0 && read(fd, data, sizeof(data)) > 0)
		;
}

bool
shc_domain_file_poll(ShcDomainFile *file, ShcDomains *out)
{
	struct stat now;

	drain(file->watch_fd);
	if (stat(file->path, &now) != 0)
	{
		if (!file->is_missing)
			shc_error("cannot read the domain file %s: %s", file->path, strerror(errno));
		file->is_missing = true;
		return false;
	}
	if (!file->is_missing && looks_the_same(&file->seen, &now))
		return false;
	file->is_missing = false;
	file->seen = now;
	if (!shc_domains_read(file->path, out))
		return false;
	shc_info("%s: %d domain%s", file->path, out->n, out->n == 1 ? "" : "s");
	return true;
}
