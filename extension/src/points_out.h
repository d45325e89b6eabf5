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
extern char *sh_row_print(char *p, ShFormat format, int64_t ts, int32_t offset, double value,
						  ShDayCache *cache);

/* The same for point i of decoded points, straight from the scaled integer where there is one. */
extern char *sh_row_print_point(char *p, ShFormat format, const ShPoints *points, int i,
								int32_t offset, ShDayCache *cache);

#endif
