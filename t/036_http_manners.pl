# Compressed answers, and pages of other origins.
use strict;
use warnings;

use Compress::Zlib ();
use POSIX qw(strftime);
use Test::More;
use ShTest;

my $sh = ShTest->new('manners', conf => { 'cors.allowed_origins' => '[https://*.example.org, http://localhost]' });

# ---- gzip ----

my $series = $sh->post('/v2/timeseries', { name => 'series', si_unit => 'C' })->{json}{uuid};
my $rows = join(',', map { sprintf('{"v":%.1f,"ts":"%s"}', 20 + $_ % 7, strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(1577836800 + 600 * $_))) } 0 .. 49999);
is($sh->request('POST', "/v2/timeseries/$series/data", content => "[$rows]")->{status}, 201, 'points');
my $year = "/v2/timeseries/$series/data?start=2020-01-01T00:00:00Z&end=2020-12-31T00:00:00Z";
my @gzip = (headers => { 'Accept-Encoding' => 'gzip, deflate' });

my $plain = $sh->get($year);
is($plain->{headers}{'content-encoding'}, undef, 'nobody gets gzip who has not asked');
my $packed = $sh->get($year, @gzip);
is($packed->{headers}{'content-encoding'}, 'gzip', 'a long answer in gzip');
my $vary = $packed->{headers}{vary};
like(join(', ', ref $vary ? @$vary : $vary), qr/\bAccept-Encoding\b/, 'says so to caches');
cmp_ok(length($packed->{content}) * 5, '<', length($plain->{content}), 'is much shorter');
is(Compress::Zlib::memGunzip($packed->{content}), $plain->{content}, 'and the same');
is($sh->get($year, headers => { 'Accept-Encoding' => 'gzip;q=0' })->{headers}{'content-encoding'}, undef, 'gzip;q=0 means no');
is($sh->get('/v2/users/me', @gzip)->{headers}{'content-encoding'}, undef, 'a short answer stays as it is');
$sh->post('/v2/things', { name => "thing number $_" }) foreach 1 .. 20;
my $list = $sh->get('/v2/things', @gzip);
is($list->{headers}{'content-encoding'}, 'gzip', 'a list of some length in gzip');
is(Compress::Zlib::memGunzip($list->{content}), $sh->get('/v2/things')->{content}, 'the same list');
my $head = $sh->request('HEAD', $year, @gzip);
is("$head->{status} " . ($head->{content} // ''), '200 ', 'HEAD of a stream');

# ---- CORS ----

sub cors { my ($r) = @_; return $r->{headers}{'access-control-allow-origin'}; }

my $r = $sh->get('/v2/users/me', headers => { Origin => 'https://app.example.org' });
is(cors($r), 'https://app.example.org', 'a page of an allowed origin');
is($r->{headers}{vary}, 'Origin', 'the answer depends on it');
like($r->{headers}{'access-control-expose-headers'}, qr/\bETag\b.*\bX-Request-Id\b/, 'may see these headers');
is($r->{headers}{'access-control-allow-credentials'}, undef, 'without credentials of the browser');
is(cors($sh->get('/v2/users/me', headers => { Origin => 'HTTPS://App.Example.ORG' })), 'HTTPS://App.Example.ORG', 'in any letter case');
$r = $sh->get('/v2/users/me', headers => { Origin => 'https://example.com' });
is("$r->{status} " . (cors($r) // '-'), '200 -', 'a page of another origin sees nothing');
is(cors($sh->get('/v2/users/me', token => undef, headers => { Origin => 'http://localhost' })), 'http://localhost', 'refusals can be seen, too');

sub preflight
{
	my ($origin, $method, $headers) = @_;
	return $sh->request('OPTIONS', '/v2/users', token => undef, headers => { Origin => $origin,
		'Access-Control-Request-Method' => $method,
		defined $headers ? ('Access-Control-Request-Headers' => $headers) : () });
}

$r = preflight('https://app.example.org', 'POST', 'authorization, content-type');
is("$r->{status} $r->{content}", '200 ', 'a preflight');
is(cors($r), 'https://app.example.org', 'passes');
is($r->{headers}{'access-control-allow-methods'}, 'POST', 'for the method');
is($r->{headers}{'access-control-allow-headers'}, 'authorization, content-type', 'and the headers');
is($r->{headers}{'access-control-max-age'}, 300, 'for a while');
is_deeply([ sort @{ $r->{headers}{vary} } ], [ sort qw(Origin Access-Control-Request-Method Access-Control-Request-Headers) ], 'and depends on all of them');
foreach my $case ([ 'https://example.com', 'POST', undef ], [ 'https://app.example.org', 'PATCH', undef ], [ 'https://app.example.org', 'POST', 'x-evil' ])
{
	$r = preflight(@$case);
	is("$r->{status} " . (cors($r) // '-'), '200 -', 'does not pass: ' . join(' ', map { $_ // '' } @$case));
}
is(cors($sh->request('OPTIONS', '/nowhere', token => undef, headers => { Origin => 'http://localhost', 'Access-Control-Request-Method' => 'GET' })),
	'http://localhost', 'the path does not matter');

$sh->stop_selfserv;
done_testing();
