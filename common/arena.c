/*
 * arena.c: memory of one request, taken from blocks that are freed together.
 *
 * Pieces are cut from the newest block. A piece that would waste much of it gets a block of its own,
 * which is put behind the newest. Under AddressSanitizer only what was handed out can be touched.
 */
#include "arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void) 0)
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void) 0)
#endif

#define ALIGNMENT	16
#define FIRST_BLOCK ((size_t) 4096)
#define MAX_BLOCK	((size_t) 256 * 1024)

typedef struct Block
{
	struct Block *next;
	size_t size; /* of data */
	size_t used;
	alignas(ALIGNMENT) char data[];
} Block;

struct ShcArena
{
	Block *blocks; /* the newest first; the first one of all, which a reset keeps, is the last */
	size_t limit;
	size_t held; /* the sizes of all blocks */
};

/* A block that holds at least `size` bytes, at best `wished`, within the limit. NULL: cannot be. */
static Block *
new_block(ShcArena *arena, size_t size, size_t wished)
{
	size_t left = arena->limit - arena->held;
	Block *block;

	if (size > left)
		return NULL;
	if (wished < size)
		wished = size;
	if (wished > left)
		wished = left;
	block = malloc(sizeof(Block) + wished);
	if (block == NULL)
		return NULL;
	block->next = NULL;
	block->size = wished;
	block->used = 0;
	arena->held += wished;
	ASAN_POISON_MEMORY_REGION(block->data, wished);
	return block;
}

static void
free_block(Block *block)
{
	ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
	free(block);
}

ShcArena *
shc_arena_new(size_t limit)
{
	ShcArena *arena = calloc(1, sizeof(ShcArena));

	if (arena == NULL)
		return NULL;
	arena->limit = limit;
	arena->blocks = new_block(arena, 0, FIRST_BLOCK);
	if (arena->blocks == NULL)
	{
		free(arena);
		return NULL;
	}
	return arena;
}

void
shc_arena_free(ShcArena *arena)
{
	if (arena == NULL)
		return;
	shc_arena_reset(arena);
	free_block(arena->blocks);
	free(arena);
}

void
shc_arena_reset(ShcArena *arena)
{
	while (arena->blocks->next != NULL)
	{
		Block *block = arena->blocks;

		arena->blocks = block->next;
		free_block(block);
	}
	arena->blocks->used = 0;
	arena->held = arena->blocks->size;
	ASAN_POISON_MEMORY_REGION(arena->blocks->data, arena->blocks->size);
}

/* Adds a block for a piece of `size` bytes and returns it. */
static Block *
add_block(ShcArena *arena, size_t size)
{
	Block *newest = arena->blocks;
	size_t wished = newest->size < MAX_BLOCK / 2 ? newest->size * 2 : MAX_BLOCK;
	Block *block;

	if (wished < FIRST_BLOCK)
		wished = FIRST_BLOCK;
	/* Its own block for a large piece while the newest has room for many small ones. */
	if (size > wished / 4 && newest->size - newest->used > newest->size / 4 && newest->next != NULL)
	{
		block = new_block(arena, size, size);
		if (block == NULL)
			return NULL;
		block->next = newest->next;
		newest->next = block;
		return block;
	}
	block = new_block(arena, size, wished);
	if (block == NULL)
		return NULL;
	block->next = newest;
	arena->blocks = block;
	return block;
}

void *
shc_arena_alloc(ShcArena *arena, size_t size)
{
	Block *block = arena->blocks;
	size_t whole;
	void *piece;

	if (size > SIZE_MAX - ALIGNMENT)
		return NULL;
	/* A piece of nothing has an address of its own too. */
	whole = (size > 0 ? size + ALIGNMENT - 1 : ALIGNMENT) & ~(size_t) (ALIGNMENT - 1);
	if (whole > block->size - block->used)
	{
		block = add_block(arena, whole);
		if (block == NULL)
			return NULL;
	}
	piece = block->data + block->used;
	block->used += whole;
	ASAN_UNPOISON_MEMORY_REGION(piece, size);
	return piece;
}

void *
shc_arena_zalloc(ShcArena *arena, size_t size)
{
	void *piece = shc_arena_alloc(arena, size);

	if (piece != NULL)
		memset(piece, 0, size);
	return piece;
}

char *
shc_arena_strndup(ShcArena *arena, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? shc_arena_alloc(arena, len + 1) : NULL;

	if (copy == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *
shc_arena_printf(ShcArena *arena, const char *format, ...)
{
	va_list arguments;
	char *text;
	int len;

	va_start(arguments, format);
	len = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	text = len >= 0 ? shc_arena_alloc(arena, (size_t) len + 1) : NULL;
	if (text == NULL)
		return NULL;
	va_start(arguments, format);
	vsnprintf(text, (size_t) len + 1, format, arguments);
	va_end(arguments);
	return text;
}
