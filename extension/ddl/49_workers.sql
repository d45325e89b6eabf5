-- What workers call: to be known, to take runs, to report them, to fetch modules. Locks: a program, then
-- its runs.

-- Called in the session in which the worker listens, after each time that it has connected.
CREATE FUNCTION selfhost.worker_register(worker uuid, name text, languages text[], slots integer)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF worker IS NULL OR coalesce(length(name), 0) NOT BETWEEN 1 AND 200
        OR coalesce(cardinality(languages), 0) NOT BETWEEN 1 AND 20
        OR coalesce(slots, 0) NOT BETWEEN 1 AND 10000 THEN
        PERFORM selfhost._refuse('22023', 'worker, name, languages, slots: must be given, within bounds');
    END IF;
    INSERT INTO selfhost.program_worker AS w (uuid, name, languages, slots, pid, backend_start)
        SELECT worker, worker_register.name, worker_register.languages, worker_register.slots,
               pg_backend_pid(), a.backend_start
        FROM pg_stat_get_activity(pg_backend_pid()) AS a
        ON CONFLICT (uuid) DO UPDATE
            SET name = excluded.name, languages = excluded.languages, slots = excluded.slots,
                pid = excluded.pid, backend_start = excluded.backend_start,
                since = excluded.since, gone = NULL;
    PERFORM selfhost._wake_manager();
END
$$;

-- What it still has is lost.
CREATE FUNCTION selfhost.worker_unregister(worker uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._lose_runs(ARRAY(
        SELECT r.id FROM selfhost.program_run AS r
        WHERE r.state = 'running' AND r.worker = worker_unregister.worker));
    DELETE FROM selfhost.program_worker AS w WHERE w.uuid = worker_unregister.worker;
END
$$;

CREATE FUNCTION selfhost._living_worker(worker uuid) RETURNS selfhost.program_worker
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    living selfhost.program_worker;
BEGIN
    SELECT w.* INTO living FROM selfhost.program_worker AS w WHERE w.uuid = worker;
    IF NOT FOUND OR NOT selfhost._worker_alive(living) THEN
        RAISE EXCEPTION 'worker % is not registered, or its session is gone', worker
            USING ERRCODE = '55000', HINT = 'Call selfhost.worker_register() in the session that listens.';
    END IF;
    RETURN living;
END
$$;

-- Marks a queued run, which the caller has locked, as one that is not to run.
CREATE FUNCTION selfhost._cancel_run(run_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE selfhost.program_run AS r SET state = 'cancelled', finished = clock_timestamp()
        WHERE r.id = run_id;
    PERFORM selfhost._tell_caller(run_id);
END
$$;

-- Takes at most `max` runs: webhooks before checks before routines, the longest due first. A run is the
-- worker's until its deadline and 30 seconds are over. code: of a check, what is to be compiled and not
-- run. request, body: of a webhook.
CREATE FUNCTION selfhost.worker_claim(worker uuid, max integer)
    RETURNS TABLE (run_id bigint, kind text, program_uuid uuid, program_name text, language text,
                   revision integer, code bytea, deadline_ms integer, request jsonb, body bytea)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    claimer selfhost.program_worker := selfhost._living_worker(worker_claim.worker);
    signing uuid;
    begins  timestamptz;
    taken   record;
BEGIN
    FOR taken IN
        SELECT r.id, r.kind, r.deadline, p AS program
        FROM selfhost.program_run AS r
        JOIN selfhost.program AS p ON p.uuid = r.program_uuid
        WHERE r.state = 'queued' AND p.language::text = ANY (claimer.languages)
          AND (r.kind = 'routine' OR r.queued > clock_timestamp() - selfhost._queue_limit())
        ORDER BY r.kind, r.due, r.id
        LIMIT least(greatest(max, 0), 1000)
        FOR UPDATE OF r SKIP LOCKED
    LOOP
        run_id := taken.id;
        kind := taken.kind;
        program_uuid := (taken.program).uuid;
        program_name := (taken.program).name;
        language := (taken.program).language;
        deadline_ms := CASE taken.kind WHEN 'routine' THEN (taken.program).deadline
                                       ELSE taken.deadline END;
        SELECT c.request, c.body INTO request, body
            FROM selfhost.program_call AS c WHERE c.run_id = taken.id;
        IF taken.kind = 'check' THEN
            revision := NULL;
            signing := NULL;
            code := body;
            body := NULL;
        ELSE
            SELECT v.revision, v.code, v.signed_by INTO revision, code, signing
                FROM selfhost.program_revision AS v
                WHERE v.program_uuid = (taken.program).uuid AND v.signed IS NOT NULL
                  AND v.code IS NOT NULL
                ORDER BY v.revision DESC LIMIT 1;
            IF NOT FOUND OR (taken.program).state <> 'active'
                OR (taken.program).type::text <> taken.kind::text THEN
                PERFORM selfhost._cancel_run(taken.id);
                CONTINUE;
            END IF;
        END IF;
        begins := clock_timestamp();
        UPDATE selfhost.program_run AS r
            SET state = 'running', worker = claimer.uuid, worker_name = claimer.name,
                owner = (taken.program).created_by, signer = signing,
                revision = worker_claim.revision, deadline = worker_claim.deadline_ms,
                started = begins,
                lease_until = begins
                    + make_interval(secs => worker_claim.deadline_ms / 1000.0 + 30)
            WHERE r.id = taken.id;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Tells who waits for a run that it is over.
CREATE FUNCTION selfhost._tell_caller(run_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM selfhost.program_call AS c WHERE c.run_id = _tell_caller.run_id) THEN
        PERFORM pg_notify('selfhost_run_done', run_id::text);
    END IF;
END
$$;

-- Counts a failed run of a program, whose row the caller has locked: after selfhost.max_failures of them
-- in a row it is not run any more, and an alert tells so.
CREATE FUNCTION selfhost._count_failure(program_uuid uuid, error text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most    integer := current_setting('selfhost.max_failures')::integer;
    program selfhost.program;
    report  selfhost.alert;
BEGIN
    UPDATE selfhost.program AS p SET failures = p.failures + 1
        WHERE p.uuid = _count_failure.program_uuid RETURNING p.* INTO program;
    IF most = 0 OR program.failures < most OR program.state <> 'active' THEN
        RETURN;
    END IF;
    UPDATE selfhost.program AS p SET state = 'failed' WHERE p.uuid = _count_failure.program_uuid;
    report.resource := 'programs/' || program_uuid;
    report.environment := 'selfhost';
    report.event := 'program failed';
    report.severity := 'major';
    report.value := program.failures::text;
    report.description := left(format('%s: %s runs have failed, one after the other. The last: %s',
        program.name, program.failures, coalesce(error, 'no reason is known')), 2000);
    report.origin := 'selfpmgr';
    PERFORM selfhost._report_alert(report);
END
$$;

-- Marks running runs as lost: their worker is gone, or has not reported in time.
CREATE FUNCTION selfhost._lose_runs(run_ids bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    reason CONSTANT text := 'the worker has not reported the end of the run';
    lost   record;
BEGIN
    FOR lost IN
        SELECT r.id, r.kind, r.program_uuid FROM selfhost.program_run AS r
        WHERE r.id = ANY (run_ids) ORDER BY r.program_uuid, r.id
    LOOP
        PERFORM FROM selfhost.program AS p WHERE p.uuid = lost.program_uuid FOR NO KEY UPDATE;
        UPDATE selfhost.program_run AS r
            SET state = 'lost', finished = clock_timestamp(), error = reason
            WHERE r.id = lost.id AND r.state = 'running';
        CONTINUE WHEN NOT FOUND;
        PERFORM selfhost._tell_caller(lost.id);
        IF lost.kind <> 'check' THEN
            PERFORM selfhost._count_failure(lost.program_uuid, reason);
        END IF;
    END LOOP;
END
$$;

-- The headers of a webhook's answer as lines "Name: value", without those that the server makes itself.
-- headers: {"Name": "value" or ["value", ...]}. NULL: they are not valid.
CREATE FUNCTION selfhost._answer_headers(headers jsonb) RETURNS text[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own   CONSTANT text[] := ARRAY['content-type', 'content-length', 'transfer-encoding', 'connection',
                                   'keep-alive', 'upgrade', 'trailer', 'te', 'date', 'server',
                                   'x-request-id', 'x-selfhost-ticket', 'x-selfhost-wait-ms'];
    lines text[] := '{}';
    one   record;
BEGIN
    IF jsonb_typeof(headers) IS DISTINCT FROM 'object' THEN
        RETURN CASE WHEN headers IS NULL OR jsonb_typeof(headers) = 'null' THEN lines END;
    END IF;
    FOR one IN
        SELECT h.key, v.value FROM jsonb_each(headers) AS h
        CROSS JOIN jsonb_array_elements(
            CASE jsonb_typeof(h.value) WHEN 'array' THEN h.value ELSE jsonb_build_array(h.value) END) AS v
    LOOP
        IF one.key !~ '^[-!#$%&''*+.^_`|~0-9A-Za-z]{1,200}$' OR jsonb_typeof(one.value) <> 'string'
            OR one.value #>> '{}' ~ E'[\x01-\x08\x0a-\x1f\x7f]' OR length(one.value #>> '{}') > 4096 THEN
            RETURN NULL;
        END IF;
        CONTINUE WHEN lower(one.key) = ANY (own);
        lines := lines || (one.key || ': ' || (one.value #>> '{}'));
    END LOOP;
    RETURN CASE WHEN cardinality(lines) <= 50 THEN lines END;
END
$$;

-- The media type among the headers of a webhook's answer.
CREATE FUNCTION selfhost._answer_type(headers jsonb) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce(
        (SELECT CASE jsonb_typeof(h.value) WHEN 'array' THEN h.value ->> 0 ELSE h.value #>> '{}' END
         FROM jsonb_each(CASE jsonb_typeof(headers) WHEN 'object' THEN headers ELSE '{}' END) AS h
         WHERE lower(h.key) = 'content-type' LIMIT 1),
        'text/plain; charset=utf-8');
END
$$;

-- Keeps what a webhook has answered. Returns what is wrong with it; NULL: nothing.
CREATE FUNCTION selfhost._keep_answer(run_id bigint, status integer, headers jsonb, body bytea)
    RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lines text[] := selfhost._answer_headers(headers);
BEGIN
    IF coalesce(status, 200) NOT BETWEEN 200 AND 599 THEN
        RETURN format('the answer''s status %s is not from 200 to 599', status);
    ELSIF lines IS NULL THEN
        RETURN 'the answer''s headers are not valid, or too many';
    ELSIF octet_length(body) > 1048576 THEN
        RETURN 'the answer''s body is larger than 1048576 bytes';
    END IF;
    UPDATE selfhost.program_call AS c
        SET status = coalesce(_keep_answer.status, 200), headers = lines,
            content_type = selfhost._answer_type(_keep_answer.headers),
            answer = coalesce(_keep_answer.body, '')
        WHERE c.run_id = _keep_answer.run_id;
    RETURN NULL;
END
$$;

-- Reports the end of a run. state: succeeded, failed or timeout. status, headers, body: of a webhook's
-- answer; one that is not valid makes the run a failed one. False: the worker does not have the run any
-- more, and what it has done is dropped.
CREATE FUNCTION selfhost.worker_finish(
    worker uuid, run_id bigint, state text, error text DEFAULT NULL, log text DEFAULT NULL,
    status integer DEFAULT NULL, headers jsonb DEFAULT NULL, body bytea DEFAULT NULL
) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    run       selfhost.program_run;
    new_state text := worker_finish.state;
    new_error text := left(worker_finish.error, 4000);
BEGIN
    IF new_state IS NULL OR new_state NOT IN ('succeeded', 'failed', 'timeout') THEN
        PERFORM selfhost._refuse('22023', 'state: must be succeeded, failed or timeout');
    END IF;
    PERFORM FROM selfhost.program AS p
        WHERE p.uuid = (SELECT r.program_uuid FROM selfhost.program_run AS r
                        WHERE r.id = worker_finish.run_id)
        FOR NO KEY UPDATE;
    SELECT r.* INTO run FROM selfhost.program_run AS r
        WHERE r.id = worker_finish.run_id AND r.worker = worker_finish.worker AND r.state = 'running'
        FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF run.kind = 'webhook' AND new_state = 'succeeded' THEN
        new_error := selfhost._keep_answer(run.id, worker_finish.status, worker_finish.headers,
                                           worker_finish.body);
        new_state := CASE WHEN new_error IS NULL THEN 'succeeded' ELSE 'failed' END;
    END IF;
    UPDATE selfhost.program_run AS r
        SET state = new_state::selfhost.run_state, finished = clock_timestamp(),
            error = CASE new_state WHEN 'succeeded' THEN NULL ELSE new_error END,
            log = right(worker_finish.log, 65536)
        WHERE r.id = run.id;
    -- The code of a check is needed for its answer, a request is not.
    UPDATE selfhost.program_call AS c SET request = NULL, body = NULL
        WHERE c.run_id = run.id AND run.kind = 'webhook';
    PERFORM selfhost._tell_caller(run.id);
    IF run.kind = 'check' THEN
        RETURN true;
    ELSIF new_state <> 'succeeded' THEN
        PERFORM selfhost._count_failure(run.program_uuid, new_error);
    ELSE
        UPDATE selfhost.program AS p SET failures = 0
            WHERE p.uuid = run.program_uuid AND p.failures <> 0;
    END IF;
    IF run.id % 16 = 0 THEN
        PERFORM selfhost._drop_old_runs(run.program_uuid);
    END IF;
    RETURN true;
END
$$;

-- Keeps the newest runs of a program that are over, as many as selfhost.runs_kept says.
CREATE FUNCTION selfhost._drop_old_runs(program_uuid uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last_to_go bigint := (
        SELECT r.id FROM selfhost.program_run AS r
        WHERE r.program_uuid = _drop_old_runs.program_uuid
        ORDER BY r.id DESC
        OFFSET current_setting('selfhost.runs_kept')::integer LIMIT 1);
BEGIN
    DELETE FROM selfhost.program_run AS r
        WHERE r.id IN (SELECT o.id FROM selfhost.program_run AS o
                       WHERE o.program_uuid = _drop_old_runs.program_uuid AND o.id <= last_to_go
                         AND o.finished IS NOT NULL
                       ORDER BY o.id LIMIT 1000 FOR UPDATE SKIP LOCKED);
END
$$;

-- The code of a module that a running run imports; wanted: its revision, NULL: the highest signed one. Where several
-- active modules of the run's language have the name, that of the program's own owner counts; else it is
-- an error, so that nobody can put his code in the place of another's.
CREATE FUNCTION selfhost.worker_module(worker uuid, run_id bigint, name text, wanted integer)
    RETURNS TABLE (program_uuid uuid, revision integer, code bytea)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    program selfhost.program;
    modules uuid[];
BEGIN
    SELECT p.* INTO program
        FROM selfhost.program_run AS r JOIN selfhost.program AS p ON p.uuid = r.program_uuid
        WHERE r.id = worker_module.run_id AND r.worker = worker_module.worker AND r.state = 'running';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run % is not running under worker %', run_id, worker USING ERRCODE = '55000';
    END IF;
    modules := ARRAY(
        SELECT m.uuid FROM selfhost.program AS m
        WHERE m.name = worker_module.name AND m.type = 'module' AND m.state = 'active'
          AND m.language = program.language
        ORDER BY m.created_by = program.created_by DESC NULLS LAST, m.uuid);
    IF cardinality(modules) > 1 AND (
        SELECT count(*) FROM selfhost.program AS m
        WHERE m.uuid = ANY (modules) AND m.created_by = program.created_by) <> 1 THEN
        PERFORM selfhost._refuse('P0002', format('several modules have the name %s', name));
    END IF;
    RETURN QUERY
        SELECT v.program_uuid, v.revision, v.code FROM selfhost.program_revision AS v
        WHERE v.program_uuid = modules[1] AND v.signed IS NOT NULL AND v.code IS NOT NULL
          AND (wanted IS NULL OR v.revision = wanted)
        ORDER BY v.revision DESC LIMIT 1;
    IF NOT FOUND THEN
        PERFORM selfhost._refuse('P0002', format('there is no module %s%s', name,
            coalesce('@' || wanted, '')));
    END IF;
END
$$;

GRANT EXECUTE ON FUNCTION
    selfhost.worker_register(uuid, text, text[], integer),
    selfhost.worker_unregister(uuid),
    selfhost.worker_claim(uuid, integer),
    selfhost.worker_finish(uuid, bigint, text, text, text, integer, jsonb, bytea),
    selfhost.worker_module(uuid, bigint, text, integer)
    TO selfhost_worker;

-- What programs may do through their worker, with the rights of authenticate_run().
DO $$
DECLARE
    operation regprocedure;
BEGIN
    FOR operation IN
        SELECT p.oid FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'selfhost'::regnamespace AND p.proname = ANY (ARRAY[
            'list_timeseries', 'get_timeseries', 'get_timeseries_data', 'query_timeseries',
            'add_timeseries_data', 'add_points', 'delete_timeseries_data',
            'list_datasets', 'get_dataset', 'get_dataset_raw', 'create_dataset', 'update_dataset',
            'list_alerts', 'get_alert', 'create_alert', 'update_alert'])
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO selfhost_worker', operation);
    END LOOP;
END
$$;
