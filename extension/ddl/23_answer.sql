-- Conditional answers.

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
