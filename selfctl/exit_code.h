/*
 * exit_code.h: the exit codes of selfctl. Scripts depend on them: never renumber.
 */
#ifndef SH_SELFCTL_EXIT_CODE_H
#define SH_SELFCTL_EXIT_CODE_H

typedef enum ExitCode
{
	EXIT_CODE_OK = 0,
	EXIT_CODE_FAILED = 1,		   /* said on standard error */
	EXIT_CODE_USAGE = 2,		   /* wrong command, option or value */
	EXIT_CODE_NOT_RUNNING = 3,	   /* status: as in the Linux Standard Base */
	EXIT_CODE_ALREADY_RUNNING = 4, /* up: the stack of this folder runs already */
	EXIT_CODE_TIMEOUT = 5,		   /* down: the stack has not stopped in time */
	EXIT_CODE_CHILD = 6,		   /* up: PostgreSQL or selfserv ended and the stack was stopped */
	EXIT_CODE_LEFT_BEHIND = 7,	   /* migrate: done, but rows stayed behind */
	EXIT_CODE_PROBLEM = 8		   /* doctor: found a problem */
} ExitCode;

#endif
