/*
 * secret.c: what must not be guessed, from the server's strong random source: uuids of version 4,
 * and the secrets of tokens.
 */
#include "sh_ext.h"

SH_FUNCTION(sh_random_uuid);
SH_FUNCTION(sh_random_secret);

static void
random_bytes(uint8 *out, int n)
{
	if (!pg_strong_random(out, n))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not get random bytes")));
}

/* _random_uuid() -> uuid, version 4 */
Datum
sh_random_uuid(PG_FUNCTION_ARGS)
{
	pg_uuid_t *uuid = palloc(sizeof(pg_uuid_t));

	random_bytes(uuid->data, UUID_LEN);
	uuid->data[6] = (uuid->data[6] & 0x0f) | 0x40;
	uuid->data[8] = (uuid->data[8] & 0x3f) | 0x80;
	PG_RETURN_UUID_P(uuid);
}

/* Letters and digits of a secret: 32 of 62 are 190 bits. */
#define SECRET_LENGTH 32

/* _random_secret() -> text */
Datum
sh_random_secret(PG_FUNCTION_ARGS)
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	static const char prefix[] = "secret-token.";
	char secret[sizeof(prefix) + SECRET_LENGTH];
	char *next = secret + sizeof(prefix) - 1;
	char *end = next + SECRET_LENGTH;

	memcpy(secret, prefix, sizeof(prefix) - 1);
	while (next < end)
	{
		uint8 random[2 * SECRET_LENGTH];

		random_bytes(random, sizeof(random));
		/* 248 = 4 * 62: above it the first letters would be likelier than the last. */
		for (size_t i = 0; i < sizeof(random) && next < end; i++)
		{
			if (random[i] < 248)
				*next++ = alphabet[random[i] % 62];
		}
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(secret, (int) (next - secret)));
}
