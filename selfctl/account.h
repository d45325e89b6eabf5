/*
 * account.h: who runs PostgreSQL and selfserv: the user who runs selfctl, or the user "postgres"
 * when that is root, because neither may run as root.
 */
#ifndef SH_SELFCTL_ACCOUNT_H
#define SH_SELFCTL_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct Account
{
	char *name; /* of the system user */
	char *home;
	char *starter; /* who runs selfctl */
	uid_t uid;
	gid_t gid;
	bool is_other; /* not who runs selfctl, who is root then */
} Account;

/* False (logged) when there is no such user. */
extern bool account_find(Account *account);
extern void account_free(Account *account);

/* In a child: becomes that user for good. False, with errno, when it cannot. */
extern bool account_become(const Account *account);

/*
 * Whether the account can search each folder above path, and has that access (R_OK, X_OK; 0: not
 * asked) to path itself. If not, *closed is what is closed to it (malloc'd).
 */
extern bool
account_reaches(const Account *account, const char *path, int access_mode, char **closed);

#endif
