-- Programs and revisions of their code: bodies, ownership, numbers, signatures, diffs. In a database of
-- its own.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE DATABASE regress_programs;
\c regress_programs
SET client_min_messages = warning;
CREATE EXTENSION selfhost;
SELECT count(*) FROM selfhost.init();
CREATE SCHEMA t;
SET search_path = t, public;

CREATE FUNCTION show(answer text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    shown text := regexp_replace(answer, '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z', '<time>', 'g');
    known record;
BEGIN
    FOR known IN SELECT uuid, 'user ' || name AS name FROM selfhost.user_account
                 UNION ALL SELECT uuid, 'program ' || name FROM selfhost.program LOOP
        shown := replace(shown, known.uuid::text, known.name);
    END LOOP;
    RETURN shown;
END
$$;
CREATE FUNCTION refusal(state text, message text, mark text) RETURNS text LANGUAGE sql AS $$
    SELECT t.show(state || ' ' || message || CASE mark WHEN 'selfhost' THEN '' ELSE ' (unmarked)' END) $$;
-- The rows of a list.
CREATE FUNCTION rows(answer selfhost.http_response) RETURNS json LANGUAGE sql AS
    $$ SELECT rtrim(convert_from((answer).body, 'UTF8'), E'\n')::json $$;
CREATE FUNCTION headers(answer selfhost.http_response) RETURNS text LANGUAGE sql AS
    $$ SELECT array_to_string((answer).headers, ', ') $$;
-- What the user is answered, or refused.
CREATE FUNCTION try(who text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text := 'no such token';
    mark   text;
BEGIN
    EXECUTE format('SELECT selfhost.%s FROM selfhost.authenticate(sha256(%L))', call, who) INTO answer;
    RETURN CASE answer WHEN '' THEN 'done' ELSE t.show(coalesce(answer, 'no such token')) END;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS mark = SCHEMA_NAME;
    RETURN t.refusal(SQLSTATE, SQLERRM, mark);
END
$$;
-- The same of an operation that chooses its status: status, type, body.
CREATE FUNCTION ask(who text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer selfhost.http_response;
    mark   text;
BEGIN
    EXECUTE format('SELECT (s.r).* FROM (SELECT selfhost.%s AS r FROM selfhost.authenticate(sha256(%L)) OFFSET 0) AS s', call, who)
        INTO answer;
    RETURN t.show(answer.status || ' ' || answer.content_type || ' ' || convert_from(answer.body, 'UTF8'));
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS mark = SCHEMA_NAME;
    RETURN t.refusal(SQLSTATE, SQLERRM, mark);
END
$$;
CREATE FUNCTION names(answer json) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(e ->> 'name', ', ' ORDER BY o), '-')
    FROM json_array_elements(answer) WITH ORDINALITY AS a (e, o) $$;
CREATE FUNCTION id(wanted text) RETURNS uuid LANGUAGE sql AS
    $$ SELECT uuid FROM selfhost.program WHERE name = wanted $$;
CREATE FUNCTION body(change jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT '{"name":"x","type":"routine","state":"active","schedule":"@hourly","deadline":1000,"language":"tengo"}'::jsonb || change $$;
CREATE FUNCTION grant_policy(who text, effect text, action text, resource text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        SELECT uuid, 1, effect::selfhost.policy_effect, action::selfhost.policy_action, resource
        FROM selfhost.user_group WHERE name = who $$;
\set root 'selfhost.authenticate(sha256(''root''))'
\set anna 'selfhost.authenticate(sha256(''anna''))'
\set bert 'selfhost.authenticate(sha256(''bert''))'
UPDATE selfhost.token SET digest = sha256('root');
SELECT count(selfhost.create_user(json_build_object('name', name)::jsonb)) FROM unnest(ARRAY['anna', 'bert']) AS u (name);
INSERT INTO selfhost.token (user_uuid, name, digest)
    SELECT uuid, 'token', sha256(name::bytea) FROM selfhost.user_account WHERE name IN ('anna', 'bert');

-- ---- creation ----

SELECT try('anna', $$create_program(body('{}'))$$);
SELECT grant_policy(u, 'allow', 'create', 'programs'), grant_policy(u, 'allow', 'read', 'programs') FROM unnest(ARRAY['anna', 'bert']) u;
SELECT try('anna', $$create_program(body('{"name":"report","tags":["daily","b"],"schedule":"TZ=Europe/Stockholm 0 30 6 * * mon-fri"}'))$$);
SELECT try('anna', $$create_program(body('{"name":"hook","type":"webhook","language":"lua","deadline":3600000,"state":"inactive"}'))$$);
SELECT try('root', $$create_program(body('{"name":"","type":"module","deadline":1,"state":"failed"}'))$$);
SELECT try('root', format('create_program(body(%L) - %L)', '{}', key)) FROM jsonb_object_keys(body('{}')) AS key ORDER BY key COLLATE "C";
SELECT change, try('root', format('create_program(body(%L))', change)) FROM unnest(ARRAY[
    '{"type":"script"}', '{"state":"running"}', '{"language":"python"}', '{"language":null}', '{"tags":null}', '{"tags":"a"}',
    '{"deadline":0}', '{"deadline":-5}', '{"deadline":3600001}', '{"deadline":1.5}', '{"deadline":5e9}', '{"deadline":"1s"}',
    '{"schedule":""}', '{"schedule":"1m"}', '{"schedule":"0s"}', '{"schedule":"0 0 * * *"}', '{"schedule":"TZ=Nowhere/Land @daily"}',
    '{"type":"module","schedule":"nonsense"}', '{"name":5}']) AS c (change);
SELECT try('root', $$create_program(body(jsonb_build_object('schedule', repeat(' ', 2001))))$$);
SELECT count(*) FROM selfhost.program;

-- ---- reading and lists ----

SELECT try('anna', $$get_program(id('report'))$$);
SELECT try('bert', $$get_program(id('report'))$$);
SELECT try('root', $$get_program('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$get_program(NULL)$$);
SELECT names(rows(selfhost.list_programs())) FROM :root;
SELECT names(rows(selfhost.list_programs())) FROM :anna;
SELECT names(rows(selfhost.list_programs())) FROM :bert;
SELECT names(rows(selfhost.list_programs("limit" => 1, "offset" => 1))) FROM :root;
SELECT names(rows(selfhost.list_programs(tags => ARRAY['daily', 'z']))), names(rows(selfhost.list_programs(tags => ARRAY['z']))) FROM :anna;
SELECT headers(selfhost.list_programs("limit" => 1, tags => ARRAY['daily', 'z'], count => true)), headers(selfhost.list_programs(count => true)) FROM :anna;

-- ---- changes ----

SELECT try('anna', $$update_program(id('report'), '{}')$$);
SELECT try('anna', $$update_program(id('report'), '{"state":"inactive","deadline":5,"schedule":"@every 1m","language":"lua","tags":[],"type":"module"}')$$);
SELECT try('anna', $$get_program(id('report'))$$);
SELECT try('anna', $$update_program(id('report'), '{"state":"active","schedule":"0 0 * * *"}')$$);
SELECT try('anna', $$update_program(id('report'), '{"schedule":null}')$$);
SELECT try('anna', $$update_program(id('report'), '{"deadline":0}')$$);
SELECT try('bert', $$update_program(id('report'), '{}')$$);
SELECT try('root', $$update_program('99999999-0000-4000-8000-000000000000', '{}')$$);

-- ---- revisions ----

SELECT try('anna', $$list_program_revisions(id('report'))$$);
SELECT ask('anna', $$get_program_code(id('report'))$$);
SELECT ask('anna', $$diff_program_revisions(id('report'), -1, -1)$$);
SELECT ask('anna', $$upload_program_code(id('report'), body => convert_to(E'a := 1\nb := 2\n', 'UTF8'))$$);
SELECT ask('root', $$upload_program_code(id('report'), "check" => false, body => convert_to(E'a := 1\nb := 3\nc := 4\n', 'UTF8'))$$);
SELECT ask('anna', $$upload_program_code(id('report'))$$);
-- Bytes are bytes.
SELECT ask('anna', $$upload_program_code(id('report'), body => '\x00ff0a')$$);
SELECT ask('bert', $$upload_program_code(id('report'), body => 'x')$$);
SELECT ask('root', $$upload_program_code('99999999-0000-4000-8000-000000000000', body => 'x')$$);
SELECT ask('anna', $$upload_program_code(id('report'), body => convert_to(repeat('x', 1048577), 'UTF8'))$$);
-- Nothing can check it; nothing is stored.
SELECT ask('anna', $$upload_program_code(id('report'), "check" => true, body => 'x')$$);
SELECT ask('root', $$upload_program_code('99999999-0000-4000-8000-000000000000', "check" => true, body => 'x')$$);
SELECT revision, octet_length(code), checksum = sha256(code) AS sum FROM selfhost.program_revision ORDER BY revision;
-- The rights are on the parts.
SELECT ask('bert', $$get_program_code(id('report'))$$);
SELECT ask('bert', $$diff_program_revisions(id('report'), 0, 1)$$);
SELECT try('bert', $$list_program_revisions(id('report'))$$);
SELECT try('bert', $$sign_program_revision(id('report'), 0)$$);
SELECT try('bert', $$delete_program_revision(id('report'), 0)$$);
SELECT grant_policy('bert', 'allow', 'read', 'programs/%/revisions/diff'), grant_policy('bert', 'allow', 'update', 'programs/%/revisions/1');
SELECT ask('bert', $$diff_program_revisions(id('report'), 0, 1)$$);
SELECT try('bert', $$sign_program_revision(id('report'), 0)$$);
SELECT try('bert', $$sign_program_revision(id('report'), 1)$$);

-- ---- diffs: names of both revisions, the numbers behind -1 ----

SELECT ask('anna', $$diff_program_revisions(id('report'), 0, 0)$$);
SELECT ask('anna', $$diff_program_revisions(id('report'), 2, 0)$$);
SELECT (s.r).body FROM (SELECT selfhost.diff_program_revisions(id('report'), 2, -1) AS r FROM :anna OFFSET 0) AS s WHERE length((s.r).body) = 0;
SELECT length((s.r).body) FROM (SELECT selfhost.diff_program_revisions(id('report'), 2, -1) AS r FROM :anna OFFSET 0) AS s;
SELECT ask('anna', $$diff_program_revisions(id('report'), 0, 9)$$);
SELECT ask('anna', $$diff_program_revisions(id('report'), -2, 9)$$);
SELECT ask('anna', $$diff_program_revisions(id('report'), 0, NULL)$$);
SELECT ask('root', $$diff_program_revisions('99999999-0000-4000-8000-000000000000', 0, 0)$$);

-- ---- signatures: the first one stays ----

SELECT ask('anna', $$get_program_code(id('report'))$$);
SELECT try('anna', $$sign_program_revision(id('report'), 1)$$);
SELECT try('anna', $$sign_program_revision(id('report'), 0)$$);
SELECT u.name, v.revision FROM selfhost.program_revision v JOIN selfhost.user_account u ON u.uuid = v.signed_by ORDER BY revision;
SELECT ask('anna', $$get_program_code(id('report'))$$);
SELECT try('anna', $$list_program_revisions(id('report'))$$);
SELECT try('anna', $$sign_program_revision(id('report'), 9)$$);
SELECT try('anna', $$sign_program_revision(id('report'), NULL)$$);
SELECT try('root', $$sign_program_revision('99999999-0000-4000-8000-000000000000', 0)$$);
-- Four eyes.
SET selfhost.four_eyes = on;
SELECT try('anna', $$sign_program_revision(id('report'), 2)$$);
SELECT try('anna', $$sign_program_revision(id('report'), 0)$$);
SELECT try('root', $$sign_program_revision(id('report'), 2)$$);
RESET selfhost.four_eyes;
SELECT ask('anna', $$get_program_code(id('report'))$$);

-- ---- deletion: of a signed revision a row without code stays; numbers never come again ----

SELECT try('anna', $$delete_program_revision(id('report'), 3)$$);
SELECT try('anna', $$delete_program_revision(id('report'), 3)$$);
SELECT try('root', $$delete_program_revision(id('report'), 2)$$);
SELECT try('root', $$delete_program_revision(id('report'), 2)$$);
SELECT try('root', $$sign_program_revision(id('report'), 2)$$);
SELECT ask('root', $$diff_program_revisions(id('report'), 0, 2)$$);
SELECT ask('root', $$diff_program_revisions(id('report'), -1, -1)$$);
SELECT ask('anna', $$get_program_code(id('report'))$$);
SELECT ask('anna', $$upload_program_code(id('report'), body => 'again')$$);
SELECT revision, code IS NULL AS gone, signed IS NOT NULL AS signed, s.name, d.name FROM selfhost.program_revision v
    LEFT JOIN selfhost.user_account s ON s.uuid = v.signed_by LEFT JOIN selfhost.user_account d ON d.uuid = v.deleted_by ORDER BY revision;
SELECT json_array_length(selfhost.list_program_revisions(id('report'))) FROM :anna;

-- ---- webhooks: there is nobody to run them ----

SELECT ask('anna', $$call_program_webhook(id('hook'), 'x')$$);
SELECT ask('anna', $$upload_program_code(id('hook'), body => 'x')$$) LIKE '201 %';
SELECT try('anna', $$update_program(id('hook'), '{"state":"active"}')$$);
SELECT ask('anna', $$get_program_webhook(id('hook'))$$);
SELECT try('anna', $$sign_program_revision(id('hook'), 0)$$);
SELECT ask('anna', $$get_program_webhook(id('hook'))$$);
SELECT ask('anna', $$call_program_webhook(id('hook'), 'x')$$);
SELECT ask('anna', $$call_program_webhook(id('report'))$$);
SELECT ask('bert', $$call_program_webhook(id('hook'))$$);
SELECT ask('bert', $$get_program_webhook(id('hook'))$$);
SELECT ask('root', $$get_program_webhook('99999999-0000-4000-8000-000000000000')$$);
SELECT try('anna', $$delete_program_revision(id('hook'), 0)$$);
SELECT ask('anna', $$call_program_webhook(id('hook'))$$);

-- ---- who is gone is the zero UUID ----

SELECT try('root', $$delete_user((SELECT uuid FROM selfhost.user_account WHERE name = 'bert'))$$);
SELECT try('root', $$delete_user((SELECT uuid FROM selfhost.user_account WHERE name = 'anna'))$$);
SELECT e ->> 'revision', show(e ->> 'created_by'), show(e ->> 'signed_by') FROM :root, json_array_elements(selfhost.list_program_revisions(id('report'))) e;
SELECT show(selfhost.get_program(id('report')) ->> 'uuid') FROM :root;

-- ---- deletion of a program ----

SELECT try('root', $$delete_program(id('report'))$$);
SELECT try('root', $$delete_program('99999999-0000-4000-8000-000000000000')$$);
SELECT count(*) FROM selfhost.program_revision WHERE program_uuid NOT IN (SELECT uuid FROM selfhost.program);

-- ---- SQL users: the programs that they may read, not their code ----

CREATE ROLE regress_programs_user IN ROLE selfhost_sql;
SELECT count(selfhost.create_user('{"name":"carl"}'));
INSERT INTO selfhost.role_user SELECT 'regress_programs_user', uuid FROM selfhost.user_account WHERE name = 'carl';
SET ROLE regress_programs_user;
SELECT count(*) FROM selfhost.program;
RESET ROLE;
SELECT grant_policy('carl', 'allow', 'read', 'programs/' || id('hook'));
SET ROLE regress_programs_user;
SELECT name, type, state FROM selfhost.program;
SELECT count(*) FROM selfhost.program_revision;
UPDATE selfhost.program SET name = 'stolen';
SELECT * FROM selfhost._program_json;
SET selfhost.four_eyes = off;
SELECT count(*) FROM selfhost.schedule_next('@hourly');
RESET ROLE;
DROP ROLE regress_programs_user;

\c selfhost_regress
DROP DATABASE regress_programs;
