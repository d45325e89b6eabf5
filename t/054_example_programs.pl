# docs/examples/programs: each is run as it stands there but for its settings, with the rights that its README
# tells and no other, twice, and with bad input.
use strict;
use warnings;

use IPC::Run ();
use List::Util qw(sum0);
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);
use PostgreSQL::Test::Utils;
use ShTest;
use ShWorker;

my $top = $ENV{SELFHOST_SOURCE};
my $sh = ShTest->new('examples');
my $worker = ShWorker->new($sh);
my $readme = ShTest::read_file("$top/docs/examples/programs/README.md");
my @files = map { m{([^/]+)\.lua$} } glob("$top/docs/examples/programs/*.lua");
is_deeply([ sort @files ], [ sort $readme =~ m{^\| \[(\w+)\.lua\]}mg ], 'the README has them all');

# The code, with settings replaced: text => text, each of which must be there.
sub code
{
	my ($name, %settings) = @_;
	my $code = ShTest::read_file("$top/docs/examples/programs/$name.lua");
	while (my ($from, $to) = each %settings)
	{
		$code =~ s/\Q$from\E/$to/ or die "$name.lua has no $from";
	}
	return $code;
}

sub series
{
	my ($name, @tags) = @_;
	my $r = $sh->post('/v2/timeseries', { name => $name, si_unit => 'C', tags => \@tags });
	die "$r->{status} $r->{content}" if $r->{status} != 201;
	return $r->{json}{uuid};
}

sub at { my ($seconds) = @_; return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime($seconds)); }

sub add
{
	my ($series, @points) = @_;
	my $r = $sh->post("/v2/timeseries/$series/data?conflict=replace", [ map { { ts => $_->[0], v => 0 + $_->[1] } } @points ]);
	die "$r->{status} $r->{content}" if $r->{status} != 201;
	return;
}

sub points
{
	my ($series, $start, $end) = @_;
	return $sh->get("/v2/timeseries/$series/data?start=$start&end=$end")->{json};
}

sub alerts
{
	my ($status) = @_;
	return @{ $sh->get("/v2/alerts?status=$status&limit=100")->{json} };
}

# A user who may do this and nothing else, but for having programs.
sub user
{
	my ($name, @rights) = @_;
	my $user = $sh->create_user($name);
	$sh->create_policy($user->{group}, 'allow', $_, 'programs%') foreach qw(create read update);
	$sh->create_policy($user->{group}, 'allow', split(/ /, $_)) foreach @rights;
	return (token => $user->{token});
}

# Runs a routine once, and says what became of it.
my $n = 0;
sub routine
{
	my ($name, $code, @as) = @_;
	my $uuid = $worker->program("$name " . $n++, 'routine', $code, language => 'lua', deadline => 20000, @as);
	# At once, not at the next full second.
	$sh->psql("UPDATE selfhost.program_schedule SET due = clock_timestamp() WHERE program_uuid = '$uuid'");
	my $run = $worker->run_of($uuid);
	$worker->switch_off($uuid, @as);
	return $run;
}

sub succeeds
{
	my ($what, $log, $name, $code, @as) = @_;
	my $run = routine($name, $code, @as);
	is($run->{state}, 'succeeded', "$name: $what") or diag($run->{error});
	like($run->{log} // '', $log, "$name: its log");
	return;
}

# ---- weather ----

sub weather
{
	my ($document, $status) = @_;
	my $server = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "cannot listen: $!";
	my $pid = fork() // die "cannot fork: $!";
	return (sprintf('http://127.0.0.1:%d/v1/forecast', $server->sockport), $pid) if $pid != 0;
	delete $_->{pid} foreach $sh, $worker;
	alarm(60);
	my $client = $server->accept;
	my $request = '';
	while ((my $line = <$client>) !~ /^\r?$/) { $request .= $line; }
	$status = '400 Bad Request' if $request !~ m{^GET /v1/forecast\?current=temperature_2m%2Crelative_humidity_2m&latitude=59\.33&longitude=18\.07 };
	printf $client "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", $status // '200 OK', length($document), $document;
	close($client);
	POSIX::_exit(0);
}

my ($temperature, $humidity) = (series('temperature'), series('humidity'));
my @as = user('weather', map { "create timeseries/$_/data" } $temperature, $humidity);
sub weather_code
{
	my ($url) = @_;
	return code('weather', 'https://api.open-meteo.com/v1/forecast' => $url,
		'00000000-0000-0000-0000-000000000001' => $temperature, '00000000-0000-0000-0000-000000000002' => $humidity);
}
my $good = '{"current_units":{"temperature_2m":"C"},"current":{"time":"2026-03-01T12:00","interval":900,"temperature_2m":4.2,"relative_humidity_2m":81}}';
foreach my $time (1, 2)
{
	my ($url, $pid) = weather($good);
	succeeds("time $time", qr/2026-03-01T12:00:00Z: 2 readings/, 'weather', weather_code($url), @as);
	waitpid($pid, 0);
	is_deeply([ map { points($_, '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z') } $temperature, $humidity ],
		[ map { [ { ts => '2026-03-01T12:00:00Z', v => $_ } ] } 4.2, 81 ], 'the readings are there, once');
}
foreach my $case ([ 'an error of the service', '{}', '500 Internal Server Error', qr/the weather service answers 500/ ], [ 'no JSON', '<html>', undef, qr/weather/ ],
	[ 'an answer of another shape', '{"current":[]}', undef, qr/no current\.time/ ],
	[ 'a reading that is null', $good =~ s/81/null/r =~ s/12:00/13:00/r, undef, qr/no number in the answer: relative_humidity_2m/ ])
{
	my ($what, $document, $status, $error) = @$case;
	my ($url, $pid) = weather($document, $status);
	my $run = routine('weather', weather_code($url), @as);
	waitpid($pid, 0);
	is($run->{state}, 'failed', "weather: $what");
	like($run->{error}, $error, 'is told');
}
is(scalar(@{ points($temperature, '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z') }), 2, 'the reading beside one that is missing is stored');

# ---- threshold_alert ----

my $supply = series('supply');
@as = user('threshold', "read timeseries/$supply/data", 'create alerts', 'read alerts', 'read alerts/%', 'update alerts/%');
my $threshold = code('threshold_alert', '00000000-0000-0000-0000-000000000001' => $supply);
succeeds('no value', qr/no value in the last 10 minutes/, 'threshold_alert', $threshold, @as);
my $now = int(time());
foreach my $step ([ 60, qr/well: 60, 0 closed/, 0 ], [ 80.5, qr/too high: 80\.5/, 1 ], [ 81, qr/too high: 81/, 1 ], [ 79, qr/within the margin: 79/, 1 ], [ 70, qr/well: 70, 1 closed/, 0 ],
	[ 39, qr/too low: 39/, 1 ])
{
	my ($value, $log, $open) = @$step;
	add($supply, [ at($now - 100 + $n), $value ]);
	succeeds("at $value", $log, 'threshold_alert', $threshold, @as);
	my @open = alerts('open');
	is(scalar(@open), $open, "alerts at $value");
	is($open[0]{value}, $value, 'with the value') if $value != 79 && $open;
}
is(scalar(alerts('close')), 1, 'the first is closed');
$sh->delete("/v2/alerts/$_->{uuid}") foreach alerts('open'), alerts('close');

# ---- downsample_hourly, of a real sensor ----

my ($from, $to) = (series('by the minute'), series('by the hour'));
my @rows;
open(my $csv, '<', "$top/t/data/nab/machine_temperature_system_failure.csv") or die "cannot read: $!";
while (<$csv>) { push @rows, [ "${1}T${2}Z", $3 ] if /^(\S+) (\S+?),(\S+)/; }
my %hour;
my %seen;
@rows = grep { !$seen{ $_->[0] }++ } @rows;
push @{ $hour{ substr($_->[0], 0, 13) . ':00:00Z' } }, $_->[1] foreach @rows;
foreach my $begin (grep { $_ % 5000 == 0 } 0 .. $#rows)
{
	add($from, grep { defined } @rows[ $begin .. $begin + 4999 ]);
}
@as = user('downsample', "read timeseries/$from/data", "read timeseries/$to/data", map { "$_ timeseries/$to/data" } qw(create update));
my $downsample = code('downsample_hourly', '00000000-0000-0000-0000-000000000001' => $from, '00000000-0000-0000-0000-000000000002' => $to,
	'2026-01-01T00:00:00Z' => '2013-12-02T21:00:00Z');
my $last = '';
foreach my $run (1 .. 6)
{
	my $r = routine('downsample_hourly', $downsample, @as);
	is($r->{state}, 'succeeded', "downsample_hourly: run $run") or diag($r->{error});
}
my $written = [ map { @{ points($to, @$_) } } [ '2013-01-01T00:00:00Z', '2013-12-31T23:59:59Z' ], [ '2014-01-01T00:00:00Z', '2014-12-31T00:00:00Z' ] ];
is(scalar(@$written), scalar(keys %hour), 'every hour that has values, once');
my @wrong = grep { my $v = $hour{ $_->{ts} }; !$v || abs($_->{v} - sum0(@$v) / @$v) > 1e-9 * abs($_->{v}) } @$written;
is_deeply(\@wrong, [], 'and its average');
# A value that comes late, in the last day that is written.
add($from, [ '2014-02-19T12:00:01Z', 1000 ]);
push @{ $hour{'2014-02-19T12:00:00Z'} }, 1000;
is(routine('downsample_hourly', $downsample, @as)->{state}, 'succeeded', 'downsample_hourly: once more');
my $corrected = points($to, '2014-02-19T12:00:00Z', '2014-02-19T12:00:00Z');
my @late = @{ $hour{'2014-02-19T12:00:00Z'} };
cmp_ok(abs($corrected->[0]{v} - sum0(@late) / @late), '<', 1e-9, 'a value that came late is in its average');
is(scalar(@{ points($to, '2014-01-01T00:00:00Z', '2014-12-31T00:00:00Z') }), scalar(grep { /^2014/ } keys %hour), 'and no hour is there twice');
# The sensor was away for longer than one run writes.
add($from, [ '2014-08-01T12:00:00Z', 10 ], [ '2014-08-01T12:30:00Z', 30 ]);
is(routine('downsample_hourly', $downsample, @as)->{state}, 'succeeded', 'downsample_hourly: after a pause');
is_deeply(points($to, '2014-03-01T00:00:00Z', '2014-12-31T00:00:00Z'), [ { ts => '2014-08-01T12:00:00Z', v => 20 } ], 'it goes on behind it');

# ---- csv_webhook ----

my ($roof, $cellar) = (series('roof'), series('cellar'));
@as = user('csv', map { "create timeseries/$_/data" } $roof, $cellar);
my $hook = $worker->program('csv of a user', 'webhook', code('csv_webhook', '00000000-0000-0000-0000-000000000001' => $roof, '00000000-0000-0000-0000-000000000002' => $cellar),
	language => 'lua', deadline => 20000, @as);
sub send_csv
{
	my ($text) = @_;
	return $sh->request('POST', "/v2/programs/$hook/webhook", content => $text, content_type => 'text/csv');
}
sub stored { return join(' ', map { scalar(@{ points($_, '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z') }) } $roof, $cellar); }
foreach my $time (1, 2)
{
	my $r = send_csv("sensor,time,value\r\nroof,2026-03-01T12:00:00Z,4.2\r\n\r\ncellar, 2026-03-01T13:00:00+01:00, -1.5e1\r\nroof,2026-03-01T12:01:00Z,4.3\r\n");
	is($r->{status}, 200, "csv_webhook: readings, time $time") or diag($r->{content});
	is_deeply($r->{json}, { stored => 3 }, 'how many');
	is(stored(), '2 1', 'they are there, once');
}
my $bad = send_csv("roof,2026-03-01T14:00:00Z,1\nattic,2026-03-01T14:00:00Z,1\nroof,yesterday,1\nroof,2026-03-01T14:00:00Z,0x10\nroof,2026-03-01T14:00:00Z,inf\nroof\nroof,2026-03-01T14:00:00Z,-1e999\n");
is($bad->{status}, 400, 'csv_webhook: bad lines');
is_deeply([ map { "$_->{line} " . ($_->{error} =~ s/:.*//r) } @{ $bad->{json}{errors} } ],
	[ '2 sensor', '3 time', '4 value', '5 value', '6 must have three fields', '7 value' ], 'each is told by its number');
is(stored(), '2 1', 'nothing is stored');
is(send_csv('')->{status}, 400, 'csv_webhook: no readings');
is($sh->get("/v2/programs/$hook/webhook")->{status}, 405, 'csv_webhook: no POST');

# ---- silent_sensors ----

my %watched = map { $_ => series($_, 'watched') } qw(talks silent stops);
series('another');
@as = user('silent', 'read timeseries', 'read timeseries/%', 'create alerts', 'read alerts', 'read alerts/%', 'update alerts/%');
my $silent = code('silent_sensors');
add($watched{talks}, map { [ at($now - 60 * $_), 20 ] } 0 .. 20);
add($watched{stops}, [ at($now - 31 * 60), 20 ]);
foreach my $time (1, 2)
{
	succeeds("time $time", qr/3 watched, 2 silent, 0 closed/, 'silent_sensors', $silent, @as);
	is(join(' ', sort map { $_->{resource} } alerts('open')), join(' ', sort map { "timeseries/$watched{$_}" } qw(silent stops)), 'an alert for each that is silent, once');
}
add($watched{stops}, [ at($now), 20 ]);
succeeds('when one talks again', qr/3 watched, 1 silent, 1 closed/, 'silent_sensors', $silent, @as);
is(join(' ', map { $_->{resource} } alerts('open')), "timeseries/$watched{silent}", 'its alert is closed');

# ---- the commands of the README ----

my $dir = PostgreSQL::Test::Utils::tempdir_short();
ShTest::write_file("$dir/$_.lua", code($_)) foreach @files;
my $uri = $sh->{node}->connstr($sh->{domain});
{
	local $ENV{SELFHOST_TOKEN} = $sh->{token};
	while ($readme =~ /^\$ (?:\w+=\$\()?(selfctl [^)\n]*)\)?$/mg)
	{
		my $command = $1;
		my ($out, $err) = ('', '');
		IPC::Run::run([ 'sh', '-c', "cd '$dir' && $command --uri \"\$1\"", 'sh', $uri ], '<', \undef, '>', \$out, '2>', \$err);
		is($? >> 8, 0, $command) or diag($err);
	}
}
is_deeply([ split(/\n/, $sh->psql("SELECT p.name FROM selfhost.program AS p JOIN selfhost.program_revision AS r ON r.program_uuid = p.uuid
	WHERE r.signed IS NOT NULL AND p.name IN ('weather', 'limits', 'hourly', 'csv', 'silence') ORDER BY p.name")) ],
	[qw(csv hourly limits silence weather)], 'each is in place and signed');

is($worker->stop, 0, 'selfpwrk stops');
$sh->stop_selfserv;
done_testing();
