/*
 * host_zones.h: time zones, out of memory: the system's compiled zone files (RFC 8536), read once.
 */
#ifndef SH_WORKER_HOST_ZONES_H
#define SH_WORKER_HOST_ZONES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WK_ZONES_FOLDER "/usr/share/zoneinfo"

/* Once, while files may still be opened; about a megabyte. False: logged. */
extern bool wk_zones_load(const char *folder);
extern void wk_zones_free(void);

/* The zone's index, by its IANA name in any letter case; -1: there is no such zone. */
extern int wk_zone_find(const char *name, size_t len);

extern const char *wk_zone_name(int zone);

/* What holds in a zone at a time: seconds east of UTC, and the abbreviation (CET). */
extern void wk_zone_at(int zone, int64_t seconds, int32_t *offset, char abbreviation[14]);

#endif
