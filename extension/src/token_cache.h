/*
 * token_cache.h: what is known of a token by the SHA-256 of its secret; a backend-local cache.
 */
#ifndef SH_TOKEN_CACHE_H
#define SH_TOKEN_CACHE_H

#include "sh_ext.h"

#define SH_DIGEST_SIZE 32

typedef struct ShToken
{
	uint8 digest[SH_DIGEST_SIZE]; /* key: must be first */
	pg_uuid_t uuid;
	pg_uuid_t user;
	TimestampTz expires; /* DT_NOEND: never */
	bool has_rate;
	double rate; /* the user's, requests per hour */
} ShToken;

/*
 * Finds the token of a digest; false when there is none, it has expired, or its user is not active.
 * *out is a copy.
 */
extern bool sh_token_find(const uint8 digest[SH_DIGEST_SIZE], ShToken *out);

#endif
