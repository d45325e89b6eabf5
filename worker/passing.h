/*
 * passing.h: bytes through a socket, and with them a descriptor (SCM_RIGHTS of unix(7)).
 */
#ifndef SH_WORKER_PASSING_H
#define SH_WORKER_PASSING_H

#include <stddef.h>
#include <sys/types.h>

/* As sendmsg(2) and without SIGPIPE; fd: a descriptor that goes with the bytes, -1: none. */
extern ssize_t wk_pass_send(int socket, const void *data, size_t len, int fd);

/*
 * As recvmsg(2), again after interruptions; a descriptor that comes is put into *fd, closed when another
 * process is started, and *fd is untouched when none comes.
 */
extern ssize_t wk_pass_receive(int socket, void *data, size_t len, int *fd);

#endif
