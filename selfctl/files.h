/*
 * files.h: small files and folders, as selfctl needs them.
 */
#ifndef SH_SELFCTL_FILES_H
#define SH_SELFCTL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "arena.h"

/* An absolute form of path; what exists of it is resolved. NULL (logged) on failure. */
extern const char *files_absolute(ShcArena *arena, const char *path);

/* The folder of the running program; NULL when it cannot be told. */
extern const char *files_program_dir(ShcArena *arena);

/*
 * Replaces a file as a whole, so that a reader, or a crash, sees the old or the new one. The group
 * may read it if mode says so; (gid_t) -1 leaves it ours.
 */
extern bool files_replace(const char *path, const char *text, size_t len, mode_t mode, gid_t group);

/* Copies a file in the same way. */
extern bool files_copy(const char *from, const char *to, mode_t mode, gid_t group);

/* The contents, at most 64 KiB, with a zero byte; NULL when it cannot be read. */
extern char *files_read(ShcArena *arena, const char *path);

/* Makes the folders above path, and path itself with that mode. False (logged). */
extern bool files_make_dirs(const char *path, mode_t parent_mode, mode_t mode);

extern bool files_exist(const char *path);

/* Whether the folder has no entry but those that are named (ends with NULL). */
extern bool files_dir_holds_only(const char *path, const char *const *names);

/* A log that has grown large is kept once, as path.1: before anybody writes it, */
extern void files_rotate(const char *path);

/* and while others append to it: a copy is kept, and it is emptied. */
extern void files_bound_log(const char *path);

/* Removes a folder with everything in it; does not follow links. */
extern bool files_remove_tree(const char *path);

#endif
