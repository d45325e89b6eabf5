/*
 * taken.h: a run that was claimed from a domain, from the claim until its outcome is in the database
 * and its child is gone.
 */
#ifndef SH_WORKER_TAKEN_H
#define SH_WORKER_TAKEN_H

#include "run.h"
#include "selfapi.h"

typedef struct WkDomain WkDomain;

/* What waits for a connection, or is on its way. */
typedef enum WkStep
{
	WK_STEP_NONE,
	WK_STEP_WAITING,
	WK_STEP_SENT,
	WK_STEP_DONE /* reports only */
} WkStep;

typedef struct WkTaken
{
	struct WkTaken *next;
	WkDomain *domain;
	WkRun *run; /* NULL: its child is gone */
	char run_id[24];
	char *program; /* its name */
	char *kind;
	int64_t began; /* monotonic microseconds */
	int64_t lease_until;

	/* what it asks of the domain */
	WkStep module;
	char *module_name;
	int64_t module_revision;
	WkStep call_step;
	WkCall call;
	WkPg *call_pg; /* while the call is sent */
	int call_status;
	ShcBuf call_body;

	/* how it went */
	WkStep report;
	int tries;
	bool is_reduced; /* the database has refused it once, and something was left out */
	const char *state;
	int status;
	bool has_body;
	ShcBuf error;
	ShcBuf log;
	ShcBuf headers;
	ShcBuf body;
} WkTaken;

/* NULL: no memory. */
extern WkTaken *wk_taken_new(WkDomain *domain, const char *run_id, const char *program,
							 const char *kind, int64_t deadline_ms);
extern void wk_taken_free(WkTaken *taken);

/* Copies the outcome and the log of the run, and lets the report wait to be sent. */
extern void wk_taken_report(WkTaken *taken, const WkRun *run);

/* As if it had failed, without a run. */
extern void wk_taken_report_failure(WkTaken *taken, const char *why);

/* One line for each run, in the worker's own log. */
extern void wk_taken_log(const WkTaken *taken, const char *domain);

#endif
