/*
 * points_out.c: rows of points as JSON or CSV.
 */
#include "points_out.h"

#include <math.h>
#include <string.h>

#include "decimal.h"

static inline char *
put_text(char *p, const char *text, size_t len)
{
	memcpy(p, text, len);
	return p + len;
}

#define put_literal(p, literal) put_text(p, literal, sizeof(literal) - 1)

static inline char *
open_row(char *p, ShFormat format, int64_t ts, int32_t offset, ShDayCache *cache)
{
	if (format == SH_FORMAT_CSV)
	{
		p = sh_rfc3339_print(p, ts, offset, cache);
		*p++ = ',';
		return p;
	}
	p = put_literal(p, "{\"ts\":\"");
	p = sh_rfc3339_print(p, ts, offset, cache);
	return put_literal(p, "\",\"v\":");
}

static inline char *
close_row(char *p, ShFormat format)
{
	*p++ = format == SH_FORMAT_CSV ? '\n' : '}';
	return p;
}

char *
sh_row_print(char *p, ShFormat format, int64_t ts, int32_t offset, double value, ShDayCache *cache)
{
	p = open_row(p, format, ts, offset, cache);
	if (isfinite(value))
		p = sh_decimal_print(p, value);
	else if (format == SH_FORMAT_JSON)
		p = put_literal(p, "null");
	return close_row(p, format);
}

char *
sh_row_print_point(char *p, ShFormat format, const ShPoints *points, int i, int32_t offset,
				   ShDayCache *cache)
{
	if (points->scale == SH_SCALE_NONE || ((points->exception[i / 64] >> (i % 64)) & 1) != 0)
		return sh_row_print(p, format, points->ts[i], offset, points->value[i], cache);
	p = open_row(p, format, points->ts[i], offset, cache);
	p = sh_decimal_print_scaled(p, points->scaled[i], points->scale);
	return close_row(p, format);
}
