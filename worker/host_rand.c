/*
 * host_rand.c: the rand module: xoshiro256** (Blackman, Vigna: Scrambled linear pseudorandom number
 * generators, 2018), seeded from the kernel, or with a number by splitmix64. Not for secrets.
 */
#include <math.h>
#include <string.h>
#include <sys/random.h>

#include "host_math.h"

/* The most bytes, or elements of a permutation, at once. */
#define MANY ((int64_t) 1 << 20)

typedef struct Generator
{
	WkObject object; /* first */
	uint64_t random[4];
} Generator;

static uint64_t
rotate(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static uint64_t
next(uint64_t s[4])
{
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

static void
seed(uint64_t s[4], uint64_t from)
{
	for (int i = 0; i < 4; i++)
	{
		uint64_t z = (from += UINT64_C(0x9e3779b97f4a7c15));

		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		s[i] = z ^ (z >> 31);
	}
}

/* The generator of the object whose member is called, or of the run. */
static uint64_t *
generator_of(WkHostCall *call)
{
	WkHostState *state = call->state;
	uint64_t from;

	if (call->object != NULL)
		return ((Generator *) call->object)->random;
	if (!state->is_random_seeded)
	{
		if (getrandom(&from, sizeof(from), 0) != (ssize_t) sizeof(from))
			from = (uint64_t) (uintptr_t) state;
		seed(state->random, from);
		state->is_random_seeded = true;
	}
	return state->random;
}

/* 0 <= x < n, each as likely as the others. */
static uint64_t
below(uint64_t s[4], uint64_t n)
{
	uint64_t usable = UINT64_MAX - UINT64_MAX % n;
	uint64_t x;

	do
		x = next(s);
	while (x >= usable);
	return x % n;
}

/* 0 <= x < 1 */
static double
fraction(uint64_t s[4])
{
	return (double) (next(s) >> 11) * 0x1p-53;
}

static bool
rand_int(WkHostCall *call)
{
	return wk_return_int(call, (int64_t) (next(generator_of(call)) >> 1));
}

static bool
rand_float(WkHostCall *call)
{
	return wk_return_float(call, fraction(generator_of(call)));
}

static bool
rand_intn(WkHostCall *call)
{
	int64_t n;

	if (!wk_arg_int(call, 0, &n))
		return false;
	if (n <= 0)
		return wk_raise(call, "intn: the limit must be greater than 0");
	return wk_return_int(call, (int64_t) below(generator_of(call), (uint64_t) n));
}

static bool
rand_exp_float(WkHostCall *call)
{
	return wk_return_float(call, -log1p(-fraction(generator_of(call))));
}

/* Box and Muller, one of the two. */
static bool
rand_norm_float(WkHostCall *call)
{
	uint64_t *s = generator_of(call);
	double radius = sqrt(-2 * log1p(-fraction(s)));

	return wk_return_float(call, radius * cos(2 * M_PI * fraction(s)));
}

static bool
rand_perm(WkHostCall *call)
{
	uint64_t *s = generator_of(call);
	int64_t n;
	WkValue *items;

	if (!wk_arg_int(call, 0, &n))
		return false;
	if (n < 0 || n > MANY)
		return wk_raise(call, "perm: must be 0 to %lld", (long long) MANY);
	items = shc_arena_alloc(call->arena, ((size_t) n + 1) * sizeof(WkValue));
	if (items == NULL)
		return wk_raise_memory(call);
	for (int64_t i = 0; i < n; i++)
	{
		uint64_t at = below(s, (uint64_t) i + 1);

		items[i] = items[at];
		items[at] = (WkValue){.kind = WK_INT, .integer = i};
	}
	return wk_return_array(call, items, (size_t) n);
}

static bool
rand_seed(WkHostCall *call)
{
	int64_t from;

	if (!wk_arg_int(call, 0, &from))
		return false;
	seed(generator_of(call), (uint64_t) from);
	return wk_return_undefined(call);
}

/* read(n): n bytes. */
static bool
rand_read(WkHostCall *call)
{
	uint64_t *s = generator_of(call);
	int64_t n;

	if (!wk_arg_int(call, 0, &n))
		return false;
	if (n < 0 || n > MANY)
		return wk_raise(call, "read: must be 0 to %lld", (long long) MANY);
	for (; n > 0 && !call->out->failed; n -= 8)
	{
		uint64_t x = next(s);

		shc_buf_append(call->out, &x, n < 8 ? (size_t) n : 8);
	}
	return wk_return_out(call, WK_BYTES);
}

#define GENERATOR_MEMBERS                                                        \
	{.name = "int", .function = rand_int, .min = 0, .max = 0},                   \
		{.name = "float", .function = rand_float, .min = 0, .max = 0},           \
		{.name = "intn", .function = rand_intn, .min = 1, .max = 1},             \
		{.name = "exp_float", .function = rand_exp_float, .min = 0, .max = 0},   \
		{.name = "norm_float", .function = rand_norm_float, .min = 0, .max = 0}, \
		{.name = "perm", .function = rand_perm, .min = 1, .max = 1},             \
		{.name = "seed", .function = rand_seed, .min = 1, .max = 1},             \
	{                                                                            \
		.name = "read", .function = rand_read, .min = 1, .max = 1                \
	}

static const WkMember generator_members[] = {GENERATOR_MEMBERS, {.name = NULL}};

static const WkObjectType generator_type = {.name = "generator", .members = generator_members};

/* rand(seed): a generator of its own. */
static bool
rand_rand(WkHostCall *call)
{
	Generator *generator;
	int64_t from;

	if (!wk_arg_int(call, 0, &from))
		return false;
	generator = (Generator *) wk_object_new(call->state, &generator_type, sizeof(Generator), 0);
	if (generator == NULL)
		return wk_raise_memory(call);
	seed(generator->random, (uint64_t) from);
	call->result = (WkValue){.kind = WK_OBJECT};
	call->result.object = &generator->object;
	return true;
}

const WkMember wk_rand_members[] = {
	GENERATOR_MEMBERS,
	{.name = "rand", .function = rand_rand, .min = 1, .max = 1},
	{.name = NULL},
};
