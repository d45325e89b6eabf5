# The tour of the README, typed as it stands there, prints what it says there. UUIDs differ each time.
use strict;
use warnings;

use IPC::Run;
use JSON::PP;
use Test::More;
use PostgreSQL::Test::Utils;
use ShTest;

my $top = $ENV{SELFHOST_SOURCE};
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my ($out, $err);

# Servers of the tests find the extension by these settings.
my @settings = map { ('--postgres-set', $_) } grep { /^(extension_destdir|dynamic_library_path)/ }
  map { s/\s*=\s*'?(.*?)'?\s*$/=$1/r } split(/\n/, ShTest::read_file($ENV{TEMP_CONFIG}));
ok(IPC::Run::run([ "$top/selfctl/selfctl", 'up', '--detach', '--dir', "$dir/stack", '--port', '0', @settings ],
	'>', \$out, '2>', \$err), 'a stack') or diag("$out$err");
END { my $status = $?; system("$top/selfctl/selfctl", 'down', '--dir', "$dir/stack") if $dir && -e "$dir/stack"; $? = $status; }

# [command, expected output], ...
my @steps;
my $readme = ShTest::read_file("$top/README.md");
foreach my $block ($readme =~ /^```console\n(.*?)^```/msg)
{
	foreach my $line (split(/\n/, $block))
	{
		if ($line =~ s/^\$ //) { push @steps, [ $line, '' ]; }
		else                   { $steps[-1][1] .= "$line\n"; }
	}
}
cmp_ok(scalar(@steps), '>=', 15, 'the README has a tour');
$steps[0][0] = "DIR=$dir/stack";
$_->[0] =~ s{/tmp/temperature}{$dir/temperature}g foreach @steps;

sub masked
{
	my ($text) = @_;
	$text =~ s/\r//g;
	$text =~ s/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/UUID/g;
	$text =~ s/\n+\z//;
	return $text;
}

# One shell runs all of them; a marker tells where the output of each ends.
my $script = "cd '$top'\n" . join('', map { "$_->[0]\necho; echo '=== end of step'\n" } @steps);
ok(IPC::Run::run([ 'bash' ], '<', \$script, '>', \$out, '2>', \$err), 'the shell') or diag($err);
my @outputs = split(/\n=== end of step\n/, $out, -1);
foreach my $step (@steps)
{
	is(masked(shift @outputs), masked($step->[1]), substr($step->[0], 0, 70));
}
is($err, '', 'without complaints');
done_testing();
