/*
 * units_names.c: the table of names of units, and how a text is matched with it.
 *
 * Factors are written as numerator / denominator, so that quotients of two units are rounded once.
 * Exact by definition, but: Planck time (CODATA 2018), the inch of water column (at 60 degrees
 * Fahrenheit), and the columns of mercury (13595.1 kg/m3 at standard gravity).
 */
#include "units_names.h"

const char *const sh_unit_bases[SH_QUANTITIES] = {
	[SH_TEMPERATURE] = "degC", [SH_ENERGY] = "joule", [SH_POWER] = "watt",
	[SH_LENGTH] = "meter",	   [SH_MASS] = "gram",	  [SH_VOLUME] = "liter",
	[SH_VOLUME_FLOW] = "l/s",  [SH_SPEED] = "m/s",	  [SH_TIME] = "second",
	[SH_PRESSURE] = "pascal",  [SH_DATA] = "bit",	  [SH_RATIO] = "1e-4",
	[SH_ANGLE] = "degree",
};

#define SET(set) (1U << (set))
#define ALL		 SET(SH_PREFIX_ALL)
#define LARGE	 (ALL | SET(SH_PREFIX_LARGE))
#define SMALL	 (ALL | SET(SH_PREFIX_SMALL))
#define COLUMN	 (SMALL | SET(SH_PREFIX_COLUMN))
#define MU		 "\316\274" /* U+03BC, Greek small letter mu */
#define DEGREE	 "\302\260" /* U+00B0 */
#define ANGSTROM "\303\205" /* U+00C5 */
#define SQUARED	 "\302\262" /* U+00B2 */

static const ShPrefix prefixes[] = {
	{"exa", "E", 1e18, 1, LARGE},	{"peta", "P", 1e15, 1, LARGE},	{"tera", "T", 1e12, 1, LARGE},
	{"giga", "G", 1e9, 1, LARGE},	{"mega", "M", 1e6, 1, LARGE},	{"kilo", "k", 1e3, 1, LARGE},
	{"hecto", "h", 1e2, 1, ALL},	{"deca", "da", 10, 1, ALL},		{"deci", "d", 1, 10, ALL},
	{"centi", "c", 1, 1e2, COLUMN}, {"milli", "m", 1, 1e3, COLUMN}, {"micro", MU, 1, 1e6, SMALL},
	{"nano", "n", 1, 1e9, ALL},		{"pico", "p", 1, 1e12, ALL},	{"femto", "f", 1, 1e15, ALL},
	{"atto", "a", 1, 1e18, ALL},
};

/* A metre of water or mercury, in pascal. */
#define WATER	9806.65
#define MERCURY 133322.387415

#define DAY		86400.0
#define YEAR	(365.25 * DAY)

/* clang-format off */
static const ShUnit units[] = {
	/* quantity, prefixes, symbols are words, numerator, denominator, zero, words, symbols */
	{SH_TEMPERATURE, SH_PREFIX_NONE, false, 1, 1, 0, {"celsius"}, {"C", "degC", DEGREE "C"}},
	{SH_TEMPERATURE, SH_PREFIX_NONE, false, 5, 9, 32, {"fahrenheit"}, {"F", "degF", DEGREE "F"}},
	{SH_TEMPERATURE, SH_PREFIX_NONE, false, 1, 1, 273.15, {"kelvin"}, {"K"}},

	{SH_ENERGY, SH_PREFIX_ALL, false, 1, 1, 0, {"joule"}, {"J"}},
	{SH_ENERGY, SH_PREFIX_ALL, false, 3600, 1, 0, {"watthour"}, {"Wh"}},
	{SH_POWER, SH_PREFIX_ALL, false, 1, 1, 0, {"watt"}, {"W"}},

	{SH_LENGTH, SH_PREFIX_ALL, false, 1, 1, 0, {"meter", "metre"}, {"m"}},
	{SH_LENGTH, SH_PREFIX_NONE, false, 1, 1e10, 0, {"angstrom"}, {ANGSTROM}},
	{SH_LENGTH, SH_PREFIX_NONE, true, 254, 1e4, 0, {"inch", "inches"}, {"in"}},
	{SH_LENGTH, SH_PREFIX_NONE, true, 3048, 1e4, 0, {"foot", "feet"}, {"ft"}},
	{SH_LENGTH, SH_PREFIX_NONE, true, 9144, 1e4, 0, {"yard"}, {"yd"}},
	{SH_LENGTH, SH_PREFIX_NONE, true, 1609344, 1e3, 0, {"mile"}, {NULL}},
	{SH_LENGTH, SH_PREFIX_NONE, true, 4828032, 1e3, 0, {"league"}, {"lea"}},
	{SH_LENGTH, SH_PREFIX_NONE, true, 201168, 1e3, 0, {"furlong"}, {"fur"}},

	{SH_MASS, SH_PREFIX_ALL, false, 1, 1, 0, {"gram"}, {"g"}},
	{SH_MASS, SH_PREFIX_NONE, true, 6479891, 1e8, 0, {"grain"}, {"gr"}},
	{SH_MASS, SH_PREFIX_NONE, true, 17718451953125, 1e13, 0, {"drachm"}, {"dr"}},
	{SH_MASS, SH_PREFIX_NONE, true, 28349523125, 1e9, 0, {"ounce"}, {"oz"}},
	{SH_MASS, SH_PREFIX_NONE, true, 45359237, 1e5, 0, {"pound"}, {"lb"}},
	{SH_MASS, SH_PREFIX_NONE, false, 635029318, 1e5, 0, {"stone"}, {"st"}},
	{SH_MASS, SH_PREFIX_NONE, false, 1e6, 1, 0, {"ton", "tonne"}, {"t"}},
	{SH_MASS, SH_PREFIX_NONE, true, 45359237 * 9.80665, 1e5 * 0.3048, 0, {"slug"}, {NULL}},

	{SH_VOLUME, SH_PREFIX_ALL, false, 1, 1, 0, {"liter", "litre"}, {"l"}},
	{SH_VOLUME, SH_PREFIX_NONE, false, 1000, 1, 0, {"cubicmeter", "cubicmetre"}, {"m3"}},
	{SH_VOLUME, SH_PREFIX_NONE, true, 11365225, 1e7, 0, {"quart"}, {"qt"}},
	{SH_VOLUME, SH_PREFIX_NONE, true, 56826125, 1e8, 0, {"pint"}, {"pt"}},
	{SH_VOLUME, SH_PREFIX_NONE, false, 454609, 1e5, 0, {"gallon"}, {"gal"}},
	{SH_VOLUME, SH_PREFIX_NONE, true, 284130625, 1e10, 0, {"fluid ounce"}, {"fl oz", "floz"}},
	{SH_VOLUME, SH_PREFIX_NONE, true, 946352946, 1e9, 0, {"fluid quart"}, {NULL}},
	{SH_VOLUME, SH_PREFIX_NONE, true, 473176473, 1e9, 0, {"fluid pint"}, {NULL}},
	{SH_VOLUME, SH_PREFIX_NONE, true, 3785411784, 1e9, 0, {"fluid gallon"}, {NULL}},
	{SH_VOLUME, SH_PREFIX_NONE, true, 295735295625, 1e13, 0, {"customary fluid ounce"}, {NULL}},

	{SH_VOLUME_FLOW, SH_PREFIX_NONE, false, 1, 1, 0, {"liter/second", "litre/second"}, {"l/s"}},
	{SH_VOLUME_FLOW, SH_PREFIX_NONE, false, 1000, 1, 0, {"cubicmeter/second", "cubicmetre/second"}, {"m3/s"}},
	{SH_VOLUME_FLOW, SH_PREFIX_NONE, false, 1, 3600, 0, {"liter/hour", "litre/hour"}, {"l/h"}},
	{SH_VOLUME_FLOW, SH_PREFIX_NONE, false, 1000, 3600, 0, {"cubicmeter/hour", "cubicmetre/hour"}, {"m3/h"}},

	{SH_SPEED, SH_PREFIX_NONE, false, 1, 1, 0, {"meter/second", "metre/second"}, {"m/s"}},
	{SH_SPEED, SH_PREFIX_NONE, false, 1000, 1, 0, {"kilometer/second", "kilometre/second"}, {"km/s"}},
	{SH_SPEED, SH_PREFIX_NONE, false, 1000, 3600, 0, {"kilometer/hour", "kilometre/hour"}, {"km/h"}},
	{SH_SPEED, SH_PREFIX_NONE, false, 1, 3600, 0, {"meter/hour", "metre/hour"}, {"m/h"}},

	{SH_TIME, SH_PREFIX_ALL, false, 1, 1, 0, {"second"}, {"s"}},
	{SH_TIME, SH_PREFIX_NONE, true, 60, 1, 0, {"minute"}, {"min"}},
	{SH_TIME, SH_PREFIX_NONE, true, 3600, 1, 0, {"hour"}, {"hr"}},
	{SH_TIME, SH_PREFIX_NONE, false, 3600, 1, 0, {NULL}, {"h"}},
	{SH_TIME, SH_PREFIX_NONE, false, DAY, 1, 0, {"day"}, {"d"}},
	{SH_TIME, SH_PREFIX_NONE, true, 30 * DAY, 1, 0, {"month"}, {NULL}},
	{SH_TIME, SH_PREFIX_NONE, true, YEAR, 1, 0, {"year"}, {"yr"}},
	{SH_TIME, SH_PREFIX_NONE, true, 10 * YEAR, 1, 0, {"decade"}, {NULL}},
	{SH_TIME, SH_PREFIX_NONE, true, 100 * YEAR, 1, 0, {"century", "centuries"}, {NULL}},
	{SH_TIME, SH_PREFIX_NONE, true, 1000 * YEAR, 1, 0, {"millennium", "millennia"}, {NULL}},
	{SH_TIME, SH_PREFIX_NONE, true, 14 * DAY, 1, 0, {"fortnight"}, {NULL}},
	{SH_TIME, SH_PREFIX_NONE, true, 20 * YEAR, 1, 0, {"score"}, {NULL}},
	{SH_TIME, SH_PREFIX_NONE, true, 5.391247e-44, 1, 0, {"planck time"}, {NULL}},

	{SH_PRESSURE, SH_PREFIX_ALL, false, 1, 1, 0, {"pascal"}, {"Pa"}},
	{SH_PRESSURE, SH_PREFIX_SMALL, false, 1e5, 1, 0, {"bar"}, {"bar"}},
	{SH_PRESSURE, SH_PREFIX_NONE, true, 101325, 1, 0, {"standard atmosphere"}, {"atm"}},
	{SH_PRESSURE, SH_PREFIX_NONE, true, 980665, 10, 0, {"technical atmosphere"}, {"at"}},
	{SH_PRESSURE, SH_PREFIX_NONE, false, 1, 10, 0, {"barye"}, {"Ba"}},
	{SH_PRESSURE, SH_PREFIX_NONE, true, 101325, 760, 0, {"torr"}, {"Torr"}},
	{SH_PRESSURE, SH_PREFIX_NONE, true, 4.4482216152605, 0.00064516, 0, {"pound-force per square inch", "pounds-force per square inch"}, {"psi"}},
	{SH_PRESSURE, SH_PREFIX_NONE, false, 1, 1, 0, {"newton per square meter", "newtons per square meter", "newton per square metre", "newtons per square metre"}, {"N/m" SQUARED, "N/m2"}},
	{SH_PRESSURE, SH_PREFIX_NONE, true, 25.4 * MERCURY, 1e3, 0, {"inch of Mercury", "inches of Mercury"}, {"inHg"}},
	{SH_PRESSURE, SH_PREFIX_NONE, true, 24884, 100, 0, {"inch of Water Column", "inches of Water Column"}, {"inH2O"}},
	{SH_PRESSURE, SH_PREFIX_COLUMN, false, WATER, 1, 0, {"meter of Water Column", "meters of Water Column", "metre of Water Column", "metres of Water Column"}, {"mH2O"}},
	{SH_PRESSURE, SH_PREFIX_NONE, false, WATER, 1000, 0, {NULL}, {"mmmH2O"}},
	{SH_PRESSURE, SH_PREFIX_NONE, false, WATER, 100, 0, {NULL}, {"cmmH2O"}},
	{SH_PRESSURE, SH_PREFIX_COLUMN, false, MERCURY, 1, 0, {"meter of Mercury", "meters of Mercury", "metre of Mercury", "metres of Mercury"}, {"mHg"}},
	{SH_PRESSURE, SH_PREFIX_NONE, false, MERCURY, 1000, 0, {NULL}, {"mmmHg"}},
	{SH_PRESSURE, SH_PREFIX_NONE, false, MERCURY, 100, 0, {NULL}, {"cmmHg"}},

	{SH_DATA, SH_PREFIX_LARGE, false, 1, 1, 0, {"bit"}, {"b"}},
	{SH_DATA, SH_PREFIX_NONE, false, 8, 1, 0, {"byte"}, {"B"}},
	{SH_DATA, SH_PREFIX_NONE, false, 8 * 0x1p10, 1, 0, {"kilobyte"}, {"KB"}},
	{SH_DATA, SH_PREFIX_NONE, false, 8 * 0x1p20, 1, 0, {"megabyte"}, {"MB"}},
	{SH_DATA, SH_PREFIX_NONE, false, 8 * 0x1p30, 1, 0, {"gigabyte"}, {"GB"}},
	{SH_DATA, SH_PREFIX_NONE, false, 8 * 0x1p40, 1, 0, {"terabyte"}, {"TB"}},
	{SH_DATA, SH_PREFIX_NONE, false, 8 * 0x1p50, 1, 0, {"petabyte"}, {"PB"}},
	{SH_DATA, SH_PREFIX_NONE, false, 8 * 0x1p60, 1, 0, {"exabyte"}, {"EB"}},
	{SH_DATA, SH_PREFIX_NONE, false, 8 * 0x1p70, 1, 0, {"zettabyte"}, {"ZB"}},
	{SH_DATA, SH_PREFIX_NONE, false, 8 * 0x1p80, 1, 0, {"yottabyte"}, {"YB"}},
	{SH_DATA, SH_PREFIX_NONE, true, 4, 1, 0, {"nibble"}, {NULL}},

	{SH_RATIO, SH_PREFIX_NONE, false, 100, 1, 0, {"percentage", "percent"}, {"%"}},
	{SH_RATIO, SH_PREFIX_NONE, false, 10, 1, 0, {"permille"}, {"\342\200\260"}},
	{SH_RATIO, SH_PREFIX_NONE, false, 1, 1, 0, {"permyriad"}, {"\342\200\261"}},

	{SH_ANGLE, SH_PREFIX_NONE, false, 1, 1, 0, {"degree"}, {DEGREE}},
	{SH_ANGLE, SH_PREFIX_NONE, true, 180, 3.14159265358979323846, 0, {"radian"}, {"rad"}},
	{SH_ANGLE, SH_PREFIX_NONE, true, 360, 1, 0, {"turn", "revolution", "rotation"}, {"rot"}},
};
/* clang-format on */

#define N_UNITS	   ((int) (sizeof(units) / sizeof(units[0])))
#define N_PREFIXES ((int) (sizeof(prefixes) / sizeof(prefixes[0])))

/* How a spelling may differ from the text. */
typedef enum Comparison
{
	EXACT,
	ANY_CASE,		/* of ASCII letters */
	ANY_CASE_PLURAL /* and the text has one s more */
} Comparison;

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* Is the text `prefix` and `name`, one after the other? */
static bool
is_spelling(const char *text, const char *prefix, const char *name, Comparison comparison)
{
	for (int part = 0; part < 2; part++)
	{
		for (const char *p = part == 0 ? prefix : name; *p != '\0'; p++, text++)
		{
			if (comparison == EXACT ? *p != *text : fold(*p) != fold(*text))
				return false;
		}
	}
	if (comparison == ANY_CASE_PLURAL)
		return fold(text[0]) == 's' && text[1] == '\0';
	return text[0] == '\0';
}

static bool
has_prefix(const ShUnit *unit, const ShPrefix *prefix)
{
	return (prefix->sets & SET(unit->prefixes)) != 0;
}

static bool
is_one_of(const char *text, const char *prefix, const char *const *names, int n,
		  Comparison comparison)
{
	for (int i = 0; i < n && names[i] != NULL; i++)
	{
		if (is_spelling(text, prefix, names[i], comparison))
			return true;
	}
	return false;
}

#define N_WORDS	  ((int) (sizeof(((ShUnit *) NULL)->words) / sizeof(char *)))
#define N_SYMBOLS ((int) (sizeof(((ShUnit *) NULL)->symbols) / sizeof(char *)))

/*
 * Counts the units that the text may be; *match is the first. words, symbols: whether those are
 * compared.
 */
static int
find(const char *text, bool words, bool symbols, Comparison comparison, ShUnitMatch *match)
{
	int found = 0;

	for (int u = 0; u < N_UNITS; u++)
	{
		const ShUnit *unit = &units[u];
		bool with_symbols = symbols || (words && unit->symbols_are_words);

		for (int p = -1; p < N_PREFIXES; p++)
		{
			const ShPrefix *prefix = p < 0 ? NULL : &prefixes[p];

			if (prefix != NULL && !has_prefix(unit, prefix))
				continue;
			if (!(words && is_one_of(text, prefix == NULL ? "" : prefix->word, unit->words, N_WORDS,
									 comparison)) &&
				!(with_symbols && is_one_of(text, prefix == NULL ? "" : prefix->symbol,
											unit->symbols, N_SYMBOLS, comparison)))
				continue;
			if (found++ == 0)
				*match = (ShUnitMatch){unit, prefix};
		}
	}
	return found;
}

bool
sh_unit_find(const char *text, ShUnitMatch *match)
{
	return find(text, true, true, EXACT, match) > 0 ||
		   find(text, true, false, ANY_CASE, match) == 1 ||
		   find(text, true, false, ANY_CASE_PLURAL, match) == 1;
}

bool
sh_unit_find_symbol_in_any_case(const char *text, ShUnitMatch *match)
{
	return find(text, false, true, ANY_CASE, match) == 1;
}

double
sh_unit_numerator(const ShUnitMatch *match)
{
	return match->unit->numerator * (match->prefix == NULL ? 1 : match->prefix->numerator);
}

double
sh_unit_denominator(const ShUnitMatch *match)
{
	return match->unit->denominator * (match->prefix == NULL ? 1 : match->prefix->denominator);
}
