/*
 * manager.h: the program manager, selfpmgr: it sees to it that every database with the extension gets
 * its manager_tick() in time.
 */
#ifndef SH_MANAGER_H
#define SH_MANAGER_H

#include "sh_ext.h"

/* As application_name, and type of the processes in pg_stat_activity. */
#define SH_MANAGER_NAME "selfpmgr"

/* Once for each process; registers the launcher where the library is preloaded. */
extern void sh_manager_init(void);

/* Has wake-ups wait for the end of the transaction (manager_sql.c). */
extern void sh_manager_sql_init(void);

/* The processes. */
extern PGDLLEXPORT void sh_manager_main(Datum arg);
extern PGDLLEXPORT void sh_manager_tick_main(Datum database);

#endif
