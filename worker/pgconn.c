/*
 * pgconn.c: one non-blocking connection to a domain's database.
 */
#include "pgconn.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "log.h"

#define MAX_PARAMETERS 32

/* Types of parameters: 0 lets PostgreSQL find out, 17 is bytea. */
#define BYTEA_OID 17

struct WkPgResult
{
	PGresult *result;
};

static void connection_ready(ShcWatch *watch, uint32_t events);

static void
release(ShcGarbage *garbage)
{
	free(garbage);
}

/* libpq's message without its line ends; it never holds a password. */
static void
log_connection_error(const WkPg *pg, const char *what)
{
	char text[SHC_PG_LINE_MAX];

	shc_pg_error_line(pg->pg, text);
	shc_error("domain %s: %s%s%s", pg->domain, what, text[0] != '\0' ? ": " : "", text);
}

WkPg *
wk_pg_open(ShcLoop *loop, const WkPgSettings *settings, const WkPgEvents *events, void *owner)
{
	const ShcPgTarget target = {
		.conninfo = settings->conninfo, .application = "selfpwrk", .user = settings->user};
	WkPg *pg = calloc(1, sizeof(WkPg));

	if (pg != NULL)
		pg->pg = shc_pg_hosts_start(settings->hosts, settings->hosts->preferred, &target);
	if (pg == NULL || pg->pg == NULL)
	{
		free(pg);
		shc_error("out of memory");
		return NULL;
	}
	pg->garbage.release = release;
	pg->watch = (ShcWatch){.fd = -1, .ready = connection_ready};
	pg->loop = loop;
	pg->events = events;
	pg->owner = owner;
	pg->domain = settings->domain;
	pg->hosts = settings->hosts;
	pg->host = settings->hosts->preferred;
	pg->statement_timeout_ms = settings->statement_timeout_ms;
	pg->listens = settings->listens;
	pg->since = shc_monotonic_us();
	if (PQstatus(pg->pg) != CONNECTION_BAD &&
		shc_loop_watch(loop, &pg->watch, PQsocket(pg->pg), EPOLLOUT))
		return pg;
	log_connection_error(pg, "cannot connect");
	shc_pg_hosts_avoid(pg->hosts, pg->host);
	wk_pg_close(pg);
	return NULL;
}

void
wk_pg_close(WkPg *pg)
{
	if (pg->state == WK_PG_CLOSED)
		return;
	pg->state = WK_PG_CLOSED;
	shc_loop_unwatch(pg->loop, &pg->watch);
	PQclear(pg->held);
	PQfinish(pg->pg);
	pg->held = NULL;
	pg->pg = NULL;
	shc_loop_discard(pg->loop, &pg->garbage);
}

void
wk_pg_give_up(WkPg *pg, const char *why)
{
	if (pg->state == WK_PG_CLOSED)
		return;
	log_connection_error(pg, why);
	if (pg->state <= WK_PG_SETTING_UP)
		shc_pg_hosts_avoid(pg->hosts, pg->host);
	wk_pg_close(pg);
	pg->events->closed(pg);
}

int64_t
wk_pg_connect_end(const WkPg *pg, int64_t limit)
{
	return pg->since + shc_pg_hosts_timeout(pg->hosts, limit);
}

static void
lose(WkPg *pg)
{
	wk_pg_give_up(pg, pg->state <= WK_PG_SETTING_UP ? "cannot connect" : "connection lost");
}

/* False: lost. */
static bool
flush(WkPg *pg)
{
	int more = PQflush(pg->pg);

	if (more >= 0 &&
		shc_loop_watch(pg->loop, &pg->watch, PQsocket(pg->pg), EPOLLIN | (more > 0 ? EPOLLOUT : 0)))
		return true;
	lose(pg);
	return false;
}

bool
wk_pg_send(WkPg *pg, const char *sql, int n, const WkPgValue *value)
{
	Oid type[MAX_PARAMETERS];
	const char *data[MAX_PARAMETERS];
	int len[MAX_PARAMETERS];
	int format[MAX_PARAMETERS];

	if (pg->state != WK_PG_IDLE || n > MAX_PARAMETERS)
		return false;
	for (int i = 0; i < n; i++)
	{
		type[i] = value[i].is_bytes ? BYTEA_OID : 0;
		data[i] = value[i].data;
		len[i] = (int) value[i].len;
		format[i] = value[i].is_bytes;
	}
	pg->state = WK_PG_BUSY;
	pg->since = shc_monotonic_us();
	if (PQsendQueryParams(pg->pg, sql, n, type, data, len, format, 0) != 1)
	{
		lose(pg);
		return false;
	}
	if (pg->events->row != NULL)
		PQsetSingleRowMode(pg->pg);
	return flush(pg);
}

/* ---- connecting ---- */

static void
start_setup(WkPg *pg)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
			 "SET default_transaction_isolation = 'read committed'; SET synchronous_commit = on;"
			 "SET timezone = 'UTC'; SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres';"
			 "SET standard_conforming_strings = on; SET extra_float_digits = 1;"
			 "SET bytea_output = 'hex'; SET search_path = pg_catalog, pg_temp;"
			 "SET lock_timeout = '%" PRId64 "ms'; SET statement_timeout = '%" PRId64 "ms';"
			 "SET idle_in_transaction_session_timeout = '60s';"
			 /* From 14 on: a backend notices within a second that its connection was closed. */
			 "SELECT set_config(name, '1s', false) FROM pg_catalog.pg_settings"
			 " WHERE name = 'client_connection_check_interval'; %s",
			 pg->statement_timeout_ms, pg->statement_timeout_ms,
			 pg->listens ? "LISTEN selfhost_run; LISTEN selfhost_schedule" : "");
	pg->state = WK_PG_SETTING_UP;
	if (PQsetnonblocking(pg->pg, 1) != 0 || !PQsendQuery(pg->pg, sql))
		lose(pg);
	else
		flush(pg);
}

static void
continue_connecting(WkPg *pg)
{
	PostgresPollingStatusType status = PQconnectPoll(pg->pg);

	/* The socket may be another one than before, even with the same number. */
	shc_loop_unwatch(pg->loop, &pg->watch);
	if (status == PGRES_POLLING_OK)
		start_setup(pg);
	else if (status == PGRES_POLLING_FAILED ||
			 !shc_loop_watch(pg->loop, &pg->watch, PQsocket(pg->pg),
							 status == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT))
		lose(pg);
}

static void
continue_setup(WkPg *pg)
{
	while (!PQisBusy(pg->pg))
	{
		PGresult *result = PQgetResult(pg->pg);
		ExecStatusType status = PQresultStatus(result);

		if (result == NULL)
		{
			pg->state = WK_PG_IDLE;
			pg->since = shc_monotonic_us();
			pg->hosts->preferred = pg->host;
			pg->events->ready(pg);
			return;
		}
		PQclear(result);
		if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		{
			wk_pg_give_up(pg, "cannot set up a connection");
			return;
		}
	}
}

/* ---- results ---- */

/*
 * A result counts when the server is ready for the next statement, that is, after the commit. Until
 * then it is held.
 */
static void
take_results(WkPg *pg)
{
	while (pg->state == WK_PG_BUSY && !PQisBusy(pg->pg))
	{
		PGresult *next = PQgetResult(pg->pg);
		WkPgResult result = {.result = pg->held};

		if (next != NULL && PQresultStatus(next) == PGRES_SINGLE_TUPLE)
		{
			result.result = next;
			pg->events->row(pg, &result);
			PQclear(next);
			continue;
		}
		if (next != NULL)
		{
			PQclear(pg->held);
			pg->held = next;
			continue;
		}
		pg->held = NULL;
		pg->state = WK_PG_IDLE;
		pg->since = shc_monotonic_us();
		pg->events->result(pg, &result);
		PQclear(result.result);
	}
}

static void
take_notifications(WkPg *pg)
{
	PGnotify *notification;

	while ((notification = PQnotifies(pg->pg)) != NULL)
	{
		if (pg->events->notified != NULL)
			pg->events->notified(pg, notification->relname);
		PQfreemem(notification);
	}
}

static void
connection_ready(ShcWatch *watch, uint32_t events)
{
	WkPg *pg = (WkPg *) ((char *) watch - offsetof(WkPg, watch));

	if (pg->state == WK_PG_CONNECTING)
	{
		continue_connecting(pg);
		return;
	}
	if ((events & EPOLLOUT) != 0 && !flush(pg))
		return;
	if ((events & ~(uint32_t) EPOLLOUT) == 0)
		return;
	if (!PQconsumeInput(pg->pg))
	{
		lose(pg);
		return;
	}
	if (pg->state == WK_PG_SETTING_UP)
		continue_setup(pg);
	if (pg->state == WK_PG_BUSY)
		take_results(pg);
	if (pg->state == WK_PG_IDLE || pg->state == WK_PG_BUSY)
		take_notifications(pg);
}

/* ---- looking at results ---- */

bool
wk_pg_good(const WkPgResult *result)
{
	ExecStatusType status = PQresultStatus(result->result);

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

static const char *
error_field(const WkPgResult *result, int field)
{
	const char *text = PQresultErrorField(result->result, field);

	return text != NULL ? text : "";
}

const char *
wk_pg_sqlstate(const WkPgResult *result)
{
	return error_field(result, PG_DIAG_SQLSTATE);
}

const char *
wk_pg_message(const WkPgResult *result)
{
	return error_field(result, PG_DIAG_MESSAGE_PRIMARY);
}

bool
wk_pg_is_marked(const WkPgResult *result)
{
	return strcmp(error_field(result, PG_DIAG_SCHEMA_NAME), "selfhost") == 0;
}

int
wk_pg_rows(const WkPgResult *result)
{
	return PQntuples(result->result);
}

const char *
wk_pg_text(const WkPgResult *result, int row, int column, size_t *len)
{
	if (len != NULL)
		*len = 0;
	if (PQgetisnull(result->result, row, column))
		return NULL;
	if (len != NULL)
		*len = (size_t) PQgetlength(result->result, row, column);
	return PQgetvalue(result->result, row, column);
}

char *
wk_pg_bytes(const WkPgResult *result, int row, int column, size_t *len)
{
	unsigned char *data;
	char *copy;

	*len = 0;
	if (PQgetisnull(result->result, row, column))
		return NULL;
	data = PQunescapeBytea((unsigned char *) PQgetvalue(result->result, row, column), len);
	copy = data != NULL ? malloc(*len + 1) : NULL;
	if (copy != NULL)
	{
		memcpy(copy, data, *len);
		copy[*len] = '\0';
	}
	PQfreemem(data);
	return copy;
}
