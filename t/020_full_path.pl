# The whole way, once: a user with rights of his own makes a thing and a series, writes points, reads
# them back as points, as averages and in another unit, and deletes everything again.
use strict;
use warnings;

use Test::More;
use ShTest;

my $sh = ShTest->new('full_path');

my $me = $sh->get('/v2/users/me');
is($me->{status}, 200, 'root is known');
is($me->{json}{name}, 'root', 'by name');

my $anna = $sh->create_user('anna');
my @token = (token => $anna->{token});
is($sh->get('/v2/users/me', @token)->{json}{uuid}, $anna->{uuid}, 'a new user logs in');
is($sh->get('/v2/things', @token)->{status}, 403, 'and may not look at things');
foreach my $resource (qw(things timeseries))
{
	$sh->create_policy($anna->{group}, 'allow', $_, $resource) foreach qw(create read);
}
is($sh->get('/v2/things', @token)->{content}, "[]\n", 'until he is allowed to');

my $thing = $sh->post('/v2/things', { name => 'boiler', type => 'heating', tags => ['basement'] }, @token);
is($thing->{status}, 201, 'a thing');
is($thing->{json}{created_by}, $anna->{uuid}, 'made by her');
my $uuid = $thing->{json}{uuid};
my $series = $sh->post('/v2/timeseries', { name => 'flow temperature', si_unit => 'C',
	thing_uuid => $uuid, lower_bound => -40, upper_bound => 120 }, @token);
is($series->{status}, 201, 'a series of it') or diag($series->{content});
my $path = "/v2/timeseries/$series->{json}{uuid}";
is($sh->get($path, @token)->{json}{thing_uuid}, $uuid, 'which belongs to the thing');
is(scalar(@{ $sh->get("/v2/things/$uuid/timeseries", @token)->{json} }), 1, 'and is listed there');

my @points = (
	{ ts => '2024-03-01T10:00:00Z', v => 20 }, { ts => '2024-03-01T10:30:00Z', v => 30 },
	{ ts => '2024-03-01T11:00:00.5Z', v => -7.25 }, { ts => '2024-03-01T12:00:00+01:00', v => 500 });
my $r = $sh->post("$path/data", \@points, @token);
is($r->{status}, 201, 'points are written') or diag($r->{content});
is($r->{content}, '', 'without a body in the answer');
is($r->{headers}{'x-points-inserted'}, 3, 'three of them');
is($r->{headers}{'x-points-out-of-bounds'}, 1, 'and one dropped for the bounds');
is($sh->post("$path/data", [ $points[0] ], @token)->{status}, 409, 'a point cannot be written twice');

my $window = 'start=2024-03-01T00:00:00Z&end=2024-03-02T00:00:00Z';
$r = $sh->get("$path/data?$window", @token);
is($r->{status}, 200, 'points are read');
like($r->{headers}{'content-type'}, qr{^application/json}, 'as JSON');
is_deeply($r->{json}, [ @points[ 0 .. 2 ] ], 'as they were written');
$r = $sh->get("$path/data?$window&precision=hour&aggregate=avg&timezone=Europe/Stockholm", @token);
is_deeply($r->{json}, [
	{ ts => '2024-03-01T11:00:00+01:00', v => 25 },
	{ ts => '2024-03-01T12:00:00+01:00', v => -7.25 } ], 'hourly averages in a time zone');
$r = $sh->get("$path/data?$window&unit=F&ge=60", @token);
is_deeply([ map { $_->{v} } @{ $r->{json} } ], [ 68, 86 ], 'in Fahrenheit, above a limit');
is($sh->get("$path/data?$window&unit=kg", @token)->{status}, 400, 'but not in kilograms');

# Two series in one question, and in one write.
my $second = $sh->post('/v2/timeseries', { name => 'return temperature', si_unit => 'C' }, @token)->{json}{uuid};
$r = $sh->post('/v2/tsdata', [
	{ uuid => $second, ts => '2024-03-01T10:00:00Z', v => 15 },
	{ uuid => $series->{json}{uuid}, ts => '2024-03-01T13:00:00Z', v => 16 } ], @token);
is($r->{status}, 201, 'points of two series at once') or diag($r->{content});
is($sh->get("/v2/tsquery?uuids=$second&$window", @token)->{status}, 403, 'tsquery has a right of its own');
$sh->create_policy($anna->{group}, 'allow', 'read', 'tsquery');
$r = $sh->get("/v2/tsquery?uuids=$second&uuids=$series->{json}{uuid}&$window", @token);
is($r->{status}, 200, 'both are queried') or diag($r->{content});
is_deeply([ map { [ $_->{uuid}, scalar @{ $_->{data} } ] } @{ $r->{json} } ],
	[ [ $second, 1 ], [ $series->{json}{uuid}, 4 ] ], 'in the order asked for');

# Another user sees nothing of it.
my $bert = $sh->create_user('bert');
$sh->create_policy($bert->{group}, 'allow', 'read', $_) foreach qw(things timeseries);
is($sh->get('/v2/things', token => $bert->{token})->{content}, "[]\n", 'another user sees no thing');
is($sh->get($path, token => $bert->{token})->{status}, 403, 'nor the series');
is($sh->get("$path/data?$window", token => $bert->{token})->{status}, 403, 'nor its points');
my $policy = $sh->create_policy($bert->{group}, 'allow', 'read', "timeseries/$series->{json}{uuid}%");
is($sh->get("$path/data?$window", token => $bert->{token})->{status}, 200, 'until a policy allows it');
is($sh->delete("/v2/policies/$policy")->{status}, 204, 'the policy is withdrawn');
is($sh->get("$path/data?$window", token => $bert->{token})->{status}, 403, 'and the right is gone');

is($sh->delete("$path/data?$window&ge=20", @token)->{status}, 204, 'a range of points is deleted');
is_deeply([ map { $_->{v} } @{ $sh->get("$path/data?$window", @token)->{json} } ], [ -7.25, 16 ], 'and no other');
is($sh->put($path, { name => 'renamed', thing_uuid => undef }, @token)->{status}, 204, 'the series is changed');
$r = $sh->get($path, @token);
is($r->{json}{name}, 'renamed', 'its name');
is($r->{json}{thing_uuid}, undef, 'and its thing');
is($sh->delete($path, @token)->{status}, 204, 'the series is deleted');
is($sh->get($path, @token)->{status}, 403, 'and with it the right of its creator');
is($sh->get($path)->{status}, 404, 'it does not exist');
is($sh->delete("/v2/things/$uuid", @token)->{status}, 204, 'the thing is deleted');

# An inactive user cannot log in; a deleted one neither.
is($sh->put("/v2/users/$anna->{uuid}", { state => 'inactive' })->{status}, 204, 'a user is made inactive');
is($sh->get('/v2/users/me', @token)->{status}, 401, 'and cannot log in');
is($sh->put("/v2/users/$anna->{uuid}", { state => 'active' })->{status}, 204, 'and active');
is($sh->get('/v2/users/me', @token)->{status}, 200, 'and can log in again');
is($sh->delete("/v2/users/$anna->{uuid}")->{status}, 204, 'the user is deleted');
is($sh->get('/v2/users/me', @token)->{status}, 401, 'with his token');

is($sh->stop_selfserv, 0, 'selfserv stops cleanly');
done_testing();
