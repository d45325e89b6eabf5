/*
 * host_base64.h: base64 (RFC 4648) and hexadecimal.
 */
#ifndef SH_WORKER_HOST_BASE64_H
#define SH_WORKER_HOST_BASE64_H

#include "host_value.h"

/* is_url: - and _ instead of + and /. */
extern void
wk_base64_append(ShcBuf *out, const char *data, size_t len, bool is_url, bool is_padded);

extern const WkMember wk_base64_members[];
extern const WkMember wk_hex_members[];

#endif
