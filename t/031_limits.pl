# Every limit of time, size and number that is a key of the configuration takes effect, and only then:
# each server here has some of them small. (Headers and bodies that stop, and slow readers: 024; rates: 035;
# limits.deferred: 050.)
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);
use ShRaw;
use ShTest;

# What must not take effect in these tests is far above this.
my $SOON = 20;

my $sh = ShTest->new('limits', no_selfserv => 1);

sub with { return $sh->restart_with(@_); }

sub ask { return ShRaw::ask($sh, @_); }
sub ask_thing { my ($name, %o) = @_; return ask('POST', '/v2/things', body => qq({"name": "$name"}), %o); }
sub answer { return ShRaw::answer(@_); }
sub closed_after { my ($socket) = @_; return ShRaw::closed_after($socket, $SOON); }

# The number of connections that PostgreSQL has from selfserv.
sub backends
{
	my ($condition) = @_;
	return $sh->psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'selfhost_gateway'" . ($condition ? " AND $condition" : ''));
}

sub wait_for_lock
{
	my ($n) = @_;
	$sh->wait_until("$n requests wait for the lock", sub { return backends("wait_event_type = 'Lock'") == $n; });
	return;
}

my $locker = $sh->{node}->background_psql($sh->{domain});
sub lock_things { $locker->query_safe('BEGIN; LOCK TABLE selfhost.thing IN ACCESS EXCLUSIVE MODE'); return; }
sub unlock_things { $locker->query_safe('COMMIT'); return; }

# ---- timeouts.idle, timeouts.header: connections without a request ----

with('timeouts.idle' => '1s', 'timeouts.header' => '2s');
my $socket = ask('GET', '/v2/users/me');
is((answer($socket))[0], 200, 'a request over a connection that stays open');
my $idle = closed_after($socket);
ok(defined $idle, 'an idle connection is closed');
cmp_ok($idle // 0, '>=', 0.9, 'not before timeouts.idle');
$idle = closed_after(ShRaw::connection($sh));
ok(defined $idle, 'so is one that never sent anything');
cmp_ok($idle // 0, '>=', 1.9, 'not before timeouts.header');

# ---- what idle connections hold ----

with();
my $base = $sh->rss;
my @held = map { ask('GET', '/v2/users/me') } 1 .. 300;
is(scalar(grep { (answer($_))[0] eq '200' } @held), 300, 'a request over each of 300 connections');
$sh->wait_until('idle connections hold less than 24 kB each', sub { return $sh->rss - $base < 300 * 24; });
is(scalar(grep { (answer(ask('GET', '/v2/users/me?x=' . 'x' x 60000, socket => $_)))[0] eq '200' } @held), 300, 'and serve long requests again');
$sh->wait_until('and are idle again', sub { return $sh->rss - $base < 300 * 24; });
close($_) foreach @held;

# ---- timeouts.answer: a reader that stops, where no rate is asked of him ----

with('timeouts.answer' => '1s', 'stream.min_rate' => 0, 'stream.max_time' => '1h');
my $series = $sh->post('/v2/timeseries', { name => 'series', si_unit => 'C' })->{json}{uuid};
foreach my $part (0 .. 4)
{
	my $rows = join(',', map { sprintf('{"v":%.1f,"ts":"%s"}', $_ % 100, strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(1577836800 + 60 * $_))) }
		$part * 40000 .. $part * 40000 + 39999);
	is($sh->request('POST', "/v2/timeseries/$series/data", content => "[$rows]")->{status}, 201, 'points');
}
my $stopped = ask('GET', "/v2/timeseries/$series/data?start=2020-01-01T00:00:00Z&end=2020-12-31T00:00:00Z", receive_buffer => 4096);
sysread($stopped, my $first, 1024) or die 'no answer';
like($first, qr{^HTTP/1.1 200}, 'a long answer begins');
$sh->wait_until('its backend is busy', sub { return backends("state = 'active'") > 0; });
my $begin = time();
$sh->wait_until('the backend of a reader that stops is free', sub { return backends("state = 'active'") == 0; });
cmp_ok(time() - $begin, '<', $SOON, 'after timeouts.answer');
is((answer(ask('GET', '/v2/users/me')))[0], 200, 'others are served');

# ---- stream.buffer: what has room there is read from PostgreSQL, though the client reads nothing ----

with('stream.buffer' => '100MB', 'timeouts.answer' => '1h', 'stream.min_rate' => 0, 'stream.max_time' => '1h');
$stopped = ask('GET', "/v2/timeseries/$series/data?start=2020-01-01T00:00:00Z&end=2020-12-31T00:00:00Z", receive_buffer => 4096);
sysread($stopped, $first, 1024) or die 'no answer';
$sh->wait_until('PostgreSQL has sent the whole answer', sub {
	return $sh->psql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'selfhost_gateway' AND state = 'idle' AND query LIKE '%get_timeseries_data%'}) == 1;
});
cmp_ok($sh->rss, '>', 6000, 'it waits in memory');
close($stopped);

# ---- timeouts.request: PostgreSQL does not answer ----

with('timeouts.request' => '1s');
lock_things();
foreach my $case ([ 'a write', ask_thing('late') ], [ 'a read', ask('GET', '/v2/things') ])
{
	my ($what, $client) = @$case;
	$begin = time();
	my ($status, $text) = answer($client);
	is($status, 504, "$what that takes too long");
	cmp_ok(time() - $begin, '<', $SOON, 'is answered in time');
	like($text, qr/took too long/, 'with the reason');
}
$sh->wait_until('nothing of it runs any more', sub { return backends("wait_event_type = 'Lock'") == 0; });
unlock_things();
is((answer(ask('GET', '/v2/things')))[0], 200, 'the next request is served');
is($sh->psql(q{SELECT count(*) FROM selfhost.thing WHERE name = 'late'}), 0, 'what was cut off has not happened');

# ---- postgres.connections, timeouts.queue ----

with('postgres.connections' => 1, 'timeouts.queue' => '1s');
lock_things();
my $running = ask_thing('one');
wait_for_lock(1);
$begin = time();
my $waiting = ask_thing('two');
my ($status, $text) = answer($waiting);
is($status, 503, 'who has waited too long for a connection is refused');
cmp_ok(time() - $begin, '>=', 0.9, 'not before timeouts.queue');
cmp_ok(time() - $begin, '<', $SOON, 'but soon');
like($text, qr/^Retry-After: \d/mi, 'with a time to try again');
unlock_things();
is((answer($running))[0], 201, 'the one that ran is finished');

# ---- limits.queue ----

with('postgres.connections' => 1, 'limits.queue' => 1, 'timeouts.queue' => '1h');
lock_things();
$running = ask_thing('three');
wait_for_lock(1);
$waiting = ask_thing('four');
my $third = ask_thing('five');
# Both have arrived in any order: one waits, the other one is refused at once.
my ($refused) = IO::Select->new($waiting, $third)->can_read($SOON) or die 'nobody is refused';
is((answer($refused))[0], 503, 'one waits, one more is refused');
unlock_things();
is((answer($running))[0], 201, 'the one that ran is finished');
is((answer($refused == $third ? $waiting : $third))[0], 201, 'then the one that waited');
is($sh->psql(q{SELECT count(*) FROM selfhost.thing WHERE name IN ('three', 'four', 'five')}), 2, 'and nothing else');

# ---- limits.connections, limits.connections_per_address ----

with('limits.connections' => 4);
my @open = map { ask('GET', '/v2/users/me') } 1 .. 4;
is(scalar(grep { (answer($_))[0] eq '200' } @open), 4, 'as many connections as there may be');
my $fifth = ask('GET', '/v2/users/me');
ok(!IO::Select->new($fifth)->can_read(1), 'one more is not served');
close(shift @open);
is((answer($fifth, $SOON))[0], 200, 'until another one has gone');
close($_) foreach @open, $fifth;

with('limits.connections_per_address' => 4);
local $SIG{PIPE} = 'IGNORE';
# The connection that saw the server ready may still count for a moment.
$sh->wait_until('as many connections of one address as there may be', sub {
	close($_) foreach @open;
	@open = map { ask('GET', '/v2/users/me') } 1 .. 4;
	return grep({ ((answer($_))[0] // '') eq '200' } @open) == 4;
});
ok(defined closed_after(ShRaw::connection($sh)), 'one more is closed');
is((answer(ask('GET', '/v2/users/me', socket => $open[0])))[0], 200, 'the others go on');
close($_) foreach @open;

# ---- limits.headers ----

with('limits.headers' => '4kB');
sub head_status { my (@o) = @_; return (answer(ask('GET', @o)))[0]; }
is(head_status('/v2/users/me', headers => [ 'X-Long: ' . 'x' x 3500 ]), 200, 'headers below the limit');
($status, $text) = answer(ask('GET', '/v2/users/me', headers => [ 'X-Long: ' . 'x' x 4100 ]));
is($status, 431, 'larger ones');
like($text, qr/larger than 4096 bytes/, 'with the limit');
is(head_status('/v2/users/me', headers => [ map { "X-$_: " . 'x' x 100 } 1 .. 50 ]), 431, 'many of them');
is(head_status('/v2/users/me?x=' . 'x' x 3500), 200, 'a request line below the limit');
($status, $text) = answer(ask('GET', '/v2/users/me?x=' . 'x' x 4100));
is($status, 414, 'a longer one');
is(head_status('/v2/users/me', headers => [ 'X-Long: ' . 'x' x 60000 ]), 431, 'what is far beyond the limit');

with();
is(head_status('/v2/users/me', headers => [ map { "X-$_: " . 'x' x 300 } 1 .. 200 ]), 200, 'by default 63 kB are fine');
is(head_status('/v2/users/me', headers => [ map { "X-$_: " . 'x' x 320 } 1 .. 200 ]), 431, '66 kB are not');
is(head_status('/v2/users/me?x=' . 'x' x 65000), 200, 'nor does it matter where they are');

# ---- gzip.level, gzip.min_size ----

ask_thing('x' x 450) foreach 1 .. 4;
$sh->wait_until('there is a list of some length', sub { return length($sh->get('/v2/things')->{content}) > 2000; });
foreach my $case ([ 'a list' => 1 ], [ 'a list below gzip.min_size' => 0, 'gzip.min_size' => '100kB' ], [ 'with gzip.level 0, a list' => 0, 'gzip.level' => 0 ])
{
	my ($what, $is_gzip, %conf) = @$case;
	with(%conf);
	($status, $text) = answer(ask('GET', '/v2/things', headers => ['Accept-Encoding: gzip']));
	is($text =~ /^Content-Encoding: gzip/mi ? 1 : 0, $is_gzip, "$what is " . ($is_gzip ? '' : 'not ') . 'compressed');
}

# ---- datasets.max_json_size, datasets.max_part_size, timeseries.max_data_size ----

with('datasets.max_json_size' => '3kB', 'datasets.max_part_size' => '2kB', 'timeseries.max_data_size' => '1kB');
my $dataset = $sh->post('/v2/datasets', { name => 'dataset', format => 'csv', content => undef })->{json}{uuid};
my $upload = $sh->post("/v2/datasets/$dataset/uploads", undef)->{json}{uploadId};
foreach my $case ([ '/v2/datasets', 3072, 400 ], [ "/v2/datasets/$dataset/parts?partNumber=1&uploadId=$upload", 2048, 413 ],
	[ "/v2/timeseries/$series/data", 1024, 400 ])
{
	my ($path, $size, $expected) = @$case;
	my $method = $path =~ /parts/ ? 'PUT' : 'POST';
	my %headers = (headers => { 'Content-MD5' => '0' x 32 });
	my $r = $sh->request($method, $path, content => ' ' x ($size + 1), %headers);
	is($r->{status}, $expected, "a byte more than $size: $path");
	is($r->{content}, "the body is larger than $size bytes\n", 'is told');
	unlike($sh->request($method, $path, content => ' ' x $size, %headers)->{content}, qr/larger/, "$size are taken");
}

# ---- postgres.connect_timeout ----

my $deaf = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1') or die "cannot listen: $!";
ShTest::write_file("$sh->{dir}/domains.yaml", ShTest::read_file("$sh->{dir}/domains.yaml")
	. '  deaf: host=127.0.0.1 port=' . $deaf->sockport . " dbname=deaf user=selfhost_gateway\n");
with('postgres.connect_timeout' => '1s');
foreach my $case ([ 'a read', ask('GET', '/v2/things', domain => 'deaf') ], [ 'a write', ask_thing('deaf', domain => 'deaf') ])
{
	$begin = time();
	is((answer($case->[1]))[0], 503, "$case->[0]: a server that never answers");
	cmp_ok(time() - $begin, '<', $SOON, 'is given up');
}
is((answer(ask('GET', '/v2/users/me')))[0], 200, 'the other domain is served');
$sh->write_domains;

# ---- postgres.idle_timeout, postgres.domain_idle ----

with('postgres.idle_timeout' => '1s');
is((answer(ask_thing('six')))[0], 201, 'a write');
is((answer(ask('GET', '/v2/users/me')))[0], 200, 'a read');
$sh->wait_until('the connection for writes is closed', sub { return backends() == 1; });
is((answer(ask_thing('seven')))[0], 201, 'the next write opens one again');

with('postgres.domain_idle' => '1s', 'postgres.idle_timeout' => '1s');
is((answer(ask('GET', '/v2/users/me')))[0], 200, 'a read');
$sh->wait_until('a domain that is not used holds no connection', sub { return backends() == 0; });
is((answer(ask('GET', '/v2/users/me')))[0], 200, 'the next request opens one');

# ---- shutdown_timeout ----

with('shutdown_timeout' => '1s');
lock_things();
$running = ask_thing('eight');
wait_for_lock(1);
$begin = time();
is($sh->stop_selfserv, 0, 'a server stops though a request runs');
cmp_ok(time() - $begin, '>=', 0.9, 'not before shutdown_timeout');
cmp_ok(time() - $begin, '<', $SOON, 'but soon');
is((answer($running))[0], 503, 'the request is refused');
unlock_things();
$locker->quit;
done_testing();
