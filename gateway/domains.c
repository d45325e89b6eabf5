/*
 * domains.c: the watched domain file.
 *
 * It is looked at once a second: whether it was written in place, replaced by a rename or is a link
 * to a changed file makes no difference then.
 */
#include "domains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static bool
looks_the_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		   a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		   a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int
compare_domains(const void *a, const void *b)
{
	return strcmp(((const ShcDomain *) a)->name, ((const ShcDomain *) b)->name);
}

GwDomainSet *
gw_domain_set_empty(void)
{
	GwDomainSet *set = calloc(1, sizeof(GwDomainSet));

	if (set != NULL)
		atomic_init(&set->references, 1);
	return set;
}

GwDomainSet *
gw_domain_file_poll(GwDomainFile *file)
{
	struct stat now;
	GwDomainSet *set;

	if (file->path == NULL)
		return NULL;
	if (stat(file->path, &now) != 0)
	{
		if (!file->is_missing)
			shc_error("cannot read the domain file %s: %s", file->path, strerror(errno));
		file->is_missing = true;
		return NULL;
	}
	if (!file->is_missing && looks_the_same(&file->seen, &now))
		return NULL;
	file->is_missing = false;
	file->seen = now;
	set = gw_domain_set_empty();
	if (set == NULL || !shc_domains_read(file->path, &set->domains))
	{
		free(set);
		return NULL;
	}
	if (set->domains.n > 0)
		qsort(set->domains.item, (size_t) set->domains.n, sizeof(ShcDomain), compare_domains);
	shc_info("%s: %d domain%s", file->path, set->domains.n, set->domains.n == 1 ? "" : "s");
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
