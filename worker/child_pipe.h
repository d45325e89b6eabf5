/*
 * child_pipe.h: the child's end of the run's socket: blocking, one frame at a time. When the worker is
 * gone, or there is no memory for a frame, the process ends: there is nobody to tell.
 */
#ifndef SH_WORKER_CHILD_PIPE_H
#define SH_WORKER_CHILD_PIPE_H

#include "frame.h"

/* Writes what is in the buffer and empties it. */
extern void wk_pipe_send(ShcBuf *buf);

/* Waits for a frame of that type. Its fields lie in `in`; *fd: a descriptor that came with it, or -1. */
extern WkFields wk_pipe_receive(ShcBuf *in, WkFrameType type, int *fd);

#endif
