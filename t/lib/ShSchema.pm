# The part of OpenAPI's schemas that openapi.yaml uses: does a value fit a schema, and which values
# do not.
#
#   my $schemas = ShSchema->new($document);
#   my @errors = $schemas->errors($value, $schema);            # ('members[3].uuid: must be a uuid', ...)
#   foreach ($schemas->violations($schema)) { my ($what, $value) = @$_; ... }   # and ->limits()
#
# A schema that uses anything else is an error, too: the test would believe more than it checks.
package ShSchema;

use strict;
use warnings;

use B;
use JSON::PP;

my $MAX_INT32 = 2147483647;

# What is checked, and what is only said.
my %known = map { $_ => 1 } qw(type format nullable enum required properties items additionalProperties
  minLength maxLength minimum maximum minItems maxItems description example default title deprecated);

my %formats = map { $_ => 1 } qw(uuid date-time byte binary int32 int64 double float);

sub new
{
	my ($class, $document) = @_;
	return bless { document => $document }, $class;
}

# What a node stands for: it may be a reference to a component.
sub resolve
{
	my ($self, $node) = @_;
	my $depth = 0;
	while (ref $node eq 'HASH' && exists $node->{'$ref'})
	{
		my ($kind, $name) = $node->{'$ref'} =~ m{^#/components/(\w+)/(\w+)$}
		  or die "cannot resolve $node->{'$ref'}";
		$node = $self->{document}{components}{$kind}{$name} or die "#/components/$kind/$name is missing";
		die 'references in a circle' if ++$depth > 20;
	}
	return $node;
}

# The references in a part of the document that lead nowhere.
sub dangling
{
	my ($self, $node) = @_;
	return map { $self->dangling($_) } @$node if ref $node eq 'ARRAY';
	return () unless ref $node eq 'HASH';
	my @bad = exists $node->{'$ref'} && !eval { $self->resolve($node) } ? ($node->{'$ref'}) : ();
	return (@bad, map { $self->dangling($node->{$_}) } sort keys %$node);
}

# The JSON type of a decoded value.
sub type_of
{
	my ($value) = @_;
	return 'null' unless defined $value;
	return 'boolean' if JSON::PP::is_bool($value);
	return 'array' if ref $value eq 'ARRAY';
	return 'object' if ref $value eq 'HASH';
	my $flags = B::svref_2object(\$value)->FLAGS;
	return 'string' if $flags & B::SVf_POK;
	return $value == int($value) ? 'integer' : 'number';
}

# ---- does a value fit? ----

sub errors
{
	my ($self, $value, $schema, $where) = @_;
	$schema = $self->resolve($schema);
	$where = '' unless defined $where;

	my @errors = map { "$where: the schema has $_, which is not checked" } grep { !$known{$_} && !/^x-/ } sort keys %$schema;
	my $type = type_of($value);
	return (@errors, $schema->{nullable} ? () : "$where: must not be null") if $type eq 'null';
	if (my $wanted = $schema->{type})
	{
		return (@errors, "$where: is $type, must be $wanted")
		  if $type ne $wanted && !($wanted eq 'number' && $type eq 'integer');
	}
	push @errors, "$where: $value is not in the enum"
	  if $schema->{enum} && !grep { $_ eq $value } @{ $schema->{enum} };
	push @errors, $type eq 'object' ? $self->object_errors($value, $schema, $where)
	  : $type eq 'array' ? $self->array_errors($value, $schema, $where)
	  : $type eq 'string' ? string_errors($value, $schema, $where)
	  : number_errors($value, $schema, $where);
	return @errors;
}

# Strict: a member that is not declared is an error, unless additionalProperties describes it.
sub object_errors
{
	my ($self, $value, $schema, $where) = @_;
	my $properties = $schema->{properties} || {};
	my $others = $schema->{additionalProperties};

	my @errors = map { "$where.$_: is missing" } grep { !exists $value->{$_} } @{ $schema->{required} || [] };
	foreach my $name (sort keys %$value)
	{
		if ($properties->{$name})
		{
			push @errors, $self->errors($value->{$name}, $properties->{$name}, "$where.$name");
		}
		elsif (ref $others eq 'HASH')
		{
			push @errors, $self->errors($value->{$name}, $others, "$where.$name");
		}
		else
		{
			push @errors, "$where.$name: is not declared" unless $others;
		}
	}
	return @errors;
}

sub array_errors
{
	my ($self, $value, $schema, $where) = @_;
	my @errors;
	push @errors, "$where: must have at least $schema->{minItems} items"
	  if defined $schema->{minItems} && @$value < $schema->{minItems};
	push @errors, "$where: must have at most $schema->{maxItems} items"
	  if defined $schema->{maxItems} && @$value > $schema->{maxItems};
	return (@errors, "$where: the schema has no items") unless $schema->{items};
	return (@errors, map { $self->errors($value->[$_], $schema->{items}, "${where}[$_]") } 0 .. $#$value);
}

sub string_errors
{
	my ($value, $schema, $where) = @_;
	my $format = $schema->{format} // '';
	my @errors;

	push @errors, "$where: the format $format is not checked" if $format ne '' && !$formats{$format};
	push @errors, "$where: $value is not a lower-case uuid"
	  if $format eq 'uuid' && $value !~ /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;
	push @errors, "$where: $value is not a timestamp"
	  if $format eq 'date-time' && !is_timestamp($value);
	push @errors, "$where: $value is not base64"
	  if $format eq 'byte' && (length($value) % 4 || $value !~ m{^[A-Za-z0-9+/]*={0,2}\z});
	push @errors, "$where: must have at least $schema->{minLength} characters"
	  if defined $schema->{minLength} && length($value) < $schema->{minLength};
	push @errors, "$where: must have at most $schema->{maxLength} characters"
	  if defined $schema->{maxLength} && length($value) > $schema->{maxLength};
	return @errors;
}

sub is_timestamp
{
	my ($text) = @_;
	my ($year, $month, $day) =
	  $text =~ /^(\d{4})-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)\z/
	  or return 0;
	my $leap = $year % 4 == 0 && $year % 100 != 0 || $year % 400 == 0;
	my @days = (31, $leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);
	return $month >= 1 && $month <= 12 && $day >= 1 && $day <= $days[ $month - 1 ];
}

sub number_errors
{
	my ($value, $schema, $where) = @_;
	my @errors;
	push @errors, "$where: must be at least $schema->{minimum}" if defined $schema->{minimum} && $value < $schema->{minimum};
	push @errors, "$where: must be at most $schema->{maximum}" if defined $schema->{maximum} && $value > $schema->{maximum};
	push @errors, "$where: must fit into 32 bits"
	  if ($schema->{format} // '') eq 'int32' && ($value > $MAX_INT32 || $value < -$MAX_INT32 - 1);
	return @errors;
}

# ---- what does not fit ----

# Values of a JSON body that do not fit the schema: [what is wrong, value], ... Of objects the
# members are left to the caller.
sub violations
{
	my ($self, $schema) = @_;
	$schema = $self->resolve($schema);
	my $type = $schema->{type} // '';
	my @bad;

	push @bad, [ 'null', undef ] unless $schema->{nullable};
	my %of_type = (
		string  => [ [ 'a number', 5 ], [ 'a boolean', JSON::PP::true ], [ 'an array', ['a'] ], [ 'an object', {} ] ],
		integer => [ [ 'a string', '5' ], [ 'a fraction', 1.5 ], [ 'an array', [5] ], [ 'a boolean', JSON::PP::true ] ],
		number  => [ [ 'a string', '5' ], [ 'an array', [5] ], [ 'a boolean', JSON::PP::true ] ],
		boolean => [ [ 'a string', 'true' ], [ 'a number', 1 ] ],
		array   => [ [ 'a string', 'a' ], [ 'an object', {} ], [ 'a number', 5 ] ],
		object  => [ [ 'a string', 'a' ], [ 'an array', [] ], [ 'a number', 5 ] ],
	);
	push @bad, @{ $of_type{$type} || [] };
	push @bad, [ 'not of the enum', 'no such choice' ], [ 'in capitals', uc $schema->{enum}[0] ] if $schema->{enum};
	push @bad, map { [ $_->[0], $_->[1] ] } text_violations($schema) if $type eq 'string';
	push @bad, number_violations($schema) if $type eq 'integer' || $type eq 'number';
	if ($type eq 'array')
	{
		push @bad, map { [ "an item that is $_->[0]", [ $_->[1] ] ] } $self->violations($schema->{items});
		push @bad, [ 'without items', [] ] if $schema->{minItems};
	}
	return @bad;
}

# Texts that do not fit, in a body or as a parameter.
sub text_violations
{
	my ($schema) = @_;
	my $format = $schema->{format} // '';
	my $min = $schema->{minLength} // 0;
	my @bad;

	push @bad, [ 'not a uuid', 'x' ], [ 'a uuid without dashes', '0123456789abcdef0123456789abcdef' ] if $format eq 'uuid';
	push @bad, [ 'not a timestamp', 'yesterday' ], [ 'a timestamp without zone', '2020-01-01T00:00:00' ],
	  [ 'a day that is not', '2021-02-29T00:00:00Z' ]
	  if $format eq 'date-time';
	push @bad, [ 'not base64', 'a*b=' ], [ 'base64 without padding', 'YQ' ] if $format eq 'byte';
	push @bad, [ 'too short', 'x' x ($min - 1) ] if $min > 0;
	push @bad, [ 'too long', 'x' x ($schema->{maxLength} + 1) ] if defined $schema->{maxLength};
	return @bad;
}

sub number_violations
{
	my ($schema) = @_;
	my @bad;
	push @bad, [ 'too small', $schema->{minimum} - 1 ] if defined $schema->{minimum};
	push @bad, [ 'too large', $schema->{maximum} + 1 ] if defined $schema->{maximum};
	push @bad, [ 'beyond 32 bits', $MAX_INT32 + 1 ], [ 'below 32 bits', -$MAX_INT32 - 2 ]
	  if ($schema->{format} // '') eq 'int32';
	return @bad;
}

# Values at the edges of a schema, which must be taken: [what it is, value], ... Not of a text with a
# format of its own.
sub limits
{
	my ($self, $schema) = @_;
	$schema = $self->resolve($schema);
	my $type = $schema->{type} // '';
	my @good = map { [ $_, $_ ] } @{ $schema->{enum} || [] };

	push @good, [ 'null', undef ] if $schema->{nullable};
	push @good, map { ["the $_", $schema->{$_} ] } grep { defined $schema->{$_} } qw(minimum maximum);
	push @good, [ 'the largest of 32 bits', $MAX_INT32 ], [ 'the least of 32 bits', -$MAX_INT32 - 1 ]
	  if ($schema->{format} // '') eq 'int32' && !defined $schema->{minimum} && !defined $schema->{maximum};
	push @good, map { [ "of the $_", 'x' x $schema->{$_} ] } grep { defined $schema->{$_} } qw(minLength maxLength)
	  if $type eq 'string';
	push @good, map { [ "an item $_->[0]", [ $_->[1] ] ] } $self->limits($schema->{items}) if $type eq 'array';
	return @good;
}

# Texts of a parameter that do not fit: it has one value in the query, path or header.
sub parameter_violations
{
	my ($self, $schema) = @_;
	$schema = $self->resolve($schema);
	my $type = $schema->{type} // '';
	my %of_type = (
		integer => [ [ 'not a number', 'many' ], [ 'a fraction', '1.5' ], [ 'beyond 64 bits', '9223372036854775808' ] ],
		number  => [ [ 'not a number', 'much' ], [ 'not finite', 'NaN' ] ],
		boolean => [ [ 'not a boolean', 'maybe' ] ],
	);
	my @bad = @{ $of_type{$type} || [] };
	push @bad, [ 'not of the enum', 'no such choice' ], [ 'in capitals', uc $schema->{enum}[0] ] if $schema->{enum};
	push @bad, text_violations($schema) if $type eq 'string';
	push @bad, number_violations($schema) if $type eq 'integer' || $type eq 'number';
	return @bad;
}

1;
