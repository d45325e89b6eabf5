/*
 * test_host_times.c: the times module, zones and layouts.
 */
#include "host_call.h"

#include "host_time.h"

#include <time.h>

#define T	"{\"$time\":\"2026-03-05T07:08:09.012345678Z\"}"
#define RFC "\"2006-01-02T15:04:05.999999999Z07:00\""

/* clang-format off */
static const HostCase layouts[] = {
	{"times.time_format", "[" T ",\"Mon Jan _2 15:04:05 2006\"]", "\"Thu Mar  5 07:08:09 2026\""}, {"times.time_format", "[" T ",\"Monday, 02-Jan-06 15:04:05 MST\"]", "\"Thursday, 05-Mar-26 07:08:09 UTC\""},
	{"times.time_format", "[" T ",\"3:04PM 03 pm\"]", "\"7:08AM 07 am\""}, {"times.time_format", "[" T ",\"Jan _2 15:04:05.000000\"]", "\"Mar  5 07:08:09.012345\""}, {"times.time_format", "[" T ",\"05.99 05,000 05.999999999999\"]", "\"09.01 09,012 09.012345678\""},
	{"times.time_format", "[" T ",\"2006-002 __2 1/2/06 4:5\"]", "\"2026-064  64 3/5/26 8:9\""}, {"times.time_format", "[" T ",\"January Janus Monday Month _2006 20060102\"]", "\"March Janus Thursday Month _2026 20260305\""},
	{"times.time_format", "[" T ",\"Z0700 -07:00 Z07:00:00 -07\"]", "\"Z +00:00 Z +00\""}, {"times.time_format", "[" T ",\"\"]", "\"\""},
	{"times.time_format", "[{\"$time\":\"2026-03-05T12:00:00.5-03:30\"},\"3PM .000 -0700 Z07:00 -07:00:00 MST\"]", "\"12PM .500 -0330 -03:30 -03:30:00 -0330\""}, {"times.time_format", "[{\"$time\":\"2026-03-05T12:00:00Z\"},\"05.999|05.000\"]", "\"00|00.000\""},
	{"times.time_string", "[{\"$time\":\"2026-03-05T12:00:00.5+01:00\"}]", "\"2026-03-05 12:00:00.5 +0100 +0100\""}, {"times.time_format", "[0,\"2006\"]", "\"1970\""}, {"times.time_format", "[\"x\",\"2006\"]", "raised: argument 1: time"},
};

static const HostCase parsing[] = {
	{"times.parse", "[" RFC ",\"2026-02-28T23:59:59.123456789+05:45\"]", "\"2026-02-28T23:59:59.123456789+05:45\""}, {"times.parse", "[\"2006-01-02\",\"2024-02-29\"]", "\"2024-02-29T00:00:00Z\""},
	{"times.parse", "[\"2006-01-02\",\"2023-02-29\"]", "raised: parsing time \"2023-02-29\": day out of range"}, {"times.parse", "[\"2006-01-02\",\"2023-13-01\"]", "raised: parsing time \"2023-13-01\": month out of range"},
	{"times.parse", "[\"15:04\",\"24:00\"]", "raised: parsing time \"24:00\": hour out of range"}, {"times.parse", "[\"15:04:05\",\"12:00:60\"]", "raised: parsing time \"12:00:60\": second out of range"}, {"times.parse", "[\"3PM\",\"13PM\"]", "raised: parsing time \"13PM\": hour out of range"},
	{"times.parse", "[\"3:04PM\",\"12:30AM\"]", "\"0000-01-01T00:30:00Z\""}, {"times.parse", "[\"3:04PM\",\"1:30PM\"]", "\"0000-01-01T13:30:00Z\""}, {"times.parse", "[\"3:04PM\",\"1:30pm\"]", "raised: parsing time \"1:30pm\" as \"3:04PM\": cannot parse \"pm\" as \"PM\""},
	{"times.parse", "[\"2006-01-02\",\"2026-01-02x\"]", "raised: parsing time \"2026-01-02x\": extra text: \"x\""}, {"times.parse", "[\"2006-01-02\",\"2026/01/02\"]", "raised: parsing time \"2026/01/02\" as \"2006-01-02\": cannot parse \"/01/02\" as \"-\""},
	{"times.parse", "[\"2006-01-02\",\"26-01-02\"]", "raised: parsing time \"26-01-02\" as \"2006-01-02\": cannot parse \"26-01-02\" as \"2006\""}, {"times.parse", "[\"06\",\"69\"]", "\"1969-01-01T00:00:00Z\""}, {"times.parse", "[\"06\",\"68\"]", "\"2068-01-01T00:00:00Z\""},
	{"times.parse", "[\"Mon, 02 Jan 2006 15:04:05 MST\",\"thu, 05 MAR 2026 07:08:09 CET\"]", "\"2026-03-05T07:08:09Z\""}, {"times.parse", "[\"Jan _2\",\"Feb  3\"]", "\"0000-02-03T00:00:00Z\""}, {"times.parse", "[\"15:04:05\",\"01:02:03.25\"]", "\"0000-01-01T01:02:03.25Z\""},
	{"times.parse", "[\"15:04:05.000\",\"01:02:03.25\"]", "raised: parsing time \"01:02:03.25\" as \"15:04:05.000\": cannot parse \".25\" as \".000\""}, {"times.parse", "[\"2006-002\",\"2024-366\"]", "\"2024-12-31T00:00:00Z\""}, {"times.parse", "[\"2006-002\",\"2023-366\"]", "raised: parsing time \"2023-366\": day-of-year out of range"},
	{"times.parse", "[\"2006-01-02 -0700\",\"2026-01-02 +2500\"]", "raised: parsing time \"2026-01-02 +2500\": time zone offset hour out of range"}, {"times.parse", "[\"MST\",\"UTC\"]", "\"0000-01-01T00:00:00Z\""}, {"times.parse", "[\"15 MST\",\"12 GMT+3\"]", "\"0000-01-01T12:00:00+03:00\""},
	{"times.parse", "[\"a  b 2006\",\"a b 2026\"]", "\"2026-01-01T00:00:00Z\""}, {"times.parse", "[\"\",\"\"]", "\"0000-01-01T00:00:00Z\""}, {"times.parse", "[\"Jan\",\"Foo\"]", "raised: parsing time \"Foo\" as \"Jan\": cannot parse \"Foo\" as \"Jan\""},
};

static const HostCase arithmetic[] = {
	{"times.date", "[2026,14,35,25,61,61,1000000001]", "\"2027-03-08T02:02:02.000000001Z\""}, {"times.date", "[2026,0,0,0,0,0,-1]", "\"2025-11-29T23:59:59.999999999Z\""}, {"times.date", "[2026,7,1,12,0,0,0,\"Europe/Stockholm\"]", "\"2026-07-01T12:00:00+02:00\""},
	{"times.date", "[2026,7,1,12,0,0,0,\"america/new_york\"]", "\"2026-07-01T12:00:00-04:00\""}, {"times.date", "[2026,1,1,0,0,0,0,\"Mars/Phobos\"]", "raised: unknown time zone Mars/Phobos"}, {"times.date", "[9223372036854775807,1,1,0,0,0,0]", "raised: date: the year must be at most 1000000"},
	{"times.date", "[2026,3,29,2,30,0,0,\"Europe/Stockholm\"]", "\"2026-03-29T03:30:00+02:00\""}, {"times.date", "[2026,10,25,2,30,0,0,\"Europe/Stockholm\"]", "\"2026-10-25T02:30:00+01:00\""}, {"times.date", "[2100,7,1,0,0,0,0,\"Europe/Stockholm\"]", "\"2100-07-01T00:00:00+02:00\""},
	{"times.date", "[2100,1,1,0,0,0,0,\"Australia/Sydney\"]", "\"2100-01-01T00:00:00+11:00\""}, {"times.date", "[1800,1,1,0,0,0,0,\"Asia/Tokyo\"]", "\"1800-01-01T00:00:00+09:18\""}, {"times.date", "[1,2,3]", "raised: argument 4: int"},
	{"times.unix", "[0,0]", "\"1970-01-01T00:00:00Z\""}, {"times.unix", "[-1,-1]", "\"1969-12-31T23:59:58.999999999Z\""}, {"times.unix", "[1772694489,1500000000]", "\"2026-03-05T07:08:10.5Z\""},
	{"times.add", "[" T ",3600000000000]", "\"2026-03-05T08:08:09.012345678Z\""}, {"times.add", "[" T ",-9012345679]", "\"2026-03-05T07:07:59.999999999Z\""}, {"times.add_date", "[" T ",0,1,27]", "\"2026-05-02T07:08:09.012345678Z\""}, {"times.add_date", "[" T ",9223372036854775807,0,0]", "raised: add_date: the year must be at most 1000000"},
	{"times.add_date", "[{\"$time\":\"2026-03-31T00:30:00+02:00\"},0,1,0]", "\"2026-05-01T00:30:00+02:00\""}, {"times.sub", "[" T "," T "]", "0"}, {"times.sub", "[" T ",0]", "1772694489012345678"}, {"times.sub", "[{\"$time\":\"9999-01-01T00:00:00Z\"},0]", "9223372036854775807"},
	{"times.after", "[" T ",0]", "true"}, {"times.before", "[" T ",0]", "false"}, {"times.time_year", "[" T "]", "2026"}, {"times.time_month", "[" T "]", "3"}, {"times.time_day", "[" T "]", "5"}, {"times.time_weekday", "[" T "]", "4"}, {"times.time_hour", "[" T "]", "7"},
	{"times.time_minute", "[" T "]", "8"}, {"times.time_second", "[" T "]", "9"}, {"times.time_nanosecond", "[" T "]", "12345678"}, {"times.time_unix", "[" T "]", "1772694489"}, {"times.time_unix_nano", "[" T "]", "1772694489012345678"}, {"times.time_year", "[-62135596801]", "0"},
	{"times.is_zero", "[-62135596800]", "true"}, {"times.is_zero", "[0]", "false"}, {"times.time_location", "[" T "]", "\"UTC\""}, {"times.to_utc", "[{\"$time\":\"2026-01-01T00:00:00+01:00\"}]", "\"2025-12-31T23:00:00Z\""}, {"times.in_location", "[" T ",\"Asia/Kolkata\"]", "\"2026-03-05T12:38:09.012345678+05:30\""},
	{"times.in_location", "[" T ",\"\"]", "\"2026-03-05T07:08:09.012345678Z\""}, {"times.month_string", "[12]", "\"December\""}, {"times.month_string", "[13]", "\"%!Month(13)\""}, {"times.month_string", "[-1]", "\"%!Month(18446744073709551615)\""},
	{"times.parse_duration", "[\"1h15m30.918273645s\"]", "4530918273645"}, {"times.parse_duration", "[\"-1.5h\"]", "-5400000000000"}, {"times.parse_duration", "[\"1us2µs3μs\"]", "6000"}, {"times.parse_duration", "[\"0\"]", "0"}, {"times.parse_duration", "[\".5s\"]", "500000000"},
	{"times.parse_duration", "[\"5\"]", "raised: time: missing unit in duration \"5\""}, {"times.parse_duration", "[\"1x\"]", "raised: time: unknown unit \"x\" in duration \"1x\""}, {"times.parse_duration", "[\"\"]", "raised: time: invalid duration \"\""}, {"times.parse_duration", "[\"9999999h\"]", "raised: time: invalid duration \"9999999h\""},
	{"times.parse_duration", "[\".s\"]", "raised: time: invalid duration \".s\""}, {"times.duration_string", "[3661000000001]", "\"1h1m1.000000001s\""}, {"times.duration_string", "[1500000]", "\"1.5ms\""}, {"times.duration_string", "[1500]", "\"1.5µs\""}, {"times.duration_string", "[1]", "\"1ns\""}, {"times.duration_string", "[0]", "\"0s\""},
	{"times.duration_string", "[-9223372036854775808]", "\"-2562047h47m16.854775808s\""}, {"times.duration_hours", "[5400000000000]", "1.5"}, {"times.duration_minutes", "[90000000000]", "1.5"}, {"times.duration_seconds", "[1500000000]", "1.5"}, {"times.duration_nanoseconds", "[7]", "7"},
};
/* clang-format on */

/* Zones against the C library, which reads the same files in its own way. */
static void
test_zones(void)
{
	static const char *const names[] = {
		"Europe/Stockholm",	   "America/New_York",	"Asia/Kolkata",
		"Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca",
		"Pacific/Apia",		   "Europe/Dublin",		"Asia/Tehran"};
	uint64_t seed = tap_seed();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		int zone = wk_zone_find(names[i], strlen(names[i]));
		int wrong = 0;

		setenv("TZ", names[i], 1);
		tzset();
		for (int k = 0; k < 3000; k++)
		{
			/* 1900 to 2150 */
			time_t at = (time_t) (tap_random(&seed) % UINT64_C(7889400000)) - 2208988800;
			struct tm local;
			WkTime time = {.seconds = at, .zone = (int16_t) zone};
			WkCivil civil;

			localtime_r(&at, &local);
			wk_time_civil(&time, &civil);
			wrong += civil.offset != local.tm_gmtoff ||
					 strcmp(civil.abbreviation, local.tm_zone) != 0 ||
					 civil.year != local.tm_year + 1900 || civil.month != local.tm_mon + 1 ||
					 civil.day != local.tm_mday || civil.hour != local.tm_hour ||
					 civil.minute != local.tm_min || civil.second != local.tm_sec ||
					 civil.weekday != local.tm_wday || civil.year_day != local.tm_yday + 1;
		}
		is_int(wrong, 0, names[i]);
	}
	unsetenv("TZ");
}

/* A time that was written reads the same. */
static void
test_round_trips(void)
{
	static const char *const forms[] = {
		WK_RFC3339_NANO, "Mon, 02 Jan 2006 15:04:05.000000000 -0700",
		"20060102T150405.999999999Z0700", "Monday _2 January 2006 3:04:05.000000000 PM -07:00:00",
		"2006-002 15h04m05.999999999 -07:00"};
	uint64_t seed = tap_seed();
	int wrong = 0;

	for (int i = 0; i < 20000; i++)
	{
		const char *form = forms[i % 5];
		WkTime time = {.seconds =
						   (int64_t) (tap_random(&seed) % UINT64_C(250000000000)) - 62000000000,
					   .nanoseconds = (int32_t) (tap_random(&seed) % 1000000000),
					   .zone = WK_ZONE_FIXED,
					   .offset = (int32_t) (tap_random(&seed) % 1440) * 60 - 720 * 60};
		WkTime again;
		ShcBuf text;
		ShcBuf error;
		bool good;

		shc_buf_init(&text, 1000);
		shc_buf_init(&error, 1000);
		wk_time_append_layout(&text, &time, form, strlen(form));
		good = wk_time_parse(form, strlen(form), text.data, text.len, &again, &error) &&
			   wk_time_compare(&time, &again) == 0;
		if (!good && wrong++ == 0)
			printf("# %s: %s\n", text.data, error.data);
		shc_buf_free(&text);
		shc_buf_free(&error);
	}
	is_int(wrong, 0, "random times through layouts");
}

static void
test_clock(void)
{
	WkTask task = *host_state.task;
	struct timespec before;
	struct timespec after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	host_call("times.sleep", "[20000000]");
	clock_gettime(CLOCK_MONOTONIC, &after);
	ok((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 19,
	   "sleep waits");
	task.deadline = (int64_t) after.tv_sec * 1000000 + after.tv_nsec / 1000 + 10000;
	host_state.task = &task;
	host_call("times.sleep", "[9223372036854775807]");
	ok(wk_deadline_over(task.deadline), "not beyond the deadline");
	is_str(host_call("times.since", "[99000000000]"), "-9223372036854775808", "since saturates");
	ok(strtoll(host_call("times.since", "[1700000000]"), NULL, 10) > 0, "since");
	ok(strtoll(host_call("times.until", "[1700000000]"), NULL, 10) < 0, "until");
	ok(host_call("times.now", "[]")[1] == '2', "now");
}

int
main(void)
{
	WkHost host = {.context = NULL};
	WkTask task = {.host = &host, .memory = 32 * 1024 * 1024, .deadline = INT64_MAX};

	host_begin(&task);
	HOST_CASES(layouts);
	HOST_CASES(parsing);
	HOST_CASES(arithmetic);
	test_zones();
	test_round_trips();
	test_clock();
	return host_end();
}
