/*
 * http_static.c: answers with static files: the documentation page and openapi.yaml.
 */
#include "http_internal.h"

#include <string.h>

#include "static_files.h"

/*
 * What the page may do: run scripts of ours, talk to this server, and nothing else. Swagger UI has
 * icons as data.
 */
#define CONTENT_SECURITY_POLICY                                   \
	"default-src 'none'; script-src 'self'; style-src 'self'; "   \
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; " \
	"form-action 'none'; frame-ancestors 'none'"

/* The page's folder without its slash leads to it, so that its relative addresses are right. */
#define PAGE_WITHOUT_SLASH "/static/swagger-ui"

static enum MHD_Result
answer_redirect(GwHttp *http, struct MHD_Connection *connection, GwRequest *request)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, (void *) "", MHD_RESPMEM_PERSISTENT);

	if (response == NULL)
		return MHD_NO;
	gw_http_add_header(response, "Location", "swagger-ui/");
	return gw_http_queue(http, connection, request, MHD_HTTP_MOVED_PERMANENTLY, response);
}

static bool
accepts_gzip(const GwHttp *http, const GwRequest *request)
{
	return http->config->gzip_level > 0 && request->accept_encoding != NULL &&
		   gw_accept_names(request->accept_encoding, "gzip");
}

enum MHD_Result
gw_http_answer_static(GwHttp *http, struct MHD_Connection *connection, GwRequest *request)
{
	const GwStaticFile *file = gw_static_files_find(http->static_files, request->path);
	const GwStaticBytes *bytes;
	struct MHD_Response *response;
	bool is_known;

	if (file == NULL && strcmp(request->path, PAGE_WITHOUT_SLASH) == 0)
		return answer_redirect(http, connection, request);
	if (file == NULL)
	{
		request->has_problem = true;
		gw_problem_set(&request->problem, 404, "not found");
		return gw_http_answer(http, connection, request);
	}
	bytes = accepts_gzip(http, request) && file->gzip.data != NULL ? &file->gzip : &file->plain;
	is_known = gw_static_etag_matches(
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match"), bytes->etag);
	request->bytes = is_known ? 0 : bytes->len;
	/* With 304 the library sends the length, but not the body. */
	response = MHD_create_response_from_buffer(bytes->len, bytes->data, MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return MHD_NO;
	gw_http_add_header(response, "ETag", bytes->etag);
	if (file->gzip.data != NULL)
		gw_http_add_header(response, "Vary", "Accept-Encoding");
	/* Asked again each time, and then mostly 304: a new version is seen at once. */
	gw_http_add_header(response, "Cache-Control", "no-cache");
	if (!is_known)
	{
		if (bytes == &file->gzip)
			gw_http_add_header(response, "Content-Encoding", "gzip");
		gw_http_add_header(response, "Content-Type", file->media_type);
		gw_http_add_header(response, "X-Content-Type-Options", "nosniff");
		gw_http_add_header(response, "Referrer-Policy", "no-referrer");
		gw_http_add_header(response, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
	}
	return gw_http_queue(http, connection, request, is_known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK,
						 response);
}
