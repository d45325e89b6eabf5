-- Points as a relation, selfhost.tsdata: what reaches the chunk scan, rights of each series, INSERT,
-- COPY, DELETE.
\set VERBOSITY terse
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
CREATE SCHEMA tsdata_fdw;
\set a '''adadadad-0000-4000-8000-000000000001'''
\set b '''adadadad-0000-4000-8000-000000000002'''
\set c '''adadadad-0000-4000-8000-000000000003'''
\set nowhere '''adadadad-0000-4000-8000-00000000000f'''
\set ann '''adadadad-0000-4000-8000-0000000000aa'''
INSERT INTO selfhost.user_account (uuid, name) VALUES (:ann, 'fdw ann');
INSERT INTO selfhost.timeseries (uuid, name, si_unit, lower_bound, created_by) VALUES
    (:a, 'fdw a', 'W', NULL, NULL), (:b, 'fdw b', 'W', NULL, :ann), (:c, 'fdw c', 'W', -10, NULL);
SET search_path = tsdata_fdw, public;

-- How many chunk rows a query reads, and what reaches the scan.
CREATE FUNCTION chunks(query text) RETURNS TABLE (line text) LANGUAGE plpgsql AS $$
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
        IF line ~ 'Chunk' THEN
            line := trim(line);
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;

-- ---- INSERT ----

INSERT INTO selfhost.tsdata SELECT :a::uuid, '2020-01-01Z'::timestamptz + i * interval '1 min', i FROM generate_series(0, 19999) AS i;
INSERT INTO selfhost.tsdata (value, ts, ts_uuid) VALUES (1, '2020-01-01Z', :b), (3, '2020-01-03Z', :b), (2, '2020-01-02Z', :b), (9, '2020-01-01Z', :c)
    RETURNING *;
WITH written AS (INSERT INTO selfhost.tsdata VALUES (:c, '2020-01-02Z', 10) RETURNING value)
SELECT value FROM written;
SELECT * FROM selfhost.tsdata WHERE ts_uuid <> :a ORDER BY 1, 2;
-- Refusals write nothing.
INSERT INTO selfhost.tsdata VALUES (:b, '2020-01-04Z', 4), (:b, '2020-01-01Z', 5);
INSERT INTO selfhost.tsdata VALUES (:b, '2020-01-04Z', 4), (:b, '2020-01-04Z', 5);
INSERT INTO selfhost.tsdata VALUES (:b, '2020-01-04Z', 4), (:nowhere, '2020-01-04Z', 5);
INSERT INTO selfhost.tsdata VALUES (:b, '2020-01-04Z', 4), (:c, '2020-01-04Z', -11);
INSERT INTO selfhost.tsdata VALUES (:b, '2020-01-04Z', 'NaN');
INSERT INTO selfhost.tsdata VALUES (:b, '2020-01-04Z', 'Infinity');
INSERT INTO selfhost.tsdata VALUES (:b, 'infinity', 1);
INSERT INTO selfhost.tsdata VALUES (:b, '2020-01-04Z', NULL);
INSERT INTO selfhost.tsdata VALUES (NULL, '2020-01-04Z', 1);
INSERT INTO selfhost.tsdata VALUES (:b, '2020-01-04Z', 4), (:b, '2020-01-03Z', 5) ON CONFLICT (ts_uuid, ts) DO UPDATE SET value = 1;
UPDATE selfhost.tsdata SET value = 1 WHERE ts_uuid = :b;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid IN (:b, :c);
-- Those that are there already are passed over.
INSERT INTO selfhost.tsdata VALUES (:b, '2020-01-04Z', 4), (:b, '2020-01-03Z', 5) ON CONFLICT DO NOTHING;
SELECT ts, value FROM selfhost.tsdata WHERE ts_uuid = :b ORDER BY ts;
-- From itself: what is written is not read by the same statement.
INSERT INTO selfhost.tsdata SELECT ts_uuid, ts + interval '1 year', -value FROM selfhost.tsdata WHERE ts_uuid = :b;
SELECT ts, value FROM selfhost.tsdata WHERE ts_uuid = :b ORDER BY ts DESC LIMIT 2;

-- ---- SELECT ----

SELECT count(*), sum(value), min(ts), max(ts) FROM selfhost.tsdata WHERE ts_uuid = :a;
SELECT value FROM selfhost.tsdata WHERE ts_uuid = :a AND ts > '2020-01-02Z' AND ts < '2020-01-02 00:03Z';
SELECT value FROM selfhost.tsdata WHERE ts_uuid = :a AND ts BETWEEN '2020-01-02Z' AND '2020-01-02 00:02Z' AND value <> 1441;
SELECT value FROM selfhost.tsdata WHERE :a = ts_uuid AND '2020-01-02Z' = ts;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :a AND ts >= '2020-01-02Z' AND ts < '2020-01-02Z';
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = NULL;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :a AND ts > NULL;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :nowhere;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :a AND ts < 'infinity' AND ts > '-infinity';
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :a AND (ts > 'infinity' OR ts < '-infinity');
SELECT ts_uuid, count(*) FROM selfhost.tsdata WHERE ts_uuid::text LIKE 'adadadad-%' GROUP BY 1 ORDER BY 1;
SELECT ts_uuid, count(*) FROM selfhost.tsdata WHERE ts_uuid = ANY (ARRAY[:c, NULL, :b, :c, :nowhere]::uuid[]) GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = ANY ('{}') OR ts_uuid = ANY (NULL);
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :b AND ts_uuid IN (:b, :c);
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :b AND ts_uuid = :c;
SELECT tableoid::regclass FROM selfhost.tsdata WHERE ts_uuid = :b LIMIT 1;
-- The order of time comes from the scan.
EXPLAIN (COSTS OFF) SELECT * FROM selfhost.tsdata WHERE ts_uuid = :a ORDER BY ts;
EXPLAIN (COSTS OFF) SELECT * FROM selfhost.tsdata WHERE ts_uuid = ANY (ARRAY[:a, :b]::uuid[]) ORDER BY ts_uuid, ts;
SELECT bool_and(ts > before) FROM (SELECT ts, lag(ts) OVER (ORDER BY ts) AS before FROM selfhost.tsdata WHERE ts_uuid = :a) AS s WHERE before IS NOT NULL;
-- Early ends.
SELECT value FROM selfhost.tsdata WHERE ts_uuid = :a LIMIT 1;
SELECT EXISTS (SELECT FROM selfhost.tsdata);

-- ---- what reaches the scan ----

SELECT line FROM chunks('SELECT * FROM selfhost.tsdata WHERE ts_uuid = ''adadadad-0000-4000-8000-000000000001'' AND ts >= ''2020-01-02Z'' AND ts < ''2020-01-02 01:00Z''');
SELECT line FROM chunks('SELECT * FROM selfhost.tsdata WHERE ts_uuid = ''adadadad-0000-4000-8000-000000000001'' AND ts BETWEEN ''2020-01-02Z'' AND now() - interval ''100 years''');
SELECT line FROM chunks('SELECT * FROM selfhost.tsdata WHERE ts_uuid = ANY (''{adadadad-0000-4000-8000-000000000002, adadadad-0000-4000-8000-000000000003}'') AND ts = ''2020-01-02Z''');
SELECT line FROM chunks('SELECT * FROM selfhost.tsdata WHERE ts_uuid = ''adadadad-0000-4000-8000-000000000002'' AND value > 1 AND random() < 2');
-- Through a view, with a generic plan.
CREATE VIEW wrapped AS SELECT ts_uuid AS series, ts AS at, value FROM selfhost.tsdata;
SET plan_cache_mode = force_generic_plan;
PREPARE span(uuid, timestamptz, timestamptz) AS SELECT count(*), sum(value) FROM wrapped WHERE series = $1 AND at BETWEEN $2 AND $3;
EXPLAIN (COSTS OFF) EXECUTE span(:a, '2020-01-02Z', '2020-01-02 01:00Z');
EXECUTE span(:a, '2020-01-02Z', '2020-01-02 01:00Z');
EXECUTE span(:b, '2020-01-02Z', '2020-01-04Z');
EXECUTE span(NULL, '2020-01-02Z', '2020-01-04Z');
PREPARE several(uuid[]) AS SELECT ts_uuid, count(*) FROM selfhost.tsdata WHERE ts_uuid = ANY ($1) AND ts < '2020-01-02Z' GROUP BY 1 ORDER BY 1;
EXECUTE several(ARRAY[:a, :b]::uuid[]);
EXECUTE several(ARRAY[:c]::uuid[]);
RESET plan_cache_mode;
-- The inner side of a nested loop: series by series.
CREATE TABLE wanted (series uuid, at timestamptz);
INSERT INTO wanted VALUES (:c, '2020-01-01Z'), (:b, '2020-01-02Z'), (:nowhere, '2020-01-02Z'), (NULL, NULL), (:b, '2020-01-04Z');
ANALYZE wanted;
SELECT line FROM chunks('SELECT w.at, p.value FROM wanted AS w JOIN selfhost.tsdata AS p ON p.ts_uuid = w.series AND p.ts = w.at ORDER BY 1');
SELECT w.at, p.value FROM wanted AS w JOIN selfhost.tsdata AS p ON p.ts_uuid = w.series AND p.ts = w.at ORDER BY 1;
SELECT t.name, p.n, p.last FROM selfhost.timeseries AS t, LATERAL (
    SELECT count(*) AS n, max(ts) AS last FROM selfhost.tsdata AS d WHERE d.ts_uuid = t.uuid AND d.ts < '2020-01-03Z') AS p
WHERE t.name LIKE 'fdw %' ORDER BY 1;
SELECT count(*) FROM selfhost.tsdata AS x JOIN selfhost.tsdata AS y ON x.ts = y.ts AND x.ts_uuid = :b AND y.ts_uuid = :c;
SELECT (SELECT d.value FROM selfhost.tsdata AS d WHERE d.ts_uuid = w.series AND d.ts <= w.at ORDER BY ts DESC LIMIT 1) FROM wanted AS w ORDER BY 1;

-- ---- cursors, savepoints, isolation ----

BEGIN;
DECLARE points CURSOR FOR SELECT value FROM selfhost.tsdata WHERE ts_uuid = :a ORDER BY ts;
FETCH 2 FROM points;
SAVEPOINT s;
INSERT INTO selfhost.tsdata VALUES (:a, '2019-12-31Z', -1);
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :a AND ts < '2020-01-01 00:02Z';
FETCH 2 FROM points;
ROLLBACK TO s;
FETCH 1 FROM points;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :a AND ts < '2020-01-01 00:02Z';
COMMIT;
DO $$
BEGIN
    INSERT INTO selfhost.tsdata VALUES ('adadadad-0000-4000-8000-000000000002', '2022-01-01Z', 1);
    BEGIN
        INSERT INTO selfhost.tsdata SELECT 'adadadad-0000-4000-8000-000000000002', '2022-01-02Z', 1 / (2 - i) FROM generate_series(1, 2) AS i;
    EXCEPTION WHEN division_by_zero THEN
        INSERT INTO selfhost.tsdata VALUES ('adadadad-0000-4000-8000-000000000002', '2022-01-03Z', 3);
    END;
END
$$;
SELECT ts, value FROM selfhost.tsdata WHERE ts_uuid = :b AND ts >= '2022-01-01Z' ORDER BY ts;
BEGIN READ ONLY;
INSERT INTO selfhost.tsdata VALUES (:b, '2023-01-01Z', 1);
ROLLBACK;
BEGIN READ ONLY;
DELETE FROM selfhost.tsdata WHERE ts_uuid = :b;
ROLLBACK;

-- ---- COPY ----

COPY selfhost.tsdata FROM stdin;
adadadad-0000-4000-8000-000000000003	2020-02-01 00:00Z	1
adadadad-0000-4000-8000-000000000002	2020-02-01 00:00Z	2
adadadad-0000-4000-8000-000000000003	2020-02-01 00:01Z	3
\.
COPY selfhost.tsdata (value, ts, ts_uuid) FROM stdin (FORMAT csv);
4,2020-02-01 00:02Z,adadadad-0000-4000-8000-000000000003
\.
-- An error inside: nothing is written.
COPY selfhost.tsdata FROM stdin;
adadadad-0000-4000-8000-000000000003	2020-02-02 00:00Z	1
adadadad-0000-4000-8000-000000000003	2020-02-02 00:01Z	one
\.
COPY selfhost.tsdata FROM stdin;
adadadad-0000-4000-8000-000000000003	2020-02-02 00:00Z	1
adadadad-0000-4000-8000-000000000003	2020-02-01 00:00Z	1
\.
SELECT ts, value FROM selfhost.tsdata WHERE ts_uuid = :c AND ts >= '2020-02-01Z' ORDER BY ts;
COPY (SELECT ts, value FROM selfhost.tsdata WHERE ts_uuid = :b AND ts < '2020-01-03Z' ORDER BY ts) TO stdout;

-- ---- DELETE ----

-- As ranges, where the conditions say no more than that.
EXPLAIN (COSTS OFF) DELETE FROM selfhost.tsdata WHERE ts_uuid = :a AND ts >= '2020-01-01Z' AND ts < '2020-01-02Z' AND value <= 100;
CREATE FUNCTION deleted(condition text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE 'DELETE FROM selfhost.tsdata WHERE ' || condition;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
SELECT deleted('ts_uuid = ''adadadad-0000-4000-8000-000000000001'' AND ts >= ''2020-01-01Z'' AND ts < ''2020-01-02Z'' AND value <= 99');
SELECT deleted('ts_uuid = ''adadadad-0000-4000-8000-000000000001'' AND ts >= ''2020-01-03Z'' AND value >= ''NaN''');
SELECT count(*), min(value), max(value) FROM selfhost.tsdata WHERE ts_uuid = :a;
SELECT deleted('ts_uuid = ''adadadad-0000-4000-8000-000000000001'' AND ts >= ''2020-01-02Z''');
SELECT deleted('ts_uuid = ANY (''{adadadad-0000-4000-8000-000000000002,adadadad-0000-4000-8000-000000000003}'') AND ts = ''2020-02-01Z''');
SELECT deleted('ts_uuid = ''adadadad-0000-4000-8000-00000000000f''');
SELECT deleted('ts_uuid = NULL');
SELECT count(*), min(value), max(value) FROM selfhost.tsdata WHERE ts_uuid = :a;
-- Row by row.
EXPLAIN (COSTS OFF) DELETE FROM selfhost.tsdata WHERE ts_uuid = :a AND value::integer % 2 = 0;
SELECT deleted('ts_uuid = ''adadadad-0000-4000-8000-000000000001'' AND value::integer % 2 = 0');
SELECT count(*), min(value), max(value) FROM selfhost.tsdata WHERE ts_uuid = :a;
DELETE FROM selfhost.tsdata WHERE ts_uuid = :b AND ts < '2020-01-03Z' RETURNING *;
DELETE FROM selfhost.tsdata AS p USING wanted AS w WHERE p.ts_uuid = w.series AND p.ts = w.at RETURNING p.ts, p.value;
BEGIN;
SELECT deleted('ts_uuid = ''adadadad-0000-4000-8000-000000000001''');
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :a;
ROLLBACK;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :a;

-- ---- rights: of each series ----

CREATE ROLE regress_tsdata_fdw;
GRANT selfhost_sql TO regress_tsdata_fdw;
GRANT USAGE ON SCHEMA tsdata_fdw TO regress_tsdata_fdw;
GRANT EXECUTE ON FUNCTION deleted(text), chunks(text) TO regress_tsdata_fdw;
INSERT INTO selfhost.user_group (uuid, name) VALUES ('adadadad-0000-4000-8000-0000000000bb', 'fdw');
INSERT INTO selfhost.membership VALUES (:ann, 'adadadad-0000-4000-8000-0000000000bb');
CREATE FUNCTION policy(effect text, action text, resource text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
    VALUES ('adadadad-0000-4000-8000-0000000000bb', 0, effect::selfhost.policy_effect, action::selfhost.policy_action, resource)
$$;
-- Nobody is acting.
SET ROLE regress_tsdata_fdw;
SELECT count(*) FROM selfhost.tsdata;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :b;
INSERT INTO selfhost.tsdata VALUES (:b, '2024-01-01Z', 1);
SELECT deleted('ts_uuid = ''adadadad-0000-4000-8000-000000000002''');
RESET ROLE;
-- The role is ann, who has made b.
INSERT INTO selfhost.role_user VALUES ('regress_tsdata_fdw', :ann);
SET ROLE regress_tsdata_fdw;
SELECT DISTINCT ts_uuid FROM selfhost.tsdata ORDER BY 1;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :a;
SELECT DISTINCT ts_uuid FROM selfhost.tsdata WHERE ts_uuid = ANY (ARRAY[:a, :b, :c]::uuid[]);
INSERT INTO selfhost.tsdata VALUES (:b, '2024-01-01Z', 1);
INSERT INTO selfhost.tsdata VALUES (:b, '2024-01-02Z', 1), (:a, '2024-01-02Z', 1);
INSERT INTO selfhost.tsdata VALUES (:nowhere, '2024-01-02Z', 1);
SELECT deleted('ts_uuid = ''adadadad-0000-4000-8000-000000000001''');
-- Without a condition on the series: his own.
SELECT deleted('ts > ''2024-01-01Z'''), deleted('ts = ''2024-01-01Z''');
RESET ROLE;
SELECT policy('allow', 'read', 'timeseries/%/data'), policy('deny', 'read', 'timeseries/adadadad-0000-4000-8000-000000000002/data'),
       policy('allow', 'create', 'timeseries/adadadad-0000-4000-8000-00000000000_/data');
SET ROLE regress_tsdata_fdw;
SELECT DISTINCT ts_uuid FROM selfhost.tsdata WHERE ts_uuid::text LIKE 'adadadad-%' ORDER BY 1;
INSERT INTO selfhost.tsdata VALUES (:b, '2024-01-02Z', 1), (:a, '2024-01-02Z', 1);
INSERT INTO selfhost.tsdata VALUES (:nowhere, '2024-01-02Z', 1);
-- What may be read need not be what may be deleted.
SELECT deleted('ts_uuid = ''adadadad-0000-4000-8000-000000000001'' AND value::integer % 2 = 1');
SELECT deleted('ts_uuid = ''adadadad-0000-4000-8000-000000000002''') > 0 AS own;
RESET ROLE;
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = :b;

-- More rows than are held back at once.
INSERT INTO selfhost.tsdata SELECT :b, '2000-01-01Z'::timestamptz + i * interval '1 s', i % 100 FROM generate_series(1, 600000) AS i;
SELECT count(*), sum(value) FROM selfhost.tsdata WHERE ts_uuid = :b;

DELETE FROM selfhost.timeseries WHERE uuid::text LIKE 'adadadad-%';
SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = ANY (ARRAY[:a, :b, :c]::uuid[]);
DELETE FROM selfhost.user_account WHERE uuid = :ann;
DELETE FROM selfhost.user_group WHERE uuid = 'adadadad-0000-4000-8000-0000000000bb';
RESET search_path;
DROP SCHEMA tsdata_fdw CASCADE;
DROP ROLE regress_tsdata_fdw;
