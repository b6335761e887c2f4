-- The tables of a database in PostgreSQL. {schema} is the name of its schema, quoted.

CREATE SCHEMA IF NOT EXISTS {schema};

CREATE EXTENSION IF NOT EXISTS vector;

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
    changes    bigint  NOT NULL DEFAULT 0,
    PRIMARY KEY (collection, place, slot)
);
