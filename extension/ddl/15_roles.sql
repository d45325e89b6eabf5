
-- Roles are of the cluster, not of the database: another domain may have made them already.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['selfhost_gateway', 'selfhost_worker', 'selfhost_sql'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I', role_name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;

-- The gateway logs each request itself, the worker each run; what clients and programs do wrong must not
-- flood the server's log.
ALTER ROLE selfhost_gateway SET log_min_messages = 'fatal';
ALTER ROLE selfhost_gateway SET log_min_error_statement = 'panic';
ALTER ROLE selfhost_worker SET log_min_messages = 'fatal';
ALTER ROLE selfhost_worker SET log_min_error_statement = 'panic';

GRANT USAGE ON SCHEMA selfhost TO selfhost_gateway, selfhost_worker, selfhost_sql;
