

CREATE FUNCTION selfhost_primus.create_domain(name text, uri text, enabled boolean DEFAULT true, comment text DEFAULT '')
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept text;
BEGIN
    INSERT INTO selfhost_primus.domain AS d (name, uri, enabled, comment)
        VALUES (create_domain.name, create_domain.uri, create_domain.enabled, create_domain.comment)
        RETURNING d.name INTO kept;
    RETURN kept;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION USING ERRCODE = '23505', SCHEMA = 'selfhost_primus', MESSAGE = 'name: there is a domain of this name already';
END
$$;

-- For programs: the domains that are served, with their URIs.
CREATE FUNCTION selfhost_primus.read_domains() RETURNS TABLE (domain text, uri text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT d.name, d.uri FROM selfhost_primus.domain AS d WHERE d.enabled ORDER BY d.name;
END
$$;

-- What is NULL stays as it is.
CREATE FUNCTION selfhost_primus.update_domain(name text, uri text DEFAULT NULL, enabled boolean DEFAULT NULL,
    comment text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept text;
BEGIN
    UPDATE selfhost_primus.domain AS d
        SET uri = coalesce(update_domain.uri, d.uri), enabled = coalesce(update_domain.enabled, d.enabled),
            comment = coalesce(update_domain.comment, d.comment)
        WHERE d.name = lower(update_domain.name COLLATE "C")
        RETURNING d.name INTO kept;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'P0002', SCHEMA = 'selfhost_primus', MESSAGE = 'name: there is no domain of this name';
    END IF;
    RETURN kept;
END
$$;

-- Forgets where the domain is; its database stays.
CREATE FUNCTION selfhost_primus.delete_domain(name text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept text;
BEGIN
    DELETE FROM selfhost_primus.domain AS d WHERE d.name = lower(delete_domain.name COLLATE "C")
        RETURNING d.name INTO kept;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'P0002', SCHEMA = 'selfhost_primus', MESSAGE = 'name: there is no domain of this name';
    END IF;
    RETURN kept;
END
$$;
