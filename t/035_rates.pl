# How often tokens, users and addresses may ask.
use strict;
use warnings;

use Test::More;
use ShTest;

my $sh = ShTest->new('rates', conf => {
	'rate_control.req_per_hour' => 3600, 'rate_control.maxburst' => 20,
	'auth.failures_per_minute' => 60, 'auth.failures_burst' => 10, 'listen.trusted_proxies' => '[127.0.0.0/8]' });

sub statuses
{
	my ($n, %options) = @_;
	my %count;
	$count{ $sh->get('/v2/users/me', %options)->{status} }++ foreach 1 .. $n;
	return \%count;
}

my $user = $sh->create_user('device');
my $count = statuses(60, token => $user->{token});
cmp_ok($count->{200}, '>=', 20, 'a burst of requests is served');
cmp_ok($count->{429} // 0, '>', 20, 'then they are refused') or diag(explain($count));
my $r = $sh->get('/v2/users/me', token => $user->{token});
if ($r->{status} == 429)
{
	is($r->{headers}{'retry-after'}, 1, 'with a time to try again');
	is($r->{headers}{'x-ratelimit-limit'}, 3600, 'the rate');
	is($r->{headers}{'x-ratelimit-remaining'}, 0, 'and what is left');
}
$sh->wait_until('the bucket fills', sub { return $sh->get('/v2/users/me', token => $user->{token})->{status} == 200; });
pass('a while later requests are served again');
is($sh->get('/v2/users/me')->{status}, 200, 'other tokens are not concerned');

# A rate of his own counts over all his tokens.
is($sh->put("/v2/users/$user->{uuid}/rate", { rate => 1 })->{status}, 204, 'a user gets a rate of his own');
my $second = $sh->post("/v2/users/$user->{uuid}/tokens", { name => 'second' })->{json}{secret};
my ($first_count, $second_count) = (statuses(25, token => $second), statuses(5, token => $user->{token}));
is($first_count->{200}, 20, 'the burst is the same') or diag(explain($first_count));
cmp_ok($second_count->{429} // 0, '>=', 4, 'for all his tokens') or diag(explain($second_count));
my $refused = $sh->get('/v2/users/me', token => $second);
is($refused->{headers}{'x-ratelimit-limit'}, 1, 'the rate is his');
cmp_ok($refused->{headers}{'retry-after'}, '>', 1000, 'one request an hour');

# Failed log-ins bar the address, but not who has logged in.
$count = statuses(30, token => 'secret-token.wrong');
cmp_ok($count->{401}, '>=', 10, 'wrong tokens are refused');
cmp_ok($count->{429} // 0, '>=', 5, 'and then not even looked at') or diag(explain($count));
$sh->wait_until('root may ask', sub { return $sh->get('/v2/users/me')->{status} == 200; });
pass('a token that has authenticated goes on');

# Behind a trusted proxy the failures are those of the client.
my @behind = (token => 'secret-token.wrong', headers => { 'X-Forwarded-For' => '203.0.113.5' });
is($sh->get('/v2/users/me', @behind)->{status}, 401, 'another client behind the proxy is not barred');
$count = statuses(30, @behind);
cmp_ok($count->{429} // 0, '>=', 5, 'until it fails, too') or diag(explain($count));
is($sh->get('/v2/users/me', token => 'secret-token.wrong', headers => { 'X-Forwarded-For' => '203.0.113.6' })->{status}, 401, 'a third one is not');
$sh->wait_until('the address is in the log', sub { return ShTest::read_file($sh->{log}) =~ /"client":"203\.0\.113\.6"/; });

$sh->stop_selfserv;
done_testing();
