/*
 * gzip.h: answers compressed on their way, for clients that ask for it. Loop thread only.
 */
#ifndef SH_GATEWAY_GZIP_H
#define SH_GATEWAY_GZIP_H

#include "request.h"

typedef struct GwGzip GwGzip;

/* Should this answer be compressed? Those with an ETag or a range are what they are, byte for byte. */
extern bool gw_gzip_is_wanted(const GwConfig *config, const GwRequest *request);

/* NULL: out of memory. */
extern GwGzip *gw_gzip_new(int level);
extern void gw_gzip_free(GwGzip *gzip);

/*
 * Takes what the job has and fills out with compressed bytes; returns how many. 0 when there is
 * nothing yet. *ended: the compressed stream is whole. *failed: zlib's complaint.
 */
extern size_t
gw_gzip_read(GwGzip *gzip, GwJob *job, char *out, size_t size, bool *ended, bool *failed);

#endif
