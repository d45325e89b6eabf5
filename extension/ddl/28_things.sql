-- Things: what the world consists of for a domain, to which time series belong.

CREATE TABLE selfhost.thing (
    uuid       uuid PRIMARY KEY DEFAULT selfhost._random_uuid(),
    name       text COLLATE "C" NOT NULL,
    type       text,
    state      selfhost.thing_state NOT NULL DEFAULT 'inactive',
    created_by uuid REFERENCES selfhost.user_account ON DELETE SET NULL,
    tags       text[] NOT NULL DEFAULT '{}'
);

-- Lists are read in this order.
CREATE INDEX thing_name ON selfhost.thing (name, uuid);
CREATE INDEX thing_tags ON selfhost.thing USING gin (tags) WITH (fastupdate = off);
CREATE INDEX thing_created_by ON selfhost.thing (created_by);
