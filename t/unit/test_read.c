/*
 * test_read.c: aggregates over any split of the points, and what Accept headers ask for.
 *
 * SEED: of the random numbers.
 */
#include "aggregate.h"
#include "tsdata_read_accept.h"

#include <math.h>

#include "tap.h"

#define N 4000

static const ShAggregateKind kinds[] = {SH_AVG, SH_MIN, SH_MAX, SH_SUM, SH_COUNT};
static double value[N];

static double
random_double(void)
{
	return (double) random() / RAND_MAX;
}

static double
expected_of(ShAggregateKind kind, int n)
{
	long double sum = 0;
	double least = INFINITY;
	double greatest = -INFINITY;

	for (int i = 0; i < n; i++)
	{
		sum += value[i];
		least = fmin(least, value[i]);
		greatest = fmax(greatest, value[i]);
	}
	switch (kind)
	{
		case SH_AVG:
			return (double) (sum / n);
		case SH_SUM:
			return (double) sum;
		case SH_MIN:
			return least;
		case SH_MAX:
			return greatest;
		default:
			return n;
	}
}

static ShChunkSummary
summary_of(const double *first, int n)
{
	ShChunkSummary summary = {.n = n, .min = first[0], .max = first[0]};

	for (int i = 0; i < n; i++)
	{
		summary.sum += first[i];
		summary.min = fmin(summary.min, first[i]);
		summary.max = fmax(summary.max, first[i]);
	}
	return summary;
}

/* Adds n values in random pieces, each as points or as the summary of a chunk. */
static double
aggregate_in_pieces(ShAggregateKind kind, int n)
{
	ShAggregate aggregate = {.kind = kind};

	sh_aggregate_reset(&aggregate);
	for (int i = 0; i < n;)
	{
		int m = 1 + (int) (random() % 700);
		ShChunkSummary summary;

		m = m < n - i ? m : n - i;
		summary = summary_of(value + i, m);
		if (random() % 2 == 0 || !sh_aggregate_add_summary(&aggregate, &summary))
			sh_aggregate_add(&aggregate, value + i, m);
		i += m;
	}
	return sh_aggregate_result(&aggregate, 1, 0);
}

static void
check_kinds(const char *what, int n, double tolerance)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
	{
		bool good = true;

		for (int round = 0; round < 50; round++)
		{
			double got = aggregate_in_pieces(kinds[k], n);
			double expected = expected_of(kinds[k], n);

			good &= isinf(expected) ? got == expected
									: fabs(got - expected) <= tolerance * fabs(expected);
		}
		ok(good, "%s: kind %d", what, (int) kinds[k]);
	}
}

static void
test_aggregates(void)
{
	for (int i = 0; i < N; i++)
		value[i] = (double) (random() % 2000001);
	check_kinds("integers", N, 0);
	check_kinds("one value", 1, 0);
	for (int i = 0; i < N; i++)
		value[i] = 1 + random_double();
	check_kinds("fractions", N, 1e-12);
	for (int i = 0; i < N; i++)
		value[i] = (1 + random_double() / 2) * 1e308;
	check_kinds("at the end of the range", N, 1e-12);
	for (int i = 0; i < N; i++)
		value[i] = 4.9e-324 * (1 + (double) (random() % 1000));
	/* Sums of these are exact: they lose nothing to the scaling of large ones. */
	ok(aggregate_in_pieces(SH_SUM, N) == expected_of(SH_SUM, N), "the smallest numbers");
}

static void
test_conversion(void)
{
	ShAggregate aggregate = {.kind = SH_SUM};
	double degrees[] = {0, 100};
	double huge[] = {1e308, 1e308};

	sh_aggregate_reset(&aggregate);
	sh_aggregate_add(&aggregate, degrees, 2);
	ok(sh_aggregate_result(&aggregate, 1.8, 32) == 244, "a sum of converted temperatures");
	aggregate.kind = SH_COUNT;
	ok(sh_aggregate_result(&aggregate, 1.8, 32) == 2, "a count stays a count");
	aggregate.kind = SH_SUM;
	sh_aggregate_reset(&aggregate);
	sh_aggregate_add(&aggregate, huge, 2);
	ok(isinf(sh_aggregate_result(&aggregate, 1, 0)), "a sum beyond the range");
	ok(fabs(sh_aggregate_result(&aggregate, 1e-3, 0) - 2e305) < 1e292, "which a unit brings back");
}

static void
test_accept(void)
{
	static const struct
	{
		const char *header;
		bool csv;
	} cases[] = {{NULL, false},
				 {"", false},
				 {"*/*", false},
				 {"application/json", false},
				 {"text/csv", true},
				 {"Text/CSV; charset=utf-8", true},
				 {"text/csv;q=0", false},
				 {"text/csv;q=0.000", false},
				 {"text/csv;q=0.001", true},
				 {"text/csv, application/json", true},
				 {"application/json, text/csv", false},
				 {"application/json;q=0.9,text/csv", true},
				 {"text/csv;q=0.8 , application/json;q=0.9", false},
				 {"text/csv;header=present;q=0.8,*/*", true},
				 {"text/html;level=text/csv", false},
				 {",", false},
				 {";", false},
				 {"text/csv;", true},
				 {"text/csv;q", true},
				 {"text/csv;q=", false},
				 {"text/csv;q=x", false},
				 {"text/csv q=0", true},
				 {" \t text/csv \t", true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		/* A copy of exactly this size, so that reading on is seen. */
		char *copy = cases[i].header == NULL ? NULL : strdup(cases[i].header);

		ok(sh_accepts_csv(copy) == cases[i].csv, "\"%s\": %s",
		   cases[i].header == NULL ? "(none)" : cases[i].header, cases[i].csv ? "CSV" : "JSON");
		free(copy);
	}
}

static void
test_random_headers(void)
{
	static const char letters[] = "text/csv;q=01., application/json*";
	int csv = 0;

	for (int round = 0; round < 200000; round++)
	{
		size_t len = (size_t) random() % 24;
		char *text = malloc(len + 1);

		for (size_t i = 0; i < len; i++)
			text[i] = letters[(size_t) random() % (sizeof(letters) - 1)];
		text[len] = '\0';
		csv += sh_accepts_csv(text);
		free(text);
	}
	ok(csv < 200000, "random headers do no harm");
}

int
main(void)
{
	const char *seed = getenv("SEED");

	srandom(seed == NULL ? 1 : (unsigned) strtoul(seed, NULL, 10));
	test_aggregates();
	test_conversion();
	test_accept();
	test_random_headers();
	return done_testing();
}
