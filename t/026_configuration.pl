# docs/configuration.md, "selfserv --keys" and "selfpwrk --keys" tell the same.
use strict;
use warnings;

use FindBin;
use IPC::Run;
use Test::More;

my $top = $ENV{SELFHOST_SOURCE} || "$FindBin::Bin/..";
open(my $fh, '<', "$top/docs/configuration.md") or die "cannot read: $!";
my $text = do { local $/; <$fh> };

foreach my $program ('selfserv', 'selfpwrk')
{
	my ($out, $err);
	ok(IPC::Run::run([ $program, '--keys' ], '>', \$out, '2>', \$err), "$program --keys") or diag($err);
	my ($part) = $text =~ /^# Configuration of $program\n(.*?)(?=^# |\z)/ms or die "there is nothing about $program";
	my %documented;
	$documented{$1} = [ $2, $3 ] while $part =~ /^\| `([\w.]+)` \| `([^`]*)` \| (.+) \|$/mg;

	foreach my $line (split(/\n/, $out))
	{
		my ($key, $standard, $help) = $line =~ /^(\S+)\s+(\[.*?\]|".*?"|\S+)\s+(.+)$/ or die "unexpected line: $line";
		$standard =~ s/^"(.+)"$/$1/;
		is_deeply(delete $documented{$key}, [ $standard, $help ], "$program: $key");
	}
	is(join(' ', sort keys %documented), '', "no other key of $program is documented");
}
done_testing();
