/*
 * credentials.h: HTTP Basic: the user name is the domain, the password the token.
 */
#ifndef SH_GATEWAY_CREDENTIALS_H
#define SH_GATEWAY_CREDENTIALS_H

#include <stdbool.h>

#include "arena.h"

/*
 * Reads an Authorization header (NULL: absent). *domain is made in the arena; digest gets the SHA-256
 * of the token, of which nothing else is kept. False: absent, not Basic, not base64, or without ':'.
 */
extern bool gw_credentials_parse(const char *authorization, ShcArena *arena, const char **domain,
								 unsigned char digest[32]);

#endif
