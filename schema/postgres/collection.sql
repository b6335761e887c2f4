-- The tables of one collection, made with it; {id} is its id.

CREATE TABLE {schema}.document_{id} (
    place           integer NOT NULL,
    key             bigint  NOT NULL,
    id              text    COLLATE "C" NOT NULL,
    title           text    NOT NULL,
    metadata        jsonb   NOT NULL CHECK (jsonb_typeof(metadata) = 'object'),
    source          text    COLLATE "C",
    source_position bigint,
    content_hash    bytea   NOT NULL CHECK (length(content_hash) = 16),
    PRIMARY KEY (place, key),
    UNIQUE (place, id)
) PARTITION BY LIST (place);

CREATE INDEX document_{id}_metadata ON {schema}.document_{id} USING gin (metadata jsonb_path_ops);

CREATE TABLE {schema}.passage_{id} (
    place       integer NOT NULL,
    key         bigint  NOT NULL,
    document    bigint  NOT NULL,
    ordinal     bigint  NOT NULL,
    text_start  bigint  NOT NULL,
    text_length bigint  NOT NULL,
    tokens      bigint  NOT NULL,
    text        bytea   NOT NULL,
    PRIMARY KEY (place, key),
    UNIQUE (place, document, ordinal)
) PARTITION BY LIST (place);
