# Two selfserv of the same domain behind Debian's nginx, with the configuration that packaging/nginx has for it:
# both take requests, one of them is killed under load, addresses are those of the clients, streams pass as they come.
use strict;
use warnings;

use FindBin;
use IO::Socket::INET;
use IPC::Run;
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);
use PostgreSQL::Test::Utils;
use ShTest;
use ShWorker;

$ShProcess::TIMEOUT = 30;

my $top = $ENV{SELFHOST_SOURCE} || "$FindBin::Bin/..";
my $parent = $$;
my $epoch = 1577836800; # 2020-01-01T00:00:00Z
my $batch = 20;
my %conf = ('listen.trusted_proxies' => '[127.0.0.1]', threads => 1);

my $sh = ShTest->new('first', conf => {%conf});
my $second = bless { %$sh, name => 'second', dir => PostgreSQL::Test::Utils::tempdir(), agent => undef }, 'ShTest';
delete $second->{pid};
delete $second->{port};
$second->write_domains;
$second->start_selfserv;
my $worker = ShWorker->new($sh);

# ---- nginx, with other ports and folders of its own ----

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $nginx_dir = PostgreSQL::Test::Utils::tempdir();
my $text = ShTest::read_file("$top/packaging/nginx/selfserv.conf.example");
ok($text =~ s/\blisten 80;/listen 127.0.0.1:$port;/, 'the example listens');
ok($text =~ s/127\.0\.0\.1:8095 /127.0.0.1:$sh->{port} /, 'and names a gateway');
ok($text =~ s/127\.0\.0\.1:8096 /127.0.0.1:$second->{port} /, 'and another one');
ShTest::write_file("$nginx_dir/selfserv.conf", $text);
my $nginx_log = "$PostgreSQL::Test::Utils::log_path/nginx.log";
ShTest::write_file("$nginx_dir/nginx.conf", <<"EOS");
daemon off;
pid $nginx_dir/pid;
error_log $nginx_log info;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path $nginx_dir/body;
	proxy_temp_path $nginx_dir/proxy;
	fastcgi_temp_path $nginx_dir/fastcgi;
	uwsgi_temp_path $nginx_dir/uwsgi;
	scgi_temp_path $nginx_dir/scgi;
	include $nginx_dir/selfserv.conf;
}
EOS
my ($program) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin';
die 'nginx is missing: install nginx' unless $program;
my $nginx = bless { pid => fork() // die "cannot fork: $!" }, 'ShProcess';
if ($nginx->{pid} == 0)
{
	open(STDIN, '<', '/dev/null');
	exec($program, '-p', $nginx_dir, '-c', "$nginx_dir/nginx.conf", '-e', $nginx_log) or POSIX::_exit(127);
}

# What goes through nginx.
my $front = bless { %$sh, port => $port, agent => undef }, 'ShTest';
delete $front->{pid};
$sh->wait_until('nginx answers', sub { return HTTP::Tiny->new(timeout => 5)->get($front->url('/status'))->{status} == 200 });

# ---- both take requests; each token has its gateway ----

sub requests_of
{
	my ($gateway, $user) = @_;
	return scalar(grep { /"user":"$user->{uuid}"/ } split(/\n/, ShTest::read_file($gateway->{log})));
}

my @users = map { $front->create_user("user $_") } 1 .. 12;
foreach my $user (@users)
{
	is($front->get('/v2/users/me', token => $user->{token})->{status}, 200, "$user->{name} is answered") for 1 .. 3;
}
my %taken = (first => 0, second => 0);
foreach my $user (@users)
{
	my @n;
	$sh->wait_until("the requests of $user->{name} are in the logs", sub {
		@n = map { requests_of($_, $user) } $sh, $second;
		return $n[0] + $n[1] >= 3;
	});
	ok(($n[0] == 3 && $n[1] == 0) || ($n[0] == 0 && $n[1] == 3), "$user->{name} has one gateway");
	$taken{ $n[0] ? 'first' : 'second' }++;
}
cmp_ok($taken{$_}, '>', 0, "the $_ gateway takes requests") foreach sort keys %taken;

# ---- addresses ----

$front->get('/v2/users/me?address', headers => { 'X-Forwarded-For' => '192.0.2.7' }, token => $users[0]{token});
# nginx adds the address that it sees, 127.0.0.1, which is trusted: the next one counts.
$sh->wait_until('the address of the client is in the log', sub {
	return grep { ShTest::read_file($_->{log}) =~ /"client":"192\.0\.2\.7"/ } $sh, $second;
});

# ---- large answers pass as they come ----

my $series = $front->post('/v2/timeseries', { name => 'long', si_unit => 'C' })->{json}{uuid};
$sh->psql("INSERT INTO selfhost.tsdata SELECT '$series', '2020-01-01Z'::timestamptz + i * interval '10 s', i % 1000 + 0.125
	FROM generate_series(0, 3000000) i");
my $path = "/v2/timeseries/$series/data?start=2020-01-01T00:00:00Z&end=2020-12-31T00:00:00Z";
my $size = 0;
my ($first, $at_first);
my $began = time();
my $r = HTTP::Tiny->new(timeout => 30)->get($front->url($path), {
	headers       => { Authorization => $sh->authorization($sh->{token}) },
	data_callback => sub { $first //= time() - $began; $size += length($_[0]); },
});
my $all = time() - $began;
is($r->{status}, 200, 'a long answer');
cmp_ok($size, '>', 100e6, 'is long');
cmp_ok($first, '<', $all / 4, sprintf('and begins at once: %.3f s of %.3f s', $first, $all));
ok(!-e "$nginx_dir/proxy" || !glob("$nginx_dir/proxy/*/*/*"), 'nothing of it was written to disk');
is($front->request('POST', "/v2/timeseries/$series/data", content => '[' . ' ' x 6_000_000 . ']')->{status}, 400,
	'a body that is too large is refused by selfserv, not by nginx');

# ---- programs ----

my $hook = $worker->program('hook', 'webhook', 'require("cgi").response.write("here")', language => 'lua');
$r = $front->post("/v2/programs/$hook/webhook", {});
is("$r->{status} $r->{content}", '200 here', 'a webhook');

# ---- one gateway is killed under load ----

my @writers = map {
	my $user = $_;
	$sh->create_policy($user->{group}, 'allow', 'create', 'timeseries%');
	my $s = $sh->post('/v2/timeseries', { name => "series of $user->{name}", si_unit => 'C' })->{json}{uuid};
	{ user => $user, series => $s };
} @users[ 0 .. 7 ];
my @pids;
foreach my $i (0 .. $#writers)
{
	my $pid = fork() // die "cannot fork: $!";
	if ($pid == 0)
	{
		delete $_->{pid} foreach ($sh, $second, $worker, $nginx);
		my $n = 0;
		until (-e "$sh->{dir}/stop" || getppid() != $parent)
		{
			my $body = '[' . join(',', map {
				sprintf('{"v":%d,"ts":"%s"}', $_, strftime('%Y-%m-%dT%H:%M:%SZ', gmtime($epoch + $_)))
			} $n * $batch .. ($n + 1) * $batch - 1) . ']';
			my $answer = $front->request('POST', "/v2/timeseries/$writers[$i]{series}/data?conflict=skip",
				content => $body, agent => HTTP::Tiny->new(timeout => 20), token => $writers[$i]{user}{token});
			if ($answer->{status} == 201) { ShTest::write_file("$sh->{dir}/acknowledged.$i", ++$n); }
			elsif ($answer->{status} !~ /^(599|50[234])$/)
			{
				ShTest::write_file("$sh->{dir}/unexpected.$i", "$answer->{status} $answer->{content}");
				last;
			}
		}
		POSIX::_exit(0);
	}
	push @pids, $pid;
}

sub acknowledged { my ($i) = @_; return -e "$sh->{dir}/acknowledged.$i" ? ShTest::read_file("$sh->{dir}/acknowledged.$i") : 0; }

sub progress
{
	my ($what) = @_;
	my @before = map { acknowledged($_) } 0 .. $#writers;
	$sh->wait_until("every writer has gone on $what", sub {
		return !grep { -e "$sh->{dir}/unexpected.$_" || acknowledged($_) < $before[$_] + 3 } 0 .. $#writers;
	});
	pass("every writer goes on $what");
	return;
}

progress('at first');
$second->stop_selfserv('KILL');
progress('with one gateway');
$second->start_selfserv;
my $before = (() = ShTest::read_file($second->{log}) =~ /"status":201/g);
$sh->wait_until('the second gateway takes requests again', sub {
	return (() = ShTest::read_file($second->{log}) =~ /"status":201/g) > $before;
});
$sh->stop_selfserv;
progress('with the other one');
ShTest::write_file("$sh->{dir}/stop", '');
waitpid($_, 0) foreach @pids;
foreach my $i (0 .. $#writers)
{
	ok(!-e "$sh->{dir}/unexpected.$i", "writer $i got no unexpected answer") or diag(ShTest::read_file("$sh->{dir}/unexpected.$i"));
	my $n = acknowledged($i);
	cmp_ok($sh->psql("SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = '$writers[$i]{series}'"), '>=', $n * $batch,
		"writer $i: nothing acknowledged is missing ($n batches)");
}

is($nginx->stop_process, 0, 'nginx ends well');
is($second->stop_selfserv, 0, 'selfserv ends well');
done_testing();
