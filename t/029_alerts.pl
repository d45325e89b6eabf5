# Alerts over HTTP: many reports of one at the same moment make one alert; ETag; filters of the list.
use strict;
use warnings;

use IO::Select;
use Test::More;
use ShTest;

my $sh = ShTest->new('alerts');

sub report
{
	my (%other) = @_;
	return { resource => 'boiler', environment => 'test', event => 'too hot', severity => 'major',
		value => '', description => '', origin => 'supervision', %other };
}

# Sends the same request on many connections, none of which gets its last byte before all have all
# others; returns the answers.
sub at_once
{
	my ($n, $path, $json) = @_;
	my $body = $ShTest::JSON->encode($json);
	my $request = "POST $path HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: application/json\r\n"
	  . 'Authorization: ' . $sh->authorization($sh->{token}) . "\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
	my $last = chop $request;

	my @sockets = map {
		IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $sh->{port}, Proto => 'tcp')
		  or die "cannot connect: $!"
	} 1 .. $n;
	$_->syswrite($request) == length($request) or die "cannot send: $!" foreach @sockets;
	$_->syswrite($last) == 1 or die "cannot send: $!" foreach @sockets;
	my @answers;
	foreach my $socket (@sockets)
	{
		my $answer = '';
		while (1)
		{
			die 'no answer in time' unless IO::Select->new($socket)->can_read($ShTest::TIMEOUT);
			$socket->sysread($answer, 65536, length($answer)) or last;
		}
		push @answers, $answer;
	}
	return @answers;
}

# Fifty reports at once: the heavy lane works on many of them at the same time.
my @answers = at_once(50, '/v2/alerts', report());
is(scalar(grep { m{^HTTP/1\.1 201 } } @answers), 50, 'all reports are taken');
my %uuids = map { /"uuid"\s*:\s*"([0-9a-f-]{36})"/ ? ($1 => 1) : () } @answers;
is(scalar(keys %uuids), 1, 'all name the same alert');
my ($uuid) = keys %uuids;
is($sh->psql('SELECT count(*), min(uuid::text), sum(duplicate) FROM selfhost.alert'), "1|$uuid|49", 'there is one alert');

# And while it is closed again and again: never two that are open.
$sh->psql('DELETE FROM selfhost.alert');
foreach my $round (1 .. 3)
{
	@answers = at_once(20, '/v2/alerts', report());
	is(scalar(grep { m{^HTTP/1\.1 201 } } @answers), 20, "round $round: all reports are taken");
	is($sh->psql(q{SELECT count(*), sum(duplicate) FROM selfhost.alert WHERE status = 'open'}), '1|19', "round $round: one is open");
	$sh->psql(q{UPDATE selfhost.alert SET status = 'close'});
}
is($sh->psql('SELECT count(*) FROM selfhost.alert'), 3, 'one for each round');
$sh->psql('DELETE FROM selfhost.alert');

# ---- one alert ----

my $r = $sh->post('/v2/alerts', report(rawdata => 'AAH/+w==', service => [ 'a', 'b' ]));
is($r->{status}, 201, 'reported');
is_deeply([ keys %{ $r->{json} } ], ['uuid'], 'the answer is its uuid');
my $path = "/v2/alerts/$r->{json}{uuid}";
$r = $sh->get($path);
is($r->{status}, 200, 'read');
is($r->{headers}{'content-type'}, 'application/json', 'its media type');
is(join(' ', sort keys %{ $r->{json} }), 'created description duplicate environment event last_receive_time origin '
	  . 'previous_severity rawdata resource service severity status tags timeout uuid value', 'its members');
is($r->{json}{rawdata}, 'AAH/+w==', 'bytes in base64');
is($r->{json}{last_receive_time}, undef, 'not repeated yet');

my $etag = $r->{headers}{etag};
like($etag, qr/^"[0-9a-f]{32}"$/, 'it has an ETag');
$r = $sh->get($path, headers => { 'If-None-Match' => $etag });
is("$r->{status} $r->{content}", '304 ', 'not modified');
is($r->{headers}{etag}, $etag, 'the same ETag');
is($sh->request('HEAD', $path, headers => { 'If-None-Match' => $etag })->{status}, 304, 'HEAD, too');
is($sh->post('/v2/alerts', report(service => [ 'b', 'c' ]))->{status}, 201, 'repeated');
$r = $sh->get($path, headers => { 'If-None-Match' => qq("x", $etag) });
is($r->{status}, 200, 'modified');
is($r->{json}{duplicate}, 1, 'counted');
like($r->{json}{last_receive_time}, qr/^20\d\d-\d\d-\d\dT[0-9:.]+Z$/, 'time of the repetition');
isnt($r->{headers}{etag}, $etag, 'another ETag');

is($sh->put($path, { status => 'acknowledge', severity => 'warning' })->{status}, 204, 'changed');
$r = $sh->get($path)->{json};
is("$r->{status} $r->{severity} $r->{previous_severity}", 'acknowledge warning major', 'status and severities');

# ---- the list ----

$sh->post('/v2/alerts', report(resource => "r $_", severity => $_, tags => [$_])) foreach qw(security minor trace);

# The resources that a query finds.
sub resources
{
	my ($query) = @_;
	my $list = $sh->get("/v2/alerts?$query");
	return $list->{status} == 200 ? join(', ', map { $_->{resource} } @{ $list->{json} }) : "$list->{status} $list->{content}";
}
is(resources(''), 'boiler, r minor, r security, r trace', 'all');
is(resources('severity_le=major&severity_ge=warning'), 'boiler, r minor', 'a window of severities');
is(resources('severity_ge=minor'), 'r minor, r security', 'so severe or more');
is(resources('severity_le=trace'), 'r trace', 'so severe or less');
is(resources('status=acknowledge&resource='), 'boiler', 'a status; an empty text is no filter');
is(resources('tags=trace&tags=minor'), 'r minor, r trace', 'one of the tags');
is(resources('service=b&service=x'), 'boiler', 'one of the services');
is(resources('resource=r%20minor&environment=test&event=too+hot&origin=supervision'), 'r minor', 'texts');
is(resources('limit=1&offset=2'), 'r security', 'a page');
like(resources('severity_le=high'), qr/^400 severity_le: must be one of security, /, 'not a severity');
$sh->psql(q{UPDATE selfhost.alert SET timeout = 0 WHERE resource = 'boiler'});
is(resources('status=expire'), 'boiler', 'past its time-out');

is($sh->delete($path)->{status}, 204, 'deleted');
is($sh->get($path)->{status}, 404, 'gone');

$sh->stop_selfserv;
done_testing();
