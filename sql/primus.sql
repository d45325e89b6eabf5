-- Primus: the table of domains, who may do what with it, and that no error shows a URI.
SET client_min_messages = warning;
CREATE EXTENSION selfhost_primus;
SET timezone = 'UTC';
\set VERBOSITY terse

-- Create, read, update, delete.
SELECT selfhost_primus.create_domain('Building-A', 'postgresql://sh:s3cret@db1.example/building_a');
SELECT selfhost_primus.create_domain('b.2', 'service=b2 dbname=b2', enabled => false, comment => 'the second');
SELECT * FROM selfhost_primus.read_domains();
SELECT name, uri, enabled, comment, created = updated AS fresh FROM selfhost_primus.domains;
SELECT selfhost_primus.update_domain('B.2', enabled => true);
SELECT * FROM selfhost_primus.read_domains();
SELECT selfhost_primus.update_domain('building-a', uri => 'host=db2 user=sh password=''s3 cret'' dbname=a', comment => 'moved');
SELECT name, uri, enabled, comment, updated > created AS changed FROM selfhost_primus.domains;
-- Nothing changes, nothing is new.
CREATE TEMPORARY TABLE was AS SELECT name, updated FROM selfhost_primus.domain;
SELECT selfhost_primus.update_domain('b.2', comment => 'the second');
SELECT count(*) FROM selfhost_primus.domain NATURAL JOIN was;
SELECT selfhost_primus.delete_domain('B.2');
SELECT name FROM selfhost_primus.domains;

-- Refusals: by name, and without the URI, all of the error shown.
\set VERBOSITY default
SELECT selfhost_primus.create_domain('building-a', 'postgresql://sh:s3cret@db1/x');
SELECT selfhost_primus.update_domain('nobody', uri => 'postgresql://sh:s3cret@db1/x');
SELECT selfhost_primus.delete_domain('nobody');
INSERT INTO selfhost_primus.domain (name, uri) VALUES ('a b', 'postgresql://sh:s3cret@db1/x');
INSERT INTO selfhost_primus.domain (name, uri) VALUES (NULL, 'postgresql://sh:s3cret@db1/x');
INSERT INTO selfhost_primus.domain (name, uri, enabled) VALUES ('x', 'postgresql://sh:s3cret@db1/x', NULL);
INSERT INTO selfhost_primus.domain (name, uri, comment) VALUES ('x', 'postgresql://sh:s3cret@db1/x', repeat('y', 1001));
UPDATE selfhost_primus.domain SET uri = NULL;
UPDATE selfhost_primus.domain SET uri = 's3cret';
\set VERBOSITY terse
INSERT INTO selfhost_primus.domain (name, uri) VALUES (repeat('n', 64), 'service=x');
INSERT INTO selfhost_primus.domain (name, uri) VALUES ('-x', 'service=x');
SELECT uri, selfhost_primus._uri_fault(uri) FROM (VALUES
    (''), (repeat('x=y ', 1100)), (E'host=a\nuser=b'), ('postgresql://u:p@w@h/d'), ('postgresql://u:p/w@h/d'),
    ('http://h/d'), ('host = a'), ('password= user=x'), ('host=''a'), ('mydb'),
    ('postgres://'), ('postgresql:///d?host=/run/x'), ('postgresql://u:p?w@h/d'), ('postgresql://h/d?application_name=a@b'),
    ('service=x'), ($$host='a b' password='it\'s'$$), ($$password=a'b\ c$$)) AS v (uri) WHERE length(uri) < 100;
SELECT selfhost_primus._uri_fault(repeat('x=y ', 1100)), selfhost_primus._uri_fault(NULL);

-- What is shown of a URI.
SELECT selfhost_primus.mask_uri(uri) FROM (VALUES
    (NULL), ('postgresql://h:5432,g:5433/d'), ('postgresql://u@h/d'), ('postgres://u:s3cret@h:5432,g/d?sslmode=require'),
    ('postgresql://u:s3?c&ret@h/d'), ('postgresql://:s3cret@h/d'), ('postgresql://u:s3cret@[::1]:5432/d'), ('postgresql://[::1]:5432/d'),
    ('postgresql:///d?host=/run/x&user=u&password=s3cret'), ('postgresql:///d?%70assword=s3cret&passfile=/etc/p'),
    ('postgresql:///d?password=s3&cret&sslpassword=s3cret'), ('postgresql:///d?new_secret=s3cret&options=-c%20x=s3cret'),
    ('postgresql:///d?dbname=postgresql://u:s3cret@h/d'), ('host=h dbname=''postgresql://u:s3cret@h/d'''),
    ('host=h password=s3cret user=u'), ($$password='s3 \' cret' sslmode=require$$), ($$user=u password=s3'\ cret port=1$$),
    ('s3cret'), ('postgresql://u:s3@cret@h/d')) AS v (uri);

-- Of statements, not rows; t/060_primus.pl listens.
SELECT tgname, tgtype & 1 AS of_rows, tgnargs FROM pg_trigger WHERE tgrelid = 'selfhost_primus.domain'::regclass ORDER BY 1;

-- Nobody but the owner may do anything, but for readers.
CREATE ROLE regress_primus_reader IN ROLE selfhost_primus_reader;
CREATE ROLE regress_primus_nobody;
SET ROLE regress_primus_reader;
SELECT * FROM selfhost_primus.read_domains();
SELECT selfhost_primus.create_domain('x', 'service=x');
SELECT selfhost_primus.update_domain('building-a', enabled => false);
SELECT selfhost_primus.delete_domain('building-a');
SELECT name, uri FROM selfhost_primus.domains;
SELECT name FROM selfhost_primus.domain;
INSERT INTO selfhost_primus.domain (name, uri) VALUES ('x', 'service=x');
SET ROLE regress_primus_nobody;
SELECT * FROM selfhost_primus.read_domains();
RESET ROLE;
SELECT p.oid::regprocedure FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    WHERE p.pronamespace = 'selfhost_primus'::regnamespace AND a.grantee NOT IN (p.proowner, 'selfhost_primus_reader'::regrole);
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'selfhost_primus'::regnamespace
    AND (p.proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog, pg_temp']);
SELECT extconfig = ARRAY['selfhost_primus.domain'::regclass::oid] AS dumped FROM pg_extension WHERE extname = 'selfhost_primus';

DROP ROLE regress_primus_reader, regress_primus_nobody;
-- It leaves nothing behind but the role, which belongs to the cluster.
DROP EXTENSION selfhost_primus;
SELECT count(*) FROM pg_namespace WHERE nspname = 'selfhost_primus';
CREATE EXTENSION selfhost_primus;
SELECT * FROM selfhost_primus.read_domains();
DROP EXTENSION selfhost_primus;
DROP ROLE selfhost_primus_reader;
