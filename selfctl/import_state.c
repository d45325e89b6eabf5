/*
 * import_state.c: one line of text, replaced as a whole.
 */
#include "import_state.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define STATE_FORMAT "selfctl import 1"

ImportStateFound
import_state_read(ImportState *state)
{
	FILE *in = fopen(state->path, "r");
	int n;

	if (in == NULL)
		return errno == ENOENT ? IMPORT_STATE_NONE : IMPORT_STATE_BROKEN;
	n = fscanf(in, STATE_FORMAT " %" SCNu64 " %" SCNu64 " %" SCNu64 " %63s", &state->offset,
			   &state->line, &state->size, state->target);
	fclose(in);
	return n == 4 ? IMPORT_STATE_FOUND : IMPORT_STATE_BROKEN;
}

bool
import_state_write(const ImportState *state)
{
	char temporary[PATH_MAX];
	FILE *out;
	bool good;

	if (snprintf(temporary, sizeof(temporary), "%s.new", state->path) >= (int) sizeof(temporary))
	{
		shc_error("the path of %s is too long", state->path);
		return false;
	}
	out = fopen(temporary, "w");
	good = out != NULL && fprintf(out, STATE_FORMAT " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
								  state->offset, state->line, state->size, state->target) > 0;
	if (out != NULL)
		good = fclose(out) == 0 && good;
	good = good && rename(temporary, state->path) == 0;
	if (!good)
		shc_error("cannot write %s: %s", state->path, strerror(errno));
	return good;
}

void
import_state_remove(const ImportState *state)
{
	if (unlink(state->path) != 0 && errno != ENOENT)
		shc_warning("cannot remove %s: %s", state->path, strerror(errno));
}
