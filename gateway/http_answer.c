/*
 * http_answer.c: answers as libmicrohttpd's responses.
 */
#include "http_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cors.h"
#include "gzip.h"
#include "log.h"

/* How much of a stream is handed over at once. */
#define STREAM_BLOCK	 65536

#define LENGTH_HEADER	 "Content-Length:"

#define MAX_PROBLEM_BODY 2600

void
gw_http_add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (MHD_add_response_header(response, name, value) != MHD_YES)
		shc_warning("cannot add the header %s", name);
}

/* "Name: value", as functions of the extension give it. */
static void
add_header_line(struct MHD_Response *response, const char *line)
{
	const char *colon = strchr(line, ':');
	char name[256];

	if (colon == NULL || (size_t) (colon - line) >= sizeof(name))
		return;
	memcpy(name, line, (size_t) (colon - line));
	name[colon - line] = '\0';
	gw_http_add_header(response, name, colon + 1 + strspn(colon + 1, " "));
}

/* What a page of another origin may see of the answer. */
static void
add_cors(const GwConfig *config, GwRequest *request, struct MHD_Response *response)
{
	const char *allowed = gw_cors_allowed_origin(config, request->origin);
	const char *exposed;

	gw_http_add_header(response, "Vary", "Origin");
	/* A program may decide that for its own answers. */
	if (allowed == NULL || MHD_get_response_header(response, "Access-Control-Allow-Origin") != NULL)
		return;
	gw_http_add_header(response, "Access-Control-Allow-Origin", allowed);
	if (config->cors_credentials)
		gw_http_add_header(response, "Access-Control-Allow-Credentials", "true");
	exposed = gw_cors_join(&config->cors_exposed, request->arena);
	if (exposed != NULL && exposed[0] != '\0')
		gw_http_add_header(response, "Access-Control-Expose-Headers", exposed);
}

enum MHD_Result
gw_http_queue(GwHttp *http, struct MHD_Connection *connection, GwRequest *request, int status,
			  struct MHD_Response *response)
{
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	gw_http_add_header(response, "X-Request-Id", request->id);
	if (request->origin != NULL && request->kind != GW_REQUEST_PREFLIGHT)
		add_cors(http->config, request, response);
	if (http->is_stopping)
		gw_http_add_header(response, "Connection", "close");
	http->needs_run = true;
	request->status = status;
	request->is_answered = true;
	gw_client_enter(http, request->client, GW_CLIENT_ANSWERING);
	result = MHD_queue_response(connection, (unsigned int) status, response);
	MHD_destroy_response(response);
	return result;
}

static struct MHD_Response *
response_of(const char *body, size_t len)
{
	return MHD_create_response_from_buffer(len, (void *) body, MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result
answer_problem(GwHttp *http, struct MHD_Connection *connection, GwRequest *request)
{
	const GwProblem *problem = request->has_problem ? &request->problem : &request->job.problem;
	char body[MAX_PROBLEM_BODY];
	const char *type;
	size_t len = gw_problem_body(problem, request->accept, request->id, body, sizeof(body), &type);
	struct MHD_Response *response = response_of(body, len);

	if (response == NULL)
		return MHD_NO;
	gw_http_add_header(response, "Content-Type", type);
	gw_http_add_header(response, "X-Content-Type-Options", "nosniff");
	if (problem->status == 401)
		gw_http_add_header(response, "WWW-Authenticate", "Basic realm=\"Selfhost API\"");
	if (problem->status == 405 && request->allow != NULL)
		gw_http_add_header(response, "Allow", request->allow);
	if (problem->retry_after > 0)
	{
		char seconds[16];

		snprintf(seconds, sizeof(seconds), "%d", problem->retry_after);
		gw_http_add_header(response, "Retry-After", seconds);
	}
	if (problem->rate_per_hour > 0)
	{
		char rate[32];

		snprintf(rate, sizeof(rate), "%.0f", problem->rate_per_hour);
		gw_http_add_header(response, "X-RateLimit-Limit", rate);
		gw_http_add_header(response, "X-RateLimit-Remaining", "0");
	}
	request->bytes = len;
	return gw_http_queue(http, connection, request, problem->status, response);
}

static enum MHD_Result
answer_built_in(GwHttp *http, struct MHD_Connection *connection, GwRequest *request)
{
	struct MHD_Response *response;
	const char *body = "";
	size_t len = 0;
	int status = 200;

	if (request->kind == GW_REQUEST_STATUS)
	{
		body = ".";
		len = 1;
	}
	else if (request->kind == GW_REQUEST_DOCUMENT)
		body = gw_routes_json(http->routes, &len);
	else
		status = 204;
	/* The document lives as long as the routes. */
	response = MHD_create_response_from_buffer(len, (void *) body, MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return MHD_NO;
	if (request->kind == GW_REQUEST_OPTIONS)
		gw_http_add_header(response, "Allow", request->allow);
	else
		gw_http_add_header(response, "Content-Type",
						   request->kind == GW_REQUEST_STATUS ? "text/plain" : "application/json");
	request->bytes = len;
	return gw_http_queue(http, connection, request, status, response);
}

static enum MHD_Result
answer_preflight(GwHttp *http, struct MHD_Connection *connection, GwRequest *request)
{
	const GwConfig *config = http->config;
	const char *allowed = gw_cors_allowed_origin(config, request->origin);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, (void *) "", MHD_RESPMEM_PERSISTENT);
	char max_age[24];

	if (response == NULL)
		return MHD_NO;
	gw_http_add_header(response, "Vary", "Origin");
	gw_http_add_header(response, "Vary", "Access-Control-Request-Method");
	gw_http_add_header(response, "Vary", "Access-Control-Request-Headers");
	if (allowed != NULL &&
		gw_cors_allows(config, request->requested_method, request->requested_headers))
	{
		gw_http_add_header(response, "Access-Control-Allow-Origin", allowed);
		gw_http_add_header(response, "Access-Control-Allow-Methods", request->requested_method);
		if (request->requested_headers != NULL && request->requested_headers[0] != '\0')
			gw_http_add_header(response, "Access-Control-Allow-Headers",
							   request->requested_headers);
		if (config->cors_credentials)
			gw_http_add_header(response, "Access-Control-Allow-Credentials", "true");
		snprintf(max_age, sizeof(max_age), "%lld", (long long) config->cors_max_age);
		gw_http_add_header(response, "Access-Control-Max-Age", max_age);
	}
	return gw_http_queue(http, connection, request, 200, response);
}

/* ---- the answers of jobs ---- */

/*
 * Gives libmicrohttpd what has come of the body. Without anything the connection is suspended until
 * the job has changed: returning 0 alone would be asked again at once.
 */
static ssize_t
read_stream(void *context, uint64_t position, char *out, size_t size)
{
	GwRequest *request = context;
	GwJob *job = &request->job;
	size_t n;

	(void) position;
	bool has_ended = false;
	bool has_failed = false;

	if (job->is_broken)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (request->gzip != NULL)
		n = gw_gzip_read(request->gzip, job, out, size, &has_ended, &has_failed);
	else
	{
		n = gw_job_read(job, out, size);
		has_ended = job->is_complete && n == 0;
	}
	if (has_failed)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n > 0)
	{
		GwClient *client = request->client;

		client->since = shc_monotonic_us();
		((GwHttp *) request->owner)->needs_run = true;
		request->bytes += n;
		return (ssize_t) n;
	}
	/* A compressed stream that is whole has been read to its end in an earlier call. */
	if (has_ended || job->is_complete)
		return MHD_CONTENT_READER_END_OF_STREAM;
	request->is_suspended = true;
	MHD_suspend_connection(request->connection);
	return 0;
}

static bool
is_length(const char *header)
{
	return strncasecmp(header, LENGTH_HEADER, strlen(LENGTH_HEADER)) == 0;
}

/* Does the server write this header itself? Then what an operation says of it is not for the client. */
static bool
is_ours(const char *header)
{
	size_t len = strcspn(header, ":");

	return is_length(header) || gw_is_hop_by_hop(header, len) ||
		   (len == strlen("X-Request-Id") && strncasecmp(header, "X-Request-Id", len) == 0);
}

/* The whole body in one piece of memory. */
static struct MHD_Response *
whole_response(GwRequest *request)
{
	size_t len = request->job.buffered;
	char *body;

	request->bytes = len;
	if (len == 0)
		return MHD_create_response_from_buffer(0, (void *) "", MHD_RESPMEM_PERSISTENT);
	body = malloc(len);
	if (body == NULL)
		return NULL;
	gw_job_read(&request->job, body, len);
	return MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
}

/* The length of a stream that the operation knows before it begins: its header Content-Length. */
static uint64_t
announced_length(const GwJob *job)
{
	for (int i = 0; i < job->nheaders; i++)
	{
		if (is_length(job->header[i]))
			return strtoull(job->header[i] + strlen(LENGTH_HEADER), NULL, 10);
	}
	return MHD_SIZE_UNKNOWN;
}

static enum MHD_Result
answer_job(GwHttp *http, struct MHD_Connection *connection, GwRequest *request)
{
	GwJob *job = &request->job;
	struct MHD_Response *response;

	if (gw_gzip_is_wanted(http->config, request))
		request->gzip = gw_gzip_new((int) http->config->gzip_level);
	if (job->is_complete && request->gzip == NULL)
		response = whole_response(request);
	else
		response = MHD_create_response_from_callback(request->gzip == NULL ? announced_length(job)
																		   : MHD_SIZE_UNKNOWN,
													 STREAM_BLOCK, read_stream, request, NULL);
	if (response == NULL)
		return MHD_NO;
	if (job->content_type != NULL)
		gw_http_add_header(response, "Content-Type", job->content_type);
	if (request->gzip != NULL)
	{
		gw_http_add_header(response, "Content-Encoding", "gzip");
		gw_http_add_header(response, "Vary", "Accept-Encoding");
	}
	for (int i = 0; i < job->nheaders; i++)
	{
		if (!is_ours(job->header[i]))
			add_header_line(response, job->header[i]);
	}
	return gw_http_queue(http, connection, request, job->status, response);
}

enum MHD_Result
gw_http_answer(GwHttp *http, struct MHD_Connection *connection, GwRequest *request)
{
	if (request->has_problem || request->job.is_problem)
		return answer_problem(http, connection, request);
	if (request->kind == GW_REQUEST_PREFLIGHT)
		return answer_preflight(http, connection, request);
	if (request->kind == GW_REQUEST_STATIC)
		return gw_http_answer_static(http, connection, request);
	if (request->kind != GW_REQUEST_OPERATION)
		return answer_built_in(http, connection, request);
	return answer_job(http, connection, request);
}
