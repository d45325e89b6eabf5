-- Aggregates: against the server's own, whatever the layout of chunks; sums at the end of the range.
\set VERBOSITY terse
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA aggregates;
SET search_path = aggregates, public;
\set batch '''acacacac-0000-4000-8000-000000000001'''
\set single '''acacacac-0000-4000-8000-000000000002'''
\set random '''acacacac-0000-4000-8000-000000000003'''
\set huge '''acacacac-0000-4000-8000-000000000004'''
\set one '''acacacac-0000-4000-8000-000000000005'''
INSERT INTO selfhost.timeseries (uuid, name, si_unit)
    SELECT ('acacacac-0000-4000-8000-00000000000' || i)::uuid, 'x', 'C' FROM generate_series(1, 5) AS i;

CREATE FUNCTION answer(series uuid, "start" timestamptz, "end" timestamptz, "precision" text, aggregate text,
    unit text = NULL, timezone text = NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT rtrim(string_agg(convert_from((s.r).body, 'UTF8'), ''), E'\n') FROM (
        SELECT selfhost.get_timeseries_data(series, "start", "end", unit, NULL, NULL, "precision", aggregate, timezone) AS r
        OFFSET 0) AS s);
END
$$;
CREATE FUNCTION rows(series uuid, "start" timestamptz, "end" timestamptz, "precision" text, aggregate text,
    unit text = NULL, timezone text = NULL) RETURNS TABLE (ts timestamptz, v double precision) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT (j ->> 'ts')::timestamptz, (j ->> 'v')::double precision
        FROM json_array_elements(aggregates.answer(series, "start", "end", "precision", aggregate, unit, timezone)::json) AS j;
END
$$;
CREATE FUNCTION is_close(a double precision, b double precision) RETURNS boolean LANGUAGE sql AS $$
    SELECT coalesce(abs(a - b) <= 1e-12 * greatest(abs(a), abs(b)), false) $$;

-- ---- the same points in one batch, and one by one in two orders: the same rows ----

SELECT setseed(0.75);
CREATE TABLE point AS
SELECT '2020-01-01Z'::timestamptz + i * interval '10 min' AS ts, (random() * 1e6)::integer AS value
FROM generate_series(0, 6999) AS i;
INSERT INTO selfhost.tsdata SELECT :batch, ts, value FROM point;
DO $$
DECLARE
    p record;
BEGIN
    -- Upwards, but every seventh, which comes late.
    FOR p IN SELECT ts, value FROM (SELECT *, row_number() OVER (ORDER BY ts) % 7 = 0 AS late FROM aggregates.point) AS q
             ORDER BY late, ts LOOP
        INSERT INTO selfhost.tsdata VALUES ('acacacac-0000-4000-8000-000000000002', p.ts, p.value);
    END LOOP;
END
$$;
-- Their layouts differ.
SELECT (SELECT array_agg(n ORDER BY t0) FROM selfhost.chunk WHERE series = (SELECT id FROM selfhost.timeseries WHERE uuid = :batch))
       IS DISTINCT FROM
       (SELECT array_agg(n ORDER BY t0) FROM selfhost.chunk WHERE series = (SELECT id FROM selfhost.timeseries WHERE uuid = :single)) AS differ;
CREATE TABLE setting AS
SELECT "precision", aggregate, w.*, unit
FROM unnest('{minute30, hour, day, week, month, year, century}'::text[]) AS "precision",
     unnest('{avg, min, max, sum, count}'::text[]) AS aggregate,
     unnest(ARRAY[NULL, 'F']) AS unit,
     (VALUES ('2020-01-01Z'::timestamptz, '2020-12-31Z'::timestamptz), ('2020-01-03 05:05Z', '2020-01-20 05:00Z'),
             ('2020-01-11 00:00Z', '2020-01-11 23:59:59.999999Z'), ('2020-02-18 12:00Z', '2020-02-18 12:00Z')) AS w ("start", "end");
SELECT * FROM setting
WHERE answer(:batch, "start", "end", "precision", aggregate, unit, 'Europe/Stockholm')
    <> answer(:single, "start", "end", "precision", aggregate, unit, 'Europe/Stockholm');
-- And those of SQL.
SELECT s.*, d.* FROM setting AS s, LATERAL (
    SELECT g.ts, g.v, e.v AS expected
    FROM rows(:batch, "start", "end", "precision", aggregate, unit, 'Asia/Tokyo') AS g FULL JOIN (
        SELECT CASE "precision"
                   WHEN 'minute30' THEN to_timestamp(floor(extract(epoch FROM p.ts) / 1800) * 1800)
                   ELSE date_trunc("precision", p.ts, 'Asia/Tokyo') END AS ts,
               CASE aggregate WHEN 'avg' THEN avg(value) WHEN 'min' THEN min(value) WHEN 'max' THEN max(value)
                   WHEN 'sum' THEN sum(value) ELSE count(value) END
               FROM (SELECT p.ts, CASE WHEN unit = 'F' AND aggregate <> 'count' THEN p.value * 1.8::double precision + 32 ELSE p.value END AS value
                     FROM point AS p WHERE p.ts BETWEEN "start" AND "end") AS p
        GROUP BY 1) AS e (ts, v) ON e.ts = g.ts
    WHERE NOT is_close(g.v, e.v)) AS d
LIMIT 10;

-- ---- doubles of all sizes: sums within rounding, extremes exactly ----

INSERT INTO selfhost.tsdata
SELECT :random, ts, (random() - 0.5) * 10 ^ (random() * 20)::integer FROM point;
SELECT a, p, d.* FROM unnest('{avg, min, max, sum, count}'::text[]) AS a, unnest('{hour, day, month, year}'::text[]) AS p, LATERAL (
    SELECT g.ts, g.v, e.v AS expected FROM rows(:random, '2020-01-01Z', '2020-12-31Z', p, a) AS g FULL JOIN (
        SELECT date_trunc(p, ts, 'UTC'), CASE a WHEN 'avg' THEN avg(value) WHEN 'min' THEN min(value)
                   WHEN 'max' THEN max(value) WHEN 'sum' THEN sum(value) ELSE count(value) END,
               sum(abs(value))
        FROM selfhost._points(:random) GROUP BY 1) AS e (ts, v, size) ON e.ts = g.ts
    WHERE CASE WHEN a IN ('avg', 'sum') THEN NOT coalesce(abs(g.v - e.v) <= 1e-12 * e.size, false)
          ELSE g.v IS DISTINCT FROM e.v END) AS d
LIMIT 10;

-- A unit that counts downwards: least and greatest change places.
UPDATE selfhost.timeseries SET si_unit = 'm' WHERE uuid = :batch;
SELECT (SELECT v FROM rows(:batch, '2020-01-01Z', '2020-12-31Z', 'year', 'min', '-1 m')) = -max(value) AS least,
       (SELECT v FROM rows(:batch, '2020-01-01Z', '2020-12-31Z', 'year', 'max', '-1 m')) = -min(value) AS greatest
FROM point;

-- ---- one point ----

INSERT INTO selfhost.tsdata VALUES (:one, '2020-06-15 12:34:56Z', -7.25);
SELECT a, answer(:one, '2020-01-01Z', '2020-12-31Z', 'hour', a), answer(:one, '2020-01-01Z', '2020-12-31Z', NULL, a)
FROM unnest('{avg, min, max, sum, count}'::text[]) AS a;
-- The default is the average.
SELECT answer(:one, '2020-01-01Z', '2020-12-31Z', 'day', NULL);

-- ---- beyond the range of a double: averages are right, sums refused ----

INSERT INTO selfhost.tsdata SELECT :huge, '2020-01-01Z'::timestamptz + i * interval '1 min', 1.5e308 FROM generate_series(0, 2999) AS i;
INSERT INTO selfhost.tsdata VALUES (:huge, '2020-02-01 00:00Z', 1e308), (:huge, '2020-02-01 00:01Z', 1.5e308), (:huge, '2020-02-01 00:02Z', -1e308),
    (:huge, '2020-02-01 00:03Z', -1e308);
SELECT answer(:huge, '2020-01-01Z', '2020-12-31Z', 'month', 'avg');
SELECT answer(:huge, '2020-01-01Z', '2020-12-31Z', 'month', 'max'), answer(:huge, '2020-01-01Z', '2020-12-31Z', 'month', 'count');
SELECT answer(:huge, '2020-01-01Z', '2020-12-31Z', 'month', 'sum');
-- It is the sum that counts, not what it went through.
SELECT answer(:huge, '2020-02-01Z', '2020-12-31Z', 'month', 'sum');
SELECT answer(:huge, '2020-01-01Z', '2020-01-31Z', 'month', 'avg', 'K');

DELETE FROM selfhost.timeseries WHERE uuid::text LIKE 'acacacac-%';
RESET search_path;
DROP SCHEMA aggregates CASCADE;
