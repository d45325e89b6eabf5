# Six real sensor series go in over HTTP and come out again: bit-exact as raw points, and as hourly
# and daily averages in two time zones against a computation made here, from the files.
# The files' timestamps have no zone; they are taken as UTC.
use strict;
use warnings;

use List::Util qw(max sum0);
use POSIX qw(floor strtod);
use Test::More;
use Time::Local qw(timegm);
use ShTest;

my $files = "$ENV{SELFHOST_SOURCE}/t/data/nab";
my $sh = ShTest->new('sensors');

my $thing = $sh->post('/v2/things', { name => 'sensors of the NAB corpus', type => 'building' });
is($thing->{status}, 201, 'the thing is created');

foreach my $file (sort glob("$files/*.csv"))
{
	my ($name) = $file =~ m{([^/]+)\.csv$};
	subtest $name => sub { check_series($name, read_rows($file)); };
}

my $series = $sh->get("/v2/things/$thing->{json}{uuid}/timeseries");
is(scalar(@{ $series->{json} }), 6, 'the thing has six series');
$sh->stop_selfserv;
done_testing();

# [[timestamp as "YYYY-MM-DDThh:mm:ssZ", seconds since 1970, value as text], ...] in file order
sub read_rows
{
	my ($file) = @_;
	my @rows;
	open(my $fh, '<', $file) or die "cannot read $file: $!";
	<$fh>;
	while (<$fh>)
	{
		my ($y, $mo, $d, $h, $mi, $s, $v) = /^(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+),(\S+)/
		  or die "bad line in $file: $_";
		push @rows, [ "$y-$mo-${d}T$h:$mi:${s}Z", timegm($s, $mi, $h, $d, $mo - 1, $y), $v ];
	}
	return @rows;
}

sub number { my ($value) = strtod($_[0]); return $value; }

# The first (or last) row of each timestamp, in ascending order.
sub distinct
{
	my ($keep_last, @rows) = @_;
	my %at;
	foreach my $row (@rows)
	{
		$at{ $row->[1] } = $row if $keep_last || !$at{ $row->[1] };
	}
	return map { $at{$_} } sort { $a <=> $b } keys %at;
}

sub create_series
{
	my ($name) = @_;
	my $r = $sh->post('/v2/timeseries',
		{ name => $name, si_unit => 'X', thing_uuid => $thing->{json}{uuid} });
	is($r->{status}, 201, 'the series is created') or die $r->{content};
	return $r->{json}{uuid};
}

sub body
{
	return '[' . join(',', map { qq({"v":$_->[2],"ts":"$_->[0]"}) } @_) . ']';
}

# Posts in batches of 1000; returns the sums of the counts in the headers.
sub load
{
	my ($uuid, $query, @rows) = @_;
	my %total = (inserted => 0, replaced => 0, skipped => 0);
	while (my @batch = splice(@rows, 0, 1000))
	{
		my $r = $sh->request('POST', "/v2/timeseries/$uuid/data$query", content => body(@batch));
		is($r->{status}, 201, 'a batch is stored') or die $r->{content};
		$total{$_} += $r->{headers}{"x-points-$_"} foreach keys %total;
	}
	return \%total;
}

# Raw text rows of a window as [timestamp, value as text].
sub fetch
{
	my ($uuid, $start, $end, $query) = @_;
	my $r = $sh->get("/v2/timeseries/$uuid/data?start=$start&end=$end$query");
	is($r->{status}, 200, "the points are read$query") or die $r->{content};
	my @rows;
	push @rows, [ $1, $2 ] while $r->{content} =~ /\{"ts":"([^"]+)","v":([^}]+)\}/g;
	is(scalar(@rows), scalar(@{ $r->{json} }), 'the answer is JSON of the expected shape');
	return @rows;
}

sub check_series
{
	my ($name, @rows) = @_;
	my @first = distinct(0, @rows);
	my @last = distinct(1, @rows);
	my $repeats = @rows - @first;
	my ($start, $end) = ($first[0][0], $first[-1][0]);

	# By default a repeated timestamp refuses the whole batch, and nothing is written.
	my $uuid = create_series($name);
	if ($repeats)
	{
		my $r = $sh->request('POST', "/v2/timeseries/$uuid/data", content => body(@rows));
		is($r->{status}, 409, 'repeated timestamps are refused by default');
		is(scalar(fetch($uuid, $start, $end, '')), 0, 'and nothing is written');
	}

	my $counts = load($uuid, '?conflict=skip', @rows);
	is($counts->{inserted}, scalar(@first), 'each timestamp is stored once');
	is($counts->{skipped}, $repeats, 'the repeated ones are skipped');
	check_raw($uuid, $start, $end, 'skip keeps the first', @first);
	check_averages($uuid, $start, $end, @first);

	$counts = load($uuid, '?conflict=replace', @rows);
	is($counts->{inserted}, 0, 'loading again inserts nothing');
	check_raw($uuid, $start, $end, 'replace keeps the last', @last);

	my $r = $sh->request('POST', "/v2/timeseries/$uuid/data", content => body($rows[0]));
	is($r->{status}, 409, 'a stored timestamp is refused by default');
	return;
}

sub check_raw
{
	my ($uuid, $start, $end, $what, @expected) = @_;
	my @got = fetch($uuid, $start, $end, '');

	is(scalar(@got), scalar(@expected), "$what: count");
	my $same = sub { pack('d', number($_[0])) eq pack('d', number($_[1])) };
	my @bad = grep { $got[$_][0] ne $expected[$_][0] || !$same->($got[$_][1], $expected[$_][2]) }
	  0 .. max($#got, $#expected);
	is(scalar(@bad), 0, "$what: every timestamp and value, bit for bit")
	  or diag("first difference at row $bad[0]: @{$got[$bad[0]]}; @{$expected[$bad[0]]}");
	is(sum0(map { number($_->[1]) } @got), sum0(map { number($_->[2]) } @expected), "$what: sum");
	return;
}

# Seconds east of UTC in Stockholm: summer time from the last Sunday of March, 01:00 UTC, to the
# last Sunday of October, 01:00 UTC.
sub stockholm_offset
{
	my ($t) = @_;
	my $year = (gmtime($t))[5] + 1900;
	my $last_sunday = sub {
		my ($month) = @_;
		my $day = timegm(0, 0, 1, 31, $month, $year);
		return $day - 86400 * (gmtime($day))[6];
	};
	return $t >= $last_sunday->(2) && $t < $last_sunday->(9) ? 7200 : 3600;
}

sub local_text
{
	my ($t, $offset) = @_;
	my @f = gmtime($t + $offset);
	my $zone = $offset ? sprintf('+%02d:00', $offset / 3600) : 'Z';
	return sprintf('%04d-%02d-%02dT%02d:%02d:%02d%s',
		$f[5] + 1900, $f[4] + 1, $f[3], $f[2], $f[1], $f[0], $zone);
}

sub check_averages
{
	my ($uuid, $start, $end, @rows) = @_;
	my %offset_in = ('UTC' => sub { 0 }, 'Europe/Stockholm' => \&stockholm_offset);

	foreach my $zone (sort keys %offset_in)
	{
		foreach my $unit ([ hour => 3600 ], [ day => 86400 ])
		{
			my ($precision, $length) = @$unit;
			my (%sum, %n, @order);
			foreach my $row (@rows)
			{
				my $offset = $offset_in{$zone}->($row->[1]);
				my $bucket = floor(($row->[1] + $offset) / $length) * $length;
				# The offset in force where the bucket begins labels it.
				my $begin = $bucket - $offset;
				my $key = local_text($begin, $offset_in{$zone}->($begin));
				if ($precision eq 'day')
				{
					# A local midnight; the offset may change later that day.
					my $at_midnight = $offset_in{$zone}->($bucket - 7200);
					$key = local_text($bucket - $at_midnight, $at_midnight);
				}
				push @order, $key unless exists $n{$key};
				$sum{$key} += number($row->[2]);
				$n{$key}++;
			}
			my @got = fetch($uuid, $start, $end,
				"&precision=$precision&aggregate=avg&timezone=$zone");
			is_deeply([ map { $_->[0] } @got ], \@order, "$precision in $zone: the buckets");
			my $worst = max(map {
				my $expected = $sum{ $_->[0] } / $n{ $_->[0] };
				abs(number($_->[1]) - $expected) / (abs($expected) || 1)
			} grep { $n{ $_->[0] } } @got);
			ok($worst < 1e-12, "$precision in $zone: the averages (worst difference $worst)");
		}
	}
	return;
}
