/*
 * pgconn.c: one non-blocking connection to PostgreSQL: connecting, setting up, reading and writing.
 *
 * Setting up pins what the operations rely on, whatever the server's or the role's defaults are, and
 * learns how each operation's function answers.
 */
#include "pgconn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "log.h"
#include "pgconn_internal.h"

static void connection_ready(ShcWatch *watch, uint32_t events);

static void
release_connection(ShcGarbage *garbage)
{
	GwPgConn *conn = (GwPgConn *) garbage;

	free(conn->is_prepared);
	free(conn);
}

/* libpq's message without its line ends; it never holds a password. */
static void
log_connection_error(const GwPgConn *conn, const char *what)
{
	char text[SHC_PG_LINE_MAX];

	shc_pg_error_line(conn->pg, text);
	shc_error("domain %s: %s: %s", conn->settings->domain, what, text);
}

/* Starts to connect to the current host, or to one behind it. False: none is left. */
static bool
start_attempt(GwPgConn *conn)
{
	const ShcPgTarget target = {.conninfo = conn->settings->conninfo,
								.application = "selfserv",
								.any_server = conn->settings->wants_standby};

	for (;;)
	{
		conn->state = GW_PG_CONNECTING;
		conn->host_since = conn->loop->now;
		conn->pg = shc_pg_hosts_start(conn->settings->hosts, conn->host, &target);
		/* The socket may be another one than before, even with the same number. */
		shc_loop_unwatch(conn->loop, &conn->watch);
		if (conn->pg != NULL && PQstatus(conn->pg) != CONNECTION_BAD &&
			shc_loop_watch(conn->loop, &conn->watch, PQsocket(conn->pg), EPOLLOUT))
			return true;
		shc_pg_hosts_avoid(conn->settings->hosts, conn->host);
		if (--conn->nleft <= 0)
			return false;
		log_connection_error(conn, "cannot connect");
		PQfinish(conn->pg);
		conn->host = (conn->host + 1) % conn->settings->hosts->n;
	}
}

GwPgConn *
gw_pg_open(ShcLoop *loop, const GwPgSettings *settings, const GwPgEvents *events, void *owner)
{
	GwPgConn *conn = calloc(1, sizeof(GwPgConn));
	size_t noperations = (size_t) gw_routes_count_all(settings->routes);

	if (conn == NULL)
		return NULL;
	conn->is_prepared = calloc(noperations + 1, sizeof(bool));
	if (conn->is_prepared == NULL)
	{
		release_connection(&conn->garbage);
		shc_error("out of memory");
		return NULL;
	}
	/* Nothing is prepared through a pooler, so nothing is left to be. */
	memset(conn->is_prepared, settings->is_pooled, noperations + 1);
	conn->garbage.release = release_connection;
	conn->watch = (ShcWatch){.fd = -1, .ready = connection_ready};
	conn->loop = loop;
	conn->settings = settings;
	conn->events = events;
	conn->owner = owner;
	conn->since = loop->now;
	conn->host = settings->hosts->preferred;
	conn->nleft = settings->is_pinned ? 1 : settings->hosts->n;
	if (!start_attempt(conn))
	{
		log_connection_error(conn, "cannot connect");
		gw_pg_close(conn);
		return NULL;
	}
	return conn;
}

void
gw_pg_close(GwPgConn *conn)
{
	if (conn->state == GW_PG_CLOSED)
		return;
	conn->state = GW_PG_CLOSED;
	shc_loop_unwatch(conn->loop, &conn->watch);
	PQfinish(conn->pg);
	conn->pg = NULL;
	shc_loop_discard(conn->loop, &conn->garbage);
}

static void
lose(GwPgConn *conn, const char *what)
{
	GwProblem problem;
	bool log_it;

	gw_reply_map(NULL, NULL, NULL, &problem, &log_it);
	log_connection_error(conn, what);
	gw_pg_close(conn);
	conn->events->closed(conn, &problem);
}

/* No connection to this host: tries the next one, if there is one. NULL: that is nothing to be told. */
static void
fail_host(GwPgConn *conn, const char *what)
{
	shc_pg_hosts_avoid(conn->settings->hosts, conn->host);
	if (conn->nleft <= 1)
	{
		lose(conn, what != NULL ? what : "there is no standby");
		return;
	}
	if (what != NULL)
		log_connection_error(conn, what);
	shc_loop_unwatch(conn->loop, &conn->watch);
	PQfinish(conn->pg);
	conn->pg = NULL;
	conn->nleft--;
	conn->host = (conn->host + 1) % conn->settings->hosts->n;
	if (!start_attempt(conn))
		lose(conn, "cannot connect");
}

void
gw_pg_broken(GwPgConn *conn)
{
	if (conn->state == GW_PG_READY)
		lose(conn, "connection lost");
	else
		fail_host(conn, "cannot connect");
}

void
gw_pg_check_time(GwPgConn *conn, int64_t limit)
{
	int64_t each = shc_pg_hosts_timeout(conn->settings->hosts, limit);

	if (conn->state == GW_PG_READY || conn->state == GW_PG_CLOSED)
		return;
	if (conn->loop->now - conn->since > limit)
		lose(conn, "cannot connect in time");
	else if (conn->nleft > 1 && conn->loop->now - conn->host_since > each)
		fail_host(conn, "a host does not answer in time");
}

bool
gw_pg_flush(GwPgConn *conn)
{
	int more = PQflush(conn->pg);

	if (more < 0)
	{
		gw_pg_broken(conn);
		return false;
	}
	return shc_loop_watch(conn->loop, &conn->watch, PQsocket(conn->pg),
						  (conn->is_paused ? 0 : EPOLLIN) | (more > 0 ? EPOLLOUT : 0));
}

void
gw_pg_pause(GwPgConn *conn, bool pause)
{
	if (conn->is_paused == pause || conn->state != GW_PG_READY)
		return;
	conn->is_paused = pause;
	gw_pg_flush(conn);
}

/* ---- connecting ---- */

static const char catalog[] =
	"SELECT p.proname, t.typname, p.proretset FROM pg_catalog.pg_proc p"
	" JOIN pg_catalog.pg_type t ON t.oid = p.prorettype"
	" JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'selfhost'";

/* A session of our own: what the operations rely on is set. */
static void
write_session(const GwPgConn *conn, char *sql, size_t size)
{
	/* From 14 on: a backend notices within a second that its connection was closed. */
	static const char check_client[] =
		"SELECT set_config(name, '1s', false) FROM pg_catalog.pg_settings"
		" WHERE name = 'client_connection_check_interval';";
	int64_t timeout_ms = conn->settings->statement_timeout / 1000;

	snprintf(sql, size,
			 "SET default_transaction_isolation = 'read committed'; SET synchronous_commit = on;"
			 "SET timezone = 'UTC'; SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres';"
			 "SET standard_conforming_strings = on; SET extra_float_digits = 1;"
			 "SET search_path = pg_catalog, pg_temp; SET lock_timeout = '%" PRId64 "ms';"
			 "SET statement_timeout = '%" PRId64
			 "ms'; SET idle_in_transaction_session_timeout = '60s';"
			 "SET default_transaction_read_only = %s; SET plan_cache_mode = %s; %s"
			 " SELECT pg_catalog.pg_is_in_recovery() AS is_standby; %s",
			 timeout_ms, timeout_ms, conn->settings->is_pipeline ? "on" : "off",
			 /* A plan made for a parameter holds a copy of it: of a whole body, as it may be. */
			 conn->settings->is_pipeline ? "auto" : "force_generic_plan", check_client, catalog);
}

/*
 * Behind a pooler a session is anybody's, and what one sets another one finds: the role has the
 * settings, and here it is only looked whether it has.
 */
static const char pooled_session[] =
	"SELECT pg_catalog.format('%s = %s', s.name, s.value) AS wrong_setting FROM (VALUES"
	" ('default_transaction_isolation', 'read committed'), ('synchronous_commit', 'on'),"
	" ('TimeZone', 'UTC'), ('DateStyle', 'ISO, MDY'), ('IntervalStyle', 'postgres'),"
	" ('standard_conforming_strings', 'on'), ('extra_float_digits', '1'),"
	" ('search_path', 'pg_catalog, pg_temp')) AS s (name, value)"
	" WHERE pg_catalog.current_setting(s.name) <> s.value;"
	" SELECT pg_catalog.pg_is_in_recovery() AS is_standby; ";

static void
start_setup(GwPgConn *conn)
{
	char sql[2048];

	if (conn->settings->is_pooled)
		snprintf(sql, sizeof(sql), "%s%s", pooled_session, catalog);
	else
		write_session(conn, sql, sizeof(sql));
	conn->state = GW_PG_SETTING_UP;
	if (PQsetnonblocking(conn->pg, 1) != 0 || !PQsendQuery(conn->pg, sql))
		gw_pg_broken(conn);
	else
		gw_pg_flush(conn);
}

static void
continue_connecting(GwPgConn *conn)
{
	PostgresPollingStatusType status = PQconnectPoll(conn->pg);

	/* The socket may be another one than before, even with the same number. */
	shc_loop_unwatch(conn->loop, &conn->watch);
	switch (status)
	{
		case PGRES_POLLING_OK:
			start_setup(conn);
			return;
		case PGRES_POLLING_READING:
			shc_loop_watch(conn->loop, &conn->watch, PQsocket(conn->pg), EPOLLIN);
			return;
		case PGRES_POLLING_WRITING:
			shc_loop_watch(conn->loop, &conn->watch, PQsocket(conn->pg), EPOLLOUT);
			return;
		default:
			fail_host(conn, "cannot connect");
	}
}

static GwReturns
returns_of(const char *type, bool is_set)
{
	if (strcmp(type, "http_response") == 0)
		return is_set ? GW_RETURNS_RESPONSE_SET : GW_RETURNS_RESPONSE;
	if (is_set)
		return GW_RETURNS_UNKNOWN;
	if (strcmp(type, "void") == 0)
		return GW_RETURNS_VOID;
	if (strcmp(type, "jsonb") == 0)
		return GW_RETURNS_JSONB;
	if (strcmp(type, "json") == 0 || strcmp(type, "text") == 0 || strcmp(type, "bytea") == 0)
		return GW_RETURNS_BYTES;
	return GW_RETURNS_UNKNOWN;
}

/* The result of the catalog's query. A function of an unknown kind counts as missing. */
static void
learn_functions(GwPgConn *conn, const PGresult *result)
{
	const GwRoutes *routes = conn->settings->routes;

	conn->nfunctions = PQntuples(result);
	for (int i = 0; i < gw_routes_count_all(routes); i++)
		conn->settings->returns[i] = GW_RETURNS_UNKNOWN;
	/* The report of used tokens stands behind all others. */
	conn->settings->returns[gw_routes_count_all(routes)] = GW_RETURNS_VOID;
	for (int row = 0; row < conn->nfunctions; row++)
	{
		for (int i = 0; i < gw_routes_count_all(routes); i++)
		{
			if (strcmp(gw_routes_get(routes, i)->id, PQgetvalue(result, row, 0)) == 0)
				conn->settings->returns[i] =
					returns_of(PQgetvalue(result, row, 1), PQgetvalue(result, row, 2)[0] == 't');
		}
	}
}

/* The result of one of the other queries, known by the name of its column. */
static void
learn_setting(GwPgConn *conn, const PGresult *result)
{
	const char *name = PQfname(result, 0);

	if (strcmp(name, "is_standby") == 0 && PQntuples(result) == 1)
		conn->is_standby = PQgetvalue(result, 0, 0)[0] == 't';
	for (int row = 0; strcmp(name, "wrong_setting") == 0 && row < PQntuples(result); row++)
	{
		conn->has_wrong_settings = true;
		shc_error("domain %s: with postgres.pooler, the role needs the setting %s",
				  conn->settings->domain, PQgetvalue(result, row, 0));
	}
}

/* The server is there, but of no use as it is. */
static void
refuse_server(GwPgConn *conn)
{
	GwProblem problem;

	gw_problem_set(&problem, 503, "the service is unavailable, try again later");
	problem.retry_after = 5;
	gw_pg_close(conn);
	conn->events->closed(conn, &problem);
}

static void
finish_setup(GwPgConn *conn)
{
	if (conn->settings->wants_standby && !conn->is_standby)
	{
		fail_host(conn, NULL);
		return;
	}
	if (conn->nfunctions == 0 || conn->has_wrong_settings)
	{
		if (conn->nfunctions == 0)
			shc_error("domain %s: the database has no extension \"selfhost\"",
					  conn->settings->domain);
		refuse_server(conn);
		return;
	}
	if (conn->settings->is_pipeline && !PQenterPipelineMode(conn->pg))
	{
		gw_pg_broken(conn);
		return;
	}
	conn->state = GW_PG_READY;
	conn->was_ready = true;
	conn->settings->hosts->preferred = conn->host;
	conn->since = conn->loop->now;
	conn->events->ready(conn);
}

static void
continue_setup(GwPgConn *conn)
{
	while (!PQisBusy(conn->pg))
	{
		PGresult *result = PQgetResult(conn->pg);
		ExecStatusType status = PQresultStatus(result);

		if (result == NULL)
		{
			finish_setup(conn);
			return;
		}
		if (status == PGRES_TUPLES_OK && PQnfields(result) == 3)
			learn_functions(conn, result);
		else if (status == PGRES_TUPLES_OK)
			learn_setting(conn, result);
		PQclear(result);
		if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		{
			fail_host(conn, "cannot set up a connection");
			return;
		}
	}
}

/* ---- events ---- */

static void
connection_ready(ShcWatch *watch, uint32_t events)
{
	GwPgConn *conn = (GwPgConn *) ((char *) watch - offsetof(GwPgConn, watch));

	if (conn->state == GW_PG_CONNECTING)
	{
		continue_connecting(conn);
		return;
	}
	if ((events & EPOLLOUT) != 0 && !gw_pg_flush(conn))
		return;
	if ((events & ~(uint32_t) EPOLLOUT) == 0)
		return;
	if (!PQconsumeInput(conn->pg))
	{
		gw_pg_broken(conn);
		return;
	}
	if (conn->state == GW_PG_SETTING_UP)
		continue_setup(conn);
	else
		conn->events->readable(conn);
}
