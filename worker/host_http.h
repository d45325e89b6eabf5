/*
 * host_http.h: HTTP for programs, with libcurl, over sockets that the run's host connects.
 *
 * libcurl resolves no name and opens no socket: it is told to connect everything to one placeholder
 * address, and gets a socket from WkHost.connect() instead. Redirects are followed here, one request
 * after the other, so that each goes through connect() with its own name.
 */
#ifndef SH_WORKER_HOST_HTTP_H
#define SH_WORKER_HOST_HTTP_H

#include "host_value.h"

#define WK_HTTP_BODY_MAX	  ((size_t) 16 * 1024 * 1024)
#define WK_HTTP_HEADERS_MAX	  ((size_t) 128 * 1024)
#define WK_HTTP_REDIRECTS_MAX 10

extern const WkMember wk_http_members[];

/*
 * Once, while files may still be opened: loads libcurl and the certificates that are trusted.
 * certificates: a file in PEM; NULL: the system's. False: logged.
 */
extern bool wk_http_prepare(const char *certificates);

/* Closes a run's connections. */
extern void wk_http_close(WkHostState *state);

/* ---- one request; host_http_transfer.c ---- */

typedef struct WkHttp WkHttp;

typedef struct WkHttpRequest
{
	const char *method;
	const char *url;
	const char *body; /* NULL: none */
	size_t body_len;
	const WkValue *headers;	  /* a map of texts; NULL: none */
	const char *content_type; /* wins over that of headers; NULL: none */
	bool is_elsewhere;		  /* redirected to another host: no credentials */
} WkHttpRequest;

struct WkHttp
{
	void *easy; /* CURL */
	WkHostState *state;
	ShcBuf body;
	ShcBuf headers; /* lines "Name: value", with a line feed each, names in canonical form */
	char host[256]; /* of the request */
	int port;
	char location[8192]; /* where a redirect leads; empty: nowhere */
	int status;
	WkError error; /* of connect() */
	bool is_body_too_large;
	bool is_headers_too_large;
};

/* The run's; NULL: no memory. */
extern WkHttp *wk_http_of(WkHostState *state);

/* False: why is in text (256 bytes). */
extern bool wk_http_transfer(WkHttp *http, const WkHttpRequest *request, char text[256]);

/* ---- queries and forms; host_http_form.c ---- */

/* Appends a query's or form's part of %-escapes. */
extern void wk_form_append_escaped(ShcBuf *out, const char *data, size_t len);

/* Appends key=value&... of a list of texts "key=value", sorted by key; the last of equal keys. Raises. */
extern bool wk_form_append(WkHostCall *call, ShcBuf *out, int argument);

/* The URL with the pairs of argument i added to its query, sorted; in the arena. Raises. */
extern bool wk_url_with_query(WkHostCall *call, int url, int query, const char **out);

/* Whether two URLs name the same host and port. */
extern bool wk_url_same_host(const char *a, const char *b);

#endif
