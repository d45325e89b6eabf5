/*
 * program_path.h: where the other programs of Self-host are.
 */
#ifndef SH_SELFCTL_PROGRAM_PATH_H
#define SH_SELFCTL_PROGRAM_PATH_H

#include "arena.h"

/*
 * Finds a program: in its folder of the build tree, beside selfctl, else in PATH. NULL, and logged, when
 * it is nowhere.
 */
extern const char *program_path(ShcArena *arena, const char *folder, const char *name);

#endif
