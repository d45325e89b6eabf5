-- The description of time series: bodies, bounds, the thing, lists, deletion. In a database of its own.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE DATABASE regress_timeseries;
\c regress_timeseries
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION selfhost;
SELECT count(*) FROM selfhost.init();
CREATE SCHEMA t;
SET search_path = t, public;

CREATE FUNCTION show(answer text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    shown text := answer;
    known record;
BEGIN
    FOR known IN SELECT uuid, 'user ' || name AS name FROM selfhost.user_account
                 UNION ALL SELECT uuid, 'thing ' || name FROM selfhost.thing
                 UNION ALL SELECT uuid, 'series ' || name FROM selfhost.timeseries LOOP
        shown := replace(shown, known.uuid::text, known.name);
    END LOOP;
    RETURN shown;
END
$$;
-- The rows of a list.
CREATE FUNCTION rows(answer selfhost.http_response) RETURNS json LANGUAGE sql AS
    $$ SELECT rtrim(convert_from((answer).body, 'UTF8'), E'\n')::json $$;
CREATE FUNCTION headers(answer selfhost.http_response) RETURNS text LANGUAGE sql AS
    $$ SELECT array_to_string((answer).headers, ', ') $$;
-- What the user is answered, or refused: SQLSTATE and text; "unmarked" where the text would not reach a
-- client of the gateway.
CREATE FUNCTION try(who text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text := 'no such token';
    mark   text;
BEGIN
    EXECUTE format('SELECT selfhost.%s FROM selfhost.authenticate(sha256(%L))', call, who) INTO answer;
    IF answer LIKE '(200,application/json,%' THEN
        answer := t.rows(answer::selfhost.http_response);
    END IF;
    RETURN CASE answer WHEN '' THEN 'done' ELSE t.show(coalesce(answer, 'no such token')) END;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS mark = SCHEMA_NAME;
    RETURN t.show(SQLSTATE || ' ' || SQLERRM || CASE mark WHEN 'selfhost' THEN '' ELSE ' (unmarked)' END);
END
$$;
CREATE FUNCTION names(answer json) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(e ->> 'name', ', ' ORDER BY o), '-')
    FROM json_array_elements(answer) WITH ORDINALITY AS a (e, o) $$;
CREATE FUNCTION id(wanted text) RETURNS uuid LANGUAGE sql AS
    $$ SELECT uuid FROM selfhost.timeseries WHERE name = wanted $$;
CREATE FUNCTION grant_policy(who text, effect text, action text, resource text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        SELECT uuid, 1, effect::selfhost.policy_effect, action::selfhost.policy_action, resource
        FROM selfhost.user_group WHERE name = who $$;
\set root 'selfhost.authenticate(sha256(''root''))'
\set anna 'selfhost.authenticate(sha256(''anna''))'
\set bert 'selfhost.authenticate(sha256(''bert''))'
\set nowhere '''99999999-0000-4000-8000-000000000000'''
\set roof '''bbbbbbbb-0000-4000-8000-000000000001'''
\set cellar '''bbbbbbbb-0000-4000-8000-000000000002'''
UPDATE selfhost.token SET digest = sha256('root');
SELECT count(selfhost.create_user(json_build_object('name', name)::jsonb)) FROM unnest(ARRAY['anna', 'bert']) AS u (name);
INSERT INTO selfhost.token (user_uuid, name, digest)
    SELECT uuid, 'token', sha256(name::bytea) FROM selfhost.user_account WHERE name IN ('anna', 'bert');
INSERT INTO selfhost.thing (uuid, name, created_by)
    SELECT :roof::uuid, 'roof', uuid FROM selfhost.user_account WHERE name = 'anna'
    UNION ALL SELECT :cellar, 'cellar', NULL;

-- ---- creation ----

SELECT try('anna', $$create_timeseries('{"name":"power","si_unit":"W"}')$$);
SELECT grant_policy(u, 'allow', 'create', 'timeseries'), grant_policy(u, 'allow', 'read', 'timeseries') FROM unnest(ARRAY['anna', 'bert']) u;
SELECT try('anna', $$create_timeseries('{"name":"power","si_unit":"W"}')$$);
SELECT try('anna', $$create_timeseries('{"name":"heat","si_unit":"any text","lower_bound":-0.1,"upper_bound":1e21,"tags":["x"],"thing_uuid":null}')$$);
SELECT try('anna', $$create_timeseries('{"name":"linked","si_unit":"C","thing_uuid":"BBBBBBBB-0000-4000-8000-000000000001","lower_bound":5,"upper_bound":5}')$$);
SELECT show(selfhost.create_timeseries('{"name":"by the owner","si_unit":"C"}')::text);
SELECT try('root', $$create_timeseries('{"si_unit":"W"}')$$);
SELECT try('root', $$create_timeseries('{"name":"ab","si_unit":"W"}')$$);
SELECT try('root', $$create_timeseries('{"name":"abc"}')$$);
SELECT try('root', $$create_timeseries('{"name":"abc","si_unit":""}')$$);
SELECT try('root', $$create_timeseries('{"name":"abc","si_unit":"W","thing_uuid":"x"}')$$);
SELECT try('root', $$create_timeseries('{"name":"abc","si_unit":"W","thing_uuid":7}')$$);
SELECT try('root', $$create_timeseries('{"name":"abc","si_unit":"W","lower_bound":null}')$$);
SELECT try('root', $$create_timeseries('{"name":"abc","si_unit":"W","upper_bound":"1"}')$$);
SELECT try('root', $$create_timeseries('{"name":"abc","si_unit":"W","upper_bound":1e309}')$$);
SELECT try('root', $$create_timeseries('{"name":"abc","si_unit":"W","lower_bound":2,"upper_bound":1.5}')$$);
SELECT try('root', $$create_timeseries('{"name":"abc","si_unit":"W","tags":[{}]}')$$);
-- The thing must be readable, and exist; without the right nobody learns whether it does.
SELECT try('root', $$create_timeseries('{"name":"abc","si_unit":"W","thing_uuid":"99999999-0000-4000-8000-000000000000"}')$$);
SELECT try('anna', $$create_timeseries('{"name":"abc","si_unit":"W","thing_uuid":"99999999-0000-4000-8000-000000000000"}')$$);
SELECT try('anna', $$create_timeseries('{"name":"abc","si_unit":"W","thing_uuid":"bbbbbbbb-0000-4000-8000-000000000002"}')$$);
SELECT try('bert', $$create_timeseries('{"name":"abc","si_unit":"W","thing_uuid":"bbbbbbbb-0000-4000-8000-000000000001"}')$$);

-- ---- lists; the text of one series is the same in a list and alone ----

SELECT names(rows(selfhost.list_timeseries())) FROM :root;
SELECT names(rows(selfhost.list_timeseries())), rows(selfhost.list_timeseries("limit" => 1))::text = '[' || selfhost.get_timeseries(id('heat')) || ']' AS same FROM :anna;
SELECT try('bert', $$list_timeseries()$$);
SELECT names(rows(selfhost.list_timeseries("limit" => 2, "offset" => 1))) FROM :root;
SELECT names(rows(selfhost.list_timeseries(tags => ARRAY['x']))), names(rows(selfhost.list_timeseries(tags => ARRAY['y']))) FROM :anna;
SELECT names(rows(selfhost.list_timeseries(tags => ARRAY['x']))) FROM :bert;
SELECT headers(selfhost.list_timeseries("limit" => 1, count => true)), headers(selfhost.list_timeseries(tags => ARRAY['x', 'y'], "limit" => 1, count => true)) FROM :anna;
SET extra_float_digits = -10;
UPDATE selfhost.timeseries SET lower_bound = 0.1234567890123456 WHERE name = 'heat';
SELECT rows(selfhost.list_timeseries("limit" => 1)) -> 0 ->> 'lower_bound' FROM :anna;
RESET extra_float_digits;

-- ---- changes ----

SELECT try('anna', $$update_timeseries(id('heat'), '{}')$$);
SELECT try('anna', $$update_timeseries(id('heat'), '{"name":"","si_unit":"kW","lower_bound":-5e-324,"upper_bound":7,"tags":["y","z"],"thing_uuid":"bbbbbbbb-0000-4000-8000-000000000001"}')$$);
SELECT try('anna', $$get_timeseries(id(''))$$);
SELECT try('anna', $$update_timeseries(id(''), '{"name":"heat","lower_bound":null,"upper_bound":null,"thing_uuid":null}')$$);
SELECT try('anna', $$get_timeseries(id('heat'))$$);
SELECT try('anna', $$update_timeseries(id('heat'), '{"lower_bound":10}')$$);
SELECT try('anna', $$update_timeseries(id('heat'), '{"name":"changed","upper_bound":9.5}')$$);
SELECT try('anna', $$get_timeseries(id('heat'))$$);
SELECT try('anna', $$update_timeseries(id('heat'), '{"name":null}')$$);
SELECT try('anna', $$update_timeseries(id('heat'), '{"si_unit":null}')$$);
SELECT try('anna', $$update_timeseries(id('heat'), '{"tags":null}')$$);
SELECT try('anna', $$update_timeseries(id('heat'), '{"thing_uuid":"bbbbbbbb-0000-4000-8000-000000000002"}')$$);
SELECT try('root', $$update_timeseries(id('heat'), '{"thing_uuid":"00000000-0000-0000-0000-000000000000"}')$$);
SELECT try('anna', $$update_timeseries(id('heat'), '{"thing_uuid":"bbbbbbbb00004000800000000000002"}')$$);
SELECT try('bert', $$update_timeseries(id('heat'), '{"name":1}')$$);
SELECT try('root', $$update_timeseries('99999999-0000-4000-8000-000000000000', '{"name":1}')$$);
SELECT try('root', $$update_timeseries('99999999-0000-4000-8000-000000000000', '{"lower_bound":2,"upper_bound":1}')$$);
SELECT try('root', $$update_timeseries('99999999-0000-4000-8000-000000000000', '{}')$$);
-- New bounds count for the next points.
SELECT try('anna', $$update_timeseries(id('power'), '{"upper_bound":100}')$$);
SELECT (r).status FROM (SELECT selfhost.add_timeseries_data(id('power'), NULL, NULL, '[{"ts":"2020-01-01T00:00:00Z","v":101}]') AS r FROM :anna OFFSET 0) AS s;
SELECT try('anna', $$update_timeseries(id('power'), '{"upper_bound":null}')$$);
SELECT (r).status FROM (SELECT selfhost.add_timeseries_data(id('power'), NULL, NULL, '[{"ts":"2020-01-01T00:00:00Z","v":101}]') AS r FROM :anna OFFSET 0) AS s;

-- ---- deletion: with all points ----

SELECT try('bert', $$delete_timeseries(id('power'))$$);
SELECT try('root', $$delete_timeseries('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$delete_timeseries(NULL)$$);
SELECT count(*) FROM selfhost.tail;
SELECT try('anna', $$delete_timeseries(id('power'))$$);
SELECT count(*) FROM selfhost.tail;
SELECT try('anna', $$delete_thing('bbbbbbbb-0000-4000-8000-000000000001')$$);
SELECT try('anna', $$get_timeseries(id('linked'))$$);

\c selfhost_regress
DROP DATABASE regress_timeseries;
