/*
 * tap.h: the output of a unit test in TAP, for prove. A test calls ok() and its relatives and returns
 * done_testing() from main(); the plan is printed at the end.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count;
static int tap_failed;

__attribute__((format(printf, 2, 3))) static inline bool
ok(bool good, const char *format, ...)
{
	char name[200];
	va_list arguments;

	tap_count++;
	if (!good)
		tap_failed++;
	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	/* A number sign would begin a directive. */
	for (char *p = name; *p != '\0'; p++)
		if ((unsigned char) *p < ' ' || *p == '#')
			*p = '?';
	printf("%s %d - %s\n", good ? "ok" : "not ok", tap_count, name);
	fflush(stdout);
	return good;
}

static inline bool
is_int(long long got, long long expected, const char *name)
{
	bool good = ok(got == expected, "%s", name);

	if (!good)
		printf("# got %lld, expected %lld\n", got, expected);
	return good;
}

static inline bool
is_str(const char *got, const char *expected, const char *name)
{
	bool same = got != NULL && expected != NULL ? strcmp(got, expected) == 0 : got == expected;
	bool good = ok(same, "%s", name);

	if (!good)
		printf("# got \"%s\", expected \"%s\"\n", got != NULL ? got : "(null)",
			   expected != NULL ? expected : "(null)");
	return good;
}

/* Prints the plan; the exit status for main(). */
static inline int
done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0 || tap_count == 0;
}

static inline int
done(void)
{
	return done_testing();
}

/* The seed of random tests: SEED in the environment, or a fixed one. Printed for the log. */
static inline uint64_t
tap_seed(void)
{
	const char *text = getenv("SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : 20190101;

	printf("# SEED=%llu\n", (unsigned long long) seed);
	return seed;
}

/* A size or a number of rounds that can be set in the environment. */
static inline long
tap_setting(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtol(text, NULL, 0) : otherwise;
}

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static inline uint64_t
tap_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

#endif
