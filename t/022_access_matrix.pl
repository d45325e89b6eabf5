# Each operation of the served OpenAPI document, with exactly its right and with everything but its
# right: the first succeeds, the second is 403. Without credentials it is 401 whatever else is sent.
use strict;
use warnings;

use Test::More;
use ShOperations;
use ShTest;

my $sh = ShTest->new('matrix');
ShOperations::use_server($sh);

# A user whose only group holds the given policies ([effect, action, resource], ...).
sub user_with
{
	my (@policies) = @_;
	my $user = $sh->create_user(ShOperations::unique('matrix'));
	my $group = $ShOperations::make{group}->();
	$sh->create_policy($group, @$_) foreach @policies;
	my $r = $sh->put("/v2/users/$user->{uuid}", { groups => [$group] });
	die "cannot set groups: $r->{status} $r->{content}" if $r->{status} != 204;
	return $user;
}

my @operations = ShOperations::operations(ShOperations::document());
cmp_ok(scalar(@operations), '>=', 39, 'the document lists the operations');

foreach my $operation (@operations)
{
	my $id = $operation->{operationId};
	subtest $id => sub {
		my $call = ShOperations::call($id);
		ok($call, 't/lib/ShOperations.pm knows how to call it') or return;

		my ($action, $resource) = $call->{scope} ? @{ $call->{scope} } : split(/:/, $operation->{'x-scope'}, 2);
		my @values = @{ $call->{path} || [] };
		$resource =~ s/\{\w+\}/shift @values/ge;

		# get_me is about the caller, who holds this right through his personal group otherwise.
		my $all_but = user_with((map { [ 'allow', $_, '%' ] } qw(create read update delete)),
			[ 'deny', $action, $resource ]);
		my $r = ShOperations::request($operation, $call, $all_but->{token});
		is($r->{status}, 403, "everything but $action:$resource is refused") or diag($r->{content});

		my $only = user_with(map { [ 'allow', @$_ ] } [ $action, $resource ], @{ $call->{also} || [] });
		$r = ShOperations::request($operation, $call, $only->{token});
		like($r->{status}, $call->{expect} ? qr/^$call->{expect}$/ : qr/^2/, "exactly $action:$resource is enough") or diag($r->{content});

		$call = ShOperations::call($id);
		is(ShOperations::request($operation, $call, undef)->{status}, 401, 'no credentials');
		is(ShOperations::request($operation, $call, 'secret-token.wrong')->{status}, 401, 'a wrong token');
	};
}

$sh->stop_selfserv;
done_testing();
