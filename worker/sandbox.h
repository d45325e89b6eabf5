/*
 * sandbox.h: what a run's child may do: nearly nothing. Limits, no new privileges, and a list of
 * system calls. With sandbox.c the only place that knows libseccomp.
 */
#ifndef SH_WORKER_SANDBOX_H
#define SH_WORKER_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Descriptors that a child may have open at once: standard ones, its pipe, connections. */
#define WK_CHILD_DESCRIPTORS 32

/*
 * The zygote's part, once: makes the filter of system calls, which the children share, and measures
 * the memory that the zygote itself takes. Call it when everything is loaded. False: logged.
 */
extern bool wk_sandbox_prepare(void);

/* As root: becomes that user for good, with no other group. False: logged. */
extern bool wk_sandbox_become(uid_t uid, gid_t gid);

/*
 * The child's part; there is no way back. memory: bytes on top of what the zygote has; cpu_seconds:
 * of processor time. False, with errno: the child must end at once.
 */
extern bool wk_sandbox_enter(int64_t memory, int64_t cpu_seconds);

#endif
