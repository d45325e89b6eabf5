/*
 * calls.c: what programs ask of their domain's database.
 *
 * A connection whose run has ended in the middle of a statement is closed: that is the only way to
 * stop the statement without waiting.
 */
#include "calls.h"

#include "frame.h"
#include "log.h"

static void
remove_connection(WkCalls *calls, WkPg *pg)
{
	WkPg **link = &calls->open;

	while (*link != NULL && *link != pg)
		link = &(*link)->next;
	if (*link == NULL)
		return;
	*link = pg->next;
	calls->n--;
}

static void
on_ready(WkPg *pg)
{
	wk_calls_pump(pg->owner);
}

/* The run's call is over, one way or the other: nothing of it stays. */
static void
forget_call(WkTaken *taken)
{
	if (taken->call_pg != NULL)
		taken->call_pg->user = NULL;
	taken->call_pg = NULL;
	taken->call_step = WK_STEP_NONE;
	taken->call_status = 0;
	wk_call_free(&taken->call);
	shc_buf_free(&taken->call_body);
}

static void
refuse(WkTaken *taken, const char *why)
{
	forget_call(taken);
	wk_run_reply_error(taken->run, why);
}

static void
on_row(WkPg *pg, const WkPgResult *result)
{
	WkCalls *calls = pg->owner;
	WkTaken *taken = pg->user;

	if (taken == NULL)
		return;
	wk_call_row(&taken->call, result, &taken->call_status, &taken->call_body);
	if (!taken->call_body.failed)
		return;
	/* What is still to come must not be read; the pool gets another connection when it needs one. */
	remove_connection(calls, pg);
	refuse(taken, "the answer is too large for a program");
	wk_pg_close(pg);
}

static void
on_result(WkPg *pg, const WkPgResult *result)
{
	WkCalls *calls = pg->owner;
	WkTaken *taken = pg->user;
	bool any_row = taken->call_status != 0;

	if (!wk_call_end(result, any_row, &taken->call_status, &taken->call_body))
		refuse(taken, "the run is over");
	else
	{
		wk_run_reply_selfapi(taken->run, taken->call_status, taken->call_body.data,
							 taken->call_body.len);
		forget_call(taken);
	}
	wk_calls_pump(calls);
}

static void
on_closed(WkPg *pg)
{
	WkCalls *calls = pg->owner;
	WkTaken *taken = pg->user;

	remove_connection(calls, pg);
	if (taken != NULL)
	{
		refuse(taken, "the connection to the domain was lost");
		return;
	}
	/* It never came about: whoever waits is told, so that nobody waits for ever. */
	for (taken = *calls->taken; taken != NULL && calls->n == 0; taken = taken->next)
	{
		if (taken->call_step == WK_STEP_WAITING)
			refuse(taken, "the domain cannot be reached");
	}
}

static const WkPgEvents events = {
	.ready = on_ready, .row = on_row, .result = on_result, .closed = on_closed};

static WkTaken *
first_waiting(const WkCalls *calls)
{
	for (WkTaken *taken = *calls->taken; taken != NULL; taken = taken->next)
		if (taken->call_step == WK_STEP_WAITING)
			return taken;
	return NULL;
}

static WkPg *
find_idle(const WkCalls *calls, bool *connecting)
{
	*connecting = false;
	for (WkPg *pg = calls->open; pg != NULL; pg = pg->next)
	{
		if (pg->state == WK_PG_IDLE)
			return pg;
		*connecting |= pg->state < WK_PG_IDLE;
	}
	return NULL;
}

static bool
open_connection(WkCalls *calls)
{
	WkPg *pg = wk_pg_open(calls->loop, &calls->settings, &events, calls);

	if (pg == NULL)
		return false;
	pg->next = calls->open;
	calls->open = pg;
	calls->n++;
	return true;
}

void
wk_calls_pump(WkCalls *calls)
{
	WkTaken *taken;

	while ((taken = first_waiting(calls)) != NULL)
	{
		bool connecting;
		WkPg *pg = find_idle(calls, &connecting);

		if (pg != NULL)
		{
			pg->user = taken;
			taken->call_pg = pg;
			taken->call_step = WK_STEP_SENT;
			wk_pg_send(pg, taken->call.sql.data, taken->call.n, taken->call.parameter);
			continue;
		}
		if (connecting || calls->n >= calls->max)
			return;
		if (open_connection(calls))
			return;
		refuse(taken, "the domain cannot be reached");
	}
}

void
wk_calls_drop(WkCalls *calls, WkTaken *taken)
{
	WkPg *pg = taken->call_pg;

	if (taken->call_step == WK_STEP_NONE)
		return;
	forget_call(taken);
	if (pg == NULL)
		return;
	remove_connection(calls, pg);
	wk_pg_close(pg);
	wk_calls_pump(calls);
}

int64_t
wk_calls_tick(WkCalls *calls)
{
	int64_t now = shc_monotonic_us();
	int64_t next = INT64_MAX;
	WkPg *pg = calls->open;

	while (pg != NULL)
	{
		WkPg *after = pg->next;
		int64_t end = pg->state < WK_PG_IDLE ? wk_pg_connect_end(pg, calls->connect_timeout)
											 : pg->since + calls->idle_timeout;

		if (pg->state == WK_PG_BUSY)
			end = INT64_MAX; /* the run's deadline ends it */
		if (now >= end && pg->state == WK_PG_IDLE)
		{
			remove_connection(calls, pg);
			wk_pg_close(pg);
		}
		else if (now >= end)
			wk_pg_give_up(pg, "cannot connect in time");
		else if (end < next)
			next = end;
		pg = after;
	}
	return next;
}

void
wk_calls_close(WkCalls *calls)
{
	while (calls->open != NULL)
	{
		WkPg *pg = calls->open;

		remove_connection(calls, pg);
		wk_pg_close(pg);
	}
}
