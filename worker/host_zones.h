/*
 * host_zones.h: time zones, out of memory: the system's compiled zone files, read once.
 */
#ifndef SH_WORKER_HOST_ZONES_H
#define SH_WORKER_HOST_ZONES_H

#include <stdbool.h>

#define WK_ZONES_FOLDER "/usr/share/zoneinfo"

/* Once, while files may still be opened. False: logged. */
extern bool wk_zones_load(const char *folder);

#endif
