# make check-costs: what programs cost on a quiet machine. The round trip of a trivial webhook; two hundred of them at
# once, over a fixed number of connections; manager and worker of ten domains where nothing is to be done.
use strict;
use warnings;

use HTTP::Tiny;
use List::Util qw(sum);
use POSIX qw(sysconf _SC_CLK_TCK);
use Test::More;
use Time::HiRes qw(sleep time);
use ShTest;
use ShWorker;

my $seconds = $ENV{IDLE_SECONDS} || 60;
my $ndomains = 10;
my $admin = PostgreSQL::Test::Cluster::get_free_port();

my $sh = ShTest->new('costs', conf => { 'admin.port' => $admin }, postgres => "shared_preload_libraries = 'selfhost'\nmax_connections = 200\nautovacuum = off\n");
$sh->create_domain("idle$_") foreach 2 .. $ndomains;
my $worker = ShWorker->new($sh, conf => { 'postgres.idle_timeout' => '1s' });

# ---- a webhook ----

my $hook = $worker->program('hook', 'webhook', 'require("cgi").response.write("hello")', language => 'lua');
my $path = "/v2/programs/$hook/webhook";
$sh->get($path) foreach 1 .. 20;
my @ms;
foreach (1 .. 500)
{
	my $begin = time();
	my $r = $sh->get($path);
	push @ms, (time() - $begin) * 1000;
	die "$r->{status} $r->{content}" if $r->{status} != 200 || $r->{content} ne 'hello';
}
@ms = sort { $a <=> $b } @ms;
diag(sprintf('webhook: median %.2f ms, 99 %% within %.2f ms', $ms[250], $ms[495]));
cmp_ok($ms[250], '<', 5, 'a trivial webhook takes less than 5 ms (median)');

# Many at once.
my $callers = 200;
my $rounds = 5;
pipe(my $from, my $to) or die "cannot make a pipe: $!";
my @caller;
foreach my $i (1 .. $callers)
{
	my $pid = fork() // die "cannot fork: $!";
	push @caller, $pid;
	next if $pid != 0;
	delete $_->{pid} foreach $sh, $worker;
	my $agent = HTTP::Tiny->new(timeout => 60);
	my $good = grep { my $r = $sh->get($path, agent => $agent); $r->{status} == 200 && $r->{content} eq 'hello' } 1 .. $rounds;
	syswrite($to, pack('N', $good));
	POSIX::_exit(0);
}
close($to);
my $most = 0;
my ($good, $answers) = (0, '');
my $begin = time();
while (length($answers) < 4 * $callers)
{
	my $ready = '';
	vec($ready, fileno($from), 1) = 1;
	if (select($ready, undef, undef, 0.1))
	{
		sysread($from, $answers, 4096, length($answers)) or last;
	}
	my $n = $sh->{node}->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE datname = 'test'");
	$most = $n if $n > $most;
}
$good += $_ foreach unpack('N*', $answers);
diag(sprintf('%d webhooks of %d callers in %.1f s, %d connections to the domain at most', $good, $callers, time() - $begin, $most));
is($good, $callers * $rounds, 'all of them are answered');
waitpid($_, 0) foreach @caller;
cmp_ok($most, '<=', 50, 'by a fixed number of connections');

# ---- nothing to be done ----

my $ticks = sysconf(_SC_CLK_TCK);

# Ticks of a process, with (or without) its children that have ended; 0 when it is gone.
sub ticks
{
	my ($pid, $with_children) = @_;
	open(my $fh, '<', "/proc/$pid/stat") or return 0;
	my @field = split(/ /, (<$fh> // '') =~ s/^.*\) //r);
	return $field[11] + $field[12] + ($with_children ? $field[13] + $field[14] : 0);
}

sub children
{
	my ($pid) = @_;
	return map { my $child = $_; ($child, children($child)) } split(' ', eval { ShTest::read_file("/proc/$pid/task/$pid/children") } // '');
}

# (Autovacuum is off: its processes, too, end as children of the postmaster, and new databases give them work.)
# Manager: the launcher, and ticks, which are children of the postmaster that have ended. Worker: its processes and the
# backends that it has. In ticks of the clock.
sub used
{
	my %part;
	my ($postmaster) = split(/\n/, ShTest::read_file($sh->{node}->data_dir . '/postmaster.pid'));
	my @of = split(/\n/, $sh->{node}->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'selfpmgr%' OR usename = 'selfhost_worker'"));
	$part{'processes that ended'} = ticks($postmaster, 1) - ticks($postmaster, 0);
	$part{postmaster} = ticks($postmaster, 0);
	$part{'launcher, connections of the worker'} += ticks($_, 0) foreach @of;
	$part{worker} += ticks($_, 1) foreach $worker->{pid}, children($worker->{pid});
	return \%part;
}

# What was just done is over: a connection that ends later would bring its past work along.
is($sh->stop_selfserv, 0, 'selfserv stops');
$sh->wait_until('only waiting connections are left', sub {
	return $sh->{node}->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE usename ~ 'selfhost_'") == $ndomains;
});
my ($before, $since) = (used(), time());
sleep($seconds);
my $after = used();
my $took = time() - $since;
my %percent = map { $_ => 100 * ($after->{$_} - $before->{$_}) / $ticks / $took } keys %$after;
my $percent = sum(values %percent);
diag(sprintf('%d domains at rest: %.2f %% of a core: %s', $ndomains, $percent,
	join(', ', map { sprintf('%s %.2f', $_, $percent{$_}) } sort keys %percent)));
cmp_ok($percent, '<', 1, 'manager and worker of ten domains take less than 1 % of a core');

is($worker->stop, 0, 'selfpwrk stops');
done_testing();
