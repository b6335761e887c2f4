-- The tables of a database in PostgreSQL. Its schema is there already.

CREATE TABLE {schema}.property (
    name  text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);

-- A writer takes this many keys at a time, so that writers do not wait for each other. Keys only grow: a
-- key names one document or passage for ever.
CREATE SEQUENCE {schema}.key AS bigint INCREMENT BY 65536 START WITH 1;

CREATE TABLE {schema}.collection (
    id                bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name              text    COLLATE "C" NOT NULL UNIQUE,
    metric            text    NOT NULL CHECK (metric IN ('ip', 'cosine', 'l2')),
    dimensions        integer NOT NULL CHECK (dimensions >= 0),
    vector_type       text    NOT NULL CHECK (vector_type = 'float32'),
    places            integer NOT NULL CHECK (places BETWEEN 1 AND 1024),
    model_name        text    NOT NULL,
    model_fingerprint text    NOT NULL,
    model_path        text,
    model_settings    text    NOT NULL,
    m                 integer NOT NULL,
    ef_construction   integer NOT NULL,
    quantization      text    NOT NULL,
    generation        integer NOT NULL DEFAULT 1,
    staged_model      text,
    search_settings   text
);

-- Counts, in 16 slots a place that are added up on reading: one row would be the one that all writers
-- want.
CREATE TABLE {schema}.tally (
    collection bigint  NOT NULL,
    place      integer NOT NULL,
    slot       integer NOT NULL,
    documents  bigint  NOT NULL DEFAULT 0,
    passages   bigint  NOT NULL DEFAULT 0,
    words      bigint  NOT NULL DEFAULT 0,
    changes    bigint  NOT NULL DEFAULT 0
){partitioned};

-- The places of all collections that are on other servers. {schema} has a counterpart there, with the tables of
-- those places.
CREATE TABLE {schema}.far_place (
    place  integer PRIMARY KEY,
    server text    NOT NULL,
    uri    text    NOT NULL,
    schema text    NOT NULL
);

-- Ingests that many processes share. A collection need not exist when its first job is registered.
CREATE TABLE {schema}.job (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection text   COLLATE "C" NOT NULL,
    name       text   COLLATE "C" NOT NULL,
    settings   text   NOT NULL,
    digest     bytea  NOT NULL CHECK (length(digest) = 16),
    UNIQUE (collection, name)
);

-- The units of jobs: files, and ranges of long ones. A claim counts attempt up, and whoever has an older
-- one cannot write.
CREATE TABLE {schema}.work (
    job         bigint  NOT NULL,
    unit        text    COLLATE "C" NOT NULL,
    path        text    NOT NULL,
    bytes       bigint  NOT NULL,
    line        bigint  NOT NULL,
    state       text    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'taken', 'done', 'failed')),
    position    bigint  NOT NULL DEFAULT 0,
    attempt     bigint  NOT NULL DEFAULT 0,
    worker      text,
    lease_until timestamptz,
    documents   bigint  NOT NULL DEFAULT 0,
    failed      bigint  NOT NULL DEFAULT 0,
    error       text,
    PRIMARY KEY (job, unit)
);

-- What is left to do, so that a claim does not pass over what is done.
CREATE INDEX work_left ON {schema}.work (job, unit) WHERE state IN ('open', 'taken');
