/*
 * calls.h: what programs ask of their domain's database: some connections of their own for it, so that
 * a long answer keeps neither claims nor reports waiting. Loop thread only.
 */
#ifndef SH_WORKER_CALLS_H
#define SH_WORKER_CALLS_H

#include "pgconn.h"
#include "taken.h"

typedef struct WkCalls
{
	WkPgSettings settings; /* conninfo and domain are borrowed */
	ShcLoop *loop;
	int max;
	int n;
	int64_t connect_timeout;
	int64_t idle_timeout;
	WkPg *open;
	WkTaken **taken; /* the domain's list: whose call waits is found there */
} WkCalls;

/* Sends what waits, as far as there are connections. */
extern void wk_calls_pump(WkCalls *calls);

/* The run is over: nobody waits for the answer any more. */
extern void wk_calls_drop(WkCalls *calls, WkTaken *taken);

/* Looks after time limits. Returns when to be called next. */
extern int64_t wk_calls_tick(WkCalls *calls);

extern void wk_calls_close(WkCalls *calls);

#endif
