/*
 * host_quote.h: texts in quotes, with escapes, as literals of programs have them.
 */
#ifndef SH_WORKER_HOST_QUOTE_H
#define SH_WORKER_HOST_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

extern void wk_append_code_point(ShcBuf *out, int64_t code_point);

/* quote: '"' or '\''. is_ascii: what is beyond ASCII is escaped, too. */
extern void wk_append_quoted(ShcBuf *out, const char *data, size_t len, char quote, bool is_ascii);

/* One character between single quotes. */
extern void wk_append_quoted_char(ShcBuf *out, int64_t code_point, bool is_ascii);

/* Appends what the literal "...", `...` or '.' means; false: it is none. */
extern bool wk_append_unquoted(ShcBuf *out, const char *data, size_t len);

#endif
