/*
 * job.h: one call of an operation on its way through PostgreSQL, and what comes back.
 *
 * Made by a request, run by a pool, read by the HTTP side. Belongs to the request: the pool holds a
 * pointer from gw_pool_submit() until the job is complete or gw_pool_cancel(). Loop thread only.
 */
#ifndef SH_GATEWAY_JOB_H
#define SH_GATEWAY_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "reply.h"
#include "route.h"

#define GW_DIGEST_SIZE 32
#define GW_UUID_SIZE   16

/* A piece of the body; the bytes belong to `owner`, which release() frees with the piece. */
typedef struct GwPiece
{
	struct GwPiece *next;
	const char *data;
	size_t len;
	size_t used;
	void *owner;
	void (*release)(void *owner);
} GwPiece;

typedef enum GwJobState
{
	GW_JOB_NEW,
	GW_JOB_WAITING, /* in a queue of its lane */
	GW_JOB_RUNNING, /* on a connection */
	GW_JOB_PARKED,	/* has a ticket for its answer: its body is not needed any more */
	GW_JOB_ENDED
} GwJobState;

typedef struct GwJob GwJob;

struct GwJob
{
	/* ---- the question; everything lives as long as the job ---- */
	const GwOperation *operation;
	unsigned char digest[GW_DIGEST_SIZE];
	const char *const *value; /* operation->nparameters texts or NULLs */
	const char *body;
	size_t body_len;
	ShcArena *arena;
	int64_t deadline; /* to the head of the answer; monotonic microseconds */
	/* Called whenever something below, or the state to PARKED, has changed; may not free the job. */
	void (*changed)(GwJob *job);
	void *context;

	/* ---- the answer ---- */
	bool has_head;	  /* status ... are valid: an answer or a problem */
	bool is_problem;  /* `problem` is the answer */
	bool is_complete; /* no more pieces will come */
	bool is_broken;	  /* failed after the head was there: cut the connection */
	bool is_streamed; /* pieces may still come after the head */
	bool is_told;	  /* changed() was called since the head is there */
	int status;
	const char *content_type; /* NULL: none */
	int nheaders;
	const char *const *header; /* "Name: value" */
	bool has_user;
	uint8_t user_uuid[GW_UUID_SIZE];
	uint8_t token_uuid[GW_UUID_SIZE];
	double rate; /* the user's own, requests an hour; negative: none */
	GwProblem problem;
	GwPiece *first;
	GwPiece *last;
	size_t buffered;   /* bytes of the pieces that are not used yet */
	size_t total_read; /* bytes taken by gw_job_read() */

	/* ---- the pool's ---- */
	GwJobState state;
	void *lane; /* of WAITING and RUNNING jobs */
	void *connection;
	int64_t queued;	  /* since when it waits */
	int attempts;	  /* times that it was sent */
	bool goes_alone;  /* fast lane: its own Sync */
	bool was_aborted; /* fast lane: another's error threw it out of a batch */
	GwJob *next;
	GwJob *previous;

	/* ---- where reads may go to a standby; see replica.h ---- */
	/* Before an answer that is no good one: true, the job goes on elsewhere. NULL: it is the answer. */
	bool (*refused)(GwJob *job);
	void *replica;
	_Atomic(int64_t) *wrote; /* set to the time of its end; NULL: it only reads, or nobody cares */

	/* ---- of jobs whose answer may be deferred; see deferred.h ---- */
	/* At the end of a good statement: true, the job goes on. NULL for other jobs. */
	bool (*statement_ended)(GwJob *job);
	void *deferred;
	const GwOperation *deferred_operation;
	int64_t ticket;
	char ticket_text[24];
	const char *ticket_value[1]; /* arguments of the deferred operation */
	int64_t parked_until;
	uint32_t listening; /* what was heard when the statement was sent */
	uint64_t nheard;
};

/* A queue of jobs, linked through the jobs. */
typedef struct GwJobQueue
{
	GwJob *first;
	GwJob *last;
	int n;
} GwJobQueue;

static inline void
gw_queue_append(GwJobQueue *queue, GwJob *job)
{
	job->next = NULL;
	job->previous = queue->last;
	if (queue->last != NULL)
		queue->last->next = job;
	else
		queue->first = job;
	queue->last = job;
	queue->n++;
}

static inline void
gw_queue_prepend(GwJobQueue *queue, GwJob *job)
{
	job->previous = NULL;
	job->next = queue->first;
	if (queue->first != NULL)
		queue->first->previous = job;
	else
		queue->last = job;
	queue->first = job;
	queue->n++;
}

static inline void
gw_queue_remove(GwJobQueue *queue, GwJob *job)
{
	if (job->previous != NULL)
		job->previous->next = job->next;
	else
		queue->first = job->next;
	if (job->next != NULL)
		job->next->previous = job->previous;
	else
		queue->last = job->previous;
	job->next = job->previous = NULL;
	queue->n--;
}

/* Appends a piece, taking over `owner`. False: out of memory, and the owner is released. */
extern bool gw_job_add_piece(GwJob *job, const char *data, size_t len, void *owner,
							 void (*release)(void *owner));

/* Copies up to size bytes of the body to out and drops the pieces that are used up. */
extern size_t gw_job_read(GwJob *job, char *out, size_t size);
extern void gw_job_drop_pieces(GwJob *job);

/* Forgets what has come of an answer that nobody was told of, for another try. */
extern void gw_job_restart(GwJob *job);

/* Tells of a head, or of more pieces. */
extern void gw_job_progress(GwJob *job);

/*
 * Ends the job with a problem, or, when somebody was told of its head already, breaks the answer
 * off. Calls changed().
 */
extern void gw_job_fail(GwJob *job, const GwProblem *problem);

/* Marks the answer as whole and calls changed(), unless the answer is that a later one will come. */
extern void gw_job_finish(GwJob *job);

#endif
