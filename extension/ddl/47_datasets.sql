-- Datasets. Who created one holds every right on it: the owner is looked up before the check.
-- get_dataset_raw() is in C, since it streams.

CREATE VIEW selfhost._dataset_json AS
    SELECT d.uuid, d.name,
           (SELECT row_to_json(r) FROM (
                SELECT encode(d.checksum, 'hex') AS checksum,
                       selfhost._rfc3339(d.created) AS created,
                       coalesce(d.created_by, '00000000-0000-0000-0000-000000000000') AS created_by,
                       d.format, d.name, d.size, d.tags, d.thing_uuid,
                       selfhost._rfc3339(d.updated) AS updated,
                       coalesce(d.updated_by, '00000000-0000-0000-0000-000000000000') AS updated_by,
                       d.uuid) AS r) AS json
    FROM selfhost.dataset AS d;

CREATE FUNCTION selfhost._no_dataset(dataset_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._refuse('P0002', format('dataset %s does not exist', dataset_uuid));
END
$$;

CREATE FUNCTION selfhost._require_dataset(action text, dataset_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner uuid := (SELECT d.created_by FROM selfhost.dataset AS d WHERE d.uuid = dataset_uuid);
BEGIN
    PERFORM selfhost._require(action, selfhost._resource('datasets', dataset_uuid), owner);
END
$$;

-- ---- content ----

-- NULL: not base64 (the standard alphabet with padding; line ends are passed over).
CREATE FUNCTION selfhost._decode_base64(text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sh_decode_base64' LANGUAGE C IMMUTABLE STRICT;

CREATE FUNCTION selfhost._body_base64(
    body jsonb, key text, required boolean DEFAULT false, nullable boolean DEFAULT false
) RETURNS bytea
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text := selfhost._body_member(body, key, 'string', 'a string', required, nullable) #>> '{}';
    bytes bytea := selfhost._decode_base64(value);
BEGIN
    IF value IS NOT NULL AND bytes IS NULL THEN
        PERFORM selfhost._refuse('22023', key || ': must be base64, with padding');
    END IF;
    RETURN bytes;
END
$$;

-- SHA-256 of the bytes of a content, all parts in order, read piece by piece. Fails unless they are as
-- many: with 40001 where the transaction's snapshot may be older than a part.
CREATE FUNCTION selfhost._content_digest(content bigint, size bigint) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sh_content_digest' LANGUAGE C;

-- Writes the bytes of a part as rows (src/dataset_write.c); returns how many.
CREATE FUNCTION selfhost._store_pieces(content bigint, part integer, data bytea) RETURNS integer
    AS 'MODULE_PATHNAME', 'sh_store_pieces' LANGUAGE C STRICT;

-- Writes the rows of one part, in place of the part that is there, and returns its size. Here and where
-- it is called, the bytes stand in plain expressions only: a parameter of a statement is copied into
-- its plan.
CREATE FUNCTION selfhost._store_part(content_id bigint, part_number integer, data bytea, md5 bytea)
    RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bytes  integer := length(data);
    pieces integer;
BEGIN
    -- The row of the part makes those wait who write the same part at once.
    INSERT INTO selfhost.dataset_part AS p (content, part, size, md5)
        VALUES (content_id, part_number, bytes, _store_part.md5)
        ON CONFLICT (content, part) DO UPDATE SET size = excluded.size, md5 = excluded.md5;
    DELETE FROM selfhost.dataset_piece AS p WHERE p.content = content_id AND p.part = part_number;
    pieces := selfhost._store_pieces(content_id, part_number, data);
    RETURN bytes;
END
$$;

-- Stores bytes as a new content and returns its number.
CREATE FUNCTION selfhost._store_content(data bytea) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    content_id bigint := nextval('selfhost.dataset_content_seq');
    stored     bigint;
BEGIN
    IF length(data) > 0 THEN
        stored := selfhost._store_part(content_id, 1, data, NULL);
    END IF;
    RETURN content_id;
END
$$;

-- ---- operations ----

-- limit: 20 where it is not given. tags: with at least one of them. count: tells how many the caller may
-- read. Rights are checked in the order of the list, until the page is full.
CREATE FUNCTION selfhost.list_datasets(
    "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL, tags text[] DEFAULT NULL,
    count boolean DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page_size integer := coalesce("limit", 20);
    total     bigint;
BEGIN
    PERFORM selfhost._require('read', 'datasets');
    IF count THEN
        total := (SELECT count(*) FROM selfhost.dataset AS d
                  WHERE (list_datasets.tags IS NULL OR d.tags && list_datasets.tags)
                    AND selfhost.can_read('datasets', d.uuid, d.created_by));
    END IF;
    IF tags IS NULL THEN
        RETURN selfhost._list_answer('datasets', '', page_size, "offset", total, ARRAY(
            SELECT j.json
            FROM (SELECT s.uuid
                  FROM (SELECT d.uuid, d.created_by FROM selfhost.dataset AS d
                        ORDER BY d.name, d.uuid OFFSET 0) AS s
                  WHERE selfhost.can_read('datasets', s.uuid, s.created_by)
                  LIMIT page_size + 1::bigint OFFSET "offset") AS page
            JOIN selfhost._dataset_json AS j ON j.uuid = page.uuid
            ORDER BY j.name, j.uuid));
    END IF;
    RETURN selfhost._list_answer('datasets', selfhost._query('tags', tags), page_size, "offset",
                                 total, ARRAY(
        SELECT j.json
        FROM (SELECT s.uuid
              FROM (SELECT d.uuid, d.created_by FROM selfhost.dataset AS d
                    WHERE d.tags && list_datasets.tags
                    ORDER BY d.name, d.uuid OFFSET 0) AS s
              WHERE selfhost.can_read('datasets', s.uuid, s.created_by)
              LIMIT page_size + 1::bigint OFFSET "offset") AS page
        JOIN selfhost._dataset_json AS j ON j.uuid = page.uuid
        ORDER BY j.name, j.uuid));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_datasets(integer, integer, text[], boolean)
    TO selfhost_gateway, selfhost_sql;

-- content: base64; null makes an empty dataset.
CREATE FUNCTION selfhost.create_dataset(body jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new  selfhost.dataset;
    data bytea;
BEGIN
    PERFORM selfhost._require('create', 'datasets');
    new.name := selfhost._body_name(body, required => true);
    new.format := selfhost._body_choice(body, 'format', enum_range(NULL::selfhost.dataset_format),
                                        required => true);
    new.thing_uuid := selfhost._body_uuid(body, 'thing_uuid', nullable => true);
    new.tags := coalesce(selfhost._body_tags(body), '{}');
    data := coalesce(selfhost._body_base64(body, 'content', required => true, nullable => true), '');
    IF new.thing_uuid IS NOT NULL THEN
        PERFORM selfhost._refer_to_thing(new.thing_uuid);
    END IF;
    new.content := selfhost._store_content(data);
    new.size := length(data);
    new.checksum := sha256(data);
    new.created_by := selfhost._acting_user();
    INSERT INTO selfhost.dataset AS d
            (name, format, content, size, checksum, thing_uuid, created_by, updated_by, tags)
        VALUES (new.name, new.format, new.content, new.size, new.checksum, new.thing_uuid,
                new.created_by, new.created_by, new.tags)
        RETURNING d.uuid INTO new.uuid;
    RETURN (SELECT j.json FROM selfhost._dataset_json AS j WHERE j.uuid = new.uuid);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.create_dataset(jsonb) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.get_dataset(uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer json;
BEGIN
    PERFORM selfhost._require_dataset('read', uuid);
    SELECT j.json INTO answer FROM selfhost._dataset_json AS j WHERE j.uuid = get_dataset.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_dataset(uuid);
    END IF;
    RETURN answer;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.get_dataset(uuid) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.update_dataset(uuid uuid, body jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new     selfhost.dataset;
    data    bytea;
    changes boolean;
    moves   boolean;
BEGIN
    PERFORM selfhost._require_dataset('update', uuid);
    new.name := selfhost._body_name(body);
    new.format := selfhost._body_choice(body, 'format', enum_range(NULL::selfhost.dataset_format));
    new.thing_uuid := selfhost._body_uuid(body, 'thing_uuid', nullable => true);
    new.tags := selfhost._body_tags(body);
    data := selfhost._body_base64(body, 'content');
    moves := body ? 'thing_uuid';
    changes := body ?| ARRAY['name', 'format', 'thing_uuid', 'tags', 'content'];
    IF new.thing_uuid IS NOT NULL THEN
        PERFORM selfhost._refer_to_thing(new.thing_uuid);
    END IF;
    IF data IS NOT NULL THEN
        new.content := selfhost._store_content(data);
        new.size := length(data);
        new.checksum := sha256(data);
    END IF;
    UPDATE selfhost.dataset AS d
        SET name = coalesce(new.name, d.name),
            format = coalesce(new.format, d.format),
            content = coalesce(new.content, d.content),
            size = coalesce(new.size, d.size),
            checksum = coalesce(new.checksum, d.checksum),
            thing_uuid = CASE WHEN moves THEN new.thing_uuid ELSE d.thing_uuid END,
            tags = coalesce(new.tags, d.tags),
            updated = CASE WHEN changes THEN now() ELSE d.updated END,
            updated_by = CASE WHEN changes THEN selfhost._acting_user() ELSE d.updated_by END
        WHERE d.uuid = update_dataset.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_dataset(uuid);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.update_dataset(uuid, jsonb) TO selfhost_gateway, selfhost_sql;

-- With its content and its uploads.
CREATE FUNCTION selfhost.delete_dataset(uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require_dataset('delete', uuid);
    DELETE FROM selfhost.dataset AS d WHERE d.uuid = delete_dataset.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_dataset(uuid);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.delete_dataset(uuid) TO selfhost_gateway, selfhost_sql;

-- What get_dataset_raw() wants to know, with its checks. STABLE: it must look with the same snapshot as
-- the statement reads the content with.
CREATE FUNCTION selfhost._dataset_to_read(
    dataset_uuid uuid, OUT content bigint, OUT size bigint, OUT checksum text, OUT format text
) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require_dataset('read', dataset_uuid);
    SELECT d.content, d.size, encode(d.checksum, 'hex'), d.format
        INTO content, size, checksum, format
        FROM selfhost.dataset AS d WHERE d.uuid = dataset_uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_dataset(dataset_uuid);
    END IF;
END
$$;

-- The part of a content that has the byte at this offset, and where it begins.
CREATE FUNCTION selfhost._part_at(
    content_id bigint, byte_offset bigint, OUT part integer, OUT part_offset bigint
) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT s.part, s.part_offset INTO part, part_offset
        FROM (SELECT p.part, p.size, sum(p.size) OVER (ORDER BY p.part) - p.size AS part_offset
              FROM selfhost.dataset_part AS p WHERE p.content = content_id) AS s
        WHERE byte_offset >= s.part_offset AND byte_offset < s.part_offset + s.size;
END
$$;

-- The content, in pieces of 64 KiB (src/dataset_read.c). The other arguments are the request's headers.
CREATE FUNCTION selfhost.get_dataset_raw(
    uuid uuid, if_none_match text DEFAULT NULL, range text DEFAULT NULL, if_range text DEFAULT NULL
) RETURNS SETOF selfhost.http_response
    AS 'MODULE_PATHNAME', 'sh_get_dataset_raw' LANGUAGE C ROWS 32
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
GRANT EXECUTE ON FUNCTION selfhost.get_dataset_raw(uuid, text, text, text)
    TO selfhost_gateway, selfhost_sql;
