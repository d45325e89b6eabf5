/*
 * crew.h: threads with one connection each that begin at the same moment.
 */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include "cpu.h"

typedef struct Member
{
	Conn conn;
	int number; /* from 0 */
	void *work; /* what the load keeps for this thread */
	double *latency;
	size_t requests; /* counted by the load, with their latencies in microseconds */
	size_t capacity;
} Member;

typedef struct CrewResult
{
	double seconds; /* from the common start to the end of the last one */
	CpuTimes cpu;
	size_t requests;
	double p50_us;
	double p99_us;
} CrewResult;

/* Opens n connections to the target; members is an array of n. */
extern void crew_open(Member *members, int n, const Target *target);
extern void crew_close(Member *members, int n);

/* Runs load for each member in a thread of its own, and counts. */
extern CrewResult crew_run(Member *members, int n, void (*load)(Member *member));

/* A request of this member has taken so long. */
extern void crew_count(Member *member, double us);

/* The series of settings.list; *n of them. Ends the program when there are none. */
extern Uuid *series_read(int *n);

#endif
