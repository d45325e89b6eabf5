/*
 * utf8.h: one character of a JSON string at a time, for buf.c and log.c.
 */
#ifndef SHC_UTF8_H
#define SHC_UTF8_H

#include <stddef.h>

/* The longest escape: \u001f */
#define SHC_JSON_ESCAPE_MAX 6

/*
 * The bytes of the well-formed UTF-8 character at p, before end: 1 to 4; 0 when there is none. Over-long
 * forms, surrogates and what is beyond U+10FFFF are not well-formed.
 */
extern size_t shc_utf8_len(const char *p, const char *end);

/*
 * How many bytes from p on stand in a JSON string as they are: printable ASCII but quote and backslash,
 * and well-formed UTF-8.
 */
extern size_t shc_json_plain(const char *p, const char *end);

/*
 * The escape for the one byte at p that cannot stand as it is; a byte that is not UTF-8 becomes
 * U+FFFD. Returns the length, without a zero byte at the end.
 */
extern size_t shc_json_escape_byte(char c, char out[SHC_JSON_ESCAPE_MAX]);

#endif
