-- Runs of programs, for those who ask for them: webhooks, checks of code, the list of runs. Who waits for
-- a run gets a ticket: an answer of status 202 with the headers x-selfhost-ticket, the number of the run,
-- and x-selfhost-wait-ms, after which it will be decided whatever happens. With the ticket he asks again,
-- when a notification on selfhost_run_done names it or the time is over.

-- How long a run may stay without a worker that takes it, when somebody waits for it.
CREATE FUNCTION selfhost._queue_limit() RETURNS interval
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN current_setting('selfhost.webhook_queue_limit')::interval;
END
$$;

CREATE FUNCTION selfhost._plain_answer(status integer, line text, retry_after integer DEFAULT NULL)
    RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN ROW(status, 'text/plain; charset=utf-8',
               CASE WHEN retry_after IS NOT NULL THEN ARRAY['Retry-After: ' || retry_after] END,
               convert_to(line || E'\n', 'UTF8'))::selfhost.http_response;
END
$$;

-- wait: in milliseconds, from the beginning of the run's wait.
CREATE FUNCTION selfhost._ticket_answer(run_id bigint, wait double precision)
    RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN ROW(202, NULL, ARRAY['x-selfhost-ticket: ' || run_id,
                                'x-selfhost-wait-ms: ' || ceil(wait)::bigint],
               NULL)::selfhost.http_response;
END
$$;

-- Is there a worker for the language?
CREATE FUNCTION selfhost._has_worker(language selfhost.program_language) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM selfhost.program_worker AS w
                   WHERE language::text = ANY (w.languages) AND selfhost._worker_alive(w));
END
$$;

-- Queues a run that the acting user waits for, and answers with its ticket; 503 where nobody would take
-- it. deadline: in milliseconds.
CREATE FUNCTION selfhost._queue_call(
    program selfhost.program, kind selfhost.run_kind, deadline integer, request jsonb, body bytea
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most   CONSTANT integer := 1000; -- that wait at a time
    number bigint;
BEGIN
    IF NOT selfhost._has_worker(program.language) THEN
        RETURN selfhost._plain_answer(503, 'no worker for programs is there', 60);
    END IF;
    IF (SELECT count(*) FROM (SELECT FROM selfhost.program_run AS r
                              WHERE r.state = 'queued' AND r.kind IN ('webhook', 'check')
                              LIMIT most) AS waiting) >= most THEN
        RETURN selfhost._plain_answer(503, 'too many requests wait for a worker', 10);
    END IF;
    INSERT INTO selfhost.program_run AS r (program_uuid, kind, due, deadline)
        VALUES (program.uuid, _queue_call.kind, clock_timestamp(), _queue_call.deadline)
        RETURNING r.id INTO number;
    INSERT INTO selfhost.program_call (run_id, asked_by, request, body)
        VALUES (number, selfhost._acting_user(), _queue_call.request, _queue_call.body);
    PERFORM pg_notify('selfhost_run', '');
    -- Whoever waits hears of the end himself; the rest is for his not being heard.
    RETURN selfhost._ticket_answer(number,
        extract(epoch FROM selfhost._queue_limit()) * 1000 + _queue_call.deadline + 5000);
END
$$;

-- ---- webhooks ----

-- Both methods of the path need the same right.
CREATE FUNCTION selfhost._call_webhook(
    program_uuid uuid, method text, query jsonb, headers jsonb, body bytea
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    program selfhost.program;
BEGIN
    PERFORM selfhost._require_program('create', program_uuid, '/webhook');
    IF jsonb_typeof(query) <> 'object' OR jsonb_typeof(headers) <> 'object' THEN
        PERFORM selfhost._refuse('22023', 'query, headers: must be JSON objects');
    END IF;
    SELECT p.* INTO program FROM selfhost.program AS p
        WHERE p.uuid = _call_webhook.program_uuid AND p.type = 'webhook' AND p.state = 'active'
          AND EXISTS (SELECT FROM selfhost.program_revision AS v
                      WHERE v.program_uuid = p.uuid AND v.signed IS NOT NULL AND v.code IS NOT NULL);
    IF NOT FOUND THEN
        PERFORM selfhost._refuse('P0002',
            format('program %s is not an active webhook with a signed revision', program_uuid));
    END IF;
    RETURN selfhost._queue_call(program, 'webhook', program.deadline,
        jsonb_build_object('method', method, 'query', coalesce(query, '{}'),
                           'headers', coalesce(headers, '{}')), body);
END
$$;

-- query: {"name": "value" or ["value", ...]}; headers: {"X-Name": "value"}.
CREATE FUNCTION selfhost.call_program_webhook(
    uuid uuid, method text DEFAULT NULL, query jsonb DEFAULT NULL, headers jsonb DEFAULT NULL,
    body bytea DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN selfhost._call_webhook(uuid, coalesce(method, 'POST'), query, headers, body);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.call_program_webhook(uuid, text, jsonb, jsonb, bytea)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.get_program_webhook(
    uuid uuid, method text DEFAULT NULL, query jsonb DEFAULT NULL, headers jsonb DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN selfhost._call_webhook(uuid, coalesce(method, 'GET'), query, headers, NULL);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.get_program_webhook(uuid, text, jsonb, jsonb)
    TO selfhost_gateway, selfhost_sql;

-- ---- what has become of it ----

-- Locks the run of a ticket that the acting user has got.
CREATE FUNCTION selfhost._lock_ticket(ticket bigint, kind selfhost.run_kind)
    RETURNS selfhost.program_run
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    acting uuid := selfhost._acting_user();
    run    selfhost.program_run;
BEGIN
    SELECT r.* INTO run FROM selfhost.program_run AS r
        WHERE r.id = ticket AND r.kind = _lock_ticket.kind
          AND EXISTS (SELECT FROM selfhost.program_call AS c
                      WHERE c.run_id = ticket AND c.asked_by IS NOT DISTINCT FROM acting)
        FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM selfhost._refuse('P0002', format('ticket %s does not exist', ticket));
    END IF;
    RETURN run;
END
$$;

-- The answer to whoever asks while the run is not over: the ticket again, or what has taken too long.
-- NULL: the run is over. A run that is late is left to its worker, who will be told so.
CREATE FUNCTION selfhost._unfinished_answer(run selfhost.program_run) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- The worker ends the run at its deadline, and then reports it.
    report CONSTANT interval := '2 s';
    wait   interval;
BEGIN
    CASE run.state
        WHEN 'queued' THEN
            wait := run.queued + selfhost._queue_limit() - clock_timestamp();
            IF wait > '0' THEN
                RETURN selfhost._ticket_answer(run.id,
                    extract(epoch FROM wait) * 1000 + run.deadline + 5000);
            END IF;
            UPDATE selfhost.program_run AS r SET state = 'expired', finished = clock_timestamp()
                WHERE r.id = run.id;
            RETURN selfhost._plain_answer(503, 'no worker has taken it in time', 10);
        WHEN 'running' THEN
            wait := run.started + make_interval(secs => run.deadline / 1000.0) + report
                    - clock_timestamp();
            IF wait > '0' THEN
                RETURN selfhost._ticket_answer(run.id, extract(epoch FROM wait) * 1000);
            END IF;
            RETURN selfhost._plain_answer(504, 'the program has not ended by its deadline');
        ELSE
            RETURN NULL;
    END CASE;
END
$$;

-- The answer of a webhook, once, to him who has called it: what the program has answered, 502 when it has
-- failed, 503 when no worker has taken it in time, 504 past its deadline; and 202 while all is open.
CREATE FUNCTION selfhost.program_webhook_answer(ticket bigint) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    run    selfhost.program_run := selfhost._lock_ticket(ticket, 'webhook');
    answer selfhost.http_response := selfhost._unfinished_answer(run);
BEGIN
    IF answer.status = 202 THEN
        RETURN answer;
    ELSIF answer.status IS NULL THEN
        CASE run.state
            WHEN 'succeeded' THEN
                SELECT c.status, c.content_type, c.headers, c.answer INTO answer
                    FROM selfhost.program_call AS c WHERE c.run_id = ticket;
            WHEN 'timeout' THEN
                answer := selfhost._plain_answer(504, 'the program has not ended by its deadline');
            WHEN 'expired', 'cancelled' THEN
                answer := selfhost._plain_answer(503, 'no worker has taken it in time', 10);
            ELSE
                answer := selfhost._plain_answer(502, 'the program has failed');
        END CASE;
    END IF;
    DELETE FROM selfhost.program_call AS c WHERE c.run_id = ticket;
    RETURN answer;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.program_webhook_answer(bigint) TO selfhost_gateway, selfhost_sql;

-- ---- code ----

-- Any bytes are code; without a body there are none. check: a worker compiles it first; the answer is a
-- ticket for program_code_answer() then.
CREATE FUNCTION selfhost.upload_program_code(
    uuid uuid, "check" boolean DEFAULT NULL, body bytea DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    compile_deadline CONSTANT integer := 10000; -- milliseconds
    code    bytea := coalesce(body, '');
    program selfhost.program;
BEGIN
    PERFORM selfhost._require_program('create', uuid, '/code');
    IF octet_length(code) > 1048576 THEN
        PERFORM selfhost._refuse('54000', 'the code is larger than 1048576 bytes');
    END IF;
    IF "check" IS NOT TRUE THEN
        RETURN selfhost._store_program_code(uuid, code);
    END IF;
    SELECT p.* INTO program FROM selfhost.program AS p WHERE p.uuid = upload_program_code.uuid;
    IF NOT FOUND THEN
        PERFORM selfhost._no_program(uuid);
    END IF;
    RETURN selfhost._queue_call(program, 'check', compile_deadline, NULL, code);
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.upload_program_code(uuid, boolean, bytea)
    TO selfhost_gateway, selfhost_sql;

-- The rest of an upload with a check, for him who has begun it: stores the code if it has compiled, else
-- refuses it with what the compiler says.
CREATE FUNCTION selfhost.program_code_answer(ticket bigint) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    run    selfhost.program_run := selfhost._lock_ticket(ticket, 'check');
    answer selfhost.http_response := selfhost._unfinished_answer(run);
BEGIN
    IF answer.status = 202 THEN
        RETURN answer;
    ELSIF answer.status IS NULL THEN
        CASE run.state
            WHEN 'succeeded' THEN
                PERFORM selfhost._require_program('create', run.program_uuid, '/code');
                answer := selfhost._store_program_code(run.program_uuid,
                    (SELECT c.body FROM selfhost.program_call AS c WHERE c.run_id = ticket));
            WHEN 'failed' THEN
                PERFORM selfhost._refuse('22023', 'code: '
                    || left(translate(coalesce(run.error, 'it does not compile'), E'\r\n', '  '), 1000));
            WHEN 'timeout' THEN
                PERFORM selfhost._refuse('22023', 'code: takes too long to compile');
            ELSE
                answer := selfhost._plain_answer(503, 'no worker has checked it in time', 10);
        END CASE;
    END IF;
    DELETE FROM selfhost.program_run AS r WHERE r.id = ticket AND r.finished IS NOT NULL;
    DELETE FROM selfhost.program_call AS c WHERE c.run_id = ticket;
    RETURN answer;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.program_code_answer(bigint) TO selfhost_gateway, selfhost_sql;

-- ---- the list of runs ----

-- Of the log, the end. revision_deleted: the code of the revision is gone.
CREATE VIEW selfhost._program_run_json AS
    SELECT r.id, r.program_uuid,
           (SELECT row_to_json(j) FROM (
                SELECT selfhost._rfc3339(r.due) AS due,
                       (extract(epoch FROM r.finished - r.started) * 1000)::bigint AS duration,
                       r.error, selfhost._rfc3339(r.finished) AS finished, r.id, r.kind,
                       right(coalesce(r.log, ''), 8192) AS log,
                       selfhost._rfc3339(r.queued) AS queued, r.revision,
                       EXISTS (SELECT FROM selfhost.program_revision AS v
                               WHERE v.program_uuid = r.program_uuid AND v.revision = r.revision
                                 AND v.code IS NULL) AS revision_deleted,
                       selfhost._rfc3339(r.started) AS started, r.state,
                       r.worker_name AS worker) AS j) AS json
    FROM selfhost.program_run AS r
    WHERE r.kind <> 'check';

-- The newest first. limit: 20 where it is not given. Checks of code are not among them.
CREATE FUNCTION selfhost.list_program_runs(
    uuid uuid, "limit" integer DEFAULT NULL, "offset" integer DEFAULT NULL,
    count boolean DEFAULT NULL
) RETURNS selfhost.http_response
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page_size integer := coalesce("limit", 20);
    total     bigint;
BEGIN
    PERFORM selfhost._require_program('read', uuid, '/runs');
    IF NOT EXISTS (SELECT FROM selfhost.program AS p WHERE p.uuid = list_program_runs.uuid) THEN
        PERFORM selfhost._no_program(uuid);
    END IF;
    IF count THEN
        total := (SELECT count(*) FROM selfhost.program_run AS r
                  WHERE r.program_uuid = list_program_runs.uuid AND r.kind <> 'check');
    END IF;
    RETURN selfhost._list_answer(format('programs/%s/runs', uuid), '', page_size, "offset", total, ARRAY(
        SELECT j.json FROM selfhost._program_run_json AS j
        WHERE j.program_uuid = list_program_runs.uuid
        ORDER BY j.id DESC LIMIT page_size + 1::bigint OFFSET "offset"));
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.list_program_runs(uuid, integer, integer, boolean)
    TO selfhost_gateway, selfhost_sql;
