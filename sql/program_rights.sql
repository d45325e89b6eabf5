-- What a run of a program may do: what its owner and the signer of its code both may. In a database of its
-- own.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE DATABASE regress_program_rights;
\c regress_program_rights
SET client_min_messages = warning;
CREATE EXTENSION selfhost;
SELECT count(*) FROM selfhost.init();
CREATE SCHEMA t;
SET search_path = t, public;
\set w '''11111111-0000-4000-8000-000000000000'''
UPDATE selfhost.token SET digest = sha256('root');
SELECT count(selfhost.create_user(json_build_object('name', name)::jsonb)) FROM unnest(ARRAY['owner', 'signer']) AS u (name), selfhost.authenticate(sha256('root'));
INSERT INTO selfhost.token (user_uuid, name, digest)
    SELECT uuid, 'token', sha256(name::bytea) FROM selfhost.user_account WHERE name IN ('owner', 'signer');
DELETE FROM selfhost.policy p USING selfhost.user_group g WHERE g.uuid = p.group_uuid AND g.name IN ('owner', 'signer');
CREATE FUNCTION who(wanted text) RETURNS uuid LANGUAGE sql AS $$ SELECT uuid FROM selfhost.user_account WHERE name = wanted $$;
CREATE FUNCTION give(who text, effect text, action text, resource text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        SELECT uuid, 1, effect::selfhost.policy_effect, action::selfhost.policy_action, resource
        FROM selfhost.user_group WHERE name = who $$;
CREATE FUNCTION clear() RETURNS void LANGUAGE sql AS $$
    DELETE FROM selfhost.policy p USING selfhost.user_group g WHERE g.uuid = p.group_uuid AND g.name IN ('owner', 'signer') $$;

-- A run of the owner's program whose code the signer has signed.
INSERT INTO selfhost.program (uuid, name, type, state, schedule, deadline, language, created_by)
    VALUES ('aaaaaaaa-0000-4000-8000-000000000000', 'p', 'routine', 'active', '@hourly', 3600000, 'lua', who('owner'));
INSERT INTO selfhost.program_revision (program_uuid, revision, checksum, code, created_by)
    VALUES ('aaaaaaaa-0000-4000-8000-000000000000', 0, sha256('x'), 'x', who('owner'));
UPDATE selfhost.program_revision SET signed = now(), signed_by = who('signer');
SELECT selfhost.worker_register(:w, 'one', ARRAY['lua'], 1);
INSERT INTO selfhost.program_run (program_uuid, kind, due, deadline) VALUES ('aaaaaaaa-0000-4000-8000-000000000000', 'routine', now(), 1);
SELECT r.owner = who('owner'), r.signer = who('signer') FROM selfhost.worker_claim(:w, 1) c JOIN selfhost.program_run r ON r.id = c.run_id;
SELECT a.owner IS NULL FROM selfhost.authenticate_run(:w, (SELECT id FROM selfhost.program_run)) a;
SELECT id AS run FROM selfhost.program_run \gset
SELECT a.owner = who('owner'), a.signer = who('signer') FROM selfhost.authenticate_run(:w, :run) a;
-- In FROM only, for the statement only.
SELECT selfhost.authenticate_run(:w, :run);
SET ROLE selfhost_worker;
SELECT selfhost.list_timeseries();
RESET ROLE;

-- What the run is answered: the operation's answer, or the refusal.
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text := 'nobody';
BEGIN
    EXECUTE format('SELECT selfhost.%s FROM selfhost.authenticate_run(%L, %s)', call, '11111111-0000-4000-8000-000000000000',
                   (SELECT max(id) FROM selfhost.program_run)) INTO answer;
    RETURN CASE WHEN answer IS NULL THEN 'nobody' ELSE 'allowed' END;
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN '42501' THEN 'refused' ELSE SQLSTATE || ' ' || SQLERRM END;
END
$$;
CREATE FUNCTION names(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer selfhost.http_response;
BEGIN
    EXECUTE format('SELECT (s.r).* FROM (SELECT selfhost.%s AS r FROM selfhost.authenticate_run(%L, %s) OFFSET 0) AS s', call,
                   '11111111-0000-4000-8000-000000000000', (SELECT max(id) FROM selfhost.program_run)) INTO answer;
    RETURN (SELECT coalesce(string_agg(e ->> 'name', ' ' ORDER BY e ->> 'name'), '-') FROM json_array_elements(convert_from(answer.body, 'UTF8')::json) e);
END
$$;

-- ---- the matrix: owner and signer each without the right, with it by policy, as creator, with a deny ----

CREATE FUNCTION setting(who text, how text, action text, resource text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF how LIKE '%allow%' THEN PERFORM t.give(who, 'allow', action, resource); END IF;
    IF how LIKE '%deny%' THEN PERFORM t.give(who, 'deny', action, resource); END IF;
END
$$;
INSERT INTO selfhost.timeseries (name, si_unit) VALUES ('theirs', 'C');
SELECT uuid AS series FROM selfhost.timeseries \gset
CREATE FUNCTION matrix(action text, suffix text, call text) RETURNS TABLE (owner text, signer text, answer text) LANGUAGE plpgsql AS $$
DECLARE
    series uuid := (SELECT uuid FROM selfhost.timeseries WHERE name = 'theirs');
BEGIN
    FOREACH owner IN ARRAY ARRAY['-', 'allow', 'creator', 'deny', 'allow deny', 'creator deny'] LOOP
        FOREACH signer IN ARRAY ARRAY['-', 'allow', 'creator', 'deny', 'allow deny', 'creator deny'] LOOP
            CONTINUE WHEN owner LIKE 'creator%' AND signer LIKE 'creator%';
            PERFORM t.clear();
            PERFORM t.give(u, 'allow', 'read', 'tsquery') FROM unnest(ARRAY['owner', 'signer']) u;
            PERFORM t.setting('owner', owner, action, 'timeseries/' || series || suffix);
            PERFORM t.setting('signer', signer, action, 'timeseries/' || series || suffix);
            UPDATE selfhost.timeseries SET created_by = CASE WHEN owner LIKE 'creator%' THEN t.who('owner')
                WHEN signer LIKE 'creator%' THEN t.who('signer') END WHERE uuid = series;
            answer := t.try(format(call, series));
            RETURN NEXT;
        END LOOP;
    END LOOP;
END
$$;
-- In SQL, by policies and creation.
SELECT * FROM matrix('read', '', 'get_timeseries(%L)');
-- Nothing is allowed but where both have it; the same in the paths that are C.
SELECT call, string_agg(owner || '+' || signer, ', ' ORDER BY owner COLLATE "C", signer COLLATE "C") FILTER (WHERE answer = 'allowed') AS allowed,
       count(*) FILTER (WHERE answer = 'refused') AS refused, count(*) AS all
    FROM (VALUES ('read', '', 'get_timeseries(%L)'),
        ('read', '/data', 'get_timeseries_data(%L, ''2024-01-01Z'', ''2024-01-02Z'')'),
        ('read', '/data', 'query_timeseries(ARRAY[%L::uuid], ''2024-01-01Z'', ''2024-01-02Z'')'),
        ('create', '/data', 'add_timeseries_data(%L, conflict => ''skip'', body => ''[{"ts":"2024-01-01T00:00:00Z","v":1}]'')'),
        ('delete', '/data', 'delete_timeseries_data(%L, ''2024-02-01Z'', ''2024-02-02Z'')')) c (action, suffix, call),
        matrix(c.action, c.suffix, c.call) m
    GROUP BY call ORDER BY call COLLATE "C";
-- Points of several series: of each.
SELECT clear(), give('owner', 'allow', 'create', 'timeseries/%'), give('signer', 'allow', 'create', 'timeseries/%');
SELECT try(format('add_points(conflict => ''skip'', body => ''[{"uuid":"%s","ts":"2024-01-01T00:00:00Z","v":1}]'')', :'series'));
SELECT give('signer', 'deny', 'create', 'timeseries/' || :'series' || '/data');
SELECT try(format('add_points(conflict => ''skip'', body => ''[{"uuid":"%s","ts":"2024-01-01T00:00:00Z","v":1}]'')', :'series'));

-- ---- lists ----

SELECT clear();
INSERT INTO selfhost.timeseries (name, si_unit, created_by) VALUES ('owners', 'C', who('owner')), ('signers', 'C', who('signer')), ('both', 'C', NULL);
SELECT try('list_timeseries()');
SELECT give('owner', 'allow', 'read', 'timeseries');
SELECT try('list_timeseries()');
SELECT give('signer', 'allow', 'read', 'timeseries');
SELECT names('list_timeseries()');
SELECT give(u, 'allow', 'read', 'timeseries/' || (SELECT uuid FROM selfhost.timeseries WHERE name = 'both')) FROM unnest(ARRAY['owner', 'signer']) u;
SELECT names('list_timeseries()');
SELECT give('owner', 'allow', 'read', 'timeseries/%');
SELECT names('list_timeseries()');
SELECT give('signer', 'allow', 'read', 'timeseries/%');
SELECT names('list_timeseries()');
SELECT give('owner', 'deny', 'read', 'timeseries/' || (SELECT uuid FROM selfhost.timeseries WHERE name = 'owners'));
SELECT names('list_timeseries()');

-- ---- what it creates is the owner's; whole patterns ----

SELECT clear(), give('owner', 'allow', 'create', 'datasets');
SELECT try('create_dataset(''{"name":"made","format":"misc","content":null}'')');
SELECT give('signer', 'allow', 'create', 'datasets');
SELECT try('create_dataset(''{"name":"made","format":"misc","content":null}'')');
SELECT created_by = who('owner') FROM selfhost.dataset;
SELECT a._holds_pattern FROM (SELECT selfhost._holds_pattern('create', 'datasets') FROM selfhost.authenticate_run(:w, :run)) a;
SELECT give('owner', 'allow', 'read', 'things/%');
SELECT a._holds_pattern FROM (SELECT selfhost._holds_pattern('read', 'things/%') FROM selfhost.authenticate_run(:w, :run)) a;
SELECT give('signer', 'allow', 'read', 'things/a%');
SELECT a.w, a.n FROM (SELECT selfhost._holds_pattern('read', 'things/%') AS w, selfhost._holds_pattern('read', 'things/ab%') AS n FROM selfhost.authenticate_run(:w, :run)) a;
SELECT give('signer', 'deny', 'read', 'things/abc');
SELECT a.n FROM (SELECT selfhost._holds_pattern('read', 'things/ab%') AS n FROM selfhost.authenticate_run(:w, :run)) a;
-- The rights of one are those of the other, too, where he signs himself.
SELECT clear(), give('owner', 'allow', 'read', 'timeseries/%');
UPDATE selfhost.program_run SET signer = owner;
SELECT try(format('get_timeseries(%L)', :'series'));
UPDATE selfhost.program_run SET signer = who('signer');
SELECT try(format('get_timeseries(%L)', :'series'));
SELECT give('signer', 'allow', 'read', 'timeseries/%');
SELECT try(format('get_timeseries(%L)', :'series'));

-- ---- as a worker's login; errors, savepoints ----

CREATE ROLE regress_rights_worker IN ROLE selfhost_worker;
GRANT USAGE ON SCHEMA t TO regress_rights_worker;
SET ROLE regress_rights_worker;
SELECT selfhost.get_timeseries(:'series') IS NOT NULL FROM selfhost.authenticate_run(:w, :run);
SELECT selfhost.get_timeseries(:'series') IS NOT NULL;
BEGIN;
SAVEPOINT a;
SELECT selfhost.get_timeseries('99999999-0000-4000-8000-000000000000') FROM selfhost.authenticate_run(:w, :run);
ROLLBACK TO a;
SELECT selfhost.get_timeseries(:'series') IS NOT NULL;
ROLLBACK;
SELECT selfhost.delete_timeseries(:'series') FROM selfhost.authenticate_run(:w, :run);
RESET ROLE;
DROP OWNED BY regress_rights_worker;
DROP ROLE regress_rights_worker;

-- ---- when nobody acts ----

CREATE FUNCTION acts() RETURNS bigint LANGUAGE sql AS
    $$ SELECT count(*) FROM selfhost.authenticate_run('11111111-0000-4000-8000-000000000000', (SELECT max(id) FROM selfhost.program_run)) $$;
SELECT acts();
SELECT count(*) FROM selfhost.authenticate_run('22222222-0000-4000-8000-000000000000', :run);
SELECT count(*) FROM selfhost.authenticate_run(NULL, :run) a, selfhost.authenticate_run(:w, NULL) b, selfhost.authenticate_run(:w, -1) c;
BEGIN; UPDATE selfhost.user_account SET state = 'inactive' WHERE name = 'signer'; SELECT acts(); ROLLBACK;
BEGIN; UPDATE selfhost.user_account SET state = 'archived' WHERE name = 'owner'; SELECT acts(); ROLLBACK;
BEGIN; DELETE FROM selfhost.user_account WHERE name = 'signer'; SELECT acts(); ROLLBACK;
BEGIN; DELETE FROM selfhost.user_account WHERE name = 'owner'; SELECT acts(); ROLLBACK;
BEGIN; UPDATE selfhost.program_run SET owner = NULL; SELECT acts(); ROLLBACK;
BEGIN; UPDATE selfhost.program_run SET lease_until = clock_timestamp(); SELECT acts(); ROLLBACK;
BEGIN; UPDATE selfhost.program_run SET kind = 'check'; SELECT acts(); ROLLBACK;
BEGIN; SELECT selfhost.delete_program_revision('aaaaaaaa-0000-4000-8000-000000000000', 0) FROM selfhost.authenticate(sha256('root')); SELECT acts(); ROLLBACK;
BEGIN; SELECT selfhost.worker_finish(:w, :run, 'succeeded'); SELECT acts(); ROLLBACK;
SELECT acts();

\c selfhost_regress
DROP DATABASE regress_program_rights;
