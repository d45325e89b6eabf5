/*
 * points.c: see points.h.
 */
#include "points.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load.h"

static void
allocate(Points *points, size_t n)
{
	points->us = malloc(n * sizeof(*points->us));
	points->value = malloc(n * sizeof(*points->value));
	points->ts = malloc(n * sizeof(*points->ts));
	if (points->us == NULL || points->value == NULL || points->ts == NULL)
		fail("points", "out of memory");
}

uint64_t
random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* From 0 to 1, 53 bits. */
static double
random_fraction(uint64_t *state)
{
	return (double) (random_next(state) >> 11) / 9007199254740992.0;
}

void
timestamp_text(char out[32], int64_t seconds)
{
	time_t t = (time_t) seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void
set_time(Points *points, size_t i, int64_t us)
{
	points->us[i] = us;
	timestamp_text(points->ts[i], us / 1000000);
	if (us % 1000000 != 0)
	{
		points->fine = true;
		snprintf(points->ts[i] + 19, sizeof(points->ts[i]) - 19, ".%06dZ", (int) (us % 1000000));
	}
}

static void
set_value(Points *points, size_t i, double value)
{
	for (int digits = 15; digits <= 17; digits++)
	{
		snprintf(points->value[i], sizeof(points->value[i]), "%.*g", digits, value);
		if (strtod(points->value[i], NULL) == value)
			return;
	}
}

void
points_make(Points *points, const char *kind, size_t n, uint64_t seed)
{
	bool is_random = strcmp(kind, "random") == 0;
	bool is_irregular = strcmp(kind, "irregular") == 0;
	uint64_t state = seed;
	double level = 0;

	if (!is_random && !is_irregular && strcmp(kind, "walk") != 0)
		fail("unknown kind of points", kind);
	*points = (Points){.n = n};
	allocate(points, n);
	for (size_t i = 0; i < n; i++)
	{
		int64_t us = (YEAR_START + (int64_t) i * STEP) * 1000000;
		double daily = 3.0 * sin((double) i * STEP / 86400.0 * 2.0 * M_PI);

		if (is_irregular)
			us += (int64_t) (random_next(&state) % 60000000);
		set_time(points, i, us);
		level += (random_fraction(&state) - 0.5) * 0.4;
		if (is_random)
			set_value(points, i, random_fraction(&state) * 1000);
		else
			set_value(points, i, round((20.0 + level + daily) * 10.0) / 10.0);
	}
}

/* Counts lines, without the first. */
static size_t
count_lines(FILE *file)
{
	size_t n = 0;

	for (int c; (c = getc(file)) != EOF;)
		n += c == '\n';
	rewind(file);
	return n > 0 ? n - 1 : 0;
}

void
points_load(Points *points, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[128];
	size_t lines;

	if (file == NULL)
		fail(path, "cannot be read");
	lines = count_lines(file);
	*points = (Points){0};
	allocate(points, lines);
	while (points->n < lines && fgets(line, sizeof(line), file) != NULL)
	{
		struct tm tm = {0};
		const char *comma = strptime(line, "%Y-%m-%d %H:%M:%S", &tm);
		size_t i = points->n;
		size_t len;

		if (comma == NULL || *comma != ',')
			continue;
		len = strcspn(comma + 1, "\r\n");
		if (len == 0 || len >= sizeof(points->value[i]))
			fail(path, line);
		/* The sensors have a few times twice: a series keeps one point for each. */
		if (i > 0 && (int64_t) timegm(&tm) * 1000000 <= points->us[i - 1])
			continue;
		set_time(points, i, (int64_t) timegm(&tm) * 1000000);
		memcpy(points->value[i], comma + 1, len);
		points->value[i][len] = '\0';
		points->n++;
	}
	fclose(file);
	if (points->n == 0)
		fail(path, "no points");
}

void
points_free(Points *points)
{
	free(points->us);
	free(points->value);
	free(points->ts);
	*points = (Points){0};
}

/* ---- bodies ---- */

void
body_clear(Body *body)
{
	body->len = 0;
	body->fine = false;
}

void
body_free(Body *body)
{
	free(body->data);
	*body = (Body){0};
}

void
body_put(Body *body, const char *text, size_t len)
{
	if (body->capacity - body->len < len)
	{
		body->capacity = (body->capacity + len) * 2;
		body->data = realloc(body->data, body->capacity);
		if (body->data == NULL)
			fail("body", "out of memory");
	}
	memcpy(body->data + body->len, text, len);
	body->len += len;
}

void
body_puts(Body *body, const char *text)
{
	body_put(body, text, strlen(text));
}

void
body_put_int(Body *body, int64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	/* Times since 1970: never negative here. */
	do
	{
		digits[--at] = (char) ('0' + number % 10);
		number /= 10;
	} while (number > 0);
	body_put(body, digits + at, sizeof(digits) - at);
}
