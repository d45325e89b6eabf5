/*
 * domains.c: sets of domains, as their source has them.
 */
#include "domains.h"

#include <stdlib.h>

GwDomainSet *
gw_domain_set_empty(bool is_known)
{
	GwDomainSet *set = calloc(1, sizeof(GwDomainSet));

	if (set == NULL)
		return NULL;
	atomic_init(&set->references, 1);
	set->is_known = is_known;
	return set;
}

GwDomainSet *
gw_domain_set_poll(ShcDomainSource *source)
{
	ShcDomains domains;
	GwDomainSet *set;

	if (!shc_domain_source_poll(source, &domains))
		return NULL;
	set = gw_domain_set_empty(true);
	if (set == NULL)
		shc_domains_free(&domains);
	else
		set->domains = domains;
	return set;
}

void
gw_domain_set_hold(GwDomainSet *set)
{
	atomic_fetch_add(&set->references, 1);
}

void
gw_domain_set_release(GwDomainSet *set)
{
	if (set == NULL || atomic_fetch_sub(&set->references, 1) != 1)
		return;
	shc_domains_free(&set->domains);
	free(set);
}
