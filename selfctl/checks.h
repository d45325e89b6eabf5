/*
 * checks.h: what can be wrong with a domain and the server that it is on, as far as its database tells.
 * "domain check" looks at the domain alone, "doctor" at all of it.
 */
#ifndef SH_SELFCTL_CHECKS_H
#define SH_SELFCTL_CHECKS_H

#include <stdbool.h>

#include "session.h"

typedef enum CheckResult
{
	CHECK_OK,
	CHECK_WARNING,
	CHECK_PROBLEM
} CheckResult;

typedef struct Finding
{
	const char *check;
	CheckResult result;
	const char *what;
	const char *advice; /* what to do; NULL: nothing */
} Finding;

typedef void (*CheckReport)(void *context, const Finding *finding);

typedef enum CheckScope
{
	CHECK_SERVER, /* the server, the cluster, what runs there */
	CHECK_DOMAIN, /* what is in the database */
	CHECK_POINTS  /* reads all points */
} CheckScope;

typedef struct CheckOptions
{
	bool domain_only;
	bool points;
	int transaction_seconds; /* of a transaction that is long */
} CheckOptions;

/*
 * Makes the checks, and reports one finding for each, at once. One that cannot be made is a problem by itself.
 * False, and logged: the connection is lost.
 */
extern bool
checks_run(Session *session, const CheckOptions *options, CheckReport report, void *context);

/* "ok", "warning", "problem" */
extern const char *check_result_name(CheckResult result);

#endif
