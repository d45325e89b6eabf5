/*
 * child_host.c: the WkHost of a child.
 *
 * A question blocks until the worker has answered it. Should that take longer than the deadline, the
 * worker ends this process; nothing here looks at a clock.
 */
#include "child_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child_pipe.h"
#include "job.h"

static void
set_error(WkError *error, const char *text)
{
	error->line = error->column = 0;
	snprintf(error->text, sizeof(error->text), "%s", text != NULL ? text : "no answer");
}

/* Sends the question that is in host->out, and waits for the kind of its answer. */
static WkReplyKind
ask(WkChildHost *host, size_t begun, WkFields *answer, int *fd)
{
	wk_frame_end(&host->out, begun);
	if (host->out.len - WK_FRAME_HEAD > WK_ASK_MAX)
		host->out.failed = true;
	wk_pipe_send(&host->out);
	*answer = wk_pipe_receive(&host->in, WK_FRAME_REPLY, fd);
	return (WkReplyKind) wk_get_number(answer);
}

static void
host_log(void *context, WkLogLevel level, const char *text, size_t len)
{
	WkChildHost *host = context;
	size_t begun = wk_frame_begin(&host->out, WK_FRAME_LOG);

	wk_put_number(&host->out, (int64_t) level);
	wk_put_bytes(&host->out, text, len < WK_LOG_TEXT_MAX ? len : WK_LOG_TEXT_MAX);
	wk_frame_end(&host->out, begun);
	wk_pipe_send(&host->out);
}

/* A copy that the program owns. */
static char *
copy(const char *data, size_t len)
{
	char *own = malloc(len + 1);

	if (own == NULL)
		return NULL;
	memcpy(own, data, len);
	own[len] = '\0';
	return own;
}

static bool
host_module(void *context, const char *name, int64_t revision, WkModule *out, WkError *error)
{
	WkChildHost *host = context;
	size_t begun = wk_frame_begin(&host->out, WK_FRAME_MODULE);
	WkFields answer;
	WkReplyKind kind;
	const char *text;
	int fd;

	wk_put_text(&host->out, name);
	wk_put_number(&host->out, revision);
	kind = ask(host, begun, &answer, &fd);
	text = kind == WK_REPLY_NONE ? "there is no such module, or it is not active or not signed"
								 : wk_get_text(&answer);
	if (kind == WK_REPLY_MODULE && text != NULL)
	{
		const char *code;

		snprintf(out->identity, sizeof(out->identity), "%s", text);
		out->revision = wk_get_number(&answer);
		code = wk_get_bytes(&answer, &out->len);
		out->code = copy(code != NULL ? code : "", out->len);
		if (out->code != NULL)
			return true;
		text = "out of memory";
	}
	set_error(error, text);
	return false;
}

static bool
host_call(void *context, const char *operation, const char *arguments, size_t len, const char *body,
		  size_t body_len, WkReply *out, WkError *error)
{
	WkChildHost *host = context;
	size_t begun = wk_frame_begin(&host->out, WK_FRAME_SELFAPI);
	WkFields answer;
	WkReplyKind kind;
	const char *text;
	int fd;

	*out = (WkReply){0};
	if (len + body_len > WK_ASK_MAX - 4096)
	{
		shc_buf_reset(&host->out);
		set_error(error, "the arguments are too large");
		return false;
	}
	wk_put_text(&host->out, operation);
	wk_put_bytes(&host->out, arguments, len);
	wk_put_bytes(&host->out, body, body_len);
	kind = ask(host, begun, &answer, &fd);
	if (kind == WK_REPLY_SELFAPI)
	{
		out->status = (int) wk_get_number(&answer);
		text = wk_get_bytes(&answer, &out->len);
		if (text == NULL)
			return true;
		out->body = copy(text, out->len);
		if (out->body != NULL)
			return true;
		text = "out of memory";
	}
	else
		text = kind == WK_REPLY_NONE ? "programs have no such operation" : wk_get_text(&answer);
	set_error(error, text);
	return false;
}

static int
host_connect(void *context, const char *name, int port, int64_t deadline, WkError *error)
{
	WkChildHost *host = context;
	size_t begun = wk_frame_begin(&host->out, WK_FRAME_CONNECT);
	WkFields answer;
	int fd;

	wk_put_text(&host->out, name);
	wk_put_number(&host->out, port);
	wk_put_number(&host->out, deadline);
	if (ask(host, begun, &answer, &fd) == WK_REPLY_CONNECTED && fd >= 0)
		return fd;
	if (fd >= 0)
		close(fd);
	set_error(error, wk_get_text(&answer));
	return -1;
}

void
wk_child_host_init(WkChildHost *host)
{
	host->host = (WkHost){.context = host,
						  .log = host_log,
						  .module = host_module,
						  .call = host_call,
						  .connect = host_connect};
	shc_buf_init(&host->in, WK_START_MAX + WK_FRAME_HEAD);
	shc_buf_init(&host->out, WK_ASK_MAX + WK_FRAME_HEAD);
}
