# A primary and its synchronous standby, both in the domain's URI: the primary is killed while devices send points,
# and the standby is promoted. Nothing acknowledged is missing, and gateway and worker go on by themselves. Then
# the same again, with a host in front that answers nobody.
use strict;
use warnings;

use IO::Socket::INET;
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);
use ShTest;
use ShWorker;

# Everything here takes seconds.
$ShProcess::TIMEOUT = 30;

my $writers = 4;
my $batch = 20;
my $parent = $$;
my $epoch = 1577836800; # 2020-01-01T00:00:00Z

my $sh = ShTest->new('one', no_selfserv => 1, allows_streaming => 1, postgres => "max_connections = 60\n");
my $one = $sh->{node};
$one->backup('backup');
my $two = PostgreSQL::Test::Cluster->new('two');
$two->init_from_backup($one, 'backup', has_streaming => 1);
$two->start;
# From now on, what is committed is on both.
$one->append_conf('postgresql.conf', "synchronous_standby_names = '*'\n");
$one->reload;
$one->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
  or die 'there is no synchronous standby';

sub uri
{
	my @nodes = @_;
	return sprintf('host=%s port=%s dbname=test user=selfhost_gateway',
		join(',', map { $_->[0] } @nodes), join(',', map { $_->[1] } @nodes));
}

sub use_hosts
{
	ShTest::write_file("$sh->{dir}/domains.yaml", "domains:\n  test: " . uri(@_) . "\n");
	return;
}

# Accepts and says nothing, as a host does that hangs.
my $silent = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "cannot listen: $!";
my @silent = ('127.0.0.1', $silent->sockport);
my @one = ($one->host, $one->port);
my @two = ($two->host, $two->port);

# The standby stands first: what writes must not stay there.
use_hosts(\@two, \@one);
$sh->start_selfserv;
my $worker = ShWorker->new($sh);
my @series = map {
	my $r = $sh->post('/v2/timeseries', { name => "series $_", si_unit => 'C' });
	is($r->{status}, 201, "series $_ is created");
	$r->{json}{uuid};
} 1 .. $writers;
my $webhook = $worker->program('hook', 'webhook', 'require("cgi").response.write("here")', language => 'lua');

sub body
{
	my ($n) = @_;
	return '[' . join(',', map {
		sprintf('{"v":%d,"ts":"%s"}', $_, strftime('%Y-%m-%dT%H:%M:%SZ', gmtime($epoch + $_)))
	} $n * $batch .. ($n + 1) * $batch - 1) . ']';
}

# Writes batch after batch until the stop file appears; what has no good answer is sent again.
sub writer
{
	my ($i) = @_;
	my $acknowledged = 0;
	until (-e "$sh->{dir}/stop" || getppid() != $parent)
	{
		my $r = $sh->request('POST', "/v2/timeseries/$series[$i]/data?conflict=skip",
			content => body($acknowledged), agent => HTTP::Tiny->new(timeout => 20));
		if ($r->{status} == 201)
		{
			ShTest::write_file("$sh->{dir}/acknowledged.$i", ++$acknowledged);
		}
		elsif ($r->{status} =~ /^(599|503|504)$/)
		{
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
	my $pid = fork() // die "cannot fork: $!";
	if ($pid == 0)
	{
		delete $sh->{pid};
		delete $worker->{pid};
		writer($i);
		POSIX::_exit(0);
	}
	push @pids, $pid;
}

sub acknowledged
{
	my ($i) = @_;
	return -e "$sh->{dir}/acknowledged.$i" ? ShTest::read_file("$sh->{dir}/acknowledged.$i") : 0;
}

sub progress
{
	my ($what) = @_;
	my @before = map { acknowledged($_) } 0 .. $writers - 1;
	my $began = time();
	$sh->wait_until("every writer has gone on: $what", sub {
		return !grep { -e "$sh->{dir}/unexpected.$_" || acknowledged($_) < $before[$_] + 3 } 0 .. $writers - 1;
	});
	return time() - $began;
}

sub webhook_works
{
	my ($what) = @_;
	my $r;
	$sh->wait_until("a program answers $what", sub {
		return ($r = $sh->post("/v2/programs/$webhook/webhook", {}))->{status} == 200;
	});
	is($r->{content}, 'here', "a program runs $what");
	return;
}

# ---- the primary is killed ----

progress('at first');
webhook_works('at first');
$one->stop('immediate');
$two->promote;
cmp_ok(progress('after the promotion'), '<', 10, 'points are taken again within seconds');
$sh->wait_until('reads are answered', sub { return $sh->get('/v2/users/me')->{status} == 200 });
webhook_works('after the promotion');

# ---- once more, with a host that hangs before the others ----

$two->backup('backup');
my $three = PostgreSQL::Test::Cluster->new('three');
$three->init_from_backup($two, 'backup', has_streaming => 1);
$three->start;
my @three = ($three->host, $three->port);
$two->append_conf('postgresql.conf', "synchronous_standby_names = '*'\n");
$two->reload;
$two->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
  or die 'there is no synchronous standby';
use_hosts(\@silent, \@three, \@two);
$sh->wait_until('the new hosts are in use', sub {
	return ShTest::read_file($sh->{log}) =~ /does not answer in time/;
});
progress('with the new hosts');
# A planned switch.
$two->stop('fast');
$three->promote;
cmp_ok(progress('after the second promotion'), '<', 10, 'points are taken again within seconds, beside a host that hangs');
webhook_works('after the second promotion');

# ---- nothing is missing ----

ShTest::write_file("$sh->{dir}/stop", '');
waitpid($_, 0) foreach @pids;
foreach my $i (0 .. $writers - 1)
{
	ok(!-e "$sh->{dir}/unexpected.$i", "writer $i got no unexpected answer")
	  or diag(ShTest::read_file("$sh->{dir}/unexpected.$i"));
	my $n = acknowledged($i);
	my $r;
	$sh->wait_until("series $i is served", sub {
		$r = $sh->get("/v2/timeseries/$series[$i]/data?start=2020-01-01T00:00:00Z&end=2020-12-31T00:00:00Z");
		return $r->{status} != 503;
	});
	is($r->{status}, 200, "series $i is read");
	my @values = map { $_->{v} } @{ $r->{json} };
	cmp_ok(scalar(@values), '>=', $n * $batch, "series $i: nothing acknowledged is missing ($n batches)");
	is_deeply(\@values, [ 0 .. $#values ], "series $i: each point once, in order");
}

is($worker->stop, 0, 'selfpwrk ends well');
is($sh->stop_selfserv, 0, 'selfserv ends well');
done_testing();
