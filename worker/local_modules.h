/*
 * local_modules.h: where a program that runs out of a file finds its modules: in files beside it, and
 * in a domain, when one is named.
 */
#ifndef SH_WORKER_LOCAL_MODULES_H
#define SH_WORKER_LOCAL_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct WkLocalModules WkLocalModules;

/*
 * file: the program's. against: how to connect to the database of a domain, as a role that may read its
 * programs; NULL: there is none. Connects when a module is first looked for there. NULL, and logged: out
 * of memory.
 */
extern WkLocalModules *
wk_local_modules_new(const char *file, const char *language, const char *against);
extern void wk_local_modules_free(WkLocalModules *modules);

typedef struct WkLocalModule
{
	char *code; /* malloc'd */
	size_t len;
	int64_t revision;
} WkLocalModule;

/*
 * Finds a module: a file beside the program, unless a revision (>= 0) is wanted, else a module of the
 * domain that is active and has a signed revision. False: there is none.
 */
extern bool wk_local_module_find(WkLocalModules *modules, const char *name, int64_t revision,
								 WkLocalModule *out);

/* A file of at most 16 MiB, malloc'd and with a zero byte behind it; false with errno. */
extern bool wk_local_read_file(const char *path, char **data, size_t *len);

#endif
