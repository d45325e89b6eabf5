-- Changes of accounts drop what every backend has cached of them (src/account.c). Row triggers, ENABLE
-- ALWAYS: others do not fire where logical replication applies a change. The insertion of a user or a
-- token needs none: that one does not exist is never remembered.

CREATE FUNCTION selfhost._invalidate() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sh_invalidate' LANGUAGE C;

CREATE TRIGGER invalidate AFTER UPDATE OR DELETE ON selfhost.user_account
    FOR EACH ROW EXECUTE FUNCTION selfhost._invalidate();
CREATE TRIGGER invalidate AFTER UPDATE OR DELETE ON selfhost.token
    FOR EACH ROW EXECUTE FUNCTION selfhost._invalidate();
CREATE TRIGGER invalidate AFTER INSERT OR UPDATE OR DELETE ON selfhost.membership
    FOR EACH ROW EXECUTE FUNCTION selfhost._invalidate();
CREATE TRIGGER invalidate AFTER INSERT OR UPDATE OR DELETE ON selfhost.policy
    FOR EACH ROW EXECUTE FUNCTION selfhost._invalidate();
CREATE TRIGGER invalidate AFTER INSERT OR UPDATE OR DELETE ON selfhost.role_user
    FOR EACH ROW EXECUTE FUNCTION selfhost._invalidate();

DO $$
DECLARE
    table_name text;
BEGIN
    FOREACH table_name IN ARRAY ARRAY['user_account', 'token', 'membership', 'policy', 'role_user'] LOOP
        EXECUTE format('CREATE TRIGGER invalidate_truncated AFTER TRUNCATE ON selfhost.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION selfhost._invalidate()', table_name);
        EXECUTE format('ALTER TABLE selfhost.%I ENABLE ALWAYS TRIGGER invalidate', table_name);
        EXECUTE format('ALTER TABLE selfhost.%I ENABLE ALWAYS TRIGGER invalidate_truncated', table_name);
    END LOOP;
END
$$;

