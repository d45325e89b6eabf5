/*
 * buf.c: a growing byte buffer with a hard maximum.
 *
 * An append is done whole or not at all. An empty buffer owns no memory: its data is then a constant
 * empty string, told by capacity 0.
 */
#include "buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#define FIRST_CAPACITY 256

static char empty[1];

void
shc_buf_init(ShcBuf *buf, size_t max)
{
	*buf = (ShcBuf){.data = empty, .max = max};
}

void
shc_buf_free(ShcBuf *buf)
{
	if (buf->capacity > 0)
		free(buf->data);
	shc_buf_init(buf, buf->max);
}

void
shc_buf_reset(ShcBuf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->capacity > 0)
		buf->data[0] = '\0';
}

/* Makes room for `more` bytes and the zero byte behind them; fails the buffer where it cannot. */
static bool
reserve(ShcBuf *buf, size_t more)
{
	size_t capacity = buf->capacity > 0 ? buf->capacity : FIRST_CAPACITY;
	char *data;

	if (buf->failed)
		return false;
	/* A maximum of SIZE_MAX leaves no place for the zero byte. */
	if (buf->len > buf->max || more > buf->max - buf->len || buf->len + more + 1 == 0)
	{
		buf->failed = true;
		return false;
	}
	if (buf->len + more < buf->capacity)
		return true;
	while (capacity <= buf->len + more)
		capacity = capacity > (size_t) -1 / 2 ? (size_t) -1 : capacity * 2;
	if (capacity - 1 > buf->max)
		capacity = buf->max + 1;
	data = realloc(buf->capacity > 0 ? buf->data : NULL, capacity);
	if (data == NULL)
	{
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

bool
shc_buf_append(ShcBuf *buf, const void *data, size_t len)
{
	if (!reserve(buf, len))
		return false;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return true;
}

bool
shc_buf_puts(ShcBuf *buf, const char *text)
{
	return shc_buf_append(buf, text, strlen(text));
}

bool
shc_buf_printf(ShcBuf *buf, const char *format, ...)
{
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (len < 0)
		buf->failed = true;
	if (len < 0 || !reserve(buf, (size_t) len))
		return false;
	va_start(arguments, format);
	vsnprintf(buf->data + buf->len, (size_t) len + 1, format, arguments);
	va_end(arguments);
	buf->len += (size_t) len;
	return true;
}

bool
shc_buf_json_string(ShcBuf *buf, const char *text, size_t len)
{
	const char *p = text;
	const char *end = text + len;
	char escape[SHC_JSON_ESCAPE_MAX];
	size_t start = buf->len;

	shc_buf_append(buf, "\"", 1);
	while (p < end && !buf->failed)
	{
		size_t plain = shc_json_plain(p, end);

		if (plain > 0)
			shc_buf_append(buf, p, plain);
		p += plain;
		if (p < end)
			shc_buf_append(buf, escape, shc_json_escape_byte(*p++, escape));
	}
	if (shc_buf_append(buf, "\"", 1))
		return true;
	/* Nothing is left of a string that did not fit. */
	if (buf->len > start)
	{
		buf->len = start;
		buf->data[start] = '\0';
	}
	return false;
}

bool
shc_buf_read(ShcBuf *buf, FILE *stream)
{
	char piece[8192];
	size_t len;

	while ((len = fread(piece, 1, sizeof(piece), stream)) > 0 && shc_buf_append(buf, piece, len))
		;
	explicit_bzero(piece, sizeof(piece));
	if (!buf->failed)
		return !ferror(stream);
	errno = EFBIG;
	return false;
}
