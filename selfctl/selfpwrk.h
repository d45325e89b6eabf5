/*
 * selfpwrk.h: the stack's selfpwrk, which runs the programs of its domain.
 */
#ifndef SH_SELFCTL_SELFPWRK_H
#define SH_SELFCTL_SELFPWRK_H

#include <stdbool.h>

#include "account.h"
#include "child.h"
#include "cli.h"
#include "stack.h"

/* Checks the assignments of --worker-set that concern selfctl itself; false (said) when one is wrong. */
extern bool selfpwrk_check_settings(const CliList *settings);

/*
 * Finds the program, beside selfctl or in PATH; one that the account cannot reach is copied into the
 * stack.
 */
extern bool selfpwrk_find(const Stack *stack, const Account *account, const char **program);

/* Lets it read its configuration, with what `like` says of log and account; shows errors. */
extern bool
selfpwrk_check(const Stack *stack, const Child *like, const char *program, const CliList *settings);

extern bool
selfpwrk_start(const Stack *stack, Child *child, const char *program, const CliList *settings);

/* Waits for the end of what runs, as long as selfpwrk itself lets it. */
extern void selfpwrk_stop(Child *child);

#endif
