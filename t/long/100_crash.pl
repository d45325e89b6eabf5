# make check-crash: whatever is killed at whatever moment, under load: every run that was due has exactly
# one record, with a final state; none is executed twice; every caller of a webhook gets an answer.
#
#   CRASH_KILLS   how many processes are killed (50)
#   CRASH_SEED    of the random numbers, to repeat a run
#   CRASH_WAYS    what is killed, a pattern: "child|zygote" (all)
use strict;
use warnings;

use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use PostgreSQL::Test::Utils;
use ShTest;
use ShWorker;
use Test::More;
use Time::HiRes qw(sleep time);

my $kills = $ENV{CRASH_KILLS} || 50;
my $seed = $ENV{CRASH_SEED} || int(time() * 1000) % 1_000_000;
my $routines = 20;
my $callers = 4;
srand($seed);
note("CRASH_SEED=$seed");

# A killed backend ends all others; the server starts again by itself.
my $t = ShTest->new('crash', postgres => "restart_after_crash = on\nselfhost.runs_kept = 100000\n");
my $worker = ShWorker->new($t, conf => { 'workers.max_children' => 16 });

# ---- who counts what was executed: one line for each request, in a file ----

my $counted = "$t->{dir}/counted";
my $listener = IO::Socket::INET->new(Listen => 128, LocalAddr => '127.0.0.1', ReuseAddr => 1)
  or die "cannot listen: $!";
my $counter_port = $listener->sockport;
my $counter = fork() // die "cannot fork: $!";
if ($counter == 0)
{
	open(my $out, '>>', $counted) or POSIX::_exit(1);
	$out->autoflush(1);
	while (my $client = $listener->accept)
	{
		my $head = '';
		my $ready = IO::Select->new($client);
		while ($head !~ /\r\n\r\n/ && $ready->can_read(5) && sysread($client, my $piece, 4096))
		{
			$head .= $piece;
		}
		print $out "$1\n" if $head =~ m{\AGET /(\w+) };
		print $client "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
		close($client);
	}
	POSIX::_exit(0);
}
close($listener);

# ---- programs ----

my %name_of;
foreach my $i (1 .. $routines)
{
	my $wait = $i % 2 ? '' : "import('times').sleep(150 * import('times').millisecond)\n";
	my $code = "local http = import('http')\nhttp.get('http://127.0.0.1:$counter_port/r$i')\n$wait";
	my $uuid = $worker->program("routine $i", 'routine', $code, schedule => '* * * * * *', deadline => 3000,
		language => 'lua');
	$name_of{$uuid} = "r$i";
}
my $hook = $worker->program('hook', 'webhook',
	"local cgi = import('cgi')\nimport('times').sleep(20 * import('times').millisecond)\ncgi.response.write('answer')\n",
	deadline => 2000, language => 'lua');

# ---- callers of the webhook: each writes what it was answered, and how long that took ----

my @caller_pids;
foreach my $i (1 .. $callers)
{
	my $pid = fork() // die "cannot fork: $!";
	if ($pid == 0)
	{
		my $stop = 0;
		local $SIG{TERM} = sub { $stop = 1 };
		open(my $out, '>', "$t->{dir}/caller$i") or POSIX::_exit(1);
		$out->autoflush(1);
		my $http = HTTP::Tiny->new(timeout => 60, keep_alive => 1,
			default_headers => { Authorization => $t->authorization($t->{token}) });
		while (!$stop)
		{
			my $begin = time();
			my $r = $http->request('POST', $t->url("/v2/programs/$hook/webhook"), { content => 'x' });
			printf $out "%d %.3f %s\n", $r->{status}, time() - $begin, $r->{status} == 599 ? $r->{content} =~ s/\n.*//sr : '';
			sleep(0.05) if $r->{status} != 200;
		}
		POSIX::_exit(0);
	}
	push @caller_pids, $pid;
}
END
{
	my $status = $?;
	kill('KILL', grep { defined } $counter, @caller_pids) if defined $counter && $counter > 0;
	$? = $status;
}

# ---- what is killed ----

sub ps
{
	open(my $fh, '-|', 'ps', '-eo', 'pid=,ppid=,args=') or die "ps: $!";
	my @all = map { /^\s*(\d+)\s+(\d+)\s+(.*)$/ ? { pid => $1, ppid => $2, args => $3 } : () } <$fh>;
	close($fh);
	return @all;
}

sub postgres_answers
{
	return defined $t->ask('postgres', 'SELECT 1');
}

sub kill_worker
{
	$worker->stop('KILL');
	$worker->start;
	return 1;
}

# A process that executes a program: a child of the zygote, which is one of the worker's. After other kills
# there may be none for a while.
sub kill_child
{
	my $end = time() + 5;
	while (time() < $end)
	{
		my @all = ps();
		my ($zygote) = grep { $_->{ppid} == $worker->{pid} } @all;
		my @children = $zygote ? grep { $_->{ppid} == $zygote->{pid} } @all : ();
		return 1 if @children && kill('KILL', $children[ rand(@children) ]{pid});
	}
	return 0;
}

sub kill_zygote
{
	my ($zygote) = grep { $_->{ppid} == $worker->{pid} } ps();
	return $zygote ? kill('KILL', $zygote->{pid}) : 0;
}

# A tick lives for a few milliseconds: look for one for a while.
sub kill_tick
{
	my $end = time() + 2;
	while (time() < $end)
	{
		my ($tick) = grep { $_->{ppid} == ($t->{node}{_pid} || 0) && $_->{args} =~ /selfpmgr/ && $_->{args} !~ /launcher/ } ps();
		next unless $tick && kill('KILL', $tick->{pid});
		$t->wait_until('PostgreSQL is back', \&postgres_answers);
		return 1;
	}
	return 0;
}

sub kill_backend
{
	my @backends = grep { $_->{ppid} == ($t->{node}{_pid} || 0) && $_->{args} =~ /selfhost_(gateway|worker)/ } ps();
	return 0 unless @backends && kill('KILL', $backends[ rand(@backends) ]{pid});
	$t->wait_until('PostgreSQL is back', \&postgres_answers);
	return 1;
}

sub kill_postgres
{
	$t->{node}->kill9;
	# Not before the last of its backends has noticed.
	$t->wait_until('PostgreSQL starts again', sub {
		$t->{node}{_pid} = undef;
		return $t->{node}->start(fail_ok => 1);
	});
	return 1;
}

my @ways = (
	[ 'selfpwrk', \&kill_worker ], [ 'a child', \&kill_child ], [ 'the zygote', \&kill_zygote ],
	[ 'a tick', \&kill_tick ], [ 'a backend', \&kill_backend ], [ 'PostgreSQL', \&kill_postgres ]);
@ways = grep { $_->[0] =~ /$ENV{CRASH_WAYS}/ } @ways if $ENV{CRASH_WAYS};

sub succeeded
{
	return $t->ask('test', "SELECT count(*) FROM selfhost.program_run WHERE state = 'succeeded'");
}

my %killed;
foreach my $n (1 .. $kills)
{
	my $way;
	$t->wait_until("kill $n", sub {
		$way = $ways[ rand(@ways) ];
		return $way->[1]->();
	});
	$killed{ $way->[0] }++;
	note("$n: $way->[0]");
	# At a random moment, but not before work goes on: it must after each of them.
	my $before;
	$t->wait_until("work goes on after $way->[0] was killed", sub {
		my $now = succeeded();
		$before //= $now;
		return defined $now && $now > $before;
	});
	select(undef, undef, undef, rand(0.7)); # the random moment
}
note(join(', ', map { "$_: $killed{$_}" } sort keys %killed));

# ---- the end ----

kill('TERM', @caller_pids);
foreach my $pid (@caller_pids)
{
	$t->wait_until('a caller has got its answer', sub { waitpid($pid, WNOHANG) == $pid });
}
@caller_pids = ();

$t->psql("UPDATE selfhost.program SET state = 'inactive' WHERE type = 'routine'");
$t->wait_until('all runs are over', sub {
	$worker->tick;
	return $worker->query("SELECT count(*) FROM selfhost.program_run WHERE state IN ('queued', 'running')") == 0;
});

is($worker->query("SELECT count(*) FROM selfhost.program_run WHERE finished IS NULL"), 0, 'every run is finished');
is($worker->query('SELECT count(*) - count(DISTINCT (program_uuid, due)) FROM selfhost.program_run'
	  . " WHERE kind = 'routine'"), 0, 'no due time has two records');
note($worker->query("SELECT string_agg(kind || ' ' || state || ': ' || n, ', ')"
	  . ' FROM (SELECT kind, state, count(*) AS n FROM selfhost.program_run GROUP BY 1, 2 ORDER BY 1, 2) AS s'));

# Between the first and the last run each second has a record or was counted as missed.
is($worker->query("
	SELECT count(*) FROM (
		SELECT p.uuid, p.missed, count(*) AS records,
			round(extract(epoch FROM max(r.due) - min(r.due))) + 1 AS seconds
		FROM selfhost.program AS p JOIN selfhost.program_run AS r ON r.program_uuid = p.uuid
		WHERE p.type = 'routine' GROUP BY p.uuid) AS s
	WHERE records + missed < seconds"), 0, 'no due time is forgotten')
  or diag($worker->query("SELECT p.name, p.missed, count(*), max(r.due) - min(r.due) FROM selfhost.program p JOIN selfhost.program_run r"
	  . " ON r.program_uuid = p.uuid WHERE p.type = 'routine' GROUP BY p.uuid"));

# Executions are never more than the runs that a worker has taken.
my %executed;
$executed{$_}++ foreach split(/\n/, ShTest::read_file($counted));
my @twice;
foreach my $uuid (sort keys %name_of)
{
	my $taken = $worker->query(
		"SELECT count(*) FROM selfhost.program_run WHERE program_uuid = '$uuid' AND started IS NOT NULL");
	my $done = $executed{ $name_of{$uuid} } || 0;
	push @twice, "$name_of{$uuid}: $done executions, $taken taken" if $done > $taken;
}
is_deeply(\@twice, [], 'none was executed twice');
cmp_ok(scalar(keys %executed), '==', $routines, 'all were executed');

my (%answers, $longest, @odd);
$longest = 0;
foreach my $i (1 .. $callers)
{
	foreach my $line (split(/\n/, ShTest::read_file("$t->{dir}/caller$i")))
	{
		my ($status, $seconds, $why) = split(/ /, $line, 3);
		$answers{$status}++;
		$longest = $seconds if $seconds > $longest;
		push @odd, $line if $status !~ /^(?:200|502|503|504)$/;
	}
}
note('answers: ' . join(', ', map { "$_: $answers{$_}" } sort keys %answers) . sprintf('; the longest took %.1f s', $longest));
is_deeply(\@odd, [], 'every call of the webhook was answered with 200, 502, 503 or 504');
cmp_ok($answers{200} || 0, '>', $kills, 'most with 200');
# The deadline, the time in the queue, and five seconds.
cmp_ok($longest, '<', 2 + 10 + 5 + 3, 'none hung');

done_testing();
