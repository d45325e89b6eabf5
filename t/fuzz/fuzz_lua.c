/*
 * fuzz_lua.c: any text as a program in Lua, under limits, with every module but the network's.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "language.h"
#include "log.h"

extern int LLVMFuzzerInitialize(int *argc, char ***argv);
extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
no_module(void *context, const char *name, int64_t revision, WkModule *out, WkError *error)
{
	(void) context;
	(void) revision;
	(void) error;
	/* One that imports itself, and one that does not compile. */
	if (strcmp(name, "self") != 0 && strcmp(name, "bad") != 0)
		return false;
	memcpy(out->identity, name, strlen(name) + 1);
	out->code = strdup(name[0] == 's' ? "return import('self')" : "return )");
	out->len = strlen(out->code);
	return true;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	shc_log_set_level((ShcLogLevel) (SHC_LOG_ERROR + 1));
	return wk_languages_prepare() ? 0 : 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WkHost host = {.module = no_module};
	WkResponse response;
	WkTask task = {.source = {.name = "fuzz", .code = (const char *) data, .len = size},
				   .host = &host,
				   .response = &response,
				   .memory = (size_t) 4 * 1024 * 1024};
	struct timespec now;
	WkError error = {.text = ""};

	clock_gettime(CLOCK_MONOTONIC, &now);
	task.deadline = (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000 + 50000;
	wk_response_init(&response);
	if (!wk_language_find("lua")->run(&task, &error) &&
		memchr(error.text, '\0', sizeof(error.text)) == NULL)
		abort();
	wk_response_free(&response);
	return 0;
}
