/*
 * job.h: a piece of work for a child, and the numbers that both ends of its socket use.
 */
#ifndef SH_WORKER_JOB_H
#define SH_WORKER_JOB_H

#include <stddef.h>
#include <stdint.h>

typedef enum WkJobKind
{
	WK_JOB_ROUTINE = 1, /* run it */
	WK_JOB_WEBHOOK,		/* run it, and give its answer to the request */
	WK_JOB_CHECK		/* compile it only */
} WkJobKind;

/* All borrowed. */
typedef struct WkJob
{
	WkJobKind kind;
	const char *domain;
	const char *program; /* its name */
	const char *language;
	int64_t revision;
	const char *code;
	size_t code_len;
	const char *request; /* of a webhook, as JSON: method, query, headers; NULL: none */
	size_t request_len;
	const char *body; /* of the request; NULL: none */
	size_t body_len;
	int64_t deadline_ms;
	int64_t memory; /* bytes that it may take */
} WkJob;

/* How a question was answered: the first number of a REPLY. */
typedef enum WkReplyKind
{
	WK_REPLY_ERROR = 1, /* text */
	WK_REPLY_NONE,		/* there is no such module or operation */
	WK_REPLY_MODULE,	/* identity, revision, code */
	WK_REPLY_SELFAPI,	/* status, body */
	WK_REPLY_CONNECTED	/* a descriptor comes with it */
} WkReplyKind;

/* The most bytes of an error's text. */
#define WK_ERROR_MAX 4096

#endif
