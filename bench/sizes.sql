-- What bench/sizes runs: loads each kind of points by add_timeseries_data() and measures the relations.
-- Rows of several series are posted in turn, as sensors do.
SET client_min_messages = warning;
CREATE EXTENSION selfhost;
CREATE SCHEMA sizes;
SET search_path = sizes, public;

-- The points of one series of each kind; all series of a kind have the same.
CREATE TABLE point (kind text, i integer, ts timestamptz, v float8);
CREATE TABLE sensor (ts timestamp, v float8);
COPY sensor FROM :'csv' (FORMAT csv, HEADER);
INSERT INTO point SELECT 'machine temperature', row_number() OVER (ORDER BY ts) - 1, ts AT TIME ZONE 'UTC', v
    FROM (SELECT DISTINCT ON (ts) ts, v FROM sensor ORDER BY ts, v) AS s;
SELECT setseed(0.25) \g /dev/null
CREATE TABLE base AS
    SELECT i, '2019-01-01Z'::timestamptz + i * interval '10 min' AS ts,
           round((20 + 3 * sin(i * 600 / 86400.0 * 2 * pi()) + sum((random() - 0.5) * 0.4) OVER (ORDER BY i))::numeric, 1)::float8 AS walk,
           random() * 1000 AS random, floor(random() * 1000000) * interval '1 us' AS jitter
    FROM generate_series(0, 52560) AS i;
INSERT INTO point SELECT 'walk', i, ts, walk FROM base;
INSERT INTO point SELECT 'walk, us timestamps', i, ts + jitter, walk FROM base;
INSERT INTO point SELECT 'random', i, ts, random FROM base;
INSERT INTO point SELECT 'random, us timestamps', i, ts + jitter, random FROM base;
INSERT INTO point SELECT 'one value', i, ts, 21.5 FROM base;
INSERT INTO point SELECT 'one value, us timestamps', i, ts + jitter, 21.5 FROM base;
INSERT INTO point SELECT 'switch', i, ts, CASE WHEN i / 500 % 2 = 0 THEN 0 ELSE 1 END FROM base;
CREATE INDEX ON point (kind, i);
ANALYZE point;

CREATE TABLE goal (kind text, most numeric);
INSERT INTO goal VALUES ('machine temperature', 5.0), ('random', 9.0), ('walk', 0.75);
CREATE TABLE result (o serial, kind text, posted integer, points bigint, bytes bigint);

CREATE PROCEDURE load(of_kind text, size integer, series integer) LANGUAGE plpgsql AS $$
DECLARE
    body bytea;
    ids uuid[];
    s uuid;
    last integer := (SELECT max(i) FROM sizes.point WHERE kind = of_kind);
    at integer := 0;
BEGIN
    WITH made AS (INSERT INTO selfhost.timeseries (name, si_unit) SELECT 'sizes', 'C' FROM generate_series(1, series) RETURNING uuid)
    SELECT array_agg(uuid) INTO ids FROM made;
    WHILE at <= last LOOP
        SELECT convert_to(json_agg(json_build_object('ts', to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'v', v)
                                   ORDER BY i)::text, 'UTF8') INTO body
        FROM sizes.point WHERE kind = of_kind AND i BETWEEN at AND at + size - 1;
        FOREACH s IN ARRAY ids LOOP
            PERFORM selfhost.add_timeseries_data(s, body => body);
            COMMIT;
        END LOOP;
        at := at + size;
    END LOOP;
END
$$;

CREATE FUNCTION stored() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT sum(n) FROM (SELECT n FROM selfhost.chunk UNION ALL SELECT n FROM selfhost.tail) AS r);
END
$$;
CREATE PROCEDURE empty() LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE selfhost.chunk, selfhost.tail, selfhost.repack_todo;
    DELETE FROM selfhost.timeseries;
END
$$;

-- What is loaded, in this order: size points in one POST, the same into so many series.
CREATE TABLE task (o serial, kind text, size integer, series integer);
INSERT INTO task (kind, size, series) VALUES
    ('machine temperature', 250, 45), ('machine temperature', 1000000, 45),
    ('walk', 250, 20), ('walk', 1000000, 20),
    ('walk, us timestamps', 250, 20), ('walk, us timestamps', 1000000, 20),
    ('random', 250, 20), ('random', 1000000, 20),
    ('random, us timestamps', 250, 20), ('random, us timestamps', 1000000, 20),
    ('one value', 250, 20), ('one value', 1000000, 20),
    ('one value, us timestamps', 250, 20), ('switch', 250, 20);

-- Measured after an ordinary vacuum, as autovacuum would have done meanwhile.
SELECT step FROM task, LATERAL (VALUES
    (1, format('CALL load(%L, %s, %s)', kind, size, series)),
    (2, 'VACUUM (ANALYZE) selfhost.tail'),
    (3, 'VACUUM (ANALYZE) selfhost.chunk'),
    (4, format('INSERT INTO result (kind, posted, points, bytes) SELECT %L, %s, stored(), '
               'pg_total_relation_size(''selfhost.chunk'') + pg_total_relation_size(''selfhost.tail'')', kind, size)),
    (5, 'CALL empty()')) AS s (n, step) ORDER BY o, n \gexec

-- Points one by one while somebody holds an old snapshot, so that no dead version of a row can be removed: here
-- by a prepared transaction.
CREATE TABLE held (o serial, kind text, points bigint, bytes bigint);
DELETE FROM point WHERE i >= 4000;
BEGIN;
SELECT txid_current() \g /dev/null
PREPARE TRANSACTION 'held';
SELECT step FROM (VALUES (1, 'walk'), (2, 'walk, us timestamps'), (3, 'random')) AS t (o, kind), LATERAL (VALUES
    (1, format('CALL load(%L, 1, 20)', kind)),
    (2, format('INSERT INTO held (kind, points, bytes) SELECT %L, stored(), pg_relation_size(''selfhost.tail'')', kind)),
    (3, 'CALL empty()')) AS s (n, step) ORDER BY o, n \gexec
ROLLBACK PREPARED 'held';

\pset footer off
SELECT r.kind AS "points", CASE WHEN posted < 1000000 THEN posted::text ELSE 'all' END AS "in one POST", points AS "how many",
       round(bytes::numeric / points, 3) AS "bytes a point", most AS "goal",
       CASE WHEN bytes::numeric / points <= most THEN 'met' WHEN most IS NOT NULL THEN 'NOT MET' END AS " "
FROM result AS r LEFT JOIN goal AS g ON g.kind = r.kind ORDER BY o;
SELECT kind AS "points one by one, a snapshot held", points AS "how many", round(bytes::numeric / points, 1) AS "bytes of the tails a point", 225 AS "goal",
       CASE WHEN bytes::numeric / points <= 225 THEN 'met' ELSE 'NOT MET' END AS " " FROM held ORDER BY o;
