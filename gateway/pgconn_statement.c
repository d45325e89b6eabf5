/*
 * pgconn_statement.c: an operation as a prepared statement, and its rows as an answer.
 *
 * All results are in binary format: bytea and json come as they are, without a copy or escapes.
 */
#include "pgconn.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pgconn_internal.h"

/* Columns of a row: the result itself, then what authenticate() tells. */
enum
{
	RESPONSE_STATUS,
	RESPONSE_TYPE,
	RESPONSE_HEADERS,
	RESPONSE_BODY,
	RESPONSE_USER,
	RESPONSE_COLUMNS = RESPONSE_USER + 3
};
enum
{
	PLAIN_VALUE,
	PLAIN_USER,
	PLAIN_COLUMNS = PLAIN_USER + 3
};

static void
statement_name(const GwOperation *operation, char name[32])
{
	snprintf(name, 32, "selfserv_%d", operation->index);
}

static bool
is_composite(GwReturns returns)
{
	return returns == GW_RETURNS_RESPONSE || returns == GW_RETURNS_RESPONSE_SET;
}

bool
gw_pg_send_prepare(GwPgConn *conn, const GwOperation *operation)
{
	char name[32];
	char *sql =
		gw_operation_statement(operation, is_composite(conn->settings->returns[operation->index]));
	bool sent;

	statement_name(operation, name);
	sent = sql != NULL && PQsendPrepare(conn->pg, name, sql, 0, NULL);
	free(sql);
	return sent;
}

/* Without a name, for this one time: through a pooler the next one may meet another server process. */
static bool
send_unnamed(GwPgConn *conn, const GwOperation *operation, int n, const char *const *value,
			 const int *length, const int *format)
{
	char *sql =
		gw_operation_statement(operation, is_composite(conn->settings->returns[operation->index]));
	bool sent = sql != NULL && PQsendQueryParams(conn->pg, sql, n, NULL, value, length, format, 1);

	free(sql);
	return sent;
}

bool
gw_pg_send_job(GwPgConn *conn, const GwJob *job)
{
	const GwOperation *operation = job->operation;
	const char *value[GW_MAX_STATEMENT_PARAMETERS];
	int length[GW_MAX_STATEMENT_PARAMETERS] = {0};
	int format[GW_MAX_STATEMENT_PARAMETERS] = {0};
	int n = 0;
	char name[32];

	if (operation->nparameters + 2 > GW_MAX_STATEMENT_PARAMETERS)
		return false;
	value[n] = (const char *) job->digest;
	length[n] = GW_DIGEST_SIZE;
	format[n++] = 1;
	for (int i = 0; i < operation->nparameters; i++)
		value[n++] = job->value[i];
	if (operation->has_body)
	{
		value[n] = job->body;
		length[n] = (int) job->body_len;
		format[n++] = operation->body_raw ? 1 : 0;
	}
	if (conn->settings->is_pooled)
		return send_unnamed(conn, operation, n, value, length, format);
	statement_name(operation, name);
	return PQsendQueryPrepared(conn->pg, name, n, value, length, format, 1);
}

/* ---- rows ---- */

static void
release_result(void *owner)
{
	PQclear(owner);
}

static uint32_t
get_u32(const char *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return ntohl(word);
}

static double
get_double(const char *p)
{
	uint64_t word = (uint64_t) get_u32(p) << 32 | get_u32(p + 4);
	double value;

	memcpy(&value, &word, sizeof(value));
	return value;
}

/*
 * The elements of a text[] in its binary format: number of dimensions, flags, type; length and lower
 * bound of the dimension; then each element's length and bytes.
 */
static bool
take_headers(GwJob *job, const char *p, size_t len)
{
	const char *end = p + len;
	const char **header;
	uint32_t n;

	if (len < 12)
		return false;
	if (get_u32(p) == 0)
		return true;
	if (get_u32(p) != 1 || len < 20 || (n = get_u32(p + 12)) > GW_MAX_RESPONSE_HEADERS)
		return false;
	header = shc_arena_alloc(job->arena, n * sizeof(*header));
	if (header == NULL)
		return false;
	p += 20;
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t size;

		if (end - p < 4 || (size = get_u32(p)) > GW_MAX_RESPONSE_HEADER || end - p - 4 < size)
			return false;
		header[i] = shc_arena_strndup(job->arena, p + 4, size);
		/* A header line of a function's: it must not smuggle in another. */
		if (header[i] == NULL || strpbrk(header[i], "\r\n") != NULL ||
			strchr(header[i], ':') == NULL)
			return false;
		p += 4 + size;
	}
	job->header = header;
	job->nheaders = (int) n;
	return true;
}

static void
take_user(GwJob *job, const PGresult *result, int column)
{
	job->has_user =
		!PQgetisnull(result, 0, column) && PQgetlength(result, 0, column) == GW_UUID_SIZE;
	if (job->has_user)
		memcpy(job->user_uuid, PQgetvalue(result, 0, column), GW_UUID_SIZE);
	job->rate = -1;
	if (PQgetlength(result, 0, column + 2) == sizeof(double))
		job->rate = get_double(PQgetvalue(result, 0, column + 2));
	if (job->has_user && PQgetlength(result, 0, column + 1) == GW_UUID_SIZE)
		memcpy(job->token_uuid, PQgetvalue(result, 0, column + 1), GW_UUID_SIZE);
}

static bool
take_response_head(GwJob *job, const PGresult *result)
{
	if (PQgetisnull(result, 0, RESPONSE_STATUS) || PQgetlength(result, 0, RESPONSE_STATUS) != 4)
		return false;
	job->status = (int) get_u32(PQgetvalue(result, 0, RESPONSE_STATUS));
	if (job->status < 200 || job->status > 599)
		return false;
	if (!PQgetisnull(result, 0, RESPONSE_TYPE))
	{
		job->content_type = shc_arena_strndup(job->arena, PQgetvalue(result, 0, RESPONSE_TYPE),
											  (size_t) PQgetlength(result, 0, RESPONSE_TYPE));
		if (job->content_type == NULL || strpbrk(job->content_type, "\r\n") != NULL)
			return false;
	}
	if (!PQgetisnull(result, 0, RESPONSE_HEADERS) &&
		!take_headers(job, PQgetvalue(result, 0, RESPONSE_HEADERS),
					  (size_t) PQgetlength(result, 0, RESPONSE_HEADERS)))
		return false;
	take_user(job, result, RESPONSE_USER);
	job->has_head = true;
	return true;
}

static bool
take_response(GwJob *job, PGresult *result)
{
	if (PQnfields(result) != RESPONSE_COLUMNS ||
		(!job->has_head && !take_response_head(job, result)))
	{
		PQclear(result);
		return false;
	}
	if (PQgetisnull(result, 0, RESPONSE_BODY))
	{
		PQclear(result);
		return true;
	}
	return gw_job_add_piece(job, PQgetvalue(result, 0, RESPONSE_BODY),
							(size_t) PQgetlength(result, 0, RESPONSE_BODY), result, release_result);
}

static bool
take_plain(GwJob *job, GwReturns returns, PGresult *result)
{
	/* The binary format of jsonb begins with a version. */
	size_t skip = returns == GW_RETURNS_JSONB ? 1 : 0;
	size_t len;

	if (PQnfields(result) != PLAIN_COLUMNS || job->has_head)
	{
		PQclear(result);
		return false;
	}
	take_user(job, result, PLAIN_USER);
	job->status = job->operation->success_status;
	job->has_head = true;
	len = (size_t) PQgetlength(result, 0, PLAIN_VALUE);
	if (returns == GW_RETURNS_VOID || PQgetisnull(result, 0, PLAIN_VALUE) || len < skip)
	{
		PQclear(result);
		return true;
	}
	job->content_type = job->operation->success_media_type;
	return gw_job_add_piece(job, PQgetvalue(result, 0, PLAIN_VALUE) + skip, len - skip, result,
							release_result) &&
		   gw_job_add_piece(job, "\n", 1, NULL, release_result);
}

bool
gw_pg_take_row(GwJob *job, GwReturns returns, PGresult *result, GwProblem *problem)
{
	bool had_head = job->has_head;

	if (is_composite(returns) ? take_response(job, result) : take_plain(job, returns, result))
		return true;
	job->has_head = had_head;
	shc_error("operation %s: the function's answer is not usable", job->operation->id);
	gw_problem_set(problem, 500, "internal error");
	return false;
}

/* The field of the request that a parameter of the statement, counted from 1, was made of; or NULL. */
static const char *
field_of(const GwOperation *operation, int number)
{
	int i = number - 2; /* the first one is the digest */

	if (i >= 0 && i < operation->nparameters)
		return operation->parameters[i].name;
	return i == operation->nparameters && operation->has_body ? "body" : NULL;
}

GwErrorAction
gw_pg_error(const GwPgConn *conn, const GwOperation *operation, const PGresult *result,
			GwProblem *problem)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
	const char *schema = PQresultErrorField(result, PG_DIAG_SCHEMA_NAME);
	bool log_it;
	GwErrorAction action = gw_reply_map(sqlstate, message, schema, problem, &log_it);
	const char *field = schema == NULL ? field_of(operation, gw_reply_parameter(context)) : NULL;

	if (problem->status == 400 && field != NULL)
		gw_problem_name(problem, field);
	if (log_it)
		shc_error("domain %s: operation %s: %s %s", conn->settings->domain, operation->id,
				  sqlstate != NULL ? sqlstate : "", message != NULL ? message : "");
	return action;
}
