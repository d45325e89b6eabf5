/*
 * route_table.h: the inside of GwRoutes, shared by route_load.c (writes it) and route.c (reads it).
 */
#ifndef SH_GATEWAY_ROUTE_TABLE_H
#define SH_GATEWAY_ROUTE_TABLE_H

#include "route.h"

/* Most segments of a path template; also bounds the recursion of the matcher. */
#define GW_MAX_SEGMENTS 16

/*
 * A tree of path segments. A node has few children (the collections below /v2 are the most), so they
 * are a list; at most one child stands for a parameter, and the literal ones are tried first.
 */
typedef struct GwRouteNode
{
	const char *literal; /* NULL: a parameter */
	size_t len;
	struct GwRouteNode *next; /* sibling */
	struct GwRouteNode *children;
	struct GwRouteNode *parameter;
	bool is_path; /* a path of the document ends here */
	const GwOperation *operation[GW_NMETHODS];
} GwRouteNode;

struct GwRoutes
{
	ShcArena *arena; /* everything but the JSON text */
	int noperations; /* that paths lead to */
	int ndeferred;	 /* that stand behind them */
	GwOperation *operations;
	GwRouteNode *root;
	char *json; /* malloc'd */
	size_t json_len;
};

#endif
