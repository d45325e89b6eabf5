# The REST API through Debian's PgBouncer in transaction mode (postgres.pooler): what is short, what is long, what
# writes, programs, and that sessions which several share leak nothing.
use strict;
use warnings;

use FindBin;
use Test::More;
use Time::HiRes qw(time);
use PostgreSQL::Test::Utils;
use ShTest;
use ShWorker;

$ShProcess::TIMEOUT = 30;

my $top = $ENV{SELFHOST_SOURCE} || "$FindBin::Bin/..";
my $sh = ShTest->new('pooled', no_selfserv => 1, conf => { threads => 2, 'postgres.pooler' => 'true' });
my $node = $sh->{node};

# ---- PgBouncer, as packaging/pgbouncer has it but for where things are ----

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $dir = PostgreSQL::Test::Utils::tempdir();
my $text = ShTest::read_file("$top/packaging/pgbouncer/pgbouncer.ini.example");
my ($host, $node_port) = ($node->host, $node->port);
ok($text =~ s/^test = .*/test = host=$host port=$node_port dbname=test user=selfhost_gateway/m, 'the example has a database');
ok($text =~ s/^listen_port = .*/listen_port = $port/m, 'a port');
ok($text =~ s/^auth_type = .*/auth_type = any/m, 'and log-ins');
ok($text =~ s/^auth_file = .*\n//m, 'from a file');
like($text, qr/^pool_mode = transaction$/m, 'in transaction mode');
# Few server processes for many connections: each meets others' traces.
$text =~ s/^default_pool_size = .*/default_pool_size = 3/m;
$text .= "unix_socket_dir = $dir\nlogfile = $PostgreSQL::Test::Utils::log_path/pgbouncer.log\n";
ShTest::write_file("$dir/pgbouncer.ini", $text);
my ($program) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
die 'PgBouncer is missing: install pgbouncer' unless $program;
my $bouncer = bless { pid => fork() // die "cannot fork: $!" }, 'ShProcess';
if ($bouncer->{pid} == 0)
{
	open(STDIN, '<', '/dev/null');
	open(STDOUT, '>', '/dev/null');
	open(STDERR, '>&', \*STDOUT);
	exec($program, "$dir/pgbouncer.ini") or POSIX::_exit(127);
}
$sh->wait_until('PgBouncer answers', sub { return -S "$dir/.s.PGSQL.$port" });

# selfpwrk listens, so it has a file of its own, with PostgreSQL itself.
my $direct = bless {%$sh}, 'ShTest';
$direct->{dir} = PostgreSQL::Test::Utils::tempdir();
$direct->write_domains;
ShTest::write_file("$sh->{dir}/domains.yaml", "domains:\n  test: host=$dir port=$port dbname=test user=selfhost_gateway\n");
$sh->start_selfserv;

# ---- the role's settings ----

is($sh->get('/v2/users/me')->{status}, 503, 'without the settings of the role: 503');
like(ShTest::read_file($sh->{log}), qr/postgres\.pooler, the role needs the setting search_path = pg_catalog, pg_temp"/, 'and the log names them');
my ($statements) = ShTest::read_file("$top/docs/operations.md") =~ /```sql\n(ALTER ROLE selfhost_gateway SET.*?)```/s
  or die 'docs/operations.md has no statements';
$node->safe_psql('test', $statements);
# Server processes that began before do not have them.
$node->safe_psql('test', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'selfhost_gateway'");
$sh->wait_until('the domain is served', sub { return $sh->get('/v2/users/me')->{status} == 200 });

# ---- reads and writes ----

my $user = $sh->create_user('user');
$sh->create_policy($user->{group}, 'allow', 'read', 'things%');
is($sh->post('/v2/things', { name => 'thing', type => 'building' })->{status}, 201, 'a write');
my $things = $sh->get('/v2/things', token => $user->{token});
is(scalar(@{ $things->{json} }), 1, 'it is read');
is($sh->post('/v2/things', { name => 'x', type => 'building' }, token => $user->{token})->{status}, 403, 'what one may not');
is($sh->get('/v2/things', token => 'none')->{status}, 401, 'who is not known');
is($sh->get('/v2/things/00000000-0000-4000-8000-000000000000')->{status}, 404, 'what does not exist');
is($sh->post('/v2/things', { name => 'x', type => 'no such' })->{status}, 400, 'what is wrong');

my $series = $sh->post('/v2/timeseries', { name => 'series', si_unit => 'C' })->{json}{uuid};
is($sh->post("/v2/timeseries/$series/data", [ { ts => '2020-05-01T00:00:00+02:00', v => 0.1 } ])->{status}, 201, 'a point');
is_deeply($sh->get("/v2/timeseries/$series/data?start=2020-01-01T00:00:00Z&end=2020-12-31T00:00:00Z")->{json},
	[ { v => 0.1, ts => '2020-04-30T22:00:00Z' } ], 'is read in UTC');
is($sh->post("/v2/timeseries/$series/data", [ { ts => '2020-05-01T00:00:00+02:00', v => 1 } ])->{status}, 409, 'once more: 409');

# ---- a stream ----

$sh->psql("INSERT INTO selfhost.tsdata SELECT '$series', '2020-06-01Z'::timestamptz + i * interval '10 s', i FROM generate_series(1, 500000) i");
my $r = $sh->get("/v2/timeseries/$series/data?start=2020-06-01T00:00:00Z&end=2020-12-31T00:00:00Z");
is(scalar(@{ $r->{json} }), 500000, 'a long answer is whole');

# ---- many at once, as two users, some of whom are refused ----

my @pids;
foreach my $i (0 .. 5)
{
	my $pid = fork() // die "cannot fork: $!";
	if ($pid == 0)
	{
		delete $_->{pid} foreach ($sh, $bouncer);
		delete $sh->{agent};
		my %wrong;
		foreach my $n (1 .. 60)
		{
			my @token = $i % 2 ? (token => $user->{token}) : ();
			my $name = $sh->get('/v2/users/me', @token)->{json}{name};
			$wrong{"me $name"}++ if $name ne ($i % 2 ? 'user' : 'root');
			my $status = $sh->get('/v2/users', @token)->{status};
			$wrong{"users $status"}++ if $status != ($i % 2 ? 403 : 200);
			$status = $sh->post('/v2/things', { name => "thing $i $n", type => 'building' }, @token)->{status};
			$wrong{"write $status"}++ if $status != ($i % 2 ? 403 : 201);
		}
		ShTest::write_file("$dir/wrong.$i", join(', ', map { "$_: $wrong{$_}" } sort keys %wrong));
		POSIX::_exit(0);
	}
	push @pids, $pid;
}
waitpid($_, 0) foreach @pids;
is(ShTest::read_file("$dir/wrong.$_"), '', "client $_ got what is his") foreach 0 .. 5;
cmp_ok($node->safe_psql('test', "SELECT count(*) FROM pg_stat_activity WHERE usename = 'selfhost_gateway'"), '<=', 3,
	'three server processes have done it');

# ---- programs: their answers are looked for, as nothing can be listened to ----

my $worker = ShWorker->new($direct);
my $hook = do
{
	local $worker->{sh} = $sh;
	$worker->program('hook', 'webhook', 'require("cgi").response.write("here")', language => 'lua');
};
my $began = time();
$r = $sh->post("/v2/programs/$hook/webhook", {});
is("$r->{status} $r->{content}", '200 here', 'a webhook');
cmp_ok(time() - $began, '<', 3, sprintf('after %.3f s', time() - $began));

# ---- PgBouncer goes away for a moment ----

kill('HUP', $bouncer->{pid});
$node->restart;
$sh->wait_until('the domain is served', sub { return $sh->get('/v2/users/me')->{status} == 200 });
pass('the domain is served after a restart');

is($sh->stop_selfserv, 0, 'selfserv ends well');
$worker->stop;
done_testing();
