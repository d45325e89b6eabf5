-- Alerts: bodies, merging, expiry, lists and their filters, changes. In a database of its own.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE DATABASE regress_alerts;
\c regress_alerts
SET client_min_messages = warning;
CREATE EXTENSION selfhost;
SELECT count(*) FROM selfhost.init();
CREATE SCHEMA t;
SET search_path = t, public;

CREATE FUNCTION show(answer text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    shown text := answer;
    known record;
BEGIN
    FOR known IN SELECT a.uuid, 'alert ' || a.resource AS name FROM selfhost.alert a LOOP
        shown := replace(shown, known.uuid::text, known.name);
    END LOOP;
    RETURN regexp_replace(shown, '"20\d\d-\d\d-\d\dT[0-9:.]+Z"', '"time"', 'g');
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
    RETURN CASE answer WHEN '' THEN 'done' ELSE t.show(coalesce(answer, 'no such token')) END;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS mark = SCHEMA_NAME;
    RETURN t.show(SQLSTATE || ' ' || SQLERRM || CASE mark WHEN 'selfhost' THEN '' ELSE ' (unmarked)' END);
END
$$;
-- A body: what all need, with what is given in its place or beside it.
CREATE FUNCTION body(other jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT '{"resource":"pump","environment":"test","event":"stuck","severity":"major","description":"",
             "origin":"me","value":""}'::jsonb || other $$;
CREATE FUNCTION report(other jsonb DEFAULT '{}') RETURNS uuid LANGUAGE sql AS $$
    SELECT (selfhost.create_alert(t.body(other)) ->> 'uuid')::uuid $$;
CREATE FUNCTION report_without(member text) RETURNS text LANGUAGE sql AS
    $$ SELECT t.try('root', format('create_alert(%L)', t.body() - member)) $$;
CREATE FUNCTION report_with(other jsonb) RETURNS text LANGUAGE sql AS
    $$ SELECT t.try('root', format('create_alert(%L)', t.body(other))) $$;
CREATE FUNCTION id(wanted text) RETURNS uuid LANGUAGE sql AS
    $$ SELECT uuid FROM selfhost.alert WHERE resource = wanted $$;
-- The members named, of the alert as it is answered.
CREATE FUNCTION members(resource text, VARIADIC keys text[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT string_agg(k || '=' || coalesce(j.json ->> k, 'null'), ' ' ORDER BY o)
    FROM selfhost._alert_json AS j, unnest(keys) WITH ORDINALITY AS u (k, o) WHERE j.resource = $1
    GROUP BY j.uuid ORDER BY min(j.json ->> 'created') $$;
-- Of a list, the resources.
CREATE FUNCTION resources(answer json) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(e ->> 'resource', ', ' ORDER BY o), '-')
    FROM json_array_elements(answer) WITH ORDINALITY AS a (e, o) $$;
-- Lets time pass for the alert.
CREATE FUNCTION age(wanted text, seconds integer) RETURNS void LANGUAGE sql AS $$
    UPDATE selfhost.alert SET created = created - make_interval(secs => seconds),
        last_receive_time = last_receive_time - make_interval(secs => seconds) WHERE resource = wanted $$;
CREATE FUNCTION grant_policy(who text, effect text, action text, resource text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        SELECT uuid, 1, effect::selfhost.policy_effect, action::selfhost.policy_action, resource
        FROM selfhost.user_group WHERE name = who $$;
UPDATE selfhost.token SET digest = sha256('root');
SELECT count(selfhost.create_user('{"name":"anna"}'));
INSERT INTO selfhost.token (user_uuid, name, digest)
    SELECT uuid, 'token', sha256(name::bytea) FROM selfhost.user_account WHERE name = 'anna';

-- ---- creation ----

SELECT try('anna', $$create_alert(t.body())$$);
SELECT member, report_without(member) FROM jsonb_object_keys(body()) AS b (member) ORDER BY 1;
SELECT o, report_with(o::jsonb) FROM unnest(ARRAY['{"severity":"Major"}', '{"severity":null}', '{"status":"closed"}', '{"status":null}',
    '{"value":null}', '{"value":5}', '{"resource":[]}', '{"tags":null}', '{"tags":["a",1]}', '{"service":"a"}', '{"timeout":"5"}',
    '{"timeout":1.5}', '{"timeout":2147483648}', '{"timeout":null}', '{"rawdata":"a"}', '{"rawdata":"a==="}', '{"rawdata":"aa=a"}',
    '{"rawdata":"aa_-"}', '{"rawdata":5}']) AS o;
SELECT report_with(jsonb_build_object('origin', repeat('x', 501)));
SELECT try('root', $$create_alert('[]')$$);
SELECT count(*) FROM selfhost.alert;

SELECT try('root', $$create_alert(t.body())$$);
SELECT j.json::text LIKE '{"created":"20%Z","description":""%' FROM selfhost._alert_json j;
SELECT show(j.json::text) FROM selfhost._alert_json j;
SELECT report_with('{"resource":"all","status":"shelve","service":["b","a"],"tags":["x","x"],"timeout":-5,"rawdata":"AAH/+w==","value":"é"}');
SELECT show(j.json::text) FROM selfhost._alert_json j WHERE resource = 'all';
SELECT report_with('{"resource":"","environment":"","event":"","origin":""}');
-- With line ends.
SELECT report_with('{"resource":"lines","rawdata":"AAAA\r\nAQID\n"}');
SELECT members('lines', 'rawdata');
DELETE FROM selfhost.alert WHERE resource = 'lines';
-- More than a line of base64, as it came.
SELECT report(jsonb_build_object('resource', 'raw', 'rawdata', translate(encode(repeat('raw', 100)::bytea, 'base64'), E'\n', ''))) IS NOT NULL;
SELECT json ->> 'rawdata' = translate(encode(repeat('raw', 100)::bytea, 'base64'), E'\n', '') FROM selfhost._alert_json WHERE resource = 'raw';

-- ---- merging ----

SELECT report('{"severity":"minor","description":"again","value":"2","tags":["new"],"timeout":60,"rawdata":"AAAA"}') = id('pump') AS merged;
SELECT show(json::text) FROM selfhost._alert_json WHERE resource = 'pump';
SELECT last_receive_time > created FROM selfhost.alert WHERE resource = 'pump';
-- The same severity leaves the one before; what is absent is as for a new one.
SELECT report('{"severity":"minor"}') = id('pump') AS merged;
SELECT members('pump', 'duplicate', 'severity', 'previous_severity', 'tags', 'timeout', 'rawdata', 'description');
-- Each part of the key makes another alert.
SELECT report(o) = id('pump') FROM unnest(ARRAY['{"environment":"else"}', '{"event":"else"}', '{"origin":"else"}']::jsonb[]) AS o;
SELECT count(*) FROM selfhost.alert WHERE resource = 'pump';
DELETE FROM selfhost.alert WHERE resource = 'pump' AND 'else' IN (environment, event, origin);

-- The status: open never reopens, another one is set.
SELECT selfhost.update_alert(id('pump'), '{"status":"acknowledge"}');
SELECT report() = id('pump') AS merged, report('{"status":"open"}') = id('pump') AS merged;
SELECT members('pump', 'status', 'duplicate');
SELECT selfhost.update_alert(id('pump'), '{"status":"shelve"}');
SELECT report() = id('pump') AS merged, report('{"status":"open"}') = id('pump') AS merged;
SELECT members('pump', 'status', 'duplicate');
SELECT report('{"status":"acknowledge"}') = id('pump');
SELECT members('pump', 'status');
SELECT report('{"status":"close"}') = id('pump');
SELECT members('pump', 'status');
-- Closed and unknown ones are left alone: a new one.
SELECT report() = id('pump') AS merged;
SELECT selfhost.update_alert(uuid, '{"status":"unknown"}') FROM selfhost.alert WHERE resource = 'pump' AND status = 'open';
SELECT report() = id('pump') AS merged;
SELECT members('pump', 'status', 'duplicate', 'previous_severity');
-- Of several that match, after a change by hand, the one heard of last.
UPDATE selfhost.alert SET status = 'open' WHERE resource = 'pump';
SELECT count(*), count(DISTINCT report()) FROM generate_series(1, 3);
SELECT members('pump', 'duplicate');

-- ---- expiry ----

SELECT report('{"resource":"old","timeout":100}') IS NOT NULL;
SELECT age('old', 90);
SELECT members('old', 'status');
SELECT age('old', 20);
SELECT members('old', 'status');
SELECT status FROM selfhost.alert WHERE resource = 'old';
SELECT resources(rows(selfhost.list_alerts(status => 'expire'))), resources(rows(selfhost.list_alerts(status => 'open')));
SELECT selfhost.update_alert(id('old'), '{"status":"acknowledge"}');
SELECT members('old', 'status');
SELECT selfhost.update_alert(id('old'), '{"status":"shelve"}');
SELECT members('old', 'status');
SELECT selfhost.update_alert(id('old'), '{"status":"close"}');
SELECT members('old', 'status');
SELECT selfhost.update_alert(id('old'), '{"status":"unknown"}');
SELECT members('old', 'status');
SELECT selfhost.update_alert(id('old'), '{"status":"open"}');
SELECT members('old', 'status');
-- A longer time-out brings it back.
SELECT selfhost.update_alert(id('old'), '{"timeout":200}');
SELECT members('old', 'status');
SELECT report('{"resource":"old","timeout":100}') = id('old') AS merged;
SELECT members('old', 'status', 'duplicate');
-- It counts from the last repetition.
SELECT age('old', 50);
SELECT members('old', 'status');
SELECT report('{"resource":"old","timeout":100}') = id('old') AS merged;
SELECT age('old', 90);
SELECT members('old', 'status');
-- Past its time-out neither an open nor a shelved one is merged with.
SELECT age('old', 50), selfhost.update_alert(id('old'), '{"status":"shelve"}');
SELECT report('{"resource":"old"}') IS NOT NULL;
SELECT members('old', 'status', 'duplicate');
DELETE FROM selfhost.alert WHERE resource = 'old';
-- At once.
SELECT report(jsonb_build_object('resource', 'old', 'timeout', seconds)) IS NOT NULL FROM unnest(ARRAY[0, -10]) AS seconds;
SELECT members('old', 'status', 'duplicate');
DELETE FROM selfhost.alert;
DELETE FROM selfhost.alert_key;

-- ---- lists ----

SELECT count(report(jsonb_build_object('resource', 'r' || n, 'severity', s, 'environment', CASE WHEN n < 5 THEN 'b' ELSE 'a' END,
        'tags', jsonb_build_array('t' || n, 'all'), 'service', jsonb_build_array('s' || n % 2))))
    FROM unnest(enum_range(NULL::selfhost.alert_severity)) WITH ORDINALITY AS e (s, n);
SELECT resources(rows(selfhost.list_alerts()));
SELECT resources(rows(selfhost.list_alerts("limit" => 2, "offset" => 3))), resources(rows(selfhost.list_alerts("offset" => 100)));
SELECT resources(rows(selfhost.list_alerts(severity => 'major')));
SELECT resources(rows(selfhost.list_alerts(severity_le => 'trace'))), resources(rows(selfhost.list_alerts(severity_ge => 'critical')));
SELECT resources(rows(selfhost.list_alerts(severity_le => 'major', severity_ge => 'warning')));
SELECT resources(rows(selfhost.list_alerts(severity_le => 'warning', severity_ge => 'major')));
SELECT resources(rows(selfhost.list_alerts(severity_le => 'major', severity => 'security')));
SELECT resources(rows(selfhost.list_alerts(environment => 'b'))), resources(rows(selfhost.list_alerts(environment => 'b', resource => 'r2'))),
       resources(rows(selfhost.list_alerts(event => 'stuck', origin => 'me'))), resources(rows(selfhost.list_alerts(origin => 'you')));
SELECT resources(rows(selfhost.list_alerts(resource => '', environment => '', event => '', origin => '')));
SELECT resources(rows(selfhost.list_alerts(tags => '{t3,t5,t}'))), resources(rows(selfhost.list_alerts(service => '{s0}'))),
       resources(rows(selfhost.list_alerts(tags => '{all}', service => '{s0,s1}', severity_le => 'debug')));
SELECT headers(selfhost.list_alerts("limit" => 2, "offset" => 3, count => true)), headers(selfhost.list_alerts("limit" => 100)), headers(selfhost.list_alerts("offset" => 100, count => true));
SELECT resources(rows(selfhost.list_alerts("limit" => 2, "offset" => 3, count => true)));
SELECT headers(selfhost.list_alerts("limit" => 1, environment => '', severity_le => 'trace', count => true)),
       headers(selfhost.list_alerts("limit" => 1, environment => 'b', severity_ge => 'trace', tags => '{t0,all,t3}', service => '{s0,s1}', count => true)),
       headers(selfhost.list_alerts("limit" => 1, status => 'open', severity_ge => 'trace')), headers(selfhost.list_alerts(event => 'stuck', origin => 'me', "limit" => 1)),
       headers(selfhost.list_alerts(severity => 'major', resource => 'r3', "limit" => 1, count => true));
-- By code point, and by environment and event behind the resource.
SELECT count(report(o)) FROM unnest(ARRAY['{"resource":"Z"}', '{"resource":"r1","environment":"a"}', '{"resource":"r1","environment":"B"}',
    '{"resource":"r1","environment":"a","event":"a"}']::jsonb[]) AS o;
SELECT string_agg(concat_ws(' ', e ->> 'resource', e ->> 'environment', e ->> 'event'), ', ' ORDER BY o)
    FROM json_array_elements(rows(selfhost.list_alerts("limit" => 6))) WITH ORDINALITY AS a (e, o);
SELECT count(selfhost.delete_alert(uuid)) FROM selfhost.alert WHERE resource IN ('Z', 'r1');

-- Each by the right to read it.
SELECT try('anna', $$list_alerts()$$);
SELECT grant_policy('anna', 'allow', 'read', 'alerts'), grant_policy('anna', 'allow', 'read', 'alerts/' || id('r3')),
       grant_policy('anna', 'allow', 'read', 'alerts/' || id('r5')), grant_policy('anna', 'allow', 'read', 'alerts/' || id('r7'));
SELECT resources(rows(selfhost.list_alerts())), resources(rows(selfhost.list_alerts("limit" => 1, "offset" => 1))) FROM selfhost.authenticate(sha256('anna'));
SELECT resources(rows(selfhost.list_alerts(severity_le => 'warning'))) FROM selfhost.authenticate(sha256('anna'));
SELECT headers(selfhost.list_alerts("limit" => 1, count => true)) FROM selfhost.authenticate(sha256('anna'));

-- ---- one, with its ETag ----

SELECT (r).status, (r).content_type, array_length((r).headers, 1), (r).headers[1] ~ '^ETag: "[0-9a-f]{32}"$', show(convert_from((r).body, 'UTF8'))
    FROM (SELECT selfhost.get_alert(id('r3')) AS r FROM selfhost.authenticate(sha256('anna')) OFFSET 0) s;
SELECT substr((selfhost.get_alert(id('r3'))).headers[1], 7) AS etag \gset
SELECT h, (r).status, (r).content_type, (r).headers[1] = 'ETag: ' || :'etag' AS same, (r).body IS NULL AS empty
    FROM (SELECT replace(h, 'TAG', :'etag') AS q, h, selfhost.get_alert(id('r3'), replace(replace(h, 'TAG', :'etag'), 'BARE', btrim(:'etag', '"'))) AS r
          FROM unnest(ARRAY['TAG', 'W/TAG', 'BARE', '*', '"x", TAG', '"x",W/TAG , "y"', '"x"', '', 'BAREx']) AS u (h) OFFSET 0) s;
SELECT selfhost.update_alert(id('r3'), '{"value":"changed"}'), (selfhost.get_alert(id('r3'), :'etag')).status;
-- Expiry is a change, too.
SELECT substr((selfhost.get_alert(id('r3'))).headers[1], 7) AS etag \gset
SELECT (selfhost.get_alert(id('r3'), :'etag')).status;
SELECT age('r3', 4000);
SELECT (selfhost.get_alert(id('r3'), :'etag')).status;
SELECT try('anna', $$get_alert(id('r4'))$$);
SELECT try('anna', $$get_alert('99999999-0000-4000-8000-000000000000', '*')$$);
SELECT try('root', $$get_alert('99999999-0000-4000-8000-000000000000', '*')$$);

-- ---- changes ----

SELECT try('anna', $$update_alert(id('r3'), '{}')$$);
SELECT try('root', $$update_alert(id('r4'), '{}')$$);
SELECT members('r4', 'severity', 'previous_severity', 'status', 'duplicate', 'last_receive_time');
SELECT try('root', $$update_alert(id('r4'), '{"severity":"debug"}')$$);
SELECT members('r4', 'severity', 'previous_severity');
SELECT try('root', $$update_alert(id('r4'), '{"severity":"debug","value":"v"}')$$);
SELECT members('r4', 'severity', 'previous_severity', 'value');
SELECT try('root', $$update_alert(id('r4'), '{"resource":"x4","environment":"e","event":"f","origin":"o","status":"shelve","service":["s"],
    "description":"d","tags":[],"timeout":7,"rawdata":"AQID","duplicate":5,"created":"2020-01-01T00:00:00Z"}')$$);
SELECT show(json::text) FROM selfhost._alert_json WHERE resource = 'x4';
SELECT m, try('root', format('update_alert(id(''x4''), %L)', json_build_object(m, NULL)))
    FROM unnest(ARRAY['resource', 'environment', 'event', 'severity', 'status', 'service', 'value', 'description', 'origin', 'tags',
        'timeout', 'rawdata']) AS m;
SELECT try('root', $$update_alert(id('x4'), '{"status":"gone"}')$$);
SELECT try('root', $$update_alert(id('x4'), '[]')$$);
SELECT try('root', $$update_alert('99999999-0000-4000-8000-000000000000', '{}')$$);
SELECT try('root', $$update_alert('99999999-0000-4000-8000-000000000000', '{"resource":"x"}')$$);
-- Repetitions go where the key went.
SELECT report('{"resource":"x4","environment":"e","event":"f","origin":"o"}') = id('x4') AS merged;
SELECT report('{"resource":"r4","environment":"b","severity":"minor"}') = id('x4') AS merged;

SELECT try('anna', $$delete_alert(id('r3'))$$);
SELECT try('root', $$delete_alert('99999999-0000-4000-8000-000000000000')$$);
SELECT count(try('root', format('delete_alert(%L)', uuid))) FROM selfhost.alert WHERE resource <> 'r5';
SELECT resources(rows(selfhost.list_alerts()));

-- A key stays as long as an alert has it.
SELECT key = selfhost._alert_key('r5', 'a', 'stuck', 'me') FROM selfhost.alert_key;
SELECT report('{"resource":"r5","environment":"a","severity":"warning"}') = id('r5') AS merged;
SELECT report('{"resource":"r5","environment":"a","status":"close"}') = id('r5') AS merged;
SELECT report('{"resource":"r5","environment":"a"}') IS NOT NULL;
SELECT try('root', format('delete_alert(%L)', uuid)) FROM selfhost.alert LIMIT 1;
SELECT count(*), (SELECT count(*) FROM selfhost.alert) FROM selfhost.alert_key;
SELECT try('root', format('delete_alert(%L)', uuid)) FROM selfhost.alert;
SELECT count(*) FROM selfhost.alert_key;

-- ---- SQL users ----

SELECT report(jsonb_build_object('resource', r)) IS NOT NULL FROM unnest(ARRAY['one', 'two']) r;
SELECT grant_policy('anna', 'allow', 'read', 'alerts/' || id('two'));
CREATE ROLE regress_alerts_user IN ROLE selfhost_sql;
INSERT INTO selfhost.role_user SELECT 'regress_alerts_user', uuid FROM selfhost.user_account WHERE name = 'anna';
SET ROLE regress_alerts_user;
SELECT resource FROM selfhost.alert;
SELECT e ->> 'resource' FROM json_array_elements(convert_from((selfhost.list_alerts()).body, 'UTF8')::json) e;
SELECT * FROM selfhost.alert_key;
UPDATE selfhost.alert SET resource = 'stolen';
SELECT selfhost._report_alert(NULL);
RESET ROLE;
DROP ROLE regress_alerts_user;

\c selfhost_regress
DROP DATABASE regress_alerts;
