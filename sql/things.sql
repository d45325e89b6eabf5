-- Things: bodies, ownership, lists and their filters. In a database of its own.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE DATABASE regress_things;
\c regress_things
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
-- Of a list, the names.
CREATE FUNCTION names(answer json) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(e ->> 'name', ', ' ORDER BY o), '-')
    FROM json_array_elements(answer) WITH ORDINALITY AS a (e, o) $$;
CREATE FUNCTION headers(answer selfhost.http_response) RETURNS text LANGUAGE sql AS
    $$ SELECT array_to_string((answer).headers, ', ') $$;
CREATE FUNCTION id(wanted text) RETURNS uuid LANGUAGE sql AS
    $$ SELECT uuid FROM selfhost.thing WHERE name = wanted $$;
CREATE FUNCTION grant_policy(who text, effect text, action text, resource text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        SELECT uuid, 1, effect::selfhost.policy_effect, action::selfhost.policy_action, resource
        FROM selfhost.user_group WHERE name = who $$;
\set root 'selfhost.authenticate(sha256(''root''))'
\set anna 'selfhost.authenticate(sha256(''anna''))'
\set bert 'selfhost.authenticate(sha256(''bert''))'
\set nowhere '''99999999-0000-4000-8000-000000000000'''
UPDATE selfhost.token SET digest = sha256('root');
SELECT count(selfhost.create_user(json_build_object('name', name)::jsonb)) FROM unnest(ARRAY['anna', 'bert']) AS u (name);
INSERT INTO selfhost.token (user_uuid, name, digest)
    SELECT uuid, 'token', sha256(name::bytea) FROM selfhost.user_account WHERE name IN ('anna', 'bert');

-- ---- creation ----

SELECT try('anna', $$create_thing('{"name":"boiler"}')$$);
SELECT grant_policy(u, 'allow', 'create', 'things'), grant_policy(u, 'allow', 'read', 'things') FROM unnest(ARRAY['anna', 'bert']) u;
SELECT try('anna', $$create_thing('{"name":"boiler","state":"active","created_by":"x"}')$$);
SELECT try('anna', $$create_thing('{"name":"Attic","type":"room","tags":["b","a","b","","x,y"]}')$$);
SELECT try('root', $$create_thing('{"name":"äther <&> \"quoted\"","tags":[]}')$$);
SELECT show(selfhost.create_thing('{"name":"by the owner"}')::text);
SELECT try('root', $$create_thing('{}')$$);
SELECT try('root', $$create_thing('{"name":"ab"}')$$);
SELECT try('root', $$create_thing('{"name":"abc","type":"ab"}')$$);
SELECT try('root', $$create_thing('{"name":"abc","type":null}')$$);
SELECT try('root', $$create_thing('{"name":"abc","type":[]}')$$);
SELECT try('root', $$create_thing('{"name":"abc","tags":"a"}')$$);
SELECT try('root', $$create_thing('{"name":"abc","tags":["a",1]}')$$);
SELECT try('root', $$create_thing('{"name":"abc","tags":["a",null]}')$$);
SELECT try('root', $$create_thing('{"name":"abc","tags":null}')$$);
SELECT try('root', $$create_thing(jsonb_build_object('name', 'abc', 'tags', jsonb_build_array(repeat('x', 501))))$$);
SELECT count(*) FROM selfhost.thing;

-- ---- reading: his own without any policy ----

SELECT try('anna', $$get_thing(id('boiler'))$$);
SELECT try('bert', $$get_thing(id('boiler'))$$);
SELECT try('bert', $$get_thing('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$get_thing('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$get_thing(NULL)$$);
SELECT names(rows(selfhost.list_things())) FROM :root;
SELECT names(rows(selfhost.list_things())) FROM :anna;
SELECT try('bert', $$list_things()$$);
SELECT names(rows(selfhost.list_things("limit" => 2, "offset" => 1))) FROM :root;
SELECT names(rows(selfhost.list_things("limit" => 1, "offset" => 1))) FROM :anna;
SELECT names(rows(selfhost.list_things(tags => ARRAY['a', 'nothing']))) FROM :anna;
SELECT names(rows(selfhost.list_things(tags => ARRAY['x']))), names(rows(selfhost.list_things(tags => ARRAY['x,y']))), names(rows(selfhost.list_things(tags => '{}'))) FROM :anna;
SELECT names(rows(selfhost.list_things(tags => ARRAY['a']))) FROM :bert;
SELECT grant_policy('bert', 'allow', 'read', 'things/' || id('Attic'));
SELECT names(rows(selfhost.list_things())), names(rows(selfhost.list_things(tags => ARRAY['a']))) FROM :bert;
-- A denial beats ownership.
SELECT grant_policy('anna', 'deny', 'read', 'things/' || id('Attic'));
SELECT names(rows(selfhost.list_things())) FROM :anna;
SELECT try('anna', $$get_thing(id('Attic'))$$);
-- Equal names are in the order of their uuids, whichever way the list is cut.
SELECT count(selfhost.create_thing('{"name":"many"}')) FROM generate_series(1, 30), :root;
SELECT json_array_length(rows(selfhost.list_things())), json_array_length(rows(selfhost.list_things("limit" => 100))) FROM :root;
SELECT array_agg(e ->> 'uuid' ORDER BY p, o) = (SELECT array_agg(uuid::text ORDER BY name, uuid) FROM selfhost.thing) AS in_order
    FROM (SELECT p, rows(selfhost.list_things("limit" => 7, "offset" => p * 7)) AS page FROM generate_series(0, 5) AS p, :root) AS s,
         json_array_elements(page) WITH ORDINALITY AS a (e, o);
-- The headers: a link where more rows exist, the number of rows when asked for, of what one may read.
SELECT (r).status, (r).content_type, (r).headers, convert_from((r).body, 'UTF8') LIKE E'[%]\n' AS line
    FROM (SELECT selfhost.list_things("limit" => 5, "offset" => 7, tags => NULL) AS r FROM :root OFFSET 0) s;
SELECT page, headers(selfhost.list_things("limit" => 10, "offset" => page * 10, count => true)) FROM generate_series(0, 4) AS page, :root;
SELECT headers(selfhost.list_things()), headers(selfhost.list_things(count => false)), headers(selfhost.list_things("limit" => 100)) FROM :root;
SELECT headers(selfhost.list_things("limit" => 0, count => true)), headers(selfhost.list_things("limit" => 2147483647, "offset" => 5)) FROM :root;
SELECT try('root', $$list_things("limit" => -1)$$);
SELECT headers(selfhost.list_things(count => true)), headers(selfhost.list_things("limit" => 1, tags => ARRAY['x,y', 'a'], count => true)) FROM :bert;
UPDATE selfhost.thing SET tags = ARRAY['a&b=c', 'ä +%/~"<>;', E'\n'] WHERE name = 'many';
SELECT headers(selfhost.list_things("limit" => 2, tags => ARRAY['a&b=c', 'ä +%/~"<>;', E'\n', NULL], count => true)) FROM :root;
-- A link that is too long is left out.
SELECT n, length(headers(selfhost.list_things("limit" => 2, tags => ARRAY['a&b=c', repeat('x', n)]))) FROM unnest(ARRAY[7000, 8000]) AS n, :root;
DELETE FROM selfhost.thing WHERE name = 'many';

-- ---- changes ----

SELECT try('anna', $$update_thing(id('boiler'), '{}')$$);
SELECT try('anna', $$update_thing(id('boiler'), '{"name":"boiler","state":"passive","type":"x","tags":["hot"]}')$$);
SELECT try('anna', $$get_thing(id('boiler'))$$);
SELECT try('anna', $$update_thing(id('boiler'), '{"type":null,"state":"archived"}')$$);
SELECT try('anna', $$get_thing(id('boiler'))$$);
SELECT try('anna', $$update_thing(id('boiler'), '{"name":"ab"}')$$);
SELECT try('anna', $$update_thing(id('boiler'), '{"name":null}')$$);
SELECT try('anna', $$update_thing(id('boiler'), '{"state":null}')$$);
SELECT try('anna', $$update_thing(id('boiler'), '{"state":"Active"}')$$);
SELECT try('anna', $$update_thing(id('boiler'), '{"tags":null}')$$);
SELECT try('anna', $$update_thing(id('boiler'), '[]')$$);
SELECT try('bert', $$update_thing(id('boiler'), '[]')$$);
SELECT try('root', $$update_thing('99999999-0000-4000-8000-000000000000', '{"state":"sleeping"}')$$);
SELECT try('root', $$update_thing('99999999-0000-4000-8000-000000000000', '{}')$$);

-- ---- what belongs to a thing ----

SELECT try('anna', $$list_thing_datasets(id('boiler'))$$);
SELECT try('anna', $$list_thing_datasets(id('boiler'), "limit" => 5, "offset" => 1)$$);
SELECT try('bert', $$list_thing_datasets(id('boiler'))$$);
SELECT try('root', $$list_thing_datasets('99999999-0000-4000-8000-000000000000')$$);
INSERT INTO selfhost.timeseries (name, si_unit, thing_uuid, created_by)
    SELECT s.name, 'C', id('boiler'), u.uuid FROM (VALUES ('two', 'anna'), ('One', 'anna'), ('three', 'bert'), ('four', NULL)) AS s (name, owner)
    LEFT JOIN selfhost.user_account u ON u.name = s.owner;
SELECT names(rows(selfhost.list_thing_timeseries(id('boiler')))) FROM :root;
-- Only the series that the caller may read.
SELECT try('anna', $$list_thing_timeseries(id('boiler'))$$);
SELECT names(rows(selfhost.list_thing_timeseries(id('boiler'), "limit" => 2, "offset" => 1))) FROM :root;
SELECT show(headers(selfhost.list_thing_timeseries(id('boiler'), "limit" => 2, "offset" => 1, count => true))),
       headers(selfhost.list_thing_timeseries(id('boiler'), count => true)), headers(selfhost.list_thing_timeseries(id('boiler'))) FROM :root;
SELECT show(headers(selfhost.list_thing_timeseries(id('boiler'), "limit" => 1, count => true))),
       headers(selfhost.list_thing_timeseries(id('boiler'), "limit" => 2, count => true)) FROM :anna;
SELECT try('bert', $$list_thing_timeseries(id('boiler'))$$);
SELECT try('root', $$list_thing_timeseries('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$list_thing_timeseries(id('by the owner'))$$);

-- ---- deletion: series stay, without the thing ----

SELECT try('bert', $$delete_thing(id('boiler'))$$);
SELECT try('root', $$delete_thing('99999999-0000-4000-8000-000000000000')$$);
SELECT try('anna', $$delete_thing(id('boiler'))$$);
SELECT name, thing_uuid IS NULL AS unlinked FROM selfhost.timeseries ORDER BY name COLLATE "C";
-- The creator is gone: his things have none, and he has no right by them.
SELECT try('root', $$delete_user((SELECT uuid FROM selfhost.user_account WHERE name = 'anna'))$$);
SELECT try('root', $$get_thing(id('Attic'))$$);

-- ---- SQL users: the tables show what they may read ----

CREATE ROLE regress_things_user IN ROLE selfhost_sql;
INSERT INTO selfhost.role_user SELECT 'regress_things_user', uuid FROM selfhost.user_account WHERE name = 'bert';
SELECT grant_policy('bert', 'allow', 'create', 'timeseries');
SET ROLE regress_things_user;
SELECT name FROM selfhost.thing ORDER BY name;
SELECT name FROM selfhost.timeseries ORDER BY name COLLATE "C";
SELECT name FROM selfhost.user_account;
SELECT name FROM selfhost.user_group;
SELECT count(*) FROM selfhost.membership;
SELECT count(*) FROM selfhost.policy;
SELECT * FROM selfhost.token;
SELECT * FROM selfhost.token_use;
SELECT * FROM selfhost._thing_json;
UPDATE selfhost.thing SET name = 'stolen';
DELETE FROM selfhost.timeseries;
SELECT selfhost._refuse('42501', 'x');
SELECT selfhost.create_thing('{"name":"made by SQL"}') ->> 'name';
SELECT name, created_by = (selfhost.get_me() ->> 'uuid')::uuid AS mine FROM selfhost.thing ORDER BY name;
RESET ROLE;
DELETE FROM selfhost.role_user;
SET ROLE regress_things_user;
SELECT name FROM selfhost.thing;
RESET ROLE;
DROP ROLE regress_things_user;

\c selfhost_regress
DROP DATABASE regress_things;
