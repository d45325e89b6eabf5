/*
 * settings.h: the configuration files of a stack's PostgreSQL, selfserv and selfpwrk.
 */
#ifndef SH_SELFCTL_SETTINGS_H
#define SH_SELFCTL_SETTINGS_H

#include <stdbool.h>

#include "account.h"
#include "stack.h"

/* Those of PostgreSQL: postgresql.conf once, who may connect at every start. */
extern bool settings_write_postgres(const Stack *stack, const Account *account);

/* Those of selfserv, which finds itself what is NULL of the description and the page of the API. */
extern bool settings_write_selfserv(const Stack *stack, const Account *account, int port,
									const char *openapi, const char *page);

/*
 * The domain file, which selfserv and selfpwrk watch: the stack's own domain, those that it named
 * before, with `added`, without `dropped` (both may be NULL).
 */
extern bool settings_write_domains(const Stack *stack, const Account *account, const char *added,
								   const char *dropped);

/* Those of selfpwrk, which has the same domains. */
extern bool settings_write_selfpwrk(const Stack *stack, const Account *account);

#endif
