/*
 * test_chunk.c: random round trips of the codec; every kind of value and of timestamps.
 */
#include "chunk.h"
#include "chunk_internal.h"

#include <math.h>

#include "tap.h"

#define N SH_CHUNK_MAX_POINTS

static uint64_t state;
static ShPoints points;
static int64_t ts[N];
static double value[N];

/* 0 .. n - 1 */
static int
below(int n)
{
	return (int) (tap_random(&state) % (uint64_t) n);
}

static double
uniform(void)
{
	return (double) (tap_random(&state) >> 11) / 9007199254740992.0;
}

/* ---- kinds of timestamps ---- */

enum
{
	TS_SECONDS,
	TS_MINUTES_WITH_GAPS,
	TS_MILLISECONDS,
	TS_JITTER,
	TS_RANDOM,
	TS_ACCELERATING,
	TS_UNIT_CHANGES,
	TS_STEP_CHANGES,
	TS_EXTREME,
	TS_KINDS
};

#define YEAR_0001 INT64_C(-63082281600000000)
#define YEAR_9999 INT64_C(252455615999999999)

static void
make_times(int kind, int n)
{
	int64_t now = (int64_t) (599616000 + below(1000000)) * 1000000;
	int64_t step = (int64_t) (1 + below(7200)) * 1000000;
	int change = below(n);

	if (kind == TS_EXTREME)
	{
		/* From one end of 64 bits to the other. */
		uint64_t width = n > 1 ? UINT64_MAX / (uint64_t) (n - 1) : 1;

		for (int i = 0; i < n; i++)
			ts[i] = (int64_t) ((uint64_t) INT64_MIN + width * (uint64_t) i);
		return;
	}
	if (below(4) == 0)
		now = YEAR_0001;
	else if (below(4) == 0)
		now = YEAR_9999 - 4096 * INT64_C(7200000000);
	if (kind == TS_MILLISECONDS)
		step = (1 + below(5000)) * 1000;
	if (kind == TS_JITTER)
		now += below(1000000);
	for (int i = 0; i < n; i++)
	{
		ts[i] = now;
		now += step;
		switch (kind)
		{
			case TS_MINUTES_WITH_GAPS:
				if (below(50) == 0)
					now += step * (1 + below(200));
				break;
			case TS_JITTER:
				now += below(2000) - 1000 + (step == 1000000 ? 0 : below(3));
				break;
			case TS_RANDOM:
				now += 1 + (int64_t) (tap_random(&state) >> (20 + below(40)));
				if (now < ts[i] || now > INT64_MAX / 2)
					now = ts[i] + 1;
				break;
			case TS_ACCELERATING:
				step += INT64_C(1000000) * (i % 64 == 0 ? 1 : i);
				break;
			case TS_UNIT_CHANGES:
				if (i == change)
					now += below(2) ? 1 : 1000;
				break;
			case TS_STEP_CHANGES:
				if (i == change)
					step *= 2;
				break;
		}
	}
}

/* ---- kinds of values ---- */

enum
{
	V_CONSTANT,
	V_WALK,
	V_INTEGERS,
	V_COUNTER,
	V_SPIKES,
	V_DECIMALS,
	V_MIXED_DECIMALS,
	V_NEAR_DECIMALS,
	V_SOME_EXCEPTIONS,
	V_FLOATS,
	V_RANDOM,
	V_PATTERNS,
	V_SPECIAL,
	V_SUBNORMAL,
	V_LIMITS,
	V_FIRST_SPECIAL,
	V_STEPS,
	V_HALVES,
	V_KINDS
};

static double
special(void)
{
	static const uint64_t some[] = {
		UINT64_C(0x0000000000000000), UINT64_C(0x8000000000000000), UINT64_C(0x7ff0000000000000),
		UINT64_C(0xfff0000000000000), UINT64_C(0x7ff8000000000000), UINT64_C(0x7ff0000000000001),
		UINT64_C(0xffffffffffffffff), UINT64_C(0x7fffffffffffffff), UINT64_C(0x0000000000000001),
		UINT64_C(0x8000000000000001), UINT64_C(0x000fffffffffffff), UINT64_C(0x0010000000000000),
		UINT64_C(0x7fefffffffffffff), UINT64_C(0xffefffffffffffff), UINT64_C(0x3ff0000000000000),
		UINT64_C(0x4340000000000000), UINT64_C(0x430c6bf526340000), UINT64_C(0x430c6bf526340001)};

	return double_of_bits(some[below(sizeof(some) / sizeof(some[0]))]);
}

static double
decimal(int scale, double range)
{
	return round((uniform() - 0.5) * range * pow(10, scale)) / pow(10, scale);
}

static double
make_value(int kind, int i, int n, double before)
{
	static double level;

	switch (kind)
	{
		case V_CONSTANT:
			return i > 0 ? before : below(3) == 0 ? special() : decimal(below(12), 100);
		case V_WALK:
			level = i == 0 ? 0 : level + (uniform() - 0.5) * 0.4;
			return round((20 + level + 3 * sin(i / 144.0 * 6.2831853)) * 10) / 10;
		case V_INTEGERS:
			return (double) (below(2000000) - 1000000);
		case V_COUNTER:
			return i == 0 ? 1e6 : before + 97 + below(10);
		case V_SPIKES:
			return below(40) == 0 ? 1e9 * uniform() : 20 + decimal(1, 3);
		case V_DECIMALS:
			return decimal(n % 10, 1000);
		case V_MIXED_DECIMALS:
			return decimal(below(12), 1000);
		case V_NEAR_DECIMALS:
			return (below(100000)) * 0.001;
		case V_SOME_EXCEPTIONS:
			return below(20) == 0 ? uniform() : decimal(2, 50);
		case V_FLOATS:
			return (double) (float) (uniform() * 40);
		case V_RANDOM:
			return uniform() * 1000;
		case V_PATTERNS:
			return double_of_bits(tap_random(&state));
		case V_SPECIAL:
			return special();
		case V_SUBNORMAL:
			return double_of_bits((tap_random(&state) >> (12 + below(52))) |
								  (tap_random(&state) & UINT64_C(0x8000000000000000)));
		case V_LIMITS:
			return (below(2) ? 1 : -1) * (999999999999999.0 + below(4) - 2) / pow(10, below(3));
		case V_FIRST_SPECIAL:
			return i == n % 7 ? special() : decimal(1, 30);
		case V_STEPS:
			return i == 0 || below(300) == 0 ? decimal(1, 50) : before;
		default:
			return (double) below(4000) / 1024;
	}
}

static void
make_values(int kind, int n)
{
	for (int i = 0; i < n; i++)
		value[i] = make_value(kind, i, n, i > 0 ? value[i - 1] : 0);
}

/* ---- checks: each returns what is wrong, or NULL ---- */

static const char *
check_summary(const uint8_t *data, size_t len, int n)
{
	ShChunkSummary summary;
	double min = value[0];
	double max = value[0];
	double sum = value[0];
	bool finite = isfinite(value[0]);

	for (int i = 1; i < n; i++)
	{
		min = value[i] < min ? value[i] : min;
		max = value[i] > max ? value[i] : max;
		sum += value[i];
		finite &= isfinite(value[i]);
	}
	if (!sh_chunk_summary(data, len, &summary))
		return "no summary";
	if (summary.n != n || summary.first_ts != ts[0] || summary.last_ts != ts[n - 1])
		return "count or times of the summary";
	if (bits_of_double(summary.first) != bits_of_double(value[0]) ||
		bits_of_double(summary.last) != bits_of_double(value[n - 1]))
		return "first or last of the summary";
	if (finite ? summary.min != min || summary.max != max
			   : !isnan(summary.min) || !isnan(summary.max))
		return "min or max of the summary";
	if (isnan(sum) ? !isnan(summary.sum) : summary.sum != sum)
		return "sum of the summary";
	return NULL;
}

static const char *
check_points(const uint8_t *data, size_t len, int n)
{
	double power;

	memset(&points, 0xaa, sizeof(points));
	if (!sh_chunk_decode(data, len, &points))
		return "not decoded";
	if (points.n != n)
		return "n";
	if (memcmp(points.ts, ts, n * sizeof(ts[0])) != 0)
		return "timestamps";
	if (memcmp(points.value, value, n * sizeof(value[0])) != 0)
		return "values";
	if (points.scale == SH_SCALE_NONE)
		return NULL;
	power = pow(10, points.scale);
	for (int i = 0; i < n; i++)
	{
		bool exception = (points.exception[i / 64] >> (i % 64)) & 1;

		if (exception && !points.any_exception)
			return "any_exception";
		if (!exception &&
			(bits_of_double((double) points.scaled[i] / power) != bits_of_double(value[i]) ||
			 llabs(points.scaled[i]) > INT64_C(999999999999999)))
			return "scaled";
	}
	return NULL;
}

static const char *
check_chunk(const uint8_t *data, size_t len, int n)
{
	const char *wrong = check_summary(data, len, n);

	if (wrong == NULL)
		wrong = sh_chunk_examine(data, len, &points);
	return wrong != NULL ? wrong : check_points(data, len, n);
}

/* Fills one chunk of n points at most, with a canary behind it. */
static const char *
check_fill(int n, size_t cap)
{
	uint8_t data[SH_CHUNK_MAX_BYTES + 8];
	size_t len = 0;
	int taken;
	const char *wrong;

	memset(data, 0x5a, sizeof(data));
	taken = sh_chunk_fill(ts, value, n, data, cap, &len);
	if (taken < 1 || taken > n)
		return "taken";
	if (len > cap)
		return "longer than the limit";
	for (size_t i = cap; i < sizeof(data); i++)
		if (data[i] != 0x5a)
			return "written behind the limit";
	wrong = check_chunk(data, len, taken);
	if (wrong == NULL && taken == n && sh_chunk_encode(ts, value, n, data, cap) != len)
		wrong = "encode differs from fill";
	if (wrong == NULL && taken < n && sh_chunk_encode(ts, value, n, data, cap) != 0)
		wrong = "encode takes more than fill";
	return wrong;
}

static void
test_kinds(int rounds)
{
	for (int v = 0; v < V_KINDS; v++)
	{
		int bad = 0;

		for (int t = 0; t < TS_KINDS; t++)
		{
			for (int round = 0; round < rounds; round++)
			{
				int n = round % 3 == 0 ? N : round % 3 == 1 ? 1 + below(200) : 1 + below(N);
				size_t cap =
					below(4) == 0 ? 64 + below(SH_CHUNK_MAX_BYTES - 63) : SH_CHUNK_MAX_BYTES;
				const char *wrong;

				make_times(t, n);
				make_values(v, n);
				wrong = check_fill(n, cap);
				if (wrong != NULL && bad++ < 5)
					printf("# times %d, values %d, n %d, cap %zu: %s\n", t, v, n, cap, wrong);
			}
		}
		ok(bad == 0, "values of kind %d with all kinds of timestamps", v);
	}
}

/* ---- damage ---- */

/* A good chunk of n decimals, a minute apart; returns its length. */
static size_t
make_chunk(uint8_t *data, int n)
{
	for (int i = 0; i < n; i++)
	{
		ts[i] = INT64_C(600000000000000) + i * INT64_C(60000000);
		value[i] = round(20 + 5 * sin(i / 9.0)) + 0.5;
	}
	return sh_chunk_encode(ts, value, n, data, SH_CHUNK_MAX_BYTES);
}

static void
fix_checksum(uint8_t *data, size_t len)
{
	store_u32(data + CHUNK_CHECKSUM_AT, chunk_checksum(data, len));
}

static void
test_damage(void)
{
	uint8_t good[SH_CHUNK_MAX_BYTES];
	uint8_t data[SH_CHUNK_MAX_BYTES];
	size_t len = make_chunk(good, 300);
	const uint8_t *end_of_header;
	ChunkHeader header;
	int missed = 0;
	int missed_header = 0;

	ok(sh_chunk_version(good, len) == SH_CHUNK_VERSION && sh_chunk_version(good, 0) == 0,
	   "the version");
	for (size_t bit = 0; bit < 8 * len; bit++)
	{
		memcpy(data, good, len);
		data[bit / 8] ^= (uint8_t) (1 << (bit % 8));
		missed +=
			sh_chunk_decode(data, len, &points) || sh_chunk_examine(data, len, &points) == NULL;
	}
	is_int(missed, 0, "no bit changes unnoticed");

	/* With a right checksum, as a fault of the encoder would have: the header against the points. */
	end_of_header = chunk_header_get(good, len, &header);
	for (size_t at = (size_t) (end_of_header - good) - 8; at < (size_t) (end_of_header - good);
		 at++)
	{
		memcpy(data, good, len);
		data[at] ^= 0x10;
		fix_checksum(data, len);
		missed_header += sh_chunk_examine(data, len, &points) == NULL;
	}
	is_int(missed_header, 0, "a sum that is not that of the points is noticed");

	memcpy(data, good, len);
	data[0] = (uint8_t) ((data[0] & ~CHUNK_VERSION_MASK) | (SH_CHUNK_VERSION + 1));
	fix_checksum(data, len);
	ok(!sh_chunk_decode(data, len, &points), "a later version is not decoded");
	is_str(sh_chunk_examine(data, len, &points), "unknown version", "and told");
	is_str(sh_chunk_examine(data, 3, &points), "too few bytes", "too few bytes");
	is_str(sh_chunk_examine(data, SH_CHUNK_MAX_BYTES + 1, &points), "too many bytes", "too many");
}

/* A value that stays the same costs next to nothing, however the values look. */
static void
test_constant(void)
{
	static const double constant[] = {0, 21.5, 1e300 / 3, -0.1 - 0.2};
	uint8_t data[SH_CHUNK_MAX_BYTES];

	for (size_t k = 0; k < sizeof(constant) / sizeof(constant[0]); k++)
	{
		size_t len = 0;
		int taken;

		for (int i = 0; i < N; i++)
		{
			ts[i] = INT64_C(600000000000000) + i * INT64_C(1000001);
			value[i] = constant[k];
		}
		taken = sh_chunk_fill(ts, value, N, data, sizeof(data), &len);
		ok(taken == N && len <= 64, "%d times %g takes %zu bytes", N, constant[k], len);
	}
}

int
main(void)
{
	state = tap_seed();
	test_damage();
	test_constant();
	test_kinds((int) tap_setting("ROUNDS", 60));
	return done();
}
