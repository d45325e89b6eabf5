-- Points as a relation: SELECT, INSERT, COPY ... FROM and DELETE. Conditions on ts_uuid and ts reach
-- the chunk scan; rights are checked for each series (see src/fdw_scan.c).

CREATE FUNCTION selfhost.tsdata_handler() RETURNS fdw_handler
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT;

CREATE FOREIGN DATA WRAPPER selfhost_points HANDLER selfhost.tsdata_handler;
CREATE SERVER selfhost_points FOREIGN DATA WRAPPER selfhost_points;

CREATE FOREIGN TABLE selfhost.tsdata (
    ts_uuid uuid NOT NULL,
    ts      timestamptz NOT NULL,
    value   double precision NOT NULL
) SERVER selfhost_points;

COMMENT ON FOREIGN TABLE selfhost.tsdata IS
    'points of all time series; conditions on ts_uuid and ts are fast';

GRANT SELECT, INSERT, DELETE ON selfhost.tsdata TO selfhost_sql;

