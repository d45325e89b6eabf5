# The server does what its OpenAPI document says. From the served document, for every operation:
#
#  * each parameter and each member of a JSON body that is missing, of another type, or outside of its
#    enum, length or range is refused with 400, and the text names it; what is at the edge is taken;
#  * a body that is too large, or of another media type, is refused as declared;
#  * without credentials it is 401, for what does not exist 404, with another method 405;
#  * a call that succeeds has a declared status and headers, and a body that fits the declared schema,
#    without members that are not declared;
#  * the document's own examples fit its schemas.
use strict;
use warnings;

use Test::More;
use ShOperations;
use ShSchema;
use ShTest;

# Texts that are not free: one of the least or the most length says nothing.
my %has_syntax = map { $_ => 1 } qw(schedule);

my $UNKNOWN = '99999999-0000-4000-8000-000000000000';

# Sizes that are keys of the configuration; not the defaults, so that it shows that they count.
my %limits = map { $_ => 2000000 } qw(datasets.max_json_size datasets.max_part_size timeseries.max_data_size);

my $sh = ShTest->new('contract', conf => { 'rate_control.maxburst' => 1000000, %limits });
ShOperations::use_server($sh);
my $document = ShOperations::document();
my $schemas = ShSchema->new($document);
my @operations = ShOperations::operations($document);
cmp_ok(scalar(@operations), '>=', 44, 'the document lists the operations');
is(join(' ', $schemas->dangling($document)), '', 'all references lead somewhere')
  or BAIL_OUT('nothing can be checked by a document with holes');

# ---- the checks themselves: what they find ----

subtest 'a value that does not fit is found' => sub {
	my $group = { uuid => $UNKNOWN, name => 'x' };
	my $schema = { '$ref' => '#/components/schemas/Group' };
	is_deeply([ $schemas->errors($group, $schema) ], [], 'a good one');
	is_deeply([ $schemas->errors({ %$group, more => 1 }, $schema) ], ['.more: is not declared'], 'a member too many');
	is_deeply([ $schemas->errors({ name => 'x' }, $schema) ], ['.uuid: is missing'], 'a member too few');
	is_deeply([ $schemas->errors([$group], $schema) ], [': is array, must be object'], 'another type');
	foreach my $name (sort keys %{ $document->{components}{schemas} })
	{
		my $members = $document->{components}{schemas}{$name}{properties} || {};
		foreach my $member (map { $members->{$_} } sort keys %$members)
		{
			my @bad = $schemas->violations($member);
			cmp_ok(scalar(@bad), '>', 0, "$name: values that do not fit") unless $schemas->resolve($member)->{nullable};
			ok(!!(() = $schemas->errors($_->[1], $member)), "$name: $_->[0]") foreach @bad;
		}
	}
};

# ---- calls that differ in one point ----

sub encoded
{
	my ($text) = @_;
	utf8::encode($text);
	$text =~ s/([^A-Za-z0-9._~-])/sprintf('%%%02X', ord $1)/ge;
	return $text;
}

# The call with these values of a parameter of its query: none, one or more.
sub with_query
{
	my ($call, $name, @values) = @_;
	my @pairs = grep { !/^\Q$name\E=/ } split(/&/, $call->{query} // '');
	push @pairs, map { "$name=" . encoded($_) } @values;
	return { %$call, query => join('&', @pairs) };
}

# The call with another value of a path's or header's parameter; undef: without it.
sub with_parameter
{
	my ($operation, $call, $parameter, $value) = @_;
	my $name = $parameter->{name};
	return with_query($call, $name, defined $value ? ($value) : ()) if $parameter->{in} eq 'query';
	if ($parameter->{in} eq 'header')
	{
		my %headers = %{ $call->{headers} || {} };
		delete $headers{$name};
		$headers{$name} = $value if defined $value;
		return { %$call, headers => \%headers };
	}
	my @names = $operation->{path} =~ /\{(\w+)\}/g;
	my @path = map { $names[$_] eq $name ? encoded($value) : $call->{path}[$_] } 0 .. $#names;
	return { %$call, path => \@path };
}

# The body as it is sent, decoded; undef where it is not JSON.
sub body_of
{
	my ($call) = @_;
	return $call->{json} if exists $call->{json};
	return undef unless defined $call->{content} && ($call->{content_type} // 'application/json') eq 'application/json';
	return $ShTest::JSON->decode($call->{content});
}

sub with_body
{
	my ($call, $body) = @_;
	my %other = %$call;
	delete @other{qw(json content content_type)};
	return { %other, json => $body };
}

# ---- what is expected ----

sub declared
{
	my ($operation, $status) = @_;
	return $schemas->resolve($operation->{responses}{$status});
}

# As root: 400, and the text names what is wrong; it may first say where in the body that is.
sub refused
{
	my ($operation, $call, $name, $what) = @_;
	my $r = ShOperations::request($operation, $call, $sh->{token});
	ok($r->{status} == 400 && $r->{content} =~ /(^|: )\Q$name\E: /, "$name: $what")
	  or diag("$operation->{operationId}: $name: $what: $r->{status} " . substr($r->{content}, 0, 200));
	return;
}

# As root, on a fresh object, since it may succeed: whatever comes of it, it is not 400 for this.
sub taken
{
	my ($operation, $change, $name, $what) = @_;
	my $call = ShOperations::call($operation->{operationId});
	my $good = $call->{expect} || '2\d\d';
	my $r = ShOperations::request($operation, $change->($call), $sh->{token});
	like($r->{status}, qr/^($good|404|409)$/, "$name: $what")
	  or diag("$operation->{operationId}: $name: $what: $r->{status} " . substr($r->{content}, 0, 200));
	return;
}

sub has_status
{
	my ($operation, $call, $token, $status, $what) = @_;
	my $r = ShOperations::request($operation, $call, $token);
	is($r->{status}, $status, $what) or diag($r->{content});
	ok(declared($operation, $status), "$status is declared");
	return $r;
}

# ---- parameters ----

sub check_parameter
{
	my ($operation, $call, $parameter) = @_;
	my $name = $parameter->{name};
	my $schema = $schemas->resolve($parameter->{schema});
	my $is_array = ($schema->{type} // '') eq 'array';
	my $good = $is_array ? $schema->{items} : $schema;

	refused($operation, with_parameter($operation, $call, $parameter, undef), $name, 'missing')
	  if $parameter->{required} && $parameter->{in} ne 'path';
	foreach my $bad ($schemas->parameter_violations($good))
	{
		my ($what, $value) = @$bad;
		# An empty segment makes another path.
		next if $parameter->{in} eq 'path' && $value eq '';
		refused($operation, with_parameter($operation, $call, $parameter, $value), $name, $what);
	}
	return if $parameter->{in} ne 'query';
	# A text as long as may be is not one that stands for something.
	foreach my $limit (grep { $_->[0] !~ /length/i } $schemas->limits($good))
	{
		my ($what, $value) = @$limit;
		taken($operation, sub { with_query($_[0], $name, $value) }, $name, $what);
	}
	if ($is_array)
	{
		my $n = $schema->{maxItems};
		my $one = ($good->{format} // '') eq 'uuid' ? $UNKNOWN : 'x';
		ok($n, "$name: has a bound") and refused($operation, with_query($call, $name, ($one) x ($n + 1)), $name, 'too many');
		return;
	}
	my $value = $schema->{enum} ? $schema->{enum}[0] : $schema->{minimum} // 'x';
	refused($operation, with_query($call, $name, $value, $value), $name, 'given twice');
	return;
}

# ---- bodies ----

sub check_members
{
	my ($operation, $call, $schema, $wrap) = @_;
	my $body = $wrap->{get}->(body_of($call));
	my %required = map { $_ => 1 } @{ $schema->{required} || [] };

	foreach my $name (sort keys %{ $schema->{properties} })
	{
		if ($required{$name})
		{
			my %without = %$body;
			delete $without{$name};
			refused($operation, with_body($call, $wrap->{put}->(\%without)), $name, 'missing');
		}
		foreach my $bad ($schemas->violations($schema->{properties}{$name}))
		{
			my ($what, $value) = @$bad;
			refused($operation, with_body($call, $wrap->{put}->({ %$body, $name => $value })), $name, $what);
		}
		foreach my $limit (grep { !$has_syntax{$name} || $_->[0] !~ /Length/ } $schemas->limits($schema->{properties}{$name}))
		{
			my ($what, $value) = @$limit;
			taken($operation,
				sub {
					my ($fresh) = @_;
					return with_body($fresh, $wrap->{put}->({ %{ $wrap->{get}->(body_of($fresh)) }, $name => $value }));
				},
				$name, $what);
		}
	}
	return;
}

# What is refused before anybody looks into it.
sub check_entity
{
	my ($operation, $call) = @_;
	my $body = $schemas->resolve($operation->{requestBody});
	my %empty = map { $_ => $call->{$_} } grep { exists $call->{$_} } qw(path query headers);
	my ($type) = sort keys %{ $body->{content} };

	return if $type eq '*/*';
	has_status($operation, { %empty, content => '{}', content_type => 'application/x-nothing' }, $sh->{token}, 400, 'another media type');
	my $limit = $operation->{'x-max-body'} || 1048576;
	has_status($operation, { %empty, content => ' ' x (($limits{$limit} || $limit) + 1), content_type => $type },
		$sh->{token}, $operation->{'x-too-large-status'} || 413, 'too large');
	return;
}

sub check_body
{
	my ($operation, $call) = @_;
	my $content = $schemas->resolve($operation->{requestBody})->{content};
	my $media = $content->{'application/json'} or return;
	my $schema = $schemas->resolve($media->{schema});

	ok(defined body_of($call), 'the test has a body') or return;
	is_deeply([ $schemas->errors(body_of($call), $schema) ], [], 'the body that succeeds is as described');
	is_deeply([ $schemas->errors($media->{example}, $schema) ], [], 'so is its example') if exists $media->{example};
	foreach my $text ('{"a":', 'x', '')
	{
		my $r = ShOperations::request($operation, { path => $call->{path}, query => $call->{query}, content => $text }, $sh->{token});
		ok($r->{status} == 400 && $r->{content} =~ /^body: |\bjson\b/, "body: not JSON: '$text'") or diag("$r->{status} $r->{content}");
	}
	refused($operation, with_body($call, $_->[1]), 'body', $_->[0]) foreach $schemas->violations({ type => $schema->{type} });
	if ($schema->{type} eq 'object')
	{
		check_members($operation, $call, $schema, { get => sub { $_[0] }, put => sub { $_[0] } });
		return;
	}
	my $items = $schemas->resolve($schema->{items});
	check_members($operation, $call, $items, { get => sub { $_[0][0] }, put => sub { [ $_[0] ] } })
	  if $items->{type} eq 'object';
	return;
}

# ---- answers ----

sub check_answer
{
	my ($operation, $r) = @_;
	my $response = declared($operation, $r->{status});
	ok($response, "the status $r->{status} is declared") or return;
	ok(defined $r->{headers}{ lc $_ }, "header $_") foreach sort keys %{ $response->{headers} || {} };
	my $content = $response->{content};
	if (!$content)
	{
		is($r->{content} // '', '', 'no body is declared, and there is none');
		return;
	}
	my ($type) = grep { lc $_ eq lc($r->{headers}{'content-type'} // '') } sort keys %$content;
	ok($type, 'its media type is declared') or diag($r->{headers}{'content-type'});
	return if !$type || $type !~ m{^application/(problem\+)?json$};
	is_deeply([ $schemas->errors($r->{json}, $content->{$type}{schema}) ], [], 'the body fits its schema')
	  or diag($r->{content});
	return;
}

# ---- one operation after the other ----

foreach my $operation (@operations)
{
	my $id = $operation->{operationId};
	subtest $id => sub {
		my $call = ShOperations::call($id);
		ok($call, 't/lib/ShOperations.pm knows how to call it') or return;

		check_answer($operation, has_status($operation, $call, undef, 401, 'no credentials'));
		my $problem = { %$call, headers => { %{ $call->{headers} || {} }, Accept => 'application/problem+json' } };
		check_answer($operation, has_status($operation, $problem, undef, 401, 'no credentials, as a problem'));

		my @parameters = map { $schemas->resolve($_) } @{ $operation->{parameters} || [] };
		check_parameter($operation, $call, $_) foreach @parameters;
		check_entity($operation, $call) if $operation->{requestBody};
		check_body($operation, $call) if $operation->{requestBody};

		foreach my $parameter (grep { $_->{in} eq 'path' } @parameters)
		{
			my $schema = $schemas->resolve($parameter->{schema});
			my $unknown = $schema->{type} eq 'integer' ? 2147483647 : $UNKNOWN;
			check_answer($operation,
				has_status($operation, with_parameter($operation, $call, $parameter, $unknown), $sh->{token}, 404, "$parameter->{name}: unknown"));
		}
	};
}

my %methods;
push @{ $methods{ $_->{path} } }, uc $_->{method} foreach @operations;
foreach my $path (sort keys %methods)
{
	my %allowed = map { $_ => 1 } @{ $methods{$path} }, 'OPTIONS';
	$allowed{HEAD} = 1 if $allowed{GET} && $path !~ m{/webhook$};
	my $url = $path =~ s/\{\w+\}/$UNKNOWN/gr;
	foreach my $method (grep { !$allowed{$_} } qw(GET PUT POST DELETE PATCH))
	{
		my $r = $sh->request($method, $url);
		is($r->{status}, 405, "$method $path");
		my %allow = map { $_ => 1 } split(/,\s*/, $r->{headers}{allow} // '');
		is(join(' ', sort keys %allow), join(' ', sort keys %allowed), 'Allow');
	}
}

# Last, so that the lists have rows.
foreach my $operation (@operations)
{
	my $id = $operation->{operationId};
	subtest "$id succeeds" => sub {
		my $call = ShOperations::call($id) or return fail('t/lib/ShOperations.pm knows how to call it');
		my $r = ShOperations::request($operation, $call, $sh->{token});
		my $good = $call->{expect} || '2\d\d';
		like($r->{status}, qr/^$good$/, 'it succeeds') or diag($r->{content});
		cmp_ok(scalar(@{ $r->{json} }), '>', 0, 'a list has rows to look at')
		  if ref $r->{json} eq 'ARRAY' && !$call->{may_be_empty};
		check_answer($operation, $r);
		return if $operation->{method} ne 'get' || !$call->{path};
		$call->{path} = [ map { uc } @{ $call->{path} } ];
		like(ShOperations::request($operation, $call, $sh->{token})->{status}, qr/^$good$/, 'so do uuids in capitals');
	};
}

# ---- the document's examples ----

foreach my $name (sort keys %{ $document->{components}{schemas} })
{
	my $schema = $document->{components}{schemas}{$name};
	is_deeply([ $schemas->errors($schema->{example}, $schema) ], [], "example of $name") if exists $schema->{example};
}
foreach my $name (sort keys %{ $document->{components}{parameters} })
{
	my $parameter = $document->{components}{parameters}{$name};
	is_deeply([ $schemas->errors($parameter->{example}, $parameter->{schema}) ], [], "example of $name")
	  if exists $parameter->{example};
}
foreach my $name (sort keys %{ $document->{components}{responses} })
{
	my $content = $document->{components}{responses}{$name}{content};
	is_deeply([ $schemas->errors($content->{$_}{example}, $content->{$_}{schema}) ], [], "example of $name, $_")
	  foreach grep { exists $content->{$_}{example} } sort keys %$content;
}

$sh->stop_selfserv;
done_testing();
