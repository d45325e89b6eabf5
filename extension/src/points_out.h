/*
 * points_out.h: prints rows of points. Plain C. The caller guarantees SH_ROW_MAX free bytes.
 */
#ifndef SH_POINTS_OUT_H
#define SH_POINTS_OUT_H

#include <stdint.h>

#include "chunk.h"
#include "rfc3339.h"

/* Longest row with separator, in JSON or CSV, with the UUID column. */
#define SH_ROW_MAX 160

typedef enum ShFormat
{
	SH_FORMAT_JSON, /* {"ts":"2019-01-01T00:00:00Z","v":21.5} */
	SH_FORMAT_CSV	/* 2019-01-01T00:00:00Z,21.5 and a line feed */
} ShFormat;

/* One row, without separator in JSON. offset: seconds east of UTC in force at ts. */
extern char *
sh_row_print(char *p, ShFormat format, int64_t ts, int32_t offset, double value, ShDayCache *cache);

/* The same for point i of decoded points, straight from the scaled integer where there is one. */
extern char *sh_row_print_point(char *p, ShFormat format, const ShPoints *points, int i,
								int32_t offset, ShDayCache *cache);

/*
 * A run of plain rows: from point *i on, while there are points before `last` and before the instant
 * `until` (exclusive), and p <= limit (SH_ROW_MAX bytes are free behind it). In JSON each row gets a
 * comma before it. Stops early at a point that is not plain: an exception, many digits, a fraction of
 * a second, another day than cache has; print that one with sh_row_print_point(), and go on.
 */
extern char *
sh_rows_print_plain(char *p, const char *limit, ShFormat format, const ShPoints *points, int *i,
					int last, int64_t until, int32_t offset, const ShDayCache *cache);

#endif
