# selfctl migrate: everything out of an old database, once, again, and after it was broken off.
use strict;
use warnings;

use FindBin;
use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use ShTest;
use Test::More;

my $timeout = $PostgreSQL::Test::Utils::timeout_default || 180;
my $t = ShTest->new('selfctl_migrate');
my $node = $t->{node};
my $data = ($ENV{SELFHOST_SOURCE} || "$FindBin::Bin/..") . '/t/data/schema12';
my $from = $node->connstr('old');
my $to = $node->connstr('test');

sub u { return sprintf('00000000-0000-4000-8000-%012s', $_[0]); }
my $ROOT = '00000000-0000-1000-8000-000000000000';

# Returns { code, out, err, json }.
sub migrate
{
	my (@options) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'selfctl', 'migrate', '--from', $from, '--uri', $to, @options ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($timeout));
	my %r = (code => $? >> 8, out => $out, err => $err);
	$r{json} = JSON::PP->new->utf8->decode($out) if grep { $_ eq '--json' } @options;
	return \%r;
}

# The counts of a kind: moved, present, left, needless, changed.
sub counts
{
	my ($r, $kind) = @_;
	my ($counts) = grep { $_->{kind} eq $kind } @{ $r->{json}{kinds} };
	return join(' ', @$counts{qw(source moved present left needless changed)});
}

# What was told of a row.
sub told
{
	my ($r, $kind, $id) = @_;
	return join(' | ', map { "$_->{what}: $_->{reason}" } grep { ($_->{kind} // '') eq $kind && $_->{id} =~ /$id/ } @{ $r->{json}{rows} });
}

sub old { return $node->safe_psql('old', $_[0]); }

sub dump_old { return join("\n", map { old("SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM $_ AS t") }
	  qw(users user_tokens groups user_groups group_policies alerts things thing_deps datasets timeseries tsdata programs
	  program_code_revisions)); }

# Everything of the domain.
sub dump_new
{
	return join("\n", map { $t->psql("SELECT '$_', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM selfhost.$_ AS t") }
		  qw(user_account token user_group membership policy alert thing dataset dataset_part dataset_piece timeseries tsdata
		  program program_revision program_schedule));
}

$node->safe_psql('postgres', 'CREATE DATABASE old');
$node->safe_psql('old', "SET client_min_messages = warning;\n" . ShTest::read_file("$data/$_")) foreach qw(schema.sql rows.sql);
my $old = dump_old();

my $r = migrate('--json');
diag($r->{out}, $r->{err});
done_testing();
