/*
 * host_format.h: texts from a format and values: fmt.sprintf, log.info and others.
 */
#ifndef SH_WORKER_HOST_FORMAT_H
#define SH_WORKER_HOST_FORMAT_H

#include "host_value.h"

/*
 * Appends the format with its verbs replaced: %[flags][width][.precision][[index]]verb, described in
 * docs/programs.md. Nothing is an error: what does not fit prints as "%!d(...)". With no argument the
 * format is taken as it is.
 */
extern void wk_format(ShcBuf *out, const WkTraits *traits, const char *format, size_t len,
					  const WkValue *args, int n);

/* The call's arguments: a format and what it needs. Raises. */
extern bool wk_format_call(WkHostCall *call);

#endif
