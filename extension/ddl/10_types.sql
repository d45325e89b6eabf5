-- Types. The order of the values of an enum is its sort order.

CREATE TYPE selfhost.account_state AS ENUM ('active', 'inactive', 'archived');
CREATE TYPE selfhost.thing_state AS ENUM ('active', 'inactive', 'passive', 'archived');
CREATE TYPE selfhost.policy_effect AS ENUM ('allow', 'deny');
CREATE TYPE selfhost.policy_action AS ENUM ('create', 'read', 'update', 'delete');

-- The answer of an operation whose status, media type or headers vary. As SETOF: the first row is
-- the head and the first piece of the body; of each further row only the body counts.
-- headers: each element is one header line, "Name: value". body: NULL means no body.
CREATE TYPE selfhost.http_response AS (
    status       integer,
    content_type text,
    headers      text[],
    body         bytea
);

