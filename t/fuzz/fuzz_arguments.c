/*
 * fuzz_arguments.c: any request target against the routes of openapi.yaml: matching, binding, and
 * the body of a refusal. The input is "METHOD /path?query", the header "X-Key: value" for all.
 *
 * Run from this directory, or give the document in the environment variable OPENAPI.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"

#define ARENA_LIMIT	  (256 * 1024)
#define MAX_ARGUMENTS 64

static GwRoutes *routes;
static const GwConfig config = {.datasets_max_json_size = 16777216,
								.datasets_max_part_size = 16777216,
								.points_max_size = 5242880};
static ShcArena *arena;

extern int LLVMFuzzerInitialize(int *argc, char ***argv);
extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *file = getenv("OPENAPI");

	(void) argc;
	(void) argv;
	arena = shc_arena_new(ARENA_LIMIT);
	if (arena == NULL ||
		!gw_routes_load(file != NULL ? file : "../../gateway/openapi.yaml", &config, &routes))
		abort();
	return 0;
}

static const char *
lookup(void *context, const char *name)
{
	return name[0] != '\0' ? context : NULL;
}

/* What was bound is what PostgreSQL may get: no value missing, arrays closed, UUIDs lower-case. */
static void
check_values(const GwOperation *operation, const char **value)
{
	for (int i = 0; i < operation->nparameters; i++)
	{
		const GwParameter *parameter = &operation->parameters[i];
		const char *text = value[i];

		if (text == NULL)
		{
			if (parameter->required)
				abort();
		}
		else if (parameter->array)
		{
			if (text[0] != '{' || text[strlen(text) - 1] != '}')
				abort();
		}
		else if (parameter->format == GW_FORMAT_UUID &&
				 (strlen(text) != 36 || text[strspn(text, "0123456789abcdef-")] != '\0'))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char request[4096];
	char body[1024];
	char *path;
	char *query;
	const char *value[MAX_ARGUMENTS];
	const char *type;
	GwMatch match;
	GwProblem problem;

	if (size >= sizeof(request))
		return 0;
	memcpy(request, data, size);
	request[size] = '\0';
	path = strchr(request, ' ');
	if (path == NULL)
		return 0;
	*path++ = '\0';
	query = strchr(path, '?');
	if (query != NULL)
		*query++ = '\0';

	gw_routes_match(routes, gw_method_parse(request), path, &match);
	if (match.operation == NULL)
		return 0;
	shc_arena_reset(arena);
	if (gw_arguments_bind(match.operation, path, query, lookup, request, arena, value, &problem))
		check_values(match.operation, value);
	else if (problem.status < 400 ||
			 gw_problem_body(&problem, path, "id", body, sizeof(body), &type) < 2)
		abort();
	gw_media_type_accepted(match.operation, path);
	return 0;
}
