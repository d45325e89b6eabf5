

-- What is wrong with a URI; NULL: nothing. It is stricter than libpq where libpq would take a part of a
-- password for something else: mask_uri() relies on it. A fault never quotes the URI.
CREATE FUNCTION selfhost_primus._uri_fault(uri text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    rest text;
    authority text;
BEGIN
    IF uri IS NULL OR uri = '' THEN
        RETURN 'must not be empty';
    ELSIF octet_length(uri) > 4096 THEN
        RETURN 'must have at most 4096 bytes';
    ELSIF uri ~ '[\x01-\x1f\x7f]' THEN
        RETURN 'must not have control characters';
    ELSIF uri ~ '^postgres(ql)?://' THEN
        rest := substring(uri FROM '^[a-z]+://(.*)$');
        authority := substring(rest FROM '^[^/]*');
        IF length(authority) - length(replace(authority, '@', '')) > 1
           OR split_part(substr(rest, length(authority) + 1), '?', 1) LIKE '%@%' THEN
            RETURN 'within the user, password and database, @ must be written as %40 and / as %2F';
        END IF;
    ELSIF uri !~ $re$^([a-z_]+=('([^'\\]|\\.)*'|([^\s'\\]|\\.)([^\s\\]|\\.)*)( +|$))+$$re$ THEN
        RETURN 'must be postgresql://... or keyword=value pairs without blanks around the =';
    END IF;
    RETURN NULL;
END
$body$;

-- The value of a connection parameter as it may be shown. Only what is known to be harmless is.
CREATE FUNCTION selfhost_primus._mask_parameter(parameter text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    keyword text := split_part(parameter, '=', 1);
BEGIN
    IF parameter !~ '=' THEN
        RETURN '***';
    ELSIF keyword IN ('host', 'hostaddr', 'port', 'dbname', 'user', 'passfile', 'service', 'application_name',
                      'client_encoding', 'connect_timeout', 'target_session_attrs', 'load_balance_hosts', 'sslmode',
                      'sslrootcert', 'sslcert', 'sslkey', 'gssencmode', 'channel_binding', 'keepalives',
                      'keepalives_idle', 'keepalives_interval', 'keepalives_count', 'tcp_user_timeout') THEN
        -- A value may be a connection string itself.
        RETURN CASE WHEN substr(parameter, length(keyword) + 2) ~ '=|:.*@' THEN keyword || '=***' ELSE parameter END;
    ELSIF keyword IN ('password', 'sslpassword', 'options') THEN
        RETURN keyword || '=***';
    END IF;
    RETURN '***';
END
$$;

-- A URI with *** for the password and for every parameter that could hold a secret.
CREATE FUNCTION selfhost_primus.mask_uri(uri text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    masked text;
    start int;
BEGIN
    IF uri IS NULL THEN
        RETURN NULL;
    ELSIF selfhost_primus._uri_fault(uri) IS NOT NULL THEN
        RETURN '***';
    ELSIF uri ~ '^postgres(ql)?://' THEN
        masked := regexp_replace(uri, '^([a-z]+://[^:@/]*):[^/]*@', '\1:***@');
        start := strpos(masked, '?');
        IF start = 0 THEN
            RETURN masked;
        END IF;
        RETURN left(masked, start) || (
            SELECT string_agg(selfhost_primus._mask_parameter(p), '&' ORDER BY n)
            FROM unnest(string_to_array(substr(masked, start + 1), '&')) WITH ORDINALITY AS u (p, n));
    END IF;
    RETURN (
        SELECT string_agg(selfhost_primus._mask_parameter(m[1]), ' ' ORDER BY n)
        FROM regexp_matches(uri, $re$([a-z_]+=(?:'(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*))(?: +|$)$re$, 'g')
             WITH ORDINALITY AS r (m, n));
END
$$;
