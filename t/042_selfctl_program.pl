# selfctl program: records, code, runs of a domain; programs run and compiled here.
use strict;
use warnings;

use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use ShTest;
use ShWorker;
use Test::More;

my $timeout = $PostgreSQL::Test::Utils::timeout_default || 180;
my $t = ShTest->new('selfctl_program');
my $worker = ShWorker->new($t);
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $uri = $t->{node}->connstr($t->{domain});
$ENV{SELFHOST_TOKEN} = $t->{token};

# Returns { code, out, err }.
sub command
{
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'selfctl', 'program', @_ ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($timeout));
	return { code => $? >> 8, out => $out, err => $err };
}

sub selfctl { return command(@_, '--uri', $uri); }

sub json { return decode_json($_[0]{out}); }

sub file
{
	my ($name, $text) = @_;
	ShTest::write_file("$dir/$name", $text);
	return "$dir/$name";
}

# ---- records ----

is(selfctl('list')->{out}, "There are no programs.\n", 'nothing yet');
is(selfctl('list', '--json')->{out}, "[]\n", 'nothing, as JSON');

my $r = selfctl('create', 'beat', '--type', 'routine', '--schedule', '* * * * * *', '--deadline', '2000', '--tag', 'a',
	'--tag', 'b', '--state', 'inactive');
is($r->{code}, 0, 'a routine') or diag($r->{err});
my ($beat) = $r->{out} =~ /\A([0-9a-f-]{36})\n\z/;
ok(defined $beat, 'its uuid is printed');
is(json(selfctl('create', 'tools', '--type', 'module', '--json'))->{uuid} =~ /\A[0-9a-f-]{36}\z/, 1, 'a module');

$r = json(selfctl('show', 'beat', '--json'));
is_deeply([ @{$r}{qw(name uuid type state language schedule deadline owner)}, @{ $r->{tags} } ],
	[ 'beat', $beat, 'routine', 'inactive', 'lua', '* * * * * *', 2000, 'root', 'a', 'b' ], 'its record');
like(selfctl('show', $beat)->{out}, qr/^deadline \(ms\)  2000\n.*^It has no code yet/ms, 'for people, by its uuid');
like(selfctl('list', '--type', 'module')->{out}, qr/\ANAME .*\ntools .*module .*\n\z/, 'a part of the list');

# ---- code ----

my $bad = file('bad.lua', "local x =\n= 1\n");
$r = selfctl('push', 'beat', $bad);
is($r->{code}, 1, 'code that does not compile is not uploaded');
like($r->{err}, qr/bad\.lua:2:/, 'it is said where it fails');
is(json(selfctl('show', 'beat', '--json'))->{revisions}[0], undef, 'no revision');

my $first = file('beat.lua', "local log = import('log')\nlog.info('first')\n");
$r = selfctl('push', 'beat', $first);
is($r->{out}, "revision 0\n", 'a revision') or diag($r->{err});
$r = selfctl('code', 'beat');
is($r->{code}, 1, 'none is signed');
is(selfctl('code', 'beat', '--revision', 0)->{out}, ShTest::read_file($first), 'its code');
is(selfctl('sign', 'beat', 0)->{code}, 0, 'signed');
is(selfctl('code', 'beat')->{out}, ShTest::read_file($first), 'what would run');
my $second = file('beat.lua', "local log = import('log')\nlog.info('second')\nlog.warn('tab\\tescape \\27[31m')\n");
is_deeply(json(selfctl('push', 'beat', $second, '--sign', '--json')), { revision => 1, signed => JSON::PP::true },
	'another, signed at once');
like(selfctl('diff', 'beat', 0)->{out}, qr/^--- $beat\@0\n\+\+\+ $beat\@1\n.*^-log.info\('first'\)\n\+log.info\('second'\)$/ms,
	'what has changed');
is(selfctl('diff', 'beat', 0, 0)->{out}, '', 'nothing has');
like(selfctl('show', 'beat')->{out}, qr/^REVISION .*\n0 .*root .*\n1 .*root/m, 'the revisions');

# ---- runs ----

is(selfctl('runs', 'beat')->{out}, "It has not run yet.\n", 'not yet');
is(selfctl('set', 'beat', '--state', 'active', '--deadline', 5000)->{code}, 0, 'switched on');
is(json(selfctl('show', 'beat', '--json'))->{deadline}, 5000, 'and another deadline');
my $run = $worker->run_of($beat);
is(selfctl('set', 'beat', '--state', 'inactive')->{code}, 0, 'switched off');
my $runs = json(selfctl('runs', 'beat', '--json', '-n', 100));
is($runs->[-1]{state}, 'succeeded', 'it has run') or diag(explain($runs));
is($runs->[-1]{revision}, 1, 'the newest signed revision');
like(selfctl('runs', 'beat', '-n', 1)->{out}, qr/\ARUN .*\n\d+ +routine +/, 'for people');
$r = selfctl('logs', 'beat', '--run', $run->{id});
like($r->{out}, qr/^==> run $run->{id}, revision 1, .*: succeeded\n.*info second\n.*warn(ing)? tab\t?.*escape.*\[31m\n\z/ms, 'its log');
unlike($r->{out}, qr/\x1b/, 'which cannot steer the terminal');

# ---- here ----

$r = command('run', file('ok.lua', "local log = import('log')\nlog.info('here')\n"));
is($r->{code}, 0, 'run here');
is($r->{err}, "info: here\n", 'its log');
is(command('compile', '-f', $bad)->{code}, 1, 'compiled here: bad');
is(command('compile', "$dir/ok.lua", '--lang', 'lua')->{code}, 0, 'good');
is(command('run', file('loop.lua', "while true do end\n"), '--deadline', 300)->{code} > 0, 1, 'an endless loop ends');
my $hook = file('hook.lua', "local cgi = import('cgi')\ncgi.response.status(201)\ncgi.response.write(cgi.request.body())\n");
$r = command('run', $hook, '--request', file('body', 'ping'));
like($r->{out}, qr/\Astatus: 201\n.*\nping\z/s, 'a webhook') or diag($r->{err});

# No password among the arguments of what runs it.
my $secret = 'Xs3cretX';
my $endless = file('endless.lua', "while true do end\n");
my @run = ('run', $endless, '--deadline', 60000);
foreach my $start ([ 'selfctl', 'program', @run, '--uri', $t->{node}->connstr('test') . " password=$secret" ],
	[ 'selfpwrk', @run, '--against', $t->{node}->connstr('test') . " password=$secret" ])
{
	my $running = IPC::Run::start($start, '<', \undef, '>', \my $out, '2>', \my $err);
	my $titles;
	$t->wait_until('it runs', sub {
		$titles = join("\n", map { (eval { ShTest::read_file($_) } // '') =~ tr/\0/ /r } glob('/proc/[0-9]*/cmdline'));
		return $titles =~ m{^\S*selfpwrk run .*endless\.lua}m && $titles !~ m{^selfctl program run}m && ($start->[0] eq 'selfctl' || $titles !~ /$secret/);
	});
	unlike($titles, qr/$secret/, "$start->[0]: no password is shown");
	$running->signal('TERM');
	$running->finish;
}

is(selfctl('push', 'tools', file('tools.lua', "return { name = 'of the domain' }\n"), '--sign')->{code}, 0,
	'a module in the domain');
unlink("$dir/tools.lua");
my $user = file('user.lua', "local log = import('log')\nlog.info(import('tools').name)\n");
is(command('run', $user)->{code}, 1, 'not found without the domain');
$r = selfctl('run', $user);
is($r->{err}, "info: of the domain\n", 'found in it');
file('tools.lua', "return { name = 'beside it' }\n");
is(selfctl('run', $user)->{err}, "info: beside it\n", 'a file comes first');

# ---- mistakes, and the end ----

foreach my $case (
	[ [ 'create', 'x' ], 2, qr/--type is required/ ],
	[ [ 'create', 'x', '--type', 'routine' ], 2, qr/a routine needs --schedule/ ],
	[ [ 'create', 'x', '--type', 'routine', '--schedule', 'often' ], 1, qr/schedule/ ],
	[ [ 'show', 'nobody' ], 1, qr/there is no program "nobody"/ ],
	[ [ 'sign', 'beat', 'x' ], 2, qr/"x" is no number of a revision/ ],
	[ [ 'sign', 'beat', 9 ], 1, qr/no revision 9/ ],
	[ [ 'delete', 'beat' ], 2, qr/say --yes/ ],
	[ [ 'push', 'beat', "$dir/nothing.lua" ], 1, qr/cannot read .*nothing\.lua/ ])
{
	my ($words, $code, $message) = @$case;
	$r = selfctl(@$words);
	is($r->{code}, $code, "selfctl program @$words: exit code");
	like($r->{err}, $message, 'and it is said why');
}
{
	local $ENV{SELFHOST_TOKEN};
	delete $ENV{SELFHOST_TOKEN};
	$r = selfctl('sign', 'beat', 0);
	is($r->{code}, 1, 'nobody cannot sign');
	like($r->{err}, qr/put a token .* into \$SELFHOST_TOKEN/, 'what to do');
	is(scalar(@{ json(selfctl('list', '--json')) }), 2, 'but the owner may look');
}
is(selfctl('delete', 'beat', '--yes')->{code}, 0, 'deleted');
like(selfctl('list')->{out}, qr/\ANAME .*\ntools .*\n\z/, 'gone');

done_testing();
