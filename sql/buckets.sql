-- Buckets of local time: against the server's own date_trunc() on random points, and by example.
\set VERBOSITY terse
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA buckets;
\set a '''bbbbbbbb-0000-4000-8000-000000000001'''
INSERT INTO selfhost.timeseries (uuid, name, si_unit) VALUES (:a, 'random', 'W');
INSERT INTO selfhost.timeseries (uuid, name, si_unit)
    SELECT ('bbbbbbbb-0000-4000-8000-00000000010' || i)::uuid, 'example', 'W' FROM generate_series(0, 9) AS i;

-- The answer of get_timeseries_data(), as text.
CREATE FUNCTION buckets.answer(series uuid, "start" timestamptz, "end" timestamptz, "precision" text,
    aggregate text, zone text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT rtrim(string_agg(convert_from((s.r).body, 'UTF8'), ''), E'\n') FROM (
        SELECT selfhost.get_timeseries_data(series, "start", "end", "precision" => "precision",
                                            aggregate => aggregate, timezone => zone) AS r OFFSET 0) AS s);
END
$$;
CREATE FUNCTION buckets.rows(series uuid, "start" timestamptz, "end" timestamptz, "precision" text,
    aggregate text, zone text) RETURNS TABLE (o bigint, ts timestamptz, v double precision) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT j.ordinality, (j.value ->> 'ts')::timestamptz, (j.value ->> 'v')::double precision
        FROM json_array_elements(buckets.answer(series, "start", "end", "precision", aggregate, zone)::json)
             WITH ORDINALITY AS j (value, ordinality);
END
$$;

-- Where a bucket begins. Up to the hour: on the local clock, with the offset in force at the point.
CREATE FUNCTION buckets.start_of(ts timestamptz, "precision" text, zone text) RETURNS timestamptz
    LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    local timestamp := ts AT TIME ZONE zone;
    shift interval := local - (ts AT TIME ZONE 'UTC');
    n integer := substring("precision" FROM '^minute(\d+)$');
BEGIN
    IF n IS NOT NULL THEN
        RETURN (date_trunc('hour', local) + n * floor(extract(minute FROM local) / n) * interval '1 minute'
                - shift) AT TIME ZONE 'UTC';
    ELSIF "precision" IN ('microseconds', 'milliseconds', 'second', 'minute', 'hour') THEN
        RETURN (date_trunc("precision", local) - shift) AT TIME ZONE 'UTC';
    END IF;
    RETURN date_trunc(replace("precision", 'millennia', 'millennium'), local) AT TIME ZONE zone;
END
$$;

-- Random points, half of them within four hours of something: the turn of the millennium and of a
-- decade, changes of clocks in Europe, on Lord Howe (by 30 minutes), in Brazil (at midnight).
SELECT setseed(0.25);
INSERT INTO selfhost.tsdata (ts_uuid, ts, value)
SELECT DISTINCT ON (ts) :a::uuid, ts, (random() * 1000)::integer FROM (
    SELECT timestamptz '2000-07-01Z' + random() * interval '360 days' AS ts FROM generate_series(1, 300)
    UNION ALL
    SELECT timestamptz '2018-06-01Z' + random() * interval '360 days' AS ts FROM generate_series(1, 300)
    UNION ALL
    SELECT timestamptz '2019-07-01Z' + random() * interval '360 days' FROM generate_series(1, 300)
    UNION ALL
    SELECT change + (random() - 0.5) * interval '8 hours'
    FROM unnest('{2000-10-28 15:30Z, 2000-10-29 01:00Z, 2001-01-01 00:00Z, 2001-03-25 01:00Z, 2001-03-24 15:00Z,
        2018-10-06 15:30Z, 2018-10-28 01:00Z, 2018-11-04 03:00Z, 2019-02-17 02:00Z, 2019-03-31 01:00Z,
        2019-04-06 15:00Z, 2019-10-05 15:30Z, 2019-10-27 01:00Z, 2019-12-31 23:00Z, 2020-01-01 00:00Z,
        2020-03-29 01:00Z, 2020-04-04 15:00Z}'::timestamptz[]) AS change, generate_series(1, 60)) AS p
ORDER BY ts;
SELECT count(*) > 1800 AS enough FROM selfhost._points(:a);

CREATE TABLE buckets.setting AS
SELECT "precision", zone, "start", "start" + interval '360 days' AS "end"
FROM unnest('{microseconds, milliseconds, second, minute, minute5, minute10, minute15, minute20, minute30, hour,
              day, week, month, year, decade, century, millennia}'::text[]) AS "precision",
     unnest('{UTC, Europe/Stockholm, Asia/Kolkata, Asia/Kathmandu, Australia/Lord_Howe, America/Sao_Paulo}'::text[]) AS zone,
     unnest('{2000-07-01Z, 2018-06-01Z, 2019-07-01Z}'::timestamptz[]) AS "start";

-- No row of either is missing in the other.
CREATE FUNCTION buckets.difference(aggregate text)
    RETURNS TABLE ("precision" text, zone text, "start" timestamptz, ts timestamptz, got double precision, expected double precision)
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    SELECT s."precision", s.zone, s."start", d.ts, d.got, d.expected
    FROM buckets.setting AS s, LATERAL (
        SELECT coalesce(g.ts, e.ts) AS ts, g.v AS got, e.v AS expected
        FROM buckets.rows('bbbbbbbb-0000-4000-8000-000000000001', s."start", s."end", s."precision", aggregate, s.zone) AS g
        FULL JOIN (
            SELECT buckets.start_of(p.ts, s."precision", s.zone) AS ts,
                   CASE aggregate WHEN 'avg' THEN avg(value) WHEN 'min' THEN min(value) WHEN 'max' THEN max(value)
                       WHEN 'sum' THEN sum(value) ELSE count(value) END AS v
            FROM selfhost._points('bbbbbbbb-0000-4000-8000-000000000001') AS p
            WHERE p.ts BETWEEN s."start" AND s."end" GROUP BY 1) AS e ON e.ts = g.ts
        WHERE g.v IS DISTINCT FROM e.v) AS d;
END
$$;
SELECT * FROM buckets.difference('count') LIMIT 10;
SELECT * FROM buckets.difference('sum') LIMIT 10;

-- Rows ascend, and none comes twice.
SELECT s.* FROM buckets.setting AS s
WHERE EXISTS (
    SELECT FROM (SELECT ts <= lag(ts) OVER (ORDER BY o) AS wrong
                 FROM buckets.rows(:a, s."start", s."end", s."precision", 'avg', s.zone)) AS r
    WHERE wrong);

-- ---- by example ----

CREATE FUNCTION buckets.fill(series integer, VARIADIC ts timestamptz[]) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    series_uuid uuid := 'bbbbbbbb-0000-4000-8000-00000000010' || series;
BEGIN
    INSERT INTO selfhost.tsdata SELECT series_uuid, t, 1 FROM unnest(ts) AS t;
    RETURN series_uuid;
END
$$;
SELECT buckets.fill(0, '2021-03-28 00:17:31.123456Z') AS p \gset
SELECT p."precision", buckets.answer(:'p', '2021-01-01Z', '2021-12-31Z', p."precision", 'avg', NULL) AS utc,
       buckets.answer(:'p', '2021-01-01Z', '2021-12-31Z', p."precision", 'avg', 'Europe/Stockholm') AS stockholm
FROM unnest('{microseconds, milliseconds, second, minute, minute5, minute10, minute15, minute20, minute30, hour,
              day, week, month, year, decade, century, millennia}'::text[]) AS p ("precision");

-- The autumn night of Stockholm: 02:30 twice; two hours below a day, one day of 25 hours.
SELECT buckets.fill(1, '2021-10-31 00:30Z', '2021-10-31 01:30Z', '2021-10-30 22:00Z', '2021-10-31 22:59:59Z', '2021-10-31 23:00Z') AS p \gset
SELECT buckets.answer(:'p', '2021-10-30Z', '2021-11-02Z', 'hour', 'count', 'Europe/Stockholm');
SELECT buckets.answer(:'p', '2021-10-30Z', '2021-11-02Z', 'minute30', 'count', 'Europe/Stockholm');
SELECT buckets.answer(:'p', '2021-10-30Z', '2021-11-02Z', 'day', 'count', 'Europe/Stockholm');
SELECT buckets.answer(:'p', '2021-10-30Z', '2021-11-02Z', NULL, NULL, 'Europe/Stockholm');
-- Spring: 01:59:59 is followed by 03:00; a day of 23 hours.
SELECT buckets.fill(2, '2021-03-28 00:59:59Z', '2021-03-28 01:00Z', '2021-03-27 23:00Z', '2021-03-28 21:59:59Z', '2021-03-28 22:00Z') AS p \gset
SELECT buckets.answer(:'p', '2021-03-27Z', '2021-03-29Z', 'hour', 'count', 'Europe/Stockholm');
SELECT buckets.answer(:'p', '2021-03-27Z', '2021-03-29Z', 'day', 'count', 'Europe/Stockholm');
-- Half hours: the hour of Kolkata begins at :30Z; clocks that change by half an hour.
SELECT buckets.fill(3, '2021-05-01 00:29:59Z', '2021-05-01 00:30Z', '2021-05-01 00:44Z', '2021-05-01 00:45Z') AS p \gset
SELECT buckets.answer(:'p', '2021-05-01Z', '2021-05-02Z', 'hour', 'count', 'Asia/Kolkata');
SELECT buckets.answer(:'p', '2021-05-01Z', '2021-05-02Z', 'minute20', 'count', 'Asia/Kolkata');
SELECT buckets.fill(4, '2021-04-03 14:20Z', '2021-04-03 14:50Z', '2021-04-03 15:05Z', '2021-04-03 15:40Z') AS p \gset
SELECT buckets.answer(:'p', '2021-04-03Z', '2021-04-04Z', 'hour', 'count', 'Australia/Lord_Howe');
SELECT buckets.answer(:'p', '2021-04-03Z', '2021-04-04Z', NULL, NULL, 'Australia/Lord_Howe');
-- A midnight that the clock skips, one that it shows twice, and a day that never was (30 December).
SELECT buckets.fill(5, '2018-11-04 02:59Z', '2018-11-04 03:00Z', '2018-02-18 01:30Z', '2018-02-18 02:30Z', '2018-02-18 03:00Z') AS p \gset
SELECT buckets.answer(:'p', '2018-02-01Z', '2018-12-01Z', 'day', 'count', 'America/Sao_Paulo');
SELECT buckets.fill(6, '2011-12-30 09:59Z', '2011-12-30 10:00Z', '2011-12-31 10:00Z') AS p \gset
SELECT buckets.answer(:'p', '2011-12-01Z', '2012-02-01Z', 'day', 'count', 'Pacific/Apia');
-- A clock that was put back at one minute past midnight: one day does not come twice.
SELECT buckets.fill(7, '2010-11-07 02:00Z', '2010-11-07 02:30:30Z', '2010-11-07 03:00Z', '2010-11-07 03:31Z') AS p \gset
SELECT buckets.answer(:'p', '2010-11-01Z', '2010-11-10Z', 'day', 'count', 'America/St_Johns');
SELECT buckets.answer(:'p', '2010-11-01Z', '2010-11-10Z', 'hour', 'count', 'America/St_Johns');
-- The first and the last points that there can be.
SELECT buckets.fill(8, '0001-01-01Z', '9999-12-31 23:59:59.999999Z') AS p \gset
SELECT p."precision", buckets.answer(:'p', '0001-01-01Z', '0001-02-01Z', p."precision", 'avg', z) AS first,
       buckets.answer(:'p', '9999-12-01Z', '9999-12-31 23:59:59.999999Z', p."precision", 'avg', z) AS last
FROM unnest('{hour, day, week, year, decade, century, millennia}'::text[]) AS p ("precision"),
     unnest('{UTC, Asia/Tokyo, America/New_York}'::text[]) AS z;

-- ---- zones ----

-- In any case of letters.
SELECT buckets.answer(:'p', '9999-12-31Z', '9999-12-31 23:59:59.999999Z', 'day', 'avg', z)
FROM unnest('{utc, EUROPE/london, est5edt, Etc/GMT+5, etc/gmt-14, etc/zulu, etc/gmt0, America/Argentina/Buenos_Aires}'::text[]) AS z;
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', 'Europe/Nowhere');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', '');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', 'CEST');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', '+02');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', 'XYZ-3');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', '<XYZ>-3');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', '<xyz>-3');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', 'Etc/GMT+99');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', 'Europe/Nowhere-3Summer,M3.5.0,M10.5.0');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', 'Europe/');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', '/etc/localtime');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', '../../../etc/passwd');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'avg', repeat('x', 300));
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'DAY', 'avg', 'UTC');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'quarter', 'avg', 'UTC');
SELECT buckets.answer(:a, '2000-07-01Z', '2000-07-02Z', 'day', 'median', 'UTC');
-- The session's own zone does not matter.
SET timezone = 'America/New_York';
SELECT buckets.answer('bbbbbbbb-0000-4000-8000-000000000100', '2021-01-01Z', '2021-12-31Z', 'day', 'avg', NULL);
RESET timezone;

DELETE FROM selfhost.timeseries WHERE uuid::text LIKE 'bbbbbbbb-%';
DROP SCHEMA buckets CASCADE;
