/*
 * cpu.c: see cpu.h. Times come from /proc/PID/task/TID/schedstat, in nanoseconds; only for processes that
 * PostgreSQL has waited for are they those of /proc/PID/stat, in clock ticks. Where the kernel counts
 * no schedstat everything comes from stat.
 */
#include "cpu.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define PATH_LEN 320

/* Peers are calm when they use less than a tenth of a processor. */
#define CALM_US	   200000
#define CALM_LOOKS 15

double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

double
quantile(double *values, size_t n, double fraction)
{
	if (n == 0)
		return 0;
	qsort(values, n, sizeof(*values), compare_doubles);
	return values[(size_t) ((double) (n - 1) * fraction + 0.5)];
}

/* The fields of /proc/PID/stat from the parent's id on, or false. */
typedef struct Stat
{
	long parent;
	double own_us;
	double waited_us;
} Stat;

static bool
read_stat(const char *pid, Stat *stat)
{
	char path[PATH_LEN];
	char line[1024];
	unsigned long utime;
	unsigned long stime;
	long cutime;
	long cstime;
	double tick = 1e6 / (double) sysconf(_SC_CLK_TCK);
	const char *behind_name;
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	ok = fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	if (!ok || (behind_name = strrchr(line, ')')) == NULL ||
		sscanf(behind_name + 2, "%*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
			   &stat->parent, &utime, &stime, &cutime, &cstime) != 5)
		return false;
	stat->own_us = (double) (utime + stime) * tick;
	stat->waited_us = (double) (cutime + cstime) * tick;
	return true;
}

static double
process_us(const char *pid)
{
	char path[PATH_LEN];
	double total = 0;
	DIR *tasks;
	Stat stat;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	tasks = opendir(path);
	if (tasks == NULL)
		return 0;
	for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
	{
		unsigned long long ns;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/task/%s/schedstat", pid, entry->d_name);
		file = entry->d_name[0] != '.' ? fopen(path, "r") : NULL;
		if (file == NULL)
			continue;
		if (fscanf(file, "%llu", &ns) == 1)
			total += (double) ns / 1e3;
		fclose(file);
	}
	closedir(tasks);
	if (total == 0 && read_stat(pid, &stat))
		total = stat.own_us;
	return total;
}

void
each_backend(void (*visit)(const char *pid, void *data), void *data)
{
	long postmaster = settings.postgres_pid != NULL ? strtol(settings.postgres_pid, NULL, 10) : 0;
	DIR *proc = opendir("/proc");

	if (proc == NULL || postmaster <= 0)
		fail("/proc", "no postgres_pid, or not readable");
	for (struct dirent *entry; (entry = readdir(proc)) != NULL;)
	{
		Stat stat;

		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && read_stat(entry->d_name, &stat) &&
			stat.parent == postmaster)
			visit(entry->d_name, data);
	}
	closedir(proc);
}

static void
add_process(const char *pid, void *total)
{
	*(double *) total += process_us(pid);
}

CpuTimes
cpu_now(void)
{
	CpuTimes now = {0};
	Stat postmaster;

	if (settings.selfserv_pid != NULL)
		now.selfserv = process_us(settings.selfserv_pid);
	if (settings.influx_pid != NULL)
		now.influx = process_us(settings.influx_pid);
	if (settings.victoria_pid != NULL)
		now.victoria = process_us(settings.victoria_pid);
	if (settings.postgres_pid != NULL && read_stat(settings.postgres_pid, &postmaster))
	{
		now.postgres = process_us(settings.postgres_pid) + postmaster.waited_us;
		each_backend(add_process, &now.postgres);
	}
	return now;
}

CpuTimes
cpu_between(CpuTimes before, CpuTimes after)
{
	return (CpuTimes){after.selfserv - before.selfserv, after.postgres - before.postgres,
					  after.influx - before.influx, after.victoria - before.victoria};
}

void
cpu_print(const Target *target, CpuTimes used, double n)
{
	if (target == &target_selfhost)
		printf(",\"gateway_cpu_us\":%.1f", used.selfserv / n);
	if (target == &target_selfhost || target == &target_plain)
		printf(",\"postgres_cpu_us\":%.1f", used.postgres / n);
	if (target == &target_influx)
		printf(",\"server_cpu_us\":%.1f", used.influx / n);
	if (target == &target_victoria)
		printf(",\"server_cpu_us\":%.1f", used.victoria / n);
}

void
cpu_wait_for_peers(void)
{
	for (int i = 0; i < CALM_LOOKS; i++)
	{
		CpuTimes before = cpu_now();
		CpuTimes used;

		usleep(CALM_US);
		used = cpu_between(before, cpu_now());
		if (used.influx + used.victoria < CALM_US / 10.0)
			return;
	}
}

long
status_kb(const char *pid, const char *name)
{
	char path[PATH_LEN];
	char line[256];
	size_t len = strlen(name);
	long kb = -1;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	status = fopen(path, "r");
	if (status == NULL)
		return -1;
	while (kb < 0 && fgets(line, sizeof(line), status) != NULL)
	{
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			kb = strtol(line + len + 1, NULL, 10);
	}
	fclose(status);
	return kb;
}
