/*
 * access_log.h: one line for each request, written many at once: when the buffer is full, and four
 * times a second. Loop thread only.
 */
#ifndef SH_GATEWAY_ACCESS_LOG_H
#define SH_GATEWAY_ACCESS_LOG_H

#include "request.h"

/* Lines that wait; when there is no room for one more, they are written. */
#define GW_ACCESS_LOG_BUFFER 65536

typedef struct GwAccessLog
{
	size_t len;
	char buffer[GW_ACCESS_LOG_BUFFER];
} GwAccessLog;

/*
 * Adds the line of a request that has ended. address: the client's. is_complete: false when the
 * connection was lost before the whole answer was sent. now: monotonic microseconds.
 */
extern void gw_access_log_add(GwAccessLog *log, const GwRequest *request, const char *address,
							  bool is_complete, int64_t now);
extern void gw_access_log_flush(GwAccessLog *log);

#endif
