/*
 * domain_runs.c: the runs of a domain.
 */
#include "domain_runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* Columns of the claim. */
enum
{
	RUN_ID,
	KIND,
	PROGRAM_NAME,
	LANGUAGE,
	REVISION,
	CODE,
	DEADLINE_MS,
	REQUEST,
	BODY
};

static void
forget_connection_of(WkDomain *domain, const WkTaken *taken)
{
	if (domain->doing_for == taken && domain->doing == WK_DOING_MODULE)
		domain->doing_for = NULL; /* the answer interests nobody */
}

void
wk_domain_drop_if_over(WkDomain *domain, WkTaken *taken)
{
	WkTaken **link = &domain->taken;

	if (taken->run != NULL || taken->report != WK_STEP_DONE)
		return;
	while (*link != taken)
		link = &(*link)->next;
	*link = taken->next;
	forget_connection_of(domain, taken);
	wk_taken_free(taken);
}

/* ---- events of a run ---- */

static void
on_module(WkRun *run, const char *name, int64_t revision)
{
	WkTaken *taken = run->owner;
	WkShared *shared = taken->domain->shared;
	const WkKeptModule *kept = NULL;

	if (revision >= 0)
		kept = wk_modules_find(&shared->modules, taken->domain->name, name, revision,
							   shared->loop.now);
	if (kept != NULL)
	{
		wk_run_reply_module(run, kept->identity, revision, kept->code, kept->len);
		return;
	}
	free(taken->module_name);
	taken->module_name = strdup(name);
	taken->module_revision = revision > INT32_MAX ? INT32_MAX : revision;
	if (taken->module_name == NULL)
		wk_run_reply_error(run, "out of memory");
	else
		taken->module = WK_STEP_WAITING;
}

static void
on_selfapi(WkRun *run, const char *operation, const char *arguments, const char *body,
		   size_t body_len)
{
	WkTaken *taken = run->owner;
	char problem[256];

	switch (wk_call_make(&taken->call, taken->domain->shared->worker, taken->run_id, operation,
						 arguments, body, body_len, problem))
	{
		case WK_CALL_READY:
			taken->call_step = WK_STEP_WAITING;
			wk_calls_pump(&taken->domain->calls);
			return;
		case WK_CALL_UNKNOWN:
			wk_run_reply_none(run);
			break;
		case WK_CALL_REFUSED:
			wk_run_reply_selfapi(run, 400, problem, strlen(problem));
			break;
	}
	wk_call_free(&taken->call);
}

static void
on_outcome(WkRun *run)
{
	WkTaken *taken = run->owner;
	WkDomain *domain = taken->domain;

	wk_calls_drop(&domain->calls, taken);
	forget_connection_of(domain, taken);
	taken->module = WK_STEP_NONE;
	wk_taken_report(taken, run);
	if (domain->shared->config->log_runs)
		wk_taken_log(taken, domain->name);
}

static void
on_ended(WkRun *run)
{
	WkTaken *taken = run->owner;
	WkDomain *domain = taken->domain;

	taken->run = NULL;
	domain->nchildren--;
	domain->shared->busy--;
	wk_domain_drop_if_over(domain, taken);
}

static const WkRunEvents run_events = {
	.module = on_module, .selfapi = on_selfapi, .outcome = on_outcome, .ended = on_ended};

/* ---- from a claim to a run ---- */

static WkJobKind
kind_of(const char *kind)
{
	return strcmp(kind, "webhook") == 0 ? WK_JOB_WEBHOOK
		   : strcmp(kind, "check") == 0 ? WK_JOB_CHECK
										: WK_JOB_ROUTINE;
}

static int64_t
number(const char *text)
{
	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* NULL SQL values of what is always there count as empty texts. */
static const char *
some(const WkPgResult *result, int row, int column)
{
	const char *text = wk_pg_text(result, row, column, NULL);

	return text != NULL ? text : "";
}

static void
start(WkDomain *domain, WkTaken *taken, const WkJob *job)
{
	WkShared *shared = domain->shared;

	taken->run =
		wk_run_start(&shared->loop, &shared->spawner, shared->connector, job, &run_events, taken);
	if (taken->run == NULL)
	{
		wk_taken_report_failure(taken, "the worker cannot start a process now");
		return;
	}
	domain->nchildren++;
	shared->busy++;
}

/* Behind the others, so that what waits longest is looked after first. */
static void
append(WkDomain *domain, WkTaken *taken)
{
	WkTaken **link = &domain->taken;

	while (*link != NULL)
		link = &(*link)->next;
	*link = taken;
}

void
wk_domain_take(WkDomain *domain, const WkPgResult *result, int row)
{
	int64_t deadline_ms = number(wk_pg_text(result, row, DEADLINE_MS, NULL));
	WkTaken *taken =
		wk_taken_new(domain, some(result, row, RUN_ID), some(result, row, PROGRAM_NAME),
					 some(result, row, KIND), deadline_ms);
	WkJob job = {.kind = kind_of(some(result, row, KIND)),
				 .domain = domain->name,
				 .program = some(result, row, PROGRAM_NAME),
				 .language = some(result, row, LANGUAGE),
				 .revision = number(wk_pg_text(result, row, REVISION, NULL)),
				 .request = wk_pg_text(result, row, REQUEST, NULL),
				 .deadline_ms = deadline_ms,
				 .memory = domain->shared->config->memory};
	char *code = wk_pg_bytes(result, row, CODE, &job.code_len);
	char *body = wk_pg_bytes(result, row, BODY, &job.body_len);

	job.code = code;
	job.body = body;
	job.request_len = job.request != NULL ? strlen(job.request) : 0;
	if (taken == NULL)
		shc_error("domain %s: out of memory: a run is lost", domain->name);
	else
	{
		append(domain, taken);
		if (code == NULL)
			wk_taken_report_failure(taken, "the revision has no code");
		else
			start(domain, taken, &job);
	}
	free(code);
	free(body);
}

void
wk_domain_take_module(WkDomain *domain, WkTaken *taken, const WkPgResult *result)
{
	WkShared *shared = domain->shared;
	WkKeptModule module = {.name = taken->module_name};

	taken->module = WK_STEP_NONE;
	if (!wk_pg_good(result) && strcmp(wk_pg_sqlstate(result), "P0002") != 0)
	{
		shc_error("domain %s: cannot look for a module: %s (%s)", domain->name,
				  wk_pg_message(result), wk_pg_sqlstate(result));
		wk_run_reply_error(taken->run, "the domain cannot look for modules now");
		return;
	}
	if (wk_pg_good(result) && wk_pg_rows(result) == 1)
		module.code = wk_pg_bytes(result, 0, 2, &module.len);
	if (module.code == NULL)
	{
		wk_run_reply_none(taken->run);
		return;
	}
	snprintf(module.identity, sizeof(module.identity), "%s", some(result, 0, 0));
	module.revision = number(wk_pg_text(result, 0, 1, NULL));
	module.since = shared->loop.now;
	wk_run_reply_module(taken->run, module.identity, module.revision, module.code, module.len);
	wk_modules_keep(&shared->modules, domain->name, &module);
	free(module.code);
}

/* ---- from outside ---- */

WkRun *
wk_domain_find_run(const WkDomain *domain, int64_t serial)
{
	for (const WkTaken *taken = domain->taken; taken != NULL; taken = taken->next)
		if (taken->run != NULL && taken->run->serial == serial)
			return taken->run;
	return NULL;
}

void
wk_domain_cancel(WkDomain *domain, const char *why)
{
	for (const WkTaken *taken = domain->taken; taken != NULL; taken = taken->next)
		if (taken->run != NULL)
			wk_run_cancel(taken->run, why);
}

void
wk_domain_lose_children(WkDomain *domain)
{
	WkTaken *taken = domain->taken;

	while (taken != NULL)
	{
		WkTaken *next = taken->next;

		if (taken->run != NULL)
			wk_run_no_child(taken->run, "the process that programs are started from has ended");
		taken = next;
	}
}

int64_t
wk_domain_tick_runs(WkDomain *domain, int64_t now)
{
	int64_t next = INT64_MAX;
	WkTaken *taken = domain->taken;

	while (taken != NULL)
	{
		WkTaken *after = taken->next;
		int64_t then = taken->run != NULL ? wk_run_tick(taken->run) : taken->lease_until;

		/* Nobody waits for this report any more. */
		if (taken->report == WK_STEP_WAITING && now >= taken->lease_until)
		{
			shc_warning("domain %s: the outcome of run %s could not be reported in time",
						domain->name, taken->run_id);
			taken->report = WK_STEP_DONE;
			wk_domain_drop_if_over(domain, taken);
		}
		else if (then < next)
			next = then;
		taken = after;
	}
	return next;
}
