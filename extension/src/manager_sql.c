/*
 * manager_sql.c: what SQL needs of the manager: one tick at a time, to be looked at when a transaction
 * commits, when to keep house, and how the manager is doing.
 */
#include "sh_ext.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lock.h"

#include "guc.h"
#include "manager.h"
#include "manager_shared.h"

/* Class of advisory locks that SQL users cannot take; 3 is that of series (store.c). */
#define LOCK_CLASS			  4

#define HOUSEKEEPING_INTERVAL (55 * INT64CONST(1000000))

SH_FUNCTION(sh_wake_manager);
SH_FUNCTION(sh_lock_manager);
SH_FUNCTION(sh_housekeeping_due);
SH_FUNCTION(sh_manager_status);

/* ---- waking ---- */

/* This transaction has changed what is due. */
static bool wake = false;

/* At its commit others see what it has written; before, the manager would come too early. */
static void
transaction_ended(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		return;
	if (wake && event == XACT_EVENT_COMMIT && sh_manager != NULL)
		sh_manager_wake(MyDatabaseId);
	wake = false;
}

void
sh_manager_sql_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
}

/* _wake_manager() -> void */
Datum
sh_wake_manager(PG_FUNCTION_ARGS)
{
	wake = true;
	PG_RETURN_VOID();
}

/* ---- ticks ---- */

/* _lock_manager() -> boolean: until the transaction ends; false: somebody else has it. */
Datum
sh_lock_manager(PG_FUNCTION_ARGS)
{
	LOCKTAG tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, 0, LOCK_CLASS);
	PG_RETURN_BOOL(LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL);
}

/*
 * _housekeeping_due(again boolean) -> boolean: is it time to keep house? True at most once a minute, but
 * always after a call with `again`. Where the library is not preloaded the session remembers.
 */
Datum
sh_housekeeping_due(PG_FUNCTION_ARGS)
{
	static TimestampTz of_session = 0;
	bool again = PG_GETARG_BOOL(0);
	TimestampTz now = GetCurrentTimestamp();
	ShManagedDatabase *database = NULL;
	TimestampTz *last = &of_session;
	bool due;

	if (sh_manager != NULL)
	{
		LWLockAcquire(sh_manager->lock, LW_EXCLUSIVE);
		database = sh_manager_find(MyDatabaseId);
		if (database != NULL)
			last = &database->housekept;
	}
	due = now - *last >= HOUSEKEEPING_INTERVAL;
	if (again)
		*last = 0;
	else if (due)
		*last = now;
	if (sh_manager != NULL)
		LWLockRelease(sh_manager->lock);
	PG_RETURN_BOOL(due);
}

/* ---- status ---- */

enum
{
	STATUS_LOADED,
	STATUS_ENABLED,
	STATUS_PID,
	STATUS_TICKS,
	STATUS_LAST_TICK,
	STATUS_LAST_MS,
	STATUS_FAILURES,
	STATUS_NEXT_TICK,
	STATUS_COLUMNS
};

/* _manager_status() -> row: see the view manager_status. */
Datum
sh_manager_status(PG_FUNCTION_ARGS)
{
	Datum values[STATUS_COLUMNS] = {0};
	bool isnull[STATUS_COLUMNS];
	ShManagedDatabase database = {0};
	TupleDesc descriptor;
	int pid = 0;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row");
	if (sh_manager != NULL)
	{
		ShManagedDatabase *found;

		LWLockAcquire(sh_manager->lock, LW_SHARED);
		found = sh_manager_find(MyDatabaseId);
		if (found != NULL)
			database = *found;
		pid = sh_manager->launcher_pid;
		LWLockRelease(sh_manager->lock);
	}
	for (int i = 0; i < STATUS_COLUMNS; i++)
		isnull[i] = i > STATUS_PID && !OidIsValid(database.oid);
	values[STATUS_LOADED] = BoolGetDatum(sh_manager != NULL);
	values[STATUS_ENABLED] = BoolGetDatum(sh_guc_manager);
	values[STATUS_PID] = Int32GetDatum(pid);
	isnull[STATUS_PID] = pid == 0;
	values[STATUS_TICKS] = Int64GetDatum(database.ticks);
	values[STATUS_LAST_TICK] = TimestampTzGetDatum(database.started);
	isnull[STATUS_LAST_TICK] = database.started == 0;
	values[STATUS_LAST_MS] = Float8GetDatum((double) database.duration / 1000);
	isnull[STATUS_LAST_MS] = database.duration == 0;
	values[STATUS_FAILURES] = Int32GetDatum(database.failures);
	values[STATUS_NEXT_TICK] = TimestampTzGetDatum(Max(database.due, database.started));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, isnull));
}
