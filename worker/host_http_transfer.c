/*
 * host_http_transfer.c: libcurl: one request and its answer.
 *
 * libcurl 7.88 calls connect(2) although it is told that the socket is connected, and takes EISCONN for
 * a failure. The sandbox answers that call with EINPROGRESS, whereupon libcurl asks the socket itself,
 * and finds it connected.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "host_http.h"
#include "host_http_trust.h"
#include "log.h"

/* Of RFC 5737: an address that nobody has. Every connection seems to go there. */
#define PLACEHOLDER "192.0.2.1"

/* Milliseconds that libcurl can count with. */
#define LONGEST 86400000L

/* ---- once ---- */

bool
wk_http_prepare(const char *path)
{
	static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt",
										 "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
	static bool is_loaded;

	if (!is_loaded && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
	{
		shc_error("cannot load libcurl");
		return false;
	}
	is_loaded = true;
	if (path != NULL)
	{
		if (wk_trust_load(path))
			return true;
		shc_error("cannot read the certificates in %s: %s", path,
				  errno != 0 ? strerror(errno) : "there are none");
		return false;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (wk_trust_load(places[i]))
			return true;
	shc_warning("there are no certificates on this machine: programs cannot use https");
	return true;
}

/* ---- what libcurl calls ---- */

static curl_socket_t
open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	WkHttp *http = context;
	const WkTask *task = http->state->task;
	int fd;

	(void) purpose;
	(void) address;
	http->error.text[0] = '\0';
	if (task == NULL || task->host->connect == NULL)
	{
		snprintf(http->error.text, sizeof(http->error.text), "there is no network here");
		return CURL_SOCKET_BAD;
	}
	fd = task->host->connect(task->host->context, http->host, http->port, task->deadline,
							 &http->error);
	if (fd < 0 && http->error.text[0] == '\0')
		snprintf(http->error.text, sizeof(http->error.text), "cannot connect");
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int
already_connected(void *context, curl_socket_t fd, curlsocktype purpose)
{
	(void) context;
	(void) fd;
	(void) purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static size_t
on_body(char *data, size_t size, size_t n, void *context)
{
	WkHttp *http = context;

	if (shc_buf_append(&http->body, data, size * n))
		return size * n;
	http->is_body_too_large = true;
	return 0;
}

/* "x-probe" becomes "X-Probe". */
static void
append_canonical(ShcBuf *out, const char *name, size_t len)
{
	bool first = true;

	for (size_t i = 0; i < len; i++)
	{
		char c = name[i];

		if (first && c >= 'a' && c <= 'z')
			c = (char) (c - 32);
		else if (!first && c >= 'A' && c <= 'Z')
			c = (char) (c + 32);
		first = name[i] == '-';
		shc_buf_append(out, &c, 1);
	}
}

static size_t
on_header(char *data, size_t size, size_t n, void *context)
{
	WkHttp *http = context;
	size_t len = size * n;
	const char *end = data + len;
	const char *colon = memchr(data, ':', len);
	const char *value;

	/* A status line: of this answer, or of one before it (100 Continue). */
	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
	{
		shc_buf_reset(&http->headers);
		return len;
	}
	if (colon == NULL || colon == data)
		return len;
	value = colon + 1;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ' || end[-1] == '\t'))
		end--;
	append_canonical(&http->headers, data, (size_t) (colon - data));
	shc_buf_append(&http->headers, ": ", 2);
	shc_buf_append(&http->headers, value, (size_t) (end - value));
	if (shc_buf_append(&http->headers, "\n", 1))
		return len;
	http->is_headers_too_large = true;
	return 0;
}

/* ---- a request ---- */

WkHttp *
wk_http_of(WkHostState *state)
{
	WkHttp *http = state->http;
	size_t most = WK_HTTP_BODY_MAX < state->memory.limit ? WK_HTTP_BODY_MAX : state->memory.limit;

	if (http != NULL)
		return http;
	http = calloc(1, sizeof(*http));
	if (http == NULL)
		return NULL;
	http->easy = curl_easy_init();
	if (http->easy == NULL)
	{
		free(http);
		return NULL;
	}
	http->state = state;
	shc_buf_init(&http->body, most);
	shc_buf_init(&http->headers, WK_HTTP_HEADERS_MAX);
	state->http = http;
	return http;
}

void
wk_http_close(WkHostState *state)
{
	WkHttp *http = state->http;

	if (http == NULL)
		return;
	curl_easy_cleanup(http->easy);
	shc_buf_free(&http->body);
	shc_buf_free(&http->headers);
	free(http);
	state->http = NULL;
}

/* Milliseconds until the deadline, 0 when it is over. */
static long
time_left(const WkHostState *state)
{
	struct timespec now;
	int64_t left;

	if (state->task == NULL)
		return 60000;
	clock_gettime(CLOCK_MONOTONIC, &now);
	left = state->task->deadline / 1000 - ((int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000);
	return left <= 0 ? 0 : left > LONGEST ? LONGEST : (long) left;
}

/* Takes host and port of the URL apart. NULL: good. */
static const char *
take_address(WkHttp *http, const char *url)
{
	CURLU *parts = curl_url();
	char *host = NULL;
	char *port = NULL;
	char *scheme = NULL;
	const char *why = "it is no URL";
	bool is_url = parts != NULL &&
				  curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
				  curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK;
	size_t len;

	if (is_url && strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0)
		why = "its scheme is neither http nor https";
	else if (is_url && curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK)
	{
		const char *start = host[0] == '[' ? host + 1 : host;

		len = strlen(start) - (host[0] == '[' ? 1 : 0);
		if (len == 0 || len >= sizeof(http->host))
			why = "it names no host";
		else if (curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
		{
			memcpy(http->host, start, len);
			http->host[len] = '\0';
			http->port = (int) strtol(port, NULL, 10);
			why = NULL;
		}
	}
	curl_free(host);
	curl_free(port);
	curl_free(scheme);
	curl_url_cleanup(parts);
	return why;
}

static bool
is_credential(const WkEntry *header)
{
	static const char *const names[] = {"authorization", "cookie", "www-authenticate"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == header->key_len &&
			strncasecmp(names[i], header->key, header->key_len) == 0)
			return true;
	return false;
}

static bool
is_named(const WkEntry *header, const char *name)
{
	return strlen(name) == header->key_len && strncasecmp(name, header->key, header->key_len) == 0;
}

static bool
add_line(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

/* The request's headers. Without these lines libcurl would add some of its own. */
static bool
make_headers(const WkHttpRequest *request, struct curl_slist **list)
{
	bool has_type = request->content_type != NULL;
	ShcBuf line;
	bool good = add_line(list, "Expect:");

	shc_buf_init(&line, WK_HTTP_HEADERS_MAX);
	for (size_t i = 0; good && request->headers != NULL && i < request->headers->map.n; i++)
	{
		const WkEntry *header = &request->headers->map.entries[i];

		if ((request->is_elsewhere && is_credential(header)) ||
			(request->content_type != NULL && is_named(header, "content-type")))
			continue;
		has_type |= is_named(header, "content-type");
		shc_buf_reset(&line);
		shc_buf_append(&line, header->key, header->key_len);
		/* An empty value has a form of its own. */
		if (header->value.text.len == 0)
			shc_buf_append(&line, ";", 1);
		else
		{
			shc_buf_append(&line, ": ", 2);
			shc_buf_append(&line, header->value.text.data, header->value.text.len);
		}
		good = !line.failed && add_line(list, line.data);
	}
	shc_buf_reset(&line);
	shc_buf_printf(&line, "Content-Type:%s%s", request->content_type != NULL ? " " : "",
				   request->content_type != NULL ? request->content_type : "");
	if (request->content_type != NULL || !has_type)
		good = good && add_line(list, line.data);
	shc_buf_free(&line);
	return good;
}

static void
set_request(CURL *easy, const WkHttpRequest *request)
{
	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	if (request->body != NULL)
	{
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
	}
	else
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void
set_manners(WkHttp *http, struct curl_slist *headers, struct curl_slist *connect_to, long left)
{
	CURL *easy = http->easy;

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, left);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, left);
	/* It has nothing to wait for, but would first let so much time pass. */
	curl_easy_setopt(easy, CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, http);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, already_connected);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, http->state->traits->client);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
	/* Verifying is libcurl's default; said here because so much hangs on it. */
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	wk_trust_use(easy);
}

static void
explain(const WkHttp *http, CURLcode code, const char *message, char text[256])
{
	if (http->is_body_too_large)
		snprintf(text, 256, "the body is larger than %zu bytes", http->body.max);
	else if (http->is_headers_too_large)
		snprintf(text, 256, "the headers are larger than %zu bytes", WK_HTTP_HEADERS_MAX);
	else if (http->error.text[0] != '\0')
		snprintf(text, 256, "%.255s", http->error.text);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		snprintf(text, 256, "no answer before the deadline");
	else
		snprintf(text, 256, "%s", message[0] != '\0' ? message : curl_easy_strerror(code));
}

/* After a good transfer: the status, and where it leads. */
static void
take_result(WkHttp *http)
{
	long status = 0;
	const char *location = NULL;

	curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(http->easy, CURLINFO_REDIRECT_URL, &location);
	http->status = (int) status;
	http->location[0] = '\0';
	if (location != NULL && strlen(location) < sizeof(http->location))
		memcpy(http->location, location, strlen(location) + 1);
}

bool
wk_http_transfer(WkHttp *http, const WkHttpRequest *request, char text[256])
{
	char message[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	struct curl_slist *connect_to = NULL;
	long left = time_left(http->state);
	const char *why = take_address(http, request->url);
	CURLcode code = CURLE_OUT_OF_MEMORY;

	http->error.text[0] = '\0';
	http->is_body_too_large = http->is_headers_too_large = false;
	shc_buf_reset(&http->body);
	shc_buf_reset(&http->headers);
	if (why != NULL || left == 0)
	{
		snprintf(text, 256, "%s", why != NULL ? why : "no answer before the deadline");
		return false;
	}
	curl_easy_reset(http->easy);
	curl_easy_setopt(http->easy, CURLOPT_ERRORBUFFER, message);
	set_request(http->easy, request);
	if (add_line(&connect_to, "::" PLACEHOLDER ":") && make_headers(request, &headers))
	{
		set_manners(http, headers, connect_to, left);
		code = curl_easy_perform(http->easy);
	}
	if (code == CURLE_OK)
		take_result(http);
	else
		explain(http, code, message, text);
	/* The strings above end here. */
	curl_easy_setopt(http->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_slist_free_all(headers);
	curl_slist_free_all(connect_to);
	return code == CURLE_OK;
}
