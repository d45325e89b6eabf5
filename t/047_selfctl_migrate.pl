# selfctl migrate: everything out of an old database, once, again, and after it was broken off.
use strict;
use warnings;

use FindBin;
use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use ShTest;
use Test::More;

my $timeout = $PostgreSQL::Test::Utils::timeout_default || 180;
my $t = ShTest->new('selfctl_migrate');
my $node = $t->{node};
my $data = ($ENV{SELFHOST_SOURCE} || "$FindBin::Bin/..") . '/t/data/schema12';
our $from = $node->connstr('old');
our $to = $node->connstr('test');

sub u { return sprintf('00000000-0000-4000-8000-%012s', $_[0]); }
my $ROOT = '00000000-0000-1000-8000-000000000000';

# Returns { code, out, err, json }.
sub migrate
{
	my (@options) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'selfctl', 'migrate', '--from', $from, '--uri', $to, @options ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($timeout));
	my %r = (code => $? >> 8, out => $out, err => $err);
	$r{json} = JSON::PP->new->utf8->decode($out) if grep { $_ eq '--json' } @options;
	return \%r;
}

# The counts of a kind: moved, present, left, needless, changed.
sub counts
{
	my ($r, $kind) = @_;
	my ($counts) = grep { $_->{kind} eq $kind } @{ $r->{json}{kinds} };
	return join(' ', @$counts{qw(source moved present left needless changed)});
}

# What was told of a row.
sub told
{
	my ($r, $kind, $id) = @_;
	return join(' | ', map { "$_->{what}: $_->{reason}" } grep { ($_->{kind} // '') eq $kind && $_->{id} =~ /$id/ } @{ $r->{json}{rows} });
}

sub old { return $node->safe_psql('old', $_[0]); }

sub dump_old { return join("\n", map { old("SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM $_ AS t") }
	  qw(users user_tokens groups user_groups group_policies alerts things thing_deps datasets timeseries tsdata programs
	  program_code_revisions)); }

# Everything of the domain.
sub dump_new
{
	return join("\n", map { $t->psql("SELECT '$_', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM selfhost.$_ AS t") }
		  qw(user_account token user_group membership policy alert thing dataset dataset_part dataset_piece timeseries tsdata
		  program program_revision program_schedule));
}

$node->safe_psql('postgres', 'CREATE DATABASE old');
$node->safe_psql('old', "SET client_min_messages = warning;\n" . ShTest::read_file("$data/$_")) foreach qw(schema.sql rows.sql);
my $old = dump_old();

# ---- what is refused ----

sub refused
{
	my ($what, $uri, $message, $name) = @_;
	local ($from, $to) = $what eq 'from' ? ($uri, $to) : ($from, $uri);
	my $r = migrate();
	is($r->{code}, 1, $name);
	like($r->{err}, $message, 'and it is said why');
	unlike($r->{err} . $r->{out}, qr/hunter2/, 'without the password');
	return;
}
refused('from', $node->connstr('test'), qr/--from: this is a domain of Self-host for PostgreSQL already/, 'a domain as the source');
refused('from', $node->connstr('postgres') . ' password=hunter2', qr/--from: this is no database of Self-host/, 'any database');
refused('to', $node->connstr('postgres') . ' password=hunter2', qr/--to: this database is no domain/, 'no domain');
refused('from', $node->connstr('nowhere') . ' password=hunter2', qr/cannot connect.*does not exist.*\n.*--from/s, 'no database');
old('UPDATE schema_migrations SET version = 10');
refused('from', $from, qr/--from: the database has schema version 10, and 12 is needed/, 'another version');
old('UPDATE schema_migrations SET version = 12, dirty = true');
refused('from', $from, qr/schema version 12 \(not completely\)/, 'one that was not finished');
old('UPDATE schema_migrations SET dirty = false; ALTER TABLE things RENAME COLUMN tags TO labels');
refused('from', $from, qr/but the column things\.tags is missing/, 'another schema');
old('ALTER TABLE things RENAME COLUMN labels TO tags');
$node->safe_psql('postgres', 'CREATE DATABASE empty');
$node->safe_psql('empty', 'CREATE EXTENSION selfhost');
refused('to', $node->connstr('empty'), qr/--to: the domain is not initialised/, 'one without accounts');
{
	my ($out, $err);
	foreach my $case ([ '--to', 'x' ], [ '--from', 'x' ])
	{
		IPC::Run::run([ 'selfctl', 'migrate', @$case ], '>', \$out, '2>', \$err);
		is($? >> 8, 2, 'an option is missing');
	}
	IPC::Run::run([ 'selfctl', 'db', 'migrate', 'up', '-d', 'postgres://u:p@h/d', '-s', '1' ], '>', \$out, '2>', \$err);
	is($? >> 8, 2, 'selfctl db migrate is no more');
	like($err, qr/selfctl domain upgrade.*selfctl migrate --from/s, 'and tells what is in its place');
}

# ---- a rehearsal ----

$t->psql(q{DELETE FROM selfhost.policy WHERE resource = 'never'});
my $new = dump_new();
my $r = migrate('--dry-run', '--json');
is($r->{code}, 7, 'a rehearsal') or diag($r->{err});
is(dump_new(), $new, 'writes nothing');
is(counts($r, 'user'), '9 8 1 0 0 1', 'and counts users as if');
is(counts($r, 'point'), '120219 120210 0 9 0 0', 'and points');
like(migrate('--dry-run')->{out}, qr/WOULD MOVE/, 'for people, too');

# ---- broken off ----

$t->psql(q{INSERT INTO selfhost.user_account (name) VALUES ('taken')});
# A domain that cannot take the content of datasets fails after its rows have come.
$t->psql('ALTER TABLE selfhost.dataset_part ADD CONSTRAINT stop CHECK (part < 2)');
$r = migrate('--json');
is($r->{code}, 1, 'broken off by an error');
ok(!$r->{json}{complete}, 'and the JSON tells');
like($r->{err}, qr/not finished; the same command goes on/, 'what to do');
$t->psql('ALTER TABLE selfhost.dataset_part DROP CONSTRAINT stop');
is($t->psql('SELECT count(*) FROM selfhost.dataset'), '3', 'some datasets are there');
is($t->psql(q{SELECT count(*) FROM selfhost.dataset_part p WHERE NOT EXISTS (SELECT FROM selfhost.dataset d WHERE d.content = p.content)}),
	'0', 'and no half one');

# By a signal, while it waits for somebody who writes to a series.
sub waits_for_writer
{
	return $node->poll_query_until($_[0], q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'advisory' AND query ~ '_restore_points')});
}
my $writer = $node->background_psql('test');
$writer->query_safe(sprintf(q{BEGIN; SELECT selfhost._lock_series('%s')}, u('1004')));
{
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ 'selfctl', 'migrate', '--from', "$from password='hunt\\\' er2'", "--uri=$to password=hunter2" ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($timeout));
	ok(waits_for_writer('test'), 'it waits');
	my $arguments = ShTest::read_file("/proc/$run->{KIDS}[0]{PID}/cmdline");
	like($arguments, qr/--from\0.*dbname='?old'? password=x+'?\0--uri=.*password=x+\0/, 'passwords do not stay in its arguments');
	unlike($arguments, qr/er2/, 'not even parts of them');
	$run->signal('INT');
	$writer->query_safe('ROLLBACK');
	$run->finish;
	is($run->full_result >> 8, 1, 'broken off by a signal');
	like($err, qr/interrupted: the same command goes on.*not finished/s, 'and it is said');
	is($t->psql(sprintf(q{SELECT count(*) < 120000 FROM selfhost.tsdata WHERE ts_uuid = '%s'}, u('1004'))), 't', 'within a series');
	$t->psql(sprintf(q{DELETE FROM selfhost.tsdata WHERE ts_uuid = '%s'}, u('1004')));
}
$writer->quit;

# Within a series: the first half is in.
$t->psql(sprintf(q{SELECT selfhost._restore_points('%s', string_agg(timestamptz_send(ts) || float8send(value), '' ORDER BY ts))
	FROM (SELECT '2015-01-01 00:00+00'::timestamptz + i * interval '1 min' AS ts, round(1e3 * sin(i / 1000.0)) / 10 AS value
	      FROM generate_series(1, 60000) AS i) AS p}, u('1004')));

# ---- all of it ----

$r = migrate('--json');
is($r->{code}, 7, 'done, and something stays behind') or diag($r->{err});
is(dump_old(), $old, 'the source is as it was');
ok($r->{json}{complete} && !$r->{json}{dry_run}, 'complete');
is($r->{json}{series_verified}, 5, 'all series were verified');
is(counts($r, 'point'), '120219 60001 60209 9 0 0', 'half of that series was there, and the others');
is(counts($r, 'dataset'), '4 0 4 0 0 0', 'and the datasets');
$new = dump_new();
my $again = migrate('--json');
is($again->{code}, 7, 'again');
is(dump_new(), $new, 'a second run changes nothing');
is(counts($again, $_), counts($again, $_) =~ s/^(\d+) \d+/$1 0/r, "moves no $_") foreach
  qw(user group membership policy token thing timeseries program revision alert dataset point);
is($again->{json}{series_verified}, 5, 'and compares all points');

# From here on: what the first complete run into an untouched domain tells.
$to = $node->connstr('fresh');
$t->create_domain('fresh');
$t->{domain} = 'fresh';
$t->psql(q{INSERT INTO selfhost.token (user_uuid, name, digest) VALUES ('00000000-0000-1000-8000-000000000000', 't', sha256('test'))});
$t->restart_with();
$t->{token} = 'test';
$r = migrate('--json');
is($r->{code}, 7, 'into a fresh domain') or diag($r->{err});

# ---- accounts ----

is(counts($r, 'user'), '9 8 1 0 0 1', 'users');
like(told($r, 'user', u('a05')), qr/is inactive/, 'a user who is not active is told of');
is(counts($again, 'user'), '9 0 8 1 0 0', 'in the other domain');
like(told($again, 'user', u('a07')), qr/left behind: another user of the domain has his name/, 'one name was taken');
like(told($again, 'token', u('c06')), qr/left behind: its user was left behind/, 'with his token');
is(counts($r, 'token'), '9 6 0 3 0 0', 'tokens');
is($t->get('/v2/users/me', token => $_->[0])->{status}, $_->[1], "$_->[0]: $_->[1]") foreach
  [ 'secret-token.alice1', 200 ], [ 'secret-token.alice2', 200 ], [ 'secret-token.bob', 403 ], [ 'secret-token.dave', 401 ], [ 'root', 401 ];
is($t->get('/v2/users/me', token => 'secret-token.alice1')->{json}{uuid}, u('a01'), 'alice is who she was');
is($t->psql(sprintf(q{SELECT created AT TIME ZONE 'UTC' FROM selfhost.token WHERE uuid = '%s'}, u('c01'))), '2021-06-01 10:00:00.123456',
	'since when a token is');
like(told($r, 'token', u('c03')), qr/another token has the same secret/, 'the same secret twice');
like(told($r, 'token', u('c05')), qr/its digest is none of SHA-256/, 'no digest');
like(told($r, 'token', '.'), qr/its secret is "root", which everybody knows/, 'the secret that everybody knows');
is($t->psql('SELECT string_agg(u.name || chr(61) || g.uuid, chr(32) ORDER BY u.name) FROM selfhost.user_group g
	JOIN selfhost.user_account u ON u.uuid = g.personal_of WHERE u.name ~ $$^\w+$$'),
	join(' ', map { "$_->[0]=" . u($_->[1]) } [ alice => 'b01' ], [ bob => 'b02' ], [ dave => 'b05' ], [ erin => 'b06' ], [ taken => 'b07' ]),
	'personal groups, that of a renamed user among them, and not one that is only named like a user');
is($t->psql(sprintf(q{SELECT name FROM selfhost.user_account WHERE uuid = '%s'}, u('a04'))),
	old(sprintf(q{SELECT name FROM users WHERE uuid = '%s'}, u('a04'))), 'odd characters');
is($t->get('/v2/things', token => 'secret-token.frank')->{status}, 200, 'a right of his group');
is($t->delete('/v2/users/' . u('a08'))->{status}, 204, 'who has the name of a group can be deleted');
is($t->psql(sprintf(q{SELECT count(*) FROM selfhost.user_group WHERE uuid = '%s'}, u('b08'))), '1', 'and that group is not his');

# ---- policies ----

is(counts($r, 'policy'), '111 67 24 20 16 0', 'policies');
is(told($r, 'policy', u($_->[0])), "left behind: $_->[1]", "policy $_->[0]") foreach
  [ d01 => 'its resource ends in a backslash that escapes nothing: it made every check of its group fail' ],
  [ d07 => 'its resource is empty, and so matches nothing' ], [ d08 => 'its resource has more than 500 characters' ],
  [ d10 => 'the root group cannot be denied anything' ];
is(join(',', map { $t->psql(sprintf(q{SELECT priority || ' ' || resource FROM selfhost.policy WHERE uuid = '%s'}, u($_))) } qw(d02 d03 d04 d05 d06)),
	'0 thing_,1 timeseries,2 timeseries,-2147483648 timeseries/%/data,0 %', 'others as they were');
is($t->psql(q{SELECT count(*) FROM selfhost.policy WHERE resource = 'timeseries/%' AND action = 'delete'}), '0',
	'what the operator had taken from a built-in group is taken from it');
like(join("\n", map { $_->{reason} } grep { $_->{what} eq 'note' } @{ $r->{json}{rows} }), qr{allow delete timeseries/% of the built-in.*16 policies}s, 'and told');
is(counts(migrate('--json', '--keep-policies'), 'policy'), '111 16 91 4 0 0', 'needless policies, if wanted');

# ---- things, time series, points ----

sub row { return $t->psql(sprintf(q{SELECT %s FROM selfhost.%s AS t WHERE uuid = '%s'}, $_[2], $_[0], u($_[1]))); }
is(row('thing', 'e01', "t::text"), '(' . u('e01') . ',Boiler,heating,active,' . u('a01') . ',"{a,a,"""",b}")', 'a thing');
is(row('thing', 'e02', "format('%s|%s|%s|%s', name, type, created_by, tags)"), '|||{x}', 'empty texts, nobody, NULL among the tags');
is(row('thing', 'e03', 'tags'), '{p,q,r}', 'tags in two dimensions');
like(told($r, 'dependency', u('e02')), qr/left behind: things have no dependencies here.*left behind/, 'dependencies');
is(row('timeseries', '1001', "format('%s|%s|%s|%s|%s', name, si_unit, lower_bound, upper_bound, created_by)"),
	'temperature|C|-10|50|' . u('a01'), 'a time series with bounds');
like(told($r, 'timeseries', u('1003')), qr/its lower bound was NaN: it has none now; its upper bound was Infinity: it has none now/, 'odd bounds');
is(counts($r, 'point'), '120219 120210 0 9 0 0', 'points');
is(told($r, 'point', u('1003')), 'left behind: 3 of them, from 2020-01-01T00:00:00.000000Z to 2020-01-03T00:00:00.000000Z: the value is no finite number'
	. ' | left behind: 6 of them, from -infinity to infinity: the time is not in the years 0001 to 9999', 'points that cannot be');
my $points = q{SELECT md5(string_agg(extract(epoch FROM ts) || ' ' || encode(float8send(value), 'hex'), ',' ORDER BY ts_uuid, ts)) FROM %s
	WHERE abs(value) < 'Infinity' AND value <> 'NaN' AND ts BETWEEN '0001-01-01Z' AND '9999-12-31Z'};
is($t->psql(sprintf($points, 'selfhost.tsdata')), old(sprintf($points, 'tsdata')), 'all others are there, bit by bit');
is($t->psql('SELECT count(*) FROM selfhost.check_chunks()'), '0', 'and well stored');
is(scalar(@{ $t->get('/v2/timeseries/' . u('1001') . '/data?start=2020-01-01T00:01:00Z&end=2020-01-01T00:02:00Z',
	token => 'secret-token.alice1')->{json} }), 41, 'those out of the bounds, too, by the REST API');

# ---- datasets, programs, alerts ----

is(row('dataset', 'f01', "format('%s|%s|%s|%s', created AT TIME ZONE 'UTC', updated AT TIME ZONE 'UTC', created_by, updated_by)"),
	'2020-01-02 03:04:05.6|2020-02-02 03:04:05.654321|' . u('a01') . '|' . u('a02'), 'a dataset');
is($t->get('/v2/datasets/' . u('f01') . '/raw')->{content}, '{"a": 1}', 'its content');
is($t->get('/v2/datasets/' . u('f02') . '/raw')->{status}, 204, 'an empty one');
like(told($r, 'dataset', u('f03')), qr/^changed: its format was pdf: it is misc now; its size was said to be 77: it is 3; its checksum was wrong; .*no finite time/,
	'a wrong one');
is(row('dataset', 'f03', 'tags'), '{a,b,c}', 'tags in two dimensions');
my $large = $t->get('/v2/datasets/' . u('f04') . '/raw');
is(length($large->{content}), 20_000_000, 'a large one');
is($large->{headers}{etag} =~ s/"//gr, old(q{SELECT encode(checksum, 'hex') FROM datasets WHERE name = 'large'}), 'whole');

is(row('program', '1101', "format('%s|%s|%s|%s|%s|%s', type, state, schedule, deadline, created_by, next_revision)"),
	'routine|active|0 0 * * * *|5000|' . u('a01') . '|3', 'a program, whose owner is who wrote its first revision');
is(row('program', '1102', "format('%s|%s|%s|%s|%s', type, state, schedule, deadline, next_revision)"), 'routine|inactive|0 0 0 31 2 *|1000|8', 'one of the defaults');
is(row('program', '1103', 'deadline'), '1000', 'a deadline that was negative');
is(row('program', '1104', "format('%s|%s|%s', state, schedule, deadline)"), 'inactive|0 0 0 31 2 *|3600000', 'a state that is none');
like(told($r, 'program', u('1105')), qr/left behind: its language is python/, 'a language that is none');
like(told($r, 'program', u('1106')), qr/changed: nobody is known who wrote it/, "nobody's");
is($t->psql('SELECT string_agg(p.name, $$,$$) FROM selfhost.program_schedule s JOIN selfhost.program p ON p.uuid = s.program_uuid'), 'hourly', 'routines are on the schedule');
is_deeply([ map { "$_->{revision} " . ($_->{signed_by} // '-') . ' ' . ($_->{signed} // '-') } @{ $t->get('/v2/programs/' . u('1101') . '/revisions')->{json} } ],
	[ '0 ' . u('a02') . ' 2020-01-02T00:00:00Z', '1 - -' ], 'revisions and signatures');
is($t->get('/v2/programs/' . u('1101') . '/code')->{content}, 'x := 1', 'the signed code');
like(told($r, 'revision', u('1101') . '@2'), qr/changed: it has no code: it is a deleted revision now/, 'a signed one without code');
like(told($r, 'revision', u('1101') . '@3'), qr/left behind: it has no code, and nobody has signed it/, 'one that is nothing');
like(told($r, 'revision', u('1103') . '@-1'), qr/left behind: its number is out of range/, 'a negative number');

is(counts($r, 'alert'), '57 57 0 0 0 11', 'alerts');
my $alert = q{SELECT md5(string_agg(a::text, ',' ORDER BY uuid)) FROM (SELECT uuid, resource, environment, event, severity::text, status::text, value,
	description, origin, tags, created, timeout, rawdata, duplicate, previous_severity::text, nullif(last_receive_time, 'infinity') FROM %s) AS a};
is($t->psql(sprintf($alert, 'selfhost.alert')), old(sprintf($alert, 'alerts')), 'as they were');
is(row('alert', '1211', 'service'), '{s}', 'NULL among the services');

# ---- differences ----

$t->psql(sprintf(q{DELETE FROM selfhost.tsdata WHERE ts_uuid = '%1$s' AND ts = '2015-01-01 01:00+00';
	INSERT INTO selfhost.tsdata VALUES ('%1$s', '2015-01-01 01:00+00', 7), ('%1$s', '2030-01-01 01:00+00', 8)}, u('1004')));
old(sprintf(q{INSERT INTO tsdata VALUES ('%s', 9, '2030-01-02', NULL); UPDATE datasets SET content = 'b' WHERE name = 'settings'}, u('1004')));
$r = migrate('--json', '--inactive');
is(counts($r, 'point'), '120220 1 120209 10 0 0', 'what was written to the source later comes; what the domain has stays');
like(told($r, 'point', u('1004')), qr/that at 2015-01-01T01:00:00\.000000Z: the domain has another value at that time/, 'and it is told');
like(told($r, 'dataset', u('f01')), qr/differs: it has another content in the domain/, 'the same of a dataset');
is($t->get('/v2/datasets/' . u('f01') . '/raw')->{content}, '{"a": 1}', 'which it keeps');

# ---- somebody writes at the same time ----

# Runs it with the points of a series gone, and some work after it has begun to write them.
sub migrate_meanwhile
{
	my ($statement) = @_;
	my ($out, $err) = ('', '');
	$t->psql(sprintf(q{DELETE FROM selfhost.tsdata WHERE ts_uuid = '%s'}, u('1004')));
	my $writer = $node->background_psql('fresh');
	$writer->query_safe(sprintf(q{BEGIN; SELECT selfhost._lock_series('%s')}, u('1004')));
	my $run = IPC::Run::start([ 'selfctl', 'migrate', '--from', $from, '--uri', $to ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($timeout));
	ok(waits_for_writer('fresh'), 'it waits');
	$writer->query_safe($statement) if $statement ne '';
	if ($statement eq '')
	{
		my $before = old('SELECT sum(n_tup_ins) FROM pg_stat_user_tables');
		old(q{INSERT INTO things (name) VALUES ('late')});
		$node->poll_query_until('old', "SELECT sum(n_tup_ins) > $before FROM pg_stat_user_tables") or die 'no statistics';
	}
	$writer->query_safe('COMMIT');
	$writer->quit;
	$run->finish;
	return { code => $run->full_result >> 8, err => $err, out => $out };
}
$r = migrate_meanwhile(sprintf(q{INSERT INTO selfhost.tsdata VALUES ('%s', '2015-01-01 00:01+00', 7)}, u('1004')));
is($r->{code}, 1, 'to the domain, a point that the source has otherwise');
like($r->{err}, qr/the points of 1 time series differ from those of the source/, 'that is noticed');
like($r->{out}, qr/^differs: timeseries \Q@{[ u('1004') ]}\E/m, 'and which one it is');
$r = migrate_meanwhile(sprintf(q{INSERT INTO selfhost.tsdata VALUES ('%s', '2040-01-01 00:01+00', 7)}, u('1004')));
is($r->{code}, 7, 'to the domain, a new point') or diag($r->{err});
$r = migrate_meanwhile('');
is($r->{code}, 7, 'to the source') or diag($r->{err});
like($r->{err}, qr/the source was written to meanwhile: migrate again/, 'that is told');

# ---- built-in rows that are not what they were ----

old(q{UPDATE groups SET name = 'x1' WHERE name = 'things'; UPDATE groups SET name = 'things' WHERE name = 'datasets';
	UPDATE groups SET name = 'datasets' WHERE name = 'x1'; DELETE FROM groups WHERE name IN ('tsdata', 'root');
	UPDATE users SET name = 'chief' WHERE name = 'root'; UPDATE users SET name = 'root' WHERE name = 'carol'});
$t->create_domain('renamed');
{
	local $to = $node->connstr('renamed');
	$r = migrate('--json');
}
is($r->{code}, 7, 'renamed and deleted built-in rows') or diag($r->{err});
is($node->safe_psql('renamed', q{SELECT string_agg(name, ',' ORDER BY uuid) FROM selfhost.user_group WHERE uuid::text LIKE '00000000-0000-1000%'}),
	'root,datasets,timeseries,things,operator,admin', 'their names; the root group stays');
is($node->safe_psql('renamed', q{SELECT string_agg(name, ',' ORDER BY uuid) FROM selfhost.user_account WHERE name IN ('root', 'chief')}),
	'chief,root', 'a user who has the name now that another had');
is($node->safe_psql('renamed', 'SELECT selfhost._root_strength()'), '3', 'root can log in');

# ---- the commands of docs/migration.md ----

ShTest::write_file("$t->{dir}/services", "[old]\n" . join("\n", split(/ /, $from =~ s/'//gr)) . "\n[plant]\n" . join("\n", split(/ /, $to =~ s/'//gr)) . "\n");
$ENV{PGSERVICEFILE} = "$t->{dir}/services";
my @commands = ShTest::read_file("$data/../../../docs/migration.md") =~ /^(selfctl migrate .*)$/mg;
cmp_ok(scalar(@commands), '>=', 3, 'the page has commands');
foreach my $command (@commands)
{
	my ($out, $err) = ('', '');
	IPC::Run::run([ split(/ /, $command =~ s/--to plant/--uri service=plant/r) ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($timeout));
	is($? >> 8, 7, $command) or diag($err);
}

# ---- somebody else is there ----

my $other = $node->background_psql('old');
like(migrate()->{err}, qr/the source has 1 other connection/, 'another connection is told of');
$other->quit;

done_testing();
