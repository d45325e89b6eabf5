/*
 * policy_cache.c: the policies of a user, compiled; a backend-local cache, user -> ShPolicies. See
 * account.c for when it is void.
 *
 * Of the patterns of one action and effect those without wildcards come first, sorted: they are
 * found by bisection, the others are tried one by one.
 */
#include "sh_ext.h"

#include "nodes/pg_list.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "account.h"
#include "like.h"
#include "policy_cache.h"

/* Most memory of the cache; when it is full it starts afresh. */
#define CACHE_MAX_BYTES (8 * 1024 * 1024)

#define ACTIONS			4

typedef enum Effect
{
	ALLOW,
	DENY,
	EFFECTS
} Effect;

typedef enum Kind
{
	EXACT,	/* text: the resource itself */
	PREFIX, /* text: what stands before the only wildcard, a % at the end */
	GENERAL /* text: the pattern */
} Kind;

typedef struct Pattern
{
	Kind kind;
	int len;
	const char *text;
	int source_len;
	const char *source; /* as the policy has it */
} Pattern;

typedef struct PatternSet
{
	int n_exact;
	int n;
	Pattern *pattern;
} PatternSet;

/* One piece of memory with all that it points to. */
struct ShPolicies
{
	Size size;
	PatternSet set[ACTIONS][EFFECTS];
};

typedef struct Entry
{
	pg_uuid_t user; /* key: must be first */
	ShPolicies *policies;
} Entry;

static HTAB *cache = NULL;
static Size cache_bytes = 0;
static uint64 cache_generation = 0;

/* Of the last call, so that a list of objects does not look its user up for each of them. */
static pg_uuid_t last_user;
static const ShPolicies *last = NULL;

/* Policies that must not be kept, for one use. */
static ShPolicies *unkept = NULL;

/* ---- compiling ---- */

/* A policy's row, as it is read. */
typedef struct RawPolicy
{
	ShAction action;
	Effect effect;
	Pattern pattern;
} RawPolicy;

static void
classify(Pattern *pattern)
{
	const char *source = pattern->source;
	int len = pattern->source_len;
	bool whole;
	char *prefix = sh_like_prefix(source, len, &whole);
	int prefix_len = (int) strlen(prefix);

	pattern->text = prefix;
	pattern->len = prefix_len;
	if (whole)
		pattern->kind = EXACT;
	else if (prefix_len == len - 1 && source[len - 1] == '%' && strchr(prefix, '\\') == NULL)
		pattern->kind = PREFIX;
	else
	{
		pattern->kind = GENERAL;
		pattern->text = source;
		pattern->len = len;
	}
}

/*
 * A row of selfhost.policy; false when it grants nothing. Patterns that end in a lone backslash are
 * refused on entry; should one be there all the same, it does not allow anything, and denies all
 * that begins as it does.
 */
static bool
read_policy(TupleTableSlot *row, RawPolicy *out)
{
	static const char *const labels[ACTIONS] = {"create", "read", "update", "delete"};
	bool isnull;
	Datum action = slot_getattr(row, SH_POLICY_ACTION, &isnull);
	char *source = TextDatumGetCString(slot_getattr(row, SH_POLICY_RESOURCE, &isnull));
	int len = (int) strlen(source);

	out->effect = sh_enum_is(slot_getattr(row, SH_POLICY_EFFECT, &isnull), "deny") ? DENY : ALLOW;
	out->action = SH_CREATE;
	while (out->action < SH_DELETE && !sh_enum_is(action, labels[out->action]))
		out->action++;
	if (!sh_like_valid(source, len))
	{
		if (out->effect == ALLOW)
			return false;
		source[len - 1] = '%';
	}
	out->pattern.source = source;
	out->pattern.source_len = len;
	classify(&out->pattern);
	return true;
}

/* By action, effect, kind; exact ones by their text, too. */
static int
compare_raw(const void *x, const void *y)
{
	const RawPolicy *a = x;
	const RawPolicy *b = y;

	if (a->action != b->action)
		return a->action < b->action ? -1 : 1;
	if (a->effect != b->effect)
		return a->effect < b->effect ? -1 : 1;
	if (a->pattern.kind != b->pattern.kind)
		return a->pattern.kind < b->pattern.kind ? -1 : 1;
	return strcmp(a->pattern.text, b->pattern.text);
}

static const char *
copy_text(char **to, const char *text, int len)
{
	char *copy = *to;

	memcpy(copy, text, len);
	*to += len;
	return copy;
}

/* Packs policies into one piece of CacheMemoryContext. */
static ShPolicies *
compile(RawPolicy *raw, int n)
{
	Size size = MAXALIGN(sizeof(ShPolicies)) + n * sizeof(Pattern);
	ShPolicies *policies;
	Pattern *pattern;
	char *text;

	for (int i = 0; i < n; i++)
		size += raw[i].pattern.len + raw[i].pattern.source_len;
	policies = MemoryContextAllocZero(CacheMemoryContext, size);
	policies->size = size;
	pattern = (Pattern *) ((char *) policies + MAXALIGN(sizeof(ShPolicies)));
	text = (char *) (pattern + n);

	qsort(raw, n, sizeof(RawPolicy), compare_raw);
	for (int i = 0; i < n; i++)
	{
		PatternSet *set = &policies->set[raw[i].action][raw[i].effect];

		*pattern = raw[i].pattern;
		pattern->text = copy_text(&text, pattern->text, pattern->len);
		pattern->source = copy_text(&text, pattern->source, pattern->source_len);
		if (set->n++ == 0)
			set->pattern = pattern;
		if (pattern->kind == EXACT)
			set->n_exact++;
		pattern++;
	}
	return policies;
}

/* ---- reading ---- */

/* Policies of one group, appended to *raw. */
static void
read_group(ShRows *rows, Snapshot snapshot, Datum group, RawPolicy **raw, int *n, int *capacity)
{
	TupleTableSlot *row;

	sh_rows_find(rows, snapshot, F_UUID_EQ, group);
	while ((row = sh_rows_next(rows)) != NULL)
	{
		if (*n == *capacity)
		{
			*capacity *= 2;
			*raw = repalloc(*raw, *capacity * sizeof(RawPolicy));
		}
		if (read_policy(row, &(*raw)[*n]))
			++*n;
	}
}

/* Reads and compiles; *keep tells whether the result may be kept. */
static ShPolicies *
load(const pg_uuid_t *user, uint64 *generation, bool *keep)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "selfhost policies", ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(context);
	int capacity = 32;
	int n = 0;
	RawPolicy *raw = palloc(capacity * sizeof(RawPolicy));
	ShPolicies *policies;
	ShRows memberships;
	ShRows rows;
	TupleTableSlot *row;
	Snapshot snapshot;

	sh_rows_open(&memberships, SH_TABLE_MEMBERSHIP);
	sh_rows_open(&rows, SH_TABLE_POLICY);
	*generation = sh_account_generation(SH_POLICIES);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	sh_rows_find(&memberships, snapshot, F_UUID_EQ, UUIDPGetDatum(user));
	while ((row = sh_rows_next(&memberships)) != NULL)
	{
		bool isnull;

		read_group(&rows, snapshot, slot_getattr(row, SH_MEMBERSHIP_GROUP, &isnull), &raw, &n,
				   &capacity);
	}
	sh_rows_close(&rows);
	sh_rows_close(&memberships);
	UnregisterSnapshot(snapshot);

	policies = compile(raw, n);
	*keep = sh_account_keep(SH_POLICIES, *generation);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(context);
	return policies;
}

/* ---- the cache ---- */

static void
drop_cache(void)
{
	HTAB *old = cache;
	HASH_SEQ_STATUS all;
	Entry *entry;

	last = NULL;
	cache = NULL;
	cache_bytes = 0;
	if (old == NULL)
		return;
	hash_seq_init(&all, old);
	while ((entry = hash_seq_search(&all)) != NULL)
	{
		if (entry->policies != NULL)
			pfree(entry->policies);
	}
	hash_destroy(old);
}

static void
keep_policies(const pg_uuid_t *user, ShPolicies *policies, uint64 generation)
{
	Entry *entry;
	bool found;

	/* Invalidations may have arrived since the look-up that found nothing. */
	if (cache_generation != generation || cache_bytes + policies->size > CACHE_MAX_BYTES)
		drop_cache();
	cache_generation = generation;
	if (cache == NULL)
	{
		HASHCTL control = {0};

		control.keysize = sizeof(pg_uuid_t);
		control.entrysize = sizeof(Entry);
		control.hcxt = CacheMemoryContext;
		cache =
			hash_create("selfhost policies", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(cache, user, HASH_ENTER, &found);
	if (found && entry->policies != NULL)
		pfree(entry->policies);
	entry->policies = policies;
	cache_bytes += policies->size;
	last_user = *user;
	last = policies;
}

const ShPolicies *
sh_policies_of(const pg_uuid_t *user)
{
	ShPolicies *policies;
	uint64 generation;
	bool keep;

	if (cache_generation != sh_account_generation(SH_POLICIES))
		drop_cache();
	if (last != NULL && memcmp(&last_user, user, sizeof(pg_uuid_t)) == 0)
		return last;
	if (cache != NULL)
	{
		const Entry *entry = hash_search(cache, user, HASH_FIND, NULL);

		if (entry != NULL)
		{
			last_user = *user;
			last = entry->policies;
			return last;
		}
	}

	policies = load(user, &generation, &keep);
	if (keep)
		keep_policies(user, policies, generation);
	else
	{
		if (unkept != NULL)
			pfree(unkept);
		unkept = policies;
	}
	return policies;
}

/* ---- matching ---- */

static int
compare_text(const char *a, int a_len, const char *b, int b_len)
{
	int order = memcmp(a, b, Min(a_len, b_len));

	return order != 0 ? order : a_len - b_len;
}

static bool
matches_exactly(const PatternSet *set, const char *resource, int len)
{
	int low = 0;
	int high = set->n_exact;

	while (low < high)
	{
		int middle = (low + high) / 2;
		const Pattern *pattern = &set->pattern[middle];
		int order = compare_text(resource, len, pattern->text, pattern->len);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static bool
matches_any(const PatternSet *set, const char *resource, int len)
{
	if (set->n_exact > 0 && matches_exactly(set, resource, len))
		return true;
	for (int i = set->n_exact; i < set->n; i++)
	{
		const Pattern *pattern = &set->pattern[i];

		if (pattern->kind == PREFIX
				? len >= pattern->len && memcmp(resource, pattern->text, pattern->len) == 0
				: sh_like_matches(pattern->text, pattern->len, resource, len))
			return true;
	}
	return false;
}

bool
sh_policies_allow(const ShPolicies *p, ShAction action, const char *resource, int len)
{
	return matches_any(&p->set[action][ALLOW], resource, len);
}

bool
sh_policies_deny(const ShPolicies *p, ShAction action, const char *resource, int len)
{
	return matches_any(&p->set[action][DENY], resource, len);
}

bool
sh_policies_allow_all(const ShPolicies *p, ShAction action, const char *pattern, int len)
{
	const PatternSet *set = &p->set[action][ALLOW];

	for (int i = 0; i < set->n; i++)
	{
		if (sh_like_covers(set->pattern[i].source, set->pattern[i].source_len, pattern, len))
			return true;
	}
	return false;
}

bool
sh_policies_deny_any(const ShPolicies *p, ShAction action, const char *pattern, int len)
{
	const PatternSet *set = &p->set[action][DENY];

	for (int i = 0; i < set->n; i++)
	{
		if (sh_like_meets(set->pattern[i].source, set->pattern[i].source_len, pattern, len))
			return true;
	}
	return false;
}
