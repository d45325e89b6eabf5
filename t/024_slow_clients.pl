# Clients that are slow, stop, or go away: they cost the gateway bounded memory, hold no backend of
# PostgreSQL for long, and do not slow others down.
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use POSIX qw(strftime);
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(time);
use ShTest;

my $points = 52561; # one year of ten-minute steps
my $limit_kb = 64 * 1024;
my $epoch = 1546300800; # 2019-01-01T00:00:00Z

my $sh = ShTest->new('slow', conf => {
	'rate_control.maxburst' => 1000000,
	'timeouts.header' => '1s',
	'timeouts.body' => '1s',
	'stream.max_time' => '20s',
	'stream.min_rate' => '64kB',
});

sub load_year
{
	my ($name) = @_;
	my $uuid = $sh->post('/v2/timeseries', { name => $name, si_unit => 'C' })->{json}{uuid};
	for (my $i = 0; $i < $points; $i += 10000)
	{
		my $last = $i + 9999 < $points ? $i + 9999 : $points - 1;
		my $body = join(',', map {
			sprintf('{"v":%.1f,"ts":"%s"}', 20 + 5 * sin($_ / 100),
				strftime('%Y-%m-%dT%H:%M:%SZ', gmtime($epoch + 600 * $_)))
		} $i .. $last);
		my $r = $sh->request('POST', "/v2/timeseries/$uuid/data", content => "[$body]");
		is($r->{status}, 201, "$name: points from $i on") or die $r->{content};
	}
	return $uuid;
}

my @uuids = map { load_year("year $_") } 1 .. 5;
my $window = 'start=2019-01-01T00:00:00Z&end=2020-01-01T00:00:00Z';
my $year = "/v2/timeseries/$uuids[0]/data?$window";
my $query = '/v2/tsquery?' . join('&', map { "uuids=$_" } @uuids) . "&$window";
my $expected = $sh->get($year)->{content};
is(scalar(() = $expected =~ /"ts"/g), $points, 'one year is read');
note('one year: ' . length($expected) . ' bytes; memory ' . $sh->rss . ' kB');

# A raw connection; receive_buffer in bytes makes the client's side of TCP small.
sub connect_raw
{
	my ($receive_buffer) = @_;
	my $socket = IO::Socket::INET->new(Proto => 'tcp') or die "cannot make a socket: $!";
	$socket->setsockopt(SOL_SOCKET, SO_RCVBUF, $receive_buffer) if $receive_buffer;
	connect($socket, Socket::pack_sockaddr_in($sh->{port}, Socket::inet_aton('127.0.0.1')))
	  or die "cannot connect: $!";
	return $socket;
}

sub send_head
{
	my ($socket, $method, $path, @headers) = @_;
	my $head = join("\r\n", "$method $path HTTP/1.1", 'Host: localhost',
		'Authorization: ' . $sh->authorization($sh->{token}), @headers, '', '');
	syswrite($socket, $head) == length($head) or die "cannot send: $!";
	return;
}

# Is the connection closed by the server within this time?
sub closed_within
{
	my ($socket, $seconds) = @_;
	my $end = time() + $seconds;
	my $select = IO::Select->new($socket);
	while ((my $left = $end - time()) > 0)
	{
		next unless $select->can_read($left);
		my $n = sysread($socket, my $buf, 65536);
		return 1 if !$n;
	}
	return 0;
}

sub no_active_backend
{
	my ($what) = @_;
	$sh->wait_until($what, sub {
		return $sh->psql(q{SELECT count(*) FROM pg_stat_activity
			WHERE usename = 'selfhost_gateway' AND state = 'active'}) == 0;
	});
	pass($what);
	return;
}

# ---- idle connections ----

my @idle;
foreach my $i (1 .. 256)
{
	my $socket = connect_raw();
	send_head($socket, 'GET', '/v2/users/me');
	push @idle, $socket;
}
my $served = 0;
foreach my $socket (@idle)
{
	sysread($socket, my $answer, 4096);
	$served++ if $answer =~ m{^HTTP/1.1 200};
}
is($served, 256, '256 connections are served');
cmp_ok($sh->rss, '<', $limit_kb, 'memory with 256 idle connections: ' . $sh->rss . ' kB');

# ---- eight slow readers of one year at once ----

my @readers = map { connect_raw(16384) } 1 .. 8;
send_head($_, 'GET', $year) foreach @readers;
my %got = map { $_ => '' } @readers;
my %open = map { $_ => $_ } @readers;
my $peak = 0;
my $short = 0;
my $slowest = 0;
while (%open)
{
	foreach my $socket (values %open)
	{
		my $n = sysread($socket, $got{$socket}, 32768, length($got{$socket}));
		delete $open{$socket} if !$n || $got{$socket} =~ /\r\n0\r\n\r\n\z/;
	}
	my $rss = $sh->rss;
	$peak = $rss if $rss > $peak;
	if ($short++ % 20 == 0)
	{
		my $begin = time();
		is($sh->get('/v2/users/me')->{status}, 200, 'a short request in between');
		$slowest = time() - $begin if time() - $begin > $slowest;
	}
}
cmp_ok($peak, '<', $limit_kb, "memory while eight years are streamed: $peak kB");
cmp_ok($slowest, '<', 5, sprintf('short requests are not held up (slowest %.3f s)', $slowest));
my $complete = grep {
	my ($body) = $got{$_} =~ /\r\n\r\n(.*)\z/s;
	my $plain = '';
	while ($body =~ s/\A([0-9a-fA-F]+)\r\n//)
	{
		my $size = hex($1);
		$plain .= substr($body, 0, $size);
		$body = substr($body, $size + 2);
	}
	$plain eq $expected;
} keys %got;
is($complete, 8, 'every slow reader got the whole year');
no_active_backend('the backends of the slow readers are free');

# ---- readers that go away ----

foreach my $i (1 .. 20)
{
	my $socket = connect_raw(16384);
	send_head($socket, 'GET', $query);
	sysread($socket, my $buf, 1024) or die 'no answer';
	close($socket);
}
no_active_backend('the backends of readers that went away are free');

# ---- a reader that stops reading ----

my $stopped = connect_raw(4096);
send_head($stopped, 'GET', $query);
sysread($stopped, my $first, 1024) or die 'no answer';
like($first, qr{^HTTP/1.1 200}, 'the answer begins');
no_active_backend('a reader that stops is cut off and its backend is free');
is($sh->get('/v2/users/me')->{status}, 200, 'others are served');

# ---- uploads that stop or go away ----

my $fresh = $sh->post('/v2/timeseries', { name => 'uploads', si_unit => 'C' })->{json}{uuid};
foreach my $i (1 .. 20)
{
	my $socket = connect_raw();
	send_head($socket, 'POST', "/v2/timeseries/$fresh/data", 'Content-Type: application/json', 'Content-Length: 1000000');
	syswrite($socket, '[{"v":1,"ts":"2020-01-01T00:00:00Z"},' x 100);
	close($socket);
}
my $stalled = connect_raw();
send_head($stalled, 'POST', "/v2/timeseries/$fresh/data", 'Content-Type: application/json', 'Content-Length: 1000000');
ok(closed_within($stalled, 20), 'an upload without progress is cut off');
my $headless = connect_raw();
syswrite($headless, "GET /v2/users/me HTTP/1.1\r\nHost: lo");
ok(closed_within($headless, 20), 'a request whose headers do not end is cut off');
is($sh->get("/v2/timeseries/$fresh/data?start=2020-01-01T00:00:00Z&end=2020-02-01T00:00:00Z")->{content}, "[]\n", 'nothing of it is stored');
no_active_backend('no backend is left behind');
cmp_ok($sh->rss, '<', $limit_kb, 'memory at the end: ' . $sh->rss . ' kB');

is($sh->stop_selfserv, 0, 'selfserv stops cleanly');
done_testing();
