/*
 * chunk_encode.c: from points to the bytes of a chunk.
 *
 * A chunk is filled block by block until the next block no longer fits; the length of the last,
 * partial block is then bisected. So filling a chunk costs one pass over the points that it takes,
 * whatever the number of points offered. One such pass is an attempt with one way of storing values;
 * where the first attempt is not clearly the best, others follow, and the one that takes most points,
 * or else fewest bytes, wins.
 */
#include "chunk_internal.h"

#include <math.h>

/* How many values tell the decimal scale, and among how many points they are looked for. */
#define SAMPLES		 32
#define SAMPLE_RANGE 1024

/* Adding it rounds a double of less than 2^51 to an integer, and leaves that in the low bits. */
#define ROUNDING 6755399441055744.0

/* No scale is worth an attempt. */
#define NO_SCALE	(-1)

#define STREAM_SIZE (SH_CHUNK_MAX_BYTES + CHUNK_BLOCK_MAX)

/* Blocks written so far. A stream never holds more than one block that is over the limit. */
typedef struct Stream
{
	uint8_t *start;
	uint8_t *end;
	uint8_t *run;
	uint8_t run_count; /* of the run, while the stream is saved for a rollback */
} Stream;

/* The large part of an attempt; not initialised. */
typedef struct Buffers
{
	uint8_t values[STREAM_SIZE];
	uint8_t lists[STREAM_SIZE];
	uint8_t steps[STREAM_SIZE];
	uint8_t changes[STREAM_SIZE];
	int64_t scaled[SH_CHUNK_MAX_POINTS];
} Buffers;

/* The state of an attempt, copied before each block so that the block can be taken back. */
typedef struct Attempt
{
	const int64_t *ts;
	const double *value;
	int n;
	size_t cap;
	Buffers *buffers;
	ChunkHeader header; /* its summary.n is the number of points taken */
	Stream values;
	Stream lists; /* of exceptions */
	Stream steps;
	Stream changes;
	int constant; /* the first so many points have a constant step */
	bool has_steps;
	int exceptions;
	int min_at;
	int max_at;
} Attempt;

static Stream
stream_new(uint8_t *start)
{
	Stream stream = {.start = start, .end = start};

	return stream;
}

static size_t
stream_size(const Stream *stream)
{
	return stream->end - stream->start;
}

static void
stream_save(Stream *stream)
{
	if (stream->run != NULL)
		stream->run_count = stream->run[1];
}

static void
stream_restore(const Stream *stream)
{
	if (stream->run != NULL)
		stream->run[1] = stream->run_count;
}

/* A stream that is over the limit alone is not continued: it cannot be part of a chunk. */
static void
stream_block(Stream *stream, const uint64_t *word, int m, bool with_shift)
{
	if (stream_size(stream) <= SH_CHUNK_MAX_BYTES)
		stream->end = chunk_block_put(stream->end, word, m, with_shift, &stream->run);
}

/* ---- times ---- */

static bool
divides(ChunkUnit unit, int64_t time)
{
	return time % chunk_unit_length[unit] == 0;
}

static void
put_steps(Attempt *attempt, int from, int m)
{
	const int64_t *ts = attempt->ts;
	uint64_t unit = (uint64_t) chunk_unit_length[attempt->header.unit];
	uint64_t word[CHUNK_BLOCK] = {0};
	uint64_t before = from < 2 ? 0 : ((uint64_t) ts[from - 1] - (uint64_t) ts[from - 2]) / unit;

	for (int j = 0; j < m; j++)
		word[j] = ((uint64_t) ts[from + j] - (uint64_t) ts[from + j - 1]) / unit;
	stream_block(&attempt->steps, word, m, false);
	for (int j = 0; j < m; j++)
	{
		uint64_t step = word[j];

		word[j] = step - before;
		before = step;
	}
	stream_block(&attempt->changes, word, m, false);
}

/* Whether all steps of a block are whole units. */
static bool
fits_unit(const Attempt *attempt, int from, int m)
{
	uint64_t unit = (uint64_t) chunk_unit_length[attempt->header.unit];
	bool fits = true;

	for (int i = from; i < from + m; i++)
		fits &= ((uint64_t) attempt->ts[i] - (uint64_t) attempt->ts[i - 1]) % unit == 0;
	return fits;
}

/* Writes the steps of the points before `from` again, in the unit that is now needed. */
static void
restart_steps(Attempt *attempt, int from)
{
	attempt->steps = stream_new(attempt->buffers->steps);
	attempt->changes = stream_new(attempt->buffers->changes);
	for (int i = 1; i < from; i += CHUNK_BLOCK)
		put_steps(attempt, i, from - i < CHUNK_BLOCK ? from - i : CHUNK_BLOCK);
	attempt->has_steps = true;
}

/*
 * Looks at the next m timestamps: finds the end of the constant steps, and a unit that holds for all.
 * But for the unit, what it changes stays valid when the block is taken back.
 */
static void
prepare_times(Attempt *attempt, int from, int m)
{
	const int64_t *ts = attempt->ts;
	uint64_t step = (uint64_t) ts[1] - (uint64_t) ts[0];
	bool restart = !attempt->has_steps;

	if (from == 1)
		while (attempt->header.unit != CHUNK_MICROSECOND &&
			   (!divides(attempt->header.unit, ts[0]) ||
				step % (uint64_t) chunk_unit_length[attempt->header.unit] != 0))
			attempt->header.unit++;
	while (attempt->constant >= from && attempt->constant < from + m &&
		   (uint64_t) ts[attempt->constant] - (uint64_t) ts[attempt->constant - 1] == step)
		attempt->constant++;
	if (attempt->constant >= from + m)
		return;
	while (attempt->header.unit != CHUNK_MICROSECOND && !fits_unit(attempt, from, m))
	{
		attempt->header.unit++;
		restart = true;
	}
	if (restart)
		restart_steps(attempt, from);
}

static const Stream *
best_times(const Attempt *attempt)
{
	return stream_size(&attempt->changes) < stream_size(&attempt->steps) ? &attempt->changes
																		 : &attempt->steps;
}

/* ---- values ---- */

static uint64_t
difference_from_scaled(double value, int64_t scaled, int scale)
{
	return bits_of_double(value) - bits_of_double((double) scaled / chunk_power[scale]);
}

/*
 * Finds the integers for values from .. from + m - 1; returns the set of exceptions. An exception gets
 * the nearest integer, or that of its predecessor when there is none within the limits.
 */
static uint64_t
scale_values(Attempt *attempt, int from, int m)
{
	const double *value = attempt->value + from;
	int64_t *scaled = attempt->buffers->scaled + from;
	double power = chunk_power[attempt->header.scale];
	uint8_t bad[CHUNK_BLOCK];
	uint64_t set = 0;
	int any = 0;

	for (int j = 0; j < m; j++)
	{
		double rounded = value[j] * power + ROUNDING;
		double whole = rounded - ROUNDING;

		scaled[j] = (int64_t) (bits_of_double(rounded) - bits_of_double(ROUNDING));
		bad[j] = (uint8_t) (bits_of_double(whole / power) != bits_of_double(value[j]));
		bad[j] |= (uint8_t) !(fabs(whole) <= (double) CHUNK_MAX_SCALED);
		any |= bad[j];
	}
	if (!any)
		return 0;
	for (int j = 0; j < m; j++)
	{
		if (!bad[j])
			continue;
		set |= UINT64_C(1) << j;
		if (!(fabs(value[j] * power) <= (double) CHUNK_MAX_SCALED - 1))
			scaled[j] = from + j == 0 ? 0 : scaled[j - 1];
	}
	return set;
}

static void
put_scaled(Attempt *attempt, int from, int m)
{
	const int64_t *scaled = attempt->buffers->scaled;
	uint64_t set = scale_values(attempt, from, m);
	uint64_t word[CHUNK_BLOCK];
	int count = 0;

	for (int j = 0; j < m; j++)
		word[j] = (uint64_t) (scaled[from + j] - scaled[from + j - 1]);
	stream_block(&attempt->values, word, m, false);

	attempt->exceptions += __builtin_popcountll(set);
	for (uint64_t left = set; left != 0; left &= left - 1)
	{
		int at = from + __builtin_ctzll(left);

		word[count++] = zigzag((int64_t) difference_from_scaled(attempt->value[at], scaled[at],
																attempt->header.scale));
	}
	attempt->lists.end = chunk_list_put(attempt->lists.end, set, word, m);
}

static void
put_values(Attempt *attempt, int from, int m)
{
	const double *value = attempt->value;
	uint64_t word[CHUNK_BLOCK];

	switch (attempt->header.method)
	{
		case CHUNK_SCALED:
			put_scaled(attempt, from, m);
			break;
		case CHUNK_XOR:
			for (int j = 0; j < m; j++)
				word[j] = bits_of_double(value[from + j]) ^ bits_of_double(value[from + j - 1]);
			stream_block(&attempt->values, word, m, true);
			break;
		case CHUNK_RAW:
			for (int j = 0; j < m; j++, attempt->values.end += 8)
				store_u64(attempt->values.end, bits_of_double(value[from + j]));
			break;
	}
}

/* ---- header ---- */

static ChunkNumber
number_at(const Attempt *attempt, int at)
{
	ChunkNumber number = {.scaled = attempt->buffers->scaled[at]};

	if (attempt->exceptions > 0)
		number.difference = (int64_t) difference_from_scaled(attempt->value[at], number.scaled,
															 attempt->header.scale);
	return number;
}

static void
summarise(Attempt *attempt, int from, int m)
{
	ShChunkSummary *summary = &attempt->header.summary;
	const double *value = attempt->value;
	double min = summary->min;
	double max = summary->max;
	double sum = summary->sum;
	int min_at = attempt->min_at;
	int max_at = attempt->max_at;
	bool is_finite = true;

	for (int i = from; i < from + m; i++)
	{
		double v = value[i];

		sum += v;
		is_finite &= fabs(v) <= 1.7976931348623157e308;
		if (v < min)
		{
			min = v;
			min_at = i;
		}
		if (v > max)
		{
			max = v;
			max_at = i;
		}
	}
	summary->n = from + m;
	summary->min = min;
	summary->max = max;
	summary->sum = sum;
	summary->last = value[from + m - 1];
	summary->last_ts = attempt->ts[from + m - 1];
	attempt->min_at = min_at;
	attempt->max_at = max_at;
	attempt->header.is_finite &= is_finite;
	if (attempt->header.method == CHUNK_SCALED)
	{
		attempt->header.has_exceptions = attempt->exceptions > 0;
		attempt->header.first = number_at(attempt, 0);
		attempt->header.last = number_at(attempt, from + m - 1);
		attempt->header.min = number_at(attempt, min_at);
		attempt->header.max = number_at(attempt, max_at);
	}
}

/* ---- one attempt ---- */

/* Decides how the times are stored, and returns the size of the whole chunk. */
static size_t
attempt_size(Attempt *attempt)
{
	size_t size = stream_size(&attempt->values);

	attempt->header.time = CHUNK_CONSTANT_STEP;
	if (attempt->header.summary.n > attempt->constant)
	{
		const Stream *times = best_times(attempt);

		attempt->header.time = times == &attempt->steps ? CHUNK_STEPS : CHUNK_STEP_CHANGES;
		size += stream_size(times);
	}
	if (attempt->exceptions > 0)
		size += stream_size(&attempt->lists);
	return size + chunk_header_size(&attempt->header);
}

/* Adds m points; whether they fit. Takes them back when not, or when they are not to be kept. */
static bool
attempt_add(Attempt *attempt, int m, bool keep)
{
	int from = attempt->header.summary.n;
	ChunkUnit unit = attempt->header.unit;
	Attempt saved;
	bool fits;

	prepare_times(attempt, from, m);
	stream_save(&attempt->values);
	stream_save(&attempt->steps);
	stream_save(&attempt->changes);
	saved = *attempt;
	if (attempt->has_steps)
		put_steps(attempt, from, m);
	put_values(attempt, from, m);
	summarise(attempt, from, m);
	fits = attempt_size(attempt) <= attempt->cap;
	if (fits && keep)
		return true;

	*attempt = saved;
	stream_restore(&attempt->values);
	stream_restore(&attempt->steps);
	stream_restore(&attempt->changes);
	if (attempt->header.unit != unit)
	{
		attempt->header.unit = unit;
		restart_steps(attempt, from);
	}
	return fits;
}

static void
attempt_start(Attempt *attempt, ChunkMethod method, int scale)
{
	ShChunkSummary *summary = &attempt->header.summary;

	memset(&attempt->header, 0, sizeof(attempt->header));
	attempt->header.method = method;
	attempt->header.scale = method == CHUNK_SCALED ? scale : 0;
	attempt->header.unit = CHUNK_SECOND;
	while (!divides(attempt->header.unit, attempt->ts[0]))
		attempt->header.unit++;
	attempt->header.is_finite = true;
	attempt->values = stream_new(attempt->buffers->values);
	attempt->lists = stream_new(attempt->buffers->lists);
	attempt->steps = stream_new(attempt->buffers->steps);
	attempt->changes = stream_new(attempt->buffers->changes);
	attempt->constant = 1;
	attempt->has_steps = false;
	attempt->min_at = attempt->max_at = 0;

	summary->first_ts = attempt->ts[0];
	summary->first = summary->min = summary->max = attempt->value[0];
	summary->sum = 0;
	attempt->exceptions = method == CHUNK_SCALED && scale_values(attempt, 0, 1) != 0;
	summarise(attempt, 0, 1);
	summary->sum = attempt->value[0];
}

/* The longest part of a block of m points, which does not fit, that does: by halving. */
static int
fitting_part(Attempt *attempt, int m)
{
	int low = 0;

	while (m - low > 1)
	{
		int middle = (low + m) / 2;

		if (attempt_add(attempt, middle, false))
			low = middle;
		else
			m = middle;
	}
	return low;
}

/* Fills a chunk; the number of points taken is then in the header's summary. */
static void
attempt_run(Attempt *attempt, ChunkMethod method, int scale)
{
	attempt_start(attempt, method, scale);
	while (attempt->header.summary.n < attempt->n)
	{
		int left = attempt->n - attempt->header.summary.n;
		int m = left < CHUNK_BLOCK ? left : CHUNK_BLOCK;

		if (attempt_add(attempt, m, true))
			continue;
		/* Nothing can follow a partial block. */
		m = fitting_part(attempt, m);
		if (m > 0)
			attempt_add(attempt, m, true);
		break;
	}
	attempt_size(attempt);
}

static uint8_t *
put_stream(uint8_t *p, const Stream *stream)
{
	memcpy(p, stream->start, stream_size(stream));
	return p + stream_size(stream);
}

/* Writes the chunk without its checksum; returns its size. */
static size_t
attempt_put(const Attempt *attempt, uint8_t *out)
{
	uint8_t *p = chunk_header_put(out, &attempt->header);

	if (attempt->header.time != CHUNK_CONSTANT_STEP)
		p = put_stream(p,
					   attempt->header.time == CHUNK_STEPS ? &attempt->steps : &attempt->changes);
	p = put_stream(p, &attempt->values);
	if (attempt->header.has_exceptions)
		p = put_stream(p, &attempt->lists);
	return p - out;
}

/* ---- choosing between attempts ---- */

/*
 * The decimal scale that takes fewest bits for a sample of the values: a digit costs each value
 * log2(10) bits, an exception its position and its difference. NO_SCALE when most values would be
 * exceptions with long differences: then nothing is gained over XOR.
 */
static int
choose_scale(const double *value, int n, int offset)
{
	int range = n < SAMPLE_RANGE ? n : SAMPLE_RANGE;
	int samples = range < SAMPLES ? range : SAMPLES;
	int best = NO_SCALE;
	int best_cost = 40 * samples;

	for (int scale = 0; scale <= CHUNK_MAX_SCALE; scale++)
	{
		int cost = scale * samples * 10 / 3;
		double power = chunk_power[scale];
		bool any = false;

		for (int i = 0; i < samples && cost < best_cost; i++)
		{
			double v = value[(i * range / samples + offset) % range];
			double whole = v * power + ROUNDING - ROUNDING;
			uint64_t difference = bits_of_double(v) - bits_of_double(whole / power);

			if (difference == 0 && fabs(whole) <= (double) CHUNK_MAX_SCALED)
				continue;
			any = true;
			cost += fabs(whole) <= (double) CHUNK_MAX_SCALED
						? 10 + bit_length(zigzag((int64_t) difference))
						: 74;
		}
		if (cost < best_cost)
		{
			best = scale;
			best_cost = cost;
		}
		if (!any)
			break;
	}
	return best;
}

/* Whether XOR may well be smaller than what the scaled attempt came to. */
static bool
is_poor(const Attempt *attempt)
{
	int taken = attempt->header.summary.n;
	size_t bits = 8 * (stream_size(&attempt->values) + stream_size(&attempt->lists));

	return attempt->exceptions > taken / 8 || bits > (size_t) taken * 40;
}

/* What is best so far: its points and bytes. */
typedef struct Result
{
	int taken;
	size_t len;
} Result;

/* Makes an attempt; puts it into `out` when it is better than the best before it. */
static void
try(Attempt *attempt, ChunkMethod method, int scale, Result *result, uint8_t *out)
{
	int taken;
	size_t size;

	attempt_run(attempt, method, scale);
	taken = attempt->header.summary.n;
	size = attempt_size(attempt);
	if (taken < result->taken || (taken == result->taken && size >= result->len))
		return;
	result->taken = taken;
	result->len = attempt_put(attempt, out);
}

int
sh_chunk_fill(const int64_t *ts, const double *value, int n, uint8_t *out, size_t cap, size_t *len)
{
	Buffers buffers;
	Attempt attempt = {.ts = ts, .value = value, .buffers = &buffers};
	Result result = {0};
	int scale;

	attempt.n = n < SH_CHUNK_MAX_POINTS ? n : SH_CHUNK_MAX_POINTS;
	attempt.cap = cap < SH_CHUNK_MAX_BYTES ? cap : SH_CHUNK_MAX_BYTES;
	scale = choose_scale(value, attempt.n, 0);
	if (scale != NO_SCALE)
	{
		try(&attempt, CHUNK_SCALED, scale, &result, out);
		if (is_poor(&attempt))
		{
			int other = choose_scale(value, result.taken, SAMPLES / 2 + 1);

			if (other != NO_SCALE && other != scale)
				try(&attempt, CHUNK_SCALED, other, &result, out);
		}
	}
	if (scale == NO_SCALE || is_poor(&attempt))
	{
		try(&attempt, CHUNK_XOR, 0, &result, out);
		/* Raw values take eight bytes each, whatever they are. */
		if (stream_size(&attempt.values) > 8 * (size_t) attempt.header.summary.n - 8)
			try(&attempt, CHUNK_RAW, 0, &result, out);
	}
	store_u32(out + CHUNK_CHECKSUM_AT, chunk_checksum(out, result.len));
	*len = result.len;
	return result.taken;
}

size_t
sh_chunk_encode(const int64_t *ts, const double *value, int n, uint8_t *out, size_t cap)
{
	size_t len;

	return n <= SH_CHUNK_MAX_POINTS && sh_chunk_fill(ts, value, n, out, cap, &len) == n ? len : 0;
}
