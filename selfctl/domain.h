/*
 * domain.h: the database of the stack's domain, and the extension in it.
 */
#ifndef SH_SELFCTL_DOMAIN_H
#define SH_SELFCTL_DOMAIN_H

#include <stdbool.h>

#include "stack.h"

/* 1 to 63 of a-z, 0-9, - and _, beginning with a letter; no name of PostgreSQL's own. */
extern bool domain_name_is_valid(const char *name);

/*
 * Makes the database and the extension where they are missing, and notes the versions in *stack.
 * token: not NULL when root's token is not known: *token is then a new one (of the arena).
 */
extern bool domain_prepare(Stack *stack, const char **token);

#endif
