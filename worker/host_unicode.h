/*
 * host_unicode.h: code points, for the modules that look at characters.
 */
#ifndef SH_WORKER_HOST_UNICODE_H
#define SH_WORKER_HOST_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WK_REPLACEMENT 0xfffd

/* Once, while files may still be opened: the C library's table of characters. False: logged. */
extern bool wk_unicode_prepare(void);

/*
 * The character at p, before end, and its length. What is not well-formed UTF-8 is WK_REPLACEMENT, one
 * byte long.
 */
extern int32_t wk_decode(const char *p, const char *end, size_t *len);

/* UTF-8; what is no code point becomes WK_REPLACEMENT. Returns the length, 1 to 4. */
extern size_t wk_encode(int64_t code_point, char out[4]);

extern size_t wk_count_code_points(const char *data, size_t len);

/* One to one. */
extern int32_t wk_upper(int32_t code_point);
extern int32_t wk_lower(int32_t code_point);
extern int32_t wk_title(int32_t code_point);
/* Equal for characters that differ in case only. */
extern int32_t wk_fold(int32_t code_point);

/* White_Space of Unicode. */
extern bool wk_is_space(int32_t code_point);
extern bool wk_is_letter_or_digit(int32_t code_point);
/* Letters, marks, numbers, punctuation, symbols and the plain space. */
extern bool wk_is_printable(int32_t code_point);

#endif
