-- Users, their rates and their tokens.
--
-- Locks, in this order, so that nothing deadlocks: the user's row, the root group's row, the user's
-- personal group, other groups. Whatever changes the memberships of a user holds his row's lock.

-- ---- the root group ----

CREATE FUNCTION selfhost._is_root_member(user_uuid uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM selfhost.membership AS m
                   WHERE m.user_uuid = _is_root_member.user_uuid
                     AND m.group_uuid = '00000000-0000-1000-8000-000000000000');
END
$$;

-- Members of the root group, and their tokens, are changed by their like only.
CREATE FUNCTION selfhost._require_peer(user_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    caller uuid := selfhost._acting_user();
BEGIN
    IF caller IS NOT NULL AND selfhost._is_root_member(user_uuid)
       AND NOT selfhost._is_root_member(caller) THEN
        PERFORM selfhost._refuse('42501', 'not allowed: only members of the root group change its members');
    END IF;
END
$$;

-- How firmly the domain is held. 0: the root group has no members; 1: none of them is active;
-- 2: none of them has a token that works; 3: somebody of it can log in.
CREATE FUNCTION selfhost._root_strength() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    strength integer;
BEGIN
    SELECT max(CASE WHEN u.state <> 'active' THEN 1
                    WHEN NOT EXISTS (SELECT FROM selfhost.token AS t
                                     WHERE t.user_uuid = u.uuid
                                       AND (t.expires IS NULL OR t.expires > clock_timestamp())) THEN 2
                    ELSE 3 END)
        INTO strength
        FROM selfhost.membership AS m JOIN selfhost.user_account AS u ON u.uuid = m.user_uuid
        WHERE m.group_uuid = '00000000-0000-1000-8000-000000000000';
    RETURN coalesce(strength, 0);
END
$$;

-- To be called before a change of a member of the root group that may weaken it; the result goes to
-- _keep_root() after the change. Two such changes at once would each see the other's member or token
-- still there, so they queue up at the root group's row. It is updated, not only locked: then a
-- REPEATABLE READ transaction, whose snapshot is older than the other's change, fails with 40001.
CREATE FUNCTION selfhost._lock_root() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE selfhost.user_group AS g SET name = g.name
        WHERE g.uuid = '00000000-0000-1000-8000-000000000000';
    RETURN selfhost._root_strength();
END
$$;

CREATE FUNCTION selfhost._keep_root(before integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now integer := selfhost._root_strength();
BEGIN
    IF now < before THEN
        PERFORM selfhost._refuse('23505', CASE now
            WHEN 0 THEN 'user: is the last member of the root group'
            WHEN 1 THEN 'user: is the last active member of the root group'
            ELSE 'token: is the last that lets a member of the root group log in' END);
    END IF;
END
$$;

-- ---- users ----

CREATE VIEW selfhost._user_json AS
    SELECT u.uuid, u.name,
           (SELECT row_to_json(r) FROM (
                SELECT array_to_json(ARRAY(
                           SELECT row_to_json(o) FROM (
                               SELECT g.name, g.uuid
                               FROM selfhost.membership AS m
                               JOIN selfhost.user_group AS g ON g.uuid = m.group_uuid
                               WHERE m.user_uuid = u.uuid
                               ORDER BY g.name, g.uuid) AS o)) AS groups,
                       u.name, u.uuid) AS r) AS json
    FROM selfhost.user_account AS u;

CREATE FUNCTION selfhost._no_user(user_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._refuse('P0002', format('user %s does not exist', user_uuid));
END
$$;

CREATE FUNCTION selfhost._require_user(user_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM selfhost.user_account AS u
                   WHERE u.uuid = _require_user.user_uuid) THEN
        PERFORM selfhost._no_user(user_uuid);
    END IF;
END
$$;

-- The same, and nobody else changes him or his memberships until the transaction ends.
CREATE FUNCTION selfhost._lock_user(user_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM selfhost.user_account AS u
        WHERE u.uuid = _lock_user.user_uuid FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM selfhost._no_user(user_uuid);
    END IF;
END
$$;

-- limit: 20 where it is not given. count: tells how many the caller may read.
CREATE FUNCTION selfhost.list_users(
    "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL, count boolean DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page_size integer := coalesce("limit", 20);
    total     bigint;
BEGIN
    PERFORM selfhost._require('read', 'users');
    IF count THEN
        total := (SELECT count(*) FROM selfhost.user_account AS u
                  WHERE selfhost.can_read('users', u.uuid));
    END IF;
    RETURN selfhost._list_answer('users', '', page_size, "offset", total, ARRAY(
        SELECT j.json
        FROM (SELECT s.uuid
              FROM (SELECT u.uuid FROM selfhost.user_account AS u
                    ORDER BY u.name, u.uuid OFFSET 0) AS s
              WHERE selfhost.can_read('users', s.uuid)
              LIMIT page_size + 1::bigint OFFSET "offset") AS page
        JOIN selfhost._user_json AS j ON j.uuid = page.uuid
        ORDER BY j.name, j.uuid));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_users(integer, integer, boolean)
    TO selfhost_gateway, selfhost_sql;

-- The rights that every user begins with, on his personal group: to see and manage himself.
CREATE FUNCTION selfhost._add_personal_policies(user_uuid uuid, group_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    self text := selfhost._resource('users', user_uuid);
BEGIN
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        VALUES (_add_personal_policies.group_uuid, 0, 'allow', 'read', 'users/me'),
               (_add_personal_policies.group_uuid, 0, 'deny', 'update', self || '/rate');
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        SELECT _add_personal_policies.group_uuid, 0, 'allow', a.action, r.resource
        FROM unnest(enum_range(NULL::selfhost.policy_action)) AS a (action),
             unnest(ARRAY[self, self || '/%']) AS r (resource);
END
$$;

CREATE FUNCTION selfhost.create_user(body jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_name  text;
    new_user  uuid;
    new_group uuid;
BEGIN
    PERFORM selfhost._require('create', 'users');
    new_name := selfhost._body_name(body, required => true);

    BEGIN
        INSERT INTO selfhost.user_account AS u (name) VALUES (new_name)
            RETURNING u.uuid INTO new_user;
        INSERT INTO selfhost.user_group AS g (name, personal_of) VALUES (new_name, new_user)
            RETURNING g.uuid INTO new_group;
    EXCEPTION WHEN unique_violation THEN
        PERFORM selfhost._refuse('23505', 'name: is already in use');
    END;
    INSERT INTO selfhost.membership (user_uuid, group_uuid) VALUES (new_user, new_group);
    PERFORM selfhost._add_personal_policies(new_user, new_group);
    RETURN (SELECT j.json FROM selfhost._user_json AS j WHERE j.uuid = new_user);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.create_user(jsonb) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost._get_user(user_uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer json := (SELECT j.json FROM selfhost._user_json AS j WHERE j.uuid = user_uuid);
BEGIN
    IF answer IS NULL THEN
        PERFORM selfhost._no_user(user_uuid);
    END IF;
    RETURN answer;
END
$$;

CREATE FUNCTION selfhost.get_me() RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := selfhost._acting_user();
BEGIN
    PERFORM selfhost._require('read', 'users/me');
    IF me IS NULL THEN
        PERFORM selfhost._refuse('P0002', 'the owner of the extension is not a user');
    END IF;
    RETURN selfhost._get_user(me);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.get_me() TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.get_user(uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require('read', selfhost._resource('users', uuid));
    RETURN selfhost._get_user(uuid);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.get_user(uuid) TO selfhost_gateway, selfhost_sql;

-- Takes a user, whose row is locked, out of some groups and into others. Every right is checked before
-- anything changes: the caller's own rights may change with it. Groups come before they are known to
-- exist, so that nobody learns it without the right.
CREATE FUNCTION selfhost._change_groups(
    user_uuid uuid, key text, to_leave uuid[], to_enter uuid[]
) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed uuid;
BEGIN
    FOREACH changed IN ARRAY to_leave || to_enter LOOP
        PERFORM selfhost._require('update', selfhost._resource('groups', changed));
    END LOOP;
    IF selfhost._lock_groups(to_enter)
       < (SELECT count(DISTINCT e.uuid) FROM unnest(to_enter) AS e (uuid)) THEN
        PERFORM selfhost._refuse('22023', key || ': no such group');
    END IF;

    DELETE FROM selfhost.membership AS m
        WHERE m.user_uuid = _change_groups.user_uuid AND m.group_uuid = ANY (to_leave);
    INSERT INTO selfhost.membership (user_uuid, group_uuid)
        SELECT _change_groups.user_uuid, e.uuid FROM unnest(to_enter) AS e (uuid);
EXCEPTION WHEN unique_violation THEN
    PERFORM selfhost._refuse('23505',
        key || ': he is a member already, or a group is named twice');
END
$$;

-- groups: the whole set. It comes down to groups to leave and groups to enter.
CREATE FUNCTION selfhost._set_groups(user_uuid uuid, groups uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    present uuid[] := ARRAY(SELECT m.group_uuid FROM selfhost.membership AS m
                            WHERE m.user_uuid = _set_groups.user_uuid);
BEGIN
    PERFORM selfhost._change_groups(user_uuid, 'groups',
        ARRAY(SELECT p.uuid FROM unnest(present) AS p (uuid) WHERE p.uuid <> ALL (groups)),
        ARRAY(SELECT g.uuid FROM unnest(groups) AS g (uuid) WHERE g.uuid <> ALL (present)));
END
$$;

-- A new name is the personal group's, too.
CREATE FUNCTION selfhost._update_user(
    user_uuid uuid, new_name text, new_state selfhost.account_state
) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE selfhost.user_account AS u
        SET name = coalesce(new_name, u.name), state = coalesce(new_state, u.state)
        WHERE u.uuid = user_uuid;
    UPDATE selfhost.user_group AS g SET name = new_name
        WHERE g.personal_of = user_uuid AND g.name <> new_name;
EXCEPTION WHEN unique_violation THEN
    PERFORM selfhost._refuse('23505', 'name: is already in use');
END
$$;

CREATE FUNCTION selfhost.update_user(uuid uuid, body jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_name  text;
    new_state selfhost.account_state;
    groups    uuid[];
    to_enter  uuid[];
    to_leave  uuid[];
    strength  integer;
BEGIN
    PERFORM selfhost._require('update', selfhost._resource('users', uuid));
    PERFORM selfhost._require_peer(uuid);
    new_name := selfhost._body_name(body);
    new_state := selfhost._body_choice(body, 'state', enum_range(NULL::selfhost.account_state));
    groups := selfhost._body_uuids(body, 'groups');
    to_enter := selfhost._body_uuids(body, 'groups_add');
    to_leave := selfhost._body_uuids(body, 'groups_remove');
    IF groups IS NOT NULL AND (to_enter IS NOT NULL OR to_leave IS NOT NULL) THEN
        PERFORM selfhost._refuse('22023', 'groups: cannot stand beside groups_add or groups_remove');
    END IF;

    PERFORM selfhost._lock_user(uuid);
    PERFORM selfhost._require_peer(uuid);
    IF coalesce(new_state::text, groups::text, to_leave::text) IS NOT NULL
       AND selfhost._is_root_member(uuid) THEN
        strength := selfhost._lock_root();
    END IF;
    IF groups IS NOT NULL THEN
        PERFORM selfhost._set_groups(uuid, groups);
    ELSIF to_enter IS NOT NULL OR to_leave IS NOT NULL THEN
        PERFORM selfhost._change_groups(uuid, 'groups_add',
            coalesce(to_leave, '{}'), coalesce(to_enter, '{}'));
    END IF;
    IF new_name IS NOT NULL OR new_state IS NOT NULL THEN
        PERFORM selfhost._update_user(uuid, new_name, new_state);
    END IF;
    IF strength IS NOT NULL THEN
        PERFORM selfhost._keep_root(strength);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.update_user(uuid, jsonb) TO selfhost_gateway, selfhost_sql;

-- His tokens and his personal group go with him; what he created stays, without a creator.
CREATE FUNCTION selfhost.delete_user(uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    personal uuid;
    strength integer;
BEGIN
    PERFORM selfhost._require('delete', selfhost._resource('users', uuid));
    PERFORM selfhost._require_peer(uuid);
    PERFORM selfhost._lock_user(uuid);
    PERFORM selfhost._require_peer(uuid);
    IF uuid = '00000000-0000-1000-8000-000000000000' THEN
        PERFORM selfhost._refuse('23505', 'user: the root user cannot be deleted');
    END IF;
    IF selfhost._is_root_member(uuid) THEN
        strength := selfhost._lock_root();
    END IF;

    SELECT g.uuid INTO personal FROM selfhost.user_group AS g
        WHERE g.personal_of = delete_user.uuid FOR UPDATE;
    -- What the group denies to others must not end because he goes.
    IF EXISTS (SELECT FROM selfhost.membership AS m
               WHERE m.group_uuid = personal AND m.user_uuid <> delete_user.uuid) THEN
        PERFORM selfhost._require_denied(personal, selfhost._resource('users', uuid));
    END IF;
    DELETE FROM selfhost.user_account AS u WHERE u.uuid = delete_user.uuid;
    IF strength IS NOT NULL THEN
        PERFORM selfhost._keep_root(strength);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.delete_user(uuid) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.list_user_policies(uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require('read', selfhost._resource('users', uuid, '/policies'));
    PERFORM selfhost._require_user(uuid);
    RETURN array_to_json(ARRAY(
        SELECT j.json
        FROM selfhost.membership AS m JOIN selfhost._policy_json AS j USING (group_uuid)
        WHERE m.user_uuid = list_user_policies.uuid
        ORDER BY j.priority, j.uuid));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_user_policies(uuid) TO selfhost_gateway, selfhost_sql;

-- rate: requests per hour, over all his tokens; 0: none of his own.
CREATE FUNCTION selfhost.set_user_rate(uuid uuid, body jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_rate double precision;
BEGIN
    PERFORM selfhost._require('update', selfhost._resource('users', uuid, '/rate'));
    PERFORM selfhost._require_peer(uuid);
    new_rate := selfhost._body_double(body, 'rate', required => true);
    IF new_rate NOT BETWEEN 0 AND 10000 THEN
        PERFORM selfhost._refuse('22023', 'rate: must be a number from 0 to 10000');
    END IF;
    UPDATE selfhost.user_account AS u SET rate = nullif(new_rate, 0)
        WHERE u.uuid = set_user_rate.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_user(uuid);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.set_user_rate(uuid, jsonb) TO selfhost_gateway, selfhost_sql;

-- ---- tokens ----

CREATE FUNCTION selfhost.list_user_tokens(uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require('read', selfhost._resource('users', uuid, '/tokens'));
    PERFORM selfhost._require_user(uuid);
    RETURN array_to_json(ARRAY(
        SELECT row_to_json(r)
        FROM (SELECT selfhost._rfc3339(t.created) AS created, selfhost._rfc3339(t.expires) AS expires,
                     selfhost._rfc3339(o.last_used) AS last_used, t.name, t.uuid
              FROM selfhost.token AS t LEFT JOIN selfhost.token_use AS o ON o.token_uuid = t.uuid
              WHERE t.user_uuid = list_user_tokens.uuid
              ORDER BY t.created, t.uuid) AS r));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_user_tokens(uuid) TO selfhost_gateway, selfhost_sql;

-- The answer holds the secret; only its digest is stored.
CREATE FUNCTION selfhost.create_user_token(uuid uuid, body jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_name    text;
    new_expires timestamptz;
    secret      text;
    new_token   uuid;
BEGIN
    PERFORM selfhost._require('create', selfhost._resource('users', uuid, '/tokens'));
    PERFORM selfhost._require_peer(uuid);
    new_name := selfhost._body_name(body, required => true);
    new_expires := selfhost._body_timestamp(body, 'expires');
    IF new_expires <= clock_timestamp() THEN
        PERFORM selfhost._refuse('22023', 'expires: must lie in the future');
    END IF;

    -- Locked, so that he does not become a member of the root group meanwhile.
    PERFORM selfhost._lock_user(uuid);
    PERFORM selfhost._require_peer(uuid);
    secret := selfhost._random_secret();
    INSERT INTO selfhost.token AS t (user_uuid, name, expires, digest)
        VALUES (create_user_token.uuid, new_name, new_expires,
                sha256(convert_to(secret, 'UTF8')))
        RETURNING t.uuid INTO new_token;
    RETURN (SELECT row_to_json(r) FROM (SELECT new_name AS name, secret, new_token AS uuid) AS r);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.create_user_token(uuid, jsonb) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.delete_user_token(uuid uuid, token_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    strength integer;
BEGIN
    PERFORM selfhost._require('delete',
        selfhost._resource(selfhost._resource('users', uuid, '/tokens'), token_uuid));
    PERFORM selfhost._require_peer(uuid);
    PERFORM selfhost._lock_user(uuid);
    PERFORM selfhost._require_peer(uuid);
    IF selfhost._is_root_member(uuid) THEN
        strength := selfhost._lock_root();
    END IF;
    DELETE FROM selfhost.token AS t
        WHERE t.uuid = delete_user_token.token_uuid AND t.user_uuid = delete_user_token.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._refuse('P0002', format('token %s does not exist', token_uuid));
    END IF;
    IF strength IS NOT NULL THEN
        PERFORM selfhost._keep_root(strength);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.delete_user_token(uuid, uuid) TO selfhost_gateway, selfhost_sql;
