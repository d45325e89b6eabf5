/*
 * child.h: what a run's child does, once it is in its sandbox: it takes its job from its socket, lets
 * the language do it, and says how it went.
 */
#ifndef SH_WORKER_CHILD_H
#define SH_WORKER_CHILD_H

/* The child's end of the run's socket; 0 to 2 lead nowhere. */
#define WK_CHILD_FD 3

/* Exit codes; after DONE it is 0. */
#define WK_CHILD_NO_SANDBOX 101
#define WK_CHILD_NO_MEMORY	102
#define WK_CHILD_NO_WORKER	103 /* the worker is gone, or does not keep to the protocol */

extern _Noreturn void wk_child_main(void);

#endif
