-- Random uuids and secrets, and the first user of a domain. In a transaction that is undone: other
-- tests have a domain of their own.
\set VERBOSITY terse
SET client_min_messages = warning;

SELECT count(DISTINCT u) AS different, bool_and(u::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$') AS version_4
    FROM (SELECT selfhost._random_uuid() AS u FROM generate_series(1, 1000)) t;
SELECT count(DISTINCT s) AS different, bool_and(s ~ '^secret-token\.[0-9A-Za-z]{32}$') AS form
    FROM (SELECT selfhost._random_secret() AS s FROM generate_series(1, 1000)) t;
-- Each of the 62 characters is as likely as another: of 320,000 about 5161, 16 standard deviations
-- left and right.
SELECT count(*) AS characters, min(n) > 4000 AND max(n) < 6300 AS even
    FROM (SELECT c, count(*) AS n
          FROM (SELECT selfhost._random_secret() AS s FROM generate_series(1, 10000) OFFSET 0) r,
               unnest(string_to_array(substr(s, 14), NULL)) c
          GROUP BY c) t;

BEGIN;
TRUNCATE selfhost.user_account, selfhost.user_group CASCADE;
SAVEPOINT empty;
SELECT selfhost.reset_root_token();
ROLLBACK TO empty;
SELECT selfhost.init() AS secret \gset
SELECT length(:'secret'), left(:'secret', 13);
SELECT a.user_uuid, t.name, t.expires, a.rate, selfhost._allowed('delete', 'anything')
    FROM selfhost.authenticate(sha256(convert_to(:'secret', 'UTF8'))) a JOIN selfhost.token t ON t.uuid = a.token_uuid;
-- The secret itself is nowhere.
SELECT count(*) FROM selfhost.token t WHERE t::text LIKE '%' || :'secret' || '%';
SELECT uuid, name, personal_of FROM selfhost.user_group ORDER BY uuid;
SELECT u.name, g.name FROM selfhost.membership JOIN selfhost.user_account u ON u.uuid = user_uuid JOIN selfhost.user_group g ON g.uuid = group_uuid;
SELECT g.name, p.resource, p.effect, p.priority, string_agg(p.action::text, ', ' ORDER BY p.action) AS actions
    FROM selfhost.policy p JOIN selfhost.user_group g ON g.uuid = p.group_uuid GROUP BY 1, 2, 3, 4 ORDER BY 1, 2;
-- A second time is an error, as long as root or his group is there.
SAVEPOINT done;
\set VERBOSITY sqlstate
SELECT selfhost.init();
ROLLBACK TO done;
\set VERBOSITY terse
DELETE FROM selfhost.user_group WHERE name = 'root';
SELECT selfhost.init();
ROLLBACK TO done;

-- A new token for root takes the old ones away, and brings him back.
UPDATE selfhost.user_account SET state = 'inactive';
DELETE FROM selfhost.membership;
SELECT selfhost.reset_root_token() AS fresh \gset
SELECT (SELECT count(*) FROM selfhost.authenticate(sha256(convert_to(:'secret', 'UTF8')))) AS old,
       (SELECT count(*) FROM selfhost.authenticate(sha256(convert_to(:'fresh', 'UTF8')))) AS fresh;
SELECT selfhost._allowed('delete', 'anything') FROM selfhost.authenticate(sha256(convert_to(:'fresh', 'UTF8')));
ROLLBACK;
