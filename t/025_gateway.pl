# selfserv itself: paths and methods, credentials, what is refused before the database is asked, limits,
# domains that come and go, and stopping.
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);
use ShTest;

my $sh = ShTest->new('gateway', conf => { 'timeouts.body' => '2s' });

# ---- what needs no credentials ----

my $r = $sh->get('/status', token => undef);
is("$r->{status} $r->{content}", '200 .', '/status');
is($sh->get('/STATUS', token => undef)->{status}, 200, 'in any letter case');
$r = $sh->get('/openapi3.json', token => undef);
is($r->{status}, 200, 'the API description');
is($r->{json}{openapi}, '3.0.3', 'is OpenAPI');
like($r->{headers}{'x-request-id'}, qr/^[0-9a-f]{16}$/, 'every answer has a request id');

# ---- paths and methods ----

is($sh->get('/nowhere')->{status}, 404, 'an unknown path');
is($sh->get('/nowhere', token => undef)->{status}, 404, 'also without credentials');
is($sh->get('/v2//users/me/')->{status}, 200, 'doubled and trailing slashes do not matter');
$r = $sh->request('PUT', '/v2/users/me', json => {});
is($r->{status}, 405, 'a method that the path does not have');
is($r->{headers}{allow}, 'GET, HEAD, OPTIONS', 'the others are listed');
$r = $sh->request('OPTIONS', '/v2/users');
is($r->{status}, 204, 'OPTIONS');
is($r->{headers}{allow}, 'GET, HEAD, POST, OPTIONS', 'lists the methods');
$r = $sh->request('HEAD', '/v2/users/me');
is("$r->{status} $r->{content}", '200 ', 'HEAD is GET without the body');

# ---- credentials ----

my @bodies;
foreach my $case (
	[ 'no credentials', token => undef ], [ 'an unknown token', token => 'secret-token.unknown' ],
	[ 'an empty token', token => '' ], [ 'an unknown domain', domain => 'nowhere' ],
	[ 'an empty domain', domain => '' ], [ 'a domain in another letter case', domain => 'Test' ])
{
	my ($what, %options) = @$case;
	$r = $sh->get('/v2/users/me', %options);
	is($r->{status}, 401, $what);
	is($r->{headers}{'www-authenticate'}, 'Basic realm="Selfhost API"', "$what: the scheme is named");
	push @bodies, $r->{content};
}
is(scalar(grep { $_ ne $bodies[0] } @bodies), 0, 'all get the same answer');
foreach my $header ('Bearer x', 'Basic', 'Basic !!!!', 'Basic dGVzdA==', 'basic', '')
{
	$r = $sh->get('/v2/users/me', token => undef, headers => { Authorization => $header });
	is($r->{status}, 401, "Authorization: $header");
}

# An unknown domain takes as long as a wrong token: no answer comes at once.
foreach my $case ([ token => 'secret-token.unknown' ], [ domain => 'nowhere' ])
{
	my $begin = time();
	$sh->get('/v2/users/me', @$case);
	cmp_ok(time() - $begin, '>=', 0.02, "a wrong $case->[0] is told after the same time");
}

# ---- refusals before the database ----

my $series = $sh->post('/v2/timeseries', { name => 'series', si_unit => 'C' })->{json}{uuid};
foreach my $case (
	[ '/v2/things?limit=0', qr/^limit: / ], [ '/v2/things?limit=x', qr/^limit: / ],
	[ '/v2/things?limit=1&limit=2', qr/^limit: / ], [ '/v2/things?offset=-1', qr/^offset: / ],
	[ '/v2/things?tags=', qr/^tags: / ], [ '/v2/things/1', qr/^uuid: / ],
	[ "/v2/timeseries/$series/data?end=2020-01-01T00:00:00Z", qr/^start: is required/ ],
	[ "/v2/timeseries/$series/data?start=2020-01-01&end=2020-01-01T00:00:00Z", qr/^start: / ],
	[ "/v2/timeseries/$series/data?start=2020-01-01T00:00:00Z&end=2020-01-01T00:00:00Z&precision=fortnight", qr/^precision: / ])
{
	$r = $sh->get($case->[0]);
	is($r->{status}, 400, $case->[0]);
	like($r->{content}, $case->[1], 'names the parameter');
	is($sh->get($case->[0], token => undef)->{status}, 401, 'but credentials come first');
	is($sh->get($case->[0], token => 'secret-token.unknown')->{status}, 400, 'if only in form');
}
$r = $sh->get('/v2/things?limit=0', headers => { Accept => 'application/problem+json' });
is($r->{headers}{'content-type'}, 'application/problem+json', 'a problem as JSON, when asked');
is($r->{json}{status}, 400, 'with the status');
is($r->{json}{instance}, $r->{headers}{'x-request-id'}, 'and the request id');

foreach my $case (
	[ 'not JSON', "{\"name\":\n ", 'application/json', 'body: is not JSON: line 2, column 2: it ends too early' ],
	[ 'no body', '', 'application/json', 'body: is required' ],
	[ 'a zero byte', "{\"name\": \"thing\"}\0", 'application/json', 'body: must not have zero bytes' ],
	[ 'invalid UTF-8', "{\"name\": \"thing \xff\"}", 'application/json', 'body: must be UTF-8' ],
	[ 'a number that is too large', '{"name": 1e999999}', 'application/json', 'body: value overflows numeric format' ],
	[ 'another media type', '{"name": "thing"}', 'text/plain', 'Content-Type: must be application/json' ])
{
	$r = $sh->request('POST', '/v2/things', content => $case->[1], content_type => $case->[2]);
	is("$r->{status} $r->{content}", "400 $case->[3]\n", $case->[0]);
}
is($sh->request('POST', '/v2/things', content => '{"name": "a thing"}', content_type => 'Application/JSON; charset=UTF-8')->{status},
	201, 'a media type in another spelling');

# ---- sizes ----

my $large = '{"name": "' . ('x' x (1024 * 1024)) . '"}';
is($sh->request('POST', '/v2/things', content => $large)->{status}, 413, 'a body over the limit');
is($sh->request('POST', "/v2/timeseries/$series/data", content => '[' . (' ' x (6 * 1024 * 1024)) . ']')->{status},
	400, 'points over their limit');
my $sent = 0;
$r = $sh->request('POST', '/v2/things', content => sub { return $sent++ < 40 ? 'x' x 65536 : '' },
	agent => HTTP::Tiny->new(timeout => 30));
is($r->{status}, 413, 'in chunks, without a length, too');
is($sh->get('/v2/users/me')->{status}, 200, 'and the server goes on');

# ---- raw requests ----

sub raw
{
	my (@lines) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $sh->{port}) or die "cannot connect: $!";
	print $socket join("\r\n", @lines, '', '');
	local $/;
	my $answer = <$socket>;
	return $answer // '';
}

my @close = ('Host: x', 'Connection: close', 'Authorization: ' . $sh->authorization($sh->{token}));
like(raw('POST /v2/things HTTP/1.1', @close, 'Transfer-Encoding: gzip'), qr{^HTTP/1.1 (501|400)}, 'an unknown transfer encoding');
like(raw('GET /v2/users/me HTTP/1.0', @close), qr{^HTTP/1.[01] 200}, 'HTTP/1.0');
like(raw('GET /v2/users/me HTTP/1.1', @close, map { "X-$_: " . ('y' x 1000) } 1 .. 200), qr{^HTTP/1.1 4\d\d|^$}, 'too many headers');
like(raw('GET /v2/things?' . join('&', map { "tags=t$_" } 1 .. 2000) . ' HTTP/1.1', @close), qr{^HTTP/1.1 400}, 'too many values');
like(raw('GARBAGE', @close), qr{^HTTP/1.1 400|^$}, 'no HTTP');

# ---- domains come and go ----

my $second_token = $sh->create_domain('second');
$sh->wait_until('the new domain is served', sub {
	return $sh->get('/v2/users/me', domain => 'second', token => $second_token)->{status} == 200;
});
pass('a domain is added while the server runs');
is($sh->get('/v2/users/me', domain => 'second')->{status}, 401, 'its tokens are its own');
is($sh->get('/v2/users/me', token => $second_token)->{status}, 401, 'both ways');
ShTest::write_file("$sh->{dir}/domains.yaml", "domains: [not, a, map]\n");
$sh->wait_until('the broken file is noticed', sub { return ShTest::read_file($sh->{log}) =~ /domains\.yaml:\d+/; });
is($sh->get('/v2/users/me')->{status}, 200, 'a broken file changes nothing');
@{ $sh->{domains} } = grep { $_ ne 'second' } @{ $sh->{domains} };
$sh->write_domains;
$sh->wait_until('the domain is gone', sub {
	return $sh->get('/v2/users/me', domain => 'second', token => $second_token)->{status} == 401;
});
$sh->wait_until('its connections are closed', sub {
	return $sh->{node}->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE datname = 'second'") == 0;
});
pass('a removed domain holds no connection');

# ---- the log ----

# A path that nothing else here has asked for; lines are written some at a time.
$sh->get('/v2/policies?limit=1');
my $entry = $sh->wait_until('the request is in the log', sub {
	my ($line) = reverse grep { m{"path":"/v2/policies"} } split(/\n/, ShTest::read_file($sh->{log}));
	my $found = $line && $line =~ /\}$/ ? decode_json($line) : undef;
	return $found && $found->{status} == 200 ? $found : undef;
});
my $log = ShTest::read_file($sh->{log});
unlike($log, qr/\Q$sh->{token}\E/, 'no token is in the log');
unlike($log, qr/\Q@{[ sha256_hex($sh->{token}) ]}\E/, 'nor its digest');
is("$entry->{msg} $entry->{status} $entry->{domain} $entry->{client}", 'GET 200 test 127.0.0.1', 'a request in the log');
like($entry->{user}, qr/^[0-9a-f-]{36}$/, 'with its user');
like($entry->{request_id}, qr/^[0-9a-f]{16}$/, 'and its id');

# ---- the server of the database goes away ----

$sh->{node}->stop('fast');
$r = $sh->get('/v2/users/me');
is($r->{status}, 503, 'without PostgreSQL: 503');
ok($r->{headers}{'retry-after'}, 'with a time to try again');
unlike($r->{content}, qr/socket|host|port|postgres/i, 'that tells nothing of the inside');
is($sh->get('/status')->{status}, 200, 'the process is there');
$sh->{node}->start;
$sh->wait_until('requests are served again', sub { return $sh->get('/v2/users/me')->{status} == 200; });
is($sh->post('/v2/things', { name => 'after the restart' })->{status}, 201, 'writes, too');

# ---- stopping: a request in hand is finished ----

my $waiting = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $sh->{port}) or die "cannot connect: $!";
my $body = '{"name": "written while stopping"}';
print $waiting join("\r\n", 'POST /v2/things HTTP/1.1', 'Host: x', 'Authorization: ' . $sh->authorization($sh->{token}),
	'Content-Type: application/json', 'Content-Length: ' . length($body), '', substr($body, 0, 10));
$sh->wait_until('the request has begun', sub { return $sh->get('/status')->{status} == 200; });
kill('TERM', $sh->{pid});
$sh->wait_until('no new connection is accepted', sub {
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $sh->{port});
	return !$socket;
});
print $waiting substr($body, 10);
my $answer = do { local $/; <$waiting> };
like($answer, qr{^HTTP/1.1 201}, 'a request in hand is finished');
is($sh->stop_selfserv, 0, 'and then the server ends');

# ---- wrong configuration ----

my ($out, $err);
my $file = "$sh->{dir}/selfserv.conf.yaml";
foreach my $case (
	[ [ '--set', 'listen.port=x' ], qr/listen\.port/ ], [ [ '--set', 'no.such.key=1' ], qr/no\.such\.key/ ],
	[ [ '--set', 'domainfile=/nowhere/domains.yaml' ], qr/domains\.yaml/ ])
{
	ok(!IPC::Run::run([ 'selfserv', '--config', $file, '--check-config', @{ $case->[0] } ], '>', \$out, '2>', \$err),
		"refused: @{ $case->[0] }");
	like($err, $case->[1], 'names the key or the file');
}
ok(IPC::Run::run([ 'selfserv', '--config', $file, '--check-config' ], '>', \$out, '2>', \$err), 'a good configuration');
like($out, qr/good: \d+ operations, 1 domain/, 'is described');
ok(!IPC::Run::run([ 'selfserv', '--nonsense' ], '>', \$out, '2>', \$err), 'an unknown argument');
ok(IPC::Run::run([ 'selfserv', '--help' ], '>', \$out, '2>', \$err) && $out =~ /--config/, '--help');

done_testing();
