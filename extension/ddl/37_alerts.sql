-- Alerts: what something or somebody reports of a resource. Repetitions of one are merged.

-- From the most severe to the least.
CREATE TYPE selfhost.alert_severity AS ENUM (
    'security', 'critical', 'major', 'minor', 'warning', 'informational', 'debug', 'trace',
    'indeterminate');
CREATE TYPE selfhost.alert_status AS ENUM (
    'open', 'close', 'expire', 'shelve', 'acknowledge', 'unknown');

-- status is as it was set: one that has expired is told by _alert_status() when it is read.
CREATE TABLE selfhost.alert (
    uuid              uuid PRIMARY KEY DEFAULT selfhost._random_uuid(),
    resource          text COLLATE "C" NOT NULL,
    environment       text COLLATE "C" NOT NULL,
    event             text COLLATE "C" NOT NULL,
    severity          selfhost.alert_severity NOT NULL,
    status            selfhost.alert_status NOT NULL DEFAULT 'open',
    service           text[] NOT NULL DEFAULT '{}',
    value             text NOT NULL DEFAULT '',
    description       text NOT NULL DEFAULT '',
    origin            text COLLATE "C" NOT NULL DEFAULT '',
    tags              text[] NOT NULL DEFAULT '{}',
    created           timestamptz NOT NULL DEFAULT clock_timestamp(),
    timeout           integer NOT NULL DEFAULT 3600,
    rawdata           bytea NOT NULL DEFAULT '',
    duplicate         integer NOT NULL DEFAULT 0,
    previous_severity selfhost.alert_severity NOT NULL DEFAULT 'indeterminate',
    last_receive_time timestamptz
);

-- What repetitions have in common, as one short value.
CREATE FUNCTION selfhost._alert_key(resource text, environment text, event text, origin text)
    RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN sha256(convert_to(
        jsonb_build_array(resource, environment, event, origin)::text, 'UTF8'));
END
$$;

-- Until when an alert counts without a repetition.
CREATE FUNCTION selfhost._alert_end(alert selfhost.alert) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce(alert.last_receive_time, alert.created) + make_interval(secs => alert.timeout);
END
$$;

-- The status that is shown. Nothing is written when an alert expires, so a change of its status or
-- time-out brings it back.
CREATE FUNCTION selfhost._alert_status(alert selfhost.alert) RETURNS selfhost.alert_status
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF alert.status IN ('open', 'acknowledge')
        AND selfhost._alert_end(alert) < statement_timestamp() THEN
        RETURN 'expire';
    END IF;
    RETURN alert.status;
END
$$;

CREATE INDEX alert_merge ON selfhost.alert
    (selfhost._alert_key(resource, environment, event, origin));
-- Lists are read in this order, then by environment and event.
CREATE INDEX alert_resource ON selfhost.alert (resource);

-- Merging is free of races through the unique key of this table, not through one of the alerts: of
-- those several may have the same merge key, all but one of them expired or closed, or not even
-- that after a change by hand. A report begins with an upsert of its key, and so waits for any
-- other report of the same that is not committed; the search for the alert to merge with comes in
-- the next statement, whose snapshot has what the other one wrote. In REPEATABLE READ, where the
-- snapshot is older, the upsert itself fails with 40001: that is why it has to change the row, not
-- only to lock it. Always the key first, then an alert.
CREATE TABLE selfhost.alert_key (
    key bytea PRIMARY KEY
);
