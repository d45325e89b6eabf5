/*
 * spawner.h: the worker's end of the zygote: starts it, and again when it has ended, asks it for
 * children, tells of their ends. Loop thread only.
 *
 *   DOWN -> STARTING -> READY -> DOWN
 */
#ifndef SH_WORKER_SPAWNER_H
#define SH_WORKER_SPAWNER_H

#include <sys/types.h>

#include "loop.h"
#include "zygote.h"

typedef struct WkSpawnerEvents
{
	void (*ready)(void *owner);
	/* The child lives; pidfd is the receiver's. Not called for a serial that nobody waits for. */
	void (*started)(void *owner, int64_t serial, int pidfd);
	void (*failed)(void *owner, int64_t serial, int error);
	void (*ended)(void *owner, const WkZygoteMessage *message);
	/* The zygote is gone, and all its children with it. */
	void (*lost)(void *owner);
} WkSpawnerEvents;

typedef struct WkSpawner
{
	ShcWatch watch;
	ShcLoop *loop;
	const WkSpawnerEvents *events;
	void *owner;
	int64_t uid; /* -1: children run as the worker does */
	int64_t gid;
	pid_t pid; /* 0: down */
	bool is_ready;
	int64_t since;		/* of the last start */
	int unanswered;		/* forks that were asked for */
	int64_t asked_at;	/* when the first of them was, or the last answer came */
	int64_t restart_at; /* while down */
	int64_t delay;		/* until the next start after a failure */
} WkSpawner;

/* Starts the zygote. False: logged. */
extern bool wk_spawner_start(WkSpawner *spawner, ShcLoop *loop, int64_t uid, int64_t gid,
							 const WkSpawnerEvents *events, void *owner);

/* Asks for a child; fd is the child's end of a socket and stays the caller's. False: not now. */
extern bool
wk_spawner_fork(WkSpawner *spawner, int64_t serial, int fd, int64_t memory, int64_t cpu_seconds);

/* Starts the zygote again when it is time. Returns when to be called next. */
extern int64_t wk_spawner_tick(WkSpawner *spawner);

/* Ends the zygote and all children; no more events. */
extern void wk_spawner_stop(WkSpawner *spawner);

#endif
