/*
 * identity.h: who is acting. The order of precedence is told in access.h.
 */
#ifndef SH_IDENTITY_H
#define SH_IDENTITY_H

#include "sh_ext.h"

extern void sh_identity_init(void);

/*
 * The acting user; NULL when the owner of the extension acts, without limits. Valid until the next
 * call. Accepts invalidations unless authenticate() has done so for this statement. Errors: 28000
 * when nobody is acting.
 */
extern const pg_uuid_t *sh_identity_user(void);

/*
 * Whose rights the acting user must share, right after sh_identity_user(): of a run of a program, whose
 * owner acts, the signer of its code. NULL: nobody's. Valid until the next call of either.
 */
extern const pg_uuid_t *sh_identity_cosigner(void);

#endif
