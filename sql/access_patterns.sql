-- Patterns of policies against PostgreSQL's own LIKE, and how two of them relate. Random; nothing that
-- depends on the random sequence is printed but counterexamples.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA pattern_test;
SET search_path = pattern_test, public;

SELECT p, selfhost._pattern_valid(p) FROM unnest(ARRAY['', 'a', 'a\', '\', '\\', 'a\\\', '\%', '%\_', 'ä\', '%', NULL]) p;

-- Random words over few characters, of one to four bytes.
CREATE FUNCTION word(letters text[], most int) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(string_agg(letters[1 + floor(random() * cardinality(letters))::int], ''), '')
    FROM generate_series(1, floor(random() * (most + 1))::int) $$;
CREATE FUNCTION pattern(most int) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    p text;
BEGIN
    LOOP
        p := pattern_test.word(ARRAY['a', 'b', 'ä', '€', '𝄞', '%', '%', '_', '\a', '\%', '\_', '\\', '\ä'], most);
        EXIT WHEN selfhost._pattern_valid(p);
    END LOOP;
    RETURN p;
END $$;
CREATE TABLE p AS SELECT DISTINCT pattern(1 + n % 7) AS p FROM generate_series(1, 900) n;
CREATE TABLE t AS SELECT DISTINCT word(ARRAY['a', 'b', 'ä', '€', '𝄞', '%', '_', '\'], 1 + n % 7) AS t FROM generate_series(1, 900) n;
INSERT INTO p VALUES (''), ('%'), ('_'), ('%%'), ('_%'), ('%_'), ('%a%'), ('a%b');
INSERT INTO t VALUES (''), ('a'), ('ab');
SELECT count(*) > 300 AS enough FROM p;
SELECT count(*) > 300 AS enough FROM t;
SELECT p AS pattern, t AS text FROM p, t
    WHERE (t LIKE p) <> selfhost._pattern_matches(p, t) LIMIT 5;
SELECT count(*) > 1000 AS enough_match FROM p, t WHERE selfhost._pattern_matches(p, t);

-- Each pair of patterns: what covers another matches all that it does; two that do not meet match
-- nothing together.
CREATE TABLE pair AS
    SELECT a.p AS a, b.p AS b, selfhost._pattern_covers(a.p, b.p) AS covers, selfhost._pattern_meets(a.p, b.p) AS meets
    FROM (SELECT p FROM p ORDER BY length(p), p LIMIT 150) a, (SELECT p FROM p ORDER BY length(p), p LIMIT 150) b;
SELECT a, b, t AS wrongly_covers FROM pair JOIN t ON t LIKE b AND NOT t LIKE a WHERE covers LIMIT 5;
SELECT a, b, t AS meets_here FROM pair JOIN t ON t LIKE b AND t LIKE a WHERE NOT meets LIMIT 5;
SELECT x.a, x.b, 'not symmetrical' AS meets FROM pair x JOIN pair y ON x.a = y.b AND x.b = y.a WHERE x.meets <> y.meets LIMIT 5;
SELECT a, b, 'covers what it does not meet' AS wrong FROM pair WHERE covers AND NOT meets LIMIT 5;
SELECT p FROM p WHERE NOT selfhost._pattern_covers(p, p) OR NOT selfhost._pattern_covers('%', p) LIMIT 5;
SELECT bool_or(covers) AND bool_or(NOT covers) AND bool_or(NOT meets) AS all_kinds FROM pair WHERE a <> b;

-- Without the wildcard % texts are few: a pair that meets has a common match among all texts of its
-- length, and one covers the other if that is so for all of them.
CREATE TABLE letter AS SELECT unnest(ARRAY['a', 'b', 'ä', '%']) AS c;
CREATE TABLE word3 AS SELECT x.c || y.c || z.c AS t FROM letter x, letter y, letter z;
CREATE TABLE p3 AS SELECT x || y || z AS p FROM unnest(ARRAY['a', 'ä', '_', '\%']) x, unnest(ARRAY['a', '_', '\%']) y, unnest(ARRAY['ä', '_', 'b']) z;
SELECT a.p, b.p FROM p3 a, p3 b
    WHERE selfhost._pattern_meets(a.p, b.p) <> EXISTS (SELECT FROM word3 WHERE t LIKE a.p AND t LIKE b.p) LIMIT 5;
SELECT a.p, b.p FROM p3 a, p3 b
    WHERE selfhost._pattern_covers(a.p, b.p) <> NOT EXISTS (SELECT FROM word3 WHERE t LIKE b.p AND NOT t LIKE a.p) LIMIT 5;

SELECT a, b, selfhost._pattern_covers(a, b) AS covers, selfhost._pattern_meets(a, b) AS meets FROM (VALUES
    ('%', '%'), ('%', 'a\'), ('a\', 'a'), ('a%', 'a%'), ('a%', 'ab%'), ('ab%', 'a%'), ('a%', 'b%'), ('%a', 'a%'), ('a_', 'a%'), ('a%', 'a_'),
    ('%%', '%'), ('%_', '_%'), ('_%_', '%__%'), ('__', '_%'), ('a%c', 'a_c'), ('a%c', 'a%b%c'), ('a%b%c', 'a%c'), ('\%', '%'), ('%', '\%'),
    ('a\_b', 'a_b'), ('a_b', 'a\_b'), ('%x%', '%y%'), ('', ''), ('', '%'), ('%', ''), ('_', ''), ('things/%', 'things/1/%'),
    ('things/%', 'things')) AS v (a, b);

-- Patterns made to take long do not.
SET statement_timeout = '20s';
SELECT selfhost._pattern_matches(repeat('%a', 240) || 'b', repeat('a', 500)) AS no;
SELECT selfhost._pattern_covers(repeat('%a', 240) || 'b', repeat('a_', 240)) AS no;
SELECT selfhost._pattern_meets(repeat('%a', 240) || 'b', repeat('%a', 240) || 'c') AS no;
RESET statement_timeout;

DROP SCHEMA pattern_test CASCADE;
