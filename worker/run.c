/*
 * run.c: one run, seen from the worker.
 *
 * Nothing that the child says is trusted: frames and fields are checked, texts are made valid, a
 * second question before the first one's answer ends the run, and a child that says too much in a
 * short time is not listened to for a while.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"
#include "child.h"
#include "frame.h"
#include "log.h"
#include "passing.h"

#define READ_SIZE 65536

/* Most bytes in one turn of the loop, so that others come to their turn, and in one window. */
#define TURN_BYTES	 ((size_t) 256 * 1024)
#define WINDOW_BYTES ((size_t) 8 * 1024 * 1024)
#define WINDOW_US	 INT64_C(100000)

/* The child's processor time ends it, should its worker be gone: that much after the deadline. */
#define CPU_RESERVE_SECONDS 2

static void socket_ready(ShcWatch *watch, uint32_t events);

/* ---- memory ---- */

static void
release(ShcGarbage *garbage)
{
	WkRun *run = (WkRun *) garbage;

	shc_buf_free(&run->outcome.error);
	shc_buf_free(&run->outcome.headers);
	shc_buf_free(&run->outcome.body);
	shc_buf_free(&run->in);
	shc_buf_free(&run->out);
	wk_log_tail_free(&run->log);
	free(run);
}

/* Nobody can ask or be answered any more. */
static void
close_socket(WkRun *run)
{
	int fd = run->watch.fd;

	shc_loop_unwatch(run->loop, &run->watch);
	if (fd >= 0)
		close(fd);
	if (run->out_fd >= 0)
		close(run->out_fd);
	run->out_fd = -1;
	if (run->connection != NULL)
		wk_connect_cancel(run->connection);
	run->connection = NULL;
}

static WkRun *
make_run(ShcLoop *loop, const WkRunEvents *events, void *owner)
{
	static int64_t last_serial;
	WkRun *run = calloc(1, sizeof(WkRun));

	if (run == NULL)
		return NULL;
	run->garbage.release = release;
	run->watch = (ShcWatch){.fd = -1, .ready = socket_ready};
	run->loop = loop;
	run->events = events;
	run->owner = owner;
	run->serial = ++last_serial;
	run->pidfd = run->out_fd = -1;
	shc_buf_init(&run->outcome.error, WK_ERROR_MAX);
	shc_buf_init(&run->outcome.headers, WK_DONE_MAX * 2);
	shc_buf_init(&run->outcome.body, WK_RESPONSE_BODY_MAX);
	shc_buf_init(&run->in, WK_ASK_MAX + WK_FRAME_HEAD + READ_SIZE);
	shc_buf_init(&run->out, WK_START_MAX + WK_REPLY_MAX);
	return run;
}

/* ---- outcome and end ---- */

static void
kill_child(WkRun *run)
{
	run->is_killed = true;
	if (run->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, run->pidfd, SIGKILL, NULL, 0);
}

/* Decides the outcome, once, and sees that the child ends. */
static void
decide(WkRun *run, const char *state, const char *error)
{
	if (run->has_outcome)
		return;
	run->has_outcome = true;
	run->outcome.state = state;
	if (error != NULL)
		wk_clean_text(&run->outcome.error, error, strnlen(error, WK_ERROR_MAX / 2), true);
	if (run->state != WK_RUN_ENDED)
		run->state = WK_RUN_ENDING;
	close_socket(run);
	kill_child(run);
	run->events->outcome(run);
}

static void
end(WkRun *run)
{
	if (run->state == WK_RUN_ENDED)
		return;
	run->state = WK_RUN_ENDED;
	close_socket(run);
	if (run->pidfd >= 0)
		close(run->pidfd);
	run->pidfd = -1;
	run->events->ended(run);
	shc_loop_discard(run->loop, &run->garbage);
}

static void
violate(WkRun *run)
{
	decide(run, "failed", "the program's process broke the protocol");
}

/* ---- writing ---- */

/* The descriptor, if there is one, goes with the bytes that begin its frame. */
static bool
send_some(WkRun *run)
{
	bool is_before = run->out_fd >= 0 && run->out_sent < run->out_fd_at;
	size_t end = is_before ? run->out_fd_at : run->out.len;
	int fd = is_before ? -1 : run->out_fd;
	ssize_t n = wk_pass_send(run->watch.fd, run->out.data + run->out_sent, end - run->out_sent, fd);

	if (n <= 0)
		return false;
	if (fd >= 0)
	{
		close(fd);
		run->out_fd = -1;
	}
	run->out_sent += (size_t) n;
	return true;
}

static uint32_t
wanted_events(const WkRun *run)
{
	bool listens = run->window_bytes < WINDOW_BYTES;

	return (listens ? EPOLLIN : 0) | (run->out_sent < run->out.len ? EPOLLOUT : 0);
}

/* Sends what is there. A child that is gone is noticed by reading. */
static void
flush(WkRun *run)
{
	if (run->watch.fd < 0)
		return;
	while (run->out_sent < run->out.len && send_some(run))
		continue;
	if (run->out_sent == run->out.len)
	{
		shc_buf_free(&run->out);
		run->out_sent = 0;
	}
	shc_loop_watch(run->loop, &run->watch, run->watch.fd, wanted_events(run));
}

static size_t
begin_reply(WkRun *run, WkReplyKind kind)
{
	size_t begun = wk_frame_begin(&run->out, WK_FRAME_REPLY);

	wk_put_number(&run->out, (int64_t) kind);
	return begun;
}

static void
end_reply(WkRun *run, size_t begun)
{
	run->is_asking = false;
	if (run->out.failed || run->out.len - begun - WK_FRAME_HEAD > WK_REPLY_MAX)
	{
		/* Nothing of it has been sent. */
		run->out.failed = false;
		run->out.len = begun;
		begun = begin_reply(run, WK_REPLY_ERROR);
		wk_put_text(&run->out, "the answer is too large for a program");
	}
	wk_frame_end(&run->out, begun);
	flush(run);
}

void
wk_run_reply_error(WkRun *run, const char *text)
{
	size_t begun;

	if (!run->is_asking || run->watch.fd < 0)
		return;
	begun = begin_reply(run, WK_REPLY_ERROR);
	wk_put_text(&run->out, text);
	end_reply(run, begun);
}

void
wk_run_reply_none(WkRun *run)
{
	if (run->is_asking && run->watch.fd >= 0)
		end_reply(run, begin_reply(run, WK_REPLY_NONE));
}

void
wk_run_reply_module(WkRun *run, const char *identity, int64_t revision, const char *code,
					size_t len)
{
	size_t begun;

	if (!run->is_asking || run->watch.fd < 0)
		return;
	begun = begin_reply(run, WK_REPLY_MODULE);
	wk_put_text(&run->out, identity);
	wk_put_number(&run->out, revision);
	wk_put_bytes(&run->out, code, len);
	end_reply(run, begun);
}

void
wk_run_reply_selfapi(WkRun *run, int status, const char *body, size_t len)
{
	size_t begun;

	if (!run->is_asking || run->watch.fd < 0)
		return;
	begun = begin_reply(run, WK_REPLY_SELFAPI);
	wk_put_number(&run->out, status);
	wk_put_bytes(&run->out, body, len);
	end_reply(run, begun);
}

static void
reply_connected(WkRun *run, int fd)
{
	if (!run->is_asking || run->watch.fd < 0)
	{
		close(fd);
		return;
	}
	run->out_fd = fd;
	run->out_fd_at = run->out.len;
	end_reply(run, begin_reply(run, WK_REPLY_CONNECTED));
}

/* ---- reading ---- */

static void
take_log(WkRun *run, WkFields fields)
{
	static const char *const level[] = {"info", "warning", "error"};
	int64_t number = wk_get_number(&fields);
	size_t len;
	const char *text = wk_get_bytes(&fields, &len);

	if (text == NULL || !wk_fields_end(&fields) || number < 0 || number > 2)
	{
		violate(run);
		return;
	}
	wk_log_tail_add(&run->log, level[number], text, len);
	if (run->events->log != NULL)
		run->events->log(run, level[number], text, len);
}

static void
take_done(WkRun *run, WkFields fields)
{
	bool succeeded;
	char problem[WK_ERROR_MAX];

	if (!wk_answer_read(&fields, &succeeded, problem, &run->outcome))
		violate(run);
	else if (succeeded)
		decide(run, "succeeded", NULL);
	else
	{
		/* A language that looks at the clock itself gives up at the deadline, too. */
		decide(run, shc_monotonic_us() < run->deadline_at ? "failed" : "timeout", problem);
	}
}

static void
take_module(WkRun *run, WkFields fields)
{
	const char *name = wk_get_text(&fields);
	int64_t revision = wk_get_number(&fields);

	if (name == NULL || !wk_fields_end(&fields))
		violate(run);
	else
		run->events->module(run, name, revision);
}

static void
take_selfapi(WkRun *run, WkFields fields)
{
	const char *operation = wk_get_text(&fields);
	const char *arguments = wk_get_text(&fields);
	size_t len;
	const char *body = wk_get_bytes(&fields, &len);

	if (operation == NULL || arguments == NULL || !wk_fields_end(&fields))
		violate(run);
	else
		run->events->selfapi(run, operation, arguments, body, len);
}

static void
connected(void *context, int fd, const char *problem)
{
	WkRun *run = context;

	run->connection = NULL;
	if (fd >= 0)
		reply_connected(run, fd);
	else
		wk_run_reply_error(run, problem);
}

static void
take_connect(WkRun *run, WkFields fields)
{
	const char *host = wk_get_text(&fields);
	int64_t port = wk_get_number(&fields);
	int64_t until = wk_get_number(&fields);

	if (until > run->deadline_at)
		until = run->deadline_at;
	if (host == NULL || !wk_fields_end(&fields))
		violate(run);
	else if (port < 1 || port > 65535)
		wk_run_reply_error(run, "there is no such port");
	else
	{
		run->connection = wk_connect(run->connector, host, (int) port, until, connected, run);
		if (run->connection == NULL)
			wk_run_reply_error(run, "too many programs look for names");
	}
}

static void
take_question(WkRun *run, const WkFrame *frame)
{
	if (run->is_asking)
	{
		violate(run);
		return;
	}
	run->is_asking = true;
	if (frame->type == WK_FRAME_MODULE)
		take_module(run, wk_fields(frame));
	else if (frame->type == WK_FRAME_SELFAPI)
		take_selfapi(run, wk_fields(frame));
	else
		take_connect(run, wk_fields(frame));
}

static void
take_frame(WkRun *run, const WkFrame *frame)
{
	switch (frame->type)
	{
		case WK_FRAME_LOG:
			take_log(run, wk_fields(frame));
			return;
		case WK_FRAME_DONE:
			take_done(run, wk_fields(frame));
			return;
		default:
			take_question(run, frame);
	}
}

/* Takes all whole frames out of what was received. The socket is closed when one ends the run. */
static void
take_frames(WkRun *run)
{
	size_t at = 0;
	WkFrame frame;
	WkFrameFound found = WK_FRAME_PARTIAL;

	while (run->watch.fd >= 0 && at < run->in.len)
	{
		found = wk_frame_find(run->in.data + at, run->in.len - at, true, &frame);
		if (found != WK_FRAME_WHOLE)
			break;
		take_frame(run, &frame);
		at += frame.total;
	}
	if (run->watch.fd < 0)
		return;
	if (found == WK_FRAME_BAD)
	{
		violate(run);
		return;
	}
	memmove(run->in.data, run->in.data + at, run->in.len - at);
	run->in.len -= at;
	if (run->in.len == 0 && run->in.capacity > READ_SIZE * 2)
		shc_buf_free(&run->in);
}

/* False: nothing more to read now. */
static bool
read_some(WkRun *run)
{
	char data[READ_SIZE];
	ssize_t n = recv(run->watch.fd, data, sizeof(data), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0)
	{
		/* Without an outcome: the child's status will tell. */
		close_socket(run);
		return false;
	}
	run->window_bytes += (size_t) n;
	if (!shc_buf_append(&run->in, data, (size_t) n))
		violate(run);
	else
		take_frames(run);
	return run->watch.fd >= 0;
}

static void
socket_ready(ShcWatch *watch, uint32_t events)
{
	WkRun *run = (WkRun *) ((char *) watch - offsetof(WkRun, watch));
	size_t before;

	if ((events & EPOLLOUT) != 0)
		flush(run);
	if ((events & ~(uint32_t) EPOLLOUT) == 0 || watch->fd < 0)
		return;
	if (run->loop->now - run->window_began >= WINDOW_US)
	{
		run->window_began = run->loop->now;
		run->window_bytes = 0;
	}
	before = run->window_bytes;
	while (run->window_bytes - before < TURN_BYTES && read_some(run))
		continue;
	if (watch->fd >= 0)
		shc_loop_watch(run->loop, watch, watch->fd, wanted_events(run));
}

/* ---- start ---- */

static bool
put_start(WkRun *run, const WkJob *job)
{
	ShcBuf *out = &run->out;
	size_t begun = wk_frame_begin(out, WK_FRAME_START);

	wk_put_number(out, (int64_t) job->kind);
	wk_put_text(out, job->domain);
	wk_put_text(out, job->program);
	wk_put_text(out, job->language);
	wk_put_number(out, job->revision);
	wk_put_bytes(out, job->code, job->code_len);
	wk_put_bytes(out, job->request, job->request_len);
	wk_put_bytes(out, job->body, job->body_len);
	wk_put_number(out, run->deadline_at);
	wk_put_number(out, job->memory);
	wk_frame_end(out, begun);
	return !out->failed && out->len - WK_FRAME_HEAD <= WK_START_MAX;
}

WkRun *
wk_run_start(ShcLoop *loop, WkSpawner *spawner, WkConnector *connector, const WkJob *job,
			 const WkRunEvents *events, void *owner)
{
	WkRun *run = make_run(loop, events, owner);
	int64_t cpu_seconds = job->deadline_ms / 1000 + CPU_RESERVE_SECONDS;
	int pair[2] = {-1, -1};

	if (run == NULL)
		return NULL;
	run->connector = connector;
	run->deadline_ms = job->deadline_ms;
	run->deadline_at = shc_monotonic_us() + job->deadline_ms * 1000;
	if (put_start(run, job) && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 &&
		fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 &&
		shc_loop_watch(loop, &run->watch, pair[0], EPOLLIN | EPOLLOUT) &&
		wk_spawner_fork(spawner, run->serial, pair[1], job->memory, cpu_seconds))
	{
		close(pair[1]);
		flush(run);
		return run;
	}
	if (run->watch.fd < 0 && pair[0] >= 0)
		close(pair[0]);
	close_socket(run);
	if (pair[1] >= 0)
		close(pair[1]);
	shc_error("cannot start a run: %s",
			  run->out.failed ? "its code is too large" : strerror(errno));
	release(&run->garbage);
	return NULL;
}

void
wk_run_started(WkRun *run, int pidfd)
{
	run->pidfd = pidfd;
	if (run->is_killed)
		kill_child(run);
	else if (run->state == WK_RUN_STARTING)
		run->state = WK_RUN_RUNNING;
}

void
wk_run_no_child(WkRun *run, const char *why)
{
	decide(run, "failed", why);
	end(run);
}

/* Why a child without an outcome has ended. */
static void
describe_end(const WkZygoteMessage *message, char *out, size_t size)
{
	int signal_number = WIFSIGNALED(message->status) ? WTERMSIG(message->status) : 0;
	int code = WIFEXITED(message->status) ? WEXITSTATUS(message->status) : 0;

	if (signal_number == SIGSYS)
		snprintf(out, size, "the program tried a system call that programs may not make");
	else if (signal_number == SIGXCPU)
		snprintf(out, size, "the program has used up its processor time");
	else if (signal_number != 0)
		snprintf(out, size, "the program's process crashed (signal %d, %s)", signal_number,
				 strsignal(signal_number));
	else if (code == WK_CHILD_NO_SANDBOX)
		snprintf(out, size, "the program's process could not enter its sandbox");
	else if (code == WK_CHILD_NO_MEMORY)
		snprintf(out, size, "the program's process had no memory left");
	else
		snprintf(out, size, "the program's process has ended without an answer (code %d)", code);
}

void
wk_run_child_ended(WkRun *run, const WkZygoteMessage *message)
{
	char why[256];

	/* What it said last may still be in the socket. */
	while (run->watch.fd >= 0 && read_some(run))
		continue;
	describe_end(message, why, sizeof(why));
	decide(run, "failed", why);
	end(run);
}

void
wk_run_cancel(WkRun *run, const char *why)
{
	decide(run, "failed", why);
}

int64_t
wk_run_tick(WkRun *run)
{
	int64_t now = shc_monotonic_us();
	char why[128];

	if (run->state >= WK_RUN_ENDING)
		return INT64_MAX;
	if (now >= run->deadline_at)
	{
		snprintf(why, sizeof(why), "the deadline of %" PRId64 " ms is over", run->deadline_ms);
		decide(run, "timeout", why);
		return INT64_MAX;
	}
	if (run->window_bytes < WINDOW_BYTES || run->watch.fd < 0)
		return run->deadline_at;
	if (now - run->window_began < WINDOW_US)
		return run->window_began + WINDOW_US;
	run->window_began = now;
	run->window_bytes = 0;
	shc_loop_watch(run->loop, &run->watch, run->watch.fd, wanted_events(run));
	return run->deadline_at;
}
