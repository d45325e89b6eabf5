# The description of the API, as it is served, is valid OpenAPI 3.0, and its examples fit their schemas.
use strict;
use warnings;

use Test::More;
use ShTest;
use ShNode;

my $sh = ShTest->new('openapi');

sub validate
{
	my (%options) = @_;
	my $document = $sh->get('/openapi3.json', token => undef)->{json};
	$options{change}->($document) if $options{change};
	return ShNode::run('openapi_valid.js', { document => $document });
}

my $result = validate();
is($result->{version}, '3.0', 'OpenAPI 3.0');
is(join("\n", @{ $result->{problems} }), '', 'is valid');
cmp_ok($result->{operations}, '>=', 40, "all of $result->{operations} operations were looked at");
cmp_ok($result->{examples}, '>=', 40, "all of $result->{examples} examples were looked at");

# What is wrong is found.
my %mistakes = (
	'a member that OpenAPI does not have' => [ sub { $_[0]{paths}{'/v2/users'}{get}{answers} = {} }, qr/must NOT have|additional/i ],
	'an operation without responses' => [ sub { delete $_[0]{paths}{'/v2/users'}{get}{responses} }, qr/responses/ ],
	'a reference to nowhere' => [
		sub { $_[0]{paths}{'/v2/users'}{get}{responses}{200}{content}{'application/json'}{schema} = { '$ref' => '#/components/schemas/Nowhere' } },
		qr/Nowhere/ ],
	'a parameter that the path does not have' => [ sub { $_[0]{paths}{'/v2/{other}'} = delete $_[0]{paths}{'/v2/users/{uuid}'} }, qr/is not in the path/ ],
	'an example of another type' => [
		sub { $_[0]{paths}{'/v2/users'}{get}{responses}{200}{content}{'application/json'}{example} = 'x' }, qr/does not fit/ ],
	'an operationId that stands twice' => [
		sub { $_[0]{paths}{'/v2/users'}{get}{operationId} = $_[0]{paths}{'/v2/users'}{post}{operationId} }, qr/operationId/ ],
);
foreach my $what (sort keys %mistakes)
{
	my ($change, $expected) = @{ $mistakes{$what} };
	like(join("\n", @{ validate(change => $change)->{problems} }), $expected, "found: $what");
}

is($sh->stop_selfserv, 0, 'stopped');
done_testing();
