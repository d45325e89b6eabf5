-- A session that knows tokens, rights and roles of an extension that is dropped and made again: the
-- relations are others then, with other rows, and other OIDs.
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT current_database() AS before \gset
CREATE DATABASE regress_access_reinstall;
\c regress_access_reinstall
SET client_min_messages = warning;

CREATE EXTENSION selfhost;
SELECT selfhost.init() AS secret \gset
SELECT selfhost._allowed('read', 'things') FROM selfhost.authenticate(sha256(convert_to(:'secret', 'UTF8')));
CREATE ROLE regress_access_root;
GRANT selfhost_sql TO regress_access_root;
INSERT INTO selfhost.role_user SELECT 'regress_access_root', uuid FROM selfhost.user_account;
GRANT EXECUTE ON FUNCTION selfhost._acting_user() TO regress_access_root;
SET ROLE regress_access_root;
SELECT selfhost._acting_user();
RESET ROLE;
SELECT selfhost.login(:'secret');

DROP EXTENSION selfhost CASCADE;
CREATE EXTENSION selfhost;
SELECT count(*) FROM selfhost.authenticate(sha256(convert_to(:'secret', 'UTF8')));
SELECT selfhost._acting_user();
SELECT selfhost.logout();
GRANT EXECUTE ON FUNCTION selfhost._acting_user() TO regress_access_root;
SET ROLE regress_access_root;
SELECT selfhost._acting_user();
RESET ROLE;
SELECT selfhost.init() AS secret \gset
SELECT selfhost._allowed('read', 'things') FROM selfhost.authenticate(sha256(convert_to(:'secret', 'UTF8')));
-- And changes of the new tables arrive.
DELETE FROM selfhost.policy;
SELECT selfhost._allowed('read', 'things') FROM selfhost.authenticate(sha256(convert_to(:'secret', 'UTF8')));
DELETE FROM selfhost.token;
SELECT count(*) FROM selfhost.authenticate(sha256(convert_to(:'secret', 'UTF8')));

-- Not in a database of any encoding.
CREATE DATABASE regress_access_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c regress_access_ascii
CREATE EXTENSION selfhost;

\c :before
DROP DATABASE regress_access_ascii;
DROP DATABASE regress_access_reinstall;
DROP ROLE regress_access_root;
