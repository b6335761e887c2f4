-- Run for each table of vectors, vector_N and staged_vector_N; {table} is its name.

ALTER TABLE {table} ADD COLUMN checksum INTEGER;

INSERT INTO backfill (table_name, through) VALUES ('{table}', 0);
