/*
 * fdw.h: the foreign-data wrapper behind selfhost.tsdata (ts_uuid, ts, value): what its planner,
 * scan and modification parts share. Private to fdw_*.c.
 */
#ifndef SH_FDW_H
#define SH_FDW_H

#include "sh_ext.h"

#include "foreign/fdwapi.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

/* The columns of tsdata. */
#define SH_COL_SERIES 1
#define SH_COL_TS	  2
#define SH_COL_VALUE  3

/*
 * A condition that reaches the chunk scan. The clause is an OpExpr (ScalarArrayOpExpr for
 * SH_COND_SERIES_ANY) with the column on its left, and on its right an expression that is constant
 * during one scan.
 */
typedef enum ShCondKind
{
	SH_COND_SERIES,
	SH_COND_SERIES_ANY,
	SH_COND_TS_EQ,
	SH_COND_TS_GE,
	SH_COND_TS_GT,
	SH_COND_TS_LE,
	SH_COND_TS_LT,
	SH_COND_VALUE_GE, /* DELETE only */
	SH_COND_VALUE_LE  /* DELETE only */
} ShCondKind;

/* Which series and which span a scan reads, from the values of its conditions. */
typedef struct ShFdwRange
{
	bool empty;		 /* a condition is NULL or they exclude each other */
	bool all_series; /* no condition on ts_uuid */
	pg_uuid_t *uuid; /* else these, without repetition */
	int n;
	TimestampTz from; /* inclusive */
	TimestampTz to;
	double *ge; /* NULL: no limit */
	double *le;
} ShFdwRange;

/* fdw_plan.c */
extern void sh_fdw_rel_size(PlannerInfo *root, RelOptInfo *rel, Oid table);
extern void sh_fdw_paths(PlannerInfo *root, RelOptInfo *rel, Oid table);
extern ForeignScan *sh_fdw_plan(PlannerInfo *root, RelOptInfo *rel, Oid table, ForeignPath *path,
								List *tlist, List *clauses, Plan *outer_plan);
extern bool
sh_fdw_plan_direct_modify(PlannerInfo *root, ModifyTable *plan, Index relation, int subplan_index);

/* fdw_scan.c */
extern void sh_fdw_check_table(Relation relation);
extern List *sh_fdw_init_conditions(ForeignScanState *node);
extern void sh_fdw_eval_conditions(ForeignScanState *node, List *states, ShFdwRange *range);
extern void sh_fdw_explain_conditions(ForeignScanState *node, struct ExplainState *es);
extern void sh_fdw_begin_scan(ForeignScanState *node, int eflags);
extern TupleTableSlot *sh_fdw_iterate_scan(ForeignScanState *node);
extern void sh_fdw_rescan(ForeignScanState *node);
extern void sh_fdw_end_scan(ForeignScanState *node);
extern void sh_fdw_explain_scan(ForeignScanState *node, struct ExplainState *es);

/* All series whose `action` right on their points the acting user holds; allocated here. */
extern pg_uuid_t *sh_fdw_permitted_series(Snapshot snapshot, int action, int *n);

/* fdw_modify.c */
extern void sh_fdw_register_modify(FdwRoutine *routine);

#endif
