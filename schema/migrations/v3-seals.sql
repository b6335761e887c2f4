-- Format 3: a checksum of each small table, so that no setting, counter or name of a field that has
-- changed on the disk is taken for what was written. The program fills it in within the same
-- transaction, and at the end of every one that follows.

CREATE TABLE seal (
    table_name TEXT    NOT NULL PRIMARY KEY,
    checksum   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
