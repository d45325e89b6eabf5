-- When schedules are due, with PostgreSQL's time zones.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET TimeZone = 'UTC';
CREATE FUNCTION pg_temp.due(schedule text, after timestamptz, count integer DEFAULT 1) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(to_char(t, 'YYYY-MM-DD HH24:MI:SS'), ', '), 'never') FROM selfhost.schedule_next(schedule, after, count) AS t $$;

SELECT pg_temp.due('0 0 12 * * mon-fri', '2024-03-01 12:00:00Z', 3);
SELECT pg_temp.due('*/20 * * * * *', '2024-03-01 12:00:00.5Z', 3);
SELECT pg_temp.due('*/20 * * * * *', '2024-03-01 11:59:59.999999Z', 1);
SELECT pg_temp.due('* * * * * *', '1960-03-01 11:59:59.5Z', 2);
SELECT pg_temp.due('@every 90s', '2024-03-01 12:00:00.75Z', 3);
SELECT pg_temp.due('0 0 0 29 feb *', '2024-03-01Z', 2);
SELECT pg_temp.due('0 0 0 30 feb *', '2024-03-01Z', 2);
-- Zones: a skipped time is skipped, a repeated one comes twice.
SELECT pg_temp.due('TZ=Europe/Stockholm 0 30 2 * * *', '2024-03-29 12:00Z', 3);
SELECT pg_temp.due('CRON_TZ=America/New_York 0 30 1 * * *', '2024-11-02 12:00Z', 3);
SELECT pg_temp.due('TZ=Europe/Stockholm @daily', '2024-10-26Z', 3);
SELECT pg_temp.due('TZ=Asia/Kathmandu @hourly', '2024-10-26Z', 2);
SELECT pg_temp.due('TZ=Pacific/Apia 0 0 12 * * *', '2011-12-29Z', 3);
-- Far ahead PostgreSQL goes on with the rules of the last years.
SELECT pg_temp.due('TZ=Europe/Stockholm 0 0 12 1 1,7 *', '2123-02-01Z', 2);
-- Without a zone the session's own does not count.
SET selfhost.schedule_timezone = 'Asia/Tokyo';
SELECT pg_temp.due('@daily', '2024-03-01Z');
SET TimeZone = 'America/New_York';
SELECT pg_temp.due('@daily', '2024-03-01Z') = to_char('2024-03-01 15:00Z'::timestamptz, 'YYYY-MM-DD HH24:MI:SS') AS same;
SET TimeZone = 'UTC';
SET selfhost.schedule_timezone = 'Nowhere/Land';
SHOW selfhost.schedule_timezone;
RESET selfhost.schedule_timezone;
SELECT (SELECT t FROM selfhost.schedule_next('@daily', '2024-03-01 12:00Z') AS t)
    = (date_trunc('day', '2024-03-01 12:00Z' AT TIME ZONE reset_val) + interval '1 day') AT TIME ZONE reset_val AS of_the_database
    FROM pg_settings WHERE name = 'TimeZone';

-- How many.
SELECT count(*) FROM selfhost.schedule_next('* * * * * *', '2024-03-01Z', 100000);
SELECT count(*) FROM selfhost.schedule_next('* * * * * *', '2024-03-01Z', 0);
SELECT count(*) FROM selfhost.schedule_next('* * * * * *', '2024-03-01Z', -1);
SELECT count(*) FROM selfhost.schedule_next('* * * * * *', NULL);
SELECT count(*) FROM selfhost.schedule_next('* * * * * *', 'infinity');
SELECT count(*) FROM selfhost.schedule_next('* * * * * *', '-infinity');
SELECT count(*) FROM selfhost.schedule_next('* * * * * *') AS t WHERE t > now();
SELECT count(*) FROM selfhost.schedule_next('* * * * * *', '2024-03-01Z', 100001);
SELECT to_char(t, 'YYYY-MM-DD HH24:MI:SS') FROM selfhost.schedule_next('@every 1s', '294276-12-31 23:59:57Z', 5) AS t;
SELECT to_char(t, 'YYYY-MM-DD HH24:MI:SS') FROM selfhost.schedule_next('TZ=Europe/Stockholm 0 0 0 * * *', '294276-12-29Z', 9) AS t;
SELECT count(*) FROM selfhost.schedule_next('TZ=Europe/Stockholm 0 0 0 30 2 *', '294276-12-29Z', 9);
SELECT count(*) FROM selfhost.schedule_next('0 0 0 1 1 *', '4713-01-01 00:00:00Z BC', 3);

-- What is refused.
SELECT selfhost.schedule_next('0 0 * * *', '2024-03-01Z');
SELECT selfhost.schedule_next('', '2024-03-01Z');
SELECT selfhost.schedule_next('0 0 0 * * 7', '2024-03-01Z');
SELECT selfhost.schedule_next('0 0 0 , * *', '2024-03-01Z');
SELECT selfhost.schedule_next('@reboot', '2024-03-01Z');
SELECT selfhost.schedule_next('@every 1d', '2024-03-01Z');
SELECT selfhost.schedule_next('@every 2562048h', '2024-03-01Z');
SELECT selfhost.schedule_next('TZ=UTC', '2024-03-01Z');
SELECT selfhost.schedule_next('TZ=Nowhere/Land @daily', '2024-03-01Z');
SELECT selfhost.schedule_next('TZ=../../etc/passwd @daily', '2024-03-01Z');
SELECT selfhost.schedule_next('TZ=<+03>-03 @daily', '2024-03-01Z');
