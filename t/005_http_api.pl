# The documentation of the REST API and openapi.yaml tell the same: operations, rights, parameters,
# choices, statuses. Reads the two files; needs no server.
use strict;
use warnings;

use FindBin;
use Test::More;

my $top = $ENV{SELFHOST_SOURCE} || "$FindBin::Bin/..";
my $yaml = read_file("$top/gateway/openapi.yaml");
my $text = read_file("$top/docs/http-api.md");

sub read_file
{
	my ($file) = @_;
	open(my $fh, '<', $file) or die "cannot read $file: $!";
	local $/;
	return <$fh>;
}

# What the file says in its fixed layout: paths at two spaces, methods at four, keys at six.
sub read_operations
{
	my ($path, $method, @operations);
	foreach my $line (split(/\n/, $yaml))
	{
		last if $line eq 'components:';
		if    ($line =~ m{^  (/\S+):$}) { $path = $1; }
		elsif ($line =~ /^    (get|put|post|delete):$/)
		{
			$method = uc $1;
			push @operations, { path => $path, method => $method, statuses => [], parameters => [] };
		}
		elsif ($line =~ /^      operationId: (\w+)$/) { $operations[-1]{id} = $1; }
		elsif ($line =~ /^      x-scope: (\S+)$/)     { $operations[-1]{scope} = $1; }
		elsif ($line =~ /^      x-lane: (\w+)$/)      { $operations[-1]{lane} = $1; }
		elsif ($line =~ /^        '(\d+)':/) { push @{ $operations[-1]{statuses} }, $1; }
		elsif ($line =~ m{^        - \$ref: '#/components/parameters/(\w+)'$})
		{
			push @{ $operations[-1]{parameters} }, $1;
		}
	}
	return @operations;
}

my @operations = read_operations();
cmp_ok(scalar(@operations), '>=', 39, 'openapi.yaml has its operations');

# | GET /v2/users | `list_users` | read:users |
my %documented;
while ($text =~ m{^\| (GET|PUT|POST|DELETE) (\S+) \| `(\w+)` \| ([^|]+) \|$}mg)
{
	$documented{$3} = { method => $1, path => $2, right => $4 };
}

my %action = (GET => 'read', PUT => 'update', POST => 'create', DELETE => 'delete');
# A POST that is a step of changing what is there.
my %updates = map { $_ => 1 } qw(create_dataset_upload assemble_dataset);
foreach my $operation (@operations)
{
	my ($id, $scope) = @$operation{qw(id scope)};
	my $row = delete $documented{$id};

	ok($row, "$id is documented") or next;
	is("$row->{method} $row->{path}", "$operation->{method} $operation->{path}", "$id: method and path");
	like($row->{right}, qr/^\Q$scope\E(,|\s|$)/, "$id: right");
	my $action = $updates{$id} ? 'update' : $id eq 'get_program_webhook' ? 'create' : $action{$operation->{method}};
	like($scope, qr/^\Q$action\E:/, "$id: the right fits the method");

	# Each name in the scope is one of the path; points of many series name theirs in the body.
	my @unknown = grep { index($operation->{path}, "{$_}") < 0 } $scope =~ /\{(\w+)\}/g;
	is("@unknown", $id eq 'add_points' ? 'uuid' : '', "$id: the scope's names");

	my %status = map { $_ => 1 } @{ $operation->{statuses} };
	ok($status{400} && $status{401} && $status{403} && $status{429} && $status{503},
		"$id: the statuses that all have");
	ok($status{404}, "$id: what a path names may not exist") if $operation->{path} =~ /\{/;
	like($operation->{lane}, qr/^(fast|heavy)$/, "$id: lane");
}
is(join(' ', sort keys %documented), '', 'no other operation is documented');

# Each parameter of the query, and each value that it can take, is explained.
my ($components) = $yaml =~ /^  parameters:\n(.*?)^  headers:\n/ms;
while ($components =~ /^      name: (\w+)\n      in: query\n(.*?)(?=^    \w|\z)/msg)
{
	my ($name, $rest) = ($1, $2);
	ok($text =~ /\b\Q$name\E\b/, "parameter $name");
	if ($rest =~ /enum: \[([^\]]+)\]/)
	{
		ok($text =~ /\b\Q$_\E\b/, "parameter $name: $_") foreach split(/,\s*/, $1);
	}
}

# Each status that an operation declares has its row, and each header of points its mention.
my %declared = map { $_ => 1 } map { @{ $_->{statuses} } } @operations;
ok($text =~ /^\| $_ \|/m, "status $_") foreach sort keys %declared;
ok($text =~ /\b\Q$_\E\b/, "header $_") foreach $yaml =~ /^            (X-[\w-]+):/mg;

done_testing();
