# Many domains: 30 on three servers, two gateways and one worker that follow Primus. Real sensor series go in
# through one gateway and come out of the other; domains are added, dropped, moved and made anew while others are
# written to; and nothing of one domain is seen in another: tokens, points, programs, modules, runs.
use strict;
use warnings;

use List::Util qw(sum0);
use Test::More;
use Time::HiRes qw(time);
use PostgreSQL::Test::Utils;
use ShTest;
use ShWorker;

$ShProcess::TIMEOUT = 60;

my $ndomains = 30;
my $files = "$ENV{SELFHOST_SOURCE}/t/data/nab";
my $secret = 'Xs3cretX';

# ---- three servers, Primus on the first ----

sub server
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', "max_connections = 200\n");
	$node->start;
	return $node;
}
my @server = map { server($_) } qw(one two three);
sub primus { return $server[0]->safe_psql('primus', join(";\n", @_)); }
$server[0]->safe_psql('postgres', 'CREATE DATABASE primus');
primus('CREATE EXTENSION selfhost_primus', "CREATE ROLE reader LOGIN PASSWORD '$secret' IN ROLE selfhost_primus_reader");

# The domains by name: { name, server (its number), database, token, revision of its module }
my %domain;

sub uri
{
	my ($d) = @_;
	my $node = $server[ $d->{server} ];
	return sprintf('host=%s port=%d dbname=%s user=selfhost_gateway password=%s', $node->host, $node->port, $d->{database}, $secret);
}

sub sql { my ($d, $sql) = @_; return $server[ $d->{server} ]->safe_psql($d->{database}, $sql); }

sub create_domain
{
	my ($name, $server) = @_;
	my $d = $domain{$name} = { name => $name, server => $server, database => $name };
	$server[$server]->safe_psql('postgres', qq(CREATE DATABASE "$name"));
	$d->{token} = sql($d, 'SET client_min_messages = warning; CREATE EXTENSION selfhost;
		ALTER ROLE selfhost_gateway LOGIN; ALTER ROLE selfhost_worker LOGIN; SELECT selfhost.init()');
	return $d;
}

sub register { my ($d) = @_; return primus(sprintf("SELECT selfhost_primus.create_domain('%s', '%s')", $d->{name}, uri($d))); }

my @first = map { create_domain(sprintf('d%02d', $_), $_ % 3) } 0 .. $ndomains - 1;
primus(map { sprintf("SELECT selfhost_primus.create_domain('%s', '%s')", $_->{name}, uri($_)) } @first);

# ---- two gateways, a worker ----

my $reader = sprintf('host=%s port=%d dbname=primus user=reader password=%s', $server[0]->host, $server[0]->port, $secret);

sub gateway
{
	my ($name) = @_;
	my $gateway = bless {
		name   => $name,
		domain => 'd00',
		token  => $domain{d00}{token},
		dir    => PostgreSQL::Test::Utils::tempdir(),
		node   => $server[0],
		conf   => {
			domainfile => '', 'primus.uri' => $reader, threads => 2, 'admin.port' => PostgreSQL::Test::Cluster::get_free_port(),
			'rate_control.maxburst' => 1000000, 'auth.failures_burst' => 1000000
		},
	}, 'ShTest';
	$gateway->start_selfserv;
	return $gateway;
}
my @gateway = map { gateway($_) } qw(north south);
my $worker = ShWorker->new($gateway[0], conf => { domainfile => '', 'primus.uri' => $reader, 'postgres.user' => 'selfhost_worker' });

sub as { my ($d) = @_; return (domain => $d->{name}, token => $d->{token}); }
sub status { my ($gateway, $d, $token) = @_; return $gateway->get('/v2/users/me', as($d), $token ? (token => $token) : ())->{status}; }

# Both gateways answer so, soon.
sub answers
{
	my ($d, $status, $token) = @_;
	my $begin = time();
	foreach my $gateway (@gateway)
	{
		$gateway->wait_until("$d->{name} answers $status", sub { return status($gateway, $d, $token) == $status });
	}
	cmp_ok(time() - $begin, '<', 10, "$d->{name} answers $status soon");
	return;
}
answers($_, 200) foreach $first[0], $first[-1];

# ---- a real series for each: in by one gateway, out by the other ----

sub read_rows
{
	my ($file) = @_;
	my %at;
	open(my $fh, '<', $file) or die "cannot read $file: $!";
	while (<$fh>)
	{
		$at{"${1}T${2}Z"} //= $3 if /^(\S+) (\S+?),(\S+)/;
	}
	return map { [ $_, $at{$_} ] } sort keys %at;
}
my @sensor = map { [ read_rows($_) ] } sort glob("$files/*.csv");
is(scalar(@sensor), 6, 'six real series');

sub body { return '[' . join(',', map { qq({"ts":"$_->[0]","v":$_->[1]}) } @_) . ']'; }

# One more point says which domain it is.
sub load
{
	my ($gateway, $d, $number) = @_;
	my @rows = (@{ $sensor[ $number % 6 ] }, [ '2030-01-01T00:00:00Z', $number ]);
	my $r = $gateway->post('/v2/timeseries', { name => "of $d->{name}", si_unit => 'X' }, as($d));
	$d->{series} = $r->{json}{uuid} or die "$d->{name}: $r->{status} $r->{content}";
	@$d{qw(count sum)} = (scalar(@rows), sum0(map { $_->[1] } @rows));
	while (my @batch = splice(@rows, 0, 5000))
	{
		$r = $gateway->request('POST', "/v2/timeseries/$d->{series}/data", content => body(@batch), as($d));
		die "$d->{name}: $r->{status} $r->{content}" if $r->{status} != 201;
	}
	return;
}

sub points_are_there
{
	my ($gateway, $d) = @_;
	my @values;
	foreach my $year (2013 .. 2015, 2030)
	{
		my $r = $gateway->get("/v2/timeseries/$d->{series}/data?start=$year-01-01T00:00:00Z&end=$year-12-31T23:59:59Z", as($d));
		push @values, map { $_->{v} } @{ $r->{json} || [] };
	}
	return @values == $d->{count} && abs(sum0(@values) - $d->{sum}) <= 1e-9 * abs($d->{sum});
}

load($gateway[ $_ % 2 ], $first[$_], $_) foreach 0 .. $#first;
is(join(' ', map { $_->{name} } grep { !points_are_there($gateway[ 1 - $_->{server} % 2 ], $_) } @first), '',
	sprintf('%d points of %d domains are read back', sum0(map { $_->{count} } @first), $ndomains));
is(join(' ', map { "$_->{name}: " . $gateway[0]->get('/v2/timeseries', as($_))->{content} }
	grep { join(' ', map { $_->{name} } @{ $gateway[0]->get('/v2/timeseries', as($_))->{json} }) ne "of $_->{name}" } @first),
	'', 'each has its own series and no other');

# ---- tokens are good in their own domain only ----

my @leaks;
foreach my $i (0 .. $#first)
{
	# Each third will do: a refusal takes its time.
	foreach my $j (grep { ($i - $_) % 3 == 0 } 0 .. $#first)
	{
		my $got = status($gateway[ ($i + $j) % 2 ], $first[$i], $first[$j]{token});
		push @leaks, "$first[$j]{name} in $first[$i]{name}: $got" if $got != ($i == $j ? 200 : 401);
	}
}
is("@leaks", '', 'a token is good in its own domain, and in no other');

# ---- programs: the same names everywhere, each with its own module, series and log ----

# As the worker's helpers have it: a gateway, and the server of the domain.
sub at
{
	my ($d) = @_;
	my $view = bless { %{ $gateway[0] }, node => $server[ $d->{server} ] }, 'ShTest';
	delete $view->{pid};
	return $view;
}

sub equip
{
	my ($d, $says) = @_;
	local $worker->{sh} = at($d);
	my %as = (as($d), language => 'lua');
	$worker->program('who', 'module', qq(return {name = function() return "$says" end}), %as);
	$d->{tell} = $worker->program('tell', 'routine', <<"LUA", %as);
local log, selfapi, who = require("log"), require("selfapi"), import("who")
local all = assert(selfapi.timeseries.list())
log.info("%s %d %s", who.name(), #all, all[1].name)
LUA
	$d->{hook} = $worker->program('hook', 'webhook', 'require("cgi").response.write(import("who").name())', %as);
	return;
}

sub log_of_run
{
	my ($d) = @_;
	local $worker->{sh} = at($d);
	my $run = $worker->run_of($d->{tell}, domain => $d->{database});
	$worker->switch_off($d->{tell}, as($d));
	return "$run->{state} " . ($run->{log} =~ s/^.*?info //r =~ s/\s+\z//r) . ($run->{error} // '');
}

sub hook_says { my ($d, $gateway) = @_; return ($gateway // $gateway[0])->get("/v2/programs/$d->{hook}/webhook", as($d))->{content}; }

my @equipped = @first[ 0 .. 11 ];
equip($_, "I am $_->{name}") foreach @equipped;
is(log_of_run($_), "succeeded I am $_->{name} 1 of $_->{name}", "$_->{name}: its routine sees its own module and series") foreach @equipped;
is(join(' ', map { $_->{name} } grep { hook_says($_, $gateway[ $_->{server} % 2 ]) ne "I am $_->{name}" } @equipped), '', 'webhooks of one name answer for their domain');
is(sql($_, "SELECT count(*) FROM selfhost.program_run WHERE log ~ 'I am' AND log !~ 'I am $_->{name}'"), 0, "$_->{name}: no run of another") foreach @equipped[ 0 .. 2 ];
my ($one, $two) = @equipped;
is($gateway[0]->get("/v2/programs/$two->{tell}", as($one))->{status}, 404, 'a program of another domain is not there');
is($gateway[0]->get("/v2/programs/$two->{tell}/runs", as($one))->{status}, 404, 'nor are its runs');
isnt($gateway[0]->get("/v2/programs/$two->{hook}/webhook", as($one))->{status}, 200, 'nor does it answer');

# ---- changes while four other domains are written to ----

my $stop = "$gateway[0]{dir}/stop";
my @writer;
foreach my $i (0 .. 3)
{
	my $parent = $$;
	my $pid = fork() // die "cannot fork: $!";
	push @writer, $pid;
	next if $pid != 0;
	delete $_->{pid} foreach @gateway, $worker;
	my ($d, $gateway, $n, $bad) = ($first[$i], $gateway[ $i % 2 ], 0, '');
	until (-e $stop || $bad || getppid() != $parent)
	{
		my @rows = map { [ POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(1767225600 + $_)), $_ ] } $n .. $n + 9;
		my $r = $gateway->request('POST', "/v2/timeseries/$d->{series}/data", content => body(@rows), as($d));
		$r->{status} == 201 ? ($n += 10) : ($bad = "after $n points: $r->{status} $r->{content}");
	}
	ShTest::write_file("$stop.$$", "$n $bad");
	POSIX::_exit(0);
}

# New ones.
foreach my $i (0 .. 2)
{
	my $d = create_domain("new$i", $i);
	register($d);
	answers($d, 200);
	load($gateway[0], $d, 100 + $i);
	ok(points_are_there($gateway[1], $d), "$d->{name} takes points");
}

# Dropped ones: nobody holds a connection any more, so that DROP DATABASE works without force.
sub drop_database
{
	my ($d, $server) = @_;
	$gateway[0]->wait_until("$d->{database} is left", sub {
		return $server[$server]->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE datname = '$d->{database}'") == 0;
	});
	return $server[$server]->safe_psql('postgres', qq(DROP DATABASE "$d->{database}"));
}
foreach my $d (@first[ 6 .. 8 ])
{
	primus("SELECT selfhost_primus.delete_domain('$d->{name}')");
	answers($d, 401);
	drop_database($d, $d->{server});
	pass("$d->{name} is dropped");
}

# Moved ones: everything goes along.
foreach my $d (@first[ 9 .. 11 ])
{
	my $from = $d->{server};
	my $dump = "$gateway[0]{dir}/$d->{name}.dump";
	primus("SELECT selfhost_primus.update_domain('$d->{name}', enabled => false)");
	answers($d, 401);
	$server[$from]->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $server[$from]->connstr($d->{database}) ], "$d->{name} is dumped");
	$d->{server} = ($from + 1) % 3;
	$server[ $d->{server} ]->safe_psql('postgres', qq(CREATE DATABASE "$d->{database}"));
	$server[ $d->{server} ]->command_ok([ 'pg_restore', '--exit-on-error', '-d', $server[ $d->{server} ]->connstr($d->{database}), $dump ], 'and restored');
	primus(sprintf("SELECT selfhost_primus.update_domain('%s', uri => '%s', enabled => true)", $d->{name}, uri($d)));
	answers($d, 200);
	drop_database($d, $from);
	ok(points_are_there($gateway[1], $d), 'its points are there');
	is(hook_says($d), "I am $d->{name}", 'its programs run');
}

# Made anew under the same name, on another server: nothing of the old one is left.
my $old = $first[5];
primus("SELECT selfhost_primus.delete_domain('$old->{name}')");
answers($old, 401);
my $anew = create_domain($old->{name}, ($old->{server} + 1) % 3);
register($anew);
answers($anew, 200);
answers($anew, 401, $old->{token});
$anew->{token} ne $old->{token} or die;
is_deeply($gateway[0]->get('/v2/timeseries', as($anew))->{json}, [], 'no series of the old one');
load($gateway[1], $anew, 200);
equip($anew, 'I am another');
is(log_of_run($anew), "succeeded I am another 1 of $anew->{name}", 'modules of the old one are forgotten');
is(hook_says($anew), 'I am another', 'by webhooks, too');

ShTest::write_file($stop, '');
foreach my $i (0 .. 3)
{
	waitpid($writer[$i], 0);
	my ($n, $bad) = split(' ', ShTest::read_file("$stop.$writer[$i]"), 2);
	is($bad // '', '', "$n points were written to $first[$i]{name} meanwhile, no request failed");
	cmp_ok($n, '>', 0, 'there was load');
	is(sql($first[$i], "SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = '$first[$i]{series}' AND ts >= '2026-01-01' AND ts < '2027-01-01'"), $n,
		'all of them are there, once');
}

# ---- what the gateways and the worker tell of themselves ----

my $names = join(' ', sort (keys %{ { map { $_ => 1 } grep { !/^d0[678]$/ } keys %domain } }));
foreach my $gateway (@gateway)
{
	my $metrics = HTTP::Tiny->new->get("http://127.0.0.1:$gateway->{conf}{'admin.port'}/metrics")->{content};
	my %seen = map { $_ => 1 } $metrics =~ /domain="([^"]*)"/g;
	is(join(' ', sort keys %seen), $names, "$gateway->{name}: the metrics have the domains that there are");
	unlike($metrics . ShTest::read_file($gateway->{log}), qr/$secret|dbname=/, 'and no URI, as its log');
	is(HTTP::Tiny->new->get("http://127.0.0.1:$gateway->{conf}{'admin.port'}/readyz")->{status}, 200, 'ready');
}
unlike($worker->log_text, qr/$secret|dbname=/, "no URI in the worker's log");
is($worker->stop, 0, 'selfpwrk stops');
is($_->stop_selfserv, 0, "$_->{name} stops") foreach @gateway;
done_testing();
