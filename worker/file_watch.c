/*
 * file_watch.c: hears of changes of a file from the kernel.
 *
 * Folders are watched, not the file: it may be replaced by another of its name.
 */
#include "file_watch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "log.h"

static void
inotify_ready(ShcWatch *watch, uint32_t events)
{
	WkFileWatch *file_watch = (WkFileWatch *) ((char *) watch - offsetof(WkFileWatch, watch));
	char data[4096];

	(void) events;
	/* What has happened to whom does not matter: the file is looked at. */
	while (read(watch->fd, data, sizeof(data)) > 0)
		file_watch->has_changed = true;
}

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
wk_file_watch_start(WkFileWatch *watch, ShcLoop *loop, const char *path)
{
	char target[PATH_MAX];
	int fd;

	*watch = (WkFileWatch){.watch = {.fd = -1, .ready = inotify_ready}, .loop = loop};
	if (path == NULL)
		return;
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd >= 0 && add_folder_of(fd, path) && shc_loop_watch(loop, &watch->watch, fd, EPOLLIN))
	{
		if (realpath(path, target) != NULL && strcmp(target, path) != 0)
			(void) add_folder_of(fd, target);
		return;
	}
	shc_warning("cannot watch %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

void
wk_file_watch_stop(WkFileWatch *watch)
{
	int fd = watch->watch.fd;

	if (watch->loop == NULL || fd < 0)
		return;
	shc_loop_unwatch(watch->loop, &watch->watch);
	close(fd);
}
