/*
 * domains.h: the domains and where their databases are, as their source has them.
 *
 * A set is immutable and counted; the threads hold references of the newest one that they have seen.
 */
#ifndef SH_GATEWAY_DOMAINS_H
#define SH_GATEWAY_DOMAINS_H

#include <stdatomic.h>

#include "domain_source.h"

typedef struct GwDomainSet
{
	atomic_int references;
	bool is_known;		/* false: the source has not told yet */
	ShcDomains domains; /* sorted by name */
} GwDomainSet;

/*
 * The domains when they have changed since the last call. NULL: they have not, or are not usable (logged
 * once); then the old set stays. The caller owns one reference.
 */
extern GwDomainSet *gw_domain_set_poll(ShcDomainSource *source);

/* A set without domains. */
extern GwDomainSet *gw_domain_set_empty(bool is_known);
extern void gw_domain_set_hold(GwDomainSet *set);
extern void gw_domain_set_release(GwDomainSet *set);

#endif
