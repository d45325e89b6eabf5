
-- Who may do what: users with their tokens, groups, memberships, policies. Every change of these
-- tables drops the compiled policies and the known tokens of every backend (see src/access.h).

CREATE TABLE selfhost.user_account (
    uuid  uuid PRIMARY KEY DEFAULT selfhost._random_uuid(),
    name  text COLLATE "C" NOT NULL UNIQUE,
    state selfhost.account_state NOT NULL DEFAULT 'active',
    rate  double precision -- requests per hour, over all his tokens; NULL: the server's default
);

-- personal_of: whose personal group it is. It dies with him.
CREATE TABLE selfhost.user_group (
    uuid        uuid PRIMARY KEY DEFAULT selfhost._random_uuid(),
    name        text COLLATE "C" NOT NULL UNIQUE,
    personal_of uuid UNIQUE REFERENCES selfhost.user_account ON DELETE CASCADE
);

CREATE TABLE selfhost.membership (
    user_uuid  uuid NOT NULL REFERENCES selfhost.user_account ON DELETE CASCADE,
    group_uuid uuid NOT NULL REFERENCES selfhost.user_group ON DELETE CASCADE,
    PRIMARY KEY (user_uuid, group_uuid)
);
CREATE INDEX membership_group_uuid ON selfhost.membership (group_uuid);

-- resource: a LIKE pattern. priority orders listings, and decides nothing.
CREATE TABLE selfhost.policy (
    uuid       uuid PRIMARY KEY DEFAULT selfhost._random_uuid(),
    group_uuid uuid NOT NULL REFERENCES selfhost.user_group ON DELETE CASCADE,
    priority   integer NOT NULL,
    effect     selfhost.policy_effect NOT NULL,
    action     selfhost.policy_action NOT NULL,
    resource   text COLLATE "C" NOT NULL CHECK (length(resource) BETWEEN 1 AND 500),
    UNIQUE (group_uuid, priority, effect, action, resource)
);

-- digest: SHA-256 of the secret, which is stored nowhere.
CREATE TABLE selfhost.token (
    uuid      uuid PRIMARY KEY DEFAULT selfhost._random_uuid(),
    user_uuid uuid NOT NULL REFERENCES selfhost.user_account ON DELETE CASCADE,
    name      text NOT NULL,
    created   timestamptz NOT NULL DEFAULT now(),
    expires   timestamptz,
    digest    bytea NOT NULL UNIQUE CHECK (length(digest) = 32)
);
CREATE INDEX token_user_uuid ON selfhost.token (user_uuid);

-- Apart from the token, so that recording a use drops no cache.
CREATE TABLE selfhost.token_use (
    token_uuid uuid PRIMARY KEY REFERENCES selfhost.token ON DELETE CASCADE,
    last_used  timestamptz NOT NULL
) WITH (fillfactor = 70);

-- Which user a role of PostgreSQL acts as, when it has not called login().
CREATE TABLE selfhost.role_user (
    role_name name PRIMARY KEY,
    user_uuid uuid NOT NULL REFERENCES selfhost.user_account ON DELETE CASCADE
);
