/*
 * domain.h: one domain of the worker: its connection, the runs taken from it. Loop thread only.
 *
 *   the connection: DOWN -> connecting -> registering -> registered -> DOWN (back-off) -> ...
 *
 * The one connection that listens also claims, reports and looks for modules, one short statement at a
 * time, in this order of precedence: register, report, module, claim. What programs ask of the domain
 * goes over others (calls.h), and so does the manager's work.
 */
#ifndef SH_WORKER_DOMAIN_H
#define SH_WORKER_DOMAIN_H

#include "calls.h"
#include "shared.h"
#include "taken.h"

typedef enum WkDoing
{
	WK_DOING_NOTHING,
	WK_DOING_REGISTER,
	WK_DOING_REPORT,
	WK_DOING_MODULE,
	WK_DOING_CLAIM,
	WK_DOING_UNREGISTER
} WkDoing;

struct WkDomain
{
	WkDomain *next;
	WkShared *shared;
	char *name;
	char *uri; /* a secret */
	ShcPgHosts hosts;
	WkPg *pg; /* NULL: down */
	WkDoing doing;
	WkTaken *doing_for; /* the run that it reports, or looks for a module for */
	bool is_registered;
	bool is_leaving;  /* no longer in the file, or the worker stops: claims nothing more */
	bool has_left;	  /* nothing is left to be done */
	bool wants_claim; /* there may be something to claim */
	int claim_slots;  /* asked for, and counted as busy, until the claim is answered */
	int64_t claim_at; /* when to look even without a notification */
	int64_t retry_at; /* while down */
	int64_t delay;
	WkTaken *taken;
	int nchildren;
	WkCalls calls;
	WkPg *manager; /* NULL: not connected */
	int64_t tick_at;
	bool wants_tick; /* schedules have changed since the last tick was sent */
};

/* Copies name and uri. NULL: no memory. */
extern WkDomain *wk_domain_new(WkShared *shared, const char *name, const char *uri);

/* Whether it could take runs now, if there were some. */
extern bool wk_domain_can_claim(const WkDomain *domain);

/* Claims up to that many runs, or as many as the domain may have. */
extern void wk_domain_claim(WkDomain *domain, int slots);

/* It is asked for no more runs, and leaves when those it has are reported. */
extern void wk_domain_leave(WkDomain *domain);

/* Ends what runs. */
extern void wk_domain_cancel(WkDomain *domain, const char *why);

/* The run with that serial number, if it is of this domain. */
extern WkRun *wk_domain_find_run(const WkDomain *domain, int64_t serial);

/* All children are gone at once. */
extern void wk_domain_lose_children(WkDomain *domain);

/* Looks after time limits, connects, sends what waits. Returns when to be called next. */
extern int64_t wk_domain_tick(WkDomain *domain);

/* Closes all at once; runs must have ended, or their children be killed. */
extern void wk_domain_free(WkDomain *domain);

#endif
