/*
 * rate_limit.h: how many requests a token, a user and an address may make. Shared by all threads of
 * the process; every function may be called from any of them.
 *
 * A token that has authenticated pays for each request from a bucket of its own, or from its user's
 * where he has a rate. A token that nobody knows pays nothing: it is not remembered, and refused
 * log-ins are paid by the address that they come from. So neither a million bad tokens nor a million
 * addresses make the memory grow: both tables have a fixed size, and the entry that was used least
 * recently makes room.
 */
#ifndef SH_GATEWAY_RATE_LIMIT_H
#define SH_GATEWAY_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

typedef struct GwRateLimit GwRateLimit;

/* Who asks. Both belong to the caller. */
typedef struct GwCaller
{
	const char *domain;
	const unsigned char *digest; /* of the token, 32 bytes */
	const char *address;
} GwCaller;

/* Why not. */
typedef struct GwRateRefusal
{
	int retry_after;	  /* seconds until one request is allowed */
	double rate_per_hour; /* 0: refused for failed log-ins */
} GwRateRefusal;

/* NULL: out of memory. */
extern GwRateLimit *gw_rate_limit_new(const GwConfig *config);
extern void gw_rate_limit_free(GwRateLimit *limit);

/* Takes other rates; buckets keep what they have. */
extern void gw_rate_limit_configure(GwRateLimit *limit, const GwConfig *config);

/* May the request go on? Takes its price. now: monotonic microseconds. */
extern bool gw_rate_limit_admit(GwRateLimit *limit, const GwCaller *caller, int64_t now,
								GwRateRefusal *refusal);

/*
 * The token was good. user: 16 bytes; rate: requests an hour of that user, negative where he has none
 * of his own. The first request of a token is paid for here.
 */
extern void gw_rate_limit_succeeded(GwRateLimit *limit, const GwCaller *caller, const uint8_t *user,
									double rate, int64_t now);

/* The token was refused. */
extern void gw_rate_limit_failed(GwRateLimit *limit, const GwCaller *caller, int64_t now);

#endif
