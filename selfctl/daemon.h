/*
 * daemon.h: what selfserv and selfpwrk have in common for whoever starts them: --config, --set,
 * --check-config, and that TERM has them finish what they have.
 */
#ifndef SH_SELFCTL_DAEMON_H
#define SH_SELFCTL_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "child.h"
#include "cli.h"

/* The value of the last assignment to a key; NULL when there is none. */
extern const char *daemon_setting(const CliList *settings, const char *key);

/* Whether all are "section.key=value" and none is of the domain file; false, and said: not. */
extern bool daemon_check_settings(const char *option, const CliList *settings);

/* Whether the account can use a file in this way (R_OK, X_OK); NULL: there is nothing to use. */
extern bool daemon_reaches(const Account *account, const char *path, int access_mode);

/* Lets a program read its configuration, with what `like` says of log and account; shows errors. */
extern bool
daemon_check(const Child *like, const char *program, const char *config, const CliList *settings);

extern bool
daemon_start(Child *child, const char *program, const char *config, const CliList *settings);

/* Has it finish what it has; not longer than that, and not past a second Ctrl-C. */
extern void daemon_stop(Child *child, int64_t milliseconds);

#endif
