-- The program manager, selfpmgr: a background worker (src/manager.c) calls manager_tick() in each domain
-- when something is due there, once a minute at least. Where it cannot be loaded, selfpwrk does.

-- Has the manager look at this database at once, when the transaction commits.
CREATE FUNCTION selfhost._wake_manager() RETURNS void
    AS 'MODULE_PATHNAME', 'sh_wake_manager' LANGUAGE C;

-- One tick at a time: takes a lock that SQL users cannot take, until the transaction ends. False: another
-- has it.
CREATE FUNCTION selfhost._lock_manager() RETURNS boolean
    AS 'MODULE_PATHNAME', 'sh_lock_manager' LANGUAGE C;

-- The instants of a schedule from one of them, due, up to another: the last, how many with due itself
-- (at least; very many are not counted one by one), and the first after them, NULL: none.
CREATE FUNCTION selfhost._schedule_advance(
    schedule text, due timestamptz, until timestamptz,
    OUT last timestamptz, OUT passed bigint, OUT next timestamptz
) AS 'MODULE_PATHNAME', 'sh_schedule_advance' LANGUAGE C STRICT;

-- ---- what is to be scheduled ----

-- Puts a program on the schedule, or takes it off.
CREATE FUNCTION selfhost._plan_program(program uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    planned text := (
        SELECT p.schedule FROM selfhost.program AS p
        WHERE p.uuid = program AND p.type = 'routine' AND p.state = 'active'
          AND EXISTS (SELECT FROM selfhost.program_revision AS v
                      WHERE v.program_uuid = p.uuid AND v.signed IS NOT NULL AND v.code IS NOT NULL));
BEGIN
    IF planned IS NULL THEN
        DELETE FROM selfhost.program_schedule AS s WHERE s.program_uuid = program;
        RETURN;
    END IF;
    INSERT INTO selfhost.program_schedule AS s (program_uuid, schedule)
        VALUES (program, planned)
        ON CONFLICT (program_uuid) DO UPDATE
            SET schedule = excluded.schedule, since = excluded.since, due = NULL
            WHERE s.schedule <> excluded.schedule;
    IF FOUND THEN
        PERFORM selfhost._wake_manager();
        PERFORM pg_notify('selfhost_schedule', ''); -- to a worker that is the manager
    END IF;
END
$$;

-- Queued runs of a program, or running ones of a revision, are not to run any more.
CREATE FUNCTION selfhost._cancel_runs(program_uuid uuid, revision integer DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cancelled bigint;
BEGIN
    FOR cancelled IN
        UPDATE selfhost.program_run AS r SET state = 'cancelled', finished = clock_timestamp()
            WHERE r.program_uuid = _cancel_runs.program_uuid
              AND CASE WHEN _cancel_runs.revision IS NULL THEN r.state = 'queued' AND r.kind <> 'check'
                       ELSE r.state = 'running' AND r.revision = _cancel_runs.revision END
            RETURNING r.id
    LOOP
        PERFORM selfhost._tell_caller(cancelled);
    END LOOP;
END
$$;

-- Only changes: a row that is inserted has no signed revision yet, and pg_restore inserts.
CREATE FUNCTION selfhost._program_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._plan_program(NEW.uuid);
    IF NEW.state <> 'active' OR NEW.type <> OLD.type THEN
        PERFORM selfhost._cancel_runs(NEW.uuid);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER plan AFTER UPDATE OF type, state, schedule ON selfhost.program
    FOR EACH ROW WHEN ((OLD.type, OLD.state, OLD.schedule) IS DISTINCT FROM (NEW.type, NEW.state, NEW.schedule))
    EXECUTE FUNCTION selfhost._program_changed();

CREATE FUNCTION selfhost._program_revision_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM selfhost._plan_program(OLD.program_uuid);
    RETURN NULL;
END
$$;
CREATE TRIGGER plan AFTER DELETE OR UPDATE OF signed, code ON selfhost.program_revision
    FOR EACH ROW EXECUTE FUNCTION selfhost._program_revision_changed();

-- ---- a tick ----

-- Of each kind of work, at most so many rows in one tick.
CREATE FUNCTION selfhost._tick_size() RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN 1000;
END
$$;

-- Works out when new schedules are due first.
CREATE FUNCTION selfhost._plan_new() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE selfhost.program_schedule AS s
        SET due = coalesce((SELECT n.due FROM selfhost.schedule_next(s.schedule, s.since, 1) AS n (due)),
                           'infinity')
        WHERE s.program_uuid IN (
            SELECT w.program_uuid FROM selfhost.program_schedule AS w
            WHERE w.due IS NULL LIMIT selfhost._tick_size() FOR UPDATE SKIP LOCKED);
END
$$;

-- Queues what is due, if it became so within the last minute and no run of it is left; else it is missed.
-- Returns how many it has queued.
CREATE FUNCTION selfhost._queue_due(instant timestamptz) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    late   CONSTANT interval := '60 s'; -- the manager looks at least as often
    step   record;
    queued integer := 0;
    inserted integer;
BEGIN
    FOR step IN
        WITH due AS (
            SELECT s.program_uuid, s.schedule, s.due, p.deadline
            FROM selfhost.program_schedule AS s JOIN selfhost.program AS p ON p.uuid = s.program_uuid
            WHERE s.due <= instant
            ORDER BY s.due LIMIT selfhost._tick_size()
            FOR UPDATE OF s SKIP LOCKED FOR NO KEY UPDATE OF p SKIP LOCKED)
        SELECT d.program_uuid, d.deadline, a.last, a.passed, a.next
        FROM due AS d, selfhost._schedule_advance(d.schedule, d.due, instant) AS a
    LOOP
        inserted := 0;
        IF step.last >= instant - late THEN
            -- The conflict would wait for a worker that is just taking the last run.
            INSERT INTO selfhost.program_run (program_uuid, kind, due, deadline)
                SELECT step.program_uuid, 'routine', step.last, step.deadline
                WHERE NOT EXISTS (
                    SELECT FROM selfhost.program_run AS r
                    WHERE r.program_uuid = step.program_uuid AND r.kind = 'routine'
                      AND r.state IN ('queued', 'running'))
                ON CONFLICT (program_uuid) WHERE kind = 'routine' AND state IN ('queued', 'running')
                DO NOTHING;
            GET DIAGNOSTICS inserted = ROW_COUNT;
            queued := queued + inserted;
        END IF;
        UPDATE selfhost.program_schedule AS s SET due = coalesce(step.next, 'infinity')
            WHERE s.program_uuid = step.program_uuid;
        IF step.passed > inserted THEN
            UPDATE selfhost.program AS p SET missed = p.missed + step.passed - inserted
                WHERE p.uuid = step.program_uuid;
        END IF;
    END LOOP;
    RETURN queued;
END
$$;

-- Calls that nobody has taken in time.
CREATE FUNCTION selfhost._expire_calls() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    expired bigint;
BEGIN
    FOR expired IN
        UPDATE selfhost.program_run AS r SET state = 'expired', finished = clock_timestamp()
            WHERE r.id IN (
                SELECT q.id FROM selfhost.program_run AS q
                WHERE q.state = 'queued' AND q.kind IN ('webhook', 'check')
                  AND q.queued <= clock_timestamp() - selfhost._queue_limit()
                ORDER BY q.kind, q.due, q.id LIMIT selfhost._tick_size() FOR UPDATE SKIP LOCKED)
            RETURNING r.id
    LOOP
        PERFORM selfhost._tell_caller(expired);
    END LOOP;
END
$$;

-- Runs whose lease is over, and those of workers that have been gone for a minute.
CREATE FUNCTION selfhost._lose_overdue() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    patience CONSTANT interval := '60 s'; -- a worker may connect again
BEGIN
    UPDATE selfhost.program_worker AS w
        SET gone = CASE WHEN w.gone IS NULL THEN clock_timestamp() END
        WHERE (w.gone IS NULL) = (NOT selfhost._worker_alive(w));
    PERFORM selfhost._lose_runs(ARRAY(
        SELECT r.id FROM selfhost.program_run AS r
        WHERE r.state = 'running' AND r.lease_until <= clock_timestamp()
        ORDER BY r.lease_until LIMIT selfhost._tick_size()));
    PERFORM selfhost.worker_unregister(w.uuid) FROM selfhost.program_worker AS w
        WHERE w.gone <= clock_timestamp() - patience;
END
$$;

-- Runs that have been over for selfhost.run_retention, and answers that nobody has fetched.
CREATE FUNCTION selfhost._prune_runs() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unfetched CONSTANT interval := '5 min';
    kept      interval := current_setting('selfhost.run_retention')::interval;
BEGIN
    DELETE FROM selfhost.program_run AS r
        WHERE r.id IN (SELECT o.id FROM selfhost.program_run AS o
                       WHERE o.finished < clock_timestamp() - kept
                       ORDER BY o.finished LIMIT selfhost._tick_size() FOR UPDATE SKIP LOCKED);
    DELETE FROM selfhost.program_call AS c
        WHERE c.run_id IN (SELECT r.id FROM selfhost.program_run AS r
                           JOIN selfhost.program_call AS o ON o.run_id = r.id
                           WHERE r.finished < clock_timestamp() - unfetched
                           LIMIT selfhost._tick_size() FOR UPDATE OF r SKIP LOCKED);
END
$$;

-- When something is due next. What is left over from this tick comes with the next one.
CREATE FUNCTION selfhost._next_due(instant timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(s.due, instant) FROM selfhost.program_schedule AS s
            ORDER BY s.due NULLS FIRST LIMIT 1);
END
$$;

-- Does what is due in this domain, a bounded part of it, and returns when to call it again. One at a time:
-- where another is at it, nothing is done. It is called in fresh sessions mostly, where each function and
-- each table that is touched costs more than what it does: so it looks first.
CREATE FUNCTION selfhost.manager_tick() RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    instant timestamptz := clock_timestamp();
    work    record;
    again   timestamptz;
BEGIN
    IF NOT selfhost._lock_manager() THEN
        RETURN instant + '1 s';
    END IF;
    SELECT s.due, r.lease_until, c.queued + selfhost._queue_limit() AS expires INTO work
        FROM (SELECT min(coalesce(p.due, '-infinity')) AS due
              FROM (SELECT p.due FROM selfhost.program_schedule AS p
                    ORDER BY p.due NULLS FIRST LIMIT 1) AS p) AS s,
             (SELECT min(r.lease_until) AS lease_until FROM selfhost.program_run AS r
              WHERE r.state = 'running') AS r,
             (SELECT min(r.queued) AS queued FROM selfhost.program_run AS r
              WHERE r.state = 'queued' AND r.kind IN ('webhook', 'check')) AS c;
    IF work.due <= instant THEN
        IF work.due = '-infinity' THEN
            PERFORM selfhost._plan_new();
        END IF;
        IF selfhost._queue_due(instant) > 0 THEN
            PERFORM pg_notify('selfhost_run', '');
        END IF;
        work.due := selfhost._next_due(instant);
    END IF;
    IF work.expires <= instant THEN
        PERFORM selfhost._expire_calls();
        work.expires := instant + '1 s';
    END IF;
    IF work.lease_until IS NOT NULL THEN
        PERFORM selfhost._lose_overdue();
        work.lease_until := greatest(work.lease_until, instant + '1 s');
    END IF;
    again := least(instant + '60 s', work.due, work.lease_until, work.expires);
    IF selfhost._housekeeping_due() AND selfhost._keep_house() THEN
        PERFORM selfhost._housekeeping_due(again => true);
        again := least(again, instant + '1 s');
    END IF;
    RETURN again;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.manager_tick() TO selfhost_worker;

-- Is it time to keep house? Once a minute, and whenever the last call was with `again`.
CREATE FUNCTION selfhost._housekeeping_due(again boolean DEFAULT false) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sh_housekeeping_due' LANGUAGE C STRICT;

-- What is not urgent, in bounded steps. True: there is more to do. What fails must not
-- keep programs from running: it is told, and left to the next time.
CREATE FUNCTION selfhost._keep_house() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    more boolean := false;
BEGIN
    PERFORM selfhost._prune_runs();
    PERFORM selfhost._lose_overdue();
    BEGIN
        PERFORM selfhost._expire_uploads();
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'selfpmgr: expired uploads: %', SQLERRM;
    END;
    BEGIN
        more := (SELECT r.more FROM selfhost.apply_retention(500) AS r);
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'selfpmgr: retention: %', SQLERRM;
    END;
    BEGIN
        more := (SELECT r.more FROM selfhost.repack_some(500) AS r) OR more;
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'selfpmgr: repack: %', SQLERRM;
    END;
    RETURN more;
END
$$;

-- ---- status ----

CREATE FUNCTION selfhost._manager_status(
    OUT loaded boolean, OUT enabled boolean, OUT launcher_pid integer, OUT ticks bigint,
    OUT last_tick timestamptz, OUT last_ms double precision, OUT failures integer,
    OUT next_tick timestamptz
) AS 'MODULE_PATHNAME', 'sh_manager_status' LANGUAGE C;

-- One row. loaded: the library is preloaded; enabled: selfhost.manager. ticks, failures: since the server
-- has started, and in a row. last_ms includes the start of the process. next_due: of routines.
CREATE VIEW selfhost.manager_status AS
    SELECT s.loaded, s.enabled, s.launcher_pid, s.ticks, s.last_tick, s.last_ms, s.failures, s.next_tick,
           (SELECT min(p.due) FROM selfhost.program_schedule AS p WHERE p.due < 'infinity') AS next_due,
           (SELECT count(*) FROM selfhost.program_run AS r WHERE r.state = 'queued') AS queued,
           (SELECT count(*) FROM selfhost.program_run AS r WHERE r.state = 'running') AS running,
           (SELECT count(*) FROM selfhost.program_worker AS w
            WHERE selfhost._worker_alive(w)) AS workers
    FROM selfhost._manager_status() AS s;

-- A domain is new here: the manager need not wait for its next look at the list of databases.
DO $$
BEGIN
    PERFORM selfhost._wake_manager();
END
$$;
