/*
 * identity.c: who is acting: the user of a statement (authenticate, authenticate_run), of a session
 * (login), of a role.
 *
 * authenticate() sets the user for its statement only. The executor clears it when it shuts the
 * statement down; if the statement fails, the end of the (sub)transaction in which it was set does.
 * authenticate_run() does the same for a run of a program, whose owner acts and whose signer must have
 * every right as well.
 *
 * login() sets the user for the session. The state is the value of a setting that only login() and
 * logout() can give a value other than none, so that it follows transactions and savepoints, and
 * RESET ALL and DISCARD ALL, which poolers send between clients, log out.
 *
 * Roles are those of the session or of SET ROLE, never of a SECURITY DEFINER function. Inside a
 * security-restricted operation (the functions of an index or a materialized view that somebody else
 * maintains) the role is the one that the operation has switched to, and neither the statement nor
 * the session lends its user; once a SECURITY DEFINER function has switched again, nobody acts.
 */
#include "sh_ext.h"

#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "access.h"
#include "account.h"
#include "identity.h"
#include "token_cache.h"

SH_FUNCTION(sh_authenticate);
SH_FUNCTION(sh_authenticate_run);
SH_FUNCTION(sh_login);
SH_FUNCTION(sh_logout);

/* ---- the statement's user ---- */

/* serial: 0 when there is none; else tells one authenticate() from the next. */
static struct
{
	uint64 serial;
	SubTransactionId subid;
	pg_uuid_t user;
	bool has_cosigner; /* someone else */
	pg_uuid_t cosigner;
} statement;

static uint64 last_serial = 0;

/* Executor shutdown of the statement that called authenticate(). */
static void
statement_ended(Datum serial)
{
	if (statement.serial == (uint64) serial)
		statement.serial = 0;
}

static void
transaction_ended(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE)
		statement.serial = 0;
}

/* What a subtransaction has set goes with its abort, and belongs to its parent after its end. */
static void
subtransaction_ended(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	if (statement.subid != subid)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		statement.serial = 0;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		statement.subid = parent;
}

/* Columns of authenticate()'s row. */
enum
{
	AUTHENTICATED_USER,
	AUTHENTICATED_TOKEN,
	AUTHENTICATED_RATE,
	AUTHENTICATED_COLUMNS
};

/* Built once: looking the function's result type up costs as much as all the rest. */
static TupleDesc
authenticated_descriptor(void)
{
	static TupleDesc descriptor = NULL;

	if (descriptor == NULL)
	{
		MemoryContext outer = MemoryContextSwitchTo(TopMemoryContext);
		TupleDesc fresh = CreateTemplateTupleDesc(AUTHENTICATED_COLUMNS);

		TupleDescInitEntry(fresh, AUTHENTICATED_USER + 1, "user_uuid", UUIDOID, -1, 0);
		TupleDescInitEntry(fresh, AUTHENTICATED_TOKEN + 1, "token_uuid", UUIDOID, -1, 0);
		TupleDescInitEntry(fresh, AUTHENTICATED_RATE + 1, "rate", FLOAT8OID, -1, 0);
		descriptor = BlessTupleDesc(fresh);
		MemoryContextSwitchTo(outer);
	}
	return descriptor;
}

/*
 * What both kinds begin with: nobody acts, and what makes that nobody goes on acting behind the statement.
 * Errors: 0A000 outside FROM, where nothing would tell its end.
 */
static ReturnSetInfo *
begin_statement(FunctionCallInfo fcinfo, const char *function)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	statement.serial = 0;
	/* Only the scan of a function in FROM has this preference. */
	if (result == NULL || !IsA(result, ReturnSetInfo) || result->econtext == NULL ||
		(result->allowedModes & SFRM_Materialize_Preferred) == 0)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("%s() must stand in FROM", function)));
	PreventCommandIfParallelMode("authenticate()");
	AcceptInvalidationMessages();
	result->isDone = ExprEndResult;
	return result;
}

/* cosigner: NULL, or whose rights count as well. */
static void
set_statement_user(ReturnSetInfo *result, const pg_uuid_t *user, const pg_uuid_t *cosigner)
{
	RegisterExprContextCallback(result->econtext, statement_ended, (Datum) ++last_serial);
	statement.serial = last_serial;
	statement.subid = GetCurrentSubTransactionId();
	statement.user = *user;
	statement.has_cosigner = cosigner != NULL && memcmp(user, cosigner, sizeof(pg_uuid_t)) != 0;
	if (statement.has_cosigner)
		statement.cosigner = *cosigner;
	result->isDone = ExprSingleResult;
}

/*
 * authenticate(digest bytea) -> table (user_uuid, token_uuid, rate): sets the acting user of this
 * statement; no row, and no user, if the digest is not that of a good token. Errors: 0A000 outside
 * FROM.
 */
Datum
sh_authenticate(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = begin_statement(fcinfo, "authenticate");
	Datum values[AUTHENTICATED_COLUMNS];
	bool isnull[AUTHENTICATED_COLUMNS] = {false};
	ShToken token;
	bytea *digest;

	digest = PG_ARGISNULL(0) ? NULL : PG_GETARG_BYTEA_PP(0);
	if (digest == NULL || VARSIZE_ANY_EXHDR(digest) != SH_DIGEST_SIZE ||
		!sh_token_find((const uint8 *) VARDATA_ANY(digest), &token))
		PG_RETURN_NULL();

	set_statement_user(result, &token.user, NULL);
	values[AUTHENTICATED_USER] = UUIDPGetDatum(&token.user);
	values[AUTHENTICATED_TOKEN] = UUIDPGetDatum(&token.uuid);
	values[AUTHENTICATED_RATE] = Float8GetDatum(token.rate);
	isnull[AUTHENTICATED_RATE] = !token.has_rate;
	return HeapTupleGetDatum(heap_form_tuple(authenticated_descriptor(), values, isnull));
}

/* ---- the user of a run ---- */

/* A column of a run, if it is that uuid or there is any; *out: the value. */
static bool
run_uuid(TupleTableSlot *row, AttrNumber column, const pg_uuid_t *wanted, pg_uuid_t *out)
{
	bool isnull;
	Datum datum = slot_getattr(row, column, &isnull);

	if (isnull)
		return false;
	*out = *DatumGetUUIDP(datum);
	return wanted == NULL || memcmp(out, wanted, sizeof(pg_uuid_t)) == 0;
}

/* Is this run under way under the worker, within its lease? */
static bool
run_is_under_way(TupleTableSlot *row, const pg_uuid_t *worker)
{
	pg_uuid_t its_worker;
	bool isnull;
	Datum lease = slot_getattr(row, SH_RUN_LEASE, &isnull);

	return !isnull && DatumGetTimestampTz(lease) > GetCurrentTimestamp() &&
		   run_uuid(row, SH_RUN_WORKER, worker, &its_worker) &&
		   sh_enum_is(slot_getattr(row, SH_RUN_STATE, &isnull), "running") &&
		   !sh_enum_is(slot_getattr(row, SH_RUN_KIND, &isnull), "check");
}

/*
 * The owner and the signer of a run that is under way. False: it is not, or one of the two is gone or not
 * active. Nothing is kept: runs are short, and each is one row by its key.
 */
static bool
find_run_users(const pg_uuid_t *worker, int64 run_id, pg_uuid_t *owner, pg_uuid_t *signer)
{
	ShRows users;
	ShRows runs;
	Snapshot snapshot;
	TupleTableSlot *row;
	bool found;
	bool has_rate;
	double rate;

	sh_rows_open(&users, SH_TABLE_USER);
	sh_rows_open(&runs, SH_TABLE_RUN);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	sh_rows_find(&runs, snapshot, F_INT8EQ, Int64GetDatum(run_id));
	row = sh_rows_next(&runs);
	found = row != NULL && run_is_under_way(row, worker) &&
			run_uuid(row, SH_RUN_OWNER, NULL, owner) &&
			run_uuid(row, SH_RUN_SIGNER, NULL, signer) &&
			sh_rows_find_active_user(&users, snapshot, owner, &rate, &has_rate) &&
			sh_rows_find_active_user(&users, snapshot, signer, &rate, &has_rate);
	sh_rows_close(&runs);
	sh_rows_close(&users);
	UnregisterSnapshot(snapshot);
	return found;
}

/* Built once, as that of authenticate(). */
static TupleDesc
run_descriptor(void)
{
	static TupleDesc descriptor = NULL;

	if (descriptor == NULL)
	{
		MemoryContext outer = MemoryContextSwitchTo(TopMemoryContext);
		TupleDesc fresh = CreateTemplateTupleDesc(2);

		TupleDescInitEntry(fresh, 1, "owner", UUIDOID, -1, 0);
		TupleDescInitEntry(fresh, 2, "signer", UUIDOID, -1, 0);
		descriptor = BlessTupleDesc(fresh);
		MemoryContextSwitchTo(outer);
	}
	return descriptor;
}

/*
 * authenticate_run(worker uuid, run_id bigint) -> table (owner, signer): has a run of a program act in
 * this statement; no row, and nobody acts, if it is not running under this worker. Errors: 0A000 outside
 * FROM.
 */
Datum
sh_authenticate_run(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = begin_statement(fcinfo, "authenticate_run");
	Datum values[2];
	bool isnull[2] = {false, false};
	pg_uuid_t owner;
	pg_uuid_t signer;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) ||
		!find_run_users(PG_GETARG_UUID_P(0), PG_GETARG_INT64(1), &owner, &signer))
		PG_RETURN_NULL();
	set_statement_user(result, &owner, &signer);
	values[0] = UUIDPGetDatum(&owner);
	values[1] = UUIDPGetDatum(&signer);
	return HeapTupleGetDatum(heap_form_tuple(run_descriptor(), values, isnull));
}

/* ---- the session's user ---- */

/* The digest of the token of login(); NULL: not logged in. Memory of the setting's machinery. */
static const uint8 *session_digest = NULL;

/* The setting's value: the user's uuid, for SHOW. */
static char *login_user_text = NULL;

/* The digest of a login() under way: the only way to a value. */
static const uint8 *login_digest = NULL;

static bool
check_login_user(char **value, void **extra, GucSource source)
{
	if (**value == '\0')
		return true;

	/* A parallel worker gets the setting, but acts for nobody: our functions do not run there. */
	if (InitializingParallelWorker)
		return true;
	if (login_digest == NULL)
	{
		GUC_check_errdetail("Only selfhost.login() and selfhost.logout() change it.");
		return false;
	}
	*extra = sh_guc_malloc(LOG, SH_DIGEST_SIZE);
	if (*extra == NULL)
		return false;
	memcpy(*extra, login_digest, SH_DIGEST_SIZE);
	return true;
}

static void
assign_login_user(const char *value, void *extra)
{
	session_digest = extra;
}

static void
set_login_user(const char *value)
{
	(void) set_config_option("selfhost.login_user", value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SET, true, 0, false);
}

/*
 * login(token text) -> void: the token's user acts in this session from now on. Errors: 28P01 for a
 * token that is not good; who was logged in is logged out then, unless the transaction fails.
 */
Datum
sh_login(PG_FUNCTION_ARGS)
{
	char user_text[SH_UUID_TEXT_SIZE];
	uint8 key[SH_DIGEST_SIZE];
	ShToken token;
	bytea *digest;

	set_login_user("");
	AcceptInvalidationMessages();
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PASSWORD), errmsg("token: must not be null"),
						sh_refusal()));
	/* A text's bytes are those of a bytea. */
	digest = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, PG_GETARG_DATUM(0)));
	memcpy(key, VARDATA_ANY(digest), SH_DIGEST_SIZE);
	if (!sh_token_find(key, &token))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PASSWORD), errmsg("token: is not valid"), sh_refusal()));

	sh_uuid_print(&token.user, user_text);
	login_digest = key;
	PG_TRY();
	{
		set_login_user(user_text);
	}
	PG_CATCH();
	{
		login_digest = NULL;
		PG_RE_THROW();
	}
	PG_END_TRY();
	login_digest = NULL;
	PG_RETURN_VOID();
}

/* logout() -> void */
Datum
sh_logout(PG_FUNCTION_ARGS)
{
	set_login_user("");
	PG_RETURN_VOID();
}

/* ---- the role's user ---- */

typedef enum RoleActs
{
	ROLE_ACTS_AS_NOBODY,
	ROLE_ACTS_AS_USER,
	ROLE_ACTS_AS_OWNER
} RoleActs;

/* What is known of the last role; void with its generation or a change of roles or schemas. */
static struct
{
	bool valid;
	uint64 generation;
	Oid role;
	RoleActs acts;
	pg_uuid_t user;
} role_cache;

static void
roles_changed(Datum arg, int cacheid, uint32 hash)
{
	role_cache.valid = false;
}

static bool
role_owns_extension(Oid role)
{
	Oid schema = get_namespace_oid(SH_SCHEMA, false);

	return superuser_arg(role) || sh_owns_schema(schema, role);
}

/* Is the role mapped to a user? *active tells whether he may act. */
static bool
find_role_user(Oid role, pg_uuid_t *user, bool *active, uint64 *generation)
{
	NameData name;
	ShRows users;
	ShRows roles;
	Snapshot snapshot;
	TupleTableSlot *row;
	bool found;
	bool isnull;
	bool has_rate;
	double rate;

	namestrcpy(&name, GetUserNameFromId(role, false));
	sh_rows_open(&users, SH_TABLE_USER);
	sh_rows_open(&roles, SH_TABLE_ROLE);
	*generation = sh_account_generation(SH_ROLES);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	sh_rows_find(&roles, snapshot, F_NAMEEQ, NameGetDatum(&name));
	row = sh_rows_next(&roles);
	found = row != NULL;
	if (found)
	{
		*user = *DatumGetUUIDP(slot_getattr(row, SH_ROLE_USER, &isnull));
		*active = sh_rows_find_active_user(&users, snapshot, user, &rate, &has_rate);
	}
	sh_rows_close(&roles);
	sh_rows_close(&users);
	UnregisterSnapshot(snapshot);
	return found;
}

static RoleActs
role_acts(Oid role, const pg_uuid_t **user)
{
	static pg_uuid_t found_user;
	bool active = false;
	uint64 generation;
	RoleActs acts;

	*user = &found_user;
	if (role_cache.valid && role_cache.role == role &&
		role_cache.generation == sh_account_generation(SH_ROLES))
	{
		found_user = role_cache.user;
		return role_cache.acts;
	}

	/* Set first, so that a change of roles meanwhile makes it void again. */
	role_cache.valid = true;
	role_cache.role = InvalidOid;
	if (find_role_user(role, &found_user, &active, &generation))
		acts = active ? ROLE_ACTS_AS_USER : ROLE_ACTS_AS_NOBODY;
	else
		acts = role_owns_extension(role) ? ROLE_ACTS_AS_OWNER : ROLE_ACTS_AS_NOBODY;
	if (sh_account_keep(SH_ROLES, generation))
	{
		role_cache.generation = generation;
		role_cache.role = role;
		role_cache.acts = acts;
		role_cache.user = found_user;
	}
	return acts;
}

/* ---- who is acting ---- */

static void
nobody(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION), errmsg("nobody is acting"),
			 errhint("Call selfhost.login() with a token, or have the role's user entered in "
					 "selfhost.role_user.")));
}

/* The user of the session's token, as long as that is good. */
static const pg_uuid_t *
logged_in_user(void)
{
	static pg_uuid_t user;
	ShToken token;

	if (!sh_token_find(session_digest, &token))
		ereport(ERROR, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
						errmsg("the token of this session is not valid any more"),
						errhint("Call selfhost.login() with another token.")));
	user = token.user;
	return &user;
}

const pg_uuid_t *
sh_identity_user(void)
{
	bool restricted = InSecurityRestrictedOperation();
	const pg_uuid_t *user;

	if (statement.serial != 0 && !restricted)
		return &statement.user;

	AcceptInvalidationMessages();
	if (session_digest != NULL && !restricted)
		return logged_in_user();
	if (restricted && InLocalUserIdChange())
		nobody();
	switch (role_acts(restricted ? GetUserId() : GetOuterUserId(), &user))
	{
		case ROLE_ACTS_AS_OWNER:
			return NULL;
		case ROLE_ACTS_AS_USER:
			return user;
		case ROLE_ACTS_AS_NOBODY:
			break;
	}
	nobody();
	return NULL;
}

const pg_uuid_t *
sh_identity_cosigner(void)
{
	if (statement.serial == 0 || !statement.has_cosigner || InSecurityRestrictedOperation())
		return NULL;
	return &statement.cosigner;
}

void
sh_identity_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ended, NULL);
	CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, roles_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, roles_changed, (Datum) 0);
	DefineCustomStringVariable("selfhost.login_user", "The user that login() has set.", NULL,
							   &login_user_text, "", PGC_USERSET,
							   GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   check_login_user, assign_login_user, NULL);
}
