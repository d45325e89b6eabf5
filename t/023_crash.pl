# The gateway is killed and PostgreSQL is stopped at once, again and again, in the middle of ingest:
# every acknowledged point is there afterwards, once.
use strict;
use warnings;

use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);
use ShTest;

my $writers = 4;
my $batch = 25;
my $epoch = 1577836800; # 2020-01-01T00:00:00Z

my $sh = ShTest->new('crash', conf => { 'rate_control.maxburst' => 1000000 });
my @series = map {
	my $r = $sh->post('/v2/timeseries', { name => "series $_", si_unit => 'C' });
	is($r->{status}, 201, "series $_ is created");
	$r->{json}{uuid};
} 1 .. $writers;

sub body
{
	my ($n) = @_;
	return '[' . join(',', map {
		sprintf('{"v":%d,"ts":"%s"}', $_, strftime('%Y-%m-%dT%H:%M:%SZ', gmtime($epoch + $_)))
	} $n * $batch .. ($n + 1) * $batch - 1) . ']';
}

# Writes batch after batch until the stop file appears. A batch without an answer is sent again:
# nobody knows whether it was stored. The number of acknowledged batches goes to a file.
sub writer
{
	my ($i) = @_;
	my $acknowledged = 0;
	my $sent_again = 0;
	until (-e "$sh->{dir}/stop")
	{
		my $r = $sh->request('POST', "/v2/timeseries/$series[$i]/data?conflict=skip",
			content => body($acknowledged), agent => HTTP::Tiny->new(timeout => 20));
		if ($r->{status} == 201)
		{
			$acknowledged++;
			ShTest::write_file("$sh->{dir}/acknowledged.$i", "$acknowledged $sent_again\n");
		}
		elsif ($r->{status} == 599 || $r->{status} == 503 || $r->{status} == 504)
		{
			$sent_again++;
			select(undef, undef, undef, 0.02);
		}
		else
		{
			ShTest::write_file("$sh->{dir}/unexpected.$i", "$r->{status} $r->{content}\n");
			last;
		}
	}
	return;
}

my @pids;
foreach my $i (0 .. $writers - 1)
{
	my $pid = fork();
	die "cannot fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		delete $sh->{pid};
		writer($i);
		POSIX::_exit(0);
	}
	push @pids, $pid;
}

sub acknowledged
{
	my ($i) = @_;
	my ($n, $again) = (0, 0);
	($n, $again) = split(' ', ShTest::read_file("$sh->{dir}/acknowledged.$i")) if -e "$sh->{dir}/acknowledged.$i";
	return wantarray ? ($n, $again) : $n;
}

sub progress
{
	my ($more) = @_;
	my @before = map { scalar acknowledged($_) } 0 .. $writers - 1;
	$sh->wait_until('every writer has gone on', sub {
		return !grep { -e "$sh->{dir}/unexpected.$_" || acknowledged($_) < $before[$_] + $more } 0 .. $writers - 1;
	});
	return;
}

foreach my $round (1 .. 3)
{
	progress(5);
	$sh->stop_selfserv('KILL');
	$sh->start_selfserv;
	progress(5);
	$sh->{node}->stop('immediate');
	$sh->{node}->start;
	progress(5);
	pass("round $round");
}

ShTest::write_file("$sh->{dir}/stop", '');
waitpid($_, 0) foreach @pids;

foreach my $i (0 .. $writers - 1)
{
	ok(!-e "$sh->{dir}/unexpected.$i", "writer $i got no unexpected answer")
	  or diag(ShTest::read_file("$sh->{dir}/unexpected.$i"));
	my ($n, $again) = acknowledged($i);
	note("writer $i: $n batches acknowledged, $again sent again");
	my $r = $sh->get("/v2/timeseries/$series[$i]/data?start=2020-01-01T00:00:00Z&end=2020-12-31T00:00:00Z");
	is($r->{status}, 200, "series $i is read");
	my @values = map { $_->{v} } @{ $r->{json} };
	cmp_ok(scalar(@values), '>=', $n * $batch, "series $i: nothing acknowledged is missing");
	is_deeply(\@values, [ 0 .. $#values ], "series $i: each point once, in order");
}

$sh->stop_selfserv;
done_testing();
