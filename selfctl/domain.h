/*
 * domain.h: the databases of a stack's domains, and the extension in them.
 */
#ifndef SH_SELFCTL_DOMAIN_H
#define SH_SELFCTL_DOMAIN_H

#include <stdbool.h>

#include "stack.h"

/* As Primus has it: 1 to 63 of a-z, 0-9, - . and _, beginning with a letter or digit; no name of PostgreSQL's own. */
extern bool domain_name_is_valid(const char *name);

/*
 * Makes the stack's own domain, where anything of it is missing, and notes the versions in *stack.
 * token: not NULL when root's token is not known: *token is then a new one (of the arena).
 */
extern bool domain_prepare(Stack *stack, const char **token);

/*
 * Makes another domain; *token: its root's. False, and logged, also when a database has that name
 * already: it may hold anything.
 */
extern bool domain_create(Stack *stack, const char *name, const char **token);

/* Drops the database with whoever is connected. */
extern bool domain_drop(Stack *stack, const char *name);

/* A new token for the root user; all others of his are void. */
extern bool domain_rotate_token(Stack *stack, const char *name, const char **token);

#endif
