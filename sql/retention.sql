-- How long points are kept: set_retention(), get_retention(), apply_retention(). In a database of its own.
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT current_database() AS main \gset
CREATE DATABASE regress_retention;
\c regress_retention
SET client_min_messages = warning;
SET timezone = 'Pacific/Auckland';
SET intervalstyle = postgres;
CREATE EXTENSION selfhost;
SELECT count(*) FROM selfhost.init();

\set a '\'aaaaaaaa-0000-4000-8000-00000000000a\''
\set b '\'aaaaaaaa-0000-4000-8000-00000000000b\''
INSERT INTO selfhost.timeseries (uuid, name, si_unit) VALUES (:a, 'retention test', 'C'), (:b, 'retention test', 'C');
SELECT id AS ida FROM selfhost.timeseries WHERE uuid = :a \gset

-- Nothing is set: everything is kept, and nothing is written.
SELECT selfhost.get_retention(), selfhost.get_retention(:a);
INSERT INTO selfhost.tsdata SELECT :a, now() - i * interval '10 min', i FROM generate_series(1, 100000) AS i;
INSERT INTO selfhost.tsdata SELECT :b, now() - i * interval '10 min', i FROM generate_series(1, 100) AS i;
SELECT * FROM selfhost.apply_retention();
SELECT count(*) FROM selfhost.storage_settings;

-- A series of its own. Rows whose last point is too old go; nothing that is young enough does.
CREATE FUNCTION pg_temp.expected(s integer, keep interval) RETURNS TABLE (rows bigint, points bigint) LANGUAGE sql AS $$
    SELECT count(*), coalesce(sum(n), 0) FROM (SELECT * FROM selfhost.chunk UNION ALL SELECT * FROM selfhost.tail) r
    WHERE series = s AND t1 < (now() AT TIME ZONE 'UTC' - keep) AT TIME ZONE 'UTC'
$$;
SELECT selfhost.set_retention(:a, '5 months 3 days');
SELECT selfhost.get_retention(), selfhost.get_retention(:a), selfhost.get_retention(:b);
BEGIN;
SELECT rows, points FROM pg_temp.expected(:ida, '5 months 3 days') \gset
SELECT deleted_rows = :rows AND :rows > 10 AS rows, deleted_points = :points AS points, more FROM selfhost.apply_retention();
SELECT * FROM selfhost.apply_retention();
SELECT count(*) FROM pg_temp.expected(:ida, '5 months 3 days') WHERE rows > 0;
SELECT min(ts) < now() - interval '5 months' AND min(ts) > now() - interval '5 months' - interval '33 days' AS oldest
    FROM selfhost.tsdata WHERE ts_uuid = :a;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :b;
SELECT count(*) FROM selfhost.check_chunks();
ROLLBACK;

-- In small batches: each begins where the one before ended.
CREATE TEMP TABLE batch AS SELECT * FROM selfhost.apply_retention(4);
SELECT deleted_rows, more FROM batch;
DO $$
BEGIN
    FOR i IN 1 .. 1000 LOOP
        EXIT WHEN NOT (SELECT b.more FROM batch b ORDER BY b.ctid DESC LIMIT 1);
        INSERT INTO batch SELECT * FROM selfhost.apply_retention(4);
    END LOOP;
END
$$;
SELECT max(deleted_rows) AS most, sum(deleted_rows) = :rows AS all_rows, bool_or(more) AS several FROM batch;
SELECT next_series FROM selfhost.storage_settings;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :b;

-- The domain's holds for series that have none, and a series' own goes before it.
SELECT selfhost.set_retention(NULL, '1 hour');
SELECT selfhost.get_retention(), selfhost.get_retention(:a), selfhost.get_retention(:b);
SELECT * FROM selfhost.apply_retention(1000);
-- The row of b has young points, too.
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :b;
SELECT selfhost.set_retention(NULL, '1 minute');
SELECT deleted_rows, deleted_points, more FROM selfhost.apply_retention(1000);
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :b;
SELECT count(*) > 20000 AS kept FROM selfhost.tsdata WHERE ts_uuid = :a;
-- A series whose points are all gone goes on.
INSERT INTO selfhost.tsdata VALUES (:b, now(), 1);
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :b;
-- Back to the domain's.
SELECT selfhost.set_retention(:a, NULL);
SELECT selfhost.get_retention(:a);
SELECT deleted_rows > 0 AS deleted FROM selfhost.apply_retention();
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :a;
-- For ever again.
SELECT selfhost.set_retention(NULL, NULL);
SELECT selfhost.get_retention(:a);
SELECT * FROM selfhost.apply_retention();

-- Months are those of the calendar: a row that ends in the month's first hours stays, one before goes.
INSERT INTO selfhost.tsdata SELECT :a, (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '13 months') AT TIME ZONE 'UTC' + i * interval '1 s', 1 FROM generate_series(0, 10) AS i;
BEGIN;
SELECT selfhost.set_retention(:a, now() AT TIME ZONE 'UTC' - date_trunc('month', now() AT TIME ZONE 'UTC') + interval '13 months');
SELECT deleted_rows FROM selfhost.apply_retention();
SELECT selfhost.set_retention(:a, now() AT TIME ZONE 'UTC' - date_trunc('month', now() AT TIME ZONE 'UTC') + interval '12 months');
SELECT deleted_rows FROM selfhost.apply_retention();
ROLLBACK;

-- Values.
SELECT selfhost.set_retention(:a, '0');
SELECT selfhost.set_retention(:a, '-1 day');
SELECT selfhost.set_retention(NULL, '5001 years');
SELECT selfhost.set_retention(:a, '5000 years');
SELECT * FROM selfhost.apply_retention();
SELECT selfhost.set_retention('aaaaaaaa-0000-4000-8000-0000000000ff', '1 day');
SELECT selfhost.get_retention('aaaaaaaa-0000-4000-8000-0000000000ff');
SELECT selfhost.apply_retention(0);
SELECT selfhost.apply_retention(NULL);

-- Rights: a user needs update:timeseries/<uuid>; the domain's is its owner's.
SELECT selfhost.create_user('{"name":"retention test"}') ->> 'uuid' AS member \gset
SELECT (SELECT p ->> 'uuid' FROM json_array_elements(selfhost.get_user(:'member') -> 'groups') AS p LIMIT 1) AS own_group \gset
CREATE ROLE regress_retention IN ROLE selfhost_sql;
INSERT INTO selfhost.role_user (role_name, user_uuid) VALUES ('regress_retention', :'member');
SET ROLE regress_retention;
SELECT selfhost.set_retention(:a, '1 day');
SELECT selfhost.get_retention(:a);
SELECT selfhost.set_retention(NULL, '1 day');
SELECT selfhost.get_retention();
SELECT selfhost.apply_retention();
SELECT selfhost.check_chunks();
SELECT selfhost.repack(:a);
SELECT selfhost.repack_some();
SELECT count(*) FROM selfhost.storage_settings;
SELECT count(*) FROM selfhost.repack_todo;
RESET ROLE;
SELECT selfhost.create_policy(json_build_object('group_uuid', :'own_group', 'priority', 0, 'effect', 'allow', 'action', 'update',
    'resource', 'timeseries/aaaaaaaa-0000-4000-8000-00000000000a')::jsonb) ->> 'effect';
SET ROLE regress_retention;
SELECT selfhost.set_retention(:a, '1 day');
SELECT selfhost.set_retention(:b, '1 day');
SELECT selfhost.get_retention(:a);
RESET ROLE;
SELECT selfhost.get_retention(:a);
\c :main
DROP DATABASE regress_retention;
DROP ROLE regress_retention;
