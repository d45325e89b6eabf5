/*
 * target_selfhost.c: Self-host over HTTP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "target.h"

static void
selfhost_open(Conn *conn)
{
	open_http(conn, "selfhost", settings.selfhost, settings.authorization);
	if (http_request(&conn->http, "GET", "/v2/users/me", NULL, 0).status != 200)
		fail("users/me", "not 200");
}

static void
selfhost_close(Conn *conn)
{
	http_close(&conn->http);
}

static void
selfhost_create_dataset(Conn *conn, const char *dataset, bool empty)
{
	(void) conn;
	(void) dataset;
	(void) empty;
}

static void
selfhost_create_series(Conn *conn, Uuid uuid)
{
	static const char body[] = "{\"name\":\"bench\",\"si_unit\":\"C\"}";
	HttpAnswer answer = http_request(&conn->http, "POST", "/v2/timeseries", body, sizeof(body) - 1);
	const char *found = strstr(answer.body, "\"uuid\":\"");

	if (answer.status != 201 || found == NULL)
		fail("creation of a series", answer.body);
	memcpy(uuid, found + 8, UUID_LEN);
	uuid[UUID_LEN] = '\0';
}

static void
selfhost_body(Body *body, const char *dataset, const Uuid uuid, const Points *points, size_t first,
			  size_t n)
{
	(void) dataset;
	(void) uuid;
	for (size_t i = first; i < first + n; i++)
	{
		body_put(body, i == first ? "[{\"v\":" : ",{\"v\":", 6);
		body_puts(body, points->value[i]);
		body_put(body, ",\"ts\":\"", 7);
		body_puts(body, points->ts[i]);
		body_put(body, "\"}", 2);
	}
	body_put(body, "]", 1);
}

static void
selfhost_write(Conn *conn, const char *dataset, const Uuid uuid, const Body *body)
{
	char path[128];
	HttpAnswer answer;

	(void) dataset;
	snprintf(path, sizeof(path), "/v2/timeseries/%s/data", uuid);
	answer = http_request(&conn->http, "POST", path, body->data, body->len);
	if (answer.status != 201)
		fail("POST of points", answer.body);
}

static char *
selfhost_request(const Query *query)
{
	Body path = {0};
	char start[32];
	char end[32];
	char window[128];

	timestamp_text(start, query->start);
	timestamp_text(end, query->end);
	if (query->n_series == 1)
	{
		body_puts(&path, "/v2/timeseries/");
		body_puts(&path, query->series[0]);
		body_puts(&path, "/data?");
	}
	else
	{
		body_puts(&path, "/v2/tsquery?");
		for (int i = 0; i < query->n_series; i++)
		{
			body_puts(&path, "uuids=");
			body_puts(&path, query->series[i]);
			body_puts(&path, "&");
		}
	}
	snprintf(window, sizeof(window), "start=%s&end=%s%s%s", start, end,
			 query->precision != NULL ? "&precision=" : "",
			 query->precision != NULL ? query->precision : "");
	body_puts(&path, window);
	body_put(&path, "", 1);
	return path.data;
}

static size_t
selfhost_read(Conn *conn, const Query *query, const char *request, size_t *points)
{
	size_t bytes[256] = {0};
	HttpAnswer answer;

	conn->http.count = points != NULL ? bytes : NULL;
	answer = http_request(&conn->http, "GET", request, NULL, 0);
	if (answer.status != 200)
		fail("reading of points", answer.body);
	if (points != NULL)
		*points = bytes['{'] - (query->n_series > 1 ? (size_t) query->n_series : 0);
	return answer.len;
}

const Target target_selfhost = {
	.name = "selfhost",
	.open = selfhost_open,
	.close = selfhost_close,
	.create_dataset = selfhost_create_dataset,
	.create_series = selfhost_create_series,
	.body = selfhost_body,
	.write = selfhost_write,
	.request = selfhost_request,
	.read = selfhost_read,
};
