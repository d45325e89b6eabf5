/*
 * buf.h: a growing byte buffer with a hard maximum. The contents are always followed by a zero byte.
 */
#ifndef SHC_BUF_H
#define SHC_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct ShcBuf
{
	char *data;
	size_t len;
	size_t capacity;
	size_t max;
	bool failed; /* an append did not fit or found no memory; everything after it is dropped */
} ShcBuf;

extern void shc_buf_init(ShcBuf *buf, size_t max);
extern void shc_buf_free(ShcBuf *buf);
extern void shc_buf_reset(ShcBuf *buf);
extern bool shc_buf_append(ShcBuf *buf, const void *data, size_t len);
extern bool shc_buf_puts(ShcBuf *buf, const char *text);
extern bool
shc_buf_printf(ShcBuf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/*
 * Appends the rest of a stream. False, with errno: it cannot be read (EFBIG: does not fit). What it has
 * used besides is wiped: the stream may hold secrets.
 */
extern bool shc_buf_read(ShcBuf *buf, FILE *stream);
/* Appends a JSON string with its quotes. */
extern bool shc_buf_json_string(ShcBuf *buf, const char *text, size_t len);

#endif
