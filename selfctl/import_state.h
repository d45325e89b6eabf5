/*
 * import_state.h: how far an import came: FILE.import, written after each batch, removed at the end.
 */
#ifndef SH_SELFCTL_IMPORT_STATE_H
#define SH_SELFCTL_IMPORT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"

typedef struct ImportState
{
	const char *path;
	uint64_t offset; /* bytes of the file that are done */
	uint64_t line;	 /* lines that are done */
	char target[64]; /* what it goes to: another one is another import */
	uint64_t size;	 /* of the file, so that another file is noticed */
} ImportState;

typedef enum ImportStateFound
{
	IMPORT_STATE_NONE,
	IMPORT_STATE_FOUND,
	IMPORT_STATE_BROKEN
} ImportStateFound;

extern ImportStateFound import_state_read(ImportState *state);

/* False when logged. */
extern bool import_state_write(const ImportState *state);
extern void import_state_remove(const ImportState *state);

#endif
