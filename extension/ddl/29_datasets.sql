-- Datasets: files of up to 1 GiB, to be read as a whole or in ranges. A content is bytes under a number
-- of its own, which are never changed once a dataset has them: new content gets a new number, so that
-- it is put in place by one update and whoever reads the old one goes on reading it.

CREATE TYPE selfhost.dataset_format AS ENUM ('csv', 'ini', 'json', 'misc', 'toml', 'xml', 'yaml');

CREATE SEQUENCE selfhost.dataset_content_seq AS bigint;

-- size in bytes, checksum (SHA-256): of the content.
CREATE TABLE selfhost.dataset (
    uuid       uuid PRIMARY KEY DEFAULT selfhost._random_uuid(),
    name       text COLLATE "C" NOT NULL,
    format     selfhost.dataset_format NOT NULL,
    content    bigint NOT NULL UNIQUE,
    size       bigint NOT NULL,
    checksum   bytea NOT NULL CHECK (length(checksum) = 32),
    thing_uuid uuid REFERENCES selfhost.thing ON DELETE SET NULL,
    created    timestamptz NOT NULL DEFAULT now(),
    created_by uuid REFERENCES selfhost.user_account ON DELETE SET NULL,
    updated    timestamptz NOT NULL DEFAULT now(),
    updated_by uuid REFERENCES selfhost.user_account ON DELETE SET NULL,
    tags       text[] NOT NULL DEFAULT '{}'
);

-- Lists are read in this order.
CREATE INDEX dataset_name ON selfhost.dataset (name, uuid);
CREATE INDEX dataset_tags ON selfhost.dataset USING gin (tags) WITH (fastupdate = off);
CREATE INDEX dataset_thing_uuid ON selfhost.dataset (thing_uuid);
CREATE INDEX dataset_created_by ON selfhost.dataset (created_by);
CREATE INDEX dataset_updated_by ON selfhost.dataset (updated_by);

-- A content that arrives in parts. When it is assembled, the dataset takes the content over as it is,
-- and the upload goes.
CREATE TABLE selfhost.dataset_upload (
    uuid         uuid PRIMARY KEY DEFAULT selfhost._random_uuid(),
    dataset_uuid uuid NOT NULL REFERENCES selfhost.dataset ON DELETE CASCADE,
    content      bigint NOT NULL UNIQUE,
    expires      timestamptz NOT NULL
);
CREATE INDEX dataset_upload_dataset_uuid ON selfhost.dataset_upload (dataset_uuid);

-- The parts of a content, in order; content that came at once is one part, empty content has none.
-- md5: as the client announced it, of uploaded parts.
CREATE TABLE selfhost.dataset_part (
    content bigint NOT NULL,
    part    integer NOT NULL,
    size    integer NOT NULL CHECK (size > 0),
    md5     bytea,
    PRIMARY KEY (content, part)
);

-- The bytes of a part, 8100 of them in each row but the last (see src/dataset_content.h): that fills a
-- page of 8 KiB, without compression and without a detour. No foreign keys: the direct write path would
-- not check them, and the rows of a content go by the triggers below.
CREATE TABLE selfhost.dataset_piece (
    content bigint  NOT NULL,
    part    integer NOT NULL,
    n       integer NOT NULL,
    data    bytea   NOT NULL,
    PRIMARY KEY (content, part, n)
);
ALTER TABLE selfhost.dataset_piece ALTER COLUMN data SET STORAGE PLAIN;

-- A content goes when neither a dataset nor an upload has it any more, whichever statement does it. Not
-- ENABLE ALWAYS: a subscriber gets the deletions of the rows as they were made.
CREATE FUNCTION selfhost._drop_content() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM selfhost.dataset AS d WHERE d.content = OLD.content)
       OR EXISTS (SELECT FROM selfhost.dataset_upload AS u WHERE u.content = OLD.content) THEN
        RETURN NULL;
    END IF;
    DELETE FROM selfhost.dataset_piece AS p WHERE p.content = OLD.content;
    DELETE FROM selfhost.dataset_part AS p WHERE p.content = OLD.content;
    RETURN NULL;
END
$$;

CREATE TRIGGER drop_content AFTER DELETE OR UPDATE OF content ON selfhost.dataset
    FOR EACH ROW EXECUTE FUNCTION selfhost._drop_content();
CREATE TRIGGER drop_content AFTER DELETE ON selfhost.dataset_upload
    FOR EACH ROW EXECUTE FUNCTION selfhost._drop_content();
