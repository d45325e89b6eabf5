-- Looking after the rows of points (src/maintenance.c), for the owner of the extension and for the
-- housekeeping, which runs as him. Granted to nobody else.

-- What is wrong with the rows of points of one series, or of all: a row for each fault, and a notice that
-- tells how much was looked at. Reads only. series: NULL when there is none for the row.
CREATE FUNCTION selfhost.check_chunks(uuid uuid DEFAULT NULL)
    RETURNS TABLE (series uuid, t0 timestamptz, relation text, reason text)
    AS 'MODULE_PATHNAME', 'sh_check_chunks' LANGUAGE C;
