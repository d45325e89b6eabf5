/*
 * local.h: selfpwrk run and selfpwrk compile: one program out of a file, without any server, in the
 * same sandbox as always.
 */
#ifndef SH_WORKER_LOCAL_H
#define SH_WORKER_LOCAL_H

#include "config.h"
#include "job.h"

typedef struct WkLocal
{
	const WkConfig *config;
	WkJobKind kind;
	const char *file;
	const char *language; /* NULL: by the ending of the file's name */
	const char *request;  /* file with the request's body, or "METHOD"; NULL: not as a webhook */
	const char *against;  /* how to connect to a domain whose modules count, too; NULL: none */
	int64_t deadline_ms;
} WkLocal;

/*
 * Runs or compiles the file. The log goes to standard error, a webhook's answer to standard output.
 * Modules are files beside it, and those of a domain. Exit codes: 0 succeeded, 1 failed, 2 the file cannot be read, 3 past
 * the deadline.
 */
extern int wk_local_main(const WkLocal *local);

#endif
