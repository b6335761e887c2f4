-- Format 2: a checksum of each row, and tokens by which one history is told from another that
-- reached the same position. Rows that are there already get theirs batch by batch after this step
-- (the table backfill says how far), so that it takes no time and little space in a large database.

ALTER TABLE document ADD COLUMN checksum INTEGER;
ALTER TABLE passage ADD COLUMN checksum INTEGER;

ALTER TABLE source ADD COLUMN checksum INTEGER;
UPDATE source SET checksum = vdb_checksum(id, path);

ALTER TABLE change ADD COLUMN token INTEGER;
ALTER TABLE change ADD COLUMN checksum INTEGER;
UPDATE change SET token = random();
UPDATE change
    SET checksum = vdb_checksum(collection, kind, first_passage, last_passage, token);

ALTER TABLE collection ADD COLUMN changes_pruned_token INTEGER NOT NULL DEFAULT 0;
UPDATE collection SET changes_pruned_token = random();

CREATE TABLE backfill (
    table_name TEXT    NOT NULL PRIMARY KEY,
    through    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO backfill (table_name, through) VALUES ('document', 0), ('passage', 0);
