-- Looking after the rows of points (src/maintenance.c), for the owner of the extension and for the
-- housekeeping, which runs as him. Granted to nobody else.

-- What is wrong with the rows of points of one series, or of all: a row for each fault, and a notice that
-- tells how much was looked at. Reads only. series: NULL when there is none for the row.
CREATE FUNCTION selfhost.check_chunks(uuid uuid DEFAULT NULL)
    RETURNS TABLE (series uuid, t0 timestamptz, relation text, reason text)
    AS 'MODULE_PATHNAME', 'sh_check_chunks' LANGUAGE C;

-- What repack_some() should look at: for each series the span of t0 of sealed rows that writers have left
-- under-filled (src/store_todo.c).
CREATE TABLE selfhost.repack_todo (
    series  integer PRIMARY KEY,
    from_t0 timestamptz NOT NULL,
    to_t0   timestamptz NOT NULL
) WITH (fillfactor = 70);

-- Packs under-filled sealed rows of a series together, and writes rows of an older format anew. Reads about
-- max_rows rows at most (at least 32): go on with `next` in another transaction until it is NULL.
-- rewritten rows have become written ones. after: begin with the row that holds it; NULL: with the first.
CREATE FUNCTION selfhost.repack(
    uuid uuid, after timestamptz DEFAULT NULL, max_rows integer DEFAULT 1000,
    OUT rewritten integer, OUT written integer, OUT next timestamptz
) AS 'MODULE_PATHNAME', 'sh_repack' LANGUAGE C;

-- The same for what is noted of some series in repack_todo, from a random one on. Series that somebody
-- writes to are passed over. budget: about how many rows are read. more: call again.
CREATE FUNCTION selfhost.repack_some(
    budget integer DEFAULT 1000,
    OUT series integer, OUT rewritten integer, OUT written integer, OUT more boolean
) AS 'MODULE_PATHNAME', 'sh_repack_some' LANGUAGE C;
