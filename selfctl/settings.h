/*
 * settings.h: the configuration files of a stack's PostgreSQL and selfserv.
 */
#ifndef SH_SELFCTL_SETTINGS_H
#define SH_SELFCTL_SETTINGS_H

#include <stdbool.h>

#include "account.h"
#include "stack.h"

/* Those of PostgreSQL: postgresql.conf once, who may connect at every start. */
extern bool settings_write_postgres(const Stack *stack, const Account *account);

/* Those of selfserv; openapi: where its description lies, NULL when it finds that itself. */
extern bool
settings_write_selfserv(const Stack *stack, const Account *account, int port, const char *openapi);

#endif
