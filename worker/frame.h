/*
 * frame.h: what a run's child and the worker say to each other, through a stream socket.
 *
 * A frame is a length (4 bytes, of what follows the head), a type (1 byte) and fields: numbers of 8
 * bytes, and bytes with a length of 4 bytes and a zero byte behind them, so that texts can be used
 * in place. Both ends are on one machine: byte order is the machine's. Nothing here does I/O.
 *
 *   worker -> child    START: the work, once
 *                      REPLY: to each question, in turn
 *   child -> worker    LOG: no answer
 *                      MODULE, SELFAPI, CONNECT: questions, one at a time
 *                      DONE: the outcome, once, last
 */
#ifndef SH_WORKER_FRAME_H
#define SH_WORKER_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

typedef enum WkFrameType
{
	WK_FRAME_START = 'S',	/* see WkJob in child.h */
	WK_FRAME_REPLY = 'R',	/* outcome (WkReplyKind), then what the question's answer has */
	WK_FRAME_LOG = 'L',		/* level, text */
	WK_FRAME_MODULE = 'M',	/* name, revision (-1: newest) */
	WK_FRAME_SELFAPI = 'A', /* operation, arguments, body */
	WK_FRAME_CONNECT = 'C', /* host, port, until (monotonic microseconds) */
	WK_FRAME_DONE = 'D'		/* succeeded, error, status, headers, body */
} WkFrameType;

#define WK_FRAME_HEAD 5

/* The largest frames, heads not counted. */
#define WK_START_MAX ((size_t) 24 * 1024 * 1024)
#define WK_REPLY_MAX ((size_t) 16 * 1024 * 1024)
#define WK_LOG_MAX	 ((size_t) 16 * 1024)
#define WK_ASK_MAX	 ((size_t) 6 * 1024 * 1024)
#define WK_DONE_MAX	 ((size_t) 2 * 1024 * 1024)

typedef struct WkFrame
{
	WkFrameType type;
	const char *fields;
	size_t len;	  /* of the fields */
	size_t total; /* with the head */
} WkFrame;

typedef enum WkFrameFound
{
	WK_FRAME_PARTIAL, /* out->total: how many bytes it will have, or 0 when not known yet */
	WK_FRAME_WHOLE,
	WK_FRAME_BAD /* an unknown type, one of the other direction, or too long */
} WkFrameFound;

/* Looks for a frame at the beginning of what was received. */
extern WkFrameFound wk_frame_find(const char *data, size_t len, bool from_child, WkFrame *out);

/* Writing: begin, fields, end. The buffer remembers failures. */
extern size_t wk_frame_begin(ShcBuf *buf, WkFrameType type);
extern void wk_put_number(ShcBuf *buf, int64_t number);
extern void wk_put_bytes(ShcBuf *buf, const void *data, size_t len); /* data NULL: none */
extern void wk_put_text(ShcBuf *buf, const char *text);				 /* NULL: none */
extern void wk_frame_end(ShcBuf *buf, size_t begun);

/* Reading: fields in their order; after the first that is not there, `bad` stays set. */
typedef struct WkFields
{
	const char *p;
	const char *end;
	bool bad;
} WkFields;

extern WkFields wk_fields(const WkFrame *frame);
extern int64_t wk_get_number(WkFields *fields);
/* NULL: none (or bad). Behind the len bytes is a zero byte. */
extern const char *wk_get_bytes(WkFields *fields, size_t *len);
/* As wk_get_bytes(); bad when it holds a zero byte. */
extern const char *wk_get_text(WkFields *fields);
/* All fields were good, and there are no more. */
extern bool wk_fields_end(const WkFields *fields);

#endif
