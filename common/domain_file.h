/*
 * domain_file.h: the domain file, read again whenever it has changed. One thread.
 */
#ifndef SHC_DOMAIN_FILE_H
#define SHC_DOMAIN_FILE_H

#include <sys/stat.h>

#include "conf.h"

/* The file and how it looked when it was read last. */
typedef struct ShcDomainFile
{
	char *path;
	int watch_fd; /* can be read from when something has happened; -1: the kernel does not tell */
	struct stat seen;
	bool is_missing;
} ShcDomainFile;

/*
 * Takes over a malloc'd path and watches the folders of the file and of what it leads to. Without a watch
 * (logged), and for changes that the kernel does not see, the owner looks from time to time.
 */
extern void shc_domain_file_open(ShcDomainFile *file, char *path);
extern void shc_domain_file_close(ShcDomainFile *file);

/*
 * Reads the file when it has changed since the last call: whether it was written in place, replaced
 * by a rename or is a link to a changed file makes no difference. False: it has not changed, or is
 * not usable (logged once); then what was read before stays in force, and *out is untouched.
 */
extern bool shc_domain_file_poll(ShcDomainFile *file, ShcDomains *out);

#endif
