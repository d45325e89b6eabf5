-- Writing and deleting points: conflicts, bounds, units, order, windows. The layout of the rows that
-- hold them is tested in store.sql.
\set VERBOSITY terse
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA points_write;
\set a '''aaaaaaaa-0000-4000-8000-000000000001'''
\set b '''aaaaaaaa-0000-4000-8000-000000000002'''
\set nowhere '''aaaaaaaa-0000-4000-8000-00000000000f'''
INSERT INTO selfhost.timeseries (uuid, name, si_unit, lower_bound, upper_bound)
    VALUES (:a, 'free', 'W', NULL, NULL), (:b, 'bounded', 'W', -10, 1000);

-- Status and counts of a write: status inserted/replaced/skipped/out of bounds.
CREATE FUNCTION points_write.answer(r selfhost.http_response) RETURNS text LANGUAGE sql AS $$
    SELECT (r).status || ' ' || string_agg(split_part(h, ': ', 2), '/' ORDER BY o)
           || coalesce(' type ' || (r).content_type, '') || coalesce(' body ' || (r).body::text, '')
    FROM unnest((r).headers) WITH ORDINALITY AS u (h, o)
$$;
CREATE FUNCTION points_write.add(series uuid, body text, conflict text = NULL, unit text = NULL)
    RETURNS text LANGUAGE sql AS $$
    SELECT points_write.answer(
        selfhost.add_timeseries_data(series, unit, conflict, convert_to(body, 'UTF8')))
$$;
CREATE FUNCTION points_write.add_many(body text, conflict text = NULL, unit text = NULL)
    RETURNS text LANGUAGE sql AS $$
    SELECT points_write.answer(selfhost.add_points(unit, conflict, convert_to(body, 'UTF8')))
$$;
CREATE FUNCTION points_write.show(series uuid) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(to_char(ts, 'MM-DD HH24:MI:SS.US') || ' ' || value, ', ' ORDER BY o)
    FROM selfhost._points(series) WITH ORDINALITY AS p (ts, value, o)
$$;
SET search_path = points_write, public;

-- ---- answers ----

SELECT (s.r).* FROM (
    SELECT selfhost.add_timeseries_data(:a, NULL, NULL, '[{"ts":"2020-01-01T00:00:00Z","v":1.5}]') AS r
    OFFSET 0) AS s;
SELECT add(:a, '[{"v":2,"ts":"2020-01-01T00:00:01.123456Z"},{"v":-3e2,"ts":"2020-01-01T01:00:02+01:00"}]');
SELECT show(:a);

-- ---- CSV ----

CREATE FUNCTION points_write.add_csv(series uuid, body text, type text = 'text/csv') RETURNS text LANGUAGE sql AS $$
    SELECT points_write.answer(
        selfhost.add_timeseries_data(series, 'kW', 'skip', convert_to(body, 'UTF8'), type))
$$;
SELECT add_csv(:b, E'ts,v\n2020-02-01T00:00:00Z,0.25\n2020-02-01T00:00:01Z,-5\n');
SELECT add_csv(:b, E'2020-02-01T00:00:00Z,0.5\r\n"2020-02-01T00:00:02Z","0.75"', 'Text/CSV; header=absent');
SELECT points_write.answer(selfhost.add_points(body => convert_to(
    'uuid,ts,v' || E'\n' || :b || ',2020-02-01T00:00:03Z,1.5' || E'\n', 'UTF8'), content_type => 'text/csv'));
SELECT show(:b);
SELECT add_csv(:b, E'ts,v\n2020-02-01T00:00:00Z,x\n');
SELECT add_csv(:b, E'ts,v\n');
SELECT add_csv(:b, E'ts,v\n2020-02-01T00:00:00Z,1\n', 'application/json');
SELECT selfhost.delete_timeseries_data(:b, '2020-02-01Z', '2020-02-02Z');

-- ---- refusals; in each case nothing is written ----

\set VERBOSITY default
SELECT add(:a, '[{"ts":"2020-01-02T00:00:00Z","v":1},{"ts":"2020-01-01T00:00:00Z","v":9}]');
SELECT add(:a, '[{"ts":"2020-01-03T00:00:00Z","v":1},{"ts":"2020-01-03T00:00:00Z","v":1}]');
SELECT add(:a, '[]');
SELECT add(:a, '[{"ts":"2020-01-02T00:00:00Z","v":1}]', 'merge');
SELECT add(:nowhere, '[{"ts":"2020-01-02T00:00:00Z","v":1}]');
SELECT add(NULL, '[{"ts":"2020-01-02T00:00:00Z","v":1}]');
SELECT selfhost.add_timeseries_data(:a);
-- Values come before existence.
SELECT add(:nowhere, '[]');
\set VERBOSITY sqlstate
SELECT add(:a, '{"ts":"2020-01-02T00:00:00Z","v":1}');
SELECT add(:a, '[{"ts":"2020-01-02T00:00:00Z","v":1}');
SELECT add(:a, '[{"ts":"2020-01-02T00:00:00Z","v":NaN}]');
SELECT add(:a, '[{"ts":"2020-01-02T00:00:00Z","v":1e999}]');
SELECT add(:a, '[{"ts":"2020-01-02T00:00:00Z"}]');
SELECT add(:a, '[{"ts":"2020-01-02 00:00:00","v":1}]');
SELECT add(:a, '[{"ts":"2020-01-02T00:00:00Z","v":1}]', NULL, 'no such unit');
\set VERBOSITY terse
SELECT show(:a);

-- The refusals that clients may read carry the extension's mark.
DO $$
DECLARE
    mark text;
BEGIN
    PERFORM points_write.add('aaaaaaaa-0000-4000-8000-000000000001', '[]');
EXCEPTION WHEN invalid_parameter_value THEN
    GET STACKED DIAGNOSTICS mark = SCHEMA_NAME;
    IF mark IS DISTINCT FROM 'selfhost' THEN
        RAISE EXCEPTION 'mark is %', mark;
    END IF;
END
$$;

-- ---- conflicts: stored, and inside a body ----

SELECT add(:a, '[{"ts":"2020-01-01T00:00:00Z","v":7},{"ts":"2020-01-01T00:00:03Z","v":8},{"ts":"2020-01-01T00:00:03Z","v":9}]', 'skip');
SELECT show(:a);
SELECT add(:a, '[{"ts":"2020-01-01T00:00:00Z","v":7},{"ts":"2020-01-01T00:00:03Z","v":8},{"ts":"2020-01-01T00:00:03Z","v":9}]', 'replace');
SELECT show(:a);
SELECT add(:a, '[{"ts":"2020-01-01T00:00:00Z","v":70}]', 'skip');
SELECT add(:a, '[{"ts":"2020-01-01T00:00:00Z","v":7}]', 'replace');
-- Fractions beyond microseconds are rounded, and may then collide.
SELECT add(:a, '[{"ts":"2020-01-01T00:00:09.0000001Z","v":1},{"ts":"2020-01-01T00:00:09.0000004Z","v":2}]');
SELECT add(:a, '[{"ts":"2020-01-01T00:00:09.000001Z","v":3},{"ts":"2020-01-01T00:00:09.0000011Z","v":4}]', 'error');

-- ---- any order; before the first point; values that are not decimals ----

SELECT selfhost.delete_timeseries_data(:a, '2020-01-01Z', '2020-12-31Z');
SELECT show(:a);
SELECT add(:a, '[{"ts":"2020-02-01T00:00:05Z","v":5},{"ts":"2020-02-01T00:00:01Z","v":1},{"ts":"2020-02-01T00:00:03Z","v":3}]');
SELECT add(:a, '[{"ts":"2020-01-31T00:00:00Z","v":0.1}]');
SELECT add(:a, '[{"ts":"2020-02-01T00:00:04Z","v":4},{"ts":"2020-02-01T00:00:02Z","v":2},{"ts":"2020-02-01T00:00:06Z","v":6}]');
SELECT add(:a, '[{"ts":"2020-02-02T00:00:00Z","v":3.141592653589793},{"ts":"2020-02-02T00:00:01Z","v":1.7976931348623157e308},{"ts":"2020-02-02T00:00:02Z","v":5e-324},{"ts":"2020-02-02T00:00:03Z","v":-0.0}]');
SELECT show(:a);

-- ---- bounds, and units before bounds ----

SELECT add(:b, '[{"ts":"2020-01-01T00:00:00Z","v":-10},{"ts":"2020-01-01T00:00:01Z","v":-10.001},{"ts":"2020-01-01T00:00:02Z","v":1000},{"ts":"2020-01-01T00:00:03Z","v":1000.5}]');
SELECT add(:b, '[{"ts":"2020-01-01T00:00:00Z","v":-11},{"ts":"2020-01-01T00:00:00Z","v":5000}]');
SELECT show(:b);
SELECT add(:b, '[{"ts":"2020-01-02T00:00:00Z","v":0.25},{"ts":"2020-01-02T00:00:01Z","v":1.5}]', NULL, 'kW');
SELECT add(:b, '[{"ts":"2020-01-02T00:00:02Z","v":3}]', NULL, 'W');
SELECT show(:b);
-- A change of the bounds counts from the next statement on.
UPDATE selfhost.timeseries SET upper_bound = 2 WHERE uuid = :b;
SELECT add(:b, '[{"ts":"2020-01-03T00:00:00Z","v":2},{"ts":"2020-01-03T00:00:01Z","v":3}]');
-- Equal units need not be known.
UPDATE selfhost.timeseries SET si_unit = 'furlong per fortnight squared?' WHERE uuid = :b;
SELECT add(:b, '[{"ts":"2020-01-04T00:00:00Z","v":1}]', NULL, 'furlong per fortnight squared?');
UPDATE selfhost.timeseries SET si_unit = repeat('W', 100) WHERE uuid = :b;
SELECT add(:b, '[{"ts":"2020-01-05T00:00:00Z","v":1}]', NULL, 'W');
SELECT add(:b, '[{"ts":"2020-01-05T00:00:00Z","v":1}]');
UPDATE selfhost.timeseries SET si_unit = 'W', upper_bound = 1000 WHERE uuid = :b;

-- ---- many series at once ----

SELECT add_many('[{"uuid":"aaaaaaaa-0000-4000-8000-000000000002","ts":"2021-01-01T00:00:00Z","v":1},
    {"uuid":"AAAAAAAA-0000-4000-8000-000000000001","ts":"2021-01-01T00:00:00Z","v":2},
    {"uuid":"aaaaaaaa-0000-4000-8000-000000000002","ts":"2021-01-01T00:00:01Z","v":3000}]');
SELECT add_many('[{"uuid":"aaaaaaaa-0000-4000-8000-000000000001","ts":"2021-01-01T00:00:05Z","v":1},
    {"uuid":"aaaaaaaa-0000-4000-8000-00000000000f","ts":"2021-01-01T00:00:00Z","v":2}]');
SELECT add_many('[{"uuid":"aaaaaaaa-0000-4000-8000-000000000001","ts":"2021-01-01T00:00:05Z","v":1},
    {"uuid":"aaaaaaaa-0000-4000-8000-000000000002","ts":"2021-01-01T00:00:00Z","v":2}]');
SELECT add_many('[{"uuid":"aaaaaaaa-0000-4000-8000-000000000002","ts":"2021-01-01T00:00:00Z","v":2},
    {"uuid":"aaaaaaaa-0000-4000-8000-000000000001","ts":"2021-01-01T00:00:00Z","v":3}]', 'replace', 'kW');
SELECT add_many('[]');
SELECT add_many('[{"uuid":"aaaaaaaa-0000-4000-8000-000000000001","ts":"2021-01-01T00:00:09Z","v":1}]', 'never');
SELECT to_char(ts, 'HH24:MI:SS'), value FROM selfhost._points(:a) AS p (ts, value) WHERE ts >= '2021-01-01Z';
SELECT to_char(ts, 'HH24:MI:SS'), value FROM selfhost._points(:b) AS p (ts, value) WHERE ts >= '2021-01-01Z';

-- ---- deletion ----

SELECT selfhost.delete_timeseries_data(:a, '2000-01-01Z', '2000-12-31Z');
SELECT selfhost.delete_timeseries_data(:a, '2020-02-01 00:00:02Z', '2020-02-01 00:00:04Z');
SELECT selfhost.delete_timeseries_data(:a, '2020-02-01 00:00:00Z', '2020-02-01 23:00:00Z', 6, 5);
SELECT selfhost.delete_timeseries_data(:a, '2020-02-01 00:00:00Z', '2020-02-01 23:00:00Z', 5, 5);
SELECT selfhost.delete_timeseries_data(:a, '2020-02-02 00:00:00Z', '2020-02-02 00:00:09Z', 100, NULL);
SELECT selfhost.delete_timeseries_data(:a, '2020-02-02 00:00:00Z', '2020-02-02 00:00:09Z', NULL, -1);
SELECT selfhost.delete_timeseries_data(:a, '2021-01-01Z', '2020-01-01Z');
SELECT show(:a);
-- The window: 31622401 s and not one microsecond more, whatever its ends are.
SELECT selfhost.delete_timeseries_data(:a, '2022-01-01Z', '2023-01-02 00:00:01Z');
SELECT selfhost.delete_timeseries_data(:a, '2022-01-01Z', '2023-01-02 00:00:01.000001Z');
SELECT selfhost.delete_timeseries_data(:a, '-infinity', 'infinity');
SELECT selfhost.delete_timeseries_data(:a, '4714-11-24 00:00:00 BC', '294276-12-31 23:59:59Z');
SELECT selfhost.delete_timeseries_data(:a, 'infinity', '-infinity');
SELECT selfhost.delete_timeseries_data(:a, '2022-01-01Z', NULL);
SELECT selfhost.delete_timeseries_data(:nowhere, '2022-01-01Z', '2022-01-01Z');

-- ---- the description of a series ----

UPDATE selfhost.timeseries SET name = E'quote " backslash \\ tab \t \u00e5', tags = '{b,"a \" ,"}', lower_bound = 0.1
    WHERE uuid = :a;
SELECT selfhost.get_timeseries(:a);
SELECT selfhost.get_timeseries(:b)::jsonb ->> 'upper_bound' AS upper_bound;
SELECT selfhost.get_timeseries(:nowhere);
SELECT selfhost.get_timeseries(NULL);

-- ---- transactions ----

BEGIN;
SELECT add(:b, '[{"ts":"2022-01-01T00:00:00Z","v":1}]');
SAVEPOINT one;
SELECT add(:b, '[{"ts":"2022-01-01T00:00:01Z","v":2}]');
ROLLBACK TO one;
SELECT add(:b, '[{"ts":"2022-01-01T00:00:02Z","v":3}]');
COMMIT;
-- Two writes in one statement, and a read after them in the same transaction.
SELECT add(:b, '[{"ts":"2022-01-01T00:00:03Z","v":4}]'), add(:b, '[{"ts":"2022-01-01T00:00:04Z","v":5}]');
SELECT add(:b, format('[{"ts":"2022-01-01T00:01:%sZ","v":1}]', to_char(i, 'FM00'))) FROM generate_series(1, 3) AS i;
SELECT to_char(ts, 'MI:SS'), value FROM selfhost._points(:b) AS p (ts, value) WHERE ts >= '2022-01-01Z';
-- A write that fails in the middle leaves nothing.
SELECT add_many('[{"uuid":"aaaaaaaa-0000-4000-8000-000000000001","ts":"2023-01-01T00:00:05Z","v":1},
    {"uuid":"aaaaaaaa-0000-4000-8000-000000000002","ts":"2022-01-01T00:00:00Z","v":2}]');
SELECT count(*) FROM selfhost._points(:a) AS p (ts, value) WHERE ts >= '2023-01-01Z';
\set VERBOSITY sqlstate
BEGIN READ ONLY;
SELECT add(:b, '[{"ts":"2022-02-01T00:00:00Z","v":1}]');
ROLLBACK;
BEGIN READ ONLY;
SELECT add_many('[{"uuid":"aaaaaaaa-0000-4000-8000-000000000002","ts":"2022-02-01T00:00:00Z","v":1}]');
ROLLBACK;
BEGIN READ ONLY;
SELECT selfhost.delete_timeseries_data(:b, '2022-01-01Z', '2022-01-02Z');
ROLLBACK;
BEGIN READ ONLY;
SELECT selfhost._drop_points(1);
ROLLBACK;
\set VERBOSITY terse

-- ---- points from elsewhere: packed, without bounds, never overwriting ----

CREATE FUNCTION points_write.packed(ts timestamptz, value float8) RETURNS bytea LANGUAGE sql AS $$
    SELECT timestamptz_send(ts) || float8send(value)
$$;
SELECT selfhost._restore_points(:b, packed('2023-01-01 00:00:01.000001Z', 5000) || packed('2023-01-01Z', -5000));
SELECT selfhost._restore_points(:b, packed('2023-01-01Z', 1) || packed('0001-01-01Z', '-0'));
SELECT ts, value FROM selfhost._points(:b) AS p WHERE ts < '1000-01-01' OR ts BETWEEN '2022-12-31' AND '2023-01-02';
SELECT selfhost._restore_points(:b, packed('4713-01-01Z BC', 1));
SELECT selfhost._restore_points(:b, '');
SELECT selfhost._restore_points(:b, '\x00');
SELECT selfhost._restore_points(:b, packed('infinity', 1));
SELECT selfhost._restore_points(:b, packed('2023-01-01Z', 'NaN'));
SELECT selfhost._restore_points(:nowhere, packed('2023-01-01Z', 1));
BEGIN READ ONLY;
SELECT selfhost._restore_points(:b, packed('2024-01-01Z', 1));
ROLLBACK;

-- ---- the series goes, and its points with it ----

SELECT id AS id_a FROM selfhost.timeseries WHERE uuid = :a \gset
SELECT id AS id_b FROM selfhost.timeseries WHERE uuid = :b \gset
BEGIN;
DELETE FROM selfhost.timeseries WHERE uuid = :a;
SELECT add(:a, '[{"ts":"2024-01-01T00:00:00Z","v":1}]');
ROLLBACK;
SELECT add(:a, '[{"ts":"2024-01-01T00:00:00Z","v":1}]');
DELETE FROM selfhost.timeseries WHERE uuid IN (:a, :b);
SELECT add(:a, '[{"ts":"2024-01-01T00:00:01Z","v":1}]');
SELECT (SELECT count(*) FROM selfhost.tail WHERE series IN (:id_a, :id_b))
     + (SELECT count(*) FROM selfhost.chunk WHERE series IN (:id_a, :id_b)) AS rows_left;
-- A series that was made and undone is not remembered.
BEGIN;
INSERT INTO selfhost.timeseries (uuid, name, si_unit) VALUES (:a, 'again', 'W');
SELECT add(:a, '[{"ts":"2024-01-01T00:00:01Z","v":1}]');
ROLLBACK;
SELECT add(:a, '[{"ts":"2024-01-01T00:00:01Z","v":1}]');
SELECT count(*) FROM selfhost.tail t LEFT JOIN selfhost.timeseries s ON s.id = t.series WHERE s.id IS NULL;

RESET search_path;
DROP SCHEMA points_write CASCADE;
