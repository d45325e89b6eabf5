/*
 * local_modules.c: modules out of files and out of a domain.
 */
#include "local_modules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "log.h"
#include "pgx.h"

#define MAX_FILE		((size_t) 16 * 1024 * 1024)

#define CONNECT_TIMEOUT 10

struct WkLocalModules
{
	const char *file;
	const char *language;
	const char *against;
	ShcPg *pg; /* NULL: not connected yet */
	bool has_failed;
};

WkLocalModules *
wk_local_modules_new(const char *file, const char *language, const char *against)
{
	WkLocalModules *modules = calloc(1, sizeof(WkLocalModules));

	if (modules == NULL)
	{
		shc_error("out of memory");
		return NULL;
	}
	*modules = (WkLocalModules){.file = file, .language = language, .against = against};
	return modules;
}

void
wk_local_modules_free(WkLocalModules *modules)
{
	if (modules == NULL)
		return;
	shc_pg_close(modules->pg);
	free(modules);
}

bool
wk_local_read_file(const char *path, char **data, size_t *len)
{
	FILE *file = fopen(path, "re");
	ShcBuf buf;
	bool good;

	if (file == NULL)
		return false;
	shc_buf_init(&buf, MAX_FILE);
	good = shc_buf_read(&buf, file) && shc_buf_append(&buf, "", 0);
	fclose(file);
	if (!good)
	{
		shc_buf_free(&buf);
		return false;
	}
	*len = buf.len;
	*data = buf.capacity > 0 ? buf.data : strdup("");
	return *data != NULL;
}

/* With the same ending as the program. A name with a slash would lead elsewhere. */
static bool
find_file(const WkLocalModules *modules, const char *name, WkLocalModule *out)
{
	const char *slash = strrchr(modules->file, '/');
	int folder = slash != NULL ? (int) (slash - modules->file) + 1 : 0;
	char *path;
	bool good;

	if (strchr(name, '/') != NULL ||
		asprintf(&path, "%.*s%s.%s", folder, modules->file, name, modules->language) < 0)
		return false;
	good = wk_local_read_file(path, &out->code, &out->len);
	free(path);
	return good;
}

/* The columns: number of the revision, code. */
static bool
take_module(void *context, int n, const char *const *value)
{
	WkLocalModule *out = context;

	(void) n;
	out->revision = strtoll(value[0], NULL, 10);
	out->code = shc_pg_bytea_bytes(value[1], &out->len);
	return out->code != NULL;
}

/* Of several modules of one name none is meant. */
static const char query[] =
	"SELECT v.revision, v.code FROM selfhost.program_revision AS v"
	" WHERE v.program_uuid = (SELECT min(m.uuid::text)::uuid FROM selfhost.program AS m"
	"   WHERE m.name = $1 AND m.type = 'module' AND m.state = 'active' AND m.language::text = $2"
	"   HAVING count(*) = 1)"
	" AND v.signed IS NOT NULL AND v.code IS NOT NULL"
	" AND ($3::integer < 0 OR v.revision = $3::integer) ORDER BY v.revision DESC LIMIT 1";

static bool
find_in_domain(WkLocalModules *modules, const char *name, int64_t revision, WkLocalModule *out)
{
	char number[24];
	const char *parameter[] = {name, modules->language, number};

	if (modules->against == NULL || modules->has_failed || revision > INT32_MAX)
		return false;
	if (modules->pg == NULL && !shc_pg_connect(modules->against, CONNECT_TIMEOUT, &modules->pg))
	{
		modules->has_failed = true;
		return false;
	}
	snprintf(number, sizeof(number), "%lld", (long long) revision);
	return shc_pg_exec(modules->pg, query, 3, parameter, take_module, out) && out->code != NULL;
}

bool
wk_local_module_find(WkLocalModules *modules, const char *name, int64_t revision,
					 WkLocalModule *out)
{
	*out = (WkLocalModule){0};
	return (revision < 0 && find_file(modules, name, out)) ||
		   find_in_domain(modules, name, revision, out);
}
