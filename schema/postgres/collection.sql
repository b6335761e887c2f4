-- The tables of one collection, made with it; {id} is its id. Keys are the places'.

CREATE TABLE {schema}.document_{id} (
    place           int4    NOT NULL,
    key             bigint  NOT NULL,
    id              text    COLLATE "C" NOT NULL,
    title           text    NOT NULL,
    metadata        jsonb   NOT NULL CHECK (jsonb_typeof(metadata) = 'object'),
    source          text    COLLATE "C",
    source_position bigint,
    content_hash    bytea   NOT NULL CHECK (length(content_hash) = 16)
){partitioned};

CREATE TABLE {schema}.passage_{id} (
    place       int4    NOT NULL,
    key         bigint  NOT NULL,
    document    bigint  NOT NULL,
    ordinal     bigint  NOT NULL,
    text_start  bigint  NOT NULL,
    text_length bigint  NOT NULL,
    tokens      bigint  NOT NULL,
    text        bytea   NOT NULL
){partitioned};

-- The words of passages, in blocks of at most 512 passages that have a term. A commit adds blocks; merging
-- makes one of small ones. See the README.
CREATE TABLE {schema}.posting_{id} (
    place      int4     NOT NULL,
    count      int4     NOT NULL,
    block      bigint   NOT NULL,
    span       int4     NOT NULL,
    max_weight smallint NOT NULL,
    average    smallint NOT NULL,
    term       bytea    NOT NULL,
    bytes      bytea    NOT NULL
){partitioned};

-- The same of passages that have been deleted, until merging has taken them out of the blocks above.
CREATE TABLE {schema}.gone_{id} (
    place      int4     NOT NULL,
    count      int4     NOT NULL,
    block      bigint   NOT NULL,
    span       int4     NOT NULL,
    term       bytea    NOT NULL,
    bytes      bytea    NOT NULL
){partitioned};
