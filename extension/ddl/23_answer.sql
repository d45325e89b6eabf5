-- What operations share beyond bodies of plain values: bytes within JSON, and conditional answers.

-- Bytes as base64, of the standard alphabet and with its padding: decode() alone takes more.
CREATE FUNCTION selfhost._body_base64(
    body jsonb, key text, required boolean DEFAULT false, nullable boolean DEFAULT false
) RETURNS bytea
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text := selfhost._body_member(body, key, 'string', 'a string', required, nullable) #>> '{}';
BEGIN
    IF length(value) % 4 <> 0 OR value !~ '^[A-Za-z0-9+/]*={0,2}$' THEN
        PERFORM selfhost._refuse('22023', key || ': must be base64');
    END IF;
    RETURN decode(value, 'base64');
END
$$;

-- Is an object with this ETag, quotes included, what an If-None-Match header names? It is * or a
-- list; weak tags count, and so does one without quotes, as some clients send it.
CREATE FUNCTION selfhost._etag_matches(if_none_match text, etag text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce(btrim(if_none_match) = '*' OR EXISTS (
        SELECT FROM regexp_split_to_table(if_none_match, ',') AS l (tag)
        WHERE btrim(regexp_replace(btrim(l.tag), '^W/', ''), '"') = btrim(etag, '"')), false);
END
$$;
