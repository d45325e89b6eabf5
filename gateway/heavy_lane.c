/*
 * heavy_lane.c: connections with one request at a time on each.
 *
 * The answer of a write counts only when the server is ready for the next statement: by then it has
 * committed. A row of a stream is passed on as it comes. When the client does not keep up, nothing
 * more is read, and the server's backend waits in sending; nothing on the server's side ends that, so
 * a client that is too slow, or takes too long, loses the connection.
 */
#include "heavy_lane.h"

#include <string.h>

#include "log.h"

/* The rate of a client is measured over so long. */
#define RATE_WINDOW INT64_C(10000000)

static void lane_ready(GwPgConn *conn);
static void lane_readable(GwPgConn *conn);
static void lane_closed(GwPgConn *conn, const GwProblem *why);

static const GwPgEvents lane_events = {lane_ready, lane_readable, lane_closed};

void
gw_heavy_lane_init(GwHeavyLane *lane, ShcLoop *loop, const GwConfig *config,
				   const GwPgSettings *settings, int max_connections)
{
	*lane = (GwHeavyLane){
		.loop = loop, .config = config, .settings = *settings, .max_connections = max_connections};
	lane->settings.is_pipeline = false;
	lane->settings.statement_timeout = config->request_timeout > config->stream_max_time
										   ? config->request_timeout
										   : config->stream_max_time;
}

void
gw_heavy_lane_submit(GwHeavyLane *lane, GwJob *job)
{
	job->state = GW_JOB_WAITING;
	job->lane = lane;
	job->queued = lane->loop->now;
	gw_queue_append(&lane->pending, job);
}

/* Takes a connection that is closed, or about to be, out of the lane. */
static void
forget_connection(GwHeavyLane *lane, GwPgConn *conn)
{
	GwPgConn **link = &lane->connections;

	while (*link != conn)
		link = &(*link)->next;
	*link = conn->next;
	lane->nconnections--;
	if (!conn->was_ready)
		lane->nopening--;
	if (conn->job != NULL)
		lane->nrunning--;
	conn->job = NULL;
}

/* Closes a connection whose job has been settled by the caller. */
static void
drop_connection(GwHeavyLane *lane, GwPgConn *conn)
{
	forget_connection(lane, conn);
	gw_pg_close(conn);
}

void
gw_heavy_lane_cancel(GwHeavyLane *lane, GwJob *job)
{
	if (job->state == GW_JOB_WAITING)
		gw_queue_remove(&lane->pending, job);
	else if (job->state == GW_JOB_RUNNING)
		drop_connection(lane, job->connection);
	job->state = GW_JOB_ENDED;
}

/* ---- starting ---- */

static bool
is_stream(const GwPgConn *conn)
{
	return conn->settings->returns[conn->job->operation->index] == GW_RETURNS_RESPONSE_SET;
}

/* Sends the statement of the connection's job, or its preparation first. */
static void
send_statement(GwPgConn *conn)
{
	GwJob *job = conn->job;
	bool sent;

	conn->is_preparing = !conn->is_prepared[job->operation->index];
	conn->has_problem = false;
	if (conn->is_preparing)
		sent = gw_pg_send_prepare(conn, job->operation);
	else
	{
		job->attempts++;
		sent = gw_pg_send_job(conn, job) && (!is_stream(conn) || PQsetSingleRowMode(conn->pg));
	}
	if (!sent)
		gw_pg_broken(conn);
	else
		gw_pg_flush(conn);
}

static void
start_job(GwHeavyLane *lane, GwPgConn *conn, GwJob *job)
{
	gw_queue_remove(&lane->pending, job);
	job->state = GW_JOB_RUNNING;
	job->connection = conn;
	conn->job = job;
	conn->since = lane->loop->now;
	conn->stream_began = conn->window_began = lane->loop->now;
	conn->window_bytes = 0;
	lane->nrunning++;
	send_statement(conn);
}

static GwPgConn *
idle_connection(const GwHeavyLane *lane)
{
	for (GwPgConn *conn = lane->connections; conn != NULL; conn = conn->next)
	{
		if (conn->state == GW_PG_READY && conn->job == NULL)
			return conn;
	}
	return NULL;
}

static void
open_connection(GwHeavyLane *lane)
{
	GwPgConn *conn = gw_pg_open(lane->loop, &lane->settings, &lane_events, lane);
	GwProblem problem;

	if (conn != NULL)
	{
		conn->next = lane->connections;
		lane->connections = conn;
		lane->nconnections++;
		lane->nopening++;
		return;
	}
	gw_lane_unavailable(&problem);
	gw_backoff_failed(&lane->backoff, lane->loop->now, &problem);
}

static void
start_pending(GwHeavyLane *lane)
{
	GwPgConn *conn;

	while (lane->pending.first != NULL && (conn = idle_connection(lane)) != NULL)
	{
		GwJob *job = lane->pending.first;

		if (lane->settings.returns[job->operation->index] == GW_RETURNS_UNKNOWN)
		{
			GwProblem problem;

			gw_lane_unavailable(&problem);
			gw_queue_remove(&lane->pending, job);
			gw_job_fail(job, &problem);
		}
		else
			start_job(lane, conn, job);
	}
	while (lane->nopening < lane->pending.n && lane->nconnections < lane->max_connections &&
		   lane->loop->now >= lane->backoff.until)
		open_connection(lane);
	if (lane->nconnections == 0 && gw_backoff_refuses(&lane->backoff, lane->loop->now))
		gw_lane_fail_all(&lane->pending, &lane->backoff.problem);
}

/* ---- receiving ---- */

static void
lane_ready(GwPgConn *conn)
{
	GwHeavyLane *lane = conn->owner;

	lane->nopening--;
	lane->backoff = (GwBackoff){0};
	start_pending(lane);
}

static void
set_problem(GwPgConn *conn, GwErrorAction action, const GwProblem *problem)
{
	if (conn->has_problem)
		return;
	conn->has_problem = true;
	conn->action = action;
	conn->problem = *problem;
}

static void
take_result(GwPgConn *conn, PGresult *result)
{
	GwJob *job = conn->job;
	ExecStatusType status = PQresultStatus(result);
	GwProblem problem;

	if (status == PGRES_SINGLE_TUPLE || (status == PGRES_TUPLES_OK && PQntuples(result) > 0))
	{
		bool is_first = !job->has_head;

		if (conn->has_problem)
			PQclear(result);
		else if (!gw_pg_take_row(job, conn->settings->returns[job->operation->index], result,
								 &problem))
			set_problem(conn, GW_ERROR_ANSWER, &problem);
		else if (is_first && status == PGRES_SINGLE_TUPLE)
			job->is_streamed = true;
		return;
	}
	if (status == PGRES_TUPLES_OK && !job->has_head)
	{
		gw_lane_unauthorized(&problem);
		set_problem(conn, GW_ERROR_ANSWER, &problem);
	}
	else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
	{
		GwErrorAction action = gw_pg_error(conn, job->operation, result, &problem);

		set_problem(conn, action, &problem);
	}
	PQclear(result);
}

/* May the statement run once more? Nothing of it has lasted, and nobody has seen anything of it. */
static bool
may_repeat(const GwPgConn *conn)
{
	return conn->has_problem && !conn->is_preparing && conn->action != GW_ERROR_ANSWER &&
		   conn->job->attempts < 2 && !conn->job->is_told;
}

/*
 * The server only reads: it was a primary once, or never. Its connections are closed, and the request,
 * of which nothing has lasted, is sent once more, to the primary.
 */
static void
go_elsewhere(GwHeavyLane *lane, GwPgConn *conn)
{
	GwJob *job = conn->job;
	GwProblem problem = conn->problem;
	GwPgConn *next;

	shc_pg_hosts_avoid(lane->settings.hosts, conn->host);
	drop_connection(lane, conn);
	for (GwPgConn *other = lane->connections; other != NULL; other = next)
	{
		next = other->next;
		if (other->state == GW_PG_READY && other->job == NULL)
			drop_connection(lane, other);
	}
	if (job->attempts >= 2 || job->is_told)
	{
		gw_job_fail(job, &problem);
		return;
	}
	gw_job_restart(job);
	job->state = GW_JOB_WAITING;
	gw_queue_prepend(&lane->pending, job);
}

/* The server is ready for the next statement: what came before has committed, or failed. */
static void
end_statement(GwHeavyLane *lane, GwPgConn *conn)
{
	GwJob *job = conn->job;

	if (conn->is_preparing && !conn->has_problem)
	{
		conn->is_prepared[job->operation->index] = true;
		send_statement(conn);
		return;
	}
	if (conn->has_problem && conn->action == GW_ERROR_ELSEWHERE)
	{
		go_elsewhere(lane, conn);
		return;
	}
	if (conn->has_problem && conn->action == GW_ERROR_PREPARE)
		conn->is_prepared[job->operation->index] = lane->settings.is_pooled;
	if (may_repeat(conn))
	{
		gw_job_restart(job);
		send_statement(conn);
		return;
	}
	conn->job = NULL;
	conn->since = lane->loop->now;
	lane->nrunning--;
	if (conn->has_problem)
		gw_job_fail(job, &conn->problem);
	else
		gw_job_finish(job);
}

static void
lane_readable(GwPgConn *conn)
{
	GwHeavyLane *lane = conn->owner;
	GwJob *job = conn->job;
	size_t limit = (size_t) lane->config->stream_buffer;
	size_t before = job != NULL ? job->buffered : 0;

	while (conn->state == GW_PG_READY && !conn->is_paused && !PQisBusy(conn->pg))
	{
		PGresult *result = PQgetResult(conn->pg);

		if (result == NULL && (conn->job == NULL || PQstatus(conn->pg) != CONNECTION_OK))
			break;
		if (result == NULL)
			end_statement(lane, conn);
		else if (conn->job == NULL)
			PQclear(result); /* the server's farewell */
		else
			take_result(conn, result);
		if (conn->state == GW_PG_READY && conn->job != NULL && conn->job->is_streamed &&
			conn->job->buffered >= limit)
			gw_pg_pause(conn, true);
	}
	if (conn->state != GW_PG_READY)
		return;
	if (PQstatus(conn->pg) != CONNECTION_OK)
	{
		gw_pg_broken(conn);
		return;
	}
	if (conn->job != NULL && conn->job == job && job->is_streamed && job->buffered > before)
		gw_job_progress(job);
	if (conn->job == NULL)
		start_pending(lane);
}

static void
lane_closed(GwPgConn *conn, const GwProblem *why)
{
	GwHeavyLane *lane = conn->owner;
	GwJob *job = conn->job;
	bool was_in_use = conn->was_ready;
	GwProblem problem = *why;

	if (job != NULL && conn->has_problem)
		problem = conn->problem; /* what the server said before it closed */
	forget_connection(lane, conn);
	if (job != NULL)
		gw_job_fail(job, &problem);
	if (was_in_use)
		return;
	gw_backoff_failed(&lane->backoff, lane->loop->now, why);
	if (lane->nconnections == 0)
		gw_lane_fail_all(&lane->pending, why);
}

void
gw_heavy_lane_flush(GwHeavyLane *lane)
{
	GwPgConn *next;

	for (GwPgConn *conn = lane->connections; conn != NULL; conn = next)
	{
		next = conn->next;
		if (conn->is_paused && conn->job != NULL &&
			conn->job->buffered < (size_t) lane->config->stream_buffer / 2)
		{
			gw_pg_pause(conn, false);
			/* libpq may hold rows already: no event would tell of them. */
			if (conn->state == GW_PG_READY)
				lane_readable(conn);
		}
	}
	if (lane->pending.first != NULL)
		start_pending(lane);
}

/* ---- limits of time ---- */

/* Does the client of a stream read too slowly, or has it taken too long? */
static bool
client_is_too_slow(const GwHeavyLane *lane, GwPgConn *conn)
{
	int64_t now = lane->loop->now;
	size_t bytes = conn->job->total_read - conn->window_bytes;

	if (now - conn->stream_began > lane->config->stream_max_time)
		return true;
	if (now - conn->window_began < RATE_WINDOW)
		return false;
	conn->window_began = now;
	conn->window_bytes = conn->job->total_read;
	return conn->is_paused &&
		   (double) bytes < (double) lane->config->stream_min_rate * (RATE_WINDOW / 1e6);
}

static void
check_connection(GwHeavyLane *lane, GwPgConn *conn)
{
	int64_t now = lane->loop->now;
	GwJob *job = conn->job;
	GwProblem problem;

	if (conn->state == GW_PG_CLOSED)
		return;
	if (conn->state != GW_PG_READY)
	{
		gw_pg_check_time(conn, lane->config->pg_connect_timeout);
		return;
	}
	if (job == NULL)
	{
		if (now - conn->since > lane->config->pg_idle_timeout)
			drop_connection(lane, conn);
		return;
	}
	if (job->has_head && job->is_streamed ? client_is_too_slow(lane, conn) : now >= job->deadline)
	{
		gw_lane_timed_out(&problem);
		drop_connection(lane, conn);
		gw_job_fail(job, &problem);
	}
}

void
gw_heavy_lane_tick(GwHeavyLane *lane)
{
	GwPgConn *next;

	gw_lane_expire(&lane->pending, lane->loop->now, lane->config->queue_timeout);
	for (GwPgConn *conn = lane->connections; conn != NULL; conn = next)
	{
		next = conn->next;
		check_connection(lane, conn);
	}
}

bool
gw_heavy_lane_is_streaming(const GwHeavyLane *lane)
{
	if (lane->nrunning == 0)
		return false;
	for (const GwPgConn *conn = lane->connections; conn != NULL; conn = conn->next)
	{
		if (conn->job != NULL && conn->job->is_streamed && !conn->is_paused)
			return true;
	}
	return false;
}

bool
gw_heavy_lane_is_idle(const GwHeavyLane *lane)
{
	return lane->pending.first == NULL && lane->nrunning == 0;
}

void
gw_heavy_lane_close(GwHeavyLane *lane, const GwProblem *problem)
{
	while (lane->connections != NULL)
	{
		GwPgConn *conn = lane->connections;
		GwJob *job = conn->job;

		drop_connection(lane, conn);
		if (job != NULL)
			gw_job_fail(job, problem);
	}
	gw_lane_fail_all(&lane->pending, problem);
}
