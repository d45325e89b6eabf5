/*
 * target_plain.c: a table (uuid, float8, timestamptz) with a primary key in the same cluster, as one
 * would make it without an extension: COPY in, json_agg out, through libpq. Datasets are tables of
 * the schema bench.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "target.h"

static PGresult *
sql(Conn *conn, const char *text)
{
	PGresult *result = PQexec(conn->pg, text);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN)
		fail(text, PQerrorMessage(conn->pg));
	return result;
}

static void
plain_open(Conn *conn)
{
	if (settings.conninfo == NULL)
		fail("plain", "no conninfo");
	conn->pg = PQconnectdb(settings.conninfo);
	if (PQstatus(conn->pg) != CONNECTION_OK)
		fail("cannot connect to PostgreSQL", PQerrorMessage(conn->pg));
	PQclear(sql(conn, "SET TimeZone = 'UTC'"));
}

static void
plain_close(Conn *conn)
{
	PQfinish(conn->pg);
	conn->pg = NULL;
}

static void
plain_create_dataset(Conn *conn, const char *dataset, bool empty)
{
	char text[512];

	PQclear(sql(conn, "SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS bench"));
	snprintf(text, sizeof(text),
			 "CREATE TABLE IF NOT EXISTS bench.%s (ts_uuid uuid, value float8, ts timestamptz, "
			 "PRIMARY KEY (ts_uuid, ts)); %s%s",
			 dataset, empty ? "TRUNCATE bench." : "", empty ? dataset : "");
	PQclear(sql(conn, text));
}

static void
plain_create_series(Conn *conn, Uuid uuid)
{
	(void) conn;
	(void) uuid;
}

static void
plain_body(Body *body, const char *dataset, const Uuid uuid, const Points *points, size_t first,
		   size_t n)
{
	(void) dataset;
	for (size_t i = first; i < first + n; i++)
	{
		body_put(body, uuid, UUID_LEN);
		body_put(body, "\t", 1);
		body_puts(body, points->value[i]);
		body_put(body, "\t", 1);
		body_puts(body, points->ts[i]);
		body_put(body, "\n", 1);
	}
}

static void
plain_write(Conn *conn, const char *dataset, const Uuid uuid, const Body *body)
{
	char text[128];

	(void) uuid;
	snprintf(text, sizeof(text), "COPY bench.%s FROM STDIN", dataset);
	PQclear(sql(conn, text));
	if (PQputCopyData(conn->pg, body->data, (int) body->len) != 1 ||
		PQputCopyEnd(conn->pg, NULL) != 1)
		fail("COPY", PQerrorMessage(conn->pg));
	for (PGresult *result; (result = PQgetResult(conn->pg)) != NULL; PQclear(result))
	{
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			fail("COPY", PQerrorMessage(conn->pg));
	}
}

static void
put_selection(Body *text, const Query *query)
{
	if (query->precision != NULL)
	{
		body_puts(text, query->buckets_as_json
							? "SELECT json_agg(json_build_object('v', v, 'ts', b)) FROM (SELECT "
							: "SELECT ");
		body_puts(text, "date_trunc('");
		body_puts(text, query->precision);
		body_puts(text, "', ts) AS b, avg(value) AS v");
	}
	else
		body_puts(text, query->n_series == 1
							? "SELECT json_agg(json_build_object('v', value, 'ts', ts))"
							: "SELECT ts_uuid, json_agg(json_build_object('v', value, 'ts', ts))");
	body_puts(text, " FROM bench.");
	body_puts(text, query->dataset);
}

/* Aggregates come as rows, the cheapest form; points as JSON, since that is what was asked for. */
static char *
plain_request(const Query *query)
{
	Body text = {0};
	char start[32];
	char end[32];
	char window[160];

	timestamp_text(start, query->start);
	timestamp_text(end, query->end);
	put_selection(&text, query);
	body_puts(&text, query->n_series == 1 ? " WHERE ts_uuid = '" : " WHERE ts_uuid IN ('");
	for (int i = 0; i < query->n_series; i++)
	{
		body_puts(&text, i > 0 ? "','" : "");
		body_puts(&text, query->series[i]);
	}
	snprintf(window, sizeof(window), "'%s AND ts BETWEEN '%s' AND '%s'%s%s",
			 query->n_series == 1 ? "" : ")", start, end,
			 query->precision != NULL || query->n_series > 1 ? " GROUP BY 1 ORDER BY 1" : "",
			 query->buckets_as_json ? ") AS buckets" : "");
	body_puts(&text, window);
	body_put(&text, "", 1);
	return text.data;
}

static size_t
plain_read(Conn *conn, const Query *query, const char *request, size_t *points)
{
	PGresult *result = sql(conn, request);
	size_t bytes = 0;
	size_t braces = 0;

	for (int row = 0; row < PQntuples(result); row++)
	{
		int column = PQnfields(result) - 1;

		bytes += (size_t) PQgetlength(result, row, column);
		for (const char *c = PQgetvalue(result, row, column); points != NULL && *c != '\0'; c++)
			braces += *c == '{';
	}
	if (points != NULL)
		*points = query->precision != NULL && !query->buckets_as_json ? (size_t) PQntuples(result)
																	  : braces;
	PQclear(result);
	return bytes;
}

const Target target_plain = {
	.name = "plain",
	.open = plain_open,
	.close = plain_close,
	.create_dataset = plain_create_dataset,
	.create_series = plain_create_series,
	.body = plain_body,
	.write = plain_write,
	.request = plain_request,
	.read = plain_read,
};
