-- The tables of one collection, made with it; {id} is the collection's id.

CREATE TABLE vector_{id} (
    passage  INTEGER PRIMARY KEY,
    value    BLOB NOT NULL,
    checksum INTEGER
) STRICT;
