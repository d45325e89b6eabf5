/*
 * account.c: reading the tables of accounts, and when what was cached of them is void.
 *
 * Row triggers on these tables send a relcache invalidation with each change; the transaction that
 * makes the change gets it with its own next command, everybody else at its commit (standbys at its
 * replay). Three rules keep a stale entry from surviving:
 * - rows are read under a snapshot taken after the last invalidation was accepted, never under the
 *   statement's own, which may be older than a change whose invalidation has been consumed already;
 * - what was read while an invalidation arrived is used once, but not kept;
 * - what was read by a transaction that has written something is void when that is undone, whether
 *   it changed these tables or not. This covers rows whose insertion sends no invalidation, and what
 *   a trigger read between a change and its invalidation.
 * That something does not exist is never remembered, but for roles, whose insertion invalidates.
 *
 * Locks: AccessShareLock on the tables and indexes, in the order of ShAccountTable, only while they
 * are read.
 */
#include "sh_ext.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

#include "account.h"

SH_FUNCTION(sh_invalidate);

/* The OIDs are those of the last reading; each looks them up again, as the extension may be new. */
typedef struct AccountTable
{
	const char *name;
	const char *index;
	Oid table_oid;
	Oid index_oid;
} AccountTable;

static AccountTable tables[SH_TABLES] = {
	[SH_TABLE_USER] = {"user_account", "user_account_pkey"},
	[SH_TABLE_TOKEN] = {"token", "token_digest_key"},
	[SH_TABLE_MEMBERSHIP] = {"membership", "membership_pkey"},
	[SH_TABLE_POLICY] = {"policy", "policy_group_uuid_priority_effect_action_resource_key"},
	[SH_TABLE_ROLE] = {"role_user", "role_user_pkey"},
	[SH_TABLE_RUN] = {"program_run", "program_run_pkey"},
};

static const bool reads[SH_CONCERNS][SH_TABLES] = {
	[SH_TOKENS] = {[SH_TABLE_USER] = true, [SH_TABLE_TOKEN] = true},
	[SH_POLICIES] = {[SH_TABLE_MEMBERSHIP] = true, [SH_TABLE_POLICY] = true},
	[SH_ROLES] = {[SH_TABLE_USER] = true, [SH_TABLE_ROLE] = true},
};

static uint64 generations[SH_CONCERNS];

/* Something was kept that the abort of our transaction makes void. */
static bool tainted[SH_CONCERNS];

/* Relcache callback; InvalidOid stands for every relation. */
static void
relation_changed(Datum arg, Oid relid)
{
	for (int t = 0; t < SH_TABLES; t++)
	{
		if (relid != InvalidOid && relid != tables[t].table_oid && relid != tables[t].index_oid)
			continue;
		for (int c = 0; c < SH_CONCERNS; c++)
		{
			if (reads[c][t])
				generations[c]++;
		}
	}
}

static void
transaction_undone(void)
{
	for (int c = 0; c < SH_CONCERNS; c++)
	{
		if (tainted[c])
			generations[c]++;
		tainted[c] = false;
	}
}

/* A prepared transaction's changes are not visible to us any more, either. */
static void
transaction_ended(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		transaction_undone();
	else if (event == XACT_EVENT_COMMIT)
		memset(tainted, 0, sizeof(tainted));
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		transaction_undone();
}

void
sh_account_init(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ended, NULL);
}

uint64
sh_account_generation(ShConcern concern)
{
	return generations[concern];
}

bool
sh_account_keep(ShConcern concern, uint64 generation)
{
	if (generations[concern] != generation)
		return false;
	if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
		tainted[concern] = true;
	return true;
}

/* ---- rows ---- */

/* Errors: 42P01 when the extension is not there. */
void
sh_rows_open(ShRows *rows, ShAccountTable which)
{
	AccountTable *table = &tables[which];
	Oid schema = get_namespace_oid(SH_SCHEMA, false);

	table->table_oid = get_relname_relid(table->name, schema);
	table->index_oid = get_relname_relid(table->index, schema);
	if (!OidIsValid(table->table_oid) || !OidIsValid(table->index_oid))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation \"selfhost.%s\" does not exist", table->name)));
	rows->table = table_open(table->table_oid, AccessShareLock);
	rows->index = index_open(table->index_oid, AccessShareLock);
	rows->slot = table_slot_create(rows->table, NULL);
	rows->scan = NULL;
}

void
sh_rows_find(ShRows *rows, Snapshot snapshot, RegProcedure equals, Datum key)
{
	ScanKeyData entry;

	if (rows->scan == NULL)
		rows->scan = sh_index_beginscan(rows->table, rows->index, snapshot, 1, 0);
	ScanKeyInit(&entry, 1, BTEqualStrategyNumber, equals, key);
	index_rescan(rows->scan, &entry, 1, NULL, 0);
}

TupleTableSlot *
sh_rows_next(ShRows *rows)
{
	return index_getnext_slot(rows->scan, ForwardScanDirection, rows->slot) ? rows->slot : NULL;
}

void
sh_rows_close(ShRows *rows)
{
	if (rows->scan != NULL)
		index_endscan(rows->scan);
	ExecDropSingleTupleTableSlot(rows->slot);
	index_close(rows->index, AccessShareLock);
	table_close(rows->table, AccessShareLock);
}

bool
sh_enum_is(Datum value, const char *label)
{
	char *text = OidOutputFunctionCall(F_ENUM_OUT, value);
	bool same = strcmp(text, label) == 0;

	pfree(text);
	return same;
}

bool
sh_rows_find_active_user(ShRows *users, Snapshot snapshot, const pg_uuid_t *user, double *rate,
						 bool *has_rate)
{
	TupleTableSlot *row;
	Datum datum;
	bool isnull;

	sh_rows_find(users, snapshot, F_UUID_EQ, UUIDPGetDatum(user));
	row = sh_rows_next(users);
	if (row == NULL || !sh_enum_is(slot_getattr(row, SH_USER_STATE, &isnull), "active"))
		return false;
	datum = slot_getattr(row, SH_USER_RATE, &isnull);
	*has_rate = !isnull;
	*rate = isnull ? 0 : DatumGetFloat8(datum);
	return true;
}

/* ---- the trigger ---- */

/*
 * _invalidate() -> trigger: has every backend drop what it has cached of the table when the
 * transaction commits. For row triggers and for TRUNCATE.
 */
Datum
sh_invalidate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("must be an AFTER trigger")));
	CacheInvalidateRelcacheByRelid(RelationGetRelid(trigger->tg_relation));
	return PointerGetDatum(NULL);
}
