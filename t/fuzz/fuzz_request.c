/*
 * fuzz_request.c: any bytes as a body, a query and headers: what is said to be JSON, and what is made to be
 * JSON. The first byte chooses: a body; a query; else headers, one on each line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json_check.h"
#include "request_parts.h"

#define ARENA_LIMIT (1024 * 1024)

static ShcArena *arena;

extern int LLVMFuzzerInitialize(int *argc, char ***argv);
extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	arena = shc_arena_new(ARENA_LIMIT);
	return arena != NULL ? 0 : -1;
}

/* Each line is "name:value"; the text is taken apart in place. */
static void
walk(void *context, GwHeaderTaker take, void *taker)
{
	char *line = context;

	while (line != NULL)
	{
		char *next = strchr(line, '\n');
		char *colon;

		if (next != NULL)
			*next++ = '\0';
		colon = strchr(line, ':');
		if (colon != NULL)
			*colon++ = '\0';
		take(taker, line, colon);
		line = next;
	}
}

/* A body that is no JSON is not so for a reason, and at a place in it. */
static void
check_body(const char *text, size_t size)
{
	GwJsonError error = {0};

	if (gw_json_check(text, size, &error))
		return;
	if (error.reason == NULL || error.line < 1 || error.column < 1 || error.line > size + 1 ||
		error.column > size + 1)
		abort();
}

static void
check_made(const char *json, const GwProblem *problem)
{
	GwJsonError error;

	if (json == NULL ? problem->status < 400 : !gw_json_check(json, strlen(json), &error))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	GwProblem problem = {0};
	char *text;

	if (size == 0)
		return 0;
	/* Of exactly that size, so that reading beyond it is found. */
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	shc_arena_reset(arena);
	if (data[0] % 3 == 0)
	{
		char *body = malloc(size - 1 > 0 ? size - 1 : 1);

		memcpy(body, text, size - 1);
		check_body(body, size - 1);
		free(body);
	}
	else if (data[0] % 3 == 1)
		check_made(gw_query_json(text, arena, &problem), &problem);
	else
		check_made(gw_headers_json(walk, text, arena, &problem), &problem);
	free(text);
	return 0;
}
