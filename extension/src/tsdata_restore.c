/*
 * tsdata_restore.c: points that were stored elsewhere, as "selfctl migrate" brings them: packed, without
 * parsing, and without the bounds of the series.
 */
#include "sh_ext.h"

#include <math.h>

#include "port/pg_bswap.h"
#include "utils/memutils.h"

#include "access.h"
#include "store.h"

/* Of a point: a timestamp and a value, each in the byte order of the network. */
#define PACKED_SIZE (2 * sizeof(uint64))

SH_FUNCTION(sh_restore_points);

static uint64
read_packed(const char *p)
{
	uint64 bits;

	memcpy(&bits, p, sizeof(bits));
	return pg_ntoh64(bits);
}

static void
unpack(const char *p, int n, TimestampTz *ts, double *value)
{
	for (int i = 0; i < n; i++, p += PACKED_SIZE)
	{
		uint64 bits = read_packed(p + sizeof(uint64));

		ts[i] = (TimestampTz) read_packed(p);
		memcpy(&value[i], &bits, sizeof(bits));
		if (!isfinite(value[i]))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("points: a value is not finite"), sh_refusal()));
	}
}

/* _restore_points(uuid, points bytea) -> bigint */
Datum
sh_restore_points(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *uuid = PG_GETARG_UUID_P(0);
	bytea *packed = PG_GETARG_BYTEA_PP(1);
	Size len = VARSIZE_ANY_EXHDR(packed);
	int n = (int) (len / PACKED_SIZE);
	TimestampTz *ts = palloc_extended(Max(n, 1) * sizeof(TimestampTz), MCXT_ALLOC_HUGE);
	double *value = palloc_extended(Max(n, 1) * sizeof(double), MCXT_ALLOC_HUGE);
	ShWriteCounts counts = {0};
	ShSeries series;

	if (len % PACKED_SIZE != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("points: must have %d bytes each", (int) PACKED_SIZE), sh_refusal()));
	unpack(VARDATA_ANY(packed), n, ts, value);
	if (!sh_series_find(uuid, &series) || !sh_store_lock(&series))
	{
		char text[SH_UUID_TEXT_SIZE];

		sh_uuid_print(uuid, text);
		ereport(ERROR, (errcode(ERRCODE_NO_DATA_FOUND),
						errmsg("time series %s does not exist", text), sh_refusal()));
	}
	sh_store_merge(&series, ts, value, n, SH_CONFLICT_SKIP, &counts);
	PG_RETURN_INT64(counts.inserted);
}
