/*
 * cpu.h: what the servers have used of the processors, and how much memory, from /proc.
 */
#ifndef BENCH_CPU_H
#define BENCH_CPU_H

#include "target.h"

/* Microseconds since the processes began. */
typedef struct CpuTimes
{
	double selfserv;
	double postgres; /* the postmaster and all that it has started, also what has ended */
	double influx;
	double victoria;
} CpuTimes;

extern CpuTimes cpu_now(void);
extern CpuTimes cpu_between(CpuTimes before, CpuTimes after);

/* Prints ',"gateway_cpu_us":…' and so on, for one of n requests to the target. */
extern void cpu_print(const Target *target, CpuTimes used, double n);

/*
 * Waits until the peers do nothing any more, such as merging what another load has given them, but not
 * for ever: what they do then is theirs.
 */
extern void cpu_wait_for_peers(void);

/* A value in kB of /proc/PID/status, such as "VmRSS"; -1: no such process, or line. */
extern long status_kb(const char *pid, const char *name);

/* Calls visit for each child of the postmaster. */
extern void each_backend(void (*visit)(const char *pid, void *data), void *data);

extern double now_us(void);
extern int compare_doubles(const void *a, const void *b);

/* Sorts the values and returns the one at a fraction from 0 to 1. */
extern double quantile(double *values, size_t n, double fraction);

#endif
