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

/* Comparison procedures of timestamptz were named after their C functions before 14. */
#if PG_VERSION_NUM < 140000
#define F_TIMESTAMPTZ_LT F_TIMESTAMP_LT
#define F_TIMESTAMPTZ_LE F_TIMESTAMP_LE
#define F_TIMESTAMPTZ_GE F_TIMESTAMP_GE
#define F_TIMESTAMPTZ_GT F_TIMESTAMP_GT
#endif

#endif
