/*
 * units_names.h: the units that have a name of our own, beside what udunits2 understands. Private to
 * units*.c. Plain C.
 */
#ifndef SH_UNITS_NAMES_H
#define SH_UNITS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* What units measure. Units of different quantities do not convert. */
typedef enum ShQuantity
{
	SH_TEMPERATURE,
	SH_ENERGY,
	SH_POWER,
	SH_LENGTH,
	SH_MASS,
	SH_VOLUME,
	SH_VOLUME_FLOW,
	SH_SPEED,
	SH_TIME,
	SH_PRESSURE,
	SH_DATA,
	SH_RATIO,
	SH_ANGLE,
	SH_QUANTITIES
} ShQuantity;

/* The base unit of each quantity, as udunits2 understands it. */
extern const char *const sh_unit_bases[SH_QUANTITIES];

/* Which prefixes go with a unit. */
typedef enum ShPrefixSet
{
	SH_PREFIX_NONE,
	SH_PREFIX_ALL,	 /* exa to atto */
	SH_PREFIX_LARGE, /* exa to kilo */
	SH_PREFIX_SMALL, /* centi, milli, micro */
	SH_PREFIX_COLUMN /* centi, milli */
} ShPrefixSet;

typedef struct ShPrefix
{
	const char *word;
	const char *symbol;
	double numerator;
	double denominator;
	unsigned sets; /* bit 1 << set for each set that has it */
} ShPrefix;

/*
 * A unit: x of it are (x - zero) * numerator / denominator of the base unit of its quantity. Words
 * also match in the plural with an s, and in any case of their letters; so do those symbols that
 * are read as abbreviated words (hr, lb). Missing names are NULL.
 */
typedef struct ShUnit
{
	ShQuantity quantity;
	ShPrefixSet prefixes;
	bool symbols_are_words;
	double numerator;
	double denominator;
	double zero;
	const char *words[5];
	const char *symbols[3];
} ShUnit;

/* What a text names: a unit with its prefix (NULL: none). */
typedef struct ShUnitMatch
{
	const ShUnit *unit;
	const ShPrefix *prefix;
} ShUnitMatch;

/* Finds a name as it is written; words also in the plural and in any case. */
extern bool sh_unit_find(const char *text, ShUnitMatch *match);

/* Finds the symbol that is the text but for the case of letters; false when several are. */
extern bool sh_unit_find_symbol_in_any_case(const char *text, ShUnitMatch *match);

/* The unit in terms of its base, prefix included. */
extern double sh_unit_numerator(const ShUnitMatch *match);
extern double sh_unit_denominator(const ShUnitMatch *match);

#endif
