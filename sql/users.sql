-- Users and their tokens: bodies, rights, the root group's protection. In a database of its own.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE DATABASE regress_users;
\c regress_users
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION selfhost;
SELECT count(*) FROM selfhost.init();
CREATE SCHEMA t;
SET search_path = t, public;

-- Random uuids by the names of what they belong to.
CREATE FUNCTION show(answer text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    shown text := answer;
    known record;
BEGIN
    FOR known IN SELECT uuid, 'user ' || name AS name FROM selfhost.user_account
                 UNION ALL SELECT uuid, 'group ' || name FROM selfhost.user_group
                 WHERE uuid::text NOT LIKE '00000000-0000-1000-8000-%'
                 UNION ALL SELECT uuid, 'token ' || name FROM selfhost.token
                 UNION ALL SELECT uuid, 'policy' FROM selfhost.policy LOOP
        shown := replace(shown, known.uuid::text, known.name);
    END LOOP;
    RETURN regexp_replace(regexp_replace(shown, 'secret-token\.[0-9A-Za-z]{27,}', 'secret-token.…'),
                          '"created":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z"', '"created":"…"', 'g');
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
CREATE FUNCTION id(wanted text) RETURNS uuid LANGUAGE sql AS
    $$ SELECT uuid FROM selfhost.user_account WHERE name = wanted $$;
CREATE FUNCTION token_id(wanted text) RETURNS uuid LANGUAGE sql AS
    $$ SELECT uuid FROM selfhost.token WHERE name = wanted $$;
CREATE FUNCTION group_id(wanted text) RETURNS uuid LANGUAGE sql AS
    $$ SELECT uuid FROM selfhost.user_group WHERE name = wanted $$;
-- A token whose secret is the user's name.
CREATE FUNCTION give_token(wanted text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.token (user_uuid, name, digest)
        VALUES (t.id(wanted), wanted, sha256(convert_to(wanted, 'UTF8'))) $$;
CREATE FUNCTION allow(wanted text, action text, resource text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        VALUES (t.group_id(wanted), 0, 'allow', action::selfhost.policy_action, resource) $$;
\set root 'selfhost.authenticate(sha256(''root''))'
\set anna 'selfhost.authenticate(sha256(''anna''))'
\set bert 'selfhost.authenticate(sha256(''bert''))'
\set root_group '''00000000-0000-1000-8000-000000000000'''
UPDATE selfhost.token SET digest = sha256('root'), name = 'root token';

-- ---- creation, and the personal group ----

SELECT try('root', $$create_user('{"name":"anna","unknown":1}')$$);
SELECT try('root', $$create_user('{"name":"bert"}')$$);
SELECT give_token('anna'), give_token('bert');
SELECT effect, action, replace(resource, id('anna')::text, '<anna>') AS resource, priority
    FROM selfhost.policy WHERE group_uuid = group_id('anna') ORDER BY 3, 1, 2;
SELECT personal_of = id('anna') AS linked FROM selfhost.user_group WHERE name = 'anna';
SELECT try('root', $$create_user('{"name":"anna"}')$$);
-- The name of a group is taken, too; then there is no half of a user.
SELECT try('root', $$create_user('{"name":"operator"}')$$);
SELECT count(*) FROM selfhost.user_account WHERE name = 'operator';
SELECT try('anna', $$create_user('{"name":"dora"}')$$);

-- ---- bodies ----

SELECT try('root', $$create_user(NULL)$$);
SELECT try('root', $$create_user('[]')$$);
SELECT try('root', $$create_user('"name"')$$);
SELECT try('root', $$create_user('{}')$$);
SELECT try('root', $$create_user('{"name":null}')$$);
SELECT try('root', $$create_user('{"name":1}')$$);
SELECT try('root', $$create_user('{"name":"ab"}')$$);
-- Lengths count characters, not bytes.
SELECT try('root', $$create_user('{"name":"äö"}')$$);
SELECT try('root', $$create_user('{"name":"äöü"}')$$);
SELECT try('root', $$create_user(jsonb_build_object('name', repeat('x', 501)))$$);
-- The right comes before the values, and existence last.
SELECT try('anna', $$create_user('{}')$$);
SELECT try('anna', $$update_user('99999999-0000-4000-8000-000000000000', '{"name":1}')$$);
SELECT try('root', $$update_user('99999999-0000-4000-8000-000000000000', '{"name":1}')$$);
SELECT try('root', $$update_user('99999999-0000-4000-8000-000000000000', '{"name":"none"}')$$);

-- ---- reading ----

SELECT try('anna', $$get_me()$$);
SELECT try('anna', $$get_user(id('anna'))$$);
SELECT try('anna', $$get_user(id('bert'))$$);
SELECT try('root', $$get_user('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$get_user(NULL)$$);
SELECT selfhost.get_me();
SELECT try('anna', $$list_users()$$);
SELECT try('root', $$list_users()$$);
SELECT try('root', $$list_users("limit" => 2)$$);
SELECT try('root', $$list_users("limit" => 2, "offset" => 1)$$);
SELECT try('root', $$list_users("offset" => 10)$$);
SELECT headers(selfhost.list_users("limit" => 2, count => true)), headers(selfhost.list_users("offset" => 1)) FROM :root;
-- A list holds what may be read, and pages through that.
SELECT allow('anna', 'read', 'users');
SELECT try('anna', $$list_users()$$);
SELECT allow('anna', 'read', 'users/' || id('root'));
SELECT try('anna', $$list_users("limit" => 1, "offset" => 1)$$);
SELECT headers(selfhost.list_users("limit" => 1, count => true)) FROM :anna;
SELECT p ->> 'effect', p ->> 'action', show(p ->> 'resource'), show(p ->> 'group_uuid')
    FROM (SELECT json_array_elements(selfhost.list_user_policies(id('bert'))) AS p FROM :bert) AS s ORDER BY 3, 1, 2;
SELECT json_array_length(selfhost.list_user_policies(id('anna'))) FROM :root;
SELECT try('bert', $$list_user_policies(id('anna'))$$);
SELECT try('root', $$list_user_policies('99999999-0000-4000-8000-000000000000')$$);

-- ---- changes ----

SELECT try('anna', $$update_user(id('anna'), '{}')$$);
SELECT try('anna', $$update_user(id('anna'), '{"name":"an"}')$$);
SELECT try('anna', $$update_user(id('anna'), '{"name":null}')$$);
SELECT try('anna', $$update_user(id('anna'), '{"name":"bert"}')$$);
SELECT try('anna', $$update_user(id('anna'), '{"name":"operator"}')$$);
SELECT try('anna', $$update_user(id('anna'), '{"name":"anna b"}')$$);
SELECT try('anna', $$get_me()$$);
-- The personal group may have been named otherwise meanwhile.
SELECT try('root', $$update_group(group_id('anna b'), '{"name":"annas"}')$$);
SELECT try('anna', $$get_me()$$);
SELECT try('anna', $$update_user(id('anna b'), '{"name":"anna"}')$$);
SELECT try('anna', $$get_me()$$);
-- All or nothing: the name stays when the groups are refused.
SELECT try('anna', $$update_user(id('anna'), '{"name":"anna c","groups_add":["00000000-0000-1000-8000-000000000100"]}')$$);
SELECT try('anna', $$get_me()$$);

-- ---- groups: update:groups/<group> is needed for each that changes ----

SELECT try('root', $$update_user(id('bert'), '{"groups_add":["x"]}')$$);
SELECT try('root', $$update_user(id('bert'), '{"groups_add":["00000000000010008000000000000100"]}')$$);
SELECT try('root', $$update_user(id('bert'), '{"groups_add":"00000000-0000-1000-8000-000000000100"}')$$);
SELECT try('root', $$update_user(id('bert'), '{"groups_add":null}')$$);
SELECT try('root', $$update_user(id('bert'), '{"groups":[],"groups_remove":[]}')$$);
SELECT try('root', $$update_user(id('bert'), '{"groups_add":["99999999-0000-4000-8000-000000000000"]}')$$);
SELECT try('root', $$update_user(id('bert'), '{"groups_add":["00000000-0000-1000-8000-000000000100","00000000-0000-1000-8000-000000000100"]}')$$);
SELECT try('root', $$update_user(id('bert'), '{"groups_add":["00000000-0000-1000-8000-000000000101","00000000-0000-1000-8000-000000000100"]}')$$);
SELECT try('root', $$update_user(id('bert'), '{"groups_add":["00000000-0000-1000-8000-000000000100"]}')$$);
SELECT try('bert', $$get_me()$$);
-- To leave and to enter a group in one body.
SELECT try('root', $$update_user(id('bert'), '{"groups_add":["00000000-0000-1000-8000-000000000100"],"groups_remove":["00000000-0000-1000-8000-000000000100","00000000-0000-1000-8000-000000000101","99999999-0000-4000-8000-000000000000"]}')$$);
SELECT try('bert', $$get_me()$$);
-- Nobody helps himself to a group, nor learns whether it exists.
SELECT try('bert', $$update_user(id('bert'), '{"groups_add":["00000000-0000-1000-8000-000000000000"]}')$$);
SELECT try('bert', $$update_user(id('bert'), '{"groups":["00000000-0000-1000-8000-000000000000"]}')$$);
SELECT try('bert', $$update_user(id('bert'), '{"groups_add":["99999999-0000-4000-8000-000000000000"]}')$$);
SELECT try('bert', $$update_user(id('bert'), '{"groups_remove":["00000000-0000-1000-8000-000000000100"]}')$$);
-- What stays needs no right.
SELECT try('bert', $$update_user(id('bert'), json_build_object('groups', json_build_array(group_id('bert'), group_id('operator')))::jsonb)$$);
SELECT try('bert', $$update_user(id('bert'), json_build_object('groups', json_build_array(group_id('bert')))::jsonb)$$);
SELECT allow('bert', 'update', 'groups/' || group_id('operator'));
SELECT try('bert', $$update_user(id('bert'), json_build_object('groups', json_build_array(group_id('bert')))::jsonb)$$);
SELECT try('bert', $$get_me()$$);
-- Rights are those from before the change: he leaves what gave them.
SELECT allow('operator', 'update', 'groups/' || group_id('admin')), allow('operator', 'update', 'groups/' || group_id('operator'));
SELECT try('bert', $$update_user(id('bert'), json_build_object('groups_add', json_build_array(group_id('operator')))::jsonb)$$);
SELECT try('bert', $$update_user(id('bert'), json_build_object('groups_remove', json_build_array(group_id('operator')), 'groups_add', json_build_array(group_id('admin')))::jsonb)$$);
SELECT try('bert', $$get_me()$$);
-- The whole set away: even the personal group is left, and with it all rights.
SELECT try('root', $$update_user(id('bert'), '{"groups":[]}')$$);
SELECT try('root', $$get_user(id('bert'))$$);
SELECT try('bert', $$get_me()$$);
SELECT try('root', $$update_user(id('bert'), json_build_object('groups', json_build_array(group_id('bert')))::jsonb)$$);

-- ---- state ----

SELECT try('root', $$update_user(id('bert'), '{"state":"asleep"}')$$);
SELECT try('root', $$update_user(id('bert'), '{"state":"inactive"}')$$);
SELECT try('bert', $$get_me()$$);
SELECT try('root', $$update_user(id('bert'), '{"state":"active"}')$$);
SELECT try('bert', $$get_me()$$);

-- ---- rate ----

SELECT try('bert', $$set_user_rate(id('bert'), '{"rate":100}')$$);
SELECT try('root', $$set_user_rate(id('bert'), '{"rate":7200.5}')$$);
SELECT rate FROM selfhost.user_account WHERE name = 'bert';
SELECT try('root', $$set_user_rate(id('bert'), '{"rate":0}')$$);
SELECT rate IS NULL AS none_of_his_own FROM selfhost.user_account WHERE name = 'bert';
SELECT try('root', $$set_user_rate(id('bert'), '{"rate":-1}')$$);
SELECT try('root', $$set_user_rate(id('bert'), '{"rate":10000.01}')$$);
SELECT try('root', $$set_user_rate(id('bert'), '{"rate":1e400}')$$);
SELECT try('root', $$set_user_rate(id('bert'), '{"rate":"100"}')$$);
SELECT try('root', $$set_user_rate(id('bert'), '{}')$$);
SELECT try('root', $$set_user_rate('99999999-0000-4000-8000-000000000000', '{"rate":100}')$$);

-- ---- tokens ----

SELECT try('bert', $$create_user_token(id('bert'), '{"name":"first"}')$$);
SELECT selfhost.create_user_token(id('bert'), '{"name":"second"}') ->> 'secret' AS secret FROM :bert \gset
SELECT :'secret' ~ '^secret-token\.[0-9A-Za-z]{27,}$' AS well_formed, name
    FROM selfhost.token WHERE digest = sha256(:'secret');
SELECT try(:'secret', 'get_me()');
SELECT try('bert', $$create_user_token(id('bert'), '{}')$$);
SELECT try('bert', $$create_user_token(id('bert'), '{"name":"ab"}')$$);
SELECT try('bert', $$create_user_token(id('bert'), '{"name":"abc","expires":1}')$$);
SELECT try('bert', $$create_user_token(id('bert'), '{"name":"abc","expires":"tomorrow"}')$$);
SELECT try('bert', $$create_user_token(id('bert'), '{"name":"abc","expires":"2020-01-01T00:00:00Z"}')$$);
SELECT try('bert', $$create_user_token(id('bert'), '{"name":"third","expires":"2999-12-31T23:00:00.25+01:00"}')$$);
SELECT try('bert', $$create_user_token(id('anna'), '{"name":"abc"}')$$);
SELECT try('root', $$create_user_token('99999999-0000-4000-8000-000000000000', '{"name":"abc"}')$$);
INSERT INTO selfhost.token_use SELECT uuid, '2026-01-02T03:04:05.5Z' FROM selfhost.token WHERE name = 'first';
SELECT try('bert', $$list_user_tokens(id('bert'))$$);
SELECT try('bert', $$list_user_tokens(id('anna'))$$);
SELECT try('root', $$list_user_tokens('99999999-0000-4000-8000-000000000000')$$);
SELECT try('bert', $$delete_user_token(id('bert'), token_id('first'))$$);
SELECT try('bert', $$delete_user_token(id('bert'), '99999999-0000-4000-8000-000000000000')$$);
-- Not through another user's path.
SELECT try('bert', $$delete_user_token(id('bert'), token_id('anna'))$$);
SELECT name FROM selfhost.token ORDER BY name;

-- ---- the root group: only its members may change its members and their tokens ----

SELECT allow('bert', 'create', 'users/%'), allow('bert', 'update', 'users/%'), allow('bert', 'delete', 'users/%'), allow('bert', 'read', 'users/%');
SELECT try('bert', $$create_user_token(id('root'), '{"name":"mine"}')$$);
SELECT try('bert', $$delete_user_token(id('root'), token_id('root token'))$$);
SELECT try('bert', $$update_user(id('root'), '{"name":"toor"}')$$);
SELECT try('bert', $$update_user(id('root'), '{}')$$);
SELECT try('bert', $$set_user_rate(id('root'), '{"rate":1}')$$);
SELECT try('bert', $$delete_user(id('root'))$$);
SELECT try('root', $$update_user(id('anna'), json_build_object('groups_add', json_build_array('00000000-0000-1000-8000-000000000000'))::jsonb)$$);
SELECT try('bert', $$delete_user(id('anna'))$$);
SELECT try('bert', $$get_user(id('anna'))$$);
SELECT try('anna', $$set_user_rate(id('root'), '{"rate":0}')$$);

-- ---- the last of the root group ----

SELECT try('root', $$delete_user(id('root'))$$);
SELECT try('root', $$update_user(id('anna'), json_build_object('groups_remove', json_build_array('00000000-0000-1000-8000-000000000000'))::jsonb)$$);
SELECT try('root', $$update_user(id('root'), '{"groups":[]}')$$);
SELECT try('root', $$update_user(id('root'), json_build_object('groups_remove', json_build_array('00000000-0000-1000-8000-000000000000'))::jsonb)$$);
SELECT try('root', $$update_user(id('root'), '{"state":"inactive"}')$$);
SELECT try('root', $$delete_user_token(id('root'), token_id('root token'))$$);
-- A token that does not work (any more) does not count.
SELECT try('root', $$create_user_token(id('root'), '{"name":"old one"}')$$);
UPDATE selfhost.token SET expires = '2020-01-01Z' WHERE name = 'old one';
SELECT try('root', $$delete_user_token(id('root'), token_id('root token'))$$);
-- Nor that of an inactive member.
SELECT try('root', $$update_user(id('anna'), json_build_object('state', 'inactive', 'groups_add', json_build_array('00000000-0000-1000-8000-000000000000'))::jsonb)$$);
SELECT try('root', $$delete_user_token(id('root'), token_id('root token'))$$);
SELECT try('root', $$update_user(id('root'), '{"state":"archived"}')$$);
SELECT try('root', $$delete_user_token(id('root'), token_id('old one'))$$);
-- With another member who can log in, all of it goes.
SELECT try('root', $$update_user(id('anna'), '{"state":"active"}')$$);
SELECT try('anna', $$delete_user_token(id('root'), token_id('root token'))$$);
SELECT try('anna', $$update_user(id('root'), '{"state":"inactive"}')$$);
SELECT try('anna', $$delete_user(id('anna'))$$);
SELECT try('anna', $$update_user(id('anna'), '{"groups":[]}')$$);
SELECT try('anna', $$update_user(id('root'), '{"groups":[]}')$$);
SELECT try('anna', $$delete_user(id('root'))$$);
SELECT try('anna', $$delete_user(id('anna'))$$);
SELECT u.name, g.name FROM selfhost.membership m JOIN selfhost.user_account u ON u.uuid = m.user_uuid
    JOIN selfhost.user_group g ON g.uuid = m.group_uuid ORDER BY 1, 2;
SELECT try('anna', $$update_user(id('root'), json_build_object('state', 'active', 'groups', json_build_array('00000000-0000-1000-8000-000000000000'))::jsonb)$$);
SELECT give_token('root');

-- ---- deletion: the personal group and the tokens go too, what he created stays ----

SELECT allow('bert', 'create', 'things');
SELECT (selfhost.create_thing('{"name":"of bert"}') ->> 'created_by')::uuid = id('bert') AS his FROM :bert;
SELECT try('root', $$delete_user('99999999-0000-4000-8000-000000000000')$$);
SELECT count(*) FROM selfhost.policy WHERE group_uuid = group_id('bert') \gset before_
SELECT :before_count > 10 AS he_had_policies, id('bert') AS bert_uuid, group_id('bert') AS bert_group \gset
\echo :he_had_policies
SELECT try('bert', $$delete_user(id('bert'))$$);
SELECT (SELECT count(*) FROM selfhost.user_group WHERE name = 'bert') AS groups,
       (SELECT count(*) FROM selfhost.token WHERE user_uuid = :'bert_uuid') AS tokens,
       (SELECT count(*) FROM selfhost.policy WHERE group_uuid = :'bert_group') AS policies;
SELECT try('bert', $$get_me()$$);
SELECT rows(selfhost.list_things())::jsonb -> 0 ->> 'created_by' FROM :root;

-- What a personal group denies to another member does not end with the user.
SELECT try('root', $$create_user('{"name":"cara"}')$$);
SELECT try('root', $$create_user('{"name":"dora"}')$$);
SELECT give_token('cara');
INSERT INTO selfhost.membership VALUES (id('dora'), group_id('cara'));
INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource) VALUES (group_id('cara'), 0, 'deny', 'read', 'things/secret');
SELECT selfhost.delete_user(id('cara')) FROM selfhost.authenticate(sha256('cara'));
SELECT try('root', $$delete_user(id('cara'))$$);

\c selfhost_regress
DROP DATABASE regress_users;
