-- Time series: their description, and the chunk rows that hold their points (see src/store.h).

CREATE SEQUENCE selfhost.timeseries_id_seq AS integer;

CREATE TABLE selfhost.timeseries (
    uuid        uuid PRIMARY KEY DEFAULT selfhost._random_uuid(),
    id          integer NOT NULL UNIQUE DEFAULT nextval('selfhost.timeseries_id_seq'),
    thing_uuid  uuid REFERENCES selfhost.thing ON DELETE SET NULL,
    created_by  uuid REFERENCES selfhost.user_account ON DELETE SET NULL,
    name        text NOT NULL,
    si_unit     text NOT NULL,
    lower_bound double precision,
    upper_bound double precision,
    tags        text[] NOT NULL DEFAULT '{}',
    retention   interval CHECK (retention > '0')  -- how long points are kept; NULL: as the domain does
);


-- Chunk rows: points of one series from t0 on, at most 4096 of them in at most 1960 bytes, so that
-- a row is never compressed nor moved out of line. tail holds the growing end of each series, chunk
-- the sealed rows, written once when a full row has gathered. No foreign key: the direct write path
-- would not check it, and the deletion of a series deletes its rows by a trigger. Only the key is
-- indexed, so that updates stay HOT.
CREATE TABLE selfhost.tail (
    series integer     NOT NULL,
    t0     timestamptz NOT NULL,
    t1     timestamptz NOT NULL,
    n      integer     NOT NULL,
    data   bytea       NOT NULL,
    PRIMARY KEY (series, t0)
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.5,
    autovacuum_vacuum_cost_delay = 0
);

-- Rows of chunk are frozen by the first vacuum that sees them, so that their pages are written once.
CREATE TABLE selfhost.chunk (
    series integer     NOT NULL,
    t0     timestamptz NOT NULL,
    t1     timestamptz NOT NULL,
    n      integer     NOT NULL,
    data   bytea       NOT NULL,
    PRIMARY KEY (series, t0)
) WITH (
    fillfactor = 100,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.5,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_freeze_min_age = 0
);

ALTER TABLE selfhost.tail ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE selfhost.chunk ALTER COLUMN data SET STORAGE EXTERNAL;

-- Vacuum soon after inserts, too, so that freezing and the visibility map keep up (from 13 on; in
-- PostgreSQL 12 the housekeeping has to vacuum).
DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 130000 THEN
        ALTER TABLE selfhost.chunk SET (autovacuum_vacuum_insert_scale_factor = 0.05);
    END IF;
END
$$;

