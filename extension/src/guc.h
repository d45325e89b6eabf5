/*
 * guc.h: the settings of the extension, selfhost.*, that administrators may change.
 */
#ifndef SH_GUC_H
#define SH_GUC_H

#include "sh_ext.h"

/* The zone of schedules that name none; empty: that of the database. */
extern char *sh_guc_schedule_timezone;

/* May the author of a revision of a program not sign it? */
extern bool sh_guc_four_eyes;

/* Fewest bytes of a part of an upload that others follow. */
extern int sh_guc_min_part_size;

/* Does the manager look after the databases of this cluster, and how many at a time? */
extern bool sh_guc_manager;
extern int sh_guc_manager_concurrency;

/* Must come after all other definitions of settings. */
extern void sh_guc_init(void);

#endif
