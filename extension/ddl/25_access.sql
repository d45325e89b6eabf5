-- Who is acting, and what he may do (src/identity.c, src/access.c). In C by access routines, without
-- SQL: neither SECURITY DEFINER nor SET is needed.

-- What authenticate() returns. A type, and not columns of the function: the executor would put a descriptor
-- of those together for each statement.
CREATE TYPE selfhost.authenticated AS (user_uuid uuid, token_uuid uuid, rate double precision);

-- Sets the acting user of this statement: SELECT selfhost.operation(...) FROM
-- selfhost.authenticate(...). digest: SHA-256 of the token. No row if the token is not good. rate: the
-- user's requests per hour, NULL: the default. Not STRICT: whatever it is called with, it clears the
-- user first.
CREATE FUNCTION selfhost.authenticate(digest bytea) RETURNS SETOF selfhost.authenticated
    AS 'MODULE_PATHNAME', 'sh_authenticate' LANGUAGE C ROWS 1;
GRANT EXECUTE ON FUNCTION selfhost.authenticate(bytea) TO selfhost_gateway;

-- The same for a run of a program that is running under this worker: what it may do is what the owner of
-- the program and the signer of the revision both may; what it creates is the owner's. No row when it is
-- not running there any more, or one of the two is gone or not active.
CREATE FUNCTION selfhost.authenticate_run(worker uuid, run_id bigint)
    RETURNS TABLE (owner uuid, signer uuid)
    AS 'MODULE_PATHNAME', 'sh_authenticate_run' LANGUAGE C ROWS 1;
GRANT EXECUTE ON FUNCTION selfhost.authenticate_run(uuid, bigint) TO selfhost_worker;

-- The user of the token acts in this session until logout(), RESET ALL or DISCARD ALL.
CREATE FUNCTION selfhost.login(token text) RETURNS void
    AS 'MODULE_PATHNAME', 'sh_login' LANGUAGE C;
CREATE FUNCTION selfhost.logout() RETURNS void
    AS 'MODULE_PATHNAME', 'sh_logout' LANGUAGE C;
GRANT EXECUTE ON FUNCTION selfhost.login(text), selfhost.logout() TO selfhost_sql;

-- Fails with 42501 unless the acting user has the right. owner: the creator of the object that the
-- resource names or lies below.
CREATE FUNCTION selfhost._require(action text, resource text, owner uuid DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'sh_require' LANGUAGE C;

-- The same as an answer, for filters.
CREATE FUNCTION selfhost._allowed(action text, resource text, owner uuid DEFAULT NULL)
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'sh_allowed' LANGUAGE C STABLE;

-- NULL: the owner of the extension, without limits. Fails with 28000 when nobody is acting.
CREATE FUNCTION selfhost._acting_user() RETURNS uuid
    AS 'MODULE_PATHNAME', 'sh_acting_user' LANGUAGE C STABLE;

-- Has the acting user the right to every resource that the pattern matches? False when in doubt.
CREATE FUNCTION selfhost._holds_pattern(action text, pattern text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sh_holds_pattern' LANGUAGE C;

-- _allowed() of any user, whoever acts: to tell, not to decide.
CREATE FUNCTION selfhost._user_allowed(action text, resource text, owner uuid, user_uuid uuid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sh_user_allowed' LANGUAGE C;
-- The creator of the object that the resource names or lies below; NULL: none, or there is no such object.
CREATE FUNCTION selfhost._creator_of(resource text) RETURNS uuid
    AS 'MODULE_PATHNAME', 'sh_creator_of' LANGUAGE C STRICT;

-- Patterns of policies (src/like.c). Not valid is one that ends in a lone backslash; covers: matches
-- whatever the other matches (false when in doubt); meets: there is a text that both match.
CREATE FUNCTION selfhost._pattern_valid(pattern text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sh_pattern_valid' LANGUAGE C STRICT IMMUTABLE;
CREATE FUNCTION selfhost._pattern_matches(pattern text, resource text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sh_pattern_matches' LANGUAGE C STRICT IMMUTABLE;
CREATE FUNCTION selfhost._pattern_covers(pattern text, other text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sh_pattern_covers' LANGUAGE C STRICT IMMUTABLE;
CREATE FUNCTION selfhost._pattern_meets(pattern text, other text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'sh_pattern_meets' LANGUAGE C STRICT IMMUTABLE;

-- What the gateway calls once a minute with the tokens that it has seen.
CREATE FUNCTION selfhost.record_token_use(tokens uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- In order, so that two of them do not wait for each other; a token may be gone meanwhile.
    INSERT INTO selfhost.token_use AS u (token_uuid, last_used)
        SELECT t.uuid, pg_catalog.now()
        FROM (SELECT k.uuid FROM selfhost.token AS k WHERE k.uuid = ANY (tokens)
              ORDER BY k.uuid FOR KEY SHARE) AS t
        ON CONFLICT (token_uuid) DO UPDATE SET last_used = excluded.last_used
            WHERE u.last_used < excluded.last_used;
END
$$;
GRANT EXECUTE ON FUNCTION selfhost.record_token_use(uuid[]) TO selfhost_gateway;

