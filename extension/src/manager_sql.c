/*
 * manager_sql.c: what manager_tick() and the operations on programs need of the manager: one tick at a
 * time, and to be looked at when a transaction commits.
 */
#include "sh_ext.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/lock.h"

#include "manager.h"

/* Class of advisory locks that SQL users cannot take; 3 is that of series (store.c). */
#define LOCK_CLASS 4

SH_FUNCTION(sh_wake_manager);
SH_FUNCTION(sh_lock_manager);

/* _wake_manager() -> void */
Datum
sh_wake_manager(PG_FUNCTION_ARGS)
{
	PG_RETURN_VOID();
}

/* _lock_manager() -> boolean: until the transaction ends; false: somebody else has it. */
Datum
sh_lock_manager(PG_FUNCTION_ARGS)
{
	LOCKTAG tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, 0, LOCK_CLASS);
	PG_RETURN_BOOL(LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL);
}
