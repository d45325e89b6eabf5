/*
 * uri.h: pieces of a raw (percent-encoded) request target, without copies.
 */
#ifndef SH_GATEWAY_URI_H
#define SH_GATEWAY_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The value of a hexadecimal digit, or -1. */
static inline int
gw_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The next byte of percent-encoded text; *p < end. Returns -1 at a malformed %xx. Advances *p. */
static inline int
gw_uri_byte(const char **p, const char *end)
{
	const char *at = *p;

	if (*at != '%')
	{
		*p = at + 1;
		return (unsigned char) *at;
	}
	if (end - at < 3 || gw_hex_digit(at[1]) < 0 || gw_hex_digit(at[2]) < 0)
		return -1;
	*p = at + 3;
	return gw_hex_digit(at[1]) * 16 + gw_hex_digit(at[2]);
}

/*
 * Decodes within text of len bytes and puts a zero behind; a query has '+' for a space. Returns the length,
 * -1 for a malformed %xx.
 */
static inline ptrdiff_t
gw_uri_decode(char *text, size_t len, bool is_query)
{
	const char *p = text;
	const char *end = text + len;
	char *out = text;

	while (p < end)
	{
		bool is_plus = *p == '+';
		int byte = gw_uri_byte(&p, end);

		if (byte < 0)
			return -1;
		*out++ = is_plus && is_query ? ' ' : (char) byte;
	}
	*out = '\0';
	return out - text;
}

/*
 * The next segment of a path: *path moves behind it, empty segments (doubled and trailing slashes)
 * are passed over. Returns NULL at the end of the path.
 */
static inline const char *
gw_uri_segment(const char **path, size_t *len)
{
	const char *start = *path + strspn(*path, "/");

	*len = strcspn(start, "/");
	*path = start + *len;
	return *len > 0 ? start : NULL;
}

#endif
