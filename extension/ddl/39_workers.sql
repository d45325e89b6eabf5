
-- Who runs programs. A worker is alive while the session in which it listens exists, so that nothing has
-- to tell so from time to time, and its death is seen at once.

-- gone: since when the manager has missed it.
CREATE TABLE selfhost.program_worker (
    uuid          uuid PRIMARY KEY,
    name          text NOT NULL,
    languages     text[] NOT NULL,
    slots         integer NOT NULL,
    pid           integer NOT NULL,
    backend_start timestamptz,
    since         timestamptz NOT NULL DEFAULT clock_timestamp(),
    gone          timestamptz
);

-- An owner who may not see others' sessions sees no backend_start, but still that the process is there.
CREATE FUNCTION selfhost._worker_alive(worker selfhost.program_worker) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_stat_get_activity(worker.pid) AS a
        WHERE a.datid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
          AND coalesce(a.backend_start = worker.backend_start, true));
END
$$;
