-- What writes is refused in a read-only transaction: each operation that makes, changes or deletes an
-- object. Points are written without SQL: see points_write.sql and tsdata_fdw.sql.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE DATABASE regress_read_only;
\c regress_read_only
SET client_min_messages = warning;
CREATE EXTENSION selfhost;
SELECT count(*) FROM selfhost.init();
CREATE SCHEMA t;
SET search_path = t, public;
UPDATE selfhost.token SET digest = sha256('root');

-- SQLSTATE of a call as root in this transaction, or "done".
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT selfhost.%s FROM selfhost.authenticate(sha256(''root''))', call);
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;

SELECT selfhost.create_user('{"name": "anna"}') ->> 'uuid' AS anna \gset
SELECT selfhost.create_user_token(:'anna', '{"name": "key"}') ->> 'uuid' AS token \gset
SELECT selfhost.create_group('{"name": "staff"}') ->> 'uuid' AS staff \gset
SELECT selfhost.create_policy(json_build_object('group_uuid', :'staff', 'priority', 1, 'effect', 'allow',
    'action', 'read', 'resource', 'things')::jsonb) ->> 'uuid' AS policy \gset
SELECT selfhost.create_thing('{"name": "house"}') ->> 'uuid' AS house \gset
SELECT selfhost.create_timeseries('{"name": "power", "si_unit": "W"}') ->> 'uuid' AS power \gset

CREATE TABLE calls AS SELECT row_number() OVER () AS o, format(call, VARIADIC args) AS call FROM (VALUES
    ('create_user(''{"name": "bert"}'')', ARRAY[NULL]),
    ('update_user(%L, ''{"name": "anne"}'')', ARRAY[:'anna']),
    ('set_user_rate(%L, ''{"rate": 5}'')', ARRAY[:'anna']),
    ('create_user_token(%L, ''{"name": "other"}'')', ARRAY[:'anna']),
    ('delete_user_token(%L, %L)', ARRAY[:'anna', :'token']),
    ('create_policy(''{"group_uuid": "%s", "priority": 2, "effect": "deny", "action": "read", "resource": "users"}'')',
        ARRAY[:'staff']),
    ('update_policy(%L, ''{"priority": 3}'')', ARRAY[:'policy']),
    ('delete_policy(%L)', ARRAY[:'policy']),
    ('create_group(''{"name": "guests"}'')', ARRAY[NULL]),
    ('update_group(%L, ''{"name": "crew"}'')', ARRAY[:'staff']),
    ('delete_group(%L)', ARRAY[:'staff']),
    ('delete_user(%L)', ARRAY[:'anna']),
    ('create_timeseries(''{"name": "heat", "si_unit": "W"}'')', ARRAY[NULL]),
    ('update_timeseries(%L, ''{"name": "load"}'')', ARRAY[:'power']),
    ('delete_timeseries(%L)', ARRAY[:'power']),
    ('create_thing(''{"name": "shed"}'')', ARRAY[NULL]),
    ('update_thing(%L, ''{"name": "home"}'')', ARRAY[:'house']),
    ('delete_thing(%L)', ARRAY[:'house'])) AS v (call, args);

BEGIN READ ONLY;
SELECT try(call), split_part(call, '(', 1) FROM calls ORDER BY o;
ROLLBACK;
-- The same calls in a transaction that may write.
BEGIN;
SELECT try(call), split_part(call, '(', 1) FROM calls ORDER BY o;
ROLLBACK;

\c selfhost_regress
DROP DATABASE regress_read_only;
