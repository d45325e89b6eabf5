/*
 * job.c: the pieces of a job's answer, and its ends.
 */
#include "job.h"

#include <stdlib.h>
#include <string.h>

#include "loop.h"

bool
gw_job_add_piece(GwJob *job, const char *data, size_t len, void *owner,
				 void (*release)(void *owner))
{
	GwPiece *piece = len > 0 ? malloc(sizeof(GwPiece)) : NULL;

	if (piece == NULL)
	{
		release(owner);
		return len == 0;
	}
	*piece = (GwPiece){.data = data, .len = len, .owner = owner, .release = release};
	if (job->last != NULL)
		job->last->next = piece;
	else
		job->first = piece;
	job->last = piece;
	job->buffered += len;
	return true;
}

static void
drop_first_piece(GwJob *job)
{
	GwPiece *piece = job->first;

	job->first = piece->next;
	if (job->first == NULL)
		job->last = NULL;
	job->buffered -= piece->len - piece->used;
	piece->release(piece->owner);
	free(piece);
}

size_t
gw_job_read(GwJob *job, char *out, size_t size)
{
	size_t done = 0;

	while (done < size && job->first != NULL)
	{
		GwPiece *piece = job->first;
		size_t n = piece->len - piece->used;

		if (n > size - done)
			n = size - done;
		memcpy(out + done, piece->data + piece->used, n);
		piece->used += n;
		job->buffered -= n;
		done += n;
		if (piece->used == piece->len)
			drop_first_piece(job);
	}
	job->total_read += done;
	return done;
}

void
gw_job_drop_pieces(GwJob *job)
{
	while (job->first != NULL)
		drop_first_piece(job);
}

void
gw_job_restart(GwJob *job)
{
	job->has_head = false;
	job->is_streamed = false;
	job->has_user = false;
	job->content_type = NULL;
	job->nheaders = 0;
	gw_job_drop_pieces(job);
}

void
gw_job_progress(GwJob *job)
{
	job->is_told = true;
	job->changed(job);
}

/* It has written, or may have: what the same token reads next must show it. */
static void
note_write(const GwJob *job)
{
	int64_t now = shc_monotonic_us();
	int64_t before = atomic_load(job->wrote);

	while (before < now && !atomic_compare_exchange_weak(job->wrote, &before, now))
		;
}

void
gw_job_fail(GwJob *job, const GwProblem *problem)
{
	if (job->refused != NULL && !job->is_told && job->refused(job))
		return;
	if (job->wrote != NULL)
		note_write(job);
	job->state = GW_JOB_ENDED;
	job->is_complete = true;
	if (job->is_told)
		job->is_broken = true;
	else
	{
		gw_job_restart(job);
		job->has_head = true;
		job->is_problem = true;
		job->problem = *problem;
		job->status = problem->status;
	}
	gw_job_progress(job);
}

void
gw_job_finish(GwJob *job)
{
	if (job->refused != NULL && job->status >= 400 && !job->is_told && job->refused(job))
		return;
	if (job->wrote != NULL)
		note_write(job);
	if (job->statement_ended != NULL && job->statement_ended(job))
		return;
	job->state = GW_JOB_ENDED;
	job->is_complete = true;
	gw_job_progress(job);
}
