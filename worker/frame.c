/*
 * frame.c: what a run's child and the worker say to each other.
 *
 * The worker trusts nothing that a child says: lengths are checked against what is there before
 * they are used, and each type has a maximum before any memory is taken for it.
 */
#include "frame.h"

#include <string.h>

#define NONE UINT32_MAX

/* The most that the fields of such a frame may have; 0: there is no such frame. */
static size_t
longest(WkFrameType type, bool from_child)
{
	switch (type)
	{
		case WK_FRAME_START:
			return from_child ? 0 : WK_START_MAX;
		case WK_FRAME_REPLY:
			return from_child ? 0 : WK_REPLY_MAX;
		case WK_FRAME_LOG:
			return from_child ? WK_LOG_MAX : 0;
		case WK_FRAME_MODULE:
		case WK_FRAME_SELFAPI:
		case WK_FRAME_CONNECT:
			return from_child ? WK_ASK_MAX : 0;
		case WK_FRAME_DONE:
			return from_child ? WK_DONE_MAX : 0;
	}
	return 0;
}

WkFrameFound
wk_frame_find(const char *data, size_t len, bool from_child, WkFrame *out)
{
	uint32_t size;
	size_t most;

	*out = (WkFrame){0};
	if (len < WK_FRAME_HEAD)
		return WK_FRAME_PARTIAL;
	memcpy(&size, data, sizeof(size));
	out->type = (WkFrameType) (unsigned char) data[4];
	most = longest(out->type, from_child);
	if (most == 0 || size > most)
		return WK_FRAME_BAD;
	out->fields = data + WK_FRAME_HEAD;
	out->len = size;
	out->total = WK_FRAME_HEAD + (size_t) size;
	return len < out->total ? WK_FRAME_PARTIAL : WK_FRAME_WHOLE;
}

/* ---- writing ---- */

size_t
wk_frame_begin(ShcBuf *buf, WkFrameType type)
{
	char head[WK_FRAME_HEAD] = {0};
	size_t begun = buf->len;

	head[4] = (char) type;
	shc_buf_append(buf, head, sizeof(head));
	return begun;
}

void
wk_put_number(ShcBuf *buf, int64_t number)
{
	shc_buf_append(buf, &number, sizeof(number));
}

void
wk_put_bytes(ShcBuf *buf, const void *data, size_t len)
{
	uint32_t size = data != NULL ? (uint32_t) len : NONE;

	if (data != NULL && len >= NONE)
	{
		buf->failed = true;
		return;
	}
	shc_buf_append(buf, &size, sizeof(size));
	if (data == NULL)
		return;
	shc_buf_append(buf, data, len);
	shc_buf_append(buf, "", 1);
}

void
wk_put_text(ShcBuf *buf, const char *text)
{
	wk_put_bytes(buf, text, text != NULL ? strlen(text) : 0);
}

void
wk_frame_end(ShcBuf *buf, size_t begun)
{
	uint32_t size;

	if (buf->failed)
		return;
	size = (uint32_t) (buf->len - begun - WK_FRAME_HEAD);
	memcpy(buf->data + begun, &size, sizeof(size));
}

/* ---- reading ---- */

WkFields
wk_fields(const WkFrame *frame)
{
	return (WkFields){.p = frame->fields, .end = frame->fields + frame->len};
}

int64_t
wk_get_number(WkFields *fields)
{
	int64_t number;

	if (fields->bad || (size_t) (fields->end - fields->p) < sizeof(number))
	{
		fields->bad = true;
		return 0;
	}
	memcpy(&number, fields->p, sizeof(number));
	fields->p += sizeof(number);
	return number;
}

const char *
wk_get_bytes(WkFields *fields, size_t *len)
{
	const char *data;
	uint32_t size;
	size_t left;

	*len = 0;
	if (fields->bad || (size_t) (fields->end - fields->p) < sizeof(size))
	{
		fields->bad = true;
		return NULL;
	}
	memcpy(&size, fields->p, sizeof(size));
	fields->p += sizeof(size);
	if (size == NONE)
		return NULL;
	data = fields->p;
	left = (size_t) (fields->end - data);
	if (left == 0 || size > left - 1 || data[size] != '\0')
	{
		fields->bad = true;
		return NULL;
	}
	fields->p += (size_t) size + 1;
	*len = size;
	return data;
}

const char *
wk_get_text(WkFields *fields)
{
	size_t len;
	const char *text = wk_get_bytes(fields, &len);

	if (text != NULL && memchr(text, '\0', len) != NULL)
	{
		fields->bad = true;
		return NULL;
	}
	return text;
}

bool
wk_fields_end(const WkFields *fields)
{
	return !fields->bad && fields->p == fields->end;
}
