/*
 * rate_limit.c: token buckets.
 *
 * A table is split into shards, each with a lock of its own that is held for some dozens of
 * instructions, and never two at a time. A shard is a set of small groups of slots; a key belongs to
 * one group, and where that is full the slot used least recently is taken. Keys are 128 bits: the
 * first half of a token's SHA-256, or a hash with a random key, so that nobody can aim at a slot.
 */
#include "rate_limit.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SHARDS 16
#define GROUPS 512 /* of one shard */
#define SLOTS  8   /* of one group: 65,536 in a table */
#define HOUR   INT64_C(3600000000)
#define MINUTE INT64_C(60000000)

/* A token that has authenticated so recently is not held up by failures of others at its address. */
#define TRUSTED_TIME HOUR

typedef struct Key
{
	uint64_t a;
	uint64_t b;
} Key;

typedef struct Slot
{
	Key key;	  /* all zero: free */
	double level; /* requests that are left */
	int64_t used; /* when level was computed */
	/* tokens only: the bucket that pays, where it is the user's */
	bool has_user_rate;
	double user_rate; /* an hour */
	Key user;
} Slot;

typedef struct Shard
{
	pthread_mutex_t lock;
	Slot *slots; /* GROUPS * SLOTS, made when the first is needed */
} Shard;

typedef struct Table
{
	Shard shard[SHARDS];
} Table;

struct GwRateLimit
{
	/* May change while requests are served. */
	_Atomic int64_t rate_per_hour;
	_Atomic int64_t burst;
	_Atomic int64_t cleanup;
	_Atomic int64_t failures_per_minute;
	_Atomic int64_t failures_burst;
	uint64_t secret[2];
	Table tokens; /* those that have authenticated */
	Table users;  /* those with a rate of their own */
	Table addresses;
};

/* ---- keys ---- */

static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
	return hash ^ (hash >> 29);
}

static uint64_t
hash_text(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = mix(hash, (unsigned char) *text);
	return mix(hash, 256);
}

static Key
make_key(const GwRateLimit *limit, const char *domain, const void *id, size_t len)
{
	uint64_t word[2] = {0, 0};
	Key key;

	memcpy(word, id, len < sizeof(word) ? len : sizeof(word));
	key.a = mix(hash_text(limit->secret[0], domain), word[0]);
	key.a = mix(key.a, word[1]);
	key.b = mix(hash_text(limit->secret[1], domain), word[1]);
	key.b = mix(key.b, word[0]) | 1; /* never the mark of a free slot */
	return key;
}

static Key
address_key(const GwRateLimit *limit, const char *address)
{
	Key key = {hash_text(limit->secret[0], address), hash_text(limit->secret[1], address) | 1};

	return key;
}

/* ---- slots ---- */

static bool
is_key(const Slot *slot, const Key *key)
{
	return slot->key.a == key->a && slot->key.b == key->b;
}

static Shard *
shard_of(Table *table, const Key *key)
{
	return &table->shard[key->a % SHARDS];
}

/* The slot of a key, or NULL. The shard is locked. */
static Slot *
find_slot(Shard *shard, const Key *key)
{
	Slot *group;

	if (shard->slots == NULL)
		return NULL;
	group = shard->slots + key->a / SHARDS % GROUPS * SLOTS;
	for (int i = 0; i < SLOTS; i++)
	{
		if (is_key(&group[i], key))
			return &group[i];
	}
	return NULL;
}

/* The slot of a key, a full bucket where it is new. NULL: out of memory. The shard is locked. */
static Slot *
take_slot(Shard *shard, const Key *key, double burst, int64_t now)
{
	Slot *slot = find_slot(shard, key);
	Slot *group;

	if (slot != NULL)
		return slot;
	if (shard->slots == NULL)
		shard->slots = calloc((size_t) GROUPS * SLOTS, sizeof(Slot));
	if (shard->slots == NULL)
		return NULL;
	group = slot = shard->slots + key->a / SHARDS % GROUPS * SLOTS;
	for (int i = 0; i < SLOTS; i++)
	{
		if (group[i].key.b == 0)
		{
			slot = &group[i];
			break;
		}
		if (group[i].used < slot->used)
			slot = &group[i];
	}
	*slot = (Slot){.key = *key, .level = burst, .used = now};
	return slot;
}

/* ---- buckets ---- */

/* What a bucket has at this moment. per_us: requests that it gains in a microsecond. */
static void
refill(Slot *slot, double per_us, double burst, int64_t idle_limit, int64_t now)
{
	int64_t passed = now - slot->used;

	if (passed < 0)
		return;
	slot->level += (double) passed * per_us;
	if (slot->level > burst || passed > idle_limit)
		slot->level = burst;
	slot->used = now;
}

static bool
pay(Slot *slot, double per_us, GwRateRefusal *refusal)
{
	double wait;

	if (slot->level >= 1)
	{
		slot->level -= 1;
		return true;
	}
	wait = per_us > 0 ? ceil((1 - slot->level) / per_us / 1e6) : 3600;
	refusal->retry_after = wait < 1 ? 1 : wait > 86400 ? 86400 : (int) wait;
	return false;
}

/* Pays from the bucket of a user with a rate of his own. */
static bool
pay_as_user(GwRateLimit *limit, const Key *key, double rate, int64_t now, GwRateRefusal *refusal)
{
	double burst = (double) limit->burst;
	Shard *shard = shard_of(&limit->users, key);
	bool good = true;
	Slot *slot;

	refusal->rate_per_hour = rate;
	pthread_mutex_lock(&shard->lock);
	slot = take_slot(shard, key, burst, now);
	if (slot != NULL)
	{
		refill(slot, rate / (double) HOUR, burst, limit->cleanup, now);
		good = pay(slot, rate / (double) HOUR, refusal);
	}
	pthread_mutex_unlock(&shard->lock);
	return good;
}

/* Has the address used up its failures? */
static bool
address_is_barred(GwRateLimit *limit, const char *address, int64_t now, GwRateRefusal *refusal)
{
	double per_us = (double) limit->failures_per_minute / (double) MINUTE;
	Key key = address_key(limit, address);
	Shard *shard = shard_of(&limit->addresses, &key);
	bool barred = false;
	Slot *slot;

	if (limit->failures_per_minute == 0)
		return false;
	pthread_mutex_lock(&shard->lock);
	slot = find_slot(shard, &key);
	if (slot != NULL)
	{
		refill(slot, per_us, (double) limit->failures_burst, INT64_MAX, now);
		if (slot->level < 1)
			barred = !pay(slot, per_us, refusal);
	}
	pthread_mutex_unlock(&shard->lock);
	return barred;
}

void
gw_rate_limit_configure(GwRateLimit *limit, const GwConfig *config)
{
	limit->rate_per_hour = config->rate_per_hour;
	limit->burst = config->rate_burst;
	limit->cleanup = config->rate_cleanup;
	limit->failures_per_minute = config->auth_failures_per_minute;
	limit->failures_burst = config->auth_failures_burst;
}

GwRateLimit *
gw_rate_limit_new(const GwConfig *config)
{
	GwRateLimit *limit = calloc(1, sizeof(GwRateLimit));
	Table *tables[3];

	if (limit == NULL ||
		getrandom(limit->secret, sizeof(limit->secret), 0) != sizeof(limit->secret))
	{
		free(limit);
		return NULL;
	}
	gw_rate_limit_configure(limit, config);
	tables[0] = &limit->tokens;
	tables[1] = &limit->users;
	tables[2] = &limit->addresses;
	for (int t = 0; t < 3; t++)
	{
		for (int i = 0; i < SHARDS; i++)
			pthread_mutex_init(&tables[t]->shard[i].lock, NULL);
	}
	return limit;
}

void
gw_rate_limit_free(GwRateLimit *limit)
{
	if (limit == NULL)
		return;
	for (int i = 0; i < SHARDS; i++)
	{
		free(limit->tokens.shard[i].slots);
		free(limit->users.shard[i].slots);
		free(limit->addresses.shard[i].slots);
	}
	free(limit);
}

bool
gw_rate_limit_admit(GwRateLimit *limit, const GwCaller *caller, int64_t now, GwRateRefusal *refusal)
{
	double rate = (double) limit->rate_per_hour;
	double burst = (double) limit->burst;
	Key key = make_key(limit, caller->domain, caller->digest, 16);
	Shard *shard = shard_of(&limit->tokens, &key);
	bool is_trusted = false;
	bool good = true;
	Slot found = {.has_user_rate = false};
	Slot *slot;

	*refusal = (GwRateRefusal){.rate_per_hour = rate};
	pthread_mutex_lock(&shard->lock);
	slot = find_slot(shard, &key);
	if (slot != NULL)
	{
		is_trusted = now - slot->used <= TRUSTED_TIME;
		refill(slot, rate / (double) HOUR, burst, limit->cleanup, now);
		if (!slot->has_user_rate && rate > 0)
			good = pay(slot, rate / (double) HOUR, refusal);
		found = *slot;
	}
	pthread_mutex_unlock(&shard->lock);
	if (found.has_user_rate)
		good = pay_as_user(limit, &found.user, found.user_rate, now, refusal);
	if (!is_trusted && address_is_barred(limit, caller->address, now, refusal))
	{
		refusal->rate_per_hour = 0;
		return false;
	}
	return good;
}

void
gw_rate_limit_succeeded(GwRateLimit *limit, const GwCaller *caller, const uint8_t *user,
						double rate, int64_t now)
{
	Key key = make_key(limit, caller->domain, caller->digest, 16);
	Key user_key = make_key(limit, caller->domain, user, 16);
	Shard *shard = shard_of(&limit->tokens, &key);
	GwRateRefusal ignored;
	Slot *slot;
	bool is_new;

	pthread_mutex_lock(&shard->lock);
	is_new = find_slot(shard, &key) == NULL;
	slot = take_slot(shard, &key, (double) limit->burst, now);
	if (slot != NULL)
	{
		slot->has_user_rate = rate >= 0;
		slot->user_rate = rate;
		slot->user = user_key;
		if (is_new && rate < 0)
			pay(slot, 1, &ignored);
	}
	pthread_mutex_unlock(&shard->lock);
	if (is_new && rate >= 0)
		pay_as_user(limit, &user_key, rate, now, &ignored);
}

void
gw_rate_limit_failed(GwRateLimit *limit, const GwCaller *caller, int64_t now)
{
	Key key = make_key(limit, caller->domain, caller->digest, 16);
	Key address = address_key(limit, caller->address);
	Shard *shard = shard_of(&limit->tokens, &key);
	double burst = (double) limit->failures_burst;
	Slot *slot;

	/* It was good once: it is not any more. */
	pthread_mutex_lock(&shard->lock);
	slot = find_slot(shard, &key);
	if (slot != NULL)
		*slot = (Slot){.used = 0};
	pthread_mutex_unlock(&shard->lock);
	if (limit->failures_per_minute == 0)
		return;
	shard = shard_of(&limit->addresses, &address);
	pthread_mutex_lock(&shard->lock);
	slot = take_slot(shard, &address, burst, now);
	if (slot != NULL)
	{
		refill(slot, (double) limit->failures_per_minute / (double) MINUTE, burst, INT64_MAX, now);
		slot->level = slot->level >= 1 ? slot->level - 1 : 0;
	}
	pthread_mutex_unlock(&shard->lock);
}
