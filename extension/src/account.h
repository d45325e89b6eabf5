/*
 * account.h: reading the tables of accounts (users, tokens, memberships, policies, roles), and when
 * what was cached of them is void.
 *
 * A cache remembers the generation of its concern and starts afresh when that has moved on. It fills
 * itself so: sh_rows_open() on each table (this takes locks and with them accepts invalidations),
 * then the generation, then a fresh snapshot, then the rows; and it keeps the result only if
 * sh_account_keep() says so.
 */
#ifndef SH_ACCOUNT_H
#define SH_ACCOUNT_H

#include "sh_ext.h"

#include "access/genam.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

/* What is cached, each with its own tables, so that a change drops no more than it must. */
typedef enum ShConcern
{
	SH_TOKENS,	 /* token, user_account */
	SH_POLICIES, /* membership, policy */
	SH_ROLES,	 /* role_user, user_account */
	SH_CONCERNS
} ShConcern;

typedef enum ShAccountTable
{
	SH_TABLE_USER,		 /* by uuid */
	SH_TABLE_TOKEN,		 /* by digest */
	SH_TABLE_MEMBERSHIP, /* by user */
	SH_TABLE_POLICY,	 /* by group */
	SH_TABLE_ROLE,		 /* by name of the role */
	SH_TABLE_RUN,		 /* by id; of programs, nothing of it is cached */
	SH_TABLES
} ShAccountTable;

/* Columns. */
enum
{
	SH_USER_UUID = 1,
	SH_USER_NAME,
	SH_USER_STATE,
	SH_USER_RATE
};
enum
{
	SH_TOKEN_UUID = 1,
	SH_TOKEN_USER,
	SH_TOKEN_NAME,
	SH_TOKEN_CREATED,
	SH_TOKEN_EXPIRES,
	SH_TOKEN_DIGEST
};
enum
{
	SH_MEMBERSHIP_USER = 1,
	SH_MEMBERSHIP_GROUP
};
enum
{
	SH_POLICY_UUID = 1,
	SH_POLICY_GROUP,
	SH_POLICY_PRIORITY,
	SH_POLICY_EFFECT,
	SH_POLICY_ACTION,
	SH_POLICY_RESOURCE
};
enum
{
	SH_ROLE_NAME = 1,
	SH_ROLE_USER
};
enum
{
	SH_RUN_ID = 1,
	SH_RUN_PROGRAM,
	SH_RUN_KIND,
	SH_RUN_STATE,
	SH_RUN_WORKER,
	SH_RUN_OWNER,
	SH_RUN_SIGNER,
	SH_RUN_LEASE
};

extern void sh_account_init(void);

extern uint64 sh_account_generation(ShConcern concern);

/*
 * May what was read since `generation` be kept? If our own transaction has written anything yet, it
 * may, but its abort makes it void.
 */
extern bool sh_account_keep(ShConcern concern, uint64 generation);

/* A table and the index to find its rows by; scans one key at a time. */
typedef struct ShRows
{
	Relation table;
	Relation index;
	TupleTableSlot *slot;
	IndexScanDesc scan;
} ShRows;

extern void sh_rows_open(ShRows *rows, ShAccountTable table);
extern void sh_rows_find(ShRows *rows, Snapshot snapshot, RegProcedure equals, Datum key);

/* The next row of the key; NULL behind the last one. Valid until the next call. */
extern TupleTableSlot *sh_rows_next(ShRows *rows);
extern void sh_rows_close(ShRows *rows);

/*
 * The user's row, if he is active: sets *rate and *has_rate and returns true. users: open.
 */
extern bool sh_rows_find_active_user(ShRows *users, Snapshot snapshot, const pg_uuid_t *user,
									 double *rate, bool *has_rate);

/* Is an enum value of this name? For values read from a table, not for hot paths. */
extern bool sh_enum_is(Datum value, const char *label);

#endif
