# Pages of lists: Link headers lead through a collection, X-Total-Count tells how long it is.
use strict;
use warnings;
use utf8;

use Test::More;
use ShOperations;
use ShTest;

my $sh = ShTest->new('paging');
ShOperations::use_server($sh);

# The target of rel="next", as RFC 8288 has it; undef on the last page.
sub next_of
{
	my ($r) = @_;
	my $link = $r->{headers}{link} // return;
	$link =~ /^<([^<>\s]+)>; rel="next"$/ or die "not a link: $link";
	return $1;
}

# Follows the links from a path on; returns the numbers of rows, the rows, the paths.
sub follow
{
	my ($path, %options) = @_;
	my (@sizes, @rows, @paths);
	while (defined $path)
	{
		die "$path leads in circles" if @paths > 20;
		my $r = $sh->get($path, %options);
		is($r->{status}, 200, "GET $path") or last;
		push @paths, $path;
		push @sizes, scalar @{ $r->{json} };
		push @rows, @{ $r->{json} };
		$path = next_of($r);
	}
	return (\@sizes, \@rows, \@paths);
}

sub names { return join('|', map { $_->{name} } @_); }

# ---- 45 things with tags of all kinds ----

my @tags = ('a&b=c', 'ä +%/~"<>;,#?', "line\nend", '100%25');
my $anna = $sh->create_user('anna');
$sh->create_policy($anna->{group}, 'allow', 'read', 'things');
foreach my $i (1 .. 45)
{
	my $r = $sh->post('/v2/things', { name => sprintf('thing %02d', $i), tags => [ 'all', $i % 2 ? @tags : () ] });
	die "cannot make a thing: $r->{content}" if $r->{status} != 201;
	$sh->create_policy($anna->{group}, 'allow', 'read', "things/$r->{json}{uuid}") if $i % 3 == 0;
}

my ($sizes, $rows, $paths) = follow('/v2/things?limit=10');
is("@$sizes", '10 10 10 10 5', 'pages of 10, and the rest');
is(names(@$rows), join('|', map { sprintf('thing %02d', $_) } 1 .. 45), 'each thing once, in order');
is($paths->[1], '/v2/things?limit=10&offset=10', 'a link');
($sizes) = follow('/v2/things?limit=15');
is("@$sizes", '15 15 15', 'the last page is full, and has no link');
($sizes, $rows, $paths) = follow('/v2/things?offset=5');
is("@$sizes", '20 20', 'the default');
is($paths->[1], '/v2/things?limit=20&offset=25', 'stands in the link');

# Only what the caller may read is told of.
($sizes, $rows) = follow('/v2/things?limit=10', token => $anna->{token});
is("@$sizes", '10 5', 'pages of what one may read');

sub encoded { my ($text) = @_; utf8::encode($text); $text =~ s/([^A-Za-z0-9._~-])/sprintf('%%%02X', ord $1)/ge; return $text; }
foreach my $tag (@tags)
{
	my $query = 'tags=' . encoded($tag);
	my $all = $sh->get("/v2/things?limit=100&$query")->{json};
	my ($s, $r, $p) = follow("/v2/things?limit=10&$query&tags=none");
	is("@$s", '10 10 3', 'pages of a tag');
	is(names(@$r), names(@$all), 'the same rows');
	is($p->[1], "/v2/things?limit=10&offset=10&$query&tags=none", 'the link repeats the tags');
}

# ---- X-Total-Count ----

sub total { my ($path, %options) = @_; return $sh->get($path, %options)->{headers}{'x-total-count'}; }

is(total('/v2/things?limit=10'), undef, 'nobody is told who has not asked');
is(total('/v2/things?limit=10&count=false'), undef, 'nor who does not want to know');
is(total('/v2/things?limit=10&count=true'), 45, 'all pages together');
is(total('/v2/things?limit=10&offset=100&count=true'), 45, 'also behind the last one');
is(total('/v2/things?count=true&tags=none'), 0, 'of what was asked for');
is(total('/v2/things?count=true', token => $anna->{token}), 15, 'of what one may read');
my $r = $sh->get('/v2/things?count=maybe');
is("$r->{status} $r->{content}", "400 count: must be true or false\n", 'a choice');
$r = $sh->get('/v2/things?count=true&limit=20');
is(next_of($r), '/v2/things?limit=20&offset=20&count=true', 'the link asks again');
$r = $sh->request('HEAD', '/v2/things?count=true&limit=20');
is("$r->{headers}{'x-total-count'} " . next_of($r), '45 /v2/things?limit=20&offset=20&count=true', 'HEAD tells it, too');

# A request that is long, but lets its link pass; then one whose link would be too long.
my $long = join('&', map { 'tags=' . ('x' x 400) . $_ } 1 .. 19);
($sizes) = follow("/v2/things?limit=40&tags=all&$long");
is("@$sizes", '40 5', 'a long link');
$r = $sh->get("/v2/things?limit=40&tags=all&$long&$long");
is("$r->{status} " . scalar(@{ $r->{json} }) . ' ' . ($r->{headers}{link} // '-'), '200 40 -', 'one that is too long is left out');

# ---- every list with pages ----

my @lists = grep { my $o = $_; grep { ($_->{name} // $_->{'$ref'}) =~ /\bcount$/i } @{ $o->{parameters} || [] } }
	ShOperations::operations(ShOperations::document());
cmp_ok(scalar(@lists), '>=', 9, 'the lists that can be counted');
my $thing = ShOperations::created('/v2/things', { name => 'thing of many' })->{uuid};
foreach my $n (1 .. 2)
{
	ShOperations::created('/v2/timeseries', { name => "series $n", si_unit => 'C', thing_uuid => $thing });
	ShOperations::created('/v2/datasets', { name => "dataset $n", format => 'csv', content => undef, thing_uuid => $thing });
	$ShOperations::make{alert}->();
	my $call = ShOperations::call('create_program') or next;
	$sh->post('/v2/programs', $call->{json});
}
foreach my $list (@lists)
{
	my $parent = $list->{operationId} eq 'list_program_runs' ? ShOperations::call('list_program_runs')->{path}[0] : $thing;
	my $path = $list->{path} =~ s/\{uuid\}/$parent/r;
	my $whole = $sh->get("$path?limit=100&count=true");
	my $n = scalar @{ $whole->{json} };
	cmp_ok($n, '>=', 2, "$list->{operationId} has rows");
	is($whole->{headers}{'x-total-count'}, $n, 'and counts them');
	is($whole->{headers}{link}, undef, 'all are here');
	my $first = $sh->get("$path?limit=1");
	my $next = next_of($first);
	is($next, "$path?limit=1&offset=1", 'the next page');
	is_deeply([ @{ $first->{json} }, @{ $sh->get($next // $path)->{json} } ], [ @{ $whole->{json} }[ 0, 1 ] ], 'goes on');
}
is(next_of($sh->get("/v2/things/$thing/timeseries")), undef, 'what belongs to a thing comes as a whole');

$r = $sh->get('/v2/alerts?limit=1&severity_ge=trace&environment=test&service=&resource=');
is($r->{status}, 400, 'an empty service');
$r = $sh->get('/v2/alerts?limit=1&severity_ge=trace&environment=test&resource=');
is(next_of($r), '/v2/alerts?limit=1&offset=1&environment=test&severity_ge=trace', 'all filters of alerts stay');
my $groups = join('&', map { "group_uuids=00000000-0000-1000-8000-00000000000$_" } 0, 1);
is(next_of($sh->get("/v2/policies?$groups&limit=1")), "/v2/policies?limit=1&offset=1&$groups", 'groups of policies');

is($sh->stop_selfserv, 0, 'stopped');
done_testing();
