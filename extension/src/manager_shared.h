/*
 * manager_shared.h: what the manager's launcher, its ticks and all backends share of the databases of the
 * server. Only where the library is preloaded.
 */
#ifndef SH_MANAGER_SHARED_H
#define SH_MANAGER_SHARED_H

#include "sh_ext.h"

#include "storage/latch.h"
#include "storage/lwlock.h"

/* Databases that are looked after; further ones are not, and the log says so. */
#define SH_MANAGER_DATABASES 1024

typedef struct ShManagedDatabase
{
	Oid oid; /* InvalidOid: the place is free */
	bool running;
	bool answered;		   /* the tick has come to its end */
	bool woken;			   /* somebody wants a tick since the last one began */
	bool has_extension;	   /* as the last tick has found */
	TimestampTz due;	   /* of the next tick; the past: at once */
	TimestampTz started;   /* the last tick; 0: none yet */
	TimestampTz housekept; /* the last housekeeping; 0: is wanted */
	int64 ticks;
	int64 duration; /* microseconds, of the last tick */
	int failures;	/* ticks in a row that did not come to their end */
} ShManagedDatabase;

/* Everything under the lock. */
typedef struct ShManagerShared
{
	LWLock *lock;
	Latch *launcher; /* NULL: there is none */
	int launcher_pid;
	bool scan; /* the list of databases is wanted anew */
	ShManagedDatabase database[SH_MANAGER_DATABASES];
} ShManagerShared;

/* NULL: the library is not preloaded. */
extern ShManagerShared *sh_manager;

/* Asks for the memory, while the libraries are preloaded. */
extern void sh_manager_shared_init(void);

/* The entry of a database; NULL: it has none. The lock is held. */
extern ShManagedDatabase *sh_manager_find(Oid oid);

/* Has the database get a tick at once. Takes the lock. */
extern void sh_manager_wake(Oid oid);

#endif
