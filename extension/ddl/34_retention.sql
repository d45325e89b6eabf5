-- How long points are kept. Whole rows of points go, when their last point is too old; so some points stay
-- longer, by what one row spans.

CREATE INDEX timeseries_retention ON selfhost.timeseries (id) WHERE retention IS NOT NULL;

-- One row at most.
CREATE TABLE selfhost.storage_settings (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    retention   interval CHECK (retention > '0'),  -- of series without their own; NULL: for ever
    next_series integer NOT NULL DEFAULT 0         -- where the next apply_retention() goes on
);

-- Deletes the first rows of a series whose last point is older, unless somebody writes to the series.
CREATE FUNCTION selfhost._delete_expired(
    id integer, before timestamptz, max_rows integer,
    OUT deleted_rows integer, OUT deleted_points bigint
) AS 'MODULE_PATHNAME', 'sh_delete_expired' LANGUAGE C STRICT;

-- Deletes at most max_rows rows of points that are older than their retention, of at most max_rows series.
-- more: a round through all series is not finished; call again in another transaction. Months and days are
-- counted in UTC. Series that somebody writes to are left to the next round.
CREATE FUNCTION selfhost.apply_retention(
    max_rows integer DEFAULT 1000,
    OUT deleted_rows integer, OUT deleted_points bigint, OUT more boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    standard interval := (SELECT s.retention FROM selfhost.storage_settings AS s);
    first    integer;
    looked   integer := 0;
    series   record;
    deleted  record;
BEGIN
    deleted_rows := 0;
    deleted_points := 0;
    more := false;
    IF max_rows IS NULL OR max_rows < 1 THEN
        PERFORM selfhost._refuse('22023', 'max_rows: must be at least 1');
    END IF;
    IF standard IS NULL AND NOT EXISTS (SELECT FROM selfhost.timeseries AS t WHERE t.retention IS NOT NULL) THEN
        RETURN;
    END IF;
    INSERT INTO selfhost.storage_settings DEFAULT VALUES ON CONFLICT DO NOTHING;
    SELECT s.next_series INTO first FROM selfhost.storage_settings AS s FOR UPDATE;
    FOR series IN
        -- One half is empty: where the domain keeps for ever, the small index has all that matters.
        (SELECT t.id, t.retention FROM selfhost.timeseries AS t
         WHERE standard IS NULL AND t.retention IS NOT NULL AND t.id >= first ORDER BY t.id LIMIT max_rows)
        UNION ALL
        (SELECT t.id, coalesce(t.retention, standard) FROM selfhost.timeseries AS t
         WHERE standard IS NOT NULL AND t.id >= first ORDER BY t.id LIMIT max_rows)
    LOOP
        SELECT d.* INTO deleted FROM selfhost._delete_expired(
            series.id, (now() AT TIME ZONE 'UTC' - series.retention) AT TIME ZONE 'UTC',
            max_rows - deleted_rows) AS d;
        deleted_rows := deleted_rows + deleted.deleted_rows;
        deleted_points := deleted_points + deleted.deleted_points;
        looked := looked + 1;
        first := series.id + 1;
        IF deleted_rows >= max_rows THEN
            first := series.id;
            EXIT;
        END IF;
    END LOOP;
    more := deleted_rows >= max_rows OR looked >= max_rows;
    UPDATE selfhost.storage_settings AS s SET next_series = CASE WHEN more THEN first ELSE 0 END
        WHERE s.next_series <> CASE WHEN more THEN first ELSE 0 END;
END
$$;

-- retention: NULL: as the domain does, and for the domain for ever. uuid NULL: the domain, for its owner.
CREATE FUNCTION selfhost.set_retention(uuid uuid, retention interval) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF uuid IS NOT NULL THEN
        PERFORM selfhost._require('update', selfhost._resource('timeseries', uuid),
            (SELECT t.created_by FROM selfhost.timeseries AS t WHERE t.uuid = set_retention.uuid));
    ELSIF selfhost._acting_user() IS NOT NULL THEN
        PERFORM selfhost._refuse('42501', 'only the owner of the domain sets its retention');
    END IF;
    -- PostgreSQL's time begins with the year 4713 before Christ.
    IF retention <= '0' OR retention > '5000 years' THEN
        PERFORM selfhost._refuse('22023', 'retention: must be more than nothing, and at most 5000 years');
    END IF;
    IF uuid IS NULL THEN
        INSERT INTO selfhost.storage_settings AS s (retention) VALUES (set_retention.retention)
            ON CONFLICT (one) DO UPDATE SET retention = excluded.retention;
        RETURN;
    END IF;
    UPDATE selfhost.timeseries AS t SET retention = set_retention.retention
        WHERE t.uuid = set_retention.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._refuse('P0002', format('time series %s does not exist', uuid));
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.set_retention(uuid, interval) TO selfhost_sql;

-- How long points of a series are kept, or those of series without their own retention. NULL: for ever.
CREATE FUNCTION selfhost.get_retention(uuid uuid DEFAULT NULL) RETURNS interval
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    standard interval := (SELECT s.retention FROM selfhost.storage_settings AS s);
    own      interval;
BEGIN
    IF uuid IS NULL THEN
        PERFORM selfhost._acting_user();
        RETURN standard;
    END IF;
    PERFORM selfhost._require('read', selfhost._resource('timeseries', uuid),
        (SELECT t.created_by FROM selfhost.timeseries AS t WHERE t.uuid = get_retention.uuid));
    SELECT t.retention INTO own FROM selfhost.timeseries AS t WHERE t.uuid = get_retention.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._refuse('P0002', format('time series %s does not exist', uuid));
    END IF;
    RETURN coalesce(own, standard);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.get_retention(uuid) TO selfhost_sql;
