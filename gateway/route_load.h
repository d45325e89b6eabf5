/*
 * route_load.h: what route_load.c and route_parameters.c share while openapi.yaml is read.
 */
#ifndef SH_GATEWAY_ROUTE_LOAD_H
#define SH_GATEWAY_ROUTE_LOAD_H

#include "openapi.h"
#include "route_table.h"

#define GW_IDENTIFIER_MAX 63 /* PostgreSQL cuts longer names */

#define LENGTH_OF(array)  (sizeof(array) / sizeof((array)[0]))

typedef struct GwLoader
{
	GwDocument document;
	const GwConfig *config;
	GwRoutes *routes;
	bool out_of_memory;
} GwLoader;

/* The path in hand: its template, its parameters for all methods, its place in the tree. */
typedef struct GwLoadedPath
{
	const char *template;
	struct fy_node *item;
	GwRouteNode *node;
} GwLoadedPath;

/* Zeroed memory that lives as long as the routes. NULL, and out_of_memory is set. */
extern void *gw_load_alloc(GwLoader *loader, size_t size);

/* A copy of a scalar's text; "" after a complaint, at `near`, where the node is no scalar. */
extern const char *
gw_load_text(GwLoader *loader, struct fy_node *node, struct fy_node *near, const char *what);

/* [a-z_][a-z0-9_]*, not too long: safe between the quotation marks of an SQL identifier. */
extern bool gw_load_is_identifier(const char *text);

/* Which segment of a template is {name}: -1 if none. */
extern int gw_load_segment(const char *template, const char *name);

/* Fills the operation's parameters from the path's and its own lists. has_body must be known. */
extern void gw_load_parameters(GwLoader *loader, const GwLoadedPath *path, struct fy_node *node,
							   GwOperation *operation);

#endif
