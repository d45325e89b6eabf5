/*
 * leftover.h: what a killed selfctl may have left running. Its children get a signal when it dies;
 * this waits for them, and stops those that are still there.
 */
#ifndef SH_SELFCTL_LEFTOVER_H
#define SH_SELFCTL_LEFTOVER_H

#include <stdbool.h>

#include "stack.h"

/*
 * Ends leftovers of the stack, whose state has been read and which nobody holds. True when nothing
 * is left; *found tells whether there was anything.
 */
extern bool leftover_stop(const Stack *stack, bool *found);

#endif
