-- Looking after the rows of points: check_chunks(), repack(), repack_some().
\set VERBOSITY terse
SET timezone = 'UTC';
CREATE SCHEMA storage_test;
SET search_path = storage_test, public;

\set a '\'aaaaaaaa-0000-4000-8000-00000000000a\''
\set b '\'aaaaaaaa-0000-4000-8000-00000000000b\''
INSERT INTO selfhost.timeseries (uuid, name, si_unit) VALUES (:a, 'storage test', 'C'), (:b, 'storage test', 'C');
SELECT id AS ida FROM selfhost.timeseries WHERE uuid = :a \gset
SELECT id AS idb FROM selfhost.timeseries WHERE uuid = :b \gset

CREATE FUNCTION fill(s uuid, first integer, last integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.tsdata
        SELECT s, '2019-01-01Z'::timestamptz + i * interval '10 min', round((20 + 5 * sin(i / 23.0))::numeric, 1)
        FROM generate_series(first, last) AS i
$$;
CREATE FUNCTION digest(s uuid) RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(ts || ' ' || value, ',' ORDER BY o)) || ' ' || count(*)
    FROM selfhost._points(s) WITH ORDINALITY AS p (ts, value, o)
$$;
-- The function that is tested, without the notice's count of other tests' series.
CREATE FUNCTION faults(s uuid DEFAULT NULL) RETURNS SETOF text LANGUAGE sql SET client_min_messages = warning AS $$
    SELECT format('%s %s %s: %s', right(series::text, 1), to_char(t0, 'YYYY-MM-DD HH24:MI:SS'), relation,
                  regexp_replace(reason, 'id -?\d+', 'id …'))
    FROM selfhost.check_chunks(s) ORDER BY series, relation, t0, reason
$$;

SELECT fill(:a, 0, 19999);
INSERT INTO selfhost.tsdata VALUES (:b, '2019-01-01Z', 1), (:b, '2019-01-02Z', 2), (:b, '2019-01-03Z', 3.5);

-- ---- good rows ----

SELECT count(*) FROM selfhost.check_chunks(:a);
SELECT count(*) FROM selfhost.check_chunks(:b);
SELECT faults();
SELECT faults('aaaaaaaa-0000-4000-8000-0000000000ff');

-- ---- bad rows: one fault after the other, each told with its series and t0 ----

CREATE TEMP TABLE row_of_a AS SELECT t0 FROM selfhost.chunk WHERE series = :ida ORDER BY t0;
CREATE VIEW second AS SELECT t0 FROM row_of_a ORDER BY t0 OFFSET 1 LIMIT 1;

-- Every single bit of the bytes is covered by the checksum or is part of it.
DO $$
DECLARE
    good bytea := (SELECT data FROM selfhost.tail WHERE series = (SELECT id FROM selfhost.timeseries
                   WHERE uuid = 'aaaaaaaa-0000-4000-8000-00000000000b'));
    caught integer := 0;
    queried integer := 0;
BEGIN
    FOR bit IN 0 .. 8 * octet_length(good) - 1 LOOP
        UPDATE selfhost.tail SET data = set_bit(good, bit, 1 - get_bit(good, bit))
            WHERE series = (SELECT id FROM selfhost.timeseries WHERE uuid = 'aaaaaaaa-0000-4000-8000-00000000000b');
        IF EXISTS (SELECT FROM storage_test.faults('aaaaaaaa-0000-4000-8000-00000000000b')) THEN
            caught := caught + 1;
        END IF;
        BEGIN
            PERFORM FROM selfhost._points('aaaaaaaa-0000-4000-8000-00000000000b');
        EXCEPTION WHEN data_corrupted THEN
            queried := queried + 1;
        END;
    END LOOP;
    UPDATE selfhost.tail SET data = good
        WHERE series = (SELECT id FROM selfhost.timeseries WHERE uuid = 'aaaaaaaa-0000-4000-8000-00000000000b');
    RAISE NOTICE 'all found: %, all refused: %', caught = 8 * octet_length(good), queried = 8 * octet_length(good);
END
$$;
SELECT faults();

CREATE PROCEDURE show(change text) LANGUAGE plpgsql AS $$
DECLARE
    fault text;
    kind text;
    query text;
BEGIN
    EXECUTE change;
    FOR fault IN SELECT storage_test.faults() LOOP
        RAISE NOTICE '%', fault;
    END LOOP;
    FOR kind, query IN VALUES
        ('tsdata', 'SELECT count(*) FROM selfhost.tsdata WHERE ts_uuid = ''aaaaaaaa-0000-4000-8000-00000000000a'''),
        ('data', 'SELECT selfhost.get_timeseries_data(''aaaaaaaa-0000-4000-8000-00000000000a'', ''2019-01-01Z'', ''2019-12-31Z'')'),
        ('year', 'SELECT selfhost.get_timeseries_data(''aaaaaaaa-0000-4000-8000-00000000000a'', ''2019-01-01Z'', ''2019-12-31Z'',
                      "precision" => ''year'', aggregate => ''avg'')')
    LOOP
        BEGIN
            EXECUTE query;
            RAISE NOTICE '%: answered', kind;
        EXCEPTION WHEN data_corrupted THEN
            RAISE NOTICE '%: %', kind, SQLERRM;
        END;
    END LOOP;
    ROLLBACK;
END
$$;
CALL show($$UPDATE selfhost.chunk SET data = set_byte(data, 200, get_byte(data, 200) # 4) WHERE t0 = (SELECT t0 FROM second)$$);
CALL show($$UPDATE selfhost.chunk SET data = '' WHERE t0 = (SELECT t0 FROM second)$$);
CALL show($$UPDATE selfhost.chunk SET data = data || data || data WHERE t0 = (SELECT t0 FROM second)$$);
CALL show($$UPDATE selfhost.chunk SET n = n - 1 WHERE t0 = (SELECT t0 FROM second)$$);
CALL show($$UPDATE selfhost.chunk SET t1 = t1 + '1 s' WHERE t0 = (SELECT t0 FROM second)$$);
CALL show($$UPDATE selfhost.chunk SET t1 = t0 - interval '1 s' WHERE t0 = (SELECT t0 FROM second)$$);
CALL show($$UPDATE selfhost.chunk SET t0 = t0 + '1 s' WHERE t0 = (SELECT t0 FROM second)$$);
-- The bytes of another row.
CALL show($$UPDATE selfhost.chunk SET data = (SELECT data FROM selfhost.chunk ORDER BY t0 LIMIT 1) WHERE t0 = (SELECT t0 FROM second)$$);
-- A row of nobody's series: in no query.
CALL show($$UPDATE selfhost.chunk SET series = -series WHERE t0 = (SELECT t0 FROM second)$$);
-- Moved out of line.
CALL show($$UPDATE selfhost.chunk SET data = (SELECT string_agg(set_byte('\x00', 0, i % 251), '') FROM generate_series(1, 5000) i)
            WHERE t0 = (SELECT t0 FROM second)$$);
-- Rows that overlap: points would be read twice.
CALL show($$INSERT INTO selfhost.chunk SELECT series, t0 - interval '30 s', t1, n, data FROM selfhost.chunk WHERE t0 = (SELECT t0 FROM second)$$);
CALL show($$INSERT INTO selfhost.tail SELECT * FROM selfhost.chunk WHERE t0 = (SELECT t0 FROM second)$$);
SELECT faults();

-- ---- repack: rows split by late points and emptied by deletions ----

CREATE VIEW sealed AS SELECT * FROM selfhost.chunk WHERE series = (SELECT id FROM selfhost.timeseries
    WHERE uuid = 'aaaaaaaa-0000-4000-8000-00000000000a');
-- Full rows: nothing is written, and nothing is noted.
SELECT * FROM selfhost.repack(:a);
SELECT count(*) FROM selfhost.repack_todo;
SELECT fill(:a, 20000, 79999);
SELECT count(*) AS full_rows FROM sealed \gset
DO $$
BEGIN
    FOR i IN 1 .. 200 LOOP
        INSERT INTO selfhost.tsdata VALUES ('aaaaaaaa-0000-4000-8000-00000000000a',
            '2019-01-01Z'::timestamptz + i * 397 * interval '10 min' + interval '7 s', i);
    END LOOP;
END
$$;
SELECT count(*) > :full_rows * 1.8 AS split FROM sealed;
SELECT series = :ida AS series, from_t0 <= '2019-02-01' AS begins, to_t0 >= '2020-05-01' AS ends FROM selfhost.repack_todo;
DELETE FROM selfhost.tsdata WHERE ts_uuid = :a AND ts BETWEEN '2019-03-01' AND '2019-09-01' AND value >= 17;
SELECT digest(:a) AS points \gset
CREATE TEMP TABLE before AS SELECT t0, n FROM sealed;
-- A transaction that is rolled back changes nothing.
BEGIN;
SELECT rewritten > written AS fewer, next FROM selfhost.repack(:a);
SELECT count(*) FROM faults();
ROLLBACK;
SELECT count(*) FROM (SELECT t0, n FROM sealed EXCEPT SELECT * FROM before) AS d;
-- In small steps, as the housekeeping does.
CREATE TEMP TABLE step AS SELECT 0 AS i, r.* FROM selfhost.repack(:a, NULL, 1) AS r;
DO $$
DECLARE
    after timestamptz;
BEGIN
    FOR i IN 1 .. 100 LOOP
        SELECT s.next INTO after FROM step s ORDER BY s.i DESC LIMIT 1;
        EXIT WHEN after IS NULL;
        INSERT INTO step SELECT i, r.* FROM selfhost.repack('aaaaaaaa-0000-4000-8000-00000000000a', after, 1) AS r;
    END LOOP;
END
$$;
SELECT count(*) BETWEEN 2 AND 20 AS steps, max(rewritten) <= 32 AS bounded, sum(rewritten) > sum(written) AS fewer,
    count(next) = count(*) - 1 AS goes_on FROM step;
SELECT count(*) <= :full_rows + 1 AS packed FROM sealed;
SELECT faults();
SELECT digest(:a) = :'points' AS same_points;
-- By what is noted. The note is gone when all of it is done.
SELECT count(*) FROM selfhost.repack_todo;
SELECT series AS how_many, more FROM selfhost.repack_some();
SELECT count(*) FROM selfhost.repack_todo;
SELECT * FROM selfhost.repack_some();
SELECT * FROM selfhost.repack(:a);
DELETE FROM selfhost.tsdata WHERE ts_uuid = :a AND ts BETWEEN '2019-03-01' AND '2020-03-01' AND value >= 14;
SELECT digest(:a) AS points \gset
SELECT count(*) AS rows FROM sealed \gset
SELECT count(*) FROM selfhost.repack_todo;
CREATE TEMP TABLE pass AS SELECT * FROM selfhost.repack_some(1);
DO $$
BEGIN
    FOR i IN 1 .. 100 LOOP
        EXIT WHEN NOT (SELECT p.more FROM pass p ORDER BY p.ctid DESC LIMIT 1);
        INSERT INTO pass SELECT * FROM selfhost.repack_some(1);
    END LOOP;
END
$$;
SELECT sum(rewritten) > sum(written) AS fewer, :rows - (SELECT count(*) FROM sealed) = sum(rewritten) - sum(written) AS counts_fit FROM pass;
SELECT count(*) FROM selfhost.repack_todo;
SELECT digest(:a) = :'points' AS same_points;
SELECT faults();
-- Two appends of one statement after it, and what is read is what was there.
SELECT fill(:a, 80000, 80100);
SELECT faults(:a);

-- A corrupt row is told, left alone, and keeps nobody waiting.
BEGIN;
DELETE FROM selfhost.tsdata WHERE ts_uuid = :a AND ts BETWEEN '2019-01-02' AND '2020-06-01' AND value >= 12;
UPDATE selfhost.chunk SET data = '\x00' WHERE series = :ida AND t0 = (SELECT t0 FROM sealed ORDER BY t0 OFFSET 1 LIMIT 1);
SELECT series AS how_many, more FROM selfhost.repack_some();
SELECT count(*) FROM selfhost.repack_todo;
ROLLBACK;

-- Arguments.
SELECT selfhost.repack(NULL);
SELECT selfhost.repack('aaaaaaaa-0000-4000-8000-0000000000ff');
SELECT selfhost.repack(:a, NULL, 0);
SELECT selfhost.repack_some(NULL);
BEGIN READ ONLY;
SELECT selfhost.repack(:a);
ROLLBACK;

-- What is noted goes with the series.
DELETE FROM selfhost.tsdata WHERE ts_uuid = :a AND ts BETWEEN '2019-01-01' AND '2019-02-01' AND value >= 12;
SELECT count(*) FROM selfhost.repack_todo;
DELETE FROM selfhost.timeseries WHERE name = 'storage test';
SELECT count(*) FROM selfhost.repack_todo;
SELECT faults();
SET client_min_messages = warning;
DROP SCHEMA storage_test CASCADE;
