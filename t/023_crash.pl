# The gateway is killed, PostgreSQL is stopped at once, and a backend of it is killed, again and again,
# in the middle of ingest and of autovacuum: every acknowledged point is there afterwards, once, and
# tables and indexes are sound.
use strict;
use warnings;

use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);
use ShTest;

my $writers = 8;
my $batch = 25;
my $epoch = 1577836800; # 2020-01-01T00:00:00Z

my $sh = ShTest->new('crash', conf => { 'rate_control.maxburst' => 1000000 },
	postgres => "restart_after_crash = on\nautovacuum_naptime = 1s\nlog_autovacuum_min_duration = 0\n");
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
	my $parent = getppid();
	until (-e "$sh->{dir}/stop" || getppid() != $parent)
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

# Kills a backend that is writing; PostgreSQL then ends all others and recovers.
sub kill_backend
{
	my $node = $sh->{node};
	my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
	my $reset = 'SELECT max(backend_start) FROM pg_stat_activity WHERE backend_type = \'checkpointer\'';
	my $before = $node->safe_psql('postgres', $reset);
	my $pid;
	$sh->wait_until('a backend writes', sub {
		return $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE usename = 'selfhost_gateway'
			AND state = 'active' AND query ~ 'add_timeseries_data' LIMIT 1");
	});
	kill('KILL', $pid);
	$sh->wait_until('PostgreSQL has recovered', sub {
		my $now = $sh->ask('postgres', $reset);
		return defined $now && $now ne $before;
	});
	is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'PostgreSQL itself lives on');
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
	kill_backend();
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
	# The writers have gone on; connections for readers may still be waiting for their next attempt.
	my $r;
	$sh->wait_until("series $i is served", sub {
		$r = $sh->get("/v2/timeseries/$series[$i]/data?start=2020-01-01T00:00:00Z&end=2020-12-31T00:00:00Z");
		return $r->{status} != 503;
	});
	is($r->{status}, 200, "series $i is read");
	my @values = map { $_->{v} } @{ $r->{json} };
	cmp_ok(scalar(@values), '>=', $n * $batch, "series $i: nothing acknowledged is missing");
	is_deeply(\@values, [ 0 .. $#values ], "series $i: each point once, in order");
}

# ---- tables and indexes are sound ----

$sh->wait_until('autovacuum has come', sub {
	return ShTest::read_file($sh->{node}->logfile) =~ /automatic vacuum of table "test\.selfhost\.tail"/;
});

$sh->psql('CREATE EXTENSION amcheck');
foreach my $table ('tail', 'chunk')
{
	is($sh->psql("SELECT * FROM verify_heapam('selfhost.$table')"), '', "$table: the heap is sound");
	cmp_ok($sh->psql("SELECT count(*) FROM (SELECT bt_index_check(indexrelid, true) FROM pg_index
		WHERE indrelid = 'selfhost.$table'::regclass) AS i"), '>=', 1, "$table: its indexes are sound");
}
is($sh->psql(q{
	SELECT count(*) FROM (
		SELECT t0, t1, lag(t1) OVER (PARTITION BY series ORDER BY t0) AS before
		FROM (SELECT series, t0, t1 FROM selfhost.tail UNION ALL SELECT series, t0, t1 FROM selfhost.chunk) AS r) AS s
	WHERE t1 < t0 OR before >= t0}), '0', 'no two rows of a series overlap');
is($sh->psql('SELECT count(*) FROM selfhost.tail AS t WHERE EXISTS (
	SELECT FROM selfhost.chunk AS c WHERE c.series = t.series AND c.t0 >= t.t0)'), '0',
	'what is sealed lies before the tail');

$sh->stop_selfserv;
done_testing();
