/*
 * diff.h: the differences between two texts, line by line, in the unified format.
 *
 * Plain C. Bytes are compared as they are; a last line without a newline differs from one with it.
 */
#ifndef SH_DIFF_H
#define SH_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where memory comes from and where the output goes. */
typedef struct ShDiffHost
{
	void *(*allocate)(size_t size); /* NULL: there is none */
	void (*release)(void *memory);
	void (*write)(void *context, const char *text, size_t len);
	void *context;
	uint64_t seed; /* of the hash of lines; not known to who wrote the texts */
} ShDiffHost;

/*
 * Writes what turns text a into text b: the two head lines, "--- <name_a>" and "+++ <name_b>", and
 * hunks with three lines of context. Nothing where the texts are equal. The differences are the fewest
 * possible unless the texts are large and very unlike; they always turn a into b. Memory is linear in
 * the number of lines, time close to it. False: out of memory, or a text is larger than 512 MiB; nothing
 * is written then.
 */
extern bool sh_diff_unified(const ShDiffHost *host, const char *name_a, const char *a, size_t len_a,
							const char *name_b, const char *b, size_t len_b);

#endif
