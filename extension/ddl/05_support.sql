-- What the tables need before anything else.

-- A uuid of version 4 (gen_random_uuid() is not there before PostgreSQL 13).
CREATE FUNCTION selfhost._random_uuid() RETURNS uuid
    AS 'MODULE_PATHNAME', 'sh_random_uuid' LANGUAGE C;

-- "secret-token." and 32 random letters and digits, 190 bits.
CREATE FUNCTION selfhost._random_secret() RETURNS text
    AS 'MODULE_PATHNAME', 'sh_random_secret' LANGUAGE C;

