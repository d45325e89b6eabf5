/*
 * program_path.c: looks for a program.
 */
#include "program_path.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "log.h"

static const char *
find_in_path(ShcArena *arena, const char *name)
{
	const char *p = getenv("PATH");

	while (p != NULL && *p != '\0')
	{
		size_t len = strcspn(p, ":");
		const char *path = shc_arena_printf(arena, "%.*s/%s", (int) len, p, name);

		if (path[0] == '/' && access(path, X_OK) == 0)
			return path;
		p += len + (p[len] == ':');
	}
	return NULL;
}

const char *
program_path(ShcArena *arena, const char *folder, const char *name)
{
	const char *dir = files_program_dir(arena);
	const char *path;

	if (dir != NULL)
	{
		path = shc_arena_printf(arena, "%s/../%s/%s", dir, folder, name);
		if (access(path, X_OK) == 0)
			return files_absolute(arena, path);
		path = shc_arena_printf(arena, "%s/%s", dir, name);
		if (access(path, X_OK) == 0)
			return path;
	}
	path = find_in_path(arena, name);
	if (path == NULL)
		shc_error("cannot find %s: it is neither beside selfctl nor in PATH", name);
	return path;
}
