/*
 * target_victoria.c: VictoriaMetrics: JSON lines in and out, PromQL for buckets. Datasets are metrics;
 * the series differ in a label "id". Its timestamps have milliseconds, finer ones are cut off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "target.h"

static void
victoria_open(Conn *conn)
{
	open_http(conn, "victoria", settings.victoria, NULL);
	if (http_request(&conn->http, "GET", "/health", NULL, 0).status != 200)
		fail("VictoriaMetrics", "not healthy");
}

static void
victoria_close(Conn *conn)
{
	http_close(&conn->http);
}

static void
victoria_create_dataset(Conn *conn, const char *dataset, bool empty)
{
	(void) conn;
	(void) dataset;
	(void) empty;
}

static void
victoria_create_series(Conn *conn, Uuid uuid)
{
	(void) conn;
	(void) uuid;
}

static void
victoria_body(Body *body, const char *dataset, const Uuid uuid, const Points *points, size_t first,
			  size_t n)
{
	body_puts(body, "{\"metric\":{\"__name__\":\"");
	body_puts(body, dataset);
	body_puts(body, "\",\"id\":\"");
	body_puts(body, uuid);
	body_puts(body, "\"},\"values\":");
	for (size_t i = first; i < first + n; i++)
	{
		body_put(body, i == first ? "[" : ",", 1);
		body_puts(body, points->value[i]);
	}
	body_puts(body, "],\"timestamps\":");
	for (size_t i = first; i < first + n; i++)
	{
		body_put(body, i == first ? "[" : ",", 1);
		body_put_int(body, points->us[i] / 1000);
	}
	body_puts(body, "]}\n");
}

static void
victoria_write(Conn *conn, const char *dataset, const Uuid uuid, const Body *body)
{
	HttpAnswer answer = http_request(&conn->http, "POST", "/api/v1/import", body->data, body->len);

	(void) dataset;
	(void) uuid;
	if (answer.status != 204)
		fail("VictoriaMetrics, import", answer.body);
}

static char *
victoria_request(const Query *query)
{
	Body selector = {0};
	Body path = {0};
	char window[128];
	char *encoded;
	const char *step = NULL;

	if (query->precision != NULL)
	{
		if (strcmp(query->precision, "month") == 0)
			return NULL;
		step = strcmp(query->precision, "hour") == 0 ? "1h" : "1d";
		body_puts(&selector, "avg_over_time(");
	}
	body_puts(&selector, query->dataset);
	body_puts(&selector, query->n_series == 1 ? "{id=\"" : "{id=~\"");
	for (int i = 0; i < query->n_series; i++)
	{
		body_puts(&selector, i > 0 ? "|" : "");
		body_puts(&selector, query->series[i]);
	}
	body_puts(&selector, "\"}");
	if (step != NULL)
	{
		body_puts(&selector, "[");
		body_puts(&selector, step);
		body_puts(&selector, "])");
	}
	body_put(&selector, "", 1);

	/* Its cache of results would answer for it. */
	encoded = percent_encoded(selector.data);
	body_puts(&path,
			  step != NULL ? "/api/v1/query_range?nocache=1&query=" : "/api/v1/export?match[]=");
	body_puts(&path, encoded);
	snprintf(window, sizeof(window), "&start=%lld&end=%lld%s%s", (long long) query->start,
			 (long long) query->end, step != NULL ? "&step=" : "", step != NULL ? step : "");
	body_puts(&path, window);
	body_put(&path, "", 1);
	free(encoded);
	body_free(&selector);
	return path.data;
}

static size_t
victoria_read(Conn *conn, const Query *query, const char *request, size_t *points)
{
	size_t bytes[256] = {0};
	HttpAnswer answer;

	conn->http.count = points != NULL ? bytes : NULL;
	answer = http_request(&conn->http, "GET", request, NULL, 0);
	if (answer.status != 200)
		fail("VictoriaMetrics, read", answer.body);
	/*
	 * Export: a line has one comma in "metric", two between the members, and one less than points in
	 * each of the two lists. Buckets: a list for each, in one for each series, in one.
	 */
	if (points != NULL)
		*points = query->precision == NULL ? (bytes[','] - bytes['\n']) / 2
										   : bytes['['] - 1 - (size_t) query->n_series;
	return answer.len;
}

const Target target_victoria = {
	.name = "victoria",
	.open = victoria_open,
	.close = victoria_close,
	.create_dataset = victoria_create_dataset,
	.create_series = victoria_create_series,
	.body = victoria_body,
	.write = victoria_write,
	.request = victoria_request,
	.read = victoria_read,
};
