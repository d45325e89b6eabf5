-- Members of selfhost_sql select from the tables themselves what they may read, by the same policies
-- as through the operations. Not from those of tokens. The owner of the extension, as whom the
-- operations run, is not subject to it; the C code reads by access routines.

ALTER TABLE selfhost.user_account ENABLE ROW LEVEL SECURITY;
ALTER TABLE selfhost.user_group ENABLE ROW LEVEL SECURITY;
ALTER TABLE selfhost.membership ENABLE ROW LEVEL SECURITY;
ALTER TABLE selfhost.policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE selfhost.thing ENABLE ROW LEVEL SECURITY;
ALTER TABLE selfhost.timeseries ENABLE ROW LEVEL SECURITY;

CREATE POLICY readable ON selfhost.user_account FOR SELECT TO selfhost_sql
    USING (selfhost.can_read('users', uuid));
CREATE POLICY readable ON selfhost.user_group FOR SELECT TO selfhost_sql
    USING (selfhost.can_read('groups', uuid));
-- As in the object that describes a user: who may read him sees his groups.
CREATE POLICY readable ON selfhost.membership FOR SELECT TO selfhost_sql
    USING (selfhost.can_read('users', user_uuid));
CREATE POLICY readable ON selfhost.policy FOR SELECT TO selfhost_sql
    USING (selfhost.can_read('policies', uuid));
CREATE POLICY readable ON selfhost.thing FOR SELECT TO selfhost_sql
    USING (selfhost.can_read('things', uuid, created_by));
CREATE POLICY readable ON selfhost.timeseries FOR SELECT TO selfhost_sql
    USING (selfhost.can_read('timeseries', uuid, created_by));

GRANT SELECT ON selfhost.user_account, selfhost.user_group, selfhost.membership, selfhost.policy,
    selfhost.thing, selfhost.timeseries TO selfhost_sql;
