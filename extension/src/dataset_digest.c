/*
 * dataset_digest.c: SHA-256 in pieces.
 */
#include "sh_ext.h"

#include "common/sha2.h"
#if PG_VERSION_NUM >= 140000
#include "common/cryptohash.h"
#endif

#include "dataset_digest.h"

#if PG_VERSION_NUM >= 140000

struct ShSha256
{
	pg_cryptohash_ctx *context;
};

/* The context belongs to the resource owner, so an error frees it. */
static void
check(bool good)
{
	if (!good)
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute SHA-256")));
}

ShSha256 *
sh_sha256_begin(void)
{
	ShSha256 *sha256 = palloc(sizeof(ShSha256));

	sha256->context = pg_cryptohash_create(PG_SHA256);
	check(sha256->context != NULL && pg_cryptohash_init(sha256->context) >= 0);
	return sha256;
}

void
sh_sha256_add(ShSha256 *sha256, const void *data, Size len)
{
	check(pg_cryptohash_update(sha256->context, data, len) >= 0);
}

void
sh_sha256_end(ShSha256 *sha256, uint8 digest[SH_SHA256_SIZE])
{
	check(pg_cryptohash_final(sha256->context, digest, SH_SHA256_SIZE) >= 0);
	pg_cryptohash_free(sha256->context);
	pfree(sha256);
}

#else

struct ShSha256
{
	pg_sha256_ctx context;
};

ShSha256 *
sh_sha256_begin(void)
{
	ShSha256 *sha256 = palloc(sizeof(ShSha256));

	pg_sha256_init(&sha256->context);
	return sha256;
}

void
sh_sha256_add(ShSha256 *sha256, const void *data, Size len)
{
	pg_sha256_update(&sha256->context, data, len);
}

void
sh_sha256_end(ShSha256 *sha256, uint8 digest[SH_SHA256_SIZE])
{
	pg_sha256_final(&sha256->context, digest);
	pfree(sha256);
}

#endif
