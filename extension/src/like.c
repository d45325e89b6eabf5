/*
 * like.c: patterns of LIKE: matching, and how two of them relate.
 *
 * Matching runs in every check of a right, on the pattern as it is written. To compare two patterns,
 * which is rare, each becomes an array of symbols: a character, ONE or MANY.
 */
#include "sh_ext.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "like.h"

SH_FUNCTION(sh_pattern_valid);
SH_FUNCTION(sh_pattern_matches);
SH_FUNCTION(sh_pattern_covers);
SH_FUNCTION(sh_pattern_meets);

/* Bytes of the character at p, never beyond end. */
static inline int
char_length(const char *p, const char *end)
{
	int len;

	if (!IS_HIGHBIT_SET(*p))
		return 1;
	len = pg_encoding_mblen(GetDatabaseEncoding(), p);
	return len > end - p ? (int) (end - p) : len;
}

bool
sh_like_valid(const char *pattern, int len)
{
	const char *end = pattern + len;

	for (const char *p = pattern; p < end; p += char_length(p, end))
	{
		if (*p == '\\' && ++p == end)
			return false;
	}
	return true;
}

/*
 * After a mismatch only the last % needs to be tried again with one more character: what an earlier
 * one could still give up, the last one can take as well.
 */
bool
sh_like_matches(const char *pattern, int pattern_len, const char *text, int text_len)
{
	const char *p = pattern;
	const char *p_end = pattern + pattern_len;
	const char *t = text;
	const char *t_end = text + text_len;
	const char *retry_p = NULL; /* behind the last % */
	const char *retry_t = NULL;

	while (t < t_end)
	{
		int len = char_length(t, t_end);
		bool same = false;

		if (p < p_end && *p == '%')
		{
			retry_p = ++p;
			retry_t = t;
			if (p == p_end)
				return true;
			continue;
		}
		if (p < p_end && *p == '_')
		{
			p++;
			same = true;
		}
		else if (p < p_end)
		{
			const char *literal = p + (*p == '\\');

			same = p_end - literal >= len && memcmp(literal, t, len) == 0;
			if (same)
				p = literal + len;
		}
		if (same)
			t += len;
		else if (retry_p == NULL)
			return false;
		else
		{
			retry_t += char_length(retry_t, t_end);
			t = retry_t;
			p = retry_p;
		}
	}
	while (p < p_end && *p == '%')
		p++;
	return p == p_end;
}

/* ---- two patterns ---- */

#define ONE	 0xFFFFFFFFU
#define MANY 0xFFFFFFFEU

typedef struct Symbols
{
	int n;
	uint32 *symbol;
} Symbols;

/*
 * Patterns as symbols. Of neighbouring wildcards each ONE comes first and one MANY follows them, so
 * that patterns which mean the same look the same.
 */
static Symbols
parse(const char *pattern, int len)
{
	const char *end = pattern + len;
	Symbols out = {0, palloc((len + 1) * sizeof(uint32))};
	bool many = false;

	for (const char *p = pattern; p < end;)
	{
		uint32 character = 0;
		int bytes;

		if (*p == '%' || *p == '_')
		{
			if (*p++ == '%')
				many = true;
			else
				out.symbol[out.n++] = ONE;
			continue;
		}
		if (many)
			out.symbol[out.n++] = MANY;
		many = false;
		if (*p == '\\' && p + 1 < end)
			p++;
		bytes = char_length(p, end);
		for (int i = 0; i < bytes; i++)
			character = character << 8 | (uint8) p[i];
		out.symbol[out.n++] = character;
		p += bytes;
	}
	if (many)
		out.symbol[out.n++] = MANY;
	return out;
}

/*
 * Matches the symbols of `inner` as if they were a text: ONE matches any single symbol but MANY,
 * MANY any sequence of symbols.
 */
static bool
symbols_cover(const Symbols *outer, const Symbols *inner)
{
	int o = 0;
	int i = 0;
	int retry_o = -1;
	int retry_i = -1;

	while (i < inner->n)
	{
		if (o < outer->n && outer->symbol[o] == MANY)
		{
			retry_o = ++o;
			retry_i = i;
		}
		else if (o < outer->n && (outer->symbol[o] == inner->symbol[i] ||
								  (outer->symbol[o] == ONE && inner->symbol[i] != MANY)))
		{
			o++;
			i++;
		}
		else if (retry_o < 0)
			return false;
		else
		{
			i = ++retry_i;
			o = retry_o;
		}
	}
	while (o < outer->n && outer->symbol[o] == MANY)
		o++;
	return o == outer->n;
}

bool
sh_like_covers(const char *outer, int outer_len, const char *inner, int inner_len)
{
	Symbols o;
	Symbols i;
	bool covers;

	if (!sh_like_valid(outer, outer_len) || !sh_like_valid(inner, inner_len))
		return false;
	o = parse(outer, outer_len);
	i = parse(inner, inner_len);
	covers = symbols_cover(&o, &i);
	pfree(o.symbol);
	pfree(i.symbol);
	return covers;
}

static inline bool
single_symbols_meet(uint32 a, uint32 b)
{
	return a == b || a == ONE || b == ONE;
}

/*
 * meets[j]: the rest of a from i on and the rest of b from j on have a common match. Computed from
 * the ends backwards, row i from row i + 1.
 */
static bool
symbols_meet(const Symbols *a, const Symbols *b)
{
	bool *below = palloc0((b->n + 1) * sizeof(bool));
	bool *meets = palloc0((b->n + 1) * sizeof(bool));
	bool result;

	for (int i = a->n; i >= 0; i--)
	{
		bool *swap = below;

		CHECK_FOR_INTERRUPTS();
		below = meets;
		meets = swap;
		for (int j = b->n; j >= 0; j--)
		{
			bool a_many = i < a->n && a->symbol[i] == MANY;
			bool b_many = j < b->n && b->symbol[j] == MANY;

			if (i == a->n && j == b->n)
				meets[j] = true;
			else if (a_many)
				meets[j] = below[j] || (j < b->n && meets[j + 1]);
			else if (b_many)
				meets[j] = meets[j + 1] || (i < a->n && below[j]);
			else
				meets[j] = i < a->n && j < b->n && below[j + 1] &&
						   single_symbols_meet(a->symbol[i], b->symbol[j]);
		}
	}
	result = meets[0];
	pfree(below);
	pfree(meets);
	return result;
}

bool
sh_like_meets(const char *a, int a_len, const char *b, int b_len)
{
	Symbols x;
	Symbols y;
	bool meet;

	if (!sh_like_valid(a, a_len) || !sh_like_valid(b, b_len))
		return false;
	x = parse(a, a_len);
	y = parse(b, b_len);
	meet = symbols_meet(&x, &y);
	pfree(x.symbol);
	pfree(y.symbol);
	return meet;
}

char *
sh_like_prefix(const char *pattern, int len, bool *whole)
{
	char *prefix = palloc(len + 1);
	const char *end = pattern + len;
	const char *p = pattern;
	int n = 0;

	while (p < end && *p != '%' && *p != '_')
	{
		int bytes;

		if (*p == '\\' && p + 1 < end)
			p++;
		bytes = char_length(p, end);
		memcpy(prefix + n, p, bytes);
		n += bytes;
		p += bytes;
	}
	prefix[n] = '\0';
	*whole = p == end;
	return prefix;
}

/* ---- SQL ---- */

/* _pattern_valid(pattern text) -> boolean */
Datum
sh_pattern_valid(PG_FUNCTION_ARGS)
{
	text *pattern = PG_GETARG_TEXT_PP(0);

	PG_RETURN_BOOL(sh_like_valid(VARDATA_ANY(pattern), VARSIZE_ANY_EXHDR(pattern)));
}

/* Calls a relation of two texts with the arguments of an SQL function. */
#define TEXTS(function, a, b) \
	function(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b))

/* _pattern_matches(pattern text, resource text) -> boolean */
Datum
sh_pattern_matches(PG_FUNCTION_ARGS)
{
	text *pattern = PG_GETARG_TEXT_PP(0);
	text *resource = PG_GETARG_TEXT_PP(1);

	PG_RETURN_BOOL(TEXTS(sh_like_matches, pattern, resource));
}

/* _pattern_covers(pattern text, narrower text) -> boolean */
Datum
sh_pattern_covers(PG_FUNCTION_ARGS)
{
	text *outer = PG_GETARG_TEXT_PP(0);
	text *inner = PG_GETARG_TEXT_PP(1);

	PG_RETURN_BOOL(TEXTS(sh_like_covers, outer, inner));
}

/* _pattern_meets(pattern text, other text) -> boolean */
Datum
sh_pattern_meets(PG_FUNCTION_ARGS)
{
	text *a = PG_GETARG_TEXT_PP(0);
	text *b = PG_GETARG_TEXT_PP(1);

	PG_RETURN_BOOL(TEXTS(sh_like_meets, a, b));
}
