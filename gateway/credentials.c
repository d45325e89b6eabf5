/*
 * credentials.c: HTTP Basic, decoded by hand: the token must not stay in a library's memory.
 */
#include "credentials.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

/* Longest domain and token together; anything longer is not what we give out. */
#define MAX_DECODED 1024

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return -1;
}

/* Decodes len characters without padding into out; returns the number of bytes, -1 if malformed. */
static int
base64_decode(const char *text, size_t len, unsigned char out[MAX_DECODED])
{
	uint32_t word = 0;
	int bits = 0;
	int n = 0;

	if (len % 4 == 1 || len / 4 * 3 + 2 > MAX_DECODED)
		return -1;
	for (size_t i = 0; i < len; i++)
	{
		int value = base64_value(text[i]);

		if (value < 0)
			return -1;
		word = (word << 6) | (uint32_t) value;
		bits += 6;
		if (bits >= 8)
		{
			bits -= 8;
			out[n++] = (unsigned char) (word >> bits);
		}
	}
	return n;
}

bool
gw_credentials_parse(const char *authorization, ShcArena *arena, const char **domain,
					 unsigned char digest[32])
{
	unsigned char decoded[MAX_DECODED];
	unsigned char *colon;
	size_t len;
	int n;
	bool good = false;

	if (authorization == NULL || strncasecmp(authorization, "Basic", 5) != 0 ||
		strspn(authorization + 5, " ") == 0)
		return false;
	authorization += 5 + strspn(authorization + 5, " ");
	len = strlen(authorization);
	while (len > 0 && strchr(" \t", authorization[len - 1]) != NULL)
		len--;
	for (int i = 0; i < 2 && len > 0 && authorization[len - 1] == '='; i++)
		len--;
	n = base64_decode(authorization, len, decoded);
	colon = n > 0 ? memchr(decoded, ':', (size_t) n) : NULL;
	if (colon != NULL && memchr(decoded, '\0', (size_t) (colon - decoded)) == NULL)
	{
		*domain = shc_arena_strndup(arena, (const char *) decoded, (size_t) (colon - decoded));
		good = *domain != NULL && gnutls_hash_fast(GNUTLS_DIG_SHA256, colon + 1,
												   (size_t) (decoded + n - colon - 1), digest) == 0;
	}
	gnutls_memset(decoded, 0, sizeof(decoded));
	return good;
}
