/*
 * fuzz_points_in.c: any bytes as a body of points. The first byte tells JSON or CSV, with or without
 * the column of UUIDs. What is accepted must come back when it is printed and parsed again.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "points_in.h"
#include "points_out.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
allocate(ShPointRows *rows, size_t len, bool with_uuid)
{
	size_t capacity = sh_points_capacity(len, with_uuid);

	rows->ts = malloc(capacity * sizeof(*rows->ts));
	rows->value = malloc(capacity * sizeof(*rows->value));
	rows->uuid = with_uuid ? malloc(capacity * sizeof(*rows->uuid)) : NULL;
}

static void
release(ShPointRows *rows)
{
	free(rows->ts);
	free(rows->value);
	free(rows->uuid);
}

static void
print_and_parse(const ShPointRows *rows)
{
	char *text = malloc(rows->n * SH_ROW_MAX + 2);
	char *p = text;
	ShDayCache cache = {0};
	ShPointRows again;
	ShBodyError error;

	*p++ = '[';
	for (size_t i = 0; i < rows->n; i++)
	{
		if (!isfinite(rows->value[i]))
			abort();
		if (i > 0)
			*p++ = ',';
		p = sh_row_print(p, SH_FORMAT_JSON, rows->ts[i], 0, rows->value[i], &cache);
	}
	*p++ = ']';
	allocate(&again, (size_t) (p - text), false);
	if (!sh_points_parse_json(text, (size_t) (p - text), &again, &error) || again.n != rows->n ||
		memcmp(again.ts, rows->ts, rows->n * sizeof(*rows->ts)) != 0 ||
		memcmp(again.value, rows->value, rows->n * sizeof(*rows->value)) != 0)
		abort();
	release(&again);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ShPointRows rows;
	ShBodyError error;
	char *body;
	bool good;

	if (size == 0)
		return 0;
	body = malloc(size);
	memcpy(body, data + 1, size - 1);
	allocate(&rows, size - 1, (data[0] & 2) != 0);
	if ((data[0] & 1) != 0)
		good = sh_points_parse_csv(body, size - 1, &rows, &error);
	else
		good = sh_points_parse_json(body, size - 1, &rows, &error);
	free(body);
	if (good)
		print_and_parse(&rows);
	else if (memchr(error.message, '\0', sizeof(error.message)) == NULL)
		abort();
	release(&rows);
	return 0;
}
