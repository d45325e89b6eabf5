/*
 * policy_cache.h: the policies of a user, compiled; a backend-local cache.
 */
#ifndef SH_POLICY_CACHE_H
#define SH_POLICY_CACHE_H

#include "sh_ext.h"

#include "access.h"

/* The policies of all groups of one user. */
typedef struct ShPolicies ShPolicies;

/*
 * The policies of a user; valid until the next call of anything that may accept invalidations or
 * of this function.
 */
extern const ShPolicies *sh_policies_of(const pg_uuid_t *user);

/* Does an allow (deny) policy for the action match the resource? */
extern bool sh_policies_allow(const ShPolicies *p, ShAction action, const char *resource, int len);
extern bool sh_policies_deny(const ShPolicies *p, ShAction action, const char *resource, int len);

/* Does one allow policy for the action match every resource that the pattern matches? */
extern bool
sh_policies_allow_all(const ShPolicies *p, ShAction action, const char *pattern, int len);

/* Does a deny policy for the action match any resource that the pattern matches? */
extern bool
sh_policies_deny_any(const ShPolicies *p, ShAction action, const char *pattern, int len);

#endif
