# The examples of docs/sql-api.md run and print what they say; the functions that it lists are those
# that SQL users may call.
use strict;
use warnings;

use FindBin;
use Test::More;
use ShTest;

my $sh = ShTest->new('sql_api', no_selfserv => 1);
my $node = $sh->{node};

my $text = ShTest::read_file(($ENV{SELFHOST_SOURCE} || "$FindBin::Bin/..") . '/docs/sql-api.md');
my @blocks = $text =~ /^```sql\n(.*?)^```$/msg;
cmp_ok(scalar(@blocks), '>=', 10, 'the page has examples');

# Runs a script with psql; returns what it printed.
sub run_script
{
	my ($user, $script) = @_;
	my ($out, $err);
	my $status = $node->psql('test', "\\set QUIET on\nSET client_min_messages = warning;\n$script",
		stdout => \$out, stderr => \$err, on_error_stop => 1,
		extra_params => [ '-U', $user ]);
	is($status, 0, "the examples for $user run") or diag($err);
	return $out;
}

# The first block is the DBA's.
my $dba = shift @blocks;
run_script($node->safe_psql('test', 'SELECT current_user'), $dba);

my $script = join("\n", @blocks);
my $out = run_script('reporting', $script);
my $at = 0;
foreach my $expected ($script =~ /^-- → (.*)$/mg)
{
	my $found = index("\n$out\n", "\n$expected\n", $at);
	cmp_ok($found, '>=', 0, "printed: $expected") or diag($out);
	$at = $found if $found > $at;
}

my ($table) = $text =~ /^## Functions\n(.*?)^### For the owner/ms;
my %listed = map { $_ => 1 } $table =~ /`(\w+)\(/g;
my @callable = split(/\n/, $node->safe_psql('test', q{
	SELECT proname FROM pg_proc
	WHERE pronamespace = 'selfhost'::regnamespace AND proname !~ '^_'
	  AND has_function_privilege('selfhost_sql', oid, 'EXECUTE') ORDER BY 1}));
is(join(' ', sort keys %listed), join(' ', @callable), 'the listed functions are those that SQL users may call');

# Named as they are declared, in that order.
foreach my $function (@callable)
{
	my ($arguments) = $table =~ /`$function\(([^)]*)\)`/;
	my $declared = $node->safe_psql('test', qq{
		SELECT coalesce(array_to_string(proargnames[1:pronargs], ', '), '') FROM pg_proc
		WHERE pronamespace = 'selfhost'::regnamespace AND proname = '$function'});
	is($arguments, $declared, "arguments of $function");
}

# The settings and their defaults.
my %settings;
$settings{$1} = $2 while $text =~ /^\| `(selfhost\.\w+)` \| (\S+) \|/mg;
my %defined = map { split(/\|/, $_, 2) } split(/\n/, $node->safe_psql('test', q{
	SELECT name, CASE vartype WHEN 'bool' THEN boot_val WHEN 'string' THEN coalesce(nullif(boot_val, ''), 'empty')
		ELSE current_setting(name) END
	FROM pg_settings WHERE name LIKE 'selfhost.%'}));
is_deeply(\%settings, \%defined, 'the listed settings are those that there are');

done_testing();
