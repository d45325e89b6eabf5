/*
 * manager.h: the program manager, selfpmgr: it sees to it that every database with the extension gets
 * its manager_tick() in time.
 */
#ifndef SH_MANAGER_H
#define SH_MANAGER_H

#include "sh_ext.h"

/* Registers the launcher, where the library is preloaded. */
extern void sh_manager_init(void);

#endif
