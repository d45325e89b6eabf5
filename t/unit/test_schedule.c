/*
 * test_schedule.c: schedules: what is accepted, and when they are due, against a walk of the C
 * library's clock second by second.
 */
#include "schedule.h"

#include <time.h>

#include "tap.h"

static uint64_t state;

/* ---- a zone by the C library ---- */

static int32_t
offset_at(int64_t instant)
{
	time_t time = (time_t) instant;
	struct tm tm;

	localtime_r(&time, &tm);
	return (int32_t) tm.tm_gmtoff;
}

/* Looks for the next change in steps of a quarter of an hour, then exactly. No further than a month. */
static int32_t
libc_offset(void *context, int64_t instant, int64_t *until)
{
	int32_t offset = offset_at(instant);
	int64_t end = instant + 30 * 86400;
	int64_t same = instant;

	(void) context;
	*until = end;
	for (int64_t t = instant + 900; t <= end; t += 900)
	{
		if (offset_at(t) == offset)
		{
			same = t;
			continue;
		}
		while (t - same > 1)
		{
			int64_t middle = same + (t - same) / 2;

			if (offset_at(middle) == offset)
				same = middle;
			else
				t = middle;
		}
		*until = t;
		break;
	}
	return offset;
}

static const ShScheduleZone zone = {libc_offset, NULL};

static void
set_zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

/* ---- fixed cases ---- */

static bool
parse(const char *text, ShSchedule *schedule, const char **reason)
{
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);
	bool good;

	memcpy(copy, text, len);
	good = sh_schedule_parse(copy, len, schedule, reason);
	free(copy);
	return good;
}

static void
test_accepted(void)
{
	static const char *const good[] = {
		"* * * * * *",
		"0 0 0 1 1 0",
		"59 59 23 31 12 6",
		"? ? ? ? ? ?",
		"*/5 0-59/10 8-18 1,15 * *",
		"0 0 12 * JAN,feb,Mar MON-FRI",
		"5/15 * * * * *",
		"  0  0\t0 * * *  ",
		"0 0 0 31 2 *",
		"1,,2 0 0 * * *",
		",0,1, 0 0 * * *",
		"@yearly",
		"@annually",
		"@monthly",
		"@weekly",
		"@daily",
		"@midnight",
		"@hourly",
		"@every 1h30m",
		"@every 90s",
		"@every 1ms",
		"@every -1h",
		"@every 0",
		"@every 1.5h",
		"@every .5s",
		"@every 1h2m3s4ms5us6ns",
		"@every 3\xc2\xb5s",
		"@every 3\xce\xbcs",
		"@every 2562047h47m16.854775807s",
		"TZ=Europe/Stockholm 0 0 0 * * *",
		"CRON_TZ=UTC @hourly",
		"TZ=UTC   @every 5s  ",
		"00 007 0 * * *",
	};
	static const char *const bad[] = {
		"",
		" ",
		"* * * * *",
		"* * * * * * *",
		"60 * * * * *",
		"* 60 * * * *",
		"* * 24 * * *",
		"* * * 0 * *",
		"* * * 32 * *",
		"* * * * 0 *",
		"* * * * 13 *",
		"* * * * * 7",
		"0 0 0 * * sunday",
		"0 0 0 * * xyz",
		"0 0 0 * january *",
		"mon * * * * *",
		"5-4 * * * * *",
		"* * * * * fri-mon",
		"*/0 * * * * *",
		"*/ * * * * *",
		"*/x * * * * *",
		"*/-1 * * * * *",
		"1-2-3 * * * * *",
		"1/2/3 * * * * *",
		"-1 * * * * *",
		"1- * * * * *",
		"*-5 * * * * *",
		"** * * * * *",
		", * * * * *",
		",,, * * * * *",
		"L * * * * *",
		"0 0 0 15W * *",
		"0 0 0 * * 1#2",
		"1.5 * * * * *",
		"99999999999999999999 * * * * *",
		"*/99999999999999999999999 60 * * * *",
		"1m",
		"0s",
		"@reboot",
		"@Hourly",
		" @hourly",
		"@hourly ",
		"@",
		"@every",
		"@every ",
		"@every x",
		"@every 1",
		"@every 1d",
		"@every 1h ",
		"@every h",
		"@every .s",
		"@every --1h",
		"@every 2562047h47m16.854775808s",
		"@every 99999999999999999999h",
		"@every 2562048h",
		"@every  1h",
		"TZ=",
		"TZ=UTC",
		"TZ=UTC ",
		"TZ= * * * * * *",
		"TZ=UTC\t* * * * * *",
		"tz=UTC * * * * * *",
		" TZ=UTC * * * * * *",
		"TZ=UTC TZ=UTC * * * * * *",
		"CRON_TZ=Europe/Stockholm",
		"TZ=Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/a @hourly",
	};
	ShSchedule schedule;
	const char *reason;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(parse(good[i], &schedule, &reason), "accepted: \"%s\"", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		reason = NULL;
		ok(!parse(bad[i], &schedule, &reason) && reason != NULL, "refused: \"%s\"", bad[i]);
	}
	ok(!sh_schedule_parse("0 0 0 * *\0 *", 11, &schedule, &reason), "refused: a zero byte");
	ok(parse("CRON_TZ=Asia/Tokyo 1 * * * * *", &schedule, &reason) &&
		   strcmp(schedule.zone, "Asia/Tokyo") == 0 && schedule.seconds == 2,
	   "the zone and the rest");
	ok(parse("* * * * * *", &schedule, &reason) && schedule.zone[0] == '\0', "no zone");
}

/* Instants as text: "2024-03-31T01:30:00Z". */
static int64_t
instant(const char *text)
{
	struct tm tm = {0};

	strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return timegm(&tm);
}

static const char *
due(const char *text, const char *after)
{
	static char out[64];
	ShSchedule schedule;
	const char *reason;
	int64_t next;
	time_t time;
	struct tm tm;

	if (!parse(text, &schedule, &reason))
		return reason;
	if (!sh_schedule_next(&schedule, &zone, instant(after), &next))
		return "never";
	time = (time_t) next;
	gmtime_r(&time, &tm);
	strftime(out, sizeof(out), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

static void
test_due(void)
{
	static const struct
	{
		const char *zone;
		const char *schedule;
		const char *after;
		const char *due;
	} cases[] = {
		{"UTC", "* * * * * *", "2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"},
		{"UTC", "0 * * * * *", "2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z"},
		{"UTC", "0 0 0 1 1 *", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"},
		{"UTC", "59 59 23 31 12 *", "2024-12-31T23:59:58Z", "2024-12-31T23:59:59Z"},
		{"UTC", "0 0 0 29 2 *", "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"UTC", "0 0 0 29 2 *", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"},
		{"UTC", "0 0 0 31 2 *", "2024-01-01T00:00:00Z", "never"},
		{"UTC", "0 0 0 30,31 2 ?", "2024-01-01T00:00:00Z", "never"},
		{"UTC", "0 0 0 31 4,6,9,11 *", "2024-01-01T00:00:00Z", "never"},
		/* Either day where both are restricted; both where one is a star. */
		{"UTC", "0 0 0 31 2 mon", "2024-01-01T00:00:00Z", "2024-02-05T00:00:00Z"},
		{"UTC", "0 0 0 13 * fri", "2024-09-01T00:00:00Z", "2024-09-06T00:00:00Z"},
		{"UTC", "0 0 0 */2 * mon", "2024-09-03T00:00:00Z", "2024-09-05T00:00:00Z"},
		{"UTC", "0 0 0 */1 * mon", "2024-09-03T00:00:00Z", "2024-09-09T00:00:00Z"},
		{"UTC", "0 0 0 1,* * mon", "2024-09-03T00:00:00Z", "2024-09-09T00:00:00Z"},
		{"UTC", "0 0 0 1 * 0-6", "2024-09-03T00:00:00Z", "2024-09-04T00:00:00Z"},
		{"UTC", "5/20 * * * * *", "2024-09-03T00:00:05Z", "2024-09-03T00:00:25Z"},
		{"UTC", "5/20 * * * * *", "2024-09-03T00:00:45Z", "2024-09-03T00:01:05Z"},
		{"UTC", "@weekly", "2024-09-03T00:00:00Z", "2024-09-08T00:00:00Z"},
		{"UTC", "@monthly", "2024-09-03T00:00:00Z", "2024-10-01T00:00:00Z"},
		{"UTC", "@yearly", "2024-09-03T00:00:00Z", "2025-01-01T00:00:00Z"},
		{"UTC", "@every 90s", "2024-09-03T00:00:07Z", "2024-09-03T00:01:37Z"},
		{"UTC", "@every 1.9s", "2024-09-03T00:00:07Z", "2024-09-03T00:00:08Z"},
		{"UTC", "@every 10ms", "2024-09-03T00:00:07Z", "2024-09-03T00:00:08Z"},
		{"UTC", "@every -5h", "2024-09-03T00:00:07Z", "2024-09-03T00:00:08Z"},
		{"UTC", "@every 1.5h", "2024-09-03T00:00:00Z", "2024-09-03T01:30:00Z"},
		/* Before 1970 and far ahead. */
		{"UTC", "0 0 0 1 3 *", "1899-12-31T00:00:00Z", "1900-03-01T00:00:00Z"},
		{"UTC", "0 0 0 29 2 *", "1896-03-01T00:00:00Z", "1904-02-29T00:00:00Z"},
		/* 02:30 is skipped in spring and comes twice in autumn. */
		{"Europe/Stockholm", "0 30 2 * * *", "2024-03-30T01:30:00Z", "2024-04-01T00:30:00Z"},
		{"Europe/Stockholm", "0 30 2 * * *", "2024-10-26T00:30:00Z", "2024-10-27T00:30:00Z"},
		{"Europe/Stockholm", "0 30 2 * * *", "2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z"},
		{"Europe/Stockholm", "0 30 2 * * *", "2024-10-27T01:30:00Z", "2024-10-28T01:30:00Z"},
		{"Europe/Stockholm", "@hourly", "2024-03-31T00:00:00Z", "2024-03-31T01:00:00Z"},
		{"Europe/Stockholm", "@daily", "2024-03-31T00:00:00Z", "2024-03-31T22:00:00Z"},
		{"Europe/Stockholm", "0 30 2 31 3 *", "2023-04-01T00:00:00Z", "2025-03-31T00:30:00Z"},
		/* Half an hour of daylight saving; a day that was left out. */
		{"Australia/Lord_Howe", "0 15 2 * * *", "2024-10-05T00:00:00Z", "2024-10-06T15:15:00Z"},
		{"Pacific/Apia", "0 0 12 30 12 *", "2011-01-01T00:00:00Z", "2012-12-29T22:00:00Z"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char name[128];

		set_zone(cases[i].zone);
		snprintf(name, sizeof(name), "%s, %s, after %s", cases[i].zone, cases[i].schedule,
				 cases[i].after);
		is_str(due(cases[i].schedule, cases[i].after), cases[i].due, name);
	}
}

static int32_t
fixed_offset(void *context, int64_t at, int64_t *until)
{
	(void) context;
	(void) at;
	*until = INT64_MAX;
	return 3600;
}

static void
test_never(void)
{
	static const ShScheduleZone fixed_zone = {fixed_offset, NULL};
	static const char *const never[] = {"0 0 0 30 2 *", "0 0 0 31 4,6,9,11 *", "59 59 23 31 2 ?"};
	clock_t before;
	ShSchedule schedule;
	const char *reason;
	int64_t next;
	bool any = false;
	int64_t start = instant("2024-01-01T00:00:00Z");

	before = clock();
	for (int i = 0; i < 300; i++)
	{
		parse(never[i % 3], &schedule, &reason);
		any |= sh_schedule_next(&schedule, &fixed_zone, start + i, &next);
	}
	ok(!any, "schedules that never match are never due");
	printf("# %.0f us each\n", (double) (clock() - before) / CLOCKS_PER_SEC / 300 * 1e6);
	ok((double) (clock() - before) / CLOCKS_PER_SEC < 10, "and it does not take long to tell");
	parse("@every 2562047h", &schedule, &reason);
	ok(!sh_schedule_next(&schedule, &zone, INT64_C(99999999999999), &next),
	   "what is due after all time is never due");
	ok(!sh_schedule_next(&schedule, &zone, INT64_MIN, &next) &&
		   !sh_schedule_next(&schedule, &zone, INT64_MAX, &next),
	   "nothing is due outside of all time");
}

/* ---- random schedules against the walk ---- */

enum
{
	NFIELDS = 6
};

static const int first_value[NFIELDS] = {0, 0, 0, 1, 1, 0};
static const int last_value[NFIELDS] = {59, 59, 23, 31, 12, 6};

typedef struct Expected
{
	bool in[NFIELDS][64];
	bool star[NFIELDS];
} Expected;

static int
pick(int from, int to)
{
	return from + (int) (tap_random(&state) % (uint64_t) (to - from + 1));
}

/* One element of a list, as text and as what it means. */
static int
random_element(Expected *expected, int field, char *out, size_t size)
{
	static const char *const months[] = {"",	"jan", "Feb", "MAR", "apr", "may", "jun",
										 "jul", "aug", "sep", "oct", "nov", "dec"};
	static const char *const weekdays[] = {"Sun", "mon", "TUE", "wed", "thu", "fri", "sat"};
	int min = first_value[field];
	int max = last_value[field];
	int from = pick(min, max);
	int to = pick(from, max);
	int step = pick(1, 9);

	switch (pick(0, 6))
	{
		case 0:
			for (int i = min; i <= max; i++)
				expected->in[field][i] = true;
			expected->star[field] = true;
			return snprintf(out, size, "%c", pick(0, 1) ? '*' : '?');
		case 1:
			for (int i = min; i <= max; i += step)
				expected->in[field][i] = true;
			expected->star[field] |= step == 1;
			return snprintf(out, size, "*/%d", step);
		case 2:
			for (int i = from; i <= to; i++)
				expected->in[field][i] = true;
			return snprintf(out, size, "%d-%d", from, to);
		case 3:
			for (int i = from; i <= to; i += step)
				expected->in[field][i] = true;
			return snprintf(out, size, "%d-%d/%d", from, to, step);
		case 4:
			for (int i = from; i <= max; i += step)
				expected->in[field][i] = true;
			return snprintf(out, size, "%d/%d", from, step);
		case 5:
			expected->in[field][from] = true;
			if (field == 4)
				return snprintf(out, size, "%s", months[from]);
			if (field == 5)
				return snprintf(out, size, "%s", weekdays[from]);
			return snprintf(out, size, "%02d", from);
		default:
			expected->in[field][from] = true;
			return snprintf(out, size, "%d", from);
	}
}

static void
random_schedule(Expected *expected, char *out, size_t size)
{
	size_t len = 0;

	memset(expected, 0, sizeof(*expected));
	for (int field = 0; field < NFIELDS; field++)
	{
		int n = pick(1, 3);

		for (int i = 0; i < n; i++)
		{
			len += (size_t) random_element(expected, field, out + len, size - len);
			len += (size_t) snprintf(out + len, size - len, "%s", i < n - 1 ? "," : " ");
		}
	}
}

static bool
matches(const Expected *expected, const struct tm *tm)
{
	bool by_day = expected->in[3][tm->tm_mday];
	bool by_weekday = expected->in[5][tm->tm_wday];

	if (!expected->in[0][tm->tm_sec] || !expected->in[1][tm->tm_min] ||
		!expected->in[2][tm->tm_hour] || !expected->in[4][tm->tm_mon + 1])
		return false;
	if (expected->star[3] || expected->star[5])
		return by_day && by_weekday;
	return by_day || by_weekday;
}

/* The first match among the next seconds, or -1. */
static int64_t
walk(const Expected *expected, int64_t after, int64_t seconds)
{
	for (int64_t t = after + 1; t <= after + seconds; t++)
	{
		time_t time = (time_t) t;
		struct tm tm;

		localtime_r(&time, &tm);
		if (matches(expected, &tm))
			return t;
	}
	return -1;
}

static void
test_random(const char *name, const char *const *changes, int nchanges)
{
	long rounds = tap_setting("ROUNDS", 60);
	bool good = true;
	int found = 0;

	set_zone(name);
	for (long i = 0; i < rounds && good; i++)
	{
		Expected expected;
		char text[500];
		ShSchedule schedule;
		const char *reason;
		int64_t near = instant(changes[pick(0, nchanges - 1)]);
		int64_t after = near + pick(-86400, 7200);
		int64_t seconds = 2 * 86400;
		int64_t due_at = -1;
		int64_t seen;

		random_schedule(&expected, text, sizeof(text));
		seen = walk(&expected, after, seconds);
		found += seen >= 0;
		good = parse(text, &schedule, &reason);
		if (good && sh_schedule_next(&schedule, &zone, after, &due_at))
		{
			time_t time = (time_t) due_at;
			struct tm tm;

			localtime_r(&time, &tm);
			good = matches(&expected, &tm) && due_at > after;
		}
		if (good && seen >= 0)
			good = due_at == seen;
		else if (good && due_at >= 0)
			good = due_at > after + seconds;
		if (!good)
			printf("# %s after %lld: %lld, expected %lld\n", text, (long long) after,
				   (long long) due_at, (long long) seen);
	}
	ok(good && found > 0, "%s: %ld random schedules, %d due within two days", name, rounds, found);
}

/* Days and months, day by day over years. */
static void
test_random_days(void)
{
	long rounds = tap_setting("ROUNDS", 3000);
	bool good = true;

	set_zone("UTC");
	for (long i = 0; i < rounds && good; i++)
	{
		Expected expected;
		char text[500];
		char days[500];
		ShSchedule schedule;
		const char *reason;
		int64_t day = pick(-40000, 80000);
		int64_t seen = INT64_MAX;
		int64_t due_at = -1;

		random_schedule(&expected, text, sizeof(text));
		/* The last three fields of it. */
		snprintf(days, sizeof(days), "%s", text);
		for (int n = 0; n < 3; n++)
			memmove(days, strchr(days, ' ') + 1, strlen(strchr(days, ' ') + 1) + 1);
		snprintf(text, sizeof(text), "0 0 0 %.400s", days);
		memset(expected.in, 0, 3 * sizeof(expected.in[0]));
		expected.in[0][0] = expected.in[1][0] = expected.in[2][0] = true;
		for (int64_t d = day + 1; d < day + 12 * 366; d++)
		{
			time_t time = (time_t) (d * 86400);
			struct tm tm;

			gmtime_r(&time, &tm);
			if (matches(&expected, &tm))
			{
				seen = d;
				break;
			}
		}
		good = parse(text, &schedule, &reason);
		if (good && sh_schedule_next(&schedule, &zone, day * 86400, &due_at))
			good = seen != INT64_MAX && due_at == seen * 86400;
		else if (good)
			good = seen == INT64_MAX;
		if (!good)
			printf("# %s after day %lld: %lld, expected day %lld\n", text, (long long) day,
				   (long long) due_at, (long long) seen);
	}
	ok(good, "%ld random schedules of days", rounds);
}

int
main(void)
{
	static const char *const europe[] = {"2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z"};
	static const char *const york[] = {"2025-03-09T07:00:00Z", "2025-11-02T06:00:00Z"};
	static const char *const howe[] = {"2024-04-06T15:00:00Z", "2024-10-05T15:30:00Z"};
	static const char *const paulo[] = {"2018-11-04T03:00:00Z", "2019-02-17T02:00:00Z"};
	static const char *const apia[] = {"2011-12-30T10:00:00Z", "2012-03-31T14:00:00Z"};
	static const char *const nepal[] = {"2024-12-31T18:15:00Z", "1985-12-31T18:30:00Z"};
	static const char *const utc[] = {"2024-02-28T00:00:00Z", "2023-12-31T00:00:00Z"};

	state = tap_seed();
	test_accepted();
	test_due();
	test_never();
	test_random("Europe/Stockholm", europe, 2);
	test_random("America/New_York", york, 2);
	test_random("Australia/Lord_Howe", howe, 2);
	test_random("America/Sao_Paulo", paulo, 2);
	test_random("Pacific/Apia", apia, 2);
	test_random("Asia/Kathmandu", nepal, 2);
	test_random("UTC", utc, 2);
	test_random_days();
	return done_testing();
}
