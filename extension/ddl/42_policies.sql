-- Policies. Nobody can give or deny to others what he does not hold himself.

-- Lists are read in this order.
CREATE INDEX policy_resource
    ON selfhost.policy (resource DESC, effect, action DESC, priority, uuid);

CREATE VIEW selfhost._policy_json AS
    SELECT p.uuid, p.group_uuid, p.priority, p.effect, p.action, p.resource,
           (SELECT row_to_json(r) FROM (
                SELECT p.action, p.effect, p.group_uuid, p.priority, p.resource, p.uuid) AS r) AS json
    FROM selfhost.policy AS p;

CREATE FUNCTION selfhost._no_policy(policy_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._refuse('P0002', format('policy %s does not exist', policy_uuid));
END
$$;

-- The caller must hold the action on everything that the pattern matches.
CREATE FUNCTION selfhost._require_held(action text, pattern text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT selfhost._holds_pattern(action, pattern) THEN
        PERFORM selfhost._refuse('42501',
            format('not allowed: %s on all of %s is not yours to give or deny', action, pattern));
    END IF;
END
$$;

-- May the caller make or unmake this policy?
CREATE FUNCTION selfhost._require_policy(
    group_uuid uuid, effect selfhost.policy_effect, action selfhost.policy_action, resource text
) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF effect = 'deny' THEN
        PERFORM selfhost._require('update', selfhost._resource('groups', group_uuid));
    END IF;
    PERFORM selfhost._require_held(action::text, resource);
END
$$;

-- The root group is not denied anything.
CREATE FUNCTION selfhost._check_policy(policy selfhost.policy) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM selfhost.user_group AS g WHERE g.uuid = policy.group_uuid) THEN
        PERFORM selfhost._refuse('22023', 'group_uuid: no such group');
    END IF;
    IF policy.effect = 'deny' AND policy.group_uuid = '00000000-0000-1000-8000-000000000000' THEN
        PERFORM selfhost._refuse('23505', 'effect: the root group cannot be denied anything');
    END IF;
END
$$;

-- The policy that a body describes; NULL where a member is absent.
CREATE FUNCTION selfhost._body_policy(body jsonb, required boolean) RETURNS selfhost.policy
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    policy selfhost.policy;
BEGIN
    policy.group_uuid := selfhost._body_uuid(body, 'group_uuid', required);
    policy.priority := selfhost._body_integer(body, 'priority', required);
    policy.effect :=
        selfhost._body_choice(body, 'effect', enum_range(NULL::selfhost.policy_effect), required);
    policy.action :=
        selfhost._body_choice(body, 'action', enum_range(NULL::selfhost.policy_action), required);
    policy.resource := selfhost._body_text(body, 'resource', required, min_length => 1,
                                           max_length => 500);
    IF NOT selfhost._pattern_valid(policy.resource) THEN
        PERFORM selfhost._refuse('22025', 'resource: must not end in a backslash that escapes nothing');
    END IF;
    RETURN policy;
END
$$;

-- limit: 20 where it is not given. group_uuids: of these groups only. count: tells how many the caller
-- may read.
CREATE FUNCTION selfhost.list_policies(
    "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL, group_uuids uuid[] DEFAULT NULL,
    count boolean DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page_size integer := coalesce("limit", 20);
    total     bigint;
BEGIN
    PERFORM selfhost._require('read', 'policies');
    IF count THEN
        total := (SELECT count(*) FROM selfhost.policy AS p
                  WHERE (group_uuids IS NULL OR p.group_uuid = ANY (group_uuids))
                    AND selfhost.can_read('policies', p.uuid));
    END IF;
    RETURN selfhost._list_answer('policies', selfhost._query('group_uuids', group_uuids::text[]),
                                 page_size, "offset", total, ARRAY(
        SELECT j.json
        FROM (SELECT s.uuid
              FROM (SELECT p.uuid FROM selfhost.policy AS p
                    WHERE group_uuids IS NULL OR p.group_uuid = ANY (group_uuids)
                    ORDER BY p.resource DESC, p.effect, p.action DESC, p.priority, p.uuid
                    OFFSET 0) AS s
              WHERE selfhost.can_read('policies', s.uuid)
              LIMIT page_size + 1::bigint OFFSET "offset") AS page
        JOIN selfhost._policy_json AS j ON j.uuid = page.uuid
        ORDER BY j.resource DESC, j.effect, j.action DESC, j.priority, j.uuid));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_policies(integer, integer, uuid[], boolean)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.create_policy(body jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new_policy selfhost.policy;
BEGIN
    PERFORM selfhost._require('create', 'policies');
    new_policy := selfhost._body_policy(body, required => true);
    PERFORM selfhost._require_policy(new_policy.group_uuid, new_policy.effect, new_policy.action,
                                     new_policy.resource);
    PERFORM selfhost._lock_groups(ARRAY[new_policy.group_uuid]);
    PERFORM selfhost._check_policy(new_policy);
    BEGIN
        INSERT INTO selfhost.policy AS p (group_uuid, priority, effect, action, resource)
            VALUES (new_policy.group_uuid, new_policy.priority, new_policy.effect,
                    new_policy.action, new_policy.resource)
            RETURNING p.uuid INTO new_policy.uuid;
    EXCEPTION WHEN unique_violation THEN
        PERFORM selfhost._refuse('23505', 'policy: the group has it already');
    END;
    RETURN (SELECT j.json FROM selfhost._policy_json AS j WHERE j.uuid = new_policy.uuid);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.create_policy(jsonb) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.get_policy(uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer json;
BEGIN
    PERFORM selfhost._require('read', selfhost._resource('policies', uuid));
    SELECT j.json INTO answer FROM selfhost._policy_json AS j WHERE j.uuid = get_policy.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_policy(uuid);
    END IF;
    RETURN answer;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.get_policy(uuid) TO selfhost_gateway, selfhost_sql;

-- Locks a policy behind its group and the one it is to move to, as the deletion of a group does.
CREATE FUNCTION selfhost._lock_policy(policy_uuid uuid, to_group uuid) RETURNS selfhost.policy
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    seen   selfhost.policy;
    locked selfhost.policy;
BEGIN
    SELECT p.* INTO seen FROM selfhost.policy AS p WHERE p.uuid = policy_uuid;
    PERFORM selfhost._lock_groups(ARRAY[seen.group_uuid, to_group]);
    SELECT p.* INTO locked FROM selfhost.policy AS p WHERE p.uuid = policy_uuid FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM selfhost._no_policy(policy_uuid);
    ELSIF locked.group_uuid <> seen.group_uuid THEN
        PERFORM selfhost._refuse('40001', 'policy: has just been changed, try again');
    END IF;
    RETURN locked;
END
$$;

CREATE FUNCTION selfhost.update_policy(uuid uuid, body jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_policy selfhost.policy;
    new_policy selfhost.policy;
BEGIN
    PERFORM selfhost._require('update', selfhost._resource('policies', uuid));
    new_policy := selfhost._body_policy(body, required => false);
    old_policy := selfhost._lock_policy(uuid, new_policy.group_uuid);

    new_policy.uuid := old_policy.uuid;
    new_policy.group_uuid := coalesce(new_policy.group_uuid, old_policy.group_uuid);
    new_policy.priority := coalesce(new_policy.priority, old_policy.priority);
    new_policy.effect := coalesce(new_policy.effect, old_policy.effect);
    new_policy.action := coalesce(new_policy.action, old_policy.action);
    new_policy.resource := coalesce(new_policy.resource, old_policy.resource);
    IF new_policy = old_policy THEN
        RETURN;
    END IF;
    PERFORM selfhost._require_policy(old_policy.group_uuid, old_policy.effect, old_policy.action,
                                     old_policy.resource);
    PERFORM selfhost._require_policy(new_policy.group_uuid, new_policy.effect, new_policy.action,
                                     new_policy.resource);
    PERFORM selfhost._check_policy(new_policy);
    BEGIN
        UPDATE selfhost.policy AS p
            SET group_uuid = new_policy.group_uuid, priority = new_policy.priority,
                effect = new_policy.effect, action = new_policy.action,
                resource = new_policy.resource
            WHERE p.uuid = update_policy.uuid;
    EXCEPTION WHEN unique_violation THEN
        PERFORM selfhost._refuse('23505', 'policy: the group has it already');
    END;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.update_policy(uuid, jsonb) TO selfhost_gateway, selfhost_sql;

-- To take a right away needs no more than the right to delete the policy; to end a denial does.
CREATE FUNCTION selfhost.delete_policy(uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_policy selfhost.policy;
BEGIN
    PERFORM selfhost._require('delete', selfhost._resource('policies', uuid));
    SELECT p.* INTO old_policy FROM selfhost.policy AS p
        WHERE p.uuid = delete_policy.uuid FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM selfhost._no_policy(uuid);
    END IF;
    IF old_policy.effect = 'deny' THEN
        PERFORM selfhost._require_policy(old_policy.group_uuid, old_policy.effect, old_policy.action,
                                         old_policy.resource);
    END IF;
    DELETE FROM selfhost.policy AS p WHERE p.uuid = delete_policy.uuid;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.delete_policy(uuid) TO selfhost_gateway, selfhost_sql;

-- Whether a user may do something, and what decides it: for administrators, who own the extension. Answers what
-- the check of rights itself answers, with all policies that concern the resource. Fails with 22023 for
-- an action that there is not, P0002 for a user.
CREATE FUNCTION selfhost.explain_access(user_uuid uuid, action text, resource text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    user_state selfhost.account_state;
    creator uuid := selfhost._creator_of(resource);
    is_creator boolean := coalesce(creator = user_uuid, false);
    policies jsonb;
    has_allow boolean;
    has_deny boolean;
    may boolean;
BEGIN
    IF user_uuid IS NULL THEN
        PERFORM selfhost._refuse('22023', 'user_uuid: must not be null');
    ELSIF resource IS NULL OR resource = '' THEN
        PERFORM selfhost._refuse('22023', 'resource: must not be empty');
    ELSIF action IS NULL OR action NOT IN ('create', 'read', 'update', 'delete') THEN
        PERFORM selfhost._refuse('22023', 'action: must be create, read, update or delete');
    END IF;
    SELECT u.state INTO user_state FROM selfhost.user_account AS u WHERE u.uuid = user_uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._refuse('P0002', format('user %s does not exist', user_uuid));
    END IF;

    may := user_state = 'active' AND selfhost._user_allowed(action, resource, creator, user_uuid);
    SELECT coalesce(bool_or(p.effect = 'allow'), false), coalesce(bool_or(p.effect = 'deny'), false),
           coalesce(jsonb_agg(jsonb_build_object('uuid', p.uuid, 'group', g.name, 'group_uuid', p.group_uuid,
                                                 'priority', p.priority, 'effect', p.effect, 'action', p.action,
                                                 'resource', p.resource)
                              ORDER BY p.effect DESC, p.priority, g.name, p.resource), '[]')
        INTO has_allow, has_deny, policies
        FROM selfhost.membership AS m
             JOIN selfhost.policy AS p ON p.group_uuid = m.group_uuid
             JOIN selfhost.user_group AS g ON g.uuid = p.group_uuid
        WHERE m.user_uuid = explain_access.user_uuid AND p.action::text = explain_access.action
          AND selfhost._pattern_matches(p.resource, explain_access.resource);
    -- A denial outweighs all else.
    SELECT coalesce(jsonb_agg(e || jsonb_build_object('decides',
               user_state = 'active' AND e ->> 'effect' = CASE WHEN has_deny THEN 'deny' ELSE 'allow' END)), '[]')
        INTO policies FROM jsonb_array_elements(policies) AS e;
    RETURN jsonb_build_object('allowed', may, 'creator', is_creator, 'state', user_state, 'policies', policies,
        'reason', CASE WHEN user_state <> 'active' THEN 'the user is ' || user_state
                       WHEN has_deny THEN 'a policy denies it'
                       WHEN is_creator AND has_allow THEN 'the user has created it, and a policy allows it'
                       WHEN is_creator THEN 'the user has created it'
                       WHEN has_allow THEN 'a policy allows it'
                       ELSE 'no policy allows it' END);
END
$$;
