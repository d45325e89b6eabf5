/*
 * selfpwrk.c: finding selfpwrk.
 */
#include "selfpwrk.h"

#include <unistd.h>

#include "daemon.h"
#include "files.h"
#include "program_path.h"

bool
selfpwrk_find(const Stack *stack, const Account *account, const char **program)
{
	const char *dir = shc_arena_printf(stack->arena, "%s/program", stack->dir);
	const char *copy = shc_arena_printf(stack->arena, "%s/selfpwrk", dir);

	*program = program_path(stack->arena, "worker", "selfpwrk");
	if (*program == NULL)
		return false;
	if (daemon_reaches(account, *program, X_OK))
		return true;
	if (!files_make_dirs(dir, 0755, 0755) || !files_copy(*program, copy, 0750, account->gid))
		return false;
	*program = copy;
	return true;
}
