-- Groups and policies: nobody gives, takes or denies what he does not hold. In a database of its own.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE DATABASE regress_groups;
\c regress_groups
SET client_min_messages = warning;
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
                 UNION ALL SELECT uuid, 'policy' FROM selfhost.policy LOOP
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
CREATE FUNCTION id(wanted text) RETURNS uuid LANGUAGE sql AS
    $$ SELECT uuid FROM selfhost.user_group WHERE name = wanted $$;
CREATE FUNCTION policy_id(wanted text) RETURNS uuid LANGUAGE sql AS
    $$ SELECT uuid FROM selfhost.policy WHERE resource = wanted $$;
CREATE FUNCTION body(in_group text, effect text, action text, resource text, priority integer = 0)
    RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('group_uuid', t.id(in_group), 'priority', priority, 'effect', effect,
                              'action', action, 'resource', resource) $$;
CREATE FUNCTION allow(in_group text, action text, resource text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        VALUES (t.id(in_group), 9, 'allow', action::selfhost.policy_action, resource) $$;
\set root 'selfhost.authenticate(sha256(''root''))'
\set anna 'selfhost.authenticate(sha256(''anna''))'
\set root_group '''00000000-0000-1000-8000-000000000000'''
\set nowhere '''99999999-0000-4000-8000-000000000000'''
UPDATE selfhost.token SET digest = sha256('root');
SELECT count(*) FROM (SELECT selfhost.create_user('{"name":"anna"}') FROM :root) AS u;
INSERT INTO selfhost.token (user_uuid, name, digest)
    SELECT uuid, 'token', sha256('anna') FROM selfhost.user_account WHERE name = 'anna';

-- ---- groups ----

SELECT try('root', $$list_groups()$$);
SELECT try('root', $$create_group('{"name":"caretakers"}')$$);
SELECT try('root', $$create_group('{"name":"caretakers"}')$$);
SELECT try('anna', $$create_group('{"name":"abc"}')$$);
SELECT try('root', $$create_group('{"name":"ab"}')$$);
SELECT try('root', $$create_group('{}')$$);
SELECT try('root', $$get_group(id('caretakers'))$$);
SELECT try('root', $$get_group('99999999-0000-4000-8000-000000000000')$$);
SELECT try('anna', $$get_group('00000000-0000-1000-8000-000000000000')$$);
SELECT try('root', $$update_group(id('caretakers'), '{}')$$);
SELECT try('root', $$update_group(id('caretakers'), '{"name":"ab"}')$$);
SELECT try('root', $$update_group(id('caretakers'), '{"name":"root"}')$$);
SELECT try('root', $$update_group('99999999-0000-4000-8000-000000000000', '{"name":"none"}')$$);
SELECT try('anna', $$update_group('00000000-0000-1000-8000-000000000000', '{"name":"none"}')$$);
SELECT try('root', $$update_group(id('caretakers'), '{"name":"keepers"}')$$);
SELECT try('root', $$list_groups("limit" => 2, "offset" => 3)$$);
SELECT headers(selfhost.list_groups("limit" => 2, "offset" => 3, count => true)), headers(selfhost.list_groups()) FROM :root;
SELECT try('anna', $$list_groups()$$);
SELECT allow('anna', 'read', 'groups'), allow('anna', 'read', 'groups/' || id('keepers'));
SELECT try('anna', $$list_groups()$$);
SELECT try('root', $$delete_group('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$delete_group('00000000-0000-1000-8000-000000000000')$$);
SELECT try('anna', $$delete_group('00000000-0000-1000-8000-000000000000')$$);

-- ---- policies: bodies ----

SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'things/%', 2))$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'things/%', 2))$$);
SELECT try('root', $$create_policy('{}')$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'x') - 'priority')$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'x') || '{"priority":0.5}')$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'x') || '{"priority":2147483648}')$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'x') || '{"priority":"1"}')$$);
SELECT try('root', $$create_policy(body('keepers', 'permit', 'read', 'x'))$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'write', 'x'))$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', ''))$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', repeat('x', 501)))$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'x\'))$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'x\\\'))$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'x\\'))$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'x') || '{"group_uuid":"{99999999-0000-4000-8000-000000000000}"}')$$);
SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'x') || jsonb_build_object('group_uuid', '99999999-0000-4000-8000-000000000000'))$$);
-- Letter case does not matter.
SELECT try('root', $$create_policy(body('keepers', 'allow', 'update', 'things/%', 2) || jsonb_build_object('group_uuid', upper(id('keepers')::text)))$$);
SELECT try('anna', $$create_policy('{}')$$);

-- ---- policies: reading ----

SELECT try('root', $$get_policy(policy_id('x\\'))$$);
SELECT try('root', $$get_policy('99999999-0000-4000-8000-000000000000')$$);
SELECT try('anna', $$get_policy('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$create_policy(body('keepers', 'deny', 'read', 'things/%', -1))$$);
SELECT try('root', $$list_policies(group_uuids => ARRAY[id('keepers'), id('things')])$$);
SELECT try('root', $$list_policies("limit" => 2, "offset" => 1, group_uuids => ARRAY[id('keepers')])$$);
SELECT try('root', $$list_policies(group_uuids => ARRAY['99999999-0000-4000-8000-000000000000']::uuid[])$$);
SELECT json_array_length(rows(selfhost.list_policies("limit" => 1000))) = (SELECT count(*) FROM selfhost.policy) AS all_of_them FROM :root;
SELECT json_array_length(rows(selfhost.list_policies())) FROM :root;
SELECT (regexp_match(headers(selfhost.list_policies(count => true)), '^(Link: .*, X-Total-Count: )(\d+)$'))[1],
       (regexp_match(headers(selfhost.list_policies(count => true)), '\d+$'))[1]::bigint = (SELECT count(*) FROM selfhost.policy) AS all_of_them FROM :root;
SELECT show(headers(selfhost.list_policies("limit" => 1, group_uuids => ARRAY[id('keepers'), id('things')], count => true))) FROM :root;
SELECT try('anna', $$list_policies()$$);
SELECT json_agg(p -> 'priority') FROM (SELECT json_array_elements(selfhost.list_group_policies(id('keepers'))) AS p FROM :root) AS s;
SELECT try('root', $$list_group_policies('99999999-0000-4000-8000-000000000000')$$);
SELECT try('anna', $$list_group_policies(id('root'))$$);

-- ---- no escalation ----

SELECT allow('anna', 'create', 'policies'), allow('anna', 'update', 'policies/%'), allow('anna', 'delete', 'policies/%'),
       allow('anna', 'read', 'things/%');
-- All that the pattern matches must be held: part of it, or another action, is not enough.
SELECT try('anna', $$create_policy(body('admin', 'allow', 'read', 'things/1'))$$);
SELECT try('anna', $$create_policy(body('admin', 'allow', 'read', 'things/%/datasets'))$$);
SELECT try('anna', $$create_policy(body('admin', 'allow', 'read', 'things%'))$$);
SELECT try('anna', $$create_policy(body('admin', 'allow', 'read', '%'))$$);
SELECT try('anna', $$create_policy(body('admin', 'allow', 'update', 'things/1'))$$);
SELECT try('anna', $$create_policy(body('admin', 'allow', 'read', 'things/1') || jsonb_build_object('group_uuid', '99999999-0000-4000-8000-000000000000'))$$);
SELECT try('anna', $$update_policy(policy_id('things/1'), '{"resource":"things/2"}')$$);
SELECT try('anna', $$update_policy(policy_id('things/2'), '{"resource":"%"}')$$);
SELECT try('anna', $$update_policy(policy_id('things/2'), '{"action":"delete"}')$$);
-- What it said before must be held, too.
SELECT try('anna', $$update_policy(policy_id('x\\'), '{"resource":"things/3"}')$$);
SELECT try('anna', $$update_policy(policy_id('x\\'), '{"priority":1}')$$);
SELECT try('anna', $$update_policy(policy_id('x\\'), '{}')$$);
-- To take a right away takes only the right to delete the policy.
SELECT try('anna', $$delete_policy(policy_id('x\\'))$$);

-- ---- denials also need the right to update their group ----

SELECT try('anna', $$create_policy(body('admin', 'deny', 'read', 'things/4'))$$);
SELECT try('anna', $$update_policy(policy_id('things/2'), '{"effect":"deny"}')$$);
SELECT allow('anna', 'update', 'groups/' || id('admin'));
SELECT try('anna', $$create_policy(body('admin', 'deny', 'read', 'things/4'))$$);
SELECT try('anna', $$create_policy(body('admin', 'deny', 'update', 'things/4'))$$);
SELECT try('anna', $$update_policy(policy_id('things/4'), '{"priority":3}')$$);
SELECT try('anna', $$update_policy(policy_id('things/4'), jsonb_build_object('group_uuid', id('operator')))$$);
-- Whom it hits cannot end it, neither with the policy nor with its group.
SELECT try('root', $$update_user((SELECT uuid FROM selfhost.user_account WHERE name = 'anna'), jsonb_build_object('groups_add', jsonb_build_array(id('admin'))))$$);
SELECT try('anna', $$delete_policy(policy_id('things/4'))$$);
SELECT try('anna', $$update_policy(policy_id('things/4'), '{"effect":"allow"}')$$);
SELECT allow('anna', 'delete', 'groups/%');
SELECT try('anna', $$delete_group(id('admin'))$$);
SELECT try('anna', $$create_policy(body('operator', 'allow', 'read', 'things/%'))$$);
SELECT try('root', $$delete_policy(policy_id('things/4'))$$);
SELECT try('anna', $$delete_group(id('admin'))$$);
SELECT count(*) FROM selfhost.policy WHERE resource = 'things/2';
-- The root group is not denied anything.
SELECT try('root', $$create_policy(body('root', 'deny', 'read', 'things/%'))$$);
SELECT try('root', $$update_policy((SELECT uuid FROM selfhost.policy WHERE group_uuid = id('root') AND action = 'read'), '{"effect":"deny"}')$$);
SELECT try('root', $$update_policy(policy_id('things'), '{"effect":"deny"}')$$);

-- ---- changes ----

SELECT try('root', $$create_policy(body('keepers', 'allow', 'read', 'changed'))$$);
SELECT try('root', $$update_policy(policy_id('changed'), '{}')$$);
SELECT try('root', $$update_policy(policy_id('changed'), '{"priority":null}')$$);
SELECT try('root', $$update_policy(policy_id('changed'), '{"resource":""}')$$);
SELECT try('root', $$update_policy(policy_id('changed'), jsonb_build_object('group_uuid', '99999999-0000-4000-8000-000000000000'))$$);
SELECT try('root', $$update_policy('99999999-0000-4000-8000-000000000000', '{"priority":1}')$$);
SELECT try('root', $$update_policy('99999999-0000-4000-8000-000000000000', '{"priority":"1"}')$$);
SELECT try('root', $$update_policy(policy_id('changed'), jsonb_build_object('group_uuid', id('operator'), 'priority', -5, 'effect', 'deny', 'action', 'delete', 'resource', 'chan_ed'))$$);
SELECT try('root', $$get_policy(policy_id('chan_ed'))$$);
SELECT try('root', $$create_policy(body('operator', 'deny', 'delete', 'other', -5))$$);
SELECT try('root', $$update_policy(policy_id('other'), '{"resource":"chan_ed"}')$$);
SELECT try('root', $$delete_policy('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$delete_policy(policy_id('chan_ed'))$$);
SELECT try('root', $$get_policy(policy_id('chan_ed'))$$);

-- The deletion of a group takes its policies along.
SELECT id('operator') AS operator \gset
SELECT try('root', $$delete_group(id('operator'))$$);
SELECT count(*) FROM selfhost.policy WHERE group_uuid = :'operator';

\c selfhost_regress
DROP DATABASE regress_groups;
