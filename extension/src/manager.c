/*
 * manager.c: the launcher of the program manager, a background worker that is connected to no database.
 *
 * Why ticks of a millisecond in processes of their own, and no process that stays in a database: DROP
 * DATABASE and CREATE DATABASE ... TEMPLATE need it empty. They wait up to five seconds for that, much
 * longer than a tick takes.
 *
 * Each database gets a tick when it is due: it tells itself when that is, a minute ahead at most, so that
 * a database without anything to do costs one short process a minute, and one without the extension as
 * much. Between two ticks of a database lies at least a second. What the launcher does goes by the clock
 * alone: it is woken at each start and end of a tick, and must not take that for something to do.
 *
 * On a standby it is not started before the promotion.
 */
#include "sh_ext.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "guc.h"
#include "manager.h"
#include "manager_shared.h"

#define SECOND			 INT64CONST(1000000)

#define SCAN_INTERVAL	 (60 * SECOND)
#define LEAST_INTERVAL	 (1 * SECOND)  /* between two ticks of a database */
#define RETRY_INTERVAL	 (1 * SECOND)  /* when there is no place for a process */
#define LONGEST_BACKOFF	 (60 * SECOND) /* after ticks that have failed */
#define COMPLAINT_PERIOD (60 * SECOND)
#define RESTART_SECONDS	 5

static volatile sig_atomic_t reload = false;
static volatile sig_atomic_t stop = false;

/* Of ticks under way, by the place of their database; only this process needs them. */
static BackgroundWorkerHandle *handles[SH_MANAGER_DATABASES];

static void
on_reload(SIGNAL_ARGS)
{
	int saved_errno = errno;

	reload = true;
	SetLatch(MyLatch);
	errno = saved_errno;
}

static void
on_stop(SIGNAL_ARGS)
{
	int saved_errno = errno;

	stop = true;
	SetLatch(MyLatch);
	errno = saved_errno;
}

/* ---- which databases there are ---- */

/* Those that programs may run in: one may connect to them, and they are no templates. */
static int
list_databases(Oid *oids, int max)
{
	Relation relation;
	TableScanDesc scan;
	HeapTuple tuple;
	int n = 0;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	relation = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(relation, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);

		/* A limit of -2: DROP DATABASE was interrupted there. */
		if (!database->datallowconn || database->datistemplate || database->datconnlimit == -2)
			continue;
		if (n < max)
			oids[n] = database->oid;
		n++;
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	CommitTransactionCommand();
	return n;
}

static bool
contains(const Oid *oids, int n, Oid oid)
{
	for (int i = 0; i < n; i++)
	{
		if (oids[i] == oid)
			return true;
	}
	return false;
}

/* Takes new databases in and lets those go that are gone, unless a tick still runs. */
static void
scan_databases(void)
{
	static Oid oids[SH_MANAGER_DATABASES];
	int found = list_databases(oids, SH_MANAGER_DATABASES);
	int n = Min(found, SH_MANAGER_DATABASES);

	if (found > n)
		ereport(LOG, (errmsg("%s looks after %d databases only, and there are %d", SH_MANAGER_NAME,
							 SH_MANAGER_DATABASES, found)));
	LWLockAcquire(sh_manager->lock, LW_EXCLUSIVE);
	sh_manager->scan = false;
	for (int i = 0; i < SH_MANAGER_DATABASES; i++)
	{
		ShManagedDatabase *database = &sh_manager->database[i];

		if (OidIsValid(database->oid) && !database->running && !contains(oids, n, database->oid))
			memset(database, 0, sizeof(*database));
	}
	for (int i = 0; i < n; i++)
	{
		ShManagedDatabase *place;

		if (sh_manager_find(oids[i]) != NULL || (place = sh_manager_find(InvalidOid)) == NULL)
			continue;
		memset(place, 0, sizeof(*place));
		place->oid = oids[i];
	}
	LWLockRelease(sh_manager->lock);
}

/* ---- ticks ---- */

/* Puts a database off after a tick that has failed: 1, 2, 4 ... 60 seconds. The lock is held. */
static void
put_off(ShManagedDatabase *database, TimestampTz now)
{
	int64 backoff = SECOND << Min(database->failures, 6);

	database->failures++;
	database->due = now + Min(backoff, LONGEST_BACKOFF);
}

/* Notes which ticks have ended. Returns how many have not. */
static int
reap(TimestampTz now)
{
	int running = 0;
	pid_t pid;

	for (int i = 0; i < SH_MANAGER_DATABASES; i++)
	{
		ShManagedDatabase *database = &sh_manager->database[i];

		if (handles[i] == NULL)
			continue;
		if (GetBackgroundWorkerPid(handles[i], &pid) != BGWH_STOPPED)
		{
			running++;
			continue;
		}
		pfree(handles[i]);
		handles[i] = NULL;
		LWLockAcquire(sh_manager->lock, LW_EXCLUSIVE);
		database->running = false;
		if (!database->answered)
			put_off(database, now);
		else
		{
			database->failures = 0;
			if (database->woken)
				database->due = 0;
		}
		LWLockRelease(sh_manager->lock);
	}
	return running;
}

/*
 * The place whose tick is due first, of those that have none under way; -1: none. *when: its time. Places
 * are taken and left by this process alone, but others change when they are due.
 */
static int
first_due(TimestampTz *when)
{
	int first = -1;

	*when = DT_NOEND;
	LWLockAcquire(sh_manager->lock, LW_SHARED);
	for (int i = 0; i < SH_MANAGER_DATABASES; i++)
	{
		const ShManagedDatabase *database = &sh_manager->database[i];
		TimestampTz due = Max(database->due, database->started + LEAST_INTERVAL);

		if (!OidIsValid(database->oid) || database->running || due >= *when)
			continue;
		first = i;
		*when = due;
	}
	LWLockRelease(sh_manager->lock);
	return first;
}

static bool
start_tick(int place, TimestampTz now)
{
	ShManagedDatabase *database = &sh_manager->database[place];
	BackgroundWorker worker = {0};
	MemoryContext outer;
	bool started;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = ObjectIdGetDatum(database->oid);
	worker.bgw_notify_pid = MyProcPid;
	strlcpy(worker.bgw_library_name, SH_SCHEMA, sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "sh_manager_tick_main", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_type, SH_MANAGER_NAME " tick", sizeof(worker.bgw_type));
	snprintf(worker.bgw_name, sizeof(worker.bgw_name), SH_MANAGER_NAME " tick of database %u",
			 database->oid);

	/* Before it begins: it may answer at once. */
	LWLockAcquire(sh_manager->lock, LW_EXCLUSIVE);
	database->running = true;
	database->answered = false;
	database->woken = false;
	database->started = now;
	LWLockRelease(sh_manager->lock);
	outer = MemoryContextSwitchTo(TopMemoryContext);
	started = RegisterDynamicBackgroundWorker(&worker, &handles[place]);
	MemoryContextSwitchTo(outer);
	if (started)
		return true;
	LWLockAcquire(sh_manager->lock, LW_EXCLUSIVE);
	database->running = false;
	database->woken = true;
	LWLockRelease(sh_manager->lock);
	handles[place] = NULL;
	return false;
}

/* Starts what is due, as far as there is room. Returns when to look again. */
static TimestampTz
start_due(TimestampTz now, int running)
{
	static TimestampTz complained = 0;
	TimestampTz latest = now + SCAN_INTERVAL;
	TimestampTz when;
	int place;

	while (running < sh_guc_manager_concurrency)
	{
		place = first_due(&when);
		if (place < 0)
			return latest;
		if (when > now)
			return Min(when, latest);
		if (!start_tick(place, now))
		{
			if (now - complained < COMPLAINT_PERIOD)
				return now + RETRY_INTERVAL;
			complained = now;
			ereport(LOG, (errmsg("%s cannot start a tick: there is no place for a process",
								 SH_MANAGER_NAME),
						  errhint("You may need to increase max_worker_processes.")));
			return now + RETRY_INTERVAL;
		}
		running++;
	}
	/* The end of a tick wakes us. */
	return latest;
}

/* ---- the process ---- */

static void
leave(int code, Datum arg)
{
	LWLockAcquire(sh_manager->lock, LW_EXCLUSIVE);
	sh_manager->launcher = NULL;
	sh_manager->launcher_pid = 0;
	LWLockRelease(sh_manager->lock);
}

/* What an earlier launcher has left: its ticks, if there are any yet, end by themselves. */
static void
enter(void)
{
	LWLockAcquire(sh_manager->lock, LW_EXCLUSIVE);
	sh_manager->launcher = MyLatch;
	sh_manager->launcher_pid = MyProcPid;
	for (int i = 0; i < SH_MANAGER_DATABASES; i++)
		sh_manager->database[i].running = false;
	LWLockRelease(sh_manager->lock);
	before_shmem_exit(leave, (Datum) 0);
}

static bool
scan_is_wanted(void)
{
	bool wanted;

	LWLockAcquire(sh_manager->lock, LW_SHARED);
	wanted = sh_manager->scan;
	LWLockRelease(sh_manager->lock);
	return wanted;
}

void
sh_manager_main(Datum arg)
{
	TimestampTz next_scan = 0;

	pqsignal(SIGHUP, on_reload);
	pqsignal(SIGTERM, on_stop);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	SetConfigOption("application_name", SH_MANAGER_NAME, PGC_USERSET, PGC_S_SESSION);
	pgstat_report_activity(STATE_IDLE, NULL);
	enter();
	while (!stop)
	{
		TimestampTz now = GetCurrentTimestamp();
		TimestampTz next = now + SCAN_INTERVAL;
		int running;

		CHECK_FOR_INTERRUPTS();
		if (reload)
		{
			reload = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		running = reap(now);
		if (sh_guc_manager)
		{
			if (now >= next_scan || scan_is_wanted())
			{
				scan_databases();
				next_scan = now + SCAN_INTERVAL;
			}
			next = Min(start_due(now, running), next_scan);
		}
		now = GetCurrentTimestamp();
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 next <= now ? 0 : (long) ((next - now) / 1000 + 1), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
	/* Not 0: it would not be started again, should somebody have ended it by hand. */
	proc_exit(1);
}

void
sh_manager_init(void)
{
	BackgroundWorker worker = {0};

	sh_manager_sql_init();
	if (!process_shared_preload_libraries_in_progress)
		return;
	sh_manager_shared_init();
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = RESTART_SECONDS;
	strlcpy(worker.bgw_library_name, SH_SCHEMA, sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "sh_manager_main", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, SH_MANAGER_NAME, sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, SH_MANAGER_NAME, sizeof(worker.bgw_type));
	RegisterBackgroundWorker(&worker);
}
