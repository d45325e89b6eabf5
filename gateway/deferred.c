/*
 * deferred.c: requests that wait for an answer without a connection of their own.
 *
 * A job goes through the heavy lane twice or more: to get its ticket, and to ask for the answer. In
 * between it is parked here. No notification is missed:
 *
 * - The run that a ticket stands for can end before the ticket has come back to us. The last
 *   notifications are remembered; when more of them than that have come since the job was handed over,
 *   it asks at once.
 * - While we do not listen, jobs are parked all the same; when we have begun to, all of them ask once.
 *
 * What asks in vain is given its ticket again.
 */
#include "deferred.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"

#define CHANNEL		  "selfhost_run_done"
#define TICKET_HEADER "x-selfhost-ticket"
#define WAIT_HEADER	  "x-selfhost-wait-ms"

/* Through a pooler nothing can be listened to: the answer is asked for so often. */
#define POLL_WAIT INT64_C(250000)

/* Waits are taken as they are given, but within these: a tick, and the longest run and queue. */
#define MIN_WAIT GW_TICK_US
#define MAX_WAIT INT64_C(7200000000)

static void listener_ready(GwPgConn *conn);
static void listener_readable(GwPgConn *conn);
static void listener_closed(GwPgConn *conn, const GwProblem *why);

static const GwPgEvents listener_events = {listener_ready, listener_readable, listener_closed};

void
gw_deferred_init(GwDeferred *deferred, ShcLoop *loop, const GwConfig *config,
				 const GwPgSettings *settings, GwHeavyLane *lane, int max_parked)
{
	deferred->loop = loop;
	deferred->config = config;
	deferred->settings = *settings;
	deferred->settings.is_pipeline = false;
	deferred->settings.statement_timeout = config->request_timeout;
	deferred->lane = lane;
	deferred->max_parked = max_parked;
}

/* ---- jobs ---- */

static void
ask(GwDeferred *deferred, GwJob *job)
{
	gw_queue_remove(&deferred->parked, job);
	job->operation = job->deferred_operation;
	job->value = job->ticket_value;
	job->body = NULL;
	job->body_len = 0;
	job->attempts = 0;
	job->deadline = deferred->loop->now + deferred->config->request_timeout;
	/* Notifications from now on are about what it will be told. */
	job->listening = deferred->listening;
	job->nheard = deferred->nheard;
	gw_heavy_lane_submit(deferred->lane, job);
}

/* A header's value as a number; -1 where it is absent, or none. */
static int64_t
number_of(const GwJob *job, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < job->nheaders; i++)
	{
		const char *value = job->header[i] + len + 1;
		char *end;
		long long number;

		if (strncasecmp(job->header[i], name, len) != 0 || job->header[i][len] != ':')
			continue;
		errno = 0;
		number = strtoll(value, &end, 10);
		return errno == 0 && end > value && *end == '\0' && number >= 0 ? number : -1;
	}
	return -1;
}

/* Has the end of the run been told, or may it have been, since the job was sent? */
static bool
was_heard(const GwDeferred *deferred, const GwJob *job)
{
	uint64_t new = deferred->nheard - job->nheard;

	if (job->listening != deferred->listening || new > GW_HEARD_MAX)
		return true;
	for (uint64_t i = 1; i <= new; i++)
	{
		if (deferred->heard[(deferred->nheard - i) % GW_HEARD_MAX] == job->ticket)
			return true;
	}
	return false;
}

/* The end of each statement of a job. True: it was given a ticket, and is not over. */
static bool
statement_ended(GwJob *job)
{
	GwDeferred *deferred = job->deferred;
	int64_t wait = number_of(job, WAIT_HEADER); /* milliseconds at first */
	int64_t now = deferred->loop->now;

	job->ticket = job->status == 202 ? number_of(job, TICKET_HEADER) : -1;
	if (job->ticket < 0)
		return false;
	snprintf(job->ticket_text, sizeof(job->ticket_text), "%lld", (long long) job->ticket);
	if (wait < 0)
		wait = deferred->config->request_timeout;
	else
		wait = wait < MAX_WAIT / 1000 ? wait * 1000 : MAX_WAIT;
	if (deferred->settings.is_pooled && wait > POLL_WAIT)
		wait = POLL_WAIT;
	job->parked_until = now + (wait > MIN_WAIT ? wait : MIN_WAIT);
	gw_job_restart(job);
	job->state = GW_JOB_PARKED;
	gw_queue_append(&deferred->parked, job);
	deferred->last_use = now;
	/* The HTTP side may give the request up here. */
	job->changed(job);
	if (job->state == GW_JOB_PARKED && deferred->listening != 0 && was_heard(deferred, job))
		ask(deferred, job);
	return true;
}

void
gw_deferred_submit(GwDeferred *deferred, GwJob *job)
{
	GwProblem problem;

	if (deferred->parked.n >= deferred->max_parked)
	{
		gw_lane_unavailable(&problem);
		gw_job_fail(job, &problem);
		return;
	}
	job->statement_ended = statement_ended;
	job->deferred = deferred;
	job->deferred_operation = job->operation->deferred;
	job->ticket_value[0] = job->ticket_text;
	job->listening = deferred->listening;
	job->nheard = deferred->nheard;
	gw_heavy_lane_submit(deferred->lane, job);
}

void
gw_deferred_cancel(GwDeferred *deferred, GwJob *job)
{
	gw_queue_remove(&deferred->parked, job);
	job->state = GW_JOB_ENDED;
}

/* ---- listening ---- */

static void
listener_ready(GwPgConn *conn)
{
	if (!PQsendQuery(conn->pg, "LISTEN " CHANNEL))
		gw_pg_broken(conn);
	else
		gw_pg_flush(conn);
}

static void
ask_for_all(GwDeferred *deferred)
{
	GwJob *next;

	for (GwJob *job = deferred->parked.first; job != NULL; job = next)
	{
		next = job->next;
		ask(deferred, job);
	}
}

static void
hear(GwDeferred *deferred, const char *payload)
{
	int64_t ticket = strtoll(payload, NULL, 10);
	GwJob *job = deferred->parked.first;

	deferred->heard[deferred->nheard++ % GW_HEARD_MAX] = ticket;
	while (job != NULL && job->ticket != ticket)
		job = job->next;
	if (job != NULL)
		ask(deferred, job);
}

/* Takes the answer to LISTEN. False: it failed, and the connection is closed. */
static bool
take_results(GwDeferred *deferred, GwPgConn *conn)
{
	while (!PQisBusy(conn->pg))
	{
		PGresult *result = PQgetResult(conn->pg);
		ExecStatusType status = PQresultStatus(result);

		if (result == NULL)
			break;
		PQclear(result);
		if (status != PGRES_COMMAND_OK)
		{
			gw_pg_broken(conn);
			return false;
		}
		deferred->listening = ++deferred->times;
		deferred->backoff = (GwBackoff){0};
		ask_for_all(deferred);
	}
	if (PQstatus(conn->pg) == CONNECTION_OK)
		return true;
	gw_pg_broken(conn);
	return false;
}

static void
listener_readable(GwPgConn *conn)
{
	GwDeferred *deferred = conn->owner;
	PGnotify *notification;

	if (!take_results(deferred, conn))
		return;
	while ((notification = PQnotifies(conn->pg)) != NULL)
	{
		hear(deferred, notification->extra);
		PQfreemem(notification);
	}
}

static void
listener_closed(GwPgConn *conn, const GwProblem *why)
{
	GwDeferred *deferred = conn->owner;

	/* One that has listened is replaced at once. */
	if (deferred->listening == 0)
		gw_backoff_failed(&deferred->backoff, deferred->loop->now, why);
	deferred->conn = NULL;
	deferred->listening = 0;
}

static void
close_listener(GwDeferred *deferred)
{
	if (deferred->conn != NULL)
		gw_pg_close(deferred->conn);
	deferred->conn = NULL;
	deferred->listening = 0;
}

void
gw_deferred_flush(GwDeferred *deferred)
{
	GwProblem problem;

	if (deferred->parked.n == 0 || deferred->conn != NULL || deferred->settings.is_pooled ||
		deferred->loop->now < deferred->backoff.until)
		return;
	deferred->conn = gw_pg_open(deferred->loop, &deferred->settings, &listener_events, deferred);
	if (deferred->conn != NULL)
		return;
	gw_lane_unavailable(&problem);
	gw_backoff_failed(&deferred->backoff, deferred->loop->now, &problem);
}

/* ---- limits of time ---- */

void
gw_deferred_tick(GwDeferred *deferred)
{
	int64_t now = deferred->loop->now;
	GwJob *next;

	for (GwJob *job = deferred->parked.first; job != NULL; job = next)
	{
		next = job->next;
		if (now >= job->parked_until)
			ask(deferred, job);
	}
	if (deferred->parked.n > 0)
		deferred->last_use = now;
	if (deferred->conn == NULL)
		return;
	if (deferred->listening == 0 && deferred->conn->state == GW_PG_READY &&
		now - deferred->conn->since > deferred->config->pg_connect_timeout)
		gw_pg_broken(deferred->conn);
	else if (deferred->listening == 0)
		gw_pg_check_time(deferred->conn, deferred->config->pg_connect_timeout);
	else if (now - deferred->last_use > deferred->config->pg_idle_timeout)
		close_listener(deferred);
}

bool
gw_deferred_is_idle(const GwDeferred *deferred)
{
	return deferred->parked.n == 0;
}

void
gw_deferred_close(GwDeferred *deferred, const GwProblem *problem)
{
	close_listener(deferred);
	gw_lane_fail_all(&deferred->parked, problem);
}
