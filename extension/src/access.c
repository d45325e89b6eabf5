/*
 * access.c: what the acting user may do.
 *
 * He has a right if one of his groups' policies allows it, or if he has created the object, and no
 * policy of his groups denies it. Nothing else: the priority of policies does not count. A run of a
 * program has a right if its owner and the signer of its code both have it, each by this rule.
 */
#include "sh_ext.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "access.h"
#include "account.h"
#include "identity.h"
#include "like.h"
#include "policy_cache.h"

SH_FUNCTION(sh_require);
SH_FUNCTION(sh_allowed);
SH_FUNCTION(sh_acting_user);
SH_FUNCTION(sh_holds_pattern);
SH_FUNCTION(sh_user_allowed);
SH_FUNCTION(sh_creator_of);

static const char *const action_names[] = {"create", "read", "update", "delete"};

void
sh_access_init(void)
{
	sh_account_init();
	sh_identity_init();
}

static bool
same_uuid(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a, b, sizeof(pg_uuid_t)) == 0;
}

static bool
user_allowed(const pg_uuid_t *user, ShAction action, const char *resource, int len,
			 const pg_uuid_t *owner)
{
	const ShPolicies *policies = sh_policies_of(user);

	if (!(owner != NULL && same_uuid(owner, user)) &&
		!sh_policies_allow(policies, action, resource, len))
		return false;
	return !sh_policies_deny(policies, action, resource, len);
}

static bool
allowed(ShAction action, const char *resource, int len, const pg_uuid_t *owner)
{
	const pg_uuid_t *user = sh_identity_user();
	const pg_uuid_t *cosigner;

	if (user == NULL)
		return true;
	if (!user_allowed(user, action, resource, len, owner))
		return false;
	cosigner = sh_identity_cosigner();
	return cosigner == NULL || user_allowed(cosigner, action, resource, len, owner);
}

/* The refusal names what is missing. */
static void
refuse(ShAction action, const char *resource, int len)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("not allowed: %s:%.*s", action_names[action], len, resource), sh_refusal()));
}

bool
sh_access_allowed(ShAction action, const char *resource, const pg_uuid_t *owner)
{
	return allowed(action, resource, (int) strlen(resource), owner);
}

void
sh_access_require(ShAction action, const char *resource, const pg_uuid_t *owner)
{
	int len = (int) strlen(resource);

	if (!allowed(action, resource, len, owner))
		refuse(action, resource, len);
}

void
sh_uuid_print(const pg_uuid_t *uuid, char out[SH_UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = digits[uuid->data[i] >> 4];
		*out++ = digits[uuid->data[i] & 15];
	}
	*out = '\0';
}

/* Longest resource of sh_access_*_object(). */
#define OBJECT_RESOURCE_MAX 128

/* Prints "<collection>/<uuid><suffix>"; returns its length. */
static int
object_resource(const char *collection, const pg_uuid_t *uuid, const char *suffix,
				char out[OBJECT_RESOURCE_MAX])
{
	size_t collection_len = strlen(collection);
	size_t suffix_len = strlen(suffix);

	if (collection_len + 1 + SH_UUID_TEXT_SIZE + suffix_len > OBJECT_RESOURCE_MAX)
		elog(ERROR, "name of a resource is too long");
	memcpy(out, collection, collection_len);
	out[collection_len] = '/';
	sh_uuid_print(uuid, out + collection_len + 1);
	memcpy(out + collection_len + SH_UUID_TEXT_SIZE, suffix, suffix_len + 1);
	return (int) (collection_len + SH_UUID_TEXT_SIZE + suffix_len);
}

bool
sh_access_allowed_object(ShAction action, const char *collection, const pg_uuid_t *uuid,
						 const char *suffix, const pg_uuid_t *owner)
{
	char resource[OBJECT_RESOURCE_MAX];
	int len = object_resource(collection, uuid, suffix, resource);

	return allowed(action, resource, len, owner);
}

void
sh_access_require_object(ShAction action, const char *collection, const pg_uuid_t *uuid,
						 const char *suffix, const pg_uuid_t *owner)
{
	char resource[OBJECT_RESOURCE_MAX];
	int len = object_resource(collection, uuid, suffix, resource);

	if (!allowed(action, resource, len, owner))
		refuse(action, resource, len);
}

const pg_uuid_t *
sh_access_user(void)
{
	return sh_identity_user();
}

/* ---- whole patterns ---- */

/* Collections whose objects belong to their creator, and their tables. */
static const struct
{
	const char *collection;
	const char *table;
} owned[] = {
	{"things", "thing"},
	{"timeseries", "timeseries"},
	{"datasets", "dataset"},
	{"programs", "program"},
};

/* The creator of an object, by its table; false when there is none. */
static bool
find_creator(const char *table_name, const pg_uuid_t *uuid, pg_uuid_t *creator)
{
	Oid schema = get_namespace_oid(SH_SCHEMA, false);
	Oid table_oid = get_relname_relid(table_name, schema);
	Oid index_oid;
	char index_name[NAMEDATALEN];
	AttrNumber column;
	Relation table;
	Relation index;
	Snapshot snapshot;
	TupleTableSlot *slot;
	IndexScanDesc scan;
	ScanKeyData key;
	bool isnull = true;

	snprintf(index_name, sizeof(index_name), "%s_pkey", table_name);
	index_oid = get_relname_relid(index_name, schema);
	if (!OidIsValid(table_oid) || !OidIsValid(index_oid))
		return false;
	column = get_attnum(table_oid, "created_by");
	if (column == InvalidAttrNumber)
		return false;

	table = table_open(table_oid, AccessShareLock);
	index = index_open(index_oid, AccessShareLock);
	slot = table_slot_create(table, NULL);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan = sh_index_beginscan(table, index, snapshot, 1, 0);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(uuid));
	index_rescan(scan, &key, 1, NULL, 0);
	if (index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		Datum datum = slot_getattr(slot, column, &isnull);

		if (!isnull)
			*creator = *DatumGetUUIDP(datum);
	}
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	table_close(table, AccessShareLock);
	return !isnull;
}

/* Reads a uuid in the one spelling that resources have: dashed, in lower case. */
static bool
read_uuid(const char *text, pg_uuid_t *uuid)
{
	char printed[SH_UUID_TEXT_SIZE];

	memset(uuid, 0, sizeof(*uuid));
	for (int i = 0, digit = 0; i < SH_UUID_TEXT_SIZE - 1; i++)
	{
		char c = text[i];
		int value;

		if (c >= '0' && c <= '9')
			value = c - '0';
		else if (c >= 'a' && c <= 'f')
			value = c - 'a' + 10;
		else if (c == '-')
			continue;
		else
			return false;
		if (digit >= 2 * UUID_LEN)
			return false;
		uuid->data[digit / 2] |= digit % 2 == 0 ? value << 4 : value;
		digit++;
	}
	sh_uuid_print(uuid, printed);
	return memcmp(printed, text, SH_UUID_TEXT_SIZE - 1) == 0;
}

/*
 * Who has created the object that begins the text, "<collection>/<uuid>" or what lies below it? whole: the
 * text is all of a resource, not the beginning of one. False: nobody, or there is no such object.
 */
static bool
creator_by_resource(const char *text, bool whole, pg_uuid_t *creator)
{
	for (int i = 0; i < lengthof(owned); i++)
	{
		size_t n = strlen(owned[i].collection);
		const char *rest = text + n + 1;
		pg_uuid_t uuid;

		if (strncmp(text, owned[i].collection, n) != 0 || text[n] != '/' ||
			strlen(rest) < SH_UUID_TEXT_SIZE - 1 || !read_uuid(rest, &uuid))
			continue;
		rest += SH_UUID_TEXT_SIZE - 1;
		return (*rest == '/' || (*rest == '\0' && whole)) &&
			   find_creator(owned[i].table, &uuid, creator);
	}
	return false;
}

/* Does the pattern match nothing but an object that the user has created, or what lies below it? */
static bool
pattern_within_own(const char *pattern, int len, const pg_uuid_t *user)
{
	bool whole;
	const char *prefix = sh_like_prefix(pattern, len, &whole);
	pg_uuid_t creator;

	return creator_by_resource(prefix, whole, &creator) && same_uuid(&creator, user);
}

static bool
user_holds_pattern(const pg_uuid_t *user, ShAction action, const char *pattern, int len)
{
	/* First the creator: looking for him may void what is cached. */
	bool own = pattern_within_own(pattern, len, user);
	const ShPolicies *policies = sh_policies_of(user);

	return (own || sh_policies_allow_all(policies, action, pattern, len)) &&
		   !sh_policies_deny_any(policies, action, pattern, len);
}

static bool
holds_pattern(ShAction action, const char *pattern, int len)
{
	const pg_uuid_t *acting;
	const pg_uuid_t *cosigner;
	pg_uuid_t user;

	if (!sh_like_valid(pattern, len))
		return false;
	acting = sh_identity_user();
	if (acting == NULL)
		return true;
	user = *acting;
	if (!user_holds_pattern(&user, action, pattern, len))
		return false;
	cosigner = sh_identity_cosigner();
	if (cosigner == NULL)
		return true;
	user = *cosigner;
	return user_holds_pattern(&user, action, pattern, len);
}

/* ---- SQL ---- */

static ShAction
action_argument(FunctionCallInfo fcinfo)
{
	text *name;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("action and resource must not be null")));
	name = PG_GETARG_TEXT_PP(0);
	for (int i = 0; i < lengthof(action_names); i++)
	{
		if (VARSIZE_ANY_EXHDR(name) == strlen(action_names[i]) &&
			memcmp(VARDATA_ANY(name), action_names[i], strlen(action_names[i])) == 0)
			return (ShAction) i;
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("there is no such action: \"%s\"", text_to_cstring(name))));
	return SH_READ;
}

static const pg_uuid_t *
owner_argument(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2);
}

/* _require(action text, resource text, owner uuid) -> void */
Datum
sh_require(PG_FUNCTION_ARGS)
{
	ShAction action = action_argument(fcinfo);
	text *resource = PG_GETARG_TEXT_PP(1);
	const char *name = VARDATA_ANY(resource);
	int len = VARSIZE_ANY_EXHDR(resource);

	if (!allowed(action, name, len, owner_argument(fcinfo)))
		refuse(action, name, len);
	PG_RETURN_VOID();
}

/* _allowed(action text, resource text, owner uuid) -> boolean */
Datum
sh_allowed(PG_FUNCTION_ARGS)
{
	ShAction action = action_argument(fcinfo);
	text *resource = PG_GETARG_TEXT_PP(1);

	PG_RETURN_BOOL(allowed(action, VARDATA_ANY(resource), VARSIZE_ANY_EXHDR(resource),
						   owner_argument(fcinfo)));
}

/* _acting_user() -> uuid */
Datum
sh_acting_user(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *user = sh_identity_user();
	pg_uuid_t *copy;

	if (user == NULL)
		PG_RETURN_NULL();
	copy = palloc(sizeof(pg_uuid_t));
	*copy = *user;
	PG_RETURN_UUID_P(copy);
}

/* _holds_pattern(action text, pattern text) -> boolean */
Datum
sh_holds_pattern(PG_FUNCTION_ARGS)
{
	ShAction action = action_argument(fcinfo);
	text *pattern = PG_GETARG_TEXT_PP(1);

	PG_RETURN_BOOL(holds_pattern(action, VARDATA_ANY(pattern), VARSIZE_ANY_EXHDR(pattern)));
}

/* _user_allowed(action text, resource text, owner uuid, user uuid) -> boolean: of any user, not the acting one */
Datum
sh_user_allowed(PG_FUNCTION_ARGS)
{
	ShAction action = action_argument(fcinfo);
	text *resource = PG_GETARG_TEXT_PP(1);

	if (PG_ARGISNULL(3))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(user_allowed(PG_GETARG_UUID_P(3), action, VARDATA_ANY(resource),
								VARSIZE_ANY_EXHDR(resource), owner_argument(fcinfo)));
}

/* _creator_of(resource text) -> uuid: of the object that the resource names or lies below, or NULL */
Datum
sh_creator_of(PG_FUNCTION_ARGS)
{
	char *resource = text_to_cstring(PG_GETARG_TEXT_PP(0));
	pg_uuid_t *creator = palloc(sizeof(pg_uuid_t));

	if (!creator_by_resource(resource, true, creator))
		PG_RETURN_NULL();
	PG_RETURN_UUID_P(creator);
}
