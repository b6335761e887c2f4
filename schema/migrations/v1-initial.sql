-- Format 1. schema/README.md says what every table, column and unit is.

CREATE TABLE property (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The next key of each kind. Keys only grow: a key names one passage for ever.
CREATE TABLE counter (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, value) VALUES ('document', 1), ('passage', 1);

CREATE TABLE collection (
    id                     INTEGER PRIMARY KEY AUTOINCREMENT,
    name                   TEXT    NOT NULL UNIQUE,
    metric                 TEXT    NOT NULL CHECK (metric IN ('ip', 'cosine', 'l2')),
    dimensions             INTEGER NOT NULL CHECK (dimensions >= 0),
    vector_type            TEXT    NOT NULL CHECK (vector_type IN ('float32', 'float16')),
    model_name             TEXT    NOT NULL,
    model_fingerprint      TEXT    NOT NULL,
    model_path             TEXT,
    model_settings         TEXT    NOT NULL CHECK (json_valid(model_settings)),
    m                      INTEGER NOT NULL CHECK (m > 0),
    ef_construction        INTEGER NOT NULL CHECK (ef_construction > 0),
    quantization           TEXT    NOT NULL CHECK (quantization IN ('none', 'int8')),
    document_count         INTEGER NOT NULL DEFAULT 0,
    passage_count          INTEGER NOT NULL DEFAULT 0,
    changes_pruned_through INTEGER NOT NULL DEFAULT 0,
    staged_model           TEXT    CHECK (staged_model IS NULL OR json_valid(staged_model))
) STRICT;

CREATE TABLE source (
    id   INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE document (
    key             INTEGER PRIMARY KEY,
    collection      INTEGER NOT NULL REFERENCES collection (id),
    id              TEXT    NOT NULL,
    title           TEXT    NOT NULL,
    metadata        TEXT    CHECK (
        CASE WHEN metadata IS NULL THEN 1
             WHEN json_valid(metadata) THEN json_type(metadata) = 'object'
             ELSE 0 END
    ),
    source          INTEGER REFERENCES source (id),
    source_position INTEGER,
    content_hash    BLOB    NOT NULL CHECK (length(content_hash) = 16)
) STRICT;

CREATE UNIQUE INDEX document_by_id ON document (collection, id);

CREATE TABLE passage (
    key         INTEGER PRIMARY KEY,
    document    INTEGER NOT NULL REFERENCES document (key),
    ordinal     INTEGER NOT NULL,
    text_start  INTEGER NOT NULL,
    text_length INTEGER NOT NULL,
    tokens      INTEGER NOT NULL,
    text        BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX passage_by_document ON passage (document, ordinal);

CREATE TABLE change (
    position      INTEGER PRIMARY KEY AUTOINCREMENT,
    collection    INTEGER NOT NULL REFERENCES collection (id),
    kind          INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
    first_passage INTEGER NOT NULL,
    last_passage  INTEGER NOT NULL
) STRICT;

CREATE INDEX change_by_collection ON change (collection, position);

CREATE TABLE indexed_field (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL REFERENCES collection (id),
    name       TEXT    NOT NULL,
    UNIQUE (collection, name)
) STRICT;

CREATE TABLE field_value (
    field    INTEGER NOT NULL REFERENCES indexed_field (id),
    value    ANY     NOT NULL,
    document INTEGER NOT NULL REFERENCES document (key),
    PRIMARY KEY (field, value, document)
) STRICT, WITHOUT ROWID;

CREATE INDEX field_value_by_document ON field_value (document);
