-- The first user, groups and policies. Not made by the installation: a restored dump brings its own.

-- Gives a user a new token; returns the secret, which is stored nowhere.
CREATE FUNCTION selfhost._add_token(user_uuid uuid, name text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    secret text := selfhost._random_secret();
BEGIN
    INSERT INTO selfhost.token (user_uuid, name, digest)
        VALUES (_add_token.user_uuid, _add_token.name, sha256(convert_to(secret, 'UTF8')));
    RETURN secret;
END
$$;

-- Makes the built-in groups and policies and the user root, once; returns the secret of his token.
CREATE FUNCTION selfhost.init() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    root CONSTANT uuid := '00000000-0000-1000-8000-000000000000';
BEGIN
    LOCK TABLE selfhost.user_group IN EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM selfhost.user_group AS g WHERE g.uuid = root)
       OR EXISTS (SELECT FROM selfhost.user_account AS u WHERE u.uuid = root) THEN
        RAISE EXCEPTION 'this domain is initialised already'
            USING ERRCODE = '55000', HINT = 'selfhost.reset_root_token() makes a new token for root.';
    END IF;

    INSERT INTO selfhost.user_group (uuid, name) VALUES
        (root, 'root'),
        ('00000000-0000-1000-8000-000000000001', 'things'),
        ('00000000-0000-1000-8000-000000000002', 'timeseries'),
        ('00000000-0000-1000-8000-000000000003', 'tsdata'),
        ('00000000-0000-1000-8000-000000000004', 'datasets'),
        ('00000000-0000-1000-8000-000000000100', 'operator'),
        ('00000000-0000-1000-8000-000000000101', 'admin');
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        SELECT g.uuid, 0, 'allow', action::selfhost.policy_action, p.resource
        FROM (VALUES
            ('root', '{create,read,update,delete}'::text[], '%'),
            ('things', '{create,read}', 'things'),
            ('things', '{read,update,delete}', 'things/%'),
            ('timeseries', '{create,read}', 'timeseries'),
            ('timeseries', '{create,read,update,delete}', 'timeseries/%'),
            ('tsdata', '{create,read}', 'tsdata'),
            ('tsdata', '{read,update,delete}', 'tsdata/%'),
            ('datasets', '{create,read}', 'datasets'),
            ('datasets', '{read,update,delete}', 'datasets/%')
        ) AS p (group_name, actions, resource)
        JOIN selfhost.user_group AS g ON g.name = p.group_name
        CROSS JOIN unnest(p.actions) AS action;
    INSERT INTO selfhost.user_account (uuid, name) VALUES (root, 'root');
    INSERT INTO selfhost.membership (user_uuid, group_uuid) VALUES (root, root);
    RETURN selfhost._add_token(root, 'Main admin token');
END
$$;

-- Takes all of root's tokens away and gives him a new one; returns its secret. Makes root what he was
-- at first, should he have lost it: active, and a member of the root group.
CREATE FUNCTION selfhost.reset_root_token() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    root CONSTANT uuid := '00000000-0000-1000-8000-000000000000';
BEGIN
    UPDATE selfhost.user_account AS u SET state = 'active' WHERE u.uuid = root;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this domain is not initialised'
            USING ERRCODE = '55000', HINT = 'selfhost.init() initialises it.';
    END IF;
    INSERT INTO selfhost.membership (user_uuid, group_uuid) VALUES (root, root) ON CONFLICT DO NOTHING;
    DELETE FROM selfhost.token AS t WHERE t.user_uuid = root;
    RETURN selfhost._add_token(root, 'Main admin token');
END
$$;

