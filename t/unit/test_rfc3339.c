/*
 * test_rfc3339.c: timestamps in text; against timegm() and gmtime_r() of the C library.
 */
#include "rfc3339.h"

#include <time.h>

#include "tap.h"

#define FIRST INT64_C(-63082281600000000)
#define LAST  INT64_C(252455615999999999)
#define EPOCH 946684800

static uint64_t state;

static bool
parse(const char *text, int64_t *ts)
{
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);
	ShDayCache cache = {0};
	bool good;

	memcpy(copy, text, len);
	good = sh_rfc3339_parse(copy, len, &cache, ts);
	free(copy);
	return good;
}

/* What the text says, printed in UTC; "refused". */
static const char *
read_back(const char *text)
{
	static char out[SH_RFC3339_MAX + 1];
	ShDayCache cache = {0};
	int64_t ts;

	if (!parse(text, &ts))
		return "refused";
	*sh_rfc3339_print(out, ts, 0, &cache) = '\0';
	return out;
}

static void
test_fixed(void)
{
	static const char *const pairs[][2] = {
		{"2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z"},
		{"2019-01-01T01:00:00+01:00", "2019-01-01T00:00:00Z"},
		{"2019-01-01T00:00:00-00:00", "2019-01-01T00:00:00Z"},
		{"2019-12-31T23:30:00-01:00", "2020-01-01T00:30:00Z"},
		{"2019-01-01T00:00:00+15:59", "2018-12-31T08:01:00Z"},
		{"2019-01-01T00:00:00.5Z", "2019-01-01T00:00:00.5Z"},
		{"2019-01-01T00:00:00,25Z", "2019-01-01T00:00:00.25Z"},
		{"2019-01-01T00:00:00.000000Z", "2019-01-01T00:00:00Z"},
		{"2019-01-01T00:00:00.1234564Z", "2019-01-01T00:00:00.123456Z"},
		{"2019-01-01T00:00:00.1234565Z", "2019-01-01T00:00:00.123457Z"},
		{"2019-01-01T00:00:00.12345649999999999999999999999Z", "2019-01-01T00:00:00.123456Z"},
		{"2019-12-31T23:59:59.9999995Z", "2020-01-01T00:00:00Z"},
		{"2020-02-29T12:00:00Z", "2020-02-29T12:00:00Z"},
		{"2000-02-29T12:00:00Z", "2000-02-29T12:00:00Z"},
		{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
		{"0004-02-29T00:00:00Z", "0004-02-29T00:00:00Z"},
		{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
		{"2021-02-29T12:00:00Z", "refused"},
		{"1900-02-29T12:00:00Z", "refused"},
		{"2019-02-30T12:00:00Z", "refused"},
		{"2019-04-31T12:00:00Z", "refused"},
		{"2019-00-01T12:00:00Z", "refused"},
		{"2019-13-01T12:00:00Z", "refused"},
		{"2019-01-00T12:00:00Z", "refused"},
		{"2019-01-32T12:00:00Z", "refused"},
		{"0000-12-31T23:59:59Z", "refused"},
		{"0000-12-31T23:59:59-01:00", "refused"},
		{"0001-01-01T00:00:00+01:00", "refused"},
		{"9999-12-31T23:59:59-01:00", "refused"},
		{"9999-12-31T23:59:59.9999996Z", "refused"},
		{"2019-01-01T24:00:00Z", "refused"},
		{"2019-01-01T23:60:00Z", "refused"},
		{"2019-01-01T23:59:60Z", "refused"},
		{"2019-01-01t00:00:00Z", "refused"},
		{"2019-01-01T00:00:00z", "refused"},
		{"2019-01-01 00:00:00Z", "refused"},
		{"2019-01-01T00:00:00", "refused"},
		{"2019-01-01T00:00:00+0200", "refused"},
		{"2019-01-01T00:00:00+02", "refused"},
		{"2019-01-01T00:00:00+2:00", "refused"},
		{"2019-01-01T00:00:00+16:00", "refused"},
		{"2019-01-01T00:00:00+01:60", "refused"},
		{"2019-01-01T00:00:00.Z", "refused"},
		{"2019-01-01T00:00:00.5", "refused"},
		{"2019-01-01T00:00:00ZZ", "refused"},
		{"2019-01-01T00:00Z", "refused"},
		{"2019-1-01T00:00:00Z", "refused"},
		{"+2019-01-01T00:00:00Z", "refused"},
		{"-019-01-01T00:00:00Z", "refused"},
		{"12019-01-01T00:00:00Z", "refused"},
		{"2019-01-01T0a:00:00Z", "refused"},
		{" 2019-01-01T00:00:00Z", "refused"},
		{"2019-01-01T00:00:00Z ", "refused"},
		{"", "refused"},
		{"Z", "refused"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		is_str(read_back(pairs[i][0]), pairs[i][1], pairs[i][0]);
}

static const char *
print_at(const char *text, int32_t offset)
{
	static char out[SH_RFC3339_MAX + 1];
	ShDayCache cache = {0};
	int64_t ts = 0;

	parse(text, &ts);
	*sh_rfc3339_print(out, ts, offset, &cache) = '\0';
	return out;
}

static void
test_offsets(void)
{
	is_str(print_at("2019-06-30T22:30:00.5Z", 7200), "2019-07-01T00:30:00.5+02:00", "east");
	is_str(print_at("2019-01-01T02:00:00Z", -12600), "2018-12-31T22:30:00-03:30", "west");
	is_str(print_at("1850-01-01T00:00:00Z", 4333), "1850-01-01T01:12:00+01:12",
		   "seconds of an offset are dropped, and the instant stays");
	is_str(print_at("0001-01-01T00:00:00Z", -3600), "0000-12-31T23:00:00-01:00", "the year 0000");
	is_str(print_at("9999-12-31T23:59:59Z", 3600), "9999-12-31T23:59:59Z",
		   "a local time beyond the year 9999 is printed in UTC");
}

/* The cache must not change a result, whatever came before. */
static void
test_random(long rounds)
{
	ShDayCache print_cache = {0};
	ShDayCache parse_cache = {0};
	long wrong = 0;
	int64_t ts = 0;

	for (long i = 0; i < rounds && wrong < 10; i++)
	{
		char out[SH_RFC3339_MAX];
		char expected[64];
		int64_t again = 0;
		int64_t seconds;
		time_t t;
		struct tm tm;
		int32_t offset = i % 3 ? 0 : (int32_t) (tap_random(&state) % (2 * 959 + 1) - 959) * 60;
		char *end;

		if (i % 4 == 0)
			ts = FIRST + (int64_t) (tap_random(&state) % (uint64_t) (LAST - FIRST + 1));
		else
			ts += i % 4 == 1 ? INT64_C(600000000) : (int64_t) (tap_random(&state) % 1000000);
		ts = ts > LAST ? LAST : ts;
		if (i % 5 == 0)
			ts -= (ts - FIRST) % 1000000;
		end = sh_rfc3339_print(out, ts, offset, &print_cache);
		if (end - out > SH_RFC3339_MAX ||
			!sh_rfc3339_parse(out, (size_t) (end - out), &parse_cache, &again) || again != ts)
		{
			/* The year 0000 is printed, but not read. */
			if (memcmp(out, "0000", 4) == 0)
				continue;
			wrong++;
			printf("# %lld: %.*s reads as %lld\n", (long long) ts, (int) (end - out), out,
				   (long long) again);
		}
		seconds = (ts - FIRST) / 1000000 + FIRST / 1000000;
		t = (time_t) seconds + EPOCH;
		gmtime_r(&t, &tm);
		snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
				 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		if (offset == 0 && memcmp(out, expected, 19) != 0)
		{
			wrong++;
			printf("# %lld: %.19s, expected %s\n", (long long) ts, out, expected);
		}
	}
	ok(wrong == 0, "random timestamps, printed and parsed");
}

/* Texts one change away from a good one: never read differently with and without the cache. */
static void
test_mutations(long rounds)
{
	ShDayCache cache = {0};
	long wrong = 0;

	for (long i = 0; i < rounds && wrong < 10; i++)
	{
		char text[] = "2019-01-01T00:00:00.123+01:00";
		size_t len = sizeof(text) - 1 - tap_random(&state) % 4;
		char *copy;
		ShDayCache fresh = {0};
		int64_t a = 0;
		int64_t b = 0;

		for (int n = (int) (tap_random(&state) % 3); n >= 0; n--)
			text[tap_random(&state) % len] = "0123456789-:TZ.,+ \0\xff"[tap_random(&state) % 20];
		copy = malloc(len);
		memcpy(copy, text, len);
		if (sh_rfc3339_parse(copy, len, &cache, &a) != sh_rfc3339_parse(copy, len, &fresh, &b) ||
			a != b)
		{
			wrong++;
			printf("# %.*s\n", (int) len, text);
		}
		free(copy);
	}
	ok(wrong == 0, "mutated texts");
}

/* Nothing outside the years is stored, but if it were the text keeps its length. */
static void
test_out_of_range(void)
{
	ShDayCache cache = {0};
	static const int64_t some[] = {INT64_MIN, INT64_MAX, FIRST - 1, LAST + 1};
	char out[SH_RFC3339_MAX];

	for (int i = 0; i < 4; i++)
		ok(sh_rfc3339_print(out, some[i], 3600, &cache) - out <= SH_RFC3339_MAX, "out of range");
}

int
main(void)
{
	long rounds = tap_setting("ROUNDS", 500000);

	state = tap_seed();
	test_fixed();
	test_offsets();
	test_random(rounds);
	test_mutations(rounds);
	test_out_of_range();
	return done();
}
