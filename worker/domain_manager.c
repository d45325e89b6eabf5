/*
 * domain_manager.c: the work of the background manager, for servers that cannot load it. The
 * database sees to it that only one manager works at a time; others find nothing to do.
 */
#include <stdlib.h>

#include "domain_runs.h"
#include "log.h"

/* After a failure; the most and the least from one tick to the next. A change of schedules is notified. */
#define RETRY_US		  INT64_C(10000000)
#define MOST_US			  INT64_C(30000000)
#define LEAST_US		  INT64_C(50000)

#define TICK_STATEMENT_MS 60000
#define TICK_END_US		  INT64_C(70000000)

static void
send_tick(WkPg *pg)
{
	wk_pg_send(pg,
			   "SELECT extract(epoch FROM selfhost.manager_tick() - clock_timestamp())"
			   "::double precision",
			   0, NULL);
}

static void
on_result(WkPg *pg, const WkPgResult *result)
{
	WkDomain *domain = pg->owner;
	const char *text = NULL;
	double us = (double) RETRY_US;

	if (!wk_pg_good(result))
		shc_error("domain %s: the manager's work failed: %s (%s)", domain->name,
				  wk_pg_message(result), wk_pg_sqlstate(result));
	else if (wk_pg_rows(result) == 1)
		text = wk_pg_text(result, 0, 0, NULL);
	if (text != NULL)
		us = strtod(text, NULL) * 1e6;
	if (!(us < (double) MOST_US))
		us = (double) MOST_US;
	if (us < (double) LEAST_US)
		us = (double) LEAST_US;
	domain->tick_at = shc_monotonic_us() + (int64_t) us;
}

static void
on_closed(WkPg *pg)
{
	WkDomain *domain = pg->owner;

	domain->manager = NULL;
	domain->tick_at = shc_monotonic_us() + RETRY_US;
}

static const WkPgEvents events = {.ready = send_tick, .result = on_result, .closed = on_closed};

int64_t
wk_domain_tick_manager(WkDomain *domain, int64_t now)
{
	const WkShared *shared = domain->shared;
	WkPgSettings settings = domain->calls.settings;
	int64_t end;

	if (!shared->config->manager || domain->is_leaving)
		return INT64_MAX;
	settings.statement_timeout_ms = TICK_STATEMENT_MS;
	if (domain->manager != NULL && domain->manager->state != WK_PG_IDLE)
	{
		end = domain->manager->since + TICK_END_US;
		if (now >= end)
			wk_pg_give_up(domain->manager, "no answer in time");
		return domain->manager == NULL ? domain->tick_at : end;
	}
	if (now < domain->tick_at && !domain->wants_tick)
		return domain->tick_at;
	domain->tick_at = now + RETRY_US;
	domain->wants_tick = false;
	if (domain->manager != NULL)
		send_tick(domain->manager);
	else
		domain->manager = wk_pg_open(&domain->shared->loop, &settings, &events, domain);
	return domain->tick_at;
}
