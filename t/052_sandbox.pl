# Programs that do what no program may, past all that a language would refuse: each is contained, its
# run ends as it should, and the worker goes on.
use strict;
use warnings;

use IO::Socket::INET;
use Test::More;
use ShTest;
use ShWorker;

my $sh = ShTest->new('sandbox');
my $worker = ShWorker->new($sh, program => 'selfpwrk_test', flags => ['--manager'],
	conf => { 'workers.memory' => '64MiB' });
my $pid = $worker->{pid};

# Programs run side by side; each is off the schedule when its first run has been looked at.
my %started;

sub start_it
{
	my ($name, $code, %options) = @_;
	$started{$name} = $worker->program($name, 'routine', $code, %options);
	return;
}

sub try_it
{
	my ($name, $code, %options) = @_;
	start_it($name, $code, %options) unless $started{$name};
	my $run = $worker->run_of($started{$name});
	$worker->switch_off(delete $started{$name});
	ok($worker->is_alive, "$name: the worker is alive");
	return $run;
}

sub ends_with
{
	my ($name, $code, $state, $error, %options) = @_;
	my $run = try_it($name, $code, %options);
	is($run->{state}, $state, "$name: $state");
	like($run->{error} // '', $error, "$name: why");
	return $run;
}

is(try_it('hello', 'hello world')->{state}, 'succeeded', 'a harmless program');

my $killed = qr/system call that programs may not make/;
my $denied = qr/refused: Permission denied/;

# ---- processes, files, the network ----

my @cases = (
	[ 'fork', 'fork', 'failed', $killed ],
	[ 'exec', 'exec /bin/sh', 'failed', $killed ],
	[ 'kill', 'kill', 'failed', $killed ],
	[ 'ptrace', 'ptrace', 'failed', $killed ],
	[ 'limits', 'limits', 'failed', $killed ],
	[ 'executable', 'executable', 'failed', $killed ],
	[ 'passwd', 'read /etc/passwd', 'failed', $denied ],
	[ 'domains', "read $sh->{dir}/domains.yaml", 'failed', $denied ],
	[ 'environ', 'read /proc/self/environ', 'failed', $denied ],
	[ 'write', "write $sh->{dir}/written", 'failed', $denied ],
	[ 'socket', 'socket', 'failed', $denied ],
	# AddressSanitizer makes another end of it.
	[ 'crash', 'crash', 'failed', $ENV{SELFHOST_SANITIZED} ? qr/\(code 1\)/ : qr/crashed \(signal 11/ ],
	[ 'exit', 'exit 0', 'failed', qr/without an answer \(code 0\)/ ],
	[ 'garbage', 'garbage', 'failed', qr/broke the protocol/ ],
	[ 'operation', 'call delete_user {}', 'failed', qr/no such operation/ ]);
start_it(@$_[0, 1]) foreach @cases;
ends_with(@$_) foreach @cases;
ok(!-e "$sh->{dir}/written", 'nothing is written');
like(try_it('descriptors', 'descriptors')->{log}, qr/ 4 descriptors/, 'it has its pipe and three that lead nowhere');
like(try_it('environment', 'environment PG')->{log}, qr/not in the environment/, 'it has none of the environment');

# ---- time ----

# A server that accepts and never says a word.
my $silent = IO::Socket::INET->new(Listen => 10, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "cannot listen: $!";
my $port = $silent->sockport;
@cases = (
	[ 'loop', 'loop', 'timeout', qr/deadline of 500 ms/, deadline => 500 ],
	[ 'sleep', 'sleep', 'timeout', qr/deadline of 500 ms/, deadline => 500 ],
	[ 'silent', "connect 127.0.0.1 $port", 'timeout', qr/deadline of 700 ms/, deadline => 700 ],
	[ 'localhost', "connect localhost $port", 'timeout', qr/deadline of 700 ms/, deadline => 700 ]);
start_it(@$_[0, 1, 4, 5]) foreach @cases;
foreach my $case (@cases)
{
	my $run = ends_with(@$case);
	cmp_ok($run->{ms}, '<', 5000, "$case->[0]: it ends at the deadline");
	like($run->{log}, qr/connected/, "$case->[0]: it was connected") if $case->[1] =~ /^connect/;
}

my $elsewhere = IO::Socket::INET->new(Listen => 10, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "cannot listen: $!";
like(try_it('reconnect', "reconnect 127.0.0.1 $port " . $elsewhere->sockport)->{log}, qr/the same peer/,
	'a connection leads nowhere else than where it was made to');

# ---- memory ----

# A sanitizer takes what it needs from the same address space, which cannot be limited then.
unless ($ENV{SELFHOST_SANITIZED})
{
	my $run = ends_with('memory', 'memory', 'failed', qr/Cannot allocate memory/, deadline => 60000);
	like($run->{log}, qr/ (5|6)\d MiB/, 'no more than it may have');
}

# ---- a log of 1 GB ----

my $before = rss($pid);
my $run = try_it('log', 'log 1073741824', deadline => 120000);
is($run->{state}, 'succeeded', 'a log of 1 GB');
cmp_ok(length($run->{log}), '<=', 65536, 'only its end is kept');
like($run->{log}, qr/\A\(\d{10} bytes before this were not kept\)/, 'which the log says');
like($run->{log}, qr/the last line\n\z/, 'up to the last line');
cmp_ok(rss($pid) - $before, '<', 16384, 'the worker has not grown by 16 MiB');

# ---- the zygote itself ----

my ($zygote) = split(' ', ShTest::read_file("/proc/$pid/task/$pid/children"));
kill('KILL', $zygote);
$worker->wait_for_log(qr/starting another/);
$sh->wait_until('there is another', sub {
	my $new = (split(' ', ShTest::read_file("/proc/$pid/task/$pid/children")))[0];
	return $new && $new != $zygote;
});
is(try_it('again', 'hello')->{state}, 'succeeded', 'programs run from another zygote');
my ($second) = split(' ', ShTest::read_file("/proc/$pid/task/$pid/children"));
unlike(join(' ', split(/\0/, ShTest::read_file("/proc/$second/cmdline"))), qr/config/, 'which was executed anew');


# One that does not answer is replaced, and the run that waited for it is not left hanging.
kill('STOP', $second);
is(try_it('stopped', 'hello', deadline => 60000)->{state}, 'failed', 'a zygote that is stopped');
$worker->wait_for_log(qr/does not answer: starting another/);
is(try_it('once more', 'hello')->{state}, 'succeeded', 'programs run from a third zygote');

is($worker->stop, 0, 'the worker stops');
done_testing();

sub rss
{
	my ($of) = @_;
	my ($kb) = ShTest::read_file("/proc/$of/status") =~ /^VmRSS:\s+(\d+) kB/m;
	return $kb;
}
