-- The description of time series; their points are in 31_tsdata_write.sql. get_timeseries() is there,
-- too: the most frequent short read is written in C.

-- Lists are read in this order.
CREATE INDEX timeseries_name ON selfhost.timeseries (name COLLATE "C", uuid);
CREATE INDEX timeseries_tags ON selfhost.timeseries USING gin (tags) WITH (fastupdate = off);
CREATE INDEX timeseries_thing_uuid ON selfhost.timeseries (thing_uuid);
CREATE INDEX timeseries_created_by ON selfhost.timeseries (created_by);

CREATE VIEW selfhost._timeseries_json AS
    SELECT t.uuid, t.name,
           (SELECT row_to_json(r) FROM (
                SELECT coalesce(t.created_by, '00000000-0000-0000-0000-000000000000') AS created_by,
                       selfhost._double_json(t.lower_bound) AS lower_bound,
                       t.name, t.si_unit, t.tags, t.thing_uuid,
                       selfhost._double_json(t.upper_bound) AS upper_bound,
                       t.uuid) AS r) AS json
    FROM selfhost.timeseries AS t;

CREATE FUNCTION selfhost._no_timeseries(series_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._refuse('P0002', format('time series %s does not exist', series_uuid));
END
$$;

CREATE FUNCTION selfhost._require_timeseries(action text, series_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner uuid := (SELECT t.created_by FROM selfhost.timeseries AS t WHERE t.uuid = series_uuid);
BEGIN
    PERFORM selfhost._require(action, selfhost._resource('timeseries', series_uuid), owner);
END
$$;

-- A thing that a body names must be readable, and then exist; it stays until the transaction ends.
CREATE FUNCTION selfhost._refer_to_thing(thing_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require_thing('read', thing_uuid);
    PERFORM FROM selfhost.thing AS t WHERE t.uuid = _refer_to_thing.thing_uuid FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM selfhost._refuse('22023', 'thing_uuid: no such thing');
    END IF;
END
$$;

CREATE FUNCTION selfhost._check_bounds(lower_bound double precision, upper_bound double precision)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF lower_bound > upper_bound THEN
        PERFORM selfhost._refuse('22023', 'lower_bound: must not be above upper_bound');
    END IF;
END
$$;

-- limit: 20 where it is not given. tags: with at least one of them. count: tells how many the caller may
-- read. Rights are checked in the order of the list, until the page is full.
CREATE FUNCTION selfhost.list_timeseries(
    "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL, tags text[] DEFAULT NULL,
    count boolean DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page_size integer := coalesce("limit", 20);
    total     bigint;
BEGIN
    PERFORM selfhost._require('read', 'timeseries');
    IF count THEN
        total := (SELECT count(*) FROM selfhost.timeseries AS t
                  WHERE (list_timeseries.tags IS NULL OR t.tags && list_timeseries.tags)
                    AND selfhost.can_read('timeseries', t.uuid, t.created_by));
    END IF;
    IF tags IS NULL THEN
        RETURN selfhost._list_answer('timeseries', '', page_size, "offset", total, ARRAY(
            SELECT j.json
            FROM (SELECT s.uuid
                  FROM (SELECT t.uuid, t.created_by FROM selfhost.timeseries AS t
                        ORDER BY t.name COLLATE "C", t.uuid OFFSET 0) AS s
                  WHERE selfhost.can_read('timeseries', s.uuid, s.created_by)
                  LIMIT page_size + 1::bigint OFFSET "offset") AS page
            JOIN selfhost._timeseries_json AS j ON j.uuid = page.uuid
            ORDER BY j.name COLLATE "C", j.uuid));
    END IF;
    RETURN selfhost._list_answer('timeseries', selfhost._query('tags', tags), page_size, "offset",
                                 total, ARRAY(
        SELECT j.json
        FROM (SELECT s.uuid
              FROM (SELECT t.uuid, t.created_by FROM selfhost.timeseries AS t
                    WHERE t.tags && list_timeseries.tags
                    ORDER BY t.name COLLATE "C", t.uuid OFFSET 0) AS s
              WHERE selfhost.can_read('timeseries', s.uuid, s.created_by)
              LIMIT page_size + 1::bigint OFFSET "offset") AS page
        JOIN selfhost._timeseries_json AS j ON j.uuid = page.uuid
        ORDER BY j.name COLLATE "C", j.uuid));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_timeseries(integer, integer, text[], boolean)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.create_timeseries(body jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new selfhost.timeseries;
BEGIN
    PERFORM selfhost._require('create', 'timeseries');
    new.name := selfhost._body_name(body, required => true);
    new.si_unit := selfhost._body_text(body, 'si_unit', required => true, min_length => 1);
    new.thing_uuid := selfhost._body_uuid(body, 'thing_uuid', nullable => true);
    new.lower_bound := selfhost._body_double(body, 'lower_bound');
    new.upper_bound := selfhost._body_double(body, 'upper_bound');
    new.tags := coalesce(selfhost._body_tags(body), '{}');
    PERFORM selfhost._check_bounds(new.lower_bound, new.upper_bound);
    IF new.thing_uuid IS NOT NULL THEN
        PERFORM selfhost._refer_to_thing(new.thing_uuid);
    END IF;
    INSERT INTO selfhost.timeseries AS t
            (thing_uuid, created_by, name, si_unit, lower_bound, upper_bound, tags)
        VALUES (new.thing_uuid, selfhost._acting_user(), new.name, new.si_unit, new.lower_bound,
                new.upper_bound, new.tags)
        RETURNING t.uuid INTO new.uuid;
    RETURN (SELECT j.json FROM selfhost._timeseries_json AS j WHERE j.uuid = new.uuid);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.create_timeseries(jsonb) TO selfhost_gateway, selfhost_sql;

-- Stored points stay as they are. The bounds are compared again after the change, since a body may
-- have one of them only.
CREATE FUNCTION selfhost.update_timeseries(uuid uuid, body jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new selfhost.timeseries;
BEGIN
    PERFORM selfhost._require_timeseries('update', uuid);
    new.name := selfhost._body_name(body, min_length => 0);
    new.si_unit := selfhost._body_text(body, 'si_unit');
    new.thing_uuid := selfhost._body_uuid(body, 'thing_uuid', nullable => true);
    new.lower_bound := selfhost._body_double(body, 'lower_bound', nullable => true);
    new.upper_bound := selfhost._body_double(body, 'upper_bound', nullable => true);
    new.tags := selfhost._body_tags(body);
    PERFORM selfhost._check_bounds(new.lower_bound, new.upper_bound);
    IF new.thing_uuid IS NOT NULL THEN
        PERFORM selfhost._refer_to_thing(new.thing_uuid);
    END IF;
    UPDATE selfhost.timeseries AS t
        SET name = coalesce(new.name, t.name),
            si_unit = coalesce(new.si_unit, t.si_unit),
            thing_uuid = CASE WHEN body ? 'thing_uuid' THEN new.thing_uuid ELSE t.thing_uuid END,
            lower_bound = CASE WHEN body ? 'lower_bound' THEN new.lower_bound ELSE t.lower_bound END,
            upper_bound = CASE WHEN body ? 'upper_bound' THEN new.upper_bound ELSE t.upper_bound END,
            tags = coalesce(new.tags, t.tags)
        WHERE t.uuid = update_timeseries.uuid
        RETURNING t.lower_bound, t.upper_bound INTO new.lower_bound, new.upper_bound;
    IF NOT FOUND THEN
        PERFORM selfhost._no_timeseries(uuid);
    END IF;
    PERFORM selfhost._check_bounds(new.lower_bound, new.upper_bound);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.update_timeseries(uuid, jsonb) TO selfhost_gateway, selfhost_sql;

-- With its points. The writers' lock comes before the row's: a writer holds the first and looks the
-- series up again.
CREATE FUNCTION selfhost.delete_timeseries(uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require_timeseries('delete', uuid);
    PERFORM selfhost._lock_series(uuid);
    DELETE FROM selfhost.timeseries AS t WHERE t.uuid = delete_timeseries.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_timeseries(uuid);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.delete_timeseries(uuid) TO selfhost_gateway, selfhost_sql;
