-- Reading points (src/tsdata_read.c). In C by access routines, without SQL: neither SECURITY DEFINER
-- nor SET is needed. accept: the request's Accept header; text/csv gives CSV.

CREATE FUNCTION selfhost.get_timeseries_data(
    uuid uuid, "start" timestamptz, "end" timestamptz, unit text DEFAULT NULL,
    ge double precision DEFAULT NULL, le double precision DEFAULT NULL,
    "precision" text DEFAULT NULL, aggregate text DEFAULT NULL, timezone text DEFAULT NULL,
    accept text DEFAULT NULL
) RETURNS SETOF selfhost.http_response
    AS 'MODULE_PATHNAME', 'sh_get_timeseries_data' LANGUAGE C ROWS 32;
GRANT EXECUTE ON FUNCTION
    selfhost.get_timeseries_data(uuid, timestamptz, timestamptz, text, double precision,
        double precision, text, text, text, text)
    TO selfhost_gateway, selfhost_sql;

CREATE FUNCTION selfhost.query_timeseries(
    uuids uuid[], "start" timestamptz, "end" timestamptz, unit text DEFAULT NULL,
    ge double precision DEFAULT NULL, le double precision DEFAULT NULL,
    "precision" text DEFAULT NULL, aggregate text DEFAULT NULL, timezone text DEFAULT NULL,
    accept text DEFAULT NULL
) RETURNS SETOF selfhost.http_response
    AS 'MODULE_PATHNAME', 'sh_query_timeseries' LANGUAGE C ROWS 32;
GRANT EXECUTE ON FUNCTION
    selfhost.query_timeseries(uuid[], timestamptz, timestamptz, text, double precision,
        double precision, text, text, text, text)
    TO selfhost_gateway, selfhost_sql;

