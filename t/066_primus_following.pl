# selfserv and selfpwrk follow Primus: domains come, move, are disabled and go while requests run in the others;
# Primus goes away and comes back; a table of the operator's own; what is wrong with it is told without URIs.
use strict;
use warnings;

use IPC::Run;
use Test::More;
use Time::HiRes qw(time);
use PostgreSQL::Test::Utils;
use ShTest;
use ShWorker;

$ShProcess::TIMEOUT = 30;

my $secret = 'Xs3cretX';
my $admin_port = PostgreSQL::Test::Cluster::get_free_port();
my $sh = ShTest->new('served', no_selfserv => 1, postgres => "max_connections = 100\n",
	conf => { domainfile => '', 'admin.port' => $admin_port, threads => 2 });
my $node = $sh->{node};
my %token = (test => $sh->{token}, map { $_ => $sh->create_domain($_) } qw(second third));

# Primus is a server of its own, so that it can go away alone. Its superuser comes by peer, its reader with a
# password.
my $primus = PostgreSQL::Test::Cluster->new('primus');
$primus->init;
ShTest::write_file($primus->data_dir . '/pg_hba.conf', "local all reader scram-sha-256\nlocal all all trust\n");
$primus->start;
$primus->safe_psql('postgres', 'CREATE DATABASE primus');
sub primus { return $primus->safe_psql('primus', join(";\n", @_)); }
primus('CREATE EXTENSION selfhost_primus', "CREATE ROLE reader LOGIN PASSWORD '$secret' IN ROLE selfhost_primus_reader");

sub uri { my ($database) = @_; return sprintf('host=%s port=%d dbname=%s user=selfhost_gateway password=%s', $node->host, $node->port, $database, $secret); }
$sh->{conf}{'primus.uri'} = sprintf('host=%s port=%d dbname=primus user=reader password=%s', $primus->host, $primus->port, $secret);

sub add    { my ($name, $database) = @_; return primus(sprintf("SELECT selfhost_primus.create_domain('%s', '%s')", $name, uri($database // $name))); }
sub change { my ($name, $what) = @_; return primus("SELECT selfhost_primus.update_domain('$name', $what)"); }
sub remove { my ($name) = @_; return primus("SELECT selfhost_primus.delete_domain('$name')"); }
sub ready  { return HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$admin_port/readyz"); }
sub ask    { my ($domain, $of) = @_; return $sh->get('/v2/users/me', domain => $domain, token => $token{ $of // $domain }); }

# The domain answers so, with the token of a database (its own), within a few seconds.
sub answers
{
	my ($domain, $status, $of) = @_;
	my $begin = time();
	$sh->wait_until("domain $domain answers $status", sub { return ask($domain, $of)->{status} == $status });
	cmp_ok(time() - $begin, '<', 5, "$domain answers $status soon" . ($of ? " to who belongs to $of" : ''));
	return;
}

sub backends
{
	my ($database, $role) = @_;
	return $node->safe_psql('postgres', sprintf("SELECT count(*) FROM pg_stat_activity WHERE datname = '%s' AND usename = '%s'",
		$database, $role // 'selfhost_gateway'));
}

sub drains { $sh->wait_until("$_[0] is left", sub { return backends(@_) == 0 }); return pass("no connection to $_[0] is left"); }

sub logged
{
	my ($pattern, $what) = @_;
	$sh->wait_until("the log has $pattern", sub { return ShTest::read_file($sh->{log}) =~ $pattern });
	return pass($what);
}

# Sends requests to a domain, one after the other, until the file is there; the other answers go to a file.
my @traffic;
sub traffic
{
	my ($domain, $until) = @_;
	my $parent = $$;
	my $pid = fork() // die "cannot fork: $!";
	push @traffic, $pid;
	return if $pid != 0;
	delete $sh->{pid};
	my ($n, $bad) = (0, '');
	until (-e $until)
	{
		my $r = $sh->get('/v2/users/me', domain => $domain, token => $token{$domain});
		$n++;
		$bad = "request $n: $r->{status} $r->{content}" if $r->{status} != 200;
		last if $bad || getppid() != $parent;
	}
	ShTest::write_file("$until.$$", "$n $bad");
	POSIX::_exit(0);
}

# ---- a start without Primus ----

$primus->stop;
$sh->start_selfserv;
my $r = ask('test');
is($r->{status}, 503, 'before Primus was read, no domain can be told from one that is not there');
is($r->{headers}{'retry-after'}, 1, 'a client may come again');
is($sh->get('/v2/users/me', token => undef)->{status}, 401, 'no credentials are told as ever');
is(ready()->{status}, 503, 'the server is not ready');
like(ready()->{content}, qr/primus: not read yet/, 'and says why');
logged(qr/Primus: cannot connect/, 'the log has that Primus is away');
$primus->start;
answers('test', 401);
is(ready()->{status}, 200, 'a Primus without domains is no fault');

# ---- domains come, move, and go, while others are served ----

add('test');
answers('test', 200);
answers('test', 401, 'second');
my $stop = "$sh->{dir}/stop";
traffic('test', $stop) foreach 1 .. 2;

add('second');
answers('second', 200);

change('second', sprintf("uri => '%s'", uri('third')));
answers('second', 200, 'third');
answers('second', 401, 'second');
drains('second');

change('second', sprintf("uri => '%s'", uri('second')));
answers('second', 200);

# A request in hand is finished where it began.
my ($in, $out, $err) = ('', '', '');
my $psql = IPC::Run::start([ 'psql', '-XAtq', $node->connstr('second') ], '<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout(60));
$in .= "BEGIN; LOCK selfhost.thing IN EXCLUSIVE MODE; SELECT 'locked';\n";
$psql->pump until $out =~ /locked/;
my $waiting = fork() // die "cannot fork: $!";
if ($waiting == 0)
{
	delete $sh->{pid};
	my $made = $sh->post('/v2/things', { name => 'in hand' }, domain => 'second', token => $token{second});
	ShTest::write_file("$sh->{dir}/in_hand", $made->{status});
	POSIX::_exit(0);
}
$sh->wait_until('the request waits', sub {
	return $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE datname = 'second' AND wait_event_type = 'Lock'") > 0;
});
remove('second');
answers('second', 401);
cmp_ok(backends('second'), '>=', 1, 'its connection is there');
$in .= "COMMIT;\n\\q\n";
$psql->finish;
waitpid($waiting, 0);
is(ShTest::read_file("$sh->{dir}/in_hand"), 201, 'a request in hand of a domain that was removed is finished');
is($node->safe_psql('second', "SELECT count(*) FROM selfhost.thing WHERE name = 'in hand'"), 1, 'and has done what it says');
drains('second');

add('second');
answers('second', 200);
change('second', 'enabled => false');
answers('second', 401);
change('second', 'enabled => true');
answers('second', 200);

# ---- Primus goes away, and comes back ----

$primus->stop('immediate');
logged(qr/Primus: connection lost/, 'the log has that Primus is lost');
is(ask($_)->{status}, 200, "without Primus, $_ is served") foreach qw(test second);
is(ready()->{status}, 200, 'and the server is ready');
$primus->start;
add('third');
answers('third', 200);
# What was notified while nobody listened is read.
primus('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = \'reader\'', "SELECT selfhost_primus.delete_domain('third')");
answers('third', 401);

# The pulse of the traffic: nothing of all this was seen there.
ShTest::write_file($stop, '');
foreach my $pid (@traffic)
{
	waitpid($pid, 0);
	my ($n, $bad) = split(' ', ShTest::read_file("$stop.$pid"), 2);
	cmp_ok($n, '>', 100, 'there was traffic');
	is($bad // '', '', "$n requests to another domain meanwhile: none failed");
}

# ---- the worker ----

my $code = 'require("log").info("here")';
my $worker = ShWorker->new($sh, conf => { domainfile => '', 'primus.uri' => $sh->{conf}{'primus.uri'}, 'postgres.user' => 'selfhost_worker' });
my %as = (domain => 'second', token => $token{second}, language => 'lua');
my $run = $worker->run_of($worker->program('first', 'routine', $code, language => 'lua'));
is($run->{state}, 'succeeded', 'a program of a domain in Primus runs');
$run = $worker->run_of($worker->program('second', 'routine', $code, %as), domain => 'second');
is($run->{state}, 'succeeded', 'and one of another');
remove('second');
drains('second', 'selfhost_worker');
drains('second');
add('second');
answers('second', 200);
$run = $worker->run_of($worker->program('again', 'routine', $code, %as), domain => 'second');
is($run->{state}, 'succeeded', 'a domain that comes back has its programs run');

# ---- a table of the operator's own ----

is($sh->stop_selfserv, 0, 'selfserv stops');
primus('CREATE TABLE customers (id int, name text, uri text, paid boolean)',
	'CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON customers
		FOR EACH STATEMENT EXECUTE FUNCTION selfhost_primus.notify_change(\'Customers Changed\')',
	'GRANT SELECT ON customers TO reader',
	sprintf('INSERT INTO customers VALUES (1, \'Test\', \'%s\', true), (2, \'second\', \'%s\', false), (3, \'third\', \'nonsense %s\', true), (4, NULL, NULL, true)',
		uri('test'), uri('second'), $secret));
$sh->{conf}{'primus.statement.read'} = 'SELECT id, name AS domain, uri FROM customers WHERE paid';
$sh->{conf}{'primus.channel'} = 'Customers Changed';
$sh->start_selfserv;
answers('test', 200);
is(ask('second')->{status}, 401, 'who has not paid is not served');
logged(qr/domain third is left out: its URI is not valid/, 'a URI that is none is told by the name');
logged(qr/a domain without a name[^\n]*is left out/, 'a row without a name is told');
primus('UPDATE customers SET paid = true');
answers('second', 200);

# A statement that fails later changes nothing.
primus('ALTER TABLE customers RENAME uri TO address', 'UPDATE customers SET id = id + 1');
logged(qr/primus\.statement\.read: column \\"uri\\" does not exist/, 'a statement that fails is told by its key');
is(ask('test')->{status}, 200, 'the domains stay');
primus('ALTER TABLE customers RENAME address TO uri', 'DELETE FROM customers WHERE id = 3');
answers('second', 401);

# ---- what is wrong is told before the start ----

sub check_says
{
	my ($what, $pattern, @set) = @_;
	my %conf = (%{ $sh->{conf} }, @set);
	foreach my $program ('selfserv', 'selfpwrk')
	{
		my @keys = grep { $program eq 'selfserv' || /^(?:domainfile|primus)/ } sort keys %conf;
		my $good = IPC::Run::run([ $program, '--config', "$sh->{dir}/$program.conf.yaml", '--check-config', map { ('--set', "$_=$conf{$_}") } @keys ],
			'>', \my $stdout, '2>', \my $stderr);
		ok(!$good, "$program: $what is refused");
		like($stderr, $pattern, "$program: and told");
		unlike($stdout . $stderr, qr/$secret/, "$program: without a password");
	}
	return;
}

check_says('a statement without the columns', qr/primus\.statement\.read: must return a column \\?"uri/, 'primus.statement.read' => 'SELECT name AS domain FROM customers');
check_says('a statement that is wrong', qr/primus\.statement\.read: syntax error/, 'primus.statement.read' => "SELEC '$secret'");
check_says('a statement that returns nothing', qr/primus\.statement\.read: must be one statement that returns rows/, 'primus.statement.read' => 'CREATE TEMP TABLE x ()');
check_says('a URI that is none', qr/primus\.uri: is not valid/, 'primus.uri' => "host=a passwort=$secret");
check_says('a server that is not there', qr/Primus: cannot connect/, 'primus.uri' => "host=/nowhere password=$secret");
check_says('a file beside Primus', qr/domainfile and primus\.uri are both set/, domainfile => "$sh->{dir}/domains.yaml");

# ---- nothing secret has got out ----

foreach my $process ($sh, $worker)
{
	my $title = ShTest::read_file("/proc/$process->{pid}/cmdline") =~ tr/\0/ /r;
	like($title, qr/--set primus\.uri=host=\S+ .*password=x+ /, 'a title of a process');
	unlike($title, qr/$secret/, 'without the password');
}
unlike(ShTest::read_file($sh->{log}), qr/$secret/, "no password in selfserv's log");
unlike($worker->log_text, qr/$secret/, "no password in selfpwrk's log");
unlike(HTTP::Tiny->new->get("http://127.0.0.1:$admin_port/metrics")->{content}, qr/$secret|dbname/, 'no URI among the metrics');
is($worker->stop, 0, 'selfpwrk stops');
is($sh->stop_selfserv, 0, 'selfserv stops');
done_testing();
