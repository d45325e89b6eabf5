-- What decides a right is told as the check of rights has it, by name and for any user.
\set VERBOSITY terse
SET client_min_messages = warning;
INSERT INTO selfhost.user_account (uuid, name, state) VALUES
    ('abababab-0000-4000-8000-000000000001', 'explained', 'active'),
    ('abababab-0000-4000-8000-000000000002', 'explained idle', 'inactive');
INSERT INTO selfhost.user_group (uuid, name) VALUES
    ('bcbcbcbc-0000-4000-8000-000000000001', 'explained one'), ('bcbcbcbc-0000-4000-8000-000000000002', 'explained two'),
    ('bcbcbcbc-0000-4000-8000-000000000003', 'not his');
INSERT INTO selfhost.membership
    SELECT u.uuid, g.uuid FROM selfhost.user_account AS u, selfhost.user_group AS g WHERE u.name LIKE 'explained%' AND g.name LIKE 'explained%';
INSERT INTO selfhost.policy (uuid, group_uuid, priority, effect, action, resource) VALUES
    ('cdcdcdcd-0000-4000-8000-000000000001', 'bcbcbcbc-0000-4000-8000-000000000001', 1, 'allow', 'read', 'things%'),
    ('cdcdcdcd-0000-4000-8000-000000000002', 'bcbcbcbc-0000-4000-8000-000000000002', 0, 'allow', 'read', '%'),
    ('cdcdcdcd-0000-4000-8000-000000000003', 'bcbcbcbc-0000-4000-8000-000000000001', 9, 'deny', 'read', 'things/%/secret'),
    ('cdcdcdcd-0000-4000-8000-000000000004', 'bcbcbcbc-0000-4000-8000-000000000001', 0, 'allow', 'update', 'things'),
    ('cdcdcdcd-0000-4000-8000-000000000005', 'bcbcbcbc-0000-4000-8000-000000000003', 0, 'allow', 'delete', '%');
INSERT INTO selfhost.thing (uuid, name, created_by, state) VALUES ('dededede-0000-4000-8000-000000000001', 'his', 'abababab-0000-4000-8000-000000000001', 'active');

CREATE FUNCTION pg_temp.told(action text, resource text, name text = 'explained') RETURNS TABLE (allowed text, reason text, deciding text, others text) LANGUAGE sql AS $$
    SELECT j ->> 'allowed', j ->> 'reason',
           (SELECT string_agg(right(p ->> 'uuid', 1), ' ') FROM jsonb_array_elements(j -> 'policies') p WHERE (p ->> 'decides')::boolean),
           (SELECT string_agg(right(p ->> 'uuid', 1), ' ') FROM jsonb_array_elements(j -> 'policies') p WHERE NOT (p ->> 'decides')::boolean)
    FROM (SELECT selfhost.explain_access((SELECT u.uuid FROM selfhost.user_account u WHERE u.name = told.name), action, resource)) e (j) $$;
SELECT * FROM (VALUES ('read', 'things'), ('read', 'alerts'), ('read', 'things/x/secret'), ('update', 'things'), ('update', 'things/x'), ('delete', 'things'),
        ('delete', 'things/dededede-0000-4000-8000-000000000001'), ('delete', 'things/dededede-0000-4000-8000-000000000001/code'),
        ('read', 'things/dededede-0000-4000-8000-000000000001'), ('read', 'things/dededede-0000-4000-8000-000000000001/secret'),
        ('delete', 'things/dededede-0000-4000-8000-000000000001x'), ('delete', 'timeseries/dededede-0000-4000-8000-000000000001'))
        AS v (action, resource), pg_temp.told(v.action, v.resource);
SELECT * FROM pg_temp.told('read', 'things', 'explained idle');
SELECT jsonb_pretty(selfhost.explain_access('abababab-0000-4000-8000-000000000001', 'read', 'things'));

-- It says what the check itself says: with a token of the user, whatever a request may ask for.
INSERT INTO selfhost.token (user_uuid, name, digest) VALUES ('abababab-0000-4000-8000-000000000001', 'test', sha256('explained'));
CREATE FUNCTION pg_temp.may(action text, resource text) RETURNS boolean LANGUAGE sql AS $$
    SELECT selfhost._allowed(action, resource, selfhost._creator_of(resource)) FROM selfhost.authenticate(sha256('explained')) $$;
SELECT count(*), count(*) FILTER (WHERE (e ->> 'allowed')::boolean) AS allowed, bool_and((e ->> 'allowed')::boolean = pg_temp.may(a, r)) AS same
    FROM unnest(array['create', 'read', 'update', 'delete']) a,
         unnest(array['things', 'alerts', 'things/x/secret', 'things/dededede-0000-4000-8000-000000000001/x', 'users']) r,
         LATERAL (SELECT selfhost.explain_access('abababab-0000-4000-8000-000000000001', a, r) AS e OFFSET 0) x;

-- Refusals.
SELECT selfhost.explain_access('00000000-0000-0000-0000-00000000ffff', 'read', 'things');
SELECT selfhost.explain_access(NULL, 'read', 'things');
SELECT selfhost.explain_access('abababab-0000-4000-8000-000000000001', 'write', 'things');
SELECT selfhost.explain_access('abababab-0000-4000-8000-000000000001', NULL, 'things');
SELECT selfhost.explain_access('abababab-0000-4000-8000-000000000001', 'read', '');
SET ROLE selfhost_sql;
SELECT selfhost.explain_access('abababab-0000-4000-8000-000000000001', 'read', 'things');
RESET ROLE;

DELETE FROM selfhost.thing WHERE uuid = 'dededede-0000-4000-8000-000000000001';
DELETE FROM selfhost.user_account WHERE name LIKE 'explained%';
DELETE FROM selfhost.user_group WHERE name LIKE 'explained%' OR name = 'not his';
