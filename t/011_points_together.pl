# Appends, late points, deletions, repacks and readers of the same series at once: no reader sees a point
# twice, and in the end the points are those of a plain table that was written in the same transactions.
use strict;
use warnings;

use IPC::Run ();
use PostgreSQL::Test::Utils;
use ShTest;
use Test::More;

my $sh = ShTest->new('points_together', no_selfserv => 1, postgres => "autovacuum_naptime = 1s\n");
my $node = $sh->{node};
my $bindir = $node->config_data('--bindir');

$node->safe_psql('test', q{
	INSERT INTO selfhost.timeseries (uuid, name, si_unit)
		SELECT ('aaaaaaaa-0000-4000-8000-00000000000' || to_hex(i))::uuid, 'together', 'C' FROM generate_series(1, 6) AS i;
	CREATE TABLE ledger (s integer, ts timestamptz, v double precision, PRIMARY KEY (s, ts));
	CREATE SEQUENCE clock;
	CREATE FUNCTION id(s bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
		$$ SELECT ('aaaaaaaa-0000-4000-8000-00000000000' || to_hex(s))::uuid $$;
	CREATE FUNCTION at(n double precision) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
		$$ SELECT '2020-01-01Z'::timestamptz + n * interval '1 s' $$;
	CREATE TABLE seen_twice (s integer);
	CREATE TABLE repacked (rewritten integer, written integer);
});

# The lock of the series, which the first statement takes, orders the second ones, too.
my %script = (
	append => q{\set s random(1, 6)
\set n random(1, 100)
BEGIN;
SELECT selfhost._lock_series(id(:s));
CREATE TEMP TABLE fresh ON COMMIT DROP AS SELECT at(nextval('clock') + i / 1000.0) AS ts, round((20 + random())::numeric, 1)::float8 AS v
	FROM generate_series(1, CASE WHEN :n < 50 THEN 1 WHEN :n < 90 THEN 30 ELSE 400 END) AS i;
INSERT INTO selfhost.tsdata SELECT id(:s), ts, v FROM fresh;
INSERT INTO ledger SELECT :s, ts, v FROM fresh;
COMMIT;
},
	late => q{\set s random(1, 6)
\set n random(1, 30000)
BEGIN;
INSERT INTO selfhost.tsdata VALUES (id(:s), at(:n + 0.7777), :n * 0.1) ON CONFLICT DO NOTHING;
INSERT INTO ledger VALUES (:s, at(:n + 0.7777), :n * 0.1) ON CONFLICT DO NOTHING;
COMMIT;
},
	deletion => q{\set s random(1, 6)
\set n random(1, 30000)
BEGIN;
SELECT selfhost.delete_timeseries_data(id(:s), at(:n), at(:n + 300), ge => 20.5);
DELETE FROM ledger WHERE s = :s AND ts BETWEEN at(:n) AND at(:n + 300) AND v >= 20.5;
COMMIT;
},
	repack => q{INSERT INTO repacked SELECT rewritten, written FROM selfhost.repack_some(100);
},
	read => q{\set s random(1, 6)
INSERT INTO seen_twice SELECT :s FROM selfhost.tsdata WHERE ts_uuid = id(:s) HAVING count(*) <> count(DISTINCT ts);
});
my %weight = (append => 10, late => 5, deletion => 1, repack => 1, read => 1);
my @files = map {
	ShTest::write_file("$sh->{dir}/$_.sql", $script{$_});
	('-f', "$sh->{dir}/$_.sql\@$weight{$_}")
} sort keys %script;
my ($out, $err);
IPC::Run::run([ "$bindir/pgbench", '-n', '-c', 6, '-t', $ENV{ROUNDS} || 400, @files, $node->connstr('test') ],
	'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
is($?, 0, 'all transactions succeed') or diag($err);

my $different = q{SELECT count(*) FROM ((TABLE have EXCEPT TABLE want) UNION ALL (TABLE want EXCEPT TABLE have)) AS d};
$node->safe_psql('test', q{
	CREATE VIEW want AS SELECT id(s) AS uuid, ts, v FROM ledger;
	CREATE VIEW have AS SELECT ts_uuid AS uuid, ts, value AS v FROM selfhost.tsdata});
cmp_ok($node->safe_psql('test', 'SELECT count(*) FROM want'), '>', 10000, 'there are many points');
is($node->safe_psql('test', 'SELECT (SELECT count(*) FROM have) - (SELECT count(*) FROM want)'), '0', 'as many as in the table');
is($node->safe_psql('test', $different), '0', 'and the same');
is($node->safe_psql('test', 'SELECT count(*) FROM seen_twice'), '0', 'no reader saw a point twice');
is($node->safe_psql('test', 'SELECT count(*) FROM selfhost.check_chunks()'), '0', 'no row has a fault');
is($node->safe_psql('test', 'SELECT sum(rewritten) > sum(written) FROM repacked'), 't', 'rows were packed meanwhile');
my $rows = $node->safe_psql('test', 'SELECT count(*) FROM selfhost.chunk');
$node->safe_psql('test', 'SELECT selfhost.repack_some()') foreach 1 .. 3;
is($node->safe_psql('test', 'SELECT count(*) FROM selfhost.repack_todo'), '0', 'nothing is left to pack');
cmp_ok($node->safe_psql('test', 'SELECT count(*) FROM selfhost.chunk'), '<=', $rows, 'no more rows than before');
is($node->safe_psql('test', $different), '0', 'still the same points');
cmp_ok($node->safe_psql('test', 'SELECT count(*) FROM selfhost.tail'), '<=', 24, 'few rows in the tails');

done_testing();
