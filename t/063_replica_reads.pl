# Reads on a standby, postgres.max_replica_lag: they go there while it keeps up, and to the primary when it does
# not; who has written reads what he wrote; and a standby that dies costs no request.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use ShTest;

$ShProcess::TIMEOUT = 30;

# One thread at first: what it knows is known.
my $sh = ShTest->new('primary', no_selfserv => 1, allows_streaming => 1, postgres => "max_connections = 60\n",
	conf => { threads => 1, 'postgres.max_replica_lag' => '1h', 'admin.port' => PostgreSQL::Test::Cluster::get_free_port() });
my $primary = $sh->{node};
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\n");
$standby->start;
ShTest::write_file("$sh->{dir}/domains.yaml", sprintf("domains:\n  test: host=%s,%s port=%d,%d dbname=test user=selfhost_gateway\n",
	$primary->host, $standby->host, $primary->port, $standby->port));
$sh->start_selfserv;

sub usable
{
	my $r = HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$sh->{conf}{'admin.port'}/metrics");
	return $r->{content} =~ /^selfserv_domain_standby\{domain="test"\} 1$/m;
}

# The number of things; which of them is the marker of where the answer comes from.
sub things
{
	my ($user) = @_;
	my $r = $sh->get('/v2/things?limit=100', $user ? (token => $user->{token}) : ());
	is($r->{status}, 200, 'a list of things') if $r->{status} != 200;
	return scalar(@{ $r->{json} });
}

sub points
{
	my ($series, $user) = @_;
	my $r = $sh->get("/v2/timeseries/$series/data?start=2020-01-01T00:00:00Z&end=2020-12-31T00:00:00Z", token => $user->{token});
	is($r->{status}, 200, 'points') if $r->{status} != 200;
	return scalar(@{ $r->{json} });
}

my $writer = $sh->create_user('writer');
my $reader = $sh->create_user('reader');
$sh->create_policy($_->{group}, 'allow', 'read', '%') foreach ($writer, $reader);
$sh->create_policy($writer->{group}, 'allow', 'create', '%');
my $series = $sh->post('/v2/timeseries', { name => 'series', si_unit => 'C' })->{json}{uuid};
$primary->wait_for_catchup($standby);

# ---- reads go to the standby ----

$sh->wait_until('the standby is in use', sub { things($reader); return usable() });
cmp_ok($standby->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE usename = 'selfhost_gateway'"), '>=', 1,
	'the gateway is connected to the standby');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
$standby->poll_query_until('postgres', "SELECT pg_get_wal_replay_pause_state() = 'paused'") or die 'replay goes on';

is($sh->post('/v2/things', { name => 'new', type => 'building' }, token => $writer->{token})->{status}, 201, 'a write');
is($sh->post("/v2/timeseries/$series/data", [ { ts => '2020-05-01T00:00:00Z', v => 1 } ], token => $writer->{token})->{status},
	201, 'a point is written');
is(things($reader), 0, 'a short read is the standby\'s: the newest thing is not there yet');
is(points($series, $reader), 0, 'so is a long one');

# ---- read your writes ----

is(things($writer), 1, 'who has written reads it, from the primary');
is(points($series, $writer), 1, 'and his point');

# ---- what the standby does not know is asked of the primary ----

my $late = $sh->create_user('late');
$sh->create_policy($late->{group}, 'allow', 'read', '%');
is($sh->get('/v2/users/me', token => $late->{token})->{status}, 200, 'a token that the standby does not know yet is good');
my $thing = $sh->get('/v2/things', token => $writer->{token})->{json}[0]{uuid};
is($sh->get("/v2/things/$thing", token => $reader->{token})->{status}, 200, 'so is a thing');
is($sh->get('/v2/things', token => 'no-such-token')->{status}, 401, 'a token that nobody knows');

$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$primary->wait_for_catchup($standby);
$sh->wait_until('the standby has it, too', sub { return things($reader) == 1 });

# ---- the same over several threads: what one of them writes the others know ----

$sh->restart_with('postgres.max_replica_lag' => '1h', threads => 2);
sub things_anew
{
	my ($user) = @_;
	my $r = $sh->get('/v2/things?limit=100', token => $user->{token}, agent => HTTP::Tiny->new(timeout => 20));
	return scalar(@{ $r->{json} });
}
$sh->wait_until('both threads use the standby', sub {
	things_anew($reader);
	my $r = HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$sh->{conf}{'admin.port'}/metrics");
	return $r->{content} =~ /^selfserv_domain_standby\{domain="test"\} 2$/m;
});
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
is($sh->post('/v2/things', { name => 'second', type => 'building' }, token => $writer->{token})->{status}, 201, 'a write');
is(join(' ', map { things_anew($writer) } 1 .. 20), join(' ', (2) x 20), 'over whichever thread, who has written reads it');
is(join(' ', map { things_anew($reader) } 1 .. 20), join(' ', (1) x 20), 'others read at the standby');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$primary->wait_for_catchup($standby);

# ---- a standby that is too far behind ----

$sh->restart_with('postgres.max_replica_lag' => '1s');
$sh->wait_until('the standby is in use', sub { things($reader); return usable() });
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
is($sh->post('/v2/things', { name => 'newer', type => 'building' })->{status}, 201, 'a write');
my $began = time();
$sh->wait_until('reads go to the primary', sub { return things($reader) == 3 });
cmp_ok(time() - $began, '<', 3, 'no read is older than it may be');
ok(!usable(), 'the standby is not in use');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$sh->wait_until('the standby is in use again', sub { things($reader); return usable() });

# A primary where nothing happens is not one that is ahead.
my $until = time() + 2;
my $unused = 0;
while (time() < $until) { things($reader); $unused++ if !usable(); }
is($unused, 0, 'on an idle primary the standby stays in use');

# ---- a right that was revoked ----

$primary->safe_psql('test', "DELETE FROM selfhost.token WHERE user_uuid = '$late->{uuid}'");
$sh->wait_until('a token that was deleted is gone', sub {
	return $sh->get('/v2/users/me', token => $late->{token})->{status} == 401;
});

# ---- the standby dies while reads run ----

my %status;
my $n = 0;
foreach my $how ('kill', 'gone')
{
	$sh->wait_until('the standby is in use', sub { things($reader); return usable() });
	my $pid = fork() // die "cannot fork: $!";
	if ($pid == 0)
	{
		delete $sh->{pid};
		my $end = time() + 2;
		my %seen;
		while (time() < $end)
		{
			$seen{ $sh->get($_, token => $reader->{token})->{status} }++
			  foreach ('/v2/things', "/v2/timeseries/$series/data?start=2020-01-01T00:00:00Z&end=2020-12-31T00:00:00Z");
		}
		ShTest::write_file("$sh->{dir}/seen.$how", join(' ', map { "$_:$seen{$_}" } sort keys %seen));
		POSIX::_exit(0);
	}
	$standby->stop('immediate');
	$standby->start if $how eq 'kill';
	waitpid($pid, 0);
	like(ShTest::read_file("$sh->{dir}/seen.$how"), qr/^200:\d+$/, "no read has failed: $how");
}
is(things($reader), 3, 'reads are the primary\'s');

is($sh->stop_selfserv, 0, 'selfserv ends well');
done_testing();
