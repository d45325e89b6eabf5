-- Self-host for PostgreSQL, extension script. Assembled from extension/ddl/; do not edit the result.
\echo Use "CREATE EXTENSION selfhost" to load this file. \quit


-- Texts are JSON in and out, and their lengths count characters.
DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'selfhost needs a database with the encoding UTF8',
            HINT = 'Make it with CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
END
$$;
