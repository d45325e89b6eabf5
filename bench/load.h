/*
 * load.h: what the parts of "load" share: the settings, and the loads themselves. Every load prints
 * one JSON object a line for bench/run and ends the program with a message when anything is wrong:
 * a benchmark that went on after an error would print nonsense.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#define MAX_CSV 8

/* From the command line: NAME=VALUE each, in any order. */
typedef struct Settings
{
	const char *selfhost; /* HOST:PORT each; NULL: not there */
	const char *influx;
	const char *victoria;
	const char *authorization; /* value of the header for selfhost */
	const char *token;		   /* the one in it */
	const char *conninfo;	   /* as the owner of the domain's database */
	const char *selfserv_pid;
	const char *postgres_pid;
	const char *influx_pid;
	const char *victoria_pid;
	const char *targets; /* names with commas between, in this order */
	const char *dataset; /* table, database, or metric */
	const char *kind;	 /* see points.h */
	const char *csv[MAX_CSV];
	const char *list; /* file with the uuids of the dataset's series */
	const char *what; /* which reads; for backend-memory the path of a dataset */
	const char *file; /* to be written to, and removed */
	long csv_files;
	long series;
	long points; /* of each series, or of each request */
	long connections;
	long requests; /* on each connection */
	long per_request;
	long repetitions;
	long first_repetition; /* number of the first one: who begins depends on it */
	long in_a_row;
	long milliseconds;
	long write_percent;
} Settings;

extern Settings settings;

extern void fail(const char *what, const char *detail) __attribute__((noreturn));

extern void load_fill(void);
extern void load_ingest(void);
extern void load_read(void);
extern void load_mixed(void);
extern void load_memory(void);
extern void load_backend_memory(void);
extern void load_access(void);
extern void load_cpu(void);
extern void load_disk(void);
extern void load_dataset(void);

#endif
