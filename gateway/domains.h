/*
 * domains.h: the domains and where their databases are, from the watched domain file.
 *
 * A set is immutable and counted; the threads hold references of the newest one that they have seen.
 */
#ifndef SH_GATEWAY_DOMAINS_H
#define SH_GATEWAY_DOMAINS_H

#include <stdatomic.h>

#include "domain_file.h"

typedef struct GwDomainSet
{
	atomic_int references;
	ShcDomains domains; /* sorted by name */
} GwDomainSet;

/*
 * Reads the file when it has changed since the last call. NULL: it has not, or it is not usable
 * (logged once); then the old set stays. The caller owns one reference.
 */
extern GwDomainSet *gw_domain_file_poll(ShcDomainFile *file);

/* A set without domains. */
extern GwDomainSet *gw_domain_set_empty(void);
extern void gw_domain_set_hold(GwDomainSet *set);
extern void gw_domain_set_release(GwDomainSet *set);

#endif
