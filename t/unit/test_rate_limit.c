/*
 * test_rate_limit.c: what tokens, users and addresses may ask in given times.
 */
#include "rate_limit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

static const uint8_t user[16] = {1};
static GwConfig config;
static GwRateLimit *limit;

static GwCaller
caller(int n, const char *address)
{
	static unsigned char digest[8][32];
	unsigned char *d = digest[n & 7];

	memset(d, 0, 32);
	memcpy(d, &n, sizeof(n));
	return (GwCaller){"test", d, address};
}

static void
start(void)
{
	gw_rate_limit_free(limit);
	config = (GwConfig){.rate_per_hour = 3600,
						.rate_burst = 5,
						.rate_cleanup = 180 * SECOND,
						.auth_failures_per_minute = 60,
						.auth_failures_burst = 10};
	limit = gw_rate_limit_new(&config);
}

/* How many of n requests are admitted. */
static int
admitted(const GwCaller *who, int n, int64_t now, GwRateRefusal *last)
{
	GwRateRefusal refusal = {0};
	int good = 0;

	for (int i = 0; i < n; i++)
	{
		if (gw_rate_limit_admit(limit, who, now, &refusal))
			good++;
		else
			*last = refusal;
	}
	return good;
}

static void
test_tokens(void)
{
	GwCaller a = caller(1, "192.0.2.1");
	GwCaller b = caller(2, "192.0.2.1");
	GwCaller elsewhere = a;
	GwRateRefusal refusal = {0};

	start();
	elsewhere.domain = "other";
	is_int(admitted(&a, 100, SECOND, &refusal), 100, "a token that nobody knows pays nothing");
	gw_rate_limit_succeeded(limit, &a, user, -1, SECOND);
	is_int(admitted(&a, 10, SECOND, &refusal), 4, "a known one pays, its first request, too");
	is_int(refusal.retry_after, 1, "until another second has passed");
	ok(refusal.rate_per_hour == 3600, "at this rate");
	is_int(admitted(&a, 10, 3 * SECOND, &refusal), 2, "two seconds give two requests");
	gw_rate_limit_succeeded(limit, &b, user, -1, 3 * SECOND);
	is_int(admitted(&b, 10, 3 * SECOND, &refusal), 4, "another token has a bucket of its own");
	gw_rate_limit_succeeded(limit, &elsewhere, user, -1, 3 * SECOND);
	is_int(admitted(&elsewhere, 10, 3 * SECOND, &refusal), 4, "so has the same in another domain");
	is_int(admitted(&a, 10, 3 * SECOND + 181 * SECOND, &refusal), 5,
		   "after a long time it is full");
	config.rate_per_hour = 0;
	gw_rate_limit_configure(limit, &config);
	is_int(admitted(&a, 1000, 3 * SECOND + 181 * SECOND, &refusal), 1000,
		   "without a rate, no limit");
}

static void
test_users(void)
{
	GwCaller a = caller(1, "192.0.2.1");
	GwCaller b = caller(2, "192.0.2.1");
	GwRateRefusal refusal = {0};

	start();
	gw_rate_limit_succeeded(limit, &a, user, 60, SECOND);
	gw_rate_limit_succeeded(limit, &b, user, 60, SECOND);
	is_int(admitted(&a, 2, SECOND, &refusal), 2, "a user with a rate pays");
	is_int(admitted(&b, 10, SECOND, &refusal), 1, "for all his tokens");
	is_int(refusal.retry_after, 60, "at his rate");
	ok(refusal.rate_per_hour == 60, "which is told");
	gw_rate_limit_succeeded(limit, &a, user, -1, SECOND);
	is_int(admitted(&a, 10, SECOND, &refusal), 5, "when it is taken away, the token pays again");
}

static void
test_failures(void)
{
	GwCaller good = caller(1, "192.0.2.1");
	GwCaller bad = caller(2, "192.0.2.1");
	GwCaller fresh = caller(3, "192.0.2.1");
	GwCaller far = caller(4, "192.0.2.2");
	GwRateRefusal refusal = {0};
	int64_t now = SECOND;

	start();
	gw_rate_limit_succeeded(limit, &good, user, -1, now);
	for (int i = 0; i < 10; i++)
	{
		ok(gw_rate_limit_admit(limit, &bad, now, &refusal), "failure %d may try", i);
		gw_rate_limit_failed(limit, &bad, now);
	}
	is_int(admitted(&bad, 1, now, &refusal), 0, "then the address is barred");
	is_int(refusal.retry_after, 1, "for a second");
	ok(refusal.rate_per_hour == 0, "without a rate");
	is_int(admitted(&fresh, 1, now, &refusal), 0, "for other unknown tokens, too");
	is_int(admitted(&far, 1, now, &refusal), 1, "not for other addresses");
	is_int(admitted(&good, 1, now, &refusal), 1, "nor for a token that has authenticated");
	is_int(admitted(&fresh, 1, now + SECOND, &refusal), 1, "a second later one may try again");
	gw_rate_limit_failed(limit, &good, now);
	is_int(admitted(&good, 1, now, &refusal), 0, "a token that is refused is trusted no more");
	gw_rate_limit_succeeded(limit, &good, user, -1, now);
	for (int i = 0; i < 20; i++)
		gw_rate_limit_failed(limit, &bad, now + 2 * HOUR);
	is_int(admitted(&good, 1, now + 2 * HOUR, &refusal), 0, "nor is one after more than an hour");
}

static long
resident_kb(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
		pages = -1;
	if (file != NULL)
		fclose(file);
	return pages * 4;
}

static void
test_size(void)
{
	static const unsigned char digest[32] = {1, 2, 3};
	GwCaller known = {"test", digest, "198.51.100.1"};
	long before;
	char address[64];
	GwRateRefusal refusal = {0};

	start();
	for (int i = 0; i < 100000; i++)
	{
		GwCaller c = caller(i + 10, "192.0.2.1");

		gw_rate_limit_succeeded(limit, &c, user, 10, i);
		snprintf(address, sizeof(address), "address %d", i);
		c.address = address;
		gw_rate_limit_failed(limit, &c, i);
	}
	before = resident_kb();
	gw_rate_limit_succeeded(limit, &known, user, -1, 200000);
	for (int i = 0; i < 1000000; i++)
	{
		GwCaller c = caller(i + 1000000, "192.0.2.1");

		gw_rate_limit_admit(limit, &c, 200000 + i / 1000, &refusal);
		gw_rate_limit_failed(limit, &c, 200000 + i / 1000);
	}
	ok(resident_kb() - before < 1024, "a million bad tokens take no memory (%ld kB)",
	   resident_kb() - before);
	is_int(admitted(&known, 10, 201000, &refusal), 4, "and push out no good one");
	ok(before < 64 * 1024, "full tables take %ld kB", before);
}

static void *
hammer(void *context)
{
	uint64_t state = (uint64_t) (uintptr_t) context;
	GwRateRefusal refusal;

	for (int i = 0; i < 200000; i++)
	{
		unsigned char digest[32] = {(unsigned char) (tap_random(&state) % 50)};
		GwCaller c = {"test", digest, "192.0.2.1"};

		if (gw_rate_limit_admit(limit, &c, i, &refusal))
			gw_rate_limit_succeeded(limit, &c, user, i % 3 ? -1 : 100, i);
		else
			gw_rate_limit_failed(limit, &c, i);
	}
	return NULL;
}

static void
test_threads(void)
{
	pthread_t thread[4];

	start();
	for (size_t i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, hammer, (void *) (uintptr_t) (i + 1));
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	ok(true, "four threads at once");
}

int
main(void)
{
	test_tokens();
	test_users();
	test_failures();
	test_size();
	test_threads();
	gw_rate_limit_free(limit);
	return done();
}
