/*
 * run.h: one run, seen from the worker: its child, what they say to each other, its deadline, its
 * outcome. Loop thread only.
 *
 *   STARTING -> RUNNING -> (told its outcome) ENDING -> ENDED
 *       │          └─── deadline, protocol error, stop: killed ──┘
 *       └── no child: ENDED
 *
 * The owner is told the outcome as soon as it is known, and the end when the child is reaped; then
 * the memory goes at the end of the loop's turn. Each outcome is told exactly once, before the end.
 */
#ifndef SH_WORKER_RUN_H
#define SH_WORKER_RUN_H

#include "buf.h"
#include "connector.h"
#include "job.h"
#include "language.h"
#include "log_tail.h"
#include "loop.h"
#include "spawner.h"

typedef enum WkRunState
{
	WK_RUN_STARTING,
	WK_RUN_RUNNING,
	WK_RUN_ENDING,
	WK_RUN_ENDED
} WkRunState;

/* Texts are valid UTF-8 without zero bytes, whatever the child said. */
typedef struct WkOutcome
{
	const char *state; /* "succeeded", "failed", "timeout" */
	ShcBuf error;	   /* empty: none */
	int status;		   /* of a webhook's answer */
	ShcBuf headers;	   /* of it: a JSON object of texts; empty: none */
	ShcBuf body;
	bool has_body;
} WkOutcome;

typedef struct WkRun WkRun;

/* Questions are answered by wk_run_reply…(), now or later; there is one at a time. */
typedef struct WkRunEvents
{
	void (*log)(WkRun *run, const char *level, const char *text, size_t len); /* may be NULL */
	void (*module)(WkRun *run, const char *name, int64_t revision);			  /* -1: newest */
	/* arguments: JSON; body NULL: none */
	void (*selfapi)(WkRun *run, const char *operation, const char *arguments, const char *body,
					size_t body_len);
	void (*outcome)(WkRun *run);
	void (*ended)(WkRun *run);
} WkRunEvents;

struct WkRun
{
	ShcGarbage garbage; /* first */
	ShcWatch watch;
	ShcLoop *loop;
	const WkRunEvents *events;
	void *owner;
	WkRun *next; /* the owner's list */
	WkRunState state;
	int64_t serial;
	int64_t deadline_ms;
	int64_t deadline_at; /* monotonic microseconds */
	int pidfd;			 /* -1: not known yet, or gone */
	bool is_killed;
	bool is_asking; /* a question waits for its answer */
	bool has_outcome;
	WkOutcome outcome;
	WkLogTail log;
	ShcBuf in;
	ShcBuf out;
	size_t out_sent;
	int out_fd; /* goes with the byte at out_fd_at; -1: none */
	size_t out_fd_at;
	int64_t window_began; /* of measuring how much the child says */
	size_t window_bytes;
	WkConnector *connector;
	WkConnection *connection; /* being made for it; NULL: none */
};

/*
 * Starts a run; everything of the job is copied. NULL (logged): no child can be had now, and no event
 * is told.
 */
extern WkRun *wk_run_start(ShcLoop *loop, WkSpawner *spawner, WkConnector *connector,
						   const WkJob *job, const WkRunEvents *events, void *owner);

/* What the spawner tells. */
extern void wk_run_started(WkRun *run, int pidfd);
extern void wk_run_no_child(WkRun *run, const char *why);
extern void wk_run_child_ended(WkRun *run, const WkZygoteMessage *message);

/* Ends a run before its time; does nothing when its outcome is known. */
extern void wk_run_cancel(WkRun *run, const char *why);

/* The answers to questions. */
extern void wk_run_reply_error(WkRun *run, const char *text);
extern void wk_run_reply_none(WkRun *run);
extern void wk_run_reply_module(WkRun *run, const char *identity, int64_t revision,
								const char *code, size_t len);
extern void wk_run_reply_selfapi(WkRun *run, int status, const char *body, size_t len);

/* Looks after the deadline. Returns when to be called next. */
extern int64_t wk_run_tick(WkRun *run);

#endif
