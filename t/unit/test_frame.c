/*
 * test_frame.c: frames and fields come through, and nothing that a child may send is believed.
 */
#include "frame.h"

#include "tap.h"

static void
test_round_trip(void)
{
	ShcBuf buf;
	WkFrame frame;
	WkFields fields;
	size_t begun;
	size_t len;
	const char *bytes;

	shc_buf_init(&buf, 100000);
	begun = wk_frame_begin(&buf, WK_FRAME_SELFAPI);
	wk_put_text(&buf, "operation");
	wk_put_number(&buf, -1);
	wk_put_bytes(&buf, "a\0b", 3);
	wk_put_bytes(&buf, NULL, 0);
	wk_put_text(&buf, "");
	wk_frame_end(&buf, begun);
	is_int(wk_frame_find(buf.data, buf.len, true, &frame), WK_FRAME_WHOLE, "a frame is found");
	is_int((long long) frame.total, (long long) buf.len, "all of it");
	fields = wk_fields(&frame);
	is_str(wk_get_text(&fields), "operation", "a text");
	is_int(wk_get_number(&fields), -1, "a number");
	bytes = wk_get_bytes(&fields, &len);
	ok(len == 3 && memcmp(bytes, "a\0b", 4) == 0, "bytes, with a zero byte behind them");
	ok(wk_get_bytes(&fields, &len) == NULL && len == 0 && !fields.bad, "none");
	is_str(wk_get_text(&fields), "", "an empty text");
	ok(wk_fields_end(&fields), "and no more");
	ok(wk_get_text(&fields) == NULL && fields.bad, "more is bad");
	is_int(wk_frame_find(buf.data, buf.len, false, &frame), WK_FRAME_BAD, "of the other direction");
	for (size_t i = 0; i < buf.len; i++)
		if (wk_frame_find(buf.data, i, true, &frame) != WK_FRAME_PARTIAL)
			ok(false, "a part of %zu bytes", i);
	shc_buf_free(&buf);
}

static void
put_head(char *out, uint32_t size, char type)
{
	memcpy(out, &size, sizeof(size));
	out[4] = type;
}

static void
test_limits(void)
{
	WkFrame frame;
	char head[WK_FRAME_HEAD];

	put_head(head, (uint32_t) WK_LOG_MAX, WK_FRAME_LOG);
	is_int(wk_frame_find(head, sizeof(head), true, &frame), WK_FRAME_PARTIAL,
		   "the longest log frame");
	put_head(head, (uint32_t) WK_LOG_MAX + 1, WK_FRAME_LOG);
	is_int(wk_frame_find(head, sizeof(head), true, &frame), WK_FRAME_BAD, "one byte more");
	put_head(head, UINT32_MAX, WK_FRAME_DONE);
	is_int(wk_frame_find(head, sizeof(head), true, &frame), WK_FRAME_BAD, "4 GiB");
	put_head(head, 0, 'x');
	is_int(wk_frame_find(head, sizeof(head), true, &frame), WK_FRAME_BAD, "an unknown type");
	put_head(head, 0, WK_FRAME_START);
	is_int(wk_frame_find(head, sizeof(head), true, &frame), WK_FRAME_BAD, "a child gives no work");
}

/* Fields of these bytes, in memory of exactly that size, so that sanitizers see what is read beyond. */
static WkFields
fields_of(char **copy, const void *data, size_t len)
{
	*copy = malloc(len > 0 ? len : 1);
	memcpy(*copy, data, len);
	return (WkFields){.p = *copy, .end = *copy + len};
}

static void
test_bad_fields(void)
{
	static const struct
	{
		uint32_t size;
		char data[8];
		size_t len;
		const char *name;
	} cases[] = {{5, "abcde", 9, "no room for the zero byte"},
				 {4, "abcde", 9, "no zero byte"},
				 {UINT32_MAX - 1, "abcde", 9, "a length beyond all"},
				 {0, "", 4, "nothing behind the length"},
				 {0, "", 3, "no length"},
				 {3, "a\0b", 8, "a text with a zero byte"}};
	char *copy;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char data[12] = {0};
		WkFields fields;

		memcpy(data, &cases[i].size, 4);
		memcpy(data + 4, cases[i].data, 8);
		fields = fields_of(&copy, data, cases[i].len);
		ok(wk_get_text(&fields) == NULL && fields.bad, "%s", cases[i].name);
		ok(wk_get_number(&fields) == 0 && !wk_fields_end(&fields), "%s: and nothing after it",
		   cases[i].name);
		free(copy);
	}
}

static void
test_random(void)
{
	uint64_t state = tap_seed();
	int found = 0;

	for (int round = 0; round < 200000; round++)
	{
		char data[64];
		char *copy;
		WkFields fields;
		size_t len;

		for (size_t i = 0; i < sizeof(data); i++)
		{
			state = state * 6364136223846793005u + 1442695040888963407u;
			data[i] = (char) (state >> 60 < 12 ? 0 : state >> 33);
		}
		fields = fields_of(&copy, data, (size_t) (state >> 40) % sizeof(data));
		while (!fields.bad && fields.p < fields.end)
		{
			const char *bytes = wk_get_bytes(&fields, &len);

			found += bytes != NULL && bytes[len] == '\0';
		}
		free(copy);
	}
	ok(found > 1000, "random bytes: %d fields", found);
}

int
main(void)
{
	test_round_trip();
	test_limits();
	test_bad_fields();
	test_random();
	return done();
}
