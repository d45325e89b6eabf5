/*
 * target_influx.c: InfluxDB 1.x: line protocol in, InfluxQL out. Datasets are databases; the series
 * are one measurement "v" with a tag "id".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "target.h"

static void
influx_open(Conn *conn)
{
	open_http(conn, "influx", settings.influx, NULL);
	if (http_request(&conn->http, "GET", "/ping", NULL, 0).status != 204)
		fail("InfluxDB", "no answer to ping");
}

static void
influx_close(Conn *conn)
{
	http_close(&conn->http);
}

static void
influx_create_dataset(Conn *conn, const char *dataset, bool empty)
{
	char path[256];

	(void) empty;
	snprintf(path, sizeof(path), "/query?q=CREATE%%20DATABASE%%20%s", dataset);
	if (http_request(&conn->http, "POST", path, "", 0).status != 200)
		fail("InfluxDB", "cannot make a database");
}

static void
influx_create_series(Conn *conn, Uuid uuid)
{
	(void) conn;
	(void) uuid;
}

static void
influx_body(Body *body, const char *dataset, const Uuid uuid, const Points *points, size_t first,
			size_t n)
{
	(void) dataset;
	body->fine = points->fine;
	for (size_t i = first; i < first + n; i++)
	{
		body_put(body, "v,id=", 5);
		body_put(body, uuid, UUID_LEN);
		body_put(body, " value=", 7);
		body_puts(body, points->value[i]);
		body_put(body, " ", 1);
		body_put_int(body, points->fine ? points->us[i] : points->us[i] / 1000000);
		body_put(body, "\n", 1);
	}
}

static void
influx_write(Conn *conn, const char *dataset, const Uuid uuid, const Body *body)
{
	char path[128];
	HttpAnswer answer;

	(void) uuid;
	snprintf(path, sizeof(path), "/write?db=%s&precision=%s", dataset, body->fine ? "u" : "s");
	answer = http_request(&conn->http, "POST", path, body->data, body->len);
	if (answer.status != 204)
		fail("InfluxDB, write", answer.body);
}

static char *
influx_request(const Query *query)
{
	Body text = {0};
	Body path = {0};
	char start[32];
	char end[32];
	char window[192];
	char *encoded;

	/* InfluxQL has no months. */
	if (query->precision != NULL && strcmp(query->precision, "month") == 0)
		return NULL;
	timestamp_text(start, query->start);
	timestamp_text(end, query->end);
	body_puts(&text, query->precision != NULL ? "SELECT mean(\"value\")" : "SELECT \"value\"");
	body_puts(&text, query->n_series == 1 ? " FROM \"v\" WHERE \"id\"='"
										  : " FROM \"v\" WHERE \"id\"=~/^(");
	for (int i = 0; i < query->n_series; i++)
	{
		body_puts(&text, i > 0 ? "|" : "");
		body_puts(&text, query->series[i]);
	}
	snprintf(window, sizeof(window), "%s AND time>='%s' AND time<='%s'%s%s",
			 query->n_series == 1 ? "'" : ")$/", start, end,
			 query->n_series == 1 ? "" : " GROUP BY \"id\"",
			 query->precision == NULL				 ? ""
			 : strcmp(query->precision, "hour") == 0 ? " GROUP BY time(1h) fill(none)"
													 : " GROUP BY time(1d) fill(none)");
	body_puts(&text, window);
	body_put(&text, "", 1);

	encoded = percent_encoded(text.data);
	body_puts(&path, "/query?db=");
	body_puts(&path, query->dataset);
	body_puts(&path, "&q=");
	body_puts(&path, encoded);
	body_put(&path, "", 1);
	free(encoded);
	body_free(&text);
	return path.data;
}

static size_t
influx_read(Conn *conn, const Query *query, const char *request, size_t *points)
{
	size_t bytes[256] = {0};
	HttpAnswer answer;

	conn->http.count = points != NULL ? bytes : NULL;
	answer = http_request(&conn->http, "GET", request, NULL, 0);
	if (answer.status != 200)
		fail("InfluxDB, query", answer.body);
	/* Results, series, and for each series its columns and its values are lists, too. */
	if (points != NULL)
		*points = bytes['['] - 2 - 2 * (size_t) query->n_series;
	return answer.len;
}

const Target target_influx = {
	.name = "influx",
	.open = influx_open,
	.close = influx_close,
	.create_dataset = influx_create_dataset,
	.create_series = influx_create_series,
	.body = influx_body,
	.write = influx_write,
	.request = influx_request,
	.read = influx_read,
};
