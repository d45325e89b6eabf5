-- Rows that are hard to move. The uuids tell what is what: 0a users, 0b groups, 0c tokens, 0d policies,
-- 0e things, 0f datasets, 10 time series, 11 programs, 12 alerts.

-- A user as the server makes him: his group, his membership, ten policies.
CREATE FUNCTION pg_temp.add_user(user_uuid uuid, group_uuid uuid, name text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO groups VALUES ($2, $3);
    INSERT INTO users VALUES ($1, $3);
    INSERT INTO user_groups VALUES ($1, $2);
    INSERT INTO group_policies (group_uuid, effect, action, resource)
        SELECT $2, 'allow'::policy_effect, 'read'::policy_action, 'users/me'
        UNION ALL SELECT $2, 'allow', a, 'users/' || $1 || s
            FROM unnest(enum_range(NULL::policy_action)) AS a, (VALUES (''), ('/%')) AS t (s)
        UNION ALL SELECT $2, 'deny', 'update', 'users/' || $1 || '/rate';
$$;
SELECT pg_temp.add_user('00000000-0000-4000-8000-000000000a01', '00000000-0000-4000-8000-000000000b01', 'alice');
SELECT pg_temp.add_user('00000000-0000-4000-8000-000000000a02', '00000000-0000-4000-8000-000000000b02', 'bob');
INSERT INTO users VALUES ('00000000-0000-4000-8000-000000000a03', 'carol');
SELECT pg_temp.add_user('00000000-0000-4000-8000-000000000a04', '00000000-0000-4000-8000-000000000b04',
    E'"; DROP TABLE users; -- \\ \n\t''Zoë'' \u2028 {"a":[1]} %_');
SELECT pg_temp.add_user('00000000-0000-4000-8000-000000000a05', '00000000-0000-4000-8000-000000000b05', 'dave');
UPDATE users SET state = 'inactive' WHERE name = 'dave';
SELECT pg_temp.add_user('00000000-0000-4000-8000-000000000a06', '00000000-0000-4000-8000-000000000b06', 'eve');
UPDATE users SET name = 'erin' WHERE name = 'eve';
SELECT pg_temp.add_user('00000000-0000-4000-8000-000000000a07', '00000000-0000-4000-8000-000000000b07', 'taken');
INSERT INTO users VALUES ('00000000-0000-4000-8000-000000000a08', 'frank');
INSERT INTO groups VALUES ('00000000-0000-4000-8000-000000000b08', 'frank'),
    ('00000000-0000-4000-8000-000000000b09', 'x');
INSERT INTO user_groups VALUES
    ('00000000-0000-4000-8000-000000000a01', '00000000-0000-1000-8000-000000000000'),
    ('00000000-0000-4000-8000-000000000a02', '00000000-0000-4000-8000-000000000b09'),
    ('00000000-0000-4000-8000-000000000a08', '00000000-0000-4000-8000-000000000b08'),
    ('00000000-0000-4000-8000-000000000a08', '00000000-0000-4000-8000-000000000b09');

-- ---- tokens: the same name twice, the same secret twice, no digest at all ----

INSERT INTO user_tokens VALUES
    ('00000000-0000-4000-8000-000000000c01', '00000000-0000-4000-8000-000000000a01', 'laptop',
     sha256('secret-token.alice1'), '2021-06-01 12:00:00.123456+02'),
    ('00000000-0000-4000-8000-000000000c02', '00000000-0000-4000-8000-000000000a01', 'laptop',
     sha256('secret-token.alice2'), '2022-06-01 12:00:00+02'),
    ('00000000-0000-4000-8000-000000000c03', '00000000-0000-4000-8000-000000000a02', '',
     sha256('secret-token.bob'), 'infinity'),
    ('00000000-0000-4000-8000-000000000c04', '00000000-0000-4000-8000-000000000a03', 'same secret',
     sha256('secret-token.bob'), '2023-01-01'),
    ('00000000-0000-4000-8000-000000000c05', '00000000-0000-4000-8000-000000000a03', 'short', '\x00', now()),
    ('00000000-0000-4000-8000-000000000c06', '00000000-0000-4000-8000-000000000a07', 'of him', sha256('h'), now()),
    ('00000000-0000-4000-8000-000000000c07', '00000000-0000-4000-8000-000000000a05', 'sensor',
     sha256('secret-token.dave'), '2020-02-29'),
    ('00000000-0000-4000-8000-000000000c08', '00000000-0000-4000-8000-000000000a08', 'frank',
     sha256('secret-token.frank'), '2020-02-29');

-- ---- policies ----

INSERT INTO group_policies VALUES
    ('00000000-0000-4000-8000-000000000d01', '00000000-0000-4000-8000-000000000b09', 0, 'allow', 'read', 'things/\'),
    ('00000000-0000-4000-8000-000000000d02', '00000000-0000-4000-8000-000000000b09', 0, 'allow', 'read', 'thing_'),
    ('00000000-0000-4000-8000-000000000d03', '00000000-0000-4000-8000-000000000b09', 1, 'allow', 'read', 'timeseries'),
    ('00000000-0000-4000-8000-000000000d04', '00000000-0000-4000-8000-000000000b09', 2, 'allow', 'read', 'timeseries'),
    ('00000000-0000-4000-8000-000000000d05', '00000000-0000-4000-8000-000000000b09', -2147483648, 'allow', 'read',
     'timeseries/%/data'),
    ('00000000-0000-4000-8000-000000000d06', '00000000-0000-4000-8000-000000000b09', 0, 'deny', 'delete', '%'),
    ('00000000-0000-4000-8000-000000000d07', '00000000-0000-4000-8000-000000000b09', 0, 'allow', 'update', ''),
    ('00000000-0000-4000-8000-000000000d08', '00000000-0000-4000-8000-000000000b09', 0, 'deny', 'update', repeat('x', 501)),
    ('00000000-0000-4000-8000-000000000d09', '00000000-0000-4000-8000-000000000b09', 0, 'allow', 'read',
     'things/99999999-0000-4000-8000-000000000000/%'), -- of a thing that is gone
    ('00000000-0000-4000-8000-000000000d10', '00000000-0000-1000-8000-000000000000', 0, 'deny', 'delete', 'users/%'),
    ('00000000-0000-4000-8000-000000000d11', '00000000-0000-4000-8000-000000000b07', 0, 'allow', 'read', 'things/%');
-- The operator has taken a right of a built-in group away.
DELETE FROM group_policies WHERE resource = 'timeseries/%' AND action = 'delete';

-- ---- things, and the policies that their creation has made for the root group ----

INSERT INTO things VALUES
    ('00000000-0000-4000-8000-000000000e01', 'Boiler', 'heating', 'active', '00000000-0000-4000-8000-000000000a01',
     '{a,a,"",b}'),
    ('00000000-0000-4000-8000-000000000e02', '', '', 'passive', NULL, ARRAY[NULL, 'x', NULL]),
    ('00000000-0000-4000-8000-000000000e03', E'odd \u0001 \\ "name" \U0001F525', NULL, 'archived',
     '00000000-0000-4000-8000-000000000a07', '[3:4][2:3]={{p,q},{r,NULL}}'),
    ('00000000-0000-4000-8000-000000000e04', 'Boiler', NULL, 'inactive', '00000000-0000-4000-8000-000000000a02', '{}');
INSERT INTO group_policies (group_uuid, effect, action, resource)
    SELECT '00000000-0000-1000-8000-000000000000', 'allow', a, 'things/' || t.uuid || '/%'
    FROM things AS t, unnest(enum_range(NULL::policy_action)) AS a;
INSERT INTO thing_deps VALUES
    ('00000000-0000-4000-8000-000000000e01', '00000000-0000-4000-8000-000000000e02'),
    ('00000000-0000-4000-8000-000000000e02', '00000000-0000-4000-8000-000000000e03');

-- ---- datasets ----

INSERT INTO datasets VALUES
    ('00000000-0000-4000-8000-000000000f01', 'settings', 'json', '{"a": 1}', sha256('{"a": 1}'), 8,
     '00000000-0000-4000-8000-000000000e01', '2020-01-02 03:04:05.6+00', '2020-02-02 03:04:05.654321+00',
     '00000000-0000-4000-8000-000000000a01', '00000000-0000-4000-8000-000000000a02', '{x,x}'),
    ('00000000-0000-4000-8000-000000000f02', 'empty', 'csv', '', sha256(''), 0, NULL, '0044-03-15 12:00:00+00 BC', now(),
     NULL, NULL, '{}'),
    ('00000000-0000-4000-8000-000000000f03', 'wrong', 'pdf', '\x00ff00', '\x', 77, NULL, now(), 'infinity',
     '00000000-0000-4000-8000-000000000a07', NULL, '{{a,b},{c,NULL}}');
-- 20 MB that do not compress.
INSERT INTO datasets (uuid, name, format, content, size)
    SELECT '00000000-0000-4000-8000-000000000f04', 'large', 'misc', string_agg(sha256(i::text::bytea), '' ORDER BY i), 20000000
    FROM generate_series(1, 625000) AS i;
UPDATE datasets SET checksum = sha256(content) WHERE name = 'large';

-- ---- time series ----

INSERT INTO timeseries VALUES
    ('00000000-0000-4000-8000-000000001001', '00000000-0000-4000-8000-000000000e01', 'temperature', 'C', -10, 50,
     '00000000-0000-4000-8000-000000000a01', '{a,a}'),
    ('00000000-0000-4000-8000-000000001002', NULL, '', '', NULL, NULL, NULL, '{}'), -- without points
    ('00000000-0000-4000-8000-000000001003', NULL, 'odd values', 'no unit', 'NaN', 'Infinity',
     '00000000-0000-4000-8000-000000000a07', ARRAY[NULL, 't']),
    ('00000000-0000-4000-8000-000000001004', '00000000-0000-4000-8000-000000000e03', 'long', 'kWh', 0.1, NULL,
     '00000000-0000-4000-8000-000000000a02', '{}'),
    ('00000000-0000-4000-8000-000000001005', NULL, 'one point', 'm', 3, 2, NULL, '{}');
-- Some are out of the bounds, which were set later.
INSERT INTO tsdata SELECT '00000000-0000-4000-8000-000000001001', i, '2020-01-01 00:00:00.000001+00'::timestamptz + i * interval '1 s',
        CASE WHEN i % 2 = 0 THEN '00000000-0000-4000-8000-000000000a01'::uuid END
    FROM generate_series(-100, 100) AS i;
INSERT INTO tsdata (ts_uuid, value, ts)
    SELECT '00000000-0000-4000-8000-000000001003', v::double precision, t::timestamptz FROM (VALUES
        ('NaN', '2020-01-01 00:00+00'), ('Infinity', '2020-01-02 00:00+00'), ('-Infinity', '2020-01-03 00:00+00'),
        ('1', 'infinity'), ('2', '-infinity'), ('-0', '2020-01-04 00:00:00.000001+00'),
        ('1.7976931348623157e308', '2020-01-05 00:00+00'), ('1.7976931348623157e308', '2020-01-06 00:00+00'),
        ('-1.7976931348623157e308', '2020-01-07 00:00+00'), ('5e-324', '2020-01-08 00:00+00'),
        ('0.1', '0044-03-15 00:00+00 BC'), ('3.140000104904175', '12345-06-07 08:09:10.111213+00'),
        ('0.30000000000000004', '4713-01-01 00:00+00 BC'), ('6', '294276-12-31 23:59:59.999999+00'),
        ('7', '2021-03-28 01:30+01'), ('8', '2021-10-31 02:30+02'), ('9', '2021-10-31 02:30+01')) AS p (v, t);
INSERT INTO tsdata (ts_uuid, value, ts)
    SELECT '00000000-0000-4000-8000-000000001004', round(1e3 * sin(i / 1000.0)) / 10,
           '2015-01-01 00:00+00'::timestamptz + i * interval '1 min'
    FROM generate_series(1, 120000) AS i;
INSERT INTO tsdata VALUES ('00000000-0000-4000-8000-000000001005', 2.5, '1999-12-31 23:59:59.999999+00', NULL);

-- ---- programs ----

INSERT INTO programs VALUES
    ('00000000-0000-4000-8000-000000001101', 'hourly', 'routine', 'active', '0 0 * * * *', 5000, 'tengo', '{a}'),
    ('00000000-0000-4000-8000-000000001102', 'defaults', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT),
    ('00000000-0000-4000-8000-000000001103', 'hook', 'webhook', 'active', '@daily', -5, 'tengo', ARRAY[NULL, 'w']),
    ('00000000-0000-4000-8000-000000001104', 'lib', 'module', 'broken', '1m', 2000000000, 'tengo', '{}'),
    ('00000000-0000-4000-8000-000000001105', 'snake', 'routine', 'active', '@hourly', 1000, 'python', '{}'),
    ('00000000-0000-4000-8000-000000001106', 'nobody''s', 'routine', 'failed', 'TZ=Europe/Stockholm 0 0 3 * * *', 1000,
     'tengo', '{}');
INSERT INTO program_code_revisions VALUES
    ('00000000-0000-4000-8000-000000001101', 0, '2020-01-01 00:00+00', '2020-01-02 00:00+00',
     '00000000-0000-4000-8000-000000000a01', '00000000-0000-4000-8000-000000000a02', 'x := 1', sha256('x := 1')),
    ('00000000-0000-4000-8000-000000001101', 1, '2020-01-03 00:00+00', NULL, NULL, NULL, '\x00ff0a', sha256('\x00ff0a')),
    ('00000000-0000-4000-8000-000000001101', 2, '2020-01-04 00:00+00', '2020-01-05 00:00+00',
     '00000000-0000-4000-8000-000000000a01', NULL, NULL, NULL), -- signed, and without code
    ('00000000-0000-4000-8000-000000001101', 3, '2020-01-06 00:00+00', NULL, NULL, NULL, NULL, NULL), -- nothing
    ('00000000-0000-4000-8000-000000001102', 7, '2020-01-01 00:00+00', NULL, '00000000-0000-4000-8000-000000000a07', NULL,
     '', '\x'), -- of somebody who does not come; its checksum is wrong
    ('00000000-0000-4000-8000-000000001103', 0, 'infinity', '-infinity', '00000000-0000-4000-8000-000000000a02',
     '00000000-0000-4000-8000-000000000a02', 'f := func() {}', NULL),
    ('00000000-0000-4000-8000-000000001103', -1, now(), NULL, NULL, NULL, 'x', NULL),
    ('00000000-0000-4000-8000-000000001105', 0, now(), now(), '00000000-0000-4000-8000-000000000a02',
     '00000000-0000-4000-8000-000000000a02', 'print(1)', NULL),
    ('00000000-0000-4000-8000-000000001106', 0, '2020-01-01 00:00+00', '2020-01-01 00:00+00', NULL, NULL, 'y := 2', sha256('y := 2'));

-- ---- alerts: each severity with each status ----

INSERT INTO alerts (resource, environment, event, severity, status, service, value, description, origin, tags, created,
        timeout, rawdata, duplicate, previous_severity, last_receive_time)
    SELECT 'r', 'env', format('%s %s', sev, st), sev, st, '{s,s}', E'\u0001', '', 'o', '{}', '2020-01-01 00:00:00.5+00',
           CASE WHEN st = 'open' THEN -1 ELSE 2147483647 END, '\x00ff', 3, 'minor',
           CASE WHEN st = 'shelve' THEN 'infinity'::timestamptz WHEN st = 'close' THEN '2021-01-01 00:00+00' END
    FROM unnest(enum_range(NULL::alert_severity)) AS sev, unnest(enum_range(NULL::alert_status)) AS st;
INSERT INTO alerts (uuid, resource, environment, event, severity, status, rawdata)
    SELECT '00000000-0000-4000-8000-000000001201', '', '', '', 'trace', 'open', string_agg(sha256(i::text::bytea), '')
    FROM generate_series(1, 100000) AS i; -- 3 MB
INSERT INTO alerts (uuid, resource, environment, event, severity, status, service)
    SELECT ('00000000-0000-4000-8000-00000000121' || i)::uuid, 'twin', 'e', 'e', 'major', 'open', ARRAY[[NULL, 's']]
    FROM generate_series(1, 2) AS i;
ANALYZE;
