-- The tables of one collection, made with it; {id} is the collection's id.

CREATE TABLE vector_{id} (
    passage  INTEGER PRIMARY KEY,
    value    BLOB NOT NULL,
    checksum INTEGER
) STRICT;

CREATE VIRTUAL TABLE full_text_{id} USING fts5 (
    title, text, content = '', tokenize = 'porter unicode61'
);

CREATE VIRTUAL TABLE full_text_term_{id} USING fts5vocab ('full_text_{id}', 'row');
