/*
 * domain_file.c: the domain file, looked at again and again.
 */
#include "domain_file.h"

#include <errno.h>
#include <string.h>

#include "log.h"

static bool
looks_the_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		   a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		   a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

bool
shc_domain_file_poll(ShcDomainFile *file, ShcDomains *out)
{
	struct stat now;

	if (file->path == NULL)
		return false;
	if (stat(file->path, &now) != 0)
	{
		if (!file->is_missing)
			shc_error("cannot read the domain file %s: %s", file->path, strerror(errno));
		file->is_missing = true;
		return false;
	}
	if (!file->is_missing && looks_the_same(&file->seen, &now))
		return false;
	file->is_missing = false;
	file->seen = now;
	if (!shc_domains_read(file->path, out))
		return false;
	shc_info("%s: %d domain%s", file->path, out->n, out->n == 1 ? "" : "s");
	return true;
}
