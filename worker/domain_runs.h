/*
 * domain_runs.h: the runs of a domain: from the row of a claim to the report. For domain.c.
 */
#ifndef SH_WORKER_DOMAIN_RUNS_H
#define SH_WORKER_DOMAIN_RUNS_H

#include "domain.h"

/* Starts what a row of worker_claim() says; when that cannot be, it is reported as failed. */
extern void wk_domain_take(WkDomain *domain, const WkPgResult *result, int row);

/* The answer of worker_module(). */
extern void wk_domain_take_module(WkDomain *domain, WkTaken *taken, const WkPgResult *result);

/* Forgets a run whose outcome is reported and whose child is gone. */
extern void wk_domain_drop_if_over(WkDomain *domain, WkTaken *taken);

/* Deadlines and leases; returns when to be called next. */
extern int64_t wk_domain_tick_runs(WkDomain *domain, int64_t now);

/* The manager's work, if it is ours; returns when to be called next. */
extern int64_t wk_domain_tick_manager(WkDomain *domain, int64_t now);

#endif
