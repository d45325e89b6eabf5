# Figures of "make bench": printed as they come, and written as Markdown at the end.
package BenchReport;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(median paired per_second us rate);

sub new
{
	my ($class) = @_;
	return bless { goals => [], tables => [] }, $class;
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	die "bench: no figures\n" unless @sorted;
	return $sorted[ ($#sorted + 1) / 2 ];
}

# Of the rows of "load": a field of one target divided by that of another, repetition by repetition.
sub paired
{
	my ($rows, $field, $over, $under) = @_;
	my (%of, @ratios);
	$of{ $_->{target} }{ $_->{repetition} } = $_->{$field} foreach @$rows;
	foreach my $repetition (sort { $a <=> $b } keys %{ $of{$over} || {} })
	{
		my $divisor = $of{$under}{$repetition};
		push @ratios, $of{$over}{$repetition} / $divisor if $divisor;
	}
	return @ratios;
}

# A time in microseconds for people.
sub us
{
	my ($us) = @_;
	return sprintf('%.1f s', $us / 1e6) if $us >= 1e7;
	return sprintf($us >= 1e5 ? '%.0f ms' : $us >= 1e4 ? '%.1f ms' : '%.2f ms', $us / 1e3) if $us >= 1e3;
	return sprintf('%.0f µs', $us);
}

# A number a second, or of anything, with its thousands apart.
sub rate
{
	my ($number) = @_;
	my $text = sprintf('%.0f', $number);
	1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
	return $text;
}

# what: the sentence. values: one for each repetition; the median counts. sign: ">=" or "<=". format: of
# a value. raw: what it comes from.
sub goal
{
	my ($self, $what, $values, $sign, $bound, $format, $raw) = @_;
	my $value = median(@$values);
	my @sorted = sort { $a <=> $b } @$values;
	my $met = $sign eq '>=' ? $value >= $bound : $value <= $bound;
	my %row = (
		what   => $what,
		value  => sprintf($format, $value),
		spread => @sorted > 1 ? sprintf("$format to $format", $sorted[0], $sorted[-1]) : '',
		goal   => ($sign eq '>=' ? 'at least ' : 'at most ') . sprintf('%g', $bound),
		met    => $met ? 'met' : 'NOT MET',
		raw    => $raw // '',
	);
	push @{ $self->{goals} }, \%row;
	printf("%-7s %-66s %8s (%s), goal %s; %s\n", $row{met}, $what, $row{value}, $row{spread} || 'once', $row{goal}, $row{raw});
	return;
}

# Begins a table; rows follow by row().
sub table
{
	my ($self, $title, @columns) = @_;
	push @{ $self->{tables} }, { title => $title, columns => \@columns, rows => [] };
	printf("\n%s\n    %s\n", $title, join(' | ', @columns));
	return;
}

sub row
{
	my ($self, @cells) = @_;
	push @{ $self->{tables}[-1]{rows} }, [@cells];
	printf("    %s\n", join(' | ', @cells));
	return;
}

sub markdown_row
{
	return '| ' . join(' | ', map { defined $_ ? $_ : '' } @_) . " |\n";
}

# machine: lines that describe it.
sub write
{
	my ($self, $file, @machine) = @_;
	open(my $fh, '>', "$file.new") or die "bench: cannot write $file.new: $!\n";
	print $fh join("\n", map { "$_  " } @machine), "\n\n";
	if (@{ $self->{goals} })
	{
		print $fh markdown_row('what', 'median', 'repetitions', 'goal', '', 'raw'), "|---|---|---|---|---|---|\n";
		print $fh markdown_row(@{$_}{qw(what value spread goal met raw)}) foreach @{ $self->{goals} };
	}
	foreach my $table (@{ $self->{tables} })
	{
		next unless @{ $table->{rows} };
		print $fh "\n### $table->{title}\n\n", markdown_row(@{ $table->{columns} }),
		  '|', '---|' x @{ $table->{columns} }, "\n";
		print $fh markdown_row(@$_) foreach @{ $table->{rows} };
	}
	close($fh) && rename("$file.new", $file) or die "bench: cannot write $file: $!\n";
	return;
}

sub missed
{
	my ($self) = @_;
	return scalar grep { $_->{met} ne 'met' } @{ $self->{goals} };
}

1;
