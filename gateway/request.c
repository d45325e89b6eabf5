/*
 * request.c: one HTTP request from its head to the question for the database.
 */
#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "argument_value.h"
#include "credentials.h"
#include "json_check.h"

/* Most memory of a request beside its body: target, parameters, response headers. */
#define ARENA_LIMIT ((size_t) 1024 * 1024)

/* First size of a body whose length is not known. */
#define BODY_FIRST 4096

GwRequest *
gw_request_new(void)
{
	GwRequest *request = calloc(1, sizeof(GwRequest));

	if (request == NULL)
		return NULL;
	request->arena = shc_arena_new(ARENA_LIMIT);
	if (request->arena == NULL)
	{
		free(request);
		return NULL;
	}
	return request;
}

void
gw_request_free(GwRequest *request)
{
	gw_request_reset(request);
	shc_arena_free(request->arena);
	free(request);
}

void
gw_request_reset(GwRequest *request)
{
	ShcArena *arena = request->arena;

	if (request->pool != NULL)
		gw_pool_release(request->pool);
	gw_job_drop_pieces(&request->job);
	free(request->body);
	shc_arena_reset(arena);
	*request = (GwRequest){.arena = arena};
}

static void
refuse(GwRequest *request, int status, const char *text)
{
	request->has_problem = true;
	gw_problem_set(&request->problem, status, "%s", text);
}

bool
gw_request_begin(GwRequest *request, const char *target, uint64_t id, int64_t now)
{
	size_t path_len = strcspn(target, "?");

	snprintf(request->id, sizeof(request->id), "%016" PRIx64, id);
	request->target_len = path_len + strlen(target + path_len);
	request->head_len = request->target_len + strlen("GET  HTTP/1.1\r\n\r\n");
	request->began = now;
	request->path = shc_arena_strndup(request->arena, target, path_len);
	if (target[path_len] == '?')
		target++;
	request->query =
		shc_arena_strndup(request->arena, target + path_len, strlen(target + path_len));
	request->method_text = "";
	return request->path != NULL && request->query != NULL;
}

/* ---- the head ---- */

/* A header's value in the arena; NULL when it is absent. */
static const char *
copy_header(GwRequest *request, GwHeaderLookup lookup, void *context, const char *name)
{
	const char *value = lookup(context, name);

	return value != NULL ? shc_arena_strndup(request->arena, value, strlen(value)) : NULL;
}

/* Answered for every path, without credentials: browsers send none. */
static bool
is_preflight(GwRequest *request, GwHeaderLookup lookup, void *context)
{
	if (request->method != GW_OPTIONS || request->origin == NULL)
		return false;
	request->requested_method =
		copy_header(request, lookup, context, "Access-Control-Request-Method");
	request->requested_headers =
		copy_header(request, lookup, context, "Access-Control-Request-Headers");
	if (request->requested_method == NULL)
		return false;
	request->kind = GW_REQUEST_PREFLIGHT;
	return true;
}

/* Paths that are not of the API, and need no credentials. */
static bool
is_built_in(GwRequest *request)
{
	if (request->method != GW_GET && request->method != GW_HEAD)
		return false;
	if (strcasecmp(request->path, "/status") == 0)
		request->kind = GW_REQUEST_STATUS;
	else if (strcmp(request->path, "/openapi3.json") == 0)
		request->kind = GW_REQUEST_DOCUMENT;
	else if (strcmp(request->path, "/openapi.yaml") == 0 ||
			 strncmp(request->path, "/static/", strlen("/static/")) == 0)
		request->kind = GW_REQUEST_STATIC;
	else
		return false;
	return true;
}

static void
find_route(GwRequest *request, const GwRoutes *routes)
{
	GwMatch match;

	gw_routes_match(routes, request->method, request->path, &match);
	request->operation = match.operation;
	if (match.operation != NULL)
		return;
	if (!match.known_path)
	{
		refuse(request, 404, "not found");
		return;
	}
	request->allow = shc_arena_strndup(request->arena, match.allow, strlen(match.allow));
	if (request->method == GW_OPTIONS)
		request->kind = GW_REQUEST_OPTIONS;
	else
		refuse(request, 405, "this path does not have that method");
}

/* Credentials must be there; whether they are good is found out later. */
static void
take_credentials(GwRequest *request, const GwPools *pools, const char *authorization)
{
	if (!gw_credentials_parse(authorization, request->arena, &request->domain, request->job.digest))
	{
		refuse(request, 401, "no valid credentials");
		return;
	}
	request->pool = gw_pools_find(pools, request->domain);
	if (request->pool == NULL && !pools->are_known)
	{
		refuse(request, 503, "the domains are not known yet");
		request->problem.retry_after = 1;
	}
	/* The domain may be changed while the body is still on its way. */
	if (request->pool != NULL)
		gw_pool_hold(request->pool);
}

/* The parameters that are a whole part of the request. False: the problem is set. */
static bool
take_whole_parts(GwRequest *request, GwHeaderWalk walk, void *context, const char **value)
{
	const GwOperation *operation = request->operation;

	for (int i = 0; i < operation->nparameters; i++)
	{
		GwPlace place = operation->parameters[i].place;

		if (place == GW_WHOLE_METHOD)
			value[i] = request->method_text;
		else if (place == GW_WHOLE_QUERY)
			value[i] = gw_query_json(request->query, request->arena, &request->problem);
		else if (place == GW_WHOLE_HEADERS)
			value[i] = gw_headers_json(walk, context, request->arena, &request->problem);
		if (place > GW_IN_HEADER && value[i] == NULL)
			return false;
	}
	return true;
}

static void
take_parameters(GwRequest *request, GwHeaderLookup lookup, GwHeaderWalk walk, void *context)
{
	const GwOperation *operation = request->operation;
	const char **value =
		shc_arena_zalloc(request->arena, sizeof(char *) * ((size_t) operation->nparameters + 1));

	if (value == NULL)
		refuse(request, 500, "internal error");
	else if (!gw_arguments_bind(operation, request->path, request->query, lookup, context,
								request->arena, value, &request->problem) ||
			 !take_whole_parts(request, walk, context, value))
		request->has_problem = true;
	request->job.value = value;
}

static void
refuse_large_body(GwRequest *request)
{
	request->has_problem = true;
	gw_problem_set(&request->problem, request->operation->too_large_status,
				   "the body is larger than %" PRId64 " bytes", request->operation->max_body);
}

/* What the head tells of the body. A length that is not a number was refused by the HTTP library. */
static void
check_announced_body(GwRequest *request, GwHeaderLookup lookup, void *context)
{
	const GwOperation *operation = request->operation;
	const char *length = lookup(context, "Content-Length");
	const char *type = lookup(context, "Content-Type");
	unsigned long long n = length != NULL ? strtoull(length, NULL, 10) : 0;
	bool is_chunked = lookup(context, "Transfer-Encoding") != NULL;

	if (!operation->has_body)
		return;
	if (n > (unsigned long long) operation->max_body)
		refuse_large_body(request);
	else if (n == 0 && !is_chunked)
		return; /* gw_request_check_body() looks at whether there must be one */
	else if (!gw_media_type_accepted(operation, type))
	{
		request->has_problem = true;
		gw_problem_set(&request->problem, 400, "Content-Type: must be %s",
					   operation->media_types[0]);
	}
	else if (n > 0)
	{
		request->body = malloc((size_t) n + 1);
		request->body_capacity = request->body != NULL ? (size_t) n + 1 : 0;
	}
}

void
gw_request_head(GwRequest *request, const char *method, const GwRoutes *routes,
				const GwPools *pools, GwHeaderLookup lookup, GwHeaderWalk walk, void *context)
{
	request->head_seen = true;
	request->method = gw_method_parse(method);
	request->method_text = shc_arena_strndup(request->arena, method, strlen(method));
	request->accept = copy_header(request, lookup, context, "Accept");
	request->accept_encoding = copy_header(request, lookup, context, "Accept-Encoding");
	request->origin = copy_header(request, lookup, context, "Origin");
	if (request->method_text == NULL)
		refuse(request, 500, "internal error");
	if (request->has_problem || is_preflight(request, lookup, context) || is_built_in(request))
		return;
	find_route(request, routes);
	if (request->has_problem || request->kind != GW_REQUEST_OPERATION)
		return;
	take_credentials(request, pools, lookup(context, "Authorization"));
	if (!request->has_problem)
		take_parameters(request, lookup, walk, context);
	if (!request->has_problem)
		check_announced_body(request, lookup, context);
}

/* ---- the body ---- */

static bool
discard(GwRequest *request, size_t len)
{
	request->discarded += len;
	return request->discarded <= GW_MAX_DISCARD;
}

/* Room for len more bytes and a zero; at most twice the size of before. */
static bool
grow_body(GwRequest *request, size_t len)
{
	size_t needed = request->body_len + len + 1;
	size_t capacity = request->body_capacity > 0 ? request->body_capacity : BODY_FIRST;
	char *body;

	if (needed <= request->body_capacity)
		return true;
	while (capacity < needed)
		capacity *= 2;
	body = realloc(request->body, capacity);
	if (body == NULL)
		return false;
	request->body = body;
	request->body_capacity = capacity;
	return true;
}

void
gw_request_drop_body(GwRequest *request)
{
	free(request->body);
	request->body = NULL;
	request->body_capacity = 0;
}

bool
gw_request_body(GwRequest *request, const char *data, size_t len)
{
	if (!request->has_problem && request->operation != NULL && request->operation->has_body)
	{
		if (request->body_len + len > (size_t) request->operation->max_body)
			refuse_large_body(request);
		else if (!grow_body(request, len))
			refuse(request, 503, "the service is unavailable, try again later");
		else
		{
			memcpy(request->body + request->body_len, data, len);
			request->body_len += len;
			return true;
		}
	}
	if (request->has_problem)
	{
		gw_request_drop_body(request);
		request->body_len = 0;
	}
	return discard(request, len);
}

/* The form of JSON comes before the credentials, and is told alike whether the domain exists or not. */
static void
check_json(GwRequest *request)
{
	GwJsonError error;

	if (memchr(request->body, '\0', request->body_len) != NULL)
		refuse(request, 400, "body: must not have zero bytes");
	else if (gw_utf8_length(request->body, request->body_len) < 0)
		refuse(request, 400, "body: must be UTF-8");
	else if (!gw_json_check(request->body, request->body_len, &error))
	{
		request->has_problem = true;
		gw_problem_set(&request->problem, 400, "body: is not JSON: line %zu, column %zu: %s",
					   error.line, error.column, error.reason);
	}
}

void
gw_request_check_body(GwRequest *request)
{
	const GwOperation *operation = request->operation;

	if (request->has_problem || operation == NULL || !operation->has_body)
		return;
	if (request->body_len == 0)
	{
		if (operation->body_required)
			refuse(request, 400, "body: is required");
		return;
	}
	/* A JSON text travels as a string that ends at its first zero byte. */
	request->body[request->body_len] = '\0';
	if (!operation->body_raw)
		check_json(request);
}

void
gw_request_submit(GwRequest *request, const GwConfig *config, int64_t now)
{
	GwJob *job = &request->job;
	GwProblem problem;

	job->operation = request->operation;
	job->body = request->body_len > 0 ? request->body : NULL;
	job->body_len = request->body_len;
	job->arena = request->arena;
	job->deadline = now + config->request_timeout;
	if (request->pool != NULL)
	{
		gw_pool_submit(request->pool, job);
		return;
	}
	/* As the database would say it of a wrong token. */
	gw_problem_set(&problem, 401, "no valid credentials");
	gw_job_fail(job, &problem);
}
