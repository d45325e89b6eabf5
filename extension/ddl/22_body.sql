-- What the operations share: refusals, and reading the members of a JSON body. A member's value is
-- checked where it is read; unknown members are ignored.

-- A refusal that the client may read: its schema field is set (see src/sh_ext.h).
CREATE FUNCTION selfhost._refuse(state text, message text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, SCHEMA = 'selfhost';
END
$$;

CREATE FUNCTION selfhost._rfc3339(timestamptz) RETURNS text
    AS 'MODULE_PATHNAME', 'sh_rfc3339' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION selfhost._parse_rfc3339(text) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'sh_parse_rfc3339' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION selfhost._double_json(double precision) RETURNS json
    AS 'MODULE_PATHNAME', 'sh_double_json' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION selfhost._parse_double(text) RETURNS double precision
    AS 'MODULE_PATHNAME', 'sh_parse_double' LANGUAGE C IMMUTABLE STRICT;

-- "<collection>/<uuid><suffix>"; refuses when there is no uuid.
CREATE FUNCTION selfhost._resource(collection text, uuid uuid, suffix text DEFAULT '') RETURNS text
    AS 'MODULE_PATHNAME', 'sh_resource' LANGUAGE C IMMUTABLE;

-- May the acting user read "<collection>/<uuid>", which owner created? Members of selfhost_sql run
-- it through row-level security, and learn nothing from it but their own rights.
CREATE FUNCTION selfhost.can_read(collection text, uuid uuid, owner uuid DEFAULT NULL)
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'sh_can_read' LANGUAGE C;
GRANT EXECUTE ON FUNCTION selfhost.can_read(text, uuid, uuid) TO selfhost_sql;

-- The member of a body, of this JSON type (what: its name for the client). NULL: it is absent, or null
-- where that is allowed.
CREATE FUNCTION selfhost._body_member(
    body jsonb, key text, kind text, what text, required boolean, nullable boolean
) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value jsonb;
BEGIN
    IF jsonb_typeof(body) IS DISTINCT FROM 'object' THEN
        PERFORM selfhost._refuse('22023', 'body: must be a JSON object');
    END IF;
    value := body -> key;
    IF value IS NULL THEN
        IF required THEN
            PERFORM selfhost._refuse('22023', key || ': is required');
        END IF;
    ELSIF jsonb_typeof(value) = 'null' THEN
        IF NOT nullable THEN
            PERFORM selfhost._refuse('22023', key || ': must not be null');
        END IF;
        value := NULL;
    ELSIF jsonb_typeof(value) <> kind THEN
        PERFORM selfhost._refuse('22023', format('%s: must be %s', key, what));
    END IF;
    RETURN value;
END
$$;

-- Lengths are in code points.
CREATE FUNCTION selfhost._body_text(
    body jsonb, key text, required boolean DEFAULT false, nullable boolean DEFAULT false,
    min_length integer DEFAULT 0, max_length integer DEFAULT NULL
) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text := selfhost._body_member(body, key, 'string', 'a string', required, nullable) #>> '{}';
BEGIN
    IF length(value) < min_length THEN
        PERFORM selfhost._refuse('22023', format('%s: must have at least %s', key,
            CASE min_length WHEN 1 THEN '1 character' ELSE min_length || ' characters' END));
    ELSIF length(value) > max_length THEN
        PERFORM selfhost._refuse('22023',
            format('%s: must have at most %s characters', key, max_length));
    END IF;
    RETURN value;
END
$$;

-- A name. The limit lets it fit into an index.
CREATE FUNCTION selfhost._body_name(
    body jsonb, required boolean DEFAULT false, min_length integer DEFAULT 3
) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN selfhost._body_text(body, 'name', required => required, min_length => min_length,
                               max_length => 500);
END
$$;

-- One of the labels of an enum: choices is enum_range(NULL::that_type).
CREATE FUNCTION selfhost._body_choice(
    body jsonb, key text, choices anyarray, required boolean DEFAULT false
) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text := selfhost._body_member(body, key, 'string', 'a string', required, false) #>> '{}';
BEGIN
    IF value <> ALL (choices::text[]) THEN
        PERFORM selfhost._refuse('22023',
            format('%s: must be one of %s', key, array_to_string(choices, ', ')));
    END IF;
    RETURN value;
END
$$;

-- The dashed form only, in any letter case: PostgreSQL's own input takes more.
CREATE FUNCTION selfhost._is_uuid(value text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN value ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$';
END
$$;

CREATE FUNCTION selfhost._body_uuid(
    body jsonb, key text, required boolean DEFAULT false, nullable boolean DEFAULT false
) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text := selfhost._body_member(body, key, 'string', 'a string', required, nullable) #>> '{}';
BEGIN
    IF NOT selfhost._is_uuid(value) THEN
        PERFORM selfhost._refuse('22023', key || ': must be a UUID');
    END IF;
    RETURN value::uuid;
END
$$;

-- An array of strings, in its order.
CREATE FUNCTION selfhost._body_texts(body jsonb, key text, max_length integer DEFAULT NULL)
    RETURNS text[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    what  CONSTANT text := 'an array of strings';
    value jsonb := selfhost._body_member(body, key, 'array', what, false, false);
    texts text[];
BEGIN
    IF value IS NULL THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM jsonb_array_elements(value) AS e (element)
               WHERE jsonb_typeof(e.element) <> 'string') THEN
        PERFORM selfhost._refuse('22023', key || ': must be ' || what);
    END IF;
    texts := ARRAY(SELECT e.element FROM jsonb_array_elements_text(value)
                   WITH ORDINALITY AS e (element, position) ORDER BY e.position);
    IF EXISTS (SELECT FROM unnest(texts) AS e (element) WHERE length(e.element) > max_length) THEN
        PERFORM selfhost._refuse('22023',
            format('%s: each must have at most %s characters', key, max_length));
    END IF;
    RETURN texts;
END
$$;

-- The limit lets a tag fit into an index.
CREATE FUNCTION selfhost._body_tags(body jsonb) RETURNS text[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN selfhost._body_texts(body, 'tags', max_length => 500);
END
$$;

CREATE FUNCTION selfhost._body_uuids(body jsonb, key text) RETURNS uuid[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    what  CONSTANT text := 'an array of UUIDs';
    value jsonb := selfhost._body_member(body, key, 'array', what, false, false);
BEGIN
    IF value IS NULL THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM jsonb_array_elements(value) AS e (element)
               WHERE jsonb_typeof(e.element) <> 'string'
                  OR NOT selfhost._is_uuid(e.element #>> '{}')) THEN
        PERFORM selfhost._refuse('22023', key || ': must be ' || what);
    END IF;
    RETURN ARRAY(SELECT e.element::uuid FROM jsonb_array_elements_text(value) AS e (element));
END
$$;

CREATE FUNCTION selfhost._body_integer(body jsonb, key text, required boolean DEFAULT false)
    RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value numeric := (selfhost._body_member(body, key, 'number', 'a number', required, false)
                      #>> '{}')::numeric;
BEGIN
    IF value <> trunc(value) OR value NOT BETWEEN -2147483648 AND 2147483647 THEN
        PERFORM selfhost._refuse('22023',
            key || ': must be an integer from -2147483648 to 2147483647');
    END IF;
    RETURN value::integer;
END
$$;

CREATE FUNCTION selfhost._body_double(
    body jsonb, key text, required boolean DEFAULT false, nullable boolean DEFAULT false
) RETURNS double precision
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number text := selfhost._body_member(body, key, 'number', 'a number', required, nullable)
                   #>> '{}';
    value double precision := selfhost._parse_double(number);
BEGIN
    IF number IS NOT NULL AND value IS NULL THEN
        PERFORM selfhost._refuse('22003', key || ': is beyond the range of a 64-bit float');
    END IF;
    RETURN value;
END
$$;

CREATE FUNCTION selfhost._body_timestamp(body jsonb, key text) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text := selfhost._body_member(body, key, 'string', 'a string', false, false) #>> '{}';
    ts    timestamptz := selfhost._parse_rfc3339(value);
BEGIN
    IF value IS NOT NULL AND ts IS NULL THEN
        PERFORM selfhost._refuse('22023', key || ': must be an RFC 3339 timestamp with a zone');
    END IF;
    RETURN ts;
END
$$;
