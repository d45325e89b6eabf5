# pg_dump and restore of a domain: everything is there, tokens work, access is still checked and the
# caches are still invalidated.
use strict;
use warnings;

use Test::More;
use ShTest;

my $sh = ShTest->new('dump');
my $node = $sh->{node};

my $user = $sh->create_user('dumped user');
$sh->create_policy($user->{group}, 'allow', 'create', 'timeseries');
my $series = $sh->post('/v2/timeseries', { name => 'dumped', si_unit => 'C' }, token => $user->{token});
is($series->{status}, 201, 'a series of an ordinary user');
my $uuid = $series->{json}{uuid};

my @rows = map { sprintf('{"v":%.1f,"ts":"2020-01-%02dT%02d:%02d:00Z"}', $_ / 7, 1 + $_ / 1440, $_ / 60 % 24, $_ % 60) } 0 .. 9999;
my $r = $sh->request('POST', "/v2/timeseries/$uuid/data", content => '[' . join(',', @rows) . ']', token => $user->{token});
is($r->{status}, 201, 'points in sealed rows and in the tail') or diag($r->{content});
my $path = "/v2/timeseries/$uuid/data?start=2020-01-01T00:00:00Z&end=2020-02-01T00:00:00Z";
my $before = $sh->get($path, token => $user->{token});
is(scalar(@{ $before->{json} }), 10000, 'all of them are read');

# A routine that is signed and has run; nobody takes the next run.
my $program = $sh->post('/v2/programs', { name => 'dumped', type => 'routine', state => 'active', schedule => '@every 1h',
	deadline => 1000, language => 'lua' })->{json}{uuid};
is($sh->request('POST', "/v2/programs/$program/code", content => 'x', content_type => 'text/plain')->{status}, 201, 'code');
is($sh->put("/v2/programs/$program/revisions/0/sign")->{status}, 204, 'signed');
my $insert = qq{INSERT INTO selfhost.program_run (program_uuid, kind, state, due, deadline, finished)
	VALUES ('$program', 'routine', 'succeeded', now(), 1000, now()) RETURNING id};
$sh->psql($insert);
ok($node->poll_query_until('test', 'SELECT due IS NOT NULL FROM selfhost.program_schedule'), 'it is scheduled');
my $schedule = $sh->psql('SELECT * FROM selfhost.program_schedule');

my $dump = "$sh->{dir}/test.dump";
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('test') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $dump ], 'pg_restore');

push @{ $sh->{domains} }, 'restored';
$sh->write_domains;
$sh->wait_until('the gateway serves the restored domain', sub {
	return $sh->get('/v2/users/me', domain => 'restored')->{status} == 200;
});

my $after = $sh->get($path, token => $user->{token}, domain => 'restored');
is($after->{content}, $before->{content}, 'the points are the same, byte for byte');
is($sh->get("/v2/users/$user->{uuid}", domain => 'restored')->{json}{name}, 'dumped user', 'the user is there');
foreach my $what (qw(users groups things timeseries))
{
	is($sh->get("/v2/$what?limit=100", domain => 'restored')->{content}, $sh->get("/v2/$what?limit=100")->{content},
		"the list of $what is the same");
}
is($sh->get('/v2/users', token => $user->{token}, domain => 'restored')->{status}, 403, 'rights are checked');

is($sh->get("/v2/programs/$program/runs", domain => 'restored')->{content}, $sh->get("/v2/programs/$program/runs")->{content},
	'the runs of a program');
is($node->safe_psql('restored', 'SELECT * FROM selfhost.program_schedule'), $schedule, 'it is due at the same time');

# New objects do not collide with restored ones.
is((split(/\n/, $node->safe_psql('restored', $insert)))[0], 2, 'a new run has the next number');
$r = $sh->post('/v2/timeseries', { name => 'after', si_unit => 'C' }, domain => 'restored');
is($r->{status}, 201, 'a new series');
$r = $sh->request('POST', "/v2/timeseries/$r->{json}{uuid}/data", domain => 'restored', content => '[{"v":1,"ts":"2020-01-01T00:00:00Z"}]');
is($r->{status}, 201, 'takes points of its own');

# A revoked right is gone with the next request.
my $policy = $sh->post('/v2/policies', { group_uuid => $user->{group}, priority => 0, effect => 'allow', action => 'read', resource => 'users' }, domain => 'restored');
is($policy->{status}, 201, 'a new policy');
is($sh->get('/v2/users', token => $user->{token}, domain => 'restored')->{status}, 200, 'it counts at once');
is($sh->delete("/v2/policies/$policy->{json}{uuid}", domain => 'restored')->{status}, 204, 'the policy is deleted');
is($sh->get('/v2/users', token => $user->{token}, domain => 'restored')->{status}, 403, 'the right is gone at once');

$sh->stop_selfserv;
done_testing();
