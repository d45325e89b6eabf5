/*
 * file_watch.h: hears of changes of a file from the kernel (inotify), so that nobody has to look at it
 * all the time. Loop thread only.
 */
#ifndef SH_WORKER_FILE_WATCH_H
#define SH_WORKER_FILE_WATCH_H

#include "loop.h"

typedef struct WkFileWatch
{
	ShcWatch watch;
	ShcLoop *loop;
	bool has_changed; /* something has happened in a folder of the file; the owner clears it */
} WkFileWatch;

/*
 * Watches the folder of the file and, where it is a symbolic link, that of what it leads to. path NULL:
 * nothing. Without it (logged) the owner is left with looking from time to time.
 */
extern void wk_file_watch_start(WkFileWatch *watch, ShcLoop *loop, const char *path);
extern void wk_file_watch_stop(WkFileWatch *watch);

#endif
