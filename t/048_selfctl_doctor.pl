# selfctl doctor: each check finds what it looks for, and says what to do.
use strict;
use warnings;

use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use ShTest;
use Test::More;

my $timeout = $PostgreSQL::Test::Utils::timeout_default || 180;
# As a server in earnest; those of the tests are careless.
my $t = ShTest->new('selfctl_doctor', no_selfserv => 1, allows_streaming => 1,
	postgres => "fsync = on\nmax_prepared_transactions = 2\n");
my $node = $t->{node};

# Returns { code, out, err, and by check { result, what, advice } }.
sub doctor
{
	my ($uri, @options) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'selfctl', 'doctor', '--uri', $uri, '--json', @options ], '<', \undef, '>', \$out, '2>', \$err,
		IPC::Run::timeout($timeout));
	my %r = (code => $? >> 8, out => $out, err => $err);
	$r{check} = { map { $_->{check} => $_ } @{ JSON::PP->new->utf8->decode($out) } } if $out ne '';
	return \%r;
}

my $uri = $node->connstr('test');

# Those that are not ok, as "check: result".
sub bad { my ($r) = @_; return join(', ', map { "$_: $r->{check}{$_}{result}" } grep { $r->{check}{$_}{result} ne 'ok' } sort keys %{ $r->{check} }); }

# Makes something wrong, looks, and makes it right.
sub found
{
	my ($break, $check, $result, $what, $advice, $mend, @options) = @_;
	$t->psql($break) if $break ne '';
	my $r = doctor($uri, @options);
	is(bad($r), "$check: $result", "$check: $result, and nothing else") or diag($r->{err});
	like($r->{check}{$check}{what}, $what, 'what it is');
	like($r->{check}{$check}{advice}, $advice, 'what to do');
	is($r->{code}, $result eq 'problem' ? 8 : 0, 'the exit code');
	$t->psql($mend) if $mend ne '';
	return;
}

sub set
{
	my ($node, $name, $value) = @_;
	$node->safe_psql('postgres', defined $value ? "ALTER SYSTEM SET $name = $value" : "ALTER SYSTEM RESET $name");
	$node->reload;
	my $wanted = defined $value ? $value =~ s/'//gr : undef;
	$node->poll_query_until('postgres', defined $wanted ? "SELECT current_setting('$name') = '$wanted'"
		: "SELECT source <> 'configuration file' OR sourcefile !~ 'auto' FROM pg_settings WHERE name = '$name'")
	  or die "$name is not set";
	return;
}

# Servers from 18 on have checksums from the first.
sub checksums
{
	my ($how) = @_;
	$node->stop;
	PostgreSQL::Test::Utils::system_or_bail('pg_checksums', $how, '--no-sync', '-D', $node->data_dir);
	$node->start;
	return;
}
checksums('--disable') if $t->psql('SHOW data_checksums') eq 'on';

# ---- all is well ----

my $r = doctor($uri);
is(bad($r), 'checksums: warning, worker role: warning', 'a new domain') or diag($r->{err});
is($r->{code}, 0, 'warnings are no problem');
like($r->{check}{checksums}{advice}, qr/pg_checksums --enable/, 'checksums');
like($r->{check}{'worker role'}{advice}, qr/ALTER ROLE selfhost_worker LOGIN/, 'the role of workers');
$t->psql('ALTER ROLE selfhost_worker LOGIN');
checksums('--enable');
$r = doctor($uri, '--deep');
is(bad($r), '', 'now everything is') or diag($r->{err});
is($r->{check}{points}{what}, 'damaged rows of points: 0', 'the points, too');
like($r->{check}{version}{what}, qr/^extension (\S+), installed \S.*, selfctl \1$/, 'versions');
{
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'selfctl', 'doctor', '--uri', $uri, '--min-free', '100' ], '<', \undef, '>', \$out, '2>', \$err);
	is($? >> 8, 8, 'for people');
	like($out, qr/^problem  disk             [\d.]+ of [\d.]+ GiB are free \(\d+ %\)\n {25} -> make room.*^ok       postgresql .*\n\n\d+ ok, 0 warnings, 1 problems\n\z/ms,
		'with what to do, and the sum');
	is($err, '', 'and nothing else');
	IPC::Run::run([ 'selfctl', 'doctor', '--uri', $node->connstr('nowhere') . ' password=hunter2' ], '<', \undef, '>', \$out, '2>', \$err);
	is($? >> 8, 1, 'no database');
	like($err, qr/cannot connect/, 'that is said');
	unlike($err, qr/hunter2/, 'without the password');
	IPC::Run::run([ 'selfctl', 'doctor', '--dir', "$t->{dir}/none" ], '<', \undef, '>', \$out, '2>', \$err);
	is($? >> 8, 1, 'no stack');
}

# ---- settings of the server ----

found('', 'disk', 'problem', qr/GiB are free/, qr/make room/, '', '--min-free', '100');
set($node, 'synchronous_commit', 'off');
found('', 'durability', 'warning', qr/synchronous_commit off/, qr/acknowledged may be lost/, '');
set($node, 'synchronous_commit');
set($node, 'fsync', 'off');
found('', 'durability', 'problem', qr/fsync off/, qr/a power failure destroys/, '');
set($node, 'fsync');
set($node, 'autovacuum', 'off');
found('', 'autovacuum', 'problem', qr/autovacuum is off/, qr/set autovacuum/, '');
set($node, 'autovacuum');
found(q{ALTER DATABASE test SET timezone = '<+03>-3'}, 'time zone', 'warning', qr/<\+03>-3/, qr{Europe/Stockholm}, 'ALTER DATABASE test RESET timezone');
found('ALTER DATABASE test CONNECTION LIMIT 1', 'connections', 'problem', qr/1 of 1 in this database/, qr/raise the limit/, 'ALTER DATABASE test CONNECTION LIMIT -1');

# ---- roles ----

found('ALTER ROLE selfhost_gateway NOLOGIN', 'gateway role', 'problem', qr/nobody can log in/, qr/ALTER ROLE selfhost_gateway LOGIN/,
	'CREATE ROLE web LOGIN IN ROLE selfhost_gateway');
is(doctor($uri)->{check}{'gateway role'}{what}, 'can log in: web', 'a member of it is enough');
$t->psql('ALTER ROLE selfhost_gateway LOGIN');
found('ALTER ROLE selfhost_gateway SUPERUSER', 'gateway role', 'problem', qr/is a superuser/, qr/NOSUPERUSER/, 'ALTER ROLE selfhost_gateway NOSUPERUSER');
found('ALTER ROLE selfhost_worker SUPERUSER', 'worker role', 'problem', qr/is a superuser/, qr/NOSUPERUSER/, 'ALTER ROLE selfhost_worker NOSUPERUSER');
found('GRANT SELECT ON selfhost.thing TO selfhost_gateway', 'gateway grants', 'problem', qr/: 1$/, qr/revoke/, 'REVOKE SELECT ON selfhost.thing FROM selfhost_gateway');
found('GRANT EXECUTE ON FUNCTION selfhost.init() TO PUBLIC', 'public grants', 'problem', qr/: 1$/, qr/REVOKE ALL/, 'REVOKE ALL ON FUNCTION selfhost.init() FROM PUBLIC');

# ---- the domain ----

found(q{UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'selfhost'}, 'version', 'warning', qr/^extension 0\.9/, qr/./,
	q{UPDATE pg_extension SET extversion = '1.0' WHERE extname = 'selfhost'});
found(q{UPDATE selfhost.user_account SET state = 'inactive'}, 'root', 'problem', qr/nobody of the root group is active/, qr/reset_root_token/,
	q{UPDATE selfhost.user_account SET state = 'active'});
found(q{UPDATE selfhost.token SET expires = now()}, 'root', 'problem', qr/has a token/, qr/rotate-token/, q{UPDATE selfhost.token SET expires = NULL});
found(q{INSERT INTO selfhost.token (user_uuid, name, digest) SELECT uuid, 'old', sha256('root') FROM selfhost.user_account}, 'tokens', 'problem',
	qr/^tokens: 2, expired: 0; one with a secret that everybody knows/, qr/delete the token/, q{DELETE FROM selfhost.token WHERE name = 'old'});
found('ALTER TABLE selfhost.token ENABLE TRIGGER invalidate', 'triggers', 'problem', qr/: 1$/, qr/ENABLE ALWAYS TRIGGER/,
	'ALTER TABLE selfhost.token ENABLE ALWAYS TRIGGER invalidate');
found(q{UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'selfhost.thing_tags'::regclass}, 'indexes', 'problem',
	qr/not valid: selfhost\.thing_tags/, qr/REINDEX/, q{UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'selfhost.thing_tags'::regclass});
found(q{INSERT INTO selfhost.timeseries (uuid, name, si_unit) VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 's', 'm');
	INSERT INTO selfhost.tsdata VALUES ('aaaaaaaa-0000-4000-8000-000000000001', '2020-01-01', 1); UPDATE selfhost.tail SET n = 2},
	'points', 'problem', qr/: 1$/, qr/from a backup/, 'DELETE FROM selfhost.tail', '--deep');

# ---- programs ----

$t->psql(q{INSERT INTO selfhost.program (uuid, name, type, state, schedule, deadline, language)
	VALUES ('aaaaaaaa-0000-4000-8000-000000000002', 'hook', 'webhook', 'active', '@daily', 1000, 'lua');
	INSERT INTO selfhost.program_revision (program_uuid, revision, signed, checksum, code)
	VALUES ('aaaaaaaa-0000-4000-8000-000000000002', 0, now(), sha256(''), '')});
found('', 'workers', 'problem', qr/^workers that listen: 0; none for programs in lua/, qr/start selfpwrk/, '');
found(q{UPDATE selfhost.program SET state = 'failed'}, 'programs', 'warning', qr/: 1 \(hook\)$/, qr/selfctl program logs/, 'DELETE FROM selfhost.program');
set($node, 'selfhost.manager', 'off');
found('', 'program manager', 'warning', qr/selfhost\.manager is off/, qr/selfpwrk --manager/, '');
found(q{INSERT INTO selfhost.program (uuid, name, type, schedule, deadline, language)
	VALUES ('aaaaaaaa-0000-4000-8000-000000000003', 'r', 'routine', '@hourly', 1000, 'lua');
	INSERT INTO selfhost.program_schedule VALUES ('aaaaaaaa-0000-4000-8000-000000000003', '@hourly', now() - interval '1 hour', now() - interval '10 min')},
	'program manager', 'problem', qr/routines are due, and nobody looks/, qr/selfhost\.manager to on/, 'DELETE FROM selfhost.program');
set($node, 'selfhost.manager');

# ---- transactions ----

my $session = $node->background_psql('test');
$session->query_safe('BEGIN; SELECT 1 FROM selfhost.thing; SELECT txid_current()');
found('', 'transactions', 'warning', qr/older than 0 s: 1, the oldest for \d+ s \(process \d+, \w+\)/, qr/cleaned up/, '', '--long-transaction', '0');
is(bad(doctor($uri)), '', 'it is young');
$session->query_safe('ROLLBACK');
$session->quit;
found(q{BEGIN; CREATE TABLE public.x (); PREPARE TRANSACTION 'forgotten'}, 'transactions', 'warning', qr/prepared as forgotten/, qr/end them/,
	q{ROLLBACK PREPARED 'forgotten'}, '--long-transaction', '0');

# ---- replication ----

found(q{SELECT pg_create_physical_replication_slot('gone', true)}, 'slots', 'warning', qr/nobody uses gone/, qr/pg_drop_replication_slot/,
	q{SELECT pg_drop_replication_slot('gone')});
set($node, 'synchronous_standby_names', q{'nobody'});
found('', 'replication', 'problem', qr/standbys: 0, synchronous: 0/, qr/every commit waits/, '');
set($node, 'synchronous_standby_names', q{''});
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('doctor_standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "fsync = on\n");
$standby->start;
$node->wait_for_catchup($standby);
$r = doctor($standby->connstr('test'));
is(bad($r), '', 'a standby is well') or diag($r->{err});
like($r->{check}{standby}{what}, qr/this is a standby, \d+ s behind/, 'and known as one');
like(doctor($uri)->{check}{replication}{what}, qr/^standbys: 1/, 'the primary knows it');
set($standby, 'primary_conninfo', q{''});
$standby->poll_query_until('postgres', 'SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)') or die 'the standby goes on';
$r = doctor($standby->connstr('test'));
is(bad($r), 'standby: problem', 'one that gets nothing');
like($r->{check}{standby}{advice}, qr/primary_conninfo/, 'and what to do');

# ---- other databases, other roles ----

$node->safe_psql('postgres', q{CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0});
$r = doctor($node->connstr('ascii'));
is($r->{code}, 8, 'a database without the extension');
is($r->{check}{encoding}{result}, 'problem', 'its encoding');
like($r->{check}{version}{what}, qr/^extension missing/, 'the extension');
like($r->{check}{initialised}{what}, qr/could not be looked at: .*does not exist/, 'what cannot be looked at, is told');
$node->safe_psql('postgres', 'CREATE DATABASE empty');
$node->safe_psql('empty', 'CREATE EXTENSION selfhost');
is(bad(doctor($node->connstr('empty'))), 'initialised: problem, root: problem', 'a domain that is not initialised');
$node->safe_psql('test', 'CREATE ROLE somebody LOGIN');
my $other = $node->background_psql('postgres');
$r = doctor($uri . ' user=somebody');
is($r->{code}, 8, 'a role without rights');
like($r->{check}{initialised}{what}, qr/could not be looked at: permission denied/, 'is told so');
like($r->{check}{transactions}{advice}, qr/GRANT pg_read_all_stats TO somebody/, 'and what it would need');
like($r->{check}{disk}{what}, qr/cannot be known from here/, 'nor sees the disk');
$other->quit;

done_testing();
