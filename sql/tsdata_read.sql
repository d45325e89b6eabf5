-- Reading points: windows, filters, units, forms of answers, rights, pieces. Buckets of local time are
-- tested in buckets.sql, aggregates in aggregates.sql.
\set VERBOSITY terse
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA tsdata_read;
\set a '''abababab-0000-4000-8000-000000000001'''
\set b '''abababab-0000-4000-8000-000000000002'''
\set empty '''abababab-0000-4000-8000-000000000003'''
\set long '''abababab-0000-4000-8000-000000000004'''
\set nowhere '''abababab-0000-4000-8000-00000000000f'''
\set ann '''abababab-0000-4000-8000-0000000000aa'''
INSERT INTO selfhost.user_account (uuid, name) VALUES (:ann, 'ann');
INSERT INTO selfhost.timeseries (uuid, name, si_unit, created_by) VALUES
    (:a, 'a', 'C', NULL), (:b, 'b', 'W', :ann), (:empty, 'empty', 'flock of sheep', :ann), (:long, 'long', 'W', NULL);

-- One text of the whole answer; what is not as usual in the head stands before it.
CREATE FUNCTION tsdata_read.text_of(status integer[], type text[], body bytea[]) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN status[1] = 200 AND array_remove(status[2:], NULL) = '{}' THEN '' ELSE status::text || ' ' END
           || CASE WHEN type[1] = 'application/json' THEN '' ELSE type[1] || ': ' END
           || rtrim((SELECT string_agg(convert_from(p, 'UTF8'), '' ORDER BY o)
                     FROM unnest(body) WITH ORDINALITY AS u (p, o)), E'\n')
$$;
CREATE FUNCTION tsdata_read.get(series uuid, "start" timestamptz, "end" timestamptz, unit text = NULL, ge float8 = NULL,
    le float8 = NULL, "precision" text = NULL, aggregate text = NULL, timezone text = NULL, accept text = NULL)
    RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT tsdata_read.text_of(array_agg((s.r).status), array_agg((s.r).content_type), array_agg((s.r).body)) FROM (
        SELECT selfhost.get_timeseries_data(series, "start", "end", unit, ge, le, "precision", aggregate, timezone, accept) AS r
        OFFSET 0) AS s);
END
$$;
CREATE FUNCTION tsdata_read.query(series uuid[], "start" timestamptz, "end" timestamptz, unit text = NULL, ge float8 = NULL,
    le float8 = NULL, "precision" text = NULL, aggregate text = NULL, timezone text = NULL, accept text = NULL)
    RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT tsdata_read.text_of(array_agg((s.r).status), array_agg((s.r).content_type), array_agg((s.r).body)) FROM (
        SELECT selfhost.query_timeseries(series, "start", "end", unit, ge, le, "precision", aggregate, timezone, accept) AS r
        OFFSET 0) AS s);
END
$$;
SET search_path = tsdata_read, public;

INSERT INTO selfhost.tsdata VALUES
    (:a, '2020-01-01 00:00Z', 20), (:a, '2020-01-01 00:01Z', 21.5), (:a, '2020-01-01 00:02Z', -3),
    (:a, '2020-01-01 00:03:00.123456Z', 0.1), (:a, '2020-01-02 00:00Z', 1e21), (:a, '2020-01-02 00:01Z', 3.141592653589793),
    (:b, '2020-01-01 00:00:30Z', 1500), (:b, '2020-01-01 00:01:30Z', 2500);

-- ---- one series ----

SELECT get(:a, '2020-01-01Z', '2020-01-03Z');
SELECT (s.r).* FROM (SELECT selfhost.get_timeseries_data(:b, '2020-01-01Z', '2020-01-03Z') AS r OFFSET 0) AS s;
-- Inclusive at both ends; empty windows; nothing stored.
SELECT get(:a, '2020-01-01 00:01Z', '2020-01-01 00:02Z');
SELECT get(:a, '2020-01-01 00:01:00.000001Z', '2020-01-01 00:01:59.999999Z');
SELECT get(:a, '2020-01-01 00:02Z', '2020-01-01 00:02Z');
SELECT get(:a, '2020-01-02Z', '2020-01-01Z');
SELECT get(:empty, '2020-01-01Z', '2020-01-02Z'), get(:empty, '2020-01-01Z', '2020-01-02Z', "precision" => 'day', accept => 'text/csv');
-- 366 days and a second.
SELECT get(:b, '2020-01-01Z', '2021-01-01 00:00:01Z');
SELECT get(:b, '2020-01-01Z', '2021-01-01 00:00:01.000001Z');
SELECT get(:b, '-infinity', 'infinity');
SELECT get(:b, '294276-12-31Z', '4713-01-01Z BC'), get(:b, 'infinity', 'infinity');

-- ---- ge and le: inside, and outside where le < ge ----

SELECT get(:a, '2020-01-01Z', '2020-01-01 12:00Z', ge => 0.1), get(:a, '2020-01-01Z', '2020-01-01 12:00Z', le => 0.1);
SELECT get(:a, '2020-01-01Z', '2020-01-01 12:00Z', ge => -3, le => 20);
SELECT get(:a, '2020-01-01Z', '2020-01-01 12:00Z', ge => 20, le => 0);
SELECT get(:a, '2020-01-01Z', '2020-01-01 12:00Z', ge => 20, le => 20);
-- After conversion and aggregation.
SELECT get(:a, '2020-01-01Z', '2020-01-01 12:00Z', unit => 'F', ge => 60);
SELECT get(:a, '2020-01-01Z', '2020-01-03Z', "precision" => 'day', aggregate => 'count', ge => 3);
SELECT get(:a, '2020-01-01Z', '2020-01-03Z', ge => 'NaN');

-- ---- units ----

SELECT get(:b, '2020-01-01Z', '2020-01-02Z', unit => 'kW'), get(:b, '2020-01-01Z', '2020-01-02Z', unit => 'W');
SELECT get(:a, '2020-01-01Z', '2020-01-01 00:01Z', unit => 'K');
SELECT a, get(:a, '2020-01-01Z', '2020-01-01 00:01Z', unit => 'F', "precision" => 'hour', aggregate => a)
FROM unnest('{avg, min, max, sum, count}'::text[]) AS a;
-- Equal units need not be known.
SELECT get(:empty, '2020-01-01Z', '2020-01-02Z', unit => 'flock of sheep');
SELECT get(:empty, '2020-01-01Z', '2020-01-02Z', unit => 'W');
SELECT get(:a, '2020-01-01Z', '2020-01-02Z', unit => 'W');
SELECT get(:a, '2020-01-01Z', '2020-01-02Z', unit => '?');
UPDATE selfhost.timeseries SET si_unit = repeat('W', 100) WHERE uuid = :empty;
SELECT get(:empty, '2020-01-01Z', '2020-01-02Z', unit => 'W');
INSERT INTO selfhost.tsdata VALUES (:b, '2020-02-01Z', 1e308);
SELECT get(:b, '2020-01-01Z', '2020-01-31Z', unit => 'pW'), get(:b, '2020-02-01Z', '2020-02-01Z', unit => 'kW');
SELECT get(:b, '2020-01-01Z', '2020-03-01Z', unit => 'mW');
SELECT get(:b, '2020-01-01Z', '2020-03-01Z', unit => 'mW', "precision" => 'day');
SELECT get(:b, '2020-01-01Z', '2020-03-01Z', unit => 'mW', "precision" => 'day', aggregate => 'count');

-- ---- zones and forms ----

SELECT get(:b, '2020-01-01Z', '2020-01-02Z', timezone => 'asia/kolkata');
SELECT get(:b, '2020-01-01Z', '2020-01-02Z', aggregate => 'count');
SELECT get(:b, '2020-01-01Z', '2020-01-02Z', accept => 'text/csv');
SELECT get(:b, '2020-01-01Z', '2020-01-02Z', timezone => 'Europe/Stockholm', "precision" => 'minute', unit => 'kW', accept => 'text/csv');
SELECT accept, get(:b, '2020-01-01Z', '2020-01-01Z', accept => accept) LIKE '%csv%' AS csv
FROM unnest('{"", */*, application/json, TEXT/CSV, "text/csv;q=0", "text/csv; q=0.5, application/json",
    "application/json;q=0.5, text/csv; header=present ;q=0.9", "text/csv,*/*;q=0.1", "application/json,text/csv",
    "text/csv, application/json", "text/csvx", "text/html;a=text/csv", ",,;,text/csv", "text/csv;q=", "text/csv;q=9"}'::text[]) AS accept;

-- ---- several series: in the order asked, each once ----

SELECT query(ARRAY[:b, :empty, :a, :b]::uuid[], '2020-01-01Z', '2020-01-01 00:01Z');
SELECT query(ARRAY[:a, :b]::uuid[], '2020-01-01Z', '2020-01-02Z', "precision" => 'day', aggregate => 'max', timezone => 'Europe/Stockholm');
SELECT query(ARRAY[:b, :a]::uuid[], '2020-01-01Z', '2020-01-01 00:01Z', accept => 'text/csv');
SELECT query(ARRAY[:b, :a]::uuid[], '2020-01-01Z', '2020-01-02Z', ge => 1e9), query('{}', '2020-01-01Z', '2020-01-02Z');
SELECT query(ARRAY[:b, :long]::uuid[], '2020-01-01Z', '2020-01-02Z', unit => 'kW');
SELECT query(ARRAY[:b, :a]::uuid[], '2020-01-01Z', '2020-01-02Z', unit => 'kW');
SELECT query(ARRAY[:a, :nowhere]::uuid[], '2020-01-01Z', '2020-01-02Z');
SELECT query(ARRAY[:a, NULL]::uuid[], '2020-01-01Z', '2020-01-02Z');
SELECT query(NULL, '2020-01-01Z', '2020-01-02Z');
SELECT query(array_fill(:a::uuid, ARRAY[100]), '2020-01-01Z', '2020-01-01Z');
SELECT query(array_fill(:a::uuid, ARRAY[101]), '2020-01-01Z', '2020-01-01Z');

-- ---- refusals: values come before existence ----

SELECT get(:nowhere, '2020-01-01Z', '2020-01-02Z');
SELECT get(NULL, '2020-01-01Z', '2020-01-02Z');
SELECT get(:nowhere, NULL, '2020-01-02Z');
SELECT get(:nowhere, '2020-01-01Z', NULL);
SELECT get(:nowhere, '2020-01-01Z', '2022-01-02Z');
SELECT get(:nowhere, '2020-01-01Z', '2020-01-02Z', "precision" => 'fortnight');
SELECT get(:nowhere, '2020-01-01Z', '2020-01-02Z', aggregate => 'AVG');
SELECT get(:nowhere, '2020-01-01Z', '2020-01-02Z', timezone => 'Mars/Olympus');
-- All of them are marked, and have their codes.
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    mark text;
BEGIN
    EXECUTE statement;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS mark = SCHEMA_NAME;
    RETURN SQLSTATE || ' ' || mark;
END
$$;
SELECT refusal(format('SELECT tsdata_read.get(%L, ''2020-01-01Z'', ''2020-01-02Z''%s)', :nowhere, rest))
FROM unnest(ARRAY['', ', "precision" => ''x''', ', aggregate => ''x''', ', timezone => ''x''', ', ge => ''NaN''']) AS rest;
SELECT refusal('SELECT tsdata_read.get(''abababab-0000-4000-8000-000000000001'', ''2020-01-01Z'', ''2021-03-02Z'')'),
       refusal('SELECT tsdata_read.get(''abababab-0000-4000-8000-000000000001'', ''2020-01-01Z'', ''2020-03-02Z'', ''x'')'),
       refusal('SELECT tsdata_read.get(''abababab-0000-4000-8000-000000000002'', ''2020-01-01Z'', ''2020-03-02Z'', ''pW'')'),
       refusal('SELECT tsdata_read.get(''abababab-0000-4000-8000-000000000001'', NULL, NULL)');

-- ---- rights ----

-- ann has made b and empty; her policies come and go.
INSERT INTO selfhost.user_group (uuid, name) VALUES ('abababab-0000-4000-8000-0000000000bb', 'readers');
INSERT INTO selfhost.membership VALUES (:ann, 'abababab-0000-4000-8000-0000000000bb');
INSERT INTO selfhost.token (user_uuid, name, digest) VALUES (:ann, 't', sha256('ann'));
CREATE FUNCTION policy(effect text, resource text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
    VALUES ('abababab-0000-4000-8000-0000000000bb', 0, effect::selfhost.policy_effect, 'read', resource)
$$;
CREATE FUNCTION get_as_ann(series uuid, "end" timestamptz = '2020-01-01 00:00:59Z') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT tsdata_read.text_of(array_agg((s.r).status), array_agg((s.r).content_type), array_agg((s.r).body)) FROM (
        SELECT selfhost.get_timeseries_data(series, '2020-01-01Z', "end") AS r FROM selfhost.authenticate(sha256('ann')) OFFSET 0) AS s);
END
$$;
CREATE FUNCTION query_as_ann(VARIADIC series uuid[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT tsdata_read.text_of(array_agg((s.r).status), array_agg((s.r).content_type), array_agg((s.r).body)) FROM (
        SELECT selfhost.query_timeseries(series, '2020-01-01Z', '2020-01-01 00:00:59Z') AS r FROM selfhost.authenticate(sha256('ann')) OFFSET 0) AS s);
END
$$;
SELECT get_as_ann(:b);
SELECT get_as_ann(:a);
-- 403 comes first: before bad values, and of what does not exist.
SELECT get_as_ann(:a, NULL);
SELECT get_as_ann(:nowhere);
SELECT query_as_ann(:b);
SELECT policy('allow', 'tsquery');
SELECT query_as_ann(:b, :empty);
SELECT query_as_ann(:b, :a);
SELECT query_as_ann(:b, :nowhere);
SELECT policy('allow', 'timeseries/%/data');
SELECT query_as_ann(:b, :a), get_as_ann(:a);
SELECT query_as_ann(:b, :nowhere);
SELECT policy('deny', 'timeseries/abababab-0000-4000-8000-000000000002/data');
SELECT get_as_ann(:b);
SELECT query_as_ann(:a, :b);
SELECT query_as_ann(:a);
-- Nobody.
CREATE ROLE regress_tsdata_read;
GRANT USAGE ON SCHEMA selfhost TO regress_tsdata_read;
SET ROLE regress_tsdata_read;
SELECT selfhost.get_timeseries_data('abababab-0000-4000-8000-000000000001', '2020-01-01Z', '2020-01-02Z');
RESET ROLE;
GRANT selfhost_sql TO regress_tsdata_read;
SET ROLE regress_tsdata_read;
SELECT selfhost.get_timeseries_data('abababab-0000-4000-8000-000000000001', '2020-01-01Z', '2020-01-02Z');
SELECT selfhost.query_timeseries('{abababab-0000-4000-8000-000000000001}', '2020-01-01Z', '2020-01-02Z');
RESET ROLE;

-- ---- long answers, in pieces ----

INSERT INTO selfhost.tsdata
    SELECT :long, '2020-01-01Z'::timestamptz + i * interval '1 min', i % 1000 / 10.0 FROM generate_series(0, 19999) AS i;
CREATE FUNCTION pieces(accept text) RETURNS TABLE (piece bigint, len integer, head boolean) LANGUAGE sql AS $$
    SELECT row_number() OVER (), length((s.r).body), (s.r).status IS NOT NULL FROM (
        SELECT selfhost.get_timeseries_data('abababab-0000-4000-8000-000000000004', '2020-01-01Z', '2020-12-01Z', accept => accept) AS r
        OFFSET 0) AS s
$$;
SELECT count(*), max(len) <= 16384 AS bounded, min(len) FILTER (WHERE piece < 10) > 15800 AS full_pieces, bool_and(head = (piece = 1)) AS one_head
FROM pieces(NULL);
-- The answer is that of the points, in JSON and CSV, of one and several series.
SELECT md5(get(:long, '2020-01-01Z', '2020-12-01Z')::jsonb::text) = md5(jsonb_agg(jsonb_build_object(
           'ts', to_char(ts, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'v', value) ORDER BY ts)::text) AS json,
       get(:long, '2020-01-01Z', '2020-12-01Z', accept => 'text/csv') = 'text/csv; charset=utf-8: ts,v'
           || string_agg(E'\n' || to_char(ts, 'YYYY-MM-DD"T"HH24:MI:SS"Z,"') || value, '' ORDER BY ts) AS csv
FROM selfhost._points(:long) AS p;
SELECT j ->> 'uuid', json_array_length(j -> 'data')
FROM json_array_elements(query(ARRAY[:long, :a, :b]::uuid[], '2020-01-01Z', '2020-12-01Z')::json) AS j;
-- Only the first piece is wanted: nothing stays open, and no warning comes.
SELECT length((s.r).body) > 15800 AS first FROM (
    SELECT selfhost.get_timeseries_data(:long, '2020-01-01Z', '2020-12-01Z') AS r OFFSET 0) AS s LIMIT 1;
SELECT EXISTS (SELECT selfhost.query_timeseries(ARRAY[:long, :a]::uuid[], '2020-01-01Z', '2020-12-01Z'));
-- Two at once; a cursor that another statement and a savepoint come between.
SELECT count(*) FROM (
    SELECT selfhost.get_timeseries_data(:long, '2020-01-01Z', '2020-12-01Z') AS r,
           selfhost.get_timeseries_data(:long, '2020-01-01Z', '2020-01-02Z') AS q OFFSET 0) AS s;
-- In FROM, and again for each row of something else.
SELECT count(*), sum(length(body)) > 700000 AS long FROM selfhost.get_timeseries_data(:long, '2020-01-01Z', '2020-12-01Z');
SELECT i, count(r) FROM generate_series(1, 3) AS i, LATERAL (
    SELECT selfhost.get_timeseries_data(:long, '2020-01-01Z', '2020-12-01Z', ge => i) AS r LIMIT i) AS s GROUP BY i ORDER BY i;
BEGIN;
DECLARE pieces CURSOR FOR SELECT length((s.r).body) > 0 FROM (
    SELECT selfhost.get_timeseries_data(:long, '2020-01-01Z', '2020-12-01Z') AS r OFFSET 0) AS s;
FETCH 1 FROM pieces;
SAVEPOINT s;
-- The snapshot of the cursor stays: these are not seen.
INSERT INTO selfhost.tsdata SELECT :long, '2020-11-01Z'::timestamptz + i * interval '1 min', 1 FROM generate_series(0, 9999) AS i;
FETCH 2 FROM pieces;
ROLLBACK TO s;
FETCH 2 FROM pieces;
MOVE ALL FROM pieces;
CLOSE pieces;
COMMIT;
BEGIN;
DECLARE pieces CURSOR FOR SELECT selfhost.get_timeseries_data(:long, '2020-01-01Z', '2020-12-01Z');
MOVE 1 FROM pieces;
CLOSE pieces;
COMMIT;
-- In a transaction that only reads.
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT get(:b, '2020-01-01Z', '2020-01-02Z');
COMMIT;
-- An error in the middle of an answer: the pieces before it have been delivered.
INSERT INTO selfhost.tsdata VALUES (:long, '2020-11-30Z', 1e308);
DO $$
DECLARE
    piece record;
    n integer := 0;
BEGIN
    BEGIN
        FOR piece IN SELECT selfhost.get_timeseries_data(
            'abababab-0000-4000-8000-000000000004', '2020-01-01Z', '2020-12-01Z', 'mW') LOOP
            n := n + 1;
        END LOOP;
        RAISE EXCEPTION 'no error';
    EXCEPTION WHEN numeric_value_out_of_range THEN
        IF n < 10 THEN
            RAISE EXCEPTION 'only % pieces', n;
        END IF;
    END;
END
$$;

DELETE FROM selfhost.timeseries WHERE uuid::text LIKE 'abababab-%';
DELETE FROM selfhost.user_account WHERE uuid = :ann;
DELETE FROM selfhost.user_group WHERE uuid = 'abababab-0000-4000-8000-0000000000bb';
REVOKE ALL ON SCHEMA selfhost FROM regress_tsdata_read;
DROP ROLE regress_tsdata_read;
RESET search_path;
DROP SCHEMA tsdata_read CASCADE;
