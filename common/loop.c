/*
 * loop.c: an event loop of one thread.
 *
 * An event's callback may close other descriptors whose events are still to be dispatched in the
 * same turn: their watches are marked by fd -1, and their memory outlives the turn
 * (shc_loop_discard).
 */
#include "loop.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define MAX_EVENTS 256

/* epoll_wait(2) takes milliseconds as an int. */
#define LONGEST_WAIT_US INT64_C(3600000000)

/* How long to look for an event that is expected soon. */
#define POLL_US 60

int64_t
shc_monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

bool
shc_loop_init(ShcLoop *loop)
{
	/* No watch: data.ptr NULL stands for the wake-up. */
	struct epoll_event event = {.events = EPOLLIN};

	*loop = (ShcLoop){.epoll_fd = -1, .wake_fd = -1, .now = shc_monotonic_us()};
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) != 0)
	{
		shc_error("cannot make an event loop: %s", strerror(errno));
		shc_loop_close(loop);
		return false;
	}
	return true;
}

static void
collect(ShcLoop *loop)
{
	while (loop->garbage != NULL)
	{
		ShcGarbage *garbage = loop->garbage;

		loop->garbage = garbage->next;
		garbage->release(garbage);
	}
}

void
shc_loop_close(ShcLoop *loop)
{
	collect(loop);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	loop->epoll_fd = loop->wake_fd = -1;
}

bool
shc_loop_watch(ShcLoop *loop, ShcWatch *watch, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	int operation = EPOLL_CTL_MOD;

	if (watch->fd == fd && watch->events == events)
		return true;
	if (watch->fd != fd)
	{
		shc_loop_unwatch(loop, watch);
		operation = EPOLL_CTL_ADD;
	}
	if (epoll_ctl(loop->epoll_fd, operation, fd, &event) != 0)
	{
		shc_error("cannot watch a descriptor: %s", strerror(errno));
		return false;
	}
	watch->fd = fd;
	watch->events = events;
	return true;
}

/* The descriptor may have been closed already, and its number taken by another: errors are ignored. */
void
shc_loop_unwatch(ShcLoop *loop, ShcWatch *watch)
{
	if (watch->fd >= 0)
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = -1;
	watch->events = 0;
}

static void
clear_wake(ShcLoop *loop)
{
	uint64_t count;
	ssize_t n = read(loop->wake_fd, &count, sizeof(count));

	(void) n;
}

/*
 * Waits. Where an event is expected soon, looks for it for a moment and lets others run in between:
 * to sleep and to be woken costs more than the database takes for a short answer, and what comes in
 * the meantime goes with the next batch (measured with 8 connections on 2 processors: a fifth more
 * requests a second).
 */
static int
wait_for_events(ShcLoop *loop, struct epoll_event *events, int64_t until, bool expects_soon)
{
	int64_t now = shc_monotonic_us();
	int64_t poll_end = now + POLL_US;
	int64_t wait;

	while (expects_soon && now < until && now < poll_end)
	{
		int n = epoll_wait(loop->epoll_fd, events, MAX_EVENTS, 0);

		if (n != 0)
			return n;
		sched_yield();
		now = shc_monotonic_us();
	}
	wait = until - now;
	wait = wait < 0 ? 0 : wait < LONGEST_WAIT_US ? wait : LONGEST_WAIT_US;
	return epoll_wait(loop->epoll_fd, events, MAX_EVENTS, (int) ((wait + 999) / 1000));
}

void
shc_loop_turn(ShcLoop *loop, int64_t until, bool expects_soon)
{
	struct epoll_event events[MAX_EVENTS];
	int n = wait_for_events(loop, events, until, expects_soon);

	loop->now = shc_monotonic_us();
	for (int i = 0; i < n; i++)
	{
		ShcWatch *watch = events[i].data.ptr;

		if (watch == NULL)
			clear_wake(loop);
		else if (watch->fd >= 0 && watch->ready != NULL)
			watch->ready(watch, events[i].events);
	}
	collect(loop);
}

void
shc_loop_wake(ShcLoop *loop)
{
	uint64_t one = 1;
	ssize_t n = write(loop->wake_fd, &one, sizeof(one));

	(void) n; /* a full counter wakes as well */
}

void
shc_loop_discard(ShcLoop *loop, ShcGarbage *garbage)
{
	garbage->next = loop->garbage;
	loop->garbage = garbage;
}
