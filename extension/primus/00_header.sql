-- Primus of Self-host for PostgreSQL, extension script. Assembled from extension/primus/; do not edit the result.
\echo Use "CREATE EXTENSION selfhost_primus" to load this file. \quit

-- Not by the control file: the schema is to go with the extension.
CREATE SCHEMA selfhost_primus;

-- Who may read the domains with their URIs, and nothing else: members are what gateways and workers log in as.
-- Roles belong to the whole cluster; another database with Primus may have made it.
DO $$
BEGIN
    CREATE ROLE selfhost_primus_reader;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;

GRANT USAGE ON SCHEMA selfhost_primus TO selfhost_primus_reader;
