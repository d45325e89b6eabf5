-- Identity and rights: who is acting, for how long, and what he may do.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA access_test;

-- ---- users ----

INSERT INTO selfhost.user_account (uuid, name, state, rate) VALUES
    ('cccccccc-0000-4000-8000-000000000001', 'ann', 'active', 500),
    ('cccccccc-0000-4000-8000-000000000002', 'bob', 'active', NULL),
    ('cccccccc-0000-4000-8000-000000000003', 'idle', 'inactive', NULL),
    ('cccccccc-0000-4000-8000-000000000004', 'gone', 'archived', NULL);
INSERT INTO selfhost.user_group (uuid, name) VALUES
    ('dddddddd-0000-4000-8000-000000000001', 'first'), ('dddddddd-0000-4000-8000-000000000002', 'second');
INSERT INTO selfhost.membership VALUES
    ('cccccccc-0000-4000-8000-000000000001', 'dddddddd-0000-4000-8000-000000000001'),
    ('cccccccc-0000-4000-8000-000000000001', 'dddddddd-0000-4000-8000-000000000002');
CREATE FUNCTION access_test.digest(secret text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to(secret, 'UTF8')) $$;
INSERT INTO selfhost.token (uuid, user_uuid, name, expires, digest)
    SELECT ('eeeeeeee-0000-4000-8000-00000000000' || n)::uuid, u.uuid, 'test', e, access_test.digest(s)
    FROM (VALUES (1, 'ann', 'a', NULL), (2, 'bob', 'b', NULL), (3, 'idle', 'i', NULL), (4, 'gone', 'g', NULL),
                 (5, 'ann', 'over', now() - interval '1 s'), (6, 'ann', 'later', now() + interval '1 day'))
         AS t (n, name, s, e) JOIN selfhost.user_account u USING (name);

-- Who acts in a statement with the token, and what he may do: asked in the target list.
CREATE FUNCTION access_test.who(secret text) RETURNS text LANGUAGE sql AS $$
    SELECT (SELECT u.name FROM selfhost.user_account u WHERE u.uuid = s.acting)
    FROM (SELECT selfhost._acting_user() AS acting FROM selfhost.authenticate(access_test.digest(secret)) OFFSET 0) s $$;
CREATE FUNCTION access_test.may(secret text, action text, resource text, owner uuid = NULL) RETURNS boolean LANGUAGE sql AS $$
    SELECT selfhost._allowed(action, resource, owner) FROM selfhost.authenticate(access_test.digest(secret)) $$;
CREATE FUNCTION access_test.holds(secret text, action text, pattern text) RETURNS boolean LANGUAGE sql AS $$
    SELECT selfhost._holds_pattern(action, pattern) FROM selfhost.authenticate(access_test.digest(secret)) $$;
CREATE FUNCTION access_test.policies(variadic policies text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- "effect action resource", for the first group.
    DELETE FROM selfhost.policy WHERE group_uuid = 'dddddddd-0000-4000-8000-000000000001';
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        SELECT 'dddddddd-0000-4000-8000-000000000001', 0, split_part(p, ' ', 1)::selfhost.policy_effect,
               split_part(p, ' ', 2)::selfhost.policy_action, split_part(p, ' ', 3)
        FROM unnest(policies) p;
END $$;
SET search_path = access_test, public;
\set ann '''cccccccc-0000-4000-8000-000000000001'''
\set bob '''cccccccc-0000-4000-8000-000000000002'''

-- ---- authenticate ----

SELECT * FROM selfhost.authenticate(digest('a'));
SELECT * FROM selfhost.authenticate(digest('b'));
SELECT * FROM selfhost.authenticate(digest('later'));
-- No row: unknown, inactive, archived, expired, NULL, not a digest.
SELECT s, (SELECT count(*) FROM selfhost.authenticate(digest(s)))
    FROM unnest(ARRAY['nobody', 'i', 'g', 'over', NULL]) s;
SELECT count(*) FROM selfhost.authenticate(NULL);
SELECT count(*) FROM selfhost.authenticate('a');
SELECT count(*) FROM selfhost.authenticate(digest('a') || '\x00');
SELECT count(*) FROM selfhost.authenticate('');
-- What does not stand in FROM is refused.
SELECT selfhost.authenticate(digest('a'));
SELECT selfhost.authenticate(digest('a')), selfhost._acting_user();
SELECT 1 WHERE (SELECT (selfhost.authenticate(digest('a'))).rate) > 0;
DO $$ BEGIN PERFORM selfhost.authenticate(access_test.digest('a')); END $$;
-- A state counts with the next statement; so does a token's end, and its user's.
SELECT who('a');
UPDATE selfhost.user_account SET state = 'inactive' WHERE name = 'ann';
SELECT who('a');
UPDATE selfhost.user_account SET state = 'active' WHERE name = 'ann';
SELECT who('a');
BEGIN;
UPDATE selfhost.token SET expires = now() WHERE digest = digest('a');
SELECT who('a');
ROLLBACK;
SELECT who('a');
-- Expiry counts by the clock, while the transaction's time stands still and the token is cached.
BEGIN;
UPDATE selfhost.token SET expires = clock_timestamp() + interval '0.3 s' WHERE digest = digest('a');
SELECT who('a') FROM pg_sleep(0) WHERE clock_timestamp() < (SELECT expires FROM selfhost.token WHERE digest = digest('a'));
DO $$
DECLARE
    until timestamptz := (SELECT expires FROM selfhost.token WHERE digest = access_test.digest('a'));
BEGIN
    WHILE clock_timestamp() <= until LOOP PERFORM pg_sleep(0.02); END LOOP;
END $$;
SELECT who('a');
ROLLBACK;

-- ---- the life of an identity ----

-- Everybody below acts as a role without rights of its own, so that nobody is nobody.
CREATE ROLE regress_access_none;
GRANT USAGE ON SCHEMA selfhost, access_test TO regress_access_none;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA selfhost, access_test TO regress_access_none;
GRANT SELECT ON selfhost.user_account TO regress_access_none;
SET ROLE regress_access_none;
SELECT selfhost._acting_user();
SELECT selfhost._allowed('read', 'things');
SELECT who('a');
-- Gone with the statement, inside a transaction, too.
BEGIN;
SELECT who('a');
SAVEPOINT s;
SELECT selfhost._acting_user();
ROLLBACK TO s;
SELECT who('b');
ROLLBACK TO s;
SELECT selfhost._acting_user();
ROLLBACK;
-- A bad token clears whom a good one has set.
SELECT a.user_uuid = :ann AS first, (SELECT count(*) FROM selfhost.authenticate(digest('x' || left(a.rate::text, 0)))) AS second,
       selfhost._acting_user() FROM selfhost.authenticate(digest('a')) a;
-- Gone with an error that plpgsql has caught, and gone for nobody else.
DO $$
DECLARE
    who uuid;
BEGIN
    BEGIN
        PERFORM 1 / (CASE WHEN selfhost._acting_user() IS NULL THEN 1 ELSE 0 END)
            FROM selfhost.authenticate(access_test.digest('a'));
    EXCEPTION WHEN division_by_zero THEN
        RAISE WARNING 'caught';
    END;
    who := selfhost._acting_user();
    RAISE WARNING 'still acting: %', who;
END $$;
-- An error that an operation has caught inside does not end its statement's identity.
CREATE FUNCTION pg_temp.catches() RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
    BEGIN
        PERFORM 1;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
    RETURN selfhost._acting_user();
END $$;
SELECT pg_temp.catches() = :ann AS ann FROM selfhost.authenticate(digest('a'));
-- LIMIT stops early; a rescan ends it; sets and composites act as long as they run.
SELECT selfhost._acting_user() = :ann AS ann FROM selfhost.authenticate(digest('a')) LIMIT 1;
SELECT selfhost._acting_user();
SELECT selfhost._acting_user() = :ann AS ann, generate_series(1, 2) FROM selfhost.authenticate(digest('a'));
SELECT (s.r).*, s.rate FROM (
    SELECT ROW(200, selfhost._acting_user()::text, NULL, NULL)::selfhost.http_response AS r, a.rate
    FROM selfhost.authenticate(digest('a')) a OFFSET 0) s;
SELECT n, selfhost._acting_user() FROM generate_series(1, 2) n, LATERAL (SELECT FROM selfhost.authenticate(digest(left(n::text, 0) || 'a'))) a;
SELECT selfhost._acting_user();
-- Cursors: a statement is over when its cursor is closed; that ends no other's.
BEGIN;
DECLARE c CURSOR FOR SELECT selfhost._acting_user() = :ann AS ann FROM selfhost.authenticate(digest('a'));
FETCH c;
SELECT selfhost._acting_user() = :ann AS ann;
SELECT selfhost._acting_user() = :bob AS bob FROM selfhost.authenticate(digest('b'));
SAVEPOINT s;
SELECT selfhost._acting_user();
ROLLBACK TO s;
CLOSE c;
DECLARE c CURSOR FOR SELECT selfhost._acting_user() = :ann AS ann FROM selfhost.authenticate(digest('a'));
FETCH c;
CLOSE c;
SELECT selfhost._acting_user();
ROLLBACK;
-- Prepared statements, custom and generic.
PREPARE p(bytea) AS SELECT selfhost._acting_user() = :ann AS ann FROM selfhost.authenticate($1);
SET plan_cache_mode = force_generic_plan;
EXECUTE p(access_test.digest('a'));
EXECUTE p(access_test.digest('b'));
EXECUTE p(access_test.digest('nobody'));
SET plan_cache_mode = force_custom_plan;
EXECUTE p(access_test.digest('a'));
RESET plan_cache_mode;
DEALLOCATE p;
SELECT selfhost._acting_user();
-- Reading only.
BEGIN READ ONLY;
SELECT who('a');
SELECT who('nobody');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
SELECT who('b');
COMMIT;
-- A prepared transaction keeps nobody acting.
BEGIN;
SELECT selfhost._acting_user() = :ann AS ann FROM selfhost.authenticate(digest('a'));
PREPARE TRANSACTION 'access';
SELECT selfhost._acting_user();
ROLLBACK PREPARED 'access';
RESET ROLE;

-- ---- rights ----

-- Without policies nothing; the owner of the extension everything.
SELECT may('a', 'read', 'things'), may('b', 'read', 'things'), selfhost._allowed('read', 'things') AS owner;
SELECT policies('allow read things', 'allow read things/%', 'deny read things/7%', 'allow update thing_', 'allow delete things/a\_b');
SELECT a, r, may('a', a, r) FROM (VALUES
    ('read', 'things'), ('read', 'things/'), ('read', 'things/1'), ('read', 'things/1/datasets'), ('read', 'things/7'),
    ('read', 'things/71/x'), ('read', 'thing'), ('read', 'thingsx'), ('read', 'Things'), ('read', 'athings'), ('read', ''),
    ('create', 'things'), ('delete', 'things/1'), ('update', 'things'), ('update', 'thing'), ('update', 'thingss'),
    ('delete', 'things/a_b'), ('delete', 'things/axb'), ('delete', 'things/a\_b')) AS t (a, r);
SELECT may('b', 'read', 'things') AS another;
-- A sub-resource's pattern does not match the object.
SELECT policies('allow read things/1/%');
SELECT r, may('a', 'read', r) FROM unnest(ARRAY['things/1', 'things/1/', 'things/1/data', 'things/2']) r;
-- Deny beats allow, of whatever group and priority.
SELECT policies('allow read a', 'allow read b');
INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource) VALUES
    ('dddddddd-0000-4000-8000-000000000002', 99, 'deny', 'read', 'a'),
    ('dddddddd-0000-4000-8000-000000000002', -99, 'deny', 'update', 'b');
SELECT may('a', 'read', 'a') AS denied, may('a', 'read', 'b') AS allowed;
UPDATE selfhost.policy SET priority = -priority;
SELECT may('a', 'read', 'a') AS denied, may('a', 'read', 'b') AS allowed;
DELETE FROM selfhost.membership WHERE group_uuid = 'dddddddd-0000-4000-8000-000000000002';
SELECT may('a', 'read', 'a') AS allowed, may('a', 'read', 'b') AS allowed;
DELETE FROM selfhost.user_group WHERE uuid = 'dddddddd-0000-4000-8000-000000000001';
SELECT may('a', 'read', 'a') AS denied, may('a', 'read', 'b') AS denied;
INSERT INTO selfhost.user_group (uuid, name) VALUES ('dddddddd-0000-4000-8000-000000000001', 'first');
SELECT policies('allow read a');
SELECT may('a', 'read', 'a') AS denied;
INSERT INTO selfhost.membership VALUES (:ann, 'dddddddd-0000-4000-8000-000000000001');
SELECT may('a', 'read', 'a') AS allowed;
-- Undone changes count no more.
BEGIN;
SELECT policies('allow read b');
SELECT may('a', 'read', 'a') AS denied, may('a', 'read', 'b') AS allowed;
SAVEPOINT s;
DELETE FROM selfhost.policy;
SELECT may('a', 'read', 'b') AS denied;
ROLLBACK TO s;
SELECT may('a', 'read', 'b') AS allowed;
ROLLBACK;
SELECT may('a', 'read', 'a') AS allowed, may('a', 'read', 'b') AS denied;
-- So does a user with a token that were there in an undone transaction only.
BEGIN;
INSERT INTO selfhost.user_account (uuid, name) VALUES ('cccccccc-0000-4000-8000-000000000009', 'brief');
INSERT INTO selfhost.token (user_uuid, name, digest) VALUES ('cccccccc-0000-4000-8000-000000000009', 'brief', digest('brief'));
SAVEPOINT s;
SELECT who('brief');
ROLLBACK TO s;
SELECT who('brief');
ROLLBACK;
SELECT count(*) FROM selfhost.authenticate(digest('brief'));
BEGIN;
TRUNCATE selfhost.policy;
SELECT may('a', 'read', 'a') AS denied;
ROLLBACK;
SELECT may('a', 'read', 'a') AS allowed;
-- What a replica applies counts as well.
SET session_replication_role = replica;
UPDATE selfhost.policy SET resource = 'b';
RESET session_replication_role;
SELECT may('a', 'read', 'a') AS denied, may('a', 'read', 'b') AS allowed;

-- Ownership: the creator has every right, but for a deny policy.
SELECT policies('deny delete things/1', 'deny update things/1/%');
SELECT a, r, may('a', a, r, :ann) AS ann, may('b', a, r, :ann) AS bob, may('a', a, r, :bob) AS ann_for_bobs
    FROM (VALUES ('read', 'things/1'), ('update', 'things/1'), ('delete', 'things/1'), ('create', 'things/1/data'),
                 ('update', 'things/1/data')) AS t (a, r);

-- Many policies, and patterns that ask for more than they need.
SELECT policies(variadic ARRAY(SELECT 'allow read timeseries/' || n FROM generate_series(1, 3000, 3) n)
                         || ARRAY['allow read x%y%z', 'allow read %%_q', 'allow update %']);
SELECT count(*) FILTER (WHERE allowed <> (n % 3 = 1)) AS wrong, count(*) FILTER (WHERE allowed) AS allowed
    FROM (SELECT n, selfhost._allowed('read', 'timeseries/' || n) AS allowed
          FROM selfhost.authenticate(digest('a')), generate_series(1, 3000) n OFFSET 0) t;
SELECT r, may('a', 'read', r) FROM unnest(ARRAY['xyz', 'x-y-y-z', 'x-y-z-', 'xzy', 'q', 'aq', 'timeseries/', '']) r;
SELECT may('a', 'update', '') AS everything, may('a', 'delete', 'a') AS nothing;
-- A pattern that is none allows nothing, and denies what it might mean.
SELECT policies('allow read a\', 'allow read b%', 'deny read bx\');
SELECT r, may('a', 'read', r) FROM unnest(ARRAY['a', 'a\', 'aa', 'b', 'bx', 'bx\', 'bxy', 'by']) r;

-- The refusal: its code, text and mark.
DO $$
DECLARE
    code text; mark text; message text;
BEGIN
    PERFORM selfhost._require('update', 'things/1') FROM selfhost.authenticate(access_test.digest('a'));
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, mark = SCHEMA_NAME, message = MESSAGE_TEXT;
    RAISE WARNING 'code %, mark %: %', code, mark, message;
END $$;
\set VERBOSITY sqlstate
SELECT selfhost._require('read', 'b') FROM selfhost.authenticate(digest('a'));
SELECT selfhost._require('write', 'b');
SELECT selfhost._require('', 'b');
SELECT selfhost._require(NULL, 'b');
SELECT selfhost._require('read', NULL);
SELECT selfhost._allowed('read', NULL);
SELECT selfhost._holds_pattern('read', NULL);
SELECT selfhost._require('delete', 'whatever') AS owner;
SET ROLE regress_access_none;
SELECT selfhost._require('read', 'b');
SELECT selfhost._holds_pattern('read', 'b');
RESET ROLE;
\set VERBOSITY terse

-- ---- whole patterns ----

INSERT INTO selfhost.thing (uuid, name, created_by) VALUES
    ('aaaaaaaa-0000-4000-8000-0000000000a1', 'ann''s', :ann), ('aaaaaaaa-0000-4000-8000-0000000000b1', 'bob''s', :bob),
    ('aaaaaaaa-0000-4000-8000-0000000000c1', 'nobody''s', NULL);
SELECT policies('allow read things/%', 'allow read users', 'allow read a_c', 'allow read 100\%', 'deny read things/%/secret',
                'allow update %', 'deny update users/_/rate', 'allow delete %x%', 'deny delete things/%-0000000000a1/data');
SELECT a, p, holds('a', a, p) FROM (VALUES
    ('read', 'users'), ('read', 'user_'), ('read', 'users%'), ('read', '%'), ('read', 'things'), ('read', 'things/1'),
    ('read', 'things/1/data'), ('read', 'things/_/data'), ('read', 'things/1/%'), ('read', 'things/%'), ('read', 'things/1/secret'),
    ('read', 'abc'), ('read', 'a_c'), ('read', 'a%c'), ('read', 'a\_c'), ('read', '100\%'), ('read', '100%'), ('read', '100'), ('read', 'users\'),
    ('update', 'things/%'), ('update', '%'), ('update', 'users/%'), ('update', 'users/1'), ('update', 'users/1/rate'), ('update', 'users/12/rate'),
    ('update', 'users/%/tokens'), ('update', 'users/12%'), ('update', '%rat_'), ('update', 'x\'), ('create', 'things'), ('create', '%'),
    ('delete', 'x'), ('delete', 'axb'), ('delete', '%x'), ('delete', '_%x%'), ('delete', '_'), ('delete', '%')) AS t (a, p);
-- What he has created counts, unless a deny policy might matter.
SELECT a, p, holds('a', a, p) AS ann, holds('b', a, p) AS bob FROM (VALUES
    ('create', 'things/aaaaaaaa-0000-4000-8000-0000000000a1'), ('create', 'things/aaaaaaaa-0000-4000-8000-0000000000a1/%'),
    ('create', 'things/aaaaaaaa-0000-4000-8000-0000000000a1/d_ta'), ('create', 'things/aaaaaaaa-0000-4000-8000-0000000000a1%'),
    ('create', 'things/aaaaaaaa-0000-4000-8000-0000000000a1_'), ('create', 'things/aaaaaaaa-0000-4000-8000-0000000000_1'),
    ('create', 'things/aaaaaaaa-0000-4000-8000-0000000000a\1'), ('create', 'things/AAAAAAAA-0000-4000-8000-0000000000A1'),
    ('create', 'things/aaaaaaaa000040008000-0000000000a1----'),
    ('create', 'thing_/aaaaaaaa-0000-4000-8000-0000000000a1'), ('create', 'timeseries/aaaaaaaa-0000-4000-8000-0000000000a1'),
    ('create', 'users/aaaaaaaa-0000-4000-8000-0000000000a1'), ('create', 'datasets/aaaaaaaa-0000-4000-8000-0000000000a1'),
    ('create', 'things/aaaaaaaa-0000-4000-8000-0000000000b1'), ('create', 'things/aaaaaaaa-0000-4000-8000-0000000000c1'),
    ('create', 'things/aaaaaaaa-0000-4000-8000-0000000000d1'), ('create', 'things/aaaaaaaa-0000'), ('create', 'things/'),
    ('delete', 'things/aaaaaaaa-0000-4000-8000-0000000000a1'), ('delete', 'things/aaaaaaaa-0000-4000-8000-0000000000a1/data'),
    ('delete', 'things/aaaaaaaa-0000-4000-8000-0000000000a1/%')) AS t (a, p);
SELECT selfhost._holds_pattern('delete', '%') AS owner, selfhost._holds_pattern('delete', 'a\') AS invalid;
DELETE FROM selfhost.thing WHERE uuid::text LIKE 'aaaaaaaa-0000-4000-8000-0000000000_1';

-- ---- roles and sessions ----

CREATE ROLE regress_access_ann;
CREATE ROLE regress_access_any;
GRANT selfhost_sql TO regress_access_ann, regress_access_any;
GRANT USAGE ON SCHEMA access_test TO regress_access_ann, regress_access_any;
GRANT EXECUTE ON FUNCTION selfhost._allowed(text, text, uuid) TO regress_access_ann, regress_access_any;
-- What a function of the extension does for its caller: as the extension's owner, for the caller's user.
CREATE FUNCTION access_test.me() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN coalesce((SELECT u.name FROM selfhost.user_account u WHERE u.uuid = selfhost._acting_user()), 'owner');
END $$;
INSERT INTO selfhost.role_user VALUES ('regress_access_ann', :ann);
SELECT me();
SET ROLE regress_access_any;
SELECT me();
SET ROLE regress_access_ann;
SELECT me();
SELECT policies('allow read a');
RESET ROLE;
SELECT policies('allow read a');
SET ROLE regress_access_ann;
SELECT selfhost._allowed('read', 'a'), selfhost._allowed('read', 'b');
-- A mapping that is taken away, changed, undone, or of a user who is not active.
RESET ROLE;
BEGIN;
DELETE FROM selfhost.role_user;
SAVEPOINT s;
SET LOCAL ROLE regress_access_ann;
SELECT me();
ROLLBACK;
SET ROLE regress_access_ann;
SELECT me();
RESET ROLE;
UPDATE selfhost.role_user SET user_uuid = :bob;
SET ROLE regress_access_ann;
SELECT me();
RESET ROLE;
UPDATE selfhost.user_account SET state = 'inactive' WHERE name = 'bob';
SET ROLE regress_access_ann;
SELECT me();
RESET ROLE;
UPDATE selfhost.user_account SET state = 'active' WHERE name = 'bob';
UPDATE selfhost.role_user SET user_uuid = :ann;
-- Whoever is made a superuser has no limits; a mapping limits even him.
SET ROLE regress_access_any;
SELECT me();
RESET ROLE;
ALTER ROLE regress_access_any SUPERUSER;
SET ROLE regress_access_any;
SELECT me();
RESET ROLE;
ALTER ROLE regress_access_any NOSUPERUSER;
ALTER ROLE regress_access_ann SUPERUSER;
SET ROLE regress_access_ann;
SELECT me();
RESET ROLE;
ALTER ROLE regress_access_ann NOSUPERUSER;
ALTER ROLE regress_access_ann RENAME TO regress_access_other;
SET ROLE regress_access_other;
SELECT me();
RESET ROLE;
ALTER ROLE regress_access_other RENAME TO regress_access_ann;
-- A member of the extension's owner is as good as he.
SELECT nspowner::regrole AS owner FROM pg_namespace WHERE nspname = 'selfhost' \gset
GRANT :"owner" TO regress_access_any;
SET ROLE regress_access_any;
SELECT me();
RESET ROLE;
REVOKE :"owner" FROM regress_access_any;
SET ROLE regress_access_any;
SELECT me();

-- login: for the session, before the role's user; by the transaction's rules.
SELECT selfhost.login('b');
SELECT me();
SHOW selfhost.login_user;
RESET ROLE;
SELECT me();
SET ROLE regress_access_ann;
SELECT me();
SELECT count(*) FROM selfhost.authenticate(digest('a'));
SELECT selfhost.logout();
SELECT me();
SELECT selfhost.login('b');
SELECT selfhost.login('nobody');
SELECT me();
BEGIN;
SELECT selfhost.login('a');
SAVEPOINT s;
SELECT selfhost.logout();
SELECT selfhost.login('b');
SELECT me();
ROLLBACK TO s;
SELECT me();
ROLLBACK;
SELECT me();
RESET ALL;
SELECT access_test.me();
SELECT selfhost.login('b');
DISCARD ALL;
SET client_min_messages = warning;
SET search_path = access_test, public;
SET ROLE regress_access_any;
SELECT me();
SELECT selfhost.login('i');
SELECT selfhost.login('over');
SELECT selfhost.login(NULL);
SELECT me();
-- The setting that tells who is logged in makes nobody somebody.
SET selfhost.login_user = 'cccccccc-0000-4000-8000-000000000001';
SELECT set_config('selfhost.login_user', 'cccccccc-0000-4000-8000-000000000001', false);
SELECT me();
-- A token that is taken away ends the session's login; it does not fall back on anything.
SELECT selfhost.login('b');
SELECT me();
RESET ROLE;
DELETE FROM selfhost.token WHERE digest = digest('b');
SELECT me();
SELECT selfhost.logout();
SELECT me();
INSERT INTO selfhost.token (user_uuid, name, digest) VALUES (:bob, 'test', digest('b'));
-- authenticate comes first, and leaves the session's user as he was.
SELECT selfhost.login('b');
SELECT who('a');
SELECT me();
SELECT selfhost.logout();

-- What a superuser's maintenance runs of others acts as them, and as nobody behind a SECURITY DEFINER
-- function, lest they act without limits.
CREATE FUNCTION access_test.for_view() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN 'acting: ' || selfhost._allowed('read', 'a');
EXCEPTION WHEN invalid_authorization_specification THEN
    RETURN 'nobody';
END $$;
CREATE FUNCTION access_test.definer_for_view() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN access_test.me();
EXCEPTION WHEN invalid_authorization_specification THEN
    RETURN 'nobody';
END $$;
GRANT CREATE ON SCHEMA access_test TO regress_access_any, regress_access_ann;
CREATE MATERIALIZED VIEW access_test.seen AS SELECT access_test.for_view() AS invoker, access_test.definer_for_view() AS definer WITH NO DATA;
ALTER MATERIALIZED VIEW access_test.seen OWNER TO regress_access_any;
REFRESH MATERIALIZED VIEW access_test.seen;
SELECT * FROM access_test.seen;
-- Their owner's own has no limits.
ALTER MATERIALIZED VIEW access_test.seen OWNER TO :"owner";
REFRESH MATERIALIZED VIEW access_test.seen;
SELECT * FROM access_test.seen;
ALTER MATERIALIZED VIEW access_test.seen OWNER TO regress_access_ann;
REFRESH MATERIALIZED VIEW access_test.seen;
SELECT * FROM access_test.seen;
SELECT selfhost.login('b');
REFRESH MATERIALIZED VIEW access_test.seen;
SELECT * FROM access_test.seen;
SELECT selfhost.logout();

-- ---- the use of tokens ----

SELECT selfhost.record_token_use(ARRAY['eeeeeeee-0000-4000-8000-000000000001', 'eeeeeeee-0000-4000-8000-000000000001',
    'eeeeeeee-0000-4000-8000-00000000000f', NULL]::uuid[]);
SELECT token_uuid, last_used > now() - interval '1 minute' AS recent FROM selfhost.token_use WHERE token_uuid::text LIKE 'eeeeeeee-%';
UPDATE selfhost.token_use SET last_used = 'infinity';
SELECT selfhost.record_token_use(ARRAY['eeeeeeee-0000-4000-8000-000000000001']::uuid[]);
SELECT last_used FROM selfhost.token_use WHERE token_uuid = 'eeeeeeee-0000-4000-8000-000000000001';
SELECT selfhost.record_token_use(NULL);

-- ---- away with it all ----

DELETE FROM selfhost.user_account WHERE uuid::text LIKE 'cccccccc-%';
DELETE FROM selfhost.user_group WHERE uuid::text LIKE 'dddddddd-%';
SELECT count(*) FROM selfhost.token WHERE uuid::text LIKE 'eeeeeeee-%';
SELECT count(*) FROM selfhost.role_user;
RESET search_path;
DROP OWNED BY regress_access_none, regress_access_ann, regress_access_any;
DROP ROLE regress_access_none, regress_access_ann, regress_access_any;
DROP SCHEMA access_test CASCADE;
