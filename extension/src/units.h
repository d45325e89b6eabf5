/*
 * units.h: unit expressions and linear conversions between them (udunits2 behind a table of names).
 */
#ifndef SH_UNITS_H
#define SH_UNITS_H

#include "sh_ext.h"

/* y = factor * x + offset */
typedef struct ShConversion
{
	double factor;
	double offset;
} ShConversion;

/*
 * Finds the conversion between two units. Textually equal units convert by { 1, 0 } without being
 * looked up, known or not. Errors, marked as refusals: 22023 for an unknown unit, one of more than
 * 64 characters, or a pair that does not convert.
 */
extern ShConversion sh_units_conversion(const char *from, const char *to);

#endif
