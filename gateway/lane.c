/*
 * lane.c: what the two lanes of a pool share.
 */
#include "lane.h"

void
gw_lane_unavailable(GwProblem *problem)
{
	gw_problem_set(problem, 503, "the service is unavailable, try again later");
	problem->retry_after = 1;
}

void
gw_lane_timed_out(GwProblem *problem)
{
	gw_problem_set(problem, 504, "the request took too long");
}

void
gw_lane_unauthorized(GwProblem *problem)
{
	gw_problem_set(problem, 401, "no valid credentials");
}

void
gw_lane_fail_all(GwJobQueue *queue, const GwProblem *problem)
{
	while (queue->first != NULL)
	{
		GwJob *job = queue->first;

		gw_queue_remove(queue, job);
		gw_job_fail(job, problem);
	}
}

void
gw_lane_expire(GwJobQueue *queue, int64_t now, int64_t limit)
{
	GwProblem problem;
	GwJob *next;

	gw_lane_unavailable(&problem);
	for (GwJob *job = queue->first; job != NULL; job = next)
	{
		next = job->next;
		if (now - job->queued < limit && now < job->deadline)
			continue;
		gw_queue_remove(queue, job);
		gw_job_fail(job, &problem);
	}
}
