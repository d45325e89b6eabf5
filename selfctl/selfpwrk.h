/*
 * selfpwrk.h: the stack's selfpwrk, which runs the programs of its domains: where its program is.
 */
#ifndef SH_SELFCTL_SELFPWRK_H
#define SH_SELFCTL_SELFPWRK_H

#include <stdbool.h>

#include "account.h"
#include "stack.h"

/*
 * Finds the program, beside selfctl or in PATH; one that the account cannot reach is copied into the
 * stack.
 */
extern bool selfpwrk_find(const Stack *stack, const Account *account, const char **program);

#endif
