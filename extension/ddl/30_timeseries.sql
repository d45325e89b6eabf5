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
    tags        text[] NOT NULL DEFAULT '{}'
);

