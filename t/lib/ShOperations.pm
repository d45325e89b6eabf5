# The operations of the served OpenAPI document and how to call each of them: the tests that walk
# over all operations share this. An operation of the document without an entry in %call fails them.
#
#   ShOperations::use_server($sh);
#   foreach my $operation (ShOperations::operations(ShOperations::document())) {
#       my $call = ShOperations::call($operation->{operationId}) or fail(...);
#       my $r = ShOperations::request($operation, $call, $token);
#   }
package ShOperations;

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use HTTP::Tiny;
use Socket ();

our $sh;
my $serial = 0;
our %make;
our $start = '2020-01-01T00:00:00Z';
our $end = '2020-01-02T00:00:00Z';
# The first page of a list that has another one.
our $page = 'limit=1&count=true';

# HTTP::Tiny writes head and body of a request one after the other. Without this the second waits
# until the first is acknowledged, 40 ms for each request with a body.
package ShOperations::Agent
{
	our @ISA = ('HTTP::Tiny');

	sub _open_handle
	{
		my ($self, @arguments) = @_;
		my $handle = $self->SUPER::_open_handle(@arguments);
		setsockopt($handle->{fh}, Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1);
		return $handle;
	}
}

# The ShTest that everything below works on.
sub use_server
{
	($sh) = @_;
	$sh->{agent} = ShOperations::Agent->new(timeout => $ShTest::TIMEOUT);
	return;
}

# The members of a new object that root makes with a POST.
sub created
{
	my ($path, $json) = @_;
	my $r = $sh->post($path, $json);
	die "POST $path: $r->{status} $r->{content}" if $r->{status} != 201;
	return $r->{json};
}

sub unique { return sprintf('%s %03d', $_[0], ++$serial); }

sub new_alert
{
	return { resource => unique('boiler'), environment => 'test', event => 'too hot', severity => 'major',
		value => '95 C', description => '', origin => 'supervision' };
}

sub new_program
{
	my (%members) = @_;
	return { name => unique('program'), type => 'routine', state => 'active', schedule => '@hourly',
		deadline => 1000, language => 'lua', %members };
}

# A program with a revision, number 0.
sub uploaded_program
{
	my $uuid = $make{program}->(@_);
	my $r = $sh->request('POST', "/v2/programs/$uuid/code", content => 'code', content_type => 'text/plain');
	die "cannot upload: $r->{status} $r->{content}" if $r->{status} != 201;
	return $uuid;
}

sub signed_program
{
	my $uuid = uploaded_program(@_);
	my $r = $sh->request('PUT', "/v2/programs/$uuid/revisions/0/sign");
	die "cannot sign: $r->{status} $r->{content}" if $r->{status} != 204;
	return $uuid;
}

# What an operation works on, made anew by root each time.
%make = (
	thing  => sub { return created('/v2/things', { name => unique('thing') })->{uuid} },
	series => sub {
		return created('/v2/timeseries', { name => unique('series'), si_unit => 'C' })->{uuid};
	},
	full_series => sub {
		my $uuid = $make{series}->();
		my $r = $sh->post("/v2/timeseries/$uuid/data", [ { ts => $start, v => 1 } ]);
		die "cannot add a point: $r->{status} $r->{content}" if $r->{status} != 201;
		return $uuid;
	},
	alert => sub { return created('/v2/alerts', new_alert())->{uuid} },
	dataset => sub {
		return created('/v2/datasets', {
			name => unique('dataset'), format => 'csv', content => 'YQo=' })->{uuid};
	},
	program => sub { return created('/v2/programs', new_program(@_))->{uuid} },
	user  => sub { return created('/v2/users', { name => unique('user') })->{uuid} },
	group => sub { return created('/v2/groups', { name => unique('group') })->{uuid} },
	policy => sub {
		return created('/v2/policies', {
			group_uuid => created('/v2/groups', { name => unique('group') })->{uuid},
			priority => 0, effect => 'allow', action => 'read', resource => 'things/none' })->{uuid};
	},
);

# A new upload of a new dataset, with a part where it is wanted, and how to name it.
sub upload_call
{
	my ($with_part) = @_;
	my $uuid = $make{dataset}->();
	my $upload = $sh->request('POST', "/v2/datasets/$uuid/uploads")->{json}{uploadId};
	my $call = {
		path => [$uuid],
		query => "uploadId=$upload&partNumber=1",
		headers => { 'Content-MD5' => md5_hex('part') } };
	return $call unless $with_part;
	my $r = $sh->request('PUT', "/v2/datasets/$uuid/parts?$call->{query}", content => 'part',
		content_type => 'application/octet-stream', headers => $call->{headers});
	die "cannot put a part: $r->{status} $r->{content}" if $r->{status} != 200;
	return $call;
}

# How to call each operation: path (parameters in order of the path), query, headers, json or content
# with content_type; also: what further rights it needs by its nature ([action, resource], ...); scope:
# its right, where it is not its x-scope; may_be_empty: its list has no rows.
our %call = (
	list_users         => sub { { query => $page } },
	create_user        => sub { { json => { name => unique('new user') } } },
	get_me             => sub { {} },
	get_user           => sub { { path => [ $make{user}->() ] } },
	update_user        => sub { { path => [ $make{user}->() ], json => { name => unique('named') } } },
	delete_user        => sub { { path => [ $make{user}->() ] } },
	list_user_policies => sub { { path => [ $make{user}->() ] } },
	set_user_rate      => sub { { path => [ $make{user}->() ], json => { rate => 100 } } },
	list_user_tokens   => sub {
		my $user = $make{user}->();
		created("/v2/users/$user/tokens", { name => 'token' });
		return { path => [$user] };
	},
	create_user_token  => sub { { path => [ $make{user}->() ], json => { name => 'token' } } },
	delete_user_token  => sub {
		my $user = $make{user}->();
		my $token = created("/v2/users/$user/tokens", { name => 'token' })->{uuid};
		return { path => [ $user, $token ] };
	},

	list_groups         => sub { { query => $page } },
	create_group        => sub { { json => { name => unique('new group') } } },
	get_group           => sub { { path => [ $make{group}->() ] } },
	update_group        => sub { { path => [ $make{group}->() ], json => { name => unique('named') } } },
	delete_group        => sub { { path => [ $make{group}->() ] } },
	list_group_policies => sub {
		my $group = $make{group}->();
		$sh->create_policy($group, 'allow', 'read', 'things/none');
		return { path => [$group] };
	},

	list_policies => sub { { query => $page } },
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

	list_programs           => sub { { query => $page } },
	create_program          => sub { { json => new_program() } },
	get_program             => sub { { path => [ $make{program}->() ] } },
	update_program          => sub { { path => [ $make{program}->() ], json => { name => 'named' } } },
	delete_program          => sub { { path => [ $make{program}->() ] } },
	get_program_code        => sub { { path => [ signed_program() ] } },
	upload_program_code     => sub {
		return { path => [ $make{program}->() ], content => 'code', content_type => 'text/plain' };
	},
	diff_program_revisions  => sub { { path => [ signed_program() ], query => 'rev_a=0&rev_b=-1' } },
	list_program_revisions  => sub { { path => [ uploaded_program() ] } },
	# Without a worker there is none: two that have been.
	list_program_runs       => sub {
		my $uuid = $make{program}->();
		$sh->{node}->safe_psql($sh->{domain}, qq{
			INSERT INTO selfhost.program_run (program_uuid, kind, state, due, deadline, revision, worker_name,
					started, finished, log)
				SELECT '$uuid', 'routine', 'succeeded', now(), 1000, 0, 'test', now(), now() + '1 s', 'done'
				FROM generate_series(1, 2)});
		return { path => [$uuid], query => $page };
	},
	sign_program_revision   => sub { { path => [ uploaded_program(), 0 ] } },
	delete_program_revision => sub { { path => [ signed_program(), 0 ] } },
	# There is no worker to run it.
	get_program_webhook     => sub { { path => [ signed_program(type => 'webhook') ], expect => 503 } },
	call_program_webhook    => sub {
		return { path => [ signed_program(type => 'webhook') ], content => 'x', content_type => 'text/plain',
			expect => 503 };
	},

	list_alerts  => sub { { query => $page } },
	create_alert => sub { { json => new_alert() } },
	get_alert    => sub { { path => [ $make{alert}->() ] } },
	update_alert => sub { { path => [ $make{alert}->() ], json => { status => 'acknowledge' } } },
	delete_alert => sub { { path => [ $make{alert}->() ] } },

	list_things           => sub { { query => $page } },
	create_thing          => sub { { json => { name => unique('new thing') } } },
	get_thing             => sub { { path => [ $make{thing}->() ] } },
	update_thing          => sub { { path => [ $make{thing}->() ], json => { name => unique('named') } } },
	delete_thing          => sub { { path => [ $make{thing}->() ] } },
	list_thing_datasets   => sub {
		my $thing = $make{thing}->();
		my ($dataset) = map {
			created('/v2/datasets', {
				name => unique('dataset'), format => 'csv', content => undef, thing_uuid => $thing })->{uuid}
		} 1 .. 2;
		return { path => [$thing], query => $page, also => [ [ 'read', "datasets/$dataset" ] ] };
	},
	list_thing_timeseries => sub {
		my $thing = $make{thing}->();
		my ($series) = map {
			created('/v2/timeseries', { name => unique('series'), si_unit => 'C', thing_uuid => $thing })->{uuid}
		} 1 .. 2;
		return { path => [$thing], query => $page, also => [ [ 'read', "timeseries/$series" ] ] };
	},

	list_datasets         => sub { { query => $page } },
	create_dataset        => sub {
		return { json => { name => unique('new dataset'), format => 'misc', content => undef } };
	},
	get_dataset           => sub { { path => [ $make{dataset}->() ] } },
	update_dataset        => sub { { path => [ $make{dataset}->() ], json => { format => 'ini' } } },
	delete_dataset        => sub { { path => [ $make{dataset}->() ] } },
	get_dataset_raw       => sub { { path => [ $make{dataset}->() ] } },
	create_dataset_upload => sub { { path => [ $make{dataset}->() ] } },
	delete_dataset_upload => sub { upload_call(0) },
	list_dataset_parts    => sub { upload_call(1) },
	put_dataset_part      => sub {
		return { %{ upload_call(0) }, content => 'part', content_type => 'application/octet-stream' };
	},
	assemble_dataset      => sub { upload_call(1) },

	list_timeseries        => sub { { query => $page } },
	create_timeseries      => sub { { json => { name => unique('new series'), si_unit => 'C' } } },
	get_timeseries         => sub { { path => [ $make{series}->() ] } },
	update_timeseries      => sub { { path => [ $make{series}->() ], json => { name => 'named' } } },
	delete_timeseries      => sub { { path => [ $make{series}->() ] } },
	get_timeseries_data    => sub {
		return { path => [ $make{full_series}->() ], query => "start=$start&end=$end" };
	},
	delete_timeseries_data => sub { { path => [ $make{series}->() ], query => "start=$start&end=$end" } },
	add_timeseries_data    => sub {
		return { path => [ $make{series}->() ], content => qq([{"v":1,"ts":"$start"}]) };
	},
	query_timeseries => sub {
		my $uuid = $make{full_series}->();
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

# The served document.
sub document { return $sh->get('/openapi3.json', token => undef)->{json}; }

# Its operations in a stable order, each with its path and method.
sub operations
{
	my ($document) = @_;
	my @operations;
	foreach my $path (sort keys %{ $document->{paths} })
	{
		my $item = $document->{paths}{$path};
		foreach my $method (sort grep { ref $item->{$_} eq 'HASH' } keys %$item)
		{
			my $o = $item->{$method};
			push @operations, { %$o, path => $path, method => $method } if $o->{operationId};
		}
	}
	return @operations;
}

# A fresh way to call an operation; undef when this file does not know how.
sub call
{
	my ($id) = @_;
	return $call{$id} && $call{$id}->();
}

# Sends a call and returns the answer; without a token: without credentials. The domain may be another
# one than the test's own.
sub request
{
	my ($operation, $call, $token, $domain) = @_;
	my $path = $operation->{path};
	foreach my $value (@{ $call->{path} || [] })
	{
		$path =~ s/\{\w+\}/$value/;
	}
	$path .= "?$call->{query}" if $call->{query};
	my %options = (token => $token, domain => $domain);
	foreach my $name (qw(json content content_type headers))
	{
		$options{$name} = $call->{$name} if exists $call->{$name};
	}
	return $sh->request(uc $operation->{method}, $path, %options);
}

1;
