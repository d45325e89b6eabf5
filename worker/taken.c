/*
 * taken.c: a run that was claimed from a domain.
 */
#include "taken.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "log.h"

/* How long after its deadline the database keeps a run for its worker. */
#define LEASE_RESERVE_MS 30000

WkTaken *
wk_taken_new(WkDomain *domain, const char *run_id, const char *program, const char *kind,
			 int64_t deadline_ms)
{
	WkTaken *taken = calloc(1, sizeof(WkTaken));

	if (taken == NULL)
		return NULL;
	taken->domain = domain;
	snprintf(taken->run_id, sizeof(taken->run_id), "%s", run_id);
	taken->program = strdup(program);
	taken->kind = strdup(kind);
	taken->began = shc_monotonic_us();
	taken->lease_until = taken->began + (deadline_ms + LEASE_RESERVE_MS) * 1000;
	shc_buf_init(&taken->call_body, WK_REPLY_MAX - 4096);
	shc_buf_init(&taken->error, WK_ERROR_MAX);
	shc_buf_init(&taken->log, (size_t) 2 * WK_LOG_TAIL);
	shc_buf_init(&taken->headers, WK_DONE_MAX * 2);
	shc_buf_init(&taken->body, WK_RESPONSE_BODY_MAX);
	if (taken->program != NULL && taken->kind != NULL)
		return taken;
	wk_taken_free(taken);
	return NULL;
}

void
wk_taken_free(WkTaken *taken)
{
	free(taken->program);
	free(taken->kind);
	free(taken->module_name);
	wk_call_free(&taken->call);
	shc_buf_free(&taken->call_body);
	shc_buf_free(&taken->error);
	shc_buf_free(&taken->log);
	shc_buf_free(&taken->headers);
	shc_buf_free(&taken->body);
	free(taken);
}

void
wk_taken_report(WkTaken *taken, const WkRun *run)
{
	const WkOutcome *outcome = &run->outcome;

	taken->state = outcome->state;
	taken->status = outcome->status;
	taken->has_body = outcome->has_body;
	shc_buf_append(&taken->error, outcome->error.data, outcome->error.len);
	shc_buf_append(&taken->headers, outcome->headers.data, outcome->headers.len);
	shc_buf_append(&taken->body, outcome->body.data, outcome->body.len);
	wk_log_tail_copy(&run->log, &taken->log);
	taken->report = WK_STEP_WAITING;
}

void
wk_taken_report_failure(WkTaken *taken, const char *why)
{
	taken->state = "failed";
	shc_buf_reset(&taken->error);
	shc_buf_reset(&taken->headers);
	shc_buf_reset(&taken->body);
	taken->has_body = false;
	shc_buf_puts(&taken->error, why);
	taken->report = WK_STEP_WAITING;
}

void
wk_taken_log(const WkTaken *taken, const char *domain)
{
	double ms = (double) (shc_monotonic_us() - taken->began) / 1000;
	ShcBuf line;

	shc_buf_init(&line, 8192);
	shc_buf_puts(&line, "\"msg\":\"run\",\"domain\":");
	shc_buf_json_string(&line, domain, strlen(domain));
	shc_buf_puts(&line, ",\"program\":");
	shc_buf_json_string(&line, taken->program, strlen(taken->program));
	shc_buf_printf(&line, ",\"kind\":\"%s\",\"run\":%s,\"state\":\"%s\",\"ms\":%.1f", taken->kind,
				   taken->run_id, taken->state, ms);
	if (taken->error.len > 0)
	{
		shc_buf_puts(&line, ",\"error\":");
		shc_buf_json_string(&line, taken->error.data,
							taken->error.len < 512 ? taken->error.len : 512);
	}
	if (!line.failed)
		shc_log_fields(SHC_LOG_INFO, line.data);
	shc_buf_free(&line);
}
