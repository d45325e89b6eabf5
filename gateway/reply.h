/*
 * reply.h: refusals and failures: SQLSTATE -> HTTP status, error bodies. No libmicrohttpd, no libpq.
 */
#ifndef SH_GATEWAY_REPLY_H
#define SH_GATEWAY_REPLY_H

#include <stdbool.h>
#include <stddef.h>

/* An answer that is not the operation's own. text: one short line for the client. */
typedef struct GwProblem
{
	int status;
	int retry_after;	  /* seconds; 0: no Retry-After */
	double rate_per_hour; /* 429: the limit; 0: not told */
	char text[300];
} GwProblem;

extern void gw_problem_set(GwProblem *problem, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What to do about an SQL error. */
typedef enum GwErrorAction
{
	GW_ERROR_ANSWER,	/* answer with the problem */
	GW_ERROR_REPEAT,	/* 40001, 40P01: once more in a fresh transaction; then the problem */
	GW_ERROR_ELSEWHERE, /* 25006: once more, on a server that writes; then the problem */
	GW_ERROR_PREPARE	/* 26000, 0A000 "cached plan...": prepare again, once more; then it */
} GwErrorAction;

/*
 * Maps an error of the server (sqlstate, primary message, schema field; any may be NULL, as when
 * the connection broke) to an answer. Only messages of refusals reach the client; a 5xx says nothing
 * of the inside. *log_it: an operator should see this one.
 */
extern GwErrorAction gw_reply_map(const char *sqlstate, const char *message, const char *schema,
								  GwProblem *problem, bool *log_it);

/*
 * Which parameter of its statement, from 1, an error's context field says that PostgreSQL could not
 * read; 0: it says nothing of the kind. Servers before 13 do not tell.
 */
extern int gw_reply_parameter(const char *context);

/* Puts "name: " before the text. */
extern void gw_problem_name(GwProblem *problem, const char *name);

/*
 * The body for a problem: text/plain, or application/problem+json where the Accept header names it.
 * Writes into out (size bytes) and returns its length; *content_type is a static string.
 */
extern size_t gw_problem_body(const GwProblem *problem, const char *accept, const char *request_id,
							  char *out, size_t size, const char **content_type);

/* Does an Accept header (or one like it) name this, with a quality above zero? Wildcards do not count. */
extern bool gw_accept_names(const char *accept, const char *name);

/* "Not Found" for 404. */
extern const char *gw_status_phrase(int status);

#endif
