/*
 * units.c: conversions between units: names of our own first, then whatever udunits2 understands.
 *
 * The order in which a text is read: a name of ours as it is written (or a word of ours, in any case
 * and in the plural), then an expression of udunits2 as it is written, then a symbol of ours in any
 * case if only one fits. So S is siemens and not the second, C is Celsius, and mw is nothing.
 *
 * udunits2 is not thread-safe, which does not matter in a backend; it never calls back into the
 * server, so that no longjmp passes through it; what it allocates is freed before any error is
 * raised. Its database (4 ms to load, from the files of its package) is loaded when the first
 * expression needs it, and stays.
 */
#include "sh_ext.h"

#include <float.h>
#include <math.h>
#include <udunits2.h>

#include "mb/pg_wchar.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "units.h"
#include "units_names.h"

/* Longest text of a unit, in characters. */
#define MAX_CHARACTERS 64
#define MAX_BYTES	   (MAX_CHARACTERS * MAX_MULTIBYTE_CHAR_LEN)

/* Conversions that a backend remembers; when there are more it starts afresh. */
#define CACHE_MAX_ENTRIES 256

typedef struct CacheKey
{
	char from[MAX_BYTES];
	char to[MAX_BYTES];
} CacheKey;

typedef struct CacheEntry
{
	CacheKey key; /* must be first; padded with zeros */
	ShConversion conversion;
} CacheEntry;

/* What a text means: one of our units, or one of udunits2's (to be freed). */
typedef struct Meaning
{
	bool is_ours;
	ShUnitMatch ours;
	ut_unit *theirs;
} Meaning;

SH_FUNCTION(sh_convert);

static HTAB *cache = NULL;
static ut_system *units = NULL;

/* ---- udunits2 ---- */

/* Adds what our users write inside of expressions (kWh/m2) and udunits2 does not know. */
static void
add_watthour(ut_system *system)
{
	ut_unit *watthour = ut_parse(system, "watt.hour", UT_UTF8);

	if (watthour != NULL)
	{
		(void) ut_map_symbol_to_unit("Wh", UT_UTF8, watthour);
		(void) ut_map_name_to_unit("watthour", UT_UTF8, watthour);
	}
	ut_free(watthour);
}

static void
load_udunits(void)
{
	if (units != NULL)
		return;
	ut_set_error_message_handler(ut_ignore);
	units = ut_read_xml(NULL);
	if (units == NULL)
		ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
						errmsg("could not load the units database of udunits2")));
	add_watthour(units);
}

/* NULL: it is not understood. */
static ut_unit *
parse(const char *text)
{
	if (text[0] == '\0')
		return NULL;
	load_udunits();
	return ut_parse(units, text, UT_UTF8);
}

/* One of our units as one of udunits2's, to be freed. */
static ut_unit *
to_udunits(const ShUnitMatch *match)
{
	ut_unit *base = parse(sh_unit_bases[match->unit->quantity]);
	double factor = sh_unit_numerator(match) / sh_unit_denominator(match);
	ut_unit *scaled = base == NULL ? NULL : ut_scale(factor, base);
	ut_unit *shifted = scaled == NULL ? NULL : ut_offset(scaled, -match->unit->zero);

	ut_free(base);
	ut_free(scaled);
	return shifted;
}

/* ---- what a text means ---- */

/* The micro sign is the Greek letter to us. Copies the text, in UTF-8, trimmed. */
static char *
canonical(const char *text)
{
	char *utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);
	char *copy = pstrdup(utf8);
	char *end;

	for (char *p = copy; *p != '\0'; p++)
	{
		if (p[0] == '\302' && p[1] == '\265')
		{
			p[0] = '\316';
			p[1] = '\274';
		}
	}
	copy += strspn(copy, " \t\n\r");
	end = copy + strlen(copy);
	while (end > copy && strchr(" \t\n\r", end[-1]) != NULL)
		*--end = '\0';
	return copy;
}

static bool
understand(const char *text, Meaning *meaning)
{
	char *name = canonical(text);

	meaning->theirs = NULL;
	meaning->is_ours = sh_unit_find(name, &meaning->ours);
	if (meaning->is_ours)
		return true;
	meaning->theirs = parse(name);
	if (meaning->theirs != NULL)
		return true;
	meaning->is_ours = sh_unit_find_symbol_in_any_case(name, &meaning->ours);
	return meaning->is_ours;
}

/* ---- conversions ---- */

/* Between two units of ours, of one quantity. */
static ShConversion
convert_ours(const ShUnitMatch *from, const ShUnitMatch *to)
{
	double factor = (sh_unit_numerator(from) * sh_unit_denominator(to)) /
					(sh_unit_denominator(from) * sh_unit_numerator(to));

	return (ShConversion){factor, to->unit->zero - from->unit->zero * factor};
}

/* A factor that misses a decimal of 15 digits by its last bits only was meant to be that decimal. */
static double
tidy(double factor)
{
	double decimal = strtod(psprintf("%.15g", factor), NULL);

	return fabs(decimal - factor) <= 4 * DBL_EPSILON * fabs(factor) ? decimal : factor;
}

/* y = f x + o out of a converter; false when it is no such line (logarithms, reciprocals). */
static bool
read_line(const cv_converter *converter, ShConversion *out)
{
	double offset = cv_convert_double(converter, 0);
	double unit = cv_convert_double(converter, 1) - offset;
	double far = 1;

	/* As far out as it takes for the offset not to cost digits of the factor. */
	while (offset != 0 && isfinite(offset) && far < 1e200 && fabs(unit) * far < 1e12 * fabs(offset))
		far *= 1024;
	out->factor = tidy((cv_convert_double(converter, far) - offset) / far);
	out->offset = offset;
	if (!isfinite(offset) || !isfinite(out->factor) || out->factor == 0)
		return false;
	for (int x = -1000; x <= 1000; x += 400)
	{
		double y = cv_convert_double(converter, x);

		if (!(fabs(y - (out->factor * x + offset)) <=
			  1e-12 * (fabs(out->factor * x) + fabs(offset))))
			return false;
	}
	return true;
}

static bool
convert_theirs(const ut_unit *from, const ut_unit *to, ShConversion *out)
{
	cv_converter *converter;
	bool is_line;

	if (from == NULL || to == NULL || !ut_are_convertible(from, to))
		return false;
	converter = ut_get_converter((ut_unit *) from, (ut_unit *) to);
	if (converter == NULL)
		return false;
	is_line = read_line(converter, out);
	cv_free(converter);
	return is_line;
}

static bool
convert(Meaning *from, Meaning *to, ShConversion *out)
{
	if (from->is_ours && to->is_ours)
	{
		if (from->ours.unit->quantity != to->ours.unit->quantity)
			return false;
		*out = convert_ours(&from->ours, &to->ours);
		return isfinite(out->factor) && out->factor != 0;
	}
	if (from->is_ours)
		from->theirs = to_udunits(&from->ours);
	if (to->is_ours)
		to->theirs = to_udunits(&to->ours);
	return convert_theirs(from->theirs, to->theirs, out);
}

/* ---- the cache ---- */

static CacheEntry *
find_or_enter(const CacheKey *key, HASHACTION action)
{
	if (action == HASH_ENTER && cache != NULL && hash_get_num_entries(cache) >= CACHE_MAX_ENTRIES)
	{
		hash_destroy(cache);
		cache = NULL;
	}
	if (cache == NULL)
	{
		HASHCTL control = {.keysize = sizeof(CacheKey),
						   .entrysize = sizeof(CacheEntry),
						   .hcxt = CacheMemoryContext};

		if (action == HASH_FIND)
			return NULL;
		cache = hash_create("selfhost unit conversions", 16, &control,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	return hash_search(cache, key, action, NULL);
}

static void
check_length(const char *text)
{
	if (pg_mbstrlen(text) > MAX_CHARACTERS || strlen(text) >= MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit: must have at most %d characters", MAX_CHARACTERS), sh_refusal()));
}

static void
report_unknown(const char *text)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unit: \"%s\" is not known", text), sh_refusal()));
}

ShConversion
sh_units_conversion(const char *from, const char *to)
{
	CacheKey key = {0};
	CacheEntry *entry;
	Meaning source;
	Meaning target = {0};
	ShConversion conversion;
	bool source_known;
	bool target_known;
	bool converts;

	if (strcmp(from, to) == 0)
		return (ShConversion){1, 0};
	check_length(from);
	check_length(to);
	strlcpy(key.from, from, sizeof(key.from));
	strlcpy(key.to, to, sizeof(key.to));
	entry = find_or_enter(&key, HASH_FIND);
	if (entry != NULL)
		return entry->conversion;

	source_known = understand(from, &source);
	target_known = source_known && understand(to, &target);
	converts = target_known && convert(&source, &target, &conversion);
	ut_free(source.theirs);
	ut_free(target.theirs);
	if (!source_known)
		report_unknown(from);
	if (!target_known)
		report_unknown(to);
	if (!converts)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unit: \"%s\" does not convert to \"%s\"", from, to), sh_refusal()));
	find_or_enter(&key, HASH_ENTER)->conversion = conversion;
	return conversion;
}

/* _convert(value float8, from_unit text, to_unit text) -> float8 */
Datum
sh_convert(PG_FUNCTION_ARGS)
{
	ShConversion conversion = sh_units_conversion(text_to_cstring(PG_GETARG_TEXT_PP(1)),
												  text_to_cstring(PG_GETARG_TEXT_PP(2)));

	PG_RETURN_FLOAT8(conversion.factor * PG_GETARG_FLOAT8(0) + conversion.offset);
}
