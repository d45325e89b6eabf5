/*
 * local.c: one program out of a file.
 */
#include "local.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "account.h"
#include "local_modules.h"
#include "log.h"
#include "run.h"

typedef enum LocalExit
{
	EXIT_SUCCEEDED,
	EXIT_PROGRAM_FAILED,
	EXIT_NO_FILE,
	EXIT_DEADLINE
} LocalExit;

typedef struct State
{
	const WkLocal *local;
	ShcLoop loop;
	WkSpawner spawner;
	WkNetworks denied;
	WkConnector *connector;
	WkJob job;
	WkRun *run;
	WkLocalModules *modules;
	bool is_over;
	int code;
} State;

/* The ending of a file's name names its language. */
static const char *
language_of(const char *file)
{
	const char *dot = strrchr(file, '.');

	return dot != NULL ? dot + 1 : "lua";
}

/* ---- the run ---- */

static void
on_log(WkRun *run, const char *level, const char *text, size_t len)
{
	ShcBuf line;

	(void) run;
	shc_buf_init(&line, (size_t) 2 * WK_LOG_LINE_MAX);
	shc_buf_printf(&line, "%s: ", level);
	wk_clean_text(&line, text, len < WK_LOG_LINE_MAX ? len : WK_LOG_LINE_MAX, false);
	fprintf(stderr, "%s\n", line.data);
	shc_buf_free(&line);
}

static void
on_module(WkRun *run, const char *name, int64_t revision)
{
	const State *state = run->owner;
	WkLocalModule module;

	if (!wk_local_module_find(state->modules, name, revision, &module))
	{
		wk_run_reply_none(run);
		return;
	}
	wk_run_reply_module(run, name, module.revision, module.code, module.len);
	free(module.code);
}

static void
on_selfapi(WkRun *run, const char *operation, const char *arguments, const char *body,
		   size_t body_len)
{
	(void) operation;
	(void) arguments;
	(void) body;
	(void) body_len;
	wk_run_reply_error(run, "there is no domain here: the program runs out of a file");
}

static void
on_outcome(WkRun *run)
{
	State *state = run->owner;
	const WkOutcome *outcome = &run->outcome;

	state->code = strcmp(outcome->state, "succeeded") == 0 ? EXIT_SUCCEEDED
				  : strcmp(outcome->state, "timeout") == 0 ? EXIT_DEADLINE
														   : EXIT_PROGRAM_FAILED;
	if (outcome->error.len > 0)
		fprintf(stderr, "%s: %s\n", outcome->state, outcome->error.data);
	if (state->code != EXIT_SUCCEEDED || state->job.kind != WK_JOB_WEBHOOK)
		return;
	printf("status: %d\nheaders: %s\n\n", outcome->status,
		   outcome->headers.len > 0 ? outcome->headers.data : "{}");
	fwrite(outcome->body.data, 1, outcome->body.len, stdout);
}

static void
on_ended(WkRun *run)
{
	State *state = run->owner;

	state->run = NULL;
	state->is_over = true;
}

static const WkRunEvents run_events = {.log = on_log,
									   .module = on_module,
									   .selfapi = on_selfapi,
									   .outcome = on_outcome,
									   .ended = on_ended};

/* ---- the zygote ---- */

static void
on_ready(void *owner)
{
	State *state = owner;

	state->run = wk_run_start(&state->loop, &state->spawner, state->connector, &state->job,
							  &run_events, state);
	if (state->run == NULL)
		state->is_over = true;
}

static void
on_started(void *owner, int64_t serial, int pidfd)
{
	const State *state = owner;

	(void) serial;
	wk_run_started(state->run, pidfd);
}

static void
on_failed(void *owner, int64_t serial, int error)
{
	const State *state = owner;

	(void) serial;
	wk_run_no_child(state->run, strerror(error));
}

static void
on_child_ended(void *owner, const WkZygoteMessage *message)
{
	const State *state = owner;

	wk_run_child_ended(state->run, message);
}

static void
on_lost(void *owner)
{
	State *state = owner;

	state->is_over = true;
}

static const WkSpawnerEvents spawner_events = {.ready = on_ready,
											   .started = on_started,
											   .failed = on_failed,
											   .ended = on_child_ended,
											   .lost = on_lost};

static bool
fill_job(State *state, char **code, char **body)
{
	const WkLocal *local = state->local;
	const char *slash = strrchr(local->file, '/');
	WkJob *job = &state->job;

	*job = (WkJob){.kind = local->kind,
				   .domain = "",
				   .program = slash != NULL ? slash + 1 : local->file,
				   .language = local->language != NULL ? local->language : language_of(local->file),
				   .deadline_ms = local->deadline_ms,
				   .memory = local->config->memory};
	if (!wk_local_read_file(local->file, code, &job->code_len))
	{
		shc_error("cannot read %s: %s", local->file, strerror(errno));
		return false;
	}
	job->code = *code;
	if (local->request == NULL)
		return true;
	/* Letters only: a method. */
	if (local->request[strspn(local->request, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0')
	{
		job->request =
			strcmp(local->request, "GET") == 0 ? "{\"method\":\"GET\"}" : "{\"method\":\"POST\"}";
		job->request_len = strlen(job->request);
		return true;
	}
	if (!wk_local_read_file(local->request, body, &job->body_len))
	{
		shc_error("cannot read %s: %s", local->request, strerror(errno));
		return false;
	}
	job->body = *body;
	job->request = "{\"method\":\"POST\"}";
	job->request_len = strlen(job->request);
	return true;
}

int
wk_local_main(const WkLocal *local)
{
	static State state;
	char *code = NULL;
	char *body = NULL;
	int64_t uid;
	int64_t gid;

	state.local = local;
	state.code = EXIT_PROGRAM_FAILED;
	if (!fill_job(&state, &code, &body))
		state.code = EXIT_NO_FILE;
	else if ((state.modules =
				  wk_local_modules_new(local->file, state.job.language, local->against)) != NULL &&
			 wk_account_find(local->config->user, &uid, &gid) && shc_loop_init(&state.loop))
	{
		if (wk_networks_read(&local->config->denied_networks, &state.denied) &&
			(state.connector = wk_connector_new(&state.loop, &state.denied)) != NULL &&
			wk_spawner_start(&state.spawner, &state.loop, uid, gid, &spawner_events, &state))
		{
			while (!state.is_over)
			{
				int64_t next = wk_connector_tick(state.connector);
				int64_t run_next = state.run != NULL ? wk_run_tick(state.run) : INT64_MAX;

				shc_loop_turn(&state.loop, run_next < next ? run_next : next, false);
			}
			wk_spawner_stop(&state.spawner);
		}
		wk_connector_free(state.connector);
		wk_networks_free(&state.denied);
		shc_loop_close(&state.loop);
	}
	wk_local_modules_free(state.modules);
	free(code);
	free(body);
	return state.code;
}
