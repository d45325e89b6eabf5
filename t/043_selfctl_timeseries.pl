# selfctl timeseries: points out of files and into files, bad lines, broken-off imports.
use strict;
use warnings;

use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use ShTest;
use Test::More;
use Time::HiRes qw(sleep);

my $timeout = $PostgreSQL::Test::Utils::timeout_default || 180;
my $t = ShTest->new('selfctl_timeseries');
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $uri = $t->{node}->connstr($t->{domain});
$ENV{SELFHOST_TOKEN} = $t->{token};

# Returns { code, out, err }.
sub selfctl_in
{
	my ($input, @command) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'selfctl', 'timeseries', @command, '--uri', $uri ], '<', \$input, '>', \$out, '2>', \$err,
		IPC::Run::timeout($timeout));
	return { code => $? >> 8, out => $out, err => $err };
}

sub selfctl { return selfctl_in('', @_); }

sub file
{
	my ($name, $text) = @_;
	ShTest::write_file("$dir/$name", $text);
	return "$dir/$name";
}

sub create_series
{
	my ($name, %more) = @_;
	my $answer = $t->post('/v2/timeseries', { name => $name, si_unit => 'C', %more });
	is($answer->{status}, 201, "the series $name");
	return decode_json($answer->{content})->{uuid};
}

sub counts { return decode_json($_[0]{out}); }

my $boiler = create_series('boiler');
my $cellar = create_series('cellar', upper_bound => 100);
create_series('twin');
create_series('twin');

# ---- CSV ----

my @values = (21.5, -0.1, '1e-300', '123456789.123456', '0.30000000000000004');
my @lines = map { sprintf('2024-03-31T%02d:30:00.25Z,%s', $_, $values[ $_ % @values ]) } 0 .. 23;
my $csv = file('boiler.csv', join("\n", 'ts,v', @lines) . "\n");
my $r = selfctl('import', 'boiler', $csv, '--json');
is($r->{code}, 0, 'a file of CSV') or diag($r->{err});
is_deeply(counts($r),
	{ lines => 24, inserted => 24, replaced => 0, skipped => 0, out_of_bounds => 0, rejected => 0 }, 'its counts');
ok(!-e "$csv.import" && !-e "$csv.rejected", 'nothing is left beside it');
$r = selfctl('export', $boiler);
is($r->{out}, join("\n", 'ts,v', map { s/e-300/e-300/r } @lines) . "\n", 'the same comes out again');
is(counts(selfctl('import', 'boiler', $csv, '--json'))->{skipped}, 24, 'a second time: all skipped');
is(counts(selfctl('import', 'boiler', $csv, '--conflict', 'replace', '--json'))->{replaced}, 24,
	'or replaced');

# ---- JSON lines, standard input, units ----

$r = selfctl_in(join('', map { "{\"v\":$_,\"ts\":\"2025-01-01T00:00:0${_}Z\"}\n" } 0 .. 3), 'import', $boiler, '-',
	'--format', 'jsonl', '--unit', 'K', '--json');
is(counts($r)->{inserted}, 4, 'JSON lines from standard input') or diag($r->{err});
$r = selfctl('export', 'boiler', '--start', '2025-01-01T00:00:01Z', '--end', '2025-01-01T00:00:02Z', '--format',
	'jsonl', '--unit', 'K', '--timezone', 'Europe/Stockholm');
is($r->{out}, qq({"ts":"2025-01-01T01:00:01+01:00","v":1}\n{"ts":"2025-01-01T01:00:02+01:00","v":2}\n),
	'a part, converted, in local time');

# ---- many series, bounds ----

$r = selfctl('import', file('many.csv', "uuid,ts,v\n$boiler,2026-01-01T00:00:00Z,1\n$cellar,2026-01-01T00:00:00Z,2\n"
	  . "$cellar,2026-01-01T00:00:01Z,200\n"), '--json');
is_deeply([ @{ counts($r) }{qw(inserted out_of_bounds)} ], [ 2, 1 ], 'a file of many series') or diag($r->{err});

# ---- bad lines ----

my @mixed = map { sprintf('2023-01-01T00:%02d:00Z,%d', $_ / 60, $_ % 60) =~ s/:00Z/sprintf(':%02dZ', $_ % 60)/er } 0 .. 999;
$mixed[$_] = 'nonsense' foreach 0, 17, 499, 999;
$mixed[5] = '2023-01-01T00:00:04Z,7'; # repeats a timestamp
$mixed[6] = "2023-01-01T00:00:06Z,\0";
$mixed[7] = 'x' x 5000;
my $bad = file('bad.csv', join("\r\n", @mixed) . "\r\n");
$r = selfctl('import', 'cellar', $bad, '--conflict', 'error', '--batch', '300', '--json');
is($r->{code}, 0, 'bad lines do not fail an import') or diag($r->{err});
is_deeply([ @{ counts($r) }{qw(lines inserted rejected)} ], [ 1000, 993, 7 ], 'all others are in');
like($r->{err}, qr/7 lines were rejected: \S+bad\.csv\.rejected/, 'it is said where they are');
my $rejected = ShTest::read_file("$bad.rejected");
is_deeply([ sort { $a <=> $b } $rejected =~ /^# line (\d+):/mg ], [ 1, 6, 7, 8, 18, 500, 1000 ], 'with their numbers')
  or diag($rejected);
like($rejected, qr/^# line 6: .*2023-01-01.*\n2023-01-01T00:00:04Z,7$/m, 'a repeated timestamp, and the line as it was');
like($rejected, qr/^# line 7: the line has a zero byte$/m, 'a zero byte');
like($rejected, qr/^# line 8: the line is too long\nx{80}$/m, 'a line that is too long');

# ---- broken off and resumed ----

my $begin = 1_600_000_000;
my $n = 400_000;
my $long = "$dir/long.csv";
open(my $fh, '>', $long) or die "cannot write $long: $!";
foreach my $i (0 .. $n - 1)
{
	my @time = gmtime($begin + $i);
	printf $fh "%04d-%02d-%02dT%02d:%02d:%02dZ,%d\n", $time[5] + 1900, $time[4] + 1, @time[3, 2, 1, 0], $i % 1000;
}
close($fh) or die "cannot write $long: $!";

my ($out, $err) = ('', '');
my $import = IPC::Run::start([ 'selfctl', 'timeseries', 'import', 'boiler', $long, '--batch', '100', '--uri', $uri ],
	'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($timeout));
$t->wait_until('the first batch is in', sub { $import->pump_nb; -e "$long.import" });
$import->signal('INT');
$import->finish;
is($import->result, 1, 'interrupted');
my ($done) = $err =~ /(\d+) lines are done; say --resume/;
ok(defined $done && $done > 0 && $done < $n && $done % 100 == 0, 'whole batches are done') or diag($err);
is($t->psql("SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = '$boiler' AND ts >= to_timestamp($begin)"
	  . " AND ts < to_timestamp($begin + $n)"), $done, 'they are in, and no others');

$r = selfctl('import', 'boiler', $long);
is($r->{code}, 1, 'not silently a second time');
like($r->{err}, qr/was broken off after line $done: say --resume/, 'what to do');
$r = selfctl('import', 'cellar', $long, '--resume');
like($r->{err}, qr/is of another import/, 'another series is another import');
$r = selfctl('import', 'boiler', $long, '--resume', '--json');
is(counts($r)->{inserted}, $n - $done, 'resumed') or diag($r->{err});
is($t->psql("SELECT count(*), sum(value) FROM selfhost.tsdata WHERE ts_uuid = '$boiler'"
	  . " AND ts >= to_timestamp($begin) AND ts < to_timestamp($begin + $n)"),
	"$n|" . 499.5 * $n, 'all of it, once');

# ---- several years ----

$r = selfctl_in(join('', map { sprintf("%04d-12-31T23:59:59.999999Z,%d\n%04d-01-01T00:00:00Z,0\n", $_, $_, $_ + 1) } 1990 .. 2009),
	'import', 'cellar', '-', '--json');
is(counts($r)->{inserted} + counts($r)->{out_of_bounds}, 40, 'twenty years');
my $file = "$dir/cellar.csv";
$r = selfctl('export', 'cellar', '-o', $file);
is($r->{code}, 0, 'exported to a file') or diag($r->{err});
is($t->psql("SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = '$cellar'") . " points\n", $r->{out}, 'all points');
my @stamps = map { /^([^,]+),/ ? $1 : () } (split(/\n/, ShTest::read_file($file)))[ 1 .. 25 ];
is_deeply(\@stamps, [ sort @stamps ], 'in order');
$r = selfctl('export', 'cellar', '-o', $file);
like($r->{err}, qr/exists already: say --force/, 'no file is overwritten');
is(selfctl('export', 'cellar', '-o', $file, '--force')->{code}, 0, 'but with --force');
is(selfctl('export', 'cellar', '--start', '1970-01-01T00:00:00Z', '--end', '1970-01-02T00:00:00Z')->{out}, "ts,v\n",
	'nothing there: the header');

# ---- retention ----

is(selfctl('retention')->{out} =~ s/ +/ /gr, "NAME UUID RETENTION\n(domain) for ever\n", 'everything is kept for ever')
  or diag(selfctl('retention')->{out});
is(selfctl('retention', '2 years')->{code}, 0, 'the retention of the domain');
is_deeply(decode_json(selfctl('retention', 'boiler', '--json')->{out}),
	{ name => 'boiler', uuid => $boiler, retention => '2 years', own => JSON::PP::false }, 'holds for a series');
$r = selfctl('retention', $boiler, '90 days', '--json');
is_deeply(decode_json($r->{out}), { name => 'boiler', uuid => $boiler, retention => '90 days', own => JSON::PP::true },
	'a retention of its own') or diag($r->{err});
is_deeply(
	decode_json(selfctl('retention', '--json')->{out}),
	[ { name => undef, uuid => undef, retention => '2 years' },
	  { name => 'boiler', uuid => $boiler, retention => '90 days' } ],
	'all that is set');
like(selfctl('retention', 'boiler', 'none')->{out}, qr/2 years \(the domain's\)/, 'back to the domain\'s');
is(selfctl('retention', 'none', '--json')->{out} =~ s/\s//gr, '[{"name":null,"uuid":null,"retention":null}]', 'for ever again');
is(selfctl('retention', $cellar)->{code}, 0, 'a uuid that may begin with a digit is a series');

# ---- mistakes ----

foreach my $case (
	[ [ 'import', 'attic', $csv ], 1, qr/there is no time series "attic"/ ],
	[ [ 'import', 'twin', $csv ], 1, qr/several time series are called "twin"/ ],
	[ [ 'import', 'boiler', "$dir/nothing.csv" ], 1, qr/cannot read .*nothing\.csv: No such file/ ],
	[ [ 'import', 'boiler', $csv, '--conflict', 'maybe' ], 2, qr/--conflict must be skip, replace or error/ ],
	[ [ 'import', 'boiler', $csv, '--format', 'xml' ], 2, qr/--format must be csv or jsonl/ ],
	[ [ 'import', 'boiler', $csv, '--resume', '--restart' ], 2, qr/either --resume or --restart/ ],
	[ [ 'import' ], 2, qr/something is missing/ ],
	[ [ 'import', 'boiler', $csv, '--unit', 'parsec' ], 0, qr/24 lines were rejected/ ],
	[ [ 'retention', 'attic', '1 day' ], 1, qr/there is no time series "attic"/ ],
	[ [ 'retention', 'boiler', '-1 day' ], 2, qr/invalid option/ ],
	[ [ 'retention', 'boiler', '0 days' ], 1, qr/retention: must be more than nothing/ ],
	[ [ 'retention', 'boiler', 'a while' ], 1, qr/invalid input syntax for type interval/ ],
	[ [ 'retention', 'boiler', '1 day', 'more' ], 2, qr/./ ],
	[ [ 'export', 'boiler', '--timezone', 'Mars/Olympus' ], 1, qr/timezone/ ])
{
	my ($command, $code, $message) = @$case;
	$r = selfctl(@$command);
	is($r->{code}, $code, "selfctl timeseries @$command[0..0]: $message");
	like($r->{err}, $message, 'and it is said why');
}
{
	local $ENV{SELFHOST_TOKEN} = 'wrong';
	$r = selfctl('list');
	is($r->{code}, 1, 'a bad token');
	like($r->{err}, qr/cannot log in with the token of \$SELFHOST_TOKEN/, 'is called one');
}
is(scalar(@{ decode_json(selfctl('list', '--json')->{out}) }), 4, 'the list');

done_testing();
