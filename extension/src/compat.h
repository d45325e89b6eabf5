/*
 * compat.h: every difference between the PostgreSQL versions that we support, in one place.
 */
#ifndef SH_COMPAT_H
#define SH_COMPAT_H

#if PG_VERSION_NUM < 120000
#error "selfhost needs PostgreSQL 12 or newer"
#endif

#include "access/tableam.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
typedef TU_UpdateIndexes ShUpdateIndexes;
#else
typedef bool ShUpdateIndexes;
#endif

/* index_insert: "indexUnchanged" came in 14. */
#if PG_VERSION_NUM >= 140000
#define sh_index_insert(rel, values, isnull, tid, heap, unique, info) \
	index_insert(rel, values, isnull, tid, heap, unique, false, info)
#else
#define sh_index_insert(rel, values, isnull, tid, heap, unique, info) \
	index_insert(rel, values, isnull, tid, heap, unique, info)
#endif

/* index_beginscan: an instrumentation argument came in 18. */
#if PG_VERSION_NUM >= 180000
#define sh_index_beginscan(heap, index, snapshot, nkeys, norderbys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, norderbys)
#else
#define sh_index_beginscan(heap, index, snapshot, nkeys, norderbys) \
	index_beginscan(heap, index, snapshot, nkeys, norderbys)
#endif

/* Memory of the settings' machinery: its own since 16, malloc's before. */
#if PG_VERSION_NUM >= 160000
#define sh_guc_malloc(elevel, size) guc_malloc(elevel, size)
#else
#define sh_guc_malloc(elevel, size) malloc(size)
#endif

/* Closes a prefix to settings that nobody has defined: only a warning before 15. */
#if PG_VERSION_NUM >= 150000
#define sh_reserve_guc_prefix(prefix) MarkGUCPrefixReserved(prefix)
#else
#define sh_reserve_guc_prefix(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

/* Is the role the owner of a schema, or a member of its owner? */
#if PG_VERSION_NUM >= 160000
#define sh_owns_schema(schema, role) object_ownercheck(NamespaceRelationId, schema, role)
#else
#define sh_owns_schema(schema, role) pg_namespace_ownercheck(schema, role)
#endif

/* Names of alignments came in 13. */
#ifndef TYPALIGN_INT
#define TYPALIGN_INT 'i'
#endif

/* Comparison procedures of timestamptz were named after their C functions before 14. */
#if PG_VERSION_NUM < 140000
#define F_TIMESTAMPTZ_LT F_TIMESTAMP_LT
#define F_TIMESTAMPTZ_LE F_TIMESTAMP_LE
#define F_TIMESTAMPTZ_GE F_TIMESTAMP_GE
#define F_TIMESTAMPTZ_GT F_TIMESTAMP_GT
#endif

/* create_foreignscan_path: fdw_restrictinfo came in 17, disabled_nodes in 18. */
#if PG_VERSION_NUM >= 180000
#define sh_create_foreignscan_path(root, rel, rows, startup, total, pathkeys, outer)              \
	create_foreignscan_path(root, rel, NULL, rows, 0, startup, total, pathkeys, outer, NULL, NIL, \
							NIL)
#elif PG_VERSION_NUM >= 170000
#define sh_create_foreignscan_path(root, rel, rows, startup, total, pathkeys, outer) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, pathkeys, outer, NULL, NIL, NIL)
#else
#define sh_create_foreignscan_path(root, rel, rows, startup, total, pathkeys, outer) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, pathkeys, outer, NULL, NIL)
#endif

/* The plan below a ModifyTable: one since 14, a list before. */
#if PG_VERSION_NUM >= 140000
#define sh_modify_subplan(plan, index) outerPlan(plan)
#else
#define sh_modify_subplan(plan, index) ((Plan *) list_nth((plan)->plans, index))
#endif

/* The direction of a pathkey. */
#if PG_VERSION_NUM >= 180000
#define sh_pathkey_is_ascending(key) ((key)->pk_cmptype == COMPARE_LT)
#else
#define sh_pathkey_is_ascending(key) ((key)->pk_strategy == BTLessStrategyNumber)
#endif

#endif
