# selfctl policy test says what a request is really answered, and which policies decide it.
use strict;
use warnings;

use IPC::Run;
use Test::More;
use ShTest;

my $sh = ShTest->new('policy');
my $user = $sh->create_user("ann\e[1m");
my $thing = $sh->post('/v2/things', { name => 'boiler' })->{json}{uuid};
my $other = $sh->post('/v2/things', { name => 'pump' })->{json}{uuid};

sub selfctl
{
	my (@words) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'selfctl', @words, '--uri', $sh->{node}->connstr('test') ], '<', \undef, '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

# Of many policies, each set of which is tried on requests of each kind.
my @requests = (
	[ 'read', 'things', 'GET', '/v2/things' ],
	[ 'read', "things/$thing", 'GET', "/v2/things/$thing" ],
	[ 'read', "things/$other", 'GET', "/v2/things/$other" ],
	[ 'update', "things/$thing", 'PUT', "/v2/things/$thing", { name => 'boiler' } ],
	[ 'delete', "things/$other", 'DELETE', "/v2/things/$other" ],
	[ 'read', 'users', 'GET', '/v2/users' ]);
my @sets = (
	[],
	[ 'allow read things' ],
	[ 'allow read things%', 'allow update things/%' ],
	[ 'allow read %', "deny read things/$other" ],
	[ 'allow update %', 'deny update things/_%', 'allow read users' ],
	[ 'allow read things/' . substr($thing, 0, 8) . '%', 'deny delete %' ]);
foreach my $set (@sets)
{
	my @policies = map { $sh->create_policy($user->{group}, split(/ /, $_)) } @$set;
	foreach my $request (@requests)
	{
		my ($action, $resource, $method, $path, $body) = @$request;
		my $status = $sh->request($method, $path, token => $user->{token}, $body ? (json => $body) : ())->{status};
		my ($code, $out) = selfctl('policy', 'test', $user->{uuid}, $action, $resource, '--json');
		is($code, 0, "$action $resource: an answer") or next;
		my $told = $ShTest::JSON->decode($out);
		is($told->{allowed} ? 'allowed' : 'not allowed', $status == 403 ? 'not allowed' : 'allowed', "with [@$set]: as $method is answered ($status)");
		my @deciding = grep { $_->{decides} } @{ $told->{policies} };
		is(join(' ', map { $_->{effect} } @deciding) || 'none', !@deciding ? 'none' : $told->{allowed} ? join(' ', ('allow') x @deciding) : join(' ', ('deny') x @deciding),
			'what decides agrees with it');
	}
	$sh->delete("/v2/policies/$_") foreach @policies;
}

# What people see.
my $allow = $sh->create_policy($user->{group}, 'allow', 'read', 'things%');
my $deny = $sh->create_policy($user->{group}, 'deny', 'read', "things/$thing");
my ($code, $out, $err) = selfctl('policy', 'test', $user->{name}, 'read', "things/$thing");
is($code, 0, 'by the name of a user') or diag($err);
like($out, qr/\Anot allowed: a policy denies it\n/, 'the verdict comes first');
like($out, qr/^yes +deny +\S+ +read +things\/$thing +$deny$/m, 'the policy that decides');
like($out, qr/^no +allow +\S+ +read +things% +$allow$/m, 'and the one that lost');
unlike($out, qr/\e/, 'no name steers the terminal');
($code, $out) = selfctl('policy', 'test', $user->{uuid}, 'delete', 'things');
like($out, qr/\Anot allowed: no policy allows it\nNo policy of the user's groups concerns it\.\n\z/, 'without any policy');
my $own = $sh->post('/v2/things', { name => 'own' }, token => $user->{token});
is($own->{status}, 403, 'she may make none');
$sh->create_policy($user->{group}, 'allow', 'create', 'things');
$own = $sh->post('/v2/things', { name => 'own' }, token => $user->{token})->{json}{uuid};
($code, $out) = selfctl('policy', 'test', $user->{uuid}, 'delete', "things/$own");
like($out, qr/\Aallowed: the user has created it\n/, 'what she has made');
is($sh->delete("/v2/things/$own", token => $user->{token})->{status}, 204, 'and so it is');

# Mistakes.
foreach my $case ([ 1, qr/action: must be create, read, update or delete/, $user->{uuid}, 'write', 'things' ], [ 1, qr/resource: must not be empty/, $user->{uuid}, 'read', '' ],
	[ 1, qr/nobody/, 'nobody', 'read', 'things' ], [ 2, qr/policy test --help/, $user->{uuid}, 'read' ])
{
	my ($status, $pattern, @words) = @$case;
	($code, $out, $err) = selfctl('policy', 'test', @words);
	is($code, $status, "[@words]: exit code");
	like($err, $pattern, 'and why');
	is($out, '', 'nothing else');
}
$sh->stop_selfserv;
done_testing();
