/*
 * pgx.c: a blocking connection to PostgreSQL.
 *
 * libpq's own messages are not always fit for a log: those about connection strings quote them, and
 * those about statements quote the statement. Of an error of the server only message and hint are
 * shown; its detail can hold values of rows.
 */
#include "pgx.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

struct ShcPg
{
	PGconn *connection;
	char sqlstate[6];
	bool is_quiet;
	char message[1024];
};

static bool
is_option(const PQconninfoOption *option, const char *keyword)
{
	return strcmp(option->keyword, keyword) == 0;
}

/*
 * Can this part of a connection string be shown? Not where a piece of a password has got into it: of
 * one with @ or / that are not written as %40 and %2F in a URI.
 */
static bool
is_plausible(const PQconninfoOption *option, bool uri)
{
	const char *value = option->val;

	if (value == NULL)
		return true;
	if (is_option(option, "port"))
		return value[strspn(value, "0123456789,")] == '\0';
	if (is_option(option, "dbname"))
		return !uri || strchr(value, '@') == NULL;
	/* An abstract socket begins with @. */
	if (is_option(option, "host") || is_option(option, "hostaddr"))
		return strchr(value[0] == '@' ? value + 1 : value, '@') == NULL;
	return true;
}

bool
shc_pg_conninfo_is_valid(const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	bool uri = strncmp(conninfo, "postgres", 8) == 0 && strstr(conninfo, "://") != NULL;
	bool good = options != NULL;

	for (PQconninfoOption *option = options; good && option->keyword != NULL; option++)
		good = is_plausible(option, uri);
	PQconninfoFree(options);
	return good;
}

static bool
check_conninfo(const char *conninfo)
{
	bool good = shc_pg_conninfo_is_valid(conninfo);

	if (!good)
		shc_error(
			"the connection string is not valid (special characters of a password are written "
			"as %%XX in a URI)");
	return good;
}

/* Notices of the server: warnings are for the user, the rest for whoever looks for a fault. */
static void
receive_notice(void *context, const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	(void) context;
	if (message == NULL)
		return;
	if (severity != NULL && strcmp(severity, "WARNING") == 0)
		shc_warning("%s", message);
	else
		shc_debug("%s", message);
}

bool
shc_pg_connect(const char *conninfo, int timeout, ShcPg **out)
{
	char seconds[16];
	/* The time-out stands before the string, which may have its own, the encoding behind it. */
	const char *keyword[] = {"connect_timeout", "fallback_application_name", "dbname",
							 "client_encoding", NULL};
	const char *value[] = {seconds, "selfctl", conninfo, "UTF8", NULL};
	ShcPg *pg;

	*out = NULL;
	if (!check_conninfo(conninfo))
		return false;
	pg = calloc(1, sizeof(ShcPg));
	if (pg == NULL)
	{
		shc_error("out of memory");
		return false;
	}
	snprintf(seconds, sizeof(seconds), "%d", timeout);
	pg->connection = PQconnectdbParams(keyword, value, 1);
	if (PQstatus(pg->connection) != CONNECTION_OK)
	{
		shc_error("cannot connect: %s",
				  pg->connection != NULL ? PQerrorMessage(pg->connection) : "out of memory");
		shc_pg_close(pg);
		return false;
	}
	PQsetNoticeReceiver(pg->connection, receive_notice, NULL);
	*out = pg;
	return true;
}

void
shc_pg_close(ShcPg *pg)
{
	if (pg == NULL)
		return;
	PQfinish(pg->connection);
	free(pg);
}

/* Notes and logs the error of a result. */
static void
log_error(ShcPg *pg, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
	const char *schema = PQresultErrorField(result, PG_DIAG_SCHEMA_NAME);

	snprintf(pg->sqlstate, sizeof(pg->sqlstate), "%s", sqlstate != NULL ? sqlstate : "08000");
	snprintf(pg->message, sizeof(pg->message), "%s", message != NULL ? message : "");
	if (message == NULL)
		shc_error("%s", PQerrorMessage(pg->connection));
	else if (pg->is_quiet)
		return;
	else if (schema != NULL && strcmp(schema, "selfhost") == 0)
		shc_error("%s", message); /* a refusal, whose text is for the user */
	else if (hint != NULL)
		shc_error("%s (%s; SQLSTATE %s)", message, hint, pg->sqlstate);
	else
		shc_error("%s (SQLSTATE %s)", message, pg->sqlstate);
}

/* Checks a result, which stays the caller's. */
static bool
check_result(ShcPg *pg, const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
	{
		pg->sqlstate[0] = '\0';
		return true;
	}
	if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH ||
		status == PGRES_EMPTY_QUERY)
	{
		snprintf(pg->sqlstate, sizeof(pg->sqlstate), "0A000");
		shc_error("COPY and empty statements are not supported here");
		return false;
	}
	log_error(pg, result);
	return false;
}

static bool
visit_rows(const PGresult *result, ShcPgRow row, void *context)
{
	int n = PQnfields(result);
	const char **value = calloc((size_t) n + 1, sizeof(char *));
	bool good = value != NULL;

	if (!good)
		shc_error("out of memory");
	for (int i = 0; good && i < PQntuples(result); i++)
	{
		for (int j = 0; j < n; j++)
			value[j] = PQgetisnull(result, i, j) ? NULL : PQgetvalue(result, i, j);
		good = row(context, n, value);
	}
	free(value);
	return good;
}

bool
shc_pg_exec(ShcPg *pg, const char *sql, int n, const char *const *parameter, ShcPgRow row,
			void *context)
{
	PGresult *result = PQexecParams(pg->connection, sql, n, NULL, parameter, NULL, NULL, 0);
	bool good = check_result(pg, result);

	if (good && row != NULL)
		good = visit_rows(result, row, context);
	PQclear(result);
	return good;
}

/* One row, or the end or an error of the whole answer. */
static bool
take_streamed(ShcPg *pg, const PGresult *result, ShcPgRow row, void *context)
{
	if (PQresultStatus(result) == PGRES_SINGLE_TUPLE)
		return visit_rows(result, row, context);
	return check_result(pg, result);
}

bool
shc_pg_stream(ShcPg *pg, const char *sql, int n, const char *const *parameter, ShcPgRow row,
			  void *context)
{
	bool good = true;
	PGresult *result;

	if (!PQsendQueryParams(pg->connection, sql, n, NULL, parameter, NULL, NULL, 0) ||
		!PQsetSingleRowMode(pg->connection))
	{
		log_error(pg, NULL);
		return false;
	}
	while ((result = PQgetResult(pg->connection)) != NULL)
	{
		good = good && take_streamed(pg, result, row, context);
		PQclear(result);
	}
	return good;
}

bool
shc_pg_value(ShcPg *pg, const char *sql, int n, const char *const *parameter, char **out)
{
	PGresult *result = PQexecParams(pg->connection, sql, n, NULL, parameter, NULL, NULL, 0);
	bool good = check_result(pg, result);

	*out = NULL;
	if (good && PQntuples(result) > 0 && PQnfields(result) > 0 && !PQgetisnull(result, 0, 0))
	{
		*out = strdup(PQgetvalue(result, 0, 0));
		if (*out == NULL)
		{
			shc_error("out of memory");
			good = false;
		}
	}
	PQclear(result);
	return good;
}

bool
shc_pg_named_value(ShcPg *pg, const char *what, const char *sql, int n,
				   const char *const *parameter, const char *column, int *rows, char **out)
{
	PGresult *result = PQexecParams(pg->connection, sql, n, NULL, parameter, NULL, NULL, 0);
	bool good = check_result(pg, result);
	int number = -1;

	*out = NULL;
	*rows = good ? PQntuples(result) : 0;
	for (int i = 0; good && i < PQnfields(result) && number < 0; i++)
		number = strcmp(PQfname(result, i), column) == 0 ? i : -1;
	if (good && number < 0)
	{
		shc_error("%s: must return a column \"%s\"", what, column);
		good = false;
	}
	if (good && *rows > 0 && !PQgetisnull(result, 0, number))
	{
		*out = strdup(PQgetvalue(result, 0, number));
		if (*out == NULL)
		{
			shc_error("out of memory");
			good = false;
		}
	}
	PQclear(result);
	return good;
}

bool
shc_pg_send(ShcPg *pg, const char *sql, int n, const ShcPgBytes *parameter)
{
	const char *value[8];
	int len[8];
	int format[8];

	if (n > (int) (sizeof(len) / sizeof(len[0])))
	{
		shc_error("a statement has too many parameters");
		return false;
	}
	for (int i = 0; i < n; i++)
	{
		value[i] = parameter[i].data;
		len[i] = (int) parameter[i].len;
		format[i] = 1;
	}
	if (PQsendQueryParams(pg->connection, sql, n, NULL, value, len, format, 1))
		return true;
	log_error(pg, NULL);
	return false;
}

static bool
visit_bytes(const PGresult *result, ShcPgBytesRow row, void *context)
{
	int n = PQnfields(result);
	ShcPgBytes *value = calloc((size_t) n + 1, sizeof(ShcPgBytes));
	bool good = value != NULL;

	if (!good)
		shc_error("out of memory");
	for (int i = 0; good && i < PQntuples(result); i++)
	{
		for (int j = 0; j < n; j++)
		{
			value[j].data = PQgetisnull(result, i, j) ? NULL : PQgetvalue(result, i, j);
			value[j].len = (size_t) PQgetlength(result, i, j);
		}
		good = row(context, n, value);
	}
	free(value);
	return good;
}

bool
shc_pg_receive(ShcPg *pg, ShcPgBytesRow row, void *context)
{
	bool good = true;
	bool has_answer = false;
	PGresult *result;

	while ((result = PQgetResult(pg->connection)) != NULL)
	{
		has_answer = true;
		good = good && check_result(pg, result);
		if (good && row != NULL)
			good = visit_bytes(result, row, context);
		PQclear(result);
	}
	if (!has_answer)
		log_error(pg, NULL);
	return good && has_answer;
}

bool
shc_pg_script(ShcPg *pg, const char *sql)
{
	PGresult *result = PQexec(pg->connection, sql);
	bool good = check_result(pg, result);

	PQclear(result);
	return good;
}

const char *
shc_pg_sqlstate(const ShcPg *pg)
{
	return pg->sqlstate;
}

const char *
shc_pg_host(const ShcPg *pg)
{
	return PQhost(pg->connection);
}

const char *
shc_pg_port(const ShcPg *pg)
{
	return PQport(pg->connection);
}

int
shc_pg_server_version(const ShcPg *pg)
{
	return PQserverVersion(pg->connection);
}

/* A copy of what libpq has allocated, which is freed. */
static char *
take_bytes(unsigned char *bytes, size_t len)
{
	char *copy = bytes != NULL ? malloc(len + 1) : NULL;

	if (copy != NULL)
	{
		memcpy(copy, bytes, len);
		copy[len] = '\0';
	}
	else
		shc_error("out of memory");
	PQfreemem(bytes);
	return copy;
}

char *
shc_pg_bytea_text(ShcPg *pg, const void *data, size_t len)
{
	size_t text_len = 0; /* with the zero byte */
	unsigned char *text = PQescapeByteaConn(pg->connection, data, len, &text_len);

	return take_bytes(text, text_len > 0 ? text_len - 1 : 0);
}

char *
shc_pg_bytea_bytes(const char *text, size_t *len)
{
	unsigned char *bytes = PQunescapeBytea((const unsigned char *) text, len);

	return take_bytes(bytes, *len);
}

void
shc_pg_set_quiet(ShcPg *pg, bool is_quiet)
{
	pg->is_quiet = is_quiet;
}

const char *
shc_pg_message(const ShcPg *pg)
{
	return pg->message;
}
