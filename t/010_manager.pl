# The program manager: it ticks in every domain, leaves databases free to be dropped and copied, and
# survives what happens to it, its ticks and the server.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('manager');
$node->init(allows_streaming => 1);
# Tests that crash a server want it to come back.
$node->append_conf('postgresql.conf', "restart_after_crash = on\nlog_min_messages = info\n");
$node->start;

# Waits for a query to give true.
sub wait_for
{
	my ($what, $database, $query, $on) = @_;
	ok(($on || $node)->poll_query_until($database, $query), $what);
	return;
}

my $ticks = q(SELECT pid FROM pg_stat_activity WHERE backend_type = 'selfpmgr tick');
my $launcher = q(SELECT pid FROM pg_stat_activity WHERE backend_type = 'selfpmgr' AND application_name = 'selfpmgr');

# A database with a routine that is due every second.
sub create_domain
{
	my ($name) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, 'CREATE EXTENSION selfhost; SELECT selfhost.init()');
	return add_routine($name);
}

sub add_routine
{
	my ($name) = @_;
	return $node->safe_psql($name, q{
		INSERT INTO selfhost.program (name, type, state, schedule, deadline, language)
			VALUES ('often', 'routine', 'active', '@every 1s', 1000, 'lua');
		INSERT INTO selfhost.program_revision (program_uuid, revision, checksum, code)
			SELECT uuid, 0, sha256('x'), 'x' FROM selfhost.program;
		UPDATE selfhost.program_revision SET signed = now()});
}

# Is the domain being looked after: is more missed, as nobody takes the run that is queued?
sub is_ticking
{
	my ($what, $name, $on) = @_;
	my $missed = ($on || $node)->safe_psql($name, 'SELECT missed FROM selfhost.program');
	wait_for($what, $name, "SELECT missed > $missed FROM selfhost.program", $on);
	return;
}

# ---- domains ----

wait_for('the launcher runs', 'postgres', "SELECT count(*) = 1 FROM ($launcher) p");
$node->safe_psql('postgres', 'CREATE DATABASE plain');
create_domain($_) foreach qw(one two three);
foreach my $name (qw(one two three))
{
	wait_for("$name: a run is queued", $name, q{SELECT count(*) = 1 FROM selfhost.program_run WHERE state = 'queued'});
	is_ticking("$name: goes on", $name);
}
is($node->safe_psql('one', 'SELECT loaded, enabled, launcher_pid IS NOT NULL, ticks > 1, failures, next_tick > last_tick, queued, running, workers FROM selfhost.manager_status'),
	't|t|t|t|0|t|1|0|0', 'its status');
is($node->safe_psql('one', "SELECT launcher_pid FROM selfhost.manager_status"), $node->safe_psql('postgres', $launcher), 'its process');

# What is activated is seen at once, not at the next look of a minute.
$node->safe_psql('three', q{UPDATE selfhost.program SET state = 'inactive'});
$node->safe_psql('three', q{DELETE FROM selfhost.program_run});
$node->safe_psql('three', q{UPDATE selfhost.program SET state = 'active'});
wait_for('a schedule is worked out in a second or two', 'three',
	q{SELECT due IS NOT NULL AND due < since + interval '5 s' FROM selfhost.program_schedule});
wait_for('and followed', 'three', q{SELECT queued < (SELECT since FROM selfhost.program_schedule) + interval '10 s' FROM selfhost.program_run});

# ---- housekeeping ----

$node->safe_psql('one', q{
	INSERT INTO selfhost.dataset (name, format, content, size, checksum) VALUES ('dataset', 'misc', 1, 0, sha256(''));
	INSERT INTO selfhost.dataset_upload (dataset_uuid, content, expires) SELECT uuid, 2, now() - interval '1 s' FROM selfhost.dataset;
	SELECT uuid AS series FROM selfhost.create_timeseries('{"name":"old","si_unit":"C"}') AS j (json), json_to_record(j.json) AS r (uuid uuid) \\gset
	SELECT FROM selfhost.add_timeseries_data(:'series', body => '[{"v":1,"ts":"2020-01-01T00:00:00Z"}]');
	SELECT selfhost.set_retention(NULL, interval '1 year')});
# It has been done within the last minute, it may be; this asks for it again.
$node->safe_psql('one', 'SELECT selfhost._housekeeping_due(again => true)');
wait_for('an expired upload goes', 'one', 'SELECT count(*) = 0 FROM selfhost.dataset_upload');
wait_for('old points go', 'one', 'SELECT count(*) = 0 FROM selfhost.tail');

# ---- databases come and go ----

foreach my $round (1 .. 3)
{
	my ($status, $out, $err) = $node->psql('postgres', 'CREATE DATABASE copied TEMPLATE one');
	is($status, 0, "round $round: a domain is copied while it ticks") or diag($err);
	# The manager would find it within a minute; a change tells it at once.
	$node->safe_psql('copied', q{UPDATE selfhost.program SET schedule = '@every 2s'});
	is_ticking("round $round: the copy ticks", 'copied');
	($status, $out, $err) = $node->psql('postgres', 'DROP DATABASE copied');
	is($status, 0, "round $round: the copy is dropped while it ticks") or diag($err);
}
is_ticking('the original goes on', 'one');
$node->safe_psql('postgres', 'ALTER DATABASE two ALLOW_CONNECTIONS false');
$node->safe_psql('postgres', 'ALTER DATABASE two ALLOW_CONNECTIONS true');
is_ticking('one that was closed goes on', 'two');
$node->safe_psql('postgres', 'ALTER DATABASE three RENAME TO renamed');
is_ticking('a renamed one goes on', 'renamed');

$node->safe_psql('two', 'DROP EXTENSION selfhost CASCADE');
is_ticking('others go on when the extension goes', 'one');
$node->safe_psql('two', 'CREATE EXTENSION selfhost');
add_routine('two');
is_ticking('made anew, it ticks again', 'two');

# Nothing runs in a database that is to be read only.
$node->safe_psql('postgres', 'ALTER DATABASE two SET default_transaction_read_only = on');
is_ticking('others go on meanwhile', 'one');
$node->safe_psql('postgres', 'ALTER DATABASE two RESET default_transaction_read_only');
$node->safe_psql('two', q{UPDATE selfhost.program SET schedule = '@every 2s'});
is_ticking('until it is no more', 'two');

# ---- a tick that is held up, and one that dies ----

my $holder = $node->background_psql('one');
sub hold { $holder->query_safe('BEGIN; LOCK TABLE selfhost.program_schedule'); return; }
hold();
wait_for('a tick that waits for long gives up', 'two', "SELECT count(*) > 0 FROM ($ticks) t");
ok($node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = 'one' AND backend_type = 'selfpmgr tick' AND wait_event_type = 'Lock'}), 'it waits');
is_ticking('others go on', 'two');
$holder->query_safe('COMMIT');
is_ticking('it goes on behind the lock', 'one');

hold();
my $pid;
ok($node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = 'one' AND backend_type = 'selfpmgr tick' AND wait_event_type = 'Lock'}), 'a tick to be killed');
while (!$pid)
{
	$pid = $node->safe_psql('postgres', q{SELECT max(pid) FROM pg_stat_activity WHERE datname = 'one' AND backend_type = 'selfpmgr tick'});
}
my $offset = -s $node->logfile;
kill('KILL', $pid);
eval { $holder->quit };
ok($node->wait_for_log(qr/all server processes terminated; reinitializing/, $offset), 'the server starts anew');
$node->poll_query_until('postgres', 'SELECT true');
is_ticking('and the manager goes on', 'one');
is_ticking('everywhere', 'two');

# ---- the launcher ----

my $old = $node->safe_psql('postgres', $launcher);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($old)");
wait_for('a launcher that is ended is started again', 'postgres', "SELECT count(*) = 1 FROM ($launcher) p WHERE pid <> $old");
is_ticking('and goes on', 'one');

$node->safe_psql('postgres', 'ALTER SYSTEM SET selfhost.manager = off');
$node->reload;
wait_for('it is turned off', 'one', 'SELECT NOT enabled FROM selfhost.manager_status');
$node->safe_psql('postgres', 'ALTER SYSTEM RESET selfhost.manager');
$node->reload;
is_ticking('and on', 'one');

# ---- no place for ticks ----

$node->append_conf('postgresql.conf', "max_worker_processes = 2\n");
$offset = -s $node->logfile;
$node->restart;
# Another launcher has the other place: that of logical replication.
ok($node->wait_for_log(qr/selfpmgr cannot start a tick: there is no place for a process/, $offset), 'it tells that it has no place');
$node->append_conf('postgresql.conf', "max_worker_processes = 8\n");
$node->restart;
is_ticking('with more of them it goes on', 'one');
is($node->safe_psql('one', q{SELECT count(*) FROM selfhost.program_run WHERE state = 'queued'}), '1', 'the queued run is still there');

# ---- a standby ----

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('manager_standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', "SELECT count(*) FROM ($launcher) p"), '0', 'a standby has no launcher');
is($standby->safe_psql('one', 'SELECT loaded, launcher_pid IS NULL FROM selfhost.manager_status'), 't|t', 'and says so');
$node->stop;
$standby->promote;
is_ticking('promoted, it takes over', 'one', $standby);
is($standby->safe_psql('postgres', "SELECT count(*) FROM ($launcher) p"), '1', 'with a launcher');
$standby->stop;

done_testing();
