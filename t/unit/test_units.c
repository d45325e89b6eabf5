/*
 * test_units.c: every name of the table of units, with the factor that it must have.
 */
#include "units_names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"

typedef struct Expected
{
	const char *names; /* separated by | */
	ShQuantity quantity;
	double factor;
	double zero;
} Expected;

static const Expected expected[] = {
	{"celsius|C|degC|\302\260C|Celsius", SH_TEMPERATURE, 1, 0},
	{"fahrenheit|F|degF|\302\260F", SH_TEMPERATURE, 5.0 / 9, 32},
	{"kelvin|K", SH_TEMPERATURE, 1, 273.15},
	{"joule|J|joules", SH_ENERGY, 1, 0},
	{"watthour|Wh|watthours", SH_ENERGY, 3600, 0},
	{"watt|W|watts", SH_POWER, 1, 0},
	{"meter|m|metre|meters|metres", SH_LENGTH, 1, 0},
	{"angstrom|\303\205", SH_LENGTH, 1e-10, 0},
	{"inch|in|inches", SH_LENGTH, 0.0254, 0},
	{"foot|ft|feet", SH_LENGTH, 0.3048, 0},
	{"yard|yd|yards", SH_LENGTH, 0.9144, 0},
	{"mile|miles", SH_LENGTH, 1609.344, 0},
	{"league|lea", SH_LENGTH, 4828.032, 0},
	{"furlong|fur", SH_LENGTH, 201.168, 0},
	{"gram|g|grams", SH_MASS, 1, 0},
	{"grain|gr", SH_MASS, 0.06479891, 0},
	{"drachm|dr", SH_MASS, 1.7718451953125, 0},
	{"ounce|oz", SH_MASS, 28.349523125, 0},
	{"pound|lb|pounds|lbs", SH_MASS, 453.59237, 0},
	{"stone|st", SH_MASS, 6350.29318, 0},
	{"ton|t|tons|tonne", SH_MASS, 1e6, 0},
	{"slug|slugs", SH_MASS, 14593.902937206364, 0},
	{"liter|l|litre|liters|litres", SH_VOLUME, 1, 0},
	{"cubicmeter|m3|cubicmetre|cubicmeters", SH_VOLUME, 1000, 0},
	{"quart|qt", SH_VOLUME, 1.1365225, 0},
	{"pint|pt", SH_VOLUME, 0.56826125, 0},
	{"gallon|gal|gallons", SH_VOLUME, 4.54609, 0},
	{"fluid ounce|fl oz|floz|fluid ounces", SH_VOLUME, 0.0284130625, 0},
	{"fluid quart", SH_VOLUME, 0.946352946, 0},
	{"fluid pint", SH_VOLUME, 0.473176473, 0},
	{"fluid gallon", SH_VOLUME, 3.785411784, 0},
	{"customary fluid ounce", SH_VOLUME, 0.0295735295625, 0},
	{"liter/second|litre/second|l/s", SH_VOLUME_FLOW, 1, 0},
	{"cubicmeter/second|cubicmetre/second|m3/s", SH_VOLUME_FLOW, 1000, 0},
	{"liter/hour|litre/hour|l/h", SH_VOLUME_FLOW, 1 / 3600.0, 0},
	{"cubicmeter/hour|cubicmetre/hour|m3/h", SH_VOLUME_FLOW, 1 / 3.6, 0},
	{"meter/second|metre/second|m/s", SH_SPEED, 1, 0},
	{"kilometer/second|kilometre/second|km/s", SH_SPEED, 1000, 0},
	{"kilometer/hour|kilometre/hour|km/h", SH_SPEED, 1 / 3.6, 0},
	{"meter/hour|metre/hour|m/h", SH_SPEED, 1 / 3600.0, 0},
	{"second|s|seconds", SH_TIME, 1, 0},
	{"minute|min|minutes", SH_TIME, 60, 0},
	{"hour|hr|h|hours|hrs", SH_TIME, 3600, 0},
	{"day|d|days", SH_TIME, 86400, 0},
	{"month|months", SH_TIME, 2592000, 0},
	{"year|yr|years", SH_TIME, 31557600, 0},
	{"decade|decades", SH_TIME, 315576000, 0},
	{"century|centuries", SH_TIME, 3155760000, 0},
	{"millennium|millennia", SH_TIME, 31557600000, 0},
	{"fortnight|fortnights", SH_TIME, 1209600, 0},
	{"score", SH_TIME, 631152000, 0},
	{"planck time", SH_TIME, 5.391247e-44, 0},
	{"pascal|Pa|pascals", SH_PRESSURE, 1, 0},
	{"bar|bars", SH_PRESSURE, 100000, 0},
	{"standard atmosphere|atm|standard atmospheres", SH_PRESSURE, 101325, 0},
	{"technical atmosphere|at", SH_PRESSURE, 98066.5, 0},
	{"barye|Ba", SH_PRESSURE, 0.1, 0},
	{"torr|Torr", SH_PRESSURE, 133.32236842105263, 0},
	{"pound-force per square inch|psi", SH_PRESSURE, 6894.757293168361, 0},
	{"newton per square meter|N/m\302\262|newton per square metre", SH_PRESSURE, 1, 0},
	{"inch of Mercury|inHg", SH_PRESSURE, 3386.388640341, 0},
	{"inch of Water Column|inH2O", SH_PRESSURE, 248.84, 0},
	{"meter of Water Column|mH2O|metre of Water Column", SH_PRESSURE, 9806.65, 0},
	{"mmH2O|millimeter of Water Column|mmmH2O", SH_PRESSURE, 9.80665, 0},
	{"cmH2O|centimeter of Water Column|cmmH2O", SH_PRESSURE, 98.0665, 0},
	{"meter of Mercury|mHg|meters of Mercury", SH_PRESSURE, 133322.387415, 0},
	{"mmHg|millimeter of Mercury|millimetres of Mercury|mmmHg", SH_PRESSURE, 133.322387415, 0},
	{"cmHg|centimeter of Mercury|cmmHg", SH_PRESSURE, 1333.22387415, 0},
	{"millibar|mbar", SH_PRESSURE, 100, 0},
	{"centibar|cbar", SH_PRESSURE, 1000, 0},
	{"microbar|\316\274bar", SH_PRESSURE, 0.1, 0},
	{"bit|b|bits", SH_DATA, 1, 0},
	{"byte|B|bytes", SH_DATA, 8, 0},
	{"kilobyte|KB", SH_DATA, 8192, 0},
	{"megabyte|MB", SH_DATA, 8388608, 0},
	{"gigabyte|GB", SH_DATA, 8589934592, 0},
	{"terabyte|TB", SH_DATA, 8796093022208, 0},
	{"petabyte|PB", SH_DATA, 9007199254740992, 0},
	{"exabyte", SH_DATA, 8 * 0x1p60, 0},
	{"zettabyte", SH_DATA, 8 * 0x1p70, 0},
	{"yottabyte", SH_DATA, 8 * 0x1p80, 0},
	{"nibble", SH_DATA, 4, 0},
	{"kilobit|kb", SH_DATA, 1e3, 0},
	{"exabit|Eb", SH_DATA, 1e18, 0},
	{"percentage|%|percent", SH_RATIO, 100, 0},
	{"permille|\342\200\260", SH_RATIO, 10, 0},
	{"permyriad|\342\200\261", SH_RATIO, 1, 0},
	{"degree|\302\260|degrees", SH_ANGLE, 1, 0},
	{"radian|radians|rad", SH_ANGLE, 57.29577951308232, 0},
	{"turn|rot|revolution|rotation|turns", SH_ANGLE, 360, 0},
};

static bool
is_close(double x, double y)
{
	return fabs(x - y) <= 4e-15 * fabs(y);
}

static void
check_name(const char *name, ShQuantity quantity, double factor, double zero)
{
	ShUnitMatch match = {0};
	bool found = sh_unit_find(name, &match);
	double got = found ? sh_unit_numerator(&match) / sh_unit_denominator(&match) : NAN;

	ok(found && match.unit->quantity == quantity && is_close(got, factor) &&
		   match.unit->zero == zero,
	   "%s: %.17g, not %.17g", name, factor, got);
}

static void
test_names(void)
{
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
	{
		char names[200];
		char *rest = names;
		char *name;

		snprintf(names, sizeof(names), "%s", expected[i].names);
		while ((name = strsep(&rest, "|")) != NULL)
			check_name(name, expected[i].quantity, expected[i].factor, expected[i].zero);
	}
}

static void
test_prefixes(void)
{
	static const struct
	{
		const char *word;
		const char *symbol;
		double factor;
	} prefix[] = {{"exa", "E", 1e18},	{"peta", "P", 1e15},  {"tera", "T", 1e12},
				  {"giga", "G", 1e9},	{"mega", "M", 1e6},	  {"kilo", "k", 1e3},
				  {"hecto", "h", 1e2},	{"deca", "da", 10},	  {"deci", "d", 0.1},
				  {"centi", "c", 1e-2}, {"milli", "m", 1e-3}, {"micro", "\316\274", 1e-6},
				  {"nano", "n", 1e-9},	{"pico", "p", 1e-12}, {"femto", "f", 1e-15},
				  {"atto", "a", 1e-18}};
	static const struct
	{
		const char *word;
		const char *symbol;
		ShQuantity quantity;
		double factor;
	} unit[] = {{"joule", "J", SH_ENERGY, 1}, {"watthour", "Wh", SH_ENERGY, 3600},
				{"watt", "W", SH_POWER, 1},	  {"pascal", "Pa", SH_PRESSURE, 1},
				{"metre", "m", SH_LENGTH, 1}, {"gram", "g", SH_MASS, 1},
				{"litre", "l", SH_VOLUME, 1}, {"second", "s", SH_TIME, 1}};

	for (size_t u = 0; u < sizeof(unit) / sizeof(unit[0]); u++)
	{
		for (size_t p = 0; p < sizeof(prefix) / sizeof(prefix[0]); p++)
		{
			double factor = prefix[p].factor * unit[u].factor;
			char name[64];

			snprintf(name, sizeof(name), "%s%s", prefix[p].word, unit[u].word);
			check_name(name, unit[u].quantity, factor, 0);
			snprintf(name, sizeof(name), "%s%s", prefix[p].symbol, unit[u].symbol);
			check_name(name, unit[u].quantity, factor, 0);
		}
	}
}

static void
test_case(void)
{
	/* Other units when their letters are of another size. */
	static const char *const ambiguous[] = {"mw",	"mpA", "mwh", "Kb", "gB",	 "Pj",
											"MPPA", "",	   "S s", "x",	"degC2", "mm2"};
	ShUnitMatch match;

	check_name("KiloWattHours", SH_ENERGY, 3.6e6, 0);
	check_name("Gallon", SH_VOLUME, 4.54609, 0);
	check_name("LB", SH_MASS, 453.59237, 0);
	check_name("MIN", SH_TIME, 60, 0);
	ok(!sh_unit_find("KM", &match) && sh_unit_find_symbol_in_any_case("KM", &match) &&
		   match.prefix != NULL && strcmp(match.prefix->word, "kilo") == 0,
	   "KM is a kilometre only when case does not count");
	ok(!sh_unit_find("S", &match), "S is not the second");
	ok(!sh_unit_find("Pas", &match), "a symbol has no plural");
	for (size_t i = 0; i < sizeof(ambiguous) / sizeof(ambiguous[0]); i++)
		ok(!sh_unit_find(ambiguous[i], &match) &&
			   !sh_unit_find_symbol_in_any_case(ambiguous[i], &match),
		   "\"%s\" is nothing, or may be several", ambiguous[i]);
}

int
main(void)
{
	test_names();
	test_prefixes();
	test_case();
	return done_testing();
}
