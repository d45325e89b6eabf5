-- Groups.

CREATE VIEW selfhost._group_json AS
    SELECT g.uuid, g.name,
           (SELECT row_to_json(r) FROM (SELECT g.name, g.uuid) AS r) AS json
    FROM selfhost.user_group AS g;

CREATE FUNCTION selfhost._no_group(group_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._refuse('P0002', format('group %s does not exist', group_uuid));
END
$$;

-- Keeps groups from being deleted until the transaction ends; returns how many of them exist. In the
-- order of their keys, so that two callers cannot wait for each other.
CREATE FUNCTION selfhost._lock_groups(groups uuid[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known integer;
BEGIN
    PERFORM FROM selfhost.user_group AS g WHERE g.uuid = ANY (groups) ORDER BY g.uuid FOR KEY SHARE;
    GET DIAGNOSTICS known = ROW_COUNT;
    RETURN known;
END
$$;

-- Whoever ends what a group denies must hold all of it himself. exempt: a resource that, with all
-- below it, does not count.
CREATE FUNCTION selfhost._require_denied(group_uuid uuid, exempt text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    denied selfhost.policy;
BEGIN
    FOR denied IN
        SELECT p.* FROM selfhost.policy AS p
        WHERE p.group_uuid = _require_denied.group_uuid AND p.effect = 'deny'
          AND p.resource IS DISTINCT FROM exempt
          AND starts_with(p.resource, exempt || '/') IS NOT TRUE
    LOOP
        PERFORM selfhost._require_held(denied.action::text, denied.resource);
    END LOOP;
END
$$;

-- limit: 20 where it is not given. count: tells how many the caller may read.
CREATE FUNCTION selfhost.list_groups(
    "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL, count boolean DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page_size integer := coalesce("limit", 20);
    total     bigint;
BEGIN
    PERFORM selfhost._require('read', 'groups');
    IF count THEN
        total := (SELECT count(*) FROM selfhost.user_group AS g
                  WHERE selfhost.can_read('groups', g.uuid));
    END IF;
    RETURN selfhost._list_answer('groups', '', page_size, "offset", total, ARRAY(
        SELECT s.json
        FROM (SELECT j.uuid, j.json FROM selfhost._group_json AS j
              ORDER BY j.name, j.uuid OFFSET 0) AS s
        WHERE selfhost.can_read('groups', s.uuid)
        LIMIT page_size + 1::bigint OFFSET "offset"));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_groups(integer, integer, boolean)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.create_group(body jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_name  text;
    new_group uuid;
BEGIN
    PERFORM selfhost._require('create', 'groups');
    new_name := selfhost._body_name(body, required => true);
    INSERT INTO selfhost.user_group AS g (name) VALUES (new_name) RETURNING g.uuid INTO new_group;
    RETURN (SELECT j.json FROM selfhost._group_json AS j WHERE j.uuid = new_group);
EXCEPTION WHEN unique_violation THEN
    PERFORM selfhost._refuse('23505', 'name: is already in use');
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.create_group(jsonb) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.get_group(uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer json;
BEGIN
    PERFORM selfhost._require('read', selfhost._resource('groups', uuid));
    SELECT j.json INTO answer FROM selfhost._group_json AS j WHERE j.uuid = get_group.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_group(uuid);
    END IF;
    RETURN answer;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.get_group(uuid) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.update_group(uuid uuid, body jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_name text;
BEGIN
    PERFORM selfhost._require('update', selfhost._resource('groups', uuid));
    new_name := selfhost._body_name(body, required => true);
    UPDATE selfhost.user_group AS g SET name = new_name WHERE g.uuid = update_group.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_group(uuid);
    END IF;
EXCEPTION WHEN unique_violation THEN
    PERFORM selfhost._refuse('23505', 'name: is already in use');
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.update_group(uuid, jsonb) TO selfhost_gateway, selfhost_sql;

-- The group's row is locked before its policies are looked at: nobody adds one meanwhile.
CREATE FUNCTION selfhost.delete_group(uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require('delete', selfhost._resource('groups', uuid));
    PERFORM FROM selfhost.user_group AS g WHERE g.uuid = delete_group.uuid FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM selfhost._no_group(uuid);
    END IF;
    IF uuid = '00000000-0000-1000-8000-000000000000' THEN
        PERFORM selfhost._refuse('23505', 'group: the root group cannot be deleted');
    END IF;
    PERFORM selfhost._require_denied(uuid);
    DELETE FROM selfhost.user_group AS g WHERE g.uuid = delete_group.uuid;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.delete_group(uuid) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.list_group_policies(uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require('read', selfhost._resource('groups', uuid));
    IF NOT EXISTS (SELECT FROM selfhost.user_group AS g
                   WHERE g.uuid = list_group_policies.uuid) THEN
        PERFORM selfhost._no_group(uuid);
    END IF;
    RETURN array_to_json(ARRAY(
        SELECT j.json FROM selfhost._policy_json AS j
        WHERE j.group_uuid = list_group_policies.uuid
        ORDER BY j.priority, j.uuid));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_group_policies(uuid) TO selfhost_gateway, selfhost_sql;
