/*
 * fdw_plan.c: planning of selfhost.tsdata: which conditions reach the chunk scan, and what it costs.
 *
 * Every pushed condition stays a qual of the plan, too: it is cheap, and the scan may then read a
 * little more than was asked for.
 */
#include "sh_ext.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "fdw.h"

/* Guesses for what no statistics tell: points of a row, and the part that a condition on ts keeps. */
#define POINTS_PER_CHUNK	  1000.0
#define CHUNKS_PER_PAGE		  4.0
#define SELECTIVITY_WINDOW	  0.01
#define SELECTIVITY_HALF_OPEN 0.3
#define SERIES_OF_ARRAY		  10.0

/* What a list of clauses says, for the estimate. */
typedef struct Shape
{
	bool one_series;
	bool some_series;
	bool lower;
	bool upper;
	bool point;
} Shape;

static bool
is_column(Node *node, RelOptInfo *rel, AttrNumber *column)
{
	Var *var = (Var *) node;

	if (!IsA(node, Var) || var->varno != rel->relid || var->varlevelsup != 0)
		return false;
	*column = var->varattno;
	return *column >= SH_COL_SERIES && *column <= SH_COL_VALUE;
}

static bool
mentions_relation(Node *node, void *relid)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return ((Var *) node)->varno == *(Index *) relid;
	return expression_tree_walker(node, mentions_relation, relid);
}

/* Constant during a scan: nothing of this relation, nothing volatile. */
static bool
is_argument(Node *node, RelOptInfo *rel, Oid type)
{
	return exprType(node) == type && !contain_volatile_functions(node) && !contain_subplans(node) &&
		   !mentions_relation(node, &rel->relid);
}

static bool
kind_of(AttrNumber column, int strategy, ShCondKind *kind)
{
	static const ShCondKind of_ts[] = {[BTLessStrategyNumber] = SH_COND_TS_LT,
									   [BTLessEqualStrategyNumber] = SH_COND_TS_LE,
									   [BTEqualStrategyNumber] = SH_COND_TS_EQ,
									   [BTGreaterEqualStrategyNumber] = SH_COND_TS_GE,
									   [BTGreaterStrategyNumber] = SH_COND_TS_GT};

	if (strategy < BTLessStrategyNumber || strategy > BTGreaterStrategyNumber)
		return false;
	switch (column)
	{
		case SH_COL_SERIES:
			*kind = SH_COND_SERIES;
			return strategy == BTEqualStrategyNumber;
		case SH_COL_TS:
			*kind = of_ts[strategy];
			return true;
		default:
			*kind = strategy == BTGreaterEqualStrategyNumber ? SH_COND_VALUE_GE : SH_COND_VALUE_LE;
			return strategy == BTGreaterEqualStrategyNumber ||
				   strategy == BTLessEqualStrategyNumber;
	}
}

static Oid
column_type(AttrNumber column)
{
	return column == SH_COL_SERIES ? UUIDOID : column == SH_COL_TS ? TIMESTAMPTZOID : FLOAT8OID;
}

static int
btree_strategy(Oid operator_oid, Oid type)
{
	return get_op_opfamily_strategy(operator_oid,
									lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf);
}

/*
 * Recognises a clause that the scan can use. *out is the clause with the column on the left; it
 * shares its nodes with the original.
 */
static bool
classify(RelOptInfo *rel, Expr *clause, ShCondKind *kind, Expr **out)
{
	AttrNumber column;

	if (IsA(clause, OpExpr) && list_length(((OpExpr *) clause)->args) == 2)
	{
		OpExpr *op = (OpExpr *) clause;

		if (!is_column(linitial(op->args), rel, &column))
		{
			Oid commutator = get_commutator(op->opno);

			if (!is_column(lsecond(op->args), rel, &column) || !OidIsValid(commutator))
				return false;
			op = (OpExpr *) make_opclause(commutator, op->opresulttype, op->opretset,
										  lsecond(op->args), linitial(op->args), op->opcollid,
										  op->inputcollid);
			set_opfuncid(op);
		}
		*out = (Expr *) op;
		return is_argument(lsecond(op->args), rel, column_type(column)) &&
			   kind_of(column, btree_strategy(op->opno, column_type(column)), kind);
	}
	if (IsA(clause, ScalarArrayOpExpr))
	{
		ScalarArrayOpExpr *any = (ScalarArrayOpExpr *) clause;

		*kind = SH_COND_SERIES_ANY;
		*out = clause;
		return any->useOr && is_column(linitial(any->args), rel, &column) &&
			   column == SH_COL_SERIES && is_argument(lsecond(any->args), rel, UUIDARRAYOID) &&
			   btree_strategy(any->opno, UUIDOID) == BTEqualStrategyNumber;
	}
	return false;
}

static void
note_shape(RelOptInfo *rel, Expr *clause, Shape *shape)
{
	ShCondKind kind;
	Expr *normalised;

	if (!classify(rel, clause, &kind, &normalised))
		return;
	shape->one_series |= kind == SH_COND_SERIES;
	shape->some_series |= kind == SH_COND_SERIES_ANY;
	shape->point |= kind == SH_COND_TS_EQ;
	shape->lower |= kind == SH_COND_TS_GE || kind == SH_COND_TS_GT;
	shape->upper |= kind == SH_COND_TS_LE || kind == SH_COND_TS_LT;
}

static double
pages_of(const char *name)
{
	Oid table = get_relname_relid(name, get_namespace_oid(SH_SCHEMA, false));
	Relation relation = table_open(table, AccessShareLock);
	double pages = RelationGetNumberOfBlocks(relation);

	table_close(relation, AccessShareLock);
	return pages;
}

static double
count_of_series(void)
{
	Oid table = get_relname_relid("timeseries", get_namespace_oid(SH_SCHEMA, false));
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	double n = tuple != NULL ? ((Form_pg_class) GETSTRUCT(tuple))->reltuples : 0;

	if (tuple != NULL)
		ReleaseSysCache(tuple);
	return Max(n, 1.0);
}

/* Rows and cost of a scan with these conditions. */
static void
estimate(const Shape *shape, double *rows, Cost *startup, Cost *total)
{
	double all_series = count_of_series();
	double pages = pages_of("chunk") + pages_of("tail");
	double points = Max(pages * CHUNKS_PER_PAGE * POINTS_PER_CHUNK / all_series, 1.0);
	double series = shape->one_series	 ? 1
					: shape->some_series ? Min(SERIES_OF_ARRAY, all_series)
										 : all_series;

	if (shape->point)
		points = 1;
	else if (shape->lower && shape->upper)
		points *= SELECTIVITY_WINDOW;
	else if (shape->lower || shape->upper)
		points *= SELECTIVITY_HALF_OPEN;
	*rows = clamp_row_est(series * points);
	*startup = cpu_operator_cost;
	*total = *startup + series * random_page_cost +
			 *rows / (CHUNKS_PER_PAGE * POINTS_PER_CHUNK) * seq_page_cost + *rows * cpu_tuple_cost;
}

void
sh_fdw_rel_size(PlannerInfo *root, RelOptInfo *rel, Oid table)
{
	Shape shape = {0};
	Cost startup;
	Cost total;
	ListCell *cell;

	foreach (cell, rel->baserestrictinfo)
		note_shape(rel, lfirst_node(RestrictInfo, cell)->clause, &shape);
	estimate(&shape, &rel->rows, &startup, &total);
	rel->tuples = Max(rel->tuples, rel->rows);
}

/* The sort order (ts) where the query wants it and one series is read. */
static List *
useful_pathkeys(PlannerInfo *root, RelOptInfo *rel)
{
	PathKey *key;
	ListCell *cell;

	if (root->query_pathkeys == NIL)
		return NIL;
	key = linitial_node(PathKey, root->query_pathkeys);
	if (!sh_pathkey_is_ascending(key) || key->pk_nulls_first || key->pk_eclass->ec_has_volatile)
		return NIL;
	foreach (cell, key->pk_eclass->ec_members)
	{
		AttrNumber column;
		Expr *expr = lfirst_node(EquivalenceMember, cell)->em_expr;

		if (is_column((Node *) expr, rel, &column) && column == SH_COL_TS)
			return list_make1(key);
	}
	return NIL;
}

static bool
matches_series_column(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec,
					  EquivalenceMember *member, void *argument)
{
	AttrNumber column;

	return is_column((Node *) member->em_expr, rel, &column) && column == SH_COL_SERIES;
}

/* A path for the inner side of a nested loop: ts_uuid comes from the outer side. */
static void
add_parameterised_path(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *rinfo, List *pathkeys)
{
	ShCondKind kind;
	Expr *normalised;
	Relids outer;
	ParamPathInfo *info;
	Shape shape = {.one_series = true};
	double rows;
	Cost startup;
	Cost total;
	ListCell *cell;

	if (!join_clause_is_movable_to(rinfo, rel) ||
		!classify(rel, rinfo->clause, &kind, &normalised) || kind != SH_COND_SERIES)
		return;
	outer = bms_union(rinfo->clause_relids, rel->lateral_relids);
	outer = bms_del_member(outer, rel->relid);
	if (bms_is_empty(outer))
		return;
	info = get_baserel_parampathinfo(root, rel, outer);
	foreach (cell, rel->baserestrictinfo)
		note_shape(rel, lfirst_node(RestrictInfo, cell)->clause, &shape);
	foreach (cell, info->ppi_clauses)
		note_shape(rel, lfirst_node(RestrictInfo, cell)->clause, &shape);
	estimate(&shape, &rows, &startup, &total);
	info->ppi_rows = rows;
	add_path(rel,
			 (Path *) sh_create_foreignscan_path(root, rel, rows, startup, total, pathkeys, outer));
}

void
sh_fdw_paths(PlannerInfo *root, RelOptInfo *rel, Oid table)
{
	Shape shape = {0};
	double rows;
	Cost startup;
	Cost total;
	List *sorted = useful_pathkeys(root, rel);
	List *join_clauses;
	ListCell *cell;

	foreach (cell, rel->baserestrictinfo)
		note_shape(rel, lfirst_node(RestrictInfo, cell)->clause, &shape);
	estimate(&shape, &rows, &startup, &total);
	add_path(rel, (Path *) sh_create_foreignscan_path(root, rel, rel->rows, startup, total,
													  shape.one_series ? sorted : NIL,
													  rel->lateral_relids));

	join_clauses = list_copy(rel->joininfo);
	if (rel->has_eclass_joins)
		join_clauses = list_concat(
			join_clauses, generate_implied_equalities_for_column(root, rel, matches_series_column,
																 NULL, rel->lateral_referencers));
	foreach (cell, join_clauses)
		add_parameterised_path(root, rel, lfirst_node(RestrictInfo, cell), NIL);
}

ForeignScan *
sh_fdw_plan(PlannerInfo *root, RelOptInfo *rel, Oid table, ForeignPath *path, List *tlist,
			List *clauses, Plan *outer_plan)
{
	List *quals = extract_actual_clauses(clauses, false);
	List *pushed = NIL;
	List *kinds = NIL;
	ListCell *cell;

	foreach (cell, quals)
	{
		ShCondKind kind;
		Expr *normalised;

		if (classify(rel, lfirst(cell), &kind, &normalised) && kind < SH_COND_VALUE_GE)
		{
			pushed = lappend(pushed, normalised);
			kinds = lappend_int(kinds, kind);
		}
	}
	return make_foreignscan(tlist, quals, rel->relid, pushed, list_make1(kinds), NIL, NIL,
							outer_plan);
}

/* The scan below a DELETE, where it is the plain scan of the target. */
static ForeignScan *
scan_below(ModifyTable *plan, Index relation, int subplan_index)
{
	Plan *below = sh_modify_subplan(plan, subplan_index);

	if (below == NULL || !IsA(below, ForeignScan) || ((Scan *) below)->scanrelid != relation)
		return NULL;
	return (ForeignScan *) below;
}

/*
 * DELETE whose conditions are nothing but series, span and inclusive limits of the value runs as
 * range deletes, without reading points one by one.
 */
bool
sh_fdw_plan_direct_modify(PlannerInfo *root, ModifyTable *plan, Index relation, int subplan_index)
{
	ForeignScan *scan;
	RelOptInfo *rel;
	List *pushed = NIL;
	List *kinds = NIL;
	ListCell *cell;

	if (plan->operation != CMD_DELETE || plan->returningLists != NIL || !plan->canSetTag)
		return false;
	scan = scan_below(plan, relation, subplan_index);
	if (scan == NULL)
		return false;
	rel = find_base_rel(root, relation);
	foreach (cell, scan->scan.plan.qual)
	{
		ShCondKind kind;
		Expr *normalised;

		if (!classify(rel, lfirst(cell), &kind, &normalised))
			return false;
		/* Several conditions on the series: the range keeps one of them only. */
		if (kind <= SH_COND_SERIES_ANY &&
			(list_member_int(kinds, SH_COND_SERIES) || list_member_int(kinds, SH_COND_SERIES_ANY)))
			return false;
		pushed = lappend(pushed, normalised);
		kinds = lappend_int(kinds, kind);
	}
	scan->operation = CMD_DELETE;
#if PG_VERSION_NUM >= 140000
	scan->resultRelation = relation;
#endif
	scan->fdw_exprs = pushed;
	scan->fdw_private = list_make1(kinds);
	scan->scan.plan.qual = NIL;
	return true;
}
