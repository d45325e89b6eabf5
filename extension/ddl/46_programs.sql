-- Programs and the revisions of their code. Who created one holds every right on it. How they run is in
-- 49_runs.sql.

CREATE FUNCTION selfhost._check_schedule(schedule text) RETURNS void
    AS 'MODULE_PATHNAME', 'sh_check_schedule' LANGUAGE C STRICT;

-- When a schedule is due after an instant, the next `count` times; fewer where it is not due any more.
CREATE FUNCTION selfhost.schedule_next(
    schedule text, after timestamptz DEFAULT now(), count integer DEFAULT 1
) RETURNS SETOF timestamptz
    AS 'MODULE_PATHNAME', 'sh_schedule_next_sql' LANGUAGE C STRICT ROWS 10;
GRANT EXECUTE ON FUNCTION selfhost.schedule_next(text, timestamptz, integer) TO selfhost_sql;

CREATE FUNCTION selfhost._unified_diff(name_a text, a bytea, name_b text, b bytea) RETURNS bytea
    AS 'MODULE_PATHNAME', 'sh_unified_diff' LANGUAGE C STRICT;

CREATE VIEW selfhost._program_json AS
    SELECT p.uuid, p.name,
           (SELECT row_to_json(r) FROM (
                SELECT p.deadline, p.language, p.name, p.schedule, p.state, p.tags, p.type,
                       p.uuid) AS r) AS json
    FROM selfhost.program AS p;

-- Those with code. Somebody who is gone is the zero UUID.
CREATE VIEW selfhost._program_revision_json AS
    SELECT v.program_uuid, v.revision,
           (SELECT row_to_json(r) FROM (
                SELECT encode(v.checksum, 'hex') AS checksum,
                       selfhost._rfc3339(v.created) AS created,
                       coalesce(v.created_by, '00000000-0000-0000-0000-000000000000') AS created_by,
                       v.revision,
                       selfhost._rfc3339(v.signed) AS signed,
                       CASE WHEN v.signed IS NOT NULL
                            THEN coalesce(v.signed_by, '00000000-0000-0000-0000-000000000000')
                       END AS signed_by) AS r) AS json
    FROM selfhost.program_revision AS v
    WHERE v.code IS NOT NULL;

CREATE FUNCTION selfhost._no_program(program_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._refuse('P0002', format('program %s does not exist', program_uuid));
END
$$;

-- For want of a revision: of the program itself, it may be.
CREATE FUNCTION selfhost._no_program_revision(program_uuid uuid, what text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM selfhost.program AS p WHERE p.uuid = program_uuid) THEN
        PERFORM selfhost._no_program(program_uuid);
    END IF;
    PERFORM selfhost._refuse('P0002', format('program %s has no %s', program_uuid, what));
END
$$;

-- The caller needs the right to `action` on a program, or on what lies below it. A program that does
-- not exist has no owner.
CREATE FUNCTION selfhost._require_program(action text, program_uuid uuid, suffix text DEFAULT '')
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner uuid := (SELECT p.created_by FROM selfhost.program AS p WHERE p.uuid = program_uuid);
BEGIN
    PERFORM selfhost._require(action, selfhost._resource('programs', program_uuid, suffix), owner);
END
$$;

-- The acting user, who is not deleted until the transaction ends: deletion of a user takes his row
-- before those that he has created or signed, so whoever writes his name into them does, too.
CREATE FUNCTION selfhost._hold_acting_user() RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    acting uuid := selfhost._acting_user();
BEGIN
    PERFORM FROM selfhost.user_account AS u WHERE u.uuid = acting FOR KEY SHARE;
    RETURN acting;
END
$$;

CREATE FUNCTION selfhost._body_schedule(body jsonb, required boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text := selfhost._body_text(body, 'schedule', required => required, max_length => 2000);
BEGIN
    PERFORM selfhost._check_schedule(value);
    RETURN value;
END
$$;

CREATE FUNCTION selfhost._body_deadline(body jsonb, required boolean DEFAULT false) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value integer := selfhost._body_integer(body, 'deadline', required => required);
BEGIN
    IF value NOT BETWEEN 1 AND 3600000 THEN
        PERFORM selfhost._refuse('22023', 'deadline: must be from 1 to 3600000 milliseconds');
    END IF;
    RETURN value;
END
$$;

-- Text as it is, without the newline that answers of plain type end with.
CREATE FUNCTION selfhost._text_answer(body bytea) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN ROW(200, 'text/plain; charset=utf-8', NULL, body)::selfhost.http_response;
END
$$;

-- limit: 20 where it is not given. tags: with at least one of them. count: tells how many the caller may
-- read. Rights are checked in the order of the list, until the page is full.
CREATE FUNCTION selfhost.list_programs(
    "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL, tags text[] DEFAULT NULL,
    count boolean DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page_size integer := coalesce("limit", 20);
    total     bigint;
BEGIN
    PERFORM selfhost._require('read', 'programs');
    IF count THEN
        total := (SELECT count(*) FROM selfhost.program AS p
                  WHERE (list_programs.tags IS NULL OR p.tags && list_programs.tags)
                    AND selfhost.can_read('programs', p.uuid, p.created_by));
    END IF;
    IF tags IS NULL THEN
        RETURN selfhost._list_answer('programs', '', page_size, "offset", total, ARRAY(
            SELECT j.json
            FROM (SELECT s.uuid
                  FROM (SELECT p.uuid, p.created_by FROM selfhost.program AS p
                        ORDER BY p.name, p.uuid OFFSET 0) AS s
                  WHERE selfhost.can_read('programs', s.uuid, s.created_by)
                  LIMIT page_size + 1::bigint OFFSET "offset") AS page
            JOIN selfhost._program_json AS j ON j.uuid = page.uuid
            ORDER BY j.name, j.uuid));
    END IF;
    RETURN selfhost._list_answer('programs', selfhost._query('tags', tags), page_size, "offset",
                                 total, ARRAY(
        SELECT j.json
        FROM (SELECT s.uuid
              FROM (SELECT p.uuid, p.created_by FROM selfhost.program AS p
                    WHERE p.tags && list_programs.tags
                    ORDER BY p.name, p.uuid OFFSET 0) AS s
              WHERE selfhost.can_read('programs', s.uuid, s.created_by)
              LIMIT page_size + 1::bigint OFFSET "offset") AS page
        JOIN selfhost._program_json AS j ON j.uuid = page.uuid
        ORDER BY j.name, j.uuid));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_programs(integer, integer, text[], boolean)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.create_program(body jsonb) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new selfhost.program;
BEGIN
    PERFORM selfhost._require('create', 'programs');
    new.name := selfhost._body_name(body, required => true, min_length => 0);
    new.type := selfhost._body_choice(body, 'type', enum_range(NULL::selfhost.program_type),
                                      required => true);
    new.state := selfhost._body_choice(body, 'state', enum_range(NULL::selfhost.program_state),
                                       required => true);
    new.schedule := selfhost._body_schedule(body, required => true);
    new.deadline := selfhost._body_deadline(body, required => true);
    new.language := selfhost._body_choice(
        body, 'language', enum_range(NULL::selfhost.program_language), required => true);
    new.tags := coalesce(selfhost._body_tags(body), '{}');
    INSERT INTO selfhost.program AS p
            (name, type, state, schedule, deadline, language, tags, created_by)
        VALUES (new.name, new.type, new.state, new.schedule, new.deadline, new.language, new.tags,
                selfhost._acting_user())
        RETURNING p.uuid INTO new.uuid;
    RETURN (SELECT j.json FROM selfhost._program_json AS j WHERE j.uuid = new.uuid);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.create_program(jsonb) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.get_program(uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer json;
BEGIN
    PERFORM selfhost._require_program('read', uuid);
    SELECT j.json INTO answer FROM selfhost._program_json AS j WHERE j.uuid = get_program.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_program(uuid);
    END IF;
    RETURN answer;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.get_program(uuid) TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.update_program(uuid uuid, body jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    new selfhost.program;
BEGIN
    PERFORM selfhost._require_program('update', uuid);
    new.name := selfhost._body_name(body, min_length => 0);
    new.type := selfhost._body_choice(body, 'type', enum_range(NULL::selfhost.program_type));
    new.state := selfhost._body_choice(body, 'state', enum_range(NULL::selfhost.program_state));
    new.schedule := selfhost._body_schedule(body);
    new.deadline := selfhost._body_deadline(body);
    new.language := selfhost._body_choice(
        body, 'language', enum_range(NULL::selfhost.program_language));
    new.tags := selfhost._body_tags(body);
    UPDATE selfhost.program AS p
        SET name = coalesce(new.name, p.name),
            type = coalesce(new.type, p.type),
            state = coalesce(new.state, p.state),
            schedule = coalesce(new.schedule, p.schedule),
            deadline = coalesce(new.deadline, p.deadline),
            language = coalesce(new.language, p.language),
            tags = coalesce(new.tags, p.tags),
            failures = CASE WHEN new.state = 'active' AND p.state = 'failed' THEN 0
                            ELSE p.failures END
        WHERE p.uuid = update_program.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_program(uuid);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.update_program(uuid, jsonb) TO selfhost_gateway, selfhost_sql;

-- With its revisions.
CREATE FUNCTION selfhost.delete_program(uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require_program('delete', uuid);
    DELETE FROM selfhost.program AS p WHERE p.uuid = delete_program.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_program(uuid);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.delete_program(uuid) TO selfhost_gateway, selfhost_sql;

-- Stores code as the next revision of a program.
CREATE FUNCTION selfhost._store_program_code(program_uuid uuid, code bytea)
    RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    author uuid := selfhost._hold_acting_user();
    number integer;
    answer json;
BEGIN
    UPDATE selfhost.program AS p SET next_revision = p.next_revision + 1
        WHERE p.uuid = _store_program_code.program_uuid
        RETURNING p.next_revision - 1 INTO number;
    IF NOT FOUND THEN
        PERFORM selfhost._no_program(program_uuid);
    END IF;
    INSERT INTO selfhost.program_revision (program_uuid, revision, created_by, checksum, code)
        VALUES (program_uuid, number, author, sha256(code), code);
    SELECT j.json INTO answer FROM selfhost._program_revision_json AS j
        WHERE j.program_uuid = _store_program_code.program_uuid AND j.revision = number;
    RETURN ROW(201, 'application/json', NULL,
               convert_to(answer || E'\n', 'UTF8'))::selfhost.http_response;
END
$$;

-- The code of the highest signed revision.
CREATE FUNCTION selfhost.get_program_code(uuid uuid) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    code bytea;
BEGIN
    PERFORM selfhost._require_program('read', uuid, '/code');
    SELECT v.code INTO code FROM selfhost.program_revision AS v
        WHERE v.program_uuid = get_program_code.uuid AND v.signed IS NOT NULL
          AND v.code IS NOT NULL
        ORDER BY v.revision DESC LIMIT 1;
    IF NOT FOUND THEN
        PERFORM selfhost._no_program_revision(uuid, 'signed revision');
    END IF;
    RETURN selfhost._text_answer(code);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.get_program_code(uuid) TO selfhost_gateway, selfhost_sql;

-- A revision with its code; -1 is the newest one.
CREATE FUNCTION selfhost._program_revision(program_uuid uuid, parameter text, number integer)
    RETURNS selfhost.program_revision
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_one selfhost.program_revision;
BEGIN
    IF number IS NULL OR number < -1 THEN
        PERFORM selfhost._refuse('22023', parameter || ': must be an integer of at least -1');
    END IF;
    SELECT v.* INTO found_one FROM selfhost.program_revision AS v
        WHERE v.program_uuid = _program_revision.program_uuid AND v.code IS NOT NULL
          AND (v.revision = number OR number = -1)
        ORDER BY v.revision DESC LIMIT 1;
    IF NOT FOUND THEN
        PERFORM selfhost._no_program_revision(program_uuid,
            CASE number WHEN -1 THEN 'revision' ELSE 'revision ' || number END);
    END IF;
    RETURN found_one;
END
$$;

CREATE FUNCTION selfhost.diff_program_revisions(uuid uuid, rev_a integer, rev_b integer)
    RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a selfhost.program_revision;
    b selfhost.program_revision;
BEGIN
    PERFORM selfhost._require_program('read', uuid, '/revisions/diff');
    a := selfhost._program_revision(uuid, 'rev_a', rev_a);
    b := selfhost._program_revision(uuid, 'rev_b', rev_b);
    RETURN selfhost._text_answer(selfhost._unified_diff(
        format('%s@%s', uuid, a.revision), a.code, format('%s@%s', uuid, b.revision), b.code));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.diff_program_revisions(uuid, integer, integer)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.list_program_revisions(uuid uuid) RETURNS json
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._require_program('read', uuid, '/revisions');
    IF NOT EXISTS (SELECT FROM selfhost.program AS p
                   WHERE p.uuid = list_program_revisions.uuid) THEN
        PERFORM selfhost._no_program(uuid);
    END IF;
    RETURN array_to_json(ARRAY(
        SELECT j.json FROM selfhost._program_revision_json AS j
        WHERE j.program_uuid = list_program_revisions.uuid
        ORDER BY j.revision));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_program_revisions(uuid) TO selfhost_gateway, selfhost_sql;

-- Locks a revision that has its code until the transaction ends; before it, the program.
CREATE FUNCTION selfhost._lock_program_revision(program_uuid uuid, number integer)
    RETURNS selfhost.program_revision
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    locked selfhost.program_revision;
BEGIN
    -- Its schedule may change with it, which names the program.
    PERFORM FROM selfhost.program AS p WHERE p.uuid = _lock_program_revision.program_uuid FOR KEY SHARE;
    SELECT v.* INTO locked FROM selfhost.program_revision AS v
        WHERE v.program_uuid = _lock_program_revision.program_uuid AND v.revision = number
          AND v.code IS NOT NULL
        FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM selfhost._no_program_revision(program_uuid, 'revision ' || coalesce(number::text, 'null'));
    END IF;
    RETURN locked;
END
$$;

-- Signing again keeps the first signature. With selfhost.four_eyes the author cannot sign.
CREATE FUNCTION selfhost.sign_program_revision(uuid uuid, revision_id integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    signer   uuid;
    revision selfhost.program_revision;
BEGIN
    PERFORM selfhost._require_program('update', uuid, '/revisions/' || coalesce(revision_id, -1));
    signer := selfhost._hold_acting_user();
    revision := selfhost._lock_program_revision(uuid, revision_id);
    IF revision.signed IS NOT NULL THEN
        RETURN;
    END IF;
    IF current_setting('selfhost.four_eyes')::boolean
        AND revision.created_by IS NOT DISTINCT FROM signer THEN
        PERFORM selfhost._refuse('42501', 'revision_id: its author cannot sign it');
    END IF;
    UPDATE selfhost.program_revision AS v SET signed = now(), signed_by = signer
        WHERE v.program_uuid = sign_program_revision.uuid AND v.revision = revision_id;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.sign_program_revision(uuid, integer)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.delete_program_revision(uuid uuid, revision_id integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    deleter  uuid;
    revision selfhost.program_revision;
BEGIN
    PERFORM selfhost._require_program('delete', uuid, '/revisions/' || coalesce(revision_id, -1));
    deleter := selfhost._hold_acting_user();
    revision := selfhost._lock_program_revision(uuid, revision_id);
    IF revision.signed IS NULL THEN
        DELETE FROM selfhost.program_revision AS v
            WHERE v.program_uuid = delete_program_revision.uuid AND v.revision = revision_id;
    ELSE
        UPDATE selfhost.program_revision AS v
            SET code = NULL, deleted = now(), deleted_by = deleter
            WHERE v.program_uuid = delete_program_revision.uuid AND v.revision = revision_id;
        PERFORM selfhost._cancel_runs(uuid, revision_id);
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.delete_program_revision(uuid, integer)
    TO selfhost_gateway, selfhost_sql;
