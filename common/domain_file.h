/*
 * domain_file.h: the domain file, looked at again and again. One thread.
 */
#ifndef SHC_DOMAIN_FILE_H
#define SHC_DOMAIN_FILE_H

#include <sys/stat.h>

#include "conf.h"

/* The file and how it looked when it was read last. */
typedef struct ShcDomainFile
{
	char *path; /* NULL: there is none */
	struct stat seen;
	bool is_missing;
} ShcDomainFile;

/*
 * Reads the file when it has changed since the last call: whether it was written in place, replaced
 * by a rename or is a link to a changed file makes no difference. False: it has not changed, or is
 * not usable (logged once); then what was read before stays in force, and *out is untouched.
 */
extern bool shc_domain_file_poll(ShcDomainFile *file, ShcDomains *out);

#endif
