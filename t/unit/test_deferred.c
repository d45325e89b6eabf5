/*
 * test_deferred.c: requests that are given a ticket: when they ask for their answer, whatever order things
 * come in. The lane, the connection and libpq are replaced by what is at the end of this file.
 */
#include "deferred.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static GwConfig config = {
	.request_timeout = 60000000, .pg_connect_timeout = 10000000, .pg_idle_timeout = 60000000};
static const GwOperation answer = {.id = "answer"};
static const GwOperation call = {.id = "call", .deferred = &answer};
static ShcLoop loop;
static GwHeavyLane lane;
static GwDeferred *deferred;
static GwPgConn *opened;		 /* the connection in use */
static const char *notification; /* that is to be received */
static int nresults;
static GwJob *handed; /* the last job that the lane has got */
static int changes;

static void
changed(GwJob *job)
{
	(void) job;
	changes++;
}

static void
begin(int max_parked)
{
	GwPgSettings settings = {0};

	free(deferred);
	free(opened);
	opened = NULL;
	nresults = 0;
	loop.now = 1000000;
	deferred = calloc(1, sizeof(GwDeferred));
	gw_deferred_init(deferred, &loop, &config, &settings, &lane, max_parked);
}

/* The connection is there and has answered to LISTEN. */
static void
listen_now(void)
{
	gw_deferred_flush(deferred);
	opened->events->ready(opened);
	nresults = 1;
	opened->events->readable(opened);
}

static void
notify(const char *payload)
{
	notification = payload;
	opened->events->readable(opened);
}

static void
submit(GwJob *job)
{
	*job = (GwJob){.operation = &call, .changed = changed, .body = "body", .body_len = 4};
	handed = NULL;
	changes = 0;
	gw_deferred_submit(deferred, job);
}

/* The statement that the lane has got is answered. */
static void
reply(GwJob *job, int status, const char *ticket, const char *wait)
{
	const char *header[2];
	int n = 0;

	if (ticket != NULL)
		header[n++] = ticket;
	if (wait != NULL)
		header[n++] = wait;
	handed = NULL;
	job->has_head = true;
	job->status = status;
	job->header = header;
	job->nheaders = n;
	gw_job_finish(job);
}

static void
test_usual_order(void)
{
	GwJob job;

	begin(2);
	submit(&job);
	ok(handed == &job, "a job goes to the lane");
	gw_deferred_flush(deferred);
	ok(opened == NULL, "nothing listens yet");
	reply(&job, 202, "X-Selfhost-Ticket: 7", "x-selfhost-wait-ms: 3000");
	is_int(job.state, GW_JOB_PARKED, "with a ticket it is parked");
	is_int(changes, 1, "which is told");
	ok(!job.has_head && !job.is_complete, "there is no answer yet");
	gw_deferred_flush(deferred);
	ok(opened != NULL, "now a connection is opened");
	listen_now();
	ok(handed == &job, "when it listens, the job asks");
	ok(job.operation == &answer, "the other function");
	is_str(job.value[0], "7", "with its ticket");
	ok(job.body == NULL, "and without its body");
	reply(&job, 202, "x-selfhost-ticket: 7", "x-selfhost-wait-ms: 3000");
	is_int(job.state, GW_JOB_PARKED, "in vain");
	notify("8");
	ok(handed == NULL, "another one's end does not matter");
	notify("7");
	ok(handed == &job, "its own does");
	reply(&job, 200, NULL, NULL);
	is_int(job.state, GW_JOB_ENDED, "that is the answer");
	is_int(job.status, 200, "with its status");
	ok(gw_deferred_is_idle(deferred), "nothing is parked");
}

static void
test_other_orders(void)
{
	GwJob job;
	GwJob other;

	begin(2);
	submit(&other);
	reply(&other, 202, "x-selfhost-ticket: 1", NULL);
	listen_now();
	reply(&other, 202, "x-selfhost-ticket: 1", NULL);

	submit(&job);
	notify("5");
	reply(&job, 202, "x-selfhost-ticket: 5", NULL);
	ok(handed == &job, "a run that has ended before its ticket came is asked for");
	reply(&job, 202, "x-selfhost-ticket: 5", NULL);
	ok(handed == NULL, "but once");
	gw_deferred_cancel(deferred, &job);

	submit(&job);
	for (int i = 0; i <= GW_HEARD_MAX; i++)
		notify("9");
	reply(&job, 202, "x-selfhost-ticket: 5", NULL);
	ok(handed == &job, "so is one whose end may be forgotten");
	gw_lane_fail_all(&deferred->parked, &(GwProblem){.status = 503});

	begin(2);
	submit(&other);
	submit(&job);
	reply(&other, 202, "x-selfhost-ticket: 1", NULL);
	listen_now();
	reply(&job, 202, "x-selfhost-ticket: 2", NULL);
	ok(handed == &job, "so is one that was sent before we listened");
}

static void
test_lost_connection(void)
{
	GwJob job;
	GwProblem problem = {.status = 503};

	begin(2);
	submit(&job);
	reply(&job, 202, "x-selfhost-ticket: 3", NULL);
	listen_now();
	reply(&job, 202, "x-selfhost-ticket: 3", NULL);
	opened->events->closed(opened, &problem);
	free(opened);
	opened = NULL;
	is_int(job.state, GW_JOB_PARKED, "a job survives the connection");
	listen_now();
	ok(handed == &job, "and asks when the next one listens");
	reply(&job, 202, "x-selfhost-ticket: 3", NULL);

	/* One that fails before it listens is followed by a pause. */
	opened->events->closed(opened, &problem);
	free(opened);
	opened = NULL;
	gw_deferred_flush(deferred);
	opened->events->closed(opened, &problem);
	free(opened);
	opened = NULL;
	gw_deferred_flush(deferred);
	ok(opened == NULL, "a failure is followed by a pause");
	loop.now += GW_BACKOFF_FIRST;
	gw_deferred_flush(deferred);
	ok(opened != NULL, "and by another attempt");
	gw_deferred_close(deferred, &problem);
	is_int(job.state, GW_JOB_ENDED, "at the end all fail");
	is_int(job.status, 503, "with the reason");
}

static void
test_limits(void)
{
	GwJob jobs[3];

	begin(2);
	for (int i = 0; i < 3; i++)
	{
		submit(&jobs[i]);
		if (i < 2)
			reply(&jobs[i], 202, i == 0 ? "x-selfhost-ticket: 1" : "x-selfhost-ticket: 2",
				  i == 0 ? "x-selfhost-wait-ms: 3000" : "x-selfhost-wait-ms: 0");
	}
	is_int(jobs[2].status, 503, "more than may be parked are refused");
	loop.now += GW_TICK_US;
	gw_deferred_tick(deferred);
	ok(handed == &jobs[1], "a wait that is over ends in asking");
	is_int(jobs[0].state, GW_JOB_PARKED, "another one goes on");
	loop.now += 3000000;
	gw_deferred_tick(deferred);
	ok(handed == &jobs[0], "until it is over, too");
	reply(&jobs[0], 202, "x-selfhost-ticket: 1", NULL);
	listen_now();
	reply(&jobs[0], 200, NULL, NULL);

	for (int i = 0; i < 4; i++)
	{
		static const char *const bad[] = {"x-selfhost-ticket: x", "x-selfhost-ticket: 1x",
										  "x-selfhost-ticket: 99999999999999999999", "x-other: 1"};

		submit(&jobs[2]);
		reply(&jobs[2], 202, bad[i], NULL);
		is_int(jobs[2].state, GW_JOB_ENDED, bad[i]);
	}
	submit(&jobs[2]);
	reply(&jobs[2], 200, "x-selfhost-ticket: 1", NULL);
	is_int(jobs[2].state, GW_JOB_ENDED, "only 202 is a ticket");
	submit(&jobs[2]);
	reply(&jobs[2], 202, "x-selfhost-ticket: 4", "x-selfhost-wait-ms: 9223372036854775807");
	ok(jobs[2].parked_until - loop.now <= INT64_C(7200000000), "no wait is longer than two hours");
	gw_deferred_cancel(deferred, &jobs[2]);
	loop.now += config.pg_idle_timeout + 1;
	gw_deferred_tick(deferred);
	ok(deferred->conn == NULL, "an idle connection is closed");
}

int
main(void)
{
	test_usual_order();
	test_other_orders();
	test_lost_connection();
	test_limits();
	free(deferred);
	free(opened);
	return done();
}

/* ---- in place of the lane, the connection and libpq ---- */

void
gw_heavy_lane_submit(GwHeavyLane *to, GwJob *job)
{
	(void) to;
	job->state = GW_JOB_WAITING;
	handed = job;
}

GwPgConn *
gw_pg_open(ShcLoop *on, const GwPgSettings *settings, const GwPgEvents *events, void *owner)
{
	opened = calloc(1, sizeof(GwPgConn));
	*opened = (GwPgConn){.loop = on,
						 .settings = settings,
						 .events = events,
						 .owner = owner,
						 .state = GW_PG_READY,
						 .since = on->now};
	return opened;
}

void
gw_pg_close(GwPgConn *conn)
{
	conn->state = GW_PG_CLOSED;
}

void
gw_pg_check_time(GwPgConn *conn, int64_t limit)
{
	(void) conn;
	(void) limit;
}

void
gw_pg_broken(GwPgConn *conn)
{
	(void) conn;
	ok(false, "the connection is not broken");
}

bool
gw_pg_flush(GwPgConn *conn)
{
	return conn->state == GW_PG_READY;
}

int
PQsendQuery(PGconn *pg, const char *sql)
{
	(void) pg;
	is_str(sql, "LISTEN selfhost_run_done", "what is sent");
	return 1;
}

int
PQisBusy(PGconn *pg)
{
	(void) pg;
	return 0;
}

PGresult *
PQgetResult(PGconn *pg)
{
	(void) pg;
	return nresults-- > 0 ? (PGresult *) &nresults : NULL;
}

ExecStatusType
PQresultStatus(const PGresult *result)
{
	return result != NULL ? PGRES_COMMAND_OK : PGRES_FATAL_ERROR;
}

void
PQclear(PGresult *result)
{
	(void) result;
}

ConnStatusType
PQstatus(const PGconn *pg)
{
	(void) pg;
	return CONNECTION_OK;
}

PGnotify *
PQnotifies(PGconn *pg)
{
	PGnotify *received = notification != NULL ? calloc(1, sizeof(PGnotify)) : NULL;

	(void) pg;
	if (received != NULL)
		received->extra = (char *) notification;
	notification = NULL;
	return received;
}

void
PQfreemem(void *memory)
{
	free(memory);
}
