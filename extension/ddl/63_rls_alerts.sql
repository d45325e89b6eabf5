-- Alerts for members of selfhost_sql, as the other tables: see 60_rls.sql. Of the keys, nothing.

ALTER TABLE selfhost.alert ENABLE ROW LEVEL SECURITY;

CREATE POLICY readable ON selfhost.alert FOR SELECT TO selfhost_sql
    USING (selfhost.can_read('alerts', uuid));

GRANT SELECT ON selfhost.alert TO selfhost_sql;
