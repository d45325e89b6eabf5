/*
 * replica.c: reads on a standby.
 */
#include "replica.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

/* A standby, or a primary, that does not tell its position for so long is taken for dead. */
#define SILENCE INT64_C(3000000)

/* Where there is no standby, there may be none for long: that is looked at less and less often. */
#define SEARCH_FIRST INT64_C(1000000)
#define SEARCH_MAX	 INT64_C(16000000)

/*
 * When tokens have last written, over all threads and domains, by the first bytes of their digests. Two
 * tokens may share a place: then the primary answers more than it must.
 */
#define WRITES 65536
static _Atomic(int64_t) writes[WRITES];

static void position_ready(GwPgConn *conn);
static void position_readable(GwPgConn *conn);
static void position_closed(GwPgConn *conn, const GwProblem *why);

static const GwPgEvents position_events = {position_ready, position_readable, position_closed};

bool
gw_replica_init(GwReplica *replica, ShcLoop *loop, const GwConfig *config,
				const GwPgSettings *settings, int max_connections)
{
	GwPgSettings lane_settings = *settings;

	replica->loop = loop;
	replica->config = config;
	replica->returns =
		calloc((size_t) gw_routes_count_all(settings->routes) + 1, sizeof(GwReturns));
	if (replica->returns == NULL || !shc_pg_hosts_init(&replica->hosts, settings->conninfo))
		return false;
	replica->lane_hosts = replica->hosts;
	replica->primary.settings = *settings;
	replica->primary.settings.statement_timeout = SILENCE;
	replica->standby.settings = replica->primary.settings;
	replica->standby.settings.hosts = &replica->hosts;
	replica->standby.settings.wants_standby = true;
	replica->standby.settings.returns = replica->returns;
	lane_settings.hosts = &replica->lane_hosts;
	lane_settings.wants_standby = true;
	lane_settings.is_pinned = true;
	lane_settings.returns = replica->returns;
	gw_fast_lane_init(&replica->fast, loop, config, &lane_settings);
	gw_heavy_lane_init(&replica->heavy, loop, config, &lane_settings, max_connections);
	return true;
}

/* ---- jobs ---- */

static _Atomic(int64_t) *
place_of(const GwJob *job)
{
	uint64_t hash;

	memcpy(&hash, job->digest, sizeof(hash));
	return &writes[hash % WRITES];
}

bool
gw_replica_is_usable(const GwReplica *replica)
{
	return replica->up_to_date > 0 && replica->standby.conn != NULL &&
		   replica->loop->now - replica->up_to_date <= replica->config->pg_max_replica_lag;
}

/* What the standby does not answer well, for whatever reason, the primary is asked. */
static bool
refused(GwJob *job)
{
	GwReplica *replica = job->replica;

	job->refused = NULL;
	if (replica->loop->now >= job->deadline)
		return false;
	gw_job_restart(job);
	job->is_problem = false;
	job->state = GW_JOB_NEW;
	job->attempts = 0;
	job->goes_alone = false;
	job->was_aborted = false;
	replica->to_primary(replica->owner, job);
	return true;
}

bool
gw_replica_take(GwReplica *replica, GwJob *job)
{
	const GwOperation *operation = job->operation;

	job->refused = NULL;
	if (operation->method != GW_GET || operation->deferred != NULL || operation->is_internal)
	{
		job->wrote = place_of(job);
		return false;
	}
	replica->last_use = replica->loop->now;
	if (!gw_replica_is_usable(replica) || atomic_load(place_of(job)) >= replica->up_to_date)
		return false;
	job->replica = replica;
	job->refused = refused;
	if (operation->lane == GW_LANE_FAST)
		gw_fast_lane_submit(&replica->fast, job);
	else
		gw_heavy_lane_submit(&replica->heavy, job);
	return true;
}

/* ---- positions ---- */

static void
ask(GwReplica *replica, GwPosition *position)
{
	/* A standby that was promoted has none. */
	const char *sql = position == &replica->primary
						  ? "SELECT (pg_current_wal_lsn() - '0/0')::bigint"
						  : "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
							" - '0/0' END)::bigint";

	/* Not the loop's time, which may be that of before a commit. */
	position->asked = shc_monotonic_us();
	position->is_asking = true;
	if (!PQsendQuery(position->conn->pg, sql))
		gw_pg_broken(position->conn);
	else
		gw_pg_flush(position->conn);
}

/* What runs on the standby, or waits for it, goes to the primary. */
static void
leave_standby(GwReplica *replica)
{
	GwProblem problem;

	replica->up_to_date = 0;
	gw_lane_unavailable(&problem);
	gw_fast_lane_close(&replica->fast, &problem);
	gw_heavy_lane_close(&replica->heavy, &problem);
}

static void
take_primary_position(GwReplica *replica, int64_t lsn)
{
	uint64_t i = replica->npositions++ % GW_POSITIONS_MAX;

	replica->position[i].asked = replica->primary.asked;
	replica->position[i].lsn = lsn;
	if (replica->standby.conn != NULL && replica->standby.conn->state == GW_PG_READY &&
		!replica->standby.is_asking)
		ask(replica, &replica->standby);
}

static void
take_standby_position(GwReplica *replica, int64_t lsn)
{
	for (uint64_t n = replica->npositions, i = 0; i < n && i < GW_POSITIONS_MAX; i++)
	{
		uint64_t at = (n - 1 - i) % GW_POSITIONS_MAX;

		if (replica->position[at].lsn > lsn)
			continue;
		if (replica->position[at].asked > replica->up_to_date)
			replica->up_to_date = replica->position[at].asked;
		return;
	}
}

/* A connection to another server than before: nothing that is known counts any more. */
static void
position_ready(GwPgConn *conn)
{
	GwReplica *replica = conn->owner;
	GwPosition *position = conn == replica->primary.conn ? &replica->primary : &replica->standby;

	position->backoff = (GwBackoff){0};
	if (position == &replica->standby)
		replica->search = 0;
	if (position == &replica->standby && replica->lane_hosts.preferred != conn->host)
		leave_standby(replica);
	replica->up_to_date = 0;
	if (position == &replica->primary)
	{
		replica->npositions = 0;
		ask(replica, position);
	}
}

static void
position_readable(GwPgConn *conn)
{
	GwReplica *replica = conn->owner;
	bool is_primary = conn == replica->primary.conn;
	GwPosition *position = is_primary ? &replica->primary : &replica->standby;

	while (conn->state == GW_PG_READY && !PQisBusy(conn->pg))
	{
		PGresult *result = PQgetResult(conn->pg);
		bool is_good = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 &&
					   !PQgetisnull(result, 0, 0);
		int64_t lsn = is_good ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
		bool is_end = result == NULL;

		PQclear(result);
		if (is_end && PQstatus(conn->pg) == CONNECTION_OK)
			break;
		if (!is_good)
		{
			gw_pg_broken(conn);
			return;
		}
		position->is_asking = false;
		if (is_primary)
			take_primary_position(replica, lsn);
		else
			take_standby_position(replica, lsn);
	}
}

static void
position_closed(GwPgConn *conn, const GwProblem *why)
{
	GwReplica *replica = conn->owner;
	bool is_primary = conn == replica->primary.conn;
	GwPosition *position = is_primary ? &replica->primary : &replica->standby;

	position->conn = NULL;
	position->is_asking = false;
	gw_backoff_failed(&position->backoff, replica->loop->now, why);
	replica->up_to_date = 0;
	replica->npositions = 0;
	if (is_primary)
		return;
	replica->search = replica->search == 0 ? SEARCH_FIRST : 2 * replica->search;
	if (replica->search > SEARCH_MAX)
		replica->search = SEARCH_MAX;
	if (!conn->was_ready)
		position->backoff.until = replica->loop->now + replica->search;
	leave_standby(replica);
}

static void
close_position(GwPosition *position)
{
	if (position->conn != NULL)
		gw_pg_close(position->conn);
	position->conn = NULL;
	position->is_asking = false;
}

/* ---- turns and ticks ---- */

static void
look_after(GwReplica *replica, GwPosition *position)
{
	int64_t now = replica->loop->now;

	if (position->conn == NULL && now >= position->backoff.until)
	{
		GwProblem problem;

		position->conn = gw_pg_open(replica->loop, &position->settings, &position_events, replica);
		gw_lane_unavailable(&problem);
		if (position->conn == NULL)
			gw_backoff_failed(&position->backoff, now, &problem);
	}
	else if (position->conn == NULL)
		return;
	else if (position->conn->state != GW_PG_READY)
		gw_pg_check_time(position->conn, replica->config->pg_connect_timeout);
	else if (position->is_asking && now - position->asked > SILENCE)
		gw_pg_broken(position->conn);
}

void
gw_replica_tick(GwReplica *replica)
{
	int64_t now = replica->loop->now;

	gw_fast_lane_tick(&replica->fast);
	gw_heavy_lane_tick(&replica->heavy);
	if (replica->last_use == 0 || now - replica->last_use > replica->config->pg_idle_timeout)
	{
		close_position(&replica->primary);
		close_position(&replica->standby);
		replica->up_to_date = 0;
		return;
	}
	look_after(replica, &replica->primary);
	look_after(replica, &replica->standby);
	if (replica->primary.conn != NULL && replica->primary.conn->state == GW_PG_READY &&
		!replica->primary.is_asking)
		ask(replica, &replica->primary);
}

void
gw_replica_flush(GwReplica *replica)
{
	int host = replica->standby.conn != NULL ? replica->standby.conn->host : -1;

	/* The lanes go where the position is looked at, and nowhere else. */
	if (host >= 0)
		replica->lane_hosts.preferred = host;
	gw_fast_lane_flush(&replica->fast);
	gw_heavy_lane_flush(&replica->heavy);
}

int
gw_replica_connections(const GwReplica *replica)
{
	return replica->heavy.nconnections + (replica->fast.conn != NULL) +
		   (replica->primary.conn != NULL) + (replica->standby.conn != NULL);
}

bool
gw_replica_is_idle(const GwReplica *replica)
{
	return gw_fast_lane_is_idle(&replica->fast) && gw_heavy_lane_is_idle(&replica->heavy);
}

void
gw_replica_close(GwReplica *replica)
{
	close_position(&replica->primary);
	close_position(&replica->standby);
	leave_standby(replica);
}

void
gw_replica_free(GwReplica *replica)
{
	shc_pg_hosts_free(&replica->hosts);
	free(replica->returns);
	free(replica);
}
