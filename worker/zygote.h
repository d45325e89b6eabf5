/*
 * zygote.h: the process that all runs' children are forked from, and what it and the worker say to
 * each other.
 *
 * The zygote is the program itself, executed with WK_ZYGOTE_ARGUMENT and an empty environment before
 * (or after, when it has to be replaced) the worker has read where any domain's database is: nothing
 * of that is in its memory, and so not in a child's. It loads the languages once, so that a fork has
 * them ready, and does nothing but fork and reap.
 *
 * Messages go through a socket that keeps their bounds (SOCK_SEQPACKET), descriptor 3 of the zygote.
 */
#ifndef SH_WORKER_ZYGOTE_H
#define SH_WORKER_ZYGOTE_H

#include <stdint.h>
#include <sys/types.h>

#define WK_ZYGOTE_ARGUMENT "--zygote"
#define WK_ZYGOTE_FD	   3

/* Most children at once. */
#define WK_MAX_CHILDREN 1024

typedef enum WkZygoteKind
{
	WK_ZYGOTE_SETUP = 1, /* worker: first message; uid, gid (-1: stay who you are) */
	WK_ZYGOTE_FORK,		 /* worker: with the child's end of a run's socket */
	WK_ZYGOTE_READY,	 /* zygote: everything is loaded */
	WK_ZYGOTE_STARTED,	 /* zygote: pid, with a descriptor of the process (pidfd) */
	WK_ZYGOTE_FAILED,	 /* zygote: no child; error is an errno */
	WK_ZYGOTE_ENDED		 /* zygote: status as of waitpid(2), and what it used */
} WkZygoteKind;

typedef struct WkZygoteMessage
{
	int32_t kind;
	int32_t error;
	int32_t status;
	int32_t pid;
	int64_t serial;		 /* which run; chosen by the worker */
	int64_t memory;		 /* FORK: bytes */
	int64_t cpu_seconds; /* FORK */
	int64_t uid;		 /* SETUP */
	int64_t gid;
	int64_t max_rss; /* ENDED: bytes */
	int64_t cpu_us;	 /* ENDED */
} WkZygoteMessage;

/* main() of the zygote; returns its exit code. */
extern int wk_zygote_main(void);

/*
 * Send one message, with a descriptor unless fd is -1. False, with errno.
 * Receive one: 1, and *fd is a descriptor or -1; 0: nobody is there any more; -1, with errno.
 */
extern int wk_zygote_send(int socket, const WkZygoteMessage *message, int fd);
extern int wk_zygote_receive(int socket, WkZygoteMessage *message, int *fd);

#endif
