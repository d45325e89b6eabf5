/*
 * account.h: which system user programs run as.
 */
#ifndef SH_WORKER_ACCOUNT_H
#define SH_WORKER_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Of the configured user when this process is root's, else -1: children run as it does. False: there
 * is no such user, or it is root (logged).
 */
extern bool wk_account_find(const char *name, int64_t *uid, int64_t *gid);

#endif
