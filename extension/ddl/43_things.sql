-- Things. Who created one holds every right on it: the owner is looked up before the check.

CREATE VIEW selfhost._thing_json AS
    SELECT t.uuid, t.name,
           (SELECT row_to_json(r) FROM (
                SELECT coalesce(t.created_by, '00000000-0000-0000-0000-000000000000') AS created_by,
                       t.name, t.state, t.tags, t.type, t.uuid) AS r) AS json
    FROM selfhost.thing AS t;

CREATE FUNCTION selfhost._no_thing(thing_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._refuse('P0002', format('thing %s does not exist', thing_uuid));
END
$$;

-- The caller needs the right to `action` on a thing, or on what lies below it. A thing that does not
-- exist has no owner.
CREATE FUNCTION selfhost._require_thing(action text, thing_uuid uuid, suffix text DEFAULT '')
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner uuid := (SELECT t.created_by FROM selfhost.thing AS t WHERE t.uuid = thing_uuid);
BEGIN
    PERFORM selfhost._require(action, selfhost._resource('things', thing_uuid, suffix), owner);
END
$$;

-- limit: 20 where it is not given. tags: with at least one of them. count: tells how many the caller may
-- read. Rights are checked in the order of the list, until the page is full.
CREATE FUNCTION selfhost.list_things(
    "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL, tags text[] DEFAULT NULL,
    count boolean DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page_size integer := coalesce("limit", 20);
    total     bigint;
BEGIN
    PERFORM selfhost._require('read', 'things');
    IF count THEN
        total := (SELECT count(*) FROM selfhost.thing AS t
                  WHERE (list_things.tags IS NULL OR t.tags && list_things.tags)
                    AND selfhost.can_read('things', t.uuid, t.created_by));
    END IF;
    IF tags IS NULL THEN
        RETURN selfhost._list_answer('things', '', page_size, "offset", total, ARRAY(
            SELECT j.json
            FROM (SELECT s.uuid
                  FROM (SELECT t.uuid, t.created_by FROM selfhost.thing AS t
                        ORDER BY t.name, t.uuid OFFSET 0) AS s
                  WHERE selfhost.can_read('things', s.uuid, s.created_by)
                  LIMIT page_size + 1::bigint OFFSET "offset") AS page
            JOIN selfhost._thing_json AS j ON j.uuid = page.uuid
            ORDER BY j.name, j.uuid));
    END IF;
    RETURN selfhost._list_answer('things', selfhost._query('tags', tags), page_size, "offset",
                                 total, ARRAY(
        SELECT j.json
        FROM (SELECT s.uuid
              FROM (SELECT t.uuid, t.created_by FROM selfhost.thing AS t
                    WHERE t.tags && list_things.tags
                    ORDER BY t.name, t.uuid OFFSET 0) AS s
              WHERE selfhost.can_read('things', s.uuid, s.created_by)
              LIMIT page_size + 1::bigint OFFSET "offset") AS page
        JOIN selfhost._thing_json AS j ON j.uuid = page.uuid
        ORDER BY j.name, j.uuid));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_things(integer, integer, text[], boolean)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.create_thing(body jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_name  text;
    new_type  text;
    new_tags  text[];
    new_thing uuid;
BEGIN
    PERFORM selfhost._require('create', 'things');
    new_name := selfhost._body_name(body, required => true);
    new_type := selfhost._body_text(body, 'type', min_length => 3);
    new_tags := selfhost._body_tags(body);
    INSERT INTO selfhost.thing AS t (name, type, tags, created_by)
        VALUES (new_name, new_type, coalesce(new_tags, '{}'), selfhost._acting_user())
        RETURNING t.uuid INTO new_thing;
    RETURN (SELECT j.json FROM selfhost._thing_json AS j WHERE j.uuid = new_thing);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.create_thing(jsonb) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.get_thing(uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer json;
BEGIN
    PERFORM selfhost._require_thing('read', uuid);
    SELECT j.json INTO answer FROM selfhost._thing_json AS j WHERE j.uuid = get_thing.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_thing(uuid);
    END IF;
    RETURN answer;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.get_thing(uuid) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.update_thing(uuid uuid, body jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_name  text;
    new_type  text;
    new_state selfhost.thing_state;
    new_tags  text[];
BEGIN
    PERFORM selfhost._require_thing('update', uuid);
    new_name := selfhost._body_name(body);
    new_type := selfhost._body_text(body, 'type', nullable => true);
    new_state := selfhost._body_choice(body, 'state', enum_range(NULL::selfhost.thing_state));
    new_tags := selfhost._body_tags(body);
    UPDATE selfhost.thing AS t
        SET name = coalesce(new_name, t.name),
            type = CASE WHEN body ? 'type' THEN new_type ELSE t.type END,
            state = coalesce(new_state, t.state),
            tags = coalesce(new_tags, t.tags)
        WHERE t.uuid = update_thing.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_thing(uuid);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.update_thing(uuid, jsonb) TO selfhost_gateway, selfhost_sql;

-- Its time series and datasets stay, without a thing.
CREATE FUNCTION selfhost.delete_thing(uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require_thing('delete', uuid);
    DELETE FROM selfhost.thing AS t WHERE t.uuid = delete_thing.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_thing(uuid);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.delete_thing(uuid) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost._thing_exists(thing_uuid uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM selfhost.thing AS t WHERE t.uuid = thing_uuid);
END
$$;

-- limit: all where it is not given. Only the datasets that the caller may read. count: tells how
-- many those are.
CREATE FUNCTION selfhost.list_thing_datasets(
    uuid uuid, "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL,
    count boolean DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    resource text := selfhost._resource('things', uuid, '/datasets');
    total    bigint;
BEGIN
    PERFORM selfhost._require_thing('read', uuid, '/datasets');
    IF NOT selfhost._thing_exists(uuid) THEN
        PERFORM selfhost._no_thing(uuid);
    END IF;
    IF count THEN
        total := (SELECT count(*) FROM selfhost.dataset AS d
                  WHERE d.thing_uuid = list_thing_datasets.uuid
                    AND selfhost.can_read('datasets', d.uuid, d.created_by));
    END IF;
    RETURN selfhost._list_answer(resource, '', "limit", "offset", total, ARRAY(
        SELECT j.json
        FROM (SELECT s.uuid
              FROM (SELECT d.uuid, d.created_by FROM selfhost.dataset AS d
                    WHERE d.thing_uuid = list_thing_datasets.uuid
                    ORDER BY d.name, d.uuid OFFSET 0) AS s
              WHERE selfhost.can_read('datasets', s.uuid, s.created_by)
              LIMIT "limit" + 1::bigint OFFSET "offset") AS page
        JOIN selfhost._dataset_json AS j ON j.uuid = page.uuid
        ORDER BY j.name, j.uuid));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_thing_datasets(uuid, integer, integer, boolean)
    TO selfhost_gateway, selfhost_sql;

-- limit: all where it is not given. Only the series that the caller may read. count: tells how
-- many those are.
CREATE FUNCTION selfhost.list_thing_timeseries(
    uuid uuid, "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL,
    count boolean DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    resource text := selfhost._resource('things', uuid, '/timeseries');
    total    bigint;
BEGIN
    PERFORM selfhost._require_thing('read', uuid);
    IF NOT selfhost._thing_exists(uuid) THEN
        PERFORM selfhost._no_thing(uuid);
    END IF;
    IF count THEN
        total := (SELECT count(*) FROM selfhost.timeseries AS t
                  WHERE t.thing_uuid = list_thing_timeseries.uuid
                    AND selfhost.can_read('timeseries', t.uuid, t.created_by));
    END IF;
    RETURN selfhost._list_answer(resource, '', "limit", "offset", total, ARRAY(
        SELECT j.json
        FROM (SELECT s.uuid
              FROM (SELECT t.uuid, t.created_by FROM selfhost.timeseries AS t
                    WHERE t.thing_uuid = list_thing_timeseries.uuid
                    ORDER BY t.name COLLATE "C", t.uuid OFFSET 0) AS s
              WHERE selfhost.can_read('timeseries', s.uuid, s.created_by)
              LIMIT "limit" + 1::bigint OFFSET "offset") AS page
        JOIN selfhost._timeseries_json AS j ON j.uuid = page.uuid
        ORDER BY j.name COLLATE "C", j.uuid));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_thing_timeseries(uuid, integer, integer, boolean)
    TO selfhost_gateway, selfhost_sql;
