/*
 * points.h: the points that "make bench" works with, kept as the texts that bodies are made of, so
 * that making a body costs the client little more than copying.
 */
#ifndef BENCH_POINTS_H
#define BENCH_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define YEAR_POINTS 52561	   /* every ten minutes of 2019, and the first of 2020 */
#define YEAR_START	1546300800 /* 2019-01-01T00:00:00Z */
#define STEP		600		   /* seconds */

typedef struct Points
{
	size_t n;
	bool fine;		   /* timestamps have microseconds */
	int64_t *us;	   /* since 1970 */
	char (*value)[26]; /* shortest text that reads back as the same double */
	char (*ts)[32];	   /* RFC 3339, UTC */
} Points;

/*
 * kind: "walk" (a daily sine and a random walk, rounded to 0.1), "random" (doubles of 53 random bits
 * below 1000), "irregular" (the walk, each point up to 60 s late by random microseconds). n: at most
 * YEAR_POINTS make sense. The same seed gives the same points.
 */
extern void points_make(Points *points, const char *kind, size_t n, uint64_t seed);

/* Reads a file of NAB: "YYYY-MM-DD HH:MM:SS,value" below a line of names; values as written. */
extern void points_load(Points *points, const char *path);
extern void points_free(Points *points);

/* A random number; *state is the generator's, any start will do. */
extern uint64_t random_next(uint64_t *state);

/* Writes a number of seconds since 1970 as RFC 3339. */
extern void timestamp_text(char out[32], int64_t seconds);

/* ---- bodies ---- */

typedef struct Body
{
	char *data;
	size_t len;
	size_t capacity;
	bool fine;
} Body;

extern void body_clear(Body *body);
extern void body_free(Body *body);
extern void body_put(Body *body, const char *text, size_t len);
extern void body_puts(Body *body, const char *text);
extern void body_put_int(Body *body, int64_t number);

#endif
