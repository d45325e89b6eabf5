
-- Writing points (src/tsdata_write.c), and the description of one series (src/api_series.c). In C by
-- access routines, without SQL: neither SECURITY DEFINER nor SET is needed.

CREATE FUNCTION selfhost.get_timeseries(uuid uuid) RETURNS json
    AS 'MODULE_PATHNAME', 'sh_get_timeseries' LANGUAGE C;
GRANT EXECUTE ON FUNCTION selfhost.get_timeseries(uuid) TO selfhost_gateway, selfhost_sql;

-- conflict: error (default), skip or replace points whose timestamp is stored or stands twice.
-- content_type: of the body; text/csv, else it is JSON.
CREATE FUNCTION selfhost.add_timeseries_data(
    uuid uuid, unit text DEFAULT NULL, conflict text DEFAULT NULL, body bytea DEFAULT NULL,
    content_type text DEFAULT NULL
) RETURNS selfhost.http_response
    AS 'MODULE_PATHNAME', 'sh_add_timeseries_data' LANGUAGE C;
GRANT EXECUTE ON FUNCTION selfhost.add_timeseries_data(uuid, text, text, bytea, text)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.add_points(
    unit text DEFAULT NULL, conflict text DEFAULT NULL, body bytea DEFAULT NULL,
    content_type text DEFAULT NULL
) RETURNS selfhost.http_response
    AS 'MODULE_PATHNAME', 'sh_add_points' LANGUAGE C;
GRANT EXECUTE ON FUNCTION selfhost.add_points(text, text, bytea, text)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.delete_timeseries_data(
    uuid uuid, "start" timestamptz, "end" timestamptz,
    ge double precision DEFAULT NULL, le double precision DEFAULT NULL
) RETURNS void
    AS 'MODULE_PATHNAME', 'sh_delete_timeseries_data' LANGUAGE C;
GRANT EXECUTE ON FUNCTION
    selfhost.delete_timeseries_data(uuid, timestamptz, timestamptz, double precision, double precision)
    TO selfhost_gateway, selfhost_sql;

-- Points as they were stored elsewhere: 16 bytes each, a timestamptz and a double precision as their binary
-- formats have them. Timestamps that have a point are passed over, and bounds do not count: they may be
-- younger than the points. Returns how many were new.
CREATE FUNCTION selfhost._restore_points(uuid uuid, points bytea) RETURNS bigint
    AS 'MODULE_PATHNAME', 'sh_restore_points' LANGUAGE C STRICT;

-- Takes the transaction lock of the writers of a series. NULL: there is no such series.
CREATE FUNCTION selfhost._lock_series(uuid) RETURNS integer
    AS 'MODULE_PATHNAME', 'sh_lock_series' LANGUAGE C;

-- Deletes all points of a series; _lock_series() must have been called.
CREATE FUNCTION selfhost._drop_points(id integer) RETURNS void
    AS 'MODULE_PATHNAME', 'sh_drop_points' LANGUAGE C;

-- All points of a series, whoever asks: for checks.
CREATE FUNCTION selfhost._points(uuid) RETURNS TABLE (ts timestamptz, value double precision)
    AS 'MODULE_PATHNAME', 'sh_points' LANGUAGE C;

CREATE FUNCTION selfhost._timeseries_before_delete() RETURNS trigger
    AS 'MODULE_PATHNAME', 'sh_timeseries_before_delete' LANGUAGE C;

-- The points of a series go with it, whichever statement deletes it. Not ENABLE ALWAYS: a subscriber
-- gets the deletions of the rows of points as they were made.
CREATE TRIGGER timeseries_before_delete BEFORE DELETE ON selfhost.timeseries
    FOR EACH ROW EXECUTE FUNCTION selfhost._timeseries_before_delete();
