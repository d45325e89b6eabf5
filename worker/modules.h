/*
 * modules.h: the code of modules that programs have asked for lately, by domain, name and revision.
 * Only of numbered revisions, which never change; for a short time, since a module may be switched
 * off. Loop thread only.
 */
#ifndef SH_WORKER_MODULES_H
#define SH_WORKER_MODULES_H

#include <stddef.h>
#include <stdint.h>

#define WK_MODULES_KEPT 64

typedef struct WkKeptModule
{
	char *domain; /* NULL: a free place */
	char *name;
	int64_t revision;
	char identity[64];
	char *code;
	size_t len;
	int64_t since;
} WkKeptModule;

typedef struct WkModules
{
	WkKeptModule item[WK_MODULES_KEPT];
	size_t bytes;
	int next; /* the place that is given away next */
} WkModules;

/* NULL: not kept. Valid until the next call of wk_modules_keep(). now: monotonic microseconds. */
extern const WkKeptModule *wk_modules_find(WkModules *modules, const char *domain, const char *name,
										   int64_t revision, int64_t now);

/* Copies all. Large code, and what no memory is there for, is not kept. */
extern void wk_modules_keep(WkModules *modules, const char *domain, const WkKeptModule *module);
extern void wk_modules_free(WkModules *modules);

#endif
