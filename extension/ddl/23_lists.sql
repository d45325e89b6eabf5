-- What the lists share. A list reads one row more than its page has, so as to know whether more exist.

-- "&name=value" for each of the values, percent-encoded; NULL ones are left out.
CREATE FUNCTION selfhost._query(name text, "values" text[]) RETURNS text
    AS 'MODULE_PATHNAME', 'sh_query' LANGUAGE C IMMUTABLE;

-- The answer of a list: resource and query (without limit, offset and count) make the link to the next
-- page. limit: NULL is all. total: NULL where nobody has asked for it. rows: cut to the limit.
CREATE FUNCTION selfhost._list_answer(
    resource text, query text, "limit" integer, "offset" integer, total bigint, "rows" json[]
) RETURNS selfhost.http_response
    AS 'MODULE_PATHNAME', 'sh_list_answer' LANGUAGE C IMMUTABLE;
