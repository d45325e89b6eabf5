/*
 * modules.c: the code of modules that programs have asked for lately.
 */
#include "modules.h"

#include <stdlib.h>
#include <string.h>

/* How long a module may still be used after it was switched off. */
#define KEPT_US INT64_C(10000000)

/* Of all code, and of one module. */
#define BYTES_MAX	 ((size_t) 8 * 1024 * 1024)
#define ONE_CODE_MAX ((size_t) 512 * 1024)

static void
forget(WkModules *modules, WkKeptModule *module)
{
	if (module->domain == NULL)
		return;
	modules->bytes -= module->len;
	free(module->domain);
	free(module->name);
	free(module->code);
	*module = (WkKeptModule){0};
}

const WkKeptModule *
wk_modules_find(WkModules *modules, const char *domain, const char *name, int64_t revision,
				int64_t now)
{
	for (int i = 0; i < WK_MODULES_KEPT; i++)
	{
		WkKeptModule *module = &modules->item[i];

		if (module->domain != NULL && now - module->since > KEPT_US)
			forget(modules, module);
		if (module->domain != NULL && module->revision == revision &&
			strcmp(module->name, name) == 0 && strcmp(module->domain, domain) == 0)
			return module;
	}
	return NULL;
}

void
wk_modules_keep(WkModules *modules, const char *domain, const WkKeptModule *module)
{
	WkKeptModule copy = *module;
	WkKeptModule *place;

	if (module->len > ONE_CODE_MAX)
		return;
	copy.domain = strdup(domain);
	copy.name = strdup(module->name);
	copy.code = malloc(module->len + 1);
	if (copy.domain == NULL || copy.name == NULL || copy.code == NULL)
	{
		free(copy.domain);
		free(copy.name);
		free(copy.code);
		return;
	}
	memcpy(copy.code, module->code, module->len);
	do
	{
		place = &modules->item[modules->next];
		modules->next = (modules->next + 1) % WK_MODULES_KEPT;
		forget(modules, place);
	} while (modules->bytes + copy.len > BYTES_MAX);
	*place = copy;
	modules->bytes += copy.len;
}

void
wk_modules_free(WkModules *modules)
{
	for (int i = 0; i < WK_MODULES_KEPT; i++)
		forget(modules, &modules->item[i]);
}
