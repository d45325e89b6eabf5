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
	const char *domain;	  /* for the log */
	const GwRoutes *routes;
	bool is_pipeline; /* also read-only */
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
	bool was_ready;				  /* ready() was called */
	bool is_paused;				  /* nothing is read, so that the server waits */
	bool *is_prepared;			  /* one for each operation, and one */
	int nfunctions;				  /* of the extension, seen while setting up */
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
