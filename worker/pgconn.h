/*
 * pgconn.h: one non-blocking connection to a domain's database, one statement at a time. The only
 * place of the worker that knows libpq. Loop thread only.
 *
 *   CONNECTING -> SETTING_UP -> IDLE <-> BUSY -> CLOSED
 *
 * The owner gets ready() once; result() once for each statement; closed() at most once, when the
 * connection was lost or never came about. After closed(), and after wk_pg_close(), the connection
 * must not be used: its memory goes at the end of the loop's turn.
 */
#ifndef SH_WORKER_PGCONN_H
#define SH_WORKER_PGCONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop.h"
#include "pgx_hosts.h"

typedef struct WkPg WkPg;

/* A parameter: text, or bytes of a bytea. NULL: SQL's NULL. */
typedef struct WkPgValue
{
	const char *data;
	size_t len;
	bool is_bytes;
} WkPgValue;

/* What a statement has brought; valid during the call of result(). */
typedef struct WkPgResult WkPgResult;

extern bool wk_pg_good(const WkPgResult *result);
extern const char *
wk_pg_sqlstate(const WkPgResult *result);					/* of an error; "" when there is none */
extern const char *wk_pg_message(const WkPgResult *result); /* its first line */
extern bool wk_pg_is_marked(const WkPgResult *result); /* the extension wrote it for its callers */
extern int wk_pg_rows(const WkPgResult *result);
extern const char *wk_pg_text(const WkPgResult *result, int row, int column, size_t *len);
/* A bytea, malloc'd, a zero byte behind it; NULL: SQL's NULL, or no memory. */
extern char *wk_pg_bytes(const WkPgResult *result, int row, int column, size_t *len);

typedef struct WkPgEvents
{
	void (*ready)(WkPg *pg);
	void (*result)(WkPg *pg, const WkPgResult *result);
	/* NULL: result() has all rows. Else each row comes as it arrives, and result() has none. */
	void (*row)(WkPg *pg, const WkPgResult *result);
	void (*notified)(WkPg *pg, const char *channel); /* may be NULL */
	void (*closed)(WkPg *pg);
} WkPgEvents;

typedef enum WkPgState
{
	WK_PG_CONNECTING,
	WK_PG_SETTING_UP,
	WK_PG_IDLE,
	WK_PG_BUSY,
	WK_PG_CLOSED
} WkPgState;

typedef struct WkPgSettings
{
	const char *conninfo; /* a secret: never in a log */
	ShcPgHosts *hosts;	  /* of conninfo; shared by the connections */
	const char *user;	  /* "": as conninfo says */
	const char *domain;	  /* for the log */
	int64_t statement_timeout_ms;
	bool listens; /* to what there is to claim */
} WkPgSettings;

/* What the owner may look at. */
struct WkPg
{
	ShcGarbage garbage; /* first */
	ShcWatch watch;
	ShcLoop *loop;
	void *pg;	/* PGconn */
	void *held; /* PGresult, until the statement has ended */
	WkPgState state;
	const WkPgEvents *events;
	void *owner;
	const char *domain;
	ShcPgHosts *hosts;
	int host; /* of those */
	int64_t statement_timeout_ms;
	bool listens;
	int64_t since; /* of the state: start of connecting, of the statement, of being idle */
	WkPg *next;	   /* the owner's list */
	void *user;	   /* the owner's: what the statement is for */
};

/*
 * Texts of the settings are copied where they are used later, but for the domain; the hosts are borrowed.
 * NULL: logged.
 */
extern WkPg *
wk_pg_open(ShcLoop *loop, const WkPgSettings *settings, const WkPgEvents *events, void *owner);

/* While idle. False: the connection is lost; closed() comes, or has come. */
extern bool wk_pg_send(WkPg *pg, const char *sql, int n, const WkPgValue *value);

/* When to give up connecting, if there is so much time for all hosts: the next attempt is for another one. */
extern int64_t wk_pg_connect_end(const WkPg *pg, int64_t limit);

/* Ends a connection without a call of closed(). */
extern void wk_pg_close(WkPg *pg);

/* Gives up a connection that does not come about, or is not needed: as wk_pg_close(), with closed(). */
extern void wk_pg_give_up(WkPg *pg, const char *why);

#endif
