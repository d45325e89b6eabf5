/*
 * test_arena.c: pieces are aligned, apart from each other and within the limit; a reset gives the
 * room back.
 */
#include "arena.h"

#include <stdint.h>
#include <string.h>

#include "tap.h"

#define PIECES 3000

static void
test_pieces(void)
{
	static unsigned char *piece[PIECES];
	static size_t size[PIECES];
	ShcArena *arena = shc_arena_new(64 * 1024 * 1024);
	uint64_t state = tap_seed();
	int misaligned = 0;
	int damaged = 0;
	int missing = 0;

	for (int round = 0; round < 3; round++)
	{
		for (int i = 0; i < PIECES; i++)
		{
			size[i] = tap_random(&state) % (i % 100 == 0 ? 100000 : 300);
			piece[i] = shc_arena_alloc(arena, size[i]);
			if (piece[i] == NULL)
			{
				missing++;
				continue;
			}
			misaligned += (uintptr_t) piece[i] % 16 != 0;
			memset(piece[i], i & 255, size[i]);
		}
		for (int i = 0; i < PIECES; i++)
			for (size_t j = 0; piece[i] != NULL && j < size[i]; j++)
				damaged += piece[i][j] != (i & 255);
		shc_arena_reset(arena);
	}
	is_int(missing, 0, "all pieces were there");
	is_int(misaligned, 0, "pieces are aligned to 16 bytes");
	is_int(damaged, 0, "pieces do not overlap");
	shc_arena_free(arena);
	shc_arena_free(NULL);
}

static size_t
fill(ShcArena *arena, size_t size)
{
	size_t total = 0;

	while (shc_arena_alloc(arena, size) != NULL)
		total += size;
	return total;
}

static void
test_limit(void)
{
	ShcArena *arena = shc_arena_new(100000);
	size_t first = fill(arena, 160);

	ok(first <= 100000, "never more than the limit");
	ok(first > 90000, "and nearly all of it");
	ok(shc_arena_alloc(arena, 100001) == NULL, "a piece over the limit");
	ok(shc_arena_alloc(arena, SIZE_MAX) == NULL, "a piece as large as the address space");
	ok(shc_arena_alloc(arena, SIZE_MAX - 20) == NULL, "a piece nearly as large");
	ok(shc_arena_strndup(arena, "", SIZE_MAX) == NULL, "a text as large");
	shc_arena_reset(arena);
	is_int((long long) fill(arena, 160), (long long) first, "a reset gives everything back");
	shc_arena_reset(arena);
	ok(shc_arena_alloc(arena, 90000) != NULL, "one large piece");
	shc_arena_free(arena);

	arena = shc_arena_new(0);
	ok(arena != NULL && shc_arena_alloc(arena, 1) == NULL, "a limit of nothing");
	shc_arena_free(arena);
	arena = shc_arena_new(100);
	ok(shc_arena_alloc(arena, 90) != NULL, "a limit that is no multiple of the alignment");
	ok(shc_arena_alloc(arena, 10) == NULL, "is kept");
	shc_arena_free(arena);
}

static void
test_texts(void)
{
	ShcArena *arena = shc_arena_new(10000);
	char *zero = shc_arena_zalloc(arena, 1000);
	char *empty = shc_arena_alloc(arena, 0);

	ok(empty != NULL && empty != shc_arena_alloc(arena, 0), "pieces of nothing differ");
	is_str(shc_arena_strndup(arena, "abcdef", 3), "abc", "a part of a text is copied");
	is_str(shc_arena_printf(arena, "%s-%d", "x", 42), "x-42", "a text is formatted");
	ok(shc_arena_printf(arena, "%20000d", 1) == NULL, "a formatted text that does not fit");
	memset(shc_arena_alloc(arena, 1000), 'x', 1000);
	shc_arena_reset(arena);
	zero = shc_arena_zalloc(arena, 3000);
	ok(zero != NULL && zero[0] == 0 && memcmp(zero, zero + 1, 2999) == 0, "zeroes after a reset");
	shc_arena_free(arena);
}

int
main(void)
{
	test_pieces();
	test_limit();
	test_texts();
	return done_testing();
}
