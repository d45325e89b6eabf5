/*
 * cluster.h: the stack's own PostgreSQL: made once by initdb, run as a direct child.
 */
#ifndef SH_SELFCTL_CLUSTER_H
#define SH_SELFCTL_CLUSTER_H

#include <stdbool.h>

#include "account.h"
#include "child.h"
#include "cli.h"
#include "stack.h"

/* PostgreSQL's programs: option --bindir, else $PG_CONFIG's, else those of the build. */
extern const char *cluster_bindir(const Stack *stack, const char *option);

/* Whether the server there can run the data that exists; says what to do if not. */
extern bool cluster_check_version(const Stack *stack, const char *bindir);

/* Where the socket goes: stack->sockets, a folder that only the account can enter. */
extern bool cluster_make_sockets(Stack *stack, const Account *account);
extern void cluster_remove_sockets(const Stack *stack, const Account *account);

/* Makes data/ unless it exists; *created tells. */
extern bool
cluster_create(const Stack *stack, const Account *account, const char *bindir, bool *created);

/* Starts it with further settings (name=value) and waits until it takes connections. */
extern bool
cluster_start(const Stack *stack, Child *child, const char *bindir, const CliList *settings);

/* Fast shutdown, then harder. */
extern void cluster_stop(Child *child);

#endif
