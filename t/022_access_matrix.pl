# Each operation of the served OpenAPI document, with exactly its right and with everything but its
# right: the first succeeds, the second is 403. Without credentials it is 401 whatever else is sent.
use strict;
use warnings;

use Test::More;
use ShTest;

my $sh = ShTest->new('matrix');
my $serial = 0;
my $start = '2020-01-01T00:00:00Z';
my $end = '2020-01-02T00:00:00Z';

sub created
{
	my ($path, $json) = @_;
	my $r = $sh->post($path, $json);
	die "POST $path: $r->{status} $r->{content}" if $r->{status} != 201;
	return $r->{json};
}

sub unique { return sprintf('%s %03d', $_[0], ++$serial); }

# What an operation works on, made anew by root each time.
my %make = (
	thing  => sub { return created('/v2/things', { name => unique('thing') })->{uuid} },
	series => sub {
		return created('/v2/timeseries', { name => unique('series'), si_unit => 'C' })->{uuid};
	},
	user  => sub { return created('/v2/users', { name => unique('user') })->{uuid} },
	group => sub { return created('/v2/groups', { name => unique('group') })->{uuid} },
	policy => sub {
		return created('/v2/policies', {
			group_uuid => created('/v2/groups', { name => unique('group') })->{uuid},
			priority => 0, effect => 'allow', action => 'read', resource => 'things/none' })->{uuid};
	},
);

# How to call each operation: path parameters (in order of the path), and json, content, query; and
# what further rights it needs by its nature. "expect": the status, where it is not the plain 2xx.
my %call = (
	list_users         => sub { {} },
	create_user        => sub { { json => { name => unique('new user') } } },
	get_me             => sub { {} },
	get_user           => sub { { path => [ $make{user}->() ] } },
	update_user        => sub { { path => [ $make{user}->() ], json => { name => unique('named') } } },
	delete_user        => sub { { path => [ $make{user}->() ] } },
	list_user_policies => sub { { path => [ $make{user}->() ] } },
	set_user_rate      => sub { { path => [ $make{user}->() ], json => { rate => 100 } } },
	list_user_tokens   => sub { { path => [ $make{user}->() ] } },
	create_user_token  => sub { { path => [ $make{user}->() ], json => { name => 'token' } } },
	delete_user_token  => sub {
		my $user = $make{user}->();
		my $token = created("/v2/users/$user/tokens", { name => 'token' })->{uuid};
		return { path => [ $user, $token ] };
	},

	list_groups         => sub { {} },
	create_group        => sub { { json => { name => unique('new group') } } },
	get_group           => sub { { path => [ $make{group}->() ] } },
	update_group        => sub { { path => [ $make{group}->() ], json => { name => unique('named') } } },
	delete_group        => sub { { path => [ $make{group}->() ] } },
	list_group_policies => sub { { path => [ $make{group}->() ] } },

	list_policies => sub { {} },
	create_policy => sub {
		return {
			json => { group_uuid => $make{group}->(), priority => 1, effect => 'allow',
				action => 'read', resource => 'things/1' },
			also => [ [ 'read', 'things/1' ] ] };
	},
	get_policy    => sub { { path => [ $make{policy}->() ] } },
	update_policy => sub {
		return { path => [ $make{policy}->() ], json => { resource => 'things/other' },
			also => [ [ 'read', 'things/none' ], [ 'read', 'things/other' ] ] };
	},
	delete_policy => sub { { path => [ $make{policy}->() ] } },

	list_things           => sub { {} },
	create_thing          => sub { { json => { name => unique('new thing') } } },
	get_thing             => sub { { path => [ $make{thing}->() ] } },
	update_thing          => sub { { path => [ $make{thing}->() ], json => { name => unique('named') } } },
	delete_thing          => sub { { path => [ $make{thing}->() ] } },
	list_thing_datasets   => sub { { path => [ $make{thing}->() ] } },
	list_thing_timeseries => sub { { path => [ $make{thing}->() ] } },

	list_timeseries        => sub { {} },
	create_timeseries      => sub { { json => { name => unique('new series'), si_unit => 'C' } } },
	get_timeseries         => sub { { path => [ $make{series}->() ] } },
	update_timeseries      => sub { { path => [ $make{series}->() ], json => { name => 'named' } } },
	delete_timeseries      => sub { { path => [ $make{series}->() ] } },
	get_timeseries_data    => sub { { path => [ $make{series}->() ], query => "start=$start&end=$end" } },
	delete_timeseries_data => sub { { path => [ $make{series}->() ], query => "start=$start&end=$end" } },
	add_timeseries_data    => sub {
		return { path => [ $make{series}->() ], content => qq([{"v":1,"ts":"$start"}]) };
	},
	query_timeseries => sub {
		my $uuid = $make{series}->();
		return { query => "uuids=$uuid&start=$start&end=$end",
			also => [ [ 'read', "timeseries/$uuid/data" ] ] };
	},
	# Its rights are those on each series named in the body, and no other.
	add_points => sub {
		my $uuid = $make{series}->();
		return { content => qq([{"uuid":"$uuid","v":1,"ts":"$start"}]),
			scope => [ 'create', "timeseries/$uuid/data" ] };
	},
);

# A user whose only group holds the given policies ([effect, action, resource], ...).
sub user_with
{
	my (@policies) = @_;
	my $user = $sh->create_user(unique('matrix'));
	my $group = $make{group}->();
	$sh->create_policy($group, @$_) foreach @policies;
	my $r = $sh->put("/v2/users/$user->{uuid}", { groups => [$group] });
	die "cannot set groups: $r->{status} $r->{content}" if $r->{status} != 204;
	return $user;
}

sub call_as
{
	my ($operation, $call, $token) = @_;
	my $path = $operation->{path};
	foreach my $value (@{ $call->{path} || [] })
	{
		$path =~ s/\{\w+\}/$value/;
	}
	$path .= "?$call->{query}" if $call->{query};
	my %options = (token => $token);
	$options{json} = $call->{json} if $call->{json};
	$options{content} = $call->{content} if $call->{content};
	return $sh->request(uc $operation->{method}, $path, %options);
}

my $document = $sh->get('/openapi3.json', token => undef)->{json};
my @operations;
foreach my $path (sort keys %{ $document->{paths} })
{
	foreach my $method (sort grep { ref $document->{paths}{$path}{$_} eq 'HASH' } keys %{ $document->{paths}{$path} })
	{
		my $o = $document->{paths}{$path}{$method};
		push @operations, { %$o, path => $path, method => $method } if $o->{operationId};
	}
}
cmp_ok(scalar(@operations), '>=', 39, 'the document lists the operations');

foreach my $operation (@operations)
{
	my $id = $operation->{operationId};
	subtest $id => sub {
		ok($call{$id}, 'the test knows how to call it') or return;

		my $call = $call{$id}->();
		my ($action, $resource) = $call->{scope} ? @{ $call->{scope} } : split(/:/, $operation->{'x-scope'}, 2);
		my @values = @{ $call->{path} || [] };
		$resource =~ s/\{\w+\}/shift @values/ge;

		# get_me is about the caller, who holds this right through his personal group otherwise.
		my $all_but = user_with((map { [ 'allow', $_, '%' ] } qw(create read update delete)),
			[ 'deny', $action, $resource ]);
		my $r = call_as($operation, $call, $all_but->{token});
		is($r->{status}, 403, "everything but $action:$resource is refused") or diag($r->{content});

		my $only = user_with(map { [ 'allow', @$_ ] } [ $action, $resource ], @{ $call->{also} || [] });
		$r = call_as($operation, $call, $only->{token});
		like($r->{status}, qr/^2/, "exactly $action:$resource is enough") or diag($r->{content});

		$call = $call{$id}->();
		is(call_as($operation, $call, undef)->{status}, 401, 'no credentials');
		is(call_as($operation, $call, 'secret-token.wrong')->{status}, 401, 'a wrong token');
	};
}

$sh->stop_selfserv;
done_testing();
