-- Programs for members of selfhost_sql, as the other tables: see 60_rls.sql. Their code has rights of
-- its own: it is read by the operations only.

ALTER TABLE selfhost.program ENABLE ROW LEVEL SECURITY;

CREATE POLICY readable ON selfhost.program FOR SELECT TO selfhost_sql
    USING (selfhost.can_read('programs', uuid, created_by));

GRANT SELECT ON selfhost.program TO selfhost_sql;
