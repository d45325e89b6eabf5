/*
 * log_tail.h: the log of one run, of which only the end is kept. Plain memory, one thread.
 */
#ifndef SH_WORKER_LOG_TAIL_H
#define SH_WORKER_LOG_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* How much is kept, and the longest line. */
#define WK_LOG_TAIL		65536
#define WK_LOG_LINE_MAX 4096

typedef struct WkLogTail
{
	char *data;		/* a ring of WK_LOG_TAIL bytes, made at the first line */
	uint64_t total; /* bytes of all lines */
} WkLogTail;

/*
 * Appends a line: time, level and text, made valid UTF-8 without control characters but tabs (a line
 * feed becomes a space). A longer text is cut. Without memory the line is only counted.
 */
extern void wk_log_tail_add(WkLogTail *tail, const char *level, const char *text, size_t len);

/* Appends what is kept, from the beginning of a line on; says first how much is missing. */
extern bool wk_log_tail_copy(const WkLogTail *tail, ShcBuf *out);

extern void wk_log_tail_free(WkLogTail *tail);

/* Appends text as valid UTF-8, without control characters but tabs; ? stands for what is not. */
extern bool wk_clean_text(ShcBuf *out, const char *text, size_t len, bool keep_lines);

#endif
