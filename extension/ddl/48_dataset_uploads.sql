-- Uploads: content of a dataset that arrives in parts, each with its MD5, and is put in place at once.
-- What is wrong first decides: the form of the arguments, the dataset (P0002), the upload, the part.

-- Unfinished uploads end after a day. Those in use at the moment stay.
CREATE FUNCTION selfhost._expire_uploads() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    expired bigint;
BEGIN
    DELETE FROM selfhost.dataset_upload AS u WHERE u.uuid IN (
        SELECT e.uuid FROM selfhost.dataset_upload AS e WHERE e.expires <= now()
        FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS expired = ROW_COUNT;
    RETURN expired;
END
$$;

-- For the housekeeping: the same, and what is left where an upload was deleted in a transaction whose
-- snapshot was older than a part. Parts become visible together with, or after, what they belong to.
CREATE FUNCTION selfhost.expire_dataset_uploads() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    expired bigint := selfhost._expire_uploads();
    gone    bigint;
BEGIN
    FOR gone IN
        SELECT DISTINCT p.content FROM selfhost.dataset_part AS p
        WHERE NOT EXISTS (SELECT FROM selfhost.dataset AS d WHERE d.content = p.content)
          AND NOT EXISTS (SELECT FROM selfhost.dataset_upload AS u WHERE u.content = p.content)
    LOOP
        DELETE FROM selfhost.dataset_piece AS p WHERE p.content = gone;
        DELETE FROM selfhost.dataset_part AS p WHERE p.content = gone;
    END LOOP;
    RETURN expired;
END
$$;

CREATE FUNCTION selfhost._check_dataset(dataset_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM selfhost.dataset AS d WHERE d.uuid = dataset_uuid) THEN
        PERFORM selfhost._no_dataset(dataset_uuid);
    END IF;
END
$$;

CREATE FUNCTION selfhost._no_upload() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._refuse('22023', 'uploadId: this dataset has no such upload');
END
$$;

-- For a client the id of an upload is any text.
CREATE FUNCTION selfhost._upload_uuid(upload_id text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF upload_id IS NULL THEN
        PERFORM selfhost._refuse('22023', 'uploadId: is required');
    ELSIF NOT selfhost._is_uuid(upload_id) THEN
        RETURN NULL;
    END IF;
    RETURN upload_id::uuid;
END
$$;

CREATE FUNCTION selfhost._check_part(part_number integer, content_md5 text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF part_number IS NULL OR part_number NOT BETWEEN 1 AND 10000 THEN
        PERFORM selfhost._refuse('22023', 'partNumber: must be from 1 to 10000');
    ELSIF content_md5 IS NULL OR content_md5 !~ '^[0-9A-Fa-f]{32}$' THEN
        PERFORM selfhost._refuse('22023', 'Content-MD5: must be 32 hexadecimal digits');
    END IF;
END
$$;

CREATE FUNCTION selfhost.create_dataset_upload(uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    upload  uuid;
    expired bigint;
BEGIN
    PERFORM selfhost._require_dataset('update', uuid);
    PERFORM FROM selfhost.dataset AS d WHERE d.uuid = create_dataset_upload.uuid FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM selfhost._no_dataset(uuid);
    END IF;
    expired := selfhost._expire_uploads();
    INSERT INTO selfhost.dataset_upload AS u (dataset_uuid, content, expires)
        VALUES (create_dataset_upload.uuid, nextval('selfhost.dataset_content_seq'),
                now() + interval '1 day')
        RETURNING u.uuid INTO upload;
    RETURN format('{"uploadId":"%s"}', upload);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.create_dataset_upload(uuid) TO selfhost_gateway, selfhost_sql;

-- key: another name of upload_id.
CREATE FUNCTION selfhost.delete_dataset_upload(
    uuid uuid, key text DEFAULT NULL, upload_id text DEFAULT NULL
) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    upload uuid;
BEGIN
    PERFORM selfhost._require_dataset('delete', uuid);
    upload := selfhost._upload_uuid(coalesce(upload_id, key));
    PERFORM selfhost._check_dataset(uuid);
    DELETE FROM selfhost.dataset_upload AS u
        WHERE u.uuid = upload AND u.dataset_uuid = delete_dataset_upload.uuid AND u.expires > now();
    IF NOT FOUND THEN
        PERFORM selfhost._no_upload();
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.delete_dataset_upload(uuid, text, text)
    TO selfhost_gateway, selfhost_sql;

-- checksum: the MD5 of the part.
CREATE FUNCTION selfhost.list_dataset_parts(
    uuid uuid, key text DEFAULT NULL, upload_id text DEFAULT NULL
) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    upload     uuid;
    content_id bigint;
BEGIN
    PERFORM selfhost._require_dataset('read', uuid);
    upload := selfhost._upload_uuid(coalesce(upload_id, key));
    PERFORM selfhost._check_dataset(uuid);
    SELECT u.content INTO content_id FROM selfhost.dataset_upload AS u
        WHERE u.uuid = upload AND u.dataset_uuid = list_dataset_parts.uuid AND u.expires > now();
    IF NOT FOUND THEN
        PERFORM selfhost._no_upload();
    END IF;
    RETURN array_to_json(ARRAY(
        SELECT (SELECT row_to_json(r) FROM (SELECT encode(p.md5, 'hex') AS checksum,
                                                   p.part AS "partNumber", p.size) AS r)
        FROM selfhost.dataset_part AS p WHERE p.content = content_id ORDER BY p.part));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_dataset_parts(uuid, text, text)
    TO selfhost_gateway, selfhost_sql;

-- Several parts can come at once. What one may have, at most, limits the memory of whoever passes it on:
-- it is the gateway's own setting; here all parts together have their limit. The upload cannot be assembled or deleted meanwhile.
CREATE FUNCTION selfhost.put_dataset_part(
    uuid uuid, part_number integer, upload_id text, content_md5 text, body bytea DEFAULT NULL
) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    max_total CONSTANT bigint := 1073741824;
    upload     uuid;
    content_id bigint;
    others     bigint;
    stored     bigint;
BEGIN
    PERFORM selfhost._require_dataset('update', uuid);
    PERFORM selfhost._check_part(part_number, content_md5);
    upload := selfhost._upload_uuid(upload_id);
    PERFORM selfhost._check_dataset(uuid);
    SELECT u.content INTO content_id FROM selfhost.dataset_upload AS u
        WHERE u.uuid = upload AND u.dataset_uuid = put_dataset_part.uuid AND u.expires > now()
        FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM selfhost._no_upload();
    END IF;
    IF coalesce(length(body), 0) < 1 THEN
        PERFORM selfhost._refuse('22023', 'body: must have at least 1 byte');
    ELSIF md5(body) <> lower(content_md5) THEN
        PERFORM selfhost._refuse('22023', 'Content-MD5: is not that of the body');
    END IF;
    SELECT coalesce(sum(p.size), 0) INTO others FROM selfhost.dataset_part AS p
        WHERE p.content = content_id AND p.part <> part_number;
    IF others + length(body) > max_total THEN
        PERFORM selfhost._refuse('22023',
            format('body: the parts must have at most %s bytes together', max_total));
    END IF;
    stored := selfhost._store_part(content_id, part_number, body, decode(content_md5, 'hex'));
    RETURN '{"message":"OK"}';
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.put_dataset_part(uuid, integer, text, text, bytea)
    TO selfhost_gateway, selfhost_sql;

-- Why the parts of an upload do not make a content; NULL: they do.
CREATE FUNCTION selfhost._assembly_problem(content_id bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- In bytes, whatever unit it was set with.
    min_part CONSTANT integer := (SELECT s.setting FROM pg_settings AS s
                                  WHERE s.name = 'selfhost.min_part_size');
    n         bigint;
    last_part integer;
BEGIN
    SELECT count(*), max(p.part) INTO n, last_part
        FROM selfhost.dataset_part AS p WHERE p.content = content_id;
    RETURN CASE
        WHEN n = 0 THEN 'InvalidPart'
        WHEN last_part <> n THEN 'InvalidPartOrder'
        WHEN EXISTS (SELECT FROM selfhost.dataset_part AS p
                     WHERE p.content = content_id AND p.part < last_part AND p.size < min_part)
            THEN 'EntityTooSmall'
    END;
END
$$;

-- The dataset takes the content of the upload over, as it is. part_number and content_md5 must be
-- good, and do not matter. The dataset is locked before the upload, as its deletion does.
CREATE FUNCTION selfhost.assemble_dataset(
    uuid uuid, part_number integer, upload_id text, content_md5 text
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    max_total CONSTANT bigint := 1073741824;
    upload     uuid;
    content_id bigint;
    problem    text;
    total      bigint;
    answer     json;
BEGIN
    PERFORM selfhost._require_dataset('update', uuid);
    PERFORM selfhost._check_part(part_number, content_md5);
    upload := selfhost._upload_uuid(upload_id);
    PERFORM FROM selfhost.dataset AS d WHERE d.uuid = assemble_dataset.uuid FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM selfhost._no_dataset(uuid);
    END IF;
    SELECT u.content INTO content_id FROM selfhost.dataset_upload AS u
        WHERE u.uuid = upload AND u.dataset_uuid = assemble_dataset.uuid AND u.expires > now()
        FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM selfhost._no_upload();
    END IF;
    problem := selfhost._assembly_problem(content_id);
    IF problem IS NOT NULL THEN
        RETURN ROW(400, 'application/json'::text, NULL::text[],
                   convert_to(format(E'{"message":"%s"}\n', problem), 'UTF8'));
    END IF;
    total := (SELECT sum(p.size) FROM selfhost.dataset_part AS p WHERE p.content = content_id);
    IF total > max_total THEN
        PERFORM selfhost._refuse('22023',
            format('uploadId: the parts must have at most %s bytes together', max_total));
    END IF;
    UPDATE selfhost.dataset AS d
        SET content = content_id, size = total,
            checksum = selfhost._content_digest(content_id, total),
            updated = now(), updated_by = selfhost._acting_user()
        WHERE d.uuid = assemble_dataset.uuid;
    DELETE FROM selfhost.dataset_upload AS u WHERE u.uuid = upload;
    SELECT j.json INTO answer FROM selfhost._dataset_json AS j WHERE j.uuid = assemble_dataset.uuid;
    RETURN ROW(201, 'application/json'::text, NULL::text[], convert_to(answer::text || E'\n', 'UTF8'));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.assemble_dataset(uuid, integer, text, text)
    TO selfhost_gateway, selfhost_sql;
