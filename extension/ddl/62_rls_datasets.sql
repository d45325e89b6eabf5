
-- Datasets as in 60_rls.sql: what describes them, not their content; that is for get_dataset_raw().

ALTER TABLE selfhost.dataset ENABLE ROW LEVEL SECURITY;

CREATE POLICY readable ON selfhost.dataset FOR SELECT TO selfhost_sql
    USING (selfhost.can_read('datasets', uuid, created_by));

GRANT SELECT ON selfhost.dataset TO selfhost_sql;
