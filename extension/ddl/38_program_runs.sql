
-- Runs of programs. The database is the broker between those who want a program to run (its schedule, the
-- callers of its webhook, who uploads code to be checked) and the workers.

-- In the order in which workers take them.
CREATE TYPE selfhost.run_kind AS ENUM ('webhook', 'check', 'routine');

-- queued -> running -> succeeded, failed, timeout; lost: the worker that had it is gone. expired: nobody
-- has taken it in time. cancelled: the program, or the revision, was not to run any more.
CREATE TYPE selfhost.run_state AS ENUM (
    'queued', 'running', 'succeeded', 'failed', 'timeout', 'lost', 'expired', 'cancelled');

-- The first eight columns are read by src/identity.c: their order is known there.
-- owner, signer: whose rights the run has, both at once; set when it is taken. No foreign keys: they are
-- looked for when they are needed. due: of a routine, as its schedule has it; else when it was queued.
CREATE TABLE selfhost.program_run (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    program_uuid uuid NOT NULL REFERENCES selfhost.program ON DELETE CASCADE,
    kind         selfhost.run_kind NOT NULL,
    state        selfhost.run_state NOT NULL DEFAULT 'queued',
    worker       uuid,
    owner        uuid,
    signer       uuid,
    lease_until  timestamptz,
    worker_name  text,
    revision     integer,
    due          timestamptz NOT NULL,
    queued       timestamptz NOT NULL DEFAULT clock_timestamp(),
    started      timestamptz,
    finished     timestamptz,
    deadline     integer NOT NULL, -- in milliseconds
    error        text,
    log          text
);

-- Lists are read by this one, backwards.
CREATE INDEX program_run_program_uuid ON selfhost.program_run (program_uuid, id);
CREATE INDEX program_run_queued ON selfhost.program_run (kind, due, id) WHERE state = 'queued';
CREATE INDEX program_run_running ON selfhost.program_run (lease_until) WHERE state = 'running';
CREATE INDEX program_run_finished ON selfhost.program_run (finished) WHERE finished IS NOT NULL;
-- One run of a routine at a time.
CREATE UNIQUE INDEX program_run_alone ON selfhost.program_run (program_uuid)
    WHERE kind = 'routine' AND state IN ('queued', 'running');

-- The request of a run that somebody waits for, and its answer; gone when he has fetched it. body: of the
-- request; of a check, the code. headers: "Name: value".
CREATE TABLE selfhost.program_call (
    run_id       bigint PRIMARY KEY REFERENCES selfhost.program_run ON DELETE CASCADE,
    asked_by     uuid, -- NULL: the owner of the extension
    request      jsonb,
    body         bytea,
    status       integer,
    content_type text,
    headers      text[],
    answer       bytea
);
ALTER TABLE selfhost.program_call ALTER COLUMN answer SET STORAGE EXTERNAL;

-- A row for each routine that is active and has a signed revision. due: when it is due next, 'infinity':
-- never, NULL: the manager has not worked it out yet; it does so because only its session has the time
-- zone of the database. schedule: what due was made of. since: from when on it counts.
CREATE TABLE selfhost.program_schedule (
    program_uuid uuid PRIMARY KEY REFERENCES selfhost.program ON DELETE CASCADE,
    schedule     text NOT NULL,
    since        timestamptz NOT NULL DEFAULT clock_timestamp(),
    due          timestamptz
);
CREATE INDEX program_schedule_due ON selfhost.program_schedule (due NULLS FIRST);
