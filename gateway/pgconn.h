/*
 * pgconn.h: one non-blocking connection to PostgreSQL. With common/pgx.c the only place that knows
 * libpq. Loop thread only.
 *
 *   CONNECTING -> SETTING_UP -> READY -> CLOSED
 *
 * The owner gets ready() once, then readable() whenever results may have come, and closed() at most
 * once, when the connection was lost or never came about. After closed(), and after gw_pg_close(),
 * the connection must not be used: its memory goes at the end of the loop's turn.
 */
#ifndef SH_GATEWAY_PGCONN_H
#define SH_GATEWAY_PGCONN_H

#include <libpq-fe.h>

#include "job.h"
#include "loop.h"
#include "pgx_hosts.h"

typedef enum GwPgState
{
	GW_PG_CONNECTING,
	GW_PG_SETTING_UP,
	GW_PG_READY,
	GW_PG_CLOSED
} GwPgState;

/* How a function of the extension answers; from the catalog of the domain's database. */
typedef enum GwReturns
{
	GW_RETURNS_UNKNOWN, /* there is no such function */
	GW_RETURNS_VOID,
	GW_RETURNS_BYTES, /* json, text, bytea */
	GW_RETURNS_JSONB,
	GW_RETURNS_RESPONSE,	/* http_response */
	GW_RETURNS_RESPONSE_SET /* SETOF http_response: streamed */
} GwReturns;

typedef struct GwPgConn GwPgConn;

typedef struct GwPgEvents
{
	void (*ready)(GwPgConn *conn);
	void (*readable)(GwPgConn *conn);
	void (*closed)(GwPgConn *conn, const GwProblem *why);
} GwPgEvents;

typedef struct GwPgSettings
{
	const char *conninfo; /* a secret: never in a log */
	ShcPgHosts *hosts;	  /* of conninfo; shared by the connections */
	const char *domain;	  /* for the log */
	const GwRoutes *routes;
	bool is_pipeline;	/* also read-only */
	bool is_pooled;		/* behind a pooler: nothing lasts from one transaction to the next */
	bool wants_standby; /* of several hosts, one that is a standby */
	bool is_pinned;		/* to the preferred host */
	int64_t statement_timeout;
	GwReturns *returns; /* one for each operation, and one; filled while the connection is set up */
} GwPgSettings;

struct GwPgConn
{
	ShcGarbage garbage; /* first */
	ShcWatch watch;
	ShcLoop *loop;
	PGconn *pg;
	GwPgState state;
	const GwPgEvents *events;
	void *owner;
	const GwPgSettings *settings; /* lives as long as the connection's owner */
	int64_t since;				  /* start of connecting, then last use */
	int host;					  /* of the settings' hosts */
	int nleft;					  /* hosts to try, this one among them */
	int64_t host_since;			  /* start of connecting to this one */
	bool is_standby;			  /* the server was one, while the connection was set up */
	bool was_ready;				  /* ready() was called */
	bool is_paused;				  /* nothing is read, so that the server waits */
	bool *is_prepared;			  /* one for each operation, and one */
	int nfunctions;				  /* of the extension, seen while setting up */
	bool has_wrong_settings;	  /* seen then, too: the role's, behind a pooler */
	GwPgConn *next;				  /* the owner's list */
	/* the heavy lane's: the job in hand and what is known of its outcome */
	GwJob *job;
	bool is_preparing;
	bool has_problem;
	GwErrorAction action;
	GwProblem problem;
	int64_t stream_began;
	int64_t window_began; /* of measuring how fast the client reads */
	size_t window_bytes;
};

/* NULL (logged): out of memory. Failures to connect come through closed(). */
extern GwPgConn *
gw_pg_open(ShcLoop *loop, const GwPgSettings *settings, const GwPgEvents *events, void *owner);

/*
 * While a connection is not ready: goes to the next host, or gives up, when time is over. The limit is
 * for all hosts together.
 */
extern void gw_pg_check_time(GwPgConn *conn, int64_t limit);

/* Ends a connection without a call of closed(). */
extern void gw_pg_close(GwPgConn *conn);

/* Sends what libpq holds back and watches for what comes. False: broken; closed() was called. */
extern bool gw_pg_flush(GwPgConn *conn);

/* Stops and resumes reading from the server. */
extern void gw_pg_pause(GwPgConn *conn, bool pause);

/* Closes a connection that failed while in use, with the reason libpq gives, and calls closed(). */
extern void gw_pg_broken(GwPgConn *conn);

/* Queue the preparation of an operation's statement, and the run of one. False: libpq refused. */
extern bool gw_pg_send_prepare(GwPgConn *conn, const GwOperation *operation);
extern bool gw_pg_send_job(GwPgConn *conn, const GwJob *job);

/*
 * Reads one row of a result into the job: the head, where the job has none, and a piece of the body.
 * Takes the result over. False: not a row as it should be; a problem is set and the job unchanged.
 */
extern bool gw_pg_take_row(GwJob *job, GwReturns returns, PGresult *result, GwProblem *problem);

/* Maps an error result; logs it where an operator should see it. */
extern GwErrorAction gw_pg_error(const GwPgConn *conn, const GwOperation *operation,
								 const PGresult *result, GwProblem *problem);

#endif
