/*
 * http_head.c: the head of a request: what the library lets pass and we do not, and its size.
 */
#include "http_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *
lookup_header(void *context, const char *name)
{
	return MHD_lookup_connection_value(context, MHD_HEADER_KIND, name);
}

/* The library's walk over the headers, with ours in it. */
typedef struct HeaderWalk
{
	GwHeaderTaker take;
	void *taker;
} HeaderWalk;

static enum MHD_Result
pass_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	const HeaderWalk *walk = context;

	(void) kind;
	walk->take(walk->taker, name, value);
	return MHD_YES;
}

static void
walk_headers(void *context, GwHeaderTaker take, void *taker)
{
	HeaderWalk walk = {take, taker};

	MHD_get_connection_values(context, MHD_HEADER_KIND, pass_header, &walk);
}

static enum MHD_Result
check_header(void *context, enum MHD_ValueKind kind, const char *name, size_t len,
			 const char *value, size_t value_len)
{
	GwRequest *request = context;
	int status = 0;

	(void) kind;
	request->head_len += len + value_len + strlen(": \r\n");
	if (len == 0 || name[len - 1] == ' ' || name[len - 1] == '\t')
		status = 400;
	else if (strcasecmp(name, "Transfer-Encoding") == 0 &&
			 (value == NULL || strcasecmp(value, "chunked") != 0))
		status = 501;
	if (status == 0)
		return MHD_YES;
	request->has_problem = true;
	gw_problem_set(&request->problem, status,
				   status == 400 ? "a header's name is malformed"
								 : "Transfer-Encoding: must be chunked");
	return MHD_NO;
}

/* limits.headers. The request line is counted since it came; the target has a status of its own. */
static void
check_head_size(const GwHttp *http, GwRequest *request)
{
	size_t limit = (size_t) http->config->max_headers;

	if (request->has_problem || request->head_len <= limit)
		return;
	request->has_problem = true;
	if (request->target_len > limit)
		gw_problem_set(&request->problem, 414, "the request target is too long");
	else
		gw_problem_set(&request->problem, 431, "the headers are larger than %zu bytes", limit);
}

enum MHD_Result
gw_http_take_head(GwHttp *http, struct MHD_Connection *connection, GwRequest *request,
				  const char *method)
{
	const char *length = lookup_header(connection, "Content-Length");
	GwClient *client = request->client;
	bool is_malformed;

	gw_client_learn_memory(client, method);
	gw_proxies_client(http->proxies, client->address, lookup_header(connection, "X-Forwarded-For"),
					  request->address);
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, check_header, request);
	check_head_size(http, request);
	if (length != NULL && lookup_header(connection, "Transfer-Encoding") != NULL)
	{
		request->has_problem = true;
		gw_problem_set(&request->problem, 400,
					   "Content-Length: must not stand beside Transfer-Encoding");
	}
	is_malformed = request->has_problem;
	gw_request_head(request, method, http->routes, http->pools, lookup_header, walk_headers,
					connection);
	gw_client_enter(http, request->client, GW_CLIENT_BODY);
	/* Where the body ends is not known, or it is too far away: the answer closes the connection. */
	if (is_malformed ||
		(request->has_problem && length != NULL && strtoull(length, NULL, 10) > GW_MAX_DISCARD))
		return gw_http_answer(http, connection, request);
	return MHD_YES;
}
