/*
 * domains.c: sets of domains, as the domain file has them.
 */
#include "domains.h"

#include <stdlib.h>

GwDomainSet *
gw_domain_set_empty(void)
{
	GwDomainSet *set = calloc(1, sizeof(GwDomainSet));

	if (set != NULL)
		atomic_init(&set->references, 1);
	return set;
}

GwDomainSet *
gw_domain_file_poll(ShcDomainFile *file)
{
	ShcDomains domains;
	GwDomainSet *set;

	if (!shc_domain_file_poll(file, &domains))
		return NULL;
	set = gw_domain_set_empty();
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
