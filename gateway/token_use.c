/*
 * token_use.c: which tokens were used.
 *
 * A report that fails is dropped with a line in the log: the tokens will be used again.
 */
#include "token_use.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "log.h"

/* A uuid in text and its comma. */
#define TEXT_SIZE 37

static const uint8_t empty[GW_UUID_SIZE];

GwOperation
gw_token_use_operation(int index)
{
	static const GwParameter parameters[] = {{.name = "tokens", .argument = "tokens"}};

	return (GwOperation){.index = index,
						 .id = "record_token_use",
						 .lane = GW_LANE_HEAVY,
						 .is_internal = true,
						 .nparameters = 1,
						 .parameters = parameters,
						 .success_status = 204};
}

void
gw_token_use_note(GwTokenUse *use, const GwJob *job)
{
	uint64_t hash;
	int i;

	if (!job->has_user || memcmp(job->token_uuid, empty, GW_UUID_SIZE) == 0)
		return;
	memcpy(&hash, job->token_uuid + 8, sizeof(hash));
	for (i = (int) (hash % (2 * GW_TOKEN_USE_MAX)); memcmp(use->slot[i], empty, GW_UUID_SIZE) != 0;
		 i = (i + 1) % (2 * GW_TOKEN_USE_MAX))
	{
		if (memcmp(use->slot[i], job->token_uuid, GW_UUID_SIZE) == 0)
			return;
	}
	if (use->n >= GW_TOKEN_USE_MAX)
		return;
	memcpy(use->slot[i], job->token_uuid, GW_UUID_SIZE);
	use->n++;
}

static void
report_ended(GwJob *job)
{
	GwTokenUse *use = job->context;

	if (!job->is_complete)
		return;
	if (job->is_problem)
		shc_warning("the use of tokens could not be recorded");
	gw_job_drop_pieces(job);
	use->is_reporting = false;
}

/* The noted tokens as an array literal; empties the table. */
static const char *
take_tokens(GwTokenUse *use)
{
	char *text = shc_arena_alloc(use->arena, (size_t) use->n * TEXT_SIZE + 3);
	char *p = text;

	if (text == NULL)
		return NULL;
	*p++ = '{';
	for (int i = 0; i < 2 * GW_TOKEN_USE_MAX; i++)
	{
		if (memcmp(use->slot[i], empty, GW_UUID_SIZE) == 0)
			continue;
		if (p > text + 1)
			*p++ = ',';
		for (int byte = 0; byte < GW_UUID_SIZE; byte++, p += 2)
			snprintf(p, 3, "%02x", use->slot[i][byte]);
	}
	*p++ = '}';
	*p = '\0';
	memset(use->slot, 0, sizeof(use->slot));
	use->n = 0;
	return text;
}

GwJob *
gw_token_use_report(GwTokenUse *use, const GwOperation *operation, int64_t now)
{
	if (use->n == 0 || use->is_reporting || now - use->last_report < GW_TOKEN_USE_INTERVAL)
		return NULL;
	if (use->arena == NULL)
		use->arena = shc_arena_new((size_t) 2 * GW_TOKEN_USE_MAX * TEXT_SIZE);
	if (use->arena == NULL)
		return NULL;
	shc_arena_reset(use->arena);
	use->value[0] = take_tokens(use);
	if (use->value[0] == NULL)
		return NULL;
	use->last_report = now;
	use->is_reporting = true;
	use->job = (GwJob){.operation = operation,
					   .value = use->value,
					   .arena = use->arena,
					   .deadline = now + GW_TOKEN_USE_INTERVAL,
					   .changed = report_ended,
					   .context = use};
	return &use->job;
}

void
gw_token_use_free(GwTokenUse *use)
{
	shc_arena_free(use->arena);
	use->arena = NULL;
}
