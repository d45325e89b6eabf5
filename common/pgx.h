/*
 * pgx.h: a blocking connection to PostgreSQL, for the command line. One thread at a time.
 *
 * Functions that return false have logged why, once, without connection strings, passwords or the
 * text of statements.
 */
#ifndef SHC_PGX_H
#define SHC_PGX_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ShcPg ShcPg;

/*
 * Connects with a URI or a keyword string; "" takes everything from libpq's environment. The time-out
 * is for each address of the host, in seconds, unless the string has its own; 0: none. The caller
 * closes the connection.
 */
extern bool shc_pg_connect(const char *conninfo, int timeout, ShcPg **out);
extern void shc_pg_close(ShcPg *pg);

/* Can it be understood, and its parts be shown? No password has got into them, as far as can be seen. */
extern bool shc_pg_conninfo_is_valid(const char *conninfo);

/* One row of an answer: texts, NULL for SQL's NULL, valid during the call. False ends the answer. */
typedef bool (*ShcPgRow)(void *context, int n, const char *const *value);

/*
 * Runs one statement with n text parameters and hands each row of its answer to `row`, which may be
 * NULL. False also when `row` has returned false.
 */
extern bool shc_pg_exec(ShcPg *pg, const char *sql, int n, const char *const *parameter,
						ShcPgRow row, void *context);

/* As shc_pg_exec(); *out is a malloc'd copy of the first value, or NULL: no row, or SQL's NULL. */
extern bool
shc_pg_value(ShcPg *pg, const char *sql, int n, const char *const *parameter, char **out);

/*
 * As shc_pg_value(), but of the column of this name; *rows: how many there are. False, and logged with
 * `what` for the statement, when there is no such column.
 */
extern bool
shc_pg_named_value(ShcPg *pg, const char *what, const char *sql, int n,
				   const char *const *parameter, const char *column, int *rows, char **out);

/* Runs any number of statements, without parameters, in one transaction unless they say otherwise. */
extern bool shc_pg_script(ShcPg *pg, const char *sql);

/*
 * As shc_pg_exec(), for long answers: rows are handed over as they come, and no more than one is kept.
 * `row` must not use the connection. What came before an error has been handed over.
 */
extern bool shc_pg_stream(ShcPg *pg, const char *sql, int n, const char *const *parameter,
						  ShcPgRow row, void *context);

/* A parameter or a value in PostgreSQL's binary format. NULL data: SQL's NULL. */
typedef struct ShcPgBytes
{
	const void *data;
	size_t len;
} ShcPgBytes;

/* One row of a binary answer, valid during the call. False ends the answer. */
typedef bool (*ShcPgBytesRow)(void *context, int n, const ShcPgBytes *value);

/*
 * Sends one statement with n binary parameters and does not wait for its answer, which must be taken by
 * shc_pg_receive() before anything else is done with the connection. The parameters may go at once.
 */
extern bool shc_pg_send(ShcPg *pg, const char *sql, int n, const ShcPgBytes *parameter);

/* Waits for the whole answer and hands each row to `row`, which may be NULL. */
extern bool shc_pg_receive(ShcPg *pg, ShcPgBytesRow row, void *context);

/*
 * While quiet, refusals of the server are not logged: shc_pg_message() has the text of the last one.
 * A lost connection is logged all the same.
 */
extern void shc_pg_set_quiet(ShcPg *pg, bool is_quiet);
extern const char *shc_pg_message(const ShcPg *pg);

/* Bytes as the text of a bytea, and back; malloc'd. NULL, and logged: out of memory. */
extern char *shc_pg_bytea_text(ShcPg *pg, const void *data, size_t len);
extern char *shc_pg_bytea_bytes(const char *text, size_t *len);

/* The SQLSTATE of the last error, "" when there was none; "08000" for a lost connection. */
extern const char *shc_pg_sqlstate(const ShcPg *pg);

/* Of the server that it is connected to. */
extern const char *shc_pg_host(const ShcPg *pg);
extern const char *shc_pg_port(const ShcPg *pg);

/* For instance 150013. */
extern int shc_pg_server_version(const ShcPg *pg);

#endif
