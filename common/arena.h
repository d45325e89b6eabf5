/*
 * arena.h: memory of one request: allocated piece by piece, freed all at once. One thread at a time.
 */
#ifndef SHC_ARENA_H
#define SHC_ARENA_H

#include <stddef.h>

typedef struct ShcArena ShcArena;

/* NULL when out of memory. `limit`: most bytes that the arena will ever hold. */
extern ShcArena *shc_arena_new(size_t limit);
extern void shc_arena_free(ShcArena *arena);

/* Empties the arena and keeps its first block for the next use. */
extern void shc_arena_reset(ShcArena *arena);

/* Aligned to 16 bytes, not zeroed; NULL beyond the limit or out of memory. */
extern void *shc_arena_alloc(ShcArena *arena, size_t size);
extern void *shc_arena_zalloc(ShcArena *arena, size_t size);
extern char *shc_arena_strndup(ShcArena *arena, const char *text, size_t len);
extern char *
shc_arena_printf(ShcArena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
