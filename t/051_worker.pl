# selfpwrk: programs run on their schedule, with modules and with the rights that they have; webhooks,
# checks; several domains; lost connections; stopping.
use strict;
use warnings;

use IO::Socket::UNIX;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Socket qw(SOCK_DGRAM);
use Test::More;
use Time::HiRes qw(time);
use ShTest;
use ShWorker;

my $sh = ShTest->new('worker');
my $worker = ShWorker->new($sh, program => 'selfpwrk_test', flags => ['--manager'],
	conf => { 'workers.max_children' => 4, 'workers.max_children_per_domain' => 2, 'workers.name' => 'the worker',
		'shutdown_timeout' => '3s' });

sub command_is
{
	my ($command, $code, $out, $err, $name) = @_;
	my ($got_out, $got_err) = ('', '');
	IPC::Run::run($command, '<', \undef, '>', \$got_out, '2>', \$got_err);
	is($? >> 8, $code, "$name: exit code");
	like($got_out, $out, "$name: output");
	like($got_err, $err, "$name: errors");
	return;
}

# ---- routines ----

my $unsigned = $worker->program('unsigned', 'routine', 'hello nobody', schedule => '* * * * * *', unsigned => 1);
my $routine = $worker->program('routine', 'routine', 'hello world', schedule => '* * * * * *');
my $run = $worker->run_of($routine);
is($run->{state}, 'succeeded', 'a signed routine runs');
like($run->{log}, qr/\A20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info world\n\z/, 'its log');
is($run->{error}, undef, 'no error');
is($run->{revision}, 0, 'the revision');
is($run->{worker_name}, 'the worker', 'who has run it');
my $begin = time();
$sh->wait_until('it runs again and again', sub {
	$worker->tick;
	return $worker->query("SELECT count(*) FROM selfhost.program_run WHERE program_uuid = '$routine'"
		. " AND state = 'succeeded'") >= 4;
});
cmp_ok(time() - $begin, '>', 1.5, 'once a second');
is($worker->query("SELECT count(*) FROM selfhost.program_run WHERE program_uuid = '$unsigned'"), 0,
	'what is not signed does not run');
$worker->revision($routine, 'hello again');
$sh->wait_until('a new revision runs', sub {
	$worker->tick;
	return $worker->query("SELECT count(*) FROM selfhost.program_run WHERE program_uuid = '$routine'"
		. " AND revision = 1 AND log LIKE '%info again%'") > 0;
});
$worker->switch_off($routine);

my $wrong = $worker->program('wrong', 'routine', 'nonsense', schedule => '* * * * * *');
$run = $worker->run_of($wrong);
is($run->{state}, 'failed', 'what does not compile fails');
is($run->{error}, 'test:1: no such command', 'with the message');
$worker->switch_off($wrong);

# ---- what programs ask for ----

my $module = $worker->program('library', 'module', 'the code of the library');
my $user = $worker->program('user', 'routine', 'module library', schedule => '* * * * * *');
like($worker->run_of($user)->{log}, qr/info the code of the library$/m, 'a module');
$worker->switch_off($user);
my $without = $worker->program('without', 'routine', 'module absent', schedule => '* * * * * *');
like($worker->run_of($without)->{error}, qr/no such module/, 'one that there is not');
$worker->switch_off($without);

my $series = $sh->post('/v2/timeseries', { name => 'series', si_unit => 'C' })->{json};
my $lister = $worker->program('lister', 'routine', 'call list_timeseries {"limit":5}', schedule => '* * * * * *');
like($worker->run_of($lister)->{log}, qr/info 200 .*$series->{uuid}/, 'an operation, as its owner and signer may');
$worker->switch_off($lister);
my $reader = $worker->program('reader', 'routine', qq(call get_timeseries {"uuid":"$series->{uuid}"}), schedule => '* * * * * *');
like($worker->run_of($reader)->{log}, qr/info 200 .*"name":"series"/, 'one that answers with JSON');
$worker->switch_off($reader);
my $absent = $worker->program('absent', 'routine', 'call get_timeseries {"uuid":"99999999-0000-4000-8000-000000000000"}',
	schedule => '* * * * * *');
like($worker->run_of($absent)->{log}, qr/info 404 /, 'what there is not is an answer');
$worker->switch_off($absent);
my $bad = $worker->program('bad', 'routine', 'call list_timeseries {"limit":"x"}', schedule => '* * * * * *');
like($worker->run_of($bad)->{log}, qr/info 400 invalid input syntax/, 'a bad value, too');
$worker->switch_off($bad);
my $odd = $worker->program('odd', 'routine', 'call list_timeseries {"where":"x"}', schedule => '* * * * * *');
like($worker->run_of($odd)->{log}, qr/info 400 list_timeseries has no parameter "where"/, 'and a parameter that there is not');
$worker->switch_off($odd);

# ---- webhooks and checks ----

my $hook = $worker->program('hook', 'webhook', 'hello caller', deadline => 5000);

sub call_hook
{
	my ($uuid) = @_;
	my $from = time();
	$worker->query("SELECT (selfhost.call_program_webhook('$uuid'::uuid)).status");
	my $r = $worker->run_of($uuid);
	return ($r, time() - $from);
}

my ($answer) = call_hook($hook);
is($answer->{state}, 'succeeded', 'a webhook');
is($worker->query("SELECT status || ' ' || convert_from(answer, 'UTF8') FROM selfhost.program_call"), '200 caller',
	'its answer');

# The same over HTTP, where the caller waits for it.
my $r = $sh->post("/v2/programs/$hook/webhook", { some => 'thing' });
is($r->{status}, 200, 'a webhook over HTTP');
is($r->{content}, 'caller', 'its answer');
my $failing = $worker->program('failing', 'webhook', 'crash');
is($sh->post("/v2/programs/$failing/webhook", {})->{status}, 502, 'one that crashes');
my $late = $worker->program('late', 'webhook', 'sleep', deadline => 300);
is($sh->post("/v2/programs/$late/webhook", {})->{status}, 504, 'one that is late');

# What a check says, however it was asked for.
sub check_code
{
	my ($code) = @_;
	$worker->query("SELECT (selfhost.upload_program_code('$hook'::uuid, true, '$code')).status");
	my $text = '';
	$sh->wait_until('it is checked', sub {
		return 0 if $worker->query("SELECT count(*) FROM selfhost.program_run WHERE state IN ('queued', 'running')") > 0;
		$text = $worker->query("SELECT state || ' ' || coalesce(error, '') FROM selfhost.program_run"
			. " WHERE kind = 'check' AND finished IS NOT NULL ORDER BY id DESC LIMIT 1");
		return $text ne '';
	});
	return $text;
}
is(check_code('loop'), 'succeeded ', 'code that compiles, which is not run');
is(check_code('nonsense'), 'failed test:1: no such command', 'code that does not');

# ---- many at once ----

my $sleeper = $worker->program('sleeper', 'webhook', 'sleep', deadline => 3000);
$worker->query("SELECT (selfhost.call_program_webhook('$sleeper'::uuid)).status FROM generate_series(1, 5)");
$sh->wait_until('two run', sub {
	return $worker->query("SELECT count(*) FROM selfhost.program_run WHERE state = 'running'") >= 2;
});
is($worker->query("SELECT count(*) FROM selfhost.program_run WHERE state = 'running'"), 2,
	'no more of one domain at once than it may have');

# Meanwhile another domain has its share.
my $token = $sh->create_domain('other');
$worker->wait_for_log(qr/domain other: waiting for runs/);
$sh->wait_until('selfserv has it, too', sub {
	return $sh->get('/v2/users/me', domain => 'other', token => $token)->{status} == 200;
});
my $other = $worker->program('elsewhere', 'routine', 'hello elsewhere', schedule => '* * * * * *', domain => 'other',
	token => $token);
# Nobody but the worker looks at the schedules; without a word of a change it would do so twice a minute.
$begin = time();
$sh->wait_until('it has run', sub {
	return $worker->query("SELECT count(*) FROM selfhost.program_run WHERE program_uuid = '$other' AND finished IS NOT NULL", 'other') > 0;
});
cmp_ok(time() - $begin, '<', 10, 'the manager hears of a new schedule');
$run = $worker->run_of($other, domain => 'other');
is($run->{state}, 'succeeded', 'another domain is not kept waiting');
like($run->{log}, qr/elsewhere/, 'its program');
$sh->wait_until('all have ended', sub {
	return $worker->query("SELECT count(*) FROM selfhost.program_run WHERE program_uuid = '$sleeper'"
		. " AND state = 'timeout'") == 5;
});

# ---- connections that are lost ----

$worker->query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'selfhost_worker'"
	. " AND datname = '$sh->{domain}'");
$worker->wait_for_log(qr/domain test: connection lost/);
$run = (call_hook($worker->program('later', 'webhook', 'hello later')))[0] if wait_for_worker();
is($run->{state}, 'succeeded', 'it comes back by itself');

sub wait_for_worker
{
	return $sh->wait_until('the worker is back', sub {
		return $worker->query('SELECT count(*) FROM selfhost.program_worker AS w JOIN pg_stat_activity AS a USING (pid)') == 1;
	});
}

$sh->{node}->restart;
wait_for_worker();
my $after = $worker->program('after', 'webhook', 'hello after');
is((call_hook($after))[0]{state}, 'succeeded', 'after a restart of PostgreSQL, too');

# ---- the domain file ----

@{ $sh->{domains} } = ('test');
$sh->write_domains;
$sh->wait_until('the other domain is left', sub {
	return $worker->query('SELECT count(*) FROM selfhost.program_worker', 'other') == 0;
});

# ---- idle ----

my $cpu = cpu_of($worker->{pid});
$begin = time();
$sh->wait_until('some seconds pass', sub { return time() - $begin > 5 });
cmp_ok(cpu_of($worker->{pid}) - $cpu, '<=', 3, 'idle, it takes next to no processor time');
note(sprintf('idle: %d ticks of 10 ms in 5 s', cpu_of($worker->{pid}) - $cpu));

# From the call of a webhook to its end in the database, by the database's clock.
call_hook($hook);
$worker->query("SELECT (selfhost.call_program_webhook('$hook'::uuid)).status") for 1 .. 20;
$sh->wait_until('all have ended', sub {
	return $worker->query("SELECT count(*) FROM selfhost.program_run WHERE state IN ('queued', 'running')") == 0;
});
note('ms from queue to end, median: ' . $worker->query(
	"SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished - queued) * 1000)::numeric, 2)"
	. " FROM selfhost.program_run WHERE program_uuid = '$hook'"));

# ---- stopping ----

my $long = $worker->program('long', 'webhook', 'sleep', deadline => 60000);
my $short = $worker->program('short', 'webhook', 'sleep', deadline => 1500);
$worker->query("SELECT (selfhost.call_program_webhook('$_'::uuid)).status") for ($long, $short);
$sh->wait_until('both run', sub {
	return $worker->query("SELECT count(*) FROM selfhost.program_run WHERE state = 'running'") == 2;
});
is($worker->stop, 0, 'it stops');
is($worker->run_of($short)->{state}, 'timeout', 'what ends in time is reported');
$run = $worker->run_of($long);
is($run->{state}, 'failed', 'what does not, is ended');
is($run->{error}, 'the worker was stopped', 'and the run says why');
is($worker->query('SELECT count(*) FROM selfhost.program_worker'), 0, 'it has left');

# ---- the service manager ----

my $socket_path = PostgreSQL::Test::Utils::tempdir_short() . '/notify';
my $notify = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $socket_path) or die "cannot listen: $!";
{
	local $ENV{NOTIFY_SOCKET} = $socket_path;
	$worker->start;
}
sub notified
{
	my $text = '';
	local $SIG{ALRM} = sub { die "nothing was said\n" };
	alarm($ShTest::TIMEOUT);
	$notify->recv($text, 256);
	alarm(0);
	return $text;
}
is(notified(), 'READY=1', 'it says when programs can run');
kill('HUP', $worker->{pid});
is(notified(), 'RELOADING=1', 'that it reads its configuration again');
is(notified(), 'READY=1', 'that it has');
is($worker->stop, 0, 'it stops again');
is(notified(), 'STOPPING=1', 'and says so');

# ---- the command line ----

my $dir = $sh->{dir};
ShTest::write_file("$dir/old.yaml", "listen:\n  port: 8096\nprogram_manager:\n  scheme: http\n  authority: 127.0.0.1:8097\n"
	. "module_library: {scheme: http}\ncache: {library_timeout: 10}\ndomainfile: $dir/domains.yaml\n");
command_is([ 'selfpwrk', '--config', "$dir/old.yaml", '--check-config' ], 0, qr/configuration is good: \d+ runs at once, 1 domains/,
	qr/listen\.port: has no effect.*module_library\.scheme.*/s, 'the keys of the old worker');
command_is([ 'selfpwrk', '--config', "$dir/old.yaml", '--check-config', '--set', 'http.deny_networks=10.0.0.0/33' ], 1, qr/^$/,
	qr/no address and no network/, 'a bad network');
command_is([ 'selfpwrk', '--help' ], 0, qr/Usage: selfpwrk/, qr/^$/, 'help');
command_is([ 'selfpwrk', '--version' ], 0, qr/^selfpwrk \d/, qr/^$/, 'version');
command_is([ 'selfpwrk', '--nonsense' ], 2, qr/^$/, qr/unexpected argument/, 'a wrong argument');
ShTest::write_file("$dir/hello.tengo", "hello world\n");
ShTest::write_file("$dir/use.tengo", "module hello\n");
ShTest::write_file("$dir/loop.tengo", "loop\n");
ShTest::write_file("$dir/wrong.tengo", "nonsense\n");
command_is([ 'selfpwrk_test', 'run', "$dir/hello.tengo" ], 0, qr/^$/, qr/^info: world$/, 'run a file');
command_is([ 'selfpwrk_test', 'run', "$dir/hello.tengo", '--request', 'GET' ], 0, qr/^status: 200\n.*\nworld\z/s, qr/world/, 'as a webhook');
command_is([ 'selfpwrk_test', 'run', "$dir/use.tengo" ], 0, qr/^$/, qr/^info: hello world/, 'a module beside it');
command_is([ 'selfpwrk_test', 'run', "$dir/loop.tengo", '--deadline', '300' ], 3, qr/^$/, qr/timeout: the deadline of 300 ms/, 'past the deadline');
command_is([ 'selfpwrk_test', 'compile', "$dir/wrong.tengo" ], 1, qr/^$/, qr/test:1: no such command/, 'compile a wrong one');
command_is([ 'selfpwrk_test', 'compile', "$dir/loop.tengo" ], 0, qr/^$/, qr/^$/, 'compile a good one');
command_is([ 'selfpwrk', 'run', "$dir/hello.tengo", '--language', 'nothing' ], 1, qr/^$/, qr/does not know/, 'no such language');
command_is([ 'selfpwrk', 'run', "$dir/nothing.lua" ], 2, qr/^$/, qr/cannot read/, 'no such file');

done_testing();

# Processor time of a process in ticks.
sub cpu_of
{
	my ($pid) = @_;
	my @field = split(' ', ShTest::read_file("/proc/$pid/stat") =~ s/.*\)//r);
	return $field[11] + $field[12];
}
