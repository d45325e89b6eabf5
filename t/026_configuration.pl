# docs/configuration.md and "selfserv --keys" tell the same.
use strict;
use warnings;

use FindBin;
use IPC::Run;
use Test::More;

my $top = $ENV{SELFHOST_SOURCE} || "$FindBin::Bin/..";
my ($out, $err);
ok(IPC::Run::run([ 'selfserv', '--keys' ], '>', \$out, '2>', \$err), 'selfserv --keys') or diag($err);

open(my $fh, '<', "$top/docs/configuration.md") or die "cannot read: $!";
my $text = do { local $/; <$fh> };
my %documented;
$documented{$1} = [ $2, $3 ] while $text =~ /^\| `([\w.]+)` \| `([^`]*)` \| (.+) \|$/mg;

foreach my $line (split(/\n/, $out))
{
	my ($key, $standard, $help) = $line =~ /^(\S+)\s+(\[.*?\]|\S+)\s+(.+)$/ or die "unexpected line: $line";
	is_deeply(delete $documented{$key}, [ $standard, $help ], $key);
}
is(join(' ', sort keys %documented), '', 'no other key is documented');
done_testing();
