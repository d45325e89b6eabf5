/*
 * route.c: matching of requests against the table of operations, and the SQL text of an operation.
 *
 * The table never changes after loading, so that all threads use it without a lock.
 */
#include "route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "route_table.h"
#include "uri.h"

#define MAX_STATEMENT 65536

static const char *const method_names[GW_NMETHODS] = {"GET", "PUT", "POST", "DELETE"};

void
gw_routes_free(GwRoutes *routes)
{
	if (routes == NULL)
		return;
	free(routes->json);
	if (routes->arena != NULL)
		shc_arena_free(routes->arena);
	free(routes);
}

int
gw_routes_count(const GwRoutes *routes)
{
	return routes->noperations;
}

int
gw_routes_count_all(const GwRoutes *routes)
{
	return routes->noperations + routes->ndeferred;
}

const GwOperation *
gw_routes_get(const GwRoutes *routes, int index)
{
	return &routes->operations[index];
}

const char *
gw_routes_json(const GwRoutes *routes, size_t *len)
{
	*len = routes->json_len;
	return routes->json;
}

/* Methods are case-sensitive in HTTP. */
GwMethod
gw_method_parse(const char *text)
{
	for (int i = 0; i < GW_NMETHODS; i++)
	{
		if (strcmp(text, method_names[i]) == 0)
			return (GwMethod) i;
	}
	if (strcmp(text, "HEAD") == 0)
		return GW_HEAD;
	if (strcmp(text, "OPTIONS") == 0)
		return GW_OPTIONS;
	return GW_METHOD_OTHER;
}

/* Compares a percent-encoded segment with a literal one of the document. */
static bool
segment_is(const char *raw, size_t raw_len, const GwRouteNode *node)
{
	const char *end = raw + raw_len;

	for (size_t i = 0; i < node->len; i++)
	{
		if (raw == end || gw_uri_byte(&raw, end) != (unsigned char) node->literal[i])
			return false;
	}
	return raw == end;
}

/* The node of the path's last segment. Literal segments win; where they lead nowhere, a parameter. */
static const GwRouteNode *
find(const GwRouteNode *node, const char *path)
{
	const GwRouteNode *found;
	size_t len;
	const char *segment = gw_uri_segment(&path, &len);

	if (segment == NULL)
		return node->is_path ? node : NULL;
	for (const GwRouteNode *child = node->children; child != NULL; child = child->next)
	{
		if (segment_is(segment, len, child) && (found = find(child, path)) != NULL)
			return found;
	}
	return node->parameter != NULL ? find(node->parameter, path) : NULL;
}

static bool
has_head(const GwRouteNode *node)
{
	return node->operation[GW_GET] != NULL && !node->operation[GW_GET]->no_head;
}

static void
list_methods(const GwRouteNode *node, char *out, size_t size)
{
	size_t len = 0;

	for (int i = 0; i < GW_NMETHODS; i++)
	{
		if (node->operation[i] == NULL)
			continue;
		len += (size_t) snprintf(out + len, size - len, "%s%s, ", method_names[i],
								 i == GW_GET && has_head(node) ? ", HEAD" : "");
	}
	snprintf(out + len, size - len, "OPTIONS");
}

void
gw_routes_match(const GwRoutes *routes, GwMethod method, const char *raw_path, GwMatch *out)
{
	const GwRouteNode *node = raw_path[0] == '/' ? find(routes->root, raw_path) : NULL;

	out->operation = NULL;
	out->known_path = node != NULL;
	out->allow[0] = '\0';
	if (node == NULL)
		return;
	if (method < GW_NMETHODS)
		out->operation = node->operation[method];
	else if (method == GW_HEAD && has_head(node))
		out->operation = node->operation[GW_GET];
	if (out->operation == NULL)
		list_methods(node, out->allow, sizeof(out->allow));
}

/* selfhost."op"("uuid" => $2, "body" => $3): names are identifiers, checked when they were loaded. */
static void
append_call(ShcBuf *sql, const GwOperation *operation)
{
	int number = 2;

	shc_buf_printf(sql, "selfhost.\"%s\"(", operation->id);
	for (int i = 0; i < operation->nparameters; i++, number++)
		shc_buf_printf(sql, "%s\"%s\" => $%d", i > 0 ? ", " : "", operation->parameters[i].argument,
					   number);
	if (operation->has_body)
		shc_buf_printf(sql, "%s\"body\" => $%d", operation->nparameters > 0 ? ", " : "", number);
	shc_buf_puts(sql, ")");
}

char *
gw_operation_statement(const GwOperation *operation, bool composite)
{
	ShcBuf sql;

	shc_buf_init(&sql, MAX_STATEMENT);
	if (operation->is_internal)
	{
		shc_buf_puts(&sql, "SELECT ");
		append_call(&sql, operation);
		shc_buf_puts(&sql, " AS r, NULL::uuid AS user_uuid, NULL::uuid AS token_uuid,"
						   " NULL::double precision AS rate WHERE $1::bytea IS NOT NULL");
		return sql.failed ? (shc_buf_free(&sql), NULL) : sql.data;
	}
	if (composite)
		shc_buf_puts(&sql, "SELECT (s.r).*, s.user_uuid, s.token_uuid, s.rate FROM (");
	shc_buf_puts(&sql, "SELECT ");
	append_call(&sql, operation);
	shc_buf_puts(&sql, " AS r, a.user_uuid, a.token_uuid, a.rate"
					   " FROM selfhost.authenticate($1) a");
	/* Without OFFSET 0 the function could be evaluated once for each column. */
	if (composite)
		shc_buf_puts(&sql, " OFFSET 0) s");
	if (sql.failed)
	{
		shc_buf_free(&sql);
		return NULL;
	}
	return sql.data;
}
