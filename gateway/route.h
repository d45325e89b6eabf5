/*
 * route.h: openapi.yaml -> a table of operations; matching of requests against it.
 *
 * Read-only after loading and shared by all threads. Knows neither libmicrohttpd nor libpq.
 */
#ifndef SH_GATEWAY_ROUTE_H
#define SH_GATEWAY_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "config.h"

typedef enum GwMethod
{
	GW_GET,
	GW_PUT,
	GW_POST,
	GW_DELETE,
	GW_NMETHODS,
	GW_HEAD, /* is matched as GET */
	GW_OPTIONS,
	GW_METHOD_OTHER
} GwMethod;

typedef enum GwLane
{
	GW_LANE_FAST, /* short, read-only, pipelined (x-lane: fast) */
	GW_LANE_HEAVY /* writes and long answers (x-lane: heavy, the default) */
} GwLane;

typedef enum GwPlace
{
	GW_IN_PATH,
	GW_IN_QUERY,
	GW_IN_HEADER,
	/* x-arguments: not one value, but a part of the request as it is */
	GW_WHOLE_METHOD,
	GW_WHOLE_QUERY,	 /* as JSON */
	GW_WHOLE_HEADERS /* as JSON */
} GwPlace;

typedef enum GwType
{
	GW_TYPE_STRING,
	GW_TYPE_INTEGER,
	GW_TYPE_NUMBER,
	GW_TYPE_BOOLEAN
} GwType;

typedef enum GwFormatKind
{
	GW_FORMAT_NONE,
	GW_FORMAT_UUID,
	GW_FORMAT_DATE_TIME
} GwFormatKind;

/* One parameter, and what openapi.yaml demands of it (of each element, where it is an array). */
typedef struct GwParameter
{
	const char *name;	  /* on the wire: "partNumber" */
	const char *argument; /* of the SQL function: "part_number" */
	GwPlace place;
	int segment; /* GW_IN_PATH: index of the path segment */
	bool required;
	bool array;
	int64_t max_items; /* -1: none */
	GwType type;
	GwFormatKind format;
	bool has_min;
	bool has_max;
	double min;
	double max;
	int64_t min_length; /* in code points; -1: none */
	int64_t max_length;
	const char *const *enumeration; /* NULL-terminated, or NULL */
} GwParameter;

typedef struct GwOperation
{
	int index;		/* 0..gw_routes_count()-1; behind them, those that no path leads to */
	const char *id; /* operationId = name of the SQL function */
	GwMethod method;
	const char *path; /* template: /v2/users/{uuid} */
	GwLane lane;
	bool is_internal; /* of the gateway itself: without credentials */
	bool no_head;	  /* GET that is no reading: HEAD is not matched (x-head: false) */
	int nparameters;
	const GwParameter *parameters;
	bool has_body;
	bool body_required;
	bool body_raw;						/* x-body: raw, a bytea; else a jsonb */
	const char *const *media_types;		/* of the request body, NULL-terminated */
	int64_t max_body;					/* bytes (x-max-body) */
	int too_large_status;				/* 413, or 400 (x-too-large-status) */
	int success_status;					/* the only 2xx status for plain return types */
	const char *success_media_type;		/* "application/json"; NULL: no body */
	const struct GwOperation *deferred; /* asked for the answer to a ticket (x-deferred); or NULL */
} GwOperation;

typedef struct GwRoutes GwRoutes;

/*
 * Reads openapi.yaml; where it names a key of the configuration, that key's value counts. Every
 * violation of the rules that the gateway relies on is logged with line.
 */
extern bool gw_routes_load(const char *file, const GwConfig *config, GwRoutes **out);
extern void gw_routes_free(GwRoutes *routes);
extern int gw_routes_count(const GwRoutes *routes);
extern const GwOperation *gw_routes_get(const GwRoutes *routes, int index);

/* How many operations there are together with those that only another one leads to. */
extern int gw_routes_count_all(const GwRoutes *routes);

/* The document as JSON, for /openapi3.json; the text belongs to the routes. */
extern const char *gw_routes_json(const GwRoutes *routes, size_t *len);

typedef struct GwMatch
{
	const GwOperation *operation; /* NULL: none */
	bool known_path;			  /* then 405 instead of 404 */
	char allow[64];				  /* for 405: "GET, HEAD, POST, OPTIONS" */
} GwMatch;

extern GwMethod gw_method_parse(const char *text);

/*
 * Matches a raw (still percent-encoded) path without its query. Doubled slashes are collapsed and a
 * trailing slash is dropped.
 */
extern void
gw_routes_match(const GwRoutes *routes, GwMethod method, const char *raw_path, GwMatch *out);

/*
 * The SQL text that runs an operation: $1 is the token digest, $2... the parameters in order, then
 * the body. `composite`: the function returns http_response (expand it). Selects also user_uuid,
 * token_uuid and rate of authenticate(), as the last three columns. Caller frees.
 */
extern char *gw_operation_statement(const GwOperation *operation, bool composite);

#endif
