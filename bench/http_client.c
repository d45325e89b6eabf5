/*
 * bench/http_client.c: see http_client.h.
 */
#include "http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static void
die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

void
http_open(HttpClient *client, const char *host, int port, const char *authorization)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
	int one = 1;

	snprintf(client->host, sizeof(client->host), "%s", host);
	client->port = port;
	client->authorization = authorization;
	client->accept = NULL;
	client->is_last = false;
	client->count = NULL;
	client->capacity = 1 << 16;
	client->buf = malloc(client->capacity);
	client->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (client->buf == NULL || client->fd < 0)
		die("cannot open a socket");
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
		connect(client->fd, (struct sockaddr *) &address, sizeof(address)) != 0)
		die("cannot connect");
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

void
http_close(HttpClient *client)
{
	close(client->fd);
	free(client->buf);
	client->buf = NULL;
}

static void
send_all(HttpClient *client, struct iovec *iov, int n)
{
	while (n > 0)
	{
		ssize_t sent = writev(client->fd, iov, n);

		if (sent < 0)
		{
			if (errno == EINTR)
				continue;
			die("cannot send");
		}
		while (n > 0 && (size_t) sent >= iov->iov_len)
		{
			sent -= (ssize_t) iov->iov_len;
			iov++;
			n--;
		}
		if (n > 0)
		{
			iov->iov_base = (char *) iov->iov_base + sent;
			iov->iov_len -= (size_t) sent;
		}
	}
}

static void
send_request(HttpClient *client, const char *method, const char *path, const char *body, size_t len)
{
	char head[16384];
	struct iovec iov[2];
	int n = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: %s:%d\r\n", method, path,
					 client->host, client->port);

	if (n > (int) sizeof(head) - 1024)
		die("the request line is too long");
	if (client->authorization != NULL)
		n += snprintf(head + n, sizeof(head) - n, "Authorization: %s\r\n", client->authorization);
	if (client->is_last)
		n += snprintf(head + n, sizeof(head) - n, "Connection: close\r\n");
	if (client->accept != NULL)
		n += snprintf(head + n, sizeof(head) - n, "Accept: %s\r\n", client->accept);
	if (body != NULL)
		n += snprintf(head + n, sizeof(head) - n,
					  "Content-Type: application/json\r\nContent-Length: %zu\r\n", len);
	n += snprintf(head + n, sizeof(head) - n, "\r\n");
	iov[0] = (struct iovec){head, (size_t) n};
	iov[1] = (struct iovec){(char *) body, body != NULL ? len : 0};
	send_all(client, iov, body != NULL ? 2 : 1);
}

void
http_send_get(HttpClient *client, const char *path)
{
	send_request(client, "GET", path, NULL, 0);
}

/* Reads more bytes behind *have; ends the program when the peer is gone. */
static void
receive(HttpClient *client, size_t *have)
{
	ssize_t n;

	if (client->capacity - *have < 1 << 16)
	{
		client->capacity *= 2;
		client->buf = realloc(client->buf, client->capacity);
		if (client->buf == NULL)
			die("out of memory");
	}
	do
		n = recv(client->fd, client->buf + *have, client->capacity - *have - 1, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		die("the server closed the connection");
	*have += (size_t) n;
	client->buf[*have] = '\0';
}

/* The next byte of the answer; *at and *have are where the buffer is. */
static int
next_byte(HttpClient *client, size_t *at, size_t *have)
{
	if (*at == *have)
	{
		*at = *have = 0;
		receive(client, have);
	}
	return (unsigned char) client->buf[(*at)++];
}

/* What of the body has arrived. */
static void
count_bytes(HttpClient *client, const char *body, size_t len)
{
	for (size_t i = 0; client->count != NULL && i < len; i++)
		client->count[(unsigned char) body[i]]++;
}

/*
 * Reads a chunked body to its end, as a client that works on it piece by piece; returns its length.
 * at: offset of the first chunk. The buffer holds nothing of use afterwards.
 */
static size_t
read_chunks(HttpClient *client, size_t at, size_t have)
{
	size_t len = 0;

	for (;;)
	{
		char digits[20] = "";
		size_t n = 0;
		size_t left;
		int c;

		while ((c = next_byte(client, &at, &have)) != '\n')
		{
			if (n < sizeof(digits) - 1)
				digits[n++] = (char) c;
		}
		left = strtoul(digits, NULL, 16);
		len += left;
		for (size_t rest = left + 2; rest > 0;)
		{
			size_t here;

			if (at == have)
			{
				at = have = 0;
				receive(client, &have);
			}
			here = have - at < rest ? have - at : rest;
			count_bytes(client, client->buf + at,
						rest > 2 ? (here < rest - 2 ? here : rest - 2) : 0);
			at += here;
			rest -= here;
		}
		if (left == 0)
			return len;
	}
}

HttpAnswer
http_request(HttpClient *client, const char *method, const char *path, const char *body, size_t len)
{
	HttpAnswer answer = {0};
	size_t have = 0;
	size_t head;
	char *end;
	char *header;

	send_request(client, method, path, body, len);
	client->buf[0] = '\0';
	while ((end = strstr(client->buf, "\r\n\r\n")) == NULL)
		receive(client, &have);
	head = (size_t) (end - client->buf) + 4;
	answer.status = (int) strtol(client->buf + 9, NULL, 10);

	if (answer.status != 204 && (header = strcasestr(client->buf, "\ncontent-length:")) != NULL &&
		header < end)
	{
		answer.len = strtoul(header + 16, NULL, 10);
		while (have - head < answer.len)
			receive(client, &have);
		count_bytes(client, client->buf + head, answer.len);
	}
	else if ((header = strcasestr(client->buf, "\ntransfer-encoding: chunked")) != NULL &&
			 header < end)
		answer.len = read_chunks(client, head, have);
	answer.body = client->buf + head;
	client->count = NULL;
	return answer;
}
