-- Datasets: description, content, conditional and partial reading, uploads in parts. In a database of
-- its own.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE DATABASE regress_datasets;
\c regress_datasets
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION selfhost;
SELECT count(*) FROM selfhost.init();
CREATE SCHEMA t;
SET search_path = t, public;

CREATE FUNCTION show(answer text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    shown text := answer;
    known record;
BEGIN
    FOR known IN SELECT uuid, 'user ' || name AS name FROM selfhost.user_account
                 UNION ALL SELECT uuid, 'thing ' || name FROM selfhost.thing
                 UNION ALL SELECT uuid, 'dataset ' || name FROM selfhost.dataset LOOP
        shown := replace(shown, known.uuid::text, known.name);
    END LOOP;
    RETURN regexp_replace(shown, '"20\d\d-[^"]*Z"', '"NOW"', 'g');
END
$$;
-- The rows of a list.
CREATE FUNCTION rows(answer selfhost.http_response) RETURNS json LANGUAGE sql AS
    $$ SELECT rtrim(convert_from((answer).body, 'UTF8'), E'\n')::json $$;
CREATE FUNCTION headers(answer selfhost.http_response) RETURNS text LANGUAGE sql AS
    $$ SELECT array_to_string((answer).headers, ', ') $$;
-- What the user is answered, or refused: SQLSTATE and text; "unmarked" where the text would not reach a
-- client of the gateway.
CREATE FUNCTION try(who text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text := 'no such token';
    mark   text;
BEGIN
    EXECUTE format('SELECT selfhost.%s FROM selfhost.authenticate(sha256(%L))', call, who) INTO answer;
    IF answer LIKE '(200,application/json,%' THEN
        answer := t.rows(answer::selfhost.http_response);
    END IF;
    RETURN CASE answer WHEN '' THEN 'done' ELSE t.show(coalesce(answer, 'no such token')) END;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS mark = SCHEMA_NAME;
    RETURN t.show(SQLSTATE || ' ' || SQLERRM || CASE mark WHEN 'selfhost' THEN '' ELSE ' (unmarked)' END);
END
$$;
CREATE FUNCTION names(answer json) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(e ->> 'name', ', ' ORDER BY o), '-')
    FROM json_array_elements(answer) WITH ORDINALITY AS a (e, o) $$;
CREATE FUNCTION id(wanted text) RETURNS uuid LANGUAGE sql AS
    $$ SELECT uuid FROM selfhost.dataset WHERE name = wanted $$;
CREATE FUNCTION grant_policy(who text, effect text, action text, resource text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO selfhost.policy (group_uuid, priority, effect, action, resource)
        SELECT uuid, 1, effect::selfhost.policy_effect, action::selfhost.policy_action, resource
        FROM selfhost.user_group WHERE name = who $$;
-- A read of the content: status, media type, headers but those that are always there, and the body
-- (where it is long: its length, rows and MD5).
CREATE FUNCTION raw(wanted uuid, if_none_match text DEFAULT NULL, range text DEFAULT NULL, if_range text DEFAULT NULL)
    RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r     record;
    head  text;
    body  bytea := '';
    n     integer := 0;
BEGIN
    FOR r IN SELECT (s.a).* FROM (SELECT selfhost.get_dataset_raw(wanted, if_none_match, range, if_range) AS a OFFSET 0) AS s LOOP
        IF n = 0 THEN
            head := concat_ws(' ', r.status, r.content_type, array_to_string(array_remove(array_remove(r.headers,
                (SELECT format('ETag: "%s"', encode(checksum, 'hex')) FROM selfhost.dataset WHERE uuid = wanted)),
                'Accept-Ranges: bytes'), ', '));
        END IF;
        body := body || coalesce(r.body, '');
        n := n + 1;
    END LOOP;
    -- The announced length is left out where it is right.
    head := rtrim(regexp_replace(replace(head, 'Content-Length: ' || length(body), ''), ' , |, $', ' '), ',');
    RETURN head || CASE WHEN length(body) > 100 THEN format('%s bytes in %s rows, MD5 %s', length(body), n, md5(body))
                        ELSE encode(body, 'escape') END;
END
$$;
-- Every content is somebody's, and has its rows.
CREATE FUNCTION orphans() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM (SELECT content FROM selfhost.dataset_piece UNION SELECT content FROM selfhost.dataset_part) AS p
    WHERE NOT EXISTS (SELECT FROM selfhost.dataset d WHERE d.content = p.content)
      AND NOT EXISTS (SELECT FROM selfhost.dataset_upload u WHERE u.content = p.content) $$;
\set root 'selfhost.authenticate(sha256(''root''))'
\set anna 'selfhost.authenticate(sha256(''anna''))'
\set bert 'selfhost.authenticate(sha256(''bert''))'
\set roof '''bbbbbbbb-0000-4000-8000-000000000001'''
UPDATE selfhost.token SET digest = sha256('root');
SELECT count(selfhost.create_user(json_build_object('name', name)::jsonb)) FROM unnest(ARRAY['anna', 'bert']) AS u (name);
INSERT INTO selfhost.token (user_uuid, name, digest)
    SELECT uuid, 'token', sha256(name::bytea) FROM selfhost.user_account WHERE name IN ('anna', 'bert');
INSERT INTO selfhost.thing (uuid, name, created_by)
    SELECT :roof::uuid, 'roof', uuid FROM selfhost.user_account WHERE name = 'anna'
    UNION ALL SELECT 'bbbbbbbb-0000-4000-8000-000000000002', 'cellar', NULL;

-- ---- creation ----

SELECT try('anna', $$create_dataset('{"name":"areas","format":"csv","content":"YQo="}')$$);
SELECT grant_policy(u, 'allow', 'create', 'datasets'), grant_policy(u, 'allow', 'read', 'datasets') FROM unnest(ARRAY['anna', 'bert']) u;
SELECT try('anna', $$create_dataset('{"name":"areas","format":"csv","content":"YQo="}')$$);
SELECT try('anna', $$create_dataset('{"name":"empty","format":"misc","content":null,"tags":["x","y"],"thing_uuid":"BBBBBBBB-0000-4000-8000-000000000001"}')$$);
SELECT try('root', $$create_dataset('{"name":"zero","format":"ini","content":"","thing_uuid":null}')$$);
SELECT try('root', $$create_dataset('{"format":"csv","content":""}')$$);
SELECT try('root', $$create_dataset('{"name":"ab","format":"csv","content":""}')$$);
SELECT try('root', $$create_dataset('{"name":"abc","content":""}')$$);
SELECT try('root', $$create_dataset('{"name":"abc","format":"CSV","content":""}')$$);
SELECT try('root', $$create_dataset('{"name":"abc","format":"csv"}')$$);
SELECT try('root', $$create_dataset('{"name":"abc","format":"csv","content":5}')$$);
SELECT try('root', $$create_dataset('{"name":"abc","format":"csv","content":"","tags":"x"}')$$);
SELECT try('root', $$create_dataset('{"name":"abc","format":"csv","content":"","thing_uuid":"99999999-0000-4000-8000-000000000000"}')$$);
SELECT try('anna', $$create_dataset('{"name":"abc","format":"csv","content":"","thing_uuid":"bbbbbbbb-0000-4000-8000-000000000002"}')$$);
SELECT try('root', $$create_dataset('[]')$$);

-- ---- base64 ----

SELECT translate(b, E'\r\n', 'RN'), encode(selfhost._decode_base64(b), 'hex') FROM unnest(ARRAY['', 'YQ==', 'YWI=', 'YWJj', '+/+/', E'YW\r\nJj\n', E'\n', 'YR==']) AS v (b);
SELECT b, selfhost._decode_base64(b) IS NULL FROM unnest(ARRAY['Y', 'YQ', 'YQ=', 'YWI', 'YQ===', 'YWJj=', 'YWJj====', '=', '====', 'YQ==YQ==',
    'Y=Q=', 'YW Jj', '-_-_', 'YWJ*', 'YWJj ', E'YW\tJj', 'ä']) AS v (b);
SELECT try('root', $$create_dataset('{"name":"abc","format":"csv","content":"YQ"}')$$);
-- Random bytes of every length around a group of three, and of the rows.
SELECT bool_and(selfhost._decode_base64(encode(data, 'base64')) = data)
    FROM (SELECT decode(string_agg(md5(n || ' ' || i), ''), 'hex') AS data FROM generate_series(1, 60) AS n, generate_series(1, n) AS i GROUP BY n) AS d;

-- ---- lists ----

SELECT names(rows(selfhost.list_datasets())) FROM :root;
SELECT names(rows(selfhost.list_datasets())), rows(selfhost.list_datasets("limit" => 1))::text = '[' || selfhost.get_dataset(id('areas')) || ']' AS same FROM :anna;
SELECT try('bert', $$list_datasets()$$);
SELECT names(rows(selfhost.list_datasets("limit" => 2, "offset" => 1))) FROM :root;
SELECT names(rows(selfhost.list_datasets(tags => ARRAY['y', 'z']))), names(rows(selfhost.list_datasets(tags => ARRAY['z']))) FROM :anna;
SELECT names(rows(selfhost.list_datasets(tags => ARRAY['x']))) FROM :bert;
SELECT headers(selfhost.list_datasets("limit" => 1, count => true)), headers(selfhost.list_datasets(tags => ARRAY['y', 'z'], "limit" => 1, count => true)) FROM :anna;
SELECT names(rows(selfhost.list_thing_datasets(:roof))) FROM :root;
SELECT names(rows(selfhost.list_thing_datasets(:roof))) FROM :anna;
SELECT headers(selfhost.list_thing_datasets(:roof, "limit" => 1, count => true)) FROM :anna;
SELECT try('bert', $$list_thing_datasets('bbbbbbbb-0000-4000-8000-000000000001')$$);
SELECT grant_policy('bert', 'allow', 'read', 'things/%');
SELECT try('bert', $$list_thing_datasets('bbbbbbbb-0000-4000-8000-000000000001')$$);

-- ---- rights ----

SELECT try('bert', $$get_dataset(id('areas'))$$);
SELECT try('bert', $$update_dataset(id('areas'), '{"name":1}')$$);
SELECT try('bert', $$delete_dataset(id('areas'))$$);
SELECT try('bert', $$get_dataset_raw(id('areas'))$$);
SELECT try('bert', $$create_dataset_upload(id('areas'))$$);
SELECT try('bert', $$list_dataset_parts(id('areas'))$$);
SELECT try('root', $$get_dataset('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$update_dataset('99999999-0000-4000-8000-000000000000', '{}')$$);
SELECT try('root', $$update_dataset('99999999-0000-4000-8000-000000000000', '{"content":"YQ=="}')$$);
SELECT try('root', $$delete_dataset('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$get_dataset_raw('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$get_dataset_raw(NULL)$$);

-- ---- changes ----

CREATE TABLE seen AS SELECT * FROM selfhost.dataset;
CREATE FUNCTION changed() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    SELECT string_agg(n.key, ', ' ORDER BY n.key) INTO answer
        FROM selfhost.dataset d JOIN t.seen s USING (uuid), jsonb_each(to_jsonb(d)) AS n JOIN LATERAL jsonb_each(to_jsonb(s)) AS o USING (key)
        WHERE n.value IS DISTINCT FROM o.value;
    DELETE FROM t.seen;
    INSERT INTO t.seen SELECT * FROM selfhost.dataset;
    RETURN answer;
END
$$;
SELECT try('anna', $$update_dataset(id('areas'), '{}')$$), changed();
SELECT try('anna', $$update_dataset(id('areas'), '{"unknown":1}')$$), changed();
SELECT grant_policy('bert', 'allow', 'update', 'datasets/%');
SELECT try('bert', $$update_dataset(id('areas'), '{"tags":["z"]}')$$), changed();
SELECT try('anna', $$update_dataset(id('areas'), '{"name":"areas","format":"json","thing_uuid":"bbbbbbbb-0000-4000-8000-000000000001"}')$$), changed();
SELECT try('anna', $$update_dataset(id('areas'), '{"thing_uuid":null}')$$), changed();
SELECT try('anna', $$update_dataset(id('areas'), '{"content":"YWJj"}')$$), changed(), raw(id('areas')), orphans();
SELECT try('anna', $$update_dataset(id('areas'), '{"content":""}')$$), changed(), raw(id('areas')), orphans();
SELECT try('anna', $$update_dataset(id('areas'), '{"content":null}')$$);
SELECT try('anna', $$update_dataset(id('areas'), '{"content":"Y"}')$$);
SELECT try('anna', $$update_dataset(id('areas'), '{"name":"ab"}')$$);
SELECT try('anna', $$update_dataset(id('areas'), '{"name":null}')$$);
SELECT try('anna', $$update_dataset(id('areas'), '{"format":null}')$$);
SELECT try('anna', $$update_dataset(id('areas'), '{"format":"x"}')$$);
SELECT try('anna', $$update_dataset(id('areas'), '{"tags":null}')$$);
SELECT try('anna', $$update_dataset(id('areas'), '{"thing_uuid":"bbbbbbbb-0000-4000-8000-000000000002"}')$$);
SELECT try('root', $$update_dataset(id('areas'), '{"thing_uuid":"99999999-0000-4000-8000-000000000000"}')$$);
-- A refused change leaves nothing behind.
SELECT changed(), orphans();

-- ---- reading ----

SELECT format, raw(uuid) FROM (SELECT f::text AS format, (selfhost.create_dataset(json_build_object('name', 'as ' || f, 'format', f, 'content', 'YQo=')::jsonb) ->> 'uuid')::uuid AS uuid
    FROM unnest(enum_range(NULL::selfhost.dataset_format)) AS f OFFSET 0) AS d;
SELECT raw(id('empty')), raw(id('empty'), range => 'bytes=0-');
SELECT raw(id('empty'), if_none_match => '*');
CREATE TABLE bytes AS SELECT decode(string_agg(md5(i::text), '' ORDER BY i), 'hex') AS data FROM generate_series(1, 12500) AS i;
SELECT length(data), md5(data) FROM bytes;
SELECT selfhost.create_dataset(json_build_object('name', 'large', 'format', 'misc', 'content', encode(data, 'base64'))::jsonb) ->> 'size' FROM bytes;
SELECT raw(id('large'));
SELECT encode(checksum, 'hex') = encode(sha256(data), 'hex') AS same FROM selfhost.dataset, bytes WHERE name = 'large';
SELECT count(*), min(length(data)), max(length(data)) FROM selfhost.dataset_piece WHERE content = (SELECT content FROM selfhost.dataset WHERE name = 'large');
-- Stopped early: nothing stays open.
SELECT (s.a).status FROM (SELECT selfhost.get_dataset_raw(id('large')) AS a OFFSET 0) AS s LIMIT 1;

-- Entity tags.
SELECT encode(sha256(E'a\n'), 'hex') AS tag \gset
SELECT h, raw(id('as csv'), if_none_match => replace(h, 'TAG', :'tag')) FROM unnest(ARRAY['TAG', '"TAG"', 'W/"TAG"', '*', '"x", W/"TAG"', '"x","TAG" , "y"', 'x, TAG',
    ' "TAG"', '"a, b", "TAG"', '', '"TAGx"', 'xTAG', '"x"', '"TAG', ',,', 'W/TAG', '"']) AS v (h);

-- Ranges of two bytes.
SELECT h, raw(id('as csv'), range => h) FROM unnest(ARRAY['bytes=0-0', 'bytes=1-1', 'bytes=0-1', 'bytes=0-5', 'bytes=1-', 'bytes=-1', 'bytes=-2', 'bytes=-5', 'BYTES=0-0',
    'bytes= 0-0 ', 'bytes=0-99999999999999999999999999', 'bytes=2-', 'bytes=2-5', 'bytes=-0', 'bytes=99999999999999999999999999-', 'bytes=1-0', 'bytes=0-0,1-1', 'bytes=', 'bytes=-',
    'bytes=a-b', 'bytes=0', 'bytes 0-0', 'items=0-0', 'bytes=--1', '']) AS v (h);
-- If-Range: only the very same content. If-None-Match comes first.
SELECT h, raw(id('as csv'), range => 'bytes=0-0', if_range => replace(h, 'TAG', :'tag')) FROM unnest(ARRAY['"TAG"', 'TAG', 'W/"TAG"', '"x"', 'Sat, 01 Jan 2022 00:00:00 GMT', '"TAG", "x"', '']) AS v (h);
SELECT raw(id('as csv'), if_none_match => '*', range => 'bytes=0-0');
-- Any range is what it is of the whole, over rows and their ends.
SELECT f, l, raw(id('large'), range => format('bytes=%s-%s', f, l)) = format('206 application/octet-stream Content-Range: bytes %s-%s/200000%s bytes in %s rows, MD5 %s',
        f, l, l - f + 1, (l - f) / 65536 + 1, md5(substring(data FROM f + 1 FOR l - f + 1)))
    FROM bytes, (VALUES (0, 8099), (8099, 16200), (8100, 16199), (8101, 190000), (1, 199999), (65536, 131071), (199000, 199999), (100000, 100200)) AS v (f, l);

-- ---- uploads ----

CREATE TABLE upload (id text);
SELECT try('bert', $$create_dataset_upload(id('empty'))$$) ~ '^{"uploadId":"[0-9a-f-]{36}"}$' AS begun;
SELECT try('root', $$create_dataset_upload('99999999-0000-4000-8000-000000000000')$$);
INSERT INTO upload SELECT selfhost.create_dataset_upload(id('as csv')) ->> 'uploadId' FROM :root;
CREATE FUNCTION upload() RETURNS text LANGUAGE sql AS $$ SELECT max(id) FROM t.upload $$;
CREATE FUNCTION put(part integer, data bytea, upload_id text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('t.data', encode(data, 'hex'), false);
    RETURN t.try('root', format('put_dataset_part(t.id(''as csv''), %s, %L, md5(decode(current_setting(''t.data''), ''hex'')), decode(current_setting(''t.data''), ''hex''))',
        part, coalesce(upload_id, t.upload())));
END
$$;
CREATE FUNCTION assemble(wanted text DEFAULT 'as csv', upload_id text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    SELECT (s.a).* INTO r FROM (SELECT selfhost.assemble_dataset(t.id(wanted), 1, coalesce(upload_id, t.upload()), repeat('0', 32)) AS a
                                FROM selfhost.authenticate(sha256('root')) OFFSET 0) AS s;
    RETURN t.show(concat_ws(' ', r.status, r.content_type, convert_from(r.body, 'UTF8')));
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT assemble();
SELECT put(1, 'hello');
SELECT try('root', format('list_dataset_parts(id(''as csv''), upload_id => %L)', upload()));
SELECT put(1, 'good bye'), put(2, E'\\x00ff');
SELECT try('root', format('list_dataset_parts(id(''as csv''), %L)', upload()));
SELECT assemble();
SELECT put(1, convert_to(repeat('0123456789', 524287) || '012345678', 'UTF8'));
SELECT assemble();
-- The domain may have it otherwise.
SHOW selfhost.min_part_size;
SET selfhost.min_part_size = '5119kB';
SELECT coalesce(selfhost._assembly_problem(content), 'none') FROM selfhost.dataset_upload WHERE uuid = upload()::uuid;
RESET selfhost.min_part_size;
SELECT put(1, convert_to(repeat('0123456789', 524288), 'UTF8')), put(4, 'x');
SELECT assemble();
-- Nothing of it shows before.
SELECT raw(id('as csv'));
SELECT put(3, convert_to(repeat('9876543210', 600000), 'UTF8')), put(2, convert_to(repeat('abcdefghij', 524288), 'UTF8'));
SELECT assemble();
SELECT raw(id('as csv')) = format('200 text/csv %s bytes in %s rows, MD5 %s', length(d), (length(d) - 1) / 65536 + 1, md5(d)), size = length(d), encode(checksum, 'hex') = encode(sha256(convert_to(d, 'UTF8')), 'hex')
    FROM selfhost.dataset, (SELECT repeat('0123456789', 524288) || repeat('abcdefghij', 524288) || repeat('9876543210', 600000) || 'x' AS d) AS e WHERE name = 'as csv';
SELECT range, raw(id('as csv'), range => range) FROM unnest(ARRAY['bytes=0-3', 'bytes=5242876-5242883', 'bytes=5242880-5242889', 'bytes=5250979-5250981', 'bytes=10485758-10485761', 'bytes=-3', 'bytes=16485760-']) AS v (range);
SELECT orphans(), (SELECT count(*) FROM selfhost.dataset_upload);
-- It is done with.
SELECT assemble();
SELECT put(1, 'x');
SELECT try('root', format('list_dataset_parts(id(''as csv''), %L)', upload()));
SELECT try('root', format('delete_dataset_upload(id(''as csv''), %L)', upload()));

-- What is wrong first decides.
TRUNCATE upload;
INSERT INTO upload SELECT selfhost.create_dataset_upload(id('areas')) ->> 'uploadId' FROM :root;
SELECT put(1, 'x'), assemble(), assemble('areas', 'any text'), assemble('areas', '99999999-0000-4000-8000-000000000000');
SELECT try('root', $$put_dataset_part('99999999-0000-4000-8000-000000000000', 1, 'any text', md5('x'), 'x')$$);
SELECT try('root', $$put_dataset_part('99999999-0000-4000-8000-000000000000', 0, 'any text', md5('x'), 'x')$$);
SELECT try('root', $$put_dataset_part('99999999-0000-4000-8000-000000000000', 10001, 'any text', md5('x'), 'x')$$);
SELECT try('root', $$put_dataset_part('99999999-0000-4000-8000-000000000000', 10000, 'any text', repeat('g', 32), 'x')$$);
SELECT try('root', $$put_dataset_part('99999999-0000-4000-8000-000000000000', 10000, NULL, md5('x'), 'x')$$);
SELECT try('root', $$put_dataset_part(id('areas'), 1, 'any text', md5('y'), 'x')$$);
SELECT try('root', format($$put_dataset_part(id('areas'), 1, %L, md5('y'), 'x')$$, upload()));
SELECT try('root', format($$put_dataset_part(id('areas'), 1, %L, md5('x'), '')$$, upload()));
SELECT try('root', format($$put_dataset_part(id('areas'), 1, %L, md5('x'))$$, upload()));
SELECT try('root', format($$put_dataset_part(id('areas'), 1, %L, upper(md5('x')), 'x')$$, upper(upload())));
SELECT try('root', format($$put_dataset_part(id('areas'), 1, %L, md5(repeat('x', 16777217)), convert_to(repeat('x', 16777217), 'UTF8'))$$, upload()));
SELECT try('root', $$assemble_dataset('99999999-0000-4000-8000-000000000000', 1, 'any text', md5('x'))$$);
SELECT try('root', $$assemble_dataset('99999999-0000-4000-8000-000000000000', 0, 'any text', md5('x'))$$);
SELECT try('root', $$assemble_dataset('99999999-0000-4000-8000-000000000000', 1, 'any text', 'x')$$);
SELECT try('root', $$list_dataset_parts('99999999-0000-4000-8000-000000000000', 'any text')$$);
SELECT try('root', $$list_dataset_parts('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$delete_dataset_upload('99999999-0000-4000-8000-000000000000', 'any text')$$);
SELECT try('root', $$delete_dataset_upload('99999999-0000-4000-8000-000000000000')$$);
SELECT try('root', $$delete_dataset_upload(id('areas'), 'any text')$$);
SELECT try('root', format($$list_dataset_parts(id('empty'), %L)$$, upload()));
-- All parts together: 1 GiB.
INSERT INTO selfhost.dataset_part (content, part, size) SELECT content, 2, 1073741823 FROM selfhost.dataset_upload WHERE uuid = upload()::uuid;
SELECT try('root', format($$put_dataset_part(id('areas'), 3, %L, md5('x'), 'x')$$, upload()));
UPDATE selfhost.dataset_part SET size = 1073741824 WHERE part = 2 AND size = 1073741823;
UPDATE selfhost.dataset_part SET size = 5242880 WHERE part = 1 AND content = (SELECT content FROM selfhost.dataset_upload WHERE uuid = upload()::uuid);
SELECT assemble('areas');
-- Given up.
SELECT try('anna', format('delete_dataset_upload(id(''areas''), upload_id => %L)', upload())), orphans();
SELECT try('anna', format('delete_dataset_upload(id(''areas''), upload_id => %L)', upload()));
-- After a day an upload does not exist any more; the next one clears it away.
TRUNCATE upload;
INSERT INTO upload SELECT selfhost.create_dataset_upload(id('areas')) ->> 'uploadId' FROM :root;
SELECT expires - now() BETWEEN interval '23 hours' AND interval '25 hours' FROM selfhost.dataset_upload WHERE uuid = upload()::uuid;
SELECT try('root', format($$put_dataset_part(id('areas'), 1, %L, md5('x'), 'x')$$, upload()));
UPDATE selfhost.dataset_upload SET expires = now();
SELECT try('root', format($$put_dataset_part(id('areas'), 1, %L, md5('x'), 'x')$$, upload())), assemble('areas'), try('root', format('list_dataset_parts(id(''areas''), %L)', upload())),
    try('root', format('delete_dataset_upload(id(''areas''), %L)', upload()));
SELECT count(*) FROM selfhost.dataset_upload;
SELECT selfhost.expire_dataset_uploads(), selfhost.expire_dataset_uploads(), orphans();
INSERT INTO upload SELECT selfhost.create_dataset_upload(id('areas')) ->> 'uploadId' FROM :root;
UPDATE selfhost.dataset_upload SET expires = now();
SELECT length(selfhost.create_dataset_upload(id('areas')) ->> 'uploadId') FROM :root;
SELECT count(*) FROM selfhost.dataset_upload;
-- Content that is not what its description says does not pass as whole.
UPDATE selfhost.dataset SET size = size + 1 WHERE name = 'large';
SELECT regexp_replace(try('root', $$get_dataset_raw(id('large'), range => 'bytes=199999-')$$), '\d+ of', 'N of');
UPDATE selfhost.dataset SET size = size - 1 WHERE name = 'large';

-- ---- deletion, and what SQL users see ----

CREATE ROLE regress_datasets_sql IN ROLE selfhost_sql;
INSERT INTO selfhost.role_user SELECT 'regress_datasets_sql', uuid FROM selfhost.user_account WHERE name = 'anna';
SET ROLE regress_datasets_sql;
SELECT name, size, tags FROM selfhost.dataset ORDER BY name;
SELECT (s.a).status FROM selfhost.dataset AS d, LATERAL (SELECT selfhost.get_dataset_raw(d.uuid) AS a OFFSET 0) AS s ORDER BY 1;
SELECT count(*) FROM selfhost.dataset_piece;
UPDATE selfhost.dataset SET name = 'x';
RESET ROLE;
DELETE FROM selfhost.role_user;
DROP OWNED BY regress_datasets_sql;
DROP ROLE regress_datasets_sql;

SELECT try('root', $$delete_thing('bbbbbbbb-0000-4000-8000-000000000001')$$);
SELECT thing_uuid IS NULL FROM selfhost.dataset WHERE name = 'empty';
SELECT try('root', $$delete_dataset(id('as csv'))$$), try('root', $$delete_dataset(id('areas'))$$), try('anna', $$delete_dataset(id('empty'))$$), orphans();
SELECT count(*) FROM selfhost.dataset_upload;
SELECT try('root', format('delete_user(%L)', (SELECT uuid FROM selfhost.user_account WHERE name = 'anna')));
DELETE FROM selfhost.dataset;
SELECT (SELECT count(*) FROM selfhost.dataset_piece), (SELECT count(*) FROM selfhost.dataset_part);

\c selfhost_regress
DROP DATABASE regress_datasets;
