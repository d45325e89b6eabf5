-- Rules for every object of the extension, so that a new one cannot forget them. Each query returns
-- what breaks a rule: nothing.
\set VERBOSITY terse

CREATE TEMPORARY VIEW ours AS
    SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'selfhost';
CREATE TEMPORARY VIEW routine AS
    SELECT p.*, l.lanname, p.oid::regprocedure::text AS signature,
           p.prorettype IN ('trigger'::regtype, 'fdw_handler'::regtype) AS internal_type
    FROM ours JOIN pg_proc p ON p.oid = ours.objid AND ours.classid = 'pg_proc'::regclass
    JOIN pg_language l ON l.oid = p.prolang;
CREATE TEMPORARY VIEW granted AS
    SELECT r.signature, r.proname, a.grantee, a.privilege_type
    FROM routine r, aclexplode(coalesce(r.proacl, acldefault('f', r.proowner))) a WHERE a.grantee <> r.proowner;
SELECT count(*) > 20 AS routines FROM routine;

-- Operations are in C or plpgsql.
SELECT signature, lanname FROM routine WHERE lanname NOT IN ('c', 'plpgsql');
-- What runs SQL runs as the owner, with its own search path.
SELECT signature FROM routine WHERE lanname = 'plpgsql'
    AND (NOT prosecdef OR proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog, pg_temp'] );
-- C functions that run SQL have both, the others neither: never one without the other.
SELECT signature FROM routine WHERE prosecdef <> (proconfig IS NOT NULL AND 'search_path=pg_catalog, pg_temp' = ANY (proconfig));
-- Never in a parallel worker, where nobody acts, unless they are plain computations.
SELECT signature FROM routine WHERE proparallel <> 'u' AND provolatile <> 'i';
-- Never folded while planning, but for internal computations.
SELECT signature FROM routine WHERE provolatile = 'i' AND proname NOT LIKE '\_%';
SELECT signature FROM routine WHERE proleakproof;

-- Nobody but by name.
SELECT signature FROM granted WHERE grantee = 0;
SELECT signature, grantee::regrole FROM granted
    WHERE grantee NOT IN ('selfhost_gateway'::regrole, 'selfhost_sql'::regrole, 'selfhost_worker'::regrole);
-- What workers may call, themselves and for the programs that they run.
SELECT string_agg(proname, ' ' ORDER BY proname COLLATE "C") FROM granted WHERE grantee = 'selfhost_worker'::regrole;
-- Of operations, what SQL users may call, too; nobody else calls what is the workers' own.
SELECT g.signature FROM granted g WHERE g.grantee = 'selfhost_worker'::regrole
    AND (g.proname ~ '^(worker_|manager_|authenticate_run)') = EXISTS (
        SELECT FROM granted o WHERE o.signature = g.signature AND o.grantee <> 'selfhost_worker'::regrole);
-- Internal functions for nobody.
SELECT signature, grantee::regrole FROM granted WHERE proname LIKE '\_%';
-- Every other function is an operation, and somebody's, but for those that the owner calls himself.
SELECT signature FROM routine r WHERE NOT internal_type AND proname NOT LIKE '\_%'
    AND NOT EXISTS (SELECT FROM granted g WHERE g.signature = r.signature)
    AND proname NOT IN ('init', 'reset_root_token', 'explain_access', 'expire_dataset_uploads',
                        'check_chunks', 'repack', 'repack_some', 'apply_retention');
SELECT signature, grantee::regrole FROM granted WHERE proname IN ('init', 'reset_root_token', 'explain_access', 'expire_dataset_uploads',
    'check_chunks', 'repack', 'repack_some', 'apply_retention');
-- Identities: the gateway has no session's, SQL users have no statement's.
SELECT proname, grantee::regrole FROM granted
    WHERE proname IN ('authenticate', 'authenticate_run', 'login', 'logout', 'record_token_use') ORDER BY 1, 2;

-- Relations: nothing for the gateway. SQL users may use views and foreign tables, and select from
-- tables under row-level security, but from none that has to do with tokens; sequences never.
SELECT c.oid::regclass, a.grantee::regrole, a.privilege_type
    FROM ours JOIN pg_class c ON c.oid = ours.objid AND ours.classid = 'pg_class'::regclass, aclexplode(c.relacl) a
    WHERE a.grantee <> c.relowner AND NOT (a.grantee = 'selfhost_sql'::regrole
        AND (c.relkind IN ('v', 'f') OR c.relkind = 'r' AND a.privilege_type = 'SELECT' AND c.relrowsecurity
             AND EXISTS (SELECT FROM pg_policy y WHERE y.polrelid = c.oid) AND c.relname NOT LIKE 'token%'));
SELECT c.oid::regclass, attname FROM ours JOIN pg_attribute ON attrelid = ours.objid AND ours.classid = 'pg_class'::regclass
    JOIN pg_class c ON c.oid = attrelid WHERE attacl IS NOT NULL;
SELECT a.grantee::regrole, a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a
    WHERE n.nspname = 'selfhost' AND a.grantee <> n.nspowner ORDER BY 1, 2;

-- Every table and sequence is dumped with its rows.
SELECT c.oid::regclass FROM ours JOIN pg_class c ON c.oid = ours.objid AND ours.classid = 'pg_class'::regclass
    WHERE c.relkind IN ('r', 'S') AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'selfhost' AND c.oid = ANY (e.extconfig));
-- The triggers that drop caches fire wherever a change is applied, for rows.
SELECT t.relname FROM unnest(ARRAY['user_account', 'token', 'membership', 'policy', 'role_user', 'timeseries']) t (relname)
    WHERE (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = ('selfhost.' || t.relname)::regclass AND g.tgenabled = 'A'
           AND g.tgfoid = 'selfhost._invalidate'::regproc) <> 2;
SELECT tgrelid::regclass, tgname FROM pg_trigger g WHERE g.tgfoid = 'selfhost._invalidate'::regproc
    AND (g.tgenabled <> 'A' OR (g.tgtype & 1 = 0 AND g.tgtype & 32 = 0));

-- What that means for a login of each kind.
CREATE ROLE regress_privileges_gateway IN ROLE selfhost_gateway;
CREATE ROLE regress_privileges_sql IN ROLE selfhost_sql;
SET ROLE regress_privileges_gateway;
SELECT count(*) FROM selfhost.authenticate(NULL);
SELECT selfhost.login('x');
SELECT selfhost._acting_user();
SELECT selfhost._random_secret();
SELECT selfhost.init();
SELECT count(*) FROM selfhost.token;
SET ROLE regress_privileges_sql;
SELECT count(*) FROM selfhost.authenticate(NULL);
SELECT selfhost.login('x');
SELECT selfhost._allowed('read', 'x');
SELECT selfhost._holds_pattern('read', 'x');
SELECT selfhost.reset_root_token();
SELECT selfhost.record_token_use(NULL);
SELECT count(*) FROM selfhost.token;
SELECT count(*) FROM selfhost.role_user;
SELECT count(*) FROM selfhost.authenticate_run(NULL, NULL);
SELECT selfhost.manager_tick();
SELECT count(*) FROM selfhost.program_run;
RESET ROLE;
CREATE ROLE regress_privileges_worker IN ROLE selfhost_worker;
SET ROLE regress_privileges_worker;
SELECT count(*) FROM selfhost.authenticate_run(NULL, NULL);
SELECT count(*) FROM selfhost.authenticate(NULL);
SELECT selfhost.login('x');
SELECT selfhost.list_timeseries();
SELECT selfhost.get_me();
SELECT selfhost._wake_manager();
SELECT count(*) FROM selfhost.program_run;
SELECT count(*) FROM selfhost.program;
RESET ROLE;
DROP ROLE regress_privileges_gateway, regress_privileges_sql, regress_privileges_worker;
