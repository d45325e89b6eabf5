

CREATE TABLE selfhost_primus.domain (
    name text COLLATE "C" PRIMARY KEY, -- as clients give it: HTTP user name
    uri text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    comment text NOT NULL DEFAULT '',
    created timestamptz NOT NULL DEFAULT now(),
    updated timestamptz NOT NULL DEFAULT now()
);

-- Checks are here and not constraints of the table: the error of a constraint shows the whole row, with
-- the password in the URI, to the client and to the server's log.
CREATE FUNCTION selfhost_primus._check_domain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    fault text;
BEGIN
    NEW.name := lower(NEW.name COLLATE "C");
    IF coalesce(NEW.name !~ '^[a-z0-9][a-z0-9._-]{0,62}$', true) THEN
        RAISE EXCEPTION USING ERRCODE = '22023', SCHEMA = 'selfhost_primus',
            MESSAGE = 'name: must have 1 to 63 letters a-z, digits, dots, dashes and underscores, and begin with a letter or digit';
    END IF;
    fault := selfhost_primus._uri_fault(NEW.uri);
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', SCHEMA = 'selfhost_primus', MESSAGE = 'uri: ' || fault;
    END IF;
    IF NEW.enabled IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', SCHEMA = 'selfhost_primus', MESSAGE = 'enabled: must not be null';
    END IF;
    NEW.comment := coalesce(NEW.comment, '');
    IF length(NEW.comment) > 1000 THEN
        RAISE EXCEPTION USING ERRCODE = '22023', SCHEMA = 'selfhost_primus', MESSAGE = 'comment: must have at most 1000 characters';
    END IF;
    NEW.created := coalesce(NEW.created, now());
    NEW.updated := coalesce(NEW.updated, now());
    IF TG_OP = 'UPDATE' THEN
        NEW.updated := CASE WHEN NEW.* IS DISTINCT FROM OLD.* THEN now() ELSE OLD.updated END;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER check_domain BEFORE INSERT OR UPDATE ON selfhost_primus.domain
    FOR EACH ROW EXECUTE FUNCTION selfhost_primus._check_domain();

-- Tells those who listen that they should read again; the payload is empty, so that one transaction
-- notifies once and nothing secret travels. An operator's own table can have this trigger, too; the
-- channel is its argument.
CREATE FUNCTION selfhost_primus.notify_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify(coalesce(TG_ARGV[0], 'selfhost_primus'), '');
    RETURN NULL;
END
$$;

CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON selfhost_primus.domain
    FOR EACH STATEMENT EXECUTE FUNCTION selfhost_primus.notify_change('selfhost_primus');

-- For people: all domains, without secrets.
CREATE VIEW selfhost_primus.domains AS
    SELECT name, selfhost_primus.mask_uri(uri) AS uri, enabled, comment, created, updated FROM selfhost_primus.domain;
