/*
 * http_client.h: a small blocking HTTP/1.1 client for measuring: one connection, keep-alive, bodies
 * by Content-Length or in chunks. Not for anything else.
 */
#ifndef BENCH_HTTP_CLIENT_H
#define BENCH_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct HttpClient
{
	int fd;
	char host[64];
	int port;
	const char *authorization; /* the header's value; NULL: none */
	const char *accept;		   /* NULL, or what the Accept header asks for */
	bool is_last;			   /* the next request asks the server to close */
	size_t *count;			   /* NULL, or 256 counters of the bytes in the next answer's body */
	char *buf;				   /* head and body as received, chunk framing removed */
	size_t capacity;
} HttpClient;

typedef struct HttpAnswer
{
	int status;
	const char *body; /* valid until the next request on the client */
	size_t len;
} HttpAnswer;

/* Connects; ends the program with a message when that fails. */
extern void http_open(HttpClient *client, const char *host, int port, const char *authorization);
extern void http_close(HttpClient *client);

/* Sends a request and reads the whole answer; ends the program when the connection breaks. */
extern HttpAnswer http_request(HttpClient *client, const char *method, const char *path,
							   const char *body, size_t len);

/* Sends a GET and returns without reading anything. */
extern void http_send_get(HttpClient *client, const char *path);

#endif
