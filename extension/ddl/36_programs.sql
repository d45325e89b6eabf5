-- Programs and the revisions of their code.

CREATE TYPE selfhost.program_type AS ENUM ('module', 'routine', 'webhook');
CREATE TYPE selfhost.program_state AS ENUM ('active', 'inactive', 'failed');
CREATE TYPE selfhost.program_language AS ENUM ('tengo', 'lua');

-- deadline: in milliseconds. next_revision: the number that the next revision gets; uploads wait for
-- each other at it, and no number comes again. failures: runs that have failed since the last that did
-- not. missed: how often it was due and did not run, since nobody was there to see it or its last run was
-- not over.
CREATE TABLE selfhost.program (
    uuid          uuid PRIMARY KEY DEFAULT selfhost._random_uuid(),
    name          text COLLATE "C" NOT NULL,
    type          selfhost.program_type NOT NULL,
    state         selfhost.program_state NOT NULL DEFAULT 'inactive',
    schedule      text NOT NULL,
    deadline      integer NOT NULL CHECK (deadline BETWEEN 1 AND 3600000),
    language      selfhost.program_language NOT NULL,
    tags          text[] NOT NULL DEFAULT '{}',
    created_by    uuid REFERENCES selfhost.user_account ON DELETE SET NULL,
    next_revision integer NOT NULL DEFAULT 0,
    failures      integer NOT NULL DEFAULT 0,
    missed        bigint NOT NULL DEFAULT 0
);

-- Lists are read in this order.
CREATE INDEX program_name ON selfhost.program (name, uuid);
CREATE INDEX program_tags ON selfhost.program USING gin (tags) WITH (fastupdate = off);
CREATE INDEX program_created_by ON selfhost.program (created_by);

-- checksum: SHA-256. A signed revision that is deleted loses its code, and its row stays to tell who
-- signed what; one that was never signed leaves nothing.
CREATE TABLE selfhost.program_revision (
    program_uuid uuid REFERENCES selfhost.program ON DELETE CASCADE,
    revision     integer,
    created      timestamptz NOT NULL DEFAULT now(),
    created_by   uuid REFERENCES selfhost.user_account ON DELETE SET NULL,
    signed       timestamptz,
    signed_by    uuid REFERENCES selfhost.user_account ON DELETE SET NULL,
    checksum     bytea NOT NULL,
    code         bytea,
    deleted      timestamptz,
    deleted_by   uuid REFERENCES selfhost.user_account ON DELETE SET NULL,
    PRIMARY KEY (program_uuid, revision),
    CHECK ((code IS NULL) = (deleted IS NOT NULL)),
    CHECK (code IS NOT NULL OR signed IS NOT NULL)
);

CREATE INDEX program_revision_created_by ON selfhost.program_revision (created_by);
CREATE INDEX program_revision_signed_by ON selfhost.program_revision (signed_by);
CREATE INDEX program_revision_deleted_by ON selfhost.program_revision (deleted_by);
