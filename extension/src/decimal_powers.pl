#!/usr/bin/env perl
# Prints decimal_powers.h: for each exponent q the first 128 bits of 5^q, as the method of
# D. Lemire, "Number Parsing at a Gigabyte per Second" (Software: Practice and Experience 51, 2021)
# needs them: cut off, but rounded up for -27 <= q < 0, where the quotient is needed exactly.
#
#   perl decimal_powers.pl >decimal_powers.h
use strict;
use warnings;

use Math::BigInt;

my $limit = 60;

print <<"END";
/*
 * decimal_powers.h: the first 128 bits of 5^q, q from -$limit to $limit, high and low word.
 * Made by decimal_powers.pl; do not edit.
 */
#define SMALLEST_POWER (-$limit)
#define LARGEST_POWER  $limit

static const uint64_t powers_of_five[][2] = {
END

foreach my $q (-$limit .. $limit)
{
	my $power = Math::BigInt->new(5)->bpow(abs $q);

	if ($q < 0)
	{
		# 2^b / 5^-q is never a whole number, so that rounding up is adding 1.
		my $bits = length($power->as_bin) - 2 + 127;
		$power = Math::BigInt->new(2)->bpow($bits)->bdiv($power);
		$power->binc if $q >= -27;
	}
	else
	{
		my $excess = length($power->as_bin) - 2 - 128;
		$power = $excess > 0 ? $power->brsft($excess) : $power->blsft(-$excess);
	}
	die "not 128 bits: $q\n" if length($power->as_bin) - 2 != 128;
	my $hex = substr($power->as_hex, 2);
	printf("\t{UINT64_C(0x%s), UINT64_C(0x%s)},\n", substr($hex, 0, 16), substr($hex, 16));
}
print "};\n";
