# Health, readiness, metrics; reloading without dropping a request; the service manager's socket.
use strict;
use warnings;

use POSIX ();
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM);
use Test::More;
use ShTest;

my $notify_path = PostgreSQL::Test::Utils::tempdir_short() . '/notify';
my $notify = IO::Socket::UNIX->new(Local => $notify_path, Type => SOCK_DGRAM) or die "cannot make a socket: $!";

sub notified
{
	my $select = IO::Select->new($notify);
	return 'nothing' unless $select->can_read($ShTest::TIMEOUT);
	$notify->recv(my $text, 100);
	return $text;
}

# PostgreSQL would notify as well.
my $sh = ShTest->new('operations', no_selfserv => 1);
{
	local $ENV{NOTIFY_SOCKET} = $notify_path;
	$sh->start_selfserv;
}
is(notified(), 'READY=1', 'the service manager is told that it is ready');

my ($port) = ShTest::read_file($sh->{log}) =~ m{/metrics on 127\.0\.0\.1 port (\d+)};
ok($port, 'the admin port is in the log');
my $agent = HTTP::Tiny->new(timeout => $ShTest::TIMEOUT);
sub admin { my ($path) = @_; return $agent->get("http://127.0.0.1:$port$path"); }

is(admin('/healthz')->{status}, 200, '/healthz');
my $r = admin('/readyz');
is("$r->{status} $r->{content}", "200 test: ok\n", '/readyz');
is(admin('/nowhere')->{status}, 404, 'nothing else is there');
is($sh->get('/metrics')->{status}, 404, 'nor are they on the port of the API');

# ---- metrics ----

$sh->get('/v2/users/me') foreach 1 .. 7;
$sh->get('/v2/users/me', token => 'secret-token.wrong');
$sh->get('/nowhere/at/all');
my $metrics = $sh->wait_until('the requests are counted', sub {
	my $text = admin('/metrics')->{content};
	return $text =~ /requests_total\{operation="none",status="404"\} [2-9]/
	  && $text =~ /domain_connections\{domain="test"\} [1-9]/ ? $text : undef;
});
like($metrics, qr/^selfserv_requests_total\{operation="get_me",status="200"\} 7$/m, 'requests by operation and status');
like($metrics, qr/^selfserv_requests_total\{operation="get_me",status="401"\} 1$/m, 'refused ones');
like($metrics, qr/^selfserv_request_seconds_bucket\{operation="get_me",le="\+Inf"\} 8$/m, 'a histogram');
like($metrics, qr/^selfserv_request_seconds_count\{operation="get_me"\} 8$/m, 'with its count');
like($metrics, qr/^selfserv_auth_failures_total 1$/m, 'failed log-ins');
like($metrics, qr/^selfserv_domain_connections\{domain="test"\} [1-9]/m, 'connections of the domain');
unlike($metrics, qr/at\/all|token/, 'no label comes from a client');
my @bad = grep { !/^# (HELP|TYPE) [a-z_]+ \S/ && !/^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+$/ } split(/\n/, $metrics);
is("@bad", '', 'every line is in the format');

# ---- a domain that cannot be reached ----

push @{ $sh->{domains} }, 'missing';
$sh->write_domains;
$sh->wait_until('/readyz tells of it', sub { return admin('/readyz')->{status} == 503; });
like(admin('/readyz')->{content}, qr/^missing: cannot be reached$/m, 'which domain');
like(admin('/readyz')->{content}, qr/^test: ok$/m, 'and which not');
pop @{ $sh->{domains} };
$sh->write_domains;
$sh->wait_until('/readyz is content again', sub { return admin('/readyz')->{status} == 200; });

# ---- reload ----

my $config = "$sh->{dir}/selfserv.conf.yaml";
my $before = ShTest::read_file($config);
ShTest::write_file($config, $before . "log:\n  level: debug\n");
kill('HUP', $sh->{pid});
is(notified(), 'RELOADING=1', 'a reload begins');
is(notified(), 'READY=1', 'and ends');
$sh->wait_until('it is in the log', sub { return ShTest::read_file($sh->{log}) =~ /configuration read again/; });
ShTest::write_file($config, "listen: [\n");
kill('HUP', $sh->{pid});
$sh->wait_until('a broken configuration is refused', sub { return ShTest::read_file($sh->{log}) =~ /the old one stays/; });
is($sh->get('/v2/users/me')->{status}, 200, 'and changes nothing');
ShTest::write_file($config, $before);

# Under load: no request fails while it reloads again and again.
my $child = fork() // die "cannot fork: $!";
if ($child == 0)
{
	delete $sh->{pid};
	my $failed = 0;
	foreach my $i (1 .. 500) { $failed++ if $sh->get('/v2/users/me', agent => HTTP::Tiny->new(timeout => 30))->{status} != 200; }
	POSIX::_exit($failed ? 1 : 0);
}
my @told;
while (waitpid($child, POSIX::WNOHANG) == 0) { kill('HUP', $sh->{pid}); push @told, notified(), notified(); }
is($?, 0, 'no request fails during reloads');
cmp_ok(scalar(@told), '>', 2, 'of which there were some');

# ---- stopping ----

is($sh->stop_selfserv, 0, 'it stops');
my @states;
while ((my $state = notified()) ne 'STOPPING=1') { push @states, $state; last if @states > 5000 || $state eq 'nothing'; }
ok(@states < 5000 && (!@states || $states[-1] ne 'nothing'), 'and says so to the service manager');

# ---- a socket of the service manager's ----

my $listener = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "cannot listen: $!";
my $activated = fork() // die "cannot fork: $!";
if ($activated == 0)
{
	POSIX::dup2(fileno($listener), 3);
	$ENV{LISTEN_PID} = $$;
	$ENV{LISTEN_FDS} = 1;
	delete $ENV{NOTIFY_SOCKET};
	open(STDERR, '>>', $sh->{log});
	$^F = 3;
	exec('selfserv', '--config', $config, '--set', 'listen.port=1') or POSIX::_exit(127);
}
my $activated_port = $listener->sockport;
close($listener);
is($agent->get("http://127.0.0.1:$activated_port/status")->{content}, '.', 'a socket is taken over');
kill('TERM', $activated);
waitpid($activated, 0);
is($?, 0, 'and given up at the end');
done_testing();
