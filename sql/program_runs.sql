-- Runs of programs: schedules, workers, claims and ends, failures, webhooks, checks of code, pruning. In a
-- database of its own; the manager's worker is off, so that ticks are this test's.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE DATABASE regress_program_runs;
\c regress_program_runs
SET client_min_messages = warning;
CREATE EXTENSION selfhost;
SELECT count(*) FROM selfhost.init();
CREATE SCHEMA t;
SET search_path = t, public;
-- The owner makes the programs, as root.
UPDATE selfhost.token SET digest = sha256('root');
\set root 'selfhost.authenticate(sha256(''root''))'
\set w1 '''11111111-0000-4000-8000-000000000000'''
\set w2 '''22222222-0000-4000-8000-000000000000'''
CREATE FUNCTION id(wanted text) RETURNS uuid LANGUAGE sql AS
    $$ SELECT uuid FROM selfhost.program WHERE name = wanted $$;
-- An active program with a signed revision.
CREATE FUNCTION make(name text, type text, schedule text, deadline integer DEFAULT 1000, language text DEFAULT 'lua') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM selfhost.create_program(jsonb_build_object('name', name, 'type', type, 'state', 'active',
        'schedule', schedule, 'deadline', deadline, 'language', language)) FROM selfhost.authenticate(sha256('root'));
    PERFORM selfhost.upload_program_code(t.id(name), body => convert_to('code of ' || name, 'UTF8')) FROM selfhost.authenticate(sha256('root'));
    PERFORM selfhost.sign_program_revision(t.id(name), 0) FROM selfhost.authenticate(sha256('root'));
END
$$;
CREATE FUNCTION change(name text, body jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM selfhost.update_program(t.id(name), body) FROM selfhost.authenticate(sha256('root'));
END
$$;
CREATE VIEW run AS
    SELECT r.id, p.name, r.kind, r.state, r.revision, r.worker_name, r.error, r.log
    FROM selfhost.program_run r JOIN selfhost.program p ON p.uuid = r.program_uuid;
CREATE VIEW claimed AS
    SELECT r.id FROM selfhost.program_run r WHERE r.state = 'running' ORDER BY r.id DESC LIMIT 1;
-- Statuses, headers and body of an answer; numbers of tickets and times are not shown.
CREATE FUNCTION show(answer selfhost.http_response) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' | ', answer.status, answer.content_type,
        regexp_replace(array_to_string(answer.headers, ', '), '\d+', 'N', 'g'), convert_from(answer.body, 'UTF8')) $$;
CREATE FUNCTION ask(call text, who text DEFAULT 'root') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer selfhost.http_response;
BEGIN
    EXECUTE format('SELECT (s.r).* FROM (SELECT selfhost.%s AS r FROM selfhost.authenticate(sha256(%L)) OFFSET 0) AS s', call, who) INTO answer;
    RETURN t.show(answer);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, '[0-9a-f-]{36}|ticket \d+', 'N');
END
$$;
CREATE FUNCTION ticket() RETURNS bigint LANGUAGE sql AS $$ SELECT max(run_id) FROM selfhost.program_call $$;

-- ---- what is scheduled ----

SELECT make('hourly', 'routine', '@hourly'), make('often', 'routine', '@every 1m'), make('never', 'routine', '0 0 0 31 feb *'),
       make('hook', 'webhook', '@daily'), make('lib', 'module', '@daily');
SELECT p.name, s.schedule, s.due FROM selfhost.program_schedule s JOIN selfhost.program p ON p.uuid = s.program_uuid ORDER BY 1;
SELECT selfhost.manager_tick() BETWEEN now() AND now() + '61 s' AS soon;
SELECT p.name, s.due > now() AS later, s.due = 'infinity' AS never, CASE WHEN isfinite(s.due) THEN s.due - date_trunc('second', s.since) END
    FROM selfhost.program_schedule s JOIN selfhost.program p ON p.uuid = s.program_uuid WHERE p.name <> 'hourly' ORDER BY 1;
SELECT s.due = date_trunc('hour', now()) + '1 h' FROM selfhost.program_schedule s WHERE s.program_uuid = id('hourly');
-- Its own changes take it off and put it on anew; others leave it alone.
UPDATE selfhost.program_schedule SET due = '2100-01-01 00:00:00Z';
SELECT change('often', '{"name":"often","deadline":2000}');
SELECT due FROM selfhost.program_schedule WHERE program_uuid = id('often');
SELECT change('often', '{"schedule":"@every 2m"}');
SELECT schedule, due FROM selfhost.program_schedule WHERE program_uuid = id('often');
SELECT change('often', '{"state":"inactive"}');
SELECT count(*) FROM selfhost.program_schedule WHERE program_uuid = id('often');
SELECT change('often', '{"state":"active"}');
SELECT change('hourly', '{"type":"module"}');
SELECT count(*) FROM selfhost.program_schedule WHERE program_uuid = id('hourly');
SELECT change('hourly', '{"type":"routine"}');
SELECT selfhost.delete_program_revision(id('hourly'), 0) FROM :root;
SELECT count(*) FROM selfhost.program_schedule WHERE program_uuid = id('hourly');
SELECT p.name FROM selfhost.program_schedule s JOIN selfhost.program p ON p.uuid = s.program_uuid ORDER BY 1;

-- ---- instants that have passed ----

SELECT * FROM selfhost._schedule_advance('TZ=UTC 0 0 * * * *', '2024-01-01 00:00Z', '2024-01-01 02:59:59Z');
SELECT * FROM selfhost._schedule_advance('TZ=UTC 0 0 * * * *', '2024-01-01 00:00Z', '2024-01-01 00:00:00Z');
SELECT * FROM selfhost._schedule_advance('@every 90s', '2024-01-01 00:00Z', '2024-01-01 01:00Z');
SELECT last, passed > 100000 AS many, next FROM selfhost._schedule_advance('TZ=UTC * * * * * *', '2024-01-01 00:00Z', '2024-02-01 00:00Z');
SELECT * FROM selfhost._schedule_advance('TZ=UTC 0 0 0 29 2 *', '9996-02-29 00:00Z', '9996-03-01 00:00Z');

-- ---- queueing: what is due runs once, what is late or under way is missed ----

UPDATE selfhost.program_schedule SET due = date_trunc('second', now()) - interval '10 min 1 s' WHERE program_uuid = id('often');
SELECT selfhost.manager_tick() > now();
SELECT name, kind, state FROM run;
SELECT missed, s.due - now() BETWEEN '0 s' AND '2 min' AS next FROM selfhost.program p JOIN selfhost.program_schedule s ON s.program_uuid = p.uuid WHERE p.name = 'often';
UPDATE selfhost.program_schedule SET due = date_trunc('second', now()) - interval '2 s' WHERE program_uuid = id('often');
SELECT selfhost.manager_tick() > now();
SELECT missed FROM selfhost.program WHERE name = 'often';
SELECT count(*) FROM run;
-- Down for an hour and a half: the last was 90 s ago.
DELETE FROM selfhost.program_run;
UPDATE selfhost.program_schedule SET due = date_trunc('second', now()) - interval '5490 s' WHERE program_uuid = id('often');
SELECT selfhost.manager_tick() > now();
SELECT missed, (SELECT count(*) FROM run) AS runs FROM selfhost.program WHERE name = 'often';

-- ---- workers ----

SELECT selfhost.worker_claim(:w1, 5);
SELECT selfhost.worker_register(:w1, '', ARRAY['lua'], 1);
SELECT selfhost.worker_register(:w1, 'one', ARRAY['lua'], 1), selfhost.worker_register(:w2, 'two', ARRAY['tengo'], 1);
SELECT selfhost.worker_claim(:w1, 5);
UPDATE selfhost.program_schedule SET due = date_trunc('second', now()) WHERE program_uuid = id('often');
SELECT selfhost.manager_tick() > now();
SELECT selfhost.worker_claim(:w2, 5);
SELECT kind, program_name, language, revision, convert_from(code, 'UTF8'), deadline_ms, request, body FROM selfhost.worker_claim(:w1, 5);
SELECT kind FROM selfhost.worker_claim(:w1, 5);
SELECT name, state, revision, worker_name FROM run;
SELECT owner = signer AS root, lease_until - started BETWEEN '31.9 s' AND '32.1 s' AS lease FROM selfhost.program_run;
-- Under way: not again.
UPDATE selfhost.program_schedule SET due = date_trunc('second', now()) WHERE program_uuid = id('often');
SELECT selfhost.manager_tick() > now();
SELECT count(*) FROM run;
SELECT selfhost.worker_finish(:w2, id, 'succeeded') FROM claimed;
SELECT selfhost.worker_finish(:w1, id, 'done') FROM claimed;
SELECT selfhost.worker_finish(:w1, id, 'succeeded', log => repeat('x', 70000) || 'end', error => 'none') AS done FROM claimed;
SELECT selfhost.worker_finish(:w1, (SELECT max(id) FROM run), 'failed');
SELECT state, error, length(log), right(log, 4) FROM run;

-- ---- modules ----

SELECT make('other', 'module', '@daily', language => 'tengo');
UPDATE selfhost.program_schedule SET due = date_trunc('second', now()) WHERE program_uuid = id('often');
SELECT selfhost.manager_tick() > now();
SELECT kind FROM selfhost.worker_claim(:w1, 5);
SELECT m.revision, convert_from(m.code, 'UTF8') FROM claimed, selfhost.worker_module(:w1, claimed.id, 'lib', NULL) m;
SELECT m.revision FROM claimed, selfhost.worker_module(:w1, claimed.id, 'lib', 0) m;
SELECT m.revision FROM claimed, selfhost.worker_module(:w1, claimed.id, 'lib', 1) m;
SELECT m.revision FROM claimed, selfhost.worker_module(:w1, claimed.id, 'other', NULL) m;
SELECT m.revision FROM claimed, selfhost.worker_module(:w1, claimed.id, 'hook', NULL) m;
SELECT m.revision FROM selfhost.worker_module(:w2, 0, 'lib', NULL) m;
-- Of two with one name, the owner's own; if he has none or several, none.
SELECT make('lib2', 'module', '@daily');
UPDATE selfhost.program SET name = 'lib', created_by = NULL WHERE name = 'lib2';
SELECT convert_from(m.code, 'UTF8') FROM claimed, selfhost.worker_module(:w1, claimed.id, 'lib', NULL) m;
UPDATE selfhost.program SET created_by = NULL WHERE name = 'lib';
SELECT convert_from(m.code, 'UTF8') FROM claimed, selfhost.worker_module(:w1, claimed.id, 'lib', NULL) m;

-- ---- failures ----

SELECT selfhost.worker_finish(:w1, id, 'failed', 'boom') FROM claimed;
SELECT state, failures FROM selfhost.program WHERE name = 'often';
CREATE FUNCTION fail(how text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE selfhost.program_schedule SET due = date_trunc('second', clock_timestamp()) WHERE program_uuid = t.id('often');
    PERFORM selfhost.manager_tick();
    PERFORM selfhost.worker_finish('11111111-0000-4000-8000-000000000000', c.run_id, how, 'boom ' || c.run_id % 1)
        FROM selfhost.worker_claim('11111111-0000-4000-8000-000000000000', 1) c;
    RETURN (SELECT state || ' ' || failures FROM selfhost.program WHERE name = 'often');
END
$$;
SELECT fail('timeout');
SELECT fail('succeeded');
SELECT fail('failed') FROM generate_series(1, 4);
SELECT fail('timeout');
SELECT replace(resource, id('often')::text, '<often>'), environment, event, severity, value, description, origin FROM selfhost.alert;
SELECT count(*) FROM selfhost.program_schedule WHERE program_uuid = id('often');
SELECT change('often', '{"state":"active"}');
SET selfhost.max_failures = 2;
SELECT fail('failed');
SELECT fail('failed');
SELECT value, duplicate FROM selfhost.alert;
SELECT change('often', '{"state":"active"}');
SET selfhost.max_failures = 0;
SELECT fail('failed') FROM generate_series(1, 6);
RESET selfhost.max_failures;
SELECT fail('succeeded');

-- ---- leases ----

UPDATE selfhost.program_schedule SET due = date_trunc('second', now()) WHERE program_uuid = id('often');
SELECT selfhost.manager_tick() > now();
SELECT kind FROM selfhost.worker_claim(:w1, 5);
UPDATE selfhost.program_run SET lease_until = now() WHERE state = 'running';
SELECT selfhost.manager_tick() > now();
SELECT state, error FROM run ORDER BY id DESC LIMIT 1;
SELECT selfhost.worker_finish(:w1, max(id), 'succeeded') FROM run;
SELECT failures FROM selfhost.program WHERE name = 'often';
-- A worker that leaves loses what it has; so does one that has been gone for a minute.
UPDATE selfhost.program_schedule SET due = date_trunc('second', now()) WHERE program_uuid = id('often');
SELECT selfhost.manager_tick() > now();
SELECT kind FROM selfhost.worker_claim(:w1, 5);
SELECT selfhost.worker_unregister(:w1);
SELECT state FROM run ORDER BY id DESC LIMIT 1;
SELECT selfhost.worker_claim(:w1, 5);
SELECT selfhost.worker_register(:w1, 'one', ARRAY['lua', 'tengo'], 1);
UPDATE selfhost.program_schedule SET due = date_trunc('second', now()) WHERE program_uuid = id('often');
SELECT selfhost.manager_tick() > now();
SELECT kind FROM selfhost.worker_claim(:w1, 5);
UPDATE selfhost.program_worker SET backend_start = backend_start - interval '1 s' WHERE name = 'one';
SELECT selfhost.worker_claim(:w1, 5);
SELECT selfhost.manager_tick() > now();
SELECT state FROM run ORDER BY id DESC LIMIT 1;
UPDATE selfhost.program_worker SET gone = gone - interval '1 min' WHERE gone IS NOT NULL;
SELECT selfhost.manager_tick() > now();
SELECT state FROM run ORDER BY id DESC LIMIT 1;
SELECT name FROM selfhost.program_worker;

-- ---- webhooks ----

SELECT ask($$call_program_webhook(id('often'))$$);
SELECT ask($$call_program_webhook(id('hook'))$$);
SELECT selfhost.worker_register(:w1, 'one', ARRAY['lua', 'tengo'], 1);
SELECT ask($$call_program_webhook(id('hook'), query => '[]')$$);
SELECT ask($$call_program_webhook(id('hook'), 'POST', '{"a":["1","2"]}', '{"X-Probe":"v"}', '\x00ff')$$);
SELECT ask($$program_webhook_answer(ticket())$$);
SELECT ask($$program_code_answer(ticket())$$);
SELECT kind, program_name, request, body FROM selfhost.worker_claim(:w1, 5);
SELECT ask($$program_webhook_answer(ticket())$$);
SELECT selfhost.worker_finish(:w1, id, 'succeeded', status => 201, headers => '{"Content-Type":"text/html","X-One":["a","b"],"Content-Length":"9"}', body => 'answer') FROM claimed;
SELECT request, body FROM selfhost.program_call;
SELECT selfhost.create_user('{"name":"anna"}') IS NOT NULL FROM :root;
INSERT INTO selfhost.token (user_uuid, name, digest) SELECT uuid, 'token', sha256(name::bytea) FROM selfhost.user_account WHERE name = 'anna';
SELECT ask($$program_webhook_answer(ticket())$$, 'anna');
SELECT ask($$program_webhook_answer(ticket())$$);
SELECT ask($$program_webhook_answer((SELECT max(id) FROM run))$$);
SELECT ask($$call_program_webhook(id('hook'))$$, 'anna');
-- What the program answers must be an answer.
CREATE FUNCTION answer(status integer, headers jsonb, body bytea, state text DEFAULT 'succeeded') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM t.ask($q$get_program_webhook(t.id('hook'))$q$);
    PERFORM selfhost.worker_finish('11111111-0000-4000-8000-000000000000', c.run_id, answer.state, 'no good', status => answer.status, headers => answer.headers, body => answer.body)
        FROM selfhost.worker_claim('11111111-0000-4000-8000-000000000000', 5) c;
    RETURN t.ask($q$program_webhook_answer(t.ticket())$q$) || coalesce(' (' || (SELECT error FROM selfhost.program_run ORDER BY id DESC LIMIT 1) || ')', '');
END
$$;
SET selfhost.max_failures = 0;
SELECT answer(NULL, NULL, NULL);
SELECT answer(s, 'null', 'x') FROM unnest(ARRAY[199, 200, 404, 599, 600]) s;
SELECT h, answer(200, h, 'x') FROM unnest(ARRAY['{"A b":"c"}', '{"A":5}', '[]', '{"A":"b\r\nC: d"}', '{"A":"b\nc"}', '{"":"x"}', '{"A":"\tb é"}',
    '{"content-type":"text/x\r\nA: b"}']::jsonb[]) h;
SELECT left(answer(200, NULL, convert_to(repeat('x', 1048577), 'UTF8')), 100);
SELECT length(answer(200, NULL, convert_to(repeat('x', 1048576), 'UTF8')));
SELECT answer(200, NULL, 'x', 'failed');
SELECT answer(200, NULL, 'x', 'timeout');
RESET selfhost.max_failures;
-- Too late: nobody takes it, or the program takes too long.
SET selfhost.webhook_queue_limit = 1000;
SELECT ask($$get_program_webhook(id('hook'))$$);
UPDATE selfhost.program_run SET queued = queued - interval '2 s' WHERE state = 'queued';
SELECT count(*) FROM selfhost.worker_claim(:w1, 5);
SELECT ask($$program_webhook_answer(ticket())$$);
SELECT state FROM run ORDER BY id DESC LIMIT 1;
SELECT ask($$get_program_webhook(id('hook'))$$);
UPDATE selfhost.program_run SET queued = queued - interval '2 s' WHERE state = 'queued';
SELECT selfhost.manager_tick() > now();
SELECT state FROM run ORDER BY id DESC LIMIT 1;
SELECT ask($$program_webhook_answer(ticket())$$);
RESET selfhost.webhook_queue_limit;
SELECT ask($$get_program_webhook(id('hook'))$$);
SELECT kind FROM selfhost.worker_claim(:w1, 5);
UPDATE selfhost.program_run SET started = started - interval '3 s' WHERE state = 'running';
SELECT ask($$program_webhook_answer(ticket())$$);
SELECT state FROM run ORDER BY id DESC LIMIT 1;
SELECT selfhost.worker_finish(:w1, id, 'timeout') FROM claimed;
-- Not active any more.
SELECT ask($$get_program_webhook(id('hook'))$$);
SELECT change('hook', '{"state":"inactive"}');
SELECT ask($$program_webhook_answer(ticket())$$);
SELECT change('hook', '{"state":"active"}');
-- The order in which they are taken.
UPDATE selfhost.program_schedule SET due = date_trunc('second', now()) WHERE program_uuid = id('often');
SELECT selfhost.manager_tick() > now();
SELECT ask($$upload_program_code(id('other'), true, 'x')$$), ask($$upload_program_code(id('often'), true, 'return (')$$), ask($$get_program_webhook(id('hook'))$$);
SELECT kind, program_name, code FROM selfhost.worker_claim(:w1, 1);
SELECT kind, program_name, revision, convert_from(code, 'UTF8'), body, deadline_ms FROM selfhost.worker_claim(:w1, 1);
SELECT kind, program_name FROM selfhost.worker_claim(:w1, 1);
SELECT selfhost.worker_unregister(:w1);

-- ---- checks of code ----

SELECT selfhost.worker_register(:w1, 'one', ARRAY['lua'], 1);
CREATE FUNCTION check_code(code text, state text, error text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM t.ask(format($q$upload_program_code(t.id('often'), true, %L)$q$, code));
    PERFORM selfhost.worker_finish('11111111-0000-4000-8000-000000000000', c.run_id, check_code.state, check_code.error)
        FROM selfhost.worker_claim('11111111-0000-4000-8000-000000000000', 5) c WHERE c.kind = 'check';
    RETURN regexp_replace(t.ask($q$program_code_answer(t.ticket())$q$), '"(checksum|created|created_by)":"[^"]*"', '\1', 'g');
END
$$;
SELECT check_code('return (', 'failed', E'1:9: unexpected\nend');
SELECT check_code('while', 'timeout');
SELECT check_code('return 1', 'succeeded');
SELECT count(*), max(revision) FROM selfhost.program_revision WHERE program_uuid = id('often');
SELECT convert_from(code, 'UTF8') FROM selfhost.program_revision WHERE program_uuid = id('often') AND revision = 1;
SELECT failures FROM selfhost.program WHERE name = 'often';
SELECT kind, state, count(*) FROM run WHERE kind = 'check' GROUP BY 1, 2 ORDER BY 1, 2;

-- ---- the list ----

SELECT t.show(r) ~ '"revision_deleted":false' FROM (SELECT selfhost.list_program_runs(id('often'), 1, 0, true) AS r FROM :root OFFSET 0) s;
SELECT j ->> 'state', j ->> 'kind', j ->> 'worker', j ->> 'error', j ->> 'log', j ->> 'revision', (j ->> 'duration')::bigint >= 0, j ? 'due', j ? 'queued', j ? 'started', j ? 'finished', j ? 'id'
    FROM (SELECT json_array_elements(convert_from((selfhost.list_program_runs(id('often'), 3)).body, 'UTF8')::json)::jsonb AS j FROM :root OFFSET 0) s;
SELECT regexp_replace(array_to_string((r).headers, ', '), '[0-9a-f-]{36}', 'U'), json_array_length(convert_from((r).body, 'UTF8')::json)
    FROM (SELECT selfhost.list_program_runs(id('often'), 2, 1, true) AS r FROM :root OFFSET 0) s;
SELECT ask($$list_program_runs('99999999-0000-4000-8000-000000000000')$$);
SELECT ask($$list_program_runs(id('often'))$$, 'anna');
-- A deleted revision stays known by its runs; those that run it are cancelled.
UPDATE selfhost.program_schedule SET due = date_trunc('second', now()) WHERE program_uuid = id('often');
SELECT selfhost.manager_tick() > now();
SELECT revision FROM selfhost.worker_claim(:w1, 5);
SELECT selfhost.delete_program_revision(id('often'), 0) FROM :root;
SELECT j ->> 'state', j ->> 'revision', j ->> 'revision_deleted' FROM (SELECT json_array_elements(convert_from((selfhost.list_program_runs(id('often'), 1)).body, 'UTF8')::json)::jsonb AS j FROM :root OFFSET 0) s;
SELECT selfhost.worker_finish(:w1, max(id), 'succeeded') FROM run;

-- ---- pruning ----

SELECT selfhost.sign_program_revision(id('often'), 1) FROM :root;
SET selfhost.runs_kept = 3;
SELECT count(fail('succeeded')) FROM generate_series(1, 20);
SELECT count(*) < 20 AS few FROM run WHERE name = 'often';
RESET selfhost.runs_kept;
UPDATE selfhost.program_run SET finished = now() - interval '31 days' WHERE id IN (SELECT id FROM run WHERE name = 'often');
SELECT selfhost._housekeeping_due(again => true) IS NOT NULL;
SELECT selfhost.manager_tick() > now();
SELECT count(*) FROM run WHERE name = 'often';
SELECT ask($$get_program_webhook(id('hook'))$$);
SELECT selfhost.worker_finish(:w1, c.run_id, 'succeeded') FROM selfhost.worker_claim(:w1, 1) c;
UPDATE selfhost.program_run SET finished = now() - interval '6 min' WHERE id = ticket();
SELECT selfhost._housekeeping_due(again => true) IS NOT NULL;
SELECT selfhost.manager_tick() > now();
SELECT count(*) FROM selfhost.program_call c JOIN selfhost.program_run r ON r.id = c.run_id WHERE r.state = 'succeeded';
-- Everything goes with the program.
SELECT selfhost.delete_program(id('often')) FROM :root;
SELECT count(*) FROM run WHERE name = 'often';



\c selfhost_regress
DROP DATABASE regress_program_runs;
