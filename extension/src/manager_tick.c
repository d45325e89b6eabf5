/*
 * manager_tick.c: one tick of the program manager: a process that connects to a database, calls
 * selfhost.manager_tick() there if the extension is installed, notes when it wants to be called again,
 * and ends. What goes wrong ends it before it notes anything, and the launcher puts the database off.
 *
 * The process begins as the bootstrap superuser, so it runs nothing but the function that the extension
 * has made, and that as its owner.
 */
#include "sh_ext.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timeout.h"

#include "manager.h"
#include "manager_shared.h"

/* DROP DATABASE waits five seconds for processes to go. */
#define LONGEST_MS	 4000
#define LOCK_TIMEOUT "1s"

/* Until somebody has installed the extension. */
#define PROBE_INTERVAL (60 * INT64CONST(1000000))

static const char tick_query[] = "SELECT selfhost.manager_tick()";

/* Whatever the database's settings say. */
static void
pin_settings(void)
{
	static const char *const settings[][2] = {
		{"application_name", SH_MANAGER_NAME},	{"default_transaction_isolation", "read committed"},
		{"lock_timeout", LOCK_TIMEOUT},			{"max_parallel_workers_per_gather", "0"},
		{"search_path", "pg_catalog, pg_temp"},
	};

	for (int i = 0; i < lengthof(settings); i++)
		SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_SESSION);
}

/* The owner of the extension's function; InvalidOid: there is no such function of the extension. */
static Oid
find_tick_owner(void)
{
	Oid extension = get_extension_oid(SH_SCHEMA, true);
	Oid schema = get_namespace_oid(SH_SCHEMA, true);
	Oid owner = InvalidOid;
	oidvector *no_arguments;
	HeapTuple tuple;

	if (!OidIsValid(extension) || !OidIsValid(schema))
		return InvalidOid;
	no_arguments = buildoidvector(NULL, 0);
	tuple = SearchSysCache3(PROCNAMEARGSNSP, CStringGetDatum("manager_tick"),
							PointerGetDatum(no_arguments), ObjectIdGetDatum(schema));
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_proc function = (Form_pg_proc) GETSTRUCT(tuple);

		if (getExtensionOfObject(ProcedureRelationId, function->oid) == extension)
			owner = function->proowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/* Calls it; returns when it wants to be called again. */
static TimestampTz
call_tick(Oid owner)
{
	Oid user;
	int context;
	Datum next;
	bool isnull;
	TimestampTz due;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "cannot connect to the server programming interface");
	if (SPI_execute(tick_query, false, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "manager_tick() has not returned a row");
	next = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (isnull)
		elog(ERROR, "manager_tick() has returned null");
	due = DatumGetTimestampTz(next);
	SPI_finish();
	SetUserIdAndSecContext(user, context);
	return due;
}

static void
answer(Oid oid, TimestampTz due, bool has_extension)
{
	ShManagedDatabase *database;

	LWLockAcquire(sh_manager->lock, LW_EXCLUSIVE);
	database = sh_manager_find(oid);
	if (database != NULL)
	{
		database->answered = true;
		database->due = due;
		database->has_extension = has_extension;
		database->ticks += has_extension;
		database->duration = GetCurrentTimestamp() - database->started;
	}
	LWLockRelease(sh_manager->lock);
}

void
sh_manager_tick_main(Datum arg)
{
	Oid oid = DatumGetObjectId(arg);
	TimestampTz due = GetCurrentTimestamp() + PROBE_INTERVAL;
	Oid owner;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(oid, InvalidOid, 0);
	pin_settings();

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, tick_query);
	enable_timeout_after(STATEMENT_TIMEOUT, LONGEST_MS);
	owner = find_tick_owner();
	/* In a database that is to be read only, nothing is due. */
	if (OidIsValid(owner) && !XactReadOnly)
		due = call_tick(owner);
	PopActiveSnapshot();
	CommitTransactionCommand();
	disable_timeout(STATEMENT_TIMEOUT, false);
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	answer(oid, due, OidIsValid(owner));
	proc_exit(0);
}
