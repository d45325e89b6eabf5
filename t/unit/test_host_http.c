/*
 * test_host_http.c: the http module against a server that behaves in every way (http_server.pl).
 *
 * Names are not resolved: the host of this test connects all of them to this machine, but one, and
 * remembers them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host_call.h"
#include "host_http.h"

static int port;
static int good_port;
static int bad_port;
static char certificate[256];
static char connected[1000]; /* names, with a space behind each */

static int
connect_here(void *context, const char *host, int to, int64_t deadline, WkError *error)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) to)};
	size_t used = strlen(connected);
	int fd;

	(void) context;
	(void) deadline;
	snprintf(connected + used, sizeof(connected) - used, "%s ", host);
	if (strcmp(host, "denied.test") == 0)
	{
		snprintf(error->text, sizeof(error->text), "the address is not allowed");
		return -1;
	}
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0)
		return fd;
	close(fd);
	snprintf(error->text, sizeof(error->text), "connection refused");
	return -1;
}

/*
 * As in the sandbox: libcurl's own connect(2) of a socket that is connected goes on for ever, as it
 * seems.
 */
int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
	struct sockaddr_storage peer;
	socklen_t peer_len = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *) &peer, &peer_len) != 0)
		return (int) syscall(SYS_connect, fd, address, len);
	errno = EINPROGRESS;
	return -1;
}

/* The server ends when its input does. */
static pid_t
start_server(int *input)
{
	int to[2];
	int from[2];
	char line[400] = "";
	pid_t pid;

	if (pipe(to) != 0 || pipe(from) != 0)
		abort();
	pid = fork();
	if (pid == 0)
	{
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[0]);
		close(to[1]);
		close(from[0]);
		close(from[1]);
		execlp("perl", "perl", "http_server.pl", (char *) NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	*input = to[1];
	for (size_t n = 0; n < sizeof(line) - 1 && read(from[0], line + n, 1) == 1 && line[n] != '\n';)
		n++;
	close(from[0]);
	if (sscanf(line, "%d %d %d %255s", &port, &good_port, &bad_port, certificate) != 4)
	{
		printf("Bail out! http_server.pl does not start\n");
		exit(1);
	}
	return pid;
}

/* "%P": the port. */
static const char *
call(const char *path, const char *arguments)
{
	char text[4000] = "";
	size_t n = 0;

	for (const char *p = arguments; *p != '\0' && n < sizeof(text) - 10; p++)
	{
		if (p[0] == '%' && p[1] == 'P')
		{
			n += (size_t) snprintf(text + n, sizeof(text) - n, "%d", port);
			p++;
		}
		else
			text[n++] = *p;
	}
	text[n] = '\0';
	connected[0] = '\0';
	return host_call(path, text);
}

/* The value of "key":... in the last result. */
static const char *
part(const char *key)
{
	static char value[4000];
	const char *found = strstr(host_result, key);
	const char *end;

	if (found == NULL)
		return host_result;
	found += strlen(key) + 2;
	if (*found != '"')
	{
		snprintf(value, sizeof(value), "%.*s", (int) strcspn(found, ",}"), found);
		return value;
	}
	end = found + 1;
	while (*end != '"')
		end += *end == '\\' ? 2 : 1;
	snprintf(value, sizeof(value), "%.*s", (int) (end - found - 1), found + 1);
	return value;
}

typedef struct Sent
{
	const char *path;
	const char *arguments;
	const char *echo;
} Sent;

#define AGENT "User-Agent: test/1|"
#define E	  "http://a.test:%P/echo"

/* clang-format off */
static const Sent sent[] = {
	{"http.get", "[\"" E "\"]", "GET /echo|" AGENT}, {"http.get", "[\"" E "?b=2&a=1#x\",[\"c= 3&\",\"a=0\"]]", "GET /echo?a=1&a=0&b=2&c=+3%26|" AGENT},
	{"http.get", "[\"" E "\",{\"x\":1,\"a\":true}]", "GET /echo?a=true&x=1|" AGENT}, {"http.get", "[\"" E "?q=%41%zz\",null,{\"X-Mine\":\"v\",\"User-Agent\":\"me\"}]", "GET /echo?q=%41%zz|User-Agent: me|X-Mine: v|"},
	{"http.post", "[\"" E "\",null,{\"Content-Type\":\"application/json\"},\"{}\"]", "POST /echo|Content-Length: 2|Content-Type: application/json|" AGENT "{}"}, {"http.post", "[\"" E "\"]", "POST /echo|Content-Length: 0|" AGENT},
	{"http.put", "[\"" E "\",[],{},42]", "PUT /echo|Content-Length: 2|" AGENT "42"}, {"http.delete", "[\"" E "\"]", "DELETE /echo|" AGENT}, {"http.delete", "[\"" E "\",null,null,\"x\"]", "DELETE /echo|Content-Length: 1|" AGENT "x"},
	{"http.postform", "[\"" E "\",[\"b=1\",\"a=x y\",\"b=2\"],{\"Content-Type\":\"text/plain\"}]", "POST /echo|Content-Length: 9|Content-Type: application/x-www-form-urlencoded|" AGENT "a=x+y&b=2"},
	{"http.get", "[\"http://me:secret@a.test:%P/echo\"]", "GET /echo|Authorization: Basic bWU6c2VjcmV0|" AGENT}, {"http.get", "[\"http://a.test:%P/chunked\"]", "abcde"}, {"http.get", "[\"http://a.test:%P/continue\"]", "after"},
	/* redirects */
	{"http.post", "[\"http://a.test:%P/see\",null,{\"Content-Type\":\"a/b\"},\"x\"]", "GET /echo|Content-Type: a/b|" AGENT}, {"http.put", "[\"http://a.test:%P/found\",null,null,\"x\"]", "GET /echo|" AGENT}, {"http.post", "[\"http://a.test:%P/temporary\",null,null,\"xyz\"]", "POST /echo|Content-Length: 3|" AGENT "xyz"},
	{"http.get", "[\"http://a.test:%P/temporary\",null,{\"Authorization\":\"k\"}]", "GET /echo|Authorization: k|" AGENT}, {"http.get", "[\"http://a.test:%P/elsewhere\",null,{\"Authorization\":\"k\",\"cookie\":\"c\",\"X\":\"y\"}]", "GET /echo|" AGENT "X: y|"},
};

static const HostCase failing[] = {
	{"http.get", "[\"http://a.test:%P/early\"]", "error: GET http://a.test:%P/early: Empty reply from server"}, {"http.get", "[\"http://a.test:%P/short\"]", "error: GET http://a.test:%P/short: *"},
	{"http.get", "[\"http://a.test:%P/garbage\"]", "error: GET http://a.test:%P/garbage: Received HTTP/0.9 when not allowed"}, {"http.get", "[\"http://a.test:%P/huge\"]", "error: GET http://a.test:%P/huge: the body is larger than 16777216 bytes"},
	{"http.get", "[\"http://a.test:%P/heads\"]", "error: GET http://a.test:%P/heads: the headers are larger than 131072 bytes"}, {"http.get", "[\"http://a.test:%P/loop\"]", "error: GET http://a.test:%P/loop: stopped after 10 redirects"},
	{"http.get", "[\"http://a.test:%P/hops/10\"]", "error: GET http://hop0.test:%P/echo: stopped after 10 redirects"}, {"http.get", "[\"http://denied.test/\"]", "error: GET http://denied.test/: the address is not allowed"}, {"http.get", "[\"http://a.test:%P/inside\"]", "error: GET http://denied.test:%P/echo: the address is not allowed"},
	{"http.get", "[\"http://a.test:%P/file\"]", "error: GET file:///etc/passwd: its scheme is neither http nor https"}, {"http.get", "[\"http://a.test:1/\"]", "error: GET http://a.test:1/: connection refused"}, {"http.get", "[\"http://me:secret@denied.test/x?key=secret\"]", "error: GET http://denied.test/x: the address is not allowed"},
	{"http.get", "[\"\"]", "error: GET : it is no URL"}, {"http.get", "[\"http://\"]", "error: GET http://: it is no URL"}, {"http.get", "[\"http://a.test:99999/\"]", "error: GET http://a.test:99999/: it is no URL"},
	{"http.get", "[\"http://a.test/\",[\"nothing\"]]", "raised: argument 2: element 1 must be a text \"key=value\""}, {"http.get", "[\"http://a.test/\",\"a=b\"]", "raised: argument 2: array"}, {"http.get", "[\"http://a.test/\",null,\"x\"]", "raised: argument 3: map"},
	{"http.get", "[\"http://a.test/\",null,{\"A\":1}]", "raised: header \"A\": name and value must be texts of one line"}, {"http.get", "[\"http://a.test/\",null,{\"A\":\"x\\r\\nB: y\"}]", "raised: header \"A\": name and value must be texts of one line"},
	{"http.get", "[\"http://a.test/\",null,{\"A: b\":\"x\"}]", "raised: header \"A: b\": name and value must be texts of one line"}, {"http.get", "[\"http://a.test/\\u0000\"]", "raised: the URL has a zero byte"}, {"http.toformdata", "[[\"a=1 2\",\"b=ü\"]]", "\"a=1+2&b=%C3%BC\""},
	{"http.get", "[\"http://a.test/ \\r\\nX: y\"]", "error: GET http://a.test/ \?\?X: y: it is no URL"},
};
/* clang-format on */

/* A "*" at the end stands for words of libcurl's that differ between its versions. */
static const char *
up_to_mark(const char *text, const char *expected)
{
	static char shown[400];
	size_t n = strlen(expected) - 1;

	if (expected[n] != '*' || strncmp(text, expected, n) != 0 || text[n] == '\0')
		return text;
	snprintf(shown, sizeof(shown), "%.*s*", (int) n, text);
	return shown;
}

static void
test_failing(void)
{
	for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++)
	{
		char expected[400];
		const char *mark = strstr(failing[i].expected, "%P");

		/* Of %C3%BC nothing is a mark. */
		if (mark != NULL)
			snprintf(expected, sizeof(expected), "%.*s%d%s", (int) (mark - failing[i].expected),
					 failing[i].expected, port, mark + 2);
		else
			snprintf(expected, sizeof(expected), "%s", failing[i].expected);
		is_str(up_to_mark(call(failing[i].path, failing[i].arguments), expected), expected,
			   failing[i].arguments);
	}
}

static void
test_answers(void)
{
	call("http.get", "[\"http://a.test:%P/status/404\"]");
	is_str(part("StatusCode"), "404", "a status that is no success is a result");
	is_str(part("ContentLength"), "10", "with its length");
	call("http.get", "[\"http://a.test:%P/names\"]");
	ok(strstr(host_result, "\"X-Lower\":[\"a\"]") != NULL, "names of headers are canonical");
	ok(strstr(host_result, "\"Set-Cookie\":[\"1\",\"2\"]") != NULL, "values are lists");
	ok(strstr(host_result, "\"Empty\":[\"\"]") != NULL, "one may be empty");
	call("http.get", "[\"http://a.test:%P/continue\"]");
	ok(strstr(host_result, "X-Early") == NULL, "headers of an interim answer are gone");
	call("http.get", "[\"http://a.test:%P/hops/9\"]");
	is_str(part("StatusCode"), "200", "ten redirects are followed");
	is_str(connected,
		   "hop8.test hop7.test hop6.test hop5.test hop4.test hop3.test hop2.test hop1.test "
		   "hop0.test ",
		   "the host connects each of them");
	call("http.get", "[\"http://[::1]:%P/echo\"]");
	is_str(connected, "::1 ", "an address of IPv6 is without its brackets");
}

static void
test_tls(void)
{
	char arguments[200];

	snprintf(arguments, sizeof(arguments), "[\"https://good.test:%d/\"]", good_port);
	call("http.get", arguments);
	is_str(part("StatusCode"), "200", "a certificate that is trusted");
	snprintf(arguments, sizeof(arguments), "[\"https://wrong.test:%d/\"]", good_port);
	ok(strncmp(call("http.get", arguments), "error: ", 7) == 0 &&
		   strstr(host_result, "no alternative certificate subject name") != NULL,
	   "one with another name: %s", host_result);
	snprintf(arguments, sizeof(arguments), "[\"https://bad.test:%d/\"]", bad_port);
	ok(strncmp(call("http.get", arguments), "error: ", 7) == 0 &&
		   strstr(host_result, "certificate") != NULL,
	   "one that nobody vouches for: %s", host_result);
	snprintf(arguments, sizeof(arguments), "[\"https://good.test:%d/\"]", port);
	ok(strncmp(call("http.get", arguments), "error: ", 7) == 0, "no TLS at all: %s", host_result);
}

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
test_deadline(WkTask *task)
{
	static const char *const pages[] = {"silent", "drip"};

	for (size_t i = 0; i < 2; i++)
	{
		char arguments[100];
		int64_t start = now_us();

		snprintf(arguments, sizeof(arguments), "[\"http://slow.test:%%P/%s\"]", pages[i]);
		task->deadline = start + 300000;
		ok(strstr(call("http.get", arguments), "no answer before the deadline") != NULL, "%s",
		   host_result);
		ok(now_us() - start >= 250000 && now_us() - start < 3000000, "ends at the deadline");
	}
	task->deadline = now_us() - 1;
	connected[0] = '\0';
	ok(strstr(call("http.get", "[\"http://a.test:%P/echo\"]"), "no answer before the deadline") !=
		   NULL,
	   "nothing begins behind it");
	is_str(connected, "", "not even a connection");
	task->deadline = INT64_MAX / 2;
}

int
main(void)
{
	WkHost host = {.connect = connect_here};
	WkTask task = {.host = &host, .memory = 64 * 1024 * 1024, .deadline = INT64_MAX / 2};
	int input;
	int status;
	pid_t server;

	/* A proxy of the environment does not count. */
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	signal(SIGPIPE, SIG_IGN);
	server = start_server(&input);
	ok(wk_http_prepare(certificate), "certificates are loaded");
	host_begin(&task);
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++)
	{
		call(sent[i].path, sent[i].arguments);
		is_str(part("Body"), sent[i].echo, sent[i].arguments);
	}
	test_failing();
	test_answers();
	test_tls();
	test_deadline(&task);
	close(input);
	waitpid(server, &status, 0);
	return host_end();
}
