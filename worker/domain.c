/*
 * domain.c: one domain's connection: registering, claiming, reporting, modules.
 *
 * A connection that is lost while a claim is under way may leave runs that are claimed and that nobody
 * knows of: their lease ends, and the database counts them as lost. A report that is under way is sent
 * again: the second one finds that the run has been finished, and changes nothing.
 */
#include "domain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain_runs.h"
#include "frame.h"
#include "log.h"

/* From one failure to connect to the next try. */
#define FIRST_DELAY_US INT64_C(100000)
#define MOST_DELAY_US  INT64_C(30000000)

/* Of several hosts one may be promoted at any moment. */
#define MOST_DELAY_OF_MANY_US INT64_C(1000000)

/* How often to look for work without having been notified, in case a notification was lost. */
#define CLAIM_EVERY_US INT64_C(60000000)

/* All statements of the connection that listens are short. */
#define STATEMENT_MS	 20000
#define STATEMENT_END_US INT64_C(30000000)

/* How often a report is sent when others are in its way. */
#define MAX_TRIES 5

/* What programs ask of the domain may take longer: up to their deadline. */
#define CALL_STATEMENT_MS 3600000

static void pump(WkDomain *domain);

/* ---- the connection ---- */

static void
plan_retry(WkDomain *domain)
{
	/* So that many workers do not come back at the same moment: between half and all of the delay. */
	int64_t half = domain->delay / 2;
	int64_t most = domain->hosts.n > 1 ? MOST_DELAY_OF_MANY_US : MOST_DELAY_US;

	domain->retry_at = shc_monotonic_us() + half + random() % (half + 1);
	domain->delay = domain->delay * 2 > most ? most : domain->delay * 2;
}

static void
end_claim(WkDomain *domain)
{
	domain->shared->busy -= domain->claim_slots;
	domain->claim_slots = 0;
}

static void
on_closed(WkPg *pg)
{
	WkDomain *domain = pg->owner;

	if (domain->doing == WK_DOING_CLAIM)
		end_claim(domain);
	if (domain->doing == WK_DOING_REPORT && domain->doing_for->report == WK_STEP_SENT)
		domain->doing_for->report = WK_STEP_WAITING;
	if (domain->doing == WK_DOING_MODULE && domain->doing_for != NULL)
		domain->doing_for->module = WK_STEP_WAITING;
	domain->doing = WK_DOING_NOTHING;
	domain->doing_for = NULL;
	domain->pg = NULL;
	domain->is_registered = false;
	plan_retry(domain);
}

static void
on_ready(WkPg *pg)
{
	pump(pg->owner);
}

static void
on_notified(WkPg *pg, const char *channel)
{
	WkDomain *domain = pg->owner;

	if (strcmp(channel, "selfhost_schedule") == 0)
		domain->wants_tick = true;
	else
		domain->wants_claim = true;
}

/* ---- answers ---- */

static void
complain(const WkDomain *domain, const char *what, const WkPgResult *result)
{
	shc_error("domain %s: cannot %s: %s (%s)", domain->name, what, wk_pg_message(result),
			  wk_pg_sqlstate(result));
}

static void
take_registration(WkDomain *domain, const WkPgResult *result)
{
	if (!wk_pg_good(result))
	{
		complain(domain, "register", result);
		wk_pg_give_up(domain->pg, "not registered");
		return;
	}
	domain->is_registered = true;
	domain->wants_claim = true;
	domain->delay = FIRST_DELAY_US;
	shc_info("domain %s: waiting for runs", domain->name);
}

static void
take_claim(WkDomain *domain, const WkPgResult *result)
{
	end_claim(domain);
	domain->claim_at = shc_monotonic_us() + CLAIM_EVERY_US;
	if (!wk_pg_good(result))
	{
		complain(domain, "claim runs", result);
		/* Not registered any more, for instance: from the beginning. */
		wk_pg_give_up(domain->pg, "cannot claim");
		return;
	}
	/* Where there was something there may be more, also when it was less than there was room for. */
	if (wk_pg_rows(result) > 0)
		domain->wants_claim = true;
	for (int row = 0; row < wk_pg_rows(result); row++)
		wk_domain_take(domain, result, row);
}

/* What to do about a report that the database has refused. */
static void
take_refusal(WkDomain *domain, WkTaken *taken, const WkPgResult *result)
{
	const char *sqlstate = wk_pg_sqlstate(result);

	complain(domain, "report a run", result);
	/* What cannot be stored is reported once more, without all that may be the reason. */
	if (!taken->is_reduced && strncmp(sqlstate, "22", 2) == 0)
	{
		taken->is_reduced = true;
		shc_buf_reset(&taken->log);
		wk_taken_report_failure(taken, "the outcome cannot be stored");
	}
	/* Others were in the way: deadlocks, locks, limits of time. */
	else if (taken->tries++ < MAX_TRIES &&
			 (strncmp(sqlstate, "40", 2) == 0 || strcmp(sqlstate, "55P03") == 0 ||
			  strcmp(sqlstate, "57014") == 0))
		taken->report = WK_STEP_WAITING;
}

static void
take_report(WkDomain *domain, const WkPgResult *result)
{
	WkTaken *taken = domain->doing_for;
	const char *found;

	taken->report = WK_STEP_DONE;
	if (!wk_pg_good(result))
		take_refusal(domain, taken, result);
	else
	{
		found = wk_pg_rows(result) == 1 ? wk_pg_text(result, 0, 0, NULL) : NULL;
		if (found == NULL || found[0] != 't')
			shc_warning("domain %s: run %s was no longer this worker's when it ended", domain->name,
						taken->run_id);
	}
	wk_domain_drop_if_over(domain, taken);
}

static void
on_result(WkPg *pg, const WkPgResult *result)
{
	WkDomain *domain = pg->owner;
	WkDoing doing = domain->doing;

	domain->doing = WK_DOING_NOTHING;
	switch (doing)
	{
		case WK_DOING_REGISTER:
			take_registration(domain, result);
			break;
		case WK_DOING_CLAIM:
			take_claim(domain, result);
			break;
		case WK_DOING_REPORT:
			take_report(domain, result);
			break;
		case WK_DOING_MODULE:
			if (domain->doing_for != NULL)
				wk_domain_take_module(domain, domain->doing_for, result);
			break;
		case WK_DOING_UNREGISTER:
			domain->has_left = true;
			break;
		case WK_DOING_NOTHING:
			break;
	}
	domain->doing_for = NULL;
	if (domain->pg != NULL)
		pump(domain);
}

static const WkPgEvents events = {
	.ready = on_ready, .result = on_result, .notified = on_notified, .closed = on_closed};

/* ---- statements ---- */

static WkPgValue
text(const char *data)
{
	return (WkPgValue){.data = data, .len = data != NULL ? strlen(data) : 0};
}

static void
send_statement(WkDomain *domain, WkDoing doing, WkTaken *taken, const char *sql, int n,
			   const WkPgValue *value)
{
	domain->doing = doing;
	domain->doing_for = taken;
	/* When it fails, on_closed() has set everything back. */
	wk_pg_send(domain->pg, sql, n, value);
}

static void
send_registration(WkDomain *domain)
{
	const WkShared *shared = domain->shared;
	char slots[16];
	WkPgValue value[] = {text(shared->worker), text(shared->name), text(shared->languages), {0}};

	snprintf(slots, sizeof(slots), "%d", shared->slots_per_domain);
	value[3] = text(slots);
	send_statement(domain, WK_DOING_REGISTER, NULL,
				   "SELECT selfhost.worker_register($1::uuid, $2::text, $3::text[], $4::integer)",
				   4, value);
}

static void
send_claim(WkDomain *domain)
{
	char slots[16];
	WkPgValue value[] = {text(domain->shared->worker), {0}};

	snprintf(slots, sizeof(slots), "%d", domain->claim_slots);
	value[1] = text(slots);
	send_statement(
		domain, WK_DOING_CLAIM, NULL,
		"SELECT run_id, kind, program_name, language, revision, code, deadline_ms, request, body"
		" FROM selfhost.worker_claim($1::uuid, $2::integer)",
		2, value);
}

static void
send_report(WkDomain *domain, WkTaken *taken)
{
	bool has_answer = strcmp(taken->kind, "webhook") == 0 && strcmp(taken->state, "succeeded") == 0;
	char status[16];
	WkPgValue value[] = {text(domain->shared->worker),
						 text(taken->run_id),
						 text(taken->state),
						 text(taken->error.len > 0 ? taken->error.data : NULL),
						 text(taken->log.data),
						 {0},
						 {0},
						 {0}};

	snprintf(status, sizeof(status), "%d", taken->status);
	if (has_answer)
	{
		value[5] = text(status);
		value[6] = text(taken->headers.len > 0 ? taken->headers.data : "{}");
		value[7] = (WkPgValue){.data = taken->body.data, .len = taken->body.len, .is_bytes = true};
	}
	taken->report = WK_STEP_SENT;
	send_statement(
		domain, WK_DOING_REPORT, taken,
		"SELECT selfhost.worker_finish($1::uuid, $2::bigint, $3::text, $4::text, $5::text,"
		" $6::integer, $7::jsonb, $8::bytea)",
		8, value);
}

static void
send_module(WkDomain *domain, WkTaken *taken)
{
	char revision[24];
	WkPgValue value[] = {
		text(domain->shared->worker), text(taken->run_id), text(taken->module_name), {0}};

	snprintf(revision, sizeof(revision), "%" PRId64, taken->module_revision);
	if (taken->module_revision >= 0)
		value[3] = text(revision);
	taken->module = WK_STEP_SENT;
	send_statement(domain, WK_DOING_MODULE, taken,
				   "SELECT program_uuid, revision, code"
				   " FROM selfhost.worker_module($1::uuid, $2::bigint, $3::text, $4::integer)",
				   4, value);
}

static void
send_leave(WkDomain *domain)
{
	WkPgValue value[] = {text(domain->shared->worker)};

	send_statement(domain, WK_DOING_UNREGISTER, NULL, "SELECT selfhost.worker_unregister($1::uuid)",
				   1, value);
}

/* Sends the next statement, if there is one and the connection is free. */
static void
pump(WkDomain *domain)
{
	WkTaken *taken = domain->taken;

	if (domain->pg == NULL || domain->pg->state != WK_PG_IDLE)
		return;
	if (!domain->is_registered)
	{
		send_registration(domain);
		return;
	}
	while (taken != NULL && taken->report != WK_STEP_WAITING)
		taken = taken->next;
	if (taken != NULL)
	{
		send_report(domain, taken);
		return;
	}
	for (taken = domain->taken; taken != NULL && taken->module != WK_STEP_WAITING;)
		taken = taken->next;
	if (taken != NULL)
		send_module(domain, taken);
	else if (domain->claim_slots > 0)
		send_claim(domain);
	else if (domain->is_leaving && domain->taken == NULL && !domain->has_left)
		send_leave(domain);
}

/* ---- from outside ---- */

WkDomain *
wk_domain_new(WkShared *shared, const char *name, const char *uri)
{
	const WkConfig *config = shared->config;
	WkDomain *domain = calloc(1, sizeof(WkDomain));

	if (domain == NULL)
		return NULL;
	domain->shared = shared;
	domain->name = strdup(name);
	domain->uri = strdup(uri);
	domain->delay = FIRST_DELAY_US;
	domain->claim_at = shc_monotonic_us() + CLAIM_EVERY_US;
	domain->hosts.n = 1;
	domain->calls = (WkCalls){.settings = {.conninfo = domain->uri,
										   .hosts = &domain->hosts,
										   .user = config->pg_user,
										   .domain = domain->name,
										   .statement_timeout_ms = CALL_STATEMENT_MS},
							  .loop = &shared->loop,
							  .max = (int) config->pg_connections,
							  .connect_timeout = config->pg_connect_timeout,
							  .idle_timeout = config->pg_idle_timeout,
							  .taken = &domain->taken};
	if (domain->name != NULL && domain->uri != NULL &&
		shc_pg_hosts_init(&domain->hosts, domain->uri))
		return domain;
	wk_domain_free(domain);
	return NULL;
}

bool
wk_domain_can_claim(const WkDomain *domain)
{
	return domain->is_registered && domain->wants_claim && !domain->is_leaving &&
		   domain->claim_slots == 0 && domain->nchildren < domain->shared->slots_per_domain;
}

void
wk_domain_claim(WkDomain *domain, int slots)
{
	int room = domain->shared->slots_per_domain - domain->nchildren;

	domain->wants_claim = false;
	domain->claim_slots = slots < room ? slots : room;
	domain->shared->busy += domain->claim_slots;
	pump(domain);
}

void
wk_domain_leave(WkDomain *domain)
{
	domain->is_leaving = true;
	if (domain->taken == NULL && !domain->is_registered)
		domain->has_left = true;
	pump(domain);
}

static void
connect_domain(WkDomain *domain)
{
	WkPgSettings settings = domain->calls.settings;

	settings.statement_timeout_ms = STATEMENT_MS;
	settings.listens = true;
	domain->pg = wk_pg_open(&domain->shared->loop, &settings, &events, domain);
	if (domain->pg == NULL)
		plan_retry(domain);
}

/* Looks after the connection that listens; returns when to look again. */
static int64_t
tick_connection(WkDomain *domain, int64_t now)
{
	const WkPg *pg = domain->pg;
	int64_t end;

	if (!domain->is_registered && domain->is_leaving && domain->taken == NULL)
		domain->has_left = true;
	if (domain->has_left)
		return INT64_MAX;
	if (pg == NULL && now < domain->retry_at)
		return domain->retry_at;
	if (pg == NULL)
		connect_domain(domain);
	pg = domain->pg;
	if (pg == NULL)
		return domain->retry_at;
	if (pg->state == WK_PG_IDLE && now >= domain->claim_at)
	{
		domain->claim_at = now + CLAIM_EVERY_US;
		domain->wants_claim = true;
	}
	if (pg->state == WK_PG_IDLE)
		return domain->claim_at;
	end = pg->state < WK_PG_IDLE ? wk_pg_connect_end(pg, domain->shared->config->pg_connect_timeout)
								 : pg->since + STATEMENT_END_US;
	if (now < end)
		return end;
	wk_pg_give_up(domain->pg,
				  pg->state < WK_PG_IDLE ? "cannot connect in time" : "no answer in time");
	return domain->retry_at;
}

int64_t
wk_domain_tick(WkDomain *domain)
{
	int64_t now = shc_monotonic_us();
	int64_t next = wk_domain_tick_runs(domain, now);
	int64_t then = tick_connection(domain, now);

	pump(domain);
	next = then < next ? then : next;
	then = wk_calls_tick(&domain->calls);
	next = then < next ? then : next;
	then = wk_domain_tick_manager(domain, now);
	return then < next ? then : next;
}

void
wk_domain_free(WkDomain *domain)
{
	while (domain->taken != NULL)
	{
		WkTaken *taken = domain->taken;

		domain->taken = taken->next;
		wk_taken_free(taken);
	}
	wk_calls_close(&domain->calls);
	if (domain->pg != NULL)
		wk_pg_close(domain->pg);
	if (domain->manager != NULL)
		wk_pg_close(domain->manager);
	if (domain->claim_slots > 0)
		end_claim(domain);
	free(domain->name);
	if (domain->uri != NULL)
		explicit_bzero(domain->uri, strlen(domain->uri));
	free(domain->uri);
	shc_pg_hosts_free(&domain->hosts);
	free(domain);
}
