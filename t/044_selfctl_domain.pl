# selfctl domain: further domains of a stack are served at once, and kept apart.
use strict;
use warnings;

use HTTP::Tiny;
use IPC::Run ();
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use ShTest;
use Test::More;

my $timeout = $PostgreSQL::Test::Utils::timeout_default || 180;
my $dir = PostgreSQL::Test::Utils::tempdir_short() . '/stack';

# Servers of the tests find the extension by these settings.
my @settings = map { ('--postgres-set', $_) } grep { /^(extension_destdir|dynamic_library_path|shared_preload)/ }
  map { s/\s*=\s*'?(.*?)'?\s*$/=$1/r } split(/\n/, ShTest::read_file($ENV{TEMP_CONFIG}));

# Returns { code, out, err }.
sub selfctl
{
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'selfctl', @_ ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($timeout));
	return { code => $? >> 8, out => $out, err => $err };
}

sub domain { return selfctl('domain', @_, '--dir', $dir); }

sub up
{
	my $r = selfctl('up', '--detach', '--port', '0', '--dir', $dir, @settings);
	is($r->{code}, 0, 'a stack') or diag($r->{err});
	return decode_json(ShTest::read_file("$dir/credentials.json"));
}

is(selfctl('domain', 'list', '--dir', $dir)->{code}, 1, 'without a stack');
my $credentials = up();
END { my $status = $?; selfctl('down', '--dir', $dir) if $dir && -e $dir; $? = $status; }

my $http = HTTP::Tiny->new(timeout => $timeout);

sub get
{
	my ($domain, $token, $path) = @_;
	return $http->get($credentials->{url} . ($path || '/v2/users/me'),
		{ headers => { Authorization => 'Basic ' . encode_base64("$domain:$token", '') } });
}

# ---- create ----

my $r = domain('create', 'plant2');
is($r->{code}, 0, 'a second domain') or diag($r->{err});
my ($token2) = $r->{out} =~ /token  (secret-token\.\w+)$/m;
ok(defined $token2, 'its token is shown');
is(get('plant2', $token2)->{status}, 200, 'it is served at once');
is(get('test', $token2)->{status}, 401, 'its token is good for it alone');
is(get('plant2', $credentials->{token})->{status}, 401, 'and not that of another');
my $made = decode_json(domain('create', 'plant3', '--json')->{out});
is($made->{domain}, 'plant3', 'as JSON');
is(get('plant3', $made->{token})->{status}, 200, 'served, too');
like($made->{uri}, qr/^host=\S+ port=\d+ dbname=plant3 user=selfhost$/, 'how to connect, without a password');
foreach my $case (
	[ 'plant2', qr/there is a domain plant2 already/ ], [ 'Plant', qr/is no name of a domain/ ],
	[ 'postgres', qr/is no name of a domain/ ], [ '.b', qr/is no name of a domain/ ], [ 'a"b', qr/is no name of a domain/ ])
{
	$r = domain('create', $case->[0]);
	is($r->{code}, 1, "$case->[0] cannot be made");
	like($r->{err}, $case->[1], 'and it is said why');
}

# Any name that Primus takes.
$r = decode_json(domain('create', '1.b_c-d', '--json')->{out});
is(get('1.b_c-d', $r->{token})->{status}, 200, 'a name with digits, dots and dashes');
is(domain('drop', '1.b_c-d', '--yes')->{code}, 0, 'goes as it came');

# ---- list, check, upgrade, commands in a domain ----

is_deeply([ map { $_->{domain} } @{ decode_json(domain('list', '--json')->{out}) } ], [qw(plant2 plant3 test)], 'the list');
like(domain('list')->{out}, qr/\ADOMAIN .*\nplant2 +1\.0 .*\nplant3 .*\ntest /, 'for people');
$r = domain('check', 'plant2');
is($r->{code}, 0, 'all is well') or diag($r->{out} . $r->{err});
ok(IPC::Run::run([ 'psql', '-Xq', '-d', $made->{uri}, '-c', 'ALTER TABLE selfhost.policy ENABLE TRIGGER ALL' ]),
	'as pg_restore --disable-triggers leaves it');
$r = domain('check', '--json', '--domain', 'plant3');
is($r->{code}, 1, 'a trigger that does not fire always is found');
my ($triggers) = grep { $_->{check} eq 'triggers' } @{ decode_json($r->{out}) };
is($triggers->{result}, 'FAULT', 'as a fault');
like($triggers->{advice}, qr/ENABLE ALWAYS TRIGGER/, 'with what to do');
$r = selfctl('doctor', '--dir', $dir, '--json');
is($r->{code}, 0, 'the doctor finds no problem in a stack') or diag($r->{out} . $r->{err});
my %found = map { $_->{check} => $_->{what} } @{ decode_json($r->{out}) };
like($found{$_}, qr/^process \d+$/, "$_ runs") foreach qw(selfserv selfpwrk);
like($found{workers}, qr{^workers that listen: \d}, 'and workers are looked for');
like(domain('upgrade')->{out}, qr/^plant2 +1\.0 already\nplant3 +1\.0 already\ntest +1\.0 already\n/, 'nothing to upgrade');
{
	local $ENV{SELFHOST_TOKEN} = $token2;
	is(selfctl('program', 'create', 'hook', '--type', 'webhook', '--dir', $dir, '--domain', 'plant2')->{code}, 0,
		'other commands work in it');
}
is(selfctl('program', 'list', '--dir', $dir)->{out}, "There are no programs.\n", 'and in it alone');

# ---- migrate; the rows are in 047_selfctl_migrate.pl ----

my $old = $made->{uri} =~ s/dbname=\S+/dbname=old/r;
ok(IPC::Run::run([ 'psql', '-Xq', '-d', $made->{uri}, '-c', 'CREATE DATABASE old' ]), 'an old database');
ok(IPC::Run::run([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $old, '-f', "$ENV{SELFHOST_SOURCE}/t/data/schema12/schema.sql" ],
	'>', \my $none), 'as every one begins');
$r = selfctl('migrate', '--from', $old, '--to', 'plant3', '--dir', $dir);
is($r->{code}, 7, 'goes into a domain of the stack') or diag($r->{err});
like($r->{out}, qr/^left behind: token .*everybody knows.*^users +1 +0 +1 +0 +0\n.*^policies +25 +0 +25 +0 +0\n.*0 of 0 time series/ms,
	'where everything is already, but one token');

# ---- tokens ----

my $new = decode_json(domain('rotate-token', 'plant3', '--json')->{out})->{token};
is(get('plant3', $made->{token})->{status}, 401, 'the old token is void');
is(get('plant3', $new)->{status}, 200, 'the new one is good');
$r = decode_json(domain('rotate-token', 'test', '--json')->{out});
is(decode_json(ShTest::read_file("$dir/credentials.json"))->{token}, $r->{token}, 'that of the stack is written down');
is(get('test', $r->{token})->{status}, 200, 'and good');
is(domain('rotate-token', 'nowhere')->{code}, 1, 'no such domain');

# ---- restart ----

is(selfctl('down', '--dir', $dir)->{code}, 0, 'stopped');
$credentials = up();
is(get('plant2', $token2)->{status}, 200, 'the domains are there again');
is(get('test', $credentials->{token})->{status}, 200, 'with the token that was written down');

# ---- drop ----

is(domain('drop', 'plant2')->{code}, 2, 'not without --yes');
is(get('plant2', $token2)->{status}, 200, 'it is there');
$r = domain('drop', 'plant2', '--yes');
is($r->{code}, 0, 'dropped') or diag($r->{err});
is(get('plant2', $token2)->{status}, 401, 'gone');
is(get('plant3', $new)->{status}, 200, 'the others are not');
like(domain('drop', 'test', '--yes')->{err}, qr/is the stack's own domain/, "the stack's own stays");
is(domain('drop', 'plant2', '--yes')->{code}, 1, 'not a second time');
is_deeply([ map { $_->{domain} } @{ decode_json(domain('list', '--json')->{out}) } ], [qw(plant3 test)], 'what is left');
like(selfctl('domain', 'list', '--dir', "$dir.not")->{err}, qr/no Self-host is running/, 'no stack');

done_testing();
