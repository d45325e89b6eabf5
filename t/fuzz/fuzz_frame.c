/*
 * fuzz_frame.c: what a run's child may send: frames, and fields of any kind in them.
 */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads fields in an order that the input itself chooses. */
static void
read_fields(WkFields fields, unsigned order)
{
	size_t len;

	while (!fields.bad && fields.p < fields.end)
	{
		const char *bytes = NULL;

		if (order % 3 == 0)
			(void) wk_get_number(&fields);
		else if (order % 3 == 1)
			bytes = wk_get_bytes(&fields, &len);
		else if ((bytes = wk_get_text(&fields)) != NULL)
			len = strlen(bytes);
		if (bytes != NULL && bytes[len] != '\0')
			abort();
		order = order / 3 + 7;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;
	WkFrame frame;

	while (wk_frame_find((const char *) data + at, size - at, true, &frame) == WK_FRAME_WHOLE)
	{
		if (frame.total > size - at)
			abort();
		read_fields(wk_fields(&frame), (unsigned) frame.len);
		at += frame.total;
	}
	return 0;
}
