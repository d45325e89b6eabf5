

-- The owner gives the rest away by name, if he likes.
REVOKE ALL ON ALL ROUTINES IN SCHEMA selfhost_primus FROM PUBLIC;
GRANT EXECUTE ON FUNCTION selfhost_primus.read_domains(), selfhost_primus.mask_uri(text) TO selfhost_primus_reader;
GRANT SELECT ON selfhost_primus.domains TO selfhost_primus_reader;

-- A dump has the domains; the script itself inserts none.
SELECT pg_catalog.pg_extension_config_dump('selfhost_primus.domain', '');
