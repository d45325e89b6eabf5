-- Schema version 12, complete.

CREATE EXTENSION "uuid-ossp";

CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO schema_migrations VALUES (12, false);

CREATE TYPE thing_state AS ENUM ('active', 'inactive', 'passive', 'archived');
CREATE TYPE account_state AS ENUM ('active', 'inactive', 'archived');
CREATE TYPE policy_effect AS ENUM ('allow', 'deny');
CREATE TYPE policy_action AS ENUM ('create', 'read', 'update', 'delete');
CREATE TYPE alert_severity AS ENUM ('security', 'critical', 'major', 'minor', 'warning', 'informational',
    'debug', 'trace', 'indeterminate');
CREATE TYPE alert_status AS ENUM ('open', 'close', 'expire', 'shelve', 'acknowledge', 'unknown');

-- ---- accounts ----

CREATE TABLE users (
    uuid  uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    name  text NOT NULL UNIQUE,
    state account_state NOT NULL DEFAULT 'active'
);
CREATE INDEX users_resource_idx ON users (('users/' || uuid::text) text_pattern_ops);

CREATE TABLE user_tokens (
    uuid       uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_uuid  uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text NOT NULL,
    token_hash bytea NOT NULL,
    created    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX user_tokens_user_uuid_idx ON user_tokens (user_uuid);

CREATE TABLE groups (
    uuid uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    name text NOT NULL UNIQUE
);

CREATE TABLE user_groups (
    user_uuid  uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    group_uuid uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    PRIMARY KEY (user_uuid, group_uuid)
);
CREATE INDEX user_groups_group_uuid_idx ON user_groups (group_uuid);

CREATE TABLE group_policies (
    uuid       uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    group_uuid uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    priority   integer NOT NULL DEFAULT 0,
    effect     policy_effect NOT NULL DEFAULT 'deny',
    action     policy_action NOT NULL,
    resource   text NOT NULL,
    UNIQUE (group_uuid, priority, effect, action, resource)
);
CREATE INDEX group_policies_group_uuid_idx ON group_policies (group_uuid);
CREATE INDEX group_policies_effect_idx ON group_policies (effect);
CREATE INDEX group_policies_action_idx ON group_policies (action);
CREATE INDEX group_policies_resource_idx ON group_policies (resource text_pattern_ops);

-- ---- alerts ----

CREATE TABLE alerts (
    uuid              uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    resource          text NOT NULL,
    environment       text NOT NULL,
    event             text NOT NULL,
    severity          alert_severity NOT NULL,
    status            alert_status NOT NULL,
    service           text[] NOT NULL DEFAULT '{}',
    value             text NOT NULL DEFAULT '',
    description       text NOT NULL DEFAULT '',
    origin            text NOT NULL DEFAULT '',
    tags              text[] NOT NULL DEFAULT '{}',
    created           timestamptz NOT NULL DEFAULT now(),
    timeout           integer NOT NULL DEFAULT 3600,
    rawdata           bytea NOT NULL DEFAULT '',
    duplicate         integer NOT NULL DEFAULT 0,
    previous_severity alert_severity NOT NULL DEFAULT 'indeterminate',
    last_receive_time timestamptz
);
CREATE INDEX programs_environment_idx ON alerts (environment);
CREATE INDEX programs_severity_idx ON alerts (severity);
CREATE INDEX programs_status_idx ON alerts (status);

CREATE VIEW v_alerts AS
    SELECT uuid, resource, environment, event, severity,
           CASE WHEN status IN ('open', 'acknowledge')
                 AND coalesce(last_receive_time, created) + make_interval(secs => timeout) < now()
                THEN 'expire'::alert_status ELSE status END AS status,
           service, value, description, origin, tags, created, timeout, rawdata, duplicate,
           previous_severity, last_receive_time
    FROM alerts;

-- ---- things, datasets, time series ----

CREATE TABLE things (
    uuid       uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    name       text NOT NULL,
    type       text,
    state      thing_state NOT NULL DEFAULT 'inactive',
    created_by uuid REFERENCES users ON DELETE SET NULL,
    tags       text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX things_tags_idx ON things USING gin (tags) WITH (fastupdate = off);
CREATE INDEX things_created_by_idx ON things (created_by);

CREATE TABLE thing_deps (
    parent uuid NOT NULL REFERENCES things,
    child  uuid NOT NULL REFERENCES things,
    PRIMARY KEY (parent, child),
    CHECK (parent <> child)
);
CREATE INDEX thing_deps_child_idx ON thing_deps (child);

CREATE FUNCTION thing_deps_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        WITH RECURSIVE above (uuid) AS (
            SELECT NEW.parent
            UNION
            SELECT d.parent FROM thing_deps AS d JOIN above AS a ON d.child = a.uuid
            WHERE TG_OP = 'INSERT' OR (d.parent, d.child) <> (OLD.parent, OLD.child))
        SELECT FROM above WHERE uuid = NEW.child) THEN
        RAISE EXCEPTION 'circular';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER thing_deps_insert BEFORE INSERT ON thing_deps FOR EACH ROW EXECUTE FUNCTION thing_deps_check();
CREATE TRIGGER thing_deps_update BEFORE UPDATE ON thing_deps FOR EACH ROW EXECUTE FUNCTION thing_deps_check();

CREATE TABLE datasets (
    uuid       uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    name       text NOT NULL,
    format     text NOT NULL,
    content    bytea NOT NULL DEFAULT '',
    checksum   bytea NOT NULL DEFAULT '',
    size       integer NOT NULL DEFAULT 0,
    belongs_to uuid REFERENCES things ON DELETE SET NULL,
    created    timestamptz NOT NULL DEFAULT now(),
    updated    timestamptz NOT NULL DEFAULT now(),
    created_by uuid REFERENCES users ON DELETE SET NULL,
    updated_by uuid REFERENCES users ON DELETE SET NULL,
    tags       text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX datasets_tags_idx ON datasets USING gin (tags) WITH (fastupdate = off);
CREATE INDEX datasets_created_by_idx ON datasets (created_by);
CREATE INDEX datasets_updated_by_idx ON datasets (updated_by);
CREATE INDEX datasets_belongs_to_idx ON datasets (belongs_to);

CREATE FUNCTION datasets_size() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.size := length(NEW.content);
    RETURN NEW;
END
$$;
CREATE TRIGGER datasets_size BEFORE UPDATE OF content ON datasets
    FOR EACH ROW EXECUTE FUNCTION datasets_size();

CREATE TABLE timeseries (
    uuid        uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    thing_uuid  uuid REFERENCES things ON DELETE SET NULL,
    name        text NOT NULL,
    si_unit     text NOT NULL,
    lower_bound double precision,
    upper_bound double precision,
    created_by  uuid REFERENCES users ON DELETE SET NULL,
    tags        text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX timeseries_tags_idx ON timeseries USING gin (tags) WITH (fastupdate = off);
CREATE INDEX timeseries_created_by_idx ON timeseries (created_by);

CREATE TABLE tsdata (
    ts_uuid    uuid NOT NULL REFERENCES timeseries,
    value      double precision NOT NULL,
    ts         timestamptz NOT NULL,
    created_by uuid REFERENCES users ON DELETE SET NULL,
    UNIQUE (ts_uuid, ts)
) PARTITION BY HASH (ts_uuid);
CREATE INDEX tsdata_created_by_idx ON tsdata (created_by);
DO $$
BEGIN
    FOR i IN 0 .. 255 LOOP
        EXECUTE format('CREATE TABLE tsdata_%s PARTITION OF tsdata FOR VALUES WITH (MODULUS 256, REMAINDER %s)', i, i);
    END LOOP;
END
$$;

-- ---- programs ----

CREATE TABLE programs (
    uuid     uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    name     text NOT NULL,
    type     text NOT NULL DEFAULT 'program',
    state    text NOT NULL DEFAULT 'inactive',
    schedule text NOT NULL DEFAULT '0s',
    deadline integer NOT NULL DEFAULT 1000,
    language text NOT NULL DEFAULT 'tengo',
    tags     text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX programs_tags_idx ON programs USING gin (tags) WITH (fastupdate = off);

CREATE TABLE program_code_revisions (
    program_uuid uuid NOT NULL REFERENCES programs ON DELETE CASCADE,
    revision     integer NOT NULL DEFAULT 0,
    created      timestamptz NOT NULL DEFAULT now(),
    signed       timestamptz,
    created_by   uuid REFERENCES users ON DELETE SET NULL,
    signed_by    uuid REFERENCES users ON DELETE SET NULL,
    code         bytea,
    checksum     bytea,
    PRIMARY KEY (program_uuid, revision)
);

-- ---- functions ----

CREATE FUNCTION array_distinct(anyarray) RETURNS anyarray LANGUAGE sql IMMUTABLE AS
    'SELECT array_agg(DISTINCT e) FROM unnest($1) AS e';

CREATE FUNCTION user_has_access(user_uuid uuid, action policy_action, resource text) RETURNS boolean
    LANGUAGE sql AS $$
    SELECT coalesce(bool_or(p.effect = 'allow') AND NOT bool_or(p.effect = 'deny'), false)
    FROM group_policies AS p JOIN user_groups AS m ON m.group_uuid = p.group_uuid
    WHERE m.user_uuid = $1 AND p.action = $2 AND $3 LIKE p.resource
$$;

-- ---- what every database begins with ----

INSERT INTO users (uuid, name) VALUES ('00000000-0000-1000-8000-000000000000', 'root');
INSERT INTO groups (uuid, name) VALUES
    ('00000000-0000-1000-8000-000000000000', 'root'),
    ('00000000-0000-1000-8000-000000000001', 'things'),
    ('00000000-0000-1000-8000-000000000002', 'timeseries'),
    ('00000000-0000-1000-8000-000000000003', 'tsdata'),
    ('00000000-0000-1000-8000-000000000004', 'datasets'),
    ('00000000-0000-1000-8000-000000000100', 'operator'),
    ('00000000-0000-1000-8000-000000000101', 'admin');
INSERT INTO user_groups VALUES
    ('00000000-0000-1000-8000-000000000000', '00000000-0000-1000-8000-000000000000');
INSERT INTO user_tokens (user_uuid, name, token_hash)
    VALUES ('00000000-0000-1000-8000-000000000000', 'Main admin token', sha256('root'));
INSERT INTO group_policies (group_uuid, effect, action, resource)
    SELECT g.uuid, 'allow', a::policy_action, p.resource
    FROM (VALUES
        ('root', '{create,read,update,delete}'::text[], '%'),
        ('things', '{create,read}', 'things'),
        ('things', '{read,update,delete}', 'things/%'),
        ('timeseries', '{create,read}', 'timeseries'),
        ('timeseries', '{create,read,update,delete}', 'timeseries/%'),
        ('tsdata', '{create,read}', 'tsdata'),
        ('tsdata', '{read,update,delete}', 'tsdata/%'),
        ('datasets', '{create,read}', 'datasets'),
        ('datasets', '{read,update,delete}', 'datasets/%')) AS p (name, actions, resource)
    JOIN groups AS g ON g.name = p.name CROSS JOIN unnest(p.actions) AS a;
