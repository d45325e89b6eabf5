-- The chunk store: random writes and deletions are compared with a plain table after each step, and
-- the rules for the layout of the rows are checked. Nothing that depends on the random sequence is
-- printed: it differs between versions of PostgreSQL.
\set VERBOSITY terse
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA store_model;
SET search_path = store_model, public;
CREATE TABLE point (series uuid, ts timestamptz, value float8, PRIMARY KEY (series, ts));

CREATE FUNCTION new_series() RETURNS uuid LANGUAGE sql AS $$
    INSERT INTO selfhost.timeseries (name, si_unit) VALUES ('store test', 'C') RETURNING uuid
$$;

CREATE FUNCTION body(ts timestamptz[], v float8[]) RETURNS bytea LANGUAGE sql AS $$
    SELECT convert_to(json_agg(json_build_object(
               'ts', to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'v', x))::text, 'UTF8')
    FROM unnest(ts, v) AS u (t, x)
$$;

CREATE VIEW stored AS
    SELECT s.uuid, r.* FROM selfhost.timeseries s
    JOIN (SELECT false AS in_tail, c.* FROM selfhost.chunk c
          UNION ALL SELECT true, t.* FROM selfhost.tail t) r ON r.series = s.id;

-- What is wrong with a series: broken rules of the layout, and differences from the plain table.
-- _points() itself fails where the bytes of a row do not agree with its t0, t1 and n.
CREATE FUNCTION problems(s uuid) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('row %s overlaps the next', t0)
    FROM (SELECT t0, t1, lead(t0) OVER (ORDER BY t0) AS next FROM stored WHERE uuid = s) r
    WHERE t1 >= next OR t0 > t1
    UNION ALL
    SELECT 'the tail does not follow the sealed rows'
    WHERE (SELECT min(t0) FROM stored WHERE uuid = s AND in_tail)
       <= (SELECT max(t1) FROM stored WHERE uuid = s AND NOT in_tail)
    UNION ALL
    SELECT format('row %s has %s points, %s bytes', t0, n, octet_length(data))
    FROM stored WHERE uuid = s AND (octet_length(data) > 1960 OR n NOT BETWEEN 1 AND 4096)
    UNION ALL
    SELECT format('the tail has %s rows', count(*)) FROM stored WHERE uuid = s AND in_tail HAVING count(*) > 8
    UNION ALL
    SELECT format('a row of %s bytes', pg_column_size(c.*)) FROM selfhost.chunk c
    JOIN selfhost.timeseries t ON t.id = c.series WHERE t.uuid = s AND pg_column_size(c.*) > 2030
    UNION ALL
    SELECT 'points are not ascending'
    FROM (SELECT ts <= lag(ts) OVER (ORDER BY o) AS bad
          FROM selfhost._points(s) WITH ORDINALITY AS p (ts, value, o)) p WHERE bad
    UNION ALL
    (SELECT format('%s is %s instead of %s', ts, p.value, m.value)
     FROM selfhost._points(s) AS p (ts, value) FULL JOIN (SELECT * FROM point WHERE series = s) m USING (ts)
     WHERE p.value IS DISTINCT FROM m.value LIMIT 3)
$$;

CREATE FUNCTION write(s uuid, ts timestamptz[], v float8[], conflict text) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    before bigint := (SELECT count(*) FROM point WHERE series = s);
    answer selfhost.http_response := selfhost.add_timeseries_data(s, NULL, conflict, store_model.body(ts, v));
    counts bigint[];
BEGIN
    IF conflict = 'skip' THEN
        INSERT INTO point SELECT s, t, (array_agg(x ORDER BY o))[1]
        FROM unnest(ts, v) WITH ORDINALITY AS u (t, x, o) GROUP BY t ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO point SELECT s, t, (array_agg(x ORDER BY o DESC))[1]
        FROM unnest(ts, v) WITH ORDINALITY AS u (t, x, o) GROUP BY t
        ON CONFLICT ON CONSTRAINT point_pkey DO UPDATE SET value = excluded.value;
    END IF;
    SELECT array_agg(split_part(h, ': ', 2)::bigint ORDER BY o) INTO counts
    FROM unnest(answer.headers) WITH ORDINALITY AS u (h, o);
    IF counts[1] <> (SELECT count(*) FROM point WHERE series = s) - before
       OR counts[1] + counts[2] + counts[3] <> cardinality(ts) THEN
        RAISE EXCEPTION 'counts are %', counts;
    END IF;
END
$$;

-- One random step: an append, points before the first, late points, or a deletion; of one point up
-- to several rows; regular or not, sorted or not, decimals or not. Returns what it did.
CREATE FUNCTION random_step(s uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz;
    last timestamptz;
    start timestamptz;
    stop timestamptz;
    ts timestamptz[];
    v float8[];
    ge float8 := CASE WHEN random() < 0.3 THEN 20 + random() * 10 END;
    le float8 := CASE WHEN random() < 0.3 THEN 20 + random() * 10 END;
    conflict text := CASE WHEN random() < 0.5 THEN 'skip' ELSE 'replace' END;
    jitter float8 := CASE WHEN random() < 0.2 THEN 1e8 ELSE 0 END;
    shuffled boolean := random() < 0.3;
    digits integer := CASE WHEN random() < 0.8 THEN 1 ELSE 12 END;
    size float8 := random();
    n integer := CASE WHEN size < 0.4 THEN 1
                      WHEN size < 0.7 THEN 1 + random() * 100
                      WHEN size < 0.95 THEN 1 + random() * 3000
                      ELSE 1 + random() * 12000 END;
    kind float8 := random();
BEGIN
    SELECT coalesce(min(p.ts), '2019-01-01Z'), coalesce(max(p.ts), '2019-01-01Z') INTO first, last
    FROM point p WHERE series = s;
    IF kind < 0.5 THEN
        start := last + interval '10 min';
    ELSIF kind < 0.6 THEN
        start := first - interval '10 min' * (n + floor(random() * 3));
    ELSE
        start := first + (last - first) * random();
    END IF;
    IF kind < 0.85 THEN
        SELECT array_agg(t ORDER BY o), array_agg(x ORDER BY o) INTO ts, v
        FROM (SELECT start + interval '10 min' * i + interval '1 us' * floor(random() * jitter) AS t,
                     round((20 + random() * 10)::numeric, digits)::float8 AS x,
                     CASE WHEN shuffled THEN random() ELSE i END AS o
              FROM generate_series(0, n - 1) AS i) u;
        PERFORM store_model.write(s, ts, v, conflict);
        RETURN format('%s points from %s, %s', n, start, conflict);
    END IF;
    stop := least(start + (last - start) * random() * random(), start + interval '366 days');
    PERFORM selfhost.delete_timeseries_data(s, start, stop, ge, le);
    DELETE FROM point p WHERE series = s AND p.ts BETWEEN start AND stop
        AND (ge IS NULL OR value >= ge) AND (le IS NULL OR value <= le);
    RETURN format('deletion %s to %s, %s to %s', start, stop, ge, le);
END
$$;

CREATE PROCEDURE run(seed float8, steps integer) LANGUAGE plpgsql AS $$
DECLARE
    s uuid;
    step text;
    found text;
BEGIN
    PERFORM setseed(seed);
    s := store_model.new_series();
    FOR i IN 1..steps LOOP
        step := store_model.random_step(s);
        SELECT string_agg(p, '; ') INTO found FROM store_model.problems(s) AS p;
        IF found IS NOT NULL THEN
            RAISE EXCEPTION 'seed %, step %, %: %', seed, i, step, found;
        END IF;
        -- Some steps see the work of their own transaction, some of another.
        IF random() < 0.7 THEN
            COMMIT;
        END IF;
    END LOOP;
END
$$;

CALL run(0.1, 50);
CALL run(0.2, 50);
CALL run(0.3, 50);

-- ---- single appends: the tail fills, is folded and sealed ----

SELECT new_series() AS s \gset
SELECT set_config('store_model.series', :'s', false) IS NOT NULL AS set;
DO $$
DECLARE
    s uuid := current_setting('store_model.series');
    found text;
BEGIN
    FOR i IN 0..9000 LOOP
        PERFORM store_model.write(s, ARRAY['2019-01-01Z'::timestamptz + interval '10 min' * i],
                                  ARRAY[round((20 + 5 * sin(i / 23.0))::numeric, 1)::float8], 'error');
        IF i % 500 = 0 OR i BETWEEN 1000 AND 1040 THEN
            SELECT string_agg(p, '; ') INTO found FROM store_model.problems(s) AS p;
            IF found IS NOT NULL THEN
                RAISE EXCEPTION 'append %: %', i, found;
            END IF;
        END IF;
    END LOOP;
END
$$;
SELECT count(*) AS points FROM selfhost._points(:'s');
-- The growing row is small, and the sealed rows are full but for the odd bytes.
SELECT bool_and(n <= 128) AS growing_row_is_small FROM (
    SELECT n FROM stored WHERE uuid = :'s' AND in_tail ORDER BY t0 DESC OFFSET 0 LIMIT 1) r
WHERE (SELECT count(*) FROM stored WHERE uuid = :'s' AND in_tail) > 1;
SELECT bool_and(n = 4096 OR octet_length(data) > 1800) AS sealed_rows_are_full, count(*) > 0 AS exist
FROM stored WHERE uuid = :'s' AND NOT in_tail;

-- ---- a large batch goes to full rows at once, and again behind them ----

SELECT new_series() AS s \gset
SELECT write(:'s', array_agg('2019-01-01Z'::timestamptz + interval '1 min' * i ORDER BY i),
             array_agg(round((20 + 5 * sin(i / 230.0))::numeric, 1)::float8 ORDER BY i), 'error')
FROM generate_series(0, 19999) AS i;
SELECT write(:'s', array_agg('2019-01-01Z'::timestamptz + interval '1 min' * i ORDER BY i),
             array_agg(round((20 + 5 * sin(i / 230.0))::numeric, 1)::float8 ORDER BY i), 'error')
FROM generate_series(20000, 34999) AS i;
SELECT problems(:'s');
SELECT bool_and(n = 4096 OR octet_length(data) > 1800) AS sealed_rows_are_full, count(*) > 0 AS exist
FROM stored WHERE uuid = :'s' AND NOT in_tail;
SELECT count(*) <= 1 AS one_piece_left FROM stored WHERE uuid = :'s' AND in_tail;

-- A late point splits a full row in the middle, and changes no other.
CREATE TEMP TABLE before AS SELECT * FROM stored WHERE uuid = :'s';
SELECT t0 + interval '1 min' * (n / 2) + interval '1 s' AS late
FROM stored WHERE uuid = :'s' AND NOT in_tail ORDER BY t0 OFFSET 1 LIMIT 1 \gset
SELECT write(:'s', ARRAY[:'late'::timestamptz], ARRAY[pi()], 'error');
SELECT problems(:'s');
SELECT count(*) <= 1 AS at_most_one_row_replaced FROM (
    SELECT t0, t1, n, data FROM before EXCEPT SELECT t0, t1, n, data FROM stored WHERE uuid = :'s') r;

-- Points before the first row.
SELECT write(:'s', ARRAY['2018-12-31Z'::timestamptz, '2018-12-30Z'::timestamptz], ARRAY[1, 2], 'error');
SELECT problems(:'s');

-- A series that is filled backwards.
SELECT new_series() AS s \gset
SELECT count(write(:'s', ARRAY['2019-01-01Z'::timestamptz - interval '10 min' * i],
                   ARRAY[round((20 + 5 * sin(i / 23.0))::numeric, 1)::float8], 'error'))
FROM generate_series(1, 1500) AS i;
SELECT problems(:'s');

-- Full precision and irregular time: few points fill a row.
SELECT new_series() AS s \gset
SELECT count(write(:'s', ARRAY['2019-01-01Z'::timestamptz + interval '1 us' * (i::bigint * i * 7919 + i % 13)],
                   ARRAY[sin(i)], 'error'))
FROM generate_series(1, 1000) AS i;
SELECT problems(:'s');
SELECT selfhost.delete_timeseries_data(:'s', '2019-01-01Z', '2019-01-01Z'::timestamptz + interval '1 h', -0.5, 0.5);
DELETE FROM point WHERE series = :'s' AND ts <= '2019-01-01Z'::timestamptz + interval '1 h' AND value BETWEEN -0.5 AND 0.5;
SELECT problems(:'s');

-- The ends of the time that RFC 3339 can tell.
SELECT new_series() AS s \gset
SELECT write(:'s', ARRAY['9999-12-31 23:59:59.999999Z'::timestamptz, '0001-01-01Z'], ARRAY[1, 2], 'error');
SELECT problems(:'s');

-- ---- damaged rows are found by readers and writers ----

\set VERBOSITY sqlstate
SELECT new_series() AS s \gset
SELECT id FROM selfhost.timeseries WHERE uuid = :'s' \gset
SELECT write(:'s', ARRAY['2019-01-01Z'::timestamptz, '2019-01-02Z'], ARRAY[1, 2], 'error');
BEGIN;
UPDATE selfhost.tail SET data = '\x00' WHERE series = :id;
SAVEPOINT s;
SELECT count(*) FROM selfhost._points(:'s');
ROLLBACK TO s;
SELECT write(:'s', ARRAY['2019-01-03Z'::timestamptz], ARRAY[3], 'error');
ROLLBACK TO s;
SELECT selfhost.delete_timeseries_data(:'s', '2019-01-01 01:00Z', '2019-02-01Z');
ROLLBACK;
BEGIN;
UPDATE selfhost.tail SET n = n + 1 WHERE series = :id;
SELECT count(*) FROM selfhost._points(:'s');
ROLLBACK;
BEGIN;
UPDATE selfhost.tail SET t1 = t1 + interval '1 s' WHERE series = :id;
SELECT count(*) FROM selfhost._points(:'s');
ROLLBACK;
\set VERBOSITY terse
SELECT problems(:'s');

-- ---- locks are bounded whatever the number of series, and end with the transaction ----

INSERT INTO selfhost.timeseries (name, si_unit) SELECT 'lock test', 'C' FROM generate_series(1, 20000);
BEGIN;
SELECT (s.r).status, (s.r).headers[1] FROM (
    SELECT selfhost.add_points(NULL, NULL, convert_to(json_agg(json_build_object(
        'uuid', uuid, 'ts', '2019-01-01T00:00:00Z', 'v', 1))::text, 'UTF8')) AS r
    FROM selfhost.timeseries WHERE name = 'lock test' OFFSET 0) AS s;
SELECT count(*) BETWEEN 1 AND 4096 AS bounded FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
COMMIT;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();

DELETE FROM selfhost.timeseries WHERE name IN ('lock test', 'store test');
SELECT (SELECT count(*) FROM selfhost.tail) + (SELECT count(*) FROM selfhost.chunk)
     - (SELECT count(*) FROM stored) AS orphans;
RESET search_path;
DROP SCHEMA store_model CASCADE;
