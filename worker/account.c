/*
 * account.c: which system user programs run as.
 */
#include "account.h"

#include <pwd.h>
#include <unistd.h>

#include "log.h"

bool
wk_account_find(const char *name, int64_t *uid, int64_t *gid)
{
	const struct passwd *entry;

	*uid = *gid = -1;
	if (geteuid() != 0)
		return true;
	entry = getpwnam(name);
	if (entry == NULL || entry->pw_uid == 0)
	{
		shc_error("user: \"%s\" %s", name, entry == NULL ? "is no user of this system" : "is root");
		return false;
	}
	*uid = (int64_t) entry->pw_uid;
	*gid = (int64_t) entry->pw_gid;
	return true;
}
