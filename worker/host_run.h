/*
 * host_run.h: the modules that deal with the run itself: log, fmt, cgi, selfapi.
 */
#ifndef SH_WORKER_HOST_RUN_H
#define SH_WORKER_HOST_RUN_H

#include "host_value.h"

extern const WkMember wk_log_members[];
extern const WkMember wk_fmt_members[];
extern const WkMember wk_cgi_members[];
extern const WkMember wk_selfapi_members[];

/* One line of the run's log, cut at WK_LOG_TEXT_MAX. */
extern void wk_log_line(const WkTask *task, WkLogLevel level, const char *text, size_t len);

#endif
