/*
 * supervisor.h: brings a stack up, keeps it up, takes it down.
 */
#ifndef SH_SELFCTL_SUPERVISOR_H
#define SH_SELFCTL_SUPERVISOR_H

#include <stdbool.h>

#include "account.h"
#include "child.h"
#include "cli.h"
#include "selfpwrk.h"
#include "selfserv.h"
#include "stack.h"

typedef struct UpOptions
{
	const char *dir;
	const char *domain; /* NULL: the stack's, else the standard one */
	const char *bindir;
	int port;
	bool detach;
	CliList set;
	CliList worker_set;
	CliList postgres_set;
} UpOptions;

typedef struct Supervisor
{
	/* Set by the owner, borrowed. */
	Stack *stack;
	const UpOptions *options;

	ExitCode failure; /* if the start fails */
	Account account;
	const char *bindir;
	Selfserv selfserv;
	const char *selfpwrk; /* its program */
	Credentials credentials;
	Child postgres_child;
	Child selfserv_child;
	Child selfpwrk_child;
	int64_t restart_at;	 /* 0: selfserv runs */
	int64_t failures[6]; /* when selfserv ended, a ring */
	int nfailures;
	int64_t selfpwrk_since; /* its last start */
	int64_t selfpwrk_at;	/* when it is to be started again; 0: it runs */
	int64_t selfpwrk_delay; /* before that start, if it fails again */
} Supervisor;

/* Everything up to the ready stack. Not EXIT_CODE_OK (logged): nothing of it runs any more. */
extern ExitCode supervisor_start(Supervisor *supervisor);

/* Watches until a signal to stop, or until a child cannot be kept; then stops everything. */
extern ExitCode supervisor_run(Supervisor *supervisor);

/* The message of success: where it is, how to use it, how to stop it. */
extern void supervisor_print_banner(const Supervisor *supervisor);

#endif
