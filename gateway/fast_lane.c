/*
 * fast_lane.c: one pipelined, read-only connection.
 *
 * What stands between two Syncs is one implicit transaction: an error aborts what follows it. The
 * aborted requests have not run, and are sent again in one new batch; those that an error of that
 * batch aborts again go singly. A request whose token has not succeeded on this connection yet has a
 * Sync of its own, so that failing log-ins slow nobody down.
 *
 * Nothing is parsed within a batch: a statement is prepared before it, with its own Sync.
 */
#include "fast_lane.h"

#include <string.h>

#include "log.h"

static void lane_ready(GwPgConn *conn);
static void lane_readable(GwPgConn *conn);
static void lane_closed(GwPgConn *conn, const GwProblem *why);

static const GwPgEvents lane_events = {lane_ready, lane_readable, lane_closed};

void
gw_fast_lane_init(GwFastLane *lane, ShcLoop *loop, const GwConfig *config,
				  const GwPgSettings *settings)
{
	lane->loop = loop;
	lane->config = config;
	lane->settings = *settings;
	lane->settings.is_pipeline = true;
	lane->settings.statement_timeout = config->request_timeout;
	lane->last_use = loop->now;
}

/* ---- known tokens ---- */

static uint64_t
token_hash(const GwJob *job)
{
	uint64_t hash;

	memcpy(&hash, job->digest, sizeof(hash));
	return hash | 1; /* 0 marks an empty slot */
}

static bool
token_is_known(const GwFastLane *lane, const GwJob *job)
{
	uint64_t hash = token_hash(job);

	return lane->known[hash % GW_KNOWN_TOKENS] == hash;
}

static void
remember_token(GwFastLane *lane, const GwJob *job, bool is_good)
{
	uint64_t hash = token_hash(job);
	uint64_t *slot = &lane->known[hash % GW_KNOWN_TOKENS];

	if (is_good)
		*slot = hash;
	else if (*slot == hash)
		*slot = 0;
}

/* ---- the ring of what was sent ---- */

static void
push_entry(GwFastLane *lane, GwPipelineKind kind, const GwOperation *operation, GwJob *job)
{
	GwPipelineEntry *entry = &lane->entry[(lane->first + lane->n) % GW_PIPELINE_MAX];

	*entry = (GwPipelineEntry){kind, operation, job};
	lane->n++;
}

static void
pop_entry(GwFastLane *lane)
{
	lane->first = (lane->first + 1) % GW_PIPELINE_MAX;
	lane->n--;
}

/* ---- sending ---- */

void
gw_fast_lane_submit(GwFastLane *lane, GwJob *job)
{
	lane->last_use = lane->loop->now;
	job->state = GW_JOB_WAITING;
	job->lane = lane;
	job->queued = lane->loop->now;
	gw_queue_append(&lane->pending, job);
}

void
gw_fast_lane_cancel(GwFastLane *lane, GwJob *job)
{
	if (job->state == GW_JOB_WAITING)
		gw_queue_remove(&lane->pending, job);
	for (int i = 0; i < lane->n && job->state == GW_JOB_RUNNING; i++)
	{
		GwPipelineEntry *entry = &lane->entry[(lane->first + i) % GW_PIPELINE_MAX];

		if (entry->job == job)
			entry->job = NULL;
	}
	job->state = GW_JOB_ENDED;
}

static bool
send_sync(GwFastLane *lane)
{
	if (!PQpipelineSync(lane->conn->pg))
		return false;
	push_entry(lane, GW_PIPELINE_SYNC, NULL, NULL);
	return true;
}

static bool
send_prepare(GwFastLane *lane, const GwOperation *operation)
{
	if (!gw_pg_send_prepare(lane->conn, operation))
		return false;
	push_entry(lane, GW_PIPELINE_PREPARE, operation, NULL);
	lane->conn->is_prepared[operation->index] = true;
	return send_sync(lane);
}

/* Sends the first pending job. *is_open: a Sync is still owed for what was sent before it. */
static bool
send_job(GwFastLane *lane, bool *is_open)
{
	GwJob *job = lane->pending.first;
	bool alone = job->goes_alone || !token_is_known(lane, job);
	bool is_prepared = lane->conn->is_prepared[job->operation->index];

	if (*is_open && (alone || !is_prepared))
	{
		*is_open = false;
		if (!send_sync(lane))
			return false;
	}
	if (!is_prepared && !send_prepare(lane, job->operation))
		return false;
	if (!gw_pg_send_job(lane->conn, job))
		return false;
	gw_queue_remove(&lane->pending, job);
	job->state = GW_JOB_RUNNING;
	job->attempts++;
	push_entry(lane, GW_PIPELINE_JOB, job->operation, job);
	*is_open = !alone;
	return !alone || send_sync(lane);
}

static void
send_pending(GwFastLane *lane)
{
	GwPgConn *conn = lane->conn;
	bool is_open = false;

	/* A job may need five entries: a Sync, a preparation with its own, itself with its own. */
	while (lane->pending.first != NULL && lane->n + 6 <= GW_PIPELINE_MAX)
	{
		GwJob *job = lane->pending.first;

		if (lane->settings.returns[job->operation->index] == GW_RETURNS_UNKNOWN)
		{
			GwProblem problem;

			gw_lane_unavailable(&problem);
			gw_queue_remove(&lane->pending, job);
			gw_job_fail(job, &problem);
		}
		else if (!send_job(lane, &is_open))
		{
			gw_pg_broken(conn);
			return;
		}
	}
	if (is_open && !send_sync(lane))
		gw_pg_broken(conn);
	else
		gw_pg_flush(conn);
}

void
gw_fast_lane_flush(GwFastLane *lane)
{
	if (lane->pending.first == NULL)
		return;
	if (lane->conn == NULL && lane->loop->now < lane->backoff.until)
	{
		if (gw_backoff_refuses(&lane->backoff, lane->loop->now))
			gw_lane_fail_all(&lane->pending, &lane->backoff.problem);
		return;
	}
	if (lane->conn == NULL)
	{
		memset(lane->known, 0, sizeof(lane->known));
		lane->conn = gw_pg_open(lane->loop, &lane->settings, &lane_events, lane);
		if (lane->conn == NULL)
		{
			GwProblem problem;

			gw_lane_unavailable(&problem);
			gw_backoff_failed(&lane->backoff, lane->loop->now, &problem);
			gw_lane_fail_all(&lane->pending, &problem);
		}
		return;
	}
	if (lane->conn->state == GW_PG_READY)
		send_pending(lane);
}

/* ---- receiving ---- */

static void
lane_ready(GwPgConn *conn)
{
	GwFastLane *lane = conn->owner;

	lane->backoff = (GwBackoff){0};
	gw_fast_lane_flush(lane);
}

/* Puts a job that has not been answered back in front. */
static void
send_again(GwFastLane *lane, GwJob *job)
{
	job->state = GW_JOB_WAITING;
	gw_queue_prepend(&lane->pending, job);
}

/* 57P01, 57P02, 57P03: an administrator or a crash ends the connection. */
static bool
is_farewell(const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return sqlstate != NULL && strncmp(sqlstate, "57P0", 4) == 0;
}

static void
take_error(GwFastLane *lane, GwPipelineEntry *entry, const PGresult *result)
{
	GwProblem problem;
	GwJob *job = entry->job;
	GwErrorAction action = gw_pg_error(lane->conn, entry->operation, result, &problem);

	if (entry->kind == GW_PIPELINE_PREPARE || action == GW_ERROR_PREPARE)
		lane->conn->is_prepared[entry->operation->index] = lane->settings.is_pooled;
	/* This lane reads only, by its own setting: no other server would take it. */
	if (action == GW_ERROR_ELSEWHERE)
	{
		action = GW_ERROR_ANSWER;
		gw_problem_set(&problem, 500, "internal error");
	}
	/* A server that goes away closes the connection next, and the job is sent to its successor. */
	if (job == NULL || (is_farewell(result) && job->attempts < 2))
		return;
	entry->job = NULL;
	if (action != GW_ERROR_ANSWER && job->attempts < 2)
	{
		job->goes_alone = true;
		send_again(lane, job);
	}
	else
		gw_job_fail(job, &problem);
}

static void
take_rows(GwFastLane *lane, GwPipelineEntry *entry, PGresult *result)
{
	GwJob *job = entry->job;
	GwProblem problem;

	entry->job = NULL;
	if (job == NULL)
	{
		PQclear(result);
		return;
	}
	remember_token(lane, job, PQntuples(result) > 0);
	if (PQntuples(result) == 0)
	{
		PQclear(result);
		gw_lane_unauthorized(&problem);
		gw_job_fail(job, &problem);
		return;
	}
	if (gw_pg_take_row(job, lane->settings.returns[entry->operation->index], result, &problem))
		gw_job_finish(job);
	else
		gw_job_fail(job, &problem);
}

/* Aborted jobs come back in the order that they were sent; the queue wants them the other way. */
static void
take_aborted(GwPipelineEntry *entry, GwJobQueue *aborted)
{
	GwJob *job = entry->job;

	entry->job = NULL;
	if (job == NULL)
		return;
	job->goes_alone = job->was_aborted;
	job->was_aborted = true;
	job->attempts--;
	gw_queue_append(aborted, job);
}

/* One result of the pipeline's first entry. */
static void
take_result(GwFastLane *lane, PGresult *result, GwJobQueue *aborted)
{
	GwPipelineEntry *entry = &lane->entry[lane->first];

	switch (PQresultStatus(result))
	{
		case PGRES_TUPLES_OK:
			take_rows(lane, entry, result);
			return;
		case PGRES_PIPELINE_ABORTED:
			take_aborted(entry, aborted);
			break;
		case PGRES_PIPELINE_SYNC:
			pop_entry(lane);
			break;
		case PGRES_COMMAND_OK: /* a preparation */
			break;
		default:
			take_error(lane, entry, result);
	}
	PQclear(result);
}

static void
lane_readable(GwPgConn *conn)
{
	GwFastLane *lane = conn->owner;
	GwJobQueue aborted = {0};

	while (lane->n > 0 && PQstatus(conn->pg) == CONNECTION_OK && !PQisBusy(conn->pg))
	{
		PGresult *result = PQgetResult(conn->pg);

		if (result != NULL)
			take_result(lane, result, &aborted);
		else if (lane->entry[lane->first].kind != GW_PIPELINE_SYNC)
			pop_entry(lane);
	}
	while (aborted.last != NULL)
	{
		GwJob *job = aborted.last;

		gw_queue_remove(&aborted, job);
		send_again(lane, job);
	}
	if (PQstatus(conn->pg) != CONNECTION_OK)
		gw_pg_broken(conn);
	/* What came back is sent at the end of the turn, with everything else that is pending. */
}

/* All that was sent has only read: it may be sent once more over a new connection. */
static void
lane_closed(GwPgConn *conn, const GwProblem *why)
{
	GwFastLane *lane = conn->owner;

	lane->conn = NULL;
	while (lane->n > 0)
	{
		GwPipelineEntry *entry = &lane->entry[(lane->first + lane->n - 1) % GW_PIPELINE_MAX];
		GwJob *job = entry->job;

		lane->n--;
		if (job == NULL)
			continue;
		if (job->attempts < 2)
			send_again(lane, job);
		else
			gw_job_fail(job, why);
	}
	lane->first = 0;
	/* A connection that was in use once is replaced at once. */
	if (conn->was_ready)
		return;
	gw_backoff_failed(&lane->backoff, lane->loop->now, why);
	gw_lane_fail_all(&lane->pending, why);
}

/* ---- limits of time ---- */

void
gw_fast_lane_tick(GwFastLane *lane)
{
	int64_t now = lane->loop->now;
	GwProblem problem;

	gw_lane_expire(&lane->pending, now, lane->config->queue_timeout);
	gw_lane_timed_out(&problem);
	for (int i = 0; i < lane->n; i++)
	{
		GwPipelineEntry *entry = &lane->entry[(lane->first + i) % GW_PIPELINE_MAX];
		GwJob *job = entry->job;

		if (job != NULL && now >= job->deadline)
		{
			entry->job = NULL;
			gw_job_fail(job, &problem);
		}
	}
	if (lane->conn == NULL)
		return;
	if (lane->conn->state != GW_PG_READY)
		gw_pg_check_time(lane->conn, lane->config->pg_connect_timeout);
	else if (gw_fast_lane_is_idle(lane) && now - lane->last_use > lane->config->pg_domain_idle)
	{
		gw_pg_close(lane->conn);
		lane->conn = NULL;
	}
}

int
gw_fast_lane_running(const GwFastLane *lane)
{
	int running = 0;

	for (int i = 0; i < lane->n; i++)
		running += lane->entry[(lane->first + i) % GW_PIPELINE_MAX].job != NULL;
	return running;
}

bool
gw_fast_lane_is_idle(const GwFastLane *lane)
{
	return lane->pending.first == NULL && lane->n == 0;
}

void
gw_fast_lane_close(GwFastLane *lane, const GwProblem *problem)
{
	if (lane->conn != NULL)
		gw_pg_close(lane->conn);
	lane->conn = NULL;
	for (int i = 0; i < lane->n; i++)
	{
		GwJob *job = lane->entry[(lane->first + i) % GW_PIPELINE_MAX].job;

		if (job != NULL)
			gw_job_fail(job, problem);
	}
	lane->n = 0;
	gw_lane_fail_all(&lane->pending, problem);
}
