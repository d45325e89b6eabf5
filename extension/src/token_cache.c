/*
 * token_cache.c: backend-local cache of tokens of active users, digest -> ShToken. See account.c for
 * when it is void. Expiry is checked with each look-up, by the clock: a transaction may be long.
 */
#include "sh_ext.h"

#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "account.h"
#include "token_cache.h"

/* Most entries of the cache, about 130 bytes each; when it is full it starts afresh. */
#define CACHE_MAX_ENTRIES 32768

static HTAB *cache = NULL;
static uint64 cache_generation = 0;

static void
drop_cache(void)
{
	HTAB *old = cache;

	cache = NULL;
	if (old != NULL)
		hash_destroy(old);
}

static void
keep_token(const ShToken *token, uint64 generation)
{
	ShToken *entry;

	/* Invalidations may have arrived since the look-up that found nothing. */
	if (cache != NULL &&
		(cache_generation != generation || hash_get_num_entries(cache) >= CACHE_MAX_ENTRIES))
		drop_cache();
	cache_generation = generation;
	if (cache == NULL)
	{
		HASHCTL control = {0};

		control.keysize = SH_DIGEST_SIZE;
		control.entrysize = sizeof(ShToken);
		control.hcxt = CacheMemoryContext;
		cache = hash_create("selfhost tokens", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(cache, token->digest, HASH_ENTER, NULL);
	*entry = *token;
}

/* The token's columns; those of its user are read elsewhere. */
static void
read_token(TupleTableSlot *row, const uint8 *digest, ShToken *out)
{
	Datum expires;
	bool isnull;

	memset(out, 0, sizeof(*out));
	memcpy(out->digest, digest, SH_DIGEST_SIZE);
	out->uuid = *DatumGetUUIDP(slot_getattr(row, SH_TOKEN_UUID, &isnull));
	out->user = *DatumGetUUIDP(slot_getattr(row, SH_TOKEN_USER, &isnull));
	expires = slot_getattr(row, SH_TOKEN_EXPIRES, &isnull);
	if (isnull)
		TIMESTAMP_NOEND(out->expires);
	else
		out->expires = DatumGetTimestampTz(expires);
}

static bool
load_token(const uint8 *digest, ShToken *out)
{
	ShRows users;
	ShRows tokens;
	Snapshot snapshot;
	TupleTableSlot *row;
	uint64 generation;
	bytea *key = palloc(VARHDRSZ + SH_DIGEST_SIZE);
	bool found = false;

	SET_VARSIZE(key, VARHDRSZ + SH_DIGEST_SIZE);
	memcpy(VARDATA(key), digest, SH_DIGEST_SIZE);

	sh_rows_open(&users, SH_TABLE_USER);
	sh_rows_open(&tokens, SH_TABLE_TOKEN);
	generation = sh_account_generation(SH_TOKENS);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	sh_rows_find(&tokens, snapshot, F_BYTEAEQ, PointerGetDatum(key));
	row = sh_rows_next(&tokens);
	if (row != NULL)
	{
		read_token(row, digest, out);
		found = sh_rows_find_active_user(&users, snapshot, &out->user, &out->rate, &out->has_rate);
	}
	sh_rows_close(&tokens);
	sh_rows_close(&users);
	UnregisterSnapshot(snapshot);
	pfree(key);

	if (found && sh_account_keep(SH_TOKENS, generation))
		keep_token(out, generation);
	return found;
}

bool
sh_token_find(const uint8 digest[SH_DIGEST_SIZE], ShToken *out)
{
	const ShToken *entry = NULL;

	if (cache_generation != sh_account_generation(SH_TOKENS))
		drop_cache();
	if (cache != NULL)
		entry = hash_search(cache, digest, HASH_FIND, NULL);
	if (entry != NULL)
		*out = *entry;
	else if (!load_token(digest, out))
		return false;
	return TIMESTAMP_IS_NOEND(out->expires) || out->expires > GetCurrentTimestamp();
}
