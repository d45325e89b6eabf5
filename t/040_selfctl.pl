# selfctl: help of every command, and the life of local stacks: start, status, second start, two
# side by side, restarts, failures, stop.
use strict;
use warnings;

use HTTP::Tiny;
use IO::Socket::INET;
use IPC::Run ();
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use POSIX ();
use Time::HiRes qw(sleep time);
use PostgreSQL::Test::Utils;
use Test::More;

my $timeout = $PostgreSQL::Test::Utils::timeout_default || 180;
my $top = PostgreSQL::Test::Utils::tempdir_short();
my $http = HTTP::Tiny->new(timeout => $timeout);

# ---- helpers ----

sub slurp
{
	my ($file) = @_;
	open(my $fh, '<', $file) or die "cannot read $file: $!";
	local $/;
	return scalar <$fh>;
}

sub write_file
{
	my ($file, $text) = @_;
	open(my $fh, '>', $file) or die "cannot write $file: $!";
	print $fh $text;
	close($fh) or die "cannot write $file: $!";
	return;
}

# The servers of this test find the extension as all others do: by the settings of TEMP_CONFIG.
sub postgres_settings
{
	my @settings;
	foreach my $line (split(/\n/, slurp($ENV{TEMP_CONFIG})))
	{
		push @settings, '--postgres-set', "$1=$2" if $line =~ /^(\w+)\s*=\s*'(.*)'$/;
		push @settings, '--postgres-set', "$1=$2" if $line =~ /^(\w+)\s*=\s*([^'\s]+)$/;
	}
	return @settings;
}

# Returns { code, out, err }.
sub selfctl
{
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'selfctl', @_ ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($timeout));
	return { code => $? >> 8, out => $out, err => $err };
}

my @settings = postgres_settings();

sub up { return selfctl('up', '--detach', '--port', '0', @settings, @_); }

sub status_of
{
	my ($dir) = @_;
	my $r = selfctl('status', '--json', '--dir', $dir);
	return decode_json($r->{out});
}

sub credentials { my ($dir) = @_; return decode_json(slurp("$dir/credentials.json")); }

# A process that has ended but that nobody has waited for yet does not count.
sub alive
{
	my ($pid) = @_;
	open(my $fh, '<', "/proc/$pid/stat") or return 0;
	my $line = <$fh> // '';
	return $line =~ /\) [^ZX] /;
}

sub wait_until
{
	my ($what, $code) = @_;
	my $end = time() + $timeout;
	while (time() < $end)
	{
		return pass($what) if $code->();
		sleep(0.05);
	}
	return fail($what);
}

# GET as the root user of the credentials.
sub get
{
	my ($credentials, $path) = @_;
	my $basic = encode_base64("$credentials->{domain}:$credentials->{token}", '');
	return $http->get("$credentials->{url}$path", { headers => { Authorization => "Basic $basic" } });
}

sub sql
{
	my ($dir, $sql) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', status_of($dir)->{postgres}, '-c', $sql ],
		'<', \undef, '>', \$out, '2>', \$err);
	chomp $out;
	return $out . $err;
}

sub stack_is_gone
{
	my ($name, $status) = @_;
	foreach my $process (qw(selfpwrk selfserv postgres selfctl))
	{
		my $pid = $status->{processes}{$process};
		wait_until("$name: $process is gone", sub { !alive($pid) });
	}
	return;
}

# ---- help ----

foreach my $command ([], ['up'], ['down'], ['status'], ['help'], ['version'])
{
	my $r = selfctl(@$command, '--help');
	my $name = join(' ', 'selfctl', @$command);

	is($r->{code}, 0, "$name --help: exit code");
	like($r->{out}, qr/^\Q$name\E: .*\n\nUsage: \Q$name\E /, "$name --help: what it is and usage");
	like($r->{out}, qr/^Examples:\n  \$ selfctl /m, "$name --help: examples");
	like($r->{out}, qr/^Exit codes:\n  0 /m, "$name --help: exit codes");
	is($r->{err}, '', "$name --help: no error");
	is(selfctl('help', @$command)->{out}, $r->{out}, "selfctl help @$command: the same");
}
is(selfctl()->{code}, 2, 'no command');
like(selfctl('nothing')->{err}, qr/there is no command "nothing"/, 'unknown command');
is(selfctl('up', '--nothing')->{code}, 2, 'unknown option');
is(selfctl('status', 'more')->{code}, 2, 'unexpected argument');
is(selfctl('up', '--port', '70000')->{code}, 2, 'port out of range');
is(selfctl('up', '--port', '80x')->{code}, 2, 'port that is no number');
is(selfctl('up', '--domain', 'No Name')->{code}, 2, 'name of a domain that cannot be');
is(selfctl('up', '--domain', 'postgres')->{code}, 2, 'name of a domain that PostgreSQL has taken');
is(selfctl('up', '--set', 'nothing')->{code}, 2, 'setting without a value');
is(selfctl('up', '--set', 'listen.port=1')->{code}, 2, 'setting that is an option');
is(selfctl('up', '--postgres-set', 'nothing')->{code}, 2, 'setting of PostgreSQL without a value');
like(selfctl('version')->{out}, qr/^selfctl \d+\.\d+\n$/, 'version');
is(selfctl('--version')->{out}, selfctl('version')->{out}, '--version');

my %code = selfctl('--help')->{out} =~ /^  (\d)  (.*)$/mg;
my %documented = slurp("$ENV{SELFHOST_SOURCE}/selfctl/README.md") =~ /^\| (\d) \| (.*) \|$/mg;
is_deeply(\%documented, \%code, 'the README has the exit codes of the help');

my $man = selfctl('help', '--man')->{out};
like($man, qr/^\.SS selfctl $_\b/m, "the manual page has $_") foreach qw(up down status help version);
IPC::Run::run([ 'bash', '-c', 'source <(selfctl help --completion); '
	  . 'COMP_WORDS=(selfctl up --po); COMP_CWORD=2; _selfctl; echo "${COMPREPLY[@]}"' ], '>', \my $words);
is($words, "--port --postgres-set\n", 'completion of options');

# ---- nothing runs ----

my $dir = "$top/one";
my $r = selfctl('status', '--dir', $dir);
is($r->{code}, 3, 'status of nothing: exit code');
like($r->{out}, qr/^No Self-host is running in \Q$dir\E\.$/, 'status of nothing: text');
$r = selfctl('status', '--json', '--dir', $dir);
is_deeply(decode_json($r->{out}), { running => JSON::PP::false, dir => $dir }, 'status of nothing: JSON');
is($r->{code}, 3, 'status of nothing: exit code with JSON');
is(selfctl('down', '--dir', $dir)->{code}, 0, 'down of nothing');
ok(!-e $dir, 'status and down make nothing');

# ---- the first start ----

# The manager's library comes to those that are set, also where there are none.
$r = up('--dir', $dir, '--set', 'log.level=debug', '--postgres-set', 'shared_preload_libraries=');
is($r->{code}, 0, 'up: exit code') or diag($r->{err});
my $credentials = credentials($dir);
my $status = status_of($dir);
is((stat("$dir/credentials.json"))[2] & 07777, 0600, 'credentials.json is for its owner only');
like($credentials->{token}, qr/^secret-token\.\w{27,}$/, 'a token');
like($credentials->{url}, qr{^http://127\.0\.0\.1:\d+$}, 'the URL');
is($credentials->{domain}, 'test', 'the domain');
like($r->{out}, qr/\Q$credentials->{$_}\E/, "the banner has the $_") foreach qw(url domain token);
like($r->{out}, qr{/selfctl down --dir \Q$dir\E\n}, 'the banner tells how to stop it');
unlike(slurp("$dir/log/$_.log"), qr/\Q$credentials->{token}\E/, "no token in the log of $_")
  foreach qw(postgres selfserv selfpwrk selfctl);

ok($status->{running} && $status->{ready}, 'status: running and ready');
is($status->{dir}, $dir, 'status: folder');
is($status->{url}, $credentials->{url}, 'status: URL');
is_deeply($status->{domains}, ['test'], 'status: domains');
ok(alive($status->{processes}{$_}), "status: process of $_") foreach qw(selfctl postgres selfserv selfpwrk);
like($status->{versions}{selfctl}, qr/^\d+\.\d+$/, 'status: version of selfctl');
is($status->{versions}{postgres}, sql($dir, "SELECT split_part(current_setting('server_version'), ' ', 1)"),
	'status: version of PostgreSQL');
is($status->{versions}{extension}, sql($dir, "SELECT extversion FROM pg_extension WHERE extname = 'selfhost'"),
	'status: version of the extension');
$r = selfctl('status', '--dir', $dir);
is($r->{code}, 0, 'status: exit code');
like($r->{out}, qr/^\s+URL\s+\Q$credentials->{url}\E$/m, 'status: text');

is(sql($dir, 'SELECT current_user = datdba::regrole::name FROM pg_database WHERE datname = current_database()'),
	't', 'the connection of status is of the database\'s owner');
is(sql($dir, "SELECT current_setting('data_checksums'), current_setting('server_encoding'), current_setting('listen_addresses')"),
	'on|UTF8|', 'checksums, UTF-8, no TCP');
is(sql($dir, "SELECT current_setting('shared_preload_libraries'), loaded FROM selfhost.manager_status"),
	'selfhost|t', 'the program manager is loaded');
is(get($credentials, '/v2/users/me')->{status}, 200, 'the credentials work');
is($http->get("$credentials->{url}/v2/users/me")->{status}, 401, 'and nothing works without');

$r = up('--dir', $dir);
is($r->{code}, 4, 'a second up: exit code');
like($r->{err}, qr/is running already at \Q$credentials->{url}\E/, 'a second up: says where it runs');
ok(alive($status->{processes}{$_}), "a second up leaves $_ alone") foreach qw(selfctl postgres selfserv selfpwrk);

# ---- a second stack beside it, in a folder too deep for a socket ----

my $deep = "$top/" . join('/', ('a folder that is deep') x 6);
$r = up('--dir', $deep, '--domain', 'office-2', '--postgres-set', 'shared_preload_libraries=auto_explain');
is($r->{code}, 0, 'a second stack: exit code') or diag($r->{err});
my $other = credentials($deep);
my $other_status = status_of($deep);
my ($socket_dir) = $other_status->{postgres} =~ /^host=(\S+)/;
is($other->{domain}, 'office-2', 'a second stack: its domain');
isnt($other->{url}, $credentials->{url}, 'a second stack: its own URL');
is(get($other, '/v2/users/me')->{status}, 200, 'a second stack: its credentials work');
is(get({ %$other, url => $credentials->{url} }, '/v2/users/me')->{status}, 401, '... and not at the first');
is((stat($socket_dir))[2] & 07777, 0700, 'the folder of its socket is closed to others');
is(sql($deep, 'SELECT current_database()'), 'office-2', 'a second stack: SQL');
is(sql($deep, "SELECT current_setting('shared_preload_libraries'), loaded FROM selfhost.manager_status"),
	'auto_explain, selfhost|t', 'a second stack: the program manager beside another library');
my ($curl) = $r->{out} =~ /^  (curl .*)$/m;
IPC::Run::run([ 'sh', '-c', "$curl --silent --show-error" ], '>', \my $me);
is(decode_json($me)->{name}, 'root', 'the line with curl works as it is');
my ($psql) = $r->{out} =~ /^  (psql .*)$/m;
IPC::Run::run([ 'sh', '-c', "$psql -XAtc 'SELECT 1'" ], '>', \my $one);
is($one, "1\n", 'the line with psql works as it is');
my ($down) = $r->{out} =~ /^  (\S*selfctl down .*)$/m;
is(IPC::Run::run([ 'sh', '-c', $down ], '>', \my $ignored), 1, 'the line that stops it works as it is');
stack_is_gone('the second stack', $other_status);
ok(!-e $socket_dir, 'its folder in /tmp is gone');
is(get($credentials, '/v2/users/me')->{status}, 200, 'the first stack has not noticed');

# ---- selfpwrk and selfserv are kept running ----

kill('KILL', $status->{processes}{selfpwrk});
wait_until('a killed selfpwrk is started again', sub {
	my $now = status_of($dir)->{processes}{selfpwrk};
	return defined $now && $now != $status->{processes}{selfpwrk};
});
wait_until('it has its domain', sub { return (() = slurp("$dir/log/selfpwrk.log") =~ /waiting for runs/g) >= 2 });
$status = status_of($dir);

kill('KILL', $status->{processes}{selfserv});
wait_until('a killed selfserv is started again', sub {
	my $now = status_of($dir)->{processes}{selfserv};
	return defined $now && $now != $status->{processes}{selfserv};
});
wait_until('and answers', sub { get($credentials, '/v2/users/me')->{status} == 200 });

# ---- down, and a second start ----

is(sql($dir, "CREATE TABLE kept AS SELECT 'yes' AS text"), '', 'write something');
$status = status_of($dir);
$r = selfctl('down', '--dir', $dir);
is($r->{code}, 0, 'down: exit code');
ok(!alive($status->{processes}{$_}), "down: $_ has ended") foreach qw(selfctl postgres selfserv selfpwrk);
ok(!-e "$dir/data/postmaster.pid", 'PostgreSQL has been shut down');
is(selfctl('down', '--dir', $dir)->{code}, 0, 'down again: exit code');
is(selfctl('status', '--dir', $dir)->{code}, 3, 'status after down: exit code');

truncate("$dir/log/selfserv.log", 11 * 1024 * 1024) or die "cannot extend the log: $!";

$r = up('--dir', $dir, '--domain', 'another');
is($r->{code}, 1, 'a stack keeps its domain: exit code');
like($r->{err}, qr/the domain of the stack in \Q$dir\E is "test"/, 'a stack keeps its domain: message');

$r = up('--dir', $dir);
is($r->{code}, 0, 'a second start: exit code') or diag($r->{err});
is(credentials($dir)->{token}, $credentials->{token}, 'a second start keeps the token');
is(sql($dir, 'SELECT text FROM kept'), 'yes', 'and the data');
is(-s "$dir/log/selfserv.log.1", 11 * 1024 * 1024, 'a large log is put aside');
cmp_ok(-s "$dir/log/selfserv.log", '<', 100_000, 'and a new one begun');
is(get(credentials($dir), '/v2/users/me')->{status}, 200, 'the credentials have the new URL');

# ---- a selfctl that is killed takes its children with it ----

$status = status_of($dir);
kill('KILL', $status->{processes}{selfctl});
stack_is_gone('killed selfctl', $status);
is(selfctl('status', '--dir', $dir)->{code}, 3, 'killed selfctl: status');
is(selfctl('down', '--dir', $dir)->{code}, 0, 'killed selfctl: down');

# ---- lost credentials ----

unlink("$dir/credentials.json");
$r = up('--dir', $dir);
is($r->{code}, 0, 'lost credentials: exit code') or diag($r->{err});
my $new = credentials($dir);
isnt($new->{token}, $credentials->{token}, 'lost credentials: a new token');
is(get($new, '/v2/users/me')->{status}, 200, 'which works');
is(get({ %$new, token => $credentials->{token} }, '/v2/users/me')->{status}, 401, 'the lost one does not');

# ---- PostgreSQL ends ----

$status = status_of($dir);
kill('KILL', $status->{processes}{postgres});
stack_is_gone('killed PostgreSQL', $status);
like(slurp("$dir/log/selfctl.log"), qr/PostgreSQL was killed by signal 9: stopping everything/, 'the log says why');

# ---- in the foreground ----

my ($out, $err) = ('', '');
my $up = IPC::Run::start([ 'selfctl', 'up', '--port', '0', '--dir', $dir, @settings ],
	'<', \undef, '>', \$out, '2>', \$err);
wait_until('foreground: the banner', sub { $up->pump_nb; return $out =~ /down --dir/; });
$status = status_of($dir);
is(get(credentials($dir), '/v2/users/me')->{status}, 200, 'foreground: after a crash of PostgreSQL');
kill('TERM', $status->{processes}{selfctl});
$up->finish;
is($up->full_result(0), 0, 'foreground: TERM ends it with success');
stack_is_gone('foreground', $status);

($out, $err) = ('', '');
$up = IPC::Run::start([ 'selfctl', 'up', '--port', '0', '--dir', $dir, @settings ],
	'<', \undef, '>', \$out, '2>', \$err);
wait_until('foreground again: the banner', sub { $up->pump_nb; return $out =~ /down --dir/; });
$status = status_of($dir);
my %killed;
wait_until('a selfserv that ends again and again', sub {
	my $now = status_of($dir);
	my $pid = $now->{processes}{selfserv};
	kill('KILL', $pid) if defined $pid && !$killed{$pid}++;
	return !$now->{running};
});
$up->finish;
is($up->full_result(0) >> 8, 6, 'ends the stack: exit code');
is(scalar(keys %killed), 6, 'after five restarts');
like($err, qr/the log of selfserv is \Q$dir\E\/log\/selfserv\.log/, 'it says where the log is');
stack_is_gone('a selfserv that ends again and again', $status);

# ---- starts that fail leave nothing running ----

sub fails
{
	my ($name, $message, $folder, @options) = @_;
	my $r = selfctl('up', '--detach', @settings, '--dir', $folder, @options);

	is($r->{code}, 1, "$name: exit code");
	like($r->{err}, $message, "$name: message");
	is(selfctl('status', '--dir', $folder)->{code}, 3, "$name: nothing runs");
	ok(!-e "$folder/data/postmaster.pid", "$name: no PostgreSQL");
	ok(!-e "$folder/run", "$name: no socket");
	return $r;
}

fails('a wrong key of selfserv', qr/nothing\.there/, $dir, '--port', 0, '--set', 'nothing.there=1');
fails('a wrong value of selfserv', qr/log\.level/, $dir, '--port', 0, '--set', 'log.level=loud');
fails('a wrong setting of PostgreSQL', qr/nothing_there.*\n(.*\n)*.*the log of PostgreSQL is \Q$dir\E/, $dir,
	'--port', 0, '--postgres-set', 'nothing_there=1');

my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "cannot listen: $!";
my $port = $listener->sockport;
fails('a port in use', qr/port $port of 127\.0\.0\.1 is in use/, $dir, '--port', $port);
close($listener);

fails('no PostgreSQL there', qr/are not in \Q$top\E/, $dir, '--port', 0, '--bindir', $top);

my $version = slurp("$dir/data/PG_VERSION");
write_file("$dir/data/PG_VERSION", "9.6\n");
fails('data of another version', qr/was made by PostgreSQL 9\.6, but .* holds version \d+:/, $dir, '--port', 0);
write_file("$dir/data/PG_VERSION", $version);

mkdir("$top/full");
write_file("$top/full/letter.txt", "dear\n");
fails('a folder of other things', qr/is not empty/, "$top/full", '--port', 0);
is(join(' ', glob("$top/full/*")), "$top/full/letter.txt", 'a folder of other things: untouched');

SKIP:
{
	skip 'root may write everywhere', 6 if $> == 0;
	mkdir("$top/closed", 0500);
	fails('a folder that cannot be made', qr/cannot make the folder \Q$top\E\/closed\/stack: /, "$top/closed/stack", '--port', 0);
	ok(!-e "$top/closed/stack", 'a folder that cannot be made: nothing there');
}

# What was begun is finished by the next start.
$r = selfctl('up', '--detach', @settings, '--port', 0, '--dir', "$top/late", '--set', 'log.level=loud');
is($r->{code}, 1, 'a first start that fails: exit code');
mkdir("$top/late/data.new", 0700);
write_file("$top/late/data.new/PG_VERSION", "1\n");
$r = up('--dir', "$top/late", '--domain', 'late');
is($r->{code}, 0, 'the next one: exit code') or diag($r->{err});
is(get(credentials("$top/late"), '/v2/users/me')->{status}, 200, 'the next one: works');
ok(!-e "$top/late/data.new", 'the next one: no remains');
is(selfctl('down', '--dir', "$top/late")->{code}, 0, 'the next one: down');

$r = up('--dir', $dir);
is($r->{code}, 0, 'after all of that the first stack starts') or diag($r->{err});
is(sql($dir, 'SELECT text FROM kept'), 'yes', 'and has its data');
is(credentials($dir)->{token}, $new->{token}, 'and its token');
is(selfctl('down', '--dir', $dir)->{code}, 0, 'down');

# Nothing may outlive a test that has died half-way.
END
{
	my $status = $?;
	selfctl('down', '--dir', $_) foreach grep { -e "$_/selfctl.lock" } ($dir, $deep, "$top/late");
	$? = $status;
}

done_testing();
