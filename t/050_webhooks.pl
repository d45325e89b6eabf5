# Webhooks: a request waits for the answer of a program without holding a connection to PostgreSQL. The
# worker is a session of psql that does as the query of the request tells.
use strict;
use warnings;

use IO::Select;
use IPC::Run;
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use Test::More;
use Time::HiRes qw(time);
use ShRaw;
use ShTest;

my $SOON = 20;
my $worker = '11111111-1111-4111-8111-111111111111';

my $sh = ShTest->new('webhooks', no_selfserv => 1);

sub with { return $sh->restart_with(@_); }

with();

# ---- a program, and a worker ----

sub make_webhook
{
	my ($name, $deadline) = @_;
	my $r = $sh->post('/v2/programs', { name => $name, type => 'webhook', language => 'lua', state => 'active',
		schedule => '@daily', deadline => $deadline });
	is($r->{status}, 201, "program $name") or die $r->{content};
	my $uuid = $r->{json}{uuid};
	is($sh->request('POST', "/v2/programs/$uuid/code", content => 'code', content_type => 'text/plain')->{status}, 201, 'its code');
	is($sh->request('PUT', "/v2/programs/$uuid/revisions/0/sign")->{status}, 204, 'is signed');
	return "/v2/programs/$uuid/webhook";
}

my $hook = make_webhook('hook', 60000);
is($sh->get($hook)->{status}, 503, 'without a worker: 503');

# What the program answers: the request as it has got it, or what ?do= says.
$sh->psql(<<'EOS');
CREATE SCHEMA t;
CREATE TABLE t.stop ();
CREATE FUNCTION t.finish(worker uuid, run bigint, request jsonb, body bytea) RETURNS boolean LANGUAGE sql AS $$
	SELECT selfhost.worker_finish(worker, run,
		CASE d WHEN 'fail' THEN 'failed' WHEN 'timeout' THEN 'timeout' ELSE 'succeeded' END,
		CASE d WHEN 'fail' THEN 'a secret of the inside' END, 'a line of its log',
		CASE d WHEN 'status' THEN (request #>> '{query,status}')::integer END,
		CASE d WHEN 'binary' THEN '{"content-type": "application/x-bytes"}'
			WHEN 'headers' THEN '{"X-Answer": ["one", "two"], "x-lower": "3", "Content-Length": "99999", "Connection": "close",
				"Transfer-Encoding": "chunked", "X-Request-Id": "mine", "Access-Control-Allow-Origin": "https://one.example",
				"Content-Type": "text/plain"}'
			WHEN 'split' THEN jsonb_build_object('X-Answer', E'one\r\nX-Evil: 1')
			ELSE '{"Content-Type": "application/json"}' END::jsonb,
		CASE d WHEN 'binary' THEN '\x00ff0d0a00' WHEN 'headers' THEN 'x'::bytea WHEN 'status' THEN NULL
			ELSE convert_to(jsonb_build_object('request', request, 'body', encode(body, 'base64'))::text, 'UTF8') END)
	FROM (SELECT request #>> '{query,do}') AS q (d)
$$;
EOS
my $claim = "SELECT count(t.finish('$worker', c.run_id, c.request, c.body)) FROM selfhost.worker_claim('$worker', 1000) AS c";

# A worker that takes runs when it is told to.
my $slow = $sh->{node}->background_psql($sh->{domain});
sub register { $slow->query_safe("SELECT selfhost.worker_register('$worker', 'psql', '{lua}', 10)"); return; }
sub work { return $slow->query_safe($claim); }

sub backends
{
	my ($condition) = @_;
	return $sh->psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'selfhost_gateway'" . ($condition ? " AND $condition" : ''));
}

sub is_queued
{
	my ($n) = @_;
	$sh->wait_until("$n runs are queued", sub { return $sh->psql(q{SELECT count(*) FROM selfhost.program_run WHERE state = 'queued'}) == $n; });
	return;
}

# The answer to one request, with the worker's doing.
sub call
{
	my ($method, $query, %options) = @_;
	my $socket = ShRaw::ask($sh, $method, "$hook$query", %options);
	is_queued(1);
	is(work(), 1, "$method $query is taken");
	my ($status, $text) = ShRaw::answer($socket, $SOON);
	my ($head, $body) = split(/\r\n\r\n/, $text, 2);
	return ($status, $head, $body);
}

register();

# ---- what the program gets ----

my ($status, $head, $body) = call('POST', '?a=1&b=%20x+y&a=2&c&%C3%A4=%F0%9D%84%9E', body => "\0\xffbytes", type => 'application/x-thing',
	headers => [ 'x-PROBE: v', 'X-Twice: one', 'x-twice: two', 'Cookie: a=1', 'Cookie: b=2', 'TE: trailers', 'Proxy-Authorization: Basic x' ]);
is($status, 200, 'a webhook answers');
like($head, qr/^Content-Type: application\/json\r?$/m, 'with its media type');
my $got = decode_json($body);
is($got->{request}{method}, 'POST', 'the method');
is_deeply($got->{request}{query}, { a => [ '1', '2' ], b => ' x y', c => '', "\x{e4}" => "\x{1d11e}" }, 'the query');
is(decode_base64($got->{body}), "\0\xffbytes", 'the body');
is_deeply($got->{request}{headers}, { Host => 'localhost', 'X-Probe' => 'v', 'X-Twice' => 'one, two', Cookie => 'a=1; b=2',
	'Content-Type' => 'application/x-thing', 'Content-Length' => 7 }, 'the headers');

($status, $head, $body) = call('GET', '');
$got = decode_json($body);
is("$status $got->{request}{method}", '200 GET', 'GET');
is_deeply($got->{request}{query}, {}, 'without a query');
is($got->{body}, undef, 'and without a body');

my $r = $sh->request('HEAD', $hook);
is("$r->{status} $r->{headers}{allow}", '405 GET, POST, OPTIONS', 'no HEAD');
is($sh->get("$hook?x=%ff")->{content}, "query: must be UTF-8 without zero bytes\n", 'a query that is no text');
like($sh->get("$hook?x=%f")->{content}, qr/^query: .* invalid percent-encoding$/, 'or cannot be decoded');
is($sh->get("$hook?" . 'x&' x 1001)->{content}, "query: has too many parameters\n", 'or is a great many');

# ---- what the program answers ----

($status, $head, $body) = call('GET', '?do=status&status=404');
is("$status $body", '404 ', 'any status');
($status, $head, $body) = call('GET', '?do=binary');
is("$status $body", "200 \0\xff\r\n\0", 'any bytes');
like($head, qr/^Content-Type: application\/x-bytes\r?$/m, 'with their media type');
($status, $head, $body) = call('GET', '?do=headers', headers => [ 'Origin: https://two.example' ]);
is("$status $body", '200 x', 'an answer with headers');
is_deeply([ $head =~ /^X-Answer: (\w+)/mg ], [ 'one', 'two' ], 'several of one name');
like($head, qr/^x-lower: 3\r?$/m, 'as it is written');
is_deeply([ $head =~ /^Content-Length: (\d+)/mg ], [1], 'the length is the true one');
unlike($head, qr/Transfer-Encoding|Connection: close|mine/, 'the connection is not its business');
is_deeply([ $head =~ /^Access-Control-Allow-Origin: (\S+)/mg ], ['https://one.example'], 'what pages may see is');

($status, $head, $body) = call('GET', '?do=fail');
is("$status $body", "502 the program has failed\n", 'a program that fails: 502, without the reason');
($status, $head, $body) = call('GET', '?do=split');
is($status, 502, 'an answer that is not valid: 502');
unlike($head, qr/X-Evil/, 'no header is smuggled in');
($status, $head, $body) = call('GET', '?do=timeout');
is($status, 504, 'a program past its deadline: 504');

# ---- nobody takes it ----

my $quick = make_webhook('quick', 100);
$sh->psql("ALTER DATABASE $sh->{domain} SET selfhost.webhook_queue_limit = '100ms'");
with();
my $begin = time();
($status, $head) = ShRaw::answer(ShRaw::ask($sh, 'GET', $quick), $SOON);
is($status, 503, 'nobody takes it: 503') or diag($head);
cmp_ok(time() - $begin, '<', $SOON, 'after the time that was told');
$sh->psql("ALTER DATABASE $sh->{domain} RESET selfhost.webhook_queue_limit");

# ---- the connection that listens ----

with('postgres.idle_timeout' => '1s', 'shutdown_timeout' => '1s');
my $listening = q{query = 'LISTEN selfhost_run_done'};
is(backends($listening), 0, 'nobody listens before the first ticket');
my $socket = ShRaw::ask($sh, 'GET', $hook);
is_queued(1);
$sh->wait_until('a connection listens', sub { return backends($listening) == 1; });
$sh->wait_until('it is the only one', sub { return backends() == 1; });
ok(!IO::Select->new($socket)->can_read(0), 'the request waits, though nothing of the rest is left');
$sh->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $listening");
is(work(), 1, 'its run ends when nobody listens');
is((ShRaw::answer($socket, $SOON))[0], 200, 'and it gets its answer all the same');
$sh->wait_until('an idle one is closed', sub { return backends() == 0; });

# ---- limits.deferred; clients that go away ----

with('limits.deferred' => 2);
my @parked = map { ShRaw::ask($sh, 'GET', $hook) } 1 .. 2;
is_queued(2);
# The ticket is on its way to the server.
my $third;
$sh->wait_until('one more is refused', sub {
	$third = ShRaw::ask($sh, 'GET', $hook);
	my ($status) = ShRaw::answer($third, 0.5);
	return $status eq '503';
});
close(shift @parked);
$sh->wait_until('a client that has gone away has left its place', sub {
	$third = ShRaw::ask($sh, 'GET', $hook);
	my ($status) = ShRaw::answer($third, 0.5);
	return $status eq 'nothing';
});
cmp_ok(work(), '>=', 2, 'what waits is taken');
is((ShRaw::answer($_, $SOON))[0], 200, 'and answered') foreach @parked, $third;

# ---- the server stops ----

with('shutdown_timeout' => '1s');
$socket = ShRaw::ask($sh, 'GET', $hook);
is_queued(1);
is($sh->stop_selfserv, 0, 'the server stops');
is((ShRaw::answer($socket, $SOON))[0], 503, 'who waits for a program is told');
work();

# ---- many at a time, over few connections ----

with(threads => 2, 'postgres.connections' => 4);
my $n = 200;
my %waits = map { my $socket = ShRaw::ask($sh, 'POST', "$hook?number=$_", body => "body $_", type => 'text/plain'); $_ => $socket } 1 .. $n;
is_queued($n);
my ($admin) = reverse ShTest::read_file($sh->{log}) =~ m{/metrics on 127\.0\.0\.1 port (\d+)}g;
$sh->wait_until('all of them wait, as /metrics tells', sub {
	return HTTP::Tiny->new->get("http://127.0.0.1:$admin/metrics")->{content} =~ /^selfserv_domain_deferred\{domain="test"\} $n$/m;
});
my $connections = backends();
cmp_ok($connections, '<=', 4 + 2 + 2, "$n requests wait, with $connections connections");
# A worker that takes them as they come: in a session of its own, until it is told to stop.
$slow->query_safe("SELECT selfhost.worker_unregister('$worker')");
ShTest::write_file("$sh->{dir}/worker.sql", <<"EOS");
SELECT selfhost.worker_register('$worker', 'loop', '{lua}', 1000);
DO \$\$
BEGIN
	WHILE to_regclass('t.stop') IS NOT NULL LOOP
		PERFORM t.finish('$worker', c.run_id, c.request, c.body) FROM selfhost.worker_claim('$worker', 1000) AS c;
		COMMIT;
		PERFORM pg_sleep(0.001);
	END LOOP;
END
\$\$;
EOS
my $log = "$PostgreSQL::Test::Utils::log_path/worker.log";
my $loop = IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $sh->{node}->connstr($sh->{domain}), '-f', "$sh->{dir}/worker.sql" ], '>', $log, '2>&1');
my @wrong = grep {
	my ($status, $text) = ShRaw::answer($waits{$_}, 60);
	my $got = $status eq '200' ? decode_json((split(/\r\n\r\n/, $text, 2))[1]) : {};
	$status ne '200' || $got->{request}{query}{number} ne $_ || decode_base64($got->{body}) ne "body $_";
} sort { $a <=> $b } keys %waits;
is(scalar(@wrong), 0, 'each gets its own answer') or diag("wrong: @wrong");

# And one after the other, over one connection: what the way over the worker costs.
my $count = 200;
foreach my $case ([ 'a webhook', $hook, 200 ], [ 'a write', '/v2/things', 201 ], [ 'a read', '/v2/users/me', 200 ])
{
	my ($what, $path, $expected) = @$case;
	my @request = ($path eq $hook ? 'GET' : $expected == 201 ? 'POST' : 'GET', $path);
	my $socket = ShRaw::connection($sh);
	my @took;
	foreach my $i (1 .. $count)
	{
		my $begin = time();
		ShRaw::ask($sh, @request, socket => $socket, $expected == 201 ? (body => '{"name": "a thing"}') : ());
		push @took, time() - $begin if (ShRaw::answer($socket, $SOON))[0] eq $expected;
	}
	is(scalar(@took), $count, "$what, one after the other");
	note(sprintf('%s takes %.2f ms', $what, 1000 * (sort { $a <=> $b } @took)[ $count / 2 ]));
}

$sh->psql('DROP TABLE t.stop');
$loop->finish;
unlike(ShTest::read_file($log), qr/ERROR/, 'the worker has ended well');
$slow->quit;
is($sh->stop_selfserv, 0, 'selfserv stops');
done_testing();
